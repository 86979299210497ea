//! A server that runs, and what is asked of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_taskdex-serve");

/// How long anything may take that does not wait for a limit.
pub(crate) const PROMPT: Duration = Duration::from_secs(8);

/// A server, killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find_map(|(key, value)| (key == name).then_some(value))
    }
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--addr", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap().to_owned();
        Self { child, address }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(4 * PROMPT)).unwrap();
        stream
    }

    /// A connection on which something was sent.
    pub(crate) fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn begin(&self, method: &str, target: &str) -> TcpStream {
        self.send(&format!(
            "{method} {target} HTTP/1.1\r\nhost: taskdex\r\nconnection: close\r\n\r\n"
        ))
    }

    pub(crate) fn ask(&self, method: &str, target: &str) -> Answer {
        Answer::read(self.begin(method, target))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target)
    }

    /// Whether it still accepts.
    #[cfg(unix)]
    pub(crate) fn is_listening(&self) -> bool {
        TcpStream::connect(&self.address).is_ok()
    }

    /// Sends a signal by its name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let signal = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(signal.unwrap().success());
    }

    /// The exit status, which must come within a time.
    pub(crate) fn wait(&mut self, longest: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < longest, "it did not end");
            sleep(Duration::from_millis(10));
        }
    }

    /// All that it wrote to standard error, once it has ended.
    pub(crate) fn errors(&mut self) -> String {
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        errors
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PROMPT, "it did not come to that");
        sleep(Duration::from_millis(10));
    }
}
