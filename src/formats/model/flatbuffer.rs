//! FlatBuffers without a schema: tables, their fields, vectors and texts, all bounds-checked.
//!
//! Follows "FlatBuffers Internals" (flatbuffers.dev). Only what model files need.

use crate::bytes::{Cursor, ReadError};

/// A table: a set of optional fields, found through its vtable.
#[derive(Debug, Clone, Copy)]
pub(in crate::formats) struct Table<'a> {
    bytes: &'a [u8],
    at: u64,
    vtable: u64,
    vtable_size: u16,
}

/// A vector: a length and that many elements. Elements are only known to lie inside the file once asked for, except
/// through [`Table::scalars`].
#[derive(Debug, Clone, Copy)]
pub(in crate::formats) struct Vector<'a> {
    bytes: &'a [u8],
    start: u64,
    length: u32,
}

fn far(base: u64, distance: u32) -> u64 {
    base.saturating_add(u64::from(distance))
}

impl<'a> Table<'a> {
    /// The root table of a FlatBuffer that starts at `bytes`.
    pub(in crate::formats) fn root(bytes: &'a [u8]) -> Result<Self, ReadError> {
        Table::at(bytes, u64::from(Cursor::new(bytes).u32_le()?))
    }

    fn at(bytes: &'a [u8], at: u64) -> Result<Self, ReadError> {
        let distance = Cursor::at(bytes, at).u32_le()? as i32;
        let vtable = at
            .checked_add_signed(-i64::from(distance))
            .ok_or_else(|| ReadError::new(at, "a table's vtable lies before the file"))?;
        let mut cursor = Cursor::at(bytes, vtable);
        let (vtable_size, size) = (cursor.u16_le()?, cursor.u16_le()?);
        if vtable_size < 4 || vtable_size % 2 != 0 || size < 4 {
            return Err(ReadError::new(vtable, "a vtable has an impossible size"));
        }
        Cursor::at(bytes, vtable).skip(u64::from(vtable_size))?;
        Cursor::at(bytes, at).skip(u64::from(size))?;
        Ok(Table { bytes, at, vtable, vtable_size })
    }

    /// Where field number `field` (from 0) lies, if the table has it.
    fn field(&self, field: u16) -> Option<Cursor<'a>> {
        let entry = 4 + u64::from(field) * 2;
        if entry + 2 > u64::from(self.vtable_size) {
            return None;
        }
        let distance = Cursor::at(self.bytes, self.vtable + entry).u16_le().ok()?;
        (distance != 0).then(|| Cursor::at(self.bytes, self.at + u64::from(distance)))
    }

    /// An unsigned byte; 0 where the field is absent.
    pub(in crate::formats) fn u8(&self, field: u16) -> Result<u8, ReadError> {
        self.field(field).map_or(Ok(0), |mut cursor| cursor.u8())
    }

    /// An unsigned 32-bit number; 0 where the field is absent.
    pub(in crate::formats) fn u32(&self, field: u16) -> Result<u32, ReadError> {
        self.field(field).map_or(Ok(0), |mut cursor| cursor.u32_le())
    }

    /// An unsigned 64-bit number; 0 where the field is absent.
    pub(in crate::formats) fn u64(&self, field: u16) -> Result<u64, ReadError> {
        self.field(field).map_or(Ok(0), |mut cursor| cursor.u64_le())
    }

    /// A vector whose elements have `size` bytes each, and all of them lie inside the file; an empty one where the
    /// field is absent.
    pub(in crate::formats) fn scalars(&self, field: u16, size: u64) -> Result<Vector<'a>, ReadError> {
        let Some(mut cursor) = self.field(field) else {
            return Ok(Vector { bytes: self.bytes, start: 0, length: 0 });
        };
        let at = cursor.offset();
        let mut cursor = Cursor::at(self.bytes, far(at, cursor.u32_le()?));
        let length = cursor.u32_le()?;
        let start = cursor.offset();
        cursor.skip(u64::from(length).saturating_mul(size))?;
        Ok(Vector { bytes: self.bytes, start, length })
    }

    /// Whether the field is there.
    pub(in crate::formats) fn has(&self, field: u16) -> bool {
        self.field(field).is_some()
    }

    /// A table; `None` where the field is absent.
    pub(in crate::formats) fn table(&self, field: u16) -> Result<Option<Table<'a>>, ReadError> {
        let Some(mut cursor) = self.field(field) else { return Ok(None) };
        let at = cursor.offset();
        Table::at(self.bytes, far(at, cursor.u32_le()?)).map(Some)
    }

    /// A vector of tables.
    pub(in crate::formats) fn tables(&self, field: u16) -> Result<Vector<'a>, ReadError> {
        self.scalars(field, 4)
    }

    /// A text or a vector of bytes, and where it lies.
    pub(in crate::formats) fn block(&self, field: u16) -> Result<(&'a [u8], u64), ReadError> {
        let vector = self.scalars(field, 1)?;
        let bytes = Cursor::at(self.bytes, vector.start).take(vector.length as usize)?;
        Ok((bytes, vector.start))
    }
}

impl<'a> Vector<'a> {
    /// Number of elements.
    pub(in crate::formats) fn len(&self) -> u32 {
        self.length
    }

    /// Element `index` of a vector of 32-bit numbers.
    pub(in crate::formats) fn u32(&self, index: u32) -> Result<u32, ReadError> {
        self.element(index)?.u32_le()
    }

    /// Element `index` of a vector of 64-bit numbers.
    pub(in crate::formats) fn u64(&self, index: u32) -> Result<u64, ReadError> {
        if index >= self.length {
            return Err(ReadError::new(self.start, format!("there is no element {index} among {}", self.length)));
        }
        Cursor::at(self.bytes, self.start.saturating_add(u64::from(index) * 8)).u64_le()
    }

    /// Element `index` of a vector of texts.
    pub(in crate::formats) fn text(&self, index: u32) -> Result<&'a [u8], ReadError> {
        let mut cursor = self.element(index)?;
        let at = cursor.offset();
        let mut cursor = Cursor::at(self.bytes, far(at, cursor.u32_le()?));
        let length = cursor.u32_le()?;
        cursor.take_u64(length.into())
    }

    /// Element `index` of a vector of tables.
    pub(in crate::formats) fn table(&self, index: u32) -> Result<Table<'a>, ReadError> {
        let mut cursor = self.element(index)?;
        let at = cursor.offset();
        Table::at(self.bytes, far(at, cursor.u32_le()?))
    }

    /// Every element of a vector of tables.
    pub(in crate::formats) fn each_table(self) -> impl Iterator<Item = Result<Table<'a>, ReadError>> {
        (0..self.length).map(move |index| self.table(index))
    }

    fn element(&self, index: u32) -> Result<Cursor<'a>, ReadError> {
        if index >= self.length {
            return Err(ReadError::new(self.start, format!("there is no element {index} among {}", self.length)));
        }
        Ok(Cursor::at(self.bytes, self.start.saturating_add(u64::from(index) * 4)))
    }
}
