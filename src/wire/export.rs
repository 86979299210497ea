//! Exports: one project as text, to keep or to send.
//!
//! An export is a line that says what follows, and then a [full record](crate::wire#records) a
//! line, in the order in which the tasks were added. Every line ends in a line feed.
//!
//! A [`Reader`] takes only what a [`Writer`] writes: whatever is damaged, cut or too long is
//! refused, with its line. A reader holds one line of text and, to find a repeated id, some
//! 32 bytes for each record; a writer holds 64 KiB.
//!
//! ```
//! use taskdex::Record;
//! use taskdex::wire::export::{Header, Reader, Writer};
//!
//! let line = r#"{"id":"t-1","task_name":"Stop","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","enable":true,"added_at":"2026-11-26T08:00:00Z","sequence":3,"version":8}"#;
//! let record = Record::from_export_line(line)?;
//! let header = Header::new("p-1".parse()?, record.version.unwrap(), 4, 1);
//!
//! let mut writer = Writer::new(Vec::new(), &header)?;
//! writer.write(&record)?;
//! let text = writer.finish()?;
//! assert_eq!(
//!     String::from_utf8_lossy(&text),
//!     format!(
//!         "{{\"taskdex_export\":1,\"project_id\":\"p-1\",\"revision\":8,\"next_sequence\":4,\"count\":1}}\n{line}\n",
//!     ),
//! );
//!
//! let reader = Reader::new(&text[..])?;
//! assert_eq!(reader.header(), &header);
//! let records: Vec<Record> = reader.collect::<Result<_, _>>()?;
//! assert_eq!(records, [record]);
//!
//! let cut = Reader::new(&text[..text.len() - 1])?.next().unwrap();
//! assert_eq!(cut.unwrap_err().line(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, Read, Write};
use std::iter::FusedIterator;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::{Deserialize, Serialize};

use super::error::utf8;
use super::fields::Fields;
use super::full_record::write_full_record;
use super::progress::{Meter, Progress};
use super::record::read_export_record;
use super::records::ReadError;
use super::response::write_json;
use crate::error::{Error, ErrorKind};
use crate::index::REVISION_MAX;
use crate::query::Revision;
use crate::store::{Snapshot, TaskStore};
use crate::task::{ProjectId, Record};
use crate::trace::call;

/// The longest line that a [`Reader`] takes unless it is told otherwise: 64 MiB.
///
/// A line of a usual task has some 300 bytes. Only the unread time zone of a
/// [reported](crate::ReportedTiming) task can make one as long as this.
pub const LINE_LENGTH_MAX: usize = 1 << 26;

/// The form of export that is written and read.
const FORM: u64 = 1;
const HEADER_ACCEPTED: &str = "the line {\"taskdex_export\":1,\"project_id\":…,\"revision\":…,\
                               \"next_sequence\":…,\"count\":…}";
/// How much text is gathered before it is written.
const WRITE_LENGTH: usize = 1 << 16;

/// What the first line of an export says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Header {
    /// The project that was exported; a restore may go into another.
    pub project: ProjectId,
    /// The project's revision.
    pub revision: Revision,
    /// The sequence of the next task that is added, above all that were ever given.
    pub next_sequence: u64,
    /// How many records follow, at least one.
    pub count: u64,
}

/// The first line as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    taskdex_export: u64,
    project_id: ProjectId,
    revision: u64,
    next_sequence: u64,
    count: u64,
}

impl Header {
    /// A header of these fields.
    #[must_use]
    pub fn new(project: ProjectId, revision: Revision, next_sequence: u64, count: u64) -> Self {
        Self {
            project,
            revision,
            next_sequence,
            count,
        }
    }

    /// Appends the first line, with its line feed.
    fn write_line(&self, out: &mut Vec<u8>) {
        let line = HeaderLine {
            taskdex_export: FORM,
            project_id: self.project.clone(),
            revision: self.revision.get(),
            next_sequence: self.next_sequence,
            count: self.count,
        };
        write_json(out, &line);
        out.push(b'\n');
    }

