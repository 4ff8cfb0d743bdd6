//! Forges small executables for the tests.

use std::io::Write;

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The header of a compressed ELF section, 64-bit, little-endian.
pub(super) fn chdr(method: u32, size: u64) -> Vec<u8> {
    [&method.to_le_bytes()[..], &[0; 4], &size.to_le_bytes(), &1u64.to_le_bytes()].concat()
}

/// A section of a forged ELF file.
pub(super) struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    link: u32,
    content: Option<Vec<u8>>,
}

impl Section {
    pub(super) fn plain(name: &'static str, content: &[u8]) -> Self {
        Section { name, kind: 1, flags: 0, link: 0, content: Some(content.to_vec()) }
    }

    /// A section with the place of the one before it.
    pub(super) fn again(name: &'static str) -> Self {
        Section { content: None, ..Section::plain(name, b"") }
    }

    pub(super) fn compressed(self) -> Self {
        Section { flags: self.flags | 0x800, ..self }
    }

    pub(super) fn code(self) -> Self {
        Section { flags: self.flags | 6, ..self }
    }

    pub(super) fn nobits(self) -> Self {
        Section { kind: 8, ..self }
    }

    pub(super) fn dynamic(self, link: u32) -> Self {
        Section { kind: 6, link, ..self }
    }
}

/// A 64-bit little-endian ELF file for x86_64: header, contents, section names, section headers. Section 0 is the null
/// section, so the first given one has index 1.
pub(super) fn elf(kind: u16, sections: &[Section]) -> Vec<u8> {
    let mut out = vec![0; 64];
    let (mut names, mut table) = (vec![0], vec![0; 64]);
    let mut place = (0u64, 0u64);
    for section in sections {
        if let Some(content) = &section.content {
            place = (out.len() as u64, content.len() as u64);
            out.extend(content);
        }
        table.extend(section_header(names.len() as u32, section.kind, section.flags, place, section.link));
        names.extend(section.name.bytes().chain([0]));
    }
    table.extend(section_header(0, 3, 0, (out.len() as u64, names.len() as u64), 0));
    out.extend(&names);
    let (shoff, shnum) = (out.len() as u64, (sections.len() + 2) as u16);
    out.extend(table);
    out[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    out[16..18].copy_from_slice(&kind.to_le_bytes());
    out[18..20].copy_from_slice(&62u16.to_le_bytes());
    out[20] = 1;
    out[40..48].copy_from_slice(&shoff.to_le_bytes());
    out[52] = 64;
    out[58] = 64;
    out[60..62].copy_from_slice(&shnum.to_le_bytes());
    out[62..64].copy_from_slice(&(shnum - 1).to_le_bytes());
    out
}

fn section_header(name: u32, kind: u32, flags: u64, place: (u64, u64), link: u32) -> Vec<u8> {
    let mut out = [name.to_le_bytes(), kind.to_le_bytes()].concat();
    for word in [flags, 0, place.0, place.1] {
        out.extend(word.to_le_bytes());
    }
    out.extend(link.to_le_bytes());
    out.extend([0; 4]);
    out.extend([0; 16]);
    out
}

/// A DWARF 5 line table whose only folder is the string at 0 of `.debug_line_str`; files are given by the place of their
/// name and the number of their folder, and have their source text at `text` if there is one.
pub(super) fn line_unit(files: &[(u32, u8)], text: Option<u32>) -> Vec<u8> {
    let mut body = vec![5, 0, 8, 0, 0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 2, 0];
    body.extend([1, 1, 0x1f, 1, 0, 0, 0, 0]); // one folder, as line_strp
    body.extend([2 + u8::from(text.is_some()), 1, 0x1f, 2, 0x0b]);
    body.extend(text.map(|_| [0x81, 0x40, 0x1f]).into_iter().flatten());
    body.push(files.len() as u8);
    for (name, folder) in files {
        body.extend(name.to_le_bytes());
        body.push(*folder);
        body.extend(text.map(u32::to_le_bytes).into_iter().flatten());
    }
    [&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// An MSF file with these streams, in blocks of 512 bytes. Scattered, each stream lies backwards.
pub(super) fn msf(streams: &[Vec<u8>], scattered: bool) -> Vec<u8> {
    let mut blocks: Vec<Vec<u8>> = vec![vec![]; 3];
    let mut add = |content: &[u8], scattered: bool| {
        let mut numbers: Vec<u32> =
            (0..content.len().div_ceil(512)).map(|index| (blocks.len() + index) as u32).collect();
        let mut pieces: Vec<Vec<u8>> = content.chunks(512).map(<[u8]>::to_vec).collect();
        if scattered {
            pieces.reverse();
            numbers.reverse();
        }
        blocks.extend(pieces);
        numbers
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut directory = words(&[streams.len() as u32]);
    streams.iter().for_each(|stream| directory.extend(words(&[stream.len() as u32])));
    streams.iter().for_each(|stream| directory.extend(words(&add(stream, scattered))));
    let directory_blocks = add(&directory, false);
    let map = add(&words(&directory_blocks), false)[0];
    let head = words(&[512, 1, blocks.len() as u32, directory.len() as u32, 0, map]);
    blocks[0] = [super::msf::MAGIC, &head].concat();
    blocks.iter_mut().for_each(|block| block.resize(512, 0));
    blocks.concat()
}

/// A metadata root with these streams.
pub(super) fn metadata(version: &str, streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let padded = |bytes: &[u8]| [bytes, &vec![0; 4 - bytes.len() % 4]].concat();
    let version = padded(version.as_bytes());
    let mut out = [&b"BSJB\x01\0\x01\0\0\0\0\0"[..], &(version.len() as u32).to_le_bytes(), &version, &[0, 0]].concat();
    out.extend((streams.len() as u16).to_le_bytes());
    let heads: usize = streams.iter().map(|(name, _)| 8 + padded(name.as_bytes()).len()).sum();
    let mut at = out.len() + heads;
    for (name, content) in streams {
        out.extend((at as u32).to_le_bytes());
        out.extend((content.len() as u32).to_le_bytes());
        out.extend(padded(name.as_bytes()));
        at += content.len();
    }
    streams.iter().for_each(|(_, content)| out.extend(content));
    out
}
