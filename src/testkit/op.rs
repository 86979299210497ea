//! One call of a store, defined once for every test that makes calls up.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::reference::{ReferenceRefusal, ReferenceSnapshot, ReferenceStore, ReferenceTask};
use crate::error::{Error, ErrorKind};
use crate::query::{Explanation, ListQuery, Revision, ScheduledTask};
use crate::store::{
    Applied, BatchError, ChangeSet, DueBatch, Edit, Expectation, MissedPolicy, Replaced, Snapshot,
    Synced, TaskStore,
};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, Record, ScheduledType, Task, TaskName, TaskType,
};
use crate::wire::export::ExportError;

/// One call of a [`TaskStore`]: every change there is, and the reads.
///
/// What a client would have read before is told by how it lies to what the store holds, as a
/// history is made up without a store: `ahead` is a distance from the project's own revision.
///
/// ```
/// use taskdex::testkit::{Op, Outcome, ReferenceStore};
/// use taskdex::{ErrorKind, ProjectId, TaskStore};
///
/// let op = Op::Remove { project: ProjectId::new("p-1")?, id: "t-1".to_owned() };
/// let outcome = op.apply(&TaskStore::new());
/// assert_eq!(outcome, Outcome::Refused { kind: ErrorKind::TaskNotFound, position: 0 });
/// assert_eq!(outcome, op.apply_to_reference(&mut ReferenceStore::new()));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parameters of the method of the same name")]
pub enum Op {
    /// [`TaskStore::add`].
    Add {
        project: ProjectId,
        task: Record,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::add_all`].
    AddAll {
        project: ProjectId,
        tasks: Vec<Record>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::apply`].
    Apply {
        project: ProjectId,
        edits: Vec<Edit>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::apply`], where each edit expects what is there.
    ApplySeen {
        project: ProjectId,
        edits: Vec<Edit>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::apply_at`], at a revision so far ahead of the project's own.
    ApplyAt {
        project: ProjectId,
        ahead: i64,
        edits: Vec<Edit>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::check`].
    Check {
        project: ProjectId,
        edits: Vec<Edit>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::sync`].
    Sync {
        project: ProjectId,
        tasks: Vec<Record>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::replace`].
    Replace {
        project: ProjectId,
        task: Task,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::rename`].
    Rename {
        project: ProjectId,
        id: String,
        task_name: TaskName,
    },
    /// [`TaskStore::set_last_status`].
    SetLastStatus {
        project: ProjectId,
        id: String,
        last_status: Option<LastStatus>,
    },
    /// [`TaskStore::set_enabled`].
    SetEnabled {
        project: ProjectId,
        id: String,
        enabled: bool,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::remove`].
    Remove { project: ProjectId, id: String },
    /// [`TaskStore::remove_project`].
    RemoveProject { project: ProjectId },
    /// [`TaskStore::snapshot`].
    Snapshot { project: ProjectId },
    /// [`TaskStore::restore`]: the export of one project, into another.
    Restore {
        project: ProjectId,
        original: ProjectId,
    },
    /// [`TaskStore::changes_since`], a revision so far ahead of the project's own.
    ChangesSince { project: ProjectId, ahead: i64 },
    /// [`TaskStore::apply_changes`]: those of another project since the revision of this one.
    ApplyChanges {
        project: ProjectId,
        original: ProjectId,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::get`].
    Get {
        project: ProjectId,
        id: String,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::list`].
    List {
        project: ProjectId,
        query: ListQuery,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::list_json`].
    ListJson {
        project: ProjectId,
        query: ListQuery,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::facets`].
    Facets {
        project: ProjectId,
        query: ListQuery,
    },
    /// [`TaskStore::project_memory`].
    ProjectMemory { project: ProjectId },
    /// [`TaskStore::explain`].
    Explain {
        project: ProjectId,
        query: ListQuery,
    },
    /// [`TaskStore::compact`].
    Compact { project: ProjectId },
    /// [`TaskStore::watch_due`].
    WatchDue {
        project: ProjectId,
        passed: DateTime<Utc>,
    },
    /// [`TaskStore::take_due`], or [`TaskStore::take_due_by`] where reboots have another policy.
    TakeDue {
        project: ProjectId,
        now: DateTime<Utc>,
        limit: usize,
        policy: MissedPolicy,
        of_reboots: Option<MissedPolicy>,
    },
    /// [`TaskStore::next_wakeup`] and [`TaskStore::passed`].
    NextWakeup { project: ProjectId },
    /// [`TaskStore::due_count`].
    DueCount {
        project: ProjectId,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::forecast`].
    Forecast {
        project: ProjectId,
        query: ListQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        step: Duration,
    },
    /// [`TaskStore::task_count`].
    TaskCount { project: ProjectId },
    /// [`TaskStore::projects`] and [`TaskStore::project_count`].
    Projects { project: ProjectId },
}

