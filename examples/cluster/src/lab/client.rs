//! A client of the nodes: as much HTTP as they answer with.

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to one node, which is opened again after a failure.
pub(crate) struct Client {
    /// `http://127.0.0.1:8080`
    pub(crate) address: String,
    stream: Option<BufReader<TcpStream>>,
    patience: Duration,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            stream: None,
            patience: Duration::from_secs(15),
        }
    }

    /// A client that takes a node for dead which does not answer in this time.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn get(&mut self, target: &str, at_least: u64) -> io::Result<Answer> {
        self.ask("GET", target, at_least, b"")
    }

    pub(crate) fn post(&mut self, target: &str, body: &[u8]) -> io::Result<Answer> {
        self.ask("POST", target, 0, body)
    }

    fn ask(
        &mut self,
        method: &str,
        target: &str,
        at_least: u64,
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: taskdex\r\ntaskdex-at-least: {at_least}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream
            .get_mut()
            .write_all(&[head.as_bytes(), body].concat())?;
        let answer = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let address = self.address.trim_start_matches("http://");
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.patience))?;
        Ok(BufReader::new(stream))
    }
}

fn read_answer(stream: &mut impl BufRead) -> io::Result<Answer> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
    let mut answer = Answer {
        status: status.ok_or_else(invalid)?,
        location: None,
        body: Vec::new(),
    };
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().map_err(|_| invalid())?,
            Some(("location", value)) => answer.location = Some(value.to_owned()),
            Some(_) => {}
            None => break,
        }
    }
    answer.body.resize(length, 0);
    stream.read_exact(&mut answer.body)?;
    Ok(answer)
}
