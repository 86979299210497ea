//! SIGINT and SIGTERM.

use std::io::{Read, Write};
use std::time::Duration;

use super::server::Server;

#[test]
fn a_signal_ends_it_with_status_0_whatever_connections_are_open() {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start(&[]);
        let mut idle = server.send("GET /health HTTP/1.1\r\nhost: taskdex\r\n\r\n");
        // It is idle once it has answered.
        let mut first = [0];
        idle.read_exact(&mut first).unwrap();
        let half_sent = server.send("GET /health HTTP/1.1\r\nho");
        let silent = server.connect();

        server.signal(signal);
        // The limit of ten seconds is not waited for.
        let status = server.wait(Duration::from_secs(5));
        assert_eq!(status.code(), Some(0), "SIG{signal}");
        assert_eq!(server.errors(), "");
        drop((idle, half_sent, silent));
    }
}

#[test]
fn connections_that_are_used_over_and_over_end_with_an_answer() {
    let mut server = Server::start(&[]);
    let mut stream = server.connect();
    let mut answered = Vec::new();
    let mut answer = [0; 4_096];
    for round in 0.. {
        if round == 20 {
            server.signal("TERM");
        }
        let sent = stream.write_all(b"GET /health HTTP/1.1\r\nhost: taskdex\r\n\r\n");
        let read = sent.and_then(|()| stream.read(&mut answer)).unwrap_or(0);
        if read == 0 {
            break;
        }
        answered.extend_from_slice(&answer[..read]);
    }
    let text = String::from_utf8(answered).unwrap();
    assert!(text.matches("HTTP/1.1 200").count() >= 20);
    // No answer is cut.
    assert!(text.ends_with('}'), "{text}");
    assert_eq!(server.wait(Duration::from_secs(5)).code(), Some(0));
}
