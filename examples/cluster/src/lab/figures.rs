//! The figures that a fleet is measured by, on this machine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde_json::json;
use taskdex::ProjectId;

use super::client::Client;
use super::fleet::Fleet;
use super::load::{Router, position, record};
use crate::Failure;
use crate::partition::Partition;

/// How long each rate is measured.
const TIME: Duration = Duration::from_secs(10);
/// Changes a second, where writes go on beside what is measured.
const RATE: usize = 2_000;
/// How many changes a client with many under way sends at once.
const MANY: usize = 1_000;

/// Measures everything, or what `only` names: lag, down, death, single, many or cold.
pub(crate) fn run(only: &str, down: Duration, tasks: u32) -> Result<bool, Failure> {
    let is_wanted = |what| only.is_empty() || only == what;
    if is_wanted("lag") {
        let mut fleet = Fleet::start(3)?;
        let replica = fleet.add_replica()?;
        let load = Paced::new();
        let lags = load.beside(&fleet, || lags(&fleet, replica))?;
        let at = |percent| lags.get(lags.len() * percent / 100).copied();
        let (p50, p99) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
        let rate = rate(&load.written, load.started);
        println!("lag of a replica at {rate} changes/s, p50: {p50:.1?} (bar 10 ms)");
        println!("lag of a replica at {rate} changes/s, p99: {p99:.1?} (bar 50 ms)");
    }
    if is_wanted("down") {
        let level = level_after(down)?;
        println!("a replica that was down for {down:?} is level after {level:.1?} (bar 2 s)");
    }
    if is_wanted("death") {
        let pause = death()?;
        println!("from the owner's death to the next write: {pause:.1?} (bar 5 s)");
    }
    if is_wanted("single") {
        let rate = single(&Fleet::start(1)?);
        println!("8 clients that wait for one change, 16 partitions: {rate} changes/s (bar 1,500)");
    }
    if is_wanted("many") {
        let rate = many(&Fleet::start(1)?)?;
        println!("8 clients with {MANY} changes under way: {rate} changes/s (bar 30,000)");
    }
    if is_wanted("cold") {
        let cold = cold(tasks)?;
        println!("a cold node with {tasks} tasks serves after {cold:.1?} (bar 6 s)");
    }
    Ok(true)
}

/// How long a replica takes from its start, while writes go on, to be where the log is.
fn level_after(down: Duration) -> Result<Duration, Failure> {
    let mut fleet = Fleet::start(3)?;
    let replica = fleet.add_replica()?;
    fleet.node_mut(replica)?.kill()?;
    Paced::new().beside(&fleet, || {
        sleep(down);
        Ok(())
    })?;
    let load = Paced::new();
    let started = Instant::now();
    fleet.restart(replica)?;
    load.beside(&fleet, || fleet.wait_until_level())?;
    Ok(started.elapsed())
}

fn death() -> Result<Duration, Failure> {
    let mut fleet = Fleet::start(3)?;
    let (partition, owner) = fleet.owners().pop_first().ok_or("no owner")?;
    let mut projects = projects_of([partition.number()].into());
    let project = projects.pop().ok_or("no project")?;
    let mut router = Router::new(fleet.addresses());
    let written = router.add(&project, &record("before"));
    written.ok_or("nobody took the write")?;
    fleet.node_mut(owner)?.kill()?;
    let killed = Instant::now();
    let written = router.add(&project, &record("next"));
    written.ok_or("nobody took the write")?;
    Ok(killed.elapsed())
}

/// Four clients that together write at a steady rate.
struct Paced {
    written: AtomicU64,
    started: Instant,
    is_over: AtomicBool,
}

