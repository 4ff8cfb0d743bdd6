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
