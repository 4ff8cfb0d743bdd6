//! No report, and nothing on standard error, shows a secret: neither where it lies, nor in the names and addresses beside
//! it, as it is or encoded.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::Command;

use data_encoding::{BASE64, HEXLOWER};
use support::Folder;
use support::forge::{TOKEN_RULE, map, tar, token, zip};

/// A token as it is, in hex, and in base64.
fn written(token: &str) -> [String; 3] {
    [token.to_owned(), HEXLOWER.encode(token.as_bytes()), BASE64.encode(token.as_bytes())]
}

/// The token in files, next to another one, in names, in an address, in a member's name, and in what is damaged.
fn leaky() -> (Folder, Vec<String>) {
    let folder = Folder::new();
    let mut all = Vec::new();
    for (index, text) in written(&token(1)).iter().enumerate() {
        folder.file(&format!("{index}.js"), format!("a=\"{text}\";b=\"{}\"", written(&token(2))[index]));
        folder.file(&format!("{text}.env.js"), "main()");
        folder.file(&format!("{index}.map.js"), format!("//# sourceMappingURL=https://a.example/{text}.map"));
        let named = map::map(&[(&format!("src/{text}.ts"), "main()")]);
        folder.file(&format!("{index}.js.map"), named);
        let archive =
            zip::deflated(&[(&format!("{text}.txt"), b"k"), ("a.tar", &tar::tar(&[(text, text.as_bytes())]))]);
        folder.file(&format!("{index}.zip"), &archive);
        folder.file(&format!("damaged-{text}.zip"), &archive[..archive.len() / 2]);
    }
    for seed in [1, 2] {
        let [plain, hex, base64] = written(&token(seed));
        // The digits at the end of base64 are not the token's alone.
        all.extend([plain, hex, base64[..base64.len() - 4].to_owned()]);
    }
    (folder, all)
}

#[test]
fn no_output_of_the_program_shows_a_secret() {
    let (folder, secrets) = leaky();
    for report in ["human", "json", "jsonl", "sarif", "github"] {
        for verbose in [false, true] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
            command.args(["--no-config", "--report", report]).args(verbose.then_some("--verbose"));
            let output = command.arg(folder.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
            for stream in [&output.stdout, &output.stderr] {
                let text = String::from_utf8_lossy(stream);
                for secret in &secrets {
                    assert!(!text.contains(secret.as_str()), "{report} shows {secret}: {text}");
                }
            }
            assert!(String::from_utf8_lossy(&output.stdout).contains(TOKEN_RULE), "{report}");
        }
    }
}

#[test]
fn findings_do_not_show_their_secret_when_a_program_prints_them() {
    let (folder, secrets) = leaky();
    let outcome = folder.scan();
    for finding in outcome.findings.iter().filter(|finding| finding.secret.is_some()) {
        let shown = format!("{:?} {:?} {:?}", finding.secret, finding.message, finding.excerpt);
        assert!(secrets.iter().all(|secret| !shown.contains(secret.as_str())), "{shown}");
    }
}

#[test]
fn lists_of_what_would_be_published_show_no_secret_and_give_no_orders() {
    let folder = Folder::new();
    let secrets = written(&token(3));
    folder.file("p/pyproject.toml", format!("[project]\nname = \"{}\"\nversion = \"1\"\n", secrets[0]));
    let names: Vec<String> = secrets.iter().map(|text| format!("tide/{}.py", text.replace('/', "_"))).collect();
    let mut members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"1"[..])).collect();
    members.push(("tide/\u{1b}[31m\u{202e}red.py", b"1"));
    folder.file(&format!("p/dist/tide-{}-py3-none-any.whl", secrets[0]), zip::deflated(&members));
    // What cannot be opened is named in a remark.
    folder.file(&format!("q/dist/{}.whl", secrets[0]), &zip::deflated(&members)[..60]);
    folder.file("q/pyproject.toml", "[project]\nname = \"q\"\nversion = \"1\"\n");
    for (place, code) in [("p", 0), ("q", 3)] {
        for form in [None, Some("--json")] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
            command.args(["targets", "--no-config"]).args(form).arg(place).current_dir(folder.path());
            let output = command.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(output.status.code(), Some(code), "{text}");
            assert!(text.contains("****") && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            for secret in secrets.iter().map(|text| text.trim_end_matches('=')) {
                let seen = &secret[..secret.len() - 4];
                assert!(!text.contains(seen) && !said.contains(seen), "{secret}: {text}");
            }
        }
    }
}
