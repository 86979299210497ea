//! The edge of a node: a thread for the core, tasks of tokio for its calls, HTTP for clients.

pub(crate) mod http;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{process, thread};

use taskdex::chrono::{DateTime, Utc};
use taskdex::{Edit, ProjectId, TaskStore};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::log::postgres::PostgresLog;
use crate::node::{Config, Input, Node, NotWritten, Output, Ticket, Write, perform};
use crate::partition::Partition;
use crate::replica::Damage;

/// How often the core is told that time has passed.
const TICK: Duration = Duration::from_millis(2);
/// How long a client is kept waiting for the fate of its change.
const WRITE: Duration = Duration::from_secs(10);
/// How long a reader is kept waiting for a position.
const BEHIND: Duration = Duration::from_secs(1);

/// What the requests of clients need of the core.
pub(crate) struct Edge {
    work: Sender<Work>,
    /// What readers see of each partition, without asking the core; `None` before it is loaded.
    views: HashMap<Partition, watch::Sender<Option<Seen>>>,
    replies: Mutex<HashMap<Ticket, Reply>>,
    tickets: AtomicU64,
}

/// What the thread of the core does.
enum Work {
    Input(Input),
    Look(Box<dyn FnOnce(&Node) + Send>),
}

/// Where the answer to a write goes.
type Reply = oneshot::Sender<Result<u64, NotWritten>>;

/// A partition as a reader finds it: the store has what the position says, or more.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) store: Arc<TaskStore>,
    pub(crate) position: u64,
}

/// Why a reader is not served.
pub(crate) enum NotSeen {
    /// The node does not follow the partition.
    Elsewhere,
    /// It has not come to the position.
    Behind(u64),
}

/// The system's clock, which the core does not have.
pub(crate) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

impl Edge {
    /// Starts a node on a thread of its own.
    pub(crate) fn start(config: Config, log: Arc<PostgresLog>, runtime: Handle) -> Arc<Self> {
        let (work, received) = mpsc::channel();
        let view = |&partition: &Partition| (partition, watch::Sender::new(None));
        let edge = Arc::new(Self {
            work,
            views: config.partitions.iter().map(view).collect(),
            replies: Mutex::default(),
            tickets: AtomicU64::new(0),
        });
        let core = Core {
            edge: Arc::clone(&edge),
            node: Node::new(config),
            log,
            runtime,
        };
        thread::spawn(move || {
            if let Err(damage) = core.run(&received) {
                // What it has in memory is not what the log says: it must not answer any more.
                eprintln!("{damage}");
                process::exit(1);
            }
        });
        edge
    }

    /// Waits until the partition of a project is at a position, and not for long.
    pub(crate) async fn see(&self, project: &ProjectId, at_least: u64) -> Result<Seen, NotSeen> {
        let view = self.views.get(&Partition::of(project));
        let view = view.ok_or(NotSeen::Elsewhere)?;
        let is_reached = |it: &Option<Seen>| it.as_ref().is_some_and(|it| it.position >= at_least);
        let mut seen = view.subscribe();
        let reached = timeout(BEHIND, seen.wait_for(is_reached)).await;
        let reached = reached.ok().and_then(|it| it.ok()?.clone());
        reached.ok_or_else(|| {
            let seen = view.borrow();
            NotSeen::Behind(seen.as_ref().map_or(0, |it| it.position))
        })
    }

    /// Begins a change, whose position comes once it is committed.
    pub(crate) fn write(&self, project: ProjectId, edits: Vec<Edit>) -> Written {
        let (sender, written) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        self.replies().insert(ticket, sender);
        self.tell(Input::Write(Write {
            ticket,
            project,
            edits,
        }));
        Written(written)
    }

    /// Looks at the node between two of its inputs.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Node) -> R + Send + 'static,
    ) -> Option<R> {
        let (sender, seen) = oneshot::channel();
        let look = Box::new(|node: &Node| drop(sender.send(look(node))));
        let _ = self.work.send(Work::Look(look));
        seen.await.ok()
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<Ticket, Reply>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The core lives as long as the process.
    fn tell(&self, input: Input) {
        let _ = self.work.send(Work::Input(input));
    }
}

/// A change on its way.
pub(crate) struct Written(oneshot::Receiver<Result<u64, NotWritten>>);

impl Written {
    /// The position, or why there is none. A change that takes too long may happen still.
    pub(crate) async fn position(self) -> Result<u64, NotWritten> {
        match timeout(WRITE, self.0).await {
            Ok(Ok(answer)) => answer,
            _ => Err(NotWritten::Unknown),
        }
    }
}

/// The core with what carries out its outputs.
struct Core {
    edge: Arc<Edge>,
    node: Node,
    log: Arc<PostgresLog>,
    runtime: Handle,
}

impl Core {
    fn run(mut self, received: &Receiver<Work>) -> Result<(), Damage> {
        let mut ticked = Instant::now();
        let mut outputs = Vec::new();
        loop {
            let left = TICK.saturating_sub(ticked.elapsed());
            match received.recv_timeout(left) {
                Ok(Work::Input(input)) => self.node.step(now(), input, &mut outputs)?,
                Ok(Work::Look(look)) => look(&self.node),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.node.step(now(), Input::Tick, &mut outputs)?;
            }
            for output in outputs.drain(..) {
                self.carry_out(output);
            }
        }
    }

    fn carry_out(&self, output: Output) {
        match output {
            Output::Call(call) => {
                let (log, edge) = (Arc::clone(&self.log), Arc::clone(&self.edge));
                self.runtime.spawn(async move {
                    if let Some(input) = perform(&*log, call).await {
                        edge.tell(input);
                    }
                });
            }
            Output::Serve(partition, position, store) => {
                if let Some(view) = self.edge.views.get(&partition) {
                    view.send_replace(Some(Seen { store, position }));
                }
            }
            // A client that went away is told nothing.
            Output::Answer(ticket, answer) => {
                if let Some(reply) = self.edge.replies().remove(&ticket) {
                    let _ = reply.send(answer);
                }
            }
        }
    }
}
