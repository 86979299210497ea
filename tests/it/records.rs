//! Many records at once: JSON Lines, and a page of the documented listing.

use taskdex::wire::{ReadError, read_records};
use taskdex::{ListQuery, Task, TaskStore};

use crate::support::{NOW, ids, project};

/// The documented page's own example, as it stands there.
const EXAMPLE: &str = r#"{ "scheduled_tasks" : [ { "id" : "2b31e-d520xxxx-xxebedb6-e57xxxxxx", "task_name" : "Test task", "task_type" : "START", "scheduled_type" : "FIXED_TIME", "life_cycle_type" : "string", "last_status" : "SUCCESS", "next_execution_time" : "2022-12-23 09:00:00", "enable" : true, "description" : "A description.", "priority" : 0, "time_zone" : "string", "wait_time" : 0 } ], "total_count" : 10 }"#;

fn read(text: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, ReadError> {
    let records = read_records(text.as_ref(), &project("default"))?;
    let names = |(project, task): (taskdex::ProjectId, Task)| {
        (project.as_str().to_owned(), task.id().to_owned())
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
        for (project, task) in read_records(text.as_bytes(), &project("default")).unwrap() {
            store.add(&project, task, NOW).unwrap();
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
    refused("{\n\"scheduled_tasks\":\nnull}", 3, JSON);
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
        .map(|(_, task)| task);
    store.add_all(&p, tasks.collect(), NOW).unwrap();
    let query = ListQuery::new(990, 50).unwrap();
    assert_eq!(ids(&store.list(&p, &query, NOW)), names[990..]);
}
