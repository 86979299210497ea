//! The laws of changes: batches, expectations, versions, given revisions, and callbacks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use taskdex::testkit::{Workload, strategies};
use taskdex::{
    Applied, Edit, ErrorKind, Expectation, LastStatus, LifeCycleType, ListQuery, ProjectId, Record,
    Revision, Schedule, Snapshot, SnapshotTask, Task, TaskId, TaskName, TaskStore, TaskType,
};

use crate::support::{NOW, cases, instant, project, snapshot};

fn records(snapshot: &Snapshot) -> Vec<Record> {
    snapshot.iter().map(SnapshotTask::to_record).collect()
}

/// All of a project in order, with versions and places; nothing of one that is not there.
fn held(store: &TaskStore, project: &ProjectId) -> Vec<Record> {
    store
        .snapshot(project)
        .map_or(Vec::new(), |it| records(&it))
}

/// The tasks and when they were added, without what numbers the changes.
fn unnumbered(records: Vec<Record>) -> Vec<Record> {
    let record = |it: Record| it.with_version(None).with_sequence(None);
    records.into_iter().map(record).collect()
}

/// A store with these tasks in the project `p`.
fn filled(tasks: Vec<Task>) -> (TaskStore, ProjectId) {
    let (store, p) = (TaskStore::new(), project("p"));
    store.add_all(&p, tasks, NOW).unwrap();
    (store, p)
}

fn triggered(id: &str) -> Task {
    let event = LifeCycleType::PostDesktopDisconnected;
    let task = Task::builder(id, format!("Task {id}"), TaskType::Stop, event);
    task.build().unwrap()
}

/// Every so many days, from the day of its adding.
fn every(days: u32, id: &str) -> Task {
    let schedule = Schedule::daily(days, "12:00:00".parse().unwrap(), "UTC".parse().unwrap());
    let task = Task::builder(id, "Task", TaskType::Stop, schedule.unwrap());
    task.build().unwrap()
}

fn id(text: &str) -> TaskId {
    TaskId::new(text).unwrap()
}

fn name(text: &str) -> TaskName {
    TaskName::new(text).unwrap()
}