    fn from_line(line: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Form {
            taskdex_export: u64,
        }

        let refused = |_| damaged("export", line, HEADER_ACCEPTED);
        let Form { taskdex_export } = serde_json::from_str(line).map_err(refused)?;
        if taskdex_export != FORM {
            let form = taskdex_export.to_string();
            let accepted = "1, the one form that this version reads";
            return Err(damaged("taskdex_export", &form, accepted));
        }
        let read: HeaderLine = serde_json::from_str(line).map_err(refused)?;
        if read.revision > REVISION_MAX {
            let accepted = format!("at most {REVISION_MAX}, the last revision there is");
            return Err(damaged("revision", &read.revision.to_string(), accepted));
        }
        if read.count == 0 {
            let accepted = "1 or more, as a project without tasks is not there";
            return Err(damaged("count", "0", accepted));
        }
        Ok(Self {
            project: read.project_id,
            revision: Revision::new(read.revision),
            next_sequence: read.next_sequence,
            count: read.count,
        })
    }
}

/// The refusal of a part of an export.
fn damaged(parameter: &'static str, value: &str, accepted: impl Into<Cow<'static, str>>) -> Error {
    Error::refused(ErrorKind::DamagedExport, parameter, value, accepted)
}

/// Writes an export, record by record.
///
/// It gathers text up to 64 KiB, so the output needs no buffer of its own.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    gathered: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins an export with its first line.
    ///
    /// # Errors
    ///
    /// Those of the output, as of every method here.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            out,
            gathered: Vec::new(),
        };
        header.write_line(&mut writer.gathered);
        writer.pass_on(WRITE_LENGTH)?;
        Ok(writer)
    }

    /// Writes one of the records that the header counts.
    ///
    /// It must have `added_at`, `sequence` and `version`, or no [`Reader`] takes it. The project
    /// that it names is left out, as the header names one. O(length of the record).
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        write_full_record(&mut self.gathered, None, record);
        self.gathered.push(b'\n');
        self.pass_on(WRITE_LENGTH)
    }

    /// Writes what is gathered still, flushes the output and gives it back.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.pass_on(0)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes what is gathered, if it is as long as this.
    fn pass_on(&mut self, length_min: usize) -> io::Result<()> {
        if self.gathered.len() >= length_min {
            self.out.write_all(&self.gathered)?;
            self.gathered.clear();
        }
        Ok(())
    }
}

