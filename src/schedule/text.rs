//! The documented strings for dates and times: exact reading, fast writing.
//!
//! Lists and zones are read by `FromStr` of their types; an execution is
//! written by [`Execution`](super::Execution) itself.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::calendar::{civil_from_day, day_of_wall, second_of_day};
use crate::error::{Error, ErrorKind};
use crate::limits::YEARS;

/// Reads `yyyy-MM-dd`: exactly these ASCII digits, years 0001 to 9999.
///
/// `None` for any other text, and for a date that does not exist.
///
/// ```
/// use taskdex::schedule::text::parse_date;
///
/// assert_eq!(parse_date("2024-02-29").unwrap().to_string(), "2024-02-29");
/// assert_eq!(parse_date("2023-02-29"), None);
/// assert_eq!(parse_date("2024-2-29"), None);
/// ```
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    date_from(text.as_bytes())
}

/// Reads `HH:mm:ss`: exactly these ASCII digits, 00:00:00 to 23:59:59.
///
/// `None` for any other text; there is no leap second.
///
/// ```
/// use taskdex::schedule::text::parse_time;
///
/// assert_eq!(parse_time("08:30:00").unwrap().to_string(), "08:30:00");
/// assert_eq!(parse_time("24:00:00"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    time_from(text.as_bytes())
}

/// Reads `yyyy-MM-dd HH:mm:ss`: the two above with one space between.
///
/// ```
/// use taskdex::schedule::text::parse_date_time;
///
/// let read = parse_date_time("2026-05-31 23:59:59").unwrap();
/// assert_eq!(read.to_string(), "2026-05-31 23:59:59");
/// assert_eq!(parse_date_time("2026-05-31T23:59:59"), None);
/// ```
#[must_use]
pub fn parse_date_time(text: &str) -> Option<NaiveDateTime> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let time = rest.strip_prefix(b" ")?;
    Some(date_from(date)?.and_time(time_from(time)?))
}

/// Writes `yyyy-MM-dd HH:mm:ss`, in ASCII, without allocation.
///
/// `None` for a year that is not 1 to 9999; a fraction of a second is left out.
pub(crate) fn date_time_ascii(date_time: NaiveDateTime) -> Option<[u8; 19]> {
    YEARS
        .contains(&date_time.year())
        .then(|| wall_clock_text(date_time.and_utc().timestamp(), b' '))
}

/// The refusal of a text that is not the date that it should be, or does not begin with it.
///
/// Of the kind [`ErrorKind::NoSuchDate`] where it has the digits of a date, but the calendar lacks
/// that date.
pub(crate) fn refused_date(parameter: &'static str, text: &str, accepted: &'static str) -> Error {
    let kind = match text.as_bytes().get(..10).and_then(date_numbers) {
        Some((year, month, day)) if NaiveDate::from_ymd_opt(year, month, day).is_none() => {
            ErrorKind::NoSuchDate
        }
        _ => ErrorKind::InvalidSyntax,
    };
    Error::refused(kind, parameter, text, accepted)
}

fn date_from(text: &[u8]) -> Option<NaiveDate> {
    let (year, month, day) = date_numbers(text).filter(|&(year, ..)| year > 0)?;
    NaiveDate::from_ymd_opt(year, month, day)
}

/// The numbers of `yyyy-MM-dd`, which may be no date.
fn date_numbers(text: &[u8]) -> Option<(i32, u32, u32)> {
    let [year @ .., b'-', month_tens, month, b'-', day_tens, day] = text else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    Some((
        parse_number(year)?.cast_signed(),
        parse_number(&[*month_tens, *month])?,
        parse_number(&[*day_tens, *day])?,
    ))
}

fn time_from(text: &[u8]) -> Option<NaiveTime> {
    let &[
        hour_tens,
        hour,
        b':',
        minute_tens,
        minute,
        b':',
        second_tens,
        second,
    ] = text
    else {
        return None;
    };
    NaiveTime::from_hms_opt(
        parse_number(&[hour_tens, hour])?,
        parse_number(&[minute_tens, minute])?,
        parse_number(&[second_tens, second])?,
    )
}

/// Reads one to four ASCII digits.
pub(crate) fn parse_number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| 10 * number + u32::from(byte - b'0'))
    })
}

/// Numbers below 100 as two ASCII digits each, all at once.
///
/// `numbers` has each number in the lower byte of two that are its own, so that
/// the products below stay apart. Any bytes between become zero.
#[inline]
const fn digit_pairs(numbers: u64, lanes: u64) -> u64 {
    // 103 / 1024 is a tenth, exact enough for the quotients of 0 to 99.
    let tens = ((numbers * 103) >> 10) & (lanes * 0x0F);
    let ones = numbers - 10 * tens;
    (tens | ones << 8) + lanes * 0x3030
}

