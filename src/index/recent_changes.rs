//! The rows that changed lately, so that a cached search can be refreshed.

use std::collections::VecDeque;

use super::Slot;

/// The most changes that are noted; a search that misses more is run again.
const LOG_MAX: usize = 256;

/// The rows of the latest changes, additions aside.
#[derive(Debug)]
pub(super) struct RecentChanges {
    /// How many changes there ever were.
    pub(super) count: u64,
    log: VecDeque<Slot>,
}

impl RecentChanges {
    /// No changes, with room for the whole log: it never grows while readers wait.
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            log: VecDeque::with_capacity(LOG_MAX),
        }
    }

    /// Notes that the name of a row, or the lists that it stands in, may have changed. O(1).
    pub(super) fn note(&mut self, slot: Slot) {
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(slot);
        self.count += 1;
    }

    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.log.capacity() * size_of::<Slot>()
    }

    /// The rows of the changes after the first `count`; `None` where the log does not reach back
    /// to them.
    pub(super) fn since(&self, count: u64) -> Option<impl Iterator<Item = Slot>> {
        let missed = usize::try_from(self.count.checked_sub(count)?).ok()?;
        let known = self.log.len().checked_sub(missed)?;
        Some(self.log.range(known..).copied())
    }
}
