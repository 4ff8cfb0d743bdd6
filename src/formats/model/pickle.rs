//! Python pickles, protocols 0 to 5, and joblib's files, which are pickles with raw arrays between the opcodes.
//!
//! Format: `Lib/pickletools.py` of CPython; `joblib/numpy_pickle.py`. A pickle is a program: it is walked, never run.

use super::pickle_machine::{walk, walk_inner};
use super::pickle_risks::{Risk, risk};
use super::pickle_seen::{Fault, Walk};
use super::weights::Weights;
use super::{FACTS, numpy, pickle_estimator, pickle_names, pickle_ops, pytorch_legacy};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Extensions that let a pickle without a mark (protocols 0 and 1) be tried.
pub(super) const EXTENSIONS: &[&str] = &["pkl", "pickle", "joblib", "sav"];

/// So many opcodes in a row are no accident: a random byte is one in 4 times, and values have to be there for them.
const SURE: u64 = 16;

/// See the module.
pub struct Pickle;

impl Format for Pickle {
    fn name(&self) -> &'static str {
        "pickle"
    }

    fn summary(&self) -> &'static str {
        "A Python pickle or joblib file: the framework that wrote it, its arrays, and what loading it would import."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        if probe.starts_with(pytorch_legacy::MAGIC) {
            return false;
        }
        match probe.head() {
            [0x80, 0..=5, code, ..] => pickle_ops::is_opcode(*code),
            [code, ..] if EXTENSIONS.iter().any(|name| probe.has_extension(name)) => pickle_ops::is_opcode(*code),
            head => starts_unmarked(head) && ends_with_stop(probe),
        }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let marked = has_mark(bytes);
        let mut seen = Walk::default();
        let mut end = 0;
        let mut fault = None;
        // Several pickles may follow each other in one file.
        loop {
            match walk(bytes, end, &mut seen) {
                Ok(next) => end = next,
                Err(error) => fault = Some(error),
            }
            if fault.is_some() || !has_mark(bytes.get(end as usize..).unwrap_or_default()) {
                break;
            }
        }
        let rest = bytes.get(end as usize..).unwrap_or_default();
        let named = EXTENSIONS.iter().any(|name| Probe::new(artifact.path.base_name(), &[]).has_extension(name));
        let sure = is_pickle(&seen, fault.as_ref(), marked, rest) && (marked || named || !seen.globals.is_empty());
        if !(sure || is_cut_frame(bytes, fault.as_ref())) {
            return Err(FormatError::NotThis);
        }
        let all = walk_inner(&mut seen);
        state(&seen, bytes, out);
        if !all || seen.more_globals {
            out.gap("it imports more names, or holds more pickles in pickles, than lastlook follows; load it nowhere");
        }
        match fault {
            None => Ok(Coverage::Part),
            Some(fault) => Err(FormatError::Broken(fault.error())),
        }
    }
}

/// Whether the first opcodes of a pickle without a mark (protocols 0 and 1) stand here: at least one import or container,
/// and nothing that is no opcode. Text that starts like this is rare, and is told apart by walking on.
fn starts_unmarked(head: &[u8]) -> bool {
    if !matches!(head, [b'c' | b'i' | b'(' | b']' | b'}' | b')' | 0x8c | 0x95 | b'X' | b'U' | b'V' | b'S', ..]) {
        return false;
    }
    let mut cursor = Cursor::new(head);
    for _ in 0..8 {
        match pickle_ops::next(&mut cursor) {
            Ok(Some(op)) if !pickle_ops::is_plausible(&op) => return false,
            Ok(Some(op)) if op.code == b'.' => return true,
            Ok(Some(_)) => {}
            Ok(None) => return false,
            // The argument is longer than what is shown.
            Err(_) => return head.len() >= Probe::HEAD,
        }
    }
    true
}

fn ends_with_stop(probe: &Probe<'_>) -> bool {
    probe.tail().trim_ascii_end().last() == Some(&b'.')
}