/// Exporting a project.
impl Snapshot {
    /// Writes the tasks as an [export](crate::wire::export), from which
    /// [`TaskStore::restore`] makes the same project, in any store and at any later time.
    ///
    /// Disabled, expired, triggered and reported tasks too. O(length of the text); memory for some
    /// 64 KiB of it.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub fn write_export(&self, out: impl Write) -> io::Result<()> {
        let project = self.project().clone();
        let count = self.len() as u64;
        let header = Header::new(project, self.revision(), self.next_sequence(), count);
        let mut writer = Writer::new(out, &header)?;
        for task in self {
            writer.write(&task.to_record())?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// Restoring a project.
impl TaskStore {
    /// Makes a project that is not there from an [export](crate::wire::export): the same tasks,
    /// order, versions, instants of adding and revision, under any project id.
    ///
    /// The project's history begins where the export left it; what this store said of an earlier
    /// project of that name means nothing for it. So a follower that saw a later revision than the
    /// export's begins again with a copy of the restored project: `changes_since` refuses its
    /// revision only until the project has come to that, and cannot tell that what the follower
    /// saw was another history. O(length of the text), and memory for the tasks themselves;
    /// nothing of it is seen before the end.
    ///
    /// # Errors
    ///
    /// The line and the reason, where the text is damaged, cut or too long; nothing has changed
    /// then. [`ErrorKind::ProjectExists`] where the project is there, [`ErrorKind::ProjectFull`]
    /// where it has no number for another task.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse()?;
    /// let every_five_days = Schedule::daily(5, "02:00:00".parse()?, "UTC".parse()?)?;
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let task = Task::builder("t-1", "Stop", TaskType::Stop, every_five_days).build()?;
    /// store.add(&project, task, now)?;
    /// let mut export = Vec::new();
    /// store.snapshot(&project)?.write_export(&mut export)?;
    ///
    /// // Four days later, in another process.
    /// let later: DateTime<Utc> = "2026-12-05T12:00:00Z".parse()?;
    /// let restored = TaskStore::new();
    /// restored.restore(&project, export.as_slice())?;
    /// let task = restored.get(&project, "t-1", later).unwrap();
    /// assert_eq!(task.next_execution_time().unwrap(), "2026-12-06 02:00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(
        &self,
        project: &ProjectId,
        export: impl BufRead,
    ) -> Result<Revision, ExportError> {
        self.restore_metered(project, export, Meter::new(None))
    }

    /// As [`restore`](Self::restore), and tells `on_progress` how far it is: see [`Progress`].
    ///
    /// After the last record the project's lists and its index of names are built, which takes
    /// almost half of the whole time and is not told.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
    /// store.add(&project, task, DateTime::UNIX_EPOCH)?;
    /// let mut export = Vec::new();
    /// store.snapshot(&project)?.write_export(&mut export)?;
    ///
    /// let percent = AtomicU64::new(0);
    /// let on_progress = |progress: taskdex::wire::Progress| {
    ///     percent.store((100.0 * progress.fraction) as u64, Ordering::Relaxed);
    /// };
    /// let copy = TaskStore::new();
    /// copy.restore_with_progress(&project, export.as_slice(), &on_progress)?;
    /// assert_eq!(percent.into_inner(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore_with_progress(
        &self,
        project: &ProjectId,
        export: impl BufRead,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Revision, ExportError> {
        self.restore_metered(project, export, Meter::new(Some(on_progress)))
    }

    fn restore_metered(
        &self,
        project: &ProjectId,
        export: impl BufRead,
        mut meter: Meter<'_>,
    ) -> Result<Revision, ExportError> {
        let call = call!("restore", project);
        let refused = |line| move |error| ReadError { line, error };
        let mut reader = Reader::new(export)?;
        let Header {
            revision,
            next_sequence,
            count,
            ..
        } = *reader.header();
        call.given(usize::try_from(count).unwrap_or(usize::MAX));
        let restoration = self.restoration(project, revision);
        let mut restoration = restoration.map_err(refused(1))?;
        while let Some(record) = reader.next() {
            let added = restoration.push(&record?);
            added.map_err(refused(reader.line()))?;
            meter.count(reader.records_read, count);
        }
        meter.end();
        let revision = self.show_restored(project, restoration, next_sequence);
        Ok(revision.map_err(refused(1))?)
    }
}

/// Why an export was not read, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A line is not as it was written, or one is missing.
    ///
    /// A record is refused as [`Record::from_export_line`] refuses it, all else as
    /// [`ErrorKind::DamagedExport`].
    #[error(transparent)]
    Refused(#[from] ReadError),
    /// The input could not be read.
    #[error("line {line}: {source}")]
    Io {
        /// The line that was to be read, counted from 1.
        line: usize,
        /// Why it was not.
        source: io::Error,
    },
}

impl ExportError {
    /// The line that was refused or not read, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::Refused(refused) => refused.line,
            Self::Io { line, .. } => *line,
        }
    }

    /// Why a line was refused; `None` where it could not be read.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Refused(refused) => Some(&refused.error),
            Self::Io { .. } => None,
        }
    }
}

