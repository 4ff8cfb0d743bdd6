//! Models that are encrypted by real tools: what protects them is named, and nothing stands against publishing them; the same
//! with a shard in the clear beside it is blocked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Two megabytes of weights in safetensors.
fn weights() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[512,1024],"data_offsets":[0,2097152]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend((0u32..512 * 1024).flat_map(|index| (f32::from((index % 977) as u16) / 977.0 - 0.5).to_le_bytes()));
    file
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The exit code, and the messages of all findings.
fn look(folder: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    let output = command.args(["--no-config", "--report", "json"]).arg(folder).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let messages = report["findings"].as_array().unwrap().iter().map(|finding| finding["message"].as_str().unwrap());
    (output.status.code(), messages.collect::<Vec<_>>().join("\n"))
}

/// Encrypts a model with `encrypt`, which gets the plain file and where the encrypted one goes.
fn is_protected(by: &str, encrypt: impl Fn(&Path, &Path)) {
    let workshop = tempfile::tempdir().unwrap();
    let (plain, package) = (workshop.path().join("model-00001-of-00002.safetensors"), workshop.path().join("package"));
    std::fs::create_dir(&package).unwrap();
    std::fs::write(&plain, weights()).unwrap();
    encrypt(&plain, &package.join("model.bin"));
    let (exit, messages) = look(&package);
    assert_eq!(exit, Some(0), "{messages}");
    assert!(messages.contains(by), "{messages}");
    std::fs::copy(&plain, package.join("model-00001-of-00002.safetensors")).unwrap();
    let (exit, messages) = look(&package);
    assert_eq!(exit, Some(1), "{messages}");
    assert!(messages.contains("safetensors model"), "{messages}");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_enc_protects_a_model() {
    is_protected("encrypted with openssl", |plain, encrypted| {
        let mut openssl = Command::new("openssl");
        openssl.args(["enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:harbour", "-in"]).arg(plain);
        run(openssl.arg("-out").arg(encrypted));
    });
}

#[test]
#[ignore = "needs openssl"]
fn cms_protects_a_model() {
    is_protected("encrypted with cms", |plain, encrypted| {
        let folder = plain.parent().unwrap();
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=harbour", "-keyout"]).arg(key);
        run(openssl.arg("-out").arg(&certificate));
        let mut openssl = Command::new("openssl");
        openssl.args(["cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-in"]).arg(plain);
        run(openssl.arg("-out").arg(encrypted).arg(certificate));
    });
}

#[test]
#[ignore = "needs gpg"]
fn gpg_protects_a_model() {
    is_protected("encrypted with openpgp", |plain, encrypted| {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(plain.parent().unwrap()).args(["--batch", "--yes", "--pinentry-mode", "loopback"]);
        gpg.args(["--passphrase", "harbour", "--output"]).arg(encrypted).arg("-c").arg(plain);
        run(&mut gpg);
    });
}

/// By its document (C2SP `age.md`): a header of lines, a nonce, and chunks with a tag each.
#[test]
fn age_protects_a_model() {
    is_protected("encrypted with age", |plain, encrypted| {
        let mut file = b"age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n\
            EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n"
            .to_vec();
        let size = std::fs::read(plain).unwrap().len();
        file.extend(noise(16 + size + size.div_ceil(64 << 10) * 16));
        std::fs::write(encrypted, file).unwrap();
    });
}

/// By its document (WinZip, "AES Encryption Information"): method 99, an extra field, a salt, ciphertext and a code.
#[test]
fn a_zip_with_aes_protects_a_model() {
    is_protected("encrypted with AES", |plain, encrypted| {
        let size = std::fs::read(plain).unwrap().len();
        let content = noise(16 + 2 + size + 10);
        let extra = b"\x01\x99\x07\x00\x02\x00AE\x03\x00\x00";
        let name = b"model.safetensors";
        let fields = |out: &mut Vec<u8>| {
            out.extend([51, 0, 1, 0, 99, 0, 0, 0, 0x21, 0x50, 0, 0, 0, 0]);
            out.extend((content.len() as u32).to_le_bytes());
            out.extend((size as u32).to_le_bytes());
            out.extend([name.len() as u8, 0, extra.len() as u8, 0]);
        };
        let mut file = b"PK\x03\x04".to_vec();
        fields(&mut file);
        file.extend([&name[..], extra, &content].concat());
        let start = file.len() as u32;
        file.extend(b"PK\x01\x02\x33\x03");
        fields(&mut file);
        file.extend([0; 14]);
        file.extend([&name[..], extra].concat());
        let length = file.len() as u32 - start;
        file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        file.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
        file.extend([0, 0]);
        std::fs::write(encrypted, file).unwrap();
    });
}

/// Bytes that look encrypted, the same on every run.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(next).collect()
}
