//! What the examples share: arguments, lines, exit statuses.

#![allow(dead_code, reason = "each example uses its part")]

pub(crate) mod data;
pub(crate) mod facets;
pub(crate) mod progress;

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Read, StdoutLock, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// Why the arguments or the file were refused.
pub(crate) type Failure = Box<dyn Error>;

/// The documented exit status: 0; 1 where an input was refused; 2 where the
/// arguments or the file were.
pub(crate) fn exit_code(outcome: Result<bool, Failure>, usage: &str) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // A reader of the output may stop early: that is no failure of ours.
        Err(failure) if is_broken_pipe(&failure) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}\nusage: {usage}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(failure: &Failure) -> bool {
    failure
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The system clock: examples have one, the library has none.
pub(crate) fn system_now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// An argument that must be text.
pub(crate) fn text(argument: OsString) -> Result<String, Failure> {
    argument
        .into_string()
        .map_err(|argument| format!("not UTF-8: {}", argument.display()).into())
}

/// A whole file, or why it cannot be read.
pub(crate) fn read_file(path: &OsStr) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Answers each line, given without its line break as the bytes that it is.
///
/// Each answer is written before more input is waited for, and those of many lines at once. A byte
/// order mark is no part of the first line.
pub(crate) fn answer_lines(
    input: impl Read,
    answers: &mut Answers,
    mut answer: impl FnMut(&mut Answers, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    let mut is_first = true;
    while input.read_until(b'\n', &mut line)? > 0 {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mark = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first);
        answer(answers, mark.unwrap_or(text))?;
        if input.buffer().is_empty() {
            answers.out.flush()?;
        }
        line.clear();
        is_first = false;
    }
    Ok(())
}

/// The answers on standard output, one a line.
pub(crate) struct Answers {
    out: BufWriter<StdoutLock<'static>>,
    all_given: bool,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            all_given: true,
        }
    }

    /// Writes the body of an answer, or that of a refusal.
    pub(crate) fn give(
        &mut self,
        answer: Result<impl FnOnce(&mut Vec<u8>), taskdex::Error>,
    ) -> io::Result<()> {
        let mut body = Vec::new();
        let is_given = answer.is_ok();
        match answer {
            Ok(write) => write(&mut body),
            Err(error) => error.write_json(&mut body),
        }
        self.write(&body, is_given)
    }

    /// Writes a body that was made elsewhere: that of an answer, or of a refusal.
    pub(crate) fn write(&mut self, body: &[u8], is_given: bool) -> io::Result<()> {
        self.all_given &= is_given;
        self.out.write_all(body)?;
        self.out.write_all(b"\n")
    }

    /// Whether nothing was refused.
    pub(crate) fn finish(mut self) -> io::Result<bool> {
        self.out.flush()?;
        Ok(self.all_given)
    }
}
