//! The weights in the layers of a neural network of Core ML (`mlmodel/format/NeuralNetwork.proto`).

use super::coreml::Model;
use super::proto::Walk;
use crate::bytes::ReadError;
use crate::bytes::protobuf::{Field, Slice, Value};

/// How many networks may lie in one another (branches and loops).
const DEPTH: u32 = 16;

/// A way to weights, by the numbers of fields.
enum Way {
    /// The field is a `WeightParams`.
    Weights(u32),
    /// The field is a message that has ways of its own.
    Through(u32, &'static [Way]),
    /// The field is a network.
    Network(u32),
}

use Way::{Network, Through, Weights};

static ACTIVATION: [Way; 2] = [Through(25, &[Weights(1)]), Through(71, &[Weights(1), Weights(2)])];

static LSTM: [Way; 15] = [
    Weights(1),
    Weights(2),
    Weights(3),
    Weights(4),
    Weights(20),
    Weights(21),
    Weights(22),
    Weights(23),
    Weights(40),
    Weights(41),
    Weights(42),
    Weights(43),
    Weights(60),
    Weights(61),
    Weights(62),
];

/// The layers with weights, by their fields in `NeuralNetworkLayer`.
static LAYERS: [(u32, &[Way]); 20] = [
    (100, &[Weights(90), Weights(91)]),
    (130, &ACTIVATION),
    (140, &[Weights(20), Weights(21)]),
    (150, &[Weights(20), Weights(21)]),
    (160, &[Weights(15), Weights(16), Weights(17), Weights(18)]),
    (245, &[Weights(2), Weights(5)]),
    (250, &[Weights(2)]),
    (290, &[Weights(2)]),
    (400, &[Through(10, &ACTIVATION), Weights(30), Weights(31), Weights(32)]),
    (
        410,
        &[
            Through(10, &ACTIVATION),
            Weights(30),
            Weights(31),
            Weights(32),
            Weights(50),
            Weights(51),
            Weights(52),
            Weights(70),
            Weights(71),
            Weights(72),
        ],
    ),
    (420, &[Through(10, &ACTIVATION), Through(20, &LSTM)]),
    (430, &[Through(10, &ACTIVATION), Through(11, &ACTIVATION), Through(20, &LSTM)]),
    (500, &[Weights(20)]),
    (605, &[Network(1), Network(2)]),
    (615, &[Network(3), Network(4)]),
    (1040, &[Weights(20), Weights(21)]),
    (1045, &[Weights(8), Weights(9)]),
    (1070, &[Weights(2)]),
    (1350, &[Weights(3), Weights(4)]),
    (1471, &[Weights(60), Weights(61)]),
];

/// Reads a network.
pub(super) fn network<'a>(model: &mut Model<'a>, walk: &Walk, network: Slice<'a>, depth: u32) -> Result<(), ReadError> {
    walk.each(network, |field| {
        let (1, Value::Bytes(layer)) = (field.number, field.value) else { return Ok(()) };
        walk.each(layer, |field| {
            let ways = LAYERS.iter().find(|(number, _)| *number == field.number).map(|(_, ways)| *ways);
            match (ways, field.value) {
                (Some(ways), Value::Bytes(layer)) => follow(model, walk, layer, ways, depth),
                _ => Ok(()),
            }
        })
    })
}

fn follow<'a>(
    model: &mut Model<'a>,
    walk: &Walk,
    message: Slice<'a>,
    ways: &'static [Way],
    depth: u32,
) -> Result<(), ReadError> {
    walk.each(message, |field: Field<'a>| {
        let Value::Bytes(inner) = field.value else { return Ok(()) };
        for way in ways {
            match way {
                Weights(number) if *number == field.number => weights(model, walk, inner)?,
                Through(number, ways) if *number == field.number => follow(model, walk, inner, ways, depth)?,
                Network(number) if *number == field.number && depth < DEPTH => network(model, walk, inner, depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    })
}

/// A `WeightParams`: floats, or bytes of a kind that the field says.
fn weights<'a>(model: &mut Model<'a>, walk: &Walk, message: Slice<'a>) -> Result<(), ReadError> {
    let (mut data, mut bits) = (None, None);
    let end = walk.each(message, |field| {
        match (field.number, field.value) {
            (1 | 2 | 30 | 31, Value::Bytes(bytes)) if !bytes.bytes.is_empty() => data = Some((field.number, bytes)),
            (40, Value::Bytes(quantisation)) => walk.each(quantisation, |field| {
                match (field.number, field.value) {
                    (1, Value::Varint(number)) => bits = Some((number, "")),
                    (101, Value::Bytes(_)) => bits = Some((bits.map_or(8, |(number, _)| number), "linear")),
                    (102, Value::Bytes(_)) => bits = Some((bits.map_or(8, |(number, _)| number), "lookup table")),
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    });
    if let Some((number, data)) = data {
        let length = data.bytes.len() as u64;
        let (dtype, elements) = match (number, bits) {
            (1, _) => ("F32", length / 4),
            (2, _) => ("F16", length / 2),
            (31, _) => ("I8", length),
            (_, Some((bits @ 1..=8, _))) => ("U8", length.saturating_mul(8) / bits),
            _ => ("U8", length),
        };
        model.tensors.add(dtype, [elements]);
        model.tensors.data(data.bytes, data.offset);
        if let (Some((bits @ 1..=8, scheme)), 30) = (bits, number) {
            model.quantised.insert(format!("{bits} bits {scheme}").trim().to_owned());
        }
    }
    end
}
