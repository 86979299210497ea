//! The documented strings: reading and writing of dates and times.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::calendar::{civil_from_day, day_of_wall, second_of_day};

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
        year / 100 | (year % 100) << 16 | month << 40,
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
    let pairs = digit_pairs(u64::from(minutes / 60 | (minutes % 60) << 16), 1 | 1 << 16);
    let [h0, h1, m0, m1, ..] = pairs.to_le_bytes();
    offset.copy_from_slice(&[sign, h0, h1, b':', m0, m1]);
    text
}
