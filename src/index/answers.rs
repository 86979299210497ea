//! Every answer of the documented filters, kept ready: the answer lists.

mod list;

pub(super) use list::List;

use super::row_set::Block;
use super::rows::Slot;
use crate::query::Filters;
use crate::task::{Code, ScheduledType, TRIGGERED};

const TASK_TYPES: u16 = 7;
const STATUSES: u16 = 3;
const SCOPES: u16 = 8;

/// Any task type, where a list is not kept to one.
const ANY_TASK_TYPE: u16 = TASK_TYPES;
/// Any last status, and none.
const ANY_STATUS: u16 = STATUSES;
const ANY_TIMED: u16 = SCOPES;
const ANY_TRIGGERED: u16 = SCOPES + 1;

const LIST_COUNT: usize =
    (TASK_TYPES as usize + 1) * (SCOPES as usize + 2) * (STATUSES as usize + 1);

/// Which tasks one answer list holds: those of a task type or of any, of a
/// scope or a group of scopes, of a last status or of any.
///
/// That triggered tasks are seen only where they are asked for is not a rule
/// here: it is which key a query has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListKey {
    task_type: u16,
    scope: u16,
    status: u16,
}

impl ListKey {
    /// All tasks that run by the clock.
    pub(crate) const ANY_TIMED: Self = Self {
        task_type: ANY_TASK_TYPE,
        scope: ANY_TIMED,
        status: ANY_STATUS,
    };

    /// All tasks that an event triggers.
    pub(crate) const ANY_TRIGGERED: Self = Self {
        scope: ANY_TRIGGERED,
        ..Self::ANY_TIMED
    };

    /// The tasks that these filters ask for, their name left aside; none where
    /// no task can pass.
    pub(crate) fn asked(filters: &Filters) -> Option<Self> {
        let scope = match (filters.scheduled_type, filters.life_cycle_type) {
            (None, None) => ANY_TIMED,
            (Some(ScheduledType::LifeCycle), None) => ANY_TRIGGERED,
            (Some(ScheduledType::LifeCycle), Some(event)) => Code::triggered_scope(event),
            (Some(scheduled_type), None) => Code::timed_scope(scheduled_type)?,
            // No timed task has a life cycle type.
            (_, Some(_)) => return None,
        };
        Some(Self {
            task_type: filters.task_type.map_or(ANY_TASK_TYPE, |it| it as u16),
            scope,
            status: filters.last_status.map_or(ANY_STATUS, |it| it as u16),
        })
    }

    /// Calls `see` with the keys of all lists that a task stands in: at most 8.
    #[inline]
    fn each_of_task(code: Code, mut see: impl FnMut(Self)) {
        let group = if code.is_triggered() {
            ANY_TRIGGERED
        } else {
            ANY_TIMED
        };
        let statuses = [code.status(), ANY_STATUS];
        // A task that was never executed is in no list of one status.
        let statuses = statuses.into_iter().skip(usize::from(!code.was_executed()));
        for status in statuses {
            for scope in [code.scope(), group] {
                for task_type in [code.task_type(), ANY_TASK_TYPE] {
                    see(Self {
                        task_type,
                        scope,
                        status,
                    });
                }
            }
        }
    }

    /// Whether the list holds tasks that run by the clock, and no others.
    pub(crate) fn is_timed(self) -> bool {
        self.comparison().1 & Code::SCOPE_IS_TRIGGERED == 0
    }

    /// Whether the list holds a task of this code.
    pub(crate) fn holds(self, code: Code) -> bool {
        let (mask, bits) = self.comparison();
        code.masked(mask) == bits
    }

    /// The bits of a code that count, and what they must be.
    pub(crate) fn comparison(self) -> (u16, u16) {
        let mut mask = 0;
        let mut wanted = Code::of(0, 0, 0);
        if self.task_type != ANY_TASK_TYPE {
            mask |= Code::TASK_TYPE;
            wanted = Code::of(self.task_type, wanted.scope(), wanted.status());
        }
        match self.scope {
            ANY_TIMED => mask |= Code::SCOPE_IS_TRIGGERED,
            ANY_TRIGGERED => {
                mask |= Code::SCOPE_IS_TRIGGERED;
                wanted = Code::of(wanted.task_type(), TRIGGERED, wanted.status());
            }
            scope => {
                mask |= Code::SCOPE;
                wanted = Code::of(wanted.task_type(), scope, wanted.status());
            }
        }
        if self.status != ANY_STATUS {
            mask |= Code::STATUS;
            wanted = Code::of(wanted.task_type(), wanted.scope(), self.status);
        }
        (mask, wanted.masked(mask))
    }

