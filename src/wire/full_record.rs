//! The full record: a task written out so that it can be read again.
//!
//! Which fields a record has, and in which order, stands here once. A [`FieldWriter`] makes JSON of
//! them, or hands them to serde.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::io::Write;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::{Field, Fields, repeated_key};
use super::record::{read_full_record, read_task};
use super::response::{write_listed_fields, write_number, write_string};
use super::schedule::read_whole_schedule;
use crate::error::Error;
use crate::query::ScheduledTask;
use crate::schedule::text::instant_ascii;
use crate::schedule::{GapRule, Recurrence, Schedule};
use crate::task::{ProjectId, Record, Task, scheduled_type_of, written_instant};

/// Takes the fields of a record one by one, in their order.
pub(super) trait FieldWriter {
    /// Why a field cannot be written.
    type Error;

    fn text(&mut self, field: Field, text: &str) -> Result<(), Self::Error>;
    /// A text that stands in JSON as it is.
    fn plain(&mut self, field: Field, text: fmt::Arguments<'_>) -> Result<(), Self::Error>;
    fn number(&mut self, field: Field, number: u64) -> Result<(), Self::Error>;
    fn boolean(&mut self, field: Field, value: bool) -> Result<(), Self::Error>;
}

/// Hands over the fields that a listing shows.
pub(super) fn listed_fields<W: FieldWriter>(
    task: &Task,
    next_execution_time: Option<&str>,
    fields: &mut W,
) -> Result<(), W::Error> {
    fields.text(Field::Id, task.id())?;
    fields.text(Field::TaskName, task.task_name())?;
    fields.text(Field::TaskType, task.task_type().as_str())?;
    fields.text(Field::ScheduledType, task.scheduled_type().as_str())?;
    if let Some(event) = task.life_cycle_type() {
        fields.text(Field::LifeCycleType, event.as_str())?;
    }
    if let Some(status) = task.last_status() {
        fields.text(Field::LastStatus, status.as_str())?;
    }
    if let Some(time) = next_execution_time {
        fields.text(Field::NextExecutionTime, time)?;
    }
    fields.boolean(Field::Enable, task.is_enabled())?;
    if let Some(description) = task.description() {
        fields.text(Field::Description, description)?;
    }
    if let Some(priority) = task.priority() {
        fields.number(Field::Priority, priority.into())?;
    }
    if let Some(time_zone) = task.time_zone() {
        fields.text(Field::TimeZone, time_zone)?;
    }
    if let Some(wait_time) = task.wait_time() {
        fields.number(Field::WaitTime, wait_time.into())?;
    }
    Ok(())
}

/// Hands over the fields of a schedule that no listing shows.
fn schedule_fields<W: FieldWriter>(schedule: &Schedule, fields: &mut W) -> Result<(), W::Error> {
    match schedule.recurrence() {
        Recurrence::FixedTime { date } => {
            fields.plain(Field::ScheduledDate, format_args!("{date}"))?;
        }
        Recurrence::Daily { day_interval } => {
            fields.number(Field::DayInterval, day_interval.into())?;
        }
        Recurrence::Weekly { days } => fields.plain(Field::WeekList, format_args!("{days}"))?,
        Recurrence::Monthly { months, dates } => {
            fields.plain(Field::MonthList, format_args!("{months}"))?;
            fields.plain(Field::DateList, format_args!("{dates}"))?;
        }
    }
    fields.plain(Field::ScheduledTime, format_args!("{}", schedule.time()))?;
    if let Some(date) = schedule.start_date() {
        fields.plain(Field::StartDate, format_args!("{date}"))?;
    }
    if let Some(at) = schedule.expire_time() {
        fields.plain(Field::ExpireTime, format_args!("{at}"))?;
    }
    match schedule.gap_rule() {
        GapRule::Forward => Ok(()),
        rule => fields.text(Field::GapRule, rule.as_str()),
    }
}

/// Hands over what a record says beside its task.
fn history_fields<W: FieldWriter>(record: &Record, fields: &mut W) -> Result<(), W::Error> {
    if let Some(added_at) = record.added_at {
        let text = instant_ascii(written_instant(added_at));
        fields.text(Field::AddedAt, &String::from_utf8_lossy(&text))?;
    }
    if let Some(sequence) = record.sequence {
        fields.number(Field::Sequence, sequence)?;
    }
    if let Some(version) = record.version {
        fields.number(Field::Version, version.get())?;
    }
    Ok(())
}

/// Hands over all of a task.
fn task_fields<W: FieldWriter>(task: &Task, fields: &mut W) -> Result<(), W::Error> {
    let reported = task.reported_time().map(|time| time.to_string());
    listed_fields(task, reported.as_deref(), fields)?;
    task.schedule()
        .map_or(Ok(()), |schedule| schedule_fields(schedule, fields))
}

/// Writing records.
impl Record {
    /// Appends the full record to `out`, as one line of compact JSON.
    ///
    /// The fields of the listing in their documented order, then those of the schedule, then
    /// `added_at`, `sequence` and `version`; the [table of fields](crate::wire#records) has all of
    /// them. What is absent is left out, and `next_execution_time` stands only where another service
    /// reported it. A record that names its project begins with `project_id`.
    ///
    /// Read back, it is the same record: [`from_export_line`](Self::from_export_line) reads all of
    /// it, [`from_json`](Self::from_json) all but `sequence` and `version`. Written again, it has
    /// the same bytes. O(length of the text).
    ///
    /// ```
    /// use taskdex::Record;
    ///
    /// let record = Record::from_json(
    ///     r#"{"id":"t-1","task_name":"Restart","task_type":"REBOOT","scheduled_type":"WEEK",
    ///         "week_list":"7, 01","scheduled_time":"02:00:00","added_at":"2026-11-26T09:00:00.5+01:00"}"#,
    /// )?;
    /// let mut line = Vec::new();
    /// record.write_json(&mut line);
    /// assert_eq!(
    ///     String::from_utf8_lossy(&line),
    ///     r#"{"id":"t-1","task_name":"Restart","task_type":"REBOOT","scheduled_type":"WEEK","enable":true,"time_zone":"Asia/Shanghai","week_list":"1,7","scheduled_time":"02:00:00","added_at":"2026-11-26T08:00:00Z"}"#,
    /// );
    /// assert_eq!(Record::from_json(&line)?, record);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_full_record(out, self.project.as_ref(), self);
    }
}

