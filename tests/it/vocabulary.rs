//! The closed sets: how values are spelled, what is refused, and that each value is listed.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use taskdex::query::{Explanation, NameMatchMode};
use taskdex::{
    Cursor, Error, ErrorKind, GapRule, LastStatus, LifeCycleType, ListQuery, Order, ProjectId,
    ReportedTiming, Revision, ScheduledType, Task, TaskStore, TaskType, Timing,
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Checks that a set has exactly these spellings, in this order, in every form.
fn check_set<T>(values: &[T], parameter: &str, spellings: &[&str], accepted: &str)
where
    T: Copy + Debug + Display + PartialEq + FromStr<Err = Error> + Serialize + DeserializeOwned,
{
    let shown: Vec<_> = values.iter().map(ToString::to_string).collect();
    assert_eq!(shown, spellings);
    for (&value, &spelling) in values.iter().zip(spellings) {
        assert_eq!(spelling.parse(), Ok(value));
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("{spelling:?}"));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    }
    let other_case = |text: &str| -> String {
        let flip = |byte: char| match byte {
            'a'..='z' => byte.to_ascii_uppercase(),
            _ => byte.to_ascii_lowercase(),
        };
        text.chars().map(flip).collect()
    };
    for refused in [other_case(spellings[0]), String::new(), "?".to_owned()] {
        let error = refused.parse::<T>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownValue);
        assert_eq!(error.parameter(), parameter);
        assert_eq!(error.value(), Some(&*refused));
        assert_eq!(error.accepted(), accepted);
        let json = serde_json::to_string(&refused).unwrap();
        let message = serde_json::from_str::<T>(&json).unwrap_err().to_string();
        assert!(message.contains(accepted), "{message}");
    }
}

#[test]
fn documented_sets_have_the_documented_spellings() {
    check_set(
        TaskType::ALL,
        "task_type",
        &[
            "START",
            "STOP",
            "REBOOT",
            "HIBERNATE",
            "REBUILD",
            "EXECUTE_SCRIPT",
            "CREATE_SNAPSHOT",
        ],
        "START, STOP, REBOOT, HIBERNATE, REBUILD, EXECUTE_SCRIPT or CREATE_SNAPSHOT",
    );
    check_set(
        ScheduledType::ALL,
        "scheduled_type",
        &["FIXED_TIME", "DAY", "WEEK", "MONTH", "LIFE_CYCLE"],
        "FIXED_TIME, DAY, WEEK, MONTH or LIFE_CYCLE",
    );
    check_set(
        LifeCycleType::ALL,
        "life_cycle_type",
        &[
            "POST_CREATE_DESKTOP_SUCCESS",
            "POST_REBUILD_DESKTOP_SUCCESS",
            "POST_REATTACH_DESKTOP_SUCCESS",
            "POST_DESKTOP_DISCONNECTED",
        ],
        "POST_CREATE_DESKTOP_SUCCESS, POST_REBUILD_DESKTOP_SUCCESS, \
         POST_REATTACH_DESKTOP_SUCCESS or POST_DESKTOP_DISCONNECTED",
    );
    check_set(
        LastStatus::ALL,
        "last_status",
        &["SUCCESS", "SKIP", "FAIL"],
        "SUCCESS, SKIP or FAIL",
    );
}

#[test]
fn gap_rules_are_spelled_as_in_a_record() {
    check_set(
        GapRule::ALL,
        "gap_rule",
        &["FORWARD", "GAP_END", "SKIP"],
        "FORWARD, GAP_END or SKIP",
    );
    assert_eq!(GapRule::default(), GapRule::Forward);
}

/// No value, and each one.
fn choices<T: Copy>(values: &[T]) -> impl Iterator<Item = Option<T>> + Clone {
    std::iter::once(None).chain(values.iter().copied().map(Some))
}

