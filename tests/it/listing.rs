//! The laws of the listing, over tasks and histories made to collide.

use std::collections::HashSet;

use proptest::prelude::*;
use taskdex::testkit::{Op, Outcome, ReferenceStore, Twins, Workload, strategies};
use taskdex::{
    Edit, ErrorKind, LastStatus, LifeCycleType, ListQuery, NameMatch, Order, ProjectId, Record,
    Revision, Schedule, ScheduledType, Task, TaskName, TaskStore, TaskType, TimeZone,
};

use crate::support::{NOW, cases, expected, ids, instant, paged, project, snapshot, walk};

/// A store and a reference with the same tasks in the project `p`.
fn filled(tasks: &[Task]) -> (TaskStore, ReferenceStore, ProjectId) {
    let (store, mut reference, p) = (TaskStore::new(), ReferenceStore::new(), project("p"));
    store.add_all(&p, tasks.to_vec(), NOW).unwrap();
    let records: Vec<Record> = tasks.iter().cloned().map(Record::from).collect();
    reference.add_all(&p, &records, NOW).unwrap();
    (store, reference, p)
}

fn daily(id: &str) -> Task {
    let schedule = Schedule::daily(1, "02:00:00".parse().unwrap(), "UTC".parse().unwrap()).unwrap();
    Task::builder(id, format!("Task {id}"), TaskType::Reboot, schedule)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(cases(160))]

    #[test]
    fn a_history_is_the_same_for_engine_and_reference(history in strategies::histories(40)) {
        if let Err(difference) = history.run() {
            return Err(TestCaseError::fail(difference.to_string()));
        }
    }

    #[test]
    fn a_refused_call_changes_nothing(history in strategies::histories(25)) {
        let store = TaskStore::new();
        let mut before = snapshot(&store);
        for op in &history.operations {
            let revision = store.revision(op.project());
            let outcome = op.apply(&store);
            let after = snapshot(&store);
            if matches!(outcome, Outcome::Refused { .. }) {
                prop_assert_eq!(&before, &after, "{:?}", op);
                prop_assert_eq!(store.project_count(), after.len() as u64);
                prop_assert_eq!(store.revision(op.project()), revision);
            }
            before = after;
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn pages_laid_end_to_end_are_the_whole_answer(
        tasks in strategies::projects(120),
        query in strategies::queries(),
        limit in 1_u32..=50,
    ) {
        let (store, reference, p) = filled(&tasks);
        prop_assert_eq!(walk(&store, &p, &query, limit), expected(&reference, &p, &query));
    }

    #[test]
    fn another_page_has_the_same_filters_order_and_cursor(
        query in strategies::queries(),
        (offset, limit) in (any::<u64>(), 0_u32..=50),
    ) {
        let mut other = ListQuery::new(offset, limit).unwrap()
            .with_task_name(query.task_name().cloned())
            .with_task_type(query.task_type())
            .with_scheduled_type(query.scheduled_type())
            .with_life_cycle_type(query.life_cycle_type())
            .with_last_status(query.last_status())
            .with_order(query.order());
        other = other.with_cursor(query.cursor());
        prop_assert_eq!(query.clone().with_page(offset, limit).unwrap(), other);
        let error = query.with_page(offset, 51).unwrap_err();
        prop_assert_eq!((error.kind(), error.parameter()), (ErrorKind::OutOfRange, "limit"));
    }

    #[test]
    fn the_total_does_not_depend_on_the_page(
        tasks in strategies::projects(60),
        query in strategies::queries(),
        offset in prop_oneof![0_u64..70, Just(u64::MAX)],
        limit in 0_u32..=50,
    ) {
        let (store, reference, p) = filled(&tasks);
        let all = expected(&reference, &p, &query);
        let page = store.list(&p, &paged(&query, offset, limit), NOW);
        prop_assert_eq!(page.total_count(), all.len() as u64);
        let listed: Vec<String> = all
            .into_iter()
            .skip(usize::try_from(offset).unwrap())
            .take(limit as usize)
            .collect();
        prop_assert_eq!(ids(&page), listed);
    }

    #[test]
    fn a_filter_only_narrows(
        tasks in strategies::projects(60),
        wide in strategies::queries(),
        extra in strategies::queries(),
    ) {
        // Asking for triggered tasks is a change of subject, not a narrowing.
        prop_assume!(
            wide.scheduled_type().is_some()
                || extra.scheduled_type() != Some(ScheduledType::LifeCycle)
        );
        let (store, _, p) = filled(&tasks);
        let all = walk(&store, &p, &wide, 50);
        let mut narrow = wide.clone();
        for step in 0..5 {
            narrow = match step {
                0 if narrow.task_name().is_none() => {
                    narrow.with_task_name(extra.task_name().cloned())
                }
                1 if narrow.task_type().is_none() => {
                    narrow.with_task_type(extra.task_type())
                }
                2 if narrow.scheduled_type().is_none() => {
                    narrow.with_scheduled_type(extra.scheduled_type())
                }
                3 if narrow.life_cycle_type().is_none() => {
                    narrow.with_life_cycle_type(extra.life_cycle_type())
                }
                4 if narrow.last_status().is_none() => {
                    narrow.with_last_status(extra.last_status())
                }
                _ => continue,
            };
            let listed = walk(&store, &p, &narrow, 50);
            let kept: HashSet<&String> = listed.iter().collect();
            // A part of the wider answer, in the same order.
            let in_order: Vec<&String> = all.iter().filter(|id| kept.contains(id)).collect();
            prop_assert_eq!(listed.iter().collect::<Vec<_>>(), in_order);
        }
    }

    #[test]
    fn the_order_of_filters_is_irrelevant(
        tasks in strategies::projects(40),
        query in strategies::queries(),
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let mut other = ListQuery::new(query.offset(), query.limit()).unwrap();
        for filter in order {
            other = match filter {
                0 => other.with_task_name(query.task_name().cloned()),
                1 => other.with_task_type(query.task_type()),
                2 => other.with_scheduled_type(query.scheduled_type()),
                3 => other.with_life_cycle_type(query.life_cycle_type()),
                _ => other.with_last_status(query.last_status()),
            };
        }
        let other = other.with_order(query.order()).with_cursor(query.cursor());
        prop_assert_eq!(&other, &query);
        let (store, _, p) = filled(&tasks);
        prop_assert_eq!(store.list(&p, &other, NOW), store.list(&p, &query, NOW));
    }

    #[test]
    fn the_tasks_of_a_page_are_read_and_taken_in_one_order(
        tasks in strategies::projects(40),
        query in strategies::queries(),
    ) {
        let (store, _, p) = filled(&tasks);
        let page = store.list(&p, &query, NOW);
        prop_assert!(page.iter().eq(page.tasks()));
        prop_assert!((&page).into_iter().eq(page.tasks()));
        let taken = page.clone().into_tasks();
        prop_assert_eq!(&taken, page.tasks());
        prop_assert!(page.clone().into_iter().eq(taken));
        for listed in &page {
            prop_assert_eq!(&listed.clone().into_task(), listed.task());
        }
    }

    #[test]
    fn a_query_never_shows_another_project(
        tasks in strategies::projects(40),
        others in strategies::projects(40),
        query in strategies::queries(),
    ) {
        let (store, _, p) = filled(&tasks);
        let shown = || {
            let page = store.list(&p, &query, NOW);
            (page.total_count(), page.tasks().to_vec())
        };
        let alone = shown();
        let other = project("q");
        store.add_all(&other, others.clone(), NOW).unwrap();
        prop_assert_eq!(&shown(), &alone);

        // Nor does it where the ids are the same and the other one changes.
        for task in &others {
            store.set_last_status(&other, task.id(), Some(LastStatus::Fail)).unwrap();
            store.set_enabled(&other, task.id(), false, NOW).unwrap();
        }
        prop_assert_eq!(&shown(), &alone);
        store.remove_project(&other);
        prop_assert_eq!(&shown(), &alone);
        prop_assert_eq!(store.list(&project("P"), &query, NOW).total_count(), 0);
    }

    #[test]
    fn triggered_tasks_are_seen_where_they_are_asked_for_and_then_alone(
        tasks in strategies::projects(60),
        query in strategies::queries(),
    ) {
        let (store, _, p) = filled(&tasks);
        let page = store.list(&p, &paged(&query, 0, 50), NOW);
        let asked = query.scheduled_type() == Some(ScheduledType::LifeCycle);
        for listed in &page {
            prop_assert_eq!(listed.task().life_cycle_type().is_some(), asked);
        }

        let triggered = tasks.iter().filter(|task| task.life_cycle_type().is_some()).count();
        let timed = tasks.len() - triggered;
        let all = ListQuery::new(0, 0).unwrap();
        prop_assert_eq!(store.list(&p, &all, NOW).total_count(), timed as u64);
        let all = all.with_scheduled_type(ScheduledType::LifeCycle);
        prop_assert_eq!(store.list(&p, &all, NOW).total_count(), triggered as u64);
    }

    #[test]
    fn newest_first_is_the_reverse(
        tasks in strategies::projects(80),
        query in strategies::queries(),
        limits in (1_u32..=50, 1_u32..=50),
    ) {
        let (store, _, p) = filled(&tasks);
        let mut oldest = walk(&store, &p, &query.clone().with_order(Order::OldestFirst), limits.0);
        oldest.reverse();
        prop_assert_eq!(walk(&store, &p, &query.with_order(Order::NewestFirst), limits.1), oldest);
    }

    #[test]
    fn an_update_never_moves_a_task(
        tasks in strategies::projects(40),
        updates in prop::collection::vec((any::<prop::sample::Index>(), 0..4), 1..20),
        replacement in strategies::tasks("x"),
    ) {
        prop_assume!(!tasks.is_empty());
        let (store, _, p) = filled(&tasks);
        for (position, update) in updates {
            let id = position.get(&tasks).id();
            match update {
                0 => store.rename(&p, id, &TaskName::new("renamed").unwrap()),
                1 => store.set_last_status(&p, id, Some(LastStatus::Skip)),
                2 => store.set_enabled(&p, id, false, NOW),
                _ => {
                    let timing = match replacement.schedule() {
                        Some(schedule) => (*schedule).into(),
                        None => taskdex::Timing::from(
                            taskdex::LifeCycleType::PostDesktopDisconnected,
                        ),
                    };
                    let task = Task::builder(id, replacement.task_name(), TaskType::Stop, timing);
                    let replaced = store.replace(&p, task.build().unwrap(), NOW);
                    replaced.map(|it| it.revision)
                }
            }
            .unwrap();
        }
        let all = ListQuery::new(0, 50).unwrap();
        for query in [all.clone(), all.with_scheduled_type(ScheduledType::LifeCycle)] {
            let listed = walk(&store, &p, &query, 7);
            let added: Vec<&str> = tasks
                .iter()
                .map(Task::id)
                .filter(|id| listed.iter().any(|other| other == id))
                .collect();
            prop_assert_eq!(listed, added);
        }
        prop_assert_eq!(store.task_count(&p), tasks.len() as u64);
    }

    #[test]
    fn a_cursor_neither_repeats_nor_misses(
        tasks in strategies::projects(60),
        query in strategies::queries(),
        changes in prop::collection::vec((0..3, any::<prop::sample::Index>(), 1_u32..8), 1..30),
    ) {
        let (store, _, p) = filled(&tasks);
        // A listing by next execution has no cursor.
        prop_assume!(query.order() != Order::NextExecution);
        let mut query = paged(&query, 0, 1);
        if query.order() == Order::NextExecution {
            // That order has no cursor.
            query = query.with_order(Order::NewestFirst);
        }
        let (mut seen, mut removed) = (Vec::new(), HashSet::new());
        let mut added = 0;
        let next = |limit: u32, query: &mut ListQuery| {
            let page = store.list(&p, &query.clone().with_page(0, limit).unwrap(), NOW);
            if let Some(cursor) = page.next_cursor() {
                *query = query.clone().with_cursor(cursor);
            }
            ids(&page)
        };
        let before = walk(&store, &p, &query, 50);
        for (kind, position, limit) in changes {
            seen.extend(next(limit, &mut query));
            match kind {
                0 if !tasks.is_empty() => {
                    let id = position.get(&tasks).id();
                    if store.remove(&p, id).is_ok() {
                        removed.insert(id.to_owned());
                    }
                }
                1 => {
                    added += 1;
                    store.add(&p, daily(&format!("new-{added}")), NOW).unwrap();
                }
                _ => {
                    for _ in 0..3 {
                        seen.extend(next(1, &mut query));
                    }
                }
            }
        }
        loop {
            let page = next(50, &mut query);
            if page.is_empty() {
                break;
            }
            seen.extend(page);
            prop_assert!(seen.len() <= tasks.len() + added, "the pages come to an end");
        }
        let distinct: HashSet<&String> = seen.iter().collect();
        prop_assert_eq!(distinct.len(), seen.len());
        for id in before.iter().filter(|id| !removed.contains(*id)) {
            prop_assert!(distinct.contains(id), "{} was missed", id);
        }
    }

    #[test]
    fn a_page_is_owned(
        tasks in strategies::projects(40),
        query in strategies::queries(),
        history in strategies::histories(10),
    ) {
        let store = TaskStore::new();
        let p = project("p-0");
        store.add_all(&p, tasks, NOW).unwrap();
        let page = store.list(&p, &query, NOW);
        let mut before = Vec::new();
        page.write_json(&mut before);
        for op in &history.operations {
            op.apply(&store);
        }
        store.remove_project(&p);
        let mut after = Vec::new();
        page.write_json(&mut after);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn a_batch_is_added_whole_or_not_at_all(
        tasks in strategies::projects(30),
        batch in strategies::projects(30),
        first in 0_usize..40,
    ) {
        let (store, _, p) = filled(&tasks);
        let batch: Vec<Task> = batch
            .iter()
            .enumerate()
            .map(|(position, task)| {
                // As a store keeps it: with the date that a DAY schedule counts from.
                let timing = match task.schedule() {
                    Some(schedule) => schedule.counting_from(NOW).into(),
                    None => taskdex::Timing::from(taskdex::LifeCycleType::PostDesktopDisconnected),
                };
                Task::builder(format!("t-{}", first + position), task.task_name(), TaskType::Stop, timing)
                    .build()
                    .unwrap()
            })
            .collect();
        let before = snapshot(&store);
        let taken = batch.iter().position(|task| tasks.iter().any(|old| old.id() == task.id()));
        match store.add_all(&p, batch.clone(), NOW) {
            Ok(revision) => {
                prop_assert_eq!(taken, None);
                prop_assert_eq!(store.task_count(&p), (tasks.len() + batch.len()) as u64);
                for task in &batch {
                    // One change, one version.
                    let listed = store.get(&p, task.id(), NOW).unwrap();
                    prop_assert_eq!(listed.version(), revision);
                    prop_assert_eq!(listed.task(), task);
                }
            }
            Err(refused) => {
                prop_assert_eq!(Some(refused.position), taken);
                prop_assert_eq!(refused.error.kind(), ErrorKind::TaskExists);
                prop_assert_eq!(snapshot(&store), before);
            }
        }
    }
}

#[test]
fn a_workload_is_the_same_for_engine_and_reference() {
    let workload = Workload::new(3, 1_500);
    let mut twins = Twins::new();
    let project = project("p");
    let tasks = workload.tasks().map(Record::from).collect();
    twins
        .apply(&Op::AddAll {
            project: project.clone(),
            tasks,
            now: NOW,
        })
        .unwrap();
    let mut listed = 0;
    for query in workload.queries().take(300) {
        let op = Op::List {
            project: project.clone(),
            query,
            now: NOW,
        };
        if let Outcome::Page { tasks, .. } = twins.apply(&op).unwrap() {
            listed += tasks.len();
        }
    }
    // The queries are of use: they find things.
    assert!(listed > 1_000, "{listed}");
}

#[test]
fn a_batch_refused_by_a_new_project_leaves_no_trace() {
    let store = TaskStore::new();
    let p = project("p");
    let refused = store
        .add_all(&p, vec![daily("a"), daily("b"), daily("a")], NOW)
        .unwrap_err();
    assert_eq!(refused.position, 2);
    assert_eq!(store.project_count(), 0);
    assert_eq!(store.projects(), []);
    assert_eq!(store.revision(&p), Revision::default());
    assert_eq!(store.revision(&project("q")), Revision::default());
}

/// Engine and reference change tasks by the same methods of [`Task`], which once could have done
/// nothing without a test that fails. Builders share nothing with these.
#[test]
fn a_change_shows_in_what_it_changes_and_nowhere_else() {
    let schedule = Schedule::daily(3, "08:00:00".parse().unwrap(), TimeZone::UTC).unwrap();
    let schedule = schedule.with_start_date(NOW.date_naive()).unwrap();
    let built = |name| Task::builder("t", name, TaskType::Reboot, schedule).with_description("Why");
    // Without lists and with them.
    for others in [0, 300] {
        let tasks: Vec<Task> = (0..others)
            .map(|number| daily(&number.to_string()))
            .collect();
        let (store, _, p) = filled(&tasks);
        let now = || store.get(&p, "t", NOW).unwrap().task().clone();
        store.add(&p, built("a").build().unwrap(), NOW).unwrap();

        let failed = Some(LastStatus::Fail);
        store.set_last_status(&p, "t", failed).unwrap();
        assert_eq!(now(), built("a").with_last_status(failed).build().unwrap());
        store.set_enabled(&p, "t", false, NOW).unwrap();
        let disabled = built("a").with_last_status(failed).with_enabled(false);
        assert_eq!(now(), disabled.build().unwrap());
        let name = TaskName::new("another").unwrap();
        store.rename(&p, "t", &name).unwrap();
        let renamed = built("another")
            .with_last_status(failed)
            .with_enabled(false);
        assert_eq!(now(), renamed.build().unwrap());
        store.set_last_status(&p, "t", None).unwrap();
        store.set_enabled(&p, "t", true, NOW).unwrap();
        assert_eq!(now(), built("another").build().unwrap());
    }
}

#[test]
fn an_empty_batch_changes_nothing() {
    let store = TaskStore::new();
    let p = project("p");
    assert_eq!(
        store.add_all(&p, Vec::<Task>::new(), NOW).unwrap(),
        Revision::default()
    );
    assert_eq!(store.project_count(), 0);
    let added = store.add(&p, daily("a"), NOW).unwrap();
    assert_eq!(store.add_all(&p, Vec::<Task>::new(), NOW).unwrap(), added);
    assert_eq!(store.revision(&p), added);
}

#[test]
fn versions_grow_also_over_the_end_of_a_project() {
    let store = TaskStore::new();
    let (p, q) = (project("p"), project("q"));
    let mut last = Revision::default();
    let mut grows = |revision: Revision| {
        assert!(revision > last, "{revision} after {last}");
        last = revision;
    };
    for _ in 0..3 {
        grows(store.add(&p, daily("a"), NOW).unwrap());
        grows(
            store
                .set_last_status(&p, "a", Some(LastStatus::Fail))
                .unwrap(),
        );
        grows(store.set_last_status(&p, "a", None).unwrap());
        grows(store.set_enabled(&p, "a", false, NOW).unwrap());
        grows(store.replace(&p, daily("a"), NOW).unwrap().revision);
        grows(store.remove(&p, "a").unwrap().revision);
        grows(
            store
                .add_all(&p, vec![daily("a"), daily("b")], NOW)
                .unwrap(),
        );
        // What other projects do never takes a number back.
        store.add(&q, daily("z"), NOW).unwrap();
        store.remove_project(&q);
        grows(store.rename(&p, "b", &TaskName::new("B").unwrap()).unwrap());
        assert_eq!(store.remove_project(&p), 2);
        grows(store.revision(&p));
    }
}

#[test]
fn a_page_tells_the_revision_it_shows() {
    let store = TaskStore::new();
    let p = project("p");
    let all = ListQuery::new(0, 50).unwrap();
    assert_eq!(store.list(&p, &all, NOW).revision(), Revision::default());
    let first = store.add(&p, daily("a"), NOW).unwrap();
    let page = store.list(&p, &all, NOW);
    assert_eq!(page.revision(), first);
    let second = store.add(&p, daily("b"), NOW).unwrap();
    assert_eq!(page.revision(), first);
    assert_eq!(store.list(&p, &all, NOW).revision(), second);
    // What changed after the page was read is told by versions alone.
    let changed: Vec<String> = store
        .list(&p, &all, NOW)
        .into_iter()
        .filter(|listed| listed.version() > page.revision())
        .map(|listed| listed.task().id().to_owned())
        .collect();
    assert_eq!(changed, ["b"]);
}

#[test]
fn a_client_that_pages_while_tasks_are_added_sees_each_once() {
    let store = TaskStore::new();
    let p = project("p");
    let mut seen = Vec::new();
    for round in 0..10 {
        for number in 0..3 {
            store
                .add(&p, daily(&format!("{round}-{number}")), NOW)
                .unwrap();
        }
        let query = ListQuery::new(seen.len() as u64, 2).unwrap();
        seen.extend(ids(&store.list(&p, &query, NOW)));
    }
    loop {
        let query = ListQuery::new(seen.len() as u64, 2).unwrap();
        let page = store.list(&p, &query, NOW);
        if page.tasks().is_empty() {
            break;
        }
        seen.extend(ids(&page));
    }
    let added: Vec<String> = (0..10)
        .flat_map(|round| (0..3).map(move |number| format!("{round}-{number}")))
        .collect();
    assert_eq!(seen, added);
}

#[test]
fn a_removed_task_that_is_added_again_stands_at_the_end() {
    let store = TaskStore::new();
    let p = project("p");
    for id in ["a", "b", "c"] {
        store.add(&p, daily(id), NOW).unwrap();
    }
    store.remove(&p, "a").unwrap();
    store.add(&p, daily("a"), NOW).unwrap();
    let query = ListQuery::new(0, 50).unwrap();
    assert_eq!(ids(&store.list(&p, &query, NOW)), ["b", "c", "a"]);
}

/// `next_execution_time` of task `t` in project `p`.
fn next(store: &TaskStore, now: &str) -> Option<String> {
    store
        .get(&project("p"), "t", instant(now))
        .unwrap()
        .next_execution_time()
}

fn every(days: u32, zone: &str) -> Task {
    let schedule =
        Schedule::daily(days, "12:00:00".parse().unwrap(), zone.parse().unwrap()).unwrap();
    Task::builder("t", "T", TaskType::Reboot, schedule)
        .build()
        .unwrap()
}

#[test]
fn a_day_schedule_without_a_start_date_counts_from_the_first_adding() {
    let store = TaskStore::new();
    let p = project("p");
    // 2026-12-01 in UTC, and already the 2nd in Shanghai.
    let added = instant("2026-12-01T20:00:00Z");
    store.add(&p, every(10, "UTC"), added).unwrap();
    assert_eq!(
        next(&store, "2026-12-01T20:00:00Z").unwrap(),
        "2026-12-11 12:00:00"
    );
    assert_eq!(
        next(&store, "2026-12-25T00:00:00Z").unwrap(),
        "2026-12-31 12:00:00"
    );

    // Replaced, renamed, paused: it goes on counting from the same day.
    store
        .replace(&p, every(7, "UTC"), instant("2026-12-05T00:00:00Z"))
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-05T00:00:00Z").unwrap(),
        "2026-12-08 12:00:00"
    );
    store
        .set_enabled(&p, "t", false, instant("2026-12-06T00:00:00Z"))
        .unwrap();
    assert_eq!(next(&store, "2026-12-06T00:00:00Z"), None);
    store
        .set_enabled(&p, "t", true, instant("2026-12-07T00:00:00Z"))
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-08T12:00:00Z").unwrap(),
        "2026-12-15 12:00:00"
    );

    // The day of adding is the day in the zone that the schedule has now.
    store
        .replace(
            &p,
            every(7, "Asia/Shanghai"),
            instant("2026-12-20T00:00:00Z"),
        )
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-20T00:00:00Z").unwrap(),
        "2026-12-23 12:00:00"
    );

    // A start date counts while it is given, and leaves the first adding alone.
    let started = every(7, "UTC");
    let schedule = started
        .schedule()
        .unwrap()
        .with_start_date("2026-12-03".parse().unwrap())
        .unwrap();
    let started = Task::builder("t", "T", TaskType::Reboot, schedule)
        .build()
        .unwrap();
    store
        .replace(&p, started, instant("2026-12-20T00:00:00Z"))
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-20T00:00:00Z").unwrap(),
        "2026-12-24 12:00:00"
    );
    store
        .replace(&p, every(7, "UTC"), instant("2026-12-21T00:00:00Z"))
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-21T00:00:00Z").unwrap(),
        "2026-12-22 12:00:00"
    );

    // Removed and added again is a first adding.
    store.remove(&p, "t").unwrap();
    store
        .add(&p, every(10, "UTC"), instant("2026-12-24T00:00:00Z"))
        .unwrap();
    assert_eq!(
        next(&store, "2026-12-24T00:00:00Z").unwrap(),
        "2026-12-24 12:00:00"
    );
    assert_eq!(
        next(&store, "2026-12-24T12:00:00Z").unwrap(),
        "2027-01-03 12:00:00"
    );
}

