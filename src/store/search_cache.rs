//! The cache of name searches: a client that pages, or asks again, is answered at once.

use std::collections::BTreeMap;

use super::memory::ARC_COUNTS;
use crate::index::{Index, NameSearch, NamesFound, RowSet, Validity, b_tree_bytes};
use crate::query::{ListKey, NameMatch, NameStrategy};
use crate::sync::{
    Arc, AtomicU64, Mutex, MutexGuard, OnceLock, Ordering, PoisonError, Weak, rank, reached,
};

/// Most entries of one project, which are compared one by one.
const ENTRIES_MAX: usize = 8;

/// The memory that the caches of all projects of a store share, and the order in which their
/// entries are evicted: the least recently used ones first.
#[derive(Debug)]
pub(super) struct CacheBudget {
    bytes_max: usize,
    /// Relaxed is enough: each addition gives a time of its own, whatever else a thread sees, and
    /// entries with such times are read and written under their locks alone.
    clock: AtomicU64,
    lru: Mutex<Lru, { rank::LRU }>,
}

#[derive(Debug, Default)]
struct Lru {
    /// The sum of the sizes of all entries.
    bytes: usize,
    /// Every entry, by the time of a use, which may be stale: eviction re-keys an entry that was used
    /// since.
    by_use: BTreeMap<u64, Evictable>,
    /// How many were evicted, as memory was over the budget.
    evicted: u64,
}

/// Where an entry is, and its size.
#[derive(Debug)]
struct Evictable {
    entries: Weak<Entries>,
    bytes: usize,
}

/// The cached name searches of one project. Takes no memory before the first.
#[derive(Debug, Default)]
pub(super) struct NameCache(OnceLock<Arc<Entries>>);

#[derive(Debug, Default)]
struct Entries(Mutex<Vec<Entry>, { rank::ENTRIES }>);

/// The rows that a search found, in the state of the index that `validity` tells.
#[derive(Debug)]
struct Entry {
    name: NameMatch,
    list: ListKey,
    rows: RowSet,
    validity: Validity,
    /// Most rows with which the entry takes no more memory than was counted.
    length_max: u32,
    /// Its key in [`Lru::by_use`].
    lru_key: u64,
    used: u64,
}

impl CacheBudget {
    /// Room for 30 results in a project of two million tasks, a bit a task.
    pub(super) const BYTES_MAX: usize = 8 << 20;

    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            clock: AtomicU64::new(0),
            lru: Mutex::default(),
        }
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn lru(&self) -> MutexGuard<'_, Lru, { rank::LRU }> {
        self.lru.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an entry, and evicts others where their memory is over the budget.
    fn admit(&self, used: u64, entry: Evictable) {
        let mut lru = self.lru();
        lru.add(used, entry);
        while lru.bytes > self.bytes_max
            && let Some((time, entry)) = lru.take_oldest()
        {
            if let Some(entries) = entry.entries.upgrade()
                && let Some(used) = entries.evict_unless_used_since(time)
            {
                lru.add(used, entry);
                continue;
            }
            reached("a search is evicted");
            lru.evicted += 1;
        }
    }

    fn release(&self, lru_keys: impl IntoIterator<Item = u64>) {
        let mut lru = self.lru();
        for key in lru_keys {
            if let Some(entry) = lru.by_use.remove(&key) {
                lru.bytes -= entry.bytes;
            }
        }
    }

    /// Bytes of heap memory, without the entries themselves.
    pub(super) fn heap_bytes(&self) -> usize {
        b_tree_bytes::<(u64, Evictable)>(self.lru().by_use.len())
    }

    /// How many entries were evicted, as memory was over the budget.
    pub(super) fn evicted(&self) -> u64 {
        self.lru().evicted
    }

    /// Checks the sum of all sizes.
    pub(super) fn validate(&self) -> Result<(), String> {
        let lru = self.lru();
        let bytes: usize = lru.by_use.values().map(|entry| entry.bytes).sum();
        if lru.bytes != bytes || bytes > self.bytes_max {
            let (counted, max) = (lru.bytes, self.bytes_max);
            return Err(format!(
                "cached searches of {bytes} bytes are counted {counted}, of {max}"
            ));
        }
        Ok(())
    }
}

impl Lru {
    fn add(&mut self, used: u64, entry: Evictable) {
        self.bytes += entry.bytes;
        self.by_use.insert(used, entry);
    }

    fn take_oldest(&mut self) -> Option<(u64, Evictable)> {
        let (time, entry) = self.by_use.pop_first()?;
        self.bytes -= entry.bytes;
        Some((time, entry))
    }
}

impl NameCache {
    /// Calls `read` with the rows that a search finds, and says how they were found.
    pub(super) fn find<R>(
        &self,
        budget: &CacheBudget,
        search: &NameSearch<'_>,
        read: impl FnOnce(&RowSet) -> R,
    ) -> (R, NameStrategy) {
        let shared = self.0.get_or_init(Arc::default);
        let mut entries = shared.lock();
        let entry = entries.iter_mut().find(|entry| entry.is_of(search));
        if let Some(entry) = entry
            && entry.refresh(search)
        {
            entry.used = budget.tick();
            reached("a search is cached");
            return (read(&entry.rows), NameStrategy::Cached);
        }
        // Unlocked, so that other threads do not wait for the search.
        drop(entries);
        let found = search.run();
        reached("a search is run");
        let result = (read(&found.rows), found.strategy);
        shared.insert(budget, search, found);
        result
    }

