//! Files that are shipped as they are: text of many kinds, and binaries.

use data_encoding::BASE64;
use serde_json::json;

use crate::carrier::{Carrier, bytes, carrier};
use crate::kinds::Leak;
use crate::support::forge::{archive, binary, map};

/// A bundle of one line of this length.
const BUNDLE: usize = 5 << 20;

/// What minified code looks like, `length` bytes of it without a line end.
fn minified(length: usize) -> String {
    let mut out = String::with_capacity(length + 128);
    let mut number = 0u32;
    while out.len() < length {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let name = char::from(b'a' + (number >> 24) as u8 % 26);
        out.push_str(&format!("function {name}{}(t,e){{return t[e+{}]||\"{name}\"}}", number % 97, number >> 8));
    }
    out
}

/// A secret between `before` and `after` bytes of minified code.
fn bundle(leak: &Leak, before: usize, after: usize) -> Vec<u8> {
    format!("{}var s={};{}", minified(before), leak.literal(), minified(after)).into_bytes()
}

fn source_map(leak: &Leak) -> Vec<u8> {
    map::map(&[("../src/main.ts", "main();\n"), ("../src/config.ts", &String::from_utf8(leak.script()).unwrap())])
}

/// A module of Python 3.11 whose code has the text as its only constant (CPython, `Python/marshal.c`).
fn marshal(leak: &Leak) -> Vec<u8> {
    let word = |value: usize| (value as u32).to_le_bytes();
    let text = bytes(&[b"u", &word(leak.text.len()), leak.text.as_bytes()]);
    let short = |text: &str| bytes(&[&[b'z', text.len() as u8], text.as_bytes()]);
    let code = bytes(&[b"s", &word(4), b"\x97\0d\0"]);
    let names = bytes(&[&short("settings.py"), &short("<module>"), &short("<module>")]);
    bytes(&[
        b"\xa7\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3",
        &[0; 20],
        &code,
        b")\x01",
        &text,
        b")\0)\0s\0\0\0\0",
        &names,
        &word(1),
        b"s\0\0\0\0s\0\0\0\0",
    ])
}

/// The first page of a database, with a row at its end.
fn sqlite(leak: &Leak) -> Vec<u8> {
    let mut page = b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20".to_vec();
    page.resize(4096usize.saturating_sub(leak.text.len() % 4096), 0);
    page.extend(b"\x81\x02\x01\x04\x17\x82");
    bytes(&[&page, leak.text.as_bytes()])
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    bytes(&[&(data.len() as u32).to_be_bytes(), &body, &crc32fast::hash(&body).to_be_bytes()])
}

fn png(leak: &Leak) -> Vec<u8> {
    let text = bytes(&[b"Comment\0", leak.text.as_bytes()]);
    bytes(&[
        b"\x89PNG\r\n\x1a\n",
        &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0]),
        &chunk(b"tEXt", &text),
        &chunk(b"IEND", &[]),
    ])
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

/// An ELF program with the text as UTF-16 between other strings.
fn elf_utf16(leak: &Leak, little: bool) -> Vec<u8> {
    let text = utf16(&leak.text, little);
    binary::elf(&bytes(&[b"libc.so.6\0\x01\x02\x03", &text, b"\0\0\0\x7f\x80next"]))
}

/// A module with one data segment (WebAssembly 1.0, section 5.5.14).
fn wasm(leak: &Leak) -> Vec<u8> {
    let leb = |value: usize| [(value & 0x7f | 0x80) as u8, (value >> 7 & 0x7f | 0x80) as u8, (value >> 14) as u8];
    let segment = bytes(&[&[1, 0, 0x41, 0x80, 8, 0x0b], &leb(leak.text.len()), leak.text.as_bytes()]);
    bytes(&[b"\0asm\x01\0\0\0\x05\x03\x01\0\x11\x0b", &leb(segment.len()), &segment])
}

/// A class without members, and the text in its constant pool: a tag, the length, the text.
fn class(leak: &Leak) -> Vec<u8> {
    let length = (leak.text.len() as u16).to_be_bytes();
    bytes(&[
        // Constants 1 to 5: a name and the class of it, twice, and the text.
        b"\xca\xfe\xba\xbe\0\0\0\x34\0\x06\x01\0\x06Config\x07\0\x01\x01\0\x10java/lang/Object\x07\0\x03\x01",
        &length,
        leak.text.as_bytes(),
        // Flags, this class, its parent; no interfaces, fields, methods and attributes.
        b"\0\x21\0\x02\0\x04\0\0\0\0\0\0\0\0",
    ])
}

fn pe(leak: &Leak) -> Vec<u8> {
    let mut out = b"MZ\x90\0".to_vec();
    out.resize(600, 0);
    bytes(&[&out, &utf16("CompanyName\0", true), &utf16(&leak.text, true), &[0, 0, 0, 0xe8, 0x7f]])
}

