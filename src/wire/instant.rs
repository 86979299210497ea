//! Instants as text, by RFC 3339.

use chrono::{DateTime, Utc};

use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::schedule::text::{parse_date, parse_time, refused_date};

/// Reads an instant as RFC 3339 writes it, exactly.
///
/// Seconds and an offset are needed; seconds go from 00 to 59 (a leap second
/// is refused), a fraction may have up to 9 digits, and `t` and `z` may be in
/// either case.
///
/// # Errors
///
/// [`ErrorKind::NoSuchDate`] for a date that does not exist, [`ErrorKind::InvalidSyntax`] for
/// anything else.
///
/// ```
/// use taskdex::wire::parse_instant;
///
/// let instant = parse_instant("2026-11-24T08:00:00.5+08:00")?;
/// assert_eq!(instant, parse_instant("2026-11-24t00:00:00.500z")?);
/// assert!(parse_instant("2026-11-24 08:00:00+08:00").is_err());
/// assert!(parse_instant("2026-11-24T08:00:60Z").is_err());
/// # Ok::<(), taskdex::Error>(())
/// ```
pub fn parse_instant(text: &str) -> Result<DateTime<Utc>, Error> {
    parse_instant_of("now", text)
}

/// As [`parse_instant`], of a field or parameter of this name.
pub(super) fn parse_instant_of(
    parameter: &'static str,
    text: &str,
) -> Result<DateTime<Utc>, Error> {
    parse_written(text)
        .or_else(|| parse_any(text))
        .ok_or_else(|| {
            let accepted = "an RFC 3339 instant, such as 2026-11-24T08:00:00+08:00";
            refused_date(parameter, text, accepted)
        })
}

/// Reads an instant as full records have it, `yyyy-MM-ddTHH:mm:ssZ`, without an allocation.
fn parse_written(text: &str) -> Option<DateTime<Utc>> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    Some(parse_date(date)?.and_time(parse_time(time)?).and_utc())
}

fn parse_any(text: &str) -> Option<DateTime<Utc>> {
    let instant = has_shape(text.as_bytes())
        .then(|| DateTime::parse_from_rfc3339(&text.to_ascii_uppercase()))?;
    Some(instant.ok()?.to_utc())
}

/// Whether `text` has the shape of RFC 3339's `date-time`.
///
/// chrono takes more than that: a blank for the `T`, a leap second, a Unicode
/// minus, more digits than it keeps.
fn has_shape(text: &[u8]) -> bool {
    const DATE_TIME: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let Some((date_time, rest)) = text.split_at_checked(DATE_TIME.len()) else {
        return false;
    };
    let fraction_length = match rest.strip_prefix(b".") {
        None => 0,
        Some(fraction) => match fraction.iter().take_while(|b| b.is_ascii_digit()).count() {
            digits @ 1..=9 => 1 + digits,
            _ => return false,
        },
    };
    let offset = rest.get(fraction_length..).unwrap_or_default();
    matches_shape(date_time, DATE_TIME)
        && date_time.get(17..) != Some(b"60")
        && (matches_shape(offset, b"Z")
            || matches_shape(offset, b"+dd:dd")
            || matches_shape(offset, b"-dd:dd"))
}

/// Whether `text` is `shape`, where `d` stands for a digit and a capital for either case.
fn matches_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text
            .iter()
            .zip(shape)
            .all(|(byte, expected)| match expected {
                b'd' => byte.is_ascii_digit(),
                other => byte.to_ascii_uppercase() == *other,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chrono_alone_would_take_is_refused() {
        for text in [
            "2026-11-24 08:00:00Z",
            "2026-11-24T08:00:60Z",
            "2026-11-24T08:00:00.Z",
            "2026-11-24T08:00:00.1234567890Z",
            "2026-11-24T08:00:00\u{2212}08:00",
            "2026-11-24T08:00:00+0800",
            "2026-11-24T08:00:00",
            "2026-11-24T08:00Z",
            "2026-02-30T08:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T08:00:00+24:00",
            "2026-11-24T08:00:00+08:60",
            " 2026-11-24T08:00:00Z",
            "",
        ] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_form_of_rfc_3339_is_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-24T23:59:59Z", 1_795_564_799),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("1970-01-01t00:00:01z", 1),
            ("1970-01-01T00:00:02.000000000-00:00", 2),
            ("1970-01-01T08:00:03+08:00", 3),
            ("1969-12-31T16:00:04.9-08:00", 4),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] {
            assert_eq!(parse_instant(text).unwrap().timestamp(), seconds, "{text}");
        }
    }
}
