//! Models that are split into several files, by their names: `name-00002-of-00005.safetensors`.

use crate::formats::Inspection;

/// More parts than any model has.
const PARTS: u64 = 1024;

/// States which part of a model this file is by its name, and names the other parts.
pub(super) fn state(out: &mut Inspection<'_>) {
    let name = out.path().base_name().to_owned();
    let Some(Shard { before, number, count, after }) = read(&name) else { return };
    out.fact("model.shard", format!("{number} of {count}"));
    for other in (1..=count).filter(|other| *other != number) {
        out.part(&format!("{before}-{other:05}-of-{count:05}{after}"));
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Shard<'a> {
    before: &'a str,
    number: u64,
    count: u64,
    after: &'a str,
}

fn read(name: &str) -> Option<Shard<'_>> {
    let (start, end) = name.rsplit_once("-of-")?;
    let (before, number) = start.rsplit_once('-')?;
    let digits = end.bytes().take_while(u8::is_ascii_digit).count();
    let (count, after) = end.split_at_checked(digits)?;
    let five = |digits: &str| (digits.len() == 5).then(|| digits.parse::<u64>().ok())?;
    let (number, count) = (five(number)?, five(count)?);
    (1..=PARTS).contains(&count).then_some(())?;
    (1..=count).contains(&number).then_some(Shard { before, number, count, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        let shard = Shard { before: "model", number: 2, count: 5, after: ".safetensors" };
        assert_eq!(read("model-00002-of-00005.safetensors"), Some(shard));
        for other in ["best-of-five.bin", "a-00006-of-00005.gguf", "a-1-of-2.gguf", "x-00001-of-99999.gguf", ""] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
