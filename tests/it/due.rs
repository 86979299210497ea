//! What is due: the rules one by one, and whole histories against a plain scan.

mod grid;
mod laws;
mod model;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use taskdex::{
    DueBatch, Edit, ErrorKind, LifeCycleType, ListQuery, Missed, MissedPolicy, Schedule, Task,
    TaskId, TaskName, TaskStore, TaskType,
};

use crate::support::{instant, project};

/// A task that executes every day at a time in UTC.
fn daily(id: &str, time: &str) -> Task {
    let schedule = Schedule::daily(1, time.parse().unwrap(), "UTC".parse().unwrap()).unwrap();
    let schedule = schedule
        .with_start_date("2026-01-01".parse().unwrap())
        .unwrap();
    Task::builder(id, id, TaskType::Reboot, schedule)
        .build()
        .unwrap()
}

/// What a batch gives, in short: project, id and time, and what was missed first.
fn shown(batch: &DueBatch) -> Vec<String> {
    let due = batch.due.iter().map(|it| {
        let missed = it.first_missed.map(|first| format!(" from {first}"));
        let missed = missed.unwrap_or_default();
        format!("{} {} {}{missed}", it.project, it.id, it.execution)
    });
    due.collect()
}

/// A store that is watched from an instant, with these tasks in project `p`.
fn watched(tasks: &[Task], passed: &str) -> TaskStore {
    let store = TaskStore::new();
    let added = instant("2026-01-01T00:00:00Z");
    store.add_all(&project("p"), tasks.to_vec(), added).unwrap();
    store.watch_due(instant(passed));
    store
}

fn take(store: &TaskStore, now: &str, limit: usize) -> DueBatch {
    store.take_due(instant(now), limit, Missed::Latest).unwrap()
}

#[test]
fn nothing_is_answered_before_watching_begins() {
    let store = TaskStore::new();
    let now = instant("2026-12-01T00:00:00Z");
    let refusals = [
        store.take_due(now, 1, Missed::Latest).unwrap_err(),
        store
            .take_due_by(now, 1, |_, _| Missed::Each.into())
            .unwrap_err(),
        store.next_wakeup().unwrap_err(),
        store.passed().unwrap_err(),
        store.due_count(now).unwrap_err(),
    ];
    for refused in refusals {
        assert_eq!(refused.kind(), ErrorKind::NotWatching);
        assert_eq!((refused.code(), refused.status()), ("TDX.0040", 400));
        assert!(refused.to_string().contains("watch_due"), "{refused}");
    }
}

#[test]
fn executions_come_by_instant_then_project_then_order_of_adding() {
    let store = TaskStore::new();
    let now = instant("2026-12-01T00:00:00Z");
    for id in ["é", "a", "Z", "𐐀", "\u{ffff}"] {
        for task in [
            daily("y", "03:00:00"),
            daily("x", "03:00:00"),
            daily("w", "02:00:00"),
        ] {
            store.add(&project(id), task, now).unwrap();
        }
    }
    store.watch_due(now);
    let batch = take(&store, "2026-12-01T03:00:00Z", 100);
    let places: Vec<_> = batch
        .due
        .iter()
        .map(|it| format!("{}{}", it.project, it.id))
        .collect();
    let expected = [
        "Zw",
        "aw",
        "éw",
        "\u{ffff}w",
        "𐐀w",
        "Zy",
        "Zx",
        "ay",
        "ax",
        "éy",
        "éx",
    ];
    assert_eq!(places[..11], expected);
    assert_eq!(places[11..], ["\u{ffff}y", "\u{ffff}x", "𐐀y", "𐐀x"]);
}

