//! Histories of every mutator against a plain list, which shares no code with the index.

mod ends;
mod forms;
mod names;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::TaskStore;
use super::search_cache::CacheMemory;
use crate::index::Limits;
use crate::query::{Cursor, ListQuery, NameMatch, Order, ScheduledTask};
use crate::schedule::{Schedule, TimeZone};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, ReportedTiming, ScheduledType, Task, TaskName, TaskType,
    Timing, Trigger,
};
use crate::{Error, ErrorKind, Revision};

const EARLY: Limits = Limits::EARLY;

static CRAMPED: Limits = Limits::NARROW;

fn project() -> ProjectId {
    ProjectId::new("p").unwrap()
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

#[derive(Debug, Clone)]
enum Op {
    Add(Task),
    AddAll(Vec<Task>),
    Replace(Task),
    Rename(String, String),
    SetLastStatus(String, Option<LastStatus>),
    SetEnabled(String, bool),
    Remove(String),
    RemoveMany(u8),
    Sync(Vec<Task>),
    SyncSome(u8, Vec<Task>),
    RemoveProject,
    PassTime(i64),
    List(ListQuery),
    Pages(ListQuery),
}

fn id() -> impl Strategy<Value = String> {
    (0..60_u8).prop_map(|number| format!("t-{number}"))
}

fn name() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["restart", "Nightly", "研发", "a", "-", "ab", "ß"]);
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

fn timing() -> impl Strategy<Value = Timing> {
    let zone = prop::sample::select(vec!["Asia/Shanghai", "America/New_York", "GMT+8", "UTC"])
        .prop_map(|name| name.parse::<TimeZone>().unwrap());
    let time = (0..86_400_u32).prop_map(|second| {
        chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap()
    });
    let scheduled = (zone, time, 0..4_u8, 1..32_u8).prop_map(|(zone, time, kind, number)| {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 9, u32::from(number).min(30)).unwrap();
        match kind {
            0 => Schedule::fixed_time(date, time, zone),
            1 => Schedule::daily(u32::from(number), time, zone),
            2 => Schedule::weekly((number % 7 + 1).to_string().parse().unwrap(), time, zone)
                .unwrap()
                .expiring_at(date.and_hms_opt(12, 0, 0).unwrap()),
            _ => Schedule::monthly(
                "1,2,3,4,5,6,7,8,9,10,11,12".parse().unwrap(),
                number.to_string().parse().unwrap(),
                time,
                zone,
            ),
        }
        .unwrap()
    });
    let event = prop::sample::select(LifeCycleType::ALL);
    let triggered = (event, any::<bool>()).prop_map(|(event, has_zone)| {
        let trigger = Trigger::on(event);
        if has_zone {
            trigger.in_time_zone(TimeZone::UTC)
        } else {
            trigger
        }
    });
    let reported = (0..4_usize, 0..3_u8).prop_map(|(position, what)| {
        let timing = ReportedTiming::new(ScheduledType::ALL[position]).unwrap();
        match what {
            0 => timing,
            1 => timing.time_zone("somewhere"),
            _ => timing.next_execution_time("2022-12-23 09:00:00 GMT+08:00".parse().unwrap()),
        }
    });
    prop_oneof![
        4 => scheduled.prop_map(Timing::from),
        2 => triggered.prop_map(Timing::from),
        1 => reported.prop_map(Timing::from),
    ]
}

fn last_status() -> impl Strategy<Value = Option<LastStatus>> {
    prop::option::of(prop::sample::select(LastStatus::ALL))
}

fn task() -> impl Strategy<Value = Task> {
    let texts = (id(), name(), "[a-z ]{0,9}");
    let rest = (
        prop::sample::select(TaskType::ALL),
        timing(),
        last_status(),
        any::<bool>(),
        prop::option::of(0..=50_u32),
        prop::option::of(0..=43_200_u32),
    );
    (texts, rest).prop_map(|((id, name, description), rest)| {
        let (task_type, timing, last_status, enabled, priority, wait_time) = rest;
        let is_timed = timing.scheduled_type().is_timed();
        let task_type = if is_timed || task_type.is_triggerable() {
            task_type
        } else {
            TaskType::Stop
        };
        Task::builder(id, name, task_type, timing)
            .description(description)
            .last_status(last_status)
            .enabled(enabled)
            .priority(priority)
            .wait_time(wait_time)
            .build()
            .unwrap()
    })
}

