//! Executes the tasks of a file on a simulated clock, through a crash and a restart.
//!
//! ```text
//! cargo run --release -p taskdex-examples --example scheduler -- [--data FILE] [--now RFC3339] [--hours N] [--speed N]
//! ```
//!
//! The clock starts at `--now` (default: the system's) and runs for `--hours` (12) at `--speed`
//! times its speed (1,000). Each execution is a line: its instant, project, id and name. In the
//! middle the scheduler crashes after it handed on what it took and before it stored how far it
//! had come. Half an hour later it starts again from what it stored: what is handed on twice has
//! the same key, and is told by it.
//!
//! Exit status: 0; 2 where the arguments or the file were refused.

mod support;

use std::collections::HashSet;
use std::ffi::OsString;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use lexopt::prelude::{Long, Short};
use support::Failure;
use support::data::load;
use taskdex::{DueExecution, Missed, ProjectId, TaskId, TaskStore, wire};

const USAGE: &str = "scheduler [--data FILE] [--now RFC3339] [--hours N] [--speed N]";

/// A library cannot see a clock being set, so that no sleep is longer.
const SLEEP_MAX: TimeDelta = TimeDelta::seconds(30);
/// How many executions are taken at once.
const BATCH: usize = 100;
/// How long the crashed scheduler is away.
const OUTAGE: TimeDelta = TimeDelta::minutes(30);

struct Arguments {
    data: Option<OsString>,
    now: DateTime<Utc>,
    hours: u32,
    speed: u32,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let clock = Clock {
        begin: arguments.now,
        started: Instant::now(),
        speed: arguments.speed,
    };
    let end = arguments.now + TimeDelta::hours(arguments.hours.into());
    let crash = arguments.now + (end - arguments.now) / 2;
    let begin = || load(arguments.data.as_deref(), arguments.now);

    let mut done = Done::default();
    let mut stored = arguments.now;
    schedule(&begin()?, &clock, &mut stored, &mut done, end, Some(crash))?;
    println!(
        "{} crash: what was taken last is not stored as passed",
        shown(clock.now())
    );
    clock.sleep_until(clock.now() + OUTAGE);
    println!(
        "{} restart: watching from {}",
        shown(clock.now()),
        shown(stored)
    );
    schedule(&begin()?, &clock, &mut stored, &mut done, end, None)?;
    println!("{} end: {} executions", shown(end), done.keys.len());
    Ok(true)
}

/// The scheduler's loop, until `end`, or until the first execution from an instant on, where it
/// crashes.
fn schedule(
    store: &TaskStore,
    clock: &Clock,
    stored: &mut DateTime<Utc>,
    done: &mut Done,
    end: DateTime<Utc>,
    crash: Option<DateTime<Utc>>,
) -> Result<(), taskdex::Error> {
    store.watch_due(*stored);
    loop {
        let now = clock.now().min(end);
        let batch = store.take_due(now, BATCH, Missed::Latest)?;
        for due in &batch.due {
            done.hand_on(store, due, now);
        }
        if crash.is_some_and(|crash| now >= crash) && !batch.due.is_empty() {
            return Ok(());
        }
        *stored = batch.passed;
        if batch.has_more {
            continue;
        }
        if now >= end {
            return Ok(());
        }
        let longest = now + SLEEP_MAX;
        let wakeup = store.next_wakeup()?;
        clock.sleep_until(wakeup.map_or(longest, |wakeup| wakeup.min(longest)));
    }
}

/// What carries executions out, and survives the scheduler.
#[derive(Default)]
struct Done {
    keys: HashSet<(ProjectId, TaskId, i64)>,
}

impl Done {
    fn hand_on(&mut self, store: &TaskStore, due: &DueExecution, now: DateTime<Utc>) {
        let (project, id, second) = due.key();
        let is_first = self.keys.insert((project.clone(), id.clone(), second));
        let name = store
            .get(project, id, now)
            .map(|listed| listed.task().task_name().to_owned());
        let name = name.unwrap_or_default();
        let again = if is_first { "" } else { " (done before)" };
        println!(
            "{} {project} {id} {name}{again}",
            due.execution.to_rfc3339()
        );
    }
}

/// A clock that runs faster than it should.
struct Clock {
    begin: DateTime<Utc>,
    started: Instant,
    speed: u32,
}

impl Clock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = self.started.elapsed().saturating_mul(self.speed);
        self.begin + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX)
    }

    fn sleep_until(&self, then: DateTime<Utc>) {
        let left = (then - self.now()).to_std().unwrap_or(Duration::ZERO);
        // Not to wake up a moment too early.
        thread::sleep(left / self.speed + Duration::from_micros(1));
    }
}

fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments {
        data: None,
        now: support::system_now(),
        hours: 12,
        speed: 1_000,
    };
    let mut parser = lexopt::Parser::from_env();
    let number = |value: OsString, most: u32| -> Result<u32, Failure> {
        let number = support::text(value)?.parse()?;
        if !(1..=most).contains(&number) {
            return Err(format!("{number}: a number from 1 to {most} is accepted").into());
        }
        Ok(number)
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("data") => arguments.data = Some(parser.value()?),
            Long("now") => {
                arguments.now = wire::parse_instant(&support::text(parser.value()?)?)?;
            }
            Long("hours") => arguments.hours = number(parser.value()?, 100_000)?,
            Long("speed") => arguments.speed = number(parser.value()?, 1_000_000)?,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}
