//! Many records at once: JSON Lines, or a page of the documented listing.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{invalid_json, not_utf8};
use super::fields::{Fields, Key, repeated_key};
use super::progress::{Meter, Progress};
use super::record::{read_new_record, read_record};
use super::schedule::missing_schedule;
use crate::error::{Error, ErrorKind};
use crate::task::{ProjectId, Record};

/// Why a text of records was refused, and where.
///
/// ```
/// use taskdex::{ProjectId, wire::read_records};
///
/// let default = ProjectId::new("default")?;
/// let error = read_records(b"\n{\"id\":\"t-1\"}\n", &default).unwrap_err();
/// assert_eq!(error.line, 2);
/// assert!(error.to_string().starts_with("line 2: missing: task_name"));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}{}", detail_of(error))]
#[non_exhaustive]
pub struct ReadError {
    /// The line of the refused record, counted from 1.
    pub line: usize,
    /// Why it was refused.
    pub error: Error,
}

fn detail_of(error: &Error) -> String {
    error
        .detail()
        .map_or_else(String::new, |detail| format!(" ({detail})"))
}

/// Reads all records of a text, or none: a [`RecordReader`] without any choice made.
///
/// # Errors
///
/// As [`RecordReader::read`].
///
/// ```
/// use taskdex::{ProjectId, wire::read_records};
///
/// let page = br#"{"scheduled_tasks":[{"id":"t-1","task_name":"Test task","task_type":"START",
///     "scheduled_type":"DAY","next_execution_time":"2022-12-23 09:00:00"}],"total_count":10}"#;
/// let records = read_records(page, &ProjectId::new("default")?).unwrap();
/// assert_eq!(records.len(), 1);
/// assert_eq!(records[0].0.as_str(), "default");
/// assert_eq!(records[0].1.task.task_name(), "Test task");
/// # Ok::<(), taskdex::Error>(())
/// ```
pub fn read_records(
    text: &[u8],
    default_project: &ProjectId,
) -> Result<Vec<(ProjectId, Record)>, ReadError> {
    RecordReader::new().read(text, default_project)
}

/// Reads records, as leniently or strictly as it is told.
///
/// Without any choice made it reads what the documented service is known to write: it ignores
/// unknown fields, and takes a timed record without a schedule for one that another service
/// reported. A server whose clients write the records themselves may want to hear of a misspelt
/// field (`"gap-rule"`), or of a schedule that was forgotten.
///
/// ```
/// use taskdex::{ErrorKind, wire::RecordReader};
///
/// let page = r#"{"id":"t-1","task_name":"Stop","task_type":"STOP","scheduled_type":"DAY","extra_params":""}"#;
/// assert!(RecordReader::new().read_one(page).is_ok());
///
/// let strict = RecordReader::new().deny_unknown_fields(true);
/// let error = strict.read_one(page).unwrap_err();
/// assert_eq!((error.kind(), error.parameter()), (ErrorKind::UnknownField, "extra_params"));
///
/// let strict = RecordReader::new().require_schedule(true);
/// let error = strict.read_one(page).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::IncompleteSchedule);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct RecordReader<'a> {
    deny_unknown_fields: bool,
    require_schedule: bool,
    ignore_project: bool,
    meter: Meter<'a>,
}