/// What a call gave, in a form that both stores share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The call was accepted, and gave this version or revision.
    Changed(u64),
    /// A task was replaced or removed.
    Replaced {
        /// The version of the other task, or the project's revision.
        revision: u64,
        /// The task that was.
        previous: Task,
    },
    /// What [`TaskStore::apply_at`] did.
    Applied(Applied),
    /// What [`TaskStore::sync`] did.
    Synced(Synced),
    /// The call was, or would be, accepted, and gave nothing.
    Accepted,
    /// The call was refused.
    Refused {
        /// What kind of error it was.
        kind: ErrorKind,
        /// The position in the batch; 0 outside batches.
        position: usize,
    },
    /// A project was removed that had so many tasks.
    Removed(u64),
    /// What [`TaskStore::snapshot`] shows.
    Snapshot(ReferenceSnapshot),
    /// What [`TaskStore::changes_since`] gave.
    Changes(ChangeSet),
    /// What [`TaskStore::get`] found.
    Found(Option<Seen>),
    /// What [`TaskStore::list`] gave.
    Page {
        /// The tasks of the page.
        tasks: Vec<Seen>,
        /// How many match.
        total_count: u64,
        /// The project's revision.
        revision: u64,
        /// The text of the cursor behind the last task.
        next_cursor: Option<String>,
    },
    /// What [`TaskStore::list_json`] wrote and returned.
    Body {
        /// The body.
        text: String,
        /// How many match.
        total_count: u64,
        /// The project's revision.
        revision: u64,
        /// The text of the cursor behind the last task.
        next_cursor: Option<String>,
    },
    /// What [`TaskStore::facets`] counted, by the value's spelling; `-` is never executed.
    Facets(BTreeMap<&'static str, u64>),
    /// Whether [`TaskStore::project_memory`] found rows.
    UsesMemory(bool),
    /// How many tasks match all but the name, by what [`TaskStore::explain`] says.
    Explained(u64),
    /// What [`TaskStore::next_wakeup`] and [`TaskStore::passed`] say.
    Wakeup {
        /// The next wake-up.
        next_wakeup: Option<DateTime<Utc>>,
        /// What was passed.
        passed: DateTime<Utc>,
    },
    /// What [`TaskStore::take_due`] gave.
    Due(DueBatch),
    /// What [`TaskStore::forecast`] counted.
    Forecast(Vec<u64>),
    /// What [`TaskStore::task_count`] or [`TaskStore::due_count`] counted.
    Counted(u64),
    /// What [`TaskStore::project_count`] counted, and [`TaskStore::projects`] named.
    Projects(u64, Vec<ProjectId>),
}

/// A task as a store shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub task: Task,
    /// The revision of its latest change.
    pub version: u64,
    /// The documented `next_execution_time`.
    pub next_execution_time: Option<String>,
}

impl From<&ScheduledTask> for Seen {
    fn from(listed: &ScheduledTask) -> Self {
        Self {
            task: listed.task().clone(),
            version: listed.version().get(),
            next_execution_time: listed.next_execution_time(),
        }
    }
}

impl From<ReferenceTask> for Seen {
    fn from(listed: ReferenceTask) -> Self {
        Self {
            task: listed.task,
            version: listed.version,
            next_execution_time: listed.next_execution_time,
        }
    }
}

impl From<Revision> for Outcome {
    fn from(revision: Revision) -> Self {
        Self::Changed(revision.get())
    }
}

impl From<u64> for Outcome {
    fn from(revision: u64) -> Self {
        Self::Changed(revision)
    }
}

impl From<Replaced> for Outcome {
    fn from(replaced: Replaced) -> Self {
        let Replaced { revision, previous } = replaced;
        (revision.get(), previous).into()
    }
}

