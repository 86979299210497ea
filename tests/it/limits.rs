//! Numbers, dates and texts at the ends of what there is.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use taskdex::testkit::{
    Op, Outcome, Sizes, SplitMix64, Twins, Workload, generate, walk_to_next, walk_to_previous,
};
use taskdex::wire::{FutureExecutions, Record};
use taskdex::{
    Cursor, ErrorKind, Execution, LastStatus, LifeCycleType, ListQuery, NameMatch, Order,
    ProjectId, ReportedTiming, Schedule, ScheduledType, Task, TaskName, TaskType,
};

use crate::support::{NOW, project};

#[test]
fn every_offset_limit_and_cursor_is_some_page() {
    let offsets = [0, 1, 49, 50, 300, (1 << 31) - 1, 1 << 31]
        .into_iter()
        .chain([u64::from(u32::MAX) - 1, u32::MAX.into(), 1 << 32])
        .chain([1 << 63, u64::MAX - 50, u64::MAX - 1, u64::MAX]);
    let offsets: Vec<u64> = offsets.collect();
    let cursors: Vec<Option<Cursor>> = [
        "c0",
        "c1",
        "c1f",
        "c9b",
        "c3zzzzzy",
        "c3zzzzzz",
        "c4000000",
        "c8000000000000",
        "cfzzzzzzzzzzzy",
        "cfzzzzzzzzzzzz",
    ]
    .into_iter()
    .map(|text| Some(text.parse().unwrap()))
    .chain([None])
    .collect();
    for count in [0, 1, 60, 300] {
        let mut twins = Twins::new();
        let project = project("p");
        let tasks = Workload::new(5, count)
            .tasks()
            .map(taskdex::Record::from)
            .collect();
        let op = Op::AddAll {
            project: project.clone(),
            tasks,
            now: NOW,
        };
        twins.apply(&op).unwrap();
        for &offset in &offsets {
            for &cursor in &cursors {
                for (limit, order) in [
                    (0, Order::OldestFirst),
                    (50, Order::OldestFirst),
                    (1, Order::NewestFirst),
                    (50, Order::NewestFirst),
                ] {
                    let query = ListQuery::new(offset, limit).unwrap().with_order(order);
                    let query = query.with_cursor(cursor);
                    for name in [None, Some(NameMatch::contains("e").unwrap())] {
                        let (project, query) =
                            (project.clone(), query.clone().with_task_name(name));
                        let now = NOW;
                        twins
                            .apply(&Op::List {
                                project,
                                query,
                                now,
                            })
                            .unwrap();
                    }
                }
            }
        }
    }
}

/// The first and last instants of chrono, of the calendar, and of the numbers they are kept in.
fn instants() -> Vec<DateTime<Utc>> {
    let nanosecond = TimeDelta::nanoseconds(1);
    let mut instants = vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];
    instants.push(DateTime::<Utc>::MIN_UTC + nanosecond);
    instants.push(DateTime::<Utc>::MAX_UTC - nanosecond);
    let dates = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"];
    let dates = dates.map(|text| text.parse::<DateTime<Utc>>().unwrap());
    let seconds = [0, i32::MIN.into(), i32::MAX.into(), i64::from(u32::MAX)]
        .map(|second| DateTime::from_timestamp(second, 0).unwrap());
    for at in dates.into_iter().chain(seconds) {
        for by in [-86_400, -1, 0, 1, 86_400] {
            instants.push(at + TimeDelta::seconds(by));
        }
        instants.push(at - nanosecond);
        instants.push(at + nanosecond);
    }
    instants
}