fn search() -> impl Strategy<Value = NameMatch> {
    (name(), 0..3_u8).prop_map(|(text, mode)| match mode {
        0 => NameMatch::contains(&text).unwrap(),
        1 => NameMatch::contains_ignoring_case(&text.to_uppercase()).unwrap(),
        _ => NameMatch::exactly(&text).unwrap(),
    })
}

fn query() -> impl Strategy<Value = ListQuery> {
    let name = prop::option::of(search());
    let filters = (
        prop::option::of(prop::sample::select(TaskType::ALL)),
        prop::option::of(prop::sample::select(ScheduledType::ALL)),
        prop::option::weighted(0.2, prop::sample::select(LifeCycleType::ALL)),
        last_status(),
        name,
    );
    (
        0..40_u64,
        0..=50_u32,
        filters,
        any::<bool>(),
        prop::option::of(0..200_u64),
    )
        .prop_map(
            |(offset, limit, (task_type, scheduled_type, event, status, name), newest, after)| {
                let order = if newest {
                    Order::NewestFirst
                } else {
                    Order::OldestFirst
                };
                let query = ListQuery::new(offset / 4, limit / 5)
                    .unwrap()
                    .task_type(task_type)
                    .scheduled_type(scheduled_type)
                    .life_cycle_type(event)
                    .last_status(status)
                    .task_name(name)
                    .order(order);
                match after {
                    Some(sequence) if sequence < 60 => {
                        query.after(Cursor::after_sequence(sequence))
                    }
                    _ => query,
                }
            },
        )
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => task().prop_map(Op::Add),
        3 => prop::collection::vec(task(), 0..30).prop_map(Op::AddAll),
        4 => task().prop_map(Op::Replace),
        3 => (id(), name()).prop_map(|(id, name)| Op::Rename(id, name)),
        4 => (id(), last_status()).prop_map(|(id, status)| Op::SetLastStatus(id, status)),
        3 => (id(), any::<bool>()).prop_map(|(id, enabled)| Op::SetEnabled(id, enabled)),
        6 => id().prop_map(Op::Remove),
        1 => any::<u8>().prop_map(Op::RemoveMany),
        1 => prop::collection::vec(task(), 0..40).prop_map(Op::Sync),
        2 => (any::<u8>(), prop::collection::vec(task(), 0..4))
            .prop_map(|(seed, tasks)| Op::SyncSome(seed, tasks)),
        1 => Just(Op::RemoveProject),
        2 => (-40_000_000..40_000_000_i64).prop_map(Op::PassTime),
        8 => query().prop_map(Op::List),
        2 => query().prop_map(Op::Pages),
    ]
}

/// What the store should hold: a plain list, looked through from end to end.
#[derive(Default)]
struct Model {
    rows: Vec<ModelRow>,
    sequence_next: u64,
    now: i64,
    rows_max: usize,
}

struct ModelRow {
    task: Task,
    version: Revision,
    added: DateTime<Utc>,
    sequence: u64,
}

