//! Forges small executables and applications for the tests.

use std::io::Write;

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A 64-bit little-endian ELF file for x86_64 with these sections of data. `.note` begins the name of a section of notes.
pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 64];
    let (mut names, mut table) = (vec![0], vec![0; 64]);
    for (name, content) in sections {
        let kind = if name.starts_with(".note") { 7 } else { 1 };
        table.extend(section_header(names.len() as u32, kind, out.len(), content.len()));
        out.extend(*content);
        out.resize(out.len().next_multiple_of(8), 0);
        names.extend(name.bytes().chain([0]));
    }
    table.extend(section_header(0, 3, out.len(), names.len()));
    out.extend(&names);
    let (offset, count) = (out.len() as u64, (sections.len() + 2) as u16);
    out.extend(table);
    out[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    out[16..18].copy_from_slice(&2u16.to_le_bytes());
    out[18..20].copy_from_slice(&62u16.to_le_bytes());
    out[20] = 1;
    out[40..48].copy_from_slice(&offset.to_le_bytes());
    out[52] = 64;
    out[58] = 64;
    out[60..62].copy_from_slice(&count.to_le_bytes());
    out[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    out
}

fn section_header(name: u32, kind: u32, offset: usize, size: usize) -> Vec<u8> {
    let mut out = [name.to_le_bytes(), kind.to_le_bytes()].concat();
    for word in [2u64, 0, offset as u64, size as u64, 0, 1, 0] {
        out.extend(word.to_le_bytes());
    }
    out
}

pub(crate) fn note(owner: &str, kind: u32, content: &[u8]) -> Vec<u8> {
    let name = [owner.as_bytes(), b"\0"].concat();
    let mut out: Vec<u8> =
        [name.len() as u32, content.len() as u32, kind].into_iter().flat_map(u32::to_le_bytes).collect();
    out.extend(&name);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(content);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A 64-bit PE file with one section of data, and one resource of type `RCDATA` (10).
pub(crate) fn pe(section: (&str, &[u8]), resource: (&str, &[u8])) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut out = [b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".as_slice(), &[0; 44]].concat();
    out.extend(words(&[0x40]));
    out.extend(*b"PE\0\0\x64\x86\x02\0");
    out.extend(words(&[0, 0, 0]));
    out.extend([240, 0, 0x02, 0x00]);
    let mut optional = vec![0; 240];
    optional[..2].copy_from_slice(&[0x0b, 0x02]);
    optional[108] = 16;
    optional[128..136].copy_from_slice(&words(&[0x10_0000, 0x1000]));
    out.extend(optional);
    // Type, name and language, each a folder of one entry; then the place, the name and the content.
    let folder = |named: bool, entry: [u32; 2]| {
        let counts = if named { [1, 0, 0, 0] } else { [0, 0, 1, 0] };
        [words(&[0, 0, 0]), counts.to_vec(), words(&entry)].concat()
    };
    let name: Vec<u8> = resource.0.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let content_at = 0x10_0000 + 90 + name.len() as u32;
    let tree = [
        folder(false, [10, 0x8000_0018]),
        folder(true, [0x8000_0058, 0x8000_0030]),
        folder(false, [1033, 0x48]),
        words(&[content_at, resource.1.len() as u32, 0, 0]),
        (resource.0.len() as u16).to_le_bytes().to_vec(),
        name,
        resource.1.to_vec(),
    ]
    .concat();
    let start = out.len() as u32 + 80;
    let mut table = |name: &str, content: &[u8], address: u32, at: u32| {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(8, 0);
        out.extend(padded);
        let size = content.len() as u32;
        out.extend(words(&[size, address, size, at, 0, 0, 0, 0x4000_0040]));
    };
    table(section.0, section.1, 0x1000, start);
    table(".rsrc", &tree, 0x10_0000, start + section.1.len() as u32);
    out.extend(section.1);
    out.extend(tree);
    out
}

/// A 64-bit Mach-O program with one section.
pub(crate) fn macho(segment: &str, section: &str, content: &[u8]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let name = |name: &str| {
        let mut name = name.as_bytes().to_vec();
        name.resize(16, 0);
        name
    };
    let at = (32 + 72 + 80) as u64;
    let mut out = words(&[0xfeed_facf, 0x0100_000c, 0, 2, 1, 72 + 80, 0, 0, 0x19, 72 + 80]);
    out.extend(name(segment));
    for word in [0, 0, at, content.len() as u64] {
        out.extend(word.to_le_bytes());
    }
    out.extend(words(&[7, 7, 1, 0]));
    out.extend([name(section), name(segment)].concat());
    out.extend([0u64.to_le_bytes(), (content.len() as u64).to_le_bytes()].concat());
    out.extend(words(&[at as u32, 0, 0, 0, 0, 0, 0, 0]));
    out.extend(content);
    out
}

/// A blob of Node.js whose header has so many bytes besides mark and flags.
pub(crate) fn node_blob(extra: usize, main: &str, assets: &[(&str, &[u8])]) -> Vec<u8> {
    let string = |bytes: &[u8]| [&(bytes.len() as u64).to_le_bytes(), bytes].concat();
    let mut out = [0x0143_da20u32, if assets.is_empty() { 1 } else { 9 }].map(u32::to_le_bytes).concat();
    out.resize(8 + extra, 0);
    out.extend([string(b"dist/app.cjs"), string(main.as_bytes())].concat());
    if !assets.is_empty() {
        out.extend((assets.len() as u64).to_le_bytes());
        out.extend(assets.iter().flat_map(|(name, content)| [string(name.as_bytes()), string(content)].concat()));
    }
    out
}

/// A payload of Bun with records of this length and a table of offsets of that one.
pub(crate) fn bun_payload(record: usize, offsets: usize, modules: &[(&str, &[u8], &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut records = Vec::new();
    for (name, content, map) in modules {
        let mut one = Vec::new();
        for part in [name.as_bytes(), content, map] {
            one.extend([out.len() as u32, part.len() as u32].map(u32::to_le_bytes).concat());
            out.extend(part);
            out.push(0);
        }
        one.resize(if record == 36 { 32 } else { 48 }, 0);
        one.extend([1, 1, 1, 0]);
        one.resize(record, 0);
        records.extend(one);
    }
    let modules = (out.len() as u32, records.len() as u32);
    out.extend(records);
    let mut table = (out.len() as u64).to_le_bytes().to_vec();
    table.extend([modules.0, modules.1, 0].map(u32::to_le_bytes).concat());
    table.resize(offsets, 0);
    out.extend(table);
    out.extend(*b"\n---- Bun! ----\n");
    out
}

/// A map as Bun keeps it.
pub(crate) fn bun_map(name: &str, text: &str) -> Vec<u8> {
    let frame = zstd(text.as_bytes());
    let words = [1, 0, 24, name.len() as u32, 24 + name.len() as u32, frame.len() as u32];
    [&words.map(u32::to_le_bytes).concat(), name.as_bytes(), &frame].concat()
}
