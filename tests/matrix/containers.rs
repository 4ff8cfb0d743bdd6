//! What people ship code in.

use crate::carrier::{Carrier, bytes, carrier};
use crate::kinds::Leak;
use crate::support::forge::{archive, tar, zip};

fn members(leak: &Leak, name: &str) -> Vec<(String, Vec<u8>)> {
    vec![("README.md".into(), b"# Tidewater\n".to_vec()), (name.to_owned(), leak.script())]
}

fn tar_of(leak: &Leak, name: &str) -> Vec<u8> {
    let members = members(leak, name);
    tar::tar(&members.iter().map(|(name, content)| (name.as_str(), &content[..])).collect::<Vec<_>>())
}

fn tgz_of(leak: &Leak, name: &str) -> Vec<u8> {
    archive::gz(&tar_of(leak, name))
}

fn zip_of(leak: &Leak, name: &str) -> Vec<u8> {
    let members = members(leak, name);
    zip::deflated(&members.iter().map(|(name, content)| (name.as_str(), &content[..])).collect::<Vec<_>>())
}

fn zips(leak: &Leak, depth: usize) -> Vec<u8> {
    (1..depth).fold(zip_of(leak, "config.js"), |inner, level| {
        zip::deflated(&[(&format!("level{level}.zip"), &inner), ("note.txt", b"harbour")])
    })
}

fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, content) in members {
        out.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len()).as_bytes());
        out.extend(*content);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

fn deb(leak: &Leak) -> Vec<u8> {
    let control = archive::xz(&tar::tar(&[("./control", b"Package: tidewater\nVersion: 1.0\n")]));
    let data = archive::xz(&tar_of(leak, "./usr/share/tidewater/config.js"));
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &control), ("data.tar.xz", &data)])
}

fn gem(leak: &Leak) -> Vec<u8> {
    let metadata = archive::gz(b"--- !ruby/object:Gem::Specification\nname: tidewater\n");
    tar::tar(&[("metadata.gz", &metadata), ("data.tar.gz", &tgz_of(leak, "lib/config.js"))])
}

/// Alpine's packages are several gzip streams, one after the other, which are one tar.
fn alpine(leak: &Leak) -> Vec<u8> {
    let control = tar::tar(&[(".PKGINFO", b"pkgname = tidewater\n")]);
    [archive::gz(&control[..control.len() - 1024]), tgz_of(leak, "usr/share/config.js")].concat()
}

fn asar(leak: &Leak) -> Vec<u8> {
    let script = leak.script();
    let index = format!(
        r#"{{"files":{{"main.js":{{"size":7,"offset":"0"}},"lib":{{"files":{{"config.js":{{"size":{},"offset":"7"}}}}}}}}}}"#,
        script.len()
    );
    let padded = index.len().next_multiple_of(4) as u32;
    let mut out = Vec::new();
    for word in [4, padded + 8, padded + 4, index.len() as u32] {
        out.extend(word.to_le_bytes());
    }
    out.extend(index.as_bytes());
    out.resize(16 + padded as usize, 0);
    [out, b"main();".to_vec(), script].concat()
}

/// One block of a brotli stream that is stored as it is, and an empty last one (RFC 7932, section 9).
fn brotli(content: &[u8]) -> Vec<u8> {
    let bits = ((content.len() as u32 - 1) << 4) | 1 << 20;
    [&bits.to_le_bytes()[..3], content, &[3]].concat()
}

