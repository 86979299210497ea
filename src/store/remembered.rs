//! The latest answers to searches for names, so that a client that pages, or
//! asks again, is answered at once.

use std::collections::BTreeMap;

use crate::index::{Index, NameSearch, NamesFound, RowSet, Seen};
use crate::query::{ListKey, NameMatch, NameStrategy};
use crate::sync::{
    Arc, AtomicU64, Mutex, MutexGuard, OnceLock, Ordering, PoisonError, Weak, rank, reached,
};

/// The most answers of one project, so that one is found at once.
const ANSWERS_MAX: usize = 8;

/// The memory that the remembered answers of all projects of a store may take
/// together, and which of them was used least recently.
#[derive(Debug)]
pub(super) struct Memory {
    bytes_max: usize,
    /// Relaxed is enough: each addition gives a time of its own, whatever else a thread sees, and
    /// answers that are dated by it are read and written under their locks alone.
    clock: AtomicU64,
    filed: Mutex<Filed, { rank::FILED }>,
}

#[derive(Debug, Default)]
struct Filed {
    /// What all answers are charged.
    bytes: usize,
    /// Every answer, by the time of a use: the latest or one before it.
    by_time: BTreeMap<u64, Charge>,
    /// How many were forgotten as there was no room for them.
    #[cfg(feature = "testkit")]
    evicted: u64,
}

#[derive(Debug)]
struct Charge {
    shelf: Weak<Shelf>,
    bytes: usize,
}

/// The remembered answers of one project. Takes no memory before the first.
#[derive(Debug, Default)]
pub(super) struct Remembered(OnceLock<Arc<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    answers: Mutex<Vec<Answer>, { rank::ANSWERS }>,
}

/// An answer, true of the state of its project's index that was `seen`.
#[derive(Debug)]
struct Answer {
    name: NameMatch,
    list: ListKey,
    rows: RowSet,
    seen: Seen,
    /// With more rows than this it takes more memory than it is charged.
    length_max: u32,
    /// The time by which it is filed.
    filed: u64,
    used: u64,
}

impl Memory {
    /// As much as 30 answers of half a million tasks each.
    pub(super) const BYTES_MAX: usize = 8 << 20;

    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            clock: AtomicU64::new(0),
            filed: Mutex::default(),
        }
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes account of an answer, and forgets others if there is no room for it.
    fn file(&self, time: u64, charge: Charge) {
        let mut filed = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        filed.add(time, charge);
        while filed.bytes > self.bytes_max
            && let Some((time, charge)) = filed.take_oldest()
        {
            if let Some(shelf) = charge.shelf.upgrade()
                && let Some(used) = shelf.forget_unless_used_since(time)
            {
                filed.add(used, charge);
                continue;
            }
            reached("an answer is evicted");
            #[cfg(feature = "testkit")]
            {
                filed.evicted += 1;
            }
        }
    }

    /// How many answers were forgotten as there was no room for them.
    #[cfg(feature = "testkit")]
    pub(super) fn evicted(&self) -> u64 {
        let filed = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        filed.evicted
    }

    fn unfile(&self, times: impl IntoIterator<Item = u64>) {
        let mut filed = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        for time in times {
            if let Some(charge) = filed.by_time.remove(&time) {
                filed.bytes -= charge.bytes;
            }
        }
    }
}

impl Filed {
    fn add(&mut self, time: u64, charge: Charge) {
        self.bytes += charge.bytes;
        self.by_time.insert(time, charge);
    }

    fn take_oldest(&mut self) -> Option<(u64, Charge)> {
        let (time, charge) = self.by_time.pop_first()?;
        self.bytes -= charge.bytes;
        Some((time, charge))
    }
}

impl Remembered {
    /// Calls `read` with the rows that a search finds, remembered or found anew.
    pub(super) fn find<R>(
        &self,
        memory: &Memory,
        search: &NameSearch<'_>,
        read: impl FnOnce(&RowSet) -> R,
    ) -> R {
        let shared = self.0.get_or_init(Arc::default);
        let mut answers = shared.lock();
        let place = answers.iter().position(|answer| answer.is_to(search));
        if let Some(answer) = place.and_then(|place| answers.get_mut(place))
            && answer.bring_up_to_date(search)
        {
            answer.used = memory.tick();
            reached("an answer is remembered");
            return read(&answer.rows);
        }
        // Others need not wait for the search.
        drop(answers);
        let found = search.run();
        reached("an answer is found");
        let result = read(&found.rows);
        shared.keep(memory, search, found);
        result
    }

