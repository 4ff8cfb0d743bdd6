//! Compressed streams.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

pub fn gz(content: &[u8]) -> Vec<u8> {
    gz_from(content)
}

/// Compresses whatever a reader gives, without holding it: for bombs.
pub fn gz_from(mut content: impl Read) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut content, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

pub fn tgz(members: &[(&str, &[u8])]) -> Vec<u8> {
    gz(&super::tar::tar(members))
}

pub fn bz2(content: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn xz(content: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn zst(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A zstd frame of `blocks` run-length blocks of 128 KiB of zeros (RFC 8878, section 3.1.1): 4 bytes each.
pub fn zst_bomb(blocks: usize) -> Vec<u8> {
    // No content size, no checksum, a window of 8 MiB.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3];
    for block in 0..blocks {
        let last = u32::from(block + 1 == blocks);
        let header = last | 1 << 1 | (128 << 10) << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.push(0);
    }
    out
}