#[test]
fn a_query_may_look_back_before_the_adding() {
    let store = TaskStore::new();
    store
        .add(
            &project("p"),
            every(10, "UTC"),
            instant("2026-12-01T20:00:00Z"),
        )
        .unwrap();
    // It executes from the day of adding on, never before it.
    assert_eq!(
        next(&store, "2020-01-01T00:00:00Z").unwrap(),
        "2026-12-01 12:00:00"
    );
}

#[test]
fn names_are_matched_literally_and_by_characters() {
    let store = TaskStore::new();
    let p = project("p");
    let names = [
        "100% done",
        "a_b",
        "a*b",
        "axb",
        "Straße",
        "STRASSE",
        "STRAẞE",
        "e\u{301}te",
        "été",
        "研发一部 定时关机",
        "研发一部\u{3000}定时关机",
        "🙂👍",
        "👍🙂",
        " padded ",
        "nul\0byte",
        "İstanbul",
        "istanbul",
        "ΣΊΣΥΦΟΣ",
        "σίσυφος",
        "\u{212a}elvin",
        "kelvin",
    ];
    for name in names {
        let task = Task::builder(name, name, TaskType::Stop, *daily("x").schedule().unwrap());
        store.add(&p, task.build().unwrap(), NOW).unwrap();
    }
    let found = |name: NameMatch| {
        let query = ListQuery::new(0, 50).unwrap().with_task_name(name);
        ids(&store.list(&p, &query, NOW))
    };
    let contains = |text: &str| found(NameMatch::contains(text).unwrap());
    let ignoring = |text: &str| found(NameMatch::contains_ignoring_case(text).unwrap());
    let exactly = |text: &str| found(NameMatch::exactly(text).unwrap());

    assert_eq!(contains("%"), ["100% done"]);
    assert_eq!(contains("_"), ["a_b"]);
    assert_eq!(contains("a*b"), ["a*b"]);
    assert_eq!(contains(""), names);
    assert_eq!(contains("stra"), [""; 0]);
    assert_eq!(contains("Stra"), ["Straße"]);
    assert_eq!(contains("é"), ["été"]);
    assert_eq!(contains("e\u{301}"), ["e\u{301}te"]);
    assert_eq!(contains("\u{301}"), ["e\u{301}te"]);
    assert_eq!(contains("一部 定"), ["研发一部 定时关机"]);
    assert_eq!(contains("🙂👍"), ["🙂👍"]);
    assert_eq!(contains("  "), [""; 0]);
    assert_eq!(contains("l\0b"), ["nul\0byte"]);
    assert_eq!(ignoring("strasse"), ["STRASSE"]);
    assert_eq!(ignoring("straße"), ["Straße", "STRAẞE"]);
    assert_eq!(ignoring("ISTANBUL"), ["istanbul"]);
    assert_eq!(ignoring("ς"), ["ΣΊΣΥΦΟΣ", "σίσυφος"]);
    assert_eq!(ignoring("KELVIN"), ["\u{212a}elvin", "kelvin"]);
    assert_eq!(ignoring("ÉTÉ"), ["été"]);
    assert_eq!(exactly("a_b"), ["a_b"]);
    assert_eq!(exactly("a"), [""; 0]);
    assert_eq!(exactly(""), [""; 0]);
    assert_eq!(exactly("padded"), [""; 0]);
}

