//! One task record of JSON, in the documented fields.

use chrono::{DateTime, Utc};

use super::fields::{Field, Fields};
use super::schedule::{
    read_enabled, read_reported, read_schedule, read_scheduled_type, read_trigger,
};
use crate::error::{Error, ErrorKind};
use crate::limits::{PRIORITY, TEXT_ACCEPTED, WAIT_TIME};
use crate::query::Revision;
use crate::task::{Record, ScheduledType, Task, TaskFields, TaskType, Timing, written_instant};

const ADDED_AT_ACCEPTED: &str = "an RFC 3339 instant of years 0001 to 9999";
const NUMBER_ACCEPTED: &str = "a whole number from 0 up";

/// Reading records, one at a time.
impl Record {
    /// Reads one JSON object.
    ///
    /// Unknown fields are ignored, and so is a field that belongs to another
    /// scheduled type, whatever it holds. An optional field that holds null
    /// or the empty string is the same as one left out. `sequence` and `version` are ignored, as
    /// only a store gives them; [`from_export_line`](Self::from_export_line) reads them. That is a
    /// decision of this crate: the documented API has neither.
    ///
    /// The [table of fields](crate::wire#records) says what each holds. A
    /// [`RecordReader`](crate::wire::RecordReader) can be stricter. O(length of the text).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidEncoding`] where the text is not UTF-8,
    /// [`InvalidJson`](ErrorKind::InvalidJson) where it is no JSON object,
    /// [`RepeatedKey`](ErrorKind::RepeatedKey) where it repeats a key,
    /// [`MissingParameter`](ErrorKind::MissingParameter),
    /// [`WrongType`](ErrorKind::WrongType), and the errors of each field's
    /// own type, of [`Schedule`](crate::Schedule)'s constructors and of
    /// [`TaskBuilder`](crate::TaskBuilder).
    ///
    /// ```
    /// use taskdex::{Record, ScheduledType, TaskType};
    ///
    /// let record = Record::from_json(
    ///     r#"{"id":"t-1","task_name":"Restart","task_type":"REBOOT","scheduled_type":"WEEK",
    ///         "week_list":"1,7","scheduled_time":"02:00:00","time_zone":"Europe/Paris"}"#,
    /// )?;
    /// assert_eq!(record.project, None);
    /// assert_eq!(record.task.task_type(), TaskType::Reboot);
    /// assert_eq!(record.task.scheduled_type(), ScheduledType::Week);
    /// assert_eq!(record.task.time_zone(), Some("Europe/Paris"));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, Error> {
        read_record(&Fields::from_json(json.as_ref())?)
    }

    /// Reads one line of an export, or a record of a change feed: a full record of a store.
    ///
    /// As [`from_json`](Self::from_json), and `added_at`, `sequence` and `version` are read, and
    /// needed. [`export::Reader`](crate::wire::export::Reader) reads a whole export.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json); [`ErrorKind::MissingParameter`] where one of the three is
    /// absent, [`WrongType`](ErrorKind::WrongType) and [`OutOfRange`](ErrorKind::OutOfRange) where
    /// `sequence` or `version` is not a whole number of 64 bits.
    ///
    /// ```
    /// use taskdex::Record;
    ///
    /// let line = r#"{"id":"t-1","task_name":"Stop","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","enable":true,"added_at":"2026-11-26T08:00:00Z","sequence":3,"version":8}"#;
    /// let record = Record::from_export_line(line)?;
    /// assert_eq!(record.sequence, Some(3));
    /// assert_eq!(record.version.unwrap().get(), 8);
    ///
    /// let error = Record::from_export_line(line.replace(",\"sequence\":3", "")).unwrap_err();
    /// assert_eq!(error.parameter(), "sequence");
    /// assert_eq!(Record::from_json(line)?.sequence, None);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn from_export_line(line: impl AsRef<[u8]>) -> Result<Self, Error> {
        read_export_record(&Fields::from_json(line.as_ref())?)
    }
}

/// Reads a full record of a store.
pub(super) fn read_export_record(fields: &Fields<'_>) -> Result<Record, Error> {
    let record = read_full_record(fields)?;
    let missing = if record.added_at.is_none() {
        Error::missing(Field::AddedAt.as_str(), ADDED_AT_ACCEPTED)
    } else if record.sequence.is_none() {
        Error::missing(Field::Sequence.as_str(), NUMBER_ACCEPTED)
    } else if record.version.is_none() {
        Error::missing(Field::Version.as_str(), NUMBER_ACCEPTED)
    } else {
        return Ok(record);
    };
    Err(missing)
}

/// Reads all but `sequence` and `version`.
pub(super) fn read_record(fields: &Fields<'_>) -> Result<Record, Error> {
    let project = fields.parsed(Field::ProjectId)?;
    Ok(read_new_record(fields)?.with_project(project))
}

/// Reads a record for a project that its caller knows.
pub(super) fn read_new_record(fields: &Fields<'_>) -> Result<Record, Error> {
    let added_at = read_added_at(fields)?;
    Ok(Record::new(read_task(fields)?).with_added_at(added_at))
}

/// Reads `sequence` and `version` too, where the record has them.
pub(super) fn read_full_record(fields: &Fields<'_>) -> Result<Record, Error> {
    let sequence: Option<u64> = fields.integer(Field::Sequence, NUMBER_ACCEPTED)?;
    let version: Option<u64> = fields.integer(Field::Version, NUMBER_ACCEPTED)?;
    let record = read_record(fields)?.with_sequence(sequence);
    Ok(record.with_version(version.map(Revision::new)))
}

/// Reads a task alone.
pub(super) fn read_task(fields: &Fields<'_>) -> Result<Task, Error> {
    let id = fields.required_string(Field::Id, TEXT_ACCEPTED)?;
    let task_name = fields.required_string(Field::TaskName, TEXT_ACCEPTED)?;
    let task_type: TaskType = fields.required(Field::TaskType, TaskType::ACCEPTED)?;
    let timing = read_timing(fields)?;
    TaskFields {
        id: &id,
        task_name: &task_name,
        task_type,
        timing,
        last_status: fields.parsed(Field::LastStatus)?,
        enabled: read_enabled(fields)?,
        description: &fields.string(Field::Description)?.unwrap_or_default(),
        priority: fields.integer(Field::Priority, PRIORITY.accepted)?,
        wait_time: fields.integer(Field::WaitTime, WAIT_TIME.accepted)?,
    }
    .checked()
}

fn read_timing(fields: &Fields<'_>) -> Result<Timing, Error> {
    let scheduled_type = read_scheduled_type(fields)?;
    if scheduled_type == ScheduledType::LifeCycle {
        return Ok(Timing::Triggered(read_trigger(fields)?));
    }
    match read_schedule(fields, scheduled_type)? {
        Some(schedule) => Ok(Timing::Scheduled(schedule)),
        None => Ok(Timing::Reported(read_reported(fields, scheduled_type)?)),
    }
}

fn read_added_at(fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, Error> {
    let Some(added_at) = fields.instant(Field::AddedAt)? else {
        return Ok(None);
    };
    let written = written_instant(added_at);
    if written.timestamp() != added_at.timestamp() {
        let (name, text) = (Field::AddedAt.as_str(), added_at.to_string());
        return Err(Error::refused(
            ErrorKind::OutOfRange,
            name,
            &text,
            ADDED_AT_ACCEPTED,
        ));
    }
    Ok(Some(written))
}
