//! A task as a value to write down: with its project, its time of adding, its place and version.

use chrono::{DateTime, Utc};

use super::{ProjectId, Task};
use crate::query::Revision;

/// A task, with what its source or its store says of it.
///
/// A record read from text has what the text says. One that comes from a store has all but the
/// project. `wire` reads and writes records as JSON ([`Record::from_json`],
/// [`Record::write_json`]); [`docs/records.md`](crate::wire#records) lists the fields.
///
/// ```
/// use taskdex::{LifeCycleType, Record, Task, TaskType};
///
/// let event = LifeCycleType::PostDesktopDisconnected;
/// let task = Task::builder("t-1", "Tidy up", TaskType::Stop, event).build()?;
/// let added_at: chrono::DateTime<chrono::Utc> = "2026-11-26T08:00:00Z".parse()?;
/// let record = Record::new(task.clone()).with_added_at(added_at);
///
/// assert_eq!(record.task, task);
/// assert_eq!(record.added_at, Some(added_at));
/// assert_eq!(record.project, None);
/// assert_eq!(Record::from(task).added_at, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Record {
    /// The project that the record names (`project_id`), if it names one.
    pub project: Option<ProjectId>,
    /// The task.
    pub task: Task,
    /// When the task was first added (`added_at`), in whole seconds of years 1 to 9999.
    ///
    /// A store takes `None` for the instant at which the task is added.
    pub added_at: Option<DateTime<Utc>>,
    /// The task's place in its project's order of adding (`sequence`).
    ///
    /// A number that grows with each task added and is never used again.
    pub sequence: Option<u64>,
    /// The revision of the task's latest change (`version`).
    pub version: Option<Revision>,
}

impl Record {
    /// A record of a task of which nothing else is known.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self {
            project: None,
            task,
            added_at: None,
            sequence: None,
            version: None,
        }
    }

    /// The same record, of this project.
    #[must_use]
    pub fn with_project(self, project: impl Into<Option<ProjectId>>) -> Self {
        let project = project.into();
        Self { project, ..self }
    }

    /// The same record of a task that was first added at this instant.
    ///
    /// The fraction of the second is cut off. An instant outside the years 1 to 9999 is taken for
    /// the first or last second inside, as the written form has four digits for the year.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{LifeCycleType, Record, Task, TaskType};
    ///
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let record = Record::new(Task::builder("t-1", "Tidy up", TaskType::Stop, event).build()?);
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    ///
    /// let added = record.clone().with_added_at(at("2026-11-26T08:00:00.9Z"));
    /// assert_eq!(added.added_at, Some(at("2026-11-26T08:00:00Z")));
    /// let added = record.with_added_at(DateTime::<Utc>::MAX_UTC);
    /// assert_eq!(added.added_at, Some(at("9999-12-31T23:59:59Z")));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn with_added_at(self, added_at: impl Into<Option<DateTime<Utc>>>) -> Self {
        let added_at = added_at.into().map(written_instant);
        Self { added_at, ..self }
    }

    /// The same record with this place in its project's order of adding.
    #[must_use]
    pub fn with_sequence(self, sequence: impl Into<Option<u64>>) -> Self {
        let sequence = sequence.into();
        Self { sequence, ..self }
    }

    /// The same record of a task that was last changed by this revision.
    #[must_use]
    pub fn with_version(self, version: impl Into<Option<Revision>>) -> Self {
        let version = version.into();
        Self { version, ..self }
    }
}

impl From<Task> for Record {
    fn from(task: Task) -> Self {
        Self::new(task)
    }
}

/// The whole second of years 1 to 9999 that an instant of adding is kept as.
pub(crate) fn written_instant(instant: DateTime<Utc>) -> DateTime<Utc> {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    let second = instant.timestamp().clamp(FIRST, LAST);
    DateTime::from_timestamp(second, 0).unwrap_or(instant)
}
