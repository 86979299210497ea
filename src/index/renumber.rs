//! What removals and renamings leave behind, tidied: each part is built beside the index.

use super::{Index, Lookups, NameIndex, NotAdded, RowNumber, Slot};

impl Index {
    /// The names [recorded anew](Self::replace_names), if they should be. O(n), though beside the
    /// readers; once in n / 2 renamings.
    pub(crate) fn names_anew(&self) -> Option<NameIndex> {
        let names = &self.lookups.as_ref()?.names;
        names
            .is_outdated(self.rows.len(), self.limits.holes_min)
            .then(|| {
                let mut fresh = NameIndex::default();
                fresh.record_all(self.rows.end(), &self.rows);
                fresh
            })
    }

    /// Whether the name index holds former names.
    pub(crate) fn has_renamed(&self) -> bool {
        let lookups = self.lookups.as_ref();
        lookups.is_some_and(|lookups| lookups.names.is_outdated(0, 0))
    }

    /// Puts names that were recorded beside the index in place, and returns those of before.
    pub(crate) fn replace_names(&mut self, names: NameIndex) -> Option<NameIndex> {
        let lookups = self.lookups.as_mut()?;
        Some(std::mem::replace(&mut lookups.names, names))
    }

    /// Whether the project should be [renumbered](Self::renumbered).
    pub(crate) fn is_sparse(&self) -> bool {
        let holes = self.rows.end().get() - self.rows.len();
        self.lookups.is_some()
            && (self.rows.len() < self.limits.lists_until
                || (holes > self.rows.len() && holes > self.limits.holes_min))
    }

    /// Whether renumbering frees row numbers.
    pub(crate) fn has_holes(&self) -> bool {
        self.rows.end().get() > self.rows.len()
    }

    /// The same project without holes, at the same revision. O(n).
    pub(crate) fn renumbered(&self) -> Result<Self, NotAdded> {
        let mut fresh = self.emptied(self.rows.len() as usize);
        for (_, row) in self.rows.iter(Slot::FIRST..self.visible_end) {
            fresh.stage(&row.head(), row.task())?;
        }
        fresh.publish(self.revision);
        Ok(fresh)
    }

    /// A project of the same history with room for so many rows, and none yet.
    pub(crate) fn emptied(&self, rows: usize) -> Self {
        let limits = self.limits;
        let mut fresh = Self::new(self.origin(), limits);
        fresh.epoch = self.epoch.wrapping_add(1);
        fresh.due = (self.due.as_ref()).map(|due| Box::new(due.emptied()));
        let has_lists = rows > limits.lists_from as usize
            || (self.lookups.is_some() && rows >= limits.lists_until as usize);
        if has_lists {
            fresh.lookups = Some(Box::new(Lookups::with_capacity(rows)));
        }
        fresh
    }

    /// Puts a project of the same history in place of this one, which it returns. The
    /// change log goes over.
    pub(crate) fn replace_by(&mut self, mut fresh: Self) -> Self {
        fresh.log = self.log.take();
        std::mem::replace(self, fresh)
    }
}
