//! Many records at once: JSON Lines, and a page of the documented listing.

use std::sync::Mutex;

use taskdex::wire::{Progress, ReadError, RecordReader, read_records};
use taskdex::{ErrorKind, ListQuery, ProjectId, Record, ScheduledType, TaskStore};

use crate::support::{NOW, ids, project};

/// The documented page's own example, as it stands there.
const EXAMPLE: &str = r#"{ "scheduled_tasks" : [ { "id" : "2b31e-d520xxxx-xxebedb6-e57xxxxxx", "task_name" : "Test task", "task_type" : "START", "scheduled_type" : "FIXED_TIME", "life_cycle_type" : "string", "last_status" : "SUCCESS", "next_execution_time" : "2022-12-23 09:00:00", "enable" : true, "description" : "A description.", "priority" : 0, "time_zone" : "string", "wait_time" : 0 } ], "total_count" : 10 }"#;

fn read(text: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, ReadError> {
    let records = read_records(text.as_ref(), &project("default"))?;
    let names = |(project, record): (ProjectId, Record)| {
        (project.as_str().to_owned(), record.task.id().to_owned())
    };
    Ok(records.into_iter().map(names).collect())
}

#[track_caller]
fn ids_of(text: impl AsRef<[u8]>) -> Vec<String> {
    let records = read(&text).unwrap_or_else(|error| panic!("{error}"));
    records.into_iter().map(|(_, id)| id).collect()
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, line: usize, code: &str) {
    let text = text.as_ref();
    let shown = String::from_utf8_lossy(text);
    match read(text) {
        Ok(records) => panic!("{shown}: accepted as {records:?}"),
        Err(refused) => {
            assert_eq!(
                (refused.line, refused.error.code()),
                (line, code),
                "{shown}: {refused}"
            );
            assert!(
                refused.to_string().starts_with(&format!("line {line}: ")),
                "{refused}"
            );
            assert!(!refused.to_string().contains('\n'), "{refused}");
        }
    }
}

fn line(id: &str) -> String {
    format!(r#"{{"id":"{id}","task_name":"n","task_type":"STOP","scheduled_type":"DAY"}}"#)
}

const JSON: &str = "TDX.0013";

#[test]
fn the_documented_example_loads_and_lists_as_documented() {
    let pretty = EXAMPLE
        .replace(" : ", ": ")
        .replace(", ", ",\n    ")
        .replace("[ ", "[\r\n");
    let tight = EXAMPLE
        .replace(" : ", ":")
        .replace("{ ", "{")
        .replace(" }", "}");
    for text in [
        EXAMPLE,
        &pretty,
        &tight,
        &format!("\u{feff}\n\n {EXAMPLE} \r\n\t\n"),
    ] {
        let store = TaskStore::new();
        for (project, record) in read_records(text.as_bytes(), &project("default")).unwrap() {
            store.add(&project, record.task, NOW).unwrap();
        }
        let mut body = Vec::new();
        let query = ListQuery::from_query_string("offset=0&limit=10").unwrap();
        store
            .list(&project("default"), &query, NOW)
            .write_json(&mut body);
        // The placeholder life cycle type of a timed task is left out, and the total is ours.
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"scheduled_tasks":[{"id":"2b31e-d520xxxx-xxebedb6-e57xxxxxx","task_name":"Test task","task_type":"START","scheduled_type":"FIXED_TIME","last_status":"SUCCESS","next_execution_time":"2022-12-23 09:00:00","enable":true,"description":"A description.","priority":0,"time_zone":"string","wait_time":0}],"total_count":1}"#,
        );
    }
}

#[test]
fn an_empty_text_is_no_records() {
    for text in [
        "",
        "\n",
        "\r\n\r\n",
        " \t \n\t\r\n ",
        "\u{feff}",
        "\u{feff}\r\n",
    ] {
        assert_eq!(read(text).unwrap(), [], "{text:?}");
    }
    for text in [
        r#"{"scheduled_tasks":[]}"#,
        "{\n\"total_count\": 7,\n\"scheduled_tasks\": [\n]\n}\n",
        // Some clients write an empty list so.
        r#"{"scheduled_tasks":null,"total_count":0}"#,
        "{\n\"scheduled_tasks\":\nnull}",
    ] {
        assert_eq!(read(text).unwrap(), [], "{text:?}");
    }
}

