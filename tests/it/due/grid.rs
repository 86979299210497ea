//! Every kind of schedule and every policy, a second before, at and after the deadline; and where
//! clocks change.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use taskdex::{Missed, MissedPolicy, Schedule, Task, TaskStore, TaskType, TimeZone, Weekdays};

use super::shown;
use crate::support::{instant, project};

/// A store with one task, watched from an instant.
fn store_of(schedule: Schedule, passed: DateTime<Utc>) -> TaskStore {
    let store = TaskStore::new();
    let task = Task::builder("t", "t", TaskType::Reboot, schedule)
        .build()
        .unwrap();
    let added = instant("2000-01-01T00:00:00Z");
    store.add(&project("p"), task, added).unwrap();
    store.watch_due(passed);
    store
}

/// Schedules of each kind, of which two executions are due up to noon of 6 December 2026: on the
/// date that is named and on the 6th. Of a fixed time it is one.
fn kinds() -> [(&'static str, Schedule, Option<&'static str>); 4] {
    let noon = || "12:00:00".parse().unwrap();
    let fixed = Schedule::fixed_time("2026-12-06".parse().unwrap(), noon(), TimeZone::UTC);
    let day = Schedule::daily(3, noon(), TimeZone::UTC).unwrap();
    let day = day.with_start_date("2026-12-03".parse().unwrap());
    let week = Schedule::weekly("1".parse::<Weekdays>().unwrap(), noon(), TimeZone::UTC);
    let month = Schedule::monthly(
        "11,12".parse().unwrap(),
        "6,L".parse().unwrap(),
        noon(),
        TimeZone::UTC,
    );
    [
        ("FIXED_TIME", fixed.unwrap(), None),
        ("DAY", day.unwrap(), Some("2026-12-03")),
        ("WEEK", week.unwrap(), Some("2026-11-29")),
        ("MONTH", month.unwrap(), Some("2026-11-30")),
    ]
}

