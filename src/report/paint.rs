//! Colours and line breaks.

use anstyle::{AnsiColor, Style};

use super::sanitize;
use crate::finding::{Level, Verdict};

/// Columns that wrapped text fills at most.
pub(super) const COLUMNS: usize = 100;

/// What stands out.
pub(super) const STRONG: Style = Style::new().bold();
/// Arrows, bars and labels.
pub(super) const FRAME: Style = AnsiColor::BrightBlue.on_default().bold();
/// What matters less.
pub(super) const FAINT: Style = Style::new().dimmed();

/// The colour of a level.
pub(super) fn of_level(level: Level) -> Style {
    match level {
        Level::Error => AnsiColor::BrightRed.on_default().bold(),
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        Level::Note | Level::Off => AnsiColor::BrightCyan.on_default().bold(),
    }
}

/// The colour of a verdict.
pub(super) fn of_verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Clear => AnsiColor::BrightGreen.on_default().bold(),
        Verdict::Blocked => of_level(Level::Error),
        Verdict::Incomplete => of_level(Level::Warning),
    }
}

/// Puts styles around text, or does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Painter {
    /// Whether it does.
    pub(super) color: bool,
}

impl Painter {
    /// `text`, which must be sanitised already, in `style`.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Lines of at most `columns` characters (a longer word stands alone). Sanitised; a line end in `text` is a space.
///
/// No line but the first begins with `::`: CI systems take such a line for an order, however far it is indented.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace().map(sanitize::shown) {
        let width = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + width <= columns || word.starts_with("::") => {
                line.push(' ');
                line.push_str(&word);
                used += 1 + width;
            }
            _ => {
                lines.push(word.into_owned());
                used = width;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("one two\n three  four", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("a-very-long-word x", 4), ["a-very-long-word", "x"]);
        assert_eq!(wrap("four ::add-mask::x", 4), ["four ::add-mask::x"]);
        assert!(wrap(" ", 4).is_empty());
    }

    #[test]
    fn colour_is_optional() {
        assert_eq!(Painter { color: false }.paint(STRONG, "x"), "x");
        assert_eq!(Painter { color: true }.paint(STRONG, "x"), "\x1b[1mx\x1b[0m");
    }
}