#[test]
fn lines_may_be_blank_and_end_in_either_way() {
    let (a, b) = (line("a"), line("b"));
    for text in [
        format!("{a}\n{b}"),
        format!("{a}\n{b}\n"),
        format!("{a}\r\n{b}\r\n"),
        format!("\n\n{a}\n\n \t\r\n{b}\n\n"),
        format!("\u{feff}{a}\n{b}"),
        format!("  {a}\t\n\t{b}  \r\n"),
    ] {
        assert_eq!(ids_of(&text), ["a", "b"], "{text:?}");
    }
    assert_eq!(ids_of(line("only")), ["only"]);
}

#[test]
fn the_number_of_a_refused_line_counts_blank_ones() {
    let (a, b) = (line("a"), line("b"));
    refused(format!("{a}\n\n\r\n{{}}\n{b}"), 4, "TDX.0001");
    refused(format!("\u{feff}\r\n\r\n{a}\r\nx\r\n"), 4, JSON);
    refused("x", 1, JSON);
    refused("{", 1, JSON);
    refused("{}", 1, "TDX.0001");
    refused("[]", 1, JSON);
    refused("null\n", 1, JSON);
    refused(format!("{a} {b}"), 1, JSON);
    refused(format!("{a},\n{b}"), 1, JSON);
    refused(format!("[{a},\n{b}]"), 1, JSON);
    refused(format!("{a}\n\u{feff}{b}"), 2, JSON);
    refused(format!("{a}\n{{\"id\":\"b\""), 2, JSON);
    // A control character may not stand in any string, keys included.
    refused(a.replacen('{', "{\"time\tzone\":1,", 1), 1, JSON);
    refused(a.replacen('{', "{\"\\u0041\u{1}\":1,", 1), 1, JSON);
    refused("{\"scheduled_tasks\":[],\"x\t\":1}", 1, JSON);
    refused(
        format!("{a}\n{b}\n{}", a.replace("DAY", "YEAR")),
        3,
        "TDX.0005",
    );
    // A line that is cut off is the one to be named, not the one after it.
    refused(format!("{{\"id\":\n{a}"), 1, JSON);
    refused(format!("{{\"id\":\n{a}\n{b}"), 1, JSON);
    refused(format!("[\n{a}\n"), 1, JSON);
    // A record on several lines is no JSON Lines.
    refused(a.replace(',', ",\n"), 1, JSON);
    // Other line ends and blanks of Unicode are no blanks of JSON.
    refused(format!("{a}\r{b}"), 1, JSON);
    refused(format!("{a}\u{2028}{b}"), 1, JSON);
    refused(format!("{a}\n\u{a0}\n"), 2, JSON);
    refused(format!("{a}\n\u{c}\n"), 2, JSON);
}

