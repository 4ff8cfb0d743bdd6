//! Executables.

/// A 64-bit ELF program with one section of read-only data.
pub fn elf(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 64];
    let names = b"\0.rodata\0.shstrtab\0";
    let (data_at, names_at) = (64, 64 + data.len());
    out.extend(data);
    out.extend(names);
    let table_at = out.len() as u64;
    out.extend([0; 64]);
    for (name, kind, flags, at, size) in [(1u32, 1u32, 2u64, data_at, data.len()), (9, 3, 0, names_at, names.len())] {
        out.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        for word in [flags, 0, at as u64, size as u64, 0, 1, 0] {
            out.extend(word.to_le_bytes());
        }
    }
    out[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    out[16..20].copy_from_slice(&[2, 0, 62, 0]);
    out[20] = 1;
    out[40..48].copy_from_slice(&table_at.to_le_bytes());
    out[52] = 64;
    out[58..64].copy_from_slice(&[64, 0, 3, 0, 2, 0]);
    out
}

/// A WebAssembly module with a custom section.
pub fn wasm(section: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\0asm\x01\0\0\0\0".to_vec();
    let content = [&leb(section.len())[..], section.as_bytes(), data].concat();
    out.extend(leb(content.len()));
    out.extend(content);
    out
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
