//! One page of a listing, owned by its caller.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Cursor, Explanation};
use crate::error::{Error, ErrorKind};
use crate::schedule::Execution;
use crate::task::{Record, Task};

/// A point in the history of a project.
///
/// Each change of a project has a revision of its own, greater than all
/// before it. A task's *version* is the revision of its latest change, so a
/// task changed after a page was read where its version is greater than the
/// page's revision.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{LifeCycleType, ListQuery, ProjectId, ScheduledType, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let now = DateTime::UNIX_EPOCH;
/// for id in ["t-1", "t-2"] {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     store.add(&project, Task::builder(id, "Stop", TaskType::Stop, event).build()?, now)?;
/// }
/// let query = ListQuery::new(0, 10)?.with_scheduled_type(ScheduledType::LifeCycle);
/// let seen = store.list(&project, &query, now).revision();
///
/// store.set_enabled(&project, "t-2", false, now)?;
/// let page = store.list(&project, &query, now);
/// let changed: Vec<_> = page.iter().filter(|it| it.version() > seen).collect();
/// assert_eq!(changed.len(), 1);
/// assert_eq!(changed[0].task().id(), "t-2");
/// # Ok::<(), taskdex::Error>(())
/// ```
///
/// It is a number, in text decimal digits, and for serde a number too. The default is 0: before
/// the first change.
///
/// ```
/// use taskdex::Revision;
///
/// let revision: Revision = "41".parse()?;
/// assert_eq!(revision, Revision::new(41));
/// assert!(revision < Revision::new(42));
/// assert_eq!(serde_json::to_string(&revision).unwrap(), "41");
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// The revision of a number that was sent or stored.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The revision as a number, to send or store.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision of the change after this one.
    pub(crate) const fn next(self) -> Self {
        // It stays far from the end of the number: a project's changes are refused from 2^48 on.
        Self(self.0.saturating_add(1))
    }
}

