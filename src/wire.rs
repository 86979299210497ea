//! The documented strings: query parameters in, records in, bodies out.

mod error;
mod instant;
mod params;
mod record;
mod records;
mod response;
mod schedule;

pub use instant::parse_instant;
pub use record::Record;
pub use records::{ReadError, read_records};
