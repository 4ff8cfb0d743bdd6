//! Opening and reading bytes.

pub mod cursor;
pub mod digest;
pub mod inflate;
pub mod limits;
pub mod open;
pub mod probe;
pub mod protobuf;
pub mod ranges;
pub mod text;

pub use bytes::Bytes;
pub use cursor::{Cursor, ReadError};
pub use digest::Digest;
pub use inflate::{Inflated, Next, Sieve, Stop};
pub use limits::{Budget, Limits};
pub use probe::Probe;
pub use ranges::Ranges;
pub use text::TextId;
