//! Clients that write, and remember what they were told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taskdex::chrono::TimeDelta;
use taskdex::{Execution, ProjectId, ScheduledType};

use super::client::Client;
use super::fleet::Fleet;
use crate::Failure;
use crate::edge::now;
use crate::partition::Partition;
use crate::replica::Replica;

/// How long a client tries to have one change written.
const TRIES: Duration = Duration::from_secs(20);

/// Finds the owner of each partition, and follows it.
pub(crate) struct Router {
    nodes: Vec<String>,
    clients: HashMap<String, Client>,
    owners: HashMap<Partition, String>,
    turn: usize,
}

/// A change that was acknowledged: a task that was added, and nothing touches again.
pub(crate) struct Acknowledged {
    pub(crate) project: ProjectId,
    pub(crate) id: String,
    pub(crate) position: u64,
}

/// Clients at work.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Acknowledged>>>,
}

/// What became of all that was acknowledged.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    pub(crate) due: usize,
    pub(crate) not_handed_on: usize,
    pub(crate) handed_on_again: usize,
    pub(crate) export_bytes: usize,
}

impl Router {
    pub(crate) fn new(nodes: Vec<String>) -> Self {
        Self {
            nodes,
            clients: HashMap::new(),
            owners: HashMap::new(),
            turn: 0,
        }
    }

    /// The client of the node that is thought to own the project.
    pub(crate) fn owner(&mut self, project: &ProjectId) -> &mut Client {
        let nodes = &self.nodes;
        let turn = self.turn;
        let guess = || nodes.get(turn % nodes.len().max(1)).cloned();
        let owner = self.owners.get(&Partition::of(project)).cloned();
        let owner = owner.or_else(guess).unwrap_or_default();
        self.clients
            .entry(owner.clone())
            .or_insert_with(|| Client::new(owner).with_patience(Duration::from_secs(1)))
    }

    /// Adds a task, and returns its position. `None`: whether it was added is not known.
    ///
    /// A change that may have happened is tried again: an id that is taken tells that it did.
    pub(crate) fn add(&mut self, project: &ProjectId, record: &Value) -> Option<u64> {
        let body = json!([{ "add": record }]).to_string();
        let target = format!("/v2/{project}/changes");
        let started = Instant::now();
        while started.elapsed() < TRIES {
            let answer = self.owner(project).post(&target, body.as_bytes());
            let partition = Partition::of(project);
            match answer {
                Ok(answer) if answer.status == 200 => return position(&answer.body),
                Ok(answer) if answer.status == 409 => return None,
                Ok(answer) if answer.status == 307 => {
                    let owner = answer.location.unwrap_or_default();
                    let owner = owner.strip_suffix(&target).unwrap_or_default();
                    self.owners.insert(partition, owner.to_owned());
                    continue;
                }
                _ => {}
            }
            self.owners.remove(&partition);
            self.turn += 1;
            sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Load {
    /// Starts clients that each wait for one change, with a pause after it.
    pub(crate) fn start(nodes: &[String], clients: usize, pause: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let clients = (0..clients).map(|number| {
            let is_over = Arc::clone(&is_over);
            let mut router = Router::new(nodes.to_vec());
            thread::spawn(move || {
                let mut acknowledged = Vec::new();
                for count in 0_u32.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = format!("w{number}-{count}");
                    let Ok(project) = format!("p-{}", count % 97).parse() else {
                        break;
                    };
                    let is_due = count % 5 == 0;
                    let record = if is_due { due_record(&id) } else { record(&id) };
                    if let Some(position) = router.add(&project, &record) {
                        acknowledged.push(Acknowledged {
                            project,
                            id,
                            position,
                        });
                    }
                    sleep(pause);
                }
                acknowledged
            })
        });
        let clients = clients.collect();
        Self { is_over, clients }
    }

    pub(crate) fn end(self) -> Vec<Acknowledged> {
        self.is_over.store(true, Ordering::Relaxed);
        let acknowledged = self.clients.into_iter().flat_map(JoinHandle::join);
        acknowledged.flatten().collect()
    }
}

impl Verdict {
    /// Compares what was acknowledged with what all nodes have, once they are level.
    pub(crate) fn of(fleet: &Fleet, acknowledged: &[Acknowledged]) -> Result<Self, Failure> {
        fleet.wait_until_level()?;
        // Watermarks may be appended meanwhile.
        let mut compared = fleet.compare_exports();
        for _ in 0..20 {
            if compared.is_err() {
                sleep(Duration::from_millis(200));
                compared = fleet.compare_exports();
            }
        }
        let mut verdict = Self {
            acknowledged: acknowledged.len(),
            export_bytes: compared?,
            ..Self::default()
        };
        let mut versions = HashMap::new();
        let mut due = Vec::new();
        let mut client = Client::new(&fleet.node(0)?.address);
        for partition in Partition::all() {
            let text = client.get(&format!("/partitions/{partition}"), 0)?.body;
            let store = Replica::from_text(&text)?.store;
            for project in store.projects() {
                for stored in &store.snapshot(&project)? {
                    let (task, added) = (stored.task(), stored.added_at());
                    let key = (project.clone(), task.id().to_owned());
                    versions.insert(key, stored.version());
                    // Due is what comes after the second in which its task was added.
                    let execution = stored.next_execution(added);
                    let second = execution.map_or(0, Execution::unix_seconds);
                    if task.scheduled_type() == ScheduledType::FixedTime
                        && second > added.timestamp() + 1
                    {
                        due.push(format!("{project}|{}|{second}", task.id()));
                    }
                }
            }
        }
        let is_lost = |it: &&Acknowledged| {
            let version = versions.get(&(it.project.clone(), it.id.clone()));
            version != Some(&it.position.into())
        };
        verdict.lost = acknowledged.iter().filter(is_lost).count();
        verdict.due = due.len();
        let mut handed_on = HashMap::new();
        Fleet::wait_until("what is due was handed on", || {
            let rows = "SELECT concat_ws('|', project, task, second), times FROM executions";
            let rows = fleet.database.ask(rows)?;
            let rows = rows.lines().filter_map(|row| row.rsplit_once('|'));
            let rows = rows.map(|(key, times)| (key.to_owned(), times != "1"));
            handed_on = rows.collect();
            Ok(due.iter().all(|key| handed_on.contains_key(key)))
        })?;
        let is_missing = |key: &&String| !handed_on.contains_key(*key);
        verdict.not_handed_on = due.iter().filter(is_missing).count();
        verdict.handed_on_again = handed_on.values().filter(|is_again| **is_again).count();
        Ok(verdict)
    }
}

pub(crate) fn position(body: &[u8]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("position")?.as_u64()
}

/// A task that is not due for long.
pub(crate) fn record(id: &str) -> Value {
    json!({
        "id": id,
        "task_name": format!("Restart of {id}"),
        "task_type": "REBOOT",
        "scheduled_type": "DAY",
        "day_interval": 30,
        "scheduled_time": "02:00:00",
        "time_zone": "Pacific/Auckland",
    })
}

/// A task that is due in some seconds, once.
fn due_record(id: &str) -> Value {
    let at = now() + TimeDelta::seconds(4);
    json!({
        "id": id,
        "task_name": format!("Stop of {id}"),
        "task_type": "STOP",
        "scheduled_type": "FIXED_TIME",
        "scheduled_date": at.format("%Y-%m-%d").to_string(),
        "scheduled_time": at.format("%H:%M:%S").to_string(),
        "time_zone": "UTC",
    })
}