/// The next sequence of a project, which its feed tells.
fn next_sequence(store: &TaskStore, project: &ProjectId) -> u64 {
    let present = store.revision(project);
    store.changes_since(project, present).unwrap().next_sequence
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_batch_is_its_edits_one_by_one_or_nothing(
        tasks in strategies::projects(30),
        batches in strategies::batches(4),
        now in strategies::instants(),
    ) {
        let (whole, p) = filled(tasks.clone());
        let (stepwise, _) = filled(tasks);
        for edits in batches {
            // Expectations are about what the batch found, so they mean another thing in steps.
            let edits: Vec<Edit> = edits.into_iter().map(|it| it.with_expectation(None)).collect();
            let before = (snapshot(&whole), next_sequence(&whole, &p));
            let steps: Vec<_> = edits
                .iter()
                .map(|edit| stepwise.apply(&p, std::slice::from_ref(edit), now))
                .take_while(Result::is_ok)
                .collect();
            prop_assert_eq!(whole.check(&p, &edits, now).is_ok(), steps.len() == edits.len());
            match whole.apply(&p, &edits, now) {
                Ok(revision) => {
                    prop_assert_eq!(steps.len(), edits.len());
                    let (after, expected) = (held(&whole, &p), held(&stepwise, &p));
                    let versions = after.iter().filter_map(|it| it.version);
                    prop_assert!(versions.max().is_none_or(|latest| latest <= revision));
                    prop_assert_eq!(unnumbered(after), unnumbered(expected));
                }
                Err(refused) => {
                    prop_assert_eq!(refused.position, steps.len());
                    prop_assert_eq!((snapshot(&whole), next_sequence(&whole, &p)), before);
                    prop_assert_eq!(whole.check(&p, &edits, now), Err(refused));
                    // The steps before it were made in one of them.
                    break;
                }
            }
        }
        whole.validate().unwrap();
    }

    #[test]
    fn what_a_batch_did_not_change_keeps_its_version(
        tasks in strategies::projects(30),
        batches in strategies::batches(4),
    ) {
        let (store, p) = filled(tasks);
        for edits in batches {
            let before = held(&store, &p);
            let Ok(revision) = store.apply(&p, &edits, NOW) else {
                continue;
            };
            let after = held(&store, &p);
            for record in &after {
                let same = before.iter().find(|it| it.sequence == record.sequence);
                let expected = match same {
                    Some(same) if same.task == record.task => same.version,
                    _ => Some(revision),
                };
                prop_assert_eq!(record.version, expected);
            }
            prop_assert_eq!(revision, store.revision(&p));
        }
    }

    #[test]
    fn a_sync_leaves_what_it_is_given_and_is_idle_when_repeated(
        tasks in strategies::projects(30),
        given in strategies::projects(30),
    ) {
        let (store, p) = filled(tasks);
        let before = held(&store, &p);
        let synced = store.sync(&p, given.clone(), NOW).unwrap();
        let after = held(&store, &p);
        prop_assert_eq!(after.len(), given.len());
        // Those that were there come first, in their order; then the others, in theirs.
        let ids = |records: &[Record]| -> Vec<String> {
            records.iter().map(|it| it.task.id().to_owned()).collect()
        };
        let given_ids: Vec<String> = given.iter().map(|it| it.id().to_owned()).collect();
        let (mut kept, removed): (Vec<_>, Vec<_>) =
            ids(&before).into_iter().partition(|id| given_ids.contains(id));
        let added: Vec<_> = given_ids.into_iter().filter(|id| !kept.contains(id)).collect();
        let changed: Vec<_> = after
            .iter()
            .filter(|it| it.version == Some(synced.revision))
            .map(|it| it.task.id().to_owned())
            .filter(|id| !added.contains(id))
            .collect();
        let texts = |ids: &[TaskId]| -> Vec<String> { ids.iter().map(TaskId::to_string).collect() };
        prop_assert_eq!(texts(&synced.removed), removed);
        prop_assert_eq!(texts(&synced.added), added.clone());
        if store.revision(&p).get() > 1 {
            prop_assert_eq!(texts(&synced.changed), changed);
        }
        kept.extend(added);
        prop_assert_eq!(ids(&after), kept);

        let again = store.sync(&p, given, NOW).unwrap();
        prop_assert_eq!(again.revision, synced.revision);
        prop_assert!(again.added.is_empty() && again.changed.is_empty() && again.removed.is_empty());
        prop_assert_eq!(held(&store, &p), after);
    }
}

#[test]
fn an_edit_that_changes_nothing_leaves_the_version_and_takes_no_revision() {
    // Without lists and with them.
    for others in [0, 300] {
        let tasks = Workload::new(1, others).tasks().collect();
        let (store, p) = filled(tasks);
        let task = triggered("t").with_last_status(Some(LastStatus::Skip));
        let added = store.add(&p, task.clone(), NOW).unwrap();
        let same = [
            Edit::put(task.clone()),
            Edit::replace(task.clone()),
            Edit::rename(id("t"), name("Task t")),
            Edit::set_last_status(id("t"), LastStatus::Skip),
            Edit::set_enabled(id("t"), true),
        ];
        for edit in &same {
            let edits = std::slice::from_ref(edit);
            assert_eq!(store.apply(&p, edits, NOW).unwrap(), added, "{edit:?}");
        }
        assert_eq!(store.apply(&p, &same, NOW).unwrap(), added);
        assert_eq!(
            store.replace(&p, task.clone(), NOW).unwrap().revision,
            added
        );
        assert_eq!(store.rename(&p, "t", &name("Task t")).unwrap(), added);
        let status = Some(LastStatus::Skip);
        assert_eq!(store.set_last_status(&p, "t", status).unwrap(), added);
        assert_eq!(store.set_enabled(&p, "t", true, NOW).unwrap(), added);
        // There and back within a batch.
        let there_and_back = [
            Edit::rename(id("t"), name("Another")),
            Edit::add(triggered("u")),
            Edit::rename(id("t"), name("Task t")),
            Edit::remove(id("u")),
        ];
        assert_eq!(store.apply(&p, &there_and_back, NOW).unwrap(), added);
        assert_eq!(store.apply(&p, &[], NOW).unwrap(), added);
        assert_eq!(store.revision(&p), added);
        assert_eq!(next_sequence(&store, &p), last_sequence(&store, &p) + 1);

        // A removed task that is added again stands at the end, so that is a change.
        store.add(&p, triggered("last"), NOW).unwrap();
        let again = [Edit::remove(id("t")), Edit::add(task)];
        let revision = store.apply(&p, &again, NOW).unwrap();
        assert!(revision > added);
        let last = held(&store, &p).pop().unwrap();
        assert_eq!((last.task.id(), last.version), ("t", Some(revision)));
    }
}