#[test]
fn every_instant_may_be_now() {
    let mut random = SplitMix64::new(31);
    let schedules: Vec<Schedule> = (0..60).map(|_| generate::schedule(&mut random)).collect();
    for now in instants() {
        for schedule in &schedules {
            let next = schedule.next_execution(now);
            let instant = next.map(Execution::instant);
            let walked = walk_to_next(schedule, now);
            assert!(walked.agrees_with_next(instant), "{schedule:?} {now}");
            let last = schedule.previous_execution(now);
            let walked = walk_to_previous(schedule, now);
            let instant = last.map(Execution::instant);
            assert!(walked.agrees_with_previous(instant), "{schedule:?} {now}");
            assert!(last.is_none_or(|last| last.instant() < now));
            assert_eq!(schedule.neighbours(now).1, next);
            assert!(schedule.executions(now).take(3).is_sorted());
            assert!(
                schedule
                    .executions_before(now)
                    .take(3)
                    .is_sorted_by(|a, b| a > b)
            );
            for other in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                let between = schedule.executions_between(now, other);
                assert!(between.take(3).all(|it| it.instant() > now));
                // Going back from what comes next, nothing lies between it and now.
                let counted = schedule.counting_from(other);
                let next = counted.next_execution(now).map(Execution::instant);
                let last = counted.previous_execution(next.unwrap_or(DateTime::<Utc>::MAX_UTC));
                assert!(next.is_none_or(|next| next > now));
                assert!(last.is_none_or(|last| last.instant() <= now));
            }
        }
    }
}

#[test]
fn tasks_may_be_added_and_listed_at_any_instant() {
    let instants = instants();
    for sizes in [Sizes::Usual, Sizes::Early] {
        let mut twins = Twins::of(sizes, 5);
        for (round, &now) in instants.iter().enumerate() {
            let project = project("p");
            let mut random = SplitMix64::new(round as u64);
            let swarm = generate::Swarm::new(&mut random);
            let task = generate::task(&mut random, &swarm, format!("t-{round}"));
            let ops = [
                Op::Add {
                    project: project.clone(),
                    task: task.clone().into(),
                    now,
                },
                Op::Replace {
                    project: project.clone(),
                    task: task.clone(),
                    now: instants[instants.len() - 1 - round],
                },
                Op::Sync {
                    project,
                    tasks: vec![task.clone().into()],
                    now,
                },
            ];
            for op in ops.iter().take(if round == 40 { 3 } else { 2 }) {
                twins.apply(op).unwrap();
            }
            // Now is no further on than it was: it goes back and forth.
            twins.check(now).unwrap();
            twins.check(instants[(7 * round) % instants.len()]).unwrap();
        }
    }
}

#[test]
fn texts_may_be_as_long_as_they_may_be() {
    let wide = |character: char, count| character.to_string().repeat(count);
    let full = wide('🙂', 255);
    assert_eq!(full.len(), 1_020);
    let too_long = wide('🙂', 256);
    let refused = ProjectId::new(&too_long).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidLength);
    assert_eq!(
        NameMatch::contains(&too_long).unwrap_err().kind(),
        ErrorKind::InvalidLength
    );

    let project = ProjectId::new(&full).unwrap();
    let task = |number: u32, name: &str| {
        // Ids differ in their last character alone.
        let id = wide('🙂', 254) + &char::from_u32(0x1F600 + number).unwrap().to_string();
        let timing = ReportedTiming::new(ScheduledType::Week).unwrap();
        Task::builder(id, name, TaskType::Stop, timing.with_time_zone(&full))
            .with_description(&*full)
            .with_last_status(LastStatus::Fail)
            .with_priority(50)
            .with_wait_time(43_200)
    };
    for (name, description) in [(&too_long, &full), (&full, &too_long)] {
        let builder = task(0, name).with_description(&**description);
        assert_eq!(
            builder.build().unwrap_err().kind(),
            ErrorKind::InvalidLength
        );
    }

    for sizes in [Sizes::Usual, Sizes::Early] {
        let mut twins = Twins::of(sizes, 5);
        for number in 0..70 {
            let name = if number % 2 == 0 { &full } else { "🙂" };
            let op = Op::Add {
                project: project.clone(),
                task: task(number, name).build().unwrap().into(),
                now: NOW,
            };
            twins.apply(&op).unwrap();
        }
        for number in 0..70 {
            let other = wide('𐐀', 255);
            let id = task(number, &other).build().unwrap().id().to_owned();
            let op = Op::Rename {
                project: project.clone(),
                id,
                task_name: TaskName::new(other).unwrap(),
            };
            assert!(matches!(twins.apply(&op).unwrap(), Outcome::Changed(_)));
        }
        for name in [
            NameMatch::exactly(&wide('𐐀', 255)),
            NameMatch::contains(&wide('𐐀', 255)),
            NameMatch::contains_ignoring_case(&wide('𐐨', 255)),
            NameMatch::contains(&full),
        ] {
            let query = ListQuery::new(0, 50).unwrap().with_task_name(name.unwrap());
            let (project, now) = (project.clone(), NOW);
            for op in [
                Op::List {
                    project: project.clone(),
                    query: query.clone(),
                    now,
                },
                Op::ListJson {
                    project,
                    query,
                    now,
                },
            ] {
                twins.apply(&op).unwrap();
            }
        }
        twins.check(NOW).unwrap();
    }
}