fn notebook(leak: &Leak) -> Vec<u8> {
    let lines: Vec<String> = ["import os\n".into(), format!("settings = {}\n", leak.literal())].into();
    let cell = json!({"cell_type": "code", "source": lines, "outputs": [], "metadata": {}});
    json!({"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).to_string().into_bytes()
}

fn escaped_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text(content: String) -> Vec<u8> {
    content.into_bytes()
}

#[rustfmt::skip]
pub const FILES: &[Carrier] = &[
    carrier("plain", "settings.txt", |leak| leak.text.clone().into_bytes()),
    carrier("script", "config.js", Leak::script),
    carrier("minified", "config.min.js", |leak| bundle(leak, 400, 400)),
    carrier("bundle-start", "bundle.js", |leak| bundle(leak, 0, BUNDLE)),
    carrier("bundle-middle", "bundle.js", |leak| bundle(leak, BUNDLE / 2, BUNDLE / 2)),
    carrier("bundle-end", "bundle.js", |leak| bundle(leak, BUNDLE, 0)),
    carrier("node-modules", "node_modules/tidewater/index.js", Leak::script),
    carrier("package-lock", "package-lock.json", |leak| text(json!({"lockfileVersion": 3, "packages": {"": {"name": "harbour", "notes": leak.text}}}).to_string())),
    carrier("source-map", "app.js.map", source_map),
    carrier("library-map", "jquery.min.js.map", source_map),
    carrier("inline-map", "app.js", |leak| map::inline_js(&source_map(leak))),
    carrier("env", ".env", |leak| text(format!("PORT=80\nSETTINGS={}\n", leak.literal()))),
    carrier("npmrc", ".npmrc", |leak| leak.text.clone().into_bytes()),
    carrier("html", "index.html", |leak| text(format!("<html><script>window.s={}</script></html>\n", leak.literal()))),
    carrier("html-attribute", "index.html", |leak| text(format!("<div data-settings=\"{}\"></div>\n", escaped_html(&leak.text)))),
    carrier("css", "app.css", |leak| text(format!("/* {} */\nbody {{ color: red }}\n", leak.text))),
    carrier("svg", "logo.svg", |leak| text(format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>{}</desc></svg>\n", escaped_html(&leak.text)))),
    carrier("plist", "Info.plist", |leak| text(format!("<plist><dict><key>S</key><string>{}</string></dict></plist>\n", escaped_html(&leak.text)))),
    carrier("notebook", "analysis.ipynb", notebook),
    carrier("json", "settings.json", |leak| text(json!({"settings": leak.text}).to_string())),
    carrier("json-in-json", "settings.json", |leak| text(json!({"settings": json!({"inner": leak.text}).to_string()}).to_string())),
    carrier("json-thrice", "settings.json", |leak| text(json!({"outer": json!({"settings": json!({"inner": leak.text}).to_string()}).to_string()}).to_string())),
    carrier("yaml-block", "settings.yml", |leak| text(format!("settings: |\n{}", leak.text.lines().map(|line| format!("    {line}\n")).collect::<String>()))),
    carrier("yaml-base64-block", "settings.yml", |leak| {
        let encoded = BASE64.encode(leak.text.as_bytes());
        let lines = encoded.as_bytes().chunks(60).map(|line| format!("    {}\n", String::from_utf8_lossy(line)));
        text(format!("settings: !!binary |\n{}next: 1\n", lines.collect::<String>()))
    }),
    carrier("kubernetes-secret", "secret.yaml", |leak| text(format!("apiVersion: v1\nkind: Secret\ndata:\n  settings: {}\n", BASE64.encode(leak.text.as_bytes())))),
    carrier("data-url", "page.html", |leak| text(format!("<img src=\"data:text/plain;base64,{}\">\n", BASE64.encode(leak.text.as_bytes())))),
    carrier("gzip-without-extension", "cache", |leak| archive::gz(leak.text.as_bytes())),
    carrier("elf", "tool", |leak| binary::elf(&bytes(&[b"\x01\x02main\0", leak.text.as_bytes(), b"\0usage\0"]))),
    carrier("elf-utf16le", "tool", |leak| elf_utf16(leak, true)),
    carrier("elf-utf16be", "tool", |leak| elf_utf16(leak, false)),
    carrier("pe-utf16", "tool.exe", pe),
    carrier("pyc", "config.cpython-311.pyc", marshal),
    carrier("class", "Config.class", class),
    carrier("sqlite", "cache.db", sqlite),
    carrier("png", "logo.png", png),
    carrier("wasm", "app.wasm", wasm),
    carrier("wasm-custom-section", "app.wasm", |leak| binary::wasm("notes", leak.text.as_bytes())),
];
