//! Snapshots, exports, and copies: those that follow a feed, and those that are driven by one log.

use std::sync::Mutex;

use proptest::prelude::*;
use taskdex::testkit::{Workload, strategies};
use taskdex::wire::Progress;
use taskdex::wire::export::ExportError;
use taskdex::{
    Applied, ChangeSet, Edit, ErrorKind, LastStatus, LifeCycleType, ListQuery, Order, ProjectId,
    Record, Revision, ScheduledType, Snapshot, SnapshotTask, Task, TaskId, TaskName, TaskStore,
    TaskType,
};

use crate::support::{NOW, cases, ids, project, walk};

/// The text of a project; nothing of one that is not there.
fn export(store: &TaskStore, project: &ProjectId) -> String {
    let mut text = Vec::new();
    if let Ok(snapshot) = store.snapshot(project) {
        snapshot.write_export(&mut text).unwrap();
    }
    String::from_utf8(text).unwrap()
}

fn restored(export: &str, project: &ProjectId, log: usize) -> TaskStore {
    let store = TaskStore::builder().with_change_log(log).build();
    store.restore(project, export.as_bytes()).unwrap();
    store
}

fn records(snapshot: &Snapshot) -> Vec<Record> {
    snapshot.iter().map(SnapshotTask::to_record).collect()
}

fn triggered(id: &str) -> Task {
    let event = LifeCycleType::PostDesktopDisconnected;
    let task = Task::builder(id, format!("Task {id}"), TaskType::Stop, event);
    task.build().unwrap()
}

fn id(text: &str) -> TaskId {
    TaskId::new(text).unwrap()
}

/// What a project was at each of its revisions.
#[derive(Debug, Default)]
struct Past(Vec<(Revision, String)>);

impl Past {
    /// Makes a change, and notes what it led to.
    fn note<T>(&mut self, store: &TaskStore, project: &ProjectId, change: impl FnOnce() -> T) -> T {
        let given = change();
        let revision = store.revision(project);
        if self.0.last().is_none_or(|(last, _)| *last < revision) {
            self.0.push((revision, export(store, project)));
        }
        given
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_copy_that_follows_is_the_original_for_every_log_and_border(
        tasks in strategies::projects(20),
        batches in strategies::batches(12),
        log in prop::sample::select(vec![0, 1, 2, 5, 20, 1_000]),
    ) {
        let store = TaskStore::builder().with_change_log(log).build();
        let p = project("p");
        let mut past = Past::default();
        past.note(&store, &p, || store.add_all(&p, tasks.clone(), NOW).unwrap());
        for edits in &batches {
            let _ = past.note(&store, &p, || store.apply(&p, edits, NOW));
        }
        let (present, text) = (store.revision(&p), export(&store, &p));
        let mut is_reached = false;
        for since in 0..=present.get() {
            let changes = store.changes_since(&p, since.into());
            // Every later one is reached from where the log reaches back to.
            prop_assert!(changes.is_ok() || !is_reached, "{since} of {present}");
            let Ok(changes) = changes else {
                let refused = changes.unwrap_err();
                prop_assert_eq!(refused.kind(), ErrorKind::RevisionOutOfReach);
                continue;
            };
            is_reached = true;
            prop_assert_eq!((changes.from.get(), changes.to), (since, present));
            let Some((_, before)) = past.0.iter().find(|(revision, _)| revision.get() == since) else {
                // Before the first change there was nothing.
                prop_assert_eq!(since, 0);
                continue;
            };
            if before.is_empty() || text.is_empty() {
                continue;
            }
            let copy = restored(before, &p, log);
            let told = copy.apply_changes(&p, &changes, NOW).unwrap();
            prop_assert_eq!(told, present);
            prop_assert_eq!(export(&copy, &p), text.clone());
            copy.validate().unwrap();
            // Once more, it has all of it already.
            prop_assert_eq!(copy.apply_changes(&p, &changes, NOW).unwrap(), present);
            prop_assert_eq!(export(&copy, &p), text.clone());
            // At another revision, it does not fit.
            if let Some((_, other)) = past.0.iter().find(|(it, text)| it.get() < since && !text.is_empty()) {
                let behind = restored(other, &p, log);
                let refused = behind.apply_changes(&p, &changes, NOW);
                if since < present.get() {
                    prop_assert_eq!(refused.unwrap_err().kind(), ErrorKind::VersionMismatch);
                    prop_assert_eq!(&export(&behind, &p), other);
                }
            }
        }
        prop_assert!(is_reached);
        let ahead = store.changes_since(&p, (present.get() + 1).into()).unwrap_err();
        prop_assert_eq!(ahead.kind(), ErrorKind::RevisionOutOfReach);
        if log == 1_000 && !text.is_empty() && past.0.iter().all(|(_, text)| !text.is_empty()) {
            // Nothing was dropped, so the feed leads from nothing to the whole.
            let copy = TaskStore::new();
            let changes = store.changes_since(&p, Revision::from(0)).unwrap();
            copy.apply_changes(&p, &changes, NOW).unwrap();
            prop_assert_eq!(export(&copy, &p), text);
        }
    }

    #[test]
    fn a_follower_comes_to_the_same_in_any_steps_and_is_followed_itself(
        batches in strategies::batches(16),
        steps in prop::collection::vec(1_usize..4, 1..16),
        log in prop::sample::select(vec![1, 5, 1_000]),
    ) {
        let p = project("p");
        let with_log = || TaskStore::builder().with_change_log(log).build();
        let [original, copy, copy_of_copy] = [with_log(), with_log(), with_log()];
        let mut batches = batches.iter();
        for step in steps {
            for edits in batches.by_ref().take(step) {
                let _ = original.apply(&p, edits, NOW);
            }
            for (from, to) in [(&original, &copy), (&copy, &copy_of_copy)] {
                match from.changes_since(&p, to.revision(&p)) {
                    Ok(changes) => {
                        to.apply_changes(&p, &changes, NOW).unwrap();
                    }
                    Err(refused) => {
                        // The documented cure.
                        prop_assert_eq!(refused.kind(), ErrorKind::RevisionOutOfReach);
                        to.remove_project(&p);
                        let text = export(from, &p);
                        if !text.is_empty() {
                            to.restore(&p, text.as_bytes()).unwrap();
                        }
                    }
                }
                prop_assert_eq!(export(to, &p), export(from, &p));
            }
        }
        // What one of them says of itself, the others do.
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let query = ListQuery::new(0, 7).unwrap().with_order(order);
            let Some(cursor) = original.list(&p, &query, NOW).next_cursor() else {
                continue;
            };
            let rest = query.with_cursor(cursor);
            let expected = ids(&original.list(&p, &rest, NOW));
            for other in [&copy, &copy_of_copy] {
                prop_assert_eq!(ids(&other.list(&p, &rest, NOW)), expected.clone());
            }
        }
        copy_of_copy.validate().unwrap();
    }

