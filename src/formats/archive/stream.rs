//! Compressed streams with one content: naming it, decoding streams that follow each other, handing it out.

use std::io::{self, Read};
use std::ops::Range;

use crate::finding::Artifact;
use crate::formats::{Coverage, FormatError, Inspection};

/// What a compressed file is called once it is open. Only the ending is looked at, in any case.
const ENDINGS: &[(&str, &str)] = &[
    (".gz", ""),
    (".tgz", ".tar"),
    (".taz", ".tar"),
    (".svgz", ".svg"),
    (".xz", ""),
    (".txz", ".tar"),
    (".lzma", ""),
    (".tlz", ".tar"),
    (".zst", ""),
    (".tzst", ".tar"),
    (".bz2", ""),
    (".tbz", ".tar"),
    (".tbz2", ".tar"),
    (".lz4", ""),
    (".br", ""),
];

/// The name that the content of a compressed stream would have on its own: `dist/.env` for `dist/.env.gz`. A name
/// without a known ending stays as it is.
pub(super) fn content_name(name: &str) -> String {
    let at_end = |ending: &&(&str, &str)| {
        let start = name.len().checked_sub(ending.0.len()).filter(|start| name.is_char_boundary(*start));
        start.is_some_and(|start| {
            let stem = &name[..start];
            name[start..].eq_ignore_ascii_case(ending.0) && !stem.is_empty() && !stem.ends_with(['/', '\\'])
        })
    };
    match ENDINGS.iter().find(at_end) {
        Some((ending, instead)) => format!("{}{instead}", &name[..name.len() - ending.len()]),
        None => name.to_owned(),
    }
}

/// What one call of a [`Decoder`] did.
pub(super) struct Step {
    /// Bytes taken from the input.
    pub(super) consumed: usize,
    /// Bytes written to the output; they count even when the step failed.
    pub(super) produced: usize,
    /// A part of the consumed input that is plain text of its own and should be searched as it lies there.
    pub(super) text: Option<Range<usize>>,
    /// Whether this stream has ended, or why it cannot go on.
    pub(super) ended: io::Result<bool>,
}

/// A decoder that is fed slices, so that its position in them is always known.
pub(super) trait Decoder {
    /// Decodes some of `input`, which is all there is, or at least [`MOST_INPUT`] bytes of it.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step;

    /// A stream has ended and `rest` follows it. Where another stream of the same content follows, gets ready for it
    /// and says how many bytes of padding lie before it.
    fn next(&mut self, _rest: &[u8]) -> Option<usize> {
        None
    }
}

/// The counters of the C-like decoders have 32 bits; longer inputs are fed in pieces.
pub(super) const MOST_INPUT: usize = 1 << 30;

/// Past this many separate texts the whole input is searched instead, which is cheaper than remembering them.
const MOST_TEXTS: usize = 10_000;

/// A reader of a content that knows which of its input it has not accounted for.
pub(super) trait Stream: Read {
    /// The ranges of the input that still want to be searched: what was not decoded, and texts between.
    fn unexplained(&self) -> Vec<Range<u64>>;

    /// Ends with an error of the kind `FileTooLarge` once much more than `ratio` times what was read has come out.
    fn hold_to(&mut self, _ratio: u64) {}
}

/// What may come out of any input before its ratio counts: archives may well begin with a large and empty file.
const EARLY: u64 = 64 << 20;
/// How many times larger than the whole input the output may be before its ratio counts.
const EARLY_RATIO: u64 = 4;

/// Reads the streams at the start of `input` as one content.
pub(super) struct Pump<'a, D> {
    input: &'a [u8],
    at: usize,
    decoder: D,
    texts: Vec<Range<u64>>,
    failure: Option<io::Error>,
    ended: bool,
    produced: u64,
    ratio: u64,
}

impl<'a, D: Decoder> Pump<'a, D> {
    pub(super) fn new(input: &'a [u8], decoder: D) -> Self {
        Pump { input, at: 0, decoder, texts: Vec::new(), failure: None, ended: false, produced: 0, ratio: u64::MAX }
    }

    /// How many bytes of the input have been decoded.
    pub(super) fn consumed(&self) -> usize {
        self.at
    }

    /// See [`Stream::hold_to`].
    pub(super) fn hold_to(&mut self, ratio: u64) {
        self.ratio = ratio;
    }

    fn is_bomb(&self) -> bool {
        let early = EARLY.max((self.input.len() as u64).saturating_mul(EARLY_RATIO));
        self.produced > early && self.produced > (self.at as u64).saturating_mul(self.ratio)
    }