/// A task of every combination of values, each with an id of its own.
fn every_task() -> Vec<Task> {
    let timed = ScheduledType::ALL.iter().filter(|it| it.is_timed());
    let timed = timed.map(|&it| Timing::from(ReportedTiming::new(it).unwrap()));
    let triggered = LifeCycleType::ALL.iter().map(|&it| Timing::from(it));
    let timings: Vec<Timing> = timed.chain(triggered).collect();
    let mut tasks = Vec::new();
    for &task_type in TaskType::ALL {
        for timing in &timings {
            for last_status in choices(LastStatus::ALL) {
                let id = format!("t-{}", tasks.len());
                let task = Task::builder(id, "n", task_type, timing.clone())
                    .with_last_status(last_status)
                    .build();
                match task {
                    Ok(task) => tasks.push(task),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::NotTriggerable),
                }
            }
        }
    }
    tasks
}

/// The ids of all tasks that a query lists, read page by page, and what each page says of the
/// total.
fn listed(store: &TaskStore, project: &ProjectId, query: &ListQuery) -> (Vec<String>, Vec<u64>) {
    let (mut ids, mut totals) = (Vec::new(), Vec::new());
    loop {
        let query = query.clone().with_page(ids.len() as u64, 50).unwrap();
        let page = store.list(project, &query, NOW);
        totals.push(page.total_count());
        if page.tasks().is_empty() {
            return (ids, totals);
        }
        ids.extend(page.iter().map(|it| it.task().id().to_owned()));
    }
}

/// Lists and counts with every combination of the four filters, against the tasks' own fields.
fn check_every_filter(tasks: &[Task], has_lists: bool) {
    let store = TaskStore::new();
    let project = ProjectId::new("p").unwrap();
    for task in tasks {
        store.add(&project, task.clone(), NOW).unwrap();
    }
    let total = |query: &ListQuery| store.list(&project, query, NOW).total_count();
    for task_type in choices(TaskType::ALL) {
        for scheduled_type in choices(ScheduledType::ALL) {
            for life_cycle_type in choices(LifeCycleType::ALL) {
                for last_status in choices(LastStatus::ALL) {
                    let asked = [
                        ("task_type", task_type.map(TaskType::as_str)),
                        ("scheduled_type", scheduled_type.map(ScheduledType::as_str)),
                        (
                            "life_cycle_type",
                            life_cycle_type.map(LifeCycleType::as_str),
                        ),
                        ("last_status", last_status.map(LastStatus::as_str)),
                    ];
                    let mut text = String::from("offset=0&limit=50");
                    for (name, value) in asked {
                        text.extend(value.map(|value| format!("&{name}={value}")));
                    }
                    let query = ListQuery::from_query_string(&text).unwrap();
                    assert_eq!(query.to_query_string().as_ref(), Some(&text));
                    let expected: Vec<&str> = tasks
                        .iter()
                        .filter(|task| {
                            let of_type = task.scheduled_type();
                            scheduled_type.map_or(of_type.is_timed(), |asked| asked == of_type)
                                && task_type.is_none_or(|asked| asked == task.task_type())
                                && (life_cycle_type.is_none()
                                    || life_cycle_type == task.life_cycle_type())
                                && (last_status.is_none() || last_status == task.last_status())
                        })
                        .map(Task::id)
                        .collect();
                    let (ids, totals) = listed(&store, &project, &query);
                    assert_eq!(ids, expected, "{text}");
                    assert!(
                        totals.iter().all(|&it| it == expected.len() as u64),
                        "{text}"
                    );
                    let matching = tasks.iter().filter(|task| query.matches(task));
                    assert!(matching.map(Task::id).eq(expected), "{text}");
                    match store.explain(&project, &query) {
                        Explanation::Scan { .. } => assert!(!has_lists, "{text}"),
                        Explanation::Lookup { list, .. } => {
                            assert!(has_lists, "{text}");
                            assert_eq!(list.task_type, task_type);
                            assert_eq!(list.scheduled_type, scheduled_type);
                            assert_eq!(list.life_cycle_type, life_cycle_type);
                            assert_eq!(list.last_status, last_status);
                        }
                        other => assert_eq!(other, Explanation::Nothing, "{text}"),
                    }
                    let facets = store.facets(&project, &query);
                    for &value in TaskType::ALL {
                        let total = total(&query.clone().with_task_type(value));
                        assert_eq!(facets.task_type(value), total, "{text} {value}");
                    }
                    for &value in ScheduledType::ALL {
                        let total = total(&query.clone().with_scheduled_type(value));
                        assert_eq!(facets.scheduled_type(value), total, "{text} {value}");
                    }
                    for &value in LifeCycleType::ALL {
                        let total = total(&query.clone().with_life_cycle_type(value));
                        assert_eq!(facets.life_cycle_type(value), total, "{text} {value}");
                    }
                    let mut executed = 0;
                    for &value in LastStatus::ALL {
                        let total = total(&query.clone().with_last_status(value));
                        assert_eq!(facets.last_status(Some(value)), total, "{text} {value}");
                        executed += total;
                    }
                    let never = total(&query.clone().with_last_status(None)) - executed;
                    assert_eq!(facets.last_status(None), never, "{text}");
                }
            }
        }
    }
    store.validate().unwrap();
}

