//! The runnable examples from outside: arguments, output, exit status.

mod programs;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use programs::{DATA, File, Ran};

/// The program of an example, in the build that this test belongs to.
fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(build_examples)
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// The folder of the examples' programs. They are built here, as `cargo test --test it` builds none.
fn build_examples() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // The test's own program lies in `<target>/<profile>/deps`.
    let folder = test.ancestors().nth(2).unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "test",
        name => name,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--examples"])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.unwrap().success(), "the examples do not compile");
    folder.join("examples")
}

fn run(name: &str, arguments: &[&str], input: &[u8]) -> Ran {
    programs::run(&program(name), arguments, input)
}

fn list(arguments: &[&str], input: &str) -> Ran {
    run("list", arguments, input.as_bytes())
}

const NOW: &str = "2026-12-01T00:00:00Z";

#[test]
fn list_prints_the_documented_body_on_one_line() {
    let file = File::of("body.jsonl", DATA);
    let ran = list(
        &["--data", file.path(), "--now", NOW, "offset=0&limit=10"],
        "",
    );
    assert_eq!(ran.err, "");
    assert_eq!(
        ran.out,
        concat!(
            r#"{"scheduled_tasks":[{"id":"a","task_name":"nightly","task_type":"REBOOT","scheduled_type":"DAY","#,
            r#""next_execution_time":"2026-12-01 02:00:00","enable":true,"time_zone":"UTC"}],"total_count":1}"#,
            "\n"
        ),
    );
    assert_eq!(ran.status, 0);

    // The instant is that of adding, too: ten days from then.
    let later = list(
        &[
            "--data",
            file.path(),
            "--now",
            "2026-12-01T02:00:00.000000001+00:00",
        ],
        "",
    );
    assert_eq!(
        later.lines()[0]["scheduled_tasks"][0]["next_execution_time"],
        "2026-12-11 02:00:00"
    );

    let query = "offset=0&limit=10&scheduled_type=LIFE_CYCLE&task_name=%E6%96%AD";
    let ran = list(
        &[
            "--now",
            "2026-12-01t08:00:00+08:00",
            "--data",
            file.path(),
            query,
        ],
        "",
    );
    assert_eq!(ran.lines()[0]["scheduled_tasks"][0]["id"], "b");

    for (project, count) in [("default", 1), ("q", 1), ("nowhere", 0)] {
        let ran = list(&["--data", file.path(), "--project", project], "");
        assert_eq!(
            (ran.status, &ran.lines()[0]["total_count"]),
            (0, &count.into()),
            "{project}"
        );
    }
}

#[test]
fn list_has_defaults_for_everything() {
    let ran = list(&[], "not read");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let lines = ran.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["scheduled_tasks"].as_array().unwrap().len(), 10);
    assert!(lines[0]["total_count"].as_u64().unwrap() >= 10);
    let same = list(&["offset=0&limit=10"], "");
    assert_eq!(same.lines()[0]["total_count"], lines[0]["total_count"]);
}

#[test]
fn list_reads_a_query_a_line_from_standard_input() {
    let file = File::of("queries.jsonl", DATA);
    let arguments = ["--data", file.path(), "--now", NOW, "-"];
    let ran = list(
        &arguments,
        "offset=0&limit=0\r\noffset=0&limit=10&scheduled_type=LIFE_CYCLE\n\nlimit=1\noffset=0&limit=1",
    );
    let lines = ran.lines();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[0].to_string(),
        r#"{"scheduled_tasks":[],"total_count":1}"#
    );
    assert_eq!(lines[1]["scheduled_tasks"][0]["id"], "b");
    // The empty line is a query without its mandatory parameters.
    assert_eq!(lines[2]["error_code"], "TDX.0001");
    assert_eq!(lines[3]["error_code"], "TDX.0001");
    assert!(lines[3]["error_msg"].as_str().unwrap().contains("offset"));
    assert_eq!(lines[4]["scheduled_tasks"][0]["id"], "a");
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));

    let ran = list(&arguments, "offset=0&limit=1\n");
    assert_eq!((ran.status, ran.lines().len()), (0, 1));
    let ran = list(&arguments, "");
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));

    // A line that is no UTF-8 is a refused query like any other.
    let ran = run(
        "list",
        &arguments,
        b"offset=0&limit=1&task_name=\xff\noffset=0&limit=1&\xff=1\n",
    );
    let lines = ran.lines();
    assert_eq!(
        (ran.status, &lines[0]["error_code"]),
        (1, &"TDX.0007".into())
    );
    assert_eq!(lines[1]["total_count"], 1);
}