fn docker_save(leak: &Leak) -> Vec<u8> {
    let layer = tar_of(leak, "app/config.js");
    let manifest = br#"[{"Config":"c0ffee.json","RepoTags":["tidewater:1"],"Layers":["5eed/layer.tar"]}]"#;
    tar::tar(&[
        ("5eed/layer.tar", &layer),
        ("c0ffee.json", br#"{"config":{"Env":["PORT=80"]}}"#),
        ("manifest.json", manifest),
    ])
}

fn docker_env(leak: &Leak) -> Vec<u8> {
    let config = format!(r#"{{"config":{{"Env":["PORT=80",{}]}}}}"#, leak.literal());
    let manifest = br#"[{"Config":"c0ffee.json","RepoTags":["tidewater:1"],"Layers":["5eed/layer.tar"]}]"#;
    let layer = tar::tar(&[("app/main.js", b"main();")]);
    tar::tar(&[("5eed/layer.tar", &layer), ("c0ffee.json", config.as_bytes()), ("manifest.json", manifest)])
}

/// Blobs are named by nothing but a digest.
fn blobs(layer: &[u8], kind: &str) -> Vec<u8> {
    let (index, manifest, blob) = ("a1".repeat(32), "b2".repeat(32), "c3".repeat(32));
    let top = format!(r#"{{"schemaVersion":2,"manifests":[{{"digest":"sha256:{index}","size":1}}]}}"#);
    let inner = format!(
        r#"{{"schemaVersion":2,"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.{kind}","digest":"sha256:{blob}"}}]}}"#
    );
    tar::tar(&[
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("index.json", top.as_bytes()),
        (&format!("blobs/sha256/{manifest}"), inner.as_bytes()),
        (&format!("blobs/sha256/{blob}"), layer),
    ])
}

#[rustfmt::skip]
pub const CONTAINERS: &[Carrier] = &[
    carrier("zip", "config.zip", |leak| zip_of(leak, "config.js")),
    carrier("zip-stored", "config.zip", |leak| zip::stored(&[("config.js", &leak.script())])),
    carrier("zip-three-deep", "config.zip", |leak| zips(leak, 3)),
    carrier("zip-six-deep", "config.zip", |leak| zips(leak, 6)),
    carrier("tar", "config.tar", |leak| tar_of(leak, "config.js")),
    carrier("npm-package", "tidewater-1.0.0.tgz", |leak| tgz_of(leak, "package/config.js")),
    carrier("tgz-in-zip", "release.zip", |leak| zip::stored(&[("tidewater.tgz", &tgz_of(leak, "package/config.js"))])),
    carrier("zip-in-tgz", "release.tgz", |leak| archive::tgz(&[("tidewater.zip", &zip_of(leak, "config.js"))])),
    carrier("wheel", "tidewater-1.0-py3-none-any.whl", |leak| zip_of(leak, "tidewater/config.py")),
    carrier("wheel-dist-info", "tidewater-1.0-py3-none-any.whl", |leak| zip_of(leak, "tidewater-1.0.dist-info/notes.txt")),
    carrier("crate", "tidewater-1.0.0.crate", |leak| tgz_of(leak, "tidewater-1.0.0/src/config.rs")),
    carrier("gem", "tidewater-1.0.gem", gem),
    carrier("deb", "tidewater_1.0_all.deb", deb),
    carrier("jar", "tidewater.jar", |leak| zip_of(leak, "META-INF/config.js")),
    carrier("nupkg", "Tidewater.1.0.0.nupkg", |leak| zip_of(leak, "content/config.js")),
    carrier("vsix", "tidewater-1.0.0.vsix", |leak| zip_of(leak, "extension/out/config.js")),
    carrier("android-apk", "tidewater.apk", |leak| zip_of(leak, "assets/config.js")),
    carrier("alpine-apk", "tidewater-1.0-r0.apk", alpine),
    carrier("asar", "app.asar", asar),
    carrier("gz", "config.js.gz", |leak| archive::gz(&leak.script())),
    carrier("bz2", "config.js.bz2", |leak| archive::bz2(&leak.script())),
    carrier("xz", "config.js.xz", |leak| archive::xz(&leak.script())),
    carrier("zst", "config.js.zst", |leak| archive::zst(&leak.script())),
    carrier("br", "config.js.br", |leak| brotli(&leak.script())),
    carrier("tar-zst", "config.tar.zst", |leak| archive::zst(&tar_of(leak, "config.js"))),
    carrier("gz-in-gz", "config.js.gz.gz", |leak| archive::gz(&archive::gz(&leak.script()))),
    carrier("tgz-without-extension", "download", |leak| tgz_of(leak, "config.js")),
    carrier("docker-save", "image.tar", docker_save),
    carrier("docker-save-env", "image.tar", docker_env),
    carrier("oci-gzip-blob", "image.tar", |leak| blobs(&tgz_of(leak, "app/config.js"), "tar+gzip")),
    carrier("oci-zstd-blob", "image.tar", |leak| blobs(&archive::zst(&tar_of(leak, "app/config.js")), "tar+zstd")),
    carrier("elf-with-zip-behind", "tool", |leak| bytes(&[&crate::support::forge::binary::elf(&[0x90; 4000]), &zip_of(leak, "config.js")])),
];
