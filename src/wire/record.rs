//! One task record of JSON, in the documented fields.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{invalid_json, not_utf8};
use super::schedule::{read_schedule, read_time_zone};
use crate::error::{Error, ErrorKind, shown};
use crate::limits::{PRIORITY, TEXT_ACCEPTED, WAIT_TIME};
use crate::spelled::spelled;
use crate::task::{
    LifeCycleType, ProjectId, ReportedTiming, ScheduledType, Task, TaskType, Timing, Trigger,
};

/// A task, and the project that its record names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The project of the record's `project_id`, if it has one.
    pub project: Option<ProjectId>,
    /// The task.
    pub task: Task,
}

impl Record {
    /// Reads one JSON object.
    ///
    /// Unknown fields are ignored, and so is a field that belongs to another
    /// scheduled type, whatever it holds. An optional field that holds null
    /// or the empty string is the same as one left out.
    ///
    /// O(length of the text).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidEncoding`] where the text is not UTF-8,
    /// [`InvalidJson`](ErrorKind::InvalidJson) where it is no JSON object,
    /// [`RepeatedKey`](ErrorKind::RepeatedKey) where it repeats a key,
    /// [`MissingParameter`](ErrorKind::MissingParameter),
    /// [`WrongType`](ErrorKind::WrongType), and the errors of each field's
    /// own type, of [`Schedule`](crate::Schedule)'s constructors and of [`TaskBuilder`](crate::TaskBuilder).
    ///
    /// ```
    /// use taskdex::{ScheduledType, TaskType, wire::Record};
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
        Fields::from_json(json.as_ref())?.record()
    }

    /// As [`from_json`](Self::from_json), for what is known to be UTF-8.
    pub(super) fn from_text(text: &str) -> Result<Self, Error> {
        Fields::from_text(text)?.record()
    }
}

spelled! {
    /// The documented fields of a record, and those of this project's own.
    pub(super) enum Field {
        ProjectId = "project_id",
        Id = "id",
        TaskName = "task_name",
        TaskType = "task_type",
        ScheduledType = "scheduled_type",
        LifeCycleType = "life_cycle_type",
        LastStatus = "last_status",
        NextExecutionTime = "next_execution_time",
        Enable = "enable",
        Description = "description",
        Priority = "priority",
        TimeZone = "time_zone",
        WaitTime = "wait_time",
        DayInterval = "day_interval",
        WeekList = "week_list",
        MonthList = "month_list",
        DateList = "date_list",
        ScheduledDate = "scheduled_date",
        ScheduledTime = "scheduled_time",
        ExpireTime = "expire_time",
        StartDate = "start_date",
        Now = "now",
    }
}

/// The known fields of one JSON object, each still as the text it was written in.
///
/// A field is read only where its scheduled type uses it, since an unused one may
/// hold anything, even what serde's data model cannot (`1e999`).
pub(super) struct Fields<'a>([Option<&'a RawValue>; Field::COUNT]);

impl<'a> Fields<'a> {
    pub(super) fn from_json(json: &'a [u8]) -> Result<Self, Error> {
        Self::from_text(std::str::from_utf8(json).map_err(|_| not_utf8(json))?)
    }

    fn from_text(text: &'a str) -> Result<Self, Error> {
        let object: Object<'_> =
            serde_json::from_str(text).map_err(|error| invalid_json(text, &error))?;
        match object.repeated_key {
            Some(key) => Err(repeated_key(&key)),
            None => Ok(object.fields),
        }
    }