#[test]
fn list_exits_with_1_where_the_query_is_refused() {
    for query in [
        "",
        "limit=10",
        "offset=0&limit=51",
        "offset=0&limit=10&task_type=start",
    ] {
        let ran = list(&[query], "");
        assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{query}");
        assert_eq!(ran.out.lines().count(), 1);
        assert!(
            ran.lines()[0]["error_code"]
                .as_str()
                .unwrap()
                .starts_with("TDX.")
        );
    }
}

#[test]
fn list_exits_with_2_where_the_arguments_are_refused() {
    for arguments in [
        &["--now", "yesterday"][..],
        &["--now", "2026-12-01 00:00:00Z"],
        &["--now", "2026-12-01T00:00:60Z"],
        &["--now", "2026-12-01T00:00:00"],
        &["--now", "2026-12-01T00:00:00.1234567890Z"],
        &["--now"],
        &["--project", ""],
        &["--data", "/nowhere/at/all.jsonl"],
        &["--data"],
        &["--unknown"],
        &["-x"],
        &["offset=0&limit=1", "offset=0&limit=1"],
    ] {
        let ran = list(arguments, "");
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
    }
    let long = "p".repeat(256);
    assert_eq!(list(&["--project", &long], "").status, 2);
    assert_eq!(list(&["--project", &long[..255]], "").status, 0);
}

#[test]
fn list_names_the_bad_line_and_loads_nothing() {
    let mut data = DATA.to_owned();
    data.push_str("{\"id\":\"d\"}\r\n");
    let file = File::of("bad.jsonl", &data);
    let ran = list(&["--data", file.path(), "--now", NOW], "");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("line 5"), "{}", ran.err);
    assert!(ran.err.contains("task_name"), "{}", ran.err);

    let file = File::of("latin.jsonl", b"\n{\"id\":\"\xe9\"}\n");
    let ran = list(&["--data", file.path()], "");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("line 2"), "{}", ran.err);
}

#[test]
fn list_takes_a_document_and_an_empty_file() {
    let file = File::of(
        "document.json",
        "\u{feff}{\n \"scheduled_tasks\": [ {\"id\":\"t\",\"task_name\":\"n\",\"task_type\":\"STOP\",\n\"scheduled_type\":\"DAY\",\"next_execution_time\":\"2022-12-23 09:00:00 GMT\"} ],\n \"total_count\": 10 }\n",
    );
    let ran = list(&["--data", file.path()], "");
    assert_eq!(
        ran.out,
        "{\"scheduled_tasks\":[{\"id\":\"t\",\"task_name\":\"n\",\"task_type\":\"STOP\",\"scheduled_type\":\"DAY\",\"next_execution_time\":\"2022-12-23 09:00:00 GMT\",\"enable\":true}],\"total_count\":1}\n",
    );
    let file = File::of("empty.jsonl", "");
    let ran = list(&["--data", file.path()], "");
    assert_eq!(
        (ran.status, ran.out.as_str()),
        (0, "{\"scheduled_tasks\":[],\"total_count\":0}\n")
    );
}

