//! The crate as its users see it: one binary, public API only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(clippy::too_many_lines, reason = "tables are long")]

mod changes;
mod copies;
mod documents;
mod due;
mod errors;
mod examples;
mod export;
mod faults;
mod full_record;
mod limits;
mod listing;
mod long;
mod query_string;
mod record;
mod records;
mod replay;
mod response;
mod schedule;
mod statistics;
mod support;
mod task;
mod testkit;
mod threads;
mod vocabulary;
