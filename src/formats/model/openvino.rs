//! OpenVINO's intermediate representation: an XML file with the layers, whose weights lie in a `.bin` beside it.
//!
//! Follows "OpenVINO IR format" of the OpenVINO documentation. Versions 10 and 11 have layers of the type `Const` with a
//! place in the file of weights, older ones `weights` and `biases` with a place in each layer.

use super::capped::{self, Tensors};
use crate::bytes::Probe;
use crate::bytes::text::lossy;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises models of OpenVINO.
#[derive(Debug)]
pub struct OpenVino;

/// How long a tag may be that is read.
const TAG: usize = 4 << 10;

impl Format for OpenVino {
    fn name(&self) -> &'static str {
        "openvino"
    }

    fn summary(&self) -> &'static str {
        "OpenVINO model: version, name, constants, and that the weights lie in a file beside it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let at = |needle: &[u8]| memchr::memmem::find(head, needle);
        probe.is_text()
            && head.trim_ascii_start().first() == Some(&b'<')
            && matches!((at(b"<net "), at(b"<layers>")), (Some(net), Some(layers)) if net < layers)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut model = Model::default();
        let mut ended = false;
        for start in memchr::memchr_iter(b'<', bytes) {
            let rest = &bytes[start + 1..];
            // No tag has another one in it; so nothing is read twice.
            let end = memchr::memchr2(b'<', b'>', &rest[..rest.len().min(TAG)]).filter(|end| rest[*end] == b'>');
            let Some(end) = end else { continue };
            ended = &rest[..end] == b"/net";
            model.tag(&rest[..end]);
        }
        if model.version.is_empty() {
            return Err(FormatError::NotThis);
        }
        let stem = artifact.path.base_name().strip_suffix(".xml");
        model.state(stem, out);
        if !ended {
            return Err(FormatError::broken(bytes.len() as u64, "it ends before the network does"));
        }
        Ok(Coverage::Part)
    }
}

#[derive(Default)]
struct Model<'a> {
    name: &'a [u8],
    version: &'a [u8],
    producer: &'a [u8],
    constant: bool,
    quantised: bool,
    /// The precision of the last port or layer, for versions that do not say it elsewhere.
    precision: &'a [u8],
    tensors: Tensors,
}

/// The value of an attribute in a tag.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    memchr::memmem::find_iter(tag, name).find_map(|at| {
        let before = tag.get(at.checked_sub(1)?)?;
        let rest = tag.get(at + name.len()..)?.strip_prefix(b"=\"")?;
        before.is_ascii_whitespace().then(|| rest.split(|byte| *byte == b'"').next())?
    })
}

/// A number in an attribute.
fn number(tag: &[u8], name: &[u8]) -> Option<u64> {
    std::str::from_utf8(attribute(tag, name)?).ok()?.parse().ok()
}

/// The short name of a type, and its bits.
fn dtype(name: &[u8]) -> (&'static str, u64) {
    match name {
        b"f32" | b"FP32" => ("F32", 32),
        b"f16" | b"FP16" => ("F16", 16),
        b"bf16" => ("BF16", 16),
        b"f64" => ("F64", 64),
        b"f8e4m3" => ("F8_E4M3", 8),
        b"f8e5m2" => ("F8_E5M2", 8),
        b"i64" | b"I64" => ("I64", 64),
        b"i32" | b"I32" => ("I32", 32),
        b"i16" => ("I16", 16),
        b"i8" | b"I8" => ("I8", 8),
        b"i4" => ("I4", 4),
        b"u64" => ("U64", 64),
        b"u32" => ("U32", 32),
        b"u16" => ("U16", 16),
        b"u8" | b"U8" => ("U8", 8),
        b"u4" | b"nf4" => ("U4", 4),
        b"u1" | b"BIN" => ("U1", 1),
        b"boolean" | b"BOOL" => ("BOOL", 8),
        _ => ("", 0),
    }
}