/// Appends the full record, as one of this project if there is one.
pub(super) fn write_full_record(out: &mut Vec<u8>, project: Option<&ProjectId>, record: &Record) {
    let task = &record.task;
    if let Some(project) = project {
        out.extend_from_slice(b"{\"project_id\":");
        write_string(out, project.as_str());
        write_listed_fields(out, *b",\"id\":\"", task, None);
    } else {
        write_listed_fields(out, *b"{\"id\":\"", task, None);
    }
    let mut fields = JsonFields(out);
    if let Some(schedule) = task.schedule() {
        let Ok(()) = schedule_fields(schedule, &mut fields);
    }
    let Ok(()) = history_fields(record, &mut fields);
    out.push(b'}');
}

/// Appends fields to an object of JSON that has some already.
struct JsonFields<'a>(&'a mut Vec<u8>);

impl JsonFields<'_> {
    fn name(&mut self, field: Field) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(field.name().as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

impl FieldWriter for JsonFields<'_> {
    type Error = Infallible;

    fn text(&mut self, field: Field, text: &str) -> Result<(), Infallible> {
        self.name(field);
        write_string(self.0, text);
        Ok(())
    }

    fn plain(&mut self, field: Field, text: fmt::Arguments<'_>) -> Result<(), Infallible> {
        self.name(field);
        self.0.push(b'"');
        let written = self.0.write_fmt(text);
        debug_assert!(written.is_ok(), "a buffer takes all");
        self.0.push(b'"');
        Ok(())
    }

    fn number(&mut self, field: Field, number: u64) -> Result<(), Infallible> {
        self.name(field);
        write_number(self.0, number);
        Ok(())
    }

    fn boolean(&mut self, field: Field, value: bool) -> Result<(), Infallible> {
        self.name(field);
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.0.extend_from_slice(text);
        Ok(())
    }
}

