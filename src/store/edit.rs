//! What a batch is made of: edits, and what they expect of the tasks that are there.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::query::Revision;
use crate::task::{LastStatus, Record, Task, TaskId, TaskName};

/// One edit of a [batch](crate::TaskStore::apply): an action, and what it expects.
///
/// A plain value, which serializes in the form that the `shell` example reads, so that a log or
/// an outbox can hold it.
///
/// ```
/// use taskdex::{Edit, Expectation, LastStatus, TaskId};
///
/// let edit = Edit::set_last_status(TaskId::new("t-1")?, LastStatus::Fail)
///     .with_expectation(Expectation::Version(7.into()));
/// assert_eq!(edit.id(), "t-1");
/// assert_eq!(
///     serde_json::to_string(&edit)?,
///     r#"{"set_last_status":{"id":"t-1","last_status":"FAIL"},"expect":7}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// What is done.
    #[serde(flatten)]
    pub action: EditAction,
    /// What the project must hold before the batch, if anything is expected.
    #[serde(rename = "expect", skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
}

/// What an [`Edit`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EditAction {
    /// Adds a task, whose id must be free.
    Add(Record),
    /// Adds a task, or replaces the one of its id in place.
    Put(Record),
    /// Replaces the task of its id, which must be there.
    Replace(Record),
    /// Renames a task.
    Rename {
        /// Which task.
        id: TaskId,
        /// Its other name.
        task_name: TaskName,
    },
    /// Sets how a task's latest execution ended.
    SetLastStatus {
        /// Which task.
        id: TaskId,
        /// `None`: it was never executed.
        last_status: Option<LastStatus>,
    },
    /// Enables or disables a task.
    SetEnabled {
        /// Which task.
        id: TaskId,
        /// Whether it is executed at all.
        #[serde(rename = "enable")]
        enabled: bool,
    },
    /// Removes a task.
    Remove {
        /// Which task.
        id: TaskId,
    },
}

/// What an [`Edit`] expects of the project as it was before the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// There is no task of the id.
    Absent,
    /// The task of the id has this version.
    Version(Revision),
}

impl Edit {
    /// Adds a task, or the task of a record, whose id must be free.
    pub fn add(task: impl Into<Record>) -> Self {
        EditAction::Add(task.into()).into()
    }

    /// Adds a task, or replaces the one of its id in place.
    pub fn put(task: impl Into<Record>) -> Self {
        EditAction::Put(task.into()).into()
    }

    /// Replaces the task of its id, which must be there.
    pub fn replace(task: impl Into<Record>) -> Self {
        EditAction::Replace(task.into()).into()
    }

    /// Renames a task.
    #[must_use]
    pub fn rename(id: TaskId, task_name: TaskName) -> Self {
        EditAction::Rename { id, task_name }.into()
    }

    /// Sets how a task's latest execution ended.
    pub fn set_last_status(id: TaskId, last_status: impl Into<Option<LastStatus>>) -> Self {
        let last_status = last_status.into();
        EditAction::SetLastStatus { id, last_status }.into()
    }

    /// Enables or disables a task.
    #[must_use]
    pub fn set_enabled(id: TaskId, enabled: bool) -> Self {
        EditAction::SetEnabled { id, enabled }.into()
    }

    /// Removes a task.
    #[must_use]
    pub fn remove(id: TaskId) -> Self {
        EditAction::Remove { id }.into()
    }

    /// The same edit, refused where the project held something else before the batch.
    #[must_use]
    pub fn with_expectation(mut self, expectation: impl Into<Option<Expectation>>) -> Self {
        self.expectation = expectation.into();
        self
    }

    /// The id of the task that the edit is about.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.action {
            EditAction::Add(record) | EditAction::Put(record) | EditAction::Replace(record) => {
                record.task.id()
            }
            EditAction::Rename { id, .. }
            | EditAction::SetLastStatus { id, .. }
            | EditAction::SetEnabled { id, .. }
            | EditAction::Remove { id } => id.as_str(),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.pad("absent"),
            Self::Version(version) => fmt::Display::fmt(version, f),
        }
    }
}

impl From<EditAction> for Edit {
    fn from(action: EditAction) -> Self {
        Self {
            action,
            expectation: None,
        }
    }
}

/// A task to be added in bulk: a [`Task`], or a [`Record`], which can tell when it was first
/// added.
///
/// No other type has this trait.
pub trait NewTask: sealed::Sealed {
    #[doc(hidden)]
    fn task(&self) -> &Task;

    #[doc(hidden)]
    fn added_at(&self) -> Option<DateTime<Utc>>;
}

mod sealed {
    #[expect(unnameable_types, reason = "no other type has it")]
    pub trait Sealed {}
    impl Sealed for crate::task::Task {}
    impl Sealed for crate::task::Record {}
}

impl NewTask for Task {
    fn task(&self) -> &Task {
        self
    }

    fn added_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

impl NewTask for Record {
    fn task(&self) -> &Task {
        &self.task
    }

    fn added_at(&self) -> Option<DateTime<Utc>> {
        self.added_at
    }
}
