//! What the Python names that a pickle imports can do once it is loaded.
//!
//! A pickle may import any name that Python can reach and call it. The names below come from the documentation and the
//! sources of CPython, NumPy, PyTorch, joblib and pandas: each of them runs code, starts programs, loads other pickles
//! or libraries, or reaches files and the network when it is called.

use super::pickle_names;

/// What an imported name can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Risk {
    /// Runs code or programs, or reaches files or the network.
    Code,
    /// Reaches other names by their text, or builds functions out of code that the pickle carries.
    Indirect,
    /// Belongs to a package that is no known framework of machine learning, so nobody can say what it does.
    Foreign,
    /// Belongs to a known framework, or is one of the plain types of Python.
    Known,
}

/// No honest name has more parts.
const STEPS: usize = 32;

/// Packages and modules that no honest model needs; whatever is taken from them counts.
const MODULES: &[&str] = &[
    "_aix_support",
    "_ctypes",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_ssl",
    "_xxsubinterpreters",
    "aiohttp",
    "antigravity",
    "asyncio",
    "bdb",
    "cPickle",
    "cProfile",
    "code",
    "codeop",
    "commands",
    "compileall",
    "concurrent.interpreters",
    "ctypes",
    "curses",
    "dbm",
    "distutils",
    "doctest",
    "ensurepip",
    "fabric",
    "faulthandler",
    "fileinput",
    "ftplib",
    "gdb",
    "hotshot",
    "http",
    "httplib",
    "httpx",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "invoke",
    "joblib.externals.loky",
    "joblib.parallel",
    "lib2to3",
    "logging.config",
    "logging.handlers",
    "marshal",
    "mmap",
    "multiprocessing",
    "nntplib",
    "nt",
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "os",
    "pandas.io",
    "paramiko",
    "pdb",
    "pexpect",
    "pickle",
    "pip",
    "pkg_resources",
    "pkgutil",
    "platform",
    "plumbum",
    "popen2",
    "poplib",
    "posix",
    "profile",
    "pty",
    "py_compile",
    "pycurl",
    "pydoc",
    "readline",
    "requests",
    "rlcompleter",
    "runpy",
    "sched",
    "scipy.weave",
    "select",
    "setuptools",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "symtable",
    "sys",
    "sysconfig",
    "tarfile",
    "telnetlib",
    "tempfile",
    "test.libregrtest",
    "test.support",
    "timeit",
    "tkinter.filedialog",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed.elastic",
    "torch.distributed.launch",
    "torch.distributed.rpc",
    "torch.distributed.run",
    "torch.fx.experimental",
    "torch.hub",
    "torch.jit.unsupported_tensor_ops",
    "torch.multiprocessing",
    "torch.package",
    "torch.utils._config_module",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.data.datapipes",
    "torch.utils.model_zoo",
    "trace",
    "tty",
    "turtle",
    "unittest",
    "urllib",
    "urllib2",
    "urllib3",
    "venv",
    "webbrowser",
    "winreg",
    "wsgiref",
    "xmlrpc",
    "zipfile",
    "zipimport",
];

/// Single names of modules that are harmless otherwise. A class stands for its methods too.
const NAMES: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "eval",
            "exec",
            "execfile",
            "compile",
            "open",
            "file",
            "input",
            "apply",
            "breakpoint",
            "__import__",
            "help",
            "reload",
            "globals",
            "locals",
            "vars",
            "memoryview",
        ],
    ),
    ("_io", &["open", "FileIO", "open_code", "BufferedWriter"]),
    ("io", &["open", "FileIO", "open_code"]),
    ("codecs", &["open"]),
    ("types", &["CodeType", "FunctionType", "LambdaType", "ModuleType"]),
    ("_types", &["CodeType", "FunctionType"]),
    ("logging", &["FileHandler", "basicConfig"]),
    ("inspect", &["getattr_static", "currentframe", "stack"]),
    ("gc", &["get_objects", "get_referrers"]),
    ("linecache", &["updatecache", "getline", "getlines"]),
    ("pathlib", &["Path", "PosixPath", "WindowsPath"]),
    ("threading", &["Thread", "Timer"]),
    ("_thread", &["start_new_thread", "start_new"]),
    ("uuid", &["_get_command_stdout", "_popen", "_find_mac", "getnode"]),
    ("numpy", &["load", "loadtxt", "genfromtxt", "fromfile", "save", "savez", "savetxt", "memmap", "DataSource"]),
    ("numpy.lib", &["load", "loadtxt", "genfromtxt", "save", "savez", "DataSource"]),
    ("pandas", &["read_pickle", "eval", "read_csv", "read_html", "read_sql"]),
    ("pandas.core.computation", &["eval"]),
    ("joblib", &["load", "dump", "Parallel", "Memory"]),
    ("torch", &["load", "save", "compile"]),
    ("torch.serialization", &["load", "save", "_load", "_legacy_load"]),
    ("torch.jit", &["load", "save"]),
];