    fn number(self) -> usize {
        let number = (self.task_type * (SCOPES + 2) + self.scope) * (STATUSES + 1) + self.status;
        usize::from(number)
    }
}

/// The answer lists of one project.
///
/// Invariant: every block of a list that is sparse is among the `sparse` ones.
#[derive(Debug)]
pub(super) struct Answers {
    /// By [`ListKey::number`].
    lists: Box<[List]>,
    sparse: Vec<BlockOfList>,
}

/// Which block of which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BlockOfList {
    key: ListKey,
    number: usize,
}

/// Sparse blocks in less memory.
#[derive(Debug)]
pub(crate) struct Compacted(Vec<(BlockOfList, Block)>);

impl Answers {
    pub(super) fn new() -> Self {
        Self {
            lists: (0..LIST_COUNT).map(|_| List::default()).collect(),
            sparse: Vec::new(),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    pub(super) fn list(&self, key: ListKey) -> &List {
        &self.lists[key.number()]
    }

    /// Puts a row that is not yet visible into its lists.
    pub(super) fn stage(&mut self, slot: Slot, code: Code) {
        self.each_of(code, |list| list.stage(slot));
    }

    /// Takes a row out that is not yet visible.
    pub(super) fn unstage(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| self.take_out(key, |list| list.unstage(slot)));
    }

    /// Makes visible what was staged: O(number of lists).
    pub(super) fn publish(&mut self) {
        self.lists.iter_mut().for_each(List::publish);
    }

    pub(super) fn insert(&mut self, slot: Slot, code: Code) {
        self.each_of(code, |list| list.insert(slot));
    }

    pub(super) fn remove(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| self.take_out(key, |list| list.remove(slot)));
    }

    /// Moves a row from the lists of one code to those of another.
    pub(super) fn change(&mut self, slot: Slot, from: Code, to: Code) {
        ListKey::each_of_task(from, |key| {
            if !key.holds(to) {
                self.take_out(key, |list| list.remove(slot));
            }
        });
        ListKey::each_of_task(to, |key| {
            if !key.holds(from) {
                self.list_mut(key).insert(slot);
            }
        });
    }

    /// Takes a row out of a list, and notes the block that this made sparse.
    fn take_out(&mut self, key: ListKey, act: impl FnOnce(&mut List) -> Option<usize>) {
        if let Some(number) = act(self.list_mut(key)) {
            self.sparse.push(BlockOfList { key, number });
        }
    }

    /// Whether there are blocks that should be [compacted](Self::compacted).
    pub(super) fn has_sparse(&self) -> bool {
        !self.sparse.is_empty()
    }

    /// The sparse blocks in less memory. O(their rows), though beside the readers.
    pub(super) fn compacted(&self) -> Compacted {
        let blocks = self.sparse.iter().filter_map(|&block| {
            let rows = self.list(block.key).rows().compacted(block.number)?;
            Some((block, rows))
        });
        Compacted(blocks.collect())
    }

    /// Puts blocks that were compacted in place of those of before, which it gives back. No row
    /// may have changed meanwhile.
    pub(super) fn install(&mut self, mut compacted: Compacted) -> Compacted {
        for (BlockOfList { key, number }, rows) in &mut compacted.0 {
            self.list_mut(*key).rows_mut().exchange(*number, rows);
        }
        self.sparse.clear();
        compacted
    }

    /// Checks that every sparse block is known.
    pub(super) fn validate_sparse(&self) -> Result<(), String> {
        for (key, list) in self.iter() {
            for number in list.rows().sparse_blocks() {
                if !self.sparse.contains(&BlockOfList { key, number }) {
                    return Err(format!("{key:?}: block {number} is sparse"));
                }
            }
        }
        Ok(())
    }

    /// All lists with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ListKey, &List)> {
        let keys = (0..=TASK_TYPES).flat_map(|task_type| {
            (0..SCOPES + 2).flat_map(move |scope| {
                (0..=STATUSES).map(move |status| ListKey {
                    task_type,
                    scope,
                    status,
                })
            })
        });
        keys.map(|key| (key, self.list(key)))
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    fn list_mut(&mut self, key: ListKey) -> &mut List {
        &mut self.lists[key.number()]
    }

    fn each_of(&mut self, code: Code, mut act: impl FnMut(&mut List)) {
        ListKey::each_of_task(code, |key| act(self.list_mut(key)));
    }
}
