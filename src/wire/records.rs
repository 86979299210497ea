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
use super::record::{Key, Record, repeated_key};
use crate::error::{Error, ErrorKind};
use crate::task::{ProjectId, Task};

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

/// Reads all records of a text, or none.
///
/// The text is JSON Lines, one record a line (blank lines are skipped), or one
/// document of the documented response shape. A record without `project_id`
/// belongs to `default_project`. A byte order mark, and CR LF, are accepted.
///
/// O(length of the text).
///
/// # Errors
///
/// The first line that is refused: not UTF-8, not a [`Record`], or of an id
/// that its project has already ([`ErrorKind::TaskExists`]).
///
/// ```
/// use taskdex::{ProjectId, wire::read_records};
///
/// let page = br#"{"scheduled_tasks":[{"id":"t-1","task_name":"Test task","task_type":"START",
///     "scheduled_type":"DAY","next_execution_time":"2022-12-23 09:00:00"}],"total_count":10}"#;
/// let records = read_records(page, &ProjectId::new("default")?).unwrap();
/// assert_eq!(records.len(), 1);
/// assert_eq!(records[0].0.as_str(), "default");
/// assert_eq!(records[0].1.task_name(), "Test task");
/// # Ok::<(), taskdex::Error>(())
/// ```
pub fn read_records(
    text: &[u8],
    default_project: &ProjectId,
) -> Result<Vec<(ProjectId, Task)>, ReadError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = Reader {
        default_project,
        records: Vec::new(),
        hasher: RandomState::new(),
        by_id: HashTable::new(),
    };
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let (valid, rest) = text.split_at(error.valid_up_to());
            let valid = std::str::from_utf8(valid).unwrap_or_default();
            if !names_scheduled_tasks(text) {
                // A line before may be refused for another reason, and is the first then.
                let whole_lines = valid.rfind('\n').and_then(|end| valid.get(..end));
                reader.read_lines(whole_lines.unwrap_or_default())?;
            }
            return Err(line_not_utf8(valid, rest));
        }
    };
    match Document::find_in(text)? {
        Some(document) => {
            for (line, record) in document.records {
                reader.read(line, record)?;
            }
        }
        None => reader.read_lines(text)?,
    }
    Ok(reader.records)
}

fn line_not_utf8(valid: &str, rest: &[u8]) -> ReadError {
    let rest = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    ReadError {
        line: line_at_end_of(valid.as_bytes()),
        error: not_utf8(rest),
    }
}

/// The number of the line on which `text` ends.
fn line_at_end_of(text: &[u8]) -> usize {
    1 + memchr::memchr_iter(b'\n', text).count()
}

/// Gathers records, and refuses a repeated id.
struct Reader<'a> {
    default_project: &'a ProjectId,
    records: Vec<(ProjectId, Task)>,
    hasher: RandomState,
    /// Hashes of project and id, each with a position in `records`. They are kept, as to hash a
    /// million ids again whenever the table grows took a third of the time that reading them takes.
    by_id: HashTable<(u64, usize)>,
}

impl Reader<'_> {
    fn read_lines(&mut self, text: &str) -> Result<(), ReadError> {
        for (position, line) in text.split('\n').enumerate() {
            let record = line.trim_matches([' ', '\t', '\r']);
            if !record.is_empty() {
                self.read(position + 1, record)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, line: usize, record: &str) -> Result<(), ReadError> {
        let Record { project, task } =
            Record::from_text(record).map_err(|error| ReadError { line, error })?;
        let project = project.unwrap_or_else(|| self.default_project.clone());
        let Self {
            records, hasher, ..
        } = self;
        let key = (project.as_str(), task.id());
        let hash = hasher.hash_one(key);
        let is_its = |&(kept, position): &(u64, usize)| {
            let record = records.get(position).filter(|_| kept == hash);
            record.is_some_and(|(project, task)| (project.as_str(), task.id()) == key)
        };
        let entry = self.by_id.entry(hash, is_its, |&(kept, _)| kept);
        match entry {
            Entry::Occupied(_) => {
                let error = Error::task_exists(task.id());
                return Err(ReadError { line, error });
            }
            Entry::Vacant(place) => {
                place.insert((hash, records.len()));
            }
        }
        self.records.push((project, task));
        Ok(())
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
    fn find_in(text: &'a str) -> Result<Option<Self>, ReadError> {
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
        let records: Vec<&'a RawValue> =
            serde_json::from_str(scheduled_tasks.get()).map_err(|error| ReadError {
                line: line_of(scheduled_tasks.get()),
                error: invalid_json(scheduled_tasks.get(), &error),
            })?;
        // Counted from record to record, so that a long document is read once.
        let (mut line, mut counted) = (1, 0);
        let records = records
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
                while let Some(Key(key)) = map.next_key()? {
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
