//! A panic in code that the crate calls, and inputs that ask for much.
//!
//! No call of a store runs its caller's code: tasks come as a list, and pages are owned. What
//! does run it, iterators, conversions, readers and writers of serde, runs beside the store.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;
use serde::de::value::{Error as PlainError, MapDeserializer};
use taskdex::testkit::Workload;
use taskdex::wire::{ExecutionFormat, FutureExecutions, Record, RecordReader, read_records};
use taskdex::{
    Edit, ErrorKind, LifeCycleType, ListQuery, MonthDates, Months, NameMatch, Task, TaskStore,
    TaskType, Weekdays,
};

use crate::support::{NOW, project, snapshot};

/// What the callers of these tests panic with.
#[derive(Debug, PartialEq)]
struct Bang;

fn bang() -> ! {
    std::panic::panic_any(Bang)
}

/// Writes some bytes, then panics.
struct PanicsAfter(usize);

impl io::Write for PanicsAfter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).unwrap_or_else(|| bang());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for PanicsAfter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).unwrap_or_else(|| bang());
        Ok(())
    }
}

/// Panics where it is asked for its bytes, its text, or to become one.
struct PanicsAsText;

impl AsRef<[u8]> for PanicsAsText {
    fn as_ref(&self) -> &[u8] {
        bang()
    }
}

impl AsRef<str> for PanicsAsText {
    fn as_ref(&self) -> &str {
        bang()
    }
}

impl From<PanicsAsText> for String {
    fn from(_: PanicsAsText) -> Self {
        bang()
    }
}

/// These items, then a panic.
fn panics_after<T>(items: Vec<T>) -> impl Iterator<Item = T> {
    items.into_iter().chain(std::iter::once_with(|| bang()))
}

/// A store with a project of each form.
fn filled() -> TaskStore {
    let store = TaskStore::new();
    let (small, large) = (project("small"), project("large"));
    let tasks = |seed, count| Workload::new(seed, count).tasks().collect();
    store.add_all(&small, tasks(1, 9), NOW).unwrap();
    store.add_all(&large, tasks(2, 400), NOW).unwrap();
    store
}

fn check_usable(store: &TaskStore) {
    store.validate().unwrap();
    for id in ["small", "large", "new"] {
        let event = LifeCycleType::PostDesktopDisconnected;
        let task = Task::builder("another", "Stop", TaskType::Stop, event);
        let task = task.build().unwrap();
        store.add(&project(id), task.clone(), NOW).unwrap();
        store.replace(&project(id), task, NOW).unwrap();
        store.remove(&project(id), "another").unwrap();
    }
    store.validate().unwrap();
}

#[test]
fn a_panic_in_a_callers_code_leaves_the_store_whole_and_usable() {
    let store = filled();
    let (small, large) = (project("small"), project("large"));
    let query = ListQuery::new(0, 50)
        .unwrap()
        .with_task_name(NameMatch::contains("a").unwrap());
    let event = LifeCycleType::PostDesktopDisconnected;

    let check = |name: &str, call: &dyn Fn()| {
        let shown = snapshot(&store);
        let caught = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(caught.downcast_ref(), Some(&Bang), "{name}");
        assert!(snapshot(&store) == shown, "{name} changed something");
        check_usable(&store);
        let listed = store.list(&large, &query, NOW);
        assert!(listed.total_count() > 0, "{name}");
    };
    check("a page's writer", &|| {
        let page = store.list(&large, &query, NOW);
        let _ = serde_json::to_writer(PanicsAfter(2_000), &page);
    });
    check("a task's writer", &|| {
        let listed = store.list(&small, &ListQuery::new(0, 1).unwrap(), NOW);
        let _ = serde_json::to_writer(PanicsAfter(20), &listed.tasks()[0]);
    });
    check("an explanation's writer", &|| {
        let explained = store.explain(&large, &query);
        let _ = fmt::write(&mut PanicsAfter(5), format_args!("{explained}"));
    });
    check("an error's writer", &|| {
        let error = store.remove(&small, "nothing").unwrap_err();
        let _ = fmt::write(&mut PanicsAfter(5), format_args!("{error}"));
    });
    check("pairs", &|| {
        let _ = ListQuery::from_pairs(panics_after(vec![("offset", "0")]));
    });
    check("a map", &|| {
        let pairs = MapDeserializer::<_, PlainError>::new(panics_after(vec![("limit", 1)]));
        let _ = ListQuery::deserialize(pairs);
    });
    check("a query string", &|| {
        let _ = ListQuery::from_query_string(PanicsAsText);
    });
    check("a record", &|| {
        let _ = Record::from_json(PanicsAsText);
    });
    let mut export = Vec::new();
    store
        .snapshot(&large)
        .unwrap()
        .write_export(&mut export)
        .unwrap();
    check("the progress of reading", &|| {
        let reader = RecordReader::new().with_progress(&|_| bang());
        let _ = reader.read(b"", &small);
    });
    check("the progress of restoring", &|| {
        let _ = store.restore_with_progress(&project("new"), export.as_slice(), &|_| bang());
    });
    check("future executions", &|| {
        let _ = FutureExecutions::from_json(PanicsAsText, NOW);
    });
    check("an id", &|| {
        let _ = taskdex::ProjectId::new(PanicsAsText);
    });
    check("a task's id", &|| {
        let _ = Task::builder(PanicsAsText, "Stop", TaskType::Stop, event);
    });
    check("the id of a task that is asked for", &|| {
        let _ = store.get(&large, PanicsAsText, NOW);
    });
    check("the id of a task that is changed", &|| {
        let _ = store.rename(&large, PanicsAsText, &"n".parse().unwrap());
    });
    check("the id of a task whose status is set", &|| {
        let _ = store.set_last_status(&small, PanicsAsText, None);
    });
    check("the id of a task that is disabled", &|| {
        let _ = store.set_enabled(&small, PanicsAsText, false, NOW);
    });
    check("the id of a task that is removed", &|| {
        let _ = store.remove(&small, PanicsAsText);
    });
    check("another id", &|| {
        let builder = Task::builder("t-1", "Stop", TaskType::Stop, event);
        let _ = builder.with_id(PanicsAsText);
    });
    check("another name", &|| {
        let builder = Task::builder("t-1", "Stop", TaskType::Stop, event);
        let _ = builder.with_task_name(PanicsAsText);
    });
    check("a description", &|| {
        let builder = Task::builder("t-1", "Stop", TaskType::Stop, event);
        let _ = builder.with_description(PanicsAsText);
    });
    check("weekdays", &|| {
        let _ = Weekdays::new(panics_after(vec![chrono::Weekday::Sun]));
    });
    check("months", &|| {
        let _ = Months::new(panics_after(vec![chrono::Month::January]));
    });
    check("dates", &|| {
        let _ = MonthDates::new(panics_after(vec![taskdex::schedule::MonthDate::Last]));
    });
}

