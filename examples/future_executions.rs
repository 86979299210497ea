//! Previews when schedules would run.
//!
//! ```text
//! cargo run --release -p taskdex-examples --example future_executions -- \
//!     [--now RFC3339] [--count N] [--rfc3339] [FILE|-]
//! ```
//!
//! Each line of the file (or of standard input) is one JSON object with the
//! schedule fields of a record, and optionally `now` and `enable`. Each answer
//! is one line of JSON: the executions and the zone, or the documented error body.
//!
//! Exit status: 0; 1 where a line was refused; 2 where the arguments or the
//! file were.

mod support;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use lexopt::prelude::{Long, Short, Value};
use support::{Answers, Failure, answer_lines, read_file};
use taskdex::wire::{self, ExecutionFormat, FUTURE_EXECUTIONS_USUAL, FutureExecutions};

const USAGE: &str = "future_executions [--now RFC3339] [--count N] [--rfc3339] [FILE|-]";

struct Arguments {
    now: Option<DateTime<Utc>>,
    count: usize,
    format: ExecutionFormat,
    input: OsString,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

/// Whether every line was answered.
fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let now = arguments.now.unwrap_or_else(support::system_now);

    let mut answers = Answers::new();
    let answer = |answers: &mut Answers, line: &[u8]| {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        answers.give(FutureExecutions::from_json(line, now).map(|preview| {
            move |body: &mut Vec<u8>| preview.write_json(arguments.count, arguments.format, body)
        }))
    };
    if arguments.input == "-" {
        answer_lines(io::stdin().lock(), &mut answers, answer)?;
    } else {
        let lines = read_file(&arguments.input)?;
        answer_lines(lines.as_slice(), &mut answers, answer)?;
    }
    Ok(answers.finish()?)
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut now = None;
    let mut count = FUTURE_EXECUTIONS_USUAL;
    let mut format = ExecutionFormat::WallClock;
    let mut input = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("now") => now = Some(wire::parse_instant(&support::text(parser.value()?)?)?),
            Long("count") => {
                let text = support::text(parser.value()?)?;
                count = text
                    .parse()
                    .map_err(|error| format!("--count {text}: {error}"))?;
            }
            Long("rfc3339") => format = ExecutionFormat::Rfc3339,
            Short('h') | Long("help") => return Ok(None),
            Value(value) if input.is_none() => input = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Arguments {
        now,
        count,
        format,
        input: input.unwrap_or_else(|| "-".into()),
    }))
}