fn has_mark(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 0..=5, code, ..] if pickle_ops::is_opcode(*code))
}

/// Whether what was walked is a pickle, and not some other file that starts like one.
fn is_pickle(seen: &Walk<'_>, fault: Option<&Fault>, marked: bool, rest: &[u8]) -> bool {
    let names = seen.globals.iter().all(|(module, name)| pickle_names::is_name(module) && pickle_names::is_name(name));
    let sure = seen.ops >= SURE && names;
    // What runs code has run before the rest turns out to be damaged. Such a name is no accident.
    if names && seen.globals.iter().any(|(module, name)| risk(module, name) == Risk::Code) {
        return true;
    }
    match fault {
        None if rest.iter().all(u8::is_ascii_whitespace) => names,
        None => marked && sure,
        Some(Fault::Limit(_)) => sure,
        Some(Fault::Cut(_)) => names && !seen.globals.is_empty() || marked && sure,
        Some(Fault::Nonsense(_)) => marked && sure,
    }
}

/// Whether the bytes end inside the first frame of a pickle that announces one: mark, frame opcode and a length of less
/// than a terabyte are no accident.
fn is_cut_frame(bytes: &[u8], fault: Option<&Fault>) -> bool {
    matches!(fault, Some(Fault::Cut(_))) && matches!(bytes, [0x80, 4 | 5, 0x95, _, _, _, _, _, 0, 0, 0, ..])
}

fn state(seen: &Walk<'_>, bytes: &[u8], out: &mut Inspection<'_>) {
    if is_debug_information(seen, bytes) {
        out.fact("model.format", "torchscript");
        out.fact("model.kind", "debug information");
        out.fact("model.weights", "none");
        out.fact("model.protection", "plain");
        return;
    }
    let joblib = seen.globals.iter().any(|(module, _)| module.starts_with(b"joblib."));
    out.fact("model.format", if joblib { "joblib" } else { "pickle" });
    out.fact("model.protection", "plain");
    if let [0x80, version, ..] = bytes {
        out.fact("model.version", version.to_string());
    }
    pickle_names::state(&seen.globals, out);
    seen.training.state(out);
    if pickle_names::carries_code(&seen.globals) {
        out.detail("It carries Python functions by value: their code, names and file paths can be read.".to_owned());
    }
    let Some(framework) = pickle_names::framework(&seen.globals) else {
        out.fact("model.weights", "none");
        return;
    };
    out.fact("model.producer", framework);
    if let Some(estimator) = pickle_estimator::of(&seen.globals) {
        out.fact("model.architecture", estimator);
    }
    let weights = add_up(seen, out);
    if weights.tensors > 0 {
        weights.state(out);
        out.fact("model.weights", "inside");
    } else if !seen.storages.is_empty() {
        out.fact("model.weights", "external");
    } else {
        // What a framework keeps in a form of its own cannot be counted.
        out.fact("model.bytes", bytes.len());
        out.fact("model.weights", "inside");
    }
}

/// Whether this is what TorchScript keeps of its source: lines of it, the paths of its files, and positions in them
/// (`torch/csrc/jit/serialization/source_range_serialization.cpp`).
fn is_debug_information(seen: &Walk<'_>, bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    let lists =
        seen.globals.iter().all(|(module, name)| *module == b"torch.jit._pickle" && name.starts_with(b"build_"));
    lists && memchr::memmem::find(head, b"FORMAT_WITH_STRING_TABLE").is_some()
}