fn last_sequence(store: &TaskStore, project: &ProjectId) -> u64 {
    held(store, project).last().unwrap().sequence.unwrap()
}

#[test]
fn an_expectation_is_about_what_the_batch_found() {
    let (store, p) = filled(vec![triggered("t")]);
    let version = store.revision(&p);
    let expecting_it = |edit: Edit| edit.with_expectation(Expectation::Version(version));
    let expecting_none = |edit: Edit| edit.with_expectation(Expectation::Absent);
    let edits = [
        expecting_it(Edit::rename(id("t"), name("Another"))),
        // The edit before changed it, and yet this is met.
        expecting_it(Edit::set_enabled(id("t"), false)),
        expecting_none(Edit::add(triggered("u"))),
        expecting_none(Edit::rename(id("u"), name("Another"))),
        expecting_it(Edit::remove(id("t"))),
        expecting_it(Edit::put(triggered("t"))),
    ];
    let revision = store.apply(&p, &edits, NOW).unwrap();
    assert_eq!(revision.get(), version.get() + 1);

    let refused = store.apply(&p, &edits, NOW).unwrap_err();
    assert_eq!(refused.position, 0);
    assert_eq!(refused.error.kind(), ErrorKind::VersionMismatch);
    let message = refused.error.to_string();
    assert!(message.contains(&revision.to_string()), "{message}");
    for (edit, position) in [
        (expecting_none(Edit::put(triggered("t"))), 1),
        (expecting_it(Edit::put(triggered("none"))), 1),
    ] {
        let edits = [Edit::put(triggered("v")), edit];
        let refused = store.apply(&p, &edits, NOW).unwrap_err();
        assert_eq!(refused.position, position);
        assert_eq!(refused.error.kind(), ErrorKind::VersionMismatch);
        assert!(store.get(&p, "v", NOW).is_none());
    }
}

#[test]
fn a_batch_that_leaves_nothing_but_goes_on_to_add_does_not_end_the_project() {
    let store = TaskStore::builder().with_change_log(100).build();
    let p = project("p");
    store.add(&p, triggered("a"), NOW).unwrap();
    let first = last_sequence(&store, &p);
    let edits = [Edit::remove(id("a")), Edit::add(triggered("b"))];
    let revision = store.apply(&p, &edits, NOW).unwrap();
    assert_eq!(revision.get(), 2);
    // The order of adding goes on, and the log reaches back over it.
    assert_eq!(last_sequence(&store, &p), first + 1);
    let changes = store.changes_since(&p, Revision::from(1)).unwrap();
    assert_eq!(changes.removed, [id("a")]);

    store.apply(&p, &[Edit::remove(id("b"))], NOW).unwrap();
    store.add(&p, triggered("c"), NOW).unwrap();
    assert_eq!(store.revision(&p).get(), 4);
    let refused = store.changes_since(&p, Revision::from(2)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RevisionOutOfReach);
}

/// The next execution was worked out for the first task that a batch put, and shown for the
/// task that it put under the same id afterwards.
#[test]
fn a_task_that_is_put_twice_in_a_batch_runs_as_the_second_says() {
    let store = TaskStore::new();
    let p = project("p");
    let edits = [Edit::put(every(1, "t")), Edit::put(every(30, "t"))];
    store.apply(&p, &edits, NOW).unwrap();
    let later = instant("2026-12-05T00:00:00Z");
    let task = store.get(&p, "t", later).unwrap();
    assert_eq!(task.next_execution_time().unwrap(), "2026-12-31 12:00:00");
    assert_eq!(
        task.next_execution(),
        task.task().schedule().unwrap().next_execution(later)
    );
    let soon = store.get(&p, "t", NOW).unwrap().next_execution();
    assert_eq!(soon, task.task().schedule().unwrap().next_execution(NOW));
}

