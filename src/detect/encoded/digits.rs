//! Base64 and hex: bytes written as digits of six or four bits.
//!
//! Nothing is decoded on suspicion. Runs of digits are read through once, three bytes at a time at every alignment that
//! a byte can have in them, and only where a keyword stands is the text around it decoded. So it does not matter where
//! the encoded text begins, what is glued to its front, or whether it is padded.

use std::ops::Range;

use super::alphabet::{Alphabet, BASE64, HEX, HEXADECIMAL, KINDS, NONE, STANDARD, URL};
use super::anchors::{Anchors, LONGEST_WORD, LazyAnchors};
use super::passage::Passage;

/// The shortest run that is looked at: a keyword of three bytes and a value of fifteen.
const SHORTEST: usize = 24;
/// How many bytes are looked at together. A run of [`SHORTEST`] covers two such blocks in a row, wherever it begins.
const BLOCK: usize = 8;
/// How many bytes are told from others at once: as many as a number has bits.
const CHUNK: usize = 64;
/// Encoded text is broken into lines of 64 or 76 characters; shorter ones are words.
const LINE: usize = 40;
/// How many blanks may indent a further line.
const INDENT: usize = 32;

/// Every passage of base64 or hex in `text` in which a keyword stands. Ends early where `found` answers `false`.
pub fn passages(text: &[u8], anchors: &LazyAnchors, found: &mut dyn FnMut(Passage) -> bool) -> bool {
    // The last run of each alphabet of base64. Only paths and names with signs of one of them have two that differ.
    let mut runs = [0..0, 0..0];
    let mut at = 0;
    while let Some(stretch) = next_stretch(text, at) {
        at = stretch.start;
        // Each of its blocks may be digits of an alphabet of its own.
        while at < stretch.end
            && let Some((kinds, block)) = next_block(text, at..stretch.end, STANDARD | URL)
        {
            at = text.len();
            let before = runs.clone();
            for (run, kind) in runs.iter_mut().zip([STANDARD, URL]) {
                if kinds & kind != 0 && run.end <= block {
                    *run = region(text, run.end, block, kind);
                }
                // One that is not over yet holds nothing new of its own kind, but the next of the other may begin in it.
                at = at.min(if kinds & kind != 0 { run.end } else { block + BLOCK });
            }
            let [standard, url] = &runs;
            let (long, short) = if standard.len() < url.len() { (url, standard) } else { (standard, url) };
            for (run, other) in [(long, None), (short, Some(long))] {
                let known = before.contains(run) || other.is_some_and(|other| contains(other, run));
                if !known && run.len() >= SHORTEST && !base64_and_hex(text, run, anchors, found) {
                    return false;
                }
            }
        }
        at = at.max(stretch.end);
    }
    true
}

/// All digits of hex are digits of base64.
fn base64_and_hex(
    text: &[u8],
    run: &Range<usize>,
    anchors: &LazyAnchors,
    found: &mut dyn FnMut(Passage) -> bool,
) -> bool {
    (!is_mixed(&text[run.clone()]) || look::<6>(text, run, &BASE64, anchors, found))
        && hex_passages(text, run, anchors, found)
}

fn hex_passages(
    text: &[u8],
    outer: &Range<usize>,
    anchors: &LazyAnchors,
    found: &mut dyn FnMut(Passage) -> bool,
) -> bool {
    let mut at = outer.start;
    while let Some((_, block)) = next_block(text, at..outer.end, HEXADECIMAL) {
        let inner = region(text, at, block, HEXADECIMAL);
        let inner = inner.start..inner.end.min(outer.end);
        at = inner.end.max(block + BLOCK);
        if inner.len() >= SHORTEST && !look::<4>(text, &inner, &HEX, anchors, found) {
            return false;
        }
    }
    true
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether both capital and small letters occur. In base64 of anything they do; in paths and long names they often
/// do not.
fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase)
}

/// The next [`SHORTEST`] or more bytes from `from` on that are digits of one alphabet of base64 or the other.
fn next_stretch(text: &[u8], from: usize) -> Option<Range<usize>> {
    let (chunks, rest) = text.get(from..)?.as_chunks::<CHUNK>();
    let mut last = [0; CHUNK];
    last[..rest.len()].copy_from_slice(rest);
    // The digits right before the chunk.
    let mut before = 0;
    for (index, chunk) in chunks.iter().chain([&last]).enumerate() {
        let digits = digits(chunk);
        let place = from + index * CHUNK;
        let start = if before + digits.trailing_ones() as usize >= SHORTEST {
            place - before
        } else if let long @ 1.. = begin_long_runs(digits) {
            place + long.trailing_zeros() as usize
        } else {
            before = digits.leading_ones() as usize;
            continue;
        };
        let is_digit = |byte: &u8| KINDS[*byte as usize] & (STANDARD | URL) != 0;
        let more = text[start + SHORTEST..].iter().take_while(|byte| is_digit(byte)).count();
        return Some(start..start + SHORTEST + more);
    }
    None
}

