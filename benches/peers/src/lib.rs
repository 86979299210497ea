//! taskdex beside libraries that others wrote: the same answers, and how long each takes.
//!
//! - [`listing`]: the documented listing over the same tasks in six engines, and their changes.
//! - [`due`]: what is due, in five queues.
//! - [`next`]: the next execution, by five libraries; [`differences`]: where they differ.
//! - [`plans`], [`peers`]: seeded schedules as plain values, each library asked in its own words.
//! - [`measure`], [`report`], [`bars`]: medians, and figures as JSON Lines and tables.

pub mod bars;
pub mod differences;
pub mod due;
pub mod listing;
pub mod machine;
pub mod measure;
pub mod next;
pub mod peers;
pub mod plans;
pub mod random;
pub mod report;
pub mod rows;
pub mod run;