/// Changes the store while a panic passes, as a guard of a caller may.
struct ChangesOnDrop<'a>(&'a TaskStore);

impl Drop for ChangesOnDrop<'_> {
    fn drop(&mut self) {
        let tasks = Workload::new(9, 300).tasks().collect();
        self.0.add_all(&project("dropped"), tasks, NOW).unwrap();
        self.0.remove_project(&project("small"));
    }
}

#[test]
fn a_store_can_be_changed_while_its_caller_panics() {
    let store = filled();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _guard = ChangesOnDrop(&store);
        let page = store.list(&project("large"), &ListQuery::new(0, 50).unwrap(), NOW);
        assert!(page.tasks().is_empty(), "this is to fail");
    }));
    assert!(unwound.is_err());
    assert_eq!(store.task_count(&project("dropped")), 300);
    assert_eq!(store.task_count(&project("small")), 0);
    check_usable(&store);
}

#[test]
fn nothing_is_as_deep_or_as_long_as_its_input() {
    let deep = [b"[".repeat(300_000), b"{\"a\":".repeat(300_000)];
    for json in &deep {
        let mut nested = b"{\"id\":\"t-1\",\"other\":".to_vec();
        nested.extend_from_slice(json);
        for json in [json, &nested] {
            let error = Record::from_json(json).unwrap_err();
            assert!(error.to_string().len() < 1_000, "{error}");
            let error = FutureExecutions::from_json(json, NOW).unwrap_err();
            assert!(error.to_string().len() < 1_000, "{error}");
            let error = read_records(json, &project("p")).unwrap_err();
            assert!(error.to_string().len() < 1_000, "{error}");
        }
    }

    let long = "研".repeat(1 << 20);
    for query in [
        format!("offset=0&limit=1&task_name={long}"),
        format!("offset=0&limit=1&task_type={long}"),
        format!("offset={}&limit=1x", "9".repeat(1 << 20)),
        format!("offset=0&limit={long}"),
        format!("offset=0&limit=%{long}"),
    ] {
        let error = ListQuery::from_query_string(&query).unwrap_err();
        assert!(error.to_string().len() < 1_000, "{error}");
        let mut body = Vec::new();
        error.write_json(&mut body);
        assert!(body.len() < 1_000);
    }
    let many = format!("{}offset=7&limit=0", "x=1&&".repeat(300_000));
    assert_eq!(
        ListQuery::from_query_string(many),
        ListQuery::new(7, 0),
        "other parameters are passed over"
    );
    // An edit compares its keys, and 300,000 of them are no more than a long text.
    let keys: Vec<String> = (0..300_000).map(|key| format!("\"{key}\":0")).collect();
    let keys = keys.join(",");
    let edit = format!("{{{keys},\"remove\":{{\"id\":\"t-1\"}}}}");
    let error = Edit::from_json(edit).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownField, "{error}");
    let list = "31, ".repeat(200_000) + "1";
    assert_eq!(list.parse::<MonthDates>().unwrap().to_string(), "1,31");
    let error = format!("{list},").parse::<MonthDates>().unwrap_err();
    assert!(error.to_string().len() < 1_000, "{error}");
    let error = long.parse::<taskdex::TimeZone>().unwrap_err();
    assert!(error.to_string().len() < 1_000, "{error}");
    let error = Task::builder(long.clone(), long, TaskType::Stop, LifeCycleType::ALL[0]);
    assert!(error.build().unwrap_err().to_string().len() < 1_000);
}

#[test]
fn what_is_asked_for_takes_no_room_before_it_is_there() {
    let store = filled();
    let query = ListQuery::new(u64::MAX, 50).unwrap();
    for id in ["none", "small", "large"] {
        let mut body = Vec::new();
        store.list_json(&project(id), &query, NOW, &mut body);
        assert!(body.capacity() < 1 << 16, "{}", body.capacity());
        assert!(body.len() < 100);
    }
    let once = r#"{"scheduled_type":"FIXED_TIME","scheduled_date":"2027-01-01","scheduled_time":"02:00:00"}"#;
    let mut body = Vec::new();
    FutureExecutions::from_json(once, NOW).unwrap().write_json(
        usize::MAX,
        ExecutionFormat::WallClock,
        &mut body,
    );
    assert!(body.starts_with(br#"{"future_executions":["2027-01-01 02:00:00"]"#));
    assert!(body.capacity() < 1 << 12, "{}", body.capacity());
}
