//! The bodies of the fuzz targets, as plain functions of their input.
//!
//! Each gives how often each thing ran in it, or the first difference from what should
//! be. So a saved input is replayed by an ordinary test:
//!
//! ```
//! use taskdex::testkit::fuzz;
//!
//! for (name, target) in fuzz::TARGETS {
//!     let counts = target(b"any bytes at all")?;
//!     assert!(!counts.is_empty(), "{name}");
//! }
//! # Ok::<(), taskdex::testkit::Difference>(())
//! ```

mod query_string;
mod record;

pub use query_string::query_string;
pub use record::record;

use super::generate;
use super::source::Bytes;
use super::twins::{Count, Counts, Difference, Twins};
use super::walk::{Walked, walk_to_next};
use super::workload::Workload;

/// What a target is: a function of any bytes.
pub type Target = fn(&[u8]) -> Result<Counts, Difference>;

/// Every target with its name.
pub const TARGETS: [(&str, Target); 4] = [
    ("history", history),
    ("query_string", query_string),
    ("record", record),
    ("next_execution", next_execution),
];

/// Runs the history that the bytes stand for on engine and reference.
///
/// # Errors
///
/// The first difference between them.
pub fn history(input: &[u8]) -> Result<Counts, Difference> {
    let mut twins = Twins::new();
    for op in generate::history(&mut Bytes::new(input)) {
        twins.apply(&op)?;
    }
    let mut counts = twins.counts().clone();
    twins.check(Workload::NOW)?;
    counts.entry("check").or_default().accepted += 1;
    Ok(counts)
}

/// Compares the engine's next execution with that of a walk through the calendar.
///
/// # Errors
///
/// The first difference between them.
pub fn next_execution(input: &[u8]) -> Result<Counts, Difference> {
    let mut source = Bytes::new(input);
    let schedule = generate::schedule(&mut source);
    let mut counts = Counts::new();
    let mut after = generate::instant(&mut source);
    for _ in 0..4 {
        let next = schedule
            .next_execution(after)
            .map(crate::Execution::instant);
        let walked = walk_to_next(&schedule, after);
        let agrees = match walked {
            Walked::Found(instant) => next == Some(instant),
            Walked::NoneUntil(instant) => next.is_none_or(|next| next > instant),
        };
        if !agrees {
            let what = || format!("the next execution after {after} of {schedule:?}");
            return Err(Difference::between(what, &next, &walked));
        }
        let name = if next.is_some() { "found" } else { "none" };
        counts.entry(name).or_default().accepted += 1;
        // On from there; or from just before it, or from anywhere.
        after = match (next, crate::testkit::Source::below(&mut source, 3)) {
            (Some(next), 0) => next,
            (Some(next), 1) => next - chrono::TimeDelta::nanoseconds(1),
            _ => generate::instant(&mut source),
        };
    }
    Ok(counts)
}

fn count(name: &'static str, accepted: bool) -> Counts {
    let count = Count {
        accepted: u64::from(accepted),
        refused: u64::from(!accepted),
    };
    Counts::from([(name, count)])
}

/// Refuses an error's message that is long or of several lines.
fn check_message(error: &crate::Error) -> Result<(), Difference> {
    let message = error.to_string();
    if message.chars().count() > 1_000 || message.contains(['\n', '\r']) {
        let what = || "an error's message".to_owned();
        return Err(Difference::between(what, &message, &"one short line"));
    }
    let mut body = Vec::new();
    error.write_json(&mut body);
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(body) if body.get("error_code").is_some() => Ok(()),
        read => {
            let what = || format!("the body of {message}");
            Err(Difference::between(what, &read, &"the documented one"))
        }
    }
}
