//! taskdex beside libraries that others wrote: the same answers, and how long each takes.
//!
//! - [`plans`]: seeded schedules as plain values, of which each library makes its own.
//! - [`peers`]: taskdex, `cron`, `croner` and `rrule`, each asked in its own words.
//! - [`contest`]: the next execution, all four in turn.
//! - [`listing`]: the documented listing: taskdex, SQLite in memory, a `Vec`.
//! - [`measure`]: medians without a harness.

pub mod contest;
pub mod listing;
pub mod measure;
pub mod peers;
pub mod plans;
pub mod random;