impl Model {
    fn now(&self) -> DateTime<Utc> {
        instant(self.now)
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.task.id() == id)
    }

    fn push(&mut self, task: Task, version: Revision) {
        let added = self.now();
        let sequence = self.sequence_next;
        self.sequence_next += 1;
        self.rows.push(ModelRow {
            task,
            version,
            added,
            sequence,
        });
    }

    fn change(
        &mut self,
        id: &str,
        result: Result<Revision, Error>,
        change: impl FnOnce(Task) -> Task,
    ) {
        match self.position(id) {
            Some(position) => {
                let row = &mut self.rows[position];
                row.version = result.unwrap();
                row.task = change(row.task.clone());
            }
            None => assert_eq!(result.unwrap_err().kind(), ErrorKind::TaskNotFound),
        }
    }

    fn sync(&mut self, tasks: &[Task], version: Revision) {
        self.rows
            .retain(|row| tasks.iter().any(|task| task.id() == row.task.id()));
        for task in tasks {
            match self.position(task.id()) {
                Some(position) if self.rows[position].task == *task => {}
                Some(position) => {
                    self.rows[position].task = task.clone();
                    self.rows[position].version = version;
                }
                None => self.push(task.clone(), version),
            }
        }
    }

    /// The rows of a page, and the total.
    fn list(&self, query: &ListQuery) -> (Vec<&ModelRow>, u64) {
        let mut matching: Vec<_> = self
            .rows
            .iter()
            .filter(|row| query.matches(&row.task))
            .collect();
        let total = matching.len() as u64;
        let is_newest = query.listed_order() == Order::NewestFirst;
        if is_newest {
            matching.reverse();
        }
        if let Some(after) = query.after_sequence() {
            matching.retain(|row| {
                if is_newest {
                    row.sequence < after
                } else {
                    row.sequence > after
                }
            });
        }
        let page = matching
            .into_iter()
            .skip(usize::try_from(query.offset()).unwrap())
            .take(query.limit() as usize);
        (page.collect(), total)
    }

    fn check_page(&self, store: &TaskStore, query: &ListQuery) {
        let page = store.list(&project(), query, self.now());
        let (rows, total) = self.list(query);
        assert_eq!(page.total_count(), total, "{query:?}");
        let tasks: Vec<&Task> = page.tasks().iter().map(ScheduledTask::task).collect();
        let expected: Vec<&Task> = rows.iter().map(|row| &row.task).collect();
        assert_eq!(tasks, expected, "{query:?}");
    }

    fn check_list(&self, store: &TaskStore, query: &ListQuery) {
        let page = store.list(&project(), query, self.now());
        let (rows, total) = self.list(query);
        assert_eq!(page.total_count(), total, "{query:?}");
        assert_eq!(page.tasks().len(), rows.len(), "{query:?}");
        let (counted, listed) = store.positions(&project(), query);
        assert_eq!((u64::from(counted), listed), (total, rows.len()));
        for (listed, row) in page.tasks().iter().zip(&rows) {
            assert_eq!(listed.task(), &row.task);
            assert_eq!(listed.version(), row.version);
            let expected = row
                .task
                .schedule()
                .filter(|_| row.task.is_enabled())
                .and_then(|it| it.counting_from(row.added).next_execution(self.now()));
            assert_eq!(listed.next_execution(), expected);
            let found = store.get(&project(), row.task.id(), self.now());
            assert_eq!(found.as_ref(), Some(listed));
        }
        let (mut direct, mut body) = (Vec::new(), Vec::new());
        let summary = store.list_json(&project(), query, self.now(), &mut direct);
        assert_eq!(summary.total_count(), page.total_count());
        assert_eq!(summary.revision(), page.revision());
        assert_eq!(summary.next_cursor(), page.next_cursor());
        page.write_json(&mut body);
        assert_eq!(direct, body);
        self.check_facets(store, query);
        assert!(!store.explain(&project(), query).to_string().is_empty());
    }

    fn check_facets(&self, store: &TaskStore, query: &ListQuery) {
        let facets = store.facets(&project(), query);
        let total = |query: ListQuery| self.list(&query).1;
        for &value in TaskType::ALL {
            let expected = total(query.clone().task_type(value));
            assert_eq!(facets.task_type(value), expected, "{query:?}");
        }
        for &value in ScheduledType::ALL {
            let expected = total(query.clone().scheduled_type(value));
            assert_eq!(facets.scheduled_type(value), expected, "{query:?}");
        }
        for &value in LifeCycleType::ALL {
            let expected = total(query.clone().life_cycle_type(value));
            assert_eq!(facets.life_cycle_type(value), expected, "{query:?}");
        }
        let mut executed = 0;
        for &value in LastStatus::ALL {
            let expected = total(query.clone().last_status(value));
            assert_eq!(facets.last_status(Some(value)), expected, "{query:?}");
            executed += expected;
        }
        let all = total(query.clone().last_status(None));
        assert_eq!(facets.last_status(None), all - executed, "{query:?}");
    }

    /// Pages by cursor while tasks come and go: what was there throughout is seen once.
    fn check_pages(&mut self, store: &TaskStore, query: &ListQuery) {
        let query = ListQuery::new(0, query.limit().max(1))
            .map(|it| it.order(query.listed_order()))
            .unwrap();
        let before: Vec<(String, u64)> = self
            .list_all(&query)
            .iter()
            .map(|row| (row.task.id().to_owned(), row.sequence))
            .collect();
        let mut seen = Vec::new();
        let mut asked = query.clone();
        for turn in 0.. {
            let page = store.list(&project(), &asked, self.now());
            let Some(cursor) = page.next_cursor() else {
                break;
            };
            asked = query
                .clone()
                .after(cursor.to_string().parse::<Cursor>().unwrap());
            seen.extend(page.into_iter().map(|it| it.task().id().to_owned()));
            assert!(seen.len() <= before.len() + 12, "the pages come to an end");
            // The page's own last task goes, and a task comes.
            if turn % 3 == 0 && turn < 12 {
                let id = seen.last().unwrap().clone();
                self.apply(store, Op::Remove(id));
                let timing = Schedule::daily(1, chrono::NaiveTime::MIN, TimeZone::UTC).unwrap();
                let id = format!("new-{}", self.sequence_next);
                let task = Task::builder(id, "new", TaskType::Stop, timing).build();
                self.apply(store, Op::Add(task.unwrap()));
            }
        }
        let after: HashSet<u64> = self.rows.iter().map(|row| row.sequence).collect();
        let distinct: HashSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "a task is seen once");
        for (id, sequence) in &before {
            if after.contains(sequence) {
                assert!(distinct.contains(id), "{id} was there throughout");
            }
        }
        let places: Vec<_> = seen
            .iter()
            .filter_map(|id| before.iter().position(|(other, _)| other == id))
            .collect();
        assert!(places.is_sorted(), "in order");
    }

    fn list_all(&self, query: &ListQuery) -> Vec<&ModelRow> {
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|row| query.matches(&row.task))
            .collect();
        if query.listed_order() == Order::NewestFirst {
            rows.reverse();
        }
        rows
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    fn apply(&mut self, store: &TaskStore, op: Op) {
        let project = &project();
        let now = self.now();
        let revision_before = store.revision(project);
        match op {
            Op::Add(task) => {
                let result = store.add(project, task.clone(), now);
                if self.position(task.id()).is_some() {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::TaskExists);
                } else if self.rows.len() == self.rows_max {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::ProjectFull);
                } else {
                    self.push(task, result.unwrap());
                }
            }
            Op::AddAll(tasks) => {
                let result = store.add_all(project, tasks.clone(), now);
                let mut ids = HashSet::new();
                let refused = tasks
                    .iter()
                    .position(|task| self.position(task.id()).is_some() || !ids.insert(task.id()));
                match (refused, result) {
                    (None, Ok(version)) => {
                        for task in tasks {
                            self.push(task, version);
                        }
                    }
                    (None, Err(error)) => {
                        assert_eq!(error.error.kind(), ErrorKind::ProjectFull);
                        assert!(self.rows.len() + tasks.len() > self.rows_max);
                        assert_eq!(store.revision(project), revision_before);
                    }
                    (Some(position), Err(error)) => {
                        assert_eq!(error.error.kind(), ErrorKind::TaskExists);
                        assert_eq!(error.position, position);
                        assert_eq!(store.revision(project), revision_before);
                    }
                    (refused, result) => panic!("{refused:?} but {result:?}"),
                }
            }
            Op::Replace(task) => {
                let result = store.replace(project, task.clone(), now);
                let id = task.id().to_owned();
                self.change(&id, result, |_| task);
            }
            Op::Rename(id, name) => {
                let name = TaskName::new(name).unwrap();
                let result = store.rename(project, &id, &name, now);
                self.change(&id, result, |task| task.with_task_name(&name));
            }
            Op::SetLastStatus(id, status) => {
                let result = store.set_last_status(project, &id, status, now);
                self.change(&id, result, |task| task.with_last_status(status));
            }
            Op::SetEnabled(id, enabled) => {
                let result = store.set_enabled(project, &id, enabled, now);
                self.change(&id, result, |task| task.with_enabled(enabled));
            }
            Op::Remove(id) => {
                let result = store.remove(project, &id, now);
                match self.position(&id) {
                    Some(position) => {
                        assert!(result.unwrap() > revision_before);
                        self.rows.remove(position);
                    }
                    None => assert_eq!(result.unwrap_err().kind(), ErrorKind::TaskNotFound),
                }
            }
            Op::RemoveMany(seed) => {
                let ids: Vec<_> = self
                    .rows
                    .iter()
                    .map(|row| row.task.id().to_owned())
                    .enumerate()
                    .filter(|(position, _)| !(position + usize::from(seed)).is_multiple_of(4))
                    .collect();
                for (_, id) in ids {
                    self.apply(store, Op::Remove(id));
                }
            }
            Op::Sync(tasks) => {
                let mut ids = HashSet::new();
                let refused = tasks.iter().position(|task| !ids.insert(task.id()));
                match (refused, store.sync(project, tasks.clone(), now)) {
                    (None, Ok(version)) => self.sync(&tasks, version),
                    (None, Err(error)) => {
                        assert_eq!(error.error.kind(), ErrorKind::ProjectFull);
                        assert!(tasks.len() > self.rows_max);
                    }
                    (Some(position), Err(error)) => assert_eq!(error.position, position),
                    (refused, result) => panic!("{refused:?} but {result:?}"),
                }
            }
            Op::SyncSome(seed, changes) => {
                // Most of what is there, in another order, and some changes.
                let mut tasks: Vec<Task> = self.rows.iter().map(|row| row.task.clone()).collect();
                if tasks.len() > 2 {
                    tasks.remove(usize::from(seed) % tasks.len());
                    tasks.reverse();
                }
                let mut ids: HashSet<String> = HashSet::new();
                tasks.splice(0..0, changes);
                tasks.retain(|task| ids.insert(task.id().to_owned()));
                self.apply(store, Op::Sync(tasks));
            }
            Op::RemoveProject => {
                assert_eq!(store.remove_project(project), self.rows.len() as u64);
                self.rows.clear();
            }
            Op::PassTime(seconds) => self.now += seconds,
            Op::List(query) => self.check_list(store, &query),
            Op::Pages(query) => self.check_pages(store, &query),
        }
        assert!(store.revision(project) >= revision_before);
        assert_eq!(store.task_count(project), self.rows.len() as u64);
        let exists = u64::from(!self.rows.is_empty());
        assert_eq!(store.project_count(), exists);
    }

    fn check_whole(&self, store: &TaskStore) {
        store.validate().unwrap();
        for order in [Order::OldestFirst, Order::NewestFirst] {
            for &scheduled_type in ScheduledType::ALL {
                for offset in (0..self.rows.len() as u64).step_by(50) {
                    let query = ListQuery::new(offset, 50).unwrap().order(order);
                    self.check_list(store, &query.clone().scheduled_type(scheduled_type));
                    self.check_list(store, &query);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_agrees_with_a_plain_list(
        ops in prop::collection::vec(op(), 1..120),
        is_cramped: bool,
    ) {
        let limits: &'static Limits = if is_cramped { &CRAMPED } else { &EARLY };
        let store = TaskStore::with_limits(limits);
        let mut model = Model {
            rows_max: limits.rows_max as usize,
            ..Model::default()
        };
        for op in ops {
            model.apply(&store, op);
        }
        model.check_whole(&store);
    }

    #[test]
    fn remembered_answers_stay_true(
        ops in prop::collection::vec(op(), 1..120),
        queries in prop::collection::vec((query(), search()), 1..12),
        bytes_max in prop::sample::select(vec![CacheMemory::BYTES_MAX, 16_000, 0]),
    ) {
        let mut store = TaskStore::with_limits(&EARLY);
        store.memory = CacheMemory::new(bytes_max);
        let mut model = Model {
            rows_max: EARLY.rows_max as usize,
            ..Model::default()
        };
        let queries: Vec<_> = queries
            .into_iter()
            .map(|(query, search)| query.task_name(search))
            .collect();
        for (turn, op) in ops.into_iter().enumerate() {
            model.apply(&store, op);
            // Some answers lag behind for a while.
            for query in queries.iter().skip(turn % 3) {
                model.check_page(&store, query);
            }
            store.memory.validate().unwrap();
        }
        store.validate().unwrap();
    }
}

/// A task of which everything follows from its number.
fn numbered(number: usize) -> Task {
    let timing = match number % 9 {
        0 => Timing::from(LifeCycleType::ALL[number / 9 % 4]),
        1 => ReportedTiming::new(ScheduledType::Week).unwrap().into(),
        _ => {
            let time = chrono::NaiveTime::from_hms_opt(2, 0, 0).unwrap();
            Schedule::daily(1, time, TimeZone::UTC).unwrap().into()
        }
    };
    let name = format!("task {number}");
    Task::builder(number.to_string(), name, TaskType::Stop, timing)
        .last_status(LastStatus::ALL.get(number % 5).copied())
        .build()
        .unwrap()
}

fn numbers(page: &crate::Page) -> Vec<usize> {
    let ids = page.tasks().iter().map(|it| it.task().id().parse());
    ids.collect::<Result<_, _>>().unwrap()
}

/// Compares pages all over a project that holds exactly these tasks, in this order.
fn check_numbered(store: &TaskStore, expected: &[usize]) {
    store.validate().unwrap();
    let queries = [
        ListQuery::new(0, 50).unwrap(),
        ListQuery::new(0, 50).unwrap().last_status(LastStatus::Fail),
        ListQuery::new(0, 50)
            .unwrap()
            .scheduled_type(ScheduledType::Day)
            .order(Order::NewestFirst),
        ListQuery::new(0, 50)
            .unwrap()
            .scheduled_type(ScheduledType::LifeCycle),
        ListQuery::new(0, 50)
            .unwrap()
            .task_name(NameMatch::contains("77").unwrap()),
    ];
    for query in queries {
        let mut matching: Vec<usize> = expected
            .iter()
            .copied()
            .filter(|&number| query.matches(&numbered(number)))
            .collect();
        if query.listed_order() == Order::NewestFirst {
            matching.reverse();
        }
        let mut position = 0;
        while position <= matching.len() {
            let mut at = ListQuery::new(position as u64, 50).unwrap();
            at.filters = query.filters.clone();
            let page = store.list(&project(), &at.order(query.listed_order()), instant(0));
            assert_eq!(page.total_count(), matching.len() as u64);
            let rest = &matching[position..];
            assert_eq!(numbers(&page), rest[..rest.len().min(50)]);
            position += 1 + position / 3;
        }
    }
}

#[test]
fn a_large_project_is_listed_whole_through_all_its_changes() {
    let store = TaskStore::new();
    let project = project();
    let now = instant(0);
    let mut expected: Vec<usize> = (0..9_000).collect();
    let tasks = expected.iter().copied().map(numbered).collect();
    store.add_all(&project, tasks, now).unwrap();
    check_numbered(&store, &expected);

    // Whole chunks of rows go, and a part of all others, up to renumbering.
    expected.retain(|number| {
        let stays = number / 1_000 % 3 != 1 && !number.is_multiple_of(3);
        if !stays {
            store.remove(&project, number.to_string(), now).unwrap();
        }
        stays
    });
    check_numbered(&store, &expected);

    for number in (0..9_000).filter(|number| number % 3_000 < 700) {
        let id = number.to_string();
        if expected.contains(&number) {
            let name = TaskName::new(format!("task {number}")).unwrap();
            store.rename(&project, &id, &name, now).unwrap();
            store.set_last_status(&project, &id, None, now).unwrap();
            store.replace(&project, numbered(number), now).unwrap();
        } else {
            store.add(&project, numbered(number), now).unwrap();
            expected.push(number);
        }
    }
    check_numbered(&store, &expected);

    // A sync of more changes than are made in place, and one of less.
    expected.retain(|number| number % 7 != 0);
    expected.extend(10_000..10_500);
    let tasks = expected.iter().rev().copied().map(numbered).collect();
    store.sync(&project, tasks, now).unwrap();
    let added = expected.len() - 500;
    expected[added..].reverse();
    check_numbered(&store, &expected);
    expected.retain(|number| number % 100 != 1);
    let tasks = expected.iter().copied().map(numbered).collect();
    store.sync(&project, tasks, now).unwrap();
    check_numbered(&store, &expected);

    while let Some(number) = expected.pop() {
        store.remove(&project, number.to_string(), now).unwrap();
    }
    assert_eq!(store.project_count(), 0);
}

#[test]
fn readers_see_whole_batches_only() {
    const BATCH: usize = 300;
    let store = TaskStore::new();
    let project = project();
    let now = instant(0);
    let batch = |start: usize| -> Vec<Task> { (start..start + BATCH).map(numbered).collect() };
    let counted = |it: &Task| it.scheduled_type().is_timed();
    let per_batch = batch(0).iter().filter(|it| counted(it)).count() as u64;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for turn in 0..6 {
                // Each batch begins at a multiple of 9, so that all are alike.
                store.add_all(&project, batch(turn * 900), now).unwrap();
            }
            for keep in (1..4).rev() {
                let tasks = (0..keep).flat_map(|turn| batch(turn * 900)).collect();
                store.sync(&project, tasks, now).unwrap();
            }
            let refused: Vec<Task> = (5_400..6_000).chain([0]).map(numbered).collect();
            store.add_all(&project, refused, now).unwrap_err();
        });
        let query = ListQuery::new(0, 50).unwrap().order(Order::NewestFirst);
        while !writer.is_finished() {
            let page = store.list(&project, &query, now);
            assert!(page.total_count().is_multiple_of(per_batch));
            let status = query.clone().last_status(LastStatus::Skip);
            let _ = store.list(&project, &status, now);
            assert!(store.task_count(&project).is_multiple_of(BATCH as u64));
        }
    });
    assert_eq!(store.task_count(&project), BATCH as u64);
    store.validate().unwrap();
}

