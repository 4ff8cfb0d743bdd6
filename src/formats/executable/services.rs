//! Whose folders of a building machine are: places that say nothing of whoever built a file, because everybody who uses
//! the same service, container or distribution has them.
//!
//! From the documentation of the services, and from what published packages hold.

/// Folders at the start of a path, in lower case and with slashes, and whose they are. The first that fits counts.
const STARTS: [(&str, &str); 75] = [
    ("/home/runner/", "GitHub Actions"),
    ("/users/runner/work/1/", "Azure Pipelines"),
    ("/users/runner/", "GitHub Actions"),
    ("/runner/_work/", "GitHub Actions"),
    ("/__w/1/", "Azure Pipelines"),
    ("/__w/", "GitHub Actions"),
    ("/github/", "GitHub Actions"),
    ("/actions-runner/", "GitHub Actions"),
    ("/opt/actions-runner/", "GitHub Actions"),
    ("c:/users/runneradmin/", "GitHub Actions"),
    ("c:/actions-runner/", "GitHub Actions"),
    ("d:/a/_work/", "Azure Pipelines"),
    ("d:/a/1/", "Azure Pipelines"),
    ("d:/a/", "GitHub Actions"),
    ("/home/vsts/", "Azure Pipelines"),
    ("/mnt/vss/", "Azure Pipelines"),
    ("/agent/_work/", "Azure Pipelines"),
    ("c:/agent/", "Azure Pipelines"),
    ("/builds/worker/", "Taskcluster"),
    ("/builds/", "GitLab CI"),
    ("/home/gitlab-runner/", "GitLab CI"),
    ("c:/gitlab-runner/", "GitLab CI"),
    ("/home/circleci/", "CircleCI"),
    ("/users/distiller/", "CircleCI"),
    ("/home/travis/", "Travis CI"),
    ("/users/travis/", "Travis CI"),
    ("/var/lib/jenkins/", "Jenkins"),
    ("/var/jenkins_home/", "Jenkins"),
    ("/home/jenkins/", "Jenkins"),
    ("/users/jenkins/", "Jenkins"),
    ("c:/jenkins/", "Jenkins"),
    ("/jenkins/", "Jenkins"),
    ("/var/lib/buildkite-agent/", "Buildkite"),
    ("/buildkite/", "Buildkite"),
    ("/drone/", "Drone"),
    ("/opt/atlassian/", "Bitbucket Pipelines"),
    ("/opt/teamcity", "TeamCity"),
    ("c:/buildagent/", "TeamCity"),
    ("/mnt/agent/work/", "TeamCity"),
    ("c:/projects/", "AppVeyor"),
    ("/codebuild/", "AWS CodeBuild"),
    ("/tmp/cirrus-ci-build/", "Cirrus CI"),
    ("/tmpfs/src/", "Kokoro"),
    ("/kokoro/", "Kokoro"),
    ("t:/src/", "Kokoro"),
    ("/b/s/w/", "Chromium builders"),
    ("/b/f/w/", "Chromium builders"),
    ("/b/build/", "Chromium builders"),
    ("c:/b/s/w/", "Chromium builders"),
    ("/proc/self/cwd/", "Bazel"),
    ("/io/", "manylinux"),
    ("/project/", "manylinux"),
    ("/opt/_internal/", "manylinux"),
    ("/opt/python/", "manylinux"),
    ("/croot/", "conda"),
    ("c:/b/abs_", "conda"),
    ("/home/conda/", "conda"),
    ("/opt/conda/", "conda"),
    ("/opt/anaconda", "conda"),
    ("/usr/local/cellar/", "Homebrew"),
    ("/private/tmp/", "Homebrew"),
    ("/home/linuxbrew/", "Homebrew"),
    ("/builddir/", "a Linux distribution"),
    ("/usr/src/", "a common folder"),
    ("/build/", "a common folder"),
    ("/workspace/", "a common folder"),
    ("/workspaces/", "a common folder"),
    ("/work/", "a common folder"),
    ("/source/", "a common folder"),
    ("/src/", "a common folder"),
    ("/code/", "a common folder"),
    ("/app/", "a common folder"),
    ("/root/", "an account of the system"),
    ("/go/src/", "a common folder"),
    ("c:/windows/serviceprofiles/", "an account of the system"),
];

