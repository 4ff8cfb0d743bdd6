//! Bounds-checked reading with errors that know their offset.

/// A read that went past the end or met something impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at offset {offset}: {reason}")]
pub struct ReadError {
    /// Where in the artifact, in bytes from its start.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

impl ReadError {
    /// An error at `offset`.
    #[must_use]
    pub fn new(offset: u64, reason: impl Into<String>) -> Self {
        ReadError { offset, reason: reason.into() }
    }
}

/// Reads integers and slices from bytes; never panics and never reads past the end.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $convert:ident),* $(,)?) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// When fewer bytes are left.
        pub fn $name(&mut self) -> Result<$type, ReadError> {
            let mut raw = [0; size_of::<$type>()];
            raw.copy_from_slice(self.take(size_of::<$type>())?);
            Ok(<$type>::$convert(raw))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, offset: 0 }
    }

    /// A cursor at `offset`, which may lie past the end: the first read then fails.
    #[must_use]
    pub fn at(bytes: &'a [u8], offset: u64) -> Self {
        Cursor { bytes, offset: usize::try_from(offset).unwrap_or(usize::MAX) }
    }

    /// Where the next read starts.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset as u64
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.bytes.len().saturating_sub(self.offset) as u64
    }

    /// What is left, without moving.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// When fewer bytes are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let slice = self
            .offset
            .checked_add(count)
            .and_then(|end| self.bytes.get(self.offset..end))
            .ok_or_else(|| self.error(format!("{count} bytes expected, {} left", self.remaining())))?;
        self.offset += count;
        Ok(slice)
    }

    /// The next `count` bytes, for a count read from the input.
    ///
    /// # Errors
    /// When fewer bytes are left.
    pub fn take_u64(&mut self, count: u64) -> Result<&'a [u8], ReadError> {
        match usize::try_from(count) {
            Ok(count) => self.take(count),
            Err(_) => Err(self.error(format!("{count} bytes expected, {} left", self.remaining()))),
        }
    }

    /// Moves on by `count` bytes.
    ///
    /// # Errors
    /// When fewer bytes are left.
    pub fn skip(&mut self, count: u64) -> Result<(), ReadError> {
        self.take_u64(count).map(|_| ())
    }

    /// An error at the present offset.
    #[must_use]
    pub fn error(&self, reason: impl Into<String>) -> ReadError {
        ReadError::new(self.offset(), reason)
    }

    integers! {
        /// One byte.
        u8: u8 = from_le_bytes,
        /// Two bytes, least significant first.
        u16_le: u16 = from_le_bytes,
        /// Four bytes, least significant first.
        u32_le: u32 = from_le_bytes,
        /// Eight bytes, least significant first.
        u64_le: u64 = from_le_bytes,
        /// Two bytes, most significant first.
        u16_be: u16 = from_be_bytes,
        /// Four bytes, most significant first.
        u32_be: u32 = from_be_bytes,
        /// Eight bytes, most significant first.
        u64_be: u64 = from_be_bytes,
    }

    /// An unsigned LEB128 number, as in WebAssembly and protocol buffers.
    ///
    /// # Errors
    /// When it is cut off or longer than 64 bits.
    pub fn varint(&mut self) -> Result<u64, ReadError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.error("a variable-length number has more than 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_past_the_end_fail_with_their_offset() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u16_le(), Ok(0x0201));
        let error = cursor.u32_be().unwrap_err();
        assert_eq!(error.offset, 2);
        assert_eq!(error.reason, "4 bytes expected, 1 left");
        assert!(cursor.take_u64(u64::MAX).is_err());
        assert!(Cursor::at(&[1], u64::MAX).u8().is_err());
    }

    #[test]
    fn varints_have_at_most_64_bits() {
        assert_eq!(Cursor::new(&[0xe5, 0x8e, 0x26]).varint(), Ok(624_485));
        assert_eq!(Cursor::new(&[0xff; 9]).varint().unwrap_err().offset, 9);
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(Cursor::new(&most).varint(), Ok(u64::MAX));
        assert!(Cursor::new(&[0xff; 12]).varint().is_err());
    }
}