#[test]
fn a_limit_leaves_the_rest_for_the_next_call() {
    let tasks = [
        daily("a", "01:00:00"),
        daily("b", "01:00:00"),
        daily("c", "02:00:00"),
    ];
    let store = watched(&tasks, "2026-12-01T00:00:00Z");
    let now = "2026-12-01T12:00:00Z";
    assert_eq!(store.due_count(instant(now)).unwrap(), 3);

    let batch = take(&store, now, 0);
    assert_eq!((batch.due.len(), batch.has_more), (0, true));
    assert_eq!(batch.passed, instant("2026-12-01T00:59:59Z"));
    let batch = take(&store, now, 2);
    assert_eq!(
        shown(&batch),
        ["p a 2026-12-01 01:00:00", "p b 2026-12-01 01:00:00"]
    );
    assert!(batch.has_more);
    assert_eq!(batch.passed, instant("2026-12-01T01:59:59Z"));
    assert_eq!(
        store.next_wakeup().unwrap(),
        Some(instant("2026-12-01T02:00:00Z"))
    );
    assert_eq!(store.due_count(instant(now)).unwrap(), 1);
    let batch = take(&store, now, 2);
    assert_eq!(shown(&batch), ["p c 2026-12-01 02:00:00"]);
    assert!(!batch.has_more);
    assert_eq!(batch.passed, instant(now));
    assert_eq!(
        store.next_wakeup().unwrap(),
        Some(instant("2026-12-02T01:00:00Z"))
    );
}

#[test]
fn a_clock_that_goes_back_gives_nothing_again() {
    let store = watched(&[daily("a", "01:00:00")], "2026-12-01T00:00:00Z");
    assert_eq!(take(&store, "2026-12-01T01:00:00.5Z", 9).due.len(), 1);
    for now in [
        "2026-12-01T00:59:59Z",
        "2026-12-01T01:00:00Z",
        "1970-01-01T00:00:00Z",
    ] {
        let batch = take(&store, now, 9);
        assert_eq!((batch.due.len(), batch.has_more), (0, false));
        assert_eq!(batch.passed, instant("2026-12-01T01:00:00Z"));
    }
    assert_eq!(store.passed().unwrap(), instant("2026-12-01T01:00:00Z"));
}

#[test]
fn what_was_paused_is_not_made_up_for() {
    let store = watched(&[daily("a", "01:00:00")], "2026-12-01T00:00:00Z");
    let p = project("p");
    store
        .set_enabled(&p, "a", false, instant("2026-12-01T00:30:00Z"))
        .unwrap();
    assert_eq!(store.next_wakeup().unwrap(), None);
    assert!(take(&store, "2026-12-03T00:00:00Z", 9).due.is_empty());
    store
        .set_enabled(&p, "a", true, instant("2026-12-03T12:00:00Z"))
        .unwrap();
    assert_eq!(
        store.next_wakeup().unwrap(),
        Some(instant("2026-12-04T01:00:00Z"))
    );

    // Nor where it is enabled by a batch, or by a clock that is behind.
    let id = || TaskId::new("a").unwrap();
    for (now, next) in [
        ("2026-12-05T12:00:00Z", "2026-12-06T01:00:00Z"),
        ("2026-12-01T00:00:00Z", "2026-12-03T01:00:00Z"),
    ] {
        let now = instant(now);
        store
            .apply(&p, &[Edit::set_enabled(id(), false)], now)
            .unwrap();
        assert_eq!(store.next_wakeup().unwrap(), None);
        store
            .apply(&p, &[Edit::set_enabled(id(), true)], now)
            .unwrap();
        assert_eq!(store.next_wakeup().unwrap(), Some(instant(next)));
    }
    store.validate().unwrap();
}

#[test]
fn only_another_schedule_moves_what_is_pending() {
    let store = watched(&[daily("a", "01:00:00")], "2026-12-01T00:00:00Z");
    let p = project("p");
    let late = instant("2026-12-02T00:00:00Z");
    let pending = Some(instant("2026-12-01T01:00:00Z"));
    let wakeup = || store.next_wakeup().unwrap();

    store
        .rename(&p, "a", &TaskName::new("other").unwrap())
        .unwrap();
    store
        .set_last_status(&p, "a", Some(taskdex::LastStatus::Fail))
        .unwrap();
    store.set_enabled(&p, "a", true, late).unwrap();
    let described = daily("a", "01:00:00")
        .to_builder()
        .with_description("new")
        .build()
        .unwrap();
    store.replace(&p, described.clone(), late).unwrap();
    store
        .apply(&p, &[Edit::put(daily("a", "01:00:00"))], late)
        .unwrap();
    store.sync(&p, vec![described], late).unwrap();
    assert_eq!(wakeup(), pending);
    // Whose schedule comes back in the same batch did not change.
    let edits = [
        Edit::put(daily("a", "05:00:00")),
        Edit::put(daily("a", "01:00:00")),
    ];
    store.apply(&p, &edits, late).unwrap();
    assert_eq!(wakeup(), pending);

    // The same time of day in a zone of another name is another schedule.
    let gmt = Schedule::daily(1, "01:00:00".parse().unwrap(), "GMT".parse().unwrap()).unwrap();
    let gmt = gmt.with_start_date("2026-01-01".parse().unwrap()).unwrap();
    let moved = Task::builder("a", "a", TaskType::Reboot, gmt)
        .build()
        .unwrap();
    store.replace(&p, moved, late).unwrap();
    assert_eq!(wakeup(), Some(instant("2026-12-02T01:00:00Z")));
    store.validate().unwrap();
}