#[test]
fn future_executions_answers_each_line() {
    let lines = [
        r#"{"scheduled_type":"DAY","day_interval":1,"scheduled_time":"02:30:00","time_zone":"America/New_York","now":"2026-03-07T12:00:00Z"}"#,
        r#"{"scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED"}"#,
        r#"{"scheduled_type":"WEEK","week_list":"1","scheduled_time":"02:30:00","enable":false,"time_zone":"Z"}"#,
        r#"{"scheduled_type":"WEEK"}"#,
        r#"{"scheduled_type":"FIXED_TIME","scheduled_date":"2026-12-02","scheduled_time":"00:00:00","time_zone":"UTC"}"#,
    ];
    let ran = run(
        "future_executions",
        &["--now", NOW, "--count", "2"],
        lines.join("\n").as_bytes(),
    );
    let answers: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        answers[..3],
        [
            r#"{"future_executions":["2026-03-08 03:30:00","2026-03-09 02:30:00"],"time_zone":"America/New_York"}"#,
            r#"{"future_executions":[],"time_zone":"Asia/Shanghai"}"#,
            r#"{"future_executions":[],"time_zone":"Z"}"#,
        ],
    );
    assert_eq!(ran.lines()[3]["error_code"], "TDX.0010");
    assert_eq!(
        answers[4],
        r#"{"future_executions":["2026-12-02 00:00:00"],"time_zone":"UTC"}"#
    );
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));

    let preview = r#"{"scheduled_type":"DAY","day_interval":1,"scheduled_time":"01:30:00","time_zone":"America/New_York"}"#;
    let file = File::of("previews.jsonl", preview);
    let ran = run(
        "future_executions",
        &["--rfc3339", "--now", "2026-10-31T12:00:00Z", file.path()],
        b"",
    );
    assert_eq!(
        ran.out,
        "{\"future_executions\":[\"2026-11-01T01:30:00-04:00\",\"2026-11-02T01:30:00-05:00\",\"2026-11-03T01:30:00-05:00\",\
         \"2026-11-04T01:30:00-05:00\",\"2026-11-05T01:30:00-05:00\"],\"time_zone\":\"America/New_York\"}\n",
    );
    assert_eq!(ran.status, 0);
    for arguments in [
        &["--count", "x"][..],
        &["--count", "-1"],
        &["--now", "x"],
        &["/nowhere/at/all"],
    ] {
        assert_eq!(
            run("future_executions", arguments, b"").status,
            2,
            "{arguments:?}"
        );
    }
}

#[test]
fn who_waits_for_an_answer_gets_it_before_the_next_line() {
    for (name, arguments, question) in [
        ("list", &["--now", NOW, "-"][..], "offset=0&limit=1\n"),
        (
            "future_executions",
            &["--now", NOW],
            "{\"scheduled_type\":\"WEEK\",\"week_list\":\"1\",\"scheduled_time\":\"02:30:00\"}\n",
        ),
    ] {
        let mut child = Command::new(program(name))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut questions = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (answered, is_answered) = mpsc::channel();
        let reader = thread::spawn(move || {
            for _ in 0..2 {
                let mut answer = String::new();
                answers.read_line(&mut answer).unwrap();
                answered.send(answer).unwrap();
            }
        });
        // A byte order mark is no part of the first line.
        for mark in ["\u{feff}", ""] {
            write!(questions, "{mark}{question}").unwrap();
            // Long enough for any machine; without it, a program that waits would hang the tests.
            let answer = is_answered.recv_timeout(Duration::from_mins(1));
            let answer = answer.unwrap_or_default();
            if !answer.contains("\"scheduled_tasks\":[") && !answer.contains("_executions\":[") {
                child.kill().unwrap();
                panic!("{name} answers {answer:?}");
            }
        }
        drop(questions);
        reader.join().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
    }
}