    #[test]
    fn stores_that_one_log_drives_are_equal_whatever_else_is_in_them(
        batches in strategies::batches(12),
        gaps in prop::collection::vec(1_u64..1_000, 12),
        noise in strategies::batches(12),
        log in prop::sample::select(vec![0, 5, 1_000]),
    ) {
        let p = project("p");
        let builder = || TaskStore::builder().with_change_log(log);
        let (alone, busy) = (builder().build(), builder().build());
        let mut revision = 0;
        for ((edits, gap), noise) in batches.iter().zip(gaps).zip(&noise) {
            revision += gap;
            let now = NOW + chrono::TimeDelta::seconds(revision.cast_signed());
            // Other projects begin, change and end; listings are asked for; what is given back
            // is put in order.
            for other in ["a", "b"].map(project) {
                let _ = busy.apply(&other, noise, now);
                if gap.is_multiple_of(3) {
                    busy.remove_project(&other);
                }
            }
            let _ = busy.list(&p, &ListQuery::new(0, 50).unwrap(), now);
            busy.compact(&p);
            let applied = alone.apply_at(&p, revision.into(), edits, now);
            prop_assert_eq!(&busy.apply_at(&p, revision.into(), edits, now), &applied);
            // A log may give a batch again.
            if applied == Ok(Applied::Changed) {
                let again = busy.apply_at(&p, revision.into(), edits, now);
                prop_assert_eq!(again, Ok(Applied::Already));
            }
            prop_assert_eq!(export(&busy, &p), export(&alone, &p));
            let since = Revision::from(revision / 2);
            prop_assert_eq!(busy.changes_since(&p, since), alone.changes_since(&p, since));
            for scheduled_type in [None, Some(ScheduledType::LifeCycle)] {
                let query = ListQuery::new(0, 5).unwrap().with_scheduled_type(scheduled_type);
                let [one, other] = [&alone, &busy].map(|it| it.list(&p, &query, now));
                prop_assert_eq!(one.next_cursor(), other.next_cursor());
                prop_assert_eq!(one, other);
            }
        }
    }