/// A batch that adds a task and replaces it kept the next execution of the first.
#[test]
fn a_task_that_is_added_and_replaced_in_one_batch_executes_as_the_last() {
    let store = TaskStore::new();
    let now = instant("2026-12-01T00:00:00Z");
    let edits = [
        Edit::add(daily("a", "01:00:00")),
        Edit::replace(daily("a", "05:00:00")),
    ];
    store.apply(&project("p"), &edits, now).unwrap();
    let listed = store.get(&project("p"), "a", now).unwrap();
    assert_eq!(listed.next_execution_time().unwrap(), "2026-12-01 05:00:00");
}

#[test]
fn a_change_of_the_past_fires_nothing_that_was_passed() {
    let store = watched(&[], "2026-12-01T00:00:00Z");
    let p = project("p");
    assert_eq!(
        take(&store, "2026-12-03T12:00:00Z", 9).passed,
        instant("2026-12-03T12:00:00Z")
    );
    // Its `now` is two days behind: what was passed by then counts.
    store
        .add(&p, daily("a", "01:00:00"), instant("2026-12-01T12:00:00Z"))
        .unwrap();
    assert_eq!(
        store.next_wakeup().unwrap(),
        Some(instant("2026-12-04T01:00:00Z"))
    );
    // Nor does an older time of adding count.
    let record =
        taskdex::Record::new(daily("b", "01:00:00")).with_added_at(instant("2026-11-01T00:00:00Z"));
    store
        .add(&p, record, instant("2026-12-05T12:00:00Z"))
        .unwrap();
    store.remove(&p, "a").unwrap();
    assert_eq!(
        store.next_wakeup().unwrap(),
        Some(instant("2026-12-06T01:00:00Z"))
    );
    store.validate().unwrap();
}

#[test]
fn watching_begins_after_the_time_of_adding_and_begins_anew() {
    let store = TaskStore::new();
    let p = project("p");
    store
        .add(&p, daily("a", "01:00:00"), instant("2026-12-05T12:00:00Z"))
        .unwrap();
    let wakeup = store.watch_due(instant("2026-12-01T00:00:00Z"));
    assert_eq!(wakeup, Some(instant("2026-12-06T01:00:00Z")));
    assert_eq!(take(&store, "2026-12-09T00:00:00Z", 9).due.len(), 1);
    for passed in [
        "2026-12-07T00:00:00Z",
        "2026-12-07T00:00:00.9Z",
        "2026-12-07T00:59:59Z",
    ] {
        let wakeup = store.watch_due(instant(passed));
        assert_eq!(wakeup, Some(instant("2026-12-07T01:00:00Z")));
        store.validate().unwrap();
    }
    assert_eq!(store.passed().unwrap(), instant("2026-12-07T00:59:59Z"));
}

#[test]
fn a_restored_project_is_watched_from_what_was_passed() {
    let (from, to) = (TaskStore::new(), watched(&[], "2026-12-01T00:00:00Z"));
    from.add(
        &project("p"),
        daily("a", "01:00:00"),
        instant("2026-01-01T00:00:00Z"),
    )
    .unwrap();
    from.add(
        &project("p"),
        daily("b", "02:00:00"),
        instant("2026-12-20T12:00:00Z"),
    )
    .unwrap();
    let mut export = Vec::new();
    from.snapshot(&project("p"))
        .unwrap()
        .write_export(&mut export)
        .unwrap();

    take(&to, "2026-12-05T00:00:00Z", 9);
    to.restore(&project("q"), export.as_slice()).unwrap();
    assert_eq!(
        to.next_wakeup().unwrap(),
        Some(instant("2026-12-05T01:00:00Z"))
    );
    let batch = to
        .take_due(instant("2026-12-21T12:00:00Z"), 99, Missed::Each)
        .unwrap();
    let late = batch.due.iter().filter(|it| it.id.as_str() == "b");
    assert_eq!(late.count(), 1);
    assert_eq!(batch.due.len(), 18);
    to.validate().unwrap();
    to.remove_project(&project("q"));
    assert_eq!(to.next_wakeup().unwrap(), None);
    to.validate().unwrap();
}

