//! One JSON object a line, member by member.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use taskdex::wire::export::ExportError;
use taskdex::wire::{parse_instant, write_error_json};
use taskdex::{BatchError, Error, ErrorKind};

/// Why a line was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By the library.
    By(Error),
    /// By the library, for an edit of a batch.
    At { position: usize, error: Error },
    /// By the library, for a line of an export.
    InLine { line: usize, error: Error },
    /// By the program itself.
    Own { kind: ErrorKind, message: String },
}

impl Refusal {
    fn own(kind: ErrorKind, message: String) -> Self {
        Self::Own { kind, message }
    }

    pub(crate) fn missing(name: &str, accepted: &str) -> Self {
        let message = format!("missing: {name}; accepted: {accepted}");
        Self::own(ErrorKind::MissingParameter, message)
    }

    pub(crate) fn unknown(name: &str, value: &str, accepted: &str) -> Self {
        let message = format!("unknown value: {name}=`{value}`; accepted: {accepted}");
        Self::own(ErrorKind::UnknownValue, message)
    }

    pub(crate) fn no_task(id: &str) -> Self {
        let message = format!("no such task: id=`{id}`; accepted: the id of a task of the project");
        Self::own(ErrorKind::TaskNotFound, message)
    }

    pub(crate) fn internal(error: impl fmt::Display) -> Self {
        Self::own(ErrorKind::Internal, error.to_string())
    }

    /// Appends the error body, with the position of an edit behind it.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::By(error) => error.write_json(out),
            Self::At { position, error } => {
                error.write_json(out);
                out.pop();
                out.extend_from_slice(format!(",\"position\":{position}}}").as_bytes());
            }
            Self::InLine { line, error } => {
                let detail = error.detail().map(|detail| format!(": {detail}"));
                let detail = format!("line {line}{}", detail.unwrap_or_default());
                write_error_json(error.code(), &error.to_string(), Some(&detail), out);
            }
            Self::Own { kind, message } => write_error_json(kind.code(), message, None, out),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::By(error)
    }
}

impl From<ExportError> for Refusal {
    fn from(refused: ExportError) -> Self {
        match refused.error() {
            Some(error) => Self::InLine {
                line: refused.line(),
                error: error.clone(),
            },
            None => Self::internal(refused),
        }
    }
}

impl From<BatchError> for Refusal {
    fn from(refused: BatchError) -> Self {
        Self::At {
            position: refused.position,
            error: refused.error,
        }
    }
}

/// The members of an object that were not taken yet.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object without repeated keys.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(json).map_err(|error| {
            let message = format!("malformed JSON: line; accepted: one JSON object ({error})");
            Refusal::own(ErrorKind::InvalidJson, message)
        })
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let position = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// Takes a member, as the JSON that it is.
    pub(crate) fn json(&mut self, name: &str) -> Result<&'a str, Refusal> {
        let member = self.take(name).map(RawValue::get);
        member.ok_or_else(|| Refusal::missing(name, "a member of this call"))
    }

    fn typed<T: Deserialize<'a>>(&mut self, name: &str, accepted: &str) -> Result<T, Refusal> {
        let json = self.json(name)?;
        serde_json::from_str(json).map_err(|_| {
            let message = format!("wrong JSON type: {name}; accepted: {accepted}");
            Refusal::own(ErrorKind::WrongType, message)
        })
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<String, Refusal> {
        self.typed(name, "a JSON string")
    }

    /// A member that may be left out.
    pub(crate) fn optional_string(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let is_there = self.0.iter().any(|(key, _)| key == name);
        is_there.then(|| self.string(name)).transpose()
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<u64, Refusal> {
        self.typed(name, "a whole number of 64 bits")
    }

    /// A number that may be left out.
    pub(crate) fn optional_number(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let is_there = self.0.iter().any(|(key, _)| key == name);
        is_there.then(|| self.number(name)).transpose()
    }

    pub(crate) fn instant(&mut self, name: &str) -> Result<DateTime<Utc>, Refusal> {
        Ok(parse_instant(&self.string(name)?)?)
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<&'a RawValue>, Refusal> {
        self.typed(name, "a JSON list")
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => {
                let message = format!("unknown field: {key}; accepted: what the call takes");
                Err(Refusal::own(ErrorKind::UnknownField, message))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, _>()? {
                    if members.iter().any(|(other, _)| *other == key) {
                        return Err(de::Error::custom(format!("repeated key {key}")));
                    }
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}
