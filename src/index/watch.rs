//! What is pending in a watched project: its due queue kept in step with its rows.

use super::{CachedNext, DueQueue, Index, RowView, Slot};

/// Most rows added to the due queue while readers wait; for more, the queue is built beside.
const DUE_IN_PLACE_MAX: usize = 512;

impl Index {
    /// What is pending, if the project is watched.
    pub(crate) fn due(&self) -> Option<&DueQueue> {
        self.due.as_deref()
    }

    /// These rows, each prefetched while those before it are used.
    pub(crate) fn rows<'a>(
        &'a self,
        slots: &'a [Slot],
    ) -> impl Iterator<Item = (Slot, RowView<'a>)> {
        self.rows.page(slots)
    }

    /// Watches a project without tasks, from a second on; `None` does not.
    pub(crate) fn watched_from(mut self, second: Option<i64>) -> Self {
        self.due = second.map(|second| Box::new(DueQueue::new(second)));
        self
    }

    /// Begins an empty due queue, which is then [built](Self::due_built). From here on, listings
    /// do not write next executions to rows.
    pub(crate) fn begin_watching(&mut self, second: i64) {
        let published = self.due.as_ref().and_then(|due| due.published());
        self.due = Some(Box::new(DueQueue::new(second).with_published(published)));
    }

    /// A queue of all rows, staged ones included; `None` where few are missing. O(n log n), while
    /// readers go on.
    pub(crate) fn due_built(&self) -> Option<Box<DueQueue>> {
        let due = self.due.as_ref()?;
        if due.rows_missing(self.rows.end()) <= DUE_IN_PLACE_MAX {
            return None;
        }
        let mut due = due.copied();
        due.insert_rows(&self.rows);
        Some(Box::new(due))
    }

    /// Adds missing rows to the due queue, if there is one.
    pub(crate) fn put_rows_into_due(&mut self) {
        if let Some(due) = &mut self.due {
            due.insert_rows(&self.rows);
        }
    }

    /// Puts a queue that was built beside in place, and returns the one of before.
    pub(crate) fn replace_due(&mut self, due: Box<DueQueue>) -> Option<Box<DueQueue>> {
        self.due.replace(due)
    }

    /// Sets next executions of rows that are not in the due queue yet.
    pub(crate) fn set_nexts(&mut self, nexts: &[(Slot, CachedNext)]) {
        for &(slot, next) in nexts {
            self.rows.set_next(slot, next);
        }
    }

    /// Moves a row to another moment.
    pub(crate) fn set_pending(&mut self, slot: Slot, next: CachedNext) {
        if let Some(due) = &mut self.due
            && let Some(row) = self.rows.view(slot)
        {
            let code = row.code();
            due.exchange(slot, (row.pending(), code), (next, code));
            self.rows.set_next(slot, next);
        }
    }

    /// Moves the first rows, each to its next moment.
    pub(crate) fn take_first(&mut self, nexts: &[(Slot, CachedNext)]) {
        if let Some(due) = &mut self.due {
            due.remove_first(nexts.len());
            for &(slot, next) in nexts {
                self.rows.set_next(slot, next);
                if let Some(row) = self.rows.view(slot) {
                    due.insert(slot, next, row.code());
                }
            }
        }
    }

    /// Notes that the agenda knows the first second, and returns those of before and after.
    pub(crate) fn publish_due(&mut self) -> (Option<i64>, Option<i64>) {
        let due = self.due.as_mut();
        due.map_or((None, None), |due| (due.publish(), due.first()))
    }
}
