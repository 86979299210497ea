//! The crate's integration tests: only its public interface is used.

mod schedule;
