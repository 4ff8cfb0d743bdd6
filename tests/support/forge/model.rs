//! Small models with weights inside.

/// Numbers that look like weights: random mantissas, exponents near 1.
pub fn weights(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut out = Vec::with_capacity(count * 4);
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let value = (state % 20_001) as f32 / 10_000.0 - 1.0;
        out.extend(value.to_le_bytes());
    }
    out
}

pub fn safetensors(count: usize) -> Vec<u8> {
    let header = format!(r#"{{"layer.weight":{{"dtype":"F32","shape":[{count}],"data_offsets":[0,{}]}}}}"#, count * 4);
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.bytes());
    out.extend(weights(count));
    out
}

pub fn gguf(count: usize) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(1u64.to_le_bytes());
    out.extend(1u64.to_le_bytes());
    out.extend(text("general.architecture"));
    out.extend(8u32.to_le_bytes());
    out.extend(text("llama"));
    out.extend(text("blk.0.weight"));
    out.extend(1u32.to_le_bytes());
    out.extend((count as u64).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    out.resize(out.len().next_multiple_of(32), 0);
    out.extend(weights(count));
    out
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    varint(bytes.len(), &mut out);
    out.extend(bytes);
    out
}

fn number(number: u8, value: usize) -> Vec<u8> {
    let mut out = vec![number << 3];
    varint(value, &mut out);
    out
}

/// A model with one node and one initializer (onnx.proto3).
pub fn onnx(count: usize) -> Vec<u8> {
    let node = [field(1, b"x"), field(1, b"w"), field(2, b"y"), field(4, b"Mul")].concat();
    let tensor = [number(1, count), number(2, 1), field(8, b"w"), field(9, &weights(count))].concat();
    let graph = [field(1, &node), field(2, b"graph"), field(5, &tensor)].concat();
    let opset = [field(1, b""), number(2, 17)].concat();
    [number(1, 8), field(2, b"pytorch"), field(3, b"2.4.0"), field(7, &graph), field(8, &opset)].concat()
}

pub fn npy(count: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(weights(count));
    out
}

/// A pickled array as numpy writes it (protocol 4): `numpy._core.multiarray._reconstruct`, then its state.
pub fn pickle(count: usize) -> Vec<u8> {
    let mut out = b"\x80\x04cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R".to_vec();
    out.extend(b"(K\x01");
    out.push(b'J');
    out.extend((count as i32).to_le_bytes());
    out.extend(b"\x85cnumpy\ndtype\n\x8c\x02f4\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89B");
    out.extend(((count * 4) as u32).to_le_bytes());
    out.extend(weights(count));
    out.extend(b"tb.");
    out
}
