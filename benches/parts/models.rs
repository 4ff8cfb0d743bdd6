//! Models: their headers only, however many weights follow. And what it costs to be none of all formats.

use criterion::{Criterion, Throughput};
use lastlook::bytes::Probe;
use lastlook::formats::FORMATS;

use crate::{MB, forge, format, inspects, text};

pub fn models(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("models");
    let weights = MB / 4;
    inspects(&mut group, format("gguf"), "gguf", "model.gguf", forge::model::gguf(weights));
    inspects(&mut group, format("gguf"), "gguf with 32,000 words", "model.gguf", with_words(32_000, weights));
    inspects(&mut group, format("safetensors"), "safetensors", "model.safetensors", forge::model::safetensors(weights));
    inspects(
        &mut group,
        format("safetensors"),
        "safetensors with 1,000 tensors",
        "model.safetensors",
        tensors(1_000, weights),
    );
    group.finish();
}

/// Every file and every member is shown to all formats.
pub fn sniff(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sniff");
    let cases = [
        ("source", "index.ts", text::source(20_000, 1).into_bytes()),
        ("minified", "index.min.js", text::minified(MB, 2).into_bytes()),
        ("json", "data.json", format!("{{\"list\":[{}0]}}", "{\"name\":\"value\"},".repeat(2_000)).into_bytes()),
        ("binary", "library.so", text::binary(MB, 3)),
    ];
    for (case, name, bytes) in cases {
        group.throughput(Throughput::Elements(1));
        group.bench_function(case, |bencher| {
            bencher.iter(|| {
                let probe = Probe::new(name, &bytes);
                FORMATS.iter().filter(|format| format.sniff(&probe)).count()
            });
        });
    }
    group.finish();
}

fn with_words(count: usize, weights: usize) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(1u64.to_le_bytes());
    out.extend(1u64.to_le_bytes());
    out.extend(text("tokenizer.ggml.tokens"));
    // An array of strings.
    out.extend(9u32.to_le_bytes());
    out.extend(8u32.to_le_bytes());
    out.extend((count as u64).to_le_bytes());
    for word in 0..count {
        out.extend(text(&format!("word{word}")));
    }
    out.extend(text("blk.0.weight"));
    out.extend(1u32.to_le_bytes());
    out.extend((weights as u64).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    out.resize(out.len().next_multiple_of(32), 0);
    out.extend(forge::model::weights(weights));
    out
}

fn tensors(count: usize, weights: usize) -> Vec<u8> {
    let share = weights / count;
    let listed: Vec<String> = (0..count)
        .map(|tensor| {
            let (from, to) = (tensor * share * 4, (tensor + 1) * share * 4);
            format!(
                r#""model.layers.{tensor}.weight":{{"dtype":"F32","shape":[{share}],"data_offsets":[{from},{to}]}}"#
            )
        })
        .collect();
    let header = format!("{{{}}}", listed.join(","));
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.bytes());
    out.extend(forge::model::weights(share * count));
    out
}
