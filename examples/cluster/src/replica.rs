//! A partition in memory: what its log says up to a position.

use std::fmt;
use std::io::{BufRead, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use taskdex::{ProjectId, Snapshot, TaskStore};

use crate::entry::{Action, Group};
use crate::partition::Partition;

/// A deterministic state machine: at equal positions, all replicas of a partition are equal in
/// every byte that they export.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replica {
    /// The projects of this partition alone, as what is due is watched by the store.
    pub(crate) store: Arc<TaskStore>,
    pub(crate) position: u64,
    /// Up to which second executions were handed on; `None` before the first owner.
    pub(crate) passed: Option<i64>,
    /// The position of the entry that said so; 0 where a snapshot did.
    pub(crate) passed_at: u64,
}

/// A partition as it was at a position, to be written while it goes on.
#[derive(Clone)]
pub(crate) struct Frozen {
    pub(crate) partition: Partition,
    pub(crate) position: u64,
    passed: Option<i64>,
    projects: Vec<Snapshot>,
}

/// The first line of a partition's text. The exports of its projects follow, in order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    partition: Partition,
    position: u64,
    passed: Option<i64>,
    /// The length of each export in bytes.
    projects: Vec<(ProjectId, usize)>,
}

/// Why a replica cannot go on. None of these happens unless data or program are damaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    #[error("partition {partition} at {position}: {error}")]
    Entry {
        partition: Partition,
        position: u64,
        error: taskdex::BatchError,
    },
    #[error("snapshot of a partition: {0}")]
    Snapshot(String),
}

impl Replica {
    /// Applies a group that follows, and nothing of one that was applied before. `false`: there
    /// is a gap between.
    pub(crate) fn apply(&mut self, partition: Partition, group: &Group) -> Result<bool, Damage> {
        if group.first > self.position + 1 {
            return Ok(false);
        }
        let position = self.position;
        for (position, entry) in group.positions().filter(|(it, _)| *it > position) {
            match &entry.action {
                Action::Passed(second) => {
                    self.passed = self.passed.max(Some(*second));
                    self.passed_at = position;
                }
                Action::Change(change) => {
                    let revision = position.into();
                    let now = change.now();
                    let applied =
                        self.store
                            .apply_at(&change.project, revision, &change.edits, now);
                    applied.map_err(|error| Damage::Entry {
                        partition,
                        position,
                        error,
                    })?;
                }
            }
            self.position = position;
        }
        Ok(true)
    }

    /// The state at this moment. O(projects): their tasks are shared until they change.
    pub(crate) fn freeze(&self, partition: Partition) -> Frozen {
        let projects = self.store.projects();
        let projects = projects
            .iter()
            .filter_map(|id| self.store.snapshot(id).ok());
        Frozen {
            partition,
            position: self.position,
            passed: self.passed,
            projects: projects.collect(),
        }
    }

    /// Reads what [`Frozen::to_text`] wrote.
    pub(crate) fn from_text(mut text: &[u8]) -> Result<Self, Damage> {
        let damaged = |error: &dyn fmt::Display| Damage::Snapshot(error.to_string());
        let mut line = Vec::new();
        let read = text.read_until(b'\n', &mut line);
        read.map_err(|error| damaged(&error))?;
        let header: Header = serde_json::from_slice(&line).map_err(|error| damaged(&error))?;
        let store = TaskStore::new();
        for (project, length) in &header.projects {
            let export = text.split_off(..*length);
            let export = export.ok_or_else(|| damaged(&"it is cut"))?;
            let restored = store.restore(project, export);
            restored.map_err(|error| damaged(&error))?;
        }
        Ok(Self {
            store: Arc::new(store),
            position: header.position,
            passed: header.passed,
            passed_at: 0,
        })
    }
}

impl Frozen {
    /// Everything as text, the same on every node that is at this position.
    pub(crate) fn to_text(&self) -> std::io::Result<Vec<u8>> {
        let mut exports = Vec::new();
        let mut projects = Vec::with_capacity(self.projects.len());
        for snapshot in &self.projects {
            let start = exports.len();
            snapshot.write_export(&mut exports)?;
            projects.push((snapshot.project().clone(), exports.len() - start));
        }
        let header = Header {
            partition: self.partition,
            position: self.position,
            passed: self.passed,
            projects,
        };
        let mut text = serde_json::to_vec(&header)?;
        text.write_all(b"\n")?;
        text.append(&mut exports);
        Ok(text)
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} at {}", self.partition, self.position)
    }
}
