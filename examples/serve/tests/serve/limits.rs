//! What one client may take of the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::server::{Answer, PROMPT, Server};

const LIST: &str = "/v2/default/scheduled-tasks?offset=0&limit=10";

/// How long a connection stays open, from here on.
fn time_to_end(mut stream: TcpStream) -> Duration {
    let started = Instant::now();
    // A connection may be reset rather than ended.
    let _ = stream.read_to_end(&mut Vec::new());
    started.elapsed()
}

#[test]
fn six_hundred_requests_that_never_arrive_are_given_up() {
    let server = Server::start(&["--timeout", "1"]);
    let sent = [
        "",
        "GET /v2/defa",
        "GET /health HTTP/1.1\r\nhost: taskdex\r\nx-long: ",
        // Answered, and then idle.
        "GET /health HTTP/1.1\r\nhost: taskdex\r\n\r\n",
        // Answered; and more of the body never comes.
        "GET /health HTTP/1.1\r\nhost: taskdex\r\ncontent-length: 1000000\r\n\r\nabc",
        "GET /health HTTP/1.1\r\nhost: taskdex\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc",
    ];
    let started = Instant::now();
    let streams: Vec<_> = (0..100)
        .flat_map(|_| sent)
        .map(|text| server.send(text))
        .collect();
    // Others are answered meanwhile.
    assert_eq!(server.get(LIST).status, 200);
    for stream in streams {
        time_to_end(stream);
    }
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(1), "cut off after {took:?}");
    assert!(took < PROMPT, "still there after {took:?}");
}

#[test]
fn a_head_that_arrives_byte_by_byte_has_no_more_time() {
    let server = Server::start(&["--timeout", "1"]);
    let mut slow = server.send("GET /health HTTP/1.1\r\nx: ");
    let started = Instant::now();
    while slow.write_all(b"x").is_ok() {
        assert!(started.elapsed() < PROMPT, "it is still read");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_body_is_not_waited_for() {
    let server = Server::start(&[]);
    let started = Instant::now();
    let half = format!("POST {LIST} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nhalf");
    assert_eq!(Answer::read(server.send(&half)).status, 405);
    let half = format!("GET {LIST} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nhalf");
    assert_eq!(Answer::read(server.send(&half)).status, 200);
    // The limit of ten seconds has nothing to do with it.
    assert!(started.elapsed() < PROMPT);
}

#[test]
fn answers_that_nobody_takes_are_given_up() {
    let server = Server::start(&["--timeout", "1"]);
    let mut stream = server.connect();
    stream.set_write_timeout(Some(2 * PROMPT)).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nhost: taskdex\r\n\r\n".repeat(1_000);
    let refused = (0..1_000).find_map(|_| stream.write_all(request.as_bytes()).err());
    let refused = refused.expect("forty megabytes of requests were taken");
    let is_timeout = refused.kind() == std::io::ErrorKind::WouldBlock;
    assert!(!is_timeout, "the server waits for ever");
}

#[test]
fn a_head_without_end_is_refused() {
    let server = Server::start(&[]);
    let long = "x".repeat(70_000);
    for head in [
        format!("GET /health?{long} HTTP/1.1\r\nhost: taskdex\r\n\r\n"),
        format!("GET /health HTTP/1.1\r\nhost: taskdex\r\nx: {long}\r\n\r\n"),
        format!("GET /health HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(1_000)),
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let status = String::from_utf8_lossy(answer.get(..12).unwrap_or_default()).into_owned();
        // A first line may be refused as such.
        assert!(
            matches!(status.as_str(), "HTTP/1.1 431" | "HTTP/1.1 414"),
            "{status}"
        );
    }
    // A long one that is short enough is answered: 255 characters of a name take 3,060 bytes.
    let name = "%F0%9F%98%80".repeat(255);
    let answer = server.get(&format!("{LIST}&task_name={name}"));
    assert_eq!(answer.status, 200);
}