/// Functions of frameworks that load other models or reach files, whichever module they are taken from.
const VERBS: &[&str] = &[
    "Popen",
    "check_output",
    "compile_file",
    "download_url_to_file",
    "eval",
    "exec",
    "execWrapper",
    "execfile",
    "from_pretrained",
    "get_file",
    "import_module",
    "load_library",
    "load_model",
    "load_module",
    "load_state_dict_from_url",
    "load_url",
    "popen",
    "read_file",
    "read_pickle",
    "run_module",
    "run_path",
    "runstring",
    "spawn",
    "system",
    "urlopen",
    "urlretrieve",
    "write_file",
];

/// Modules that other modules import, and so can be reached through them: `torch.serialization` has an `os`.
const REACHED: &[&str] = &[
    "_os",
    "_sys",
    "builtins",
    "ctypes",
    "importlib",
    "marshal",
    "multiprocessing",
    "nt",
    "os",
    "pickle",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "urllib",
    "webbrowser",
];

/// What reaches other names, or carries code by value.
const INDIRECT: &[(&str, &[&str])] = &[
    ("builtins", &["getattr", "setattr", "delattr", "type", "super", "map", "filter", "iter", "__build_class__"]),
    ("operator", &["attrgetter", "itemgetter", "methodcaller", "call"]),
    ("types", &["MethodType", "DynamicClassAttribute", "resolve_bases", "new_class"]),
    ("functools", &["reduce", "partialmethod", "singledispatch"]),
    ("cloudpickle", &[]),
    ("joblib.externals.cloudpickle", &[]),
    ("dill", &[]),
    ("pyspark.cloudpickle", &[]),
    ("?", &[]),
];

/// What this name can do.
pub(super) fn risk(module: &[u8], name: &[u8]) -> Risk {
    let (module, name) = (module_text(module), text(name));
    if runs_code(module, name) {
        Risk::Code
    } else if is_indirect(module, name) {
        Risk::Indirect
    } else if pickle_names::is_known(module, name) {
        Risk::Known
    } else {
        Risk::Foreign
    }
}

/// Whether this name runs code or reaches others.
pub(super) fn can_harm(module: &[u8], name: &[u8]) -> bool {
    let (module, name) = (module_text(module), text(name));
    runs_code(module, name) || is_indirect(module, name)
}

fn is_indirect(module: &str, name: &str) -> bool {
    INDIRECT.iter().any(|(from, names)| inside(module, from) && listed(names, name))
}

/// The module under the name that it has today.
fn module_text(module: &[u8]) -> &str {
    match text(module) {
        "__builtin__" => "builtins",
        "_operator" => "operator",
        other => other,
    }
}

fn runs_code(module: &str, name: &str) -> bool {
    if is_in(module) {
        return true;
    }
    let exact =
        |(from, names): &(&str, &[&str])| module == *from && listed(names, name) && !is_plain_path(module, name);
    if NAMES.iter().any(exact) {
        return true;
    }
    // From protocol 4 on a name may lead through attributes: `torch.serialization` and `os.system`.
    if name.split('.').nth(STEPS).is_some() {
        return true;
    }
    let mut steps = name.split('.');
    let last = name.rsplit('.').next().unwrap_or(name);
    VERBS.binary_search(&last).is_ok()
        || steps
            .any(|step| REACHED.binary_search(&step).is_ok() || step.starts_with("__") && !PLAIN_DUNDER.contains(&step))
}

