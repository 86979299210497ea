//! The bodies of the fuzz targets, as plain functions of their input.
//!
//! Each gives how often each thing ran in it, or the first difference from what should
//! be. So a saved input is replayed by an ordinary test:
//!
//! ```
//! use taskdex::testkit::fuzz;
//!
//! let bytes = b"any bytes at all".repeat(20);
//! for target in fuzz::TARGETS {
//!     let counts = (target.run)(&bytes)?;
//!     assert!(!counts.is_empty(), "{}", target.name);
//! }
//! # Ok::<(), taskdex::testkit::Difference>(())
//! ```

mod cursor;
mod query_string;
mod record;
mod zone_data;

pub use cursor::cursor;
use cursor::ways_to_list;
pub use query_string::query_string;
pub use record::record;
pub use zone_data::zone_data;

use super::generate;
use super::op::Op;
use super::source::Bytes;
use super::twins::{Count, Counts, Difference, Twins};
use super::walk::walk_to_next;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target {
    /// The name of its binary, and of its folder of saved inputs.
    pub name: &'static str,
    /// A function of any bytes.
    pub run: fn(&[u8]) -> Result<Counts, Difference>,
    /// What a run of many inputs has to count at least once, else it shows little.
    parts: fn() -> Vec<Part>,
}

/// Something that is counted, accepted or refused.
#[derive(Debug, Clone, Copy)]
enum Part {
    Accepted(&'static str),
    Refused(&'static str),
}

impl Target {
    /// What these counts of a whole run lack: things that never ran, or were never refused.
    #[must_use]
    pub fn missing(&self, counts: &Counts) -> Vec<String> {
        let count = |name| counts.get(name).copied().unwrap_or_default();
        (self.parts)()
            .into_iter()
            .filter_map(|part| match part {
                Part::Accepted(name) => (count(name).accepted == 0).then(|| name.to_owned()),
                Part::Refused(name) => {
                    (count(name).refused == 0).then(|| format!("{name}, refused"))
                }
            })
            .collect()
    }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "history",
        run: history,
        parts: || {
            let accepted = Op::NAMES.iter().chain(Twins::STATES).copied();
            let refused = [
                "add", "add_all", "apply", "apply_at", "check", "sync", "replace",
            ]
            .into_iter()
            .chain([
                "rename",
                "set_last_status",
                "set_enabled",
                "remove",
                "snapshot",
            ])
            .chain(["restore", "changes_since", "apply_changes"]);
            accepted
                .map(Part::Accepted)
                .chain(refused.map(Part::Refused))
                .collect()
        },
    },
    Target {
        name: "query_string",
        run: query_string,
        parts: || both(&["query_string"]),
    },
    Target {
        name: "cursor",
        run: cursor,
        parts: || both(&["text"]).into_iter().chain(ways_to_list()).collect(),
    },
    Target {
        name: "record",
        run: record,
        parts: || both(&["line", "text"]),
    },
    Target {
        name: "next_execution",
        run: next_execution,
        parts: || vec![Part::Accepted("found"), Part::Accepted("none")],
    },
    Target {
        name: "zone_data",
        run: zone_data,
        parts: || both(&["file"]),
    },
];

fn both(names: &[&'static str]) -> Vec<Part> {
    let parts = |&name| [Part::Accepted(name), Part::Refused(name)];
    names.iter().flat_map(parts).collect()
}

/// Runs the history that the bytes stand for on engine and reference.
///
/// # Errors
///
/// The first difference between them.
pub fn history(input: &[u8]) -> Result<Counts, Difference> {
    let twins = generate::history(&mut Bytes::new(input)).run()?;
    let mut counts = twins.counts().clone();
    for (&state, &reached) in twins.states() {
        counts.entry(state).or_default().accepted += reached;
    }
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
        if !walked.agrees_with_next(next) {
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
