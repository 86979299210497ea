//! The crate as its users see it: one binary, public API only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod listing;
mod query_string;
mod record;
mod support;
