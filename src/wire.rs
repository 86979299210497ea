//! The documented strings: query parameters in, records in, bodies out.

mod error;
mod future_executions;
mod instant;
mod params;
mod record;
mod records;
mod response;
mod schedule;

pub use future_executions::{ExecutionFormat, FUTURE_EXECUTIONS_USUAL, FutureExecutions};
pub use instant::parse_instant;
pub use record::Record;
pub use records::{ReadError, read_records};
