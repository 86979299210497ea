//! Codes, statuses and bodies of errors.

use std::collections::HashSet;

use serde_json::{Value, json};
use taskdex::wire::Record;
use taskdex::{Error, ErrorKind, ListQuery, TaskStore};

use crate::support::{NOW, project};

/// The published table: once released, a line of it never changes.
const CODES: [(ErrorKind, &str, u16); 22] = [
    (ErrorKind::MissingParameter, "TDX.0001", 400),
    (ErrorKind::RepeatedParameter, "TDX.0002", 400),
    (ErrorKind::InvalidNumber, "TDX.0003", 400),
    (ErrorKind::OutOfRange, "TDX.0004", 400),
    (ErrorKind::UnknownValue, "TDX.0005", 400),
    (ErrorKind::InvalidLength, "TDX.0006", 400),
    (ErrorKind::InvalidEncoding, "TDX.0007", 400),
    (ErrorKind::InvalidSyntax, "TDX.0008", 400),
    (ErrorKind::UnknownTimeZone, "TDX.0009", 400),
    (ErrorKind::IncompleteSchedule, "TDX.0010", 400),
    (ErrorKind::ImpossibleSchedule, "TDX.0011", 400),
    (ErrorKind::NotTriggerable, "TDX.0012", 400),
    (ErrorKind::InvalidJson, "TDX.0013", 400),
    (ErrorKind::RepeatedKey, "TDX.0014", 400),
    (ErrorKind::WrongType, "TDX.0015", 400),
    (ErrorKind::TaskExists, "TDX.0016", 400),
    (ErrorKind::TaskNotFound, "TDX.0017", 400),
    (ErrorKind::ProjectFull, "TDX.0018", 500),
    (ErrorKind::NoSuchDate, "TDX.0030", 400),
    (ErrorKind::UnknownField, "TDX.0031", 400),
    (ErrorKind::DamagedExport, "TDX.0032", 400),
    (ErrorKind::Internal, "TDX.0500", 500),
];

#[test]
fn codes_are_stable_distinct_and_short() {
    let mut seen = HashSet::new();
    for (kind, code, status) in CODES {
        assert_eq!((kind.code(), kind.status()), (code, status), "{kind:?}");
        assert!(seen.insert(code), "{code} stands for two kinds");
        assert!((1..=12).contains(&code.chars().count()), "{code}");
        assert!(!kind.to_string().is_empty());
    }
}

fn body(error: &Error) -> (String, Value) {
    let mut body = Vec::new();
    error.write_json(&mut body);
    let text = String::from_utf8(body).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

#[test]
fn a_body_has_the_documented_fields_in_one_line() {
    let errors = [
        ListQuery::from_query_string("offset=0").unwrap_err(),
        ListQuery::from_query_string("offset=0&limit=99").unwrap_err(),
        ListQuery::from_query_string("offset=0&limit=1&task_type=%22%0A%5C%F0%9F%99%82")
            .unwrap_err(),
        ListQuery::from_query_string(b"offset=0&limit=1&task_name=\xff").unwrap_err(),
        Record::from_json("{\n").unwrap_err(),
        Record::from_json(r#"{"a\nb":1,"a\nb":1}"#).unwrap_err(),
        TaskStore::new()
            .remove(&project("p"), "gone\u{0}\n")
            .unwrap_err(),
    ];
    for error in errors {
        let (text, value) = body(&error);
        assert!(!text.contains('\n'), "{text}");
        let fields = value.as_object().unwrap();
        assert_eq!(fields["error_code"], json!(error.code()));
        let message = fields["error_msg"].as_str().unwrap();
        assert!(message.contains(error.parameter()), "{message}");
        assert!(
            message.contains(error.value().unwrap_or_default()),
            "{message}"
        );
        assert!(message.contains(error.accepted()), "{message}");
        for name in fields.keys() {
            // The fourth documented field belongs to the embedding server.
            assert!(
                ["error_code", "error_msg", "error_detail"].contains(&&**name),
                "{name}"
            );
        }
        assert!(
            fields
                .values()
                .all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
        );
        assert!(text.starts_with("{\"error_code\":\"TDX."), "{text}");
    }
}

#[test]
fn changes_of_what_is_not_there_name_the_id() {
    let store = TaskStore::new();
    let p = project("p");
    for result in [
        store.remove(&p, "t").map(|removed| removed.revision),
        store.set_enabled(&p, "t", true, NOW),
        store.set_last_status(&p, "t", None),
        store.rename(&p, "t", &taskdex::TaskName::new("n").unwrap()),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TaskNotFound);
        assert_eq!((error.parameter(), error.value()), ("id", Some("t")));
    }
    assert_eq!(store.project_count(), 0);
    assert!(store.get(&p, "t", NOW).is_none());
    assert_eq!(store.remove_project(&p), 0);
}
