//! The documented strings: reading and writing of dates and times.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::calendar::{Civil, civil_from_day, day_of_wall, second_of_day};

/// Reads `yyyy-MM-dd`: exactly these digits, a date of years 0001 to 9999.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    date_from(text.as_bytes())
}

/// Reads `HH:mm:ss`: exactly these digits, 00:00:00 to 23:59:59.
#[must_use]
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    time_from(text.as_bytes())
}

/// Reads `yyyy-MM-dd HH:mm:ss`, one space between.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<NaiveDateTime> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let time = rest.strip_prefix(b" ")?;
    Some(date_from(date)?.and_time(time_from(time)?))
}

fn date_from(text: &[u8]) -> Option<NaiveDate> {
    let [year @ .., b'-', month_tens, month, b'-', day_tens, day] = text else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    let year = parse_number(year).filter(|&year| year > 0)?;
    NaiveDate::from_ymd_opt(
        year.cast_signed(),
        parse_number(&[*month_tens, *month])?,
        parse_number(&[*day_tens, *day])?,
    )
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
pub(super) fn parse_number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| 10 * number + u32::from(byte - b'0'))
    })
}

/// Two decimal digits of a number below 100.
#[inline]
fn two_digits(number: u32) -> [u8; 2] {
    let [tens, ones] = [number / 10, number % 10];
    #[expect(clippy::cast_possible_truncation, reason = "both are below 10")]
    [b'0' + tens as u8, b'0' + ones as u8]
}

/// Writes `yyyy-MM-dd HH:mm:ss` for a wall clock in seconds, of years 1 to
/// 9999, with `between` in place of the space.
#[inline]
pub(super) fn wall_clock_text(wall: i64, between: u8) -> [u8; 19] {
    let Civil { year, month, day } = civil_from_day(day_of_wall(wall));
    let second = second_of_day(wall);
    let [c0, c1] = two_digits(year / 100);
    let [y0, y1] = two_digits(year % 100);
    let [m0, m1] = two_digits(month);
    let [d0, d1] = two_digits(day);
    let [h0, h1] = two_digits(second / 3600);
    let [i0, i1] = two_digits(second / 60 % 60);
    let [s0, s1] = two_digits(second % 60);
    [
        c0, c1, y0, y1, b'-', m0, m1, b'-', d0, d1, between, h0, h1, b':', i0, i1, b':', s0, s1,
    ]
}

/// Writes `yyyy-MM-dd HH:mm:ss` for a date of years 1 to 9999.
pub(crate) fn date_time_to_ascii(wall_clock: NaiveDateTime) -> [u8; 19] {
    wall_clock_text(wall_clock.and_utc().timestamp(), b' ')
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
    let [h0, h1] = two_digits(minutes / 60);
    let [m0, m1] = two_digits(minutes % 60);
    offset.copy_from_slice(&[sign, h0, h1, b':', m0, m1]);
    text
}
