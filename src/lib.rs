//! An in-process query engine for scheduled tasks.

mod error;
mod index;
pub mod query;
pub mod schedule;
pub mod store;
pub mod task;
pub mod wire;

pub use error::{Error, ErrorKind};
pub use query::{
    Cursor, Explanation, Facets, ListQuery, NameMatch, Order, Page, Revision, ScheduledTask,
};
pub use schedule::{Execution, GapRule, MonthDates, Months, Schedule, TimeZone, Weekdays};
pub use store::{BatchError, TaskStore};
pub use task::{
    LastStatus, LifeCycleType, ProjectId, ReportedTime, ReportedTiming, ScheduledType, Task,
    TaskBuilder, TaskId, TaskName, TaskType, Timing, Trigger,
};