impl<'a> Model<'a> {
    fn tag(&mut self, tag: &'a [u8]) {
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        match name {
            b"net" if self.version.is_empty() => {
                self.name = attribute(tag, b"name").unwrap_or_default();
                self.version = attribute(tag, b"version").unwrap_or_default();
            }
            b"layer" => {
                let kind = attribute(tag, b"type").unwrap_or_default();
                self.constant = kind == b"Const";
                self.quantised |= kind == b"FakeQuantize";
                self.precision = attribute(tag, b"precision").unwrap_or_default();
            }
            b"data" if self.constant => {
                self.constant = false;
                self.blob(tag, attribute(tag, b"element_type").unwrap_or_default());
            }
            // Versions up to 7.
            b"weights" | b"biases" | b"custom" if number(tag, b"offset").is_some() => {
                let precision = attribute(tag, b"precision").unwrap_or(self.precision);
                self.blob(tag, precision);
            }
            b"Runtime_version" | b"MO_version" => self.producer = attribute(tag, b"value").unwrap_or_default(),
            _ => {}
        }
    }

    fn blob(&mut self, tag: &[u8], kind: &[u8]) {
        let Some(size) = number(tag, b"size") else { return };
        // Texts are kept as constants too.
        let (name, bits) = dtype(kind);
        if bits == 0 {
            return;
        }
        let sides = |shape: &[u8]| {
            let sides = lossy(shape).split(',').map(|side| side.trim().parse().unwrap_or(1)).collect::<Vec<u64>>();
            sides.iter().fold(1, |product: u64, side| product.saturating_mul(*side))
        };
        let elements = match attribute(tag, b"shape") {
            Some(shape) if shape.len() < 512 => sides(shape),
            _ => size.saturating_mul(8) / bits,
        };
        self.quantised |= matches!(name, "U4" | "I4" | "U1");
        self.tensors.add(name, [elements]);
        self.tensors.elsewhere(size);
    }

    fn state(self, stem: Option<&str>, out: &mut Inspection<'_>) {
        out.fact("model.format", "openvino");
        capped::state(out, "model.version", format!("IR {}", capped::text(self.version)).as_bytes());
        capped::state(out, "model.name", self.name);
        let producer = format!("OpenVINO {}", capped::text(self.producer));
        capped::state(out, "model.producer", producer.as_bytes());
        out.fact("model.protection", "plain");
        if self.quantised {
            out.fact("model.quantisation", "quantised weights or operators");
        }
        let external = self.tensors.count() > 0;
        out.fact("model.weights", if external { "external" } else { "none" });
        if let (true, Some(stem)) = (external, stem) {
            out.detail(format!("weights lie in {stem}.bin"));
            out.part(&format!("{stem}.bin"));
        }
        self.tensors.state(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    const MODEL: &str = r#"<?xml version="1.0"?>
<net name="scorer" version="11">
	<layers>
		<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,10" element_type="f32" /></layer>
		<layer id="1" name="w" type="Const" version="opset1">
			<data element_type="f16" shape="10, 20" offset="0" size="400" />
		</layer>
	</layers>
	<rt_info><Runtime_version value="2026.4.1" /></rt_info>
</net>
"#;

    #[test]
    fn constants_are_counted_and_the_file_of_weights_is_named() {
        let looked = inspect(&OpenVino, "scorer.xml", MODEL.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(
            (facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")),
            (1, 200, 400)
        );
        assert_eq!(facts.get("model.version"), Some(&FactValue::from("IR 11")));
        assert_eq!(looked.stated.parts, ["scorer.bin"]);
        let cut = inspect(&OpenVino, "scorer.xml", &MODEL.as_bytes()[..300]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))));
        let other = b"<?xml version=\"1.0\"?><net name=\"petri\"><layers></layers></net>";
        assert!(matches!(inspect(&OpenVino, "petri.xml", other).result, Err(FormatError::NotThis)));
    }
}
