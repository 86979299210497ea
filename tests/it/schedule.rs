//! Schedules: what executes when, in every zone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod cases;
mod changes;
mod editions;
mod laws;
mod lists;
mod zone_data;
mod zones;
