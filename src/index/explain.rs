//! How a query is answered, told without answering it.

use super::Index;
use crate::query::{Explanation, Filters, ListKey, NameStrategy};

impl Index {
    /// How a query of these filters is answered; `strategy` is how a name that it has is searched.
    pub(crate) fn explain(&self, filters: &Filters, strategy: Option<NameStrategy>) -> Explanation {
        let Some(key) = ListKey::of(filters.list).filter(|_| self.len() > 0) else {
            return Explanation::Nothing;
        };
        let Some(lookups) = &self.lookups else {
            return Explanation::Scan {
                tasks: u64::from(self.len()),
            };
        };
        let length = u64::from(self.visible_count(lookups.answers.list(key)));
        let list = filters.list;
        match strategy {
            None => Explanation::Lookup { list, length },
            Some(strategy) => Explanation::NameSearch {
                list,
                length,
                strategy,
            },
        }
    }
}