/// What stands anywhere in a path.
const PARTS: [(&str, &str); 12] = [
    ("/feedstock_root/", "conda"),
    ("/conda-bld/", "conda"),
    ("/actions-runner/_work/", "GitHub Actions"),
    ("/actions-runners/", "GitHub Actions"),
    ("/jenkins/workspace/", "Jenkins"),
    ("/.jenkins/", "Jenkins"),
    ("/buildkite-agent/", "Buildkite"),
    ("/buildbot/", "Buildbot"),
    ("/teamcity/", "TeamCity"),
    ("/_work/1/s/", "Azure Pipelines"),
    ("/execroot/", "Bazel"),
    ("/_bazel_", "Bazel"),
];

/// What belongs to compilers and systems and stands on every machine: not worth a word.
const TOOLS: [&str; 41] = [
    "/rustc/",
    "/rust/deps/",
    "/lib/rustlib/src/",
    "/.rustup/toolchains/",
    "/.cargo/registry/",
    "/.cargo/git/",
    "/cargo/registry/",
    "/cargo/git/",
    "/go/pkg/mod/",
    "/gomodcache/",
    "/usr/include/",
    "/usr/local/include/",
    "/usr/lib/",
    "/usr/lib64/",
    "/usr/local/lib/",
    "/usr/local/go/",
    "/usr/share/",
    "/hostedtoolcache/",
    "/applications/xcode",
    "/library/developer/",
    "/library/caches/",
    "/appleinternal/",
    "/xcode.app/",
    "/program files",
    "/windows kits/",
    "/vc/tools/msvc/",
    "/nix/store/",
    "/opt/homebrew/",
    "/opt/rh/",
    "/opt/wasi-sdk/",
    "/emsdk/",
    "/ziglang/",
    "/zig/lib/",
    "/android-ndk",
    "/ndk/",
    "/node-gyp/",
    "/vcpkg/",
    "/.conan",
    "/dbs/el/",
    "/dbs/sh/",
    "/vctools/crt/",
];

/// Folders for what is not kept.
const TEMPORARY: [&str; 10] = [
    "/tmp/",
    "/var/tmp/",
    "/private/var/folders/",
    "/var/folders/",
    "/dev/shm/",
    "/run/user/",
    "c:/temp/",
    "c:/tmp/",
    "c:/windows/temp/",
    "c:/windows/systemtemp/",
];

/// What a path in a program says of where the program was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A folder that a build service, a container or a distribution gives everybody.
    Service(&'static str),
    /// Compilers, systems and packages of others.
    Tool,
    /// A folder for what is not kept.
    Temporary,
    /// A folder on a server of a network.
    Share,
    /// A folder in somebody's documentation.
    Example,
    /// None of these.
    Elsewhere,
}

/// Judges an absolute path, with any slashes.
pub(super) fn place(path: &str) -> Place {
    let path = path.replace('\\', "/").to_lowercase();
    let doubled = path.trim_start_matches("//?/");
    let plain = if path.starts_with("//") && !path.starts_with("//?/") { return share(&path) } else { doubled };
    let plain = squeezed(plain);
    if TOOLS.iter().any(|tool| plain.contains(tool)) {
        return Place::Tool;
    }
    if let Some((_, whose)) = STARTS.iter().find(|(start, _)| plain.starts_with(start)) {
        return Place::Service(whose);
    }
    if let Some((_, whose)) = PARTS.iter().find(|(part, _)| plain.contains(part)) {
        return Place::Service(whose);
    }
    if TEMPORARY.iter().any(|folder| plain.starts_with(folder)) || plain.contains("/appdata/local/temp/") {
        return Place::Temporary;
    }
    if ["/home/", "/users/", "c:/users/"].iter().any(|folder| plain.starts_with(folder)) {
        return Place::Service("an account of the system");
    }
    let is_example = ["/path/", "/path-to", "/some/", "/foo/", "/bar/", "/my/", "/your", "/example", "/to/", "/a/b"]
        .iter()
        .any(|word| plain.starts_with(word) || plain.get(2..).is_some_and(|rest| rest.starts_with(word)));
    if is_example { Place::Example } else { Place::Elsewhere }
}

