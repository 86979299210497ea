//! Answers queries of the documented listing over a file of records.
//!
//! ```text
//! cargo run --release -p taskdex-examples --example list -- [--data FILE] [--now RFC3339] [--project ID] [QUERY]
//! ```
//!
//! `QUERY` is the query string (default `offset=0&limit=10`); `-` reads one a
//! line from standard input. Each answer is one line of JSON: the documented
//! body, or the documented error body.
//!
//! Exit status: 0; 1 where a query was refused; 2 where the arguments or the
//! file were.

mod support;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use lexopt::prelude::{Long, Short, Value};
use support::data::load;
use support::{Answers, Failure, answer_lines};
use taskdex::{ListQuery, ProjectId, wire};

const USAGE: &str = "list [--data FILE] [--now RFC3339] [--project ID] [QUERY|-]";

struct Arguments {
    data: Option<OsString>,
    now: Option<DateTime<Utc>>,
    project: ProjectId,
    query: OsString,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

/// Whether every query was answered.
fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let now = arguments.now.unwrap_or_else(support::system_now);
    let store = load(arguments.data.as_deref(), now)?;

    let mut answers = Answers::new();
    let answer = |answers: &mut Answers, query: &[u8]| {
        answers.give(ListQuery::from_query_string(query).map(|query| {
            let page = store.list(&arguments.project, &query, now);
            move |body: &mut Vec<u8>| page.write_json(body)
        }))
    };
    if arguments.query == "-" {
        answer_lines(io::stdin().lock(), &mut answers, answer)?;
    } else {
        answer(&mut answers, arguments.query.as_encoded_bytes())?;
    }
    Ok(answers.finish()?)
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut data = None;
    let mut now = None;
    let mut project = ProjectId::new("default")?;
    let mut query = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("data") => data = Some(parser.value()?),
            Long("now") => now = Some(wire::parse_instant(&support::text(parser.value()?)?)?),
            Long("project") => project = ProjectId::new(support::text(parser.value()?)?)?,
            Short('h') | Long("help") => return Ok(None),
            Value(value) if query.is_none() => query = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Arguments {
        data,
        now,
        project,
        query: query.unwrap_or_else(|| "offset=0&limit=10".into()),
    }))
}
