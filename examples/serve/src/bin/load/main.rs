//! Puts load on `serve` from a second process, and on the same server over a plain list and over
//! `SQLite`.
//!
//! ```text
//! cargo run --release -p taskdex-serve --features load --bin load -- [--tasks 100000,1000000] [--clients 4] [--seconds 5]
//! ```
//!
//! For each it prints requests a second and the time below which 50 and 99 of 100 were answered,
//! once for filters with random offsets and once for names. All servers answer each question with
//! the same tasks before anything is measured. Clients keep their connections, and ask again once
//! they are answered.

mod client;
mod engines;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use client::{Measured, answer, measure};
use lexopt::prelude::{Long, Short, ValueExt};
use taskdex::testkit::Workload;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str = "load [--tasks 100000,1000000] [--clients 4] [--seconds 5]";
const SEED: u64 = 0x10ad;
/// Random offsets of each filter that is paged through.
const OFFSETS: usize = 8;

const ENGINES: [&str; 3] = ["taskdex", "scan", "sqlite"];

const FILTERS: [&str; 7] = [
    "",
    "&task_type=REBOOT",
    "&scheduled_type=WEEK",
    "&last_status=SUCCESS",
    "&last_status=SKIP",
    "&task_type=STOP&scheduled_type=MONTH&last_status=FAIL",
    "&scheduled_type=LIFE_CYCLE&life_cycle_type=POST_DESKTOP_DISCONNECTED",
];

const NAMES: [&str; 8] = [
    "restart",
    "nightly",
    "%E5%AE%9A%E6%97%B6%E5%85%B3%E6%9C%BA",
    "finance",
    "-0017",
    "-2471",
    "st",
    "backup",
];

/// A server in a process of its own, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(engine: &str, tasks: usize) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", engine, "--tasks", &tasks.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim_end().to_owned();
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(engines::database(self.child.id()));
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}\nusage: {USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Failure> {
    let mut sizes = vec![100_000, 1_000_000];
    let (mut clients, mut seconds, mut engine) = (4, 5, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("tasks") => {
                let text = parser.value()?.string()?;
                sizes = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            Long("clients") => clients = parser.value()?.string()?.parse()?,
            Long("seconds") => seconds = parser.value()?.string()?.parse()?,
            // Of the server's process.
            Long("serve") => engine = Some(parser.value()?.string()?),
            Short('h') | Long("help") => {
                println!("usage: {USAGE}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(engine) = engine {
        return engines::serve(&engine, sizes.first().copied().unwrap_or_default());
    }
    println!("| tasks | asked | server | requests/s | half within | 99 % within |");
    println!("| --- | --- | --- | ---: | ---: | ---: |");
    for tasks in sizes {
        compare(tasks, clients, Duration::from_secs(seconds))?;
    }
    Ok(())
}

/// Measures every server on the same tasks, one after the other.
fn compare(tasks: usize, clients: usize, time: Duration) -> Result<(), Failure> {
    let mut expected = None;
    for engine in ENGINES {
        let server = Server::start(engine, tasks)?;
        let filters = filters(&server.address)?;
        let names: Vec<_> = NAMES
            .map(|it| target(0, &format!("&task_name={it}")))
            .into();
        let mut answers = Vec::new();
        for target in filters.iter().chain(&names) {
            answers.push(answer(&server.address, target)?);
        }
        if *expected.get_or_insert_with(|| answers.clone()) != answers {
            return Err(format!("{engine} answers otherwise").into());
        }
        for (asked, targets) in [("filters", &filters), ("names", &names)] {
            let measured = measure(&server.address, targets, clients, time)?;
            print(tasks, asked, engine, measured)?;
        }
    }
    Ok(())
}

/// Pages at random offsets of each filter.
fn filters(address: &str) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for (number, filter) in FILTERS.iter().enumerate() {
        let total = answer(address, &target(0, filter))?.total;
        for round in 0..OFFSETS {
            let random = Workload::new(SEED, 1).task(number * OFFSETS + round);
            let random = random.id().bytes().fold(0, |sum: u64, byte| {
                sum.wrapping_mul(31).wrapping_add(byte.into())
            });
            targets.push(target(random % total.max(1), filter));
        }
    }
    Ok(targets)
}

fn target(offset: u64, filter: &str) -> String {
    format!("/v2/default/scheduled-tasks?offset={offset}&limit=20{filter}")
}

fn print(tasks: usize, asked: &str, engine: &str, measured: Measured) -> Result<(), Failure> {
    let Measured { rate, half, most } = measured;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| {tasks} | {asked} | {engine} | {rate:.0} | {half:.2?} | {most:.2?} |"
    )?;
    out.flush()?;
    Ok(())
}