impl From<u64> for Revision {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Revision> for u64 {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

impl FromStr for Revision {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidNumber`] for a text that is not decimal digits,
    /// [`ErrorKind::OutOfRange`] for a number of more than 64 bits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let accepted = "a whole number from 0 to 2^64 - 1";
        let refused = |kind| Error::refused(kind, "revision", text, accepted);
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused(ErrorKind::InvalidNumber));
        }
        let number = text.parse().map_err(|_| refused(ErrorKind::OutOfRange))?;
        Ok(Self(number))
    }
}

/// A task as it is listed: the record, its version and its next execution.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use taskdex::{ListQuery, ProjectId, Schedule, Task, TaskStore, TaskType};
///
/// let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse()?;
/// let two_am = "02:00:00".parse()?;
/// let nightly = Schedule::daily(1, two_am, "Asia/Shanghai".parse()?)?;
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let task = Task::builder("t-1", "Restart", TaskType::Reboot, nightly).build()?;
/// store.add(&project, task, now)?;
///
/// let listed = store.get(&project, "t-1", now).unwrap();
/// assert_eq!(listed.task().task_name(), "Restart");
/// assert_eq!(listed.next_execution_time().unwrap(), "2026-12-02 02:00:00");
/// assert_eq!(
///     listed.next_execution().unwrap().instant(),
///     "2026-12-01T18:00:00Z".parse::<DateTime<Utc>>()?,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledTask {
    task: Task,
    version: Revision,
    next_execution: Option<Execution>,
    sequence: u64,
    added_at: i64,
}

impl ScheduledTask {
    /// A task of a row, which was first added at a second.
    pub(crate) fn new(
        task: Task,
        version: Revision,
        next_execution: Option<Execution>,
        sequence: u64,
        added_at: i64,
    ) -> Self {
        Self {
            task,
            version,
            next_execution,
            sequence,
            added_at,
        }
    }

    pub(crate) fn task_mut(&mut self) -> &mut Task {
        &mut self.task
    }

    /// The record.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The record alone.
    #[must_use]
    pub fn into_task(self) -> Task {
        self.task
    }

    /// The revision of the task's latest change.
    #[must_use]
    pub fn version(&self) -> Revision {
        self.version
    }

    /// The task's place in its project's order of adding, greater than those of all before it.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the task was first added, to the second.
    #[must_use]
    pub fn added_at(&self) -> DateTime<Utc> {
        // It was taken from an instant.
        DateTime::from_timestamp(self.added_at, 0).unwrap_or_default()
    }

    /// The full record, which reads back as the same task.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{ProjectId, Record, Schedule, Task, TaskStore, TaskType};
    ///
    /// let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse()?;
    /// let every_three_days = Schedule::daily(3, "02:00:00".parse()?, "UTC".parse()?)?;
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let task = Task::builder("t-1", "Restart", TaskType::Reboot, every_three_days).build()?;
    /// store.add(&project, task, now)?;
    ///
    /// let record = store.get(&project, "t-1", now).unwrap().to_record();
    /// let mut json = Vec::new();
    /// record.write_json(&mut json);
    /// let read = Record::from_json(&json)?;
    /// assert_eq!(read.task, record.task);
    /// let start_date = read.task.schedule().unwrap().start_date();
    /// assert_eq!(start_date, Some("2026-12-01".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record::new(self.task.clone())
            .with_added_at(self.added_at())
            .with_sequence(self.sequence)
            .with_version(self.version)
    }

    /// The first execution after the instant of the query, computed from the schedule.
    ///
    /// `None` where the task is triggered, disabled, expired, past, or without
    /// a schedule.
    #[must_use]
    pub fn next_execution(&self) -> Option<Execution> {
        self.next_execution
    }

    /// The `next_execution_time` of the documented listing.
    ///
    /// That is [`next_execution`](Self::next_execution) on the wall clock of
    /// the task's zone, or what another service
    /// [reported](crate::ReportedTiming) of a task without a schedule.
    #[must_use]
    pub fn next_execution_time(&self) -> Option<String> {
        match self.next_execution {
            Some(execution) => Some(execution.to_string()),
            None => self.task.reported_time().map(|time| time.to_string()),
        }
    }
}

/// One page of a listing, with the total of all that match.
///
/// A page is owned: later changes of the store leave it as it is, and it holds
/// no lock. [`write_json`](Self::write_json) writes the documented body.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{ListQuery, ProjectId, TaskStore};
///
/// let store = TaskStore::new();
/// let query = ListQuery::new(0, 10)?;
/// let page = store.list(&ProjectId::new("p-1")?, &query, DateTime::UNIX_EPOCH);
/// assert_eq!(page.total_count(), 0);
/// assert!(page.tasks().is_empty());
///
/// let mut body = Vec::new();
/// page.write_json(&mut body);
/// assert_eq!(body, br#"{"scheduled_tasks":[],"total_count":0}"#);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    tasks: Vec<ScheduledTask>,
    summary: PageSummary,
}

impl Page {
    pub(crate) fn new(tasks: Vec<ScheduledTask>, summary: PageSummary) -> Self {
        Self { tasks, summary }
    }

    /// The tasks of the page, in the order that was asked for.
    #[must_use]
    pub fn tasks(&self) -> &[ScheduledTask] {
        &self.tasks
    }

    /// Goes through the [tasks](Self::tasks) of the page.
    pub fn iter(&self) -> std::slice::Iter<'_, ScheduledTask> {
        self.tasks.iter()
    }

    /// The tasks of the page alone.
    #[must_use]
    pub fn into_tasks(self) -> Vec<ScheduledTask> {
        self.tasks
    }

    /// How many tasks match, on this page or not.
    #[must_use]
    pub fn total_count(&self) -> u64 {
        self.summary.total_count
    }

    /// Where to [go on](crate::ListQuery::with_cursor): just after the page's last task.
    ///
    /// `None` for a page without tasks, so a client that pages until there is no
    /// cursor has seen every task. The cursor of the last page is good for
    /// later: tasks that are added afterwards follow it.
    #[must_use]
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.summary.next_cursor
    }

    /// The revision of the project that this page shows.
    ///
    /// For a project without tasks it is no less than any revision it had; it may grow when other
    /// projects end.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.summary.revision
    }

    /// How this very answer was found, for a log of slow queries.
    ///
    /// Two pages are equal though they were found in different ways, as the same search is when it
    /// is run, and then read from the cache.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::query::{Explanation, NameStrategy};
    /// use taskdex::{ListQuery, NameMatch, ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let nightly = Schedule::daily(1, "02:00:00".parse()?, "UTC".parse()?)?;
    /// for number in 0..300 {
    ///     let name = format!("Restart {number}");
    ///     let task = Task::builder(number.to_string(), name, TaskType::Reboot, nightly).build()?;
    ///     store.add(&project, task, now)?;
    /// }
    ///
    /// let query = ListQuery::new(0, 10)?.with_task_name(NameMatch::contains("start 7")?);
    /// let first = store.list(&project, &query, now);
    /// let again = store.list(&project, &query, now);
    /// assert_eq!(first, again);
    /// let Explanation::NameSearch { strategy, .. } = first.explanation() else {
    ///     panic!("a name is searched for");
    /// };
    /// assert!(matches!(strategy, NameStrategy::Trigrams { .. }));
    /// let sentence = again.explanation().to_string();
    /// assert!(sentence.ends_with("the answer is cached from an earlier query"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        self.summary.explanation
    }
}

impl IntoIterator for Page {
    type Item = ScheduledTask;
    type IntoIter = std::vec::IntoIter<ScheduledTask>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.into_iter()
    }
}

impl<'a> IntoIterator for &'a Page {
    type Item = &'a ScheduledTask;
    type IntoIter = std::slice::Iter<'a, ScheduledTask>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Everything that a page holds beside its tasks.
///
/// [`TaskStore::list_json`](crate::TaskStore::list_json) returns it with the body that it writes:
/// the same as the [`Page`] of the same names gives.
///
/// The same query at the same revision gives the same tasks. The bodies may still differ, in next
/// execution times, which depend on `now`: the revision alone is no HTTP `ETag` for them.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{LifeCycleType, ListQuery, ProjectId, ScheduledType, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let now = DateTime::UNIX_EPOCH;
/// for id in ["t-1", "t-2", "t-3"] {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     store.add(&project, Task::builder(id, "Stop", TaskType::Stop, event).build()?, now)?;
/// }
///
/// let query = ListQuery::new(0, 2)?.with_scheduled_type(ScheduledType::LifeCycle);
/// let mut body = Vec::new();
/// let summary = store.list_json(&project, &query, now, &mut body);
/// assert_eq!(summary.total_count(), 3);
/// assert_eq!(summary.revision(), store.revision(&project));
///
/// let query = query.with_cursor(summary.next_cursor());
/// body.clear();
/// store.list_json(&project, &query, now, &mut body);
/// assert!(body.starts_with(br#"{"scheduled_tasks":[{"id":"t-3","#));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PageSummary {
    total_count: u64,
    revision: Revision,
    next_cursor: Option<Cursor>,
    explanation: Explanation,
}

/// How an answer was found is no part of it: the [explanation](PageSummary::explanation) is not
/// compared.
impl PartialEq for PageSummary {
    fn eq(&self, other: &Self) -> bool {
        let answer = |it: &Self| (it.total_count, it.revision, it.next_cursor);
        answer(self) == answer(other)
    }
}

impl Eq for PageSummary {}

impl PageSummary {
    pub(crate) fn new(
        total_count: u64,
        revision: Revision,
        next_cursor: Option<Cursor>,
        explanation: Explanation,
    ) -> Self {
        Self {
            total_count,
            revision,
            next_cursor,
            explanation,
        }
    }

    /// How many tasks match, on the page or not: [`Page::total_count`].
    #[must_use]
    pub fn total_count(&self) -> u64 {
        self.total_count
    }

    /// The revision of the project that the page shows: [`Page::revision`].
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Where to go on, `None` for a page without tasks: [`Page::next_cursor`].
    #[must_use]
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.next_cursor
    }

    /// How this very answer was found, for a log of slow queries: [`Page::explanation`].
    ///
    /// [`TaskStore::explain`](crate::TaskStore::explain) tells it beforehand.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        self.explanation
    }
}