impl From<(u64, Task)> for Outcome {
    fn from((revision, previous): (u64, Task)) -> Self {
        Self::Replaced { revision, previous }
    }
}

impl From<Applied> for Outcome {
    fn from(applied: Applied) -> Self {
        Self::Applied(applied)
    }
}

impl From<Synced> for Outcome {
    fn from(synced: Synced) -> Self {
        Self::Synced(synced)
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Accepted
    }
}

impl From<&Snapshot> for Outcome {
    fn from(snapshot: &Snapshot) -> Self {
        Self::Snapshot(ReferenceSnapshot {
            revision: snapshot.revision().get(),
            next_sequence: snapshot.next_sequence(),
            records: snapshot
                .iter()
                .map(crate::store::SnapshotTask::to_record)
                .collect(),
        })
    }
}

impl From<ReferenceSnapshot> for Outcome {
    fn from(snapshot: ReferenceSnapshot) -> Self {
        Self::Snapshot(snapshot)
    }
}

impl From<ChangeSet> for Outcome {
    fn from(changes: ChangeSet) -> Self {
        Self::Changes(changes)
    }
}

impl From<DueBatch> for Outcome {
    fn from(batch: DueBatch) -> Self {
        Self::Due(batch)
    }
}

impl From<Vec<u64>> for Outcome {
    fn from(counts: Vec<u64>) -> Self {
        Self::Forecast(counts)
    }
}

impl From<(Option<DateTime<Utc>>, DateTime<Utc>)> for Outcome {
    fn from((next_wakeup, passed): (Option<DateTime<Utc>>, DateTime<Utc>)) -> Self {
        Self::Wakeup {
            next_wakeup,
            passed,
        }
    }
}

impl<T: Into<Self>> From<Result<T, Error>> for Outcome {
    fn from(result: Result<T, Error>) -> Self {
        let refused = |error: Error| ReferenceRefusal::from(error.kind());
        result.map_err(refused).into()
    }
}

impl<T: Into<Self>> From<Result<T, BatchError>> for Outcome {
    fn from(result: Result<T, BatchError>) -> Self {
        let refused = |refused: BatchError| ReferenceRefusal {
            kind: refused.error.kind(),
            position: refused.position,
        };
        result.map_err(refused).into()
    }
}

impl<T: Into<Self>> From<Result<T, ReferenceRefusal>> for Outcome {
    fn from(result: Result<T, ReferenceRefusal>) -> Self {
        match result {
            Ok(given) => given.into(),
            Err(ReferenceRefusal { kind, position }) => Self::Refused { kind, position },
        }
    }
}