impl Default for RecordReader<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> RecordReader<'a> {
    /// A reader that ignores unknown fields and takes reported records.
    pub const fn new() -> Self {
        Self {
            deny_unknown_fields: false,
            require_schedule: false,
            ignore_project: false,
            meter: Meter::new(None),
        }
    }

    /// Whether a record with a field of no known name is refused.
    ///
    /// A field that another scheduled type uses, `sequence` and `version` are known, and ignored.
    /// What stands beside the records of a document is not looked at.
    pub const fn deny_unknown_fields(mut self, deny: bool) -> Self {
        self.deny_unknown_fields = deny;
        self
    }

    /// Whether a timed record without a schedule is refused.
    pub const fn require_schedule(mut self, require: bool) -> Self {
        self.require_schedule = require;
        self
    }

    /// Whether the `project_id` of a record is ignored, whatever it holds.
    pub const fn ignore_project(mut self, ignore: bool) -> Self {
        self.ignore_project = ignore;
        self
    }

    /// Tells `on_progress` how far a long text was read: see [`Progress`].
    ///
    /// A document is cut into its records before the first of them is told. What is done with
    /// the records afterwards is not told, and takes about half as long again.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use taskdex::{ProjectId, wire::RecordReader};
    ///
    /// let line = r#","task_name":"Stop","task_type":"STOP","scheduled_type":"DAY"}"#;
    /// let text: String = (0..3_000).map(|id| format!("{{\"id\":\"{id}\"{line}\n")).collect();
    /// let (calls, records) = (AtomicU64::new(0), AtomicU64::new(0));
    /// let on_progress = |progress: taskdex::wire::Progress| {
    ///     assert!((0.0..=1.0).contains(&progress.fraction));
    ///     calls.fetch_add(1, Ordering::Relaxed);
    ///     records.store(progress.records, Ordering::Relaxed);
    /// };
    ///
    /// let reader = RecordReader::new().with_progress(&on_progress);
    /// reader.read(text.as_bytes(), &ProjectId::new("default")?).unwrap();
    /// assert_eq!((calls.into_inner(), records.into_inner()), (3, 3_000));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub const fn with_progress<'b>(
        self,
        on_progress: &'b (dyn Fn(Progress) + Sync),
    ) -> RecordReader<'b>
    where
        'a: 'b,
    {
        RecordReader {
            meter: Meter::new(Some(on_progress)),
            ..self
        }
    }

    /// Reads one JSON object. O(length of the text).
    ///
    /// # Errors
    ///
    /// As [`Record::from_json`]; and, where the reader was told so, [`ErrorKind::UnknownField`]
    /// and [`ErrorKind::IncompleteSchedule`].
    pub fn read_one(&self, json: impl AsRef<[u8]>) -> Result<Record, Error> {
        let fields = Fields::from_json(json.as_ref())?;
        if self.deny_unknown_fields {
            fields.refuse_unknown()?;
        }
        let record = if self.ignore_project {
            read_new_record(&fields)?
        } else {
            read_record(&fields)?
        };
        let scheduled_type = record.task.scheduled_type();
        if self.require_schedule && scheduled_type.is_timed() && record.task.schedule().is_none() {
            return Err(missing_schedule(scheduled_type));
        }
        Ok(record)
    }

    /// Reads all records of a text, or none; each with the project that it belongs to.
    ///
    /// The text is JSON Lines, one record a line (blank lines are skipped), or one
    /// document of the documented response shape, of which `"scheduled_tasks":null` is an empty
    /// one. A record without `project_id` belongs to `default_project`. A byte order mark, and
    /// CR LF, are accepted. O(length of the text), and memory in proportion to it.
    ///
    /// # Errors
    ///
    /// The first line that is refused: not UTF-8, not a [`Record`], or of an id
    /// that its project has already ([`ErrorKind::TaskExists`]).
    pub fn read(
        &self,
        text: &[u8],
        default_project: &ProjectId,
    ) -> Result<Vec<(ProjectId, Record)>, ReadError> {
        self.gather(text, default_project, Err)
    }

    /// Reads the records of a text that are accepted, and tells of each that is not.
    ///
    /// As [`read`](Self::read), but a record that is refused is passed over: `on_refused` is told
    /// its line and why. Of two records with one id the first is kept. Refusals are not gathered
    /// here, so a long text of faults takes no memory beside itself.
    ///
    /// # Errors
    ///
    /// A document that is not JSON as a whole, not UTF-8, or without a list of records: what its
    /// records are cannot be told. A text of lines is never refused.
    ///
    /// ```
    /// use taskdex::{ProjectId, wire::RecordReader};
    ///
    /// let text = br#"
    /// {"id":"t-1","task_name":"Stop","task_type":"STOP","scheduled_type":"DAY"}
    /// {"id":"t-2","task_name":"Purge","task_type":"DELETE_BLACK_ECS","scheduled_type":"DAY"}
    /// "#;
    /// let mut refused = Vec::new();
    /// let records = RecordReader::new()
    ///     .read_accepted(text, &ProjectId::new("default")?, |error| refused.push(error))
    ///     .unwrap();
    /// assert_eq!(records.len(), 1);
    /// assert_eq!((refused[0].line, refused[0].error.parameter()), (3, "task_type"));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn read_accepted(
        &self,
        text: &[u8],
        default_project: &ProjectId,
        mut on_refused: impl FnMut(ReadError),
    ) -> Result<Vec<(ProjectId, Record)>, ReadError> {
        self.gather(text, default_project, |refused| {
            on_refused(refused);
            Ok(())
        })
    }

    /// Reads all records; `on_refused` decides whether a refused one ends the reading.
    fn gather(
        self,
        text: &[u8],
        default_project: &ProjectId,
        mut on_refused: impl FnMut(ReadError) -> Result<(), ReadError>,
    ) -> Result<Vec<(ProjectId, Record)>, ReadError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut gathered = Gathered::new(default_project);
        let mut meter = self.meter;
        let mut read = |line: usize, record: &[u8]| {
            let is_read = self
                .read_one(record)
                .and_then(|record| gathered.push(record))
                .or_else(|error| on_refused(ReadError { line, error }));
            let end = record.as_ptr().addr() + record.len() - text.as_ptr().addr();
            meter.count(end as u64, text.len() as u64);
            is_read
        };
        match Document::find_in(text)? {
            Some(document) => {
                for (line, record) in document.records {
                    read(line, record.as_bytes())?;
                }
            }
            None => {
                for (position, line) in lines(text).enumerate() {
                    let record = trim_blanks(line);
                    if !record.is_empty() {
                        read(position + 1, record)?;
                    }
                }
            }
        }
        meter.end();
        Ok(gathered.records)
    }
}

