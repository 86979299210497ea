//! What can be said of a query without reading its page: counts, and its plan.

use super::{Index, ListKey, NameSearch, RowSet, RowView};
use crate::query::{AnswerList, Explanation, Facets, Filters, NameMatch, NameStrategy};
use crate::task::{Code, LastStatus, LifeCycleType, ScheduledType, TaskType};

/// How many tasks there are of each code, as far as filters tell codes apart.
struct Tally([u32; 256]);

const FILTERED: u16 = Code::TASK_TYPE | Code::SCOPE | Code::STATUS;
const _: () = assert!(FILTERED == 255);

impl Index {
    /// For every value of every filter, how many tasks match with it; `search` gives the rows
    /// that a search for names finds. O(1), or where a name is asked for, O(length of the
    /// answer lists) and two searches.
    pub(crate) fn facets(
        &self,
        filters: &Filters,
        mut search: impl FnMut(&NameSearch<'_>) -> RowSet,
    ) -> Facets {
        let Some(lookups) = &self.lookups else {
            let tally = self.tally(filters.task_name.as_ref());
            return Facets::count(filters, |key| tally.count(key));
        };
        let Some(name) = &filters.task_name else {
            return Facets::count(filters, |key| lookups.answers.list(key).len());
        };
        // Every list is a part of one of these two.
        let [timed, triggered] = [ListKey::ANY_TIMED, ListKey::ANY_TRIGGERED].map(|key| {
            let found = self.search(key, name);
            found.map_or_else(RowSet::default, |found| search(&found))
        });
        Facets::count(filters, |key| {
            let rows = if key.is_timed() { &timed } else { &triggered };
            let list = lookups.answers.list(key).rows();
            rows.common_count(list)
        })
    }

    /// Counts the tasks whose name matches, one by one.
    fn tally(&self, name: Option<&NameMatch>) -> Tally {
        let mut tally = Tally([0; 256]);
        let matches =
            |row: RowView<'_>| name.is_none_or(|name| name.matches(row.task().task_name()));
        for (_, row) in self.iter().filter(|&(_, row)| matches(row)) {
            tally.add(row.code());
        }
        tally
    }

    /// How a query of these filters is answered; `strategy` says how names are searched.
    pub(crate) fn explain(
        &self,
        filters: &Filters,
        strategy: impl FnOnce(&NameSearch<'_>) -> NameStrategy,
    ) -> Explanation {
        let Some(key) = ListKey::asked(filters).filter(|_| self.len() > 0) else {
            return Explanation::Nothing;
        };
        let Some(lookups) = &self.lookups else {
            return Explanation::Scan {
                tasks: u64::from(self.len()),
            };
        };
        let length = u64::from(lookups.answers.list(key).len());
        let list = AnswerList {
            task_type: filters.task_type,
            scheduled_type: filters.scheduled_type,
            life_cycle_type: filters.life_cycle_type,
            last_status: filters.last_status,
        };
        match self.name_search(filters) {
            None => Explanation::Lookup { list, length },
            Some(search) => Explanation::NameSearch {
                list,
                length,
                strategy: strategy(&search),
            },
        }
    }
}

impl Tally {
    fn add(&mut self, code: Code) {
        if let Some(count) = self.0.get_mut(usize::from(code.masked(FILTERED))) {
            *count += 1;
        }
    }

    fn count(&self, key: ListKey) -> u32 {
        let (mask, wanted) = key.comparison();
        (0..=FILTERED)
            .zip(&self.0)
            .filter(|(code, _)| code & mask == wanted)
            .map(|(_, count)| count)
            .sum()
    }
}

impl Facets {
    fn count(filters: &Filters, count: impl Fn(ListKey) -> u32) -> Self {
        let count =
            |filters: &Filters| ListKey::asked(filters).map_or(0, |key| u64::from(count(key)));
        let mut facets = Self::default();
        for (place, &task_type) in facets.task_types.iter_mut().zip(TaskType::ALL) {
            *place = count(&Filters {
                task_type: Some(task_type),
                ..filters.clone()
            });
        }
        for (place, &last_status) in facets.last_statuses.iter_mut().zip(LastStatus::ALL) {
            *place = count(&Filters {
                last_status: Some(last_status),
                ..filters.clone()
            });
        }
        let of_any_status = count(&Filters {
            last_status: None,
            ..filters.clone()
        });
        facets.never_executed = of_any_status - facets.last_statuses.iter().sum::<u64>();
        for (place, &scheduled_type) in facets.scheduled_types.iter_mut().zip(ScheduledType::ALL) {
            *place = count(&Filters {
                scheduled_type: Some(scheduled_type),
                ..filters.clone()
            });
        }
        for (place, &event) in facets.life_cycle_types.iter_mut().zip(LifeCycleType::ALL) {
            *place = count(&Filters {
                life_cycle_type: Some(event),
                ..filters.clone()
            });
        }
        facets
    }
}