/// An eighth task type once compiled without a warning, and asking for it listed every task: the
/// number that stood for *any type* was that of the eighth. What a value is compared with follows
/// from the tables, whatever they hold.
#[test]
fn every_value_finds_exactly_its_tasks_by_a_scan() {
    // Few enough for a scan, and every value is among them.
    let tasks: Vec<Task> = every_task().into_iter().step_by(3).collect();
    check_every_filter(&tasks, false);
}

#[test]
fn every_value_finds_exactly_its_tasks_in_answer_lists() {
    let mut tasks = every_task();
    let copies: Vec<Task> = tasks
        .iter()
        .map(|task| {
            task.to_builder()
                .with_id(format!("{}-copy", task.id()))
                .build()
                .unwrap()
        })
        .collect();
    tasks.extend(copies);
    check_every_filter(&tasks, true);
}

#[test]
fn options_of_a_query_have_spellings() {
    check_set(
        Order::ALL,
        "order",
        &["oldest", "newest", "next_execution"],
        "oldest, newest or next_execution",
    );
    assert_eq!(Order::default(), Order::OldestFirst);
    check_set(
        NameMatchMode::ALL,
        "name_match_mode",
        &["contains", "contains_ignoring_case", "exactly"],
        "contains, contains_ignoring_case or exactly",
    );
}

#[test]
fn cursors_and_revisions_are_read_as_they_were_written() {
    for number in [0, 1, 31, 32, 1 << 48, u64::MAX] {
        let revision = Revision::new(number);
        assert_eq!((revision.get(), u64::from(revision)), (number, number));
        assert_eq!(revision.to_string(), number.to_string());
        assert_eq!(revision.to_string().parse(), Ok(revision));
        let json = serde_json::to_string(&revision).unwrap();
        assert_eq!(json, number.to_string());
        assert_eq!(serde_json::from_str::<Revision>(&json).unwrap(), revision);

        let cursor = Cursor::after_sequence(number);
        assert_eq!(cursor.sequence(), number);
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(json, format!("\"{cursor}\""));
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
    }
    assert_eq!("0041".parse(), Ok(Revision::new(41)));
    for (text, kind) in [
        ("", ErrorKind::InvalidNumber),
        ("+5", ErrorKind::InvalidNumber),
        (" 5", ErrorKind::InvalidNumber),
        ("-1", ErrorKind::InvalidNumber),
        ("5.0", ErrorKind::InvalidNumber),
        ("18446744073709551616", ErrorKind::OutOfRange),
    ] {
        let error = text.parse::<Revision>().unwrap_err();
        assert_eq!((error.kind(), error.parameter()), (kind, "revision"));
        assert_eq!(error.value(), Some(text));
    }
    let error = serde_json::from_str::<Cursor>("\"x\"").unwrap_err();
    assert!(error.to_string().contains("cursor"), "{error}");
}