/// The lines of a text, without their line feeds.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some(end) = memchr::memchr(b'\n', text) else {
            return Some(text);
        };
        rest = text.get(end + 1..);
        text.get(..end)
    })
}

/// A line without the blanks of JSON around it.
fn trim_blanks(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r', rest @ ..] = line {
        line = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

/// The number of the line on which `text` ends.
fn line_at_end_of(text: &[u8]) -> usize {
    1 + memchr::memchr_iter(b'\n', text).count()
}

/// The records that were read, no two of one id in one project.
struct Gathered<'a> {
    default_project: &'a ProjectId,
    records: Vec<(ProjectId, Record)>,
    hasher: RandomState,
    /// Hashes of project and id, each with a position in `records`. They are kept, as to hash a
    /// million ids again whenever the table grows took a third of the time that reading them takes.
    by_id: HashTable<(u64, usize)>,
}

impl<'a> Gathered<'a> {
    fn new(default_project: &'a ProjectId) -> Self {
        Self {
            default_project,
            records: Vec::new(),
            hasher: RandomState::new(),
            by_id: HashTable::new(),
        }
    }

    fn push(&mut self, record: Record) -> Result<(), Error> {
        let project = record.project.as_ref().unwrap_or(self.default_project);
        let Self {
            records, hasher, ..
        } = self;
        let key = (project.as_str(), record.task.id());
        let hash = hasher.hash_one(key);
        let is_its = |&(kept, position): &(u64, usize)| {
            let other = records.get(position).filter(|_| kept == hash);
            other.is_some_and(|(project, other)| (project.as_str(), other.task.id()) == key)
        };
        match self.by_id.entry(hash, is_its, |&(kept, _)| kept) {
            Entry::Occupied(_) => Err(Error::task_exists(record.task.id())),
            Entry::Vacant(place) => {
                place.insert((hash, records.len()));
                let project = project.clone();
                self.records.push((project, record));
                Ok(())
            }
        }
    }
}

