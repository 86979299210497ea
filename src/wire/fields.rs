//! The known fields of one JSON object, not yet read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{invalid_json, utf8};
use super::instant::parse_instant_of;
use crate::error::{Error, ErrorKind, shown};
use crate::spelled::spelled;
use crate::task::is_plain;

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
        ScheduledDate = "scheduled_date",
        DayInterval = "day_interval",
        WeekList = "week_list",
        MonthList = "month_list",
        DateList = "date_list",
        ScheduledTime = "scheduled_time",
        StartDate = "start_date",
        ExpireTime = "expire_time",
        GapRule = "gap_rule",
        AddedAt = "added_at",
        Sequence = "sequence",
        Version = "version",
        // Of the future-executions call alone.
        Now = "now",
    }
}

/// The known fields of one JSON object, each still as the JSON text that it was written in.
///
/// A field is read only where its scheduled type uses it, since an unused one may
/// hold anything, even what serde's data model cannot (`1e999`).
pub(super) struct Fields<'a> {
    values: [Option<&'a str>; Field::COUNT],
    /// The first key that is no known field, as the bytes that it stands for.
    unknown: Option<Cow<'a, [u8]>>,
}

impl<'a> Fields<'a> {
    pub(super) fn from_json(json: &'a [u8]) -> Result<Self, Error> {
        Self::from_text(utf8(json)?)
    }

    /// As [`from_json`](Self::from_json), for what is known to be UTF-8.
    pub(super) fn from_text(text: &'a str) -> Result<Self, Error> {
        Self::of_plain(text).map_or_else(|| Self::of_any(text), Ok)
    }

    /// The fields of an object as a full record is usually written: known keys, each once, and no
    /// blanks or escapes. `None` for any other text, an object or not.
    ///
    /// Exports are read in half the time by it.
    fn of_plain(text: &'a str) -> Option<Self> {
        let mut values = [None; Field::COUNT];
        let mut rest = text.strip_prefix('{')?;
        loop {
            let (key, value);
            (key, rest) = split_plain_string(rest)?;
            (value, rest) = split_plain_value(rest.strip_prefix(':')?)?;
            let key = key.get(1..key.len() - 1)?;
            let place = values.get_mut(Field::from_spelling(key)? as usize)?;
            if place.replace(value).is_some() {
                return None;
            }
            if rest == "}" {
                let unknown = None;
                return Some(Self { values, unknown });
            }
            rest = rest.strip_prefix(',')?;
        }
    }

    /// The fields of any object of JSON.
    fn of_any(text: &'a str) -> Result<Self, Error> {
        let object: Object<'_> =
            serde_json::from_str(text).map_err(|error| invalid_json(text, &error))?;
        match object.repeated_key {
            Some(key) => Err(repeated_key(&key)),
            None => Ok(object.fields),
        }
    }

    /// Fields without any unknown one, of the JSON texts of their values.
    pub(super) fn from_values(values: &'a [Option<String>; Field::COUNT]) -> Self {
        Self {
            values: values.each_ref().map(Option::as_deref),
            unknown: None,
        }
    }

    /// Refuses a key that is no field of a record.
    pub(super) fn refuse_unknown(&self) -> Result<(), Error> {
        let unknown = match &self.unknown {
            Some(key) => String::from_utf8_lossy(key),
            None if self.value(Field::Now).is_some() => Field::Now.as_str().into(),
            None => return Ok(()),
        };
        let accepted = "the fields of a record";
        Err(Error::refused(
            ErrorKind::UnknownField,
            shown(&unknown),
            &unknown,
            accepted,
        ))
    }