    fn advance(&mut self, output: &mut [u8]) -> usize {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let Step { consumed, produced, text, ended } = self.decoder.step(&rest[..rest.len().min(MOST_INPUT)], output);
        if let Some(text) = text
            && self.texts.len() <= MOST_TEXTS
        {
            self.texts.push((self.at + text.start) as u64..(self.at + text.end) as u64);
        }
        self.at = self.at.saturating_add(consumed).min(self.input.len());
        match ended {
            Ok(true) => match self.decoder.next(&self.input[self.at..]) {
                Some(padding) => self.at = self.at.saturating_add(padding).min(self.input.len()),
                None => self.ended = true,
            },
            Ok(false) if consumed == 0 && produced == 0 => self.fail(cut_off()),
            Ok(false) => {}
            Err(error) => self.fail(error),
        }
        produced.min(output.len())
    }

    fn fail(&mut self, error: io::Error) {
        self.failure = Some(error);
        self.ended = true;
    }
}

impl<D: Decoder> Read for Pump<'_, D> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !output.is_empty() {
            if self.is_bomb() {
                self.fail(io::ErrorKind::FileTooLarge.into());
                break;
            }
            let produced = self.advance(output);
            self.produced = self.produced.saturating_add(produced as u64);
            if produced > 0 {
                return Ok(produced);
            }
        }
        self.failure.take().map_or(Ok(0), Err)
    }
}

impl<D: Decoder> Stream for Pump<'_, D> {
    fn hold_to(&mut self, ratio: u64) {
        Pump::hold_to(self, ratio);
    }

    fn unexplained(&self) -> Vec<Range<u64>> {
        let length = self.input.len() as u64;
        if self.texts.len() > MOST_TEXTS {
            return std::iter::once(0..length).collect();
        }
        let rest = &self.input[self.at..];
        let mut ranges = self.texts.clone();
        if rest.iter().any(|byte| *byte != 0) {
            ranges.push(self.at as u64..length);
        }
        ranges
    }
}

/// The error for an input that ends inside a stream.
pub(super) fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed data is cut off")
}

/// The error for input that is no valid stream.
pub(super) fn damaged(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

/// Reads `stream` to its end and hands out what came out of it. What the stream left unexplained stays to be searched.
pub(super) fn hand_out(
    artifact: &Artifact,
    out: &mut Inspection<'_>,
    format: &'static str,
    stream: &mut dyn Stream,
) -> Result<Coverage, FormatError> {
    let packed = artifact.bytes.len() as u64;
    stream.hold_to(out.limits().ratio);
    let (content, complete) = out.inflate("", &mut *stream, packed.saturating_mul(3));
    out.fact("archive.format", format);
    let handed_out = if complete || !content.is_empty() {
        out.decompressed(&content_name(artifact.path.logical()), content).map(|()| 1_u64)
    } else {
        Ok(0)
    };
    out.fact("archive.members", handed_out.unwrap_or(0));
    let unexplained = stream.unexplained();
    if handed_out.is_err() || (complete && unexplained.is_empty()) {
        return handed_out.map(|_| Coverage::Whole).map_err(FormatError::from);
    }
    let mut from = 0;
    for range in unexplained {
        out.explain(from..range.start);
        from = range.end;
    }
    out.explain(from..packed);
    Ok(Coverage::Part)
}

#[cfg(test)]
pub(super) mod testing {
    //! What every compressed stream must survive.

    use crate::formats::testing::inspect;
    use crate::formats::{Coverage, Format};

    /// Cuts `packed` at many places: never a panic, and never silently whole. What came out begins like `content`.
    pub(crate) fn survives_cuts(format: &dyn Format, name: &str, packed: &[u8], content: &[u8]) {
        for cut in (0..packed.len()).step_by(97).chain([packed.len() - 1]) {
            let looked = inspect(format, name, &packed[..cut]);
            let whole = matches!(looked.result, Ok(Coverage::Whole));
            assert!(!whole || !looked.stated.gaps.is_empty(), "cut at {cut} is silently whole");
            assert!(!looked.sniffed || !looked.stated.gaps.is_empty() || looked.result.is_err(), "no gap at {cut}");
            for member in looked.members {
                assert!(content.starts_with(&member.bytes), "cut at {cut} hands out something else");
            }
        }
    }

    /// Text that compresses, but not to nothing.
    pub(crate) fn sample(lines: u32) -> Vec<u8> {
        let mut state = 1_u32;
        let mut text = String::new();
        for line in 0..lines {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(&format!("line {line} says {state:x}\n"));
        }
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_named_as_it_would_be_on_its_own() {
        let names = [
            ("dist/.env.gz", "dist/.env"),
            ("pkg.tgz", "pkg.tar"),
            ("a/Logo.SVGZ", "a/Logo.svg"),
            ("x.tar.zst", "x.tar"),
            ("x.tbz2", "x.tar"),
            ("app.js.br", "app.js"),
            ("my-crate.crate", "my-crate.crate"),
            ("dir/.gz", "dir/.gz"),
            (".xz", ".xz"),
            ("ä.gz", "ä"),
            ("gzä", "gzä"),
        ];
        for (name, expected) in names {
            assert_eq!(content_name(name), expected);
        }
    }
}
