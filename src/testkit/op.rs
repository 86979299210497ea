//! One call of a store, defined once for every test that makes calls up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::reference::{ReferenceRefusal, ReferenceStore, ReferenceTask};
use crate::error::{Error, ErrorKind};
use crate::query::{Explanation, ListQuery, Revision, ScheduledTask};
use crate::store::{BatchError, TaskStore};
use crate::task::{LastStatus, LifeCycleType, ProjectId, ScheduledType, Task, TaskName, TaskType};

/// One call of a [`TaskStore`]: every change there is, and the reads.
///
/// ```
/// use taskdex::testkit::{Op, Outcome, ReferenceStore};
/// use taskdex::{ErrorKind, ProjectId, TaskStore, testkit::Workload};
///
/// let op = Op::Remove {
///     project: ProjectId::new("p-1")?,
///     id: "t-1".to_owned(),
///     now: Workload::NOW,
/// };
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
        task: Task,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::add_all`].
    AddAll {
        project: ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::sync`].
    Sync {
        project: ProjectId,
        tasks: Vec<Task>,
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
        now: DateTime<Utc>,
    },
    /// [`TaskStore::set_last_status`].
    SetLastStatus {
        project: ProjectId,
        id: String,
        last_status: Option<LastStatus>,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::set_enabled`].
    SetEnabled {
        project: ProjectId,
        id: String,
        enabled: bool,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::remove`].
    Remove {
        project: ProjectId,
        id: String,
        now: DateTime<Utc>,
    },
    /// [`TaskStore::remove_project`].
    RemoveProject { project: ProjectId },
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
    /// [`TaskStore::explain`].
    Explain {
        project: ProjectId,
        query: ListQuery,
    },
    /// [`TaskStore::task_count`].
    TaskCount { project: ProjectId },
    /// [`TaskStore::projects`] and [`TaskStore::project_count`].
    Projects { project: ProjectId },
}

/// What a call gave, in a form that both stores share.
///
/// Versions are numbers: of the engine its [`Revision`]s, of the reference its
/// count of changes. [`Outcome::renumbered`] brings one to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The call changed the store; this is its version.
    Changed(u64),
    /// The call was accepted, and there was nothing to do.
    Unchanged,
    /// The call was refused.
    Refused {
        /// What kind of error it was.
        kind: ErrorKind,
        /// The position in the batch; 0 outside batches.
        position: usize,
    },
    /// A project was removed that had so many tasks.
    Removed(u64),
    /// What [`TaskStore::get`] found.
    Found(Option<Seen>),
    /// What [`TaskStore::list`] gave.
    Page {
        /// The tasks of the page.
        tasks: Vec<Seen>,
        /// How many match.
        total_count: u64,
        /// The text of the cursor behind the last task.
        next_cursor: Option<String>,
    },
    /// What [`TaskStore::list_json`] wrote and returned.
    Body {
        /// The body.
        text: String,
        /// How many match.
        total_count: u64,
        /// The text of the cursor behind the last task.
        next_cursor: Option<String>,
    },
    /// What [`TaskStore::facets`] counted, by the value's spelling; `-` is never executed.
    Facets(BTreeMap<&'static str, u64>),
    /// How many tasks match all but the name, by what [`TaskStore::explain`] says.
    Explained(u64),
    /// What [`TaskStore::task_count`] counted.
    Counted(u64),
    /// What [`TaskStore::project_count`] counted, and [`TaskStore::projects`] named.
    Projects(u64, Vec<ProjectId>),
}

/// A task as a store shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub task: Task,
    /// The number of its latest change.
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
            version: listed.change,
            next_execution_time: listed.next_execution_time,
        }
    }
}

impl From<Result<Revision, Error>> for Outcome {
    fn from(result: Result<Revision, Error>) -> Self {
        match result {
            Ok(revision) => Self::Changed(revision.get()),
            Err(error) => Self::Refused {
                kind: error.kind(),
                position: 0,
            },
        }
    }
}

impl From<Result<u64, ReferenceRefusal>> for Outcome {
    fn from(result: Result<u64, ReferenceRefusal>) -> Self {
        match result {
            Ok(change) => Self::Changed(change),
            Err(ReferenceRefusal { kind, position }) => Self::Refused { kind, position },
        }
    }
}

impl Outcome {
    /// The same outcome with its versions numbered in another way.
    #[must_use]
    pub fn renumbered(self, number_of: impl Fn(u64) -> u64) -> Self {
        let renumber = |seen: Seen| Seen {
            version: number_of(seen.version),
            ..seen
        };
        match self {
            Self::Changed(version) => Self::Changed(number_of(version)),
            Self::Found(seen) => Self::Found(seen.map(renumber)),
            Self::Page {
                tasks,
                total_count,
                next_cursor,
            } => Self::Page {
                tasks: tasks.into_iter().map(renumber).collect(),
                total_count,
                next_cursor,
            },
            other => other,
        }
    }
}

