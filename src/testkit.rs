//! A reference implementation, generators and workloads, for tests, benches and fuzzers.
//!
//! Needs the cargo feature `testkit`.
//!
//! - [`ReferenceStore`]: the same operations as [`TaskStore`](crate::TaskStore) by
//!   the plainest means, a scan of a list. It shares no code with the engine but the
//!   schedule's own [`next_execution`](crate::Schedule::next_execution).
//! - [`Workload`]: any number of realistic tasks and queries from a seed, the same
//!   ones for the same seed within one semver-compatible series (0.1.x, say).
//! - [`generate`]: small, awkward values that collide with each other, taken from
//!   any [`Source`] of choices; [`strategies`]: the same for proptest.
//! - [`Op`]: one call of a store, to be run on both stores; [`Twins`] does that, and
//!   tells the first [`Difference`]. [`Engine`] is what else a history can drive: a server's own
//!   calls, say.
//! - [`Task`](crate::Task), [`Schedule`](crate::Schedule), [`ListQuery`](crate::ListQuery) and
//!   [`History`](generate::History) implement [`Arbitrary`](arbitrary::Arbitrary): any bytes make
//!   a valid one, so a fuzz target takes them as they are.
//! - [`walk_to_next`], [`walk_to_previous`], [`walk_between`]: executions by a walk through the
//!   calendar, day by day.
//! - [`fuzz`]: the bodies of the fuzz targets, to replay a saved input without a fuzzer.
//!
//! ```
//! use taskdex::testkit::{Twins, Workload};
//! use taskdex::{ProjectId, Record, testkit::Op};
//!
//! let workload = Workload::new(7, 100);
//! let project = ProjectId::new("p-1")?;
//! let now = Workload::NOW;
//!
//! let mut twins = Twins::new();
//! twins.apply(&Op::AddAll { project: project.clone(), tasks: workload.tasks().map(Record::from).collect(), now })?;
//! for query in workload.queries().take(20) {
//!     twins.apply(&Op::List { project: project.clone(), query, now })?;
//! }
//! twins.check(now)?;
//! assert_eq!(twins.store().task_count(&project), 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In a fuzz target of your own
//!
//! With [`arbitrary`], the bytes of a fuzzer are whatever your code takes. Here a server's own
//! page, which hides disabled tasks, has to be one that the store knows:
//!
//! ```
//! use taskdex::testkit::{arbitrary::{Result, Unstructured}, generate::History, Workload};
//! use taskdex::{ListQuery, ScheduledTask, Task, TaskStore};
//!
//! /// What is to be tested.
//! fn enabled(store: &TaskStore, project: &taskdex::ProjectId, query: &ListQuery) -> Vec<Task> {
//!     let page = store.list(project, query, Workload::NOW);
//!     page.into_iter().map(ScheduledTask::into_task).filter(Task::is_enabled).collect()
//! }
//!
//! /// The body of `fuzz_target!(|bytes: &[u8]| ...)`.
//! fn target(bytes: &[u8]) -> Result<usize> {
//!     let mut bytes = Unstructured::new(bytes);
//!     let query: ListQuery = bytes.arbitrary()?;
//!     let history: History = bytes.arbitrary()?;
//!     let store = TaskStore::new();
//!     for op in &history.operations {
//!         op.apply(&store);
//!     }
//!     let mut count = 0;
//!     for project in store.projects() {
//!         for task in enabled(&store, &project, &query) {
//!             assert!(query.matches(&task));
//!             assert!(store.get(&project, task.id(), Workload::NOW).is_some());
//!             count += 1;
//!         }
//!     }
//!     Ok(count)
//! }
//!
//! target(b"any bytes at all")?;
//! # Ok::<(), taskdex::testkit::arbitrary::Error>(())
//! ```

/// The crate `arbitrary`, in the version that the test kit's values implement.
pub use arbitrary;

mod arbitrary_values;
mod engine;
pub mod fuzz;
pub mod generate;
mod op;
mod plain_clock;
mod reference;
mod source;
pub mod strategies;
mod twins;
mod walk;
mod words;
mod workload;
mod zone_file;

pub use engine::Engine;
pub use op::{Op, Outcome, Seen};
pub use plain_clock::PlainClock;
pub use reference::{
    ReferencePage, ReferenceRefusal, ReferenceSnapshot, ReferenceStore, ReferenceTask,
};
pub use source::{Bytes, Source, SplitMix64};
pub use twins::{Count, Counts, Difference, Sizes, Twins};
pub use walk::{Walked, walk_between, walk_to_next, walk_to_previous};
pub use workload::{Queries, Tasks, Workload};
pub use zone_file::{tzif_file, zone_file};