    fn value(&self, field: Field) -> Option<&'a str> {
        self.values.get(field as usize).copied().flatten()
    }

    /// The field's JSON text; null and the empty string count as left out.
    fn get(&self, field: Field) -> Option<&'a str> {
        self.value(field)
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
            if memchr::memchr(b'\\', inner.as_bytes()).is_some() {
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
    pub(super) fn parsed<T: FromStr<Err = Error>>(&self, field: Field) -> Result<Option<T>, Error> {
        self.string(field)?.map(|text| text.parse()).transpose()
    }

    pub(super) fn required<T: FromStr<Err = Error>>(
        &self,
        field: Field,
        accepted: &'static str,
    ) -> Result<T, Error> {
        self.required_string(field, accepted)?.parse()
    }

    /// A string field that holds an instant.
    pub(super) fn instant(&self, field: Field) -> Result<Option<DateTime<Utc>>, Error> {
        self.string(field)?
            .map(|text| parse_instant_of(field.as_str(), &text))
            .transpose()
    }

    /// A field that holds a JSON integer.
    pub(super) fn integer<T: FromStr>(
        &self,
        field: Field,
        accepted: &'static str,
    ) -> Result<Option<T>, Error> {
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
}

/// Splits a JSON string without escapes off, in its quotes.
fn split_plain_string(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let length = memchr::memchr(b'"', inner.as_bytes())?;
    is_plain(inner.get(..length)?).then_some(())?;
    text.split_at_checked(length + 2)
}

/// Splits a JSON string without escapes, a whole number from 0 up or a boolean off.
fn split_plain_value(text: &str) -> Option<(&str, &str)> {
    let length = match text.as_bytes() {
        [b'"', ..] => return split_plain_string(text),
        [b'0', ..] => 1,
        digits @ [b'1'..=b'9', ..] => digits.iter().take_while(|it| it.is_ascii_digit()).count(),
        [b't', b'r', b'u', b'e', ..] => 4,
        [b'f', b'a', b'l', b's', b'e', ..] => 5,
        _ => return None,
    };
    text.split_at_checked(length)
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
                let mut fields = Fields {
                    values: [None; Field::COUNT],
                    unknown: None,
                };
                let mut unknown = HashSet::new();
                let mut repeated_key = None;
                while let Some(Key { field, text: key }) = map.next_key()? {
                    let value: &RawValue = map.next_value()?;
                    let place = field.and_then(|field| fields.values.get_mut(field as usize));
                    let repeated = if let Some(place) = place {
                        place.replace(value.get()).is_some()
                    } else {
                        fields.unknown.get_or_insert_with(|| key.clone());
                        !unknown.insert(key.clone())
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
pub(super) struct Key<'a> {
    /// The known field that it names.
    field: Option<Field>,
    /// In bytes, since JSON allows keys that are no text (`"\ud800"`), and an
    /// unknown field may have any.
    pub(super) text: Cow<'a, [u8]>,
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read as bytes at once, a key could hold control characters that JSON refuses.
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let inner = json.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        if let Some(inner) = inner {
            // Most keys are known, and need no search for an escape.
            let field = Field::from_spelling(inner);
            if field.is_some() || !inner.contains('\\') {
                let text = Cow::Borrowed(inner.as_bytes());
                return Ok(Key { field, text });
            }
        }
        let text = serde_json::Deserializer::from_str(json)
            .deserialize_bytes(UnescapedVisitor)
            .map_err(de::Error::custom)?;
        let field = std::str::from_utf8(&text).ok();
        Ok(Key {
            field: field.and_then(Field::from_spelling),
            text: Cow::Owned(text),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 8] = [
        r#""id""#,
        r#""enable""#,
        r#""priority""#,
        r#""x""#,
        r#""""#,
        r#""\u0069d""#,
        "\"i\u{1}d\"",
        "id",
    ];
    const VALUES: [&str; 25] = [
        r#""t-1""#,
        r#""研""#,
        r#""""#,
        "true",
        "false",
        "0",
        "7",
        "50",
        "18446744073709551616",
        "truE",
        "falsetrue",
        "null",
        "-0",
        "00",
        "07",
        "1.5",
        "1e9",
        "5x",
        "{}",
        "[1]",
        r#""\n""#,
        "\"\n\"",
        r#""a"b""#,
        r#""a"#,
        "",
    ];

    #[test]
    fn a_plain_object_has_the_fields_that_serde_finds() {
        let mut plain_count = 0;
        for key in KEYS {
            for value in VALUES {
                for colon in [":", "", " :", ": ", "::"] {
                    for end in [
                        "}",
                        "",
                        " }",
                        "} ",
                        "}}",
                        ",}",
                        ",\"id\":1}",
                        ",\"version\":1}",
                    ] {
                        let text = ["{", key, colon, value, end].concat();
                        if let Some(plain) = Fields::of_plain(&text) {
                            let any = Fields::of_any(&text).unwrap();
                            assert_eq!(plain.values, any.values, "{text}");
                            assert_eq!(any.unknown, None, "{text}");
                            plain_count += 1;
                        }
                    }
                }
            }
        }
        // Three known keys, nine plain values, and three ends, of which one repeats a key.
        assert_eq!(plain_count, 3 * 9 * 3 - 9);
    }

    #[test]
    fn a_full_record_without_escapes_is_plain() {
        let record = r#"{"id":"研","enable":true,"priority":50,"wait_time":0,"version":10}"#;
        let fields = Fields::of_plain(record).unwrap();
        assert_eq!(fields.value(Field::Id), Some("\"研\""));
        assert_eq!(fields.value(Field::Priority), Some("50"));
        assert_eq!(fields.value(Field::Version), Some("10"));
        assert_eq!(fields.values.iter().flatten().count(), 5);
        let escaped = record.replace("研", "\\u7814");
        assert!(Fields::of_plain(&escaped).is_none());
    }

    const RECORDS: &str = include_str!("../../docs/records.md");

    #[test]
    fn the_page_of_records_lists_every_field_in_order() {
        let listed: Vec<&str> = RECORDS
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let fields: Vec<&str> = Field::ALL
            .iter()
            .filter(|&&field| field != Field::Now)
            .map(|field| field.as_str())
            .collect();
        assert_eq!(listed, fields);
    }
}
