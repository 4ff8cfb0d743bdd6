//! Applications of all packers, forged by their documents. Real ones are packed in `tests/applications.rs`.

use super::forge::{bun_map, bun_payload, elf, gzip, macho, node_blob, note, pe, zlib, zstd};
use super::{Application, SelfExtracting, Zipapp};
use crate::finding::{FactValue, Role};
use crate::formats::testing::{Looked, inspect};
use crate::formats::{Coverage, Family, Format, FormatError};

const SCRIPT: &str = "// Only pilots know.\nfunction depth(tide) {\n  return tide - 7;\n}\ndepth(3);\n";

fn look(bytes: &[u8]) -> Looked {
    inspect(&Application, "app", bytes)
}

fn members(looked: &Looked) -> Vec<(&str, &[u8])> {
    looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect()
}

fn kind(looked: &Looked) -> String {
    looked.stated.facts.get("application.kind").map(FactValue::to_string).unwrap_or_default()
}

/// Neither damage nor cutting makes a reader panic.
fn survives(bytes: &[u8]) {
    for end in (0..bytes.len()).step_by(7) {
        let _ = look(&bytes[..end]);
    }
    for at in 0..bytes.len() {
        for value in [0, 0x7f, 0xff, bytes[at] ^ 1] {
            let mut damaged = bytes.to_vec();
            damaged[at] = value;
            let _ = look(&damaged);
        }
    }
}

#[test]
fn node_blobs_of_every_layout_and_container_are_opened() {
    let assets: [(&str, &[u8]); 2] = [("tide.txt", b"noon"), ("a/b.bin", b"\0\x01")];
    for extra in 0..=2 {
        let blob = node_blob(extra, SCRIPT, &assets);
        let carriers = [
            elf(&[(".text", b"code"), (".note.node.sea", &note("NODE_SEA_BLOB", 0, &blob))]),
            pe((".data", b"data"), ("NODE_SEA_BLOB", &blob)),
            macho("NODE_SEA", "__NODE_SEA_BLOB", &blob),
        ];
        for carrier in carriers {
            let looked = look(&carrier);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            assert_eq!(kind(&looked), "node-sea");
            let found = members(&looked);
            assert_eq!(found, [("dist/app.cjs", SCRIPT.as_bytes()), ("tide.txt", b"noon"), ("a/b.bin", b"\0\x01")]);
            assert_eq!(looked.members[0].role, Role::EmbeddedSource);
            assert_eq!(looked.stated.family, Family::Application);
            assert_eq!(looked.stated.explained.len(), 3, "the script and the assets are not searched twice");
            assert!(looked.stated.gaps.is_empty());
        }
    }
    survives(&elf(&[(".note.node.sea", &note("NODE_SEA_BLOB", 0, &node_blob(0, "let a;", &assets)))]));
    survives(&pe((".data", b"data"), ("NODE_SEA_BLOB", &node_blob(2, "let a;", &[]))));
    survives(&macho("NODE_SEA", "__NODE_SEA_BLOB", &node_blob(1, "let a;", &[])));
}

#[test]
fn a_blob_that_is_cut_off_is_no_whole_application() {
    let whole = elf(&[(".note.node.sea", &note("NODE_SEA_BLOB", 0, &node_blob(0, SCRIPT, &[("t", b"noon")])))]);
    // The size that the main script announces is larger than what is there.
    let at = memchr::memmem::find(&whole, SCRIPT.as_bytes()).unwrap();
    let mut longer = whole.clone();
    longer[at - 6] = 0xff;
    assert!(matches!(look(&longer).result, Err(FormatError::Broken(_))));
}

