//! The task record: read field by field, edited, and built again.

use proptest::prelude::*;
use taskdex::testkit::strategies;
use taskdex::{
    ErrorKind, LastStatus, LifeCycleType, ReportedTime, ReportedTiming, Schedule, ScheduledType,
    Task, TaskType, TimeZone, Timing, Trigger,
};

use crate::support::cases;

/// A task of which every field is given.
fn task(timing: impl Into<Timing>) -> Task {
    Task::builder("t-1", "Restart", TaskType::Reboot, timing)
        .with_last_status(LastStatus::Skip)
        .with_enabled(false)
        .with_description("After backups")
        .with_priority(7)
        .with_wait_time(300)
        .build()
        .unwrap()
}

fn nightly() -> Schedule {
    Schedule::daily(1, chrono::NaiveTime::MIN, TimeZone::UTC).unwrap()
}

fn reported(time: Option<ReportedTime>, time_zone: &str) -> Timing {
    let timing = ReportedTiming::new(ScheduledType::Month).unwrap();
    match time {
        Some(time) => timing
            .with_next_execution_time(time)
            .with_time_zone(time_zone)
            .into(),
        None => timing.with_time_zone(time_zone).into(),
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_task_that_is_built_again_is_the_same(task in strategies::tasks("t-1")) {
        prop_assert_eq!(task.to_builder().build(), Ok(task));
    }

    #[test]
    fn a_timing_is_given_back(
        other in strategies::tasks("t-2"),
        time_zone in ".{0,9}",
        suffix in prop::option::of(prop::sample::select(vec!["", " GMT", " GMT+08:00", " GMT-14:00"])),
    ) {
        let time = suffix.map(|it| format!("2022-12-23 09:00:00{it}").parse().unwrap());
        for timing in [other.timing(), reported(time, &time_zone)] {
            let build = || task(nightly()).to_builder().with_task_type(TaskType::Stop);
            let edited = build().with_timing(timing.clone()).build().unwrap();
            prop_assert_eq!(edited.timing(), timing.clone());
            prop_assert_eq!(edited.scheduled_type(), timing.scheduled_type());
            if let Timing::Reported(timing) = &timing {
                prop_assert_eq!(timing.next_execution_time(), edited.reported_time());
                prop_assert_eq!(timing.time_zone(), edited.time_zone());
            }
            // Whatever was given before leaves nothing behind.
            let again = edited.to_builder().with_timing(nightly()).build();
            prop_assert_eq!(again, build().build());
        }
    }
}

#[test]
fn every_kind_of_timing_is_given_back() {
    let event = LifeCycleType::PostRebuildDesktopSuccess;
    let trigger = Trigger::on(event);
    let time = "2022-12-23 09:00:00 GMT+08:00".parse().unwrap();
    for timing in [
        nightly().into(),
        trigger.into(),
        trigger.with_time_zone(TimeZone::UTC).into(),
        reported(None, ""),
        reported(Some(time), ""),
        reported(Some(time), "string"),
    ] {
        assert_eq!(task(timing.clone()).timing(), timing);
    }
}

#[test]
fn an_edit_changes_one_field_and_nothing_else() {
    let before = task(reported(None, "string"));
    let show = |task: &Task| {
        [
            task.id().to_owned(),
            task.task_name().to_owned(),
            task.task_type().to_string(),
            format!("{:?}", task.timing()),
            format!("{:?}", task.last_status()),
            task.is_enabled().to_string(),
            format!("{:?}", task.description()),
            format!("{:?}", task.priority()),
            format!("{:?}", task.wait_time()),
        ]
    };
    let edit = || before.to_builder();
    for (field, edited) in [
        edit().with_id("t-2"),
        edit().with_task_name("Nightly restart"),
        edit().with_task_type(TaskType::Stop),
        edit().with_timing(nightly()),
        edit().with_last_status(None),
        edit().with_enabled(true),
        edit().with_description(""),
        edit().with_priority(None),
        edit().with_wait_time(0),
    ]
    .into_iter()
    .enumerate()
    {
        let edited = edited.build().unwrap();
        let (edited, before) = (show(&edited), show(&before));
        for (other, (now, then)) in edited.iter().zip(&before).enumerate() {
            assert_eq!(now != then, other == field, "{field}: {now} after {then}");
        }
    }
}

#[test]
fn an_edit_is_checked_like_a_new_task() {
    let edit = || task(nightly()).to_builder();
    for (edited, parameter, kind) in [
        (edit().with_id(""), "id", ErrorKind::InvalidLength),
        (
            edit().with_task_name("x".repeat(256)),
            "task_name",
            ErrorKind::InvalidLength,
        ),
        (
            edit()
                .with_task_type(TaskType::Start)
                .with_timing(LifeCycleType::PostDesktopDisconnected),
            "task_type",
            ErrorKind::NotTriggerable,
        ),
    ] {
        let error = edited.build().unwrap_err();
        assert_eq!((error.parameter(), error.kind()), (parameter, kind));
        if kind == ErrorKind::NotTriggerable {
            let accepted = "any task type but START and REBUILD where scheduled_type is LIFE_CYCLE";
            assert_eq!(error.accepted(), accepted);
        }
    }
}

#[test]
fn a_reported_zone_may_have_any_length() {
    let long = "研".repeat(100_000);
    let task = task(reported(None, &long));
    assert_eq!(task.time_zone(), Some(&*long));
    assert_eq!(task.to_builder().build(), Ok(task));
}