    /// How a search would be answered.
    pub(super) fn strategy(&self, search: &NameSearch<'_>) -> NameStrategy {
        let is_remembered = self.0.get().is_some_and(|shelf| {
            let mut answers = shelf.lock();
            let answer = answers.iter_mut().find(|answer| answer.is_to(search));
            answer.is_some_and(|answer| answer.bring_up_to_date(search))
        });
        if is_remembered {
            NameStrategy::Remembered
        } else {
            search.run().strategy
        }
    }
}

impl Memory {
    /// Checks the account of all memory.
    pub(super) fn validate(&self) -> Result<(), String> {
        let filed = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = filed.by_time.values().map(|charge| charge.bytes).sum();
        if filed.bytes != bytes || bytes > self.bytes_max {
            let max = self.bytes_max;
            return Err(format!(
                "answers of {bytes} bytes are charged {}, of {max}",
                filed.bytes
            ));
        }
        Ok(())
    }
}

impl Remembered {
    /// Checks the remembered answers against new ones.
    pub(super) fn validate(&self, index: &Index) -> Result<(), String> {
        let Some(shared) = self.0.get() else {
            return Ok(());
        };
        let mut answers = shared.lock();
        for answer in answers.iter_mut() {
            let (name, list) = (answer.name.clone(), answer.list);
            let Some(search) = index.search(list, &name) else {
                continue;
            };
            if answer.bring_up_to_date(&search) && answer.rows != search.run().rows {
                return Err(format!("the answer to {name:?} in {list:?} is out of date"));
            }
        }
        if answers.len() > ANSWERS_MAX {
            return Err(format!("{} answers are remembered", answers.len()));
        }
        Ok(())
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Vec<Answer>, { rank::ANSWERS }> {
        self.answers.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left an answer half up to date.
            let mut answers = poisoned.into_inner();
            answers.clear();
            self.answers.clear_poison();
            answers
        })
    }

    fn keep(self: &Arc<Self>, memory: &Memory, search: &NameSearch<'_>, found: NamesFound) {
        let bytes = charge(search.name, &found.rows);
        let time = memory.tick();
        let mut forgotten = Vec::new();
        {
            let mut answers = self.lock();
            answers.retain(|answer| {
                let is_other = !answer.is_to(search);
                forgotten.extend((!is_other).then_some(answer.filed));
                is_other
            });
            if bytes <= memory.bytes_max {
                if answers.len() >= ANSWERS_MAX {
                    answers.sort_unstable_by_key(|answer| answer.used);
                    forgotten.push(answers.remove(0).filed);
                }
                answers.push(Answer {
                    name: search.name.clone(),
                    list: search.list,
                    length_max: found
                        .rows
                        .len()
                        .saturating_mul(2)
                        .saturating_add(LENGTH_SLACK),
                    rows: found.rows,
                    seen: found.seen,
                    filed: time,
                    used: time,
                });
            }
        }
        memory.unfile(forgotten);
        if bytes <= memory.bytes_max {
            let charge = Charge {
                shelf: Arc::downgrade(self),
                bytes,
            };
            memory.file(time, charge);
        }
    }

    /// Forgets the answer that is filed by `time`; if it was used since, files
    /// it by that use instead, and returns when it was.
    fn forget_unless_used_since(&self, time: u64) -> Option<u64> {
        let mut answers = self.lock();
        let place = answers.iter().position(|answer| answer.filed == time)?;
        let answer = answers.get_mut(place)?;
        if answer.used > time {
            answer.filed = answer.used;
            return Some(answer.used);
        }
        answers.swap_remove(place);
        None
    }
}

impl Answer {
    fn is_to(&self, search: &NameSearch<'_>) -> bool {
        self.list == search.list && self.name == *search.name
    }

    fn bring_up_to_date(&mut self, search: &NameSearch<'_>) -> bool {
        search.bring_up_to_date(&mut self.rows, &mut self.seen)
            && self.rows.len() <= self.length_max
    }
}

/// Rows that any answer may gain without being charged anew.
const LENGTH_SLACK: u32 = 256;

/// The most memory that an answer of these rows may come to take: twice as many rows, which take
/// two bytes each in lists that grow by a quarter.
fn charge(name: &NameMatch, rows: &RowSet) -> usize {
    const ANSWER: usize = 512;
    let (bits, lists) = rows.heap_bytes();
    let lists = 3 * lists + 4 * LENGTH_SLACK as usize;
    ANSWER + name.text().len() + bits + lists
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_needle_is_charged_for() {
        let charged = |text: &str| {
            let name = NameMatch::exactly(text).unwrap();
            charge(&name, &RowSet::default())
        };
        assert_eq!(charged(&"😀".repeat(255)) - charged(""), 4 * 255);
    }
}