impl Op {
    /// The names of all operations.
    pub const NAMES: &'static [&'static str] = &[
        "add",
        "add_all",
        "apply",
        "apply_at",
        "check",
        "sync",
        "replace",
        "rename",
        "set_last_status",
        "set_enabled",
        "remove",
        "remove_project",
        "snapshot",
        "restore",
        "changes_since",
        "apply_changes",
        "get",
        "list",
        "list_json",
        "facets",
        "project_memory",
        "explain",
        "compact",
        "watch_due",
        "take_due",
        "next_wakeup",
        "due_count",
        "forecast",
        "task_count",
        "projects",
    ];

    /// The name of the method that this calls.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::AddAll { .. } => "add_all",
            Self::Apply { .. } | Self::ApplySeen { .. } => "apply",
            Self::ApplyAt { .. } => "apply_at",
            Self::Check { .. } => "check",
            Self::Sync { .. } => "sync",
            Self::Replace { .. } => "replace",
            Self::Rename { .. } => "rename",
            Self::SetLastStatus { .. } => "set_last_status",
            Self::SetEnabled { .. } => "set_enabled",
            Self::Remove { .. } => "remove",
            Self::RemoveProject { .. } => "remove_project",
            Self::Snapshot { .. } => "snapshot",
            Self::Restore { .. } => "restore",
            Self::ChangesSince { .. } => "changes_since",
            Self::ApplyChanges { .. } => "apply_changes",
            Self::Get { .. } => "get",
            Self::List { .. } => "list",
            Self::ListJson { .. } => "list_json",
            Self::Facets { .. } => "facets",
            Self::ProjectMemory { .. } => "project_memory",
            Self::Explain { .. } => "explain",
            Self::Compact { .. } => "compact",
            Self::WatchDue { .. } => "watch_due",
            Self::TakeDue { .. } => "take_due",
            Self::NextWakeup { .. } => "next_wakeup",
            Self::DueCount { .. } => "due_count",
            Self::Forecast { .. } => "forecast",
            Self::TaskCount { .. } => "task_count",
            Self::Projects { .. } => "projects",
        }
    }

    /// The project that this concerns.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        match self {
            Self::Add { project, .. }
            | Self::AddAll { project, .. }
            | Self::Apply { project, .. }
            | Self::ApplyAt { project, .. }
            | Self::Check { project, .. }
            | Self::Sync { project, .. }
            | Self::Replace { project, .. }
            | Self::Rename { project, .. }
            | Self::SetLastStatus { project, .. }
            | Self::SetEnabled { project, .. }
            | Self::Remove { project, .. }
            | Self::RemoveProject { project }
            | Self::Snapshot { project }
            | Self::Restore { project, .. }
            | Self::ChangesSince { project, .. }
            | Self::ApplyChanges { project, .. }
            | Self::Get { project, .. }
            | Self::List { project, .. }
            | Self::ListJson { project, .. }
            | Self::Facets { project, .. }
            | Self::ProjectMemory { project }
            | Self::Explain { project, .. }
            | Self::Compact { project }
            | Self::WatchDue { project, .. }
            | Self::TakeDue { project, .. }
            | Self::NextWakeup { project }
            | Self::DueCount { project, .. }
            | Self::Forecast { project, .. }
            | Self::TaskCount { project }
            | Self::Projects { project }
            | Self::ApplySeen { project, .. } => project,
        }
    }

    /// The instant of the call, where it takes one.
    #[must_use]
    pub fn now(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Add { now, .. }
            | Self::AddAll { now, .. }
            | Self::Apply { now, .. }
            | Self::ApplySeen { now, .. }
            | Self::ApplyAt { now, .. }
            | Self::Check { now, .. }
            | Self::Sync { now, .. }
            | Self::Replace { now, .. }
            | Self::SetEnabled { now, .. }
            | Self::ApplyChanges { now, .. }
            | Self::Get { now, .. }
            | Self::List { now, .. }
            | Self::ListJson { now, .. }
            | Self::TakeDue { now, .. }
            | Self::DueCount { now, .. } => Some(*now),
            Self::Rename { .. }
            | Self::SetLastStatus { .. }
            | Self::Remove { .. }
            | Self::RemoveProject { .. }
            | Self::Snapshot { .. }
            | Self::Restore { .. }
            | Self::ChangesSince { .. }
            | Self::Facets { .. }
            | Self::ProjectMemory { .. }
            | Self::Explain { .. }
            | Self::Compact { .. }
            | Self::WatchDue { .. }
            | Self::NextWakeup { .. }
            | Self::Forecast { .. }
            | Self::TaskCount { .. }
            | Self::Projects { .. } => None,
        }
    }

    /// The same call at another instant, where it takes one.
    #[must_use]
    pub fn with_now(mut self, at: DateTime<Utc>) -> Self {
        match &mut self {
            Self::Add { now, .. }
            | Self::AddAll { now, .. }
            | Self::Apply { now, .. }
            | Self::ApplySeen { now, .. }
            | Self::ApplyAt { now, .. }
            | Self::Check { now, .. }
            | Self::Sync { now, .. }
            | Self::Replace { now, .. }
            | Self::SetEnabled { now, .. }
            | Self::ApplyChanges { now, .. }
            | Self::Get { now, .. }
            | Self::List { now, .. }
            | Self::ListJson { now, .. }
            | Self::TakeDue { now, .. }
            | Self::DueCount { now, .. } => *now = at,
            Self::Rename { .. }
            | Self::SetLastStatus { .. }
            | Self::Remove { .. }
            | Self::RemoveProject { .. }
            | Self::Snapshot { .. }
            | Self::Restore { .. }
            | Self::ChangesSince { .. }
            | Self::Facets { .. }
            | Self::ProjectMemory { .. }
            | Self::Explain { .. }
            | Self::Compact { .. }
            | Self::WatchDue { .. }
            | Self::NextWakeup { .. }
            | Self::Forecast { .. }
            | Self::TaskCount { .. }
            | Self::Projects { .. } => {}
        }
        self
    }

    /// Calls the engine.
    #[expect(clippy::too_many_lines, reason = "one arm for each call")]
    pub fn apply(&self, store: &TaskStore) -> Outcome {
        match self.clone() {
            Self::Add { project, task, now } => store.add(&project, task, now).into(),
            Self::AddAll {
                project,
                tasks,
                now,
            } => store.add_all(&project, tasks, now).into(),
            Self::Apply {
                project,
                edits,
                now,
            } => store.apply(&project, &edits, now).into(),
            Self::ApplySeen {
                project,
                edits,
                now,
            } => {
                let version = |id: &str| Some(store.get(&project, id, now)?.version());
                store
                    .apply(&project, &expecting(edits, version), now)
                    .into()
            }
            Self::ApplyAt {
                project,
                ahead,
                edits,
                now,
            } => {
                let revision = store.revision(&project).get().saturating_add_signed(ahead);
                store
                    .apply_at(&project, Revision::new(revision), &edits, now)
                    .into()
            }
            Self::Check {
                project,
                edits,
                now,
            } => store.check(&project, &edits, now).into(),
            Self::Sync {
                project,
                tasks,
                now,
            } => store.sync(&project, tasks, now).into(),
            Self::Replace { project, task, now } => store.replace(&project, task, now).into(),
            Self::Rename {
                project,
                id,
                task_name,
            } => store.rename(&project, &id, &task_name).into(),
            Self::SetLastStatus {
                project,
                id,
                last_status,
            } => store.set_last_status(&project, &id, last_status).into(),
            Self::SetEnabled {
                project,
                id,
                enabled,
                now,
            } => store.set_enabled(&project, &id, enabled, now).into(),
            Self::Remove { project, id } => store.remove(&project, &id).into(),
            Self::RemoveProject { project } => Outcome::Removed(store.remove_project(&project)),
            Self::Snapshot { project } => match store.snapshot(&project) {
                Ok(snapshot) => (&snapshot).into(),
                Err(error) => Err::<Revision, _>(error).into(),
            },
            Self::Restore { project, original } => restore(store, &project, &original).into(),
            Self::ChangesSince { project, ahead } => {
                let since = store.revision(&project).get().saturating_add_signed(ahead);
                store.changes_since(&project, Revision::new(since)).into()
            }
            Self::ApplyChanges {
                project,
                original,
                now,
            } => {
                let changes = store.changes_since(&original, store.revision(&project));
                changes
                    .and_then(|changes| store.apply_changes(&project, &changes, now))
                    .into()
            }
            Self::Get { project, id, now } => {
                Outcome::Found(store.get(&project, &id, now).as_ref().map(Seen::from))
            }
            Self::List {
                project,
                query,
                now,
            } => {
                let page = store.list(&project, &query, now);
                Outcome::Page {
                    tasks: page.tasks().iter().map(Seen::from).collect(),
                    total_count: page.total_count(),
                    revision: page.revision().get(),
                    next_cursor: page.next_cursor().map(|cursor| cursor.to_string()),
                }
            }
            Self::ListJson {
                project,
                query,
                now,
            } => {
                // Behind what is there already.
                let mut body = b"> ".to_vec();
                let summary = store.list_json(&project, &query, now, &mut body);
                let body = String::from_utf8_lossy(&body);
                Outcome::Body {
                    text: body.strip_prefix("> ").unwrap_or_default().to_owned(),
                    total_count: summary.total_count(),
                    revision: summary.revision().get(),
                    next_cursor: summary.next_cursor().map(|cursor| cursor.to_string()),
                }
            }
            Self::Facets { project, query } => {
                let facets = store.facets(&project, &query);
                let mut counts = BTreeMap::from([("-", facets.last_status(None))]);
                for value in TaskType::ALL {
                    counts.insert(value.as_str(), facets.task_type(*value));
                }
                for value in ScheduledType::ALL {
                    counts.insert(value.as_str(), facets.scheduled_type(*value));
                }
                for value in LifeCycleType::ALL {
                    counts.insert(value.as_str(), facets.life_cycle_type(*value));
                }
                for value in LastStatus::ALL {
                    counts.insert(value.as_str(), facets.last_status(Some(*value)));
                }
                Outcome::Facets(counts)
            }
            Self::ProjectMemory { project } => {
                let memory = store.project_memory(&project);
                Outcome::UsesMemory(memory.rows > 0)
            }
            Self::Explain { project, query } => {
                Outcome::Explained(match store.explain(&project, &query) {
                    Explanation::Nothing => 0,
                    Explanation::Scan { tasks } => {
                        let page = store.list(&project, &query.with_task_name(None), NOW);
                        let is_whole = tasks == store.task_count(&project);
                        if is_whole { page.total_count() } else { tasks }
                    }
                    Explanation::Lookup { length, .. } | Explanation::NameSearch { length, .. } => {
                        length
                    }
                })
            }
            Self::Compact { project } => {
                store.compact(&project);
                Outcome::Accepted
            }
            Self::WatchDue { passed, .. } => {
                let next_wakeup = store.watch_due(passed);
                store.passed().map(|passed| (next_wakeup, passed)).into()
            }
            Self::TakeDue {
                now,
                limit,
                policy,
                of_reboots,
                ..
            } => {
                if of_reboots.is_none() {
                    return store.take_due(now, limit, policy).into();
                }
                let choose = |_: &ProjectId, task: &Task| policy_of(task, policy, of_reboots);
                store.take_due_by(now, limit, choose).into()
            }
            Self::NextWakeup { .. } => {
                let next_wakeup = store.next_wakeup();
                let both = next_wakeup.and_then(|wakeup| Ok((wakeup, store.passed()?)));
                both.into()
            }
            Self::DueCount { now, .. } => store.due_count(now).map(Outcome::Counted).into(),
            Self::Forecast {
                project,
                query,
                from,
                to,
                step,
            } => store.forecast(&project, &query, from, to, step).into(),
            Self::TaskCount { project } => Outcome::Counted(store.task_count(&project)),
            Self::Projects { .. } => Outcome::Projects(store.project_count(), store.projects()),
        }
    }

    /// Calls the reference.
    pub fn apply_to_reference(&self, reference: &mut ReferenceStore) -> Outcome {
        let outcome = self.call_reference(reference);
        match self {
            Self::Restore { project, .. } => reference.follow_due(project, None),
            Self::Add { project, now, .. }
            | Self::AddAll { project, now, .. }
            | Self::Apply { project, now, .. }
            | Self::ApplySeen { project, now, .. }
            | Self::ApplyAt { project, now, .. }
            | Self::Sync { project, now, .. }
            | Self::Replace { project, now, .. }
            | Self::SetEnabled { project, now, .. }
            | Self::ApplyChanges { project, now, .. } => reference.follow_due(project, Some(*now)),
            // What was pending goes with the task.
            Self::Remove { project, .. } | Self::RemoveProject { project } => {
                reference.follow_due(project, Some(NOW));
            }
            _ => {}
        }
        outcome
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each call")]
    fn call_reference(&self, reference: &mut ReferenceStore) -> Outcome {
        match self.clone() {
            Self::Add { project, task, now } => reference.add(&project, &task, now).into(),
            Self::AddAll {
                project,
                tasks,
                now,
            } => reference.add_all(&project, &tasks, now).into(),
            Self::Apply {
                project,
                edits,
                now,
            } => reference.apply(&project, &edits, now).into(),
            Self::ApplySeen {
                project,
                edits,
                now,
            } => {
                let version =
                    |id: &str| Some(Revision::new(reference.get(&project, id, now)?.version));
                let edits = expecting(edits, version);
                reference.apply(&project, &edits, now).into()
            }
            Self::ApplyAt {
                project,
                ahead,
                edits,
                now,
            } => {
                let revision = reference.revision(&project).saturating_add_signed(ahead);
                reference.apply_at(&project, revision, &edits, now).into()
            }
            Self::Check {
                project,
                edits,
                now,
            } => reference.check(&project, &edits, now).into(),
            Self::Sync {
                project,
                tasks,
                now,
            } => reference.sync(&project, &tasks, now).into(),
            Self::Replace { project, task, .. } => reference.replace(&project, &task).into(),
            Self::Rename {
                project,
                id,
                task_name,
            } => reference.rename(&project, &id, &task_name).into(),
            Self::SetLastStatus {
                project,
                id,
                last_status,
            } => reference.set_last_status(&project, &id, last_status).into(),
            Self::SetEnabled {
                project,
                id,
                enabled,
                ..
            } => reference.set_enabled(&project, &id, enabled).into(),
            Self::Remove { project, id } => reference.remove(&project, &id).into(),
            Self::RemoveProject { project } => Outcome::Removed(reference.remove_project(&project)),
            Self::Snapshot { project } => reference.snapshot(&project).into(),
            Self::Restore { project, original } => {
                let snapshot = reference.snapshot(&original);
                snapshot
                    .and_then(|snapshot| reference.restore(&project, &snapshot))
                    .into()
            }
            Self::ChangesSince { project, ahead } => {
                let since = reference.revision(&project).saturating_add_signed(ahead);
                reference.changes_since(&project, since).into()
            }
            Self::ApplyChanges {
                project, original, ..
            } => {
                let changes = reference.changes_since(&original, reference.revision(&project));
                changes
                    .and_then(|changes| reference.apply_changes(&project, &changes))
                    .into()
            }
            Self::Get { project, id, now } => {
                Outcome::Found(reference.get(&project, &id, now).map(Seen::from))
            }
            Self::List {
                project,
                query,
                now,
            } => {
                let page = reference.list(&project, &query, now);
                Outcome::Page {
                    tasks: page.tasks.into_iter().map(Seen::from).collect(),
                    total_count: page.total_count,
                    revision: reference.revision(&project),
                    next_cursor: page.next_cursor,
                }
            }
            Self::ListJson {
                project,
                query,
                now,
            } => {
                let page = reference.list(&project, &query, now);
                Outcome::Body {
                    text: reference.list_json(&project, &query, now),
                    total_count: page.total_count,
                    revision: reference.revision(&project),
                    next_cursor: page.next_cursor,
                }
            }
            Self::Facets { project, query } => Outcome::Facets(reference.facets(&project, &query)),
            Self::ProjectMemory { project } => {
                Outcome::UsesMemory(reference.task_count(&project) > 0)
            }
            Self::Explain { project, query } => {
                let nameless = query.with_task_name(None);
                let page = reference.list(&project, &nameless, NOW);
                Outcome::Explained(page.total_count)
            }
            // It shows nowhere.
            Self::Compact { .. } => Outcome::Accepted,
            Self::WatchDue { passed, .. } => {
                reference.watch_due(passed);
                reference.next_wakeup().into()
            }
            Self::TakeDue {
                now,
                limit,
                policy,
                of_reboots,
                ..
            } => {
                let choose = |task: &Task| policy_of(task, policy, of_reboots);
                reference.take_due(now, limit, choose).into()
            }
            Self::NextWakeup { .. } => reference.next_wakeup().into(),
            Self::DueCount { now, .. } => reference.due_count(now).map(Outcome::Counted).into(),
            Self::Forecast {
                project,
                query,
                from,
                to,
                step,
            } => Outcome::Forecast(reference.forecast(&project, &query, (from, to), step)),
            Self::TaskCount { project } => Outcome::Counted(reference.task_count(&project)),
            Self::Projects { .. } => {
                let projects = reference.projects();
                Outcome::Projects(projects.len() as u64, projects)
            }
        }
    }
}