#[test]
fn texts_are_the_same_wherever_they_lie() {
    // A task keeps texts of 88 bytes itself, and one byte more elsewhere.
    let lengths = 80..=96;
    let task = |length: usize, name_length: usize| {
        let name = "n".repeat(name_length);
        let id = format!("id-{length:02}");
        Task::builder(
            id,
            name,
            TaskType::Stop,
            LifeCycleType::PostDesktopDisconnected,
        )
        .with_description("d".repeat(length - name_length - 5))
        .build()
        .unwrap()
    };
    for sizes in [Sizes::Usual, Sizes::Early] {
        let mut twins = Twins::of(sizes, 5);
        for length in lengths.clone() {
            let op = Op::Add {
                project: project("p-1"),
                task: task(length, 30).into(),
                now: NOW,
            };
            assert!(matches!(twins.apply(&op).unwrap(), Outcome::Changed(_)));
        }
        twins.check(NOW).unwrap();
        // From one place to the other, both ways.
        for (length, name_length) in lengths.clone().zip(lengths.clone().rev()) {
            let op = Op::Rename {
                project: project("p-1"),
                id: format!("id-{length:02}"),
                task_name: TaskName::new("m".repeat(name_length - 50)).unwrap(),
            };
            assert!(matches!(twins.apply(&op).unwrap(), Outcome::Changed(_)));
            twins.check(NOW).unwrap();
        }
    }
    let set: HashSet<Task> = lengths
        .clone()
        .flat_map(|length| [task(length, 30), task(length, 30), task(length, 31)])
        .collect();
    assert_eq!(set.len(), 2 * lengths.count());
}

#[test]
fn a_number_of_any_size_is_read_or_refused() {
    let ends = [
        i128::from(i64::MIN) - 1,
        i64::MIN.into(),
        i32::MIN.into(),
        -1,
        0,
        1,
        31,
        32,
        50,
        51,
        43_200,
        43_201,
        u32::MAX.into(),
        i128::from(u32::MAX) + 1,
        i64::MAX.into(),
        u64::MAX.into(),
        i128::from(u64::MAX) + 1,
        i128::MAX,
    ];
    for (field, accepted) in [
        ("day_interval", 1..=31),
        ("priority", 0..=50),
        ("wait_time", 0..=43_200),
    ] {
        for number in ends {
            let day_interval = if field == "day_interval" {
                String::new()
            } else {
                r#""day_interval":1,"#.to_owned()
            };
            let json = format!(
                r#"{{"id":"t","task_name":"n","task_type":"STOP","scheduled_type":"DAY",{day_interval}"scheduled_time":"00:00:00","{field}":{number}}}"#
            );
            let read = Record::from_json(&json);
            assert_eq!(read.is_ok(), accepted.contains(&number), "{json}: {read:?}");
            if let Err(error) = read {
                assert_eq!(error.parameter(), field, "{error}");
            }
        }
    }
    for number in ["1e400", "-0", "1.5", "1e1", "-1e-400"] {
        let json = format!(
            r#"{{"scheduled_type":"DAY","scheduled_time":"00:00:00","day_interval":{number}}}"#
        );
        assert!(FutureExecutions::from_json(&json, NOW).is_err(), "{json}");
    }
}