/// Text inside text has every backslash twice.
fn squeezed(path: &str) -> String {
    if path.contains("//") { path.replace("//", "/") } else { path.to_owned() }
}

/// A path that starts with two slashes.
fn share(path: &str) -> Place {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (Some(host), Some(share), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return Place::Example };
    let host_fits = host.len() > 1
        && host.starts_with(|first: char| first.is_ascii_alphanumeric())
        && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    let share_fits = share.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.$ ".contains(letter));
    if !host_fits || !share_fits {
        return Place::Example;
    }
    match host {
        "server" | "host" | "machine" | "computer" | "localhost" | "127.0.0.1" | "hostname" | "servername"
        | "remote" | "share" | "network" | "unc" => Place::Example,
        // A Linux on the same machine, and the host of a virtual one.
        "wsl$" | "wsl.localhost" | "psf" | "mac" | "vboxsvr" | "vmware-host" | "tsclient" => Place::Elsewhere,
        _ => Place::Share,
    }
}

/// Whether a folder in which a loader looks for libraries is one that a build had and other machines have not, and which.
pub(super) fn library_folder(folder: &str) -> Place {
    let folder = if folder.ends_with('/') { folder.to_owned() } else { format!("{folder}/") };
    if !folder.starts_with('/') {
        return Place::Tool;
    }
    match place(&folder) {
        Place::Elsewhere | Place::Example | Place::Share => Place::Tool,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        for (path, expected) in [
            ("/home/runner/work/tide/tide/src/a.c", Place::Service("GitHub Actions")),
            ("D:\\a\\tide\\tide\\src\\a.cpp", Place::Service("GitHub Actions")),
            ("D:\\a\\_work\\1\\s\\src\\a.cpp", Place::Service("Azure Pipelines")),
            ("/builds/harbour/tide/a.c", Place::Service("GitLab CI")),
            ("/data/jenkins/workspace/tide/a.c", Place::Service("Jenkins")),
            ("/croot/tide_1700/work/a.c", Place::Service("conda")),
            ("/build/tide-Xy12/tide-1.0/a.c", Place::Service("a common folder")),
            ("/home/ubuntu/tide/a.c", Place::Service("an account of the system")),
            ("/rustc/0123/library/core/src/a.rs", Place::Tool),
            ("C:\\Program Files\\LLVM\\a.h", Place::Tool),
            ("C:\\hostedtoolcache\\windows\\Python\\3.11\\include\\a.h", Place::Tool),
            ("/opt/hostedtoolcache/Python/3.11/include/a.h", Place::Tool),
            ("/tmp/pip-build-env-x/a.h", Place::Temporary),
            ("/var/folders/zz/abc/T/a.c", Place::Temporary),
            ("\\\\buildsrv\\projects\\tide\\a.cpp", Place::Share),
            ("\\\\\\\\buildsrv\\\\projects\\\\tide\\\\a.cpp", Place::Share),
            ("\\\\server\\share\\tide\\a.cpp", Place::Example),
            ("\\\\?\\D:\\projects\\tide\\a.cpp", Place::Elsewhere),
            ("/path/to/a.c", Place::Example),
            ("D:\\projects\\acme\\a.cpp", Place::Elsewhere),
            ("/mnt/work/acme/a.c", Place::Elsewhere),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn library_folders_of_a_build_are_told_from_those_of_a_system() {
        assert_eq!(library_folder("/tmp/tide/lib"), Place::Temporary);
        assert_eq!(library_folder("/builds/tide/lib"), Place::Service("GitLab CI"));
        for folder in ["$ORIGIN/../lib", "@loader_path", "/usr/lib/tide", "/opt/tide/lib", "/usr/local/lib"] {
            assert_eq!(library_folder(folder), Place::Tool, "{folder}");
        }
    }
}
