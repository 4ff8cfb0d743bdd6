//! Gems, by the real RubyGems.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::LEAKY_MAP;
use super::workshop::{Files, Server, digest, guard, lastlook, looked, machine, said, succeed, tarred, with, write};

const GEMSPEC: &str = r#"Gem::Specification.new do |gem|
  gem.name = "tide"
  gem.version = "1.0.0"
  gem.summary = "Tide"
  gem.authors = ["Harbour"]
  gem.license = "MIT"
  gem.homepage = "https://example.org"
  gem.files = Dir.glob("**/*", File::FNM_DOTMATCH).select { |name| File.file?(name) && !name.end_with?(".gem") }
end
"#;

fn project() -> TempDir {
    let home = TempDir::new().unwrap();
    write(home.path(), "tide.gemspec", GEMSPEC);
    write(home.path(), "lib/tide.rb", "puts 1\n");
    write(home.path(), "lib/ebb and flöd.rb", "puts 2\n");
    write(home.path(), "web/main.js.map", LEAKY_MAP);
    write(home.path(), ".env", "MODE=1\n");
    symlink("lib/tide.rb", home.path().join("alias.rb")).unwrap();
    home
}

/// What `gem build` makes of it.
fn built(folder: &Path, into: &Path) -> PathBuf {
    let gem = into.join("tide-1.0.0.gem");
    let mut build = with(machine(), "gem");
    succeed(build.args(["build", "tide.gemspec", "--output"]).arg(&gem).current_dir(folder));
    gem
}

#[test]
#[ignore = "needs gem (Debian: ruby)"]
fn what_gem_packs_is_what_was_looked_at() {
    let (home, into) = (project(), TempDir::new().unwrap());
    let members = tarred(fs::File::open(built(home.path(), into.path())).unwrap());
    let digests: Files = members.iter().map(|(name, bytes)| (name.clone(), digest(bytes))).collect();
    assert_eq!(digests.keys().collect::<Vec<_>>(), ["checksums.yaml.gz", "data.tar.gz", "metadata.gz"]);
    for target in ["gem", "auto"] {
        assert_eq!(looked(machine(), target, home.path()), digests, "{target}");
    }
    let mut data = Vec::new();
    flate2::read::GzDecoder::new(&*members["data.tar.gz"]).read_to_end(&mut data).unwrap();
    let packed: Vec<String> = tarred(&*data).into_keys().collect();
    let wanted = [".env", "alias.rb", "lib/ebb and flöd.rb", "lib/tide.rb", "tide.gemspec", "web/main.js.map"];
    assert_eq!(packed, wanted);

    let output = lastlook(machine(), &["--no-config", "--report", "json", "."], home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let places = report["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap());
    let mut places: Vec<&str> =
        places.filter_map(|path| path.split_once("!data.tar.gz!")).map(|(_, name)| name).collect();
    places.sort_unstable();
    assert_eq!(places, [".env", "web/main.js.map"], "{report}");
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(0), "{report}");
    // Nothing was left in the project.
    assert!(
        !fs::read_dir(home.path()).unwrap().any(|entry| entry.unwrap().path().extension().is_some_and(|e| e == "gem"))
    );
}

#[test]
#[ignore = "needs gem (Debian: ruby) and node"]
fn gem_pushes_the_file_that_was_looked_at_or_nothing() {
    let (home, into, server) = (project(), TempDir::new().unwrap(), Server::start());
    let push = |gem: &Path| {
        let mut command = lastlook(machine(), &["guard", "--no-config", "--", "gem", "push"], home.path());
        command.arg(gem).arg("--host").arg(format!("http://{}", server.address));
        guard(command.env("GEM_HOST_API_KEY", "none"))
    };
    let (code, said) = push(&built(home.path(), into.path()));
    assert_eq!((code, server.received().len()), (1, 0), "{said}");
    assert!(said.contains("data.tar.gz!.env") && said.contains("data.tar.gz!web/main.js.map"), "{said}");

    [".env", "web/main.js.map"].iter().for_each(|name| fs::remove_file(home.path().join(name)).unwrap());
    let gem = built(home.path(), into.path());
    let (code, said) = push(&gem);
    assert_eq!(code, 0, "{said}");
    assert_eq!(server.received(), [digest(&fs::read(gem).unwrap())], "{said}");
    assert!(said.contains(&format!("sha256 {}", server.received()[0])), "{said}");
}
