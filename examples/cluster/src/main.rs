//! taskdex on several machines: replicas and shards over an ordered log in PostgreSQL.
//!
//! ```text
//! cargo run --release -p taskdex-cluster -- demo
//! cargo run --release -p taskdex-cluster -- setup --log 'host=db user=taskdex dbname=taskdex'
//! cargo run --release -p taskdex-cluster -- node --log 'host=db user=taskdex dbname=taskdex' \
//!     [--addr 127.0.0.1:0] [--advertise URL] [--nodes 3 --index 0] [--partitions 0-63] \
//!     [--snapshot-entries 100000]
//! cargo run --release -p taskdex-cluster -- faults [--rounds 20]
//! cargo run --release -p taskdex-cluster -- figures [--down SECONDS] [--tasks N]
//! ```
//!
//! `demo`, `faults` and `figures` start a PostgreSQL of their own, from Debian's packages, on
//! loopback and in a folder of its own, and remove both. `node` prints its address; `--nodes` and
//! `--index` say how the nodes of a fleet share its partitions at the beginning.
//!
//! Exit status: 0; 1 where something that must hold did not; 2 where the arguments, the database
//! or the address were refused.
//!
//! Read first: `log.rs`, `node.rs`, `node/ownership.rs`, `log/postgres.rs`.

mod edge;
mod entry;
mod lab;
mod log;
mod node;
mod partition;
mod replica;
#[cfg(test)]
mod sim;
mod support;

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use edge::{Edge, http};
use lexopt::ValueExt;
use lexopt::prelude::{Long, Short, Value};
use log::Owner;
use log::postgres::{PostgresLog, set_up};
use node::Config;
use partition::Partition;
use support::Failure;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "taskdex-cluster demo | setup --log DSN | node --log DSN [--addr ADDR] \
                     [--advertise URL] [--nodes N --index I] [--partitions FIRST-LAST] \
                     [--snapshot-entries N] | faults [--rounds N] | figures [--down SECONDS] [--tasks N]";

struct Arguments {
    command: String,
    log: String,
    addr: String,
    advertise: Option<String>,
    nodes: u8,
    index: u8,
    partitions: (u8, u8),
    snapshot_entries: u64,
    rounds: u32,
    down: Duration,
    tasks: u32,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    match arguments.command.as_str() {
        "setup" => {
            runtime()?.block_on(set_up(&arguments.log.parse()?))?;
            Ok(true)
        }
        "node" => serve(&arguments),
        "demo" => lab::demo::run(),
        "faults" => lab::faults::run(arguments.rounds),
        "figures" => lab::figures::run(arguments.down, arguments.tasks),
        other => Err(format!("{other}: no such command").into()),
    }
}

/// More threads than a small machine has processors, as some write or read snapshots.
fn runtime() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    Ok(builder.worker_threads(4).enable_all().build()?)
}

fn serve(arguments: &Arguments) -> Result<bool, Failure> {
    let (first, last) = arguments.partitions;
    let partitions = (first..=last).map(|it| Partition::new(it).ok_or("--partitions: up to 63"));
    let partitions = partitions.collect::<Result<Vec<_>, _>>()?;
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind(&arguments.addr));
    let listener = listener.map_err(|error| format!("{}: {error}", arguments.addr))?;
    let address = format!("http://{}", listener.local_addr()?);
    // Of this run alone: a node that starts again is another owner.
    let run = RandomState::new().hash_one(&address);
    let config = Config {
        owner: Owner {
            id: format!("{run:016x}"),
            address: arguments.advertise.clone().unwrap_or(address.clone()),
        },
        partitions,
        nodes: arguments.nodes,
        index: arguments.index,
        snapshot_bytes_min: 1 << 20,
        snapshot_entries: arguments.snapshot_entries,
    };
    let log = Arc::new(PostgresLog::new(&arguments.log.parse()?));
    let edge = Edge::start(config, log, runtime.handle().clone());
    println!("listening on {address}");
    runtime.block_on(async { axum::serve(listener, http::router(edge)).await })?;
    Ok(true)
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments {
        command: String::new(),
        log: "host=127.0.0.1 user=postgres dbname=postgres".to_owned(),
        addr: "127.0.0.1:0".to_owned(),
        advertise: None,
        nodes: 1,
        index: 0,
        partitions: (0, partition::COUNT - 1),
        snapshot_entries: 100_000,
        rounds: 2,
        down: Duration::from_mins(1),
        tasks: 1_000_000,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        let value = |parser: &mut lexopt::Parser| parser.value()?.string();
        match argument {
            Long("log") => arguments.log = value(&mut parser)?,
            Long("addr") => arguments.addr = value(&mut parser)?,
            Long("advertise") => arguments.advertise = Some(value(&mut parser)?),
            Long("nodes") => arguments.nodes = value(&mut parser)?.parse()?,
            Long("index") => arguments.index = value(&mut parser)?.parse()?,
            Long("snapshot-entries") => {
                arguments.snapshot_entries = value(&mut parser)?.parse()?;
            }
            Long("rounds") => arguments.rounds = value(&mut parser)?.parse()?,
            Long("tasks") => arguments.tasks = value(&mut parser)?.parse()?,
            Long("down") => {
                arguments.down = Duration::from_secs(value(&mut parser)?.parse()?);
            }
            Long("partitions") => {
                let text = value(&mut parser)?;
                let (first, last) = text.split_once('-').ok_or("--partitions: FIRST-LAST")?;
                arguments.partitions = (first.parse()?, last.parse()?);
            }
            Value(command) if arguments.command.is_empty() => {
                arguments.command = command.string()?;
            }
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}
