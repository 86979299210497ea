//! The formats of the documented API: reads query strings and records, writes bodies and exports.
//!
#![doc = include_str!("../docs/records.md")]

mod due;
mod edit;
mod error;
pub mod export;
mod fields;
mod full_record;
mod future_executions;
mod instant;
mod members;
mod params;
mod progress;
mod record;
mod records;
mod response;
mod schedule;

pub use error::write_error_json;
pub use future_executions::{ExecutionFormat, FUTURE_EXECUTIONS_USUAL, FutureExecutions};
pub use instant::parse_instant;
pub use progress::Progress;
pub use records::{ReadError, RecordReader, read_records};

pub use crate::task::Record;