/// Pages that the live service writes, from the command line.
#[test]
fn list_takes_pages_of_today_and_names_what_it_cannot_read() {
    let ran = |page: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cases");
        let file = format!("{folder}/{page}");
        list(&["--now", NOW, "--data", &file, "offset=0&limit=10"], "")
    };
    for (page, total, time) in [
        ("page-with-expire-time.json", 1, "2026-12-02 02:00:00"),
        (
            "page-with-another-offset.json",
            1,
            "2026-12-02 02:00:00 GMT+09:00",
        ),
        ("page-with-null-list.json", 0, ""),
    ] {
        let ran = ran(page);
        assert_eq!((ran.status, &*ran.err), (0, ""), "{page}");
        let body = &ran.lines()[0];
        assert_eq!(body["total_count"], total, "{page}");
        let shown = body["scheduled_tasks"][0]["next_execution_time"].as_str();
        assert_eq!(shown.unwrap_or_default(), time, "{page}");
    }
    let ran = ran("page-with-unknown-type.json");
    assert_eq!((ran.status, &*ran.out), (2, ""));
    let said = "line 1: unknown value: task_type=`DELETE_BLACK_ECS`";
    assert!(ran.err.contains(said), "{}", ran.err);
}

/// The answers of the shell to these lines.
fn shell(lines: &[&str]) -> (Vec<Value>, i32) {
    let ran = run("shell", &[], lines.join("\n").as_bytes());
    assert_eq!(ran.err, "");
    (ran.lines(), ran.status)
}

const SHELL_DAILY: &str = r#"{"id":"a","task_name":"x","task_type":"STOP","scheduled_type":"DAY","day_interval":3,"scheduled_time":"02:00:00","time_zone":"UTC"}"#;

#[test]
fn the_shell_applies_batches_and_shows_the_full_record() {
    let add = format!(
        r#"{{"do":"apply","now":"2026-12-01T00:00:00Z","edits":[{{"add":{SHELL_DAILY}}}]}}"#
    );
    let (answers, status) = shell(&[
        &add,
        r#"{"do":"get","id":"a"}"#,
        r#"{"do":"apply","edits":[{"set_enabled":{"id":"a","enable":true}}]}"#,
        r#"{"do":"apply","edits":[{"remove":{"id":"a"},"expect":1},{"remove":{"id":"a"}}]}"#,
        "  ",
        r#"{"do":"list","order":"next_execution","more":1}"#,
        r#"{"do":"changes","since":0}"#,
    ]);
    assert_eq!(status, 1);
    assert_eq!(answers[0]["revision"], 1);
    assert_eq!(answers[1]["next_execution"], "2026-12-01T02:00:00+00:00");
    assert_eq!(answers[1]["task"]["start_date"], "2026-12-01");
    assert_eq!(answers[1]["task"]["version"], 1);
    // Nothing changed, and a refused batch changes nothing.
    assert_eq!(answers[2]["revision"], 1);
    assert_eq!(
        (&answers[3]["error_code"], &answers[3]["position"]),
        (&"TDX.0017".into(), &1.into())
    );
    assert_eq!(answers[4]["error_code"], "TDX.0031");
    assert_eq!(
        (&answers[5]["to"], &answers[5]["puts"][0]["id"]),
        (&1.into(), &"a".into())
    );
}

