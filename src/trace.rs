//! Spans of public calls, for the feature `tracing`. Without it, nothing of this is compiled in.
//!
//! Subscribers are code of others, so none is called while a lock is held: a call begins before it
//! takes its first lock, and tells what it found once it holds none.

#[cfg(not(feature = "tracing"))]
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::{Call, call};
#[cfg(feature = "tracing")]
pub(crate) use enabled::{Call, call};