/// A batch is added in steps, and a step once named a task whose start date is beyond the last
/// year before it had looked whether the ids of those before are taken.
#[test]
fn the_first_task_that_is_refused_is_named_whatever_the_reason() {
    let (store, p) = filled(vec![triggered("taken")]);
    let last = DateTime::<Utc>::MAX_UTC;
    let zone = "Asia/Shanghai".parse().unwrap();
    let schedule = Schedule::daily(1, "12:00:00".parse().unwrap(), zone).unwrap();
    let beyond = Task::builder("beyond", "Task", TaskType::Stop, schedule);
    let beyond = beyond.build().unwrap();
    let cases = [
        (
            vec![triggered("taken"), beyond.clone()],
            ErrorKind::TaskExists,
        ),
        (vec![beyond, triggered("taken")], ErrorKind::OutOfRange),
    ];
    for (tasks, kind) in cases {
        let edits: Vec<Edit> = tasks.iter().cloned().map(Edit::add).collect();
        let refused = store.apply(&p, &edits, last).unwrap_err();
        assert_eq!((refused.position, refused.error.kind()), (0, kind));
        let refused = store.add_all(&p, tasks, last).unwrap_err();
        assert_eq!((refused.position, refused.error.kind()), (0, kind));
    }
}

/// The places of a refused batch were taken all the same, where the project was not there: its
/// name was then kept for ever, and a copy that followed got another order than its original.
#[test]
fn a_refused_batch_leaves_nothing_of_a_project_that_is_not_there() {
    let store = TaskStore::new();
    let p = project("p");
    let twice = vec![triggered("a"), triggered("a")];
    store.add_all(&p, twice, NOW).unwrap_err();
    assert_eq!(next_sequence(&store, &p), 0);
    let edits = [Edit::add(triggered("a")), Edit::remove(id("b"))];
    store.apply(&p, &edits, NOW).unwrap_err();
    assert_eq!(next_sequence(&store, &p), 0);
    assert_eq!(store.project_count(), 0);
}

#[test]
fn a_revision_from_outside_is_taken_once() {
    let store = TaskStore::new();
    let p = project("p");
    let at = |revision: u64, edit: Edit| store.apply_at(&p, revision.into(), &[edit], NOW);
    assert_eq!(at(7, Edit::add(triggered("a"))).unwrap(), Applied::Changed);
    // Older and equal ones were applied before, whatever they hold.
    for revision in [0, 3, 7] {
        let refusable = Edit::add(triggered("a"));
        assert_eq!(at(revision, refusable).unwrap(), Applied::Already);
    }
    assert_eq!(store.revision(&p).get(), 7);
    assert_eq!(
        at(8, Edit::put(triggered("a"))).unwrap(),
        Applied::Unchanged
    );
    assert_eq!(store.revision(&p).get(), 7);
    let refused = at(9, Edit::add(triggered("a"))).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::TaskExists);
    assert_eq!(at(9, Edit::add(triggered("b"))).unwrap(), Applied::Changed);
    assert_eq!(store.get(&p, "b", NOW).unwrap().version().get(), 9);

    // Over the end of the project too.
    assert_eq!(at(20, Edit::remove(id("a"))).unwrap(), Applied::Changed);
    assert_eq!(at(21, Edit::remove(id("b"))).unwrap(), Applied::Changed);
    assert_eq!(store.project_count(), 0);
    assert_eq!(at(21, Edit::add(triggered("c"))).unwrap(), Applied::Already);
    assert_eq!(store.add(&p, triggered("c"), NOW).unwrap().get(), 22);

    let last = (1 << 48) - 1;
    let refused = at(last + 1, Edit::add(triggered("d"))).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::ProjectFull);
    assert_eq!(
        at(last, Edit::add(triggered("d"))).unwrap(),
        Applied::Changed
    );
    let refused = store.add(&p, triggered("e"), NOW).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ProjectFull);
    store.validate().unwrap();
}

