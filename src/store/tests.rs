//! What no answer shows: forms, ends, and cached answers.

mod ends;
mod forms;
mod names;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::TaskStore;
use super::search_cache::CacheBudget;
use crate::ErrorKind;
use crate::index::SizeLimits;
use crate::query::{Cursor, ListQuery, NameMatch, Order, ScheduledTask};
use crate::schedule::{Schedule, TimeZone};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, ReportedTiming, ScheduledType, Task, TaskName, TaskType,
    Timing,
};
use crate::testkit::{Op, ReferenceStore, strategies};

const EARLY: SizeLimits = SizeLimits::EARLY;

fn project() -> ProjectId {
    ProjectId::new("p").unwrap()
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn with_limits(limits: &'static SizeLimits) -> TaskStore {
    let builder = TaskStore::builder().with_limits(limits, CacheBudget::BYTES_MAX);
    builder.build()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Histories ask for a name now and then. Here a handful of names are asked for after every
    /// change, in memory for all answers, for a few and for none; some answers lag behind for a while.
    #[test]
    fn cached_answers_stay_true(
        history in strategies::histories(20),
        bytes_max in prop::sample::select(vec![CacheBudget::BYTES_MAX, 16_000, 9_000, 0]),
    ) {
        let store = TaskStore::builder().with_limits(&EARLY, bytes_max).build();
        let mut reference = ReferenceStore::new();
        let names = history.operations.iter().filter_map(|op| match op {
            Op::List { query, .. } => query.task_name().map(|name| (query, name)),
            _ => None,
        });
        // Of all timed tasks too, whatever the other filters are.
        let everywhere = ListQuery::new(0, 50).unwrap();
        let queries: Vec<ListQuery> = names
            .take(4)
            .flat_map(|(query, name)| [query.clone(), everywhere.clone().with_task_name(name.clone())])
            .collect();
        for (turn, op) in history.operations.iter().enumerate() {
            prop_assert_eq!(op.apply(&store), op.apply_to_reference(&mut reference), "{:?}", op);
            for query in queries.iter().skip(turn % 3) {
                let project = op.project().clone();
                let query = query.clone();
                let facets = Op::Facets { project: project.clone(), query: query.clone() };
                let list = Op::List { project, query, now: instant(0) };
                let ops = if turn % 8 == 0 { vec![list, facets] } else { vec![list] };
                for op in ops {
                    prop_assert_eq!(op.apply(&store), op.apply_to_reference(&mut reference), "{:?}", op);
                }
            }
            store.search_cache.validate().unwrap();
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
        .with_last_status(LastStatus::ALL.get(number % 5).copied())
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
        ListQuery::new(0, 50)
            .unwrap()
            .with_last_status(LastStatus::Fail),
        ListQuery::new(0, 50)
            .unwrap()
            .with_scheduled_type(ScheduledType::Day)
            .with_order(Order::NewestFirst),
        ListQuery::new(0, 50)
            .unwrap()
            .with_scheduled_type(ScheduledType::LifeCycle),
        ListQuery::new(0, 50)
            .unwrap()
            .with_task_name(NameMatch::contains("77").unwrap()),
    ];
    for query in queries {
        let mut matching: Vec<usize> = expected
            .iter()
            .copied()
            .filter(|&number| query.matches(&numbered(number)))
            .collect();
        if query.order() == Order::NewestFirst {
            matching.reverse();
        }
        let mut position = 0;
        while position <= matching.len() {
            let mut at = ListQuery::new(position as u64, 50).unwrap();
            at.filters = query.filters.clone();
            let page = store.list(&project(), &at.with_order(query.order()), instant(0));
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
            store.remove(&project, number.to_string()).unwrap();
        }
        stays
    });
    check_numbered(&store, &expected);

    for number in (0..9_000).filter(|number| number % 3_000 < 700) {
        let id = number.to_string();
        if expected.contains(&number) {
            let name = TaskName::new(format!("task {number}")).unwrap();
            store.rename(&project, &id, &name).unwrap();
            store.set_last_status(&project, &id, None).unwrap();
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
        store.remove(&project, number.to_string()).unwrap();
    }
    assert_eq!(store.project_count(), 0);
}

/// The rows before a refused batch filled their chunks, and what was taken back of the batch left
/// an empty chunk behind, past the end of the rows.
#[test]
fn a_refused_batch_behind_full_chunks_leaves_none_empty() {
    let store = TaskStore::new();
    let now = instant(0);
    for chunk in [0..512, 512..1_024] {
        let added: Vec<Task> = chunk.map(numbered).collect();
        store.add_all(&project(), added, now).unwrap();
        let refused = vec![numbered(5_000), numbered(5_001), numbered(0)];
        store.add_all(&project(), refused, now).unwrap_err();
        store.validate().unwrap();
    }
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
        let query = ListQuery::new(0, 50)
            .unwrap()
            .with_order(Order::NewestFirst);
        while !writer.is_finished() {
            let page = store.list(&project, &query, now);
            assert!(page.total_count().is_multiple_of(per_batch));
            let status = query.clone().with_last_status(LastStatus::Skip);
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
    let page = store.list(&project, &query.with_cursor(cursor), now);
    assert_eq!(
        numbers(&page),
        [4],
        "no task of the new project is passed over"
    );
}

fn nothing() -> Vec<Task> {
    Vec::new()
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

    let ended = store.sync(&project, nothing(), now).unwrap();
    assert_eq!(ended.revision.get(), added.get() + 1);
    assert_eq!(ended.removed.len(), 1);
    assert_eq!(store.task_count(&project), 0);
    // Where it has ended already, nothing changes.
    let again = store.sync(&project, nothing(), now).unwrap();
    assert_eq!(again.revision, ended.revision);
    assert!(again.removed.is_empty());
    assert_eq!(store.revision(&project), ended.revision);
    assert!(store.add(&project, numbered(2), now).unwrap() > ended.revision);
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
            let synced = store.sync(&project, nothing(), now).unwrap();
            ended.insert(synced.revision);
        }
        let added = adding.join().unwrap();
        assert!(ended.is_disjoint(&added));
    });
}
