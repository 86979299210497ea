//! What tests, benches and fuzzers of this crate use, and those of its users may.
//!
//! Needs the cargo feature `testkit`.
//!
//! - [`ReferenceStore`]: the same operations as [`TaskStore`](crate::TaskStore) by
//!   the plainest means, a scan of a list. It shares no code with the engine.
//! - [`Workload`]: any number of realistic tasks and queries from a seed, the same
//!   ones for the same seed in every version.
//! - [`generate`]: small, awkward values that collide with each other, taken from
//!   any [`Source`] of choices; [`strategies`]: the same for proptest.
//! - [`Op`]: one call of a store, to be run on both stores; [`Twins`] does that, and
//!   tells the first [`Difference`].
//! - [`walk_to_next`]: the next execution by a walk through the calendar, day by day.
//! - [`fuzz`]: the bodies of the fuzz targets, to replay a saved input without a fuzzer.
//!
//! ```
//! use taskdex::testkit::{Twins, Workload};
//! use taskdex::{ProjectId, testkit::Op};
//!
//! let workload = Workload::new(7, 100);
//! let project = ProjectId::new("p-1")?;
//! let now = Workload::NOW;
//!
//! let mut twins = Twins::new();
//! twins.apply(&Op::AddAll { project: project.clone(), tasks: workload.tasks().collect(), now })?;
//! for query in workload.queries().take(20) {
//!     twins.apply(&Op::List { project: project.clone(), query, now })?;
//! }
//! twins.check(now)?;
//! assert_eq!(twins.store().task_count(&project), 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod fuzz;
pub mod generate;
mod op;
mod reference;
mod source;
pub mod strategies;
mod twins;
mod vocabulary;
mod walk;
mod workload;

pub use op::{Op, Outcome, Seen};
pub use reference::{ReferencePage, ReferenceRefusal, ReferenceStore, ReferenceTask};
pub use source::{Bytes, Source, SplitMix64};
pub use twins::{Count, Counts, Difference, Sizes, Twins};
pub use walk::{Walked, walk_to_next};
pub use workload::{Queries, Tasks, Workload};
