//! The spans of the library's calls, gathered by a subscriber.
//!
//! They are tested here, as only this package's tests turn the library's feature `tracing` on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use taskdex::{
    Edit, ErrorKind, ListQuery, Missed, ProjectId, Schedule, Task, TaskId, TaskStore, TaskType,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// A span, with the fields that were filled.
#[derive(Debug, Default, Clone)]
struct Span {
    name: &'static str,
    fields: BTreeMap<&'static str, String>,
    parent: Option<u64>,
    is_entered: bool,
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Every span, in the order of their beginnings.
#[derive(Default, Clone)]
struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    fn with<T>(&self, id: &Id, f: impl FnOnce(&mut Span) -> T) -> T {
        f(&mut self.0.lock().unwrap()[usize::try_from(id.into_u64()).unwrap() - 1])
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        assert_eq!(metadata.target(), "taskdex");
        assert_eq!(*metadata.level(), Level::DEBUG);
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let entered = spans.iter().rposition(|span| span.is_entered);
        let mut span = Span {
            name: attributes.metadata().name(),
            parent: entered.map(|position| position as u64),
            ..Span::default()
        };
        attributes.record(&mut span);
        spans.push(span);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.with(id, |span| values.record(span));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        self.with(id, |span| span.is_entered = true);
    }

    fn exit(&self, id: &Id) {
        self.with(id, |span| span.is_entered = false);
    }
}

/// The spans of some calls.
fn traced(calls: impl FnOnce()) -> Vec<Span> {
    let spans = Spans::default();
    with_default(spans.clone(), calls);
    let spans = spans.0.lock().unwrap();
    assert!(spans.iter().all(|span| !span.is_entered));
    spans.clone()
}

/// The name of a span and its fields, on one line.
fn shown(span: &Span) -> String {
    let fields = span
        .fields
        .iter()
        .map(|(name, value)| format!(" {name}={value}"));
    span.name.to_owned() + &fields.collect::<String>()
}

fn now() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn project() -> ProjectId {
    ProjectId::new("p-1").unwrap()
}

fn task(number: usize) -> Task {
    let nightly = Schedule::daily(1, "02:00:00".parse().unwrap(), "UTC".parse().unwrap());
    let name = format!("nightly {number}");
    Task::builder(
        format!("t-{number}"),
        name,
        TaskType::Stop,
        nightly.unwrap(),
    )
    .build()
    .unwrap()
}

fn query(text: &str) -> ListQuery {
    ListQuery::from_query_string(text).unwrap()
}

#[test]
fn a_call_is_a_span_with_project_plan_and_counts() {
    let store = TaskStore::builder().with_change_log(1_000).build();
    let project = &project();
    let spans = traced(|| {
        let added = store
            .add_all(project, vec![task(1), task(2)], now())
            .unwrap();
        let rename = Edit::rename(TaskId::new("t-1").unwrap(), "other".parse().unwrap());
        store.apply(project, &[rename], now()).unwrap();
        let _ = store.list(project, &query("offset=0&limit=1"), now());
        store.changes_since(project, added).unwrap();
        store.remove(project, "t-3").unwrap_err();
        store.watch_due(now());
        let later = "2026-12-03T00:00:00Z".parse().unwrap();
        store.take_due(later, 10, Missed::Latest).unwrap();
        store.remove_project(project);
        let _ = store.list(project, &query("offset=0&limit=1"), now());
    });
    let shown: Vec<String> = spans.iter().map(shown).collect();
    assert_eq!(
        shown,
        [
            "add_all given=2 project=p-1",
            "apply given=1 project=p-1",
            "list count=1 plan=scan of all 2 tasks: the project is too small to need answer lists \
             project=p-1 total=2",
            "changes_since count=1 project=p-1",
            "remove project=p-1",
            "watch_due",
            "take_due count=2",
            "remove_project count=2 project=p-1",
            "list count=0 plan=nothing to look for: no task can match project=p-1 total=0",
        ]
    );
}

#[test]
fn a_plan_is_the_one_that_was_followed() {
    let store = TaskStore::new();
    let project = &project();
    let tasks = (0..2_000).map(task).collect();
    store.add_all(project, tasks, now()).unwrap();
    let mut body = Vec::new();
    let plans = |calls: &mut dyn FnMut()| -> Vec<String> {
        let spans = traced(calls).into_iter();
        spans
            .filter_map(|mut span| span.fields.remove("plan"))
            .collect()
    };

    let name = query("offset=0&limit=10&task_name=y 17");
    let expected = store.explain(project, &name).to_string();
    assert!(expected.contains("intersects"), "{expected}");
    let again = "the answer is cached from an earlier query";
    // The search is run once, although its plan is told.
    let plans_of_name = plans(&mut || {
        store.list_json(project, &name, now(), &mut body);
        let _ = store.list(project, &name, now());
    });
    assert_eq!(plans_of_name[0], expected);
    assert!(plans_of_name[1].ends_with(again), "{plans_of_name:?}");

    let all = query("offset=5&limit=10&task_type=STOP");
    let plans_of_all = plans(&mut || {
        let _ = store.list(project, &all, now());
    });
    assert_eq!(plans_of_all, [store.explain(project, &all).to_string()]);
    // A plan belongs to its own call.
    let none = plans(&mut || {
        let _ = store.get(project, "t-1", now());
    });
    assert!(none.is_empty());
}

#[test]
fn a_call_within_a_call_is_its_child() {
    let store = TaskStore::new();
    store.add(&project(), task(1), now()).unwrap();
    let mut body = Vec::new();
    let spans = traced(|| {
        assert_eq!(
            store.respond("p-1", "offset=0&limit=5", now(), &mut body),
            200
        );
        let refused = ListQuery::from_query_string("").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingParameter);
    });
    let names: Vec<_> = spans.iter().map(|span| (span.name, span.parent)).collect();
    assert_eq!(names, [("respond", None), ("list_json", Some(0))]);
    assert_eq!(spans[1].fields["project"], "p-1");
    assert_eq!(spans[1].fields["total"], "1");
}

#[test]
fn no_subscriber_is_called_under_a_lock() {
    /// A subscriber that uses the store whenever it is called.
    struct Nosy(Arc<TaskStore>, Spans);

    impl Nosy {
        fn look(&self) {
            // Behind a lock that the caller holds this would never end.
            let added = self.0.set_enabled(&project(), "t-1", true, now());
            assert!(added.is_ok());
        }
    }

    impl Subscriber for Nosy {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.name() != "set_enabled"
        }
        fn new_span(&self, attributes: &Attributes<'_>) -> Id {
            self.look();
            self.1.new_span(attributes)
        }
        fn record(&self, id: &Id, values: &Record<'_>) {
            self.look();
            self.1.record(id, values);
        }
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, id: &Id) {
            self.look();
            self.1.enter(id);
        }
        fn exit(&self, id: &Id) {
            self.look();
            self.1.exit(id);
        }
    }

    let store = Arc::new(TaskStore::new());
    store.add(&project(), task(1), now()).unwrap();
    let spans = Spans::default();
    with_default(Nosy(Arc::clone(&store), spans.clone()), || {
        let _ = store.list(&project(), &query("offset=0&limit=5&task_name=n"), now());
        store.add(&project(), task(2), now()).unwrap();
        store.add_all(&project(), vec![task(3)], now()).unwrap();
    });
    assert_eq!(spans.0.lock().unwrap().len(), 3);
}
