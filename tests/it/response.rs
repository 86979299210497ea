//! The documented bodies: bytes, and their agreement with serde.

use proptest::prelude::*;
use serde_json::Value;
use taskdex::testkit::strategies;
use taskdex::{
    LifeCycleType, ListQuery, ProjectId, ScheduledType, Task, TaskStore, TaskType, wire::Record,
};

use crate::support::{NOW, cases, paged, project};

fn body(page: &taskdex::Page) -> Vec<u8> {
    let mut body = Vec::new();
    page.write_json(&mut body);
    body
}

/// The record of a task as the documented page describes it, field by field.
fn expected(task: &Task, next: Option<String>) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("id", Value::from(task.id())),
        ("task_name", task.task_name().into()),
        ("task_type", task.task_type().as_str().into()),
        ("scheduled_type", task.scheduled_type().as_str().into()),
    ];
    let optional = [
        (
            "life_cycle_type",
            task.life_cycle_type().map(|value| value.as_str().into()),
        ),
        (
            "last_status",
            task.last_status().map(|value| value.as_str().into()),
        ),
        ("next_execution_time", next.map(Value::from)),
        ("enable", Some(task.is_enabled().into())),
        ("description", task.description().map(Value::from)),
        ("priority", task.priority().map(Value::from)),
        ("time_zone", task.time_zone().map(Into::into)),
        ("wait_time", task.wait_time().map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            fields.push((name, value));
        }
    }
    fields
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_body_is_what_serde_writes_and_what_is_documented(
        tasks in strategies::projects(30),
        query in strategies::queries(),
        now in strategies::instants(),
    ) {
        let (store, p) = (TaskStore::new(), project("p"));
        store.add_all(&p, tasks, NOW).unwrap();
        let page = store.list(&p, &paged(&query, 0, 50), now);
        let written = String::from_utf8(body(&page)).unwrap();
        prop_assert_eq!(&written, &serde_json::to_string(&page).unwrap());
        prop_assert!(!written.contains('\n'));

        let records: Vec<String> = page
            .tasks()
            .iter()
            .map(|listed| {
                let fields = expected(listed.task(), listed.next_execution_time());
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            })
            .collect();
        let whole = format!(
            "{{\"scheduled_tasks\":[{}],\"total_count\":{}}}",
            records.join(","),
            page.total_count(),
        );
        prop_assert_eq!(&written, &whole);
    }

    #[test]
    fn a_listed_page_loads_again_and_lists_the_same(
        tasks in strategies::projects(20),
        now in strategies::instants(),
    ) {
        // A server that mirrors another one is fed its pages: no schedules, only what was reported.
        let (store, p) = (TaskStore::new(), project("p"));
        store.add_all(&p, tasks, NOW).unwrap();
        let everything = ListQuery::new(0, 50).unwrap();
        for query in [everything.clone(), everything.with_scheduled_type(ScheduledType::LifeCycle)] {
            let written = body(&store.list(&p, &query, now));
            let mirror = TaskStore::new();
            for (project, record) in taskdex::wire::read_records(&written, &p).unwrap() {
                mirror.add(&project, record.task, now).unwrap();
            }
            let mirrored = body(&mirror.list(&p, &query, now));
            prop_assert_eq!(String::from_utf8(mirrored).unwrap(), String::from_utf8(written).unwrap());
        }
    }

    #[test]
    fn a_request_of_any_bytes_is_answered_or_refused_with_a_documented_body(
        project_id in pieces(&[b"p", b"%2F", b"%FF", b"%", b"+", &[0xff], "\u{7a7a}".as_bytes()]),
        query in pieces(&[
            b"offset=0", b"&", b"limit=10", b"&limit=51", b"=", b"%00", b"&task_name=", b"%FF", b"%F",
            b"&cursor=", b"&scheduled_type=LIFE_CYCLE", b"&task_type=", &[0xf0, 0x9f],
        ]),
    ) {
        let store = TaskStore::new();
        let mut body = b"before".to_vec();
        let status = store.respond(&project_id, &query, NOW, &mut body);
        let body: Value = serde_json::from_slice(body.strip_prefix(b"before").unwrap()).unwrap();
        let project = ProjectId::from_path_segment(&project_id);
        match project.and_then(|_| ListQuery::from_query_string(&query)) {
            Ok(_) => {
                prop_assert_eq!(status, 200);
                prop_assert_eq!(&body["total_count"], &Value::from(0));
            }
            Err(error) => {
                prop_assert_eq!(status, error.status());
                prop_assert_eq!(status, 400);
                prop_assert_eq!(&body["error_code"], error.code());
            }
        }
    }
}

/// Texts put together from a few pieces, any of them any number of times.
fn pieces(pieces: &[&[u8]]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    prop::collection::vec(prop::sample::select(pieces), 0..6).prop_map(|it| it.concat())
}

#[test]
fn a_body_is_appended_to_what_is_there() {
    let page = TaskStore::new().list(&project("p"), &ListQuery::new(5, 5).unwrap(), NOW);
    let mut out = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    page.write_json(&mut out);
    assert_eq!(
        out,
        b"HTTP/1.1 200 OK\r\n\r\n{\"scheduled_tasks\":[],\"total_count\":0}"
    );
}

#[test]
fn every_character_is_written_as_json_writes_it() {
    // All of Latin-1 and some of every width, in one name each.
    let characters: Vec<char> = (0_u8..=255)
        .map(char::from)
        .chain([
            '\u{2028}',
            '\u{2029}',
            '\u{feff}',
            '\u{fffd}',
            '研',
            '🙂',
            '\u{10ffff}',
        ])
        .collect();
    let (store, p) = (TaskStore::new(), project("p"));
    for (number, character) in characters.iter().enumerate() {
        let mut record = serde_json::json!({"id": number.to_string(), "task_type": "STOP", "scheduled_type": "DAY"});
        record["task_name"] = format!("a{character}b").into();
        let task = Record::from_json(record.to_string()).unwrap().task;
        store.add(&p, task, NOW).unwrap();
    }
    let mut names = Vec::new();
    for offset in (0..)
        .step_by(50)
        .take_while(|offset| *offset < characters.len())
    {
        let page = store.list(&p, &ListQuery::new(offset as u64, 50).unwrap(), NOW);
        let written: Value = serde_json::from_slice(&body(&page)).unwrap();
        for record in written["scheduled_tasks"].as_array().unwrap() {
            names.push(record["task_name"].as_str().unwrap().to_owned());
        }
    }
    let expected: Vec<String> = characters
        .iter()
        .map(|character| format!("a{character}b"))
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn a_name_is_escaped_once_it_needs_it_and_until_it_does_not() {
    let (store, p) = (TaskStore::new(), project("p"));
    for (id, description) in [("plain", "d"), ("\"quoted\"", "d"), ("described", "\\")] {
        let timing = LifeCycleType::PostDesktopDisconnected;
        let task = Task::builder(id, "n", TaskType::Stop, timing).with_description(description);
        store.add(&p, task.build().unwrap(), NOW).unwrap();
        for name in ["n", "a\tb", "n", "\"", "\u{7f}"] {
            store.rename(&p, id, &name.parse().unwrap()).unwrap();
            let listed = store.get(&p, id, NOW).unwrap();
            let mut written = Vec::new();
            listed.write_json(&mut written);
            assert_eq!(
                String::from_utf8(written).unwrap(),
                serde_json::to_string(&listed).unwrap()
            );
            assert_eq!(listed.task().task_name(), name);
        }
    }
}