#[test]
fn an_id_is_refused_where_its_project_has_it() {
    let in_project = |id: &str, project: &str| {
        line(id).replacen('{', &format!("{{\"project_id\":\"{project}\","), 1)
    };
    refused(format!("{}\n\n{}", line("a"), line("a")), 3, "TDX.0016");
    refused(
        format!("{}\n{}", line("a"), in_project("a", "default")),
        2,
        "TDX.0016",
    );
    refused(
        format!("{}\n{}", in_project("a", "p"), in_project("\\u0061", "p")),
        2,
        "TDX.0016",
    );
    let text = [
        line("a"),
        in_project("a", "p"),
        in_project("a", "q"),
        line("A"),
        in_project("b", ""),
    ]
    .join("\n");
    let expected = [
        ("default", "a"),
        ("p", "a"),
        ("q", "a"),
        ("default", "A"),
        ("default", "b"),
    ];
    let read = read(text).unwrap();
    let read: Vec<(&str, &str)> = read
        .iter()
        .map(|(project, id)| (&**project, &**id))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_with_their_line() {
    let a = line("a");
    let mut text = format!("{a}\n\n").into_bytes();
    text.extend_from_slice(b"{\"id\":\"\xff\"}\n");
    refused(&text, 3, "TDX.0007");
    refused(b"\xff\xfe{\x00}\x00", 1, "TDX.0007");
    refused(
        format!("{a}\n")
            .into_bytes()
            .into_iter()
            .chain([0xc3])
            .collect::<Vec<u8>>(),
        2,
        "TDX.0007",
    );
    refused(b"{\"scheduled_tasks\":[\n\n\xed\xa0\x80]}", 3, "TDX.0007");
    // A line before them comes first, as does the document that they are in.
    refused(b"x\n\n\xff\n", 1, JSON);
    refused(b"{\n \"scheduled_tasks\":[\n\xff]}", 3, "TDX.0007");
    let error = read_records(b"\n{\xff}\n{}", &project("p")).unwrap_err();
    // From where it is none to the end of its line.
    assert!(error.to_string().contains("record=`\u{fffd}}`"), "{error}");
}

#[test]
fn a_document_has_records_like_any_other() {
    let with_schedule = r#"{"id":"s","task_name":"n","task_type":"STOP","scheduled_type":"WEEK","week_list":"1","scheduled_time":"02:00:00","project_id":"p"}"#;
    let document =
        |records: &str| format!("{{\"scheduled_tasks\":[{records}],\"total_count\":10}}");
    let records = read(document(&format!("{},{with_schedule}", line("a")))).unwrap();
    assert_eq!(
        records,
        [
            ("default".to_owned(), "a".to_owned()),
            ("p".to_owned(), "s".to_owned())
        ]
    );

    // What else it holds does not matter.
    for total in ["1e999", "null", "\"x\"", "[[]]", "-1", r#"{"a":1,"a":2}"#] {
        let text = format!(
            "{{\"total_count\":{total},\"scheduled_tasks\":[{}],\"request_id\":{total},\"\\ud800\":1}}",
            line("a")
        );
        assert_eq!(ids_of(text), ["a"]);
    }
    assert_eq!(
        ids_of(
            document(&line("a"))
                .replace("total_count", "x")
                .replace("scheduled_tasks", "scheduled\\u005ftasks")
        ),
        ["a"]
    );

    // A record may have an unknown field of the document's name.
    let odd = line("a").replacen('{', "{\"scheduled_tasks\":[1],", 1);
    assert_eq!(ids_of(&odd), ["a"]);
    assert_eq!(ids_of(format!("{odd}\n{}", line("b"))), ["a", "b"]);
}

#[test]
fn a_refusal_shows_its_detail_last() {
    let refused = read("{\"id\": nope}").unwrap_err();
    let detail = refused.error.detail().unwrap();
    assert!(refused.to_string().ends_with(&format!(" ({detail})")));
}

#[test]
fn a_fault_in_a_document_has_the_line_where_it_stands() {
    let (a, b) = (line("a"), line("b"));
    let bad = a.replace("DAY", "YEAR");
    refused(format!("{{\"scheduled_tasks\":[{bad}]}}"), 1, "TDX.0005");
    refused(
        format!("{{\n\"scheduled_tasks\": [\n{a},\n\n{bad}\n]\n}}"),
        5,
        "TDX.0005",
    );
    refused(
        format!("{{\n\"scheduled_tasks\": [\n{a},\n{b},\n{a}\n]\n}}"),
        5,
        "TDX.0016",
    );
    refused("{\n\"scheduled_tasks\": [\n5]}", 3, JSON);
    refused("{\n\"scheduled_tasks\":\n5}", 3, JSON);
    refused("{\n\"scheduled_tasks\":\nfalse}", 3, JSON);
    refused("{\n\"scheduled_tasks\": {}}", 2, JSON);
    // Malformed in the middle, or cut off.
    refused(
        format!("{{\n\"scheduled_tasks\": [\n{a},\n{{\"id\" 5}}\n]\n}}"),
        4,
        JSON,
    );
    refused(format!("{{\n\"scheduled_tasks\": [\n{a},\n{b}\n"), 5, JSON);
    refused(format!("{{\"scheduled_tasks\":[{a}"), 1, JSON);
    // Nothing stands after it, nor a key twice in it.
    refused(format!("{{\"scheduled_tasks\":[{a}]}}\n{b}"), 2, JSON);
    refused(format!("{{\"scheduled_tasks\":[{a}]}} x"), 1, JSON);
    refused(
        format!("{{\"scheduled_tasks\":[{a}]}}\n\n{{\"scheduled_tasks\":[{b}]}}"),
        3,
        JSON,
    );
    refused(
        format!("\n{{\"scheduled_tasks\":[{a}],\n\"scheduled_tasks\":[]}}"),
        2,
        "TDX.0014",
    );
    refused(
        format!("{{\"total_count\":1,\"total_count\":1,\"scheduled_tasks\":[{a}]}}"),
        1,
        "TDX.0014",
    );
    refused(
        r#"{"scheduled_tasks":[{"id":"t","id":"t"}]}"#,
        1,
        "TDX.0014",
    );
}

#[test]
fn a_refused_text_gives_no_records_at_all() {
    // Ten good lines before the bad one, and none of them comes back.
    let mut text: String = (0..10)
        .map(|number| line(&number.to_string()) + "\n")
        .collect();
    assert_eq!(ids_of(&text).len(), 10);
    text.push_str("bad\n");
    let refused = read_records(text.as_bytes(), &project("default")).unwrap_err();
    assert_eq!(refused.line, 11);
    assert!(refused.to_string().contains("bad"));
}

#[test]
fn records_keep_their_order_and_a_thousand_lines_are_read() {
    let names: Vec<String> = (0..1_000)
        .map(|number| format!("t-{}", number * 7 % 1_000))
        .collect();
    let text: String = names.iter().map(|name| line(name) + "\r\n").collect();
    assert_eq!(ids_of(&text), names);
    let store = TaskStore::new();
    let p = project("default");
    let tasks = read_records(text.as_bytes(), &p)
        .unwrap()
        .into_iter()
        .map(|(_, record)| record.task);
    store.add_all(&p, tasks.collect(), NOW).unwrap();
    let query = ListQuery::new(990, 50).unwrap();
    assert_eq!(ids(&store.list(&p, &query, NOW)), names[990..]);
}

/// The one task of a page, as it is listed.
#[track_caller]
fn listed_alone(page: &[u8]) -> String {
    let store = TaskStore::new();
    for (project, record) in read_records(page, &project("default")).unwrap() {
        store.add(&project, record.task, NOW).unwrap();
    }
    let mut body = Vec::new();
    let query = ListQuery::new(0, 10).unwrap();
    store
        .list(&project("default"), &query, NOW)
        .write_json(&mut body);
    String::from_utf8(body).unwrap()
}

/// Pages that the live service writes, and that were refused as a whole for one field.
#[test]
fn pages_of_today_load() {
    assert_eq!(
        listed_alone(include_bytes!("cases/page-with-expire-time.json")),
        r#"{"scheduled_tasks":[{"id":"a1","task_name":"nightly stop","task_type":"STOP","scheduled_type":"DAY","last_status":"SUCCESS","next_execution_time":"2026-12-02 02:00:00","enable":true,"priority":0,"time_zone":"Asia/Shanghai","wait_time":0}],"total_count":1}"#,
    );
    assert_eq!(
        listed_alone(include_bytes!("cases/page-with-another-offset.json")),
        r#"{"scheduled_tasks":[{"id":"a1","task_name":"stop","task_type":"STOP","scheduled_type":"DAY","next_execution_time":"2026-12-02 02:00:00 GMT+09:00","enable":true,"time_zone":"Asia/Tokyo"}],"total_count":1}"#,
    );
    assert_eq!(
        listed_alone(include_bytes!("cases/page-with-null-list.json")),
        r#"{"scheduled_tasks":[],"total_count":0}"#,
    );
}

/// What a reader accepts of a text, by id, and what it tells of the rest.
fn accepted_of(reader: RecordReader, text: &[u8]) -> (Vec<String>, Vec<(usize, ErrorKind)>) {
    let mut refused = Vec::new();
    let records = reader
        .read_accepted(text, &project("default"), |error| {
            refused.push((error.line, error.error.kind()));
        })
        .unwrap();
    let ids = records.iter().map(|(_, record)| record.task.id());
    (ids.map(str::to_owned).collect(), refused)
}

/// One task of a type that this crate does not know cost the whole page.
#[test]
fn a_record_of_an_unknown_type_is_refused_or_passed_over() {
    let page = include_bytes!("cases/page-with-unknown-type.json");
    let refused = read_records(page, &project("default")).unwrap_err();
    assert_eq!(
        (refused.line, refused.error.kind()),
        (1, ErrorKind::UnknownValue)
    );
    assert_eq!(refused.error.value(), Some("DELETE_BLACK_ECS"));
    assert_eq!(
        accepted_of(RecordReader::new(), page),
        (vec!["a1".to_owned()], vec![(1, ErrorKind::UnknownValue)])
    );
}

#[test]
fn refused_lines_are_passed_over_and_told_with_their_number() {
    let mut text = [
        &line("a"),
        "",
        "{\"id\":",
        &line("b").replace("DAY", "YEAR"),
        "nonsense",
        &line("a"),
        &line("c").replacen('{', "{\"x\":1,\"x\":2,", 1),
        &line("d"),
    ]
    .join("\r\n")
    .into_bytes();
    text.extend_from_slice(b"\n{\"id\":\"\xff\"}\n");
    text.extend_from_slice(line("e").as_bytes());
    let (ids, refused) = accepted_of(RecordReader::new(), &text);
    assert_eq!(ids, ["a", "d", "e"]);
    assert_eq!(
        refused,
        [
            (3, ErrorKind::InvalidJson),
            (4, ErrorKind::UnknownValue),
            (5, ErrorKind::InvalidJson),
            (6, ErrorKind::TaskExists),
            (7, ErrorKind::RepeatedKey),
            (9, ErrorKind::InvalidEncoding),
        ]
    );

    let document = format!(
        "{{\"scheduled_tasks\":[\n5,\n{},\n{{}},\n{},\n{}]}}",
        line("a"),
        line("a"),
        line("b")
    );
    let (ids, refused) = accepted_of(RecordReader::new(), document.as_bytes());
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(
        refused,
        [
            (2, ErrorKind::InvalidJson),
            (4, ErrorKind::MissingParameter),
            (5, ErrorKind::TaskExists)
        ]
    );
}

#[test]
fn a_document_that_is_damaged_is_refused_though_records_may_be_passed_over() {
    let default = project("default");
    for (text, number, kind) in [
        (
            format!("{{\n\"scheduled_tasks\":[\n{},\n", line("a")).into_bytes(),
            4,
            ErrorKind::InvalidJson,
        ),
        (
            b"{\"scheduled_tasks\":{}}".to_vec(),
            1,
            ErrorKind::InvalidJson,
        ),
        (
            b"{\"scheduled_tasks\":[]} x".to_vec(),
            1,
            ErrorKind::InvalidJson,
        ),
        (
            b"{\"scheduled_tasks\":[],\"a\":1,\"a\":1}".to_vec(),
            1,
            ErrorKind::RepeatedKey,
        ),
        (
            b"{\"scheduled_tasks\":[\n\xff]}".to_vec(),
            2,
            ErrorKind::InvalidEncoding,
        ),
    ] {
        let on_refused = |error| panic!("{error}");
        let error = RecordReader::new()
            .read_accepted(&text, &default, on_refused)
            .unwrap_err();
        assert_eq!((error.line, error.error.kind()), (number, kind), "{error}");
    }
}

#[test]
fn unknown_fields_are_refused_by_a_reader_that_was_told_so() {
    let strict = RecordReader::new().deny_unknown_fields(true);
    let every_known = [
        "project_id",
        "life_cycle_type",
        "last_status",
        "next_execution_time",
        "enable",
        "description",
        "priority",
        "time_zone",
        "wait_time",
        "scheduled_date",
        "day_interval",
        "week_list",
        "month_list",
        "date_list",
        "scheduled_time",
        "start_date",
        "expire_time",
        "gap_rule",
        "added_at",
        "sequence",
        "version",
    ];
    let nulls: String = every_known.map(|name| format!(",\"{name}\":null")).concat();
    let known = line("a").replace("\"DAY\"", &format!("\"DAY\"{nulls}"));
    assert_eq!(strict.read_one(&known).unwrap().task.id(), "a");
    // Of another scheduled type, and of the store: known, and ignored whatever they hold.
    let odd = line("a").replacen(
        '{',
        "{\"week_list\":[],\"sequence\":{},\"version\":\"x\",",
        1,
    );
    assert!(strict.read_one(odd).is_ok());

    for key in [
        "gap-rule",
        "Id",
        "now",
        "",
        "x\\ny",
        "\\ud800",
        "scheduled_tasks",
    ] {
        for value in ["null", "1", "{\"a\":[]}"] {
            let text = line("a").replacen('{', &format!("{{\"{key}\":{value},"), 1);
            assert!(RecordReader::new().read_one(&text).is_ok(), "{text}");
            let error = strict.read_one(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownField, "{text}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    let two = line("a").replacen('{', "{\"first\":1,\"second\":2,", 1);
    assert_eq!(strict.read_one(&two).unwrap_err().parameter(), "first");

    // A page is read all the same, if its records are what they should be.
    let page = format!(
        "{{\"x\":1,\"scheduled_tasks\":[{}],\"total_count\":1}}",
        line("a")
    );
    assert_eq!(
        strict.read(page.as_bytes(), &project("p")).unwrap().len(),
        1
    );
    let today = include_bytes!("cases/page-with-expire-time.json");
    let refused = strict.read(today, &project("p")).unwrap_err();
    assert_eq!(refused.error.parameter(), "extra_params");
}

#[test]
fn schedules_are_required_by_a_reader_that_was_told_so() {
    let strict = RecordReader::new().require_schedule(true);
    for scheduled_type in ScheduledType::ALL {
        let bare = line("a").replace("\"DAY\"", &format!("\"{scheduled_type}\""));
        if scheduled_type.is_timed() {
            assert!(RecordReader::new().read_one(&bare).is_ok());
            let error = strict.read_one(&bare).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IncompleteSchedule);
            assert!(
                error.accepted().contains(scheduled_type.as_str()),
                "{error}"
            );
        } else {
            let event = "\"scheduled_type\":\"LIFE_CYCLE\",\"life_cycle_type\":\"POST_DESKTOP_DISCONNECTED\"";
            let triggered = bare.replace("\"scheduled_type\":\"LIFE_CYCLE\"", event);
            assert!(strict.read_one(triggered).is_ok());
        }
    }
    let whole = line("a").replacen(
        '{',
        "{\"day_interval\":1,\"scheduled_time\":\"00:00:00\",",
        1,
    );
    assert!(strict.read_one(&whole).is_ok());
    // Each choice by itself, and both with what is passed over.
    let unknown = whole
        .replacen('{', "{\"x\":1,", 1)
        .replace("\"a\"", "\"b\"");
    let text = [whole, unknown, line("c")].join("\n");
    assert_eq!(accepted_of(strict, text.as_bytes()).0, ["a", "b"]);
    let stricter = strict.deny_unknown_fields(true);
    assert_eq!(
        accepted_of(stricter, text.as_bytes()),
        (
            vec!["a".to_owned()],
            vec![
                (2, ErrorKind::UnknownField),
                (3, ErrorKind::IncompleteSchedule)
            ]
        )
    );
}

/// What a reading of a text told of its progress.
fn told_of(text: &[u8]) -> Vec<Progress> {
    let told = Mutex::new(Vec::new());
    let on_progress = |progress| told.lock().unwrap().push(progress);
    let reader = RecordReader::new().with_progress(&on_progress);
    let _ = reader.read_accepted(text, &project("p"), |_| {});
    told.into_inner().unwrap()
}

#[test]
fn reading_tells_how_far_it_is() {
    let lines: Vec<String> = (0..2_500).map(|id| line(&id.to_string())).collect();
    let document = format!("{{\"scheduled_tasks\":[{}]}}", lines.join(",\n"));
    let mut faulty = lines.clone();
    faulty[7] = "{}".to_owned();
    for text in [lines.join("\n"), document, faulty.join("\r\n\r\n") + "\n"] {
        let told = told_of(text.as_bytes());
        let records: Vec<u64> = told.iter().map(|it| it.records).collect();
        assert_eq!(records, [1_024, 2_048, 2_500]);
        let fractions: Vec<f64> = told.iter().map(|it| it.fraction).collect();
        // All of these lines are about as long as one another.
        for (fraction, expected) in fractions.iter().zip([0.41, 0.82, 1.0]) {
            assert!((fraction - expected).abs() < 0.01, "{fractions:?}");
        }
    }
    assert_eq!(told_of(b"").len(), 1, "the end of nothing");

    // A text that is refused has no end.
    let told = Mutex::new(0);
    let on_progress = |_| *told.lock().unwrap() += 1;
    let reader = RecordReader::new().with_progress(&on_progress);
    let refused = reader.read(faulty.join("\n").as_bytes(), &project("p"));
    assert_eq!((refused.unwrap_err().line, *told.lock().unwrap()), (8, 0));
}