    /// The field's JSON text; null and the empty string count as left out.
    pub(super) fn get(&self, field: Field) -> Option<&'a str> {
        self.0
            .get(field as usize)
            .copied()
            .flatten()
            .map(RawValue::get)
            .filter(|json| !matches!(*json, "null" | "\"\""))
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.get(field).is_some()
    }

    /// A field that holds a JSON string.
    pub(super) fn string(&self, field: Field) -> Result<Option<Cow<'a, str>>, Error> {
        let Some(json) = self.get(field) else {
            return Ok(None);
        };
        // Most strings have no escapes, and then the text between the quotes is the value.
        if let Some(inner) = json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            if inner.contains('\\') {
                return serde_json::from_str(json)
                    .map(|text: String| Some(Cow::Owned(text)))
                    .map_err(|_| wrong_type(field, json, "a JSON string of Unicode characters"));
            }
            return Ok(Some(Cow::Borrowed(inner)));
        }
        Err(wrong_type(field, json, "a JSON string"))
    }

    pub(super) fn required_string(
        &self,
        field: Field,
        accepted: &'static str,
    ) -> Result<Cow<'a, str>, Error> {
        self.string(field)?
            .ok_or_else(|| Error::missing(field.as_str(), accepted))
    }

    /// A string field that is read by its type's own rules.
    pub(super) fn parsed<T: std::str::FromStr<Err = Error>>(
        &self,
        field: Field,
    ) -> Result<Option<T>, Error> {
        self.string(field)?.map(|text| text.parse()).transpose()
    }

    fn required<T: std::str::FromStr<Err = Error>>(
        &self,
        field: Field,
        accepted: &'static str,
    ) -> Result<T, Error> {
        self.required_string(field, accepted)?.parse()
    }

    /// A field that holds a JSON integer.
    pub(super) fn integer(
        &self,
        field: Field,
        accepted: &'static str,
    ) -> Result<Option<u32>, Error> {
        let Some(json) = self.get(field) else {
            return Ok(None);
        };
        let digits = json.strip_prefix('-').unwrap_or(json);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong_type(
                field,
                json,
                format!("a JSON integer, {accepted}"),
            ));
        }
        // JSON has a negative zero, and it is an integer.
        let text = if digits == "0" { digits } else { json };
        text.parse()
            .map(Some)
            .map_err(|_| Error::refused(ErrorKind::OutOfRange, field.as_str(), json, accepted))
    }

    /// A field that holds a JSON boolean.
    pub(super) fn boolean(&self, field: Field) -> Result<Option<bool>, Error> {
        match self.get(field) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(json) => Err(wrong_type(field, json, "a JSON boolean")),
        }
    }

    pub(super) fn scheduled_type(&self) -> Result<ScheduledType, Error> {
        self.required(Field::ScheduledType, ScheduledType::ACCEPTED)
    }

    /// Whether the task is executed; absent is yes.
    pub(super) fn enabled(&self) -> Result<bool, Error> {
        Ok(self.boolean(Field::Enable)?.unwrap_or(true))
    }

    /// The event of a triggered task, and its zone.
    pub(super) fn trigger(&self) -> Result<Trigger, Error> {
        let life_cycle_type: LifeCycleType =
            self.required(Field::LifeCycleType, LifeCycleType::ACCEPTED)?;
        let trigger = Trigger::on(life_cycle_type);
        Ok(match read_time_zone(self)? {
            Some(time_zone) => trigger.with_time_zone(time_zone),
            None => trigger,
        })
    }

    fn record(&self) -> Result<Record, Error> {
        let project = self.parsed(Field::ProjectId)?;
        let id = self.required_string(Field::Id, TEXT_ACCEPTED)?;
        let task_name = self.required_string(Field::TaskName, TEXT_ACCEPTED)?;
        let task_type: TaskType = self.required(Field::TaskType, TaskType::ACCEPTED)?;
        let scheduled_type = self.scheduled_type()?;
        let timing = if scheduled_type == ScheduledType::LifeCycle {
            Timing::Triggered(self.trigger()?)
        } else if let Some(schedule) = read_schedule(self, scheduled_type)? {
            Timing::Scheduled(schedule)
        } else {
            Timing::Reported(self.reported_timing(scheduled_type)?)
        };
        let task = Task::builder(id, task_name, task_type, timing)
            .with_last_status(self.parsed(Field::LastStatus)?)
            .with_enabled(self.enabled()?)
            .with_description(self.string(Field::Description)?.unwrap_or_default())
            .with_priority(self.integer(Field::Priority, PRIORITY.accepted)?)
            .with_wait_time(self.integer(Field::WaitTime, WAIT_TIME.accepted)?)
            .build()?;
        Ok(Record { project, task })
    }

    fn reported_timing(&self, scheduled_type: ScheduledType) -> Result<ReportedTiming, Error> {
        let mut timing = ReportedTiming::new(scheduled_type)?;
        if let Some(time) = self.parsed(Field::NextExecutionTime)? {
            timing = timing.with_next_execution_time(time);
        }
        if let Some(time_zone) = self.string(Field::TimeZone)? {
            timing = timing.with_time_zone(&time_zone);
        }
        Ok(timing)
    }
}

fn wrong_type(field: Field, json: &str, accepted: impl Into<Cow<'static, str>>) -> Error {
    Error::refused(ErrorKind::WrongType, field.as_str(), json, accepted)
}

/// The refusal of a JSON object that gives `key` twice.
pub(super) fn repeated_key(key: &[u8]) -> Error {
    let key = String::from_utf8_lossy(key);
    // A key may be as long as a client likes, as a value may.
    Error::refused(ErrorKind::RepeatedKey, shown(&key), &key, "each key once")
}

/// What the visitor found, and the first key that was given twice.
struct Object<'a> {
    fields: Fields<'a>,
    repeated_key: Option<Vec<u8>>,
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Fields([None; Field::COUNT]);
                let mut unknown = HashSet::new();
                let mut repeated_key = None;
                while let Some(Key(key)) = map.next_key()? {
                    let value: &RawValue = map.next_value()?;
                    let place = std::str::from_utf8(&key)
                        .ok()
                        .and_then(Field::from_spelling)
                        .and_then(|field| fields.0.get_mut(field as usize));
                    let repeated = match place {
                        Some(place) => place.replace(value).is_some(),
                        None => !unknown.insert(key.clone()),
                    };
                    if repeated && repeated_key.is_none() {
                        repeated_key = Some(key.into_owned());
                    }
                }
                Ok(Object {
                    fields,
                    repeated_key,
                })
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// An object's key, borrowed where it has no escapes.
///
/// In bytes, since JSON allows keys that are no text (`"\ud800"`), and an
/// unknown field may have any.
pub(super) struct Key<'a>(pub(super) Cow<'a, [u8]>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read as bytes at once, a key could hold control characters that JSON refuses.
        let json = <&RawValue>::deserialize(deserializer)?.get();
        match json.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
            Some(inner) if !inner.contains('\\') => Ok(Key(Cow::Borrowed(inner.as_bytes()))),
            _ => serde_json::Deserializer::from_str(json)
                .deserialize_bytes(UnescapedVisitor)
                .map(|key| Key(Cow::Owned(key)))
                .map_err(de::Error::custom),
        }
    }
}

struct UnescapedVisitor;

impl Visitor<'_> for UnescapedVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E: de::Error>(self, key: &[u8]) -> Result<Vec<u8>, E> {
        Ok(key.to_owned())
    }
}
