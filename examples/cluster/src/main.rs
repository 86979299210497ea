//! taskdex on several machines: replicas and shards over an ordered log in PostgreSQL.
//!
//! ```text
//! cargo run --release -p taskdex-cluster -- demo
//! cargo run --release -p taskdex-cluster -- setup --log 'host=db user=taskdex dbname=taskdex'
//! cargo run --release -p taskdex-cluster -- node --log 'host=db user=taskdex dbname=taskdex' \
//!     [--addr 127.0.0.1:0] [--advertise URL] [--nodes 3 --index 0] [--partitions 0-63] \
//!     [--snapshot-entries 100000]
//! cargo run --release -p taskdex-cluster -- faults [--rounds 20]
//! cargo run --release -p taskdex-cluster -- figures [--only NAME] [--down SECONDS] [--tasks N]
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

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use edge::{Edge, http};
use lexopt::ValueExt;
use lexopt::prelude::{Long, Short, Value};
use log::Owner;
use log::postgres::{PostgresLog, set_up};
use node::Config;
use partition::Partition;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "taskdex-cluster demo | setup --log DSN | node --log DSN [--addr ADDR] \
                     [--advertise URL] [--nodes N --index I] [--partitions FIRST-LAST] \
                     [--snapshot-entries N] | faults [--rounds N] | \
                     figures [--only NAME] [--down SECONDS] [--tasks N]";

/// Every option, with the value that it has unless it is given.
const OPTIONS: [(&str, &str); 11] = [
    ("log", "host=127.0.0.1 user=postgres dbname=postgres"),
    ("addr", "127.0.0.1:0"),
    ("advertise", ""),
    ("nodes", "1"),
    ("index", "0"),
    ("partitions", "0-63"),
    ("snapshot-entries", "100000"),
    ("rounds", "2"),
    ("only", ""),
    ("down", "60"),
    ("tasks", "1000000"),
];

/// Why the arguments, the database or an address were refused.
type Failure = Box<dyn Error>;

struct Arguments {
    command: String,
    options: BTreeMap<&'static str, String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{failure}\nusage: {USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let Some(arguments) = Arguments::parse()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    match arguments.command.as_str() {
        "setup" => {
            runtime()?.block_on(set_up(&arguments.get("log")?))?;
            Ok(true)
        }
        "node" => serve(&arguments),
        "demo" => lab::demo::run(),
        "faults" => lab::faults::run(arguments.get("rounds")?),
        "figures" => {
            let only: String = arguments.get("only")?;
            let down = Duration::from_secs(arguments.get("down")?);
            lab::figures::run(&only, down, arguments.get("tasks")?)
        }
        other => Err(format!("{other}: no such command").into()),
    }
}

/// More threads than a small machine has processors, as some write or read snapshots.
fn runtime() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    Ok(builder.worker_threads(4).enable_all().build()?)
}

fn serve(arguments: &Arguments) -> Result<bool, Failure> {
    let partitions: String = arguments.get("partitions")?;
    let range = partitions
        .split_once('-')
        .ok_or("--partitions: FIRST-LAST")?;
    let (first, last): (u8, u8) = (range.0.parse()?, range.1.parse()?);
    let partitions = (first..=last).map(|it| Partition::new(it).ok_or("--partitions: up to 63"));
    let runtime = runtime()?;
    let addr: String = arguments.get("addr")?;
    let listener = runtime.block_on(TcpListener::bind(&addr));
    let listener = listener.map_err(|error| format!("{addr}: {error}"))?;
    let mut address: String = arguments.get("advertise")?;
    if address.is_empty() {
        address = format!("http://{}", listener.local_addr()?);
    }
    // Of this run alone: a node that starts again is another owner.
    let run = RandomState::new().hash_one(&address);
    let config = Config {
        owner: Owner {
            id: format!("{run:016x}"),
            address: address.clone(),
        },
        partitions: partitions.collect::<Result<_, _>>()?,
        nodes: arguments.get("nodes")?,
        index: arguments.get("index")?,
        snapshot_bytes_min: 1 << 20,
        snapshot_entries: arguments.get("snapshot-entries")?,
    };
    let log = Arc::new(PostgresLog::new(&arguments.get("log")?));
    let edge = Edge::start(config, log, runtime.handle().clone());
    println!("listening on {address}");
    runtime.block_on(async { axum::serve(listener, http::router(edge)).await })?;
    Ok(true)
}

impl Arguments {
    /// `None` where only the usage is asked for.
    fn parse() -> Result<Option<Self>, Failure> {
        let mut command = String::new();
        let mut options: BTreeMap<_, _> = OPTIONS.map(|(it, value)| (it, value.to_owned())).into();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Value(value) if command.is_empty() => command = value.string()?,
                Long(name) => {
                    let option = OPTIONS.iter().find(|(it, _)| *it == name);
                    let (name, _) = option.ok_or_else(|| format!("--{name}: no such option"))?;
                    options.insert(name, parser.value()?.string()?);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(Self { command, options }))
    }

    fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Failure> {
        let text = self.options.get(name).map_or("", String::as_str);
        Ok(text.parse().map_err(|error| format!("--{name}: {error}"))?)
    }
}