#[test]
fn an_answer_does_not_outlive_the_numbers_of_its_rows() {
    // An answer to a name is cached as row numbers, and kept true by the rows that changed
    // since. Once a project is numbered anew, the same numbers are other rows.
    let (store, p) = (TaskStore::new(), project("p"));
    let schedule = *daily("x").schedule().unwrap();
    let task = |number: u32, name: &str| {
        let task = Task::builder(format!("t-{number}"), name, TaskType::Stop, schedule);
        task.build().unwrap()
    };
    let change_status = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            let id = format!("t-{number}");
            store
                .set_last_status(&p, &id, Some(LastStatus::Skip))
                .unwrap();
        }
    };
    let even = ListQuery::new(0, 0)
        .unwrap()
        .with_task_name(NameMatch::contains("even").unwrap());
    let total = || store.list(&p, &even, NOW).total_count();

    let first = (0..600).map(|number| task(number, if number % 2 == 0 { "even" } else { "odd" }));
    store.add_all(&p, first.collect(), NOW).unwrap();
    change_status(590..600);
    assert_eq!(total(), 300);
    for number in 0..400 {
        store.remove(&p, format!("t-{number}")).unwrap();
    }
    store
        .add_all(
            &p,
            (600..1_100).map(|number| task(number, "odd")).collect(),
            NOW,
        )
        .unwrap();
    change_status(1_080..1_100);
    assert_eq!(total(), 100);
    store.validate().unwrap();
}

/// A history of batches showed no next execution for a task whose id had been added in the same
/// batch already, as a triggered one: that it is never executed had been noted at the adding, and
/// the task put in its place kept the note.
#[test]
fn a_task_put_over_one_of_the_same_batch_is_executed_by_its_own_schedule() {
    let (store, p) = (TaskStore::new(), project("p"));
    let daily = Schedule::daily(1, "12:00:00".parse().unwrap(), TimeZone::UTC).unwrap();
    let event = LifeCycleType::PostDesktopDisconnected;
    let task = |timing: taskdex::Timing| {
        Task::builder("t", "n", TaskType::Stop, timing)
            .build()
            .unwrap()
    };
    let edits = [Edit::add(task(event.into())), Edit::put(task(daily.into()))];
    store.apply(&p, &edits, NOW).unwrap();
    let listed = store.get(&p, "t", NOW).unwrap();
    let expected = daily.counting_from(NOW).next_execution(NOW);
    assert!(expected.is_some());
    assert_eq!(listed.next_execution(), expected);
}
