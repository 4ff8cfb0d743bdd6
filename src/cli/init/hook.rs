//! The script in package.json that looks before publishing.

use anyhow::Result;
use lastlook::fix::Change;
use lastlook::fix::scripts::{Package, Side};

use super::Made;
use super::project::{Existing, Kind, Project};

/// What the script runs.
const COMMAND: &str = "lastlook";

/// Adds the hook.
pub fn hook(project: &Project) -> Result<Made> {
    let name = "package.json";
    let bytes = match project.read(name)? {
        Existing::File(bytes) => bytes,
        Existing::Nothing => return Ok(Made::Not("there is no package.json, so no tool that runs hooks".to_owned())),
        Existing::Odd(why) => return Ok(Made::Not(format!("{name} {why}"))),
    };
    let Some(package) = Package::read(&bytes) else {
        return Ok(Made::Not(format!("{name} cannot be read as JSON")));
    };
    if let Some((script, _)) = package.scripts.iter().find(|(_, commands)| commands.contains(COMMAND)) {
        return Ok(Made::There(format!("the script `{script}` runs lastlook")));
    }
    if package.private || !package.named {
        return Ok(Made::Not("the package is private or has no name: no package manager publishes it".to_owned()));
    }
    let (event, side, why) = which(&package, project.kind);
    let Some(edit) = package.add(&bytes, event, COMMAND, side) else {
        return Ok(Made::Not(format!("`{event}` in {name} is no string")));
    };
    let what = format!("run lastlook in {event}: {why}");
    Ok(Made::Change(Change::edit(project.path(name), name.to_owned(), what, &bytes, vec![edit])))
}

/// The script that sees what is published and can still stop it.
fn which(package: &Package, kind: Kind) -> (&'static str, Side, &'static str) {
    let builds = package.script("prepack").is_some() || package.script("prepare").is_some();
    match kind {
        // Its postpack runs after the upload, and it knows no prepublishOnly.
        Kind::Berry => ("prepack", Side::Last, "the last script that yarn runs before it publishes"),
        // What comes behind may put files back that were changed for packing.
        _ if builds || package.script("postpack").is_some() => {
            ("postpack", Side::First, "it sees what prepack and prepare build, and can still stop the upload")
        }
        _ => ("prepublishOnly", Side::Last, "it runs before the package is packed and uploaded"),
    }
}
