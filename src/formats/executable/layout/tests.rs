//! The sections of executables, and what stands where in them.

use super::super::forge::{self, Section};
use super::super::{Elf, MachO, Pe, Wasm};
use crate::bytes::Bytes;
use crate::finding::{Artifact, ArtifactPath, Role};
use crate::formats::{Format, Layout};

fn layout(format: &dyn Format, bytes: &[u8]) -> Layout {
    let bytes = Bytes::copy_from_slice(bytes);
    format.layout(&Artifact { path: ArtifactPath::file("a"), role: Role::File, bytes })
}

fn told(format: &dyn Format, bytes: &[u8], what: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(bytes, what).unwrap() as u64;
    layout(format, bytes).at(at).map(|section| section.to_string())
}

fn corpus(file: &str) -> Vec<u8> {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/formats");
    std::fs::read(corpus.join(file)).unwrap()
}

#[test]
fn sections_that_are_not_loaded_have_no_address() {
    let bytes = forge::elf(2, &[Section::plain(".comment", b"made by hand"), Section::plain(".note.x", b"another")]);
    assert_eq!(told(&Elf, &bytes, b"by hand").as_deref(), Some(".comment"));
    assert_eq!(told(&Elf, &bytes, b"other").as_deref(), Some(".note.x"));
}

#[test]
fn a_real_program_tells_where_its_texts_are_loaded() {
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let section = told(&Elf, &bytes, b"a_real_program_tells_where_its_texts").unwrap();
    assert!(section.starts_with('.') || section.contains(" at 0x"), "{section}");
    let text = told(&Elf, &bytes, b"sections_that_are_not_loaded_have_no_address").unwrap();
    assert!(!text.is_empty());
}

#[test]
fn segments_of_data_have_the_addresses_they_are_copied_to() {
    // (module (memory 1) (data (i32.const 1024) "harbour") (data "quay"))
    let data = [&[2, 0, 0x41, 0x80, 0x08, 0x0b, 7][..], b"harbour", &[1, 4], b"quay"].concat();
    let custom = [&[4][..], b"note", b"text"].concat();
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend([5, 3, 1, 0, 1, 11, data.len() as u8]);
    bytes.extend(&data);
    bytes.extend([0, custom.len() as u8]);
    bytes.extend(&custom);
    assert_eq!(told(&Wasm, &bytes, b"bour").as_deref(), Some("data segment 0 at 0x403"));
    assert_eq!(told(&Wasm, &bytes, b"quay").as_deref(), Some("data segment 1"));
    assert_eq!(told(&Wasm, &bytes, b"text").as_deref(), Some("note"));
}

#[test]
fn damage_anywhere_is_survived() {
    let files: [(&dyn Format, &str); 4] = [
        (&Elf, "elf/library/input"),
        (&Pe, "pe/with-pdb/input"),
        (&MachO, "mach-o/library/input"),
        (&Wasm, "wasm/debug/input"),
    ];
    for (format, folder) in files {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/formats").join(folder);
        let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let bytes = corpus(file.to_str().unwrap());
        assert!(!layout(format, &bytes).is_empty(), "{}", file.display());
        for at in 0..bytes.len().min(1_500) {
            layout(format, &bytes[..at]);
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                layout(format, &damaged);
            }
        }
    }
}
