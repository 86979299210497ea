//! The embedder's server from outside: clients, a crash, a scheduler, a replica.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// A server, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
    /// What it printed before its address.
    early: String,
    out: BufReader<ChildStdout>,
}

impl Server {
    fn start(role: [&str; 2]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_embedder"))
            .arg("127.0.0.1:0")
            .args(role)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        // What was missed while it was away is fired at once.
        let mut early = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some(address) = line.trim_end().strip_prefix("listening on http://") {
                break address.to_owned();
            }
            early += &line;
        };
        Self {
            child,
            address,
            early,
            out,
        }
    }

    /// The status, the entity tag and the body of an answer.
    fn ask(&self, method: &str, path: &str, condition: &str, body: &str) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{condition}content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: "));
        (
            head[9..12].parse().unwrap(),
            tag.unwrap_or_default().to_owned(),
            serde_json::from_str(body).unwrap_or_else(|_| body.into()),
        )
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "", "").2
    }

    /// SIGKILL.
    fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path that is deleted again.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("taskdex-embedder-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const TASKS: &str = "/v2/p%2Fq/scheduled-tasks";

fn task(id: &str, name: &str) -> String {
    json!({"id": id, "task_name": name, "task_type": "STOP", "scheduled_type": "DAY",
        "day_interval": 3, "scheduled_time": "02:00:00"})
    .to_string()
}

/// A task that executes two seconds from now, and what is printed then.
fn fixed(id: &str, now: DateTime<Utc>) -> (String, String) {
    let due = now + TimeDelta::seconds(2);
    let task = json!({"id": id, "task_name": id, "task_type": "START", "scheduled_type": "FIXED_TIME",
        "scheduled_date": due.format("%Y-%m-%d").to_string(),
        "scheduled_time": due.format("%H:%M:%S").to_string(), "time_zone": "UTC"});
    let instant = due.format("%Y-%m-%dT%H:%M:%S+00:00");
    (task.to_string(), format!("fired p/q {id} {instant}\n"))
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it did not come to that"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn clients_add_read_change_and_remove() {
    let log = File::new("clients");
    let server = Server::start(["log", log.path()]);
    let one = &format!("{TASKS}/t%2F1");
    let (status, added, body) = server.ask("POST", TASKS, "", &task("t/1", "one"));
    assert_eq!((status, &body["task_name"]), (201, &"one".into()));
    let (status, _, body) = server.ask("POST", TASKS, "", &task("t/1", "again"));
    assert_eq!((status, &body["error_code"]), (409, &"TDX.0016".into()));

    let (status, shown, _) = server.ask("GET", one, "", "");
    assert_eq!((status, &shown), (200, &added));
    let condition = format!("if-match: {added}\r\n");
    let (status, renamed, body) = server.ask("PUT", one, &condition, &task("t/1", "uno"));
    assert_eq!((status, &body["task_name"]), (200, &"uno".into()));
    assert_ne!(renamed, added);
    // Another client that saw the task as it was added is told so.
    let (status, _, body) = server.ask("PUT", one, &condition, &task("t/1", "eins"));
    assert_eq!(status, 412, "{body}");
    let (status, ..) = server.ask("DELETE", one, &condition, "");
    assert_eq!(status, 412);
    let (status, ..) = server.ask("PUT", one, "if-none-match: *\r\n", &task("t/1", "eins"));
    assert_eq!(status, 412);

    let page = server.get(&format!("{TASKS}?offset=0&limit=10"));
    assert_eq!(page["total_count"], 1);
    assert_eq!(page["scheduled_tasks"][0]["task_name"], "uno");

    let condition = format!("if-match: {renamed}\r\n");
    assert_eq!(server.ask("DELETE", one, &condition, "").0, 204);
    assert_eq!(server.ask("GET", one, "", "").0, 404);
    assert_eq!(server.ask("DELETE", one, "", "").0, 404);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let log = File::new("refused");
    let server = Server::start(["log", log.path()]);
    let misspelt = task("t-1", "one").replace("day_interval", "day-interval");
    for (method, path, condition, body, status) in [
        ("POST", TASKS, "", "{", 400),
        ("POST", TASKS, "", &misspelt, 400),
        (
            "POST",
            "/v2/%FF/scheduled-tasks",
            "",
            &task("t-1", "one"),
            400,
        ),
        ("PUT", &format!("{TASKS}/%FF"), "", &task("t-1", "one"), 400),
        ("PUT", &format!("{TASKS}/t-2"), "", &task("t-1", "one"), 400),
        (
            "PUT",
            &format!("{TASKS}/t-1"),
            "if-match: \"x\"\r\n",
            &task("t-1", "one"),
            400,
        ),
        ("GET", "/v2/p/changes?since=x", "", "", 400),
        ("GET", "/v2/p/export", "", "", 404),
    ] {
        let (answered, _, answer) = server.ask(method, path, condition, body);
        assert_eq!(answered, status, "{method} {path}: {answer}");
        assert!(answer["error_code"].is_string(), "{answer}");
    }
    assert_eq!(server.get("/projects"), json!([]));
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let log = File::new("crash");
    let server = Server::start(["log", log.path()]);
    for number in 0..20 {
        let (status, ..) = server.ask("POST", TASKS, "", &task(&format!("t-{number}"), "one"));
        assert_eq!(status, 201);
    }
    server.ask("DELETE", &format!("{TASKS}/t-3"), "", "");
    let export = server.get("/v2/p%2Fq/export");
    server.crash();

    // A line that was being written is not a change.
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&log.0)
        .unwrap();
    file.write_all(b"{\"change\":{\"proj").unwrap();
    drop(file);
    let server = Server::start(["log", log.path()]);
    assert_eq!(server.get("/v2/p%2Fq/export"), export);
    let (status, ..) = server.ask("POST", TASKS, "", &task("t-3", "again"));
    assert_eq!(status, 201);
    let export = server.get("/v2/p%2Fq/export");
    server.crash();
    let server = Server::start(["log", log.path()]);
    assert_eq!(server.get("/v2/p%2Fq/export"), export);
}

