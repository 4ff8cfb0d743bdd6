//! tar archives, with any name that bytes can spell.

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in members {
        push(&mut out, name.as_bytes(), content);
    }
    finish(out)
}

pub fn finish(mut out: Vec<u8>) -> Vec<u8> {
    out.resize(out.len() + 1024, 0);
    out
}

/// Adds a member; a name of more than 100 bytes goes into a GNU long name before it.
pub fn push(out: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    if name.len() > 100 {
        entry(out, b"././@LongLink", b'L', &[name, b"\0"].concat());
    }
    entry(out, &name[..name.len().min(100)], b'0', content);
}

fn entry(out: &mut Vec<u8>, name: &[u8], kind: u8, content: &[u8]) {
    let mut header = [0u8; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend(header);
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
}