#[test]
fn each_task_has_its_own_policy() {
    let tasks = [
        daily("latest", "01:00:00"),
        daily("each", "01:00:00"),
        daily("none", "01:00:00"),
    ];
    let store = watched(&tasks, "2026-12-01T00:00:00Z");
    let choose = |_: &taskdex::ProjectId, task: &Task| match task.id() {
        "each" => MissedPolicy::from(Missed::Each).with_no_later_than(Duration::from_hours(24)),
        "none" => Missed::None.into(),
        _ => Missed::Latest.into(),
    };
    let batch = store
        .take_due_by(instant("2026-12-03T01:00:00Z"), 99, choose)
        .unwrap();
    let expected = [
        "p latest 2026-12-03 01:00:00 from 2026-12-01 01:00:00",
        "p each 2026-12-02 01:00:00",
        "p each 2026-12-03 01:00:00",
        "p none 2026-12-03 01:00:00",
    ];
    assert_eq!(shown(&batch), expected);
    assert!(!batch.has_more);
    store.validate().unwrap();
}

/// The function that chooses may change the very task that it is asked about.
#[test]
fn a_task_that_changes_while_its_policy_is_chosen_is_looked_at_again() {
    let store = watched(
        &[daily("a", "01:00:00"), daily("b", "01:00:00")],
        "2026-12-01T00:00:00Z",
    );
    let p = project("p");
    let asked = Mutex::new(Vec::new());
    let now = instant("2026-12-01T02:00:00Z");
    let choose = |_: &taskdex::ProjectId, task: &Task| {
        asked
            .lock()
            .unwrap()
            .push(format!("{} {}", task.id(), task.task_name()));
        if task.task_name() == "a" {
            store.rename(&p, "a", &TaskName::new("A").unwrap()).unwrap();
            store.set_enabled(&p, "b", false, now).unwrap();
            // Other calls of a scheduler go on, too.
            assert!(store.take_due(now, 0, Missed::Latest).unwrap().has_more);
        }
        Missed::Latest.into()
    };
    let batch = store.take_due_by(now, 99, choose).unwrap();
    assert_eq!(shown(&batch), ["p a 2026-12-01 01:00:00"]);
    assert_eq!(*asked.lock().unwrap(), ["a a", "b b", "a A"]);
    store.validate().unwrap();
}

#[test]
fn a_million_missed_executions_are_caught_up_with_at_once() {
    let store = watched(&[daily("a", "01:00:00")], "2026-12-01T00:00:00Z");
    let batch = take(&store, "9999-12-31T12:00:00Z", 9);
    assert_eq!(
        shown(&batch),
        ["p a 9999-12-31 01:00:00 from 2026-12-01 01:00:00"]
    );
    assert_eq!(store.next_wakeup().unwrap(), None);
    assert_eq!(store.passed().unwrap(), instant("9999-12-31T12:00:00Z"));
    let batch = take(&store, "+262142-12-31T23:59:59Z", 9);
    assert_eq!(batch.due.len(), 0);
}

#[test]
fn watching_from_either_end_of_time_is_no_fault() {
    let tasks = [daily("a", "01:00:00")];
    for (passed, wakeup) in [
        (DateTime::<Utc>::MIN_UTC, Some("2026-01-01T01:00:00Z")),
        (DateTime::UNIX_EPOCH, Some("2026-01-01T01:00:00Z")),
        (DateTime::<Utc>::MAX_UTC, None),
    ] {
        let store = watched(&tasks, "2026-12-01T00:00:00Z");
        assert_eq!(store.watch_due(passed), wakeup.map(instant));
        store
            .take_due(DateTime::<Utc>::MAX_UTC, 3, Missed::Each)
            .unwrap();
        store
            .take_due(DateTime::<Utc>::MIN_UTC, 3, Missed::None)
            .unwrap();
        store
            .add(
                &project("q"),
                daily("b", "02:00:00"),
                DateTime::<Utc>::MIN_UTC,
            )
            .unwrap();
        store.validate().unwrap();
    }
}

