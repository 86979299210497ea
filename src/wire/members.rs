//! The members of a JSON object whose keys are all known.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{invalid_json, utf8};
use super::fields::{Key, repeated_key};
use crate::error::{Error, ErrorKind, shown};

/// The members that were not taken yet, each still as its JSON text.
///
/// What is left at the [end](Self::finish) is refused.
pub(super) struct Members<'a>(Vec<(Cow<'a, [u8]>, &'a str)>);

impl<'a> Members<'a> {
    /// Reads an object, no key of which is repeated.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Error> {
        Self::read_text(utf8(json)?)
    }

    /// As [`read`](Self::read), for what is known to be UTF-8.
    pub(super) fn read_text(text: &'a str) -> Result<Self, Error> {
        let members: Self =
            serde_json::from_str(text).map_err(|error| invalid_json(text, &error))?;
        let mut keys = HashSet::new();
        match members.0.iter().find(|(key, _)| !keys.insert(key)) {
            Some((key, _)) => Err(repeated_key(key)),
            None => Ok(members),
        }
    }

    /// Takes a member.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a str> {
        let mut keys = self.0.iter();
        let position = keys.position(|(key, _)| key.as_ref() == name.as_bytes())?;
        Some(self.0.swap_remove(position).1)
    }

    /// Takes a member that must be there.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        accepted: impl Into<Cow<'static, str>>,
    ) -> Result<&'a str, Error> {
        self.take(name)
            .ok_or_else(|| Error::missing(name, accepted))
    }

    /// Takes a member that must be there, and hold a string that its type reads.
    pub(super) fn parsed<T: FromStr<Err = Error>>(
        &mut self,
        name: &'static str,
        accepted: impl Into<Cow<'static, str>>,
    ) -> Result<T, Error> {
        string(name, self.required(name, accepted)?)?.parse()
    }

    /// Takes a member that must be there, and hold a whole number.
    pub(super) fn number(&mut self, name: &'static str) -> Result<u64, Error> {
        number(name, self.required(name, NUMBER)?)
    }

    /// Takes a member that must be there, and hold a list.
    pub(super) fn list(&mut self, name: &'static str) -> Result<Vec<&'a RawValue>, Error> {
        const ACCEPTED: &str = "a JSON list";
        let json = self.required(name, ACCEPTED)?;
        serde_json::from_str(json).map_err(|_| wrong_type(name, json, ACCEPTED))
    }

    /// Refuses what was not taken.
    pub(super) fn finish(self, accepted: &'static str) -> Result<(), Error> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => {
                let key = String::from_utf8_lossy(key);
                let kind = ErrorKind::UnknownField;
                Err(Error::refused(kind, shown(&key), &key, accepted))
            }
        }
    }
}

const NUMBER: &str = "a whole number of 64 bits";

/// The text of a JSON string.
pub(super) fn string(name: &'static str, json: &str) -> Result<String, Error> {
    serde_json::from_str(json).map_err(|_| wrong_type(name, json, "a JSON string"))
}

/// A whole number in decimal digits.
pub(super) fn number(name: &'static str, json: &str) -> Result<u64, Error> {
    serde_json::from_str(json).map_err(|_| wrong_type(name, json, NUMBER))
}

pub(super) fn wrong_type(name: &'static str, json: &str, accepted: &'static str) -> Error {
    Error::refused(ErrorKind::WrongType, name, json, accepted)
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
                let mut members = Vec::new();
                while let Some(Key { text: key, .. }) = map.next_key()? {
                    let value: &RawValue = map.next_value()?;
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}
