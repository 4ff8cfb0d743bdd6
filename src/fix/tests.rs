//! Tests of plans over whole folders: made, written, and looked at again.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::Scanner;
use crate::finding::Level;
use crate::scan::Outcome;

const MAP: &str =
    r#"{"version":3,"sources":["../src/a.ts"],"sourcesContent":["let a = 1;\n"],"names":[],"mappings":"A"}"#;
const LESS: &str = r#"{"version":3,"sources":["../src/a.ts"],"names":[],"mappings":"A"}"#;
const REMOVE: Wish = Wish { remove_maps: true, exclude_maps: false };

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = folder.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn scan(&self) -> Outcome {
        Scanner::builder().threads(1).build().unwrap().scan(&[self.0.path()]).unwrap()
    }

    fn plan(&self, wish: Wish) -> Plan {
        plan(self.0.path(), &self.scan(), wish, 1 << 30)
    }

    /// Writes the plan, and answers what is left: what must be done by hand, and what a further plan would change.
    fn fix(&self, wish: Wish) -> (usize, usize) {
        let planned = self.plan(wish);
        let as_if = Scanner::builder().threads(1).build().unwrap().scan_as_if(&[self.0.path()], &planned).unwrap();
        let written = planned.write().unwrap();
        assert!(written.failed.is_empty());
        assert_eq!(written.done, planned.changes.len());
        let outcome = self.scan();
        let left = remaining(&outcome, Level::Error, wish).len();
        assert_eq!(remaining(&as_if, Level::Error, wish).len(), left, "what was foretold is what came");
        (left, plan(self.0.path(), &outcome, wish, 1 << 30).changes.len())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = walk(self.0.path());
        names.sort();
        names
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![base(&path)] });
    names.collect()
}

