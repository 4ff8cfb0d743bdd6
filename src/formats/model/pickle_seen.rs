//! What a walk through a pickle has seen, and why one ends early.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::bytes::ReadError;

/// A tensor's storage that lies outside the pickle (PyTorch).
#[derive(Debug, Clone)]
pub(super) struct Storage<'a> {
    pub(super) class: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) elements: u64,
}

/// An array inside the pickle (NumPy).
#[derive(Debug, Clone)]
pub(super) struct Array<'a> {
    /// `f8`, `i4` … as NumPy writes it.
    pub(super) dtype: &'a [u8],
    pub(super) elements: u64,
    pub(super) bytes: u64,
    /// Where its bytes are, where they stand between opcodes (joblib).
    pub(super) raw: Option<Range<u64>>,
}

/// What was seen in a pickle.
#[derive(Debug, Default)]
pub(super) struct Walk<'a> {
    /// Module and name of everything that loading would import, in the order of appearance.
    pub(super) globals: Vec<(&'a [u8], &'a [u8])>,
    pub(super) storages: Vec<Storage<'a>>,
    pub(super) arrays: Vec<Array<'a>>,
    /// Bytes of tensors that the pickle holds in a form of their own (`torch.storage._load_from_bytes`).
    pub(super) packed: Vec<u64>,
    /// The last number that was read, for the pickles that are one number.
    pub(super) number: Option<&'a [u8]>,
    /// Opcodes walked.
    pub(super) ops: u64,
    /// Where in `globals` a name is.
    pub(super) global_ids: HashMap<(&'a [u8], &'a [u8]), u32>,
    /// The keys of `storages`.
    pub(super) keys: HashSet<&'a [u8]>,
    /// How many values were kept in tuples.
    pub(super) kept: usize,
}

/// Why a walk ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end before the pickle does.
    Cut(ReadError),
    /// No pickler writes this.
    Nonsense(ReadError),
    /// A limit was reached.
    Limit(ReadError),
}

impl Fault {
    /// Where and why.
    pub(super) fn error(self) -> ReadError {
        match self {
            Fault::Cut(error) | Fault::Nonsense(error) | Fault::Limit(error) => error,
        }
    }
}
