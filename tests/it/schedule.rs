//! Schedules: what executes when, in every zone.

mod laws;
mod oracle;
