//! `docker push`: the image that a tag stands for is saved and looked at, and pushed only while the tag stands for it.

use super::plan::{Arg, Plan, Proof, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

const DOCKER: Grammar = Grammar {
    values: &[
        "--platform",
        "--authfile",
        "--cert-dir",
        "--compression-format",
        "--compression-level",
        "--creds",
        "--digestfile",
        "-f",
        "--format",
        "--retry",
        "--retry-delay",
        "--sign-by",
        "--sign-passphrase-file",
        "--sign-by-sigstore-private-key",
        "--encryption-key",
    ],
    flags: &[
        "-a",
        "--all-tags",
        "-q",
        "--quiet",
        "--disable-content-trust",
        "--remove-signatures",
        "--tls-verify",
        "--force-compression",
    ],
    truth: false,
};

/// `docker push NAME[:TAG]`, and podman's.
pub fn push(call: &Call<'_>, verb: &[&str]) -> Result<Plan, String> {
    let split = Split::of(call.rest, &DOCKER)?;
    if split.has(&["-a", "--all-tags"]) {
        return Err("guard looks at one image at a time\n  hint: push the tags one by one".to_owned());
    }
    let [name] = split.plain.as_slice() else {
        return Err("guard pushes one image, by its name\n  hint: lastlook guard -- docker push NAME:TAG".to_owned());
    };
    if split.value(&["--encryption-key"]).is_some() {
        return Err("guard cannot look at what is encrypted while it is pushed".to_owned());
    }
    let folder = call.here.folder.clone();
    let inspect = call.step(&folder, ["image", "inspect", "--format", "{{.Id}}"]).and([name]);
    let id = call.here.asked(&inspect)?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return Err(format!("there is no single image `{}`", name.to_string_lossy()));
    }
    // By its id: whatever the tag stands for by then, this is the image that was asked about.
    let save = call.step(&folder, ["image", "save", "--output"]).with(Arg::Inside("image.tar")).and([&id]);
    let publish = call.step(&folder, verb.iter().copied()).and(split.without(&[])).and([name]);
    let mut unit = Unit::made(&name.to_string_lossy(), save, ".tar", publish);
    unit.proof = Proof::Name { ask: inspect, says: id };
    let mut plan = Plan::one(folder, unit);
    plan.notes.push(
        "an image is pushed by its name: guard looks at the image that the name stands for, and makes sure that it stands for \
         the same one right before and after"
            .to_owned(),
    );
    Ok(plan)
}
