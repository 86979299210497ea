//! An in-process query engine for scheduled tasks.

mod error;
pub mod schedule;

pub use error::{Error, ErrorKind};
pub use schedule::{Execution, GapRule, MonthDates, Months, Schedule, TimeZone, Weekdays};
