//! An in-process query engine for scheduled tasks.

mod error;

pub use error::{Error, ErrorKind};