/// What is given a second before, at and a second after a deadline: of executions that were missed
/// (`first`, where there are two) and the last.
///
/// `L` stands for the last alone, `F` for the first alone, `FL` for both in turn, `L<F` for the
/// last in place of both, and nothing for nothing.
struct Row {
    policy: MissedPolicy,
    /// Seconds from the last execution to the deadline.
    deadline: i64,
    /// Where only the last is due, and where both are.
    expected: [[&'static str; 3]; 2],
}

fn rows() -> Vec<Row> {
    let late = |missed: Missed, seconds| {
        MissedPolicy::from(missed).with_no_later_than(Duration::from_secs(seconds))
    };
    let row = |policy: MissedPolicy, deadline, one, two| Row {
        policy,
        deadline,
        expected: [one, two],
    };
    let (latest, each, none) = (Missed::Latest, Missed::Each, Missed::None);
    vec![
        // The deadline is the execution itself.
        row(latest.into(), 0, ["", "L", "L"], ["F", "L<F", "L<F"]),
        row(each.into(), 0, ["", "L", "L"], ["F", "FL", "FL"]),
        row(none.into(), 0, ["", "L", ""], ["", "L", ""]),
        // The deadline is the second that is too late for `None`.
        row(none.into(), 1, ["L", "", ""], ["L", "", ""]),
        // The deadline is the greatest lateness.
        row(late(latest, 60), 60, ["L", "L", ""], ["L<F", "L<F", ""]),
        row(late(each, 60), 60, ["L", "L", ""], ["L", "L", ""]),
        row(late(none, 60), 60, ["", "", ""], ["", "", ""]),
        // Without any lateness, it is the execution itself again.
        row(late(latest, 0), 0, ["", "L", ""], ["", "L<F", ""]),
        row(late(each, 0), 0, ["", "L", ""], ["", "L", ""]),
        row(late(none, 0), 0, ["", "L", ""], ["", "L", ""]),
    ]
}

#[test]
fn each_kind_under_each_policy_about_its_deadline() {
    let last = instant("2026-12-06T12:00:00Z");
    for (kind, schedule, first) in kinds() {
        for (number, row) in rows().iter().enumerate() {
            for (place, offset) in [-1, 0, 1].into_iter().enumerate() {
                for (expected, passed) in row.expected.iter().zip([
                    Some(last - TimeDelta::seconds(1)),
                    first.map(|date| instant(&format!("{date}T11:59:59Z"))),
                ]) {
                    let Some(passed) = passed else {
                        continue;
                    };
                    let now = last + TimeDelta::seconds(row.deadline + offset);
                    let store = store_of(schedule, passed);
                    let batch = store.take_due(now, 9, row.policy).unwrap();
                    let first = first.unwrap_or_default();
                    let given: Vec<String> = match expected[place] {
                        "" => vec![],
                        "F" => vec![format!("p t {first} 12:00:00")],
                        "L" => vec!["p t 2026-12-06 12:00:00".to_owned()],
                        "FL" => vec![
                            format!("p t {first} 12:00:00"),
                            "p t 2026-12-06 12:00:00".to_owned(),
                        ],
                        _ => vec![format!("p t 2026-12-06 12:00:00 from {first} 12:00:00")],
                    };
                    assert_eq!(shown(&batch), given, "{kind}, row {number}, {offset:+} s");
                    assert!(!batch.has_more);
                    // Whatever was left out counts as taken.
                    assert_eq!(batch.passed, now);
                    assert_eq!(store.due_count(now).unwrap(), 0);
                    store.validate().unwrap();
                }
            }
        }
    }
}

#[test]
fn lateness_has_the_fraction_of_now() {
    let last = instant("2026-12-06T12:00:00Z");
    let (_, schedule, _) = kinds()[0];
    let limited = MissedPolicy::default().with_no_later_than(Duration::from_millis(60_250));
    for (policy, millis, is_given) in [
        (Missed::None.into(), 999, true),
        (Missed::None.into(), 1_000, false),
        (limited, 60_250, true),
        (limited, 60_251, false),
        (
            MissedPolicy::from(Missed::Each).with_no_later_than(Duration::ZERO),
            1,
            false,
        ),
        (
            MissedPolicy::from(Missed::Each).with_no_later_than(Duration::MAX),
            1,
            true,
        ),
    ] {
        let store = store_of(schedule, instant("2026-12-01T00:00:00Z"));
        let now = last + TimeDelta::milliseconds(millis);
        let batch = store.take_due(now, 9, policy).unwrap();
        assert_eq!(!batch.due.is_empty(), is_given, "{policy:?}, {millis} ms");
        assert_eq!(batch.passed, last + TimeDelta::seconds(millis / 1_000));
    }
}

#[test]
fn a_limit_bounds_what_each_gives_and_keeps_its_place() {
    let (_, schedule, _) = kinds()[1];
    let store = store_of(schedule, instant("2026-12-01T00:00:00Z"));
    let now = instant("2026-12-20T12:00:00Z");
    let mut taken = Vec::new();
    for expected in [2, 2, 2, 0] {
        let batch = store.take_due(now, 2, Missed::Each).unwrap();
        assert_eq!(batch.due.len(), expected);
        assert_eq!(batch.has_more, expected > 0 && taken.len() < 4);
        taken.extend(shown(&batch));
    }
    let days = [3, 6, 9, 12, 15, 18].map(|day| format!("p t 2026-12-{day:02} 12:00:00"));
    assert_eq!(taken, days);
}

/// In each zone a time of day that the clock skips or repeats, or a day that it left out.
#[test]
fn executions_about_changes_of_the_clock_come_once_at_their_instants() {
    for (zone, time, passed, expected) in [
        // Gaps, of an hour, half an hour, and at midnight.
        (
            "America/New_York",
            "02:30:00",
            "2026-03-07T12:00:00Z",
            "2026-03-08T03:30:00-04:00",
        ),
        (
            "Europe/Paris",
            "02:30:00",
            "2026-03-28T12:00:00Z",
            "2026-03-29T03:30:00+02:00",
        ),
        (
            "Australia/Lord_Howe",
            "02:15:00",
            "2026-10-03T00:00:00Z",
            "2026-10-04T02:45:00+11:00",
        ),
        (
            "America/Sao_Paulo",
            "00:30:00",
            "2018-11-03T12:00:00Z",
            "2018-11-04T01:30:00-02:00",
        ),
        (
            "Africa/Cairo",
            "00:30:00",
            "2026-04-23T12:00:00Z",
            "2026-04-24T01:30:00+03:00",
        ),
        // Folds: the first of the two.
        (
            "America/New_York",
            "01:30:00",
            "2026-10-31T12:00:00Z",
            "2026-11-01T01:30:00-04:00",
        ),
        (
            "Europe/Paris",
            "02:30:00",
            "2026-10-24T12:00:00Z",
            "2026-10-25T02:30:00+02:00",
        ),
        (
            "Australia/Lord_Howe",
            "01:45:00",
            "2026-04-04T00:00:00Z",
            "2026-04-05T01:45:00+11:00",
        ),
        (
            "America/Sao_Paulo",
            "23:30:00",
            "2018-02-17T12:00:00Z",
            "2018-02-17T23:30:00-02:00",
        ),
        (
            "Africa/Cairo",
            "23:30:00",
            "2026-10-29T12:00:00Z",
            "2026-10-29T23:30:00+03:00",
        ),
        // The 30th never came: it falls on the 31st at the same time, once.
        (
            "Pacific/Apia",
            "12:00:00",
            "2011-12-29T22:00:00Z",
            "2011-12-31T12:00:00+14:00",
        ),
    ] {
        let schedule = Schedule::daily(1, time.parse().unwrap(), zone.parse().unwrap()).unwrap();
        let schedule = schedule
            .with_start_date("2000-01-01".parse().unwrap())
            .unwrap();
        let second = TimeDelta::seconds(1);
        let due: DateTime<Utc> = expected.parse().unwrap();
        for missed in [Missed::Latest, Missed::Each, Missed::None] {
            let store = store_of(schedule, instant(passed));
            assert_eq!(store.next_wakeup().unwrap(), Some(due), "{zone}");
            let before = store.take_due(due - second, 9, missed).unwrap();
            assert_eq!(before.due, [], "{zone}");
            let batch = store.take_due(due, 9, missed).unwrap();
            assert_eq!(batch.due.len(), 1, "{zone}");
            assert_eq!(batch.due[0].execution.to_rfc3339(), expected);
            assert_eq!(batch.due[0].key().2, due.timestamp());
            for later in [second, TimeDelta::hours(2)] {
                assert_eq!(
                    store.take_due(due + later, 9, missed).unwrap().due,
                    [],
                    "{zone}"
                );
            }
            store.validate().unwrap();
        }
    }
}