#[test]
fn bun_is_opened_wherever_its_payload_lies() {
    let map = bun_map("../src/a.ts", "export const a: number = 1;\n");
    let modules: [(&str, &[u8], &[u8]); 2] =
        [("/$bunfs/root/index.js", SCRIPT.as_bytes(), &map), ("/$bunfs/root/t.txt", b"noon", b"")];
    let expected: [(&str, &[u8]); 3] = [
        ("/$bunfs/root/index.js", SCRIPT.as_bytes()),
        ("../src/a.ts", b"export const a: number = 1;\n"),
        ("/$bunfs/root/t.txt", b"noon"),
    ];
    for (record, offsets) in [(52, 32), (36, 24), (36, 32), (60, 48)] {
        let payload = bun_payload(record, offsets, &modules);
        let prefixed = [&(payload.len() as u64).to_le_bytes()[..], &payload].concat();
        let short = [&(payload.len() as u32).to_le_bytes()[..], &payload].concat();
        let tail =
            [elf(&[(".text", b"\n---- Bun! ----\n")]), payload.clone(), 4_096u64.to_le_bytes().to_vec()].concat();
        for carrier in [
            elf(&[(".bun", &prefixed), (".text", b"\n---- Bun! ----\n")]),
            tail,
            pe((".bun", &prefixed), ("X", b"x")),
            macho("__BUN", "__bun", &short),
        ] {
            let looked = look(&carrier);
            assert_eq!(kind(&looked), "bun");
            assert_eq!(members(&looked), expected, "{record} {offsets}");
            let facts = &looked.stated.facts;
            assert_eq!((facts.int("application.originals"), facts.int("application.sources")), (1, 2));
            assert_eq!(facts.get("application.entry"), Some(&"/$bunfs/root/index.js".into()));
            assert!(looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
        }
    }
    survives(&elf(&[(".bun", &bun_payload(52, 32, &[("/$bunfs/root/a", b"let a", &bun_map("a.ts", "a"))]))]));
    assert!(matches!(look(&elf(&[(".bun", &[0; 8])])).result, Err(FormatError::NotThis)), "the runtime alone");
}

fn deno_data() -> Vec<u8> {
    let long = |bytes: &[u8]| [&(bytes.len() as u64).to_le_bytes(), bytes].concat();
    let short = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
    let metadata = br#"{"argv":[],"env_vars_from_env_file":{"QUAY":"north","NONE":""},"entrypoint_key":"main.ts"}"#;
    let files = br#"[{"Dir":{"n":"src","e":[{"File":{"n":"main.ts","o":[0,16],"m":[16,9]}},{"Symlink":{"n":"l","p":["x"]}}]}}]"#;
    [
        b"d3n0l4nd".to_vec(),
        long(metadata),
        long(b""),
        1u32.to_le_bytes().to_vec(),
        short(b"https://example.org/mod.ts"),
        7u32.to_le_bytes().to_vec(),
        0u32.to_le_bytes().to_vec(),
        1u32.to_le_bytes().to_vec(),
        7u32.to_le_bytes().to_vec(),
        vec![4],
        short(b"export const x: number = 1;"),
        vec![1],
        short(b"export const x = 1;"),
        long(files),
        long(b"let a: string;\n\nlet a = 1"),
        b"d3n0l4nd".to_vec(),
    ]
    .concat()
}

#[test]
fn deno_is_opened_and_variables_are_counted() {
    let data = deno_data();
    let named = [&8u16.to_le_bytes()[..], b"d3n0l4nd", &data].concat();
    let appended = [macho("__TEXT", "__const", b"x"), b"<~sui-data~>\xef\xbe\xad\xde".to_vec()];
    let appended = [appended.concat(), (data.len() as u64).to_le_bytes().to_vec(), data.clone()].concat();
    for carrier in [
        elf(&[(".note.sui", &note("SUI", 0x5355_4901, &named))]),
        pe((".data", b"x"), ("D3N0L4ND", &data)),
        macho("__SUI", "__d3n0l4nd", &data),
        appended,
    ] {
        let looked = look(&carrier);
        assert_eq!(kind(&looked), "deno", "{:?}", looked.result);
        let found: Vec<&str> = members(&looked).into_iter().map(|(name, _)| name).collect();
        let remote = "https://example.org/mod.ts";
        assert_eq!(found, ["metadata.json", remote, &format!("{remote}.js"), "src/main.ts", "src/main.ts.js"]);
        assert_eq!(&looked.members[3].bytes[..], b"let a: string;\n\n");
        assert_eq!((looked.members[3].role, looked.members[1].role), (Role::EmbeddedSource, Role::ArchiveMember));
        assert_eq!(looked.stated.facts.int("application.env"), 1);
        assert!(looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
    }
    survives(&elf(&[(".note.sui", &note("SUI", 0x5355_4901, &named))]));
}

#[test]
fn old_denos_are_a_gap() {
    let trailer = [b"d3n0l4nd".as_slice(), &[0; 32]].concat();
    let looked = look(&[elf(&[(".text", b"x")]), b"ESZIP2 and so on".to_vec(), trailer].concat());
    assert_eq!((kind(&looked).as_str(), looked.stated.gaps.len()), ("deno", 1));
}

fn pkg_app(compression: u64, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (script, data) = (pack(SCRIPT.as_bytes()), pack(b"noon"));
    let (first, second) = (script.len(), script.len() + data.len());
    let key = if compression == 0 { "/snapshot/app/index.js" } else { "/0/1/2" };
    let files = format!(
        r#"{{"{key}":{{"1":[0,{first}],"3":[0,1]}},"/snapshot/t":{{"1":[{first},{}]}},"/snapshot/n.js":{{"0":[{second},4]}}}}"#,
        data.len()
    );
    let dictionary = if compression == 0 { "{}" } else { r#"{"snapshot":"0","app":"1","index.js":"2"}"# };
    let prelude = format!(
        "(function(process, require, console, EXECPATH_FD, PAYLOAD_POSITION, PAYLOAD_SIZE) {{ return (function () {{\n}},\n\
         {files}\n,\n\"/snapshot/app/index.js\"\n,\n{{}}\n,\n{dictionary}\n,\n{compression}\n);\n}})"
    );
    let blob: &[u8] = if compression == 0 { b"\xcc\x05\xde\xc0" } else { &[] };
    let mut out = elf(&[(".text", b"code")]);
    out.extend([&script[..], &data, blob].concat());
    if compression != 0 {
        return [out, prelude.replace(&format!("[{second},4]"), "[0,0]").into_bytes()].concat();
    }
    [out, prelude.into_bytes()].concat()
}

#[test]
fn pkg_is_opened_packed_or_not() {
    let looked = look(&pkg_app(0, <[u8]>::to_vec));
    assert_eq!(kind(&looked), "pkg");
    let mut found = members(&looked);
    found.sort_unstable();
    let blob: (&str, &[u8]) = ("/snapshot/n.js.jsc", b"\xcc\x05\xde\xc0");
    assert_eq!(found, [("/snapshot/app/index.js", SCRIPT.as_bytes()), blob, ("/snapshot/t", b"noon")]);
    assert_eq!(looked.stated.facts.int("application.sources"), 1);
    let looked = look(&pkg_app(1, gzip));
    assert!(members(&looked).contains(&("/snapshot/app/index.js", SCRIPT.as_bytes())), "{:?}", members(&looked));
    survives(&pkg_app(0, <[u8]>::to_vec));
}

#[test]
fn pkg_in_a_node_executable_is_taken_apart() {
    let manifest = format!(
        r#"{{"entrypoint":"/snapshot/a.js","offsets":{{"/a.js":[0,{}],"/b":[{},4],"/c":[9,999]}}}}"#,
        SCRIPT.len(),
        SCRIPT.len()
    );
    let archive = [SCRIPT.as_bytes(), b"noon"].concat();
    let assets: [(&str, &[u8]); 2] = [("__pkg_archive__", &archive), ("__pkg_manifest__.json", manifest.as_bytes())];
    let looked = look(&elf(&[(".note.node.sea", &note("NODE_SEA_BLOB", 0, &node_blob(0, "let a;", &assets)))]));
    assert_eq!((kind(&looked).as_str(), looked.stated.gaps.len()), ("pkg", 1));
    let found: Vec<&str> = members(&looked).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["dist/app.cjs", "/a.js", "/b", "__pkg_manifest__.json"]);
}

#[test]
fn nexe_is_opened() {
    let bundle = format!(r#"process.__nexe = {{"resources":{{"t.txt":[0,4],"far":[9,9]}}}};{SCRIPT}"#);
    let sizes = [bundle.len() as f64, 4.0].map(f64::to_le_bytes).concat();
    let parts = [bundle.as_bytes(), b"noon", b"<nexe~~sentinel>", &sizes].concat();
    let app = [elf(&[(".text", b"<nexe~~sentinel>")]), parts].concat();
    let looked = look(&app);
    assert_eq!((kind(&looked).as_str(), looked.stated.gaps.len()), ("nexe", 1));
    assert_eq!(members(&looked), [("bundle.js", bundle.as_bytes()), ("t.txt", b"noon")]);
    survives(&app);
    assert!(matches!(look(&elf(&[(".text", b"<nexe~~sentinel>")])).result, Err(FormatError::NotThis)));
}

/// A package of PyInstaller with one script, one file and an archive of one module.
fn pyinstaller() -> Vec<u8> {
    let code = zlib(b"\xe3 code");
    let pyz = {
        let table = [
            b"[\x01\0\0\0)\x02\xda\x05quay.)\x03i\0\0\0\0i\x10\0\0\0i".to_vec(),
            (code.len() as u32).to_le_bytes().to_vec(),
        ];
        let head = [b"PYZ\0\xa7\r\r\n".as_slice(), &(16 + code.len() as u32).to_be_bytes(), &[0; 4]].concat();
        [head, code.clone(), table.concat()].concat()
    };
    let data = zlib(b"noon");
    let entries: [(&str, u8, &[u8], bool); 4] = [
        ("harbour", b's', &code, true),
        ("t.txt", b'x', &data, true),
        ("PYZ.pyz", b'z', &pyz, false),
        ("option", b'o', b"", false),
    ];
    let (mut content, mut table) = (Vec::new(), Vec::new());
    for (name, kind, bytes, packed) in entries {
        let length = (18 + name.len() + 1).next_multiple_of(16);
        let numbers = [length as u32, content.len() as u32, bytes.len() as u32, 99];
        let mut entry = numbers.map(u32::to_be_bytes).concat();
        entry.extend([u8::from(packed), kind]);
        entry.extend(name.as_bytes());
        entry.resize(length, 0);
        table.extend(entry);
        content.extend(bytes);
    }
    let length = content.len() + table.len() + 88;
    let numbers = [length as u32, content.len() as u32, table.len() as u32, 311];
    let mut cookie = [b"MEI\x0c\x0b\x0a\x0b\x0e".as_slice(), &numbers.map(u32::to_be_bytes).concat()].concat();
    cookie.resize(88, 0);
    [content, table, cookie].concat()
}

#[test]
fn pyinstaller_is_opened_in_a_section_and_at_the_end() {
    let package = pyinstaller();
    let appended = [elf(&[(".text", b"MEI\x0c\x0b\x0a\x0b\x0e")]), package.clone(), vec![0; 300]].concat();
    for app in [elf(&[("pydata", &package)]), appended] {
        let looked = look(&app);
        assert_eq!(kind(&looked), "pyinstaller");
        let code: &[u8] = b"\xa7\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3 code";
        assert_eq!(members(&looked), [("harbour.pyc", code), ("t.txt", b"noon"), ("PYZ.pyz/quay/.pyc", code)]);
        assert_eq!(looked.members[0].role, Role::Header);
        assert_eq!(looked.stated.facts.int("application.modules"), 2);
        assert_eq!(looked.stated.facts.get("application.entry"), Some(&"harbour".into()));
        assert!(looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
    }
    survives(&elf(&[("pydata", &package)]));
}

#[test]
fn nuitka_is_opened_packed_and_plain() {
    let file = |name: &str, content: &[u8]| {
        [name.as_bytes(), &[0, 0], &(content.len() as u64).to_le_bytes(), content].concat()
    };
    let stream = [file("app.so", &[7; 2_000]), file("data/t.txt", b"noon"), vec![0]].concat();
    let packed = [b"KAY".to_vec(), zstd(&stream), b"more data".to_vec()].concat();
    let plain = [b"xxKAX\x01KAX".to_vec(), stream].concat();
    for data in [packed, plain] {
        let looked = look(&elf(&[(".rodata", &data)]));
        assert_eq!(kind(&looked), "nuitka");
        assert_eq!(members(&looked), [("app.so", &[7; 2_000][..]), ("data/t.txt", b"noon")]);
        assert!(!looked.stated.explained.is_empty() && looked.stated.gaps.is_empty());
    }
    survives(&elf(&[(".rodata", &[b"KAX".to_vec(), file("a", b"b"), vec![0]].concat())]));
}

#[test]
fn pyoxidizer_is_opened() {
    let blobs = [
        &[1, 2, 3, 3, 7, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0xff][..],
        &[1, 2, 6, 3, 10, 0, 0, 0, 0, 0, 0, 0, 4, 2, 0xff],
        &[0],
    ]
    .concat();
    let index = [&[1, 3, 7, 0, 0x16, 6, 9, 0, 0, 0, 0xff][..], &[0]].concat();
    let mut head = vec![2];
    head.extend([blobs.len() as u32, 1, index.len() as u32].map(u32::to_le_bytes).concat());
    let packed = [b"pyembed\x03".to_vec(), head, blobs, index, b"harbour".to_vec(), b"x = 'tid'\0".to_vec()].concat();
    let app = elf(&[(".rodata", &[b"pyembed\x03 not here".to_vec(), packed].concat())]);
    let looked = look(&app);
    assert_eq!(kind(&looked), "pyoxidizer");
    assert_eq!(members(&looked), [("harbour.py", &b"x = 'tid'"[..])]);
    assert_eq!(looked.stated.facts.int("application.sources"), 1);
    survives(&app);
}

#[test]
fn archives_in_data_are_found_if_they_open() {
    let text = "The tide at noon, and at midnight. ".repeat(200);
    let stream = gzip(text.as_bytes());
    let frame = zstd(text.as_bytes());
    let mut broken = stream.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    let accident = [b"\x1f\x8b\x08 is a mark, \x28\xb5\x2f\xfd is one too".to_vec(), broken].concat();
    let data = [b"before".to_vec(), accident, stream.clone(), b"between".to_vec(), frame.clone(), b"after".to_vec()];
    let looked_at = elf(&[(".rodata", &data.concat())]);
    let looked = look(&looked_at);
    assert_eq!(looked.members.len(), 2);
    assert!(looked.members.iter().all(|one| one.bytes == text.as_bytes() && one.role == Role::Decompressed));
    let at = |part: &[u8]| format!("{:#x}", memchr::memmem::find(&looked_at, part).unwrap());
    let names = [format!("app!{}.gz", at(&stream)), format!("app!{}.zst", at(&frame))];
    assert!(looked.members.iter().map(|one| one.path.to_string()).eq(names));
    assert_eq!(looked.stated.facts.int("application.payloads"), 2);
    assert_eq!((kind(&looked).as_str(), looked.stated.gaps.len()), ("", 0));
    let small = look(&elf(&[(".rodata", &gzip(b"short"))]));
    assert!(matches!(small.result, Err(FormatError::NotThis)), "streams of a few bytes are left alone");
    let code = look(&elf(&[(".debug_str", &stream)]));
    assert!(matches!(code.result, Err(FormatError::NotThis)), "debug information is read by others");
}

#[test]
fn tar_and_zip_archives_in_data_are_found() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_cksum();
    builder.append_data(&mut header, "t.txt", &b"noon"[..]).unwrap();
    let tar = builder.into_inner().unwrap();
    let zip = [
        &b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0"[..],
        &crc32fast::hash(b"noon").to_le_bytes(),
        &[4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0],
        b"tnoon",
        b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0",
        &crc32fast::hash(b"noon").to_le_bytes(),
        &[4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        b"t",
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x23\0\0\0\0\0",
    ]
    .concat();
    let data =
        [b"ustar, PK\x05\x06 and so on".to_vec(), tar.clone(), b"x".repeat(700), zip.clone(), vec![b'y'; 90_000]];
    let looked = look(&elf(&[(".rodata", &data.concat())]));
    let found: Vec<&[u8]> = members(&looked).into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(found, [&tar[..], &zip[..]]);
}

#[test]
fn what_follows_the_image_is_opened_by_its_own_mark() {
    let squashfs =
        [b"hsqs".as_slice(), &[0; 8], &[0, 0, 2, 0], &[0; 4], &[1, 0, 17, 0], &[0; 4], &[4, 0, 0, 0], &[0; 64]];
    let mut stub = elf(&[(".text", b"stub")]);
    stub[8..11].copy_from_slice(b"AI\x02");
    let looked = look(&[stub, squashfs.concat()].concat());
    assert_eq!((kind(&looked).as_str(), members(&looked)[0].0), ("appimage", "payload"));
    let archive = gzip(&[b'x'; 3_000]);
    let caxa = [elf(&[(".text", b"stub")]), b"\nCAXACAXACAXA\n".to_vec(), archive.clone()].concat();
    let looked = look(&[caxa, b"\n{\"identifier\":\"a\",\"command\":[\"node\"]}".to_vec()].concat());
    assert_eq!(kind(&looked), "caxa");
    assert!(looked.members[0].bytes.starts_with(&archive));
    let seven =
        [pe((".data", b"x"), ("X", b"x")), b";!@Install@!UTF-8!\n7z\xbc\xaf\x27\x1c\0\x04".to_vec(), vec![1; 80]];
    let looked = look(&seven.concat());
    assert_eq!(kind(&looked), "self-extracting");
    assert!(looked.members[0].bytes.starts_with(b"7z"));
    let nsis =
        [pe((".data", b"x"), ("X", b"x")), b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst".to_vec(), vec![1; 80]].concat();
    assert_eq!(look(&nsis).stated.gaps.len(), 1);
    let filled = [elf(&[(".text", b"stub")]), vec![0; 100]].concat();
    assert!(matches!(look(&filled).result, Err(FormatError::NotThis)));
}

#[test]
fn files_that_overlap_are_not_handed_out_without_end() {
    let assets: Vec<(String, Vec<u8>)> = Vec::from_iter((0..2_000).map(|index| (format!("/{index}"), Vec::new())));
    let offsets: Vec<String> = assets.iter().map(|(name, _)| format!(r#""{name}":[0,2000000]"#)).collect();
    let manifest = format!(r#"{{"offsets":{{{}}}}}"#, offsets.join(","));
    let archive = vec![b'a'; 2_000_000];
    let assets: [(&str, &[u8]); 2] = [("__pkg_archive__", &archive), ("__pkg_manifest__.json", manifest.as_bytes())];
    let looked = look(&elf(&[(".note.node.sea", &note("NODE_SEA_BLOB", 0, &node_blob(0, "let a;", &assets)))]));
    assert!(looked.members.len() < 20, "{}", looked.members.len());
    assert!(looked.stated.gaps.iter().any(|gap| gap.reason.contains("overlap")));
}

#[test]
fn programs_without_an_application_are_left_alone() {
    for bytes in [
        elf(&[(".text", b"code"), (".rodata", b"data")]),
        pe((".data", b"x"), ("ICON", b"x")),
        macho("__TEXT", "__const", b"x"),
    ] {
        let looked = look(&bytes);
        assert!(looked.sniffed && matches!(looked.result, Err(FormatError::NotThis)) && looked.members.is_empty());
    }
    assert!(!look(b"MZ is how this note starts").sniffed);
}

#[test]
fn the_front_end_of_tauri_is_a_gap() {
    let marks = ["window.__TAURI_", "INTERNALS__ and tauri:", "//localhost"].concat();
    let looked = look(&elf(&[(".rodata", marks.as_bytes())]));
    assert_eq!((kind(&looked).as_str(), looked.stated.gaps.len()), ("tauri", 1));
    assert!(matches!(look(&elf(&[(".rodata", b"tauri://localhost")])).result, Err(FormatError::NotThis)));
}

#[test]
fn scripts_with_an_archive_are_opened() {
    let archive = gzip(&[b'x'; 3_000]);
    let header =
        "#!/bin/sh\n# This script was generated using Makeself 2.4.5\nfilesizes=\"SIZE\"\nskip=\"5\"\nexit 0\n";
    let script = header.replace("SIZE", &archive.len().to_string());
    let makeself = [script.as_bytes(), &archive].concat();
    let looked = inspect(&SelfExtracting, "install.run", &makeself);
    assert_eq!((kind(&looked).as_str(), members(&looked)), ("makeself", vec![("payload", &archive[..])]));
    let cut = inspect(&SelfExtracting, "install.run", &makeself[..makeself.len() - 9]);
    assert_eq!(cut.stated.gaps.len(), 1);
    let other = [b"#!/bin/sh\ntail -n+3 \"$0\" | tar -xz\n".as_slice(), &archive].concat();
    let looked = inspect(&SelfExtracting, "run.sh", &other);
    assert_eq!((kind(&looked).as_str(), members(&looked)), ("self-extracting", vec![("payload", &archive[..])]));
    for text in [&b"#!/bin/sh\necho PK\n"[..], b"#!/usr/bin/env node\nlet a;\n", b"echo\n\x1f\x8b\x08"] {
        assert!(!inspect(&SelfExtracting, "run.sh", text).sniffed);
    }
    for end in 0..makeself.len() {
        let _ = inspect(&SelfExtracting, "install.run", &makeself[..end]);
    }
}

#[test]
fn a_zip_behind_a_line_is_a_zipapp_if_it_has_a_main_module() {
    let entry = |name: &str| {
        let central = [&b"PK\x01\x02"[..], &[0; 24], &(name.len() as u16).to_le_bytes(), &[0; 16], name.as_bytes()];
        central.concat()
    };
    let zip = |names: &[&str]| {
        let directory: Vec<u8> = names.iter().flat_map(|name| entry(name)).collect();
        let end = [&b"PK\x05\x06\0\0\0\0\0\0\0\0"[..], &(directory.len() as u32).to_le_bytes(), &[0; 6]];
        [b"#!/usr/bin/env python3\nPK\x03\x04".to_vec(), directory, end.concat()].concat()
    };
    let looked = inspect(&Zipapp, "harbour.pyz", &zip(&["__main__.py", "quay/depth.py", "t.txt"]));
    assert_eq!((kind(&looked).as_str(), looked.stated.facts.int("application.sources")), ("zipapp", 2));
    assert_eq!(kind(&inspect(&Zipapp, "h.pex", &zip(&["PEX-INFO", "__main__.py"]))), "pex");
    assert_eq!(kind(&inspect(&Zipapp, "h.pyz", &zip(&["environment.json", "__main__.py"]))), "shiv");
    assert!(matches!(inspect(&Zipapp, "h.zip", &zip(&["a.txt"])).result, Err(FormatError::NotThis)));
    let whole = zip(&["__main__.py"]);
    for end in 0..whole.len() {
        let _ = inspect(&Zipapp, "h.pyz", &whole[..end]);
    }
    assert_eq!(Zipapp.name(), "zipapp");
}