impl Op {
    /// The names of all operations.
    pub const NAMES: &'static [&'static str] = &[
        "add",
        "add_all",
        "sync",
        "replace",
        "rename",
        "set_last_status",
        "set_enabled",
        "remove",
        "remove_project",
        "get",
        "list",
        "list_json",
        "facets",
        "explain",
        "task_count",
        "projects",
    ];

    /// The name of the method that this calls.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::AddAll { .. } => "add_all",
            Self::Sync { .. } => "sync",
            Self::Replace { .. } => "replace",
            Self::Rename { .. } => "rename",
            Self::SetLastStatus { .. } => "set_last_status",
            Self::SetEnabled { .. } => "set_enabled",
            Self::Remove { .. } => "remove",
            Self::RemoveProject { .. } => "remove_project",
            Self::Get { .. } => "get",
            Self::List { .. } => "list",
            Self::ListJson { .. } => "list_json",
            Self::Facets { .. } => "facets",
            Self::Explain { .. } => "explain",
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
            | Self::Sync { project, .. }
            | Self::Replace { project, .. }
            | Self::Rename { project, .. }
            | Self::SetLastStatus { project, .. }
            | Self::SetEnabled { project, .. }
            | Self::Remove { project, .. }
            | Self::RemoveProject { project }
            | Self::Get { project, .. }
            | Self::List { project, .. }
            | Self::ListJson { project, .. }
            | Self::Facets { project, .. }
            | Self::Explain { project, .. }
            | Self::TaskCount { project }
            | Self::Projects { project } => project,
        }
    }

    /// The instant of the call, where it takes one.
    #[must_use]
    pub fn now(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Add { now, .. }
            | Self::AddAll { now, .. }
            | Self::Sync { now, .. }
            | Self::Replace { now, .. }
            | Self::Rename { now, .. }
            | Self::SetLastStatus { now, .. }
            | Self::SetEnabled { now, .. }
            | Self::Remove { now, .. }
            | Self::Get { now, .. }
            | Self::List { now, .. }
            | Self::ListJson { now, .. } => Some(*now),
            Self::RemoveProject { .. }
            | Self::Facets { .. }
            | Self::Explain { .. }
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
            | Self::Sync { now, .. }
            | Self::Replace { now, .. }
            | Self::Rename { now, .. }
            | Self::SetLastStatus { now, .. }
            | Self::SetEnabled { now, .. }
            | Self::Remove { now, .. }
            | Self::Get { now, .. }
            | Self::List { now, .. }
            | Self::ListJson { now, .. } => *now = at,
            Self::RemoveProject { .. }
            | Self::Facets { .. }
            | Self::Explain { .. }
            | Self::TaskCount { .. }
            | Self::Projects { .. } => {}
        }
        self
    }

    /// Calls the engine.
    pub fn apply(&self, store: &TaskStore) -> Outcome {
        match self.clone() {
            Self::Add { project, task, now } => store.add(&project, task, now).into(),
            Self::AddAll {
                project,
                tasks,
                now,
            } => batch_outcome(store, &project, || store.add_all(&project, tasks, now)),
            Self::Sync {
                project,
                tasks,
                now,
            } => batch_outcome(store, &project, || store.sync(&project, tasks, now)),
            Self::Replace { project, task, now } => store.replace(&project, task, now).into(),
            Self::Rename {
                project,
                id,
                task_name,
                now,
            } => store.rename(&project, &id, &task_name, now).into(),
            Self::SetLastStatus {
                project,
                id,
                last_status,
                now,
            } => store
                .set_last_status(&project, &id, last_status, now)
                .into(),
            Self::SetEnabled {
                project,
                id,
                enabled,
                now,
            } => store.set_enabled(&project, &id, enabled, now).into(),
            Self::Remove { project, id, now } => store.remove(&project, &id, now).into(),
            Self::RemoveProject { project } => Outcome::Removed(store.remove_project(&project)),
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
            Self::TaskCount { project } => Outcome::Counted(store.task_count(&project)),
            Self::Projects { .. } => Outcome::Projects(store.project_count(), store.projects()),
        }
    }

    /// Calls the reference.
    pub fn apply_to_reference(&self, reference: &mut ReferenceStore) -> Outcome {
        match self.clone() {
            Self::Add { project, task, now } => reference.add(&project, task, now).into(),
            Self::AddAll { tasks, .. } if tasks.is_empty() => Outcome::Unchanged,
            Self::AddAll {
                project,
                tasks,
                now,
            } => reference.add_all(&project, tasks, now).into(),
            Self::Sync {
                project,
                tasks,
                now,
            } => match reference.sync(&project, tasks, now) {
                Ok(Some(change)) => Outcome::Changed(change),
                Ok(None) => Outcome::Unchanged,
                Err(ReferenceRefusal { kind, position }) => Outcome::Refused { kind, position },
            },
            Self::Replace { project, task, .. } => reference.replace(&project, task).into(),
            Self::Rename {
                project,
                id,
                task_name,
                ..
            } => reference.rename(&project, &id, &task_name).into(),
            Self::SetLastStatus {
                project,
                id,
                last_status,
                ..
            } => reference.set_last_status(&project, &id, last_status).into(),
            Self::SetEnabled {
                project,
                id,
                enabled,
                ..
            } => reference.set_enabled(&project, &id, enabled).into(),
            Self::Remove { project, id, .. } => reference.remove(&project, &id).into(),
            Self::RemoveProject { project } => Outcome::Removed(reference.remove_project(&project)),
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
                    next_cursor: page.next_cursor,
                }
            }
            Self::Facets { project, query } => Outcome::Facets(reference.facets(&project, &query)),
            Self::Explain { project, query } => {
                let nameless = query.with_task_name(None);
                let page = reference.list(&project, &nameless, NOW);
                Outcome::Explained(page.total_count)
            }
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

fn batch_outcome(
    store: &TaskStore,
    project: &ProjectId,
    call: impl FnOnce() -> Result<Revision, BatchError>,
) -> Outcome {
    let before = store.revision(project);
    match call() {
        Ok(revision) if revision == before => Outcome::Unchanged,
        Ok(revision) => Outcome::Changed(revision.get()),
        Err(refused) => Outcome::Refused {
            kind: refused.error.kind(),
            position: refused.position,
        },
    }
}
