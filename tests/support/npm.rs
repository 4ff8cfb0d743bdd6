//! Packs the incident again, with the real npm.

use std::fs;
use std::path::Path;
use std::process::Command;

use lastlook::Scanner;
use lastlook::finding::Verdict;
use libtest_mimic::Failed;

use super::cases;

/// `npm pack` on the packages of both halves makes archives about which lastlook says what it says of the folders.
pub fn packs_the_incident() -> Result<(), Failed> {
    let scanner = Scanner::builder().threads(2).build()?;
    for (half, verdict) in [("leaky", Verdict::Blocked), ("fixed", Verdict::Clear)] {
        let folder = tempfile::tempdir()?;
        let package = cases::corpus().join("incident").join(half).join("input/package");
        copy(&package, &folder.path().join("package"))?;
        let mut npm = Command::new("npm");
        npm.args(["pack", "--ignore-scripts", "--offline"]).current_dir(folder.path().join("package"));
        let output = npm.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let packed = fs::read_dir(folder.path().join("package"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
            .ok_or("npm pack left no archive")?;
        let archive = folder.path().join("packed.tgz");
        fs::rename(packed, &archive)?;
        let counts = [folder.path().join("package"), archive]
            .iter()
            .map(|target| {
                let outcome = scanner.scan(&[target])?;
                if outcome.verdict != verdict || !outcome.gaps.is_empty() {
                    return Err(Failed::from(format!("{half}: {:?} {:?}", outcome.verdict, outcome.gaps)));
                }
                let facts = outcome.findings.first().map(|first| (first.rule.clone(), first.facts.clone()));
                Ok((facts, outcome.findings.len()))
            })
            .collect::<Result<Vec<_>, Failed>>()?;
        if counts[0] != counts[1] {
            return Err(format!("{half}: the folder and the archive differ: {counts:?}").into());
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