    #[test]
    fn a_snapshot_is_never_changed_by_what_comes_later(
        tasks in strategies::projects(30),
        batches in strategies::batches(8),
    ) {
        let store = TaskStore::new();
        let p = project("p");
        store.add_all(&p, tasks, NOW).unwrap();
        let mut kept = Vec::new();
        for edits in batches {
            if let Ok(snapshot) = store.snapshot(&p) {
                let shown = records(&snapshot);
                kept.push((snapshot, shown));
            }
            let _ = store.apply(&p, &edits, NOW);
        }
        store.remove_project(&p);
        drop(store);
        for (snapshot, shown) in kept {
            prop_assert_eq!(records(&snapshot), shown);
            prop_assert_eq!(snapshot.len(), snapshot.iter().len());
        }
    }
}

/// Rows lie in chunks of 512, which a snapshot shares with the project until one of them changes.
#[test]
fn snapshots_of_many_chunks_outlive_every_kind_of_change() {
    let workload = Workload::new(7, 2_600);
    let store = TaskStore::builder().with_change_log(100).build();
    let p = project("p");
    let tasks: Vec<Task> = workload.tasks().collect();
    store.add_all(&p, tasks[..2_000].to_vec(), NOW).unwrap();
    let task_id = |number: usize| tasks[number].id();
    let remove = |number: usize| Edit::remove(id(task_id(number)));
    let name = TaskName::new("another").unwrap();
    let changes: [&dyn Fn(); 10] = [
        &|| drop(store.set_last_status(&p, task_id(700), Some(LastStatus::Skip))),
        &|| drop(store.rename(&p, task_id(1_999), &name)),
        &|| drop(store.replace(&p, triggered(task_id(3)), NOW)),
        &|| drop(store.add(&p, tasks[2_000].clone(), NOW)),
        &|| drop(store.add_all(&p, tasks[2_001..2_600].to_vec(), NOW)),
        // In place, in all chunks but one.
        &|| {
            let edits: Vec<Edit> = (600..2_000).step_by(100).map(remove).collect();
            store.apply(&p, &edits, NOW).unwrap();
        },
        // Beside.
        &|| {
            let edits: Vec<Edit> = (1..1_400).filter(|it| it % 100 != 0).map(remove).collect();
            store.apply(&p, &edits, NOW).unwrap();
        },
        &|| store.compact(&p),
        // The last chunk grew, and loses its tasks from the end.
        &|| {
            for number in (1_700..2_600).rev() {
                // Some went with the batch in place.
                let _ = store.remove(&p, task_id(number));
            }
        },
        &|| drop(store.sync(&p, tasks[..50].to_vec(), NOW).unwrap()),
    ];
    let mut kept: Vec<(Snapshot, Vec<Record>)> = Vec::new();
    for change in changes {
        let snapshot = store.snapshot(&p).unwrap();
        assert_eq!(snapshot.revision(), store.revision(&p));
        let shown = records(&snapshot);
        assert_eq!(shown.len() as u64, store.task_count(&p));
        kept.push((snapshot, shown));
        change();
        store.validate().unwrap();
        for (snapshot, shown) in &kept {
            assert!(records(snapshot) == *shown, "{snapshot:?} is another");
        }
        // Some are given up between changes.
        if kept.len() == 4 {
            kept.swap_remove(1);
        }
    }
    assert_eq!(store.task_count(&p), 50);
    let copy = restored(&export(&store, &p), &p, 0);
    assert_eq!(export(&copy, &p), export(&store, &p));
}

