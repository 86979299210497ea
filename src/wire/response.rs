//! The documented bodies, written straight into the caller's buffer.

use std::borrow::Cow;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::query::{Page, ScheduledTask};
use crate::schedule::text::date_time_to_ascii;
use crate::task::ReportedTime;

/// Room for a record of usual length; a longer one makes the buffer grow.
const RECORD_LENGTH_USUAL: usize = 384;

impl Page {
    /// Appends the documented body to `out`, as one line of compact JSON.
    ///
    /// Attributes that a task does not have are left out. O(length of the body).
    ///
    /// The same body can be had from [`serde::Serialize`], at several times the cost.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.reserve(self.tasks().len() * RECORD_LENGTH_USUAL);
        out.extend_from_slice(b"{\"scheduled_tasks\":[");
        for (position, task) in self.tasks().iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            task.write_json(out);
        }
        out.extend_from_slice(b"],\"total_count\":");
        write_number(out, self.total_count());
        out.push(b'}');
    }
}

impl ScheduledTask {
    /// Appends the documented record to `out`, as one line of compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let task = self.task();
        out.extend_from_slice(b"{\"id\":");
        write_string(out, task.id());
        out.extend_from_slice(b",\"task_name\":");
        write_string(out, task.task_name());
        out.extend_from_slice(b",\"task_type\":\"");
        out.extend_from_slice(task.task_type().as_str().as_bytes());
        out.extend_from_slice(b"\",\"scheduled_type\":\"");
        out.extend_from_slice(task.scheduled_type().as_str().as_bytes());
        out.push(b'"');
        if let Some(life_cycle_type) = task.life_cycle_type() {
            out.extend_from_slice(b",\"life_cycle_type\":\"");
            out.extend_from_slice(life_cycle_type.as_str().as_bytes());
            out.push(b'"');
        }
        if let Some(last_status) = task.last_status() {
            out.extend_from_slice(b",\"last_status\":\"");
            out.extend_from_slice(last_status.as_str().as_bytes());
            out.push(b'"');
        }
        match (self.next_execution(), task.reported_time()) {
            (Some(execution), _) => {
                out.extend_from_slice(b",\"next_execution_time\":\"");
                out.extend_from_slice(&execution.to_ascii());
                out.push(b'"');
            }
            (None, Some(reported)) => {
                out.extend_from_slice(b",\"next_execution_time\":\"");
                write_reported(out, reported);
                out.push(b'"');
            }
            (None, None) => {}
        }
        out.extend_from_slice(if task.is_enabled() {
            b",\"enable\":true".as_slice()
        } else {
            b",\"enable\":false"
        });
        if let Some(description) = task.description() {
            out.extend_from_slice(b",\"description\":");
            write_string(out, description);
        }
        if let Some(priority) = task.priority() {
            out.extend_from_slice(b",\"priority\":");
            write_number(out, priority);
        }
        if let Some(time_zone) = task.time_zone() {
            out.extend_from_slice(b",\"time_zone\":");
            write_string(out, &time_zone);
        }
        if let Some(wait_time) = task.wait_time() {
            out.extend_from_slice(b",\"wait_time\":");
            write_number(out, wait_time);
        }
        out.push(b'}');
    }
}

/// Appends a JSON string: copied whole where no character needs an escape.
pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // A fold without an early exit, so that it is compiled to vector instructions.
    if text
        .bytes()
        .fold(false, |found, byte| found | needs_escape(byte))
    {
        write_json(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_reported(out: &mut Vec<u8>, reported: ReportedTime) {
    out.extend_from_slice(&date_time_to_ascii(reported.wall_clock()));
    out.extend_from_slice(reported.suffix().as_bytes());
}

/// Appends the JSON of a value whose serialization cannot fail: texts and plain structs of them.
pub(super) fn write_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "texts always have a JSON form");
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Page", 2)?;
        body.serialize_field("scheduled_tasks", self.tasks())?;
        body.serialize_field("total_count", &self.total_count())?;
        body.end()
    }
}

impl Serialize for ScheduledTask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields in their documented order.
        #[derive(Serialize)]
        #[serde(rename = "ScheduledTask")]
        struct Fields<'a> {
            id: &'a str,
            task_name: &'a str,
            task_type: crate::TaskType,
            scheduled_type: crate::ScheduledType,
            #[serde(skip_serializing_if = "Option::is_none")]
            life_cycle_type: Option<crate::LifeCycleType>,
            #[serde(skip_serializing_if = "Option::is_none")]
            last_status: Option<crate::LastStatus>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next_execution_time: Option<String>,
            enable: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            priority: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            time_zone: Option<Cow<'a, str>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            wait_time: Option<u32>,
        }

        let task = self.task();
        Fields {
            id: task.id(),
            task_name: task.task_name(),
            task_type: task.task_type(),
            scheduled_type: task.scheduled_type(),
            life_cycle_type: task.life_cycle_type(),
            last_status: task.last_status(),
            next_execution_time: self.next_execution_time(),
            enable: task.is_enabled(),
            description: task.description(),
            priority: task.priority(),
            time_zone: task.time_zone(),
            wait_time: task.wait_time(),
        }
        .serialize(serializer)
    }
}
