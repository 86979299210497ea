//! How far long work has come, for someone who waits at a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use taskdex::wire::Progress;

/// A line on standard error, erased in the end; nothing where that is not a terminal.
pub(crate) struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// The line of some work: `reading`, say.
    pub(crate) fn new(work: &'static str) -> Self {
        let style = ProgressStyle::with_template("{prefix}: {percent} %, {msg} records");
        let bar = ProgressBar::new(100)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(work)
            .with_finish(ProgressFinish::AndClear);
        Self(bar)
    }

    pub(crate) fn show(&self, progress: Progress) {
        self.0.set_message(progress.records.to_string());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 100"
        )]
        self.0.set_position((100.0 * progress.fraction) as u64);
    }
}