/// Which bytes of a chunk are digits of base64, the first one in the lowest bit. Written so that telling them apart
/// becomes a few instructions for sixteen bytes each.
fn digits(chunk: &[u8; CHUNK]) -> u64 {
    let digits = chunk.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // The slash stands in front of the figures.
        let figure = byte.wrapping_sub(b'/') < 11;
        if letter | figure | (byte == b'+') | (byte == b'-') | (byte == b'_') { u8::MAX } else { 0 }
    });
    let (eights, _) = digits.as_chunks::<8>();
    // One bit of each byte, another one in each; their sum is the highest byte of the product.
    let bits =
        |eight: &[u8; 8]| (u64::from_le_bytes(*eight) & 0x8040_2010_0804_0201).wrapping_mul(0x0101_0101_0101_0101);
    eights.iter().rev().fold(0, |all, eight| all << 8 | bits(eight) >> 56)
}

/// The bits that begin [`SHORTEST`] set ones.
fn begin_long_runs(bits: u64) -> u64 {
    const { assert!(SHORTEST == 24) };
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 & eight >> 16
}

/// The alphabets that all of these bytes belong to.
fn common(bytes: &[u8]) -> u8 {
    bytes.iter().fold(u8::MAX, |kinds, byte| kinds & KINDS[*byte as usize])
}

/// The next block in `range` that lies in a run of digits which goes on in the block behind it, and the alphabets among
/// `wanted` that both belong to.
fn next_block(text: &[u8], range: Range<usize>, wanted: u8) -> Option<(u8, usize)> {
    const { assert!(SHORTEST + 1 >= 3 * BLOCK) };
    let (blocks, _) = text.get(range.clone())?.as_chunks::<BLOCK>();
    let mut before = 0;
    for (index, block) in blocks.iter().enumerate() {
        let kinds = common(block) & wanted;
        if kinds & before != 0 {
            return Some((kinds & before, range.start + (index - 1) * BLOCK));
        }
        before = kinds;
    }
    None
}

/// The run of digits around the block at `block`, not before `from`, with the lines that go on with it.
fn region(text: &[u8], from: usize, block: usize, kind: u8) -> Range<usize> {
    let is_digit = |byte: &u8| KINDS[*byte as usize] & kind != 0;
    let run_from = |start: usize| start + text[start..].iter().take_while(|byte| is_digit(byte)).count();
    let start = block - text[from..block].iter().rev().take_while(|byte| is_digit(byte)).count();
    let mut end = run_from(block);
    let mut line = start;
    while end - line >= LINE {
        let Some(next) = after_break(text, end).filter(|next| text.get(*next).is_some_and(is_digit)) else { break };
        line = next;
        end = run_from(next);
    }
    start..end
}

/// Where the next line begins, if there is a line end at `at`: a real one, or one that is escaped in a string literal.
fn after_break(text: &[u8], at: usize) -> Option<usize> {
    const BREAKS: [&[u8]; 4] = [b"\r\n", b"\n", b"\\r\\n", b"\\n"];
    let rest = text.get(at..)?;
    let broken = BREAKS.into_iter().find(|end| rest.starts_with(end))?;
    let blanks = rest[broken.len()..].iter().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(at + broken.len() + blanks)
}

/// Where the line before ends, if the one that begins at `at` goes on with it.
fn before_break(text: &[u8], at: usize) -> Option<usize> {
    const BREAKS: [&[u8]; 4] = [b"\r\n", b"\n", b"\\r\\n", b"\\n"];
    let before = &text[..at];
    let blanks = before.iter().rev().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let before = &before[..at - blanks];
    BREAKS.into_iter().find_map(|end| before.strip_suffix(end)).map(<[u8]>::len)
}

/// Reads a region, whose digits have `BITS` bits, three bytes at a time.
fn look<const BITS: usize>(
    text: &[u8],
    region: &Range<usize>,
    alphabet: &'static Alphabet,
    anchors: &LazyAnchors,
    found: &mut dyn FnMut(Passage) -> bool,
) -> bool {
    let anchors: &Anchors = anchors;
    if anchors.is_empty() {
        return true;
    }
    let mut reader = Reader { text, region, alphabet, anchors, found, decoded: Default::default() };
    let (mut window, mut known, mut at) = (0u64, 0usize, region.start);
    while at < region.end {
        for byte in &text[at..region.end] {
            let value = alphabet.value(*byte);
            if value == NONE {
                break;
            }
            window = window << BITS | u64::from(value);
            known += 1;
            if !reader.read::<BITS>(window, known, at) {
                return false;
            }
            at += 1;
        }
        match after_break(text, at) {
            Some(next) if next > at => at = next,
            _ => (at, known) = (at + 1, 0),
        }
    }
    true
}