/// Adds up the arrays, and accounts for the raw ones that hold no text.
fn add_up(seen: &Walk<'_>, out: &mut Inspection<'_>) -> Weights {
    let mut weights = Weights::default();
    for array in &seen.arrays {
        weights.add(&numpy::dtype_name(array.dtype), array.elements, array.bytes);
        if let Some(raw) = array.raw.clone().filter(|_| numpy::holds_no_text(array.dtype)) {
            out.explain(raw);
        }
    }
    for bytes in &seen.packed {
        weights.add("", 0, *bytes);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, fact: &str) -> String {
        looked.stated.facts.get(fact).map(ToString::to_string).unwrap_or_default()
    }

    fn name(text: &str) -> Vec<u8> {
        let mut op = vec![0x8c, text.len() as u8];
        op.extend(text.as_bytes());
        op.push(0x94);
        op
    }

    fn stack_global(module: &str, class: &str) -> Vec<u8> {
        [name(module), name(class), vec![0x93, 0x94]].concat()
    }

    /// An estimator with one array, as joblib 1.6 writes it with protocol 4.
    fn joblib() -> (Vec<u8>, usize) {
        let mut file = vec![0x80, 4];
        file.extend(stack_global("sklearn.linear_model._logistic", "LogisticRegression"));
        file.extend(b")\x81\x94}\x94(");
        file.extend(name("coef_"));
        file.extend(stack_global("joblib.numpy_pickle", "NumpyArrayWrapper"));
        file.extend(b")\x81\x94}\x94(");
        file.extend(name("shape"));
        file.extend(b"K\x03K\x04\x86\x94");
        file.extend(name("dtype"));
        file.extend(stack_global("numpy", "dtype"));
        file.extend(name("f8"));
        file.extend(b"\x89\x88\x87\x94R\x94(K\x03");
        file.extend(name("<"));
        file.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b");
        file.extend(name("numpy_array_alignment_bytes"));
        file.extend(b"K\x10ub");
        file.extend(b"\x02\xff\xff");
        let raw = file.len();
        file.extend([0xdd; 96]);
        file.extend(name("n_iter_"));
        file.extend(b"K\x07ub.");
        (file, raw)
    }

    #[test]
    fn a_joblib_file_is_read_past_its_raw_arrays() {
        let (file, raw) = joblib();
        let looked = inspect(&Pickle, "model.bin", &file);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(text(&looked, "model.format"), "joblib");
        assert_eq!(text(&looked, "model.producer"), "scikit-learn");
        assert_eq!(text(&looked, "model.weights"), "inside");
        assert_eq!(looked.stated.facts.int("model.parameters"), 12);
        assert_eq!(looked.stated.facts.int("model.bytes"), 96);
        assert_eq!(looked.stated.explained, vec![raw as u64..raw as u64 + 96]);
        assert!(text(&looked, "model.globals").contains("sklearn.linear_model._logistic.LogisticRegression"));
    }

    #[test]
    fn a_pickle_of_plain_data_holds_no_weights() {
        let looked = inspect(&Pickle, "cache.bin", b"\x80\x02}q\x00U\x01aq\x01K\x01s.");
        assert!(looked.result.is_ok());
        assert_eq!((text(&looked, "model.format"), text(&looked, "model.weights")), ("pickle".into(), "none".into()));
        assert_eq!(text(&looked, "model.globals"), "");
    }

    #[test]
    fn what_it_would_import_is_told_in_every_protocol() {
        let attack: [&[u8]; 3] = [
            b"cposix\nsystem\n(S'id'\ntR.",
            b"\x80\x02cposix\nsystem\nq\x00U\x02idq\x01\x85q\x02Rq\x03.",
            b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
        ];
        for pickle in attack {
            assert_eq!(text(&inspect(&Pickle, "a.pkl", pickle), "model.globals"), "posix.system");
        }
        assert_eq!(text(&inspect(&Pickle, "a.txt", attack[0]), "model.globals"), "posix.system", "no mark and no name");
        for prose in [&b"(c) 2026 Tidewater.\nAll of it."[..], b"copyright\nnotice.", b"(see above)\n.", b"]\n."] {
            let looked = inspect(&Pickle, "a.txt", prose);
            assert!(matches!(looked.result, Err(FormatError::NotThis)), "{prose:?}");
        }
    }

    #[test]
    fn what_hides_is_told_too() {
        let call = [stack_global("posix", "system"), name("id"), b"\x85R.".to_vec()].concat();
        let inner = [b"\x80\x04".to_vec(), call.clone()].concat();
        let loads = |module: &str, function: &str| {
            let start = [b"\x80\x04".to_vec(), stack_global(module, function), vec![b'C', inner.len() as u8]].concat();
            [start, inner.clone(), b"\x85R.".to_vec()].concat()
        };
        let remembered =
            [&b"\x80\x04"[..], name("posix").as_slice(), name("system").as_slice(), b"00h\x00h\x01\x93."].concat();
        let dotted = [b"\x80\x04".to_vec(), stack_global("torch.serialization", "os.system"), b".".to_vec()].concat();
        for (pickle, code) in [
            (loads("torch.storage", "_load_from_bytes"), "posix.system"),
            (loads("_pickle", "loads"), "_pickle.loads, posix.system"),
            (remembered, "posix.system"),
            (dotted, "torch.serialization.os.system"),
            ([&inner[..inner.len() - 1], b"\xff\xff and what follows is no pickle"].concat(), "posix.system"),
            (call, "posix.system"),
        ] {
            let looked = inspect(&Pickle, "0x1f.bin", &pickle);
            assert_eq!(text(&looked, "model.code"), code, "{pickle:?}: {:?}", looked.result);
        }
        // Python counts the second value under number 0 as none, and finds `posix` where this looks like `collections`.
        let mixed = [
            &b"\x80\x04\x8c\x01aq\x00\x8c\x01bq\x00"[..],
            name("collections").as_slice(),
            name("posix").as_slice(),
            b"h\x02h\x02\x93.",
        ]
        .concat();
        assert_eq!(text(&inspect(&Pickle, "a.bin", &mixed), "model.indirect"), "?.?");
        let computed = inspect(&Pickle, "a.bin", b"\x80\x04NN\x93.");
        assert_eq!(text(&computed, "model.indirect"), "?.?");
    }

    #[test]
    fn other_files_that_start_alike_are_left_alone() {
        for other in
            [&b"\x80\x02\x00\x01\x02"[..], b"\x80\x04K", b"\x80\x03N\x00\x00\x00", b"(just) a text.", b"\x80\x02uu."]
        {
            let looked = inspect(&Pickle, "a.pkl", other);
            assert!(matches!(looked.result, Err(FormatError::NotThis)), "{other:?}");
        }
    }

    #[test]
    fn a_truncated_pickle_is_a_gap() {
        let (file, _) = joblib();
        for length in 60..file.len() {
            let looked = inspect(&Pickle, "model.joblib", &file[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
            assert!(!text(&looked, "model.format").is_empty());
        }
    }

    #[test]
    fn a_pickle_that_is_cut_inside_its_first_frame_is_a_gap() {
        let looked =
            inspect(&Pickle, "data.bin", b"\x80\x05\x95\x00\x10\x00\x00\x00\x00\x00\x00]\x94(B\x00\x0f\x00\x00ab");
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn hostile_pickles_end() {
        let deep = [b"\x80\x02)".to_vec(), vec![0x85; 300_000], b".".to_vec()].concat();
        assert!(inspect(&Pickle, "a.pkl", &deep).result.is_ok());
        let marks = [b"\x80\x02".to_vec(), vec![b'('; 300_000]].concat();
        assert!(inspect(&Pickle, "a.pkl", &marks).result.is_err());
        let stack = [b"\x80\x02".to_vec(), vec![b'N'; 3 << 20]].concat();
        assert!(matches!(inspect(&Pickle, "a.pkl", &stack).result, Err(FormatError::Broken(_))));
        let (file, _) = joblib();
        for at in 0..file.len() {
            for byte in [0, b'(', b'.', b'b', 0x94, 0xff] {
                let mut broken = file.clone();
                broken[at] = byte;
                let _ = inspect(&Pickle, "a.pkl", &broken);
            }
        }
    }
}
