//! zip archives, honest and otherwise.

use std::io::Write;

/// A zip being written.
#[derive(Default)]
pub struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    count: usize,
}

pub fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Zip::default();
    for (name, content) in members {
        zip.store(name.as_bytes(), content);
    }
    zip.finish()
}

pub fn deflated(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Zip::default();
    for (name, content) in members {
        zip.deflate(name.as_bytes(), content);
    }
    zip.finish()
}

/// `content` inside `depth` zips.
pub fn nested(name: &str, content: &[u8], depth: usize) -> Vec<u8> {
    let mut inner = deflated(&[(name, content)]);
    for level in 1..depth {
        inner = stored(&[(&format!("{level}.zip"), &inner)]);
    }
    inner
}

/// The data of a member and what the headers say of it.
struct Packed<'a> {
    method: u16,
    crc: u32,
    data: &'a [u8],
    size: u64,
}

impl Zip {
    pub fn store(&mut self, name: &[u8], content: &[u8]) {
        let crc = crc32fast::hash(content);
        self.add(name, &Packed { method: 0, crc, data: content, size: content.len() as u64 });
    }

    pub fn deflate(&mut self, name: &[u8], content: &[u8]) {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        let crc = crc32fast::hash(content);
        self.add(name, &Packed { method: 8, crc, data: &data, size: content.len() as u64 });
    }

    /// Lists the member that begins at `offset` once more under another name.
    pub fn again(&mut self, name: &[u8], offset: usize) {
        let header = self.out[offset..offset + 30].to_vec();
        self.list(name, &header[4..28], offset);
    }

    fn add(&mut self, name: &[u8], packed: &Packed<'_>) {
        let offset = self.out.len();
        let mut fields = Vec::new();
        fields.extend(20u16.to_le_bytes());
        // Names are UTF-8.
        fields.extend(0x800u16.to_le_bytes());
        fields.extend(packed.method.to_le_bytes());
        fields.extend([0, 0, 0x21, 0]);
        fields.extend(packed.crc.to_le_bytes());
        fields.extend((packed.data.len() as u32).to_le_bytes());
        fields.extend((packed.size as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&fields);
        self.out.extend([0, 0]);
        self.out.extend(name);
        self.out.extend(packed.data);
        self.list(name, &fields, offset);
    }

    fn list(&mut self, name: &[u8], fields: &[u8], offset: usize) {
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&fields[..22]);
        self.directory.extend((name.len() as u16).to_le_bytes());
        self.directory.extend([0; 12]);
        self.directory.extend((offset as u32).to_le_bytes());
        self.directory.extend(name);
        self.count += 1;
    }

    pub fn finish(self) -> Vec<u8> {
        let Zip { mut out, directory, count } = self;
        let (start, size) = (out.len() as u64, directory.len() as u64);
        out.extend(directory);
        if count >= 0xffff {
            let end = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44u64.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for value in [count as u64, count as u64, size, start] {
                out.extend(value.to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(end.to_le_bytes());
            out.extend(1u32.to_le_bytes());
        }
        out.extend(b"PK\x05\x06\0\0\0\0");
        let short = (count.min(0xffff) as u16).to_le_bytes();
        out.extend([short, short].concat());
        out.extend((size as u32).to_le_bytes());
        out.extend((start as u32).to_le_bytes());
        out.extend([0, 0]);
        out
    }
}