fn base(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn inline(map: &str) -> String {
    format!("data:application/json;base64,{}", data_encoding::BASE64.encode(map.as_bytes()))
}

#[test]
fn sources_are_dropped_and_everything_else_stays() {
    let script = b"a()\n//# sourceMappingURL=a.js.map\n";
    let folder = Folder::with(&[("dist/a.js", script), ("dist/a.js.map", MAP.as_bytes()), ("dist/b.js", b"b()\n")]);
    assert_eq!(folder.fix(Wish::default()), (0, 0));
    assert_eq!(folder.text("dist/a.js.map"), LESS);
    assert_eq!(folder.text("dist/a.js").as_bytes(), script);
    assert_eq!(folder.names(), ["a.js", "a.js.map", "b.js"]);
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::with(&[("in/a.js.map", MAP.as_bytes()), ("out/b.js.map", MAP.as_bytes())]);
    fs::set_permissions(folder.at("in/a.js.map"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink(folder.at("out/b.js.map"), folder.at("in/b.js.map")).unwrap();
    symlink(folder.at("out"), folder.at("in/far")).unwrap();
    let outcome = Scanner::builder().build().unwrap().scan(&[folder.at("in")]).unwrap();
    let planned = plan(&folder.at("in"), &outcome, Wish::default(), 1 << 30);
    assert_eq!(planned.changes.len(), 1);
    planned.write().unwrap();
    assert_eq!(folder.text("in/a.js.map"), LESS);
    assert_eq!(fs::metadata(folder.at("in/a.js.map")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.text("out/b.js.map"), MAP);
    // A folder that has become a link since.
    let folder = Folder::with(&[("in/dist/a.js.map", MAP.as_bytes()), ("out/a.js.map", MAP.as_bytes())]);
    let outcome = Scanner::builder().build().unwrap().scan(&[folder.at("in")]).unwrap();
    let planned = plan(&folder.at("in"), &outcome, Wish::default(), 1 << 30);
    fs::remove_dir_all(folder.at("in/dist")).unwrap();
    symlink(folder.at("out"), folder.at("in/dist")).unwrap();
    assert!(planned.write().unwrap_err().to_string().contains("leaves the folder"));
    assert_eq!(folder.text("out/a.js.map"), MAP);
}

#[test]
fn a_file_that_has_changed_stops_everything_before_it_begins() {
    let other = MAP.replace("let a", "let b");
    let folder = Folder::with(&[("a.js.map", MAP.as_bytes()), ("b.js.map", other.as_bytes())]);
    let planned = folder.plan(Wish::default());
    assert_eq!(planned.changes.len(), 2);
    fs::write(folder.at("b.js.map"), other.replace("let b", "let c")).unwrap();
    let error = planned.write().unwrap_err();
    assert!(error.name.ends_with("b.js.map") && error.to_string().contains("changed"), "{error}");
    assert_eq!(folder.text("a.js.map"), MAP);
    assert_eq!(folder.names(), ["a.js.map", "b.js.map"]);
}

#[test]
fn a_map_goes_with_its_comment_its_copy_and_its_place_in_the_package() {
    let folder = Folder::with(&[
        ("package.json", b"{\"name\": \"a\", \"files\": [\"dist\"]}\n"),
        ("dist/package.json", b"{\"type\": \"module\"}\n"),
        ("dist/a.js", b"a()\n//# sourceMappingURL=maps/a.js.map?v=1\n"),
        ("dist/b.js", b"b()\n//# sourceMappingURL=b.js.map\n"),
        ("dist/maps/a.js.map", MAP.as_bytes()),
        ("dist/maps/a.js.map.gz", &gzip(MAP.as_bytes())),
    ]);
    assert_eq!(folder.fix(REMOVE), (0, 0));
    assert_eq!(folder.names(), ["a.js", "b.js", "package.json", "package.json"]);
    assert_eq!(folder.text("dist/a.js"), "a()\n");
    assert_eq!(folder.text("dist/b.js"), "b()\n//# sourceMappingURL=b.js.map\n");
    assert_eq!(folder.text("package.json"), "{\"name\": \"a\", \"files\": [\"dist\", \"!**/*.map\"]}\n");
}

#[test]
fn a_compressed_copy_goes_with_what_it_is_a_copy_of_and_else_stays() {
    let script = format!("a()\n//# sourceMappingURL={}\n", inline(MAP));
    let folder = Folder::with(&[
        ("a.js", script.as_bytes()),
        ("a.js.gz", &gzip(script.as_bytes())),
        ("b.js.map.gz", &gzip(MAP.as_bytes())),
    ]);
    assert_eq!(folder.fix(Wish::default()), (1, 0));
    assert_eq!(folder.names(), ["a.js", "b.js.map.gz"]);
    assert_eq!(folder.text("a.js"), format!("a()\n//# sourceMappingURL={}\n", inline(LESS)));
    assert_eq!(folder.fix(REMOVE), (0, 0));
    assert_eq!(folder.names(), ["a.js"]);
}

#[test]
fn inline_maps_go_where_that_is_certain_and_lose_their_sources_elsewhere() {
    let eval = format!("eval(\"a()\\n//# sourceMappingURL={}\\n//# sourceURL=x\");\n", inline(MAP));
    let script = format!("{eval}//# sourceMappingURL={}\n", inline(MAP));
    let folder = Folder::with(&[("a.js", script.as_bytes())]);
    assert_eq!(folder.fix(REMOVE), (0, 0));
    assert_eq!(folder.text("a.js"), eval.replace(&inline(MAP), &inline(LESS)));
}

#[test]
fn what_cannot_be_edited_is_named() {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(MAP.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "package/a.js.map", MAP.as_bytes()).unwrap();
    let cut = &MAP.as_bytes()[..70];
    let folder = Folder::with(&[("a.tar", &tar.into_inner().unwrap()), ("cut.js.map", cut)]);
    assert_eq!(folder.fix(Wish::default()), (2, 0));
    let left = remaining(&folder.scan(), Level::Error, Wish::default());
    assert!(left[0].advice.contains("not taken apart") && left[1].advice.contains("damaged"), "{left:?}");
    // One that is damaged can still be removed.
    assert_eq!(folder.fix(REMOVE), (1, 0));
    assert_eq!(folder.names(), ["a.tar"]);
}

#[test]
fn a_new_ignore_file_begins_with_what_it_stands_in_for() {
    let folder = Folder::with(&[
        ("package.json", b"{\"name\": \"a\"}"),
        (".gitignore", b"node_modules\n"),
        ("a.js.map", MAP.as_bytes()),
    ]);
    let wish = Wish { remove_maps: false, exclude_maps: true };
    let planned = folder.plan(wish);
    assert!(planned.notes[0].contains(".gitignore"), "{:?}", planned.notes);
    assert_eq!(folder.fix(wish), (0, 0));
    assert_eq!(folder.text(".npmignore"), "node_modules\n*.map\n");
    assert_eq!(folder.text("a.js.map"), LESS);
}

#[test]
fn what_is_shipped_anyway_or_belongs_to_others_is_left_alone() {
    let other = MAP.replace("../src/a.ts", "../node_modules/p/a.js");
    let folder = Folder::with(&[
        ("dist/a.js.map", MAP.as_bytes()),
        ("src/a.ts", b"let a = 1;\n"),
        ("dist/b.js.map", other.as_bytes()),
    ]);
    assert!(folder.plan(Wish::default()).changes.is_empty());
}
