//! Models whose headers lie: announced numbers, tensors over each other, endless headers, pickles in pickles.

use crate::bombs::{Bomb, End, Size};
use crate::support::forge::{TOKEN_RULE, archive, token};
use crate::support::{Folder, in_short};

fn gguf(tensors: u64, values: u64) -> Vec<u8> {
    [b"GGUF\x03\0\0\0".to_vec(), tensors.to_le_bytes().to_vec(), values.to_le_bytes().to_vec()].concat()
}

fn zeros(mut head: Vec<u8>, size: Size) -> Vec<u8> {
    head.resize(size.of(1 << 16, 100 << 20), 0);
    head
}

fn gguf_tensors(size: Size) -> Vec<u8> {
    zeros(gguf(1 << 60, 0), size)
}

fn gguf_values(size: Size) -> Vec<u8> {
    zeros(gguf(0, 1 << 60), size)
}

/// One value: an array of 2^60 empty texts.
fn gguf_texts(size: Size) -> Vec<u8> {
    let value = [&1u64.to_le_bytes()[..], b"a", &9u32.to_le_bytes(), &8u32.to_le_bytes(), &(1u64 << 60).to_le_bytes()];
    zeros([gguf(1, 1), value.concat()].concat(), size)
}

fn gguf_overlapping(size: Size) -> Vec<u8> {
    let count = size.of(100, 190_000);
    let mut file = gguf(count as u64, 0);
    for number in 0..count as u64 {
        file.extend(8u64.to_le_bytes());
        file.extend(format!("t{number:07}").as_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(8u64.to_le_bytes());
        file.extend([0; 12]);
    }
    file.resize(file.len().next_multiple_of(32) + 4096, 0);
    file
}

fn safetensors(json: &[u8], announced: usize, data: usize) -> Vec<u8> {
    let mut file = (announced as u64).to_le_bytes().to_vec();
    file.extend(json);
    file.resize(file.len() + data, 0);
    file
}

fn safetensors_overlapping(_: Size) -> Vec<u8> {
    let tensor = r#"{"dtype":"F32","shape":[8],"data_offsets":[0,32]}"#;
    let json = format!(r#"{{"a":{tensor},"b":{tensor}}}"#);
    safetensors(json.as_bytes(), json.len(), 32)
}

fn safetensors_outside(_: Size) -> Vec<u8> {
    let json = r#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[18446744073709551000,18446744073709551615]}}"#;
    safetensors(json.as_bytes(), json.len(), 32)
}

/// A header of one endless name.
fn safetensors_name(size: Size) -> Vec<u8> {
    let length = size.of(1 << 16, 100_000_000);
    let mut json = br#"{"__metadata__":{"a":""#.to_vec();
    json.resize(length, b'a');
    safetensors(&json, length, 0)
}

/// A header of tensors without end.
fn safetensors_many(size: Size) -> Vec<u8> {
    let length = size.of(1 << 16, 100_000_000);
    let mut json = b"{".to_vec();
    while json.len() + 60 < length {
        json.extend(br#""":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"#);
    }
    json.resize(length, b' ');
    safetensors(&json, length, 0)
}

fn safetensors_deep(size: Size) -> Vec<u8> {
    let length = size.of(1 << 16, 100_000_000);
    let mut json = br#"{"data_offsets":"#.to_vec();
    json.resize(length, b'[');
    safetensors(&json, length, 0)
}

/// A pickle that loads a pickle that loads a pickle …, and the innermost one runs a program.
fn nested_pickles(size: Size) -> Vec<u8> {
    let start = b"\x80\x04\x8c\x07_pickle\x8c\x05loads\x93\x42";
    let end = b"\x85R.";
    let inner = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.";
    let depth = size.of(1_000, 10_000);
    let layer = start.len() + 4 + end.len();
    let mut file = Vec::new();
    for level in (0..depth).rev() {
        file.extend(start);
        file.extend(((inner.len() + level * layer) as u32).to_le_bytes());
    }
    file.extend(inner);
    file.extend(end.repeat(depth));
    file
}

fn repeated(start: &[u8], again: &[u8], end: &[u8], size: Size) -> Vec<u8> {
    let times = size.of(1 << 14, 30 << 20) / again.len();
    [start, &again.repeat(times), end].concat()
}

/// Everything is remembered, nothing is needed.
fn memo(size: Size) -> Vec<u8> {
    repeated(b"\x80\x04", b")\x940", b"cposix\nsystem\n.", size)
}

/// Tuples of twice the tuple before: 2^n values in n steps.
fn doubling(size: Size) -> Vec<u8> {
    repeated(b"\x80\x04)", b"2\x86\x94", b"0cposix\nsystem\n.", size)
}

fn tuples(size: Size) -> Vec<u8> {
    repeated(b"\x80\x04)", b"\x85", b"0cposix\nsystem\n.", size)
}

fn marks(size: Size) -> Vec<u8> {
    repeated(b"\x80\x04cposix\nsystem\n", b"(", b".", size)
}

fn stack(size: Size) -> Vec<u8> {
    repeated(b"\x80\x04cposix\nsystem\n", b"N", b".", size)
}

/// What does harm stands behind more names than anybody reads.
fn imports(size: Size) -> Vec<u8> {
    let mut file = b"\x80\x04".to_vec();
    for number in 0..size.of(10_000, 1_000_000) {
        file.extend(format!("ca.m{number}\nb\n0").as_bytes());
    }
    file.extend(b"cposix\nsystem\n.");
    file
}

fn npy(size: Size) -> Vec<u8> {
    let mut header = b"{'descr': [".to_vec();
    header.extend(b"('a', [".repeat(size.of(1_000, 1 << 20)));
    header.extend(b"'shape': (18446744073709551615,18446744073709551615)");
    [b"\x93NUMPY\x02\x00".to_vec(), (header.len() as u32).to_le_bytes().to_vec(), header].concat()
}

fn ggml(size: Size) -> Vec<u8> {
    let head = [1u32, 1, 1, 1, 1, 1, 1].into_iter().flat_map(u32::to_le_bytes);
    zeros([b"tjgg\x03\0\0\0".to_vec(), head.collect()].concat(), size)
}

/// Blocks of four megabytes of the same byte.
fn lz4(size: Size) -> Vec<u8> {
    let mut block = vec![0x1f, 0, 1, 0];
    block.resize(4 + (4 << 20) / 255 - 8, 0xff);
    block.extend([0, 0x50, 1, 2, 3, 4, 5]);
    let mut file = b"\x04\x22\x4d\x18\x60\x70\x73".to_vec();
    for _ in 0..size.of(10, 300) {
        file.extend((block.len() as u32).to_le_bytes());
        file.extend(&block);
    }
    file.extend([0; 4]);
    file
}

pub const MODELS: &[Bomb] = &[
    Bomb { name: "tensors.gguf", end: End::Gap, bytes: gguf_tensors },
    Bomb { name: "values.gguf", end: End::Gap, bytes: gguf_values },
    Bomb { name: "texts.gguf", end: End::Gap, bytes: gguf_texts },
    Bomb { name: "overlapping.gguf", end: End::Gap, bytes: gguf_overlapping },
    Bomb { name: "overlapping.safetensors", end: End::Gap, bytes: safetensors_overlapping },
    Bomb { name: "outside.safetensors", end: End::Gap, bytes: safetensors_outside },
    Bomb { name: "name.safetensors", end: End::Gap, bytes: safetensors_name },
    Bomb { name: "many.safetensors", end: End::Gap, bytes: safetensors_many },
    Bomb { name: "deep.safetensors", end: End::Gap, bytes: safetensors_deep },
    Bomb { name: "nested.pkl", end: End::Told, bytes: nested_pickles },
    Bomb { name: "memo.pkl", end: End::Told, bytes: memo },
    Bomb { name: "doubling.pkl", end: End::Told, bytes: doubling },
    Bomb { name: "tuples.pkl", end: End::Told, bytes: tuples },
    Bomb { name: "marks.pkl", end: End::Told, bytes: marks },
    Bomb { name: "stack.pkl", end: End::Told, bytes: stack },
    Bomb { name: "imports.pkl", end: End::Told, bytes: imports },
    Bomb { name: "header.npy", end: End::Gap, bytes: npy },
    Bomb { name: "tensors.ggml", end: End::Any, bytes: ggml },
    Bomb { name: "blocks.lz4", end: End::Any, bytes: lz4 },
];

/// The weights of a compressed model are not kept, and everything else is.
#[test]
fn a_secret_behind_a_compressed_model_is_found() {
    let size = 9 << 20;
    let json = format!(r#"{{"w":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{size}]}}}}"#, size / 4);
    let mut file = safetensors(json.as_bytes(), json.len(), size);
    file.extend(format!("\nkey = {}\n", token(3)).as_bytes());
    let outcome = Folder::with("x.bin.gz", &archive::gz(&file)).scan();
    let told = |rule: &str| outcome.findings.iter().any(|finding| &*finding.rule == rule);
    assert!(told(TOKEN_RULE) && told("model-weights-plain") && outcome.gaps.is_empty(), "{}", in_short(&outcome));
}