#[test]
fn an_earlier_wakeup_is_told_and_no_later_one() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let store = TaskStore::builder()
        .with_on_earlier_wakeup(move |wakeup| listener.lock().unwrap().push(wakeup))
        .build();
    let p = project("p");
    let now = instant("2026-12-01T00:00:00Z");
    store.add(&p, daily("a", "05:00:00"), now).unwrap();
    store.watch_due(now);
    store.add(&p, daily("b", "06:00:00"), now).unwrap();
    let trigger = LifeCycleType::PostDesktopDisconnected;
    let stop = Task::builder("c", "c", TaskType::Stop, trigger)
        .build()
        .unwrap();
    store.add(&project("q"), stop, now).unwrap();
    store.remove(&p, "a").unwrap();
    assert!(told.lock().unwrap().is_empty());
    store
        .add(&project("q"), daily("d", "03:00:00"), now)
        .unwrap();
    store
        .apply(&p, &[Edit::put(daily("b", "02:00:00"))], now)
        .unwrap();
    take(&store, "2026-12-01T04:00:00Z", 9);
    let expected = ["2026-12-01T03:00:00Z", "2026-12-01T02:00:00Z"].map(instant);
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn a_batch_is_written_as_the_shell_answers() {
    let schedule = Schedule::daily(
        1,
        "08:30:00".parse().unwrap(),
        "Asia/Shanghai".parse().unwrap(),
    );
    let schedule = schedule
        .unwrap()
        .with_start_date("2026-01-01".parse().unwrap())
        .unwrap();
    let task = Task::builder("a", "a", TaskType::Reboot, schedule)
        .build()
        .unwrap();
    let store = watched(&[task], "2026-11-30T00:00:00Z");
    let batch = take(&store, "2026-12-01T00:31:00.5Z", 9);
    assert_eq!(
        serde_json::to_string(&batch).unwrap(),
        r#"{"due":[{"project_id":"p","id":"a","execution":"2026-12-01T08:30:00+08:00","first_missed":"2026-11-30T08:30:00+08:00"}],"has_more":false,"passed":"2026-12-01T00:31:00Z"}"#,
    );
    let batch = take(&store, "2026-12-02T00:30:00Z", 9);
    assert_eq!(
        serde_json::to_string(&batch.due[0]).unwrap(),
        r#"{"project_id":"p","id":"a","execution":"2026-12-02T08:30:00+08:00"}"#,
    );
}

#[test]
fn a_forecast_has_steps_of_seconds_and_no_more_than_ten_thousand() {
    let store = watched(&[daily("a", "01:00:00")], "2026-12-01T00:00:00Z");
    let all = ListQuery::new(0, 0).unwrap();
    let from = instant("2026-12-01T00:00:00Z");
    let count = |seconds: i64, step: Duration| {
        let to = from + chrono::TimeDelta::seconds(seconds);
        store.forecast(&project("p"), &all, from, to, step)
    };
    let second = Duration::from_secs(1);
    assert_eq!(count(10_000, second).unwrap()[3_600], 1);
    assert_eq!(count(3_600, second).unwrap().iter().sum::<u64>(), 0);
    assert_eq!(count(3_601, second).unwrap().iter().sum::<u64>(), 1);
    assert_eq!(count(3_601, Duration::from_hours(1)).unwrap(), [0, 1]);
    assert!(count(0, second).unwrap().is_empty());
    assert!(count(-5, second).unwrap().is_empty());
    for (seconds, step, parameter) in [
        (10_001, second, "to"),
        (10, Duration::ZERO, "step_seconds"),
        (-10, Duration::ZERO, "step_seconds"),
        (10, Duration::from_millis(1_500), "step_seconds"),
        (10, Duration::MAX, "step_seconds"),
    ] {
        let refused = count(seconds, step).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.parameter()),
            (ErrorKind::OutOfRange, parameter)
        );
    }
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let year = Duration::from_hours(24 * 365 * 100);
    let counts = store
        .forecast(&project("p"), &all, first, last, year)
        .unwrap();
    assert_eq!(counts.iter().sum::<u64>(), 2_912_443);
    let nobody = store
        .forecast(&project("q"), &all, first, from, year)
        .unwrap();
    assert!(nobody.iter().all(|&count| count == 0));
    store.set_enabled(&project("p"), "a", false, from).unwrap();
    assert_eq!(count(3_601, Duration::from_hours(1)).unwrap(), [0, 0]);
}
