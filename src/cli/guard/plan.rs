//! What guard does with one command: decided from its words and from what the project says, before anything runs.

use std::ffi::OsString;
use std::path::PathBuf;

/// One word of a command that guard runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A word as it is.
    Word(OsString),
    /// A word, and right behind it the private folder of the unit: `--out=…`.
    Folder(&'static str),
    /// A path in the private folder of the unit.
    Inside(&'static str),
    /// The files that were looked at.
    Files,
}

/// A command that guard runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The program, and its words.
    pub words: Vec<Arg>,
    /// Where it runs.
    pub folder: PathBuf,
}

impl Step {
    /// A command of plain words.
    pub fn new(folder: &std::path::Path, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Step { words: words.into_iter().map(|word| Arg::Word(word.into())).collect(), folder: folder.to_owned() }
    }

    /// The same with these words behind it.
    pub fn and<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(|word| Arg::Word(word.into())));
        self
    }

    /// The same with this word behind it.
    pub fn with(mut self, word: Arg) -> Self {
        self.words.push(word);
        self
    }
}

/// How it is made sure that what is published is what was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The tool publishes the very file.
    ThisFile,
    /// The tool takes no file and makes its own: it is made again right before, and must be the same.
    Again {
        /// Folders in which the tool leaves what it has published, to be compared; none where it leaves nothing.
        left: Vec<PathBuf>,
        /// A command whose output holds the integrity of what is published, if the registry can be asked.
        asked: Option<Step>,
    },
    /// The tool publishes what a name stands for.
    Name {
        /// The command that says what that is.
        ask: Step,
        /// What it said when the plan was made, and must say again.
        says: String,
    },
}

/// What is published by one call of the tool: one package, or the files that the user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Which package it is, where there are several.
    pub name: String,
    /// Commands that prepare what is packed: scripts that the tool would run.
    pub prepare: Vec<Step>,
    /// The command that makes the files in the private folder; `None` where the user gave them.
    pub make: Option<Step>,
    /// Where in the private folder the files lie.
    pub below: &'static str,
    /// The end of the names of these files.
    pub ending: &'static str,
    /// Files that the user gave. They are copied, so that nothing can change them any more.
    pub given: Vec<PathBuf>,
    /// Files that the tool takes along without being told: looked at and copied, but not named to it.
    pub along: Vec<PathBuf>,
    /// The command that publishes.
    pub publish: Step,
    /// Commands that the tool would run afterwards.
    pub after: Vec<Step>,
    /// How it is made sure that this is what was looked at.
    pub proof: Proof,
}

impl Unit {
    /// A unit that makes one archive with `make` and publishes this very file with `publish`.
    pub fn made(name: &str, make: Step, ending: &'static str, publish: Step) -> Self {
        Unit { make: Some(make), ..Unit::given(name, Vec::new(), ending, publish) }
    }

    /// A unit that publishes files which the user gave.
    pub fn given(name: &str, given: Vec<PathBuf>, ending: &'static str, publish: Step) -> Self {
        Unit {
            name: name.to_owned(),
            prepare: Vec::new(),
            make: None,
            below: "",
            ending,
            given,
            along: Vec::new(),
            publish,
            after: Vec::new(),
            proof: Proof::ThisFile,
        }
    }
}

/// What guard does with one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The folder of the project, whose policy applies.
    pub folder: PathBuf,
    /// What is published, in order. Everything is looked at before the first is published.
    pub units: Vec<Unit>,
    /// What the user should know, in sentences.
    pub notes: Vec<String>,
}

impl Plan {
    /// A plan for one unit.
    pub fn one(folder: PathBuf, unit: Unit) -> Self {
        Plan { folder, units: vec![unit], notes: Vec::new() }
    }
}
