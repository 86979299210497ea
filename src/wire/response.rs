//! The documented bodies, written straight into the caller's buffer.

mod fragments;

use chrono::{DateTime, Utc};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::query::{ListQuery, Page, PageSummary, ScheduledTask};
use crate::schedule::Execution;
use crate::store::TaskStore;
use crate::task::{ProjectId, Task, is_plain};
use crate::trace::call;
use fragments::{write_after_name, write_priority};

/// Room for a record of usual length; a longer one makes the buffer grow.
const RECORD_LENGTH_USUAL: usize = 384;

impl Page {
    /// Appends the documented body to `out`, as one line of compact JSON.
    ///
    /// Attributes that a task does not have are left out. O(length of the body).
    ///
    /// The same body can be had from [`serde::Serialize`], at several times the cost;
    /// and where the page itself is not needed, [`TaskStore::list_json`] saves making it.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.reserve(self.tasks().len() * RECORD_LENGTH_USUAL);
        let mut body = Body::begin(out);
        for listed in self.tasks() {
            body.record(listed.task(), listed.next_execution());
        }
        body.end(self.total_count());
    }
}

impl ScheduledTask {
    /// Appends the documented record to `out`, as one line of compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_record(out, self.task(), self.next_execution());
    }
}

impl TaskStore {
    /// Answers a query with the documented body, appended to `out` as one line of compact JSON.
    ///
    /// The same bytes as [`list`](Self::list) and [`Page::write_json`], without a page between.
    /// Returns what else such a page would say, of the same moment.
    ///
    /// O(length of the body) beside the cost of finding the tasks.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ListQuery, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Tidy up", TaskType::Stop, event).build()?;
    /// store.add(&project, task, DateTime::UNIX_EPOCH)?;
    ///
    /// let query = ListQuery::from_query_string("offset=0&limit=10&scheduled_type=LIFE_CYCLE")?;
    /// let mut body = Vec::new();
    /// store.list_json(&project, &query, DateTime::UNIX_EPOCH, &mut body);
    /// let mut same = Vec::new();
    /// store.list(&project, &query, DateTime::UNIX_EPOCH).write_json(&mut same);
    /// assert_eq!(body, same);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn list_json(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        now: DateTime<Utc>,
        out: &mut Vec<u8>,
    ) -> PageSummary {
        let call = call!("list_json", project);
        out.reserve(query.limit() as usize * RECORD_LENGTH_USUAL);
        let mut body = Body::begin(out);
        let mut count = 0;
        let summary = self.for_each_listed(project, query, now, |task, next_execution| {
            body.record(task, next_execution);
            count += 1;
        });
        body.end(summary.total_count());
        call.count(count);
        call.found(summary.total_count(), summary.explanation());
        summary
    }

    /// Answers a request of the documented listing: appends the body to `out`, and returns the
    /// HTTP status. All that a server's handler needs, and nothing that fails in another way.
    ///
    /// `project` is the segment of the path as it was sent, percent-encoded, and `query` the part
    /// of the URI after `?`, empty where there is none. A refusal is the documented error body
    /// with the [status of its kind](crate::ErrorKind::status). Costs what
    /// [`list_json`](Self::list_json) does, and O(length of the query).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::TaskStore;
    ///
    /// let store = TaskStore::new();
    /// let now = DateTime::UNIX_EPOCH;
    /// let mut body = Vec::new();
    /// assert_eq!(store.respond("team%20a", "offset=0&limit=10", now, &mut body), 200);
    /// assert_eq!(body, br#"{"scheduled_tasks":[],"total_count":0}"#);
    ///
    /// body.clear();
    /// assert_eq!(store.respond("team%20a", "offset=0&limit=51", now, &mut body), 400);
    /// assert!(body.starts_with(br#"{"error_code":"TDX.0004","error_msg":"number out of range: limit"#));
    /// ```
    pub fn respond(
        &self,
        project: impl AsRef<[u8]>,
        query: impl AsRef<[u8]>,
        now: DateTime<Utc>,
        out: &mut Vec<u8>,
    ) -> u16 {
        let _call = call!("respond");
        let project = ProjectId::from_path_segment(project);
        let asked = project.and_then(|it| Ok((it, ListQuery::from_query_string(query)?)));
        match asked {
            Ok((project, query)) => {
                self.list_json(&project, &query, now, out);
                200
            }
            Err(error) => {
                error.write_json(out);
                error.status()
            }
        }
    }
}

/// The documented body while it is written.
struct Body<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Body<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(b"{\"scheduled_tasks\":[");
        Self {
            out,
            is_empty: true,
        }
    }

    fn record(&mut self, task: &Task, next_execution: Option<Execution>) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        write_record(self.out, task, next_execution);
    }

    fn end(self, total_count: u64) {
        self.out.extend_from_slice(b"],\"total_count\":");
        write_number(self.out, total_count);
        self.out.push(b'}');
    }
}

/// Appends a record as it is listed.
fn write_record(out: &mut Vec<u8>, task: &Task, next_execution: Option<Execution>) {
    write_listed_fields(out, *b"{\"id\":\"", task, next_execution);
    out.push(b'}');
}

/// Appends the listed fields of a record behind `start`, which ends in the first quote of the id.
///
/// Few tasks have a text that needs an escape.
#[inline]
pub(super) fn write_listed_fields(
    out: &mut Vec<u8>,
    start: [u8; 7],
    task: &Task,
    next_execution: Option<Execution>,
) {
    let task = task.view();
    let is_plain = task.attributes().has_plain_texts();
    let write_inner = |out: &mut Vec<u8>, text: &str| {
        if is_plain {
            out.extend_from_slice(text.as_bytes());
        } else {
            write_escaped(out, text);
        }
    };
    let attributes = task.attributes();
    out.extend_from_slice(&start);
    write_inner(out, task.id());
    out.extend_from_slice(b"\",\"task_name\":\"");
    write_inner(out, task.task_name());
    write_after_name(out, attributes.code());
    if let Some(execution) = next_execution {
        out.extend_from_slice(b",\"next_execution_time\":\"");
        out.extend_from_slice(&execution.to_ascii());
        out.push(b'"');
    } else if let Some(reported) = attributes.reported_time() {
        out.extend_from_slice(b",\"next_execution_time\":\"");
        reported.write_to(out);
        out.push(b'"');
    }
    if attributes.is_enabled() {
        out.extend_from_slice(b",\"enable\":true");
    } else {
        out.extend_from_slice(b",\"enable\":false");
    }
    if let Some(description) = task.description() {
        out.extend_from_slice(b",\"description\":\"");
        write_inner(out, description);
        out.push(b'"');
    }
    if let Some(priority) = attributes.priority() {
        write_priority(out, priority);
    }
    if let Some(time_zone) = task.known_time_zone() {
        // The names of known zones need no escape.
        out.extend_from_slice(b",\"time_zone\":\"");
        out.extend_from_slice(time_zone.name().as_bytes());
        out.push(b'"');
    } else if let Some(time_zone) = task.reported_time_zone() {
        out.extend_from_slice(b",\"time_zone\":\"");
        write_inner(out, time_zone);
        out.push(b'"');
    }
    if let Some(wait_time) = attributes.wait_time() {
        out.extend_from_slice(b",\"wait_time\":");
        write_number(out, wait_time);
    }
}

/// Appends a JSON string.
pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_escaped(out, text);
    }
    out.push(b'"');
}

/// Appends what stands between the quotes of a JSON string.
fn write_escaped(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    write_json(out, text);
    out.pop();
    if start < out.len() {
        out.remove(start);
    }
}

pub(super) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
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
