//! Snappy, as blocks of tables are compressed with it (google/snappy, `format_description.txt`).

use crate::bytes::Cursor;

/// No table has blocks of more.
const LARGEST: u64 = 64 << 20;

/// The content of a compressed block; `None` where it is damaged, or larger than any.
pub(super) fn decompress(block: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(block);
    let size = usize::try_from(cursor.varint().ok()?.min(LARGEST + 1)).ok().filter(|size| *size as u64 <= LARGEST)?;
    // What the block announces is believed as far as its own size makes it likely.
    let mut out = Vec::with_capacity(size.min(block.len().saturating_mul(32)));
    while cursor.remaining() > 0 {
        let tag = cursor.u8().ok()?;
        let upper = usize::from(tag >> 2);
        let little = |bytes: &[u8]| bytes.iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte));
        let (length, back) = match tag & 3 {
            0 => {
                let length = if upper < 60 { upper } else { little(cursor.take(upper - 59).ok()?) };
                out.extend_from_slice(cursor.take(length.checked_add(1)?).ok()?);
                (0, 1)
            }
            1 => ((upper & 7) + 4, (upper >> 3) << 8 | usize::from(cursor.u8().ok()?)),
            2 => (upper + 1, little(cursor.take(2).ok()?)),
            _ => (upper + 1, little(cursor.take(4).ok()?)),
        };
        if out.len() + length > size {
            return None;
        }
        let from = out.len().checked_sub(back).filter(|_| back > 0);
        if length > 0 {
            let from = from?;
            // A copy may reach into what it writes.
            (from..from + length).for_each(|at| out.push(out[at]));
        }
    }
    (out.len() == size).then_some(out)
}

/// What stands in the clear at the start of a compressed block, and whatever follows it.
pub(super) fn first_literal(block: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(block);
    cursor.varint().ok()?;
    let tag = cursor.u8().ok().filter(|tag| tag & 3 == 0)?;
    cursor.skip(u64::from(tag >> 2).saturating_sub(59)).ok()?;
    Some(cursor.rest())
}

#[cfg(test)]
mod tests {
    use super::decompress;

    #[test]
    fn literals_and_copies_are_put_together() {
        // "harbour ", a copy of five bytes from eight back, then a run of the last byte.
        let block = [&[17, 7 << 2][..], b"harbour ", &[1 << 2 | 1, 8], &[3 << 2 | 2, 1, 0]].concat();
        assert_eq!(decompress(&block).unwrap(), b"harbour harboooooo"[..17].to_vec());
        let long: Vec<u8> = (0..300u16).map(|at| at as u8).collect();
        let block = [&[0xac, 2, 61 << 2, 43, 1][..], &long].concat();
        assert_eq!(decompress(&block).unwrap(), long);
    }

    #[test]
    fn damage_is_nothing() {
        let block = [&[17, 7 << 2][..], b"harbour ", &[1 << 2 | 1, 8], &[3 << 2 | 2, 1, 0]].concat();
        for at in 0..block.len() {
            assert_eq!(decompress(&block[..at]), None, "{at}");
            for byte in [0, 0xff] {
                let mut damaged = block.clone();
                damaged[at] = byte;
                decompress(&damaged);
            }
        }
    }
}
