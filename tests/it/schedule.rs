//! Schedules: what executes when, in every zone.

mod cases;
mod laws;
mod lists;
mod oracle;
mod zones;
