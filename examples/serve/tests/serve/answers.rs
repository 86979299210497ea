//! Arguments, statuses, bodies.

use std::path::Path;

use serde_json::{Value, json};

use super::programs::{DATA, File, run};
use super::server::{PROGRAM, Server};

const LIST: &str = "/v2/default/scheduled-tasks";

#[test]
fn answers_with_the_documented_bodies() {
    const TRIGGERED: &str = concat!(
        r#"{"scheduled_tasks":[{"id":"b","task_name":"on 断开","task_type":"STOP","#,
        r#""scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","#,
        r#""enable":true,"priority":5}],"total_count":1}"#,
    );
    let file = File::of("serve.jsonl", DATA);
    let server = Server::start(&["--data", file.path()]);
    for (project, query, status, expected) in [
        (
            "default",
            "offset=0&limit=10&scheduled_type=LIFE_CYCLE",
            200,
            TRIGGERED,
        ),
        (
            "default",
            "offset=0&limit=10&scheduled_type=LIFE_CYCLE&task_name=%E6%96%AD",
            200,
            TRIGGERED,
        ),
        (
            "q",
            "offset=1&limit=10",
            200,
            r#"{"scheduled_tasks":[],"total_count":1}"#,
        ),
        (
            "nobody",
            "offset=0&limit=10",
            200,
            r#"{"scheduled_tasks":[],"total_count":0}"#,
        ),
        (
            "default",
            "limit=10",
            400,
            r#"{"error_code":"TDX.0001","error_msg":"missing: offset; accepted: a whole number from 0 up"}"#,
        ),
        (
            "default",
            "offset=0&limit=51",
            400,
            r#"{"error_code":"TDX.0004","error_msg":"number out of range: limit=`51`; accepted: a whole number from 0 to 50"}"#,
        ),
        (
            "default",
            "",
            400,
            r#"{"error_code":"TDX.0001","error_msg":"missing: offset; accepted: a whole number from 0 up"}"#,
        ),
    ] {
        let target = format!("/v2/{project}/scheduled-tasks?{query}");
        let answer = server.get(&target);
        assert_eq!(answer.body, expected, "{target}");
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("content-type"), Some("application/json"));

        let head = server.ask("HEAD", &target);
        assert_eq!((head.status, head.body.as_str()), (status, ""), "{target}");
        assert_eq!(
            head.header("content-length"),
            Some(expected.len().to_string().as_str())
        );
    }
}

#[test]
fn refuses_what_is_not_the_documented_call() {
    let server = Server::start(&[]);
    let long = "p".repeat(256);
    for (method, target, status, code) in [
        (
            "GET",
            "/v2/%ff/scheduled-tasks?offset=0&limit=10",
            400,
            "TDX.0007",
        ),
        (
            "GET",
            "/v2/%f/scheduled-tasks?offset=0&limit=10",
            400,
            "TDX.0007",
        ),
        (
            "GET",
            &format!("/v2/{long}/scheduled-tasks?offset=0&limit=10"),
            400,
            "TDX.0006",
        ),
        (
            "GET",
            &format!("{LIST}?offset=0&limit=10&task_name=%ff"),
            400,
            "TDX.0007",
        ),
        ("GET", "/v2/default/tasks", 404, "SRV.0404"),
        (
            "GET",
            "/v2/p/q/scheduled-tasks?offset=0&limit=10",
            404,
            "SRV.0404",
        ),
        (
            "GET",
            "/v2//scheduled-tasks?offset=0&limit=10",
            400,
            "TDX.0006",
        ),
        ("POST", LIST, 405, "SRV.0405"),
        ("DELETE", "/health", 405, "SRV.0405"),
    ] {
        let answer = server.ask(method, target);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, status, "{method} {target}");
        assert_eq!(body["error_code"], code, "{method} {target}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let allowed = answer.header("allow");
        assert_eq!(allowed, (status == 405).then_some("GET,HEAD"), "{target}");
    }
    let refused = server.ask("POST", LIST);
    assert_eq!(
        refused.body,
        r#"{"error_code":"SRV.0405","error_msg":"the page has no such method","error_detail":"POST /v2/default/scheduled-tasks"}"#,
    );
}

#[test]
fn projects_are_read_from_the_path_as_they_were_sent() {
    let line = |project: &str, id: &str| {
        json!({"id": id, "task_name": id, "task_type": "STOP", "scheduled_type": "DAY", "project_id": project})
            .to_string()
    };
    let records = [
        line("p/q", "slash"),
        line("空 间", "space"),
        line("a+b", "plus"),
    ]
    .join("\n");
    let file = File::of("projects.jsonl", records);
    let server = Server::start(&["--data", file.path()]);
    for (segment, id) in [
        ("p%2Fq", "slash"),
        ("p%2fq", "slash"),
        ("%E7%A9%BA%20%E9%97%B4", "space"),
        ("a+b", "plus"),
        ("a%2Bb", "plus"),
    ] {
        let answer = server.get(&format!("/v2/{segment}/scheduled-tasks?offset=0&limit=9"));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["scheduled_tasks"][0]["id"], id, "{segment}");
    }
}

#[test]
fn metrics_tell_what_was_answered_and_what_is_there() {
    let file = File::of("metrics.jsonl", DATA);
    let server = Server::start(&["--data", file.path()]);
    for target in [
        &format!("{LIST}?offset=0&limit=10"),
        &format!("{LIST}?offset=0&limit=10&task_name=night"),
        LIST,
        "/nowhere",
    ] {
        server.get(target);
    }
    let answer = server.get("/metrics");
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(content_type));
    let lines: Vec<&str> = answer.body.lines().collect();
    for line in [
        "# TYPE taskdex_tasks gauge",
        "taskdex_ready 1",
        "taskdex_projects 2",
        "taskdex_tasks 3",
        r#"taskdex_memory_bytes{part="lists"} 0"#,
        r#"taskdex_requests_total{status="200"} 2"#,
        r#"taskdex_requests_total{status="400"} 1"#,
        r#"taskdex_requests_total{status="404"} 1"#,
        "# TYPE taskdex_listing_seconds histogram",
        r#"taskdex_listing_seconds_bucket{le="+Inf"} 3"#,
        "taskdex_listing_seconds_count 3",
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{}", answer.body);
    }
    // A sample is a name, labels without line breaks, and a number.
    for line in lines.iter().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("taskdex_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn refuses_bad_arguments() {
    let bad = File::of("serve-bad.jsonl", "{}");
    for arguments in [
        &["--addr", "nowhere"][..],
        &["--port", "80"],
        &["--timeout", "0"],
        &["--timeout", "soon"],
        &["--data", bad.path()],
        &["--data", "/nowhere/at/all"],
        &["offset=0&limit=10"],
    ] {
        let arguments = [&["--addr", "127.0.0.1:0"], arguments].concat();
        let ran = run(Path::new(PROGRAM), &arguments, b"");
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("usage: taskdex-serve"), "{}", ran.err);
    }
}
