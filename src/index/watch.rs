//! What is pending in a watched project: its due queue kept in step with its rows.

use super::{DueQueue, Index, Next, Slot};

/// So many rows are put into the due queue while readers wait, and more of them beside.
const DUE_IN_PLACE_MAX: usize = 512;

impl Index {
    /// What is pending, if the project is watched.
    pub(crate) fn due(&self) -> Option<&DueQueue> {
        self.due.as_deref()
    }

    /// The same project, watched, with nothing pending yet that seconds from this one on have.
    pub(crate) fn watched_from(mut self, second: Option<i64>) -> Self {
        self.due = second.map(|second| Box::new(DueQueue::new(second)));
        self
    }

    /// Has listings leave next executions of rows alone, as a due queue is being
    /// [built](Self::due_built).
    pub(crate) fn begin_watching(&mut self, second: i64) {
        let published = self.due.as_ref().and_then(|due| due.published());
        self.due = Some(Box::new(DueQueue::new(second).with_published(published)));
    }

    /// A queue of all rows, with those that are staged where their number is worth it; `None`
    /// where nothing is missing. O(n log n), though beside the readers.
    pub(crate) fn due_built(&self) -> Option<Box<DueQueue>> {
        let due = self.due.as_ref()?;
        if due.rows_missing(self.rows.end()) <= DUE_IN_PLACE_MAX {
            return None;
        }
        let mut due = due.copied();
        due.insert_rows(&self.rows);
        Some(Box::new(due))
    }

    /// Has the due queue, if there is one, look after all rows.
    pub(crate) fn put_rows_into_due(&mut self) {
        if let Some(due) = &mut self.due {
            due.insert_rows(&self.rows);
        }
    }

    /// Puts a queue that was built beside in place, and returns the one of before.
    pub(crate) fn replace_due(&mut self, due: Box<DueQueue>) -> Option<Box<DueQueue>> {
        self.due.replace(due)
    }

    /// Sets next executions of rows that the due queue does not look after yet.
    pub(crate) fn set_nexts(&mut self, nexts: &[(Slot, Next)]) {
        for &(slot, next) in nexts {
            self.rows.set_next(slot, next);
        }
    }

    /// Moves a row on to another moment.
    pub(crate) fn set_pending(&mut self, slot: Slot, next: Next) {
        if let Some(due) = &mut self.due
            && let Some(row) = self.rows.view(slot)
        {
            due.exchange(slot, row.pending(), next);
            self.rows.set_next(slot, next);
        }
    }

    /// Moves the first rows on, each to its moment.
    pub(crate) fn take_first(&mut self, nexts: &[(Slot, Next)]) {
        if let Some(due) = &mut self.due {
            due.remove_first(nexts.len());
            for &(slot, next) in nexts {
                self.rows.set_next(slot, next);
                due.insert(slot, next);
            }
        }
    }

    /// Notes that the agenda has the first second, and returns those of before and after.
    pub(crate) fn publish_due(&mut self) -> (Option<i64>, Option<i64>) {
        let due = self.due.as_mut();
        due.map_or((None, None), |due| (due.publish(), due.first()))
    }
}
