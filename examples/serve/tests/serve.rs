//! The server from outside: arguments, status codes, bodies.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../tests/it/examples/programs.rs"]
mod programs;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use programs::{DATA, File, run};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_taskdex-serve");

/// A server, stopped when it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &str) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--addr", "127.0.0.1:0", "--data", data])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap().to_owned();
        Self { child, address }
    }

    /// The status, the content type and the body of an answer.
    fn ask(&self, method: &str, target: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nhost: taskdex\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let content_type = head
            .lines()
            .find_map(|line| line.strip_prefix("content-type: "))
            .unwrap_or_default();
        (status, content_type.to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn answers_with_the_documented_bodies() {
    const TRIGGERED: &str = concat!(
        r#"{"scheduled_tasks":[{"id":"b","task_name":"on 断开","task_type":"STOP","#,
        r#""scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","#,
        r#""enable":true,"priority":5}],"total_count":1}"#,
    );
    let file = File::of("serve.jsonl", DATA);
    let server = Server::start(file.path());
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
        let (answered, content_type, body) = server.ask("GET", &target);
        assert_eq!(body, expected, "{target}");
        assert_eq!(answered, status, "{target}");
        assert_eq!(content_type, "application/json");
    }
}

#[test]
fn refuses_what_is_not_the_documented_call() {
    let file = File::of("serve-refused.jsonl", DATA);
    let server = Server::start(file.path());
    let query = "offset=0&limit=10";
    let (status, _, body) = server.ask("GET", &format!("/v2/%ff/scheduled-tasks?{query}"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error_code"]), (400, &"TDX.0007".into()));
    let long = "p".repeat(256);
    let (status, _, body) = server.ask("GET", &format!("/v2/{long}/scheduled-tasks?{query}"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error_code"]), (400, &"TDX.0006".into()));
    assert_eq!(server.ask("GET", "/v2/default/tasks").0, 404);
    assert_eq!(server.ask("POST", "/v2/default/scheduled-tasks").0, 405);
}

#[test]
fn refuses_bad_arguments() {
    let bad = File::of("serve-bad.jsonl", "{}");
    for arguments in [
        &["--addr", "nowhere"][..],
        &["--port", "80"],
        &["--data", bad.path()],
        &["offset=0&limit=10"],
    ] {
        let ran = run(Path::new(PROGRAM), arguments, b"");
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("usage: taskdex-serve"), "{}", ran.err);
    }
}
