//! A store on a command line: one call a line in, one answer a line out.
//!
//! ```text
//! cargo run --release -p taskdex-examples --example shell -- [--change-log N] [FILE|-]
//! ```
//!
//! Each line is a JSON object: `do` names the call, `project` the project (default `default`),
//! `now` the instant, which is that of the line before where it is left out. Each answer is one
//! line of JSON, written at once: what the call gives, or the documented error body. The store
//! lives as long as the run, and logs N changes of each project (default 1,000).
//!
//! ```text
//! {"do":"apply","now":"2026-12-01T00:00:00Z","edits":[{"add":{"id":"t-1", … }}]}
//! {"do":"list","query":"offset=0&limit=10"}
//! {"do":"export"}
//! ```
//!
//! Exit status: 0; 1 where a call was refused; 2 where the arguments or the file were.

#[path = "support/members.rs"]
mod members;
mod support;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use lexopt::prelude::{Long, Short, Value};
use members::{Members, Refusal};
use serde::Serialize;
use serde_json::value::RawValue;
use support::facets::write_facets;
use support::progress::ProgressLine;
use support::{Answers, Failure, answer_lines, read_file};
use taskdex::wire::{self, RecordReader};
use taskdex::{
    ChangeSet, Edit, ListQuery, Missed, MissedPolicy, Order, ProjectId, Record, TaskStore,
};

const USAGE: &str = "shell [--change-log N] [FILE|-]";

struct Arguments {
    change_log: usize,
    input: OsString,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

/// Whether no call was refused.
fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let mut shell = Shell {
        store: TaskStore::builder()
            .with_change_log(arguments.change_log)
            .build(),
        now: None,
    };
    let mut answers = Answers::new();
    let answer = |answers: &mut Answers, line: &[u8]| {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let mut body = Vec::new();
        let is_accepted = match shell.call(line, &mut body) {
            Ok(()) => true,
            Err(refusal) => {
                body.clear();
                refusal.write_json(&mut body);
                false
            }
        };
        answers.write(&body, is_accepted)
    };
    if arguments.input == "-" {
        answer_lines(io::stdin().lock(), &mut answers, answer)?;
    } else {
        let lines = read_file(&arguments.input)?;
        answer_lines(lines.as_slice(), &mut answers, answer)?;
    }
    Ok(answers.finish()?)
}

/// `None` where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut change_log = 1_000;
    let mut input = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("change-log") => {
                let text = support::text(parser.value()?)?;
                change_log = text
                    .parse()
                    .map_err(|error| format!("--change-log {text}: {error}"))?;
            }
            Short('h') | Long("help") => return Ok(None),
            Value(value) if input.is_none() => input = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Arguments {
        change_log,
        input: input.unwrap_or_else(|| "-".into()),
    }))
}

struct Shell {
    store: TaskStore,
    /// That of the latest line that had one.
    now: Option<DateTime<Utc>>,
}

impl Shell {
    /// Carries out the call of a line, and writes its answer.
    fn call(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut members = Members::read(line)?;
        let name = members.string("do")?;
        let project = members.optional_string("project")?;
        let project = ProjectId::new(project.as_deref().unwrap_or("default"))?;
        if let Some(now) = members.optional_string("now")? {
            self.now = Some(wire::parse_instant(&now)?);
        }
        match name.as_str() {
            "apply" => self.apply(&project, members, out),
            "sync" => self.sync(&project, members, out),
            "list" => self.list(&project, members, out),
            "get" => self.get(&project, members, out),
            "facets" => self.facets(&project, members, out),
            "projects" => {
                members.finish()?;
                answer(out, "projects", self.store.projects())
            }
            "remove_project" => {
                members.finish()?;
                answer(out, "removed", self.store.remove_project(&project))
            }
            "export" => self.export(&project, members, out),
            "restore" => self.restore(&project, members, out),
            "changes" => self.changes(&project, members, out),
            "apply_changes" => self.apply_changes(&project, members, out),
            "watch_due" => self.watch_due(members, out),
            "take_due" => self.take_due(members, out),
            "next_wakeup" => {
                members.finish()?;
                write_wakeup(out, self.store.next_wakeup()?)
            }
            "due_count" => {
                members.finish()?;
                answer(out, "count", self.store.due_count(self.now()?)?)
            }
            "forecast" => self.forecast(&project, members, out),
            _ => Err(Refusal::unknown("do", &name, "the name of a call")),
        }
    }

    fn now(&self) -> Result<DateTime<Utc>, Refusal> {
        self.now.ok_or_else(|| {
            Refusal::missing("now", "an instant of RFC 3339, on this line or one before")
        })
    }

    fn apply(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let edits: Vec<&RawValue> = members.list("edits")?;
        members.finish()?;
        let now = self.now()?;
        let edits = edits.iter().enumerate().map(|(position, edit)| {
            Edit::from_json(edit.get()).map_err(|error| Refusal::At { position, error })
        });
        let edits: Vec<Edit> = edits.collect::<Result<_, _>>()?;
        let revision = self.store.apply(project, &edits, now)?;
        answer(out, "revision", revision)
    }