impl Paced {
    fn new() -> Self {
        Self {
            written: AtomicU64::new(0),
            started: Instant::now(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Writes while something else is done.
    fn beside<R>(
        &self,
        fleet: &Fleet,
        other: impl FnOnce() -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let owners = fleet.owners();
        thread::scope(|scope| {
            for number in 0..4 {
                let projects = projects_of((0..16).map(|it| it * 4 + number).collect());
                let owners = &owners;
                scope.spawn(move || self.write(fleet, owners, &projects));
            }
            let result = other();
            self.is_over.store(true, Ordering::Relaxed);
            result
        })
    }

    /// Every 20 ms, some changes of projects of one owner.
    fn write(&self, fleet: &Fleet, owners: &BTreeMap<Partition, usize>, projects: &[ProjectId]) {
        let step = Duration::from_millis(20);
        let count = RATE / 4 / 50;
        let mut clients: Vec<_> = fleet.addresses().into_iter().map(Client::new).collect();
        let mut next = Instant::now();
        for turn in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let mine = projects.iter().filter(|project| {
                let owner = owners.get(&Partition::of(project));
                owner.is_some_and(|it| *it == turn % 3)
            });
            let mine: Vec<_> = mine.collect();
            let run = self.started.elapsed().as_nanos();
            let projects = mine.iter().cycle().take(count).enumerate();
            let lines = projects.map(|(it, project)| line(project, &format!("{run}-{it}")));
            let lines: String = lines.collect();
            if let Some(client) = clients.get_mut(turn % 3)
                && let Ok(answer) = client.post("/changes", lines.as_bytes())
            {
                self.written
                    .fetch_add(accepted(&answer.body), Ordering::Relaxed);
            }
            next += step;
            sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}

/// How long after a change was acknowledged a replica has it.
fn lags(fleet: &Fleet, replica: usize) -> Result<Vec<Duration>, Failure> {
    let mut router = Router::new(fleet.addresses());
    let mut reader = Client::new(&fleet.node(replica)?.address);
    let mut lags = Vec::new();
    let started = Instant::now();
    for number in 0.. {
        if started.elapsed() > TIME {
            break;
        }
        let project = format!("lag-{}", number % 50).parse()?;
        let written = router.add(&project, &record(&format!("t-{number}")));
        let position = written.ok_or("a change was not taken")?;
        let acknowledged = Instant::now();
        let target = format!("/v2/{project}/scheduled-tasks?offset=0&limit=1");
        if reader.get(&target, position)?.status == 200 {
            lags.push(acknowledged.elapsed());
        }
        sleep(Duration::from_millis(10));
    }
    lags.sort_unstable();
    Ok(lags)
}

/// The rate of clients that each wait for one change.
fn single(fleet: &Fleet) -> u128 {
    rate_of_eight(|number| {
        let mut router = Router::new(fleet.addresses());
        move |count, projects| {
            let project = projects.iter().cycle().nth(count % 2);
            let id = format!("s-{number}-{count}");
            u64::from(project.is_some_and(|it| router.add(it, &record(&id)).is_some()))
        }
    })
}

/// The rate of clients that each have many changes under way.
fn many(fleet: &Fleet) -> Result<u128, Failure> {
    let address = &fleet.node(0)?.address;
    Ok(rate_of_eight(|number| {
        let mut client = Client::new(address);
        move |count, projects| {
            let projects = projects.iter().cycle().take(MANY).enumerate();
            let id = |it| format!("m-{number}-{count}-{it}");
            let lines: String = projects
                .map(|(it, project)| line(project, &id(it)))
                .collect();
            let answer = client.post("/changes", lines.as_bytes());
            answer.map_or(0, |answer| accepted(&answer.body))
        }
    }))
}

/// Changes a second by eight clients, each of which writes to two partitions of its own.
///
/// `client` gives, by its number, what it does again and again: it is told how often it did, and
/// says how many changes were taken.
fn rate_of_eight<C>(client: impl Fn(u8) -> C + Sync) -> u128
where
    C: FnMut(usize, &[ProjectId]) -> u64,
{
    let written = AtomicU64::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for number in 0..8 {
            let (written, client) = (&written, &client);
            scope.spawn(move || {
                let projects = projects_of((number * 2..number * 2 + 2).collect());
                let mut write = client(number);
                for count in 0.. {
                    if started.elapsed() > TIME {
                        return;
                    }
                    written.fetch_add(write(count, &projects), Ordering::Relaxed);
                }
            });
        }
    });
    rate(&written, started)
}

/// How long a node takes from its start until it serves so many tasks, and is level.
fn cold(tasks: u32) -> Result<Duration, Failure> {
    let mut fleet = Fleet::start(1)?;
    let mut client = Client::new(&fleet.node(0)?.address);
    let projects = projects_of((0..64).collect());
    for (number, first) in (0..tasks).step_by(500).enumerate() {
        let records = (first..tasks.min(first + 500)).map(|it| record(&format!("t-{it}")));
        let edits = records.map(|record| json!({ "add": record }));
        let edits: serde_json::Value = edits.collect();
        let project = projects.get(number % projects.len()).ok_or("no project")?;
        let answer = client.post(
            &format!("/v2/{project}/changes"),
            edits.to_string().as_bytes(),
        )?;
        position(&answer.body).ok_or("a change was not taken")?;
    }
    // The last snapshots are taken when the log outweighs them.
    sleep(Duration::from_secs(5));
    let started = Instant::now();
    let replica = fleet.add_replica()?;
    let node = fleet.node(replica)?;
    Fleet::wait_until("the node serves", || {
        let health = node.health();
        Ok(!health.is_empty() && health.iter().all(|it| it.is_loaded))
    })?;
    fleet.wait_until_level()?;
    Ok(started.elapsed())
}

/// A line of a request with many changes.
fn line(project: &ProjectId, id: &str) -> String {
    let line = json!({ "project_id": project.as_str(), "edits": [{ "add": record(id) }] });
    format!("{line}\n")
}

/// Changes a second.
fn rate(written: &AtomicU64, started: Instant) -> u128 {
    let written = u128::from(written.load(Ordering::Relaxed));
    written * 1_000 / started.elapsed().as_millis().max(1)
}

fn accepted(answers: &[u8]) -> u64 {
    let lines = answers.split(|byte| *byte == b'\n');
    lines
        .filter(|line| line.starts_with(b"{\"position\""))
        .count() as u64
}

/// One project of each of these partitions.
fn projects_of(partitions: Vec<u8>) -> Vec<ProjectId> {
    let mut projects = (0..).filter_map(|it| format!("q-{it}").parse().ok());
    let of = |number: u8| {
        projects
            .by_ref()
            .find(|it| Partition::of(it).number() == number)
    };
    partitions.into_iter().filter_map(of).collect()
}
