//! The invariants of an index, checked.

use super::{Index, RowSet, Slot};
use crate::query::ListKey;

impl Index {
    /// Checks every invariant. O(n), and slow: for tests.
    pub(crate) fn validate(&self) -> Result<(), String> {
        self.rows.validate()?;
        if let Some(log) = &self.log {
            log.validate(self.revision)?;
        }
        if let Some(due) = &self.due {
            due.validate((self.iter()).map(|(slot, row)| (slot, row.pending(), row.code())))
                .map_err(|fault| format!("due queue: {fault}"))?;
        }
        if self.has_staged() {
            return Err("rows are left staged".into());
        }
        if (self.visible, self.visible_end) != (self.rows.len(), self.rows.end()) {
            return Err("rows are left invisible".into());
        }
        for (slot, row) in self.iter() {
            if row.version() > self.revision {
                return Err(format!("row {slot} was changed in the future"));
            }
            if row.sequence() >= self.next_sequence {
                return Err(format!("row {slot} was added in the future"));
            }
        }
        let Some(lookups) = &self.lookups else {
            if self.visible > self.limits.lists_from {
                return Err(format!("{} rows have no lists", self.visible));
            }
            if self.has_holes() {
                return Err("rows without lists have holes".into());
            }
            return self.validate_distinct_ids();
        };
        if self.visible < self.limits.lists_until {
            return Err(format!("{} rows have lists", self.visible));
        }
        lookups.ids.validate(&self.rows)?;
        lookups.names.validate(self.rows.end(), &self.rows)?;
        let mut entries = 0;
        for (key, list) in lookups.answers.iter() {
            list.validate()
                .map_err(|fault| format!("{key:?}: {fault}"))?;
            entries += u64::from(list.len());
            self.validate_list(key, list)?;
        }
        let expected: u64 = self
            .iter()
            .map(|(_, row)| if row.code().was_executed() { 8 } else { 4 })
            .sum();
        if entries != expected {
            return Err(format!("{entries} entries in all lists, not {expected}"));
        }
        Ok(())
    }

    fn validate_list(&self, key: ListKey, rows: &RowSet) -> Result<(), String> {
        for slot in rows.rows(Slot::FIRST..Slot::MAX) {
            let row = self
                .row(slot)
                .ok_or_else(|| format!("{key:?} holds hole {slot}"))?;
            if !key.holds(row.code()) {
                return Err(format!("{key:?} holds row {slot}, which is another's"));
            }
        }
        Ok(())
    }

    fn validate_distinct_ids(&self) -> Result<(), String> {
        let mut ids = std::collections::HashSet::new();
        match self.iter().find(|(_, row)| !ids.insert(row.task().id())) {
            Some((slot, _)) => Err(format!("row {slot} repeats an id")),
            None => Ok(()),
        }
    }
}
