//! The change feed: what leads a copy of a project on.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::batch::{Added, NewRow, Plan, Planner};
use super::project::Project;
use super::snapshot::record_of;
use crate::error::{Error, ErrorKind};
use crate::index::{ChangeLog, REVISION_MAX};
use crate::query::Revision;
use crate::task::{Record, TaskId};

/// The changes of a project from one revision to a later one.
///
/// Each task is there once, as it is at the end. A copy first removes, then puts each record: in
/// its place where the id is there, else at the end. [`TaskStore::apply_changes`] does that as
/// one change.
///
/// A plain value, which serializes in the form that the `shell` example writes.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::builder().with_change_log(1_000).build();
/// let project = ProjectId::new("p-1")?;
/// let now = DateTime::UNIX_EPOCH;
/// let task = |id| {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     Task::builder(id, "Stop", TaskType::Stop, event).build()
/// };
/// let seen = store.add(&project, task("t-1")?, now)?;
/// store.add(&project, task("t-2")?, now)?;
/// store.remove(&project, "t-1")?;
///
/// let changes = store.changes_since(&project, seen)?;
/// assert_eq!(changes.from, seen);
/// assert_eq!(changes.to, store.revision(&project));
/// assert_eq!(changes.removed[0].as_str(), "t-1");
/// assert_eq!(changes.puts[0].task.id(), "t-2");
/// # Ok::<(), taskdex::Error>(())
/// ```
///
/// [`TaskStore::apply_changes`]: crate::TaskStore::apply_changes
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ChangeSet {
    /// The revision that the changes lead from.
    pub from: Revision,
    /// The revision that they lead to.
    pub to: Revision,
    /// The sequence of the task that would be added next at `to`.
    pub next_sequence: u64,
    /// The tasks that go, in the project's order.
    pub removed: Vec<TaskId>,
    /// The full records to put, in the project's order.
    pub puts: Vec<Record>,
}

impl ChangeSet {
    /// No changes, for a copy that is at the revision.
    pub(super) fn nothing(revision: Revision, next_sequence: u64) -> Self {
        Self {
            from: revision,
            to: revision,
            next_sequence,
            removed: Vec::new(),
            puts: Vec::new(),
        }
    }
}

impl Project {
    pub(super) fn changes_since(&self, since: Revision) -> Result<ChangeSet, Error> {
        let index = self.read();
        let present = index.revision();
        if since == present {
            return Ok(ChangeSet::nothing(present, index.next_sequence()));
        }
        // No log reaches across the end of a project, and without tasks it is at its end.
        let log = index.log().filter(|_| index.len() > 0);
        let oldest = log.map_or(present, ChangeLog::base);
        let changes = log.filter(|_| since < present);
        let changes = changes
            .and_then(|log| log.since(since))
            .ok_or_else(|| Error::out_of_reach(since, oldest, present))?;
        let put = changes.put.iter();
        let puts = put.filter_map(|&sequence| index.row_of_sequence(sequence));
        let removed = changes.removed.iter();
        Ok(ChangeSet {
            from: since,
            to: present,
            next_sequence: index.next_sequence(),
            removed: removed.map(|it| TaskId::from_checked(&it.id)).collect(),
            puts: puts.map(record_of).collect(),
        })
    }

    /// Applies changes to this copy, with the writer's lock held.
    pub(super) fn apply_changes(
        &self,
        changes: &ChangeSet,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let revision = self.read().revision();
        if revision >= changes.to {
            return Ok(revision);
        }
        if revision != changes.from {
            return Err(Error::copy_mismatch(changes.from, revision));
        }
        if changes.to.get() > REVISION_MAX {
            return Err(Error::project_full(""));
        }
        let plan = {
            let index = self.read();
            let version = changes.to;
            let planner = Planner {
                index: &index,
                version,
                now,
            };
            planner.changes(changes)?
        };
        self.execute(&plan, changes.to)
            .map_err(|_| Error::project_full(""))?;
        Ok(changes.to)
    }
}

impl Planner<'_> {
    /// A plan for the changes of the project that this one is a copy of.
    ///
    /// Refused where they do not lead from the state of this copy.
    fn changes(self, changes: &ChangeSet) -> Result<Plan<'_>, Error> {
        let index = self.index;
        if changes.next_sequence < index.next_sequence() {
            let accepted = "no sequence that the copy has used";
            return Err(damaged("next_sequence", &changes.next_sequence, accepted));
        }
        let mut plan = Plan {
            next_sequence: changes.next_sequence,
            ..Plan::default()
        };
        let mut removed = HashSet::new();
        for id in &changes.removed {
            let slot = index.find(id.as_str()).filter(|&slot| removed.insert(slot));
            let accepted = "the id of a task of the copy, once";
            plan.removed
                .push(slot.ok_or_else(|| damaged("removed", id, accepted))?);
        }
        let mut ids = HashSet::new();
        let mut sequence_min = 0;
        for record in &changes.puts {
            let sequence = record.sequence.filter(|&it| it >= sequence_min);
            let version = record.version.filter(|&it| it <= changes.to);
            let (Some(sequence), Some(version), Some(_)) = (sequence, version, record.added_at)
            else {
                let accepted = "full records of versions up to `to`, in the project's order";
                return Err(damaged("puts", &record.task.id(), accepted));
            };
            sequence_min = sequence.saturating_add(1);
            let planner = Self { version, ..self };
            let found = index.find(record.task.id());
            match found.and_then(|slot| Some((slot, index.row(slot)?))) {
                Some((slot, row)) if !removed.contains(&slot) => {
                    if row.sequence() != sequence {
                        let accepted = "the sequence that the task has in the copy";
                        return Err(damaged("sequence", &sequence, accepted));
                    }
                    let task = record.task.first_added(row.added_at())?;
                    plan.changed.push(planner.rewritten(slot, row, task));
                }
                _ => {
                    if sequence < index.next_sequence() || !ids.insert(record.task.id()) {
                        let accepted = "an id once, and a sequence behind those of the copy";
                        return Err(damaged("puts", &record.task.id(), accepted));
                    }
                    let row = NewRow::new(record, planner.now, version, sequence)?;
                    plan.added.push(Added {
                        row,
                        replaces: found,
                    });
                }
            }
        }
        if sequence_min > changes.next_sequence {
            let accepted = "more than every sequence of `puts`";
            return Err(damaged("next_sequence", &changes.next_sequence, accepted));
        }
        plan.changed.sort_unstable_by_key(|it| it.slot);
        plan.removed.sort_unstable();
        if plan.count_after(index) > index.task_count_max() as usize {
            return Err(Error::project_full(""));
        }
        Ok(plan)
    }
}

fn damaged(parameter: &'static str, value: &impl ToString, accepted: &'static str) -> Error {
    let kind = ErrorKind::DamagedExport;
    Error::refused(kind, parameter, &value.to_string(), accepted)
}