/// Names with two underscores that picklers write.
const PLAIN_DUNDER: &[&str] = &[
    "__newobj__",
    "__newobj_ex__",
    "__randomstate_ctor",
    "__generator_ctor",
    "__bit_generator_ctor",
    "__main__",
    "__pyx_unpickle_Enum",
];

/// A path is a plain value; what can be done with it needs a method.
fn is_plain_path(module: &str, name: &str) -> bool {
    module == "pathlib" && !name.contains('.')
}

/// Whether the module, or one that it lies in, is listed.
fn is_in(module: &str) -> bool {
    let ends = module.match_indices('.').map(|(at, _)| at).chain([module.len()]).take(STEPS);
    ends.into_iter().any(|end| MODULES.binary_search(&&module[..end]).is_ok())
}

fn inside(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether the list is empty, or holds the name or the class that it begins with.
fn listed(names: &[&str], name: &str) -> bool {
    names.is_empty() || names.iter().any(|known| inside(name, known))
}

fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_searched_are_sorted() {
        assert!([MODULES, VERBS, REACHED].iter().all(|list| list.is_sorted()));
    }

    #[test]
    fn what_runs_code_is_told_from_what_models_need() {
        let code = [
            ("posix", "system"),
            ("nt", "system"),
            ("os", "popen"),
            ("os.path", "os.system"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("__builtin__", "exec"),
            ("builtins", "__import__"),
            ("builtins", "eval.__call__"),
            ("torch.serialization", "os.system"),
            ("torch.serialization", "os"),
            ("sklearn.base", "X.__globals__"),
            ("numpy.testing._private.utils", "runstring"),
            ("torch.hub", "load"),
            ("pandas", "read_pickle"),
            ("importlib", "import_module"),
            ("_io", "FileIO"),
            ("types", "CodeType"),
            ("asyncio.subprocess", "x"),
            ("transformers", "AutoModel.from_pretrained"),
            ("pathlib", "Path.write_text"),
            ("code", "interact"),
        ];
        for (module, name) in code {
            assert_eq!(risk(module.as_bytes(), name.as_bytes()), Risk::Code, "{module} {name}");
        }
        let known = [
            ("collections", "OrderedDict"),
            ("torch._utils", "_rebuild_tensor_v2"),
            ("torch", "FloatStorage"),
            ("torch.serialization", "_get_layout"),
            ("numpy.random._pickle", "__randomstate_ctor"),
            ("numpy", "dtype"),
            ("sklearn.linear_model._logistic", "LogisticRegression"),
            ("builtins", "set"),
            ("copyreg", "_reconstructor"),
            ("__builtin__", "bytearray"),
            ("functools", "partial"),
            ("datetime", "datetime"),
            ("pathlib", "PosixPath"),
            ("joblib.numpy_pickle", "NumpyArrayWrapper"),
            ("pandas._libs.internals", "_unpickle_block"),
            ("torch.storage", "_load_from_bytes"),
            ("_codecs", "encode"),
            ("uuid", "UUID"),
        ];
        for (module, name) in known {
            assert_eq!(risk(module.as_bytes(), name.as_bytes()), Risk::Known, "{module} {name}");
        }
        for (module, name) in [
            ("builtins", "getattr"),
            ("_operator", "attrgetter"),
            ("cloudpickle.cloudpickle", "_make_function"),
            ("?", "?"),
        ] {
            assert_eq!(risk(module.as_bytes(), name.as_bytes()), Risk::Indirect, "{module} {name}");
        }
        for (module, name) in [("harbour.pilot", "Model"), ("osmosis", "x"), ("__main__", "Net")] {
            assert_eq!(risk(module.as_bytes(), name.as_bytes()), Risk::Foreign, "{module} {name}");
        }
    }
}