/// Makes entries of a serde map of fields.
pub(super) struct SerdeFields<'a, M>(pub(super) &'a mut M);

impl<M: SerializeMap> FieldWriter for SerdeFields<'_, M> {
    type Error = M::Error;

    fn text(&mut self, field: Field, text: &str) -> Result<(), M::Error> {
        self.0.serialize_entry(field.name(), text)
    }

    fn plain(&mut self, field: Field, text: fmt::Arguments<'_>) -> Result<(), M::Error> {
        self.0.serialize_entry(field.name(), &text)
    }

    fn number(&mut self, field: Field, number: u64) -> Result<(), M::Error> {
        self.0.serialize_entry(field.name(), &number)
    }

    fn boolean(&mut self, field: Field, value: bool) -> Result<(), M::Error> {
        self.0.serialize_entry(field.name(), &value)
    }
}

/// Serializes what a function hands over as a map.
fn serialize_fields<S: Serializer>(
    serializer: S,
    hand_over: impl FnOnce(&mut SerdeFields<'_, S::SerializeMap>) -> Result<(), S::Error>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    hand_over(&mut SerdeFields(&mut map))?;
    map.end()
}

/// As [`Record::write_json`] writes it.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_fields(serializer, |fields| {
            if let Some(project) = &self.project {
                fields.text(Field::ProjectId, project.as_str())?;
            }
            task_fields(&self.task, fields)?;
            history_fields(self, fields)
        })
    }
}

/// The full record without `added_at`, `sequence` and `version`, which belong to [`Record`].
impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_fields(serializer, |fields| task_fields(self, fields))
    }
}

/// The fields of a full record that say when a task runs, as the future-executions call takes them.
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_fields(serializer, |fields| {
            let scheduled_type = scheduled_type_of(self);
            fields.text(Field::ScheduledType, scheduled_type.as_str())?;
            fields.text(Field::TimeZone, self.time_zone().name())?;
            schedule_fields(self, fields)
        })
    }
}

impl Serialize for ScheduledTask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = self.next_execution_time();
        serialize_fields(serializer, |fields| {
            listed_fields(self.task(), time.as_deref(), fields)
        })
    }
}

/// The rules of [`Record::from_export_line`], but `added_at`, `sequence` and `version` may be absent.
///
/// A copy or an outbox that is handed records through serde gets back what was put in. From a source
/// that cannot vouch for `sequence` and `version`, use [`Record::from_json`].
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_fields(deserializer, read_full_record)
    }
}

/// The rules of [`Record::from_json`]; what belongs to a [`Record`] alone is ignored.
impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_fields(deserializer, read_task)
    }
}

/// The rules of the future-executions call; only a schedule is taken.
impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_fields(deserializer, read_whole_schedule)
    }
}

/// Collects the known fields of a map, and reads them as those of a JSON object are read.
fn deserialize_fields<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
) -> Result<T, D::Error> {
    let Collected(values) = Collected::deserialize(deserializer)?;
    read(&Fields::from_values(&values)).map_err(de::Error::custom)
}

/// The known fields of a serde map, each as JSON text.
struct Collected([Option<String>; Field::COUNT]);

impl<'de> Deserialize<'de> for Collected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;

        impl<'de> Visitor<'de> for MapVisitor {
            type Value = Collected;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Collected, A::Error> {
                let mut values = [const { None }; Field::COUNT];
                let mut unknown = HashSet::new();
                while let Some(key) = map.next_key::<String>()? {
                    let field = Field::from_name(&key);
                    let place = field.and_then(|field| values.get_mut(field as usize));
                    let is_repeated = if let Some(place) = place {
                        let value: serde_json::Value = map.next_value()?;
                        place.replace(value.to_string()).is_some()
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        !unknown.insert(key.clone())
                    };
                    if is_repeated {
                        return Err(de::Error::custom(repeated_key(key.as_bytes())));
                    }
                }
                Ok(Collected(values))
            }
        }

        deserializer.deserialize_map(MapVisitor)
    }
}
