//! Edits and changes of a project, as JSON.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::{Fields, repeated_key};
use super::members::{Members, number, string, wrong_type};
use super::record::read_new_record;
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::limits::TEXT_ACCEPTED;
use crate::store::{ChangeSet, Edit, EditAction, Expectation};
use crate::task::{LastStatus, Record, TaskId, TaskName};

/// The keys of an edit that say what is done.
const ACTIONS: [&str; 7] = [
    "add",
    "put",
    "replace",
    "rename",
    "set_last_status",
    "set_enabled",
    "remove",
];
const ACTIONS_ACCEPTED: &str =
    "exactly one of add, put, replace, rename, set_last_status, set_enabled and remove";
const EDIT_ACCEPTED: &str = "one action, and beside it `expect`";
const EXPECT: &str = "expect";
const ABSENT: &str = "absent";
const EXPECT_ACCEPTED: &str = "\"absent\", or a version";

impl Edit {
    /// Reads an edit of a JSON object with one action: `add`, `put` or `replace`, of a record;
    /// `rename`, `set_last_status`, `set_enabled` or `remove`, of the `id` and what is set.
    ///
    /// `expect` may stand beside it: `"absent"`, or a version. The `project_id` of a record is
    /// ignored. O(length of the text).
    ///
    /// # Errors
    ///
    /// As [`Record::from_json`]; [`ErrorKind::MissingParameter`] for an edit without an action,
    /// [`ErrorKind::UnknownField`] for one with another key.
    ///
    /// ```
    /// use taskdex::{Edit, Expectation, TaskId};
    ///
    /// let edit = Edit::from_json(r#"{"remove":{"id":"t-1"},"expect":12}"#)?;
    /// let expected = Expectation::Version(12.into());
    /// assert_eq!(edit, Edit::remove(TaskId::new("t-1")?).with_expectation(expected));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mut members = Members::read(json.as_ref())?;
        let expectation = members.take(EXPECT).map(read_expectation).transpose()?;
        let found = ACTIONS
            .iter()
            .find_map(|name| Some((*name, members.take(name)?)));
        let (name, json) = found.ok_or_else(|| Error::missing("edit", ACTIONS_ACCEPTED))?;
        members.finish(EDIT_ACCEPTED)?;
        let action = read_action(name, json)?;
        Ok(Self::from(action).with_expectation(expectation))
    }
}

fn read_expectation(json: &str) -> Result<Expectation, Error> {
    if let Ok(version) = number(EXPECT, json) {
        return Ok(Expectation::Version(version.into()));
    }
    match string(EXPECT, json) {
        Ok(text) if text == ABSENT => Ok(Expectation::Absent),
        _ => Err(wrong_type(EXPECT, json, EXPECT_ACCEPTED)),
    }
}

fn read_action(name: &str, json: &str) -> Result<EditAction, Error> {
    let record = || read_new_record(&Fields::from_text(json)?);
    Ok(match name {
        "add" => EditAction::Add(record()?),
        "put" => EditAction::Put(record()?),
        "replace" => EditAction::Replace(record()?),
        _ => {
            let mut members = Members::read_text(json)?;
            let id: TaskId = members.parsed("id", TEXT_ACCEPTED)?;
            let action = match name {
                "rename" => {
                    let task_name: TaskName = members.parsed("task_name", TEXT_ACCEPTED)?;
                    EditAction::Rename { id, task_name }
                }
                "set_last_status" => {
                    let json = members.required("last_status", LastStatus::ACCEPTED)?;
                    let last_status = match json {
                        "null" => None,
                        json => Some(string("last_status", json)?.parse()?),
                    };
                    EditAction::SetLastStatus { id, last_status }
                }
                "set_enabled" => {
                    const ACCEPTED: &str = "a JSON boolean";
                    let json = members.required("enable", ACCEPTED)?;
                    let enabled = serde_json::from_str(json)
                        .map_err(|_| wrong_type("enable", json, ACCEPTED))?;
                    EditAction::SetEnabled { id, enabled }
                }
                _ => EditAction::Remove { id },
            };
            members.finish("the id, and what is set")?;
            action
        }
    })
}

impl ChangeSet {
    /// Reads changes of the JSON object that [`serde_json`] writes of them.
    ///
    /// Its `puts` are full records, each with `added_at`, `sequence` and `version`. O(length of
    /// the text).
    ///
    /// # Errors
    ///
    /// As [`Record::from_export_line`]; [`ErrorKind::UnknownField`] for another key.
    ///
    /// ```
    /// use taskdex::ChangeSet;
    ///
    /// let json = r#"{"from":5,"to":9,"next_sequence":7,"removed":["t-1"],"puts":[]}"#;
    /// let changes = ChangeSet::from_json(json)?;
    /// assert_eq!(changes.to.get(), 9);
    /// assert_eq!(serde_json::to_string(&changes)?, json);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mut members = Members::read(json.as_ref())?;
        let [from, to] = ["from", "to"].map(|name| members.number(name));
        let next_sequence = members.number("next_sequence")?;
        let removed = members.list("removed")?.into_iter();
        let puts = members.list("puts")?.into_iter();
        let changes = Self {
            from: from?.into(),
            to: to?.into(),
            next_sequence,
            removed: removed
                .map(|json| string("removed", json.get())?.parse())
                .collect::<Result<_, _>>()?,
            puts: puts
                .map(|json| Record::from_export_line(json.get()))
                .collect::<Result<_, _>>()?,
        };
        members.finish("from, to, next_sequence, removed and puts")?;
        Ok(changes)
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_str(ABSENT),
            Self::Version(version) => version.serialize(serializer),
        }
    }
}

/// The rules of [`Edit::from_json`].
impl<'de> Deserialize<'de> for Edit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_object(deserializer, Self::from_json)
    }
}

/// The rules of [`ChangeSet::from_json`].
impl<'de> Deserialize<'de> for ChangeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_object(deserializer, Self::from_json)
    }
}

/// Reads an object of any self-describing format as its JSON is read.
fn deserialize_object<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(String) -> Result<T, Error>,
) -> Result<T, D::Error> {
    struct ObjectVisitor;

    impl<'de> Visitor<'de> for ObjectVisitor {
        type Value = serde_json::Map<String, serde_json::Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = serde_json::Map::new();
            while let Some((key, value)) = map.next_entry::<String, serde_json::Value>()? {
                if members.contains_key(&key) {
                    return Err(de::Error::custom(repeated_key(key.as_bytes())));
                }
                members.insert(key, value);
            }
            Ok(members)
        }
    }

    let members = deserializer.deserialize_map(ObjectVisitor)?;
    read(serde_json::Value::Object(members).to_string()).map_err(de::Error::custom)
}
