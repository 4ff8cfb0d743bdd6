//! WebAssembly (core specification, 5.5): sections, and the data segments with the addresses they are copied to.

use wasmparser::{BinaryReader, DataKind, DataSectionReader, Operator};

use super::super::portrait::capped;
use crate::bytes::Cursor;
use crate::formats::Layout;

const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];
const CUSTOM: u8 = 0;
const DATA: u8 = 11;
const MOST_NAME: u64 = 128;

/// The sections of a module.
pub(in super::super) fn wasm(bytes: &[u8]) -> Layout {
    let mut layout = Layout::default();
    let mut cursor = Cursor::at(bytes, 8);
    let mut segments = None;
    while let (Ok(id), Ok(size)) = (cursor.u8(), cursor.varint()) {
        let start = cursor.offset();
        let Ok(body) = cursor.take_u64(size) else { break };
        let name = NAMES.get(usize::from(id)).copied().unwrap_or("section");
        let name = if id == CUSTOM { custom(body) } else { name.to_owned() };
        layout.add(start..start + size, name, None);
        if id == DATA {
            segments = Some((body, start));
        }
    }
    // There may be very many of them: the sections come first.
    if let Some((body, start)) = segments {
        data(body, start, &mut layout);
    }
    layout
}

fn custom(body: &[u8]) -> String {
    let mut cursor = Cursor::new(body);
    let name = cursor.varint().and_then(|length| cursor.take_u64(length.min(MOST_NAME))).unwrap_or_default();
    capped(name)
}

fn data(body: &[u8], start: u64, layout: &mut Layout) {
    let Ok(segments) = DataSectionReader::new(BinaryReader::new(body, start)) else { return };
    for (index, segment) in segments.into_iter().map_while(Result::ok).enumerate() {
        let address = match &segment.kind {
            DataKind::Active { offset_expr, .. } => match offset_expr.get_operators_reader().read() {
                Ok(Operator::I32Const { value }) => Some(u64::from(value.cast_unsigned())),
                Ok(Operator::I64Const { value }) => Some(value.cast_unsigned()),
                _ => None,
            },
            DataKind::Passive => None,
        };
        let end = segment.range.end;
        layout.add(end.saturating_sub(segment.data.len() as u64)..end, format!("data segment {index}"), address);
    }
}