#[test]
fn a_task_is_fired_when_it_is_due_and_not_again_after_a_restart() {
    let log = File::new("firing");
    let mut server = Server::start(["log", log.path()]);
    let once = fixed("once", SystemTime::now().into());
    assert_eq!(server.ask("POST", TASKS, "", &once.0).0, 201);
    let mut line = String::new();
    server.out.read_line(&mut line).unwrap();
    assert_eq!(line, once.1);
    let path = format!("{TASKS}/once");
    wait_until(|| server.get(&path)["last_status"] == "SUCCESS");
    // How far it was fired is in the log, behind the status.
    let noted = || std::fs::read_to_string(&log.0).unwrap();
    wait_until(|| noted().lines().last().unwrap().contains("passed"));
    server.crash();

    let mut server = Server::start(["log", log.path()]);
    assert_eq!(server.get(&path)["last_status"], "SUCCESS");
    server.child.kill().unwrap();
    let mut rest = String::new();
    server.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn what_was_missed_while_the_server_was_away_is_fired_when_it_is_back() {
    let log = File::new("missed");
    let server = Server::start(["log", log.path()]);
    let once = fixed("once", SystemTime::now().into());
    assert_eq!(server.ask("POST", TASKS, "", &once.0).0, 201);
    server.crash();
    std::thread::sleep(Duration::from_secs(3));

    let mut server = Server::start(["log", log.path()]);
    wait_until(|| server.get(&format!("{TASKS}/once"))["last_status"] == "SUCCESS");
    server.child.kill().unwrap();
    let mut rest = String::new();
    server.out.read_to_string(&mut rest).unwrap();
    let fired = format!("{}{rest}", server.early);
    assert_eq!(fired, once.1);
}

#[test]
fn a_replica_follows_through_restarts_and_ends() {
    let log = File::new("replica");
    let server = Server::start(["log", log.path()]);
    server.ask("POST", TASKS, "", &task("t-1", "one"));
    let replica = Server::start(["follow", &server.address]);
    let export = "/v2/p%2Fq/export";
    let is_equal = || replica.get(export) == server.get(export);
    wait_until(is_equal);
    assert_eq!(replica.ask("POST", TASKS, "", &task("t-2", "two")).0, 500);

    for number in 2..30 {
        server.ask("POST", TASKS, "", &task(&format!("t-{number}"), "more"));
    }
    server.ask("DELETE", &format!("{TASKS}/t-7"), "", "");
    wait_until(is_equal);
    assert_eq!(
        replica.get(&format!("{TASKS}?offset=0&limit=50"))["total_count"],
        28
    );

    // The project ends, and begins again.
    for number in (1..30).filter(|&number| number != 7) {
        server.ask("DELETE", &format!("{TASKS}/t-{number}"), "", "");
    }
    wait_until(|| replica.get("/projects") == json!([]));
    server.ask("POST", TASKS, "", &task("t-1", "anew"));
    wait_until(|| server.get(export).is_string() && is_equal());
}