#[test]
fn a_restored_project_is_the_one_that_was_exported() {
    let store = TaskStore::new();
    let (p, q) = (project("p"), project("q"));
    store
        .add_all(&p, Workload::new(5, 700).tasks().collect(), NOW)
        .unwrap();
    let removed: Vec<String> = Workload::new(5, 700)
        .tasks()
        .step_by(3)
        .map(|it| it.id().to_owned())
        .collect();
    for id in &removed {
        store.remove(&p, id).unwrap();
    }
    let text = export(&store, &p);
    let copy = TaskStore::new();
    assert_eq!(
        copy.restore(&q, text.as_bytes()).unwrap(),
        store.revision(&p)
    );
    assert_eq!(export(&copy, &q).replacen("\"q\"", "\"p\"", 1), text);
    copy.validate().unwrap();
    let all = ListQuery::new(0, 50).unwrap();
    assert_eq!(walk(&copy, &q, &all, 50), walk(&store, &p, &all, 50));
    // Both go on alike.
    let task = triggered("next");
    let added = store.add(&p, task.clone(), NOW).unwrap();
    assert_eq!(copy.add(&q, task, NOW).unwrap(), added);
    assert_eq!(
        export(&copy, &q).replacen("\"q\"", "\"p\"", 1),
        export(&store, &p)
    );

    // One that is there is not written over.
    let before = export(&copy, &q);
    let refused = copy.restore(&q, text.as_bytes()).unwrap_err();
    assert_eq!(refused.error().unwrap().kind(), ErrorKind::ProjectExists);
    assert_eq!(export(&copy, &q), before);
    let refused = store.snapshot(&project("none")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ProjectNotFound);
}

#[test]
fn a_damaged_export_changes_nothing() {
    let store = TaskStore::new();
    let p = project("p");
    let tasks = ["a", "b", "c"].map(triggered).to_vec();
    store.add_all(&p, tasks, NOW).unwrap();
    let text = export(&store, &p);
    let copy = TaskStore::new();
    for length in 0..text.len() {
        let refused = copy.restore(&p, &text.as_bytes()[..length]).unwrap_err();
        assert!(matches!(refused, ExportError::Refused(_)), "{length}");
        assert_eq!((copy.project_count(), copy.revision(&p).get()), (0, 0));
    }
    copy.restore(&p, text.as_bytes()).unwrap();
    assert_eq!(export(&copy, &p), text);
}

#[test]
fn a_restored_project_has_the_history_of_its_export_and_none_of_its_name() {
    let store = TaskStore::builder().with_change_log(10).build();
    let (p, other) = (project("p"), project("other"));
    store
        .add_all(&other, ["a", "b"].map(triggered).to_vec(), NOW)
        .unwrap();
    store.remove(&other, "a").unwrap();
    let text = export(&store, &other);
    for number in 0..20 {
        let id = number.to_string();
        store.add(&p, triggered(&id), NOW).unwrap();
    }
    store.remove_project(&p);
    assert_eq!(store.revision(&p).get(), 21);
    assert_eq!(store.restore(&p, text.as_bytes()).unwrap().get(), 2);
    assert_eq!(store.revision(&p).get(), 2);
    for since in [0, 1, 3, 20, 21] {
        let refused = store.changes_since(&p, since.into()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::RevisionOutOfReach, "{since}");
    }
    assert_eq!(store.add(&p, triggered("c"), NOW).unwrap().get(), 3);
    let changes = store.changes_since(&p, 2.into()).unwrap();
    assert_eq!(changes.puts.len(), 1);
    assert!(changes.removed.is_empty());
}

