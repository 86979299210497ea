//! Query strings, against a second reading of the rules.

use std::collections::BTreeMap;

use super::super::twins::{Counts, Difference};
use super::{check_message, count};
use crate::query::{ListQuery, NameMatch, NameMatchMode, Order};
use crate::task::{LastStatus, LifeCycleType, ScheduledType, TaskType};

/// Reads any bytes as a query string, twice, and compares.
///
/// # Errors
///
/// The two readings differ; or an error's message is out of bounds.
pub fn query_string(input: &[u8]) -> Result<Counts, Difference> {
    let expected = read(input);
    let result = ListQuery::from_query_string(input);
    if let Err(error) = &result {
        check_message(error)?;
    }
    let shown = result.as_ref().ok().map(shown);
    if shown != expected {
        let what = || String::from_utf8_lossy(input).into_owned();
        return Err(Difference::between(what, &result, &expected));
    }
    if let Ok(query) = &result {
        check_written(query)?;
    }
    Ok(count("query_string", result.is_ok()))
}

/// A query that a string asked for is written as a string that asks for it.
fn check_written(query: &ListQuery) -> Result<(), Difference> {
    let written = query.to_query_string();
    let again = (written.as_ref()).and_then(|text| ListQuery::from_query_string(text).ok());
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~=&%".contains(&byte);
    let is_safe = written
        .as_ref()
        .is_some_and(|text| text.bytes().all(is_bare));
    if again.as_ref() != Some(query) || !is_safe {
        let what = || format!("the query string of {query:?}");
        return Err(Difference::between(what, &written, &again));
    }
    Ok(())
}

/// A query as the rules make it of a string.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    offset: u64,
    limit: u32,
    /// Those that are given and not empty.
    filters: BTreeMap<&'static str, String>,
}

fn shown(query: &ListQuery) -> Shown {
    let mut filters = BTreeMap::new();
    let name = query.task_name();
    let is_plain = name.is_none_or(|name| name.mode() == NameMatchMode::Contains)
        && query.order() == Order::OldestFirst;
    for (filter, value) in [
        ("task_name", name.map(NameMatch::text)),
        ("task_type", query.task_type().map(TaskType::as_str)),
        (
            "scheduled_type",
            query.scheduled_type().map(ScheduledType::as_str),
        ),
        (
            "life_cycle_type",
            query.life_cycle_type().map(LifeCycleType::as_str),
        ),
        ("last_status", query.last_status().map(LastStatus::as_str)),
        // Neither can be asked for by a query string.
        (
            "order or mode",
            (!is_plain).then_some("another than the documented one"),
        ),
    ] {
        if let Some(value) = value {
            filters.insert(filter, value.to_owned());
        }
    }
    Shown {
        offset: query.offset(),
        limit: query.limit(),
        filters,
    }
}

/// The values of each filter; any text for a name.
const FILTERS: [(&str, &[&str]); 5] = [
    ("task_name", &[]),
    (
        "task_type",
        &[
            "START",
            "STOP",
            "REBOOT",
            "HIBERNATE",
            "REBUILD",
            "EXECUTE_SCRIPT",
            "CREATE_SNAPSHOT",
        ],
    ),
    (
        "scheduled_type",
        &["FIXED_TIME", "DAY", "WEEK", "MONTH", "LIFE_CYCLE"],
    ),
    (
        "life_cycle_type",
        &[
            "POST_CREATE_DESKTOP_SUCCESS",
            "POST_REBUILD_DESKTOP_SUCCESS",
            "POST_REATTACH_DESKTOP_SUCCESS",
            "POST_DESKTOP_DISCONNECTED",
        ],
    ),
    ("last_status", &["SUCCESS", "SKIP", "FAIL"]),
];

/// The rules once more, for plainness and not for speed; `None` where they refuse.
fn read(input: &[u8]) -> Option<Shown> {
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for piece in input.split(|byte| *byte == b'&') {
        let equals = piece.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (piece.get(..at)?, piece.get(at + 1..)?),
            None => (piece, &b""[..]),
        };
        let Some(name) = decode(name) else {
            continue;
        };
        let is_known =
            name == "offset" || name == "limit" || FILTERS.iter().any(|(known, _)| name == *known);
        if is_known && given.insert(name, decode(value)?).is_some() {
            return None;
        }
    }
    let mut filters = BTreeMap::new();
    for (name, values) in FILTERS {
        match given.get(name).map(String::as_str) {
            None | Some("") => {}
            Some(value) if values.is_empty() && value.chars().count() > 255 => return None,
            Some(value) if values.is_empty() || values.contains(&value) => {
                filters.insert(name, value.to_owned());
            }
            Some(_) => return None,
        }
    }
    let limit = whole_number(given.get("limit")?)?;
    Some(Shown {
        offset: whole_number(given.get("offset")?)?,
        limit: u32::try_from(limit).ok().filter(|limit| *limit <= 50)?,
        filters,
    })
}

/// Digits as a number, the largest one for all that are larger.
fn whole_number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(0_u64, |number, character| {
        let digit = character.to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(digit.into()))
    })
}

fn decode(raw: &[u8]) -> Option<String> {
    let mut decoded = Vec::new();
    let mut rest = raw.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(16 * digit()? + digit()?).ok()?
            }
            _ => *byte,
        });
    }
    String::from_utf8(decoded).ok()
}
