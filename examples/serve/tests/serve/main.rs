//! The server from outside: arguments, answers, limits, loading, stopping.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod limits;
mod loading;
#[path = "../../../../tests/it/examples/programs.rs"]
mod programs;
mod server;
#[cfg(unix)]
mod stopping;