#[test]
fn a_feed_tells_each_task_once_and_one_that_came_again_in_both_lists() {
    let store = TaskStore::builder().with_change_log(100).build();
    let p = project("p");
    let tasks: Vec<Task> = ["a", "b", "c", "d"].map(triggered).to_vec();
    let since = store.add_all(&p, tasks, NOW).unwrap();
    store.set_enabled(&p, "b", false, NOW).unwrap();
    store.set_enabled(&p, "b", true, NOW).unwrap();
    store.remove(&p, "c").unwrap();
    store.remove(&p, "a").unwrap();
    store.add(&p, triggered("a"), NOW).unwrap();
    store.add(&p, triggered("passing"), NOW).unwrap();
    store.remove(&p, "passing").unwrap();
    let changes = store.changes_since(&p, since).unwrap();
    let texts = |changes: &ChangeSet| {
        let removed: Vec<String> = changes.removed.iter().map(TaskId::to_string).collect();
        let puts = changes.puts.iter().map(|it| it.task.id().to_owned());
        (removed.join(" "), puts.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(texts(&changes), ("a c".to_owned(), "b a".to_owned()));
    assert_eq!(changes.to, store.revision(&p));
    // Behind the one that passed.
    let last = changes.puts[1].sequence.unwrap();
    assert_eq!(changes.next_sequence, last + 2);
    let changes = store.changes_since(&p, (since.get() + 4).into()).unwrap();
    assert_eq!(texts(&changes), (String::new(), "a".to_owned()));
}

#[test]
fn an_entry_of_the_log_is_one_task_of_one_batch() {
    let p = project("p");
    // Two batches, of two ids and of one. Added and removed again: of none.
    let edits = [
        vec![
            Edit::add(triggered("b")),
            Edit::remove(id("a")),
            Edit::add(triggered("a")),
            Edit::rename(id("a"), TaskName::new("another").unwrap()),
            Edit::add(triggered("passing")),
            Edit::remove(id("passing")),
        ],
        vec![
            Edit::set_enabled(id("b"), false),
            Edit::set_enabled(id("a"), false),
            Edit::set_enabled(id("a"), true),
        ],
    ];
    for (log, oldest) in [(0, 3), (1, 2), (2, 2), (3, 1), (4, 0), (5, 0)] {
        let store = TaskStore::builder().with_change_log(log).build();
        store.add(&p, triggered("a"), NOW).unwrap();
        for edits in &edits {
            store.apply(&p, edits, NOW).unwrap();
        }
        for since in 0..=4 {
            let is_told = store.changes_since(&p, since.into()).is_ok();
            assert_eq!(is_told, (oldest..=3).contains(&since), "{since} with {log}");
        }
    }
}

/// What is done to a change set, and how.
type Damage = (&'static str, fn(&mut ChangeSet));

#[test]
fn changes_that_lead_from_elsewhere_are_refused_and_change_nothing() {
    let store = TaskStore::builder().with_change_log(100).build();
    let p = project("p");
    store
        .add_all(&p, ["a", "b"].map(triggered).to_vec(), NOW)
        .unwrap();
    let text = export(&store, &p);
    store.remove(&p, "a").unwrap();
    store.add(&p, triggered("c"), NOW).unwrap();
    store.set_enabled(&p, "b", false, NOW).unwrap();
    let changes = store.changes_since(&p, 1.into()).unwrap();
    assert_eq!((changes.removed.len(), changes.puts.len()), (1, 2));

    let ways: [Damage; 9] = [
        ("a removed id twice", |it| it.removed.push(id("a"))),
        ("a removed id that is not there", |it| {
            it.removed.push(id("z"));
        }),
        ("puts in another order", |it| it.puts.reverse()),
        ("a put twice", |it| it.puts.push(it.puts[1].clone())),
        ("a put of a later version", |it| {
            it.puts[0].version = Some((it.to.get() + 1).into());
        }),
        ("a put without its place", |it| it.puts[0].sequence = None),
        ("a put without its adding", |it| it.puts[1].added_at = None),
        ("a task in another's place", |it| {
            it.puts[0].sequence = Some(1);
        }),
        ("a next place that is used", |it| it.next_sequence = 1),
    ];
    for (what, spoil) in ways {
        let copy = restored(&text, &p, 0);
        let mut damaged = changes.clone();
        spoil(&mut damaged);
        let refused = copy.apply_changes(&p, &damaged, NOW).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::DamagedExport, "{what}");
        assert_eq!(export(&copy, &p), text, "{what}");
    }
    let copy = restored(&text, &p, 0);
    copy.apply_changes(&p, &changes, NOW).unwrap();
    assert_eq!(export(&copy, &p), export(&store, &p));
}

#[test]
fn restoring_tells_how_far_it_is_and_shows_nothing_before_its_end() {
    let (store, p) = (TaskStore::new(), project("p"));
    let tasks = Workload::new(3, 2_500).tasks().collect();
    store.add_all(&p, tasks, NOW).unwrap();
    let text = export(&store, &p);

    let copy = TaskStore::new();
    let told = Mutex::new(Vec::new());
    let on_progress = |progress: Progress| {
        // It may use the store, which shows nothing yet.
        assert_eq!(copy.task_count(&p), 0);
        let percent = (100.0 * progress.fraction).round();
        told.lock().unwrap().push((progress.records, percent));
    };
    copy.restore_with_progress(&p, text.as_bytes(), &on_progress)
        .unwrap();
    assert_eq!(
        *told.lock().unwrap(),
        [(1_024, 41.0), (2_048, 82.0), (2_500, 100.0)]
    );
    assert_eq!(export(&copy, &p), text);

    // A text that is cut has no end.
    told.lock().unwrap().clear();
    copy.remove_project(&p);
    let cut = &text.as_bytes()[..text.len() - 1];
    let refused = copy.restore_with_progress(&p, cut, &on_progress);
    assert_eq!(refused.unwrap_err().line(), 2_501);
    assert_eq!(told.lock().unwrap().len(), 2);
}
