//! What a walk through a pickle has seen, and why one ends early.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::capped::clip_list;
use crate::bytes::ReadError;
use crate::formats::Inspection;

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

/// A view of a storage (PyTorch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tensor {
    /// Where in [`Walk::storages`] its numbers are.
    pub(super) storage: u32,
    /// Elements before its first one.
    pub(super) offset: u64,
    pub(super) elements: u64,
}

/// Names by which training frameworks keep what they need to go on: optimizers, schedules, counters.
const TRAINING: &[&str] = &[
    "amp_scaler",
    "callbacks",
    "ema_state_dict",
    "epoch",
    "exp_avg",
    "exp_avg_sq",
    "global_step",
    "grad_scaler",
    "hyper_parameters",
    "loss_scaler",
    "lr_scheduler",
    "lr_schedulers",
    "max_exp_avg_sq",
    "momentum_buffer",
    "optimizer",
    "optimizer_state_dict",
    "optimizer_states",
    "param_groups",
    "pytorch-lightning_version",
    "rng_state",
    "rng_states",
    "scaler",
    "scheduler",
    "scheduler_state_dict",
    "square_avg",
    "step",
    "train_dataloader",
    "trainer_state",
    "training_args",
];

/// Those of them that only an optimizer writes.
const OPTIMIZER: &[&str] = &[
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "momentum_buffer",
    "optimizer_state_dict",
    "optimizer_states",
    "param_groups",
    "square_avg",
];

/// The names of [`TRAINING`] that a pickle or a header holds.
#[derive(Debug, Default)]
pub(super) struct Training(BTreeSet<&'static str>);

impl Training {
    /// Looks at one text.
    pub(super) fn note(&mut self, text: &[u8]) {
        if (4..=25).contains(&text.len())
            && text[0].is_ascii_lowercase()
            && let Ok(at) = TRAINING.binary_search_by(|name| name.as_bytes().cmp(text))
        {
            self.0.insert(TRAINING[at]);
        }
    }

    /// All of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Whether the state of an optimizer is among them.
    pub(super) fn has_optimizer(&self) -> bool {
        self.0.iter().any(|name| OPTIMIZER.contains(name))
    }

    /// States them as facts, where the state of an optimizer tells that they mean training.
    pub(super) fn state(&self, out: &mut Inspection<'_>) {
        if self.has_optimizer() {
            out.fact("model.kind", "checkpoint");
            out.fact("model.training", clip_list(&self.0));
        }
    }
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
    /// Where in `storages` a key is.
    pub(super) keys: HashMap<&'a [u8], u32>,
    /// Tensors over these storages, in the order of appearance.
    pub(super) tensors: Vec<Tensor>,
    /// Pickles inside the pickle that loading it would load too.
    pub(super) inner: Vec<&'a [u8]>,
    /// Whether it imports more names than are kept.
    pub(super) more_globals: bool,
    /// What it tells of its training.
    pub(super) training: Training,
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