    /// Bytes of heap memory. O(blocks of all entries).
    pub(super) fn heap_bytes(&self) -> usize {
        let Some(shared) = self.0.get() else {
            return 0;
        };
        let entries = shared.lock();
        let rows = entries.iter().map(|entry| entry.rows.heap_bytes());
        let names = entries.iter().map(|entry| entry.name.text().len());
        ARC_COUNTS
            + size_of::<Entries>()
            + entries.capacity() * size_of::<Entry>()
            + rows.sum::<usize>()
            + names.sum::<usize>()
    }

    /// How a search would be answered.
    pub(super) fn strategy(&self, search: &NameSearch<'_>) -> NameStrategy {
        let is_cached = self.0.get().is_some_and(|shared| {
            let mut entries = shared.lock();
            let entry = entries.iter_mut().find(|entry| entry.is_of(search));
            entry.is_some_and(|entry| entry.refresh(search))
        });
        if is_cached {
            NameStrategy::Cached
        } else {
            search.run().strategy
        }
    }

    /// Checks the cached rows against searches.
    pub(super) fn validate(&self, index: &Index) -> Result<(), String> {
        let Some(shared) = self.0.get() else {
            return Ok(());
        };
        let mut entries = shared.lock();
        for entry in entries.iter_mut() {
            let (name, list) = (entry.name.clone(), entry.list);
            let Some(search) = index.search(list, &name) else {
                continue;
            };
            if entry.refresh(&search) && entry.rows != search.run().rows {
                return Err(format!(
                    "the search of {list:?} for {name:?} is out of date"
                ));
            }
        }
        if entries.len() > ENTRIES_MAX {
            return Err(format!("{} searches are cached", entries.len()));
        }
        Ok(())
    }
}

impl Entries {
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>, { rank::ENTRIES }> {
        self.0.lock().unwrap_or_else(|poisoned| {
            // A thread that panicked may have left an entry half refreshed.
            let mut entries = poisoned.into_inner();
            entries.clear();
            self.0.clear_poison();
            entries
        })
    }

    fn insert(self: &Arc<Self>, budget: &CacheBudget, search: &NameSearch<'_>, found: NamesFound) {
        let bytes = entry_bytes(search.name, &found.rows);
        let fits = bytes <= budget.bytes_max;
        let used = budget.tick();
        let mut evicted = Vec::new();
        {
            let mut entries = self.lock();
            entries.retain(|entry| {
                let is_other = !entry.is_of(search);
                evicted.extend((!is_other).then_some(entry.lru_key));
                is_other
            });
            if fits {
                if entries.len() >= ENTRIES_MAX {
                    entries.sort_unstable_by_key(|entry| entry.used);
                    evicted.push(entries.remove(0).lru_key);
                }
                let length_max = found.rows.len().saturating_mul(2);
                entries.push(Entry {
                    name: search.name.clone(),
                    list: search.list,
                    length_max: length_max.saturating_add(LENGTH_SLACK),
                    rows: found.rows,
                    validity: found.validity,
                    lru_key: used,
                    used,
                });
            }
        }
        budget.release(evicted);
        if fits {
            let entries = Arc::downgrade(self);
            budget.admit(used, Evictable { entries, bytes });
        }
    }

    /// Evicts the entry of this key; if it was used since, gives it that use for a key, which is
    /// returned.
    fn evict_unless_used_since(&self, lru_key: u64) -> Option<u64> {
        let mut entries = self.lock();
        let place = entries.iter().position(|entry| entry.lru_key == lru_key)?;
        let entry = entries.get_mut(place)?;
        if entry.used > lru_key {
            entry.lru_key = entry.used;
            return Some(entry.used);
        }
        entries.swap_remove(place);
        None
    }
}

impl Entry {
    fn is_of(&self, search: &NameSearch<'_>) -> bool {
        self.list == search.list && self.name == *search.name
    }

    fn refresh(&mut self, search: &NameSearch<'_>) -> bool {
        search.refresh(&mut self.rows, &mut self.validity) && self.rows.len() <= self.length_max
    }
}

/// Rows that any entry may gain beside twice its first length.
const LENGTH_SLACK: u32 = 256;

/// The most memory that an entry of these rows may come to take: twice as many rows, which take
/// two bytes each in lists that grow by a quarter.
fn entry_bytes(name: &NameMatch, rows: &RowSet) -> usize {
    const ENTRY: usize = 512;
    let (bits, lists) = rows.bytes_of_forms();
    let lists = 3 * lists + 4 * LENGTH_SLACK as usize;
    ENTRY + name.text().len() + bits + lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_needle_counts() {
        let bytes = |text: &str| {
            let name = NameMatch::exactly(text).unwrap();
            entry_bytes(&name, &RowSet::default())
        };
        assert_eq!(bytes(&"😀".repeat(255)) - bytes(""), 4 * 255);
    }
}
