//! Nodes as processes of their own.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::client::Client;
use super::database::{Database, signal};
use crate::Failure;
use crate::node::Status;
use crate::partition::{COUNT, Partition};

/// How long anything may take that has to happen at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// A node, which is killed when this is dropped.
pub(crate) struct NodeProcess {
    child: Child,
    pub(crate) address: String,
}

/// Nodes that share all partitions over one database.
pub(crate) struct Fleet {
    pub(crate) nodes: Vec<NodeProcess>,
    /// How many of them, from the first on, may own partitions. The others are replicas alone.
    owners: usize,
    pub(crate) database: Database,
}

impl Fleet {
    /// Starts a database and nodes, and waits until every partition has an owner.
    pub(crate) fn start(count: usize) -> Result<Self, Failure> {
        let database = Database::start()?;
        let setup = program()?
            .args(["setup", "--log", &database.dsn()])
            .status()?;
        if !setup.success() {
            return Err("the tables could not be made".into());
        }
        let nodes = (0..count).map(|index| NodeProcess::start(&database, count, index));
        let fleet = Self {
            nodes: nodes.collect::<Result<_, _>>()?,
            owners: count,
            database,
        };
        Self::wait_until("every partition has an owner", || {
            Ok(fleet.owners().len() == usize::from(COUNT))
        })?;
        Ok(fleet)
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|it| it.address.clone()).collect()
    }

    /// Starts a node that owns nothing, and returns its place.
    pub(crate) fn add_replica(&mut self) -> Result<usize, Failure> {
        let index = self.nodes.len();
        self.nodes
            .push(NodeProcess::start(&self.database, 0, index)?);
        Ok(index)
    }

    /// Starts a node again, in the place of one that was killed.
    pub(crate) fn restart(&mut self, index: usize) -> Result<(), Failure> {
        let owners = if index < self.owners { self.owners } else { 0 };
        *self.node_mut(index)? = NodeProcess::start(&self.database, owners, index)?;
        Ok(())
    }

    pub(crate) fn node(&self, index: usize) -> Result<&NodeProcess, Failure> {
        Ok(self.nodes.get(index).ok_or("no such node")?)
    }

    pub(crate) fn node_mut(&mut self, index: usize) -> Result<&mut NodeProcess, Failure> {
        Ok(self.nodes.get_mut(index).ok_or("no such node")?)
    }

    /// The node that takes the writes of each partition, by what the nodes say of themselves.
    pub(crate) fn owners(&self) -> BTreeMap<Partition, usize> {
        let mut owners = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let owned = node.health().into_iter().filter(|it| it.is_owned);
            owners.extend(owned.map(|it| (it.partition, index)));
        }
        owners
    }

    /// Waits until all nodes are where the log is, and returns how long that took.
    pub(crate) fn wait_until_level(&self) -> Result<Duration, Failure> {
        let started = Instant::now();
        // Nodes that came to a position in the meantime are behind another: they are level when
        // they are there at the first look.
        let mut looks = 0;
        while looks != 1 {
            looks = 0;
            let head = self.database.ask("SELECT sum(position) FROM partitions")?;
            let head: u64 = head.parse()?;
            let is_there = |node: &NodeProcess| {
                let positions = node.health().into_iter().map(|it| it.position);
                positions.sum::<u64>() >= head
            };
            Self::wait_until("all nodes are level", || {
                looks += 1;
                Ok(self.nodes.iter().all(is_there))
            })?;
        }
        Ok(started.elapsed())
    }

    /// Compares what all nodes export, and returns how many bytes that is.
    pub(crate) fn compare_exports(&self) -> Result<usize, Failure> {
        let mut length = 0;
        for partition in Partition::all() {
            let target = format!("/partitions/{partition}");
            let mut texts = Vec::new();
            for node in &self.nodes {
                texts.push(Client::new(&node.address).get(&target, 0)?.body);
            }
            length += texts.first().map_or(0, Vec::len);
            if texts.windows(2).any(|pair| pair.first() != pair.last()) {
                return Err(format!("partition {partition}: nodes export other bytes").into());
            }
        }
        Ok(length)
    }

    pub(crate) fn wait_until(
        what: &str,
        mut is_done: impl FnMut() -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        while !is_done()? {
            if started.elapsed() > PATIENCE {
                return Err(format!("in {PATIENCE:?} it did not come to pass that {what}").into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl NodeProcess {
    fn start(database: &Database, nodes: usize, index: usize) -> Result<Self, Failure> {
        let mut command = program()?;
        command.args(["node", "--log", &database.dsn()]);
        command.args(["--nodes", &nodes.to_string(), "--index", &index.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on ");
        let address = address.ok_or("a node did not start")?.to_owned();
        Ok(Self { child, address })
    }

    /// What the node says of each partition; nothing where it does not answer.
    pub(crate) fn health(&self) -> Vec<Status> {
        let mut client = Client::new(&self.address).with_patience(Duration::from_secs(1));
        let answer = client.get("/health", 0).ok();
        let status = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
        status.unwrap_or_default()
    }

    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops the process where it is, as a machine that hangs would.
    pub(crate) fn freeze(&self) -> Result<(), Failure> {
        signal("STOP", &self.child.id().to_string())
    }

    pub(crate) fn thaw(&self) -> Result<(), Failure> {
        signal("CONT", &self.child.id().to_string())
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn program() -> Result<Command, Failure> {
    Ok(Command::new(env::current_exe()?))
}