#[test]
fn a_project_that_begins_again_goes_on_with_revisions_and_cursors() {
    let store = TaskStore::new();
    let project = project();
    let now = instant(0);
    store.add(&project, numbered(2), now).unwrap();
    let last = store.add(&project, numbered(3), now).unwrap();
    let query = ListQuery::new(0, 50).unwrap();
    let cursor = store.list(&project, &query, now).next_cursor().unwrap();
    assert_eq!(store.remove_project(&project), 2);
    assert!(store.revision(&project) > last);
    assert!(store.add(&project, numbered(4), now).unwrap() > last);
    let page = store.list(&project, &query.after(cursor), now);
    assert_eq!(
        numbers(&page),
        [4],
        "no task of the new project is passed over"
    );
}

#[test]
fn a_sync_with_nothing_returns_the_revision_of_its_own_end() {
    let store = TaskStore::new();
    let (project, other) = (project(), ProjectId::new("other").unwrap());
    let now = instant(0);
    for number in 0..5 {
        store.add(&other, numbered(number), now).unwrap();
    }
    let added = store.add(&project, numbered(2), now).unwrap();
    store.remove_project(&other);
    let later = store.revision(&other);
    assert!(later.get() > added.get() + 1);

    let ended = store.sync(&project, Vec::new(), now).unwrap();
    assert_eq!(ended.get(), added.get() + 1);
    assert_eq!(store.task_count(&project), 0);
    // Where it has ended already, nothing changes.
    assert_eq!(store.sync(&project, Vec::new(), now), Ok(later));
    assert_eq!(store.revision(&project), later);
    assert!(store.add(&project, numbered(2), now).unwrap() > later);
}

#[test]
fn a_sync_with_nothing_never_returns_the_version_of_a_task_that_another_thread_adds() {
    const ROUNDS: usize = 20_000;
    let store = TaskStore::new();
    let project = project();
    let now = instant(0);
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            let add = |_| store.add(&project, numbered(2), now).ok();
            (0..ROUNDS).filter_map(add).collect::<HashSet<_>>()
        });
        let mut ended = HashSet::new();
        while !adding.is_finished() {
            ended.insert(store.sync(&project, Vec::new(), now).unwrap());
        }
        let added = adding.join().unwrap();
        assert!(ended.is_disjoint(&added));
    });
}