/// The instant of calls that do not depend on it.
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn policy_of(task: &Task, policy: MissedPolicy, of_reboots: Option<MissedPolicy>) -> MissedPolicy {
    let of_reboots = of_reboots.filter(|_| task.task_type() == TaskType::Reboot);
    of_reboots.unwrap_or(policy)
}

/// The same edits, each of which expects what is there.
fn expecting(edits: Vec<Edit>, version: impl Fn(&str) -> Option<Revision>) -> Vec<Edit> {
    let expecting = |edit: Edit| {
        let expectation = version(edit.id()).map_or(Expectation::Absent, Expectation::Version);
        edit.with_expectation(expectation)
    };
    edits.into_iter().map(expecting).collect()
}

fn restore(
    store: &TaskStore,
    project: &ProjectId,
    original: &ProjectId,
) -> Result<Revision, Error> {
    let snapshot = store.snapshot(original)?;
    let mut export = Vec::new();
    let written = snapshot.write_export(&mut export);
    debug_assert!(written.is_ok(), "memory takes all that is written");
    let restored = store.restore(project, export.as_slice());
    restored.map_err(|refused| match refused {
        ExportError::Refused(refused) => refused.error,
        // Neither does reading from memory fail.
        ExportError::Io { .. } => Error::project_not_found(original),
    })
}
