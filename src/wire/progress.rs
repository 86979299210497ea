//! How far reading has come.

use std::fmt;

#[cfg(doc)]
use super::RecordReader;
#[cfg(doc)]
use crate::store::TaskStore;

/// How far a long text was read: what [`RecordReader::with_progress`] and
/// [`TaskStore::restore_with_progress`] tell.
///
/// It is told after every 1,024 records, some milliseconds of work, and at the end of the text.
/// The callback runs on the reading thread, which holds no lock, so it may use any store. A
/// panic in it reaches the caller of the reading, and leaves everything as it was.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many records were read, refused ones included.
    pub records: u64,
    /// How much was read, from 0 to 1: of the text's bytes, or of the records that an export says
    /// it has.
    pub fraction: f64,
}

/// How many records are read between two calls.
const RECORDS_PER_CALL: u64 = 1_024;

/// Counts records, and tells of them now and then.
#[derive(Clone, Copy)]
pub(super) struct Meter<'a> {
    on_progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    records: u64,
}

impl<'a> Meter<'a> {
    pub(super) const fn new(on_progress: Option<&'a (dyn Fn(Progress) + Sync)>) -> Self {
        Self {
            on_progress,
            records: 0,
        }
    }

    /// Counts a record, up to which so much of all that there is was read.
    pub(super) fn count(&mut self, read: u64, all: u64) {
        self.records += 1;
        if self.records.is_multiple_of(RECORDS_PER_CALL) {
            #[expect(clippy::cast_precision_loss, reason = "a bar has few steps")]
            self.tell(read as f64 / all as f64);
        }
    }

    /// Tells that everything was read.
    pub(super) fn end(self) {
        self.tell(1.0);
    }

    fn tell(&self, fraction: f64) {
        if let Some(on_progress) = self.on_progress {
            on_progress(Progress {
                records: self.records,
                fraction,
            });
        }
    }
}

impl fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("is_told", &self.on_progress.is_some())
            .field("records", &self.records)
            .finish()
    }
}
