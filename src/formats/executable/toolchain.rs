//! Whose a source is, judged by its name in debug information.

use crate::formats::{Origin, source_map};

/// Where compilers, systems and package managers keep what is not the publisher's, and what to call it. Only places that
/// nobody builds in: `/usr/src/app`, for instance, is where many containers keep the program itself.
const PLACES: [(&str, &str); 26] = [
    // Where the Node.js project builds what everybody downloads.
    ("/home/iojs/build/ws/", "node"),
    ("/rustc/", "rust"),
    ("/usr/include/", "system headers"),
    ("/usr/local/include/", "system headers"),
    ("/opt/_internal/", "python"),
    ("/opt/python/", "python"),
    ("/opt/rh/", "gcc"),
    ("/usr/lib/gcc/", "gcc"),
    ("/usr/lib/llvm", "llvm"),
    ("/usr/lib/clang/", "llvm"),
    ("/usr/lib/go", "go"),
    ("/usr/local/go/src/", "go"),
    ("/usr/src/debug/", "system"),
    ("/usr/src/linux-headers", "system headers"),
    ("/nix/store/", "nix"),
    ("/opt/homebrew/", "homebrew"),
    ("/Applications/Xcode", "xcode"),
    ("/Library/Developer/CommandLineTools/", "xcode"),
    ("/opt/wasi-sdk/", "wasi-sdk"),
    ("/emsdk/upstream/", "emscripten"),
    ("wasisdk://", "wasi-sdk"),
    ("<built-in>", "compiler"),
    ("<command line>", "compiler"),
    ("<compiler-generated>", "compiler"),
    ("C:/Program Files/", "system"),
    ("C:/Program Files (x86)/", "system"),
];

/// Folders that hold other packages wherever they lie. What follows names the package.
const REGISTRIES: [&str; 4] = ["/.cargo/registry/src/", "/.cargo/git/checkouts/", "/go/pkg/mod/", "/.nuget/packages/"];

/// Folders of toolchains that are unpacked anywhere.
const TOOLCHAINS: [(&str, &str); 19] = [
    // The folder of a release of Python's sources, from which pyenv and many images build.
    ("/Python-3.", "python"),
    ("/include/python3.", "python"),
    // What distributions and Microsoft link into every program, built on their own machines.
    ("/build/glibc-", "glibc"),
    ("/glibc-2.", "glibc"),
    ("/libgcc/", "gcc"),
    ("/libstdc++-v3/", "gcc"),
    ("/mingw-w64-crt/", "mingw"),
    ("/mingw-w64-headers/", "mingw"),
    ("/vctools/crt/", "msvc"),
    ("/minkernel/crts/", "msvc"),
    ("/zig/lib/", "zig"),
    ("/ziglang/lib/", "zig"),
    ("/.rustup/toolchains/", "rust"),
    ("/emscripten/system/", "emscripten"),
    ("/emscripten/cache/", "emscripten"),
    ("/toolchains/llvm/prebuilt/", "android-ndk"),
    ("/.cache/node-gyp/", "node"),
    ("/VC/Tools/MSVC/", "msvc"),
    ("/Windows Kits/", "windows-sdk"),
];

/// Judges a source by its name in a line table.
pub(super) fn origin(name: &str) -> Origin {
    let name = name.replace('\\', "/");
    // What leads elsewhere by `..` says nothing of where it ends.
    let leaves = name.split('/').any(|part| part == "..");
    let third = Origin::third_party;
    if let Some((_, owner)) = PLACES.iter().find(|(place, _)| name.starts_with(place) && !leaves) {
        return third(owner);
    }
    if leaves {
        return package_manager(&name);
    }
    for place in REGISTRIES {
        if let Some((_, inside)) = name.split_once(place) {
            // A folder for the index or the host comes first, except for Go, where the module is the whole path.
            let package = match place {
                "/go/pkg/mod/" => inside.split('@').next(),
                "/.nuget/packages/" => inside.split('/').next(),
                _ => inside.split('/').nth(1),
            };
            return third(package.filter(|package| !package.is_empty()).unwrap_or("other packages"));
        }
    }
    match TOOLCHAINS.iter().find(|(place, _)| name.contains(place)) {
        Some((_, owner)) => third(owner),
        None => package_manager(&name),
    }
}

