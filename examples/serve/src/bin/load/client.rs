//! The side that asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Failure;

/// What was measured.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Half of the requests were answered within this time.
    pub(crate) half: Duration,
    /// So were 99 of 100.
    pub(crate) most: Duration,
}

/// What an answer says that every server must say alike.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Answer {
    #[serde(rename = "total_count")]
    pub(crate) total: u64,
    scheduled_tasks: Vec<Listed>,
}

/// All that does not depend on the time of the request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Listed {
    id: String,
    task_name: String,
    last_status: Option<String>,
    description: Option<String>,
}

/// A connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Client {
    fn connect(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            line: String::new(),
            body: Vec::new(),
        })
    }

    /// Asks, and reads the whole answer.
    fn ask(&mut self, target: &str) -> Result<&[u8], Failure> {
        let request = format!("GET {target} HTTP/1.1\r\nhost: taskdex\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line)? == 0 {
                return Err("the connection ended".into());
            }
            let line = self.line.trim_end();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse()?;
            } else if line.starts_with("HTTP/1.1") && !line.contains(" 200 ") {
                return Err(format!("{target}: {line}").into());
            } else if line.is_empty() {
                break;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(&self.body)
    }
}

/// One answer.
pub(crate) fn answer(address: &str, target: &str) -> Result<Answer, Failure> {
    let mut client = Client::connect(address)?;
    Ok(serde_json::from_slice(client.ask(target)?)?)
}

/// Asks for all targets in turn, from several clients at once, for some time.
pub(crate) fn measure(
    address: &str,
    targets: &[String],
    clients: usize,
    time: Duration,
) -> Result<Measured, Failure> {
    let ask_all = |first: usize| -> Result<Vec<Duration>, Failure> {
        let mut client = Client::connect(address)?;
        let mut took = Vec::new();
        let started = Instant::now();
        // Each client begins elsewhere.
        for target in targets.iter().cycle().skip(first * targets.len() / clients) {
            let begun = Instant::now();
            if begun - started >= time {
                break;
            }
            client.ask(target)?;
            took.push(begun.elapsed());
        }
        Ok(took)
    };
    let took: Result<Vec<_>, Failure> = thread::scope(|scope| {
        let started: Vec<_> = (0..clients)
            .map(|client| scope.spawn(move || ask_all(client)))
            .collect();
        let ended = started.into_iter().map(thread::ScopedJoinHandle::join);
        let ended = ended.map(|it| it.map_err(|_| Failure::from("a client panicked"))?);
        ended.collect()
    });
    let mut took = took?.concat();
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).copied();
    let (half, most) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let rate = took.len() as f64 / time.as_secs_f64();
    Ok(Measured { rate, half, most })
}