/// A store that tells what it is asked for: it is used by its own callback, so no lock is held.
#[test]
fn the_latest_revision_is_told_and_no_lock_is_held() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 200;
    static STORE: OnceLock<TaskStore> = OnceLock::new();
    let (p, log) = (project("p"), project("log"));
    let told = Arc::new(AtomicU64::new(0));
    let store = STORE.get_or_init(|| {
        let (told, log) = (Arc::clone(&told), log.clone());
        let builder = TaskStore::builder().with_on_change(move |project, revision| {
            if *project == log {
                return;
            }
            let store = STORE.get().unwrap();
            // It reads what changed, and changes something else.
            assert!(store.revision(project) >= revision);
            let query = ListQuery::new(0, 50).unwrap();
            assert!(store.list(project, &query, NOW).revision() >= revision);
            store
                .apply(&log, &[Edit::put(triggered("seen"))], NOW)
                .unwrap();
            told.fetch_max(revision.get(), Ordering::Relaxed);
        });
        builder.build()
    });
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (store, p) = (&store, &p);
            scope.spawn(move || {
                let id = number.to_string();
                for _ in 0..ROUNDS {
                    store.add(p, triggered(&id), NOW).unwrap();
                    store.set_enabled(p, &id, false, NOW).unwrap();
                    store.remove(p, &id).unwrap();
                }
            });
        }
    });
    let revision = store.revision(&p).get();
    assert_eq!(revision, (THREADS * ROUNDS * 3) as u64);
    assert_eq!(told.load(Ordering::Relaxed), revision);
    assert_eq!(store.revision(&log).get(), 1);
}

#[test]
fn every_change_is_told_and_nothing_else() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let store = {
        let told = Arc::clone(&told);
        let builder = TaskStore::builder().with_on_change(move |project, revision| {
            told.lock().unwrap().push((project.clone(), revision.get()));
        });
        builder.build()
    };
    let p = project("p");
    let expect = |revisions: &[u64]| {
        let told: Vec<_> = told.lock().unwrap().drain(..).collect();
        let expected: Vec<_> = revisions.iter().map(|&it| (p.clone(), it)).collect();
        assert_eq!(told, expected);
    };
    store.add(&p, triggered("a"), NOW).unwrap();
    expect(&[1]);
    store.add(&p, triggered("a"), NOW).unwrap_err();
    store.set_enabled(&p, "a", true, NOW).unwrap();
    store.remove(&p, "none").unwrap_err();
    store.apply(&p, &[], NOW).unwrap();
    store.add_all(&p, Vec::<Task>::new(), NOW).unwrap();
    store.sync(&p, vec![triggered("a")], NOW).unwrap();
    store
        .apply_at(&p, 1.into(), &[Edit::add(triggered("b"))], NOW)
        .unwrap();
    store.check(&p, &[Edit::add(triggered("b"))], NOW).unwrap();
    store.compact(&p);
    expect(&[]);
    store
        .add_all(&p, vec![triggered("b"), triggered("c")], NOW)
        .unwrap();
    store
        .apply_at(&p, 9.into(), &[Edit::remove(id("b"))], NOW)
        .unwrap();
    store.sync(&p, vec![triggered("a")], NOW).unwrap();
    store.remove(&p, "a").unwrap();
    expect(&[2, 9, 10, 11]);
    assert_eq!(store.remove_project(&p), 0);
    expect(&[]);
    store.add(&p, triggered("a"), NOW).unwrap();
    store.remove_project(&p);
    expect(&[12, 13]);
}

#[test]
fn a_panic_of_a_callback_leaves_the_change_done_and_the_store_whole() {
    let store = TaskStore::builder()
        .with_change_log(10)
        .with_on_change(|_, revision| assert!(revision.get().is_multiple_of(2), "odd"))
        .build();
    let p = project("p");
    let tasks: Vec<Task> = Workload::new(3, 300).tasks().collect();
    let calls: [&dyn Fn(); 6] = [
        &|| drop(store.add(&p, triggered("a"), NOW)),
        &|| drop(store.add_all(&p, tasks.clone(), NOW)),
        &|| drop(store.apply(&p, &[Edit::add(triggered("b"))], NOW)),
        &|| drop(store.sync(&p, tasks.clone(), NOW)),
        &|| drop(store.remove(&p, tasks[0].id())),
        &|| assert!(store.remove_project(&p) > 0),
    ];
    let mut revision = 0;
    for (position, call) in calls.into_iter().enumerate() {
        let caught = catch_unwind(AssertUnwindSafe(call));
        revision += 1;
        assert_eq!(caught.is_err(), revision % 2 == 1, "call {position}");
        assert_eq!(store.revision(&p).get(), revision, "call {position}");
        store.validate().unwrap();
    }
    assert_eq!(store.project_count(), 0);
    catch_unwind(AssertUnwindSafe(|| store.add(&p, triggered("a"), NOW))).unwrap_err();
    assert_eq!(store.task_count(&p), 1);
}