/// Judges a document of .NET. Compilers are given files that nobody wrote as well: attributes of the assembly, and what
/// generators made, which lies in a folder of the generator's name inside one of its assembly's.
pub(super) fn managed_origin(name: &str) -> Origin {
    let slashes = name.replace('\\', "/");
    let mut parts = slashes.rsplit('/');
    let (file, generator, assembly) = (parts.next(), parts.next(), parts.next());
    let file = file.unwrap_or_default();
    let made = ["AssemblyInfo", "AssemblyAttributes", "GlobalUsings.g"].iter().any(|end| {
        file.rsplit_once('.').is_some_and(|(stem, kind)| stem.ends_with(end) && matches!(kind, "cs" | "vb" | "fs"))
    });
    let generated = generator.zip(assembly).is_some_and(|(generator, assembly)| {
        // Pages are written by hand, and repeated word for word in what Razor makes of them.
        !assembly.is_empty() && generator.starts_with(&format!("{assembly}.")) && !generator.contains("Razor")
    });
    // Assembly information can be written by hand; what tools write lies in the folder of intermediate files.
    if (made && slashes.contains("/obj/")) || generated {
        return Origin::Generated;
    }
    origin(name)
}

/// Native parts of npm packages are built where they are installed.
fn package_manager(name: &str) -> Origin {
    match source_map::origin(name) {
        third @ Origin::ThirdParty { .. } => third,
        // A bundler's glue is in no line table; a folder of that name is the publisher's own.
        Origin::FirstParty | Origin::Generated => Origin::FirstParty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_tell_whose_a_source_is() {
        for (name, owner) in [
            ("/rustc/0123abcd/library/core/src/fmt/mod.rs", "rust"),
            ("/usr/include/stdio.h", "system headers"),
            ("/home/x/.cargo/registry/src/index.crates.io-1949/serde-1.0.1/src/lib.rs", "serde-1.0.1"),
            ("/root/go/pkg/mod/example.org/harbour/quay@v1.2.3/a.c", "example.org/harbour/quay"),
            ("C:\\Program Files\\LLVM\\lib\\clang\\18\\include\\stddef.h", "system"),
            ("/build/app/node_modules/node-addon-api/napi.h", "node-addon-api"),
            ("/build/../node_modules/node-addon-api/napi.h", "node-addon-api"),
            ("/opt/x/ziglang/lib/compiler_rt/mul.zig", "zig"),
            ("/opt/_internal/cpython-3.12.15/include/python3.12/object.h", "python"),
            ("/build/glibc-6iIyft/glibc-2.28/csu/start.S", "glibc"),
            ("D:\\a\\_work\\1\\s\\src\\vctools\\crt\\vcstartup\\src\\exe_main.cpp", "msvc"),
            ("<built-in>", "compiler"),
            ("/home/iojs/build/ws/deps/uv/src/idna.c", "node"),
            ("/tmp/python-build.20260509073455.222/Python-3.11.7/./Modules/getbuildinfo.c", "python"),
        ] {
            assert!(matches!(origin(name), Origin::ThirdParty { package, .. } if package == owner), "{name}");
        }
        for name in [
            "/build/src/main.c",
            "src/rustc/a.rs",
            "/usr/src/app/main.rs",
            "/usr/include/../../home/jdoe/secret.c",
            "/home/jdoe/.cargo/registry/src/../../../app/main.rs",
            "C:\\work\\app\\main.cpp",
            "webpack/bootstrap.c",
        ] {
            assert_eq!(origin(name), Origin::FirstParty, "{name}");
        }
    }
}
