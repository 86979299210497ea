//! Runs of JSON between a record's texts, joined at compile time.

use crate::task::{Code, LastStatus, LifeCycleType, ScheduledType, TaskType};

/// A piece of JSON.
#[derive(Clone, Copy)]
struct Fragment {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

const LENGTH_MAX: usize = 96;

const TASK_TYPES: usize = TaskType::ALL.len();
const TIMED: usize = ScheduledType::ALL.len() - 1;
const SCOPES: usize = TIMED + LifeCycleType::ALL.len();
/// The last is none.
const STATUSES: usize = LastStatus::ALL.len() + 1;

/// By the task type.
static AFTER_NAME: [Fragment; TASK_TYPES] = after_name();
/// By the scope, then by the last status.
static AFTER_TYPE: [Fragment; SCOPES * STATUSES] = after_type();

/// Appends what stands from behind the name up to the value of `last_status`.
pub(super) fn write_after_name(out: &mut Vec<u8>, code: Code) {
    append(out, AFTER_NAME.get(usize::from(code.task_type())));
    let position = usize::from(code.scope()) * STATUSES + usize::from(code.status());
    append(out, AFTER_TYPE.get(position));
}

/// Appends a fragment with what is behind it, and cuts that off: a copy of a length known at
/// compile time is a few instructions, where any other is a call.
fn append(out: &mut Vec<u8>, fragment: Option<&Fragment>) {
    if let Some(fragment) = fragment {
        let length = out.len() + fragment.length;
        out.extend_from_slice(&fragment.bytes);
        out.truncate(length);
    }
}

#[expect(clippy::indexing_slicing, reason = "checked at compile time")]
const fn after_name() -> [Fragment; TASK_TYPES] {
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
const fn after_type() -> [Fragment; SCOPES * STATUSES] {
    let mut fragments = [Fragment::EMPTY; SCOPES * STATUSES];
    let mut position = 0;
    while position < SCOPES * STATUSES {
        let scope = position / STATUSES;
        let mut fragment = Fragment::EMPTY;
        if scope < TIMED {
            fragment = fragment.then(ScheduledType::ALL[scope].as_str());
        } else {
            fragment = fragment
                .then(ScheduledType::LifeCycle.as_str())
                .then("\",\"life_cycle_type\":\"")
                .then(LifeCycleType::ALL[scope - TIMED].as_str());
        }
        let status = position % STATUSES;
        if status < LastStatus::ALL.len() {
            fragment = fragment
                .then("\",\"last_status\":\"")
                .then(LastStatus::ALL[status].as_str());
        }
        fragments[position] = fragment.then("\"");
        position += 1;
    }
    fragments
}

impl Fragment {
    const EMPTY: Self = Self {
        bytes: [0; LENGTH_MAX],
        length: 0,
    };

    #[expect(clippy::indexing_slicing, reason = "checked at compile time")]
    const fn then(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut position = 0;
        while position < text.len() {
            self.bytes[self.length] = text[position];
            self.length += 1;
            position += 1;
        }
        self
    }
}