/// Reads an export, record by record, and refuses what is not as it was written.
///
/// An iterator over the records, which ends after the first error. Only an iteration without an
/// error has seen a whole export: text behind the last record is found after that record was
/// returned. So a caller that restores an export commits at the end.
///
/// Refused, with its line, is
///
/// - a first line of another form, or with a count of 0;
/// - a record that [`Record::from_export_line`] refuses, as one without `added_at`, `sequence` or
///   `version`;
/// - a version over the header's revision, a sequence that is not above the one before it, or not
///   below the header's `next_sequence`;
/// - an id that was there before;
/// - fewer or more records than the header counts;
/// - a blank line, blanks around a record, a last line without its line feed, a line over
///   [`LINE_LENGTH_MAX`].
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
    records_read: u64,
    last_sequence: Option<u64>,
    ids: Ids,
    is_ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    ///
    /// [`ExportError`] where it is not that of an export, or cannot be read.
    pub fn new(input: R) -> Result<Self, ExportError> {
        Self::with_line_length_max(input, LINE_LENGTH_MAX)
    }

    /// As [`new`](Self::new), with another bound of a line's length in bytes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_line_length_max(input: R, line_length_max: usize) -> Result<Self, ExportError> {
        let mut lines = Lines {
            input,
            length_max: line_length_max,
            number: 0,
            text: Vec::new(),
        };
        let line = lines.next()?.ok_or_else(|| ReadError {
            line: 1,
            error: damaged("export", "", HEADER_ACCEPTED),
        })?;
        let header = Header::from_line(line).map_err(|error| ReadError { line: 1, error })?;
        Ok(Self {
            lines,
            header,
            records_read: 0,
            last_sequence: None,
            ids: Ids::default(),
            is_ended: false,
        })
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of the line that was read last, counted from 1.
    pub fn line(&self) -> usize {
        self.lines.number
    }

    fn read(&mut self) -> Result<Option<Record>, ExportError> {
        let Some(line) = self.lines.next()? else {
            if self.records_read == self.header.count {
                return Ok(None);
            }
            let line = self.line() + 1;
            let error = wrong_count(self.records_read, &self.header);
            return Err(ReadError { line, error }.into());
        };
        let record = Fields::from_text(line).and_then(|fields| read_export_record(&fields));
        let record = record.and_then(|record| self.check(record));
        match record {
            Ok(record) => Ok(Some(record)),
            Err(error) => {
                let line = self.line();
                Err(ReadError { line, error }.into())
            }
        }
    }

    /// Checks a record against the header and the records before it, and counts it.
    fn check(&mut self, record: Record) -> Result<Record, Error> {
        let Header {
            revision,
            next_sequence,
            count,
            ..
        } = self.header;
        if self.records_read == count {
            return Err(wrong_count(count.saturating_add(1), &self.header));
        }
        if let Some(version) = record.version.filter(|&version| version > revision) {
            let accepted = format!("at most {revision}, the revision of the export");
            return Err(damaged("version", &version.to_string(), accepted));
        }
        let sequence = record.sequence.unwrap_or_default();
        if let Some(last) = self.last_sequence.filter(|&last| last >= sequence) {
            let accepted = format!("more than {last}, that of the record before");
            return Err(damaged("sequence", &sequence.to_string(), accepted));
        }
        if sequence >= next_sequence {
            let accepted = format!("less than {next_sequence}, the next of the export");
            return Err(damaged("sequence", &sequence.to_string(), accepted));
        }
        if !self.ids.insert(record.task.id()) {
            let accepted = "an id that no record before it has";
            return Err(damaged("id", record.task.id(), accepted));
        }
        self.last_sequence = Some(sequence);
        self.records_read += 1;
        Ok(record)
    }
}

fn wrong_count(records: u64, header: &Header) -> Error {
    let accepted = format!("{} records, as the first line says", header.count);
    damaged("count", &records.to_string(), accepted)
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_ended {
            return None;
        }
        let read = self.read();
        self.is_ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

impl<R: BufRead> FusedIterator for Reader<R> {}

/// The lines of an export, of bounded length.
#[derive(Debug)]
struct Lines<R> {
    input: R,
    length_max: usize,
    /// Of the line that was read last.
    number: usize,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line, without its line feed; `None` at the end.
    fn next(&mut self) -> Result<Option<&str>, ExportError> {
        let line = self.number + 1;
        self.text.clear();
        // One byte more than the longest line: its line feed.
        let most = u64::try_from(self.length_max).unwrap_or(u64::MAX);
        let read = (&mut self.input)
            .take(most.saturating_add(1))
            .read_until(b'\n', &mut self.text)
            .map_err(|source| ExportError::Io { line, source })?;
        if read == 0 {
            return Ok(None);
        }
        self.number = line;
        self.text_of_line()
            .map(Some)
            .map_err(|error| ReadError { line, error }.into())
    }

    fn text_of_line(&self) -> Result<&str, Error> {
        let Some(text) = self.text.strip_suffix(b"\n") else {
            let start = self.text.get(..1024).unwrap_or(&self.text);
            let accepted = if self.text.len() > self.length_max {
                format!("a line of at most {} bytes", self.length_max)
            } else {
                "a line feed at the end of the last line".to_owned()
            };
            return Err(damaged("export", &String::from_utf8_lossy(start), accepted));
        };
        let text = utf8(text)?;
        if text.starts_with('{') && text.ends_with('}') {
            return Ok(text);
        }
        let accepted = "one JSON object a line, without blanks around it";
        Err(damaged("export", text, accepted))
    }
}

/// The ids that were read, each as a hash of 128 bits under keys of this reader's own.
///
/// That two ids of ten million share one is less likely than one in 2^80.
#[derive(Debug, Default)]
struct Ids {
    hashers: [RandomState; 2],
    hashes: HashTable<[u64; 2]>,
}

impl Ids {
    /// Whether the id was not there yet.
    fn insert(&mut self, id: &str) -> bool {
        let hash = self.hashers.each_ref().map(|hasher| hasher.hash_one(id));
        let place = self.hashes.entry(hash[0], |it| *it == hash, |it| it[0]);
        match place {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(hash);
                true
            }
        }
    }
}
