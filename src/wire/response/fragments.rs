//! Runs of JSON between a record's texts, joined at compile time.

use crate::limits::PRIORITY;
use crate::task::{Code, LastStatus, TaskType, small};

/// A piece of JSON.
#[derive(Clone, Copy)]
struct Fragment<const LENGTH_MAX: usize> {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

const TASK_TYPES: usize = TaskType::COUNT;
const SCOPES: usize = Code::SCOPE_COUNT as usize;
/// The last is none.
const STATUSES: usize = LastStatus::COUNT + 1;
const PRIORITY_COUNT: usize = PRIORITY.max as usize + 1;
const _: () = assert!(PRIORITY_COUNT <= 100, "a priority has two digits at most");

/// By the task type.
static AFTER_NAME: [Fragment<64>; TASK_TYPES] = after_name();
/// By the scope, then by the last status.
static AFTER_TYPE: [Fragment<96>; SCOPES * STATUSES] = after_type();
/// By the priority.
static PRIORITIES: [Fragment<16>; PRIORITY_COUNT] = priorities();

/// Appends what stands from behind the name up to the value of `last_status`.
pub(super) fn write_after_name(out: &mut Vec<u8>, code: Code) {
    append(out, AFTER_NAME.get(usize::from(code.task_type())));
    let position = usize::from(code.scope()) * STATUSES + usize::from(code.status());
    append(out, AFTER_TYPE.get(position));
}

/// Appends a priority.
pub(super) fn write_priority(out: &mut Vec<u8>, priority: u32) {
    append(out, PRIORITIES.get(priority as usize));
}

/// Appends a fragment with what is behind it, and cuts that off: a copy of a length known at
/// compile time is a few instructions, where any other is a call.
fn append<const N: usize>(out: &mut Vec<u8>, fragment: Option<&Fragment<N>>) {
    if let Some(fragment) = fragment {
        let length = out.len() + fragment.length;
        out.extend_from_slice(&fragment.bytes);
        out.truncate(length);
    }
}

#[expect(clippy::indexing_slicing, reason = "checked at compile time")]
const fn after_name() -> [Fragment<64>; TASK_TYPES] {
    let mut fragments = [Fragment::EMPTY; TASK_TYPES];
    let mut position = 0;
    while position < TASK_TYPES {
        fragments[position] = Fragment::EMPTY
            .then("\",\"task_type\":\"")
            .then(TaskType::ALL[position].as_str())
            .then("\",\"scheduled_type\":\"");
        position += 1;
    }
    fragments
}

#[expect(clippy::indexing_slicing, reason = "checked at compile time")]
const fn after_type() -> [Fragment<96>; SCOPES * STATUSES] {
    let mut fragments = [Fragment::EMPTY; SCOPES * STATUSES];
    let mut position = 0;
    while position < SCOPES * STATUSES {
        let mut fragment = Fragment::EMPTY;
        if let Some((scheduled_type, event)) = Code::types_of_scope(small(position / STATUSES)) {
            fragment = fragment.then(scheduled_type.as_str());
            if let Some(event) = event {
                fragment = fragment
                    .then("\",\"life_cycle_type\":\"")
                    .then(event.as_str());
            }
        }
        let status = position % STATUSES;
        if status < LastStatus::COUNT {
            fragment = fragment
                .then("\",\"last_status\":\"")
                .then(LastStatus::ALL[status].as_str());
        }
        fragments[position] = fragment.then("\"");
        position += 1;
    }
    fragments
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "checked at compile time"
)]
const fn priorities() -> [Fragment<16>; PRIORITY_COUNT] {
    let mut fragments = [Fragment::EMPTY; PRIORITY_COUNT];
    let mut priority = 0;
    while priority < fragments.len() {
        let digits = [b'0' + (priority / 10) as u8, b'0' + (priority % 10) as u8];
        let fragment = Fragment::EMPTY.then(",\"priority\":");
        fragments[priority] = if priority < 10 {
            fragment.then_bytes(&[digits[1]])
        } else {
            fragment.then_bytes(&digits)
        };
        priority += 1;
    }
    fragments
}

impl<const LENGTH_MAX: usize> Fragment<LENGTH_MAX> {
    const EMPTY: Self = Self {
        bytes: [0; LENGTH_MAX],
        length: 0,
    };

    const fn then(self, text: &str) -> Self {
        self.then_bytes(text.as_bytes())
    }

    #[expect(clippy::indexing_slicing, reason = "checked at compile time")]
    const fn then_bytes(mut self, text: &[u8]) -> Self {
        let mut position = 0;
        while position < text.len() {
            self.bytes[self.length] = text[position];
            self.length += 1;
            position += 1;
        }
        self
    }
}