/// A refused export once named no line, though the library does: the shell passed the bare error on.
#[test]
fn the_shell_names_the_line_of_a_damaged_export() {
    let header =
        r#"{"taskdex_export":1,"project_id":"d","revision":1,"next_sequence":3,"count":1}"#;
    let export = Value::from(format!("{header}\n{SHELL_DAILY}\n")).to_string();
    let (answers, status) = shell(&[
        &format!(r#"{{"do":"restore","export":{export}}}"#),
        r#"{"do":"projects"}"#,
    ]);
    assert_eq!(status, 1);
    assert_eq!(answers[0]["error_code"], "TDX.0001");
    assert_eq!(answers[0]["error_detail"], "line 2");
    assert_eq!(answers[1].to_string(), r#"{"projects":[]}"#);
}

#[test]
fn the_shell_takes_what_is_due() {
    let add = format!(
        r#"{{"do":"apply","now":"2026-12-01T00:00:00Z","edits":[{{"add":{SHELL_DAILY}}}]}}"#
    );
    let (answers, status) = shell(&[
        r#"{"do":"take_due","limit":1,"now":"2026-12-01T00:00:00Z"}"#,
        r#"{"do":"watch_due","passed":"2026-12-01T00:00:00Z"}"#,
        &add,
        r#"{"do":"next_wakeup"}"#,
        r#"{"do":"take_due","limit":5,"now":"2026-12-05T00:00:00Z"}"#,
        r#"{"do":"forecast","from":"2026-12-01T00:00:00Z","to":"2026-12-05T00:00:00Z","step_seconds":172800}"#,
    ]);
    assert_eq!((status, &answers[0]["error_code"]), (1, &"TDX.0040".into()));
    assert_eq!(answers[1].to_string(), r#"{"next_wakeup":null}"#);
    assert_eq!(answers[3]["next_wakeup"], "2026-12-01T02:00:00Z");
    let due = &answers[4]["due"][0];
    assert_eq!(due["execution"], "2026-12-04T02:00:00+00:00");
    assert_eq!(due["first_missed"], "2026-12-01T02:00:00+00:00");
    assert_eq!(answers[4]["passed"], "2026-12-05T00:00:00Z");
    assert_eq!(answers[5].to_string(), r#"{"counts":[1,1]}"#);
}

/// Each of the two tasks runs once an hour: before the crash, in the outage, and after it.
#[test]
fn scheduler_hands_on_each_execution_through_a_crash_and_a_restart() {
    let mut data = String::new();
    for (id, hour, minute) in (8..12).flat_map(|hour| [("a", hour, 10), ("b", hour, 20)]) {
        data += &format!(
            concat!(
                r#"{{"id":"{}-{}","task_name":"{}","task_type":"STOP","scheduled_type":"FIXED_TIME","#,
                r#""scheduled_date":"2026-12-01","scheduled_time":"{:02}:{:02}:00","time_zone":"UTC"}}"#,
                "\n"
            ),
            id, hour, id, hour, minute
        );
    }
    let file = File::of("scheduler.jsonl", data);
    let ran = run(
        "scheduler",
        &[
            "--data",
            file.path(),
            "--now",
            "2026-12-01T08:00:00Z",
            "--hours",
            "4",
            "--speed",
            "20000",
        ],
        b"",
    );
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    let of_executions = |again: bool| {
        lines
            .iter()
            .filter(|line| line.contains(" default "))
            .filter(|line| line.ends_with("(done before)") == again)
            .map(|line| line.split(' ').nth(2).unwrap())
            .collect::<Vec<_>>()
    };
    let all = ["a-8", "b-8", "a-9", "b-9", "a-10", "b-10", "a-11", "b-11"];
    assert_eq!(of_executions(false), all);
    assert!(of_executions(true).contains(&"a-10"), "{}", ran.out);
    let position = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
    assert!(position("crash") < position("restart"));
    assert!(lines.last().unwrap().contains("end: 8 executions"));

    for refused in [&["--speed", "0"][..], &["--hours", "x"], &["--what"]] {
        let ran = run("scheduler", refused, b"");
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{refused:?}");
    }
}

/// The lines of the blocks of JSON of a page, block by block.
fn json_blocks(page: &str) -> Vec<Vec<&str>> {
    let blocks = page.split("\n```json\n").skip(1);
    let ends = blocks.filter_map(|rest| rest.split("\n```").next());
    ends.map(|block| block.lines().collect()).collect()
}

#[test]
fn the_shell_answers_the_lines_of_the_first_hour_as_the_page_shows() {
    let blocks = json_blocks(include_str!("../../docs/first-hour.md"));
    let [calls, answers] = &blocks[..] else {
        panic!("{} blocks", blocks.len());
    };
    let ran = run("shell", &[], calls.join("\n").as_bytes());
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), *answers);
}
