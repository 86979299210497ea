//! How far reading a file has come, for someone who waits at a terminal.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};

use taskdex::wire::Progress;

/// A line on standard error, erased in the end; nothing where that is not a terminal.
pub(crate) struct ProgressLine {
    is_terminal: bool,
    /// What the line shows, so that it is written a hundred times at most.
    percent: AtomicU64,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: stderr().is_terminal(),
            percent: AtomicU64::new(0),
        }
    }

    pub(crate) fn show(&self, progress: Progress) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 100"
        )]
        let percent = (100.0 * progress.fraction) as u64;
        if self.is_terminal && self.percent.swap(percent, Ordering::Relaxed) != percent {
            eprint!("\rreading: {percent} %, {} records", progress.records);
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_terminal {
            // To the start of the line, which is erased from there on.
            eprint!("\r\x1b[K");
        }
    }
}