    fn sync(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let records: Vec<&RawValue> = members.list("records")?;
        members.finish()?;
        let now = self.now()?;
        let reader = RecordReader::new().ignore_project(true);
        let records = records.iter().map(|record| reader.read_one(record.get()));
        let records: Vec<Record> = records.collect::<Result<_, _>>()?;
        let synced = self.store.sync(project, records, now);
        write(out, &synced.map_err(|refused| refused.error)?)
    }

    fn list(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let query = query(&mut members)?;
        let order = match members.optional_string("order")? {
            Some(order) => order.parse()?,
            None => Order::OldestFirst,
        };
        members.finish()?;
        let now = self.now()?;
        self.store
            .list_json(project, &query.with_order(order), now, out);
        Ok(())
    }

    fn get(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        #[derive(Serialize)]
        struct Answer {
            task: Record,
            #[serde(skip_serializing_if = "Option::is_none")]
            next_execution: Option<String>,
        }

        let id = members.string("id")?;
        members.finish()?;
        let found = self.store.get(project, &id, self.now()?);
        let found = found.ok_or_else(|| Refusal::no_task(&id))?;
        let next_execution = found.next_execution().map(taskdex::Execution::to_rfc3339);
        let task = found.to_record();
        write(
            out,
            &Answer {
                task,
                next_execution,
            },
        )
    }

    fn facets(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let query = query(&mut members)?;
        members.finish()?;
        write_facets(out, &self.store.facets(project, &query));
        Ok(())
    }

    fn export(
        &self,
        project: &ProjectId,
        members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        members.finish()?;
        let mut text = Vec::new();
        let snapshot = self.store.snapshot(project)?;
        snapshot
            .write_export(&mut text)
            .map_err(Refusal::internal)?;
        answer(out, "export", String::from_utf8_lossy(&text))
    }

    fn restore(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let export = members.string("export")?;
        members.finish()?;
        let line = ProgressLine::new("restoring");
        let on_progress = |progress| line.show(progress);
        let export = export.as_bytes();
        let restored = self
            .store
            .restore_with_progress(project, export, &on_progress);
        answer(out, "revision", restored?)
    }

    fn changes(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let since = members.number("since")?;
        members.finish()?;
        write(out, &self.store.changes_since(project, since.into())?)
    }

    fn apply_changes(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let changes = ChangeSet::from_json(members.json("changes")?)?;
        members.finish()?;
        let revision = self.store.apply_changes(project, &changes, self.now()?)?;
        answer(out, "revision", revision)
    }
}

impl Shell {
    fn watch_due(&self, mut members: Members<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let passed = members.instant("passed")?;
        members.finish()?;
        write_wakeup(out, self.store.watch_due(passed))
    }

    fn take_due(&self, mut members: Members<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        #[derive(Serialize)]
        struct Taken<'a> {
            project_id: &'a str,
            id: &'a str,
            execution: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            first_missed: Option<String>,
        }

        #[derive(Serialize)]
        struct Answer<'a> {
            due: Vec<Taken<'a>>,
            has_more: bool,
            passed: String,
        }

        let limit = usize::try_from(members.number("limit")?).unwrap_or(usize::MAX);
        let missed = match members.optional_string("missed")?.as_deref() {
            None | Some("latest") => Missed::Latest,
            Some("each") => Missed::Each,
            Some("none") => Missed::None,
            Some(other) => {
                return Err(Refusal::unknown("missed", other, "latest, each or none"));
            }
        };
        let no_later_than = members.optional_number("no_later_than")?;
        members.finish()?;
        let policy = MissedPolicy::from(missed);
        let policy = policy.with_no_later_than(no_later_than.map(Duration::from_secs));
        let batch = self.store.take_due(self.now()?, limit, policy)?;
        let due = batch.due.iter().map(|it| Taken {
            project_id: it.project.as_str(),
            id: it.id.as_str(),
            execution: it.execution.to_rfc3339(),
            first_missed: it.first_missed.map(taskdex::Execution::to_rfc3339),
        });
        let answer = Answer {
            due: due.collect(),
            has_more: batch.has_more,
            passed: utc(batch.passed),
        };
        write(out, &answer)
    }

    fn forecast(
        &self,
        project: &ProjectId,
        mut members: Members<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let query = query(&mut members)?;
        let (from, to) = (members.instant("from")?, members.instant("to")?);
        let step = Duration::from_secs(members.number("step_seconds")?);
        members.finish()?;
        let counts = self.store.forecast(project, &query, from, to, step)?;
        answer(out, "counts", counts)
    }
}

/// An instant in whole seconds of UTC.
fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn write_wakeup(out: &mut Vec<u8>, wakeup: Option<DateTime<Utc>>) -> Result<(), Refusal> {
    answer(out, "next_wakeup", wakeup.map(utc))
}

/// The query of a line, or the first ten tasks.
fn query(members: &mut Members<'_>) -> Result<ListQuery, Refusal> {
    let query = members.optional_string("query")?;
    let query = query.as_deref().unwrap_or("offset=0&limit=10");
    Ok(ListQuery::from_query_string(query)?)
}

/// Writes an object of one member.
fn answer(out: &mut Vec<u8>, name: &str, value: impl Serialize) -> Result<(), Refusal> {
    write(out, &std::collections::BTreeMap::from([(name, value)]))
}

fn write(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Refusal> {
    serde_json::to_writer(out, value).map_err(Refusal::internal)
}
