//! Puts the zone data of a folder in force, as most systems have one.
//!
//! ```text
//! cargo run --release -p taskdex-examples --example zoneinfo -- [--now RFC3339] FOLDER [QUESTION]
//! ```
//!
//! It prints the zones whose clocks show another time from `now` on than under the data that the
//! crate carries, each with the first instant. Where there is a question, one JSON object as
//! the example `future_executions` takes them, it is answered by the folder's data.
//!
//! Exit status: 0; 1 where the question was refused; 2 where the arguments or the folder were.

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use lexopt::prelude::{Long, Short, Value};
use support::{Answers, Failure};
use taskdex::schedule::ZoneData;
use taskdex::wire::{self, ExecutionFormat, FUTURE_EXECUTIONS_USUAL, FutureExecutions};

const USAGE: &str = "zoneinfo [--now RFC3339] FOLDER [QUESTION]";

/// Folders of the same zones in another form, and files that are no zone of their own.
const LEFT_OUT: [&str; 5] = ["posix", "right", "posixrules", "localtime", "Factory"];

struct Arguments {
    now: DateTime<Utc>,
    folder: PathBuf,
    question: Option<String>,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

/// Whether the question was answered.
fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let mut data = ZoneData::new(&version(&arguments.folder)?)?;
    add_folder(&mut data, &arguments.folder, "")?;
    println!(
        "{} zones of edition {}",
        data.names().count(),
        data.version()
    );
    for change in data.changes(arguments.now) {
        let from = change.from.map_or("a new name".to_owned(), |from| {
            format!("from {}", from.to_rfc3339_opts(SecondsFormat::Secs, true))
        });
        println!("{}: {from}", change.name);
    }
    // Before the first zone is used: the question reads one.
    data.put_in_force()?;

    let mut answers = Answers::new();
    if let Some(question) = arguments.question {
        let preview = FutureExecutions::from_json(question.as_bytes(), arguments.now);
        answers.give(preview.map(|preview| {
            move |body: &mut Vec<u8>| {
                preview.write_json(FUTURE_EXECUTIONS_USUAL, ExecutionFormat::Rfc3339, body);
            }
        }))?;
    }
    Ok(answers.finish()?)
}

/// The edition, which systems write beside the zones; else the name of the folder.
fn version(folder: &Path) -> Result<String, Failure> {
    if let Ok(text) = fs::read_to_string(folder.join("+VERSION")) {
        return Ok(text.trim().to_owned());
    }
    if let Ok(text) = fs::read_to_string(folder.join("tzdata.zi"))
        && let Some(version) = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# version "))
    {
        return Ok(version.trim().to_owned());
    }
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    support::text(name.to_owned())
}

/// Adds every TZif file below a folder, under its path as the name.
fn add_folder(data: &mut ZoneData, folder: &Path, prefix: &str) -> Result<(), Failure> {
    let shown = |error| format!("{}: {error}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(shown)? {
        entries.push(entry.map_err(shown)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            add_folder(data, &path, &format!("{name}/"))?;
        } else {
            let bytes = support::read_file(path.as_os_str())?;
            // Tables and lists lie beside the zones.
            if bytes.starts_with(b"TZif") {
                data.add(&name, &bytes)
                    .map_err(|error| match error.detail() {
                        Some(fault) => format!("{error}: {fault}"),
                        None => error.to_string(),
                    })?;
            }
        }
    }
    Ok(())
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut now = None;
    let mut values: Vec<OsString> = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("now") => now = Some(wire::parse_instant(&support::text(parser.value()?)?)?),
            Short('h') | Long("help") => return Ok(None),
            Value(value) if values.len() < 2 => values.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut values = values.into_iter();
    Ok(Some(Arguments {
        now: now.unwrap_or_else(support::system_now),
        folder: values.next().ok_or("a folder is needed")?.into(),
        question: values.next().map(support::text).transpose()?,
    }))
}
