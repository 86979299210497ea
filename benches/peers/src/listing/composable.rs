use std::collections::HashMap;

use composable_indexes::core::store::Store;
use composable_indexes::index::{BTree, GroupedOwned, Keys, PremapOwned};
use composable_indexes::{Collection, Index, Key};
use roaring_010::RoaringTreemap;
use taskdex::testkit::Workload;
use taskdex::{LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

use super::{Engine, LIMIT, Question, Records, Visit};
use crate::rows::{Change, Row};

/// A collection of `composable-indexes`, with an index for each combination that is asked for,
/// as SQLite has it, and the crate's own sets of roaring bitmaps.
///
/// Keys ascend in the order of adding. Names are looked at one by one, as the crate's `SuffixTree`
/// gives the tasks of one suffix that begins with a text, and not those of all. Ids are kept beside
/// it: an index of them would make a set of each.
pub struct Composable {
    collection: Collection<Row, Indexes, Slots>,
    keys: HashMap<Box<str>, Key>,
}

/// Rows by key: a `Vec` is scanned faster than the crate's `HashMap`, and in order.
#[derive(Default)]
struct Slots {
    rows: Vec<Option<Row>>,
    taken: usize,
}

impl Store<Row> for Slots {
    fn get(&self, key: Key) -> Option<&Row> {
        self.rows.get(slot(key))?.as_ref()
    }

    fn insert(&mut self, key: Key, row: Row) -> Option<Row> {
        let end = self.rows.len().max(slot(key) + 1);
        self.rows.resize_with(end, || None);
        let old = self.rows[slot(key)].replace(row);
        self.taken += usize::from(old.is_none());
        old
    }

    fn remove(&mut self, key: Key) -> Option<Row> {
        let old = self.rows.get_mut(slot(key))?.take();
        self.taken -= usize::from(old.is_some());
        old
    }

    fn len(&self) -> usize {
        self.taken
    }

    fn iter(&self) -> impl Iterator<Item = (Key, &Row)> {
        let rows = (0..).zip(&self.rows);
        rows.filter_map(|(id, row)| Some((Key::unsafe_from_u64(id), row.as_ref()?)))
    }
}

fn slot(key: Key) -> usize {
    usize::try_from(key.as_u64()).expect("as many keys as tasks")
}

/// The values of the four filters; of a scope, `None` is every timed task.
type Values = (
    Option<ScheduledType>,
    Option<TaskType>,
    Option<LifeCycleType>,
    Option<LastStatus>,
);
type Groups = GroupedOwned<Row, Values, Keys<RoaringTreemap>>;

#[derive(Index)]
#[index(Row)]
struct Indexes {
    scopes: Groups,
    task_types: Groups,
    last_statuses: Groups,
    scheduled_types: Groups,
    life_cycle_types: Groups,
    threes: Groups,
    nexts: PremapOwned<Row, i64, BTree<i64>>,
}

fn scope(row: &Row) -> Option<ScheduledType> {
    let scheduled_type = row.task.scheduled_type();
    (!scheduled_type.is_timed()).then_some(scheduled_type)
}

impl Indexes {
    fn new() -> Self {
        let groups = |values| Groups::new(values, Keys::with_keyset);
        Self {
            scopes: groups(|row| (scope(row), None, None, None)),
            task_types: groups(|row| (scope(row), Some(row.task.task_type()), None, None)),
            last_statuses: groups(|row| (scope(row), None, None, row.task.last_status())),
            scheduled_types: groups(|row| (Some(row.task.scheduled_type()), None, None, None)),
            life_cycle_types: groups(|row| {
                let task = &row.task;
                (
                    Some(task.scheduled_type()),
                    None,
                    task.life_cycle_type(),
                    None,
                )
            }),
            threes: groups(|row| {
                let task = &row.task;
                (
                    Some(task.scheduled_type()),
                    Some(task.task_type()),
                    None,
                    task.last_status(),
                )
            }),
            nexts: PremapOwned::new(Row::next_second, BTree::new()),
        }
    }

    /// The keys that match, or those among which they are where no index has the combination.
    fn keys(&self, question: &Question) -> (&RoaringTreemap, bool) {
        let values = (
            question.scheduled_type,
            question.task_type,
            question.life_cycle_type,
            question.last_status,
        );
        let group = match values {
            (None, None, None, None) => &self.scopes,
            (None, Some(_), None, None) => &self.task_types,
            (None, None, None, Some(_)) => &self.last_statuses,
            (Some(_), None, None, None) => &self.scheduled_types,
            (Some(_), None, Some(_), None) => &self.life_cycle_types,
            (Some(_), Some(_), None, Some(_)) => &self.threes,
            (None, ..) => return (&self.scopes.get(&(None, None, None, None)).keys, false),
            (scope, ..) => {
                return (
                    &self.scheduled_types.get(&(scope, None, None, None)).keys,
                    false,
                );
            }
        };
        (&group.get(&values).keys, true)
    }

    /// The keys of a page by next execution: of those in a growing span of time, until there are
    /// enough, because a range of an index is a list.
    fn by_next(&self, found: &RoaringTreemap, offset: usize) -> Vec<Key> {
        let mut hours = 1;
        loop {
            let until = match hours {
                ..1_000_000 => Workload::NOW.timestamp() + 3_600 * hours,
                _ => i64::MAX,
            };
            let mut keys = self.nexts.inner().range(..=until);
            keys.retain(|key| found.contains(key.as_u64()));
            if keys.len() >= offset + LIMIT || until == i64::MAX {
                return keys.into_iter().skip(offset).take(LIMIT).collect();
            }
            hours *= 4;
        }
    }
}

impl Composable {
    /// The engine with these tasks.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        let mut engine = Self {
            collection: Collection::new_with_empty_store(Indexes::new()),
            keys: HashMap::with_capacity(tasks.len()),
        };
        for task in tasks {
            engine.add(task);
        }
        engine
    }

    fn add(&mut self, task: Task) {
        let id = task.id().into();
        self.keys.insert(id, self.collection.insert(task.into()));
    }
}

impl Engine for Composable {
    fn list(&self, question: &Question, each: Visit<'_>) -> usize {
        let (page, total) = self.collection.query(|indexes| {
            let (keys, is_all) = indexes.keys(question);
            let filtered: RoaringTreemap;
            let found = if is_all && question.task_name.is_none() {
                keys
            } else {
                let matches = question.matcher();
                let rows = self.collection.iter();
                let rows = rows.filter(|(_, row)| matches(&row.task));
                let keys = rows.map(|(key, _)| key.as_u64());
                filtered = RoaringTreemap::from_sorted_iter(keys).expect("ascending keys");
                &filtered
            };
            let page: Vec<Key> = if question.by_next {
                indexes.by_next(found, question.offset)
            } else {
                let mut keys = found.iter();
                if let Some(first) = found.select(question.offset as u64) {
                    keys.advance_to(first);
                } else {
                    keys.advance_to(u64::MAX);
                }
                keys.take(LIMIT).map(Key::unsafe_from_u64).collect()
            };
            (page, found.len())
        });
        for row in page {
            row.visit(each);
        }
        usize::try_from(total).expect("a count")
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Add(task) => self.add(task.clone()),
            Change::Remove(id) => {
                let key = self.keys.remove(id.as_str()).expect("a known id");
                self.collection.delete_by_key(key);
            }
            _ => {
                let key = self.keys[change.id()];
                (self.collection)
                    .update_by_key(key, |row| change.row(row).expect("a row in place"));
            }
        }
    }

    fn snapshot(&self) -> Box<dyn Records> {
        Box::new(self.collection.store().rows.clone())
    }
}