/// A region that is read, and what is done with what is found in it.
struct Reader<'r> {
    text: &'r [u8],
    region: &'r Range<usize>,
    alphabet: &'static Alphabet,
    anchors: &'r Anchors,
    found: &'r mut dyn FnMut(Passage) -> bool,
    /// For each place that a byte can begin at within eight bits: what has been decoded last.
    decoded: [Range<usize>; 8],
}

impl Reader<'_> {
    /// Whether keywords begin in the last digits, the last of which stands at `place`; `known` of them are in the window.
    #[inline(always)]
    fn read<const BITS: usize>(&mut self, window: u64, known: usize, place: usize) -> bool {
        // Bytes begin at every second bit of base64 digits, and at every hex digit.
        let mut shift = 0;
        while shift < BITS {
            let three = (window >> shift) as u32 & 0xff_ffff;
            if self.anchors.may_begin(three) && !self.decode(window, known, place, shift) {
                return false;
            }
            shift += if BITS == 6 { 2 } else { BITS };
        }
        true
    }

    #[inline(never)]
    fn decode(&mut self, window: u64, known: usize, place: usize, shift: usize) -> bool {
        let bits = known * self.alphabet.bits;
        if bits < 24 + shift {
            return true;
        }
        let three = (window >> shift) as u32 & 0xff_ffff;
        let decoded = &mut self.decoded[(bits - 24 - shift) % 8];
        let hit = Hit { text: self.text, region: self.region, alphabet: self.alphabet, place, shift };
        if hit.is_inside(decoded, self.anchors.reach(three)) || !self.anchors.do_begin(three) {
            return true;
        }
        let Some(span) = hit.span(three, window, self.anchors) else { return true };
        if hit.is_inside(decoded, span) {
            return true;
        }
        let passage;
        (passage, *decoded) = hit.decode(span);
        (self.found)(passage)
    }
}

/// The digits of a region in order, without its line ends.
struct Digits<'t> {
    text: &'t [u8],
    at: usize,
    end: usize,
    alphabet: &'static Alphabet,
}

impl<'t> Digits<'t> {
    fn new(text: &'t [u8], region: Range<usize>, alphabet: &'static Alphabet) -> Self {
        Digits { text, at: region.start, end: region.end, alphabet }
    }

    /// The value of the next digit and its place; [`NONE`] for something else.
    fn next_digit(&mut self) -> Option<(u8, usize)> {
        while self.at < self.end {
            let place = self.at;
            let value = self.alphabet.value(self.text[place]);
            // A base64 digit never starts a line end, so that only something else needs the longer look.
            if value == NONE
                && let Some(next) = after_break(self.text, place).filter(|next| *next > place)
            {
                self.at = next;
                continue;
            }
            self.at += 1;
            return Some((value, place));
        }
        None
    }
}

/// A place where a keyword may stand: its first three bytes end `shift` bits before the end of the digit at `place`.
struct Hit<'t> {
    text: &'t [u8],
    region: &'t Range<usize>,
    alphabet: &'static Alphabet,
    place: usize,
    shift: usize,
}