/// A document of the documented response shape, cut into its records.
struct Document<'a> {
    records: Vec<(usize, &'a str)>,
}

impl<'a> Document<'a> {
    /// Reads `text` as a document, if its first JSON value is one.
    ///
    /// A record of JSON Lines has an `id`, and a document has none.
    fn find_in(bytes: &'a [u8]) -> Result<Option<Self>, ReadError> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if names_scheduled_tasks(bytes) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                return Err(ReadError {
                    line: line_at_end_of(valid),
                    error: not_utf8(rest),
                });
            }
            // The line that it is in will be refused, if none before it is.
            Err(_) => return Ok(None),
        };
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let first = match values.next() {
            Some(Ok(first)) => first.get(),
            // A document that is malformed further down; a record of JSON Lines has one line.
            Some(Err(error)) if error.line() > 1 && names_scheduled_tasks(text.as_bytes()) => {
                let line = error.line();
                let error = invalid_json(text, &error);
                return Err(ReadError { line, error });
            }
            _ => return Ok(None),
        };
        let Ok(shape) = serde_json::from_str::<Shape<'_>>(first) else {
            return Ok(None);
        };
        let Some(scheduled_tasks) = shape.scheduled_tasks.filter(|_| !shape.has_id) else {
            return Ok(None);
        };
        let line_of = |part: &str| {
            let offset = part.as_ptr().addr() - text.as_ptr().addr();
            line_at_end_of(text.as_bytes().get(..offset).unwrap_or_default())
        };
        if let Some(key) = shape.repeated_key {
            let (line, error) = (line_of(first), repeated_key(&key));
            return Err(ReadError { line, error });
        }
        let rest = text.get(values.byte_offset()..).unwrap_or_default();
        let after = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !after.is_empty() {
            let error = Error::refused(
                ErrorKind::InvalidJson,
                "record",
                after,
                "nothing after the document",
            );
            return Err(ReadError {
                line: line_of(after),
                error,
            });
        }
        let records: Option<Vec<&'a RawValue>> = serde_json::from_str(scheduled_tasks.get())
            .map_err(|error| ReadError {
                line: line_of(scheduled_tasks.get()),
                error: invalid_json(scheduled_tasks.get(), &error),
            })?;
        // Counted from record to record, so that a long document is read once.
        let (mut line, mut counted) = (1, 0);
        let records = records
            .unwrap_or_default()
            .into_iter()
            .map(|record| {
                let offset = record.get().as_ptr().addr() - text.as_ptr().addr();
                let between = text.as_bytes().get(counted..offset).unwrap_or_default();
                line += line_at_end_of(between) - 1;
                counted = offset;
                (line, record.get())
            })
            .collect();
        Ok(Some(Self { records }))
    }
}

/// Whether a text that cannot be read is meant to be a document.
fn names_scheduled_tasks(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\"scheduled_tasks\"").is_some()
}

/// What tells a document from a record.
struct Shape<'a> {
    /// A list of records; some clients write null for an empty one.
    scheduled_tasks: Option<&'a RawValue>,
    has_id: bool,
    repeated_key: Option<Vec<u8>>,
}

impl<'de> Deserialize<'de> for Shape<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShapeVisitor;

        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape<'de>, A::Error> {
                let mut shape = Shape {
                    scheduled_tasks: None,
                    has_id: false,
                    repeated_key: None,
                };
                let mut keys = HashSet::new();
                while let Some(Key { text: key, .. }) = map.next_key()? {
                    shape.has_id |= *key == *b"id";
                    if *key == *b"scheduled_tasks" {
                        shape.scheduled_tasks = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    if let Some(key) = keys.replace(key) {
                        shape.repeated_key.get_or_insert(key.into_owned());
                    }
                }
                Ok(shape)
            }
        }

        deserializer.deserialize_map(ShapeVisitor)
    }
}
