//! A progress bar for work that takes more than a second.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lastlook::scan::Progress;

/// A progress bar on standard error.
pub struct Bar(ProgressBar);

/// For how long nothing is shown.
const QUIET: Duration = Duration::from_secs(1);

impl Bar {
    /// A bar that shows itself after a second, if standard error is a terminal.
    pub fn new(wanted: bool) -> Arc<Self> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("looking at {pos} of {len} files {wide_bar} {elapsed}") {
            bar.set_style(style);
        }
        if wanted && std::io::stderr().is_terminal() {
            let later = bar.clone();
            std::thread::spawn(move || {
                std::thread::sleep(QUIET);
                if !later.is_finished() {
                    later.set_draw_target(ProgressDrawTarget::stderr());
                    later.enable_steady_tick(Duration::from_millis(200));
                }
            });
        }
        Arc::new(Bar(bar))
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// What the scanner is given.
pub struct Shared(pub Arc<Bar>);

impl Progress for Shared {
    fn files(&self, total: u64) {
        self.0.0.set_length(total);
    }

    fn file_done(&self) {
        self.0.0.inc(1);
    }
}
