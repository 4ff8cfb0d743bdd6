//! Command lines of publishing tools: which words are options, which belong to them, and which name files.
//!
//! What is published must never be told wrong. Where a word could be the value of an option that is not known here, or
//! the name of what is published, the command is refused, and the user is told how to write it plainly.

use std::ffi::{OsStr, OsString};

/// The options that a tool knows, as they are typed: `--tag`, `-w`.
pub struct Grammar {
    /// Options that take the next word.
    pub values: &'static [&'static str],
    /// Options that stand alone.
    pub flags: &'static [&'static str],
    /// Whether an option that stands alone may be followed by `true` or `false`, as npm reads it.
    pub truth: bool,
}

/// One option as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// The name, with its dashes.
    pub name: String,
    /// The value, if it has one.
    pub value: Option<OsString>,
    /// The words that it consists of.
    pub typed: Vec<OsString>,
}

/// A command line, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The options, in the order in which they were typed.
    pub options: Vec<Opt>,
    /// The words that are no options and belong to none.
    pub plain: Vec<OsString>,
}

impl Split {
    /// Takes `words` apart.
    ///
    /// # Errors
    /// A sentence on the word that could mean two things.
    pub fn of(words: &[OsString], grammar: &Grammar) -> Result<Self, String> {
        let mut split = Split::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.to_string_lossy();
            if text == "--" {
                split.plain.extend(rest.cloned());
                break;
            }
            if !text.starts_with('-') || text == "-" {
                split.plain.push(word.clone());
                continue;
            }
            let next = rest.as_slice().first();
            let opt = option(word, &text, next, grammar)?;
            if opt.typed.len() > 1 {
                rest.next();
            }
            split.options.push(opt);
        }
        Ok(split)
    }

    /// Whether one of these options was given, and not with `false`.
    pub fn has(&self, names: &[&str]) -> bool {
        // The last word counts.
        let last = self.options.iter().rev().find(|opt| names.contains(&opt.name.as_str()) || negated(opt, names));
        last.is_some_and(|opt| !negated(opt, names) && opt.value.as_deref() != Some(OsStr::new("false")))
    }

    /// The last value of one of these options.
    pub fn value(&self, names: &[&str]) -> Option<&OsStr> {
        self.options.iter().rev().find(|opt| names.contains(&opt.name.as_str()))?.value.as_deref()
    }

    /// All values of these options.
    pub fn values<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = &'s OsStr> {
        let ours = self.options.iter().filter(|opt| names.contains(&opt.name.as_str()));
        ours.filter_map(|opt| opt.value.as_deref())
    }

    /// The options as they were typed, but for these.
    pub fn without(&self, names: &[&str]) -> Vec<OsString> {
        let kept = self.options.iter().filter(|opt| !names.contains(&opt.name.as_str()) && !negated(opt, names));
        kept.flat_map(|opt| opt.typed.iter().cloned()).collect()
    }
}

/// Whether `opt` is `--no-x` for one of the names `--x`.
fn negated(opt: &Opt, names: &[&str]) -> bool {
    let positive = opt.name.strip_prefix("--no-");
    positive.is_some_and(|name| names.iter().any(|known| known.strip_prefix("--") == Some(name)))
}

fn option(word: &OsString, text: &str, next: Option<&OsString>, grammar: &Grammar) -> Result<Opt, String> {
    if let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) {
        return Ok(Opt { name: name.to_owned(), value: Some(value.into()), typed: vec![word.clone()] });
    }
    let alone = || Opt { name: text.to_owned(), value: None, typed: vec![word.clone()] };
    let with = |next: &OsString| Opt {
        name: text.to_owned(),
        value: Some(next.clone()),
        typed: vec![word.clone(), next.clone()],
    };
    if grammar.values.contains(&text) {
        return next.map(with).ok_or_else(|| format!("`{text}` needs a value"));
    }
    let truth = next.filter(|next| grammar.truth && matches!(next.to_str(), Some("true" | "false")));
    if grammar.flags.contains(&text) || text.starts_with("--no-") {
        return Ok(truth.map_or_else(alone, with));
    }
    // `-j4`, `-pTOKEN`: a short option with its value.
    if let Some((at, _)) = text.char_indices().nth(2).filter(|_| !text.starts_with("--")) {
        let (name, value) = text.split_at(at);
        if grammar.values.contains(&name) {
            return Ok(Opt { name: name.to_owned(), value: Some(value.into()), typed: vec![word.clone()] });
        }
        let all_flags = text[1..].chars().all(|letter| grammar.flags.contains(&format!("-{letter}").as_str()));
        if !all_flags {
            return Err(format!("the option `{text}` is not known to guard\n  hint: write short options one by one"));
        }
        return Ok(alone());
    }
    match next {
        Some(next) if !next.to_string_lossy().starts_with('-') => Err(format!(
            "the option `{text}` is not known to guard, so it cannot tell whether `{}` is its value or what is to be \
             published\n  hint: write {text}=VALUE, or put {text} at the end",
            next.to_string_lossy()
        )),
        _ => Ok(alone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NPM: Grammar = Grammar { values: &["--tag", "-w"], flags: &["--dry-run", "-s", "-f"], truth: true };

    fn split(line: &str) -> Result<Split, String> {
        Split::of(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>(), &NPM)
    }

    fn plain(line: &str) -> Vec<String> {
        split(line).unwrap().plain.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_belongs_to_an_option_names_nothing_to_publish() {
        assert_eq!(plain("--tag next ./a"), ["./a"]);
        assert_eq!(plain("--tag=next ./a --dry-run"), ["./a"]);
        assert_eq!(plain("--dry-run false ./a"), ["./a"]);
        assert_eq!(plain("--dry-run ./a"), ["./a"]);
        assert_eq!(plain("-w one -w=two -sf"), Vec::<String>::new());
        assert_eq!(plain("-- --tag"), ["--tag"]);
        assert_eq!(plain("--no-git-checks ./a"), ["./a"]);
    }

    #[test]
    fn a_word_that_could_mean_two_things_is_refused() {
        assert!(split("--unheard-of ./a").unwrap_err().contains("--unheard-of=VALUE"));
        assert!(split("--tag").unwrap_err().contains("needs a value"));
        assert!(split("-xyz").is_err());
        assert_eq!(plain("./a --unheard-of"), ["./a"]);
        assert_eq!(plain("--unheard-of=1 ./a --other --dry-run"), ["./a"]);
    }

    #[test]
    fn the_last_word_of_an_option_counts() {
        let split = split("--dry-run --tag a --tag=b -w x").unwrap();
        assert!(split.has(&["--dry-run"]) && !split.has(&["-f"]));
        assert_eq!(split.value(&["--tag"]), Some(OsStr::new("b")));
        assert_eq!(split.without(&["--dry-run", "-w"]), ["--tag", "a", "--tag=b"]);
        assert!(!self::split("--dry-run --no-dry-run").unwrap().has(&["--dry-run"]));
        assert!(!self::split("--dry-run=false").unwrap().has(&["--dry-run"]));
        assert!(self::split("--dry-run --no-dry-run").unwrap().without(&["--dry-run"]).is_empty());
    }
}