/// Writes `yyyy-MM-dd HH:mm:ss` for a wall clock in seconds, of years 1 to
/// 9999, with `between` in place of the space.
#[inline]
pub(super) fn wall_clock_text(wall: i64, between: u8) -> [u8; 19] {
    let date = civil_from_day(day_of_wall(wall));
    let [year, month, day] = [date.year, date.month, date.day].map(u64::from);
    let second = u64::from(second_of_day(wall));
    let [hour, minute, second] = [second / 3600, second / 60 % 60, second % 60];

    // `yyyy-MM-`, `dd` with `between`, and `HH:mm:ss`, the first byte lowest.
    let year_month = digit_pairs(
        (year / 100) | (year % 100) << 16 | month << 40,
        1 | 1 << 16 | 1 << 40,
    ) | u64::from(b'-') << 32
        | u64::from(b'-') << 56;
    let [day_tens, day_ones, ..] = digit_pairs(day, 1).to_le_bytes();
    let time = digit_pairs(hour | minute << 24 | second << 48, 1 | 1 << 24 | 1 << 48)
        | u64::from(b':') << 16
        | u64::from(b':') << 40;

    let mut text = [0; 19];
    let (date, rest) = text.split_at_mut(8);
    date.copy_from_slice(&year_month.to_le_bytes());
    let (day, rest) = rest.split_at_mut(3);
    day.copy_from_slice(&[day_tens, day_ones, between]);
    rest.copy_from_slice(&time.to_le_bytes());
    text
}

/// Writes `2026-11-26T08:00:00Z` for an instant of years 1 to 9999, without its fraction.
pub(crate) fn instant_ascii(instant: DateTime<Utc>) -> [u8; 20] {
    let mut text = [b'Z'; 20];
    if let Some(date_time) = text.first_chunk_mut() {
        *date_time = wall_clock_text(instant.timestamp(), b'T');
    }
    text
}

/// Writes `2026-11-01T01:30:00-04:00`.
///
/// The offset is rounded to the nearest minute, a half away from zero.
pub(super) fn rfc3339_text(wall: i64, offset_seconds: i32) -> [u8; 25] {
    let minutes = (offset_seconds.unsigned_abs() + 30) / 60;
    let sign = if offset_seconds < 0 && minutes > 0 {
        b'-'
    } else {
        b'+'
    };
    let mut text = [0; 25];
    let (date_time, offset) = text.split_at_mut(19);
    date_time.copy_from_slice(&wall_clock_text(wall, b'T'));
    let pairs = digit_pairs(
        u64::from((minutes / 60) | ((minutes % 60) << 16)),
        1 | 1 << 16,
    );
    let [h0, h1, m0, m1, ..] = pairs.to_le_bytes();
    offset.copy_from_slice(&[sign, h0, h1, b':', m0, m1]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_digits_is_written() {
        for number in 0..100 {
            let [tens, ones, ..] = digit_pairs(number, 1).to_le_bytes();
            assert_eq!([tens, ones], format!("{number:02}").as_bytes());
        }
    }

    #[test]
    fn every_second_of_a_day_is_written() {
        for second in 0..86_400 {
            let shown = format!(
                "1969-12-31 {:02}:{:02}:{:02}",
                second / 3600,
                second / 60 % 60,
                second % 60
            );
            assert_eq!(wall_clock_text(second - 86_400, b' '), shown.as_bytes());
        }
    }

    #[test]
    fn a_date_and_time_is_written_in_years_of_four_digits() {
        let written = |text: &str| date_time_ascii(text.parse().unwrap());
        assert_eq!(
            written("2026-05-31T23:59:59.9"),
            Some(*b"2026-05-31 23:59:59")
        );
        assert_eq!(
            written("0001-01-01T00:00:00"),
            Some(*b"0001-01-01 00:00:00")
        );
        assert_eq!(written("0000-12-31T23:59:59"), None);
        assert_eq!(written("+10000-01-01T00:00:00"), None);
    }

    #[test]
    fn an_offset_is_rounded_to_the_nearest_minute() {
        for (offset, shown) in [
            (0, "+00:00"),
            (-14_400, "-04:00"),
            (20_700, "+05:45"),
            (29, "+00:00"),
            (-29, "+00:00"),
            (30, "+00:01"),
            (-30, "-00:01"),
            (29_143, "+08:06"),
            (-2_670, "-00:45"),
        ] {
            let text = rfc3339_text(0, offset);
            assert_eq!(text, format!("1970-01-01T00:00:00{shown}").as_bytes());
        }
    }
}