impl Hit<'_> {
    /// How far matches may reach around the keyword that stands here, if one does. `window` ends with the digit at the
    /// place.
    fn span(&self, three: u32, window: u64, anchors: &Anchors) -> Option<usize> {
        let mut word = [0; LONGEST_WORD];
        word[..3].copy_from_slice(&three.to_be_bytes()[1..]);
        let (mut length, mut bits, mut held) = (3, self.shift, window);
        let mut rest = Digits::new(self.text, self.place + 1..self.region.end, self.alphabet);
        while length < LONGEST_WORD {
            if bits >= 8 {
                bits -= 8;
                word[length] = (held >> bits) as u8;
                length += 1;
                continue;
            }
            let Some((value, _)) = rest.next_digit().filter(|(value, _)| *value != NONE) else { break };
            held = held << self.alphabet.bits | u64::from(value);
            bits += self.alphabet.bits;
        }
        anchors.begins(three, |at| word[..length].get(at).copied())
    }

    /// Whether what is `span` bytes away on either side lies in what was decoded already.
    fn is_inside(&self, decoded: &Range<usize>, span: usize) -> bool {
        let reach = span.saturating_mul(8) / self.alphabet.bits;
        let starts = decoded.start == self.region.start || decoded.start.saturating_add(reach) <= self.place;
        let ends = decoded.end >= self.region.end || self.place.saturating_add(reach) <= decoded.end;
        self.place < decoded.end && starts && ends
    }

    /// The text around the keyword, and where it was written.
    fn decode(&self, span: usize) -> (Passage, Range<usize>) {
        let mut passage = Passage::new(self.alphabet.encoding, self.region.start);
        let before = self.before(span + 3);
        let start = before.first().map_or(self.place, |(_, place)| *place);
        // The run may begin with a part of a byte.
        let start = if start - self.region.start < 8 { self.region.start } else { start };
        let end = self.read(&before, span.saturating_mul(6), &mut passage);
        (passage, start..end)
    }

    /// The digits up to and including the one at `place` that hold the last `bytes` whole bytes before the end of the
    /// keyword's first three, in order; fewer where the run begins earlier.
    fn before(&self, bytes: usize) -> Vec<(u8, usize)> {
        let wanted = (bytes.saturating_mul(8) + self.shift).div_ceil(self.alphabet.bits);
        let mut digits = Vec::new();
        let mut next = Some(self.place);
        while let Some(at) = next.filter(|_| digits.len() < wanted) {
            let value = self.alphabet.value(self.text[at]);
            if value == NONE {
                break;
            }
            digits.push((value, at));
            next = before_break(self.text, at).unwrap_or(at).checked_sub(1).filter(|at| *at >= self.region.start);
        }
        let whole = (digits.len() * self.alphabet.bits).saturating_sub(self.shift) / 8 * 8 + self.shift;
        digits.truncate(whole.div_ceil(self.alphabet.bits));
        digits.reverse();
        digits
    }

    /// Decodes `before` and up to `bytes` bytes in all that follow. Answers where it stopped.
    fn read(&self, before: &[(u8, usize)], bytes: usize, passage: &mut Passage) -> usize {
        let held = before.len() * self.alphabet.bits;
        // Bits of the first digit that belong to the byte before the first whole one.
        let mut skip = held.saturating_sub(self.shift) % 8;
        let limit = before.len() + bytes.saturating_mul(8).div_ceil(self.alphabet.bits);
        let mut rest = Digits::new(self.text, self.place + 1..self.region.end, self.alphabet);
        let mut bits = Bits::default();
        let mut end = self.place + 1;
        let mut before = before.iter().copied();
        for _ in 0..limit {
            let Some((value, place)) = before.next().or_else(|| rest.next_digit()) else { break };
            if value == NONE {
                break;
            }
            end = place + 1;
            bits.push(value, self.alphabet.bits, place);
            if skip > 0 {
                let now = skip.min(bits.count);
                bits.count -= now;
                skip -= now;
                bits.start = place;
            }
            if let Some((byte, start)) = bits.take(place) {
                passage.push(byte, start..place + 1);
            }
        }
        end
    }
}

/// Digits on their way to bytes.
#[derive(Default)]
struct Bits {
    value: u32,
    count: usize,
    /// Where the digit stands that the next byte begins in.
    start: usize,
}

impl Bits {
    fn push(&mut self, value: u8, bits: usize, place: usize) {
        if self.count == 0 {
            self.start = place;
        }
        self.value = self.value << bits | u32::from(value);
        self.count += bits;
    }

    /// A whole byte, if there is one, and where it begins. `place` is the digit that was pushed last, in which the
    /// next byte begins unless this one ends with it.
    fn take(&mut self, place: usize) -> Option<(u8, usize)> {
        self.count = self.count.checked_sub(8)?;
        let byte = (self.value >> self.count) as u8;
        let start = std::mem::replace(&mut self.start, place);
        Some((byte, start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_found_wherever_they_begin_and_however_long_they_are() {
        for before in 0..2 * CHUNK + 2 {
            for length in [1, 7, 23, 24, 25, 63, 64, 65, 87, 88, 200] {
                for behind in [0, 1, 70] {
                    let text =
                        [".".repeat(before), "+/-_aZ09".repeat(25)[..length].to_owned(), " ".repeat(behind)].concat();
                    let stretch = (length >= SHORTEST).then_some(before..before + length);
                    assert_eq!(next_stretch(text.as_bytes(), 0), stretch, "{before} {length} {behind}");
                    let later = next_stretch(text.as_bytes(), before + 1);
                    assert_eq!(later, (length > SHORTEST).then_some(before + 1..before + length));
                }
            }
        }
    }
}
