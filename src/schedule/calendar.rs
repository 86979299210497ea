//! Dates as day numbers, and which of them a recurrence names.
//!
//! Nothing here knows a time zone. A *day number* counts days of the proleptic
//! Gregorian calendar from 1970-01-01, which is day 0. Every step from one
//! named date to the next is a fixed number of arithmetic operations: no
//! search, however far apart the two dates are.

use chrono::{Datelike, NaiveDate};

/// Seconds in a day of the wall clock.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// 0001-01-01, the first date that a schedule can name.
pub(super) const FIRST_DAY: i32 = -719_162;

/// 9999-12-31, the last date that a schedule can name.
pub(super) const LAST_DAY: i32 = 2_932_896;

/// Day numbers count from 1970-01-01; chrono counts from 0000-12-31.
const CHRONO_EPOCH: i32 = 719_163;

/// Days from 0000-03-01 to 1970-01-01. A year that begins in March ends with
/// its leap day, so that the lengths of the months before it never vary.
const MARCH_EPOCH: i32 = 719_468;

/// Bit `L` of a set of month dates: bits 0 to 30 are dates 1 to 31.
pub(super) const LAST_OF_MONTH: u32 = 1 << 31;

/// A date as year, month (1 to 12) and day of the month (1 to 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: u32,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// The year, month and day of the month of a day number.
///
/// `day` is from 0001-01-01 to 9999-12-31. The method is "Euclidean affine
/// functions and their application to calendar algorithms" by Neri and
/// Schneider (Software: Practice and Experience, 2022), proposition 6.3.
pub(super) fn civil_from_day(day: i32) -> Civil {
    let day = (day + MARCH_EPOCH).cast_unsigned();
    let quarter_day = 4 * day + 3;
    let century = quarter_day / 146_097;
    let quarter_day = (quarter_day % 146_097) | 3;
    // 2^32 / 2,939,745 is 1461 / 4 days a quarter year: the upper half of the
    // product is the year of the century, the lower half its elapsed part.
    let product = 2_939_745 * u64::from(quarter_day);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of a product"
    )]
    let [year_of_century, elapsed] = [(product >> 32) as u32, product as u32];
    let day_of_year = elapsed / 2_939_745 / 4;
    let month = 2141 * day_of_year + 197_913;
    let after_december = u32::from(day_of_year >= 306);
    Civil {
        year: 100 * century + year_of_century + after_december,
        month: (month >> 16) - 12 * after_december,
        day: (month & 0xFFFF) / 2141 + 1,
    }
}

/// The day number of a date, by the inverse of the same method.
pub(super) fn day_from_civil(date: Civil) -> i32 {
    let before_march = u32::from(date.month <= 2);
    let year = date.year - before_march;
    let month = date.month + 12 * before_march;
    let century = year / 100;
    let day = 1461 * year / 4 - century + century / 4 + (979 * month - 2919) / 32 + date.day - 1;
    day.cast_signed() - MARCH_EPOCH
}

/// The day number of a chrono date, of any year.
pub(super) fn day_of(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - CHRONO_EPOCH
}

/// The chrono date of a day number.
pub(super) fn date_of(day: i32) -> NaiveDate {
    // Every day number in this module is within chrono's years.
    NaiveDate::from_num_days_from_ce_opt(day + CHRONO_EPOCH).unwrap_or_default()
}

/// The day number of a moment on a wall clock, given in seconds.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "chrono's years have 2^28 days"
)]
pub(super) fn day_of_wall(wall: i64) -> i32 {
    // Unsigned division by a constant is the cheaper one.
    const BIAS_DAYS: i32 = 1 << 27;
    const BIAS: i64 = BIAS_DAYS as i64 * DAY_SECONDS;
    let days = (wall + BIAS).cast_unsigned() / DAY_SECONDS.cast_unsigned();
    days as i32 - BIAS_DAYS
}

/// The second of the day of a moment on a wall clock.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is 0 to 86,399"
)]
pub(super) fn second_of_day(wall: i64) -> u32 {
    (wall - i64::from(day_of_wall(wall)) * DAY_SECONDS) as u32
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The first leap year from `year` on: at most two steps of four years.
fn leap_year_from(year: u32) -> u32 {
    let year = year.next_multiple_of(4);
    if is_leap(year) { year } else { year + 4 }
}

/// The last leap year up to `year`.
fn leap_year_until(year: u32) -> u32 {
    let year = year & !3;
    if is_leap(year) { year } else { year - 4 }
}

fn month_days(year: u32, month: u32) -> u32 {
    if month == 2 {
        28 + u32::from(is_leap(year))
    } else {
        0b1_1110 | (month ^ (month >> 3))
    }
}

/// Where a `DAY` schedule counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Anchor {
    /// Nothing: the date of the instant it is asked about.
    Asked,
    /// A start date.
    Started,
}

/// Which dates a schedule names: its recurrence, without the time of day.
///
/// Invariant: day numbers are from 0001-01-01 to 9999-12-31 (an anchor may lie
/// past the end: then no date is named), sets are never empty, an interval is
/// at least 1, and a `Monthly` names at least one date that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    Once {
        day: i32,
    },
    EveryDays {
        interval: u8,
        anchor: Anchor,
        from: i32,
    },
    /// Bit 0 is Sunday.
    Weekly {
        days: u8,
    },
    /// Bit 0 is January; of the dates, bit 0 is the first, bit 31 is `L`.
    Monthly {
        months: u16,
        dates: u32,
    },
}

impl Pattern {
    /// The same dates, a `DAY` pattern without a start counting from `day`.
    pub(super) fn counting_from(self, day: i32) -> Self {
        match self {
            Self::EveryDays {
                interval,
                anchor: Anchor::Asked,
                ..
            } => Self::EveryDays {
                interval,
                anchor: Anchor::Started,
                from: day.clamp(FIRST_DAY, LAST_DAY + 1),
            },
            other => other,
        }
    }

    /// Whether the dates depend on the instant that is asked about.
    pub(super) fn is_unanchored(self) -> bool {
        matches!(
            self,
            Self::EveryDays {
                anchor: Anchor::Asked,
                ..
            }
        )
    }

    /// The first named date that is not before `day`.
    pub(super) fn on_or_after(self, day: i32) -> Option<i32> {
        if day > LAST_DAY {
            return None;
        }
        let day = day.max(FIRST_DAY);
        let found = match self {
            Self::Once { day: only } => {
                if only < day {
                    return None;
                }
                only
            }
            Self::EveryDays { interval, from, .. } => {
                let interval = u32::from(interval);
                let ahead = (day.max(from) - from).cast_unsigned();
                from + (ahead.div_ceil(interval) * interval).cast_signed()
            }
            Self::Weekly { days } => {
                let twice = u32::from(days) | u32::from(days) << 7;
                day + (twice >> weekday(day)).trailing_zeros().cast_signed()
            }
            Self::Monthly { months, dates } => month_date_from(months, dates, day),
        };
        (found <= LAST_DAY).then_some(found)
    }

    /// The last named date that is not after `day`.
    pub(super) fn on_or_before(self, day: i32) -> Option<i32> {
        if day < FIRST_DAY {
            return None;
        }
        let day = day.min(LAST_DAY);
        let found = match self {
            Self::Once { day: only } => {
                if only > day {
                    return None;
                }
                only
            }
            Self::EveryDays { interval, from, .. } => {
                if day < from {
                    return None;
                }
                let behind = (day - from).cast_unsigned();
                day - (behind % u32::from(interval)).cast_signed()
            }
            Self::Weekly { days } => {
                let twice = u32::from(days) | u32::from(days) << 7;
                day - (twice << (24 - weekday(day))).leading_zeros().cast_signed()
            }
            Self::Monthly { months, dates } => month_date_until(months, dates, day)?,
        };
        (found >= FIRST_DAY).then_some(found)
    }
}

/// The weekday of a day number: 0 is Sunday.
fn weekday(day: i32) -> u32 {
    // 0000-03-01 was a Wednesday.
    ((day + MARCH_EPOCH).cast_unsigned() + 3) % 7
}

/// Whether a set of months and one of dates share a date that exists.
pub(super) fn is_possible(months: u16, dates: u32) -> bool {
    live_months(months, dates, true) != 0
}

/// Those of `months` that have one of `dates`, in a leap or a common year.
fn live_months(months: u16, dates: u32, leap: bool) -> u32 {
    const NOT_FEBRUARY: u32 = 0b1111_1111_1101;
    const OF_31_DAYS: u32 = 0b1010_1101_0101;
    let months = u32::from(months);
    if dates & (LAST_OF_MONTH | ((1 << 28) - 1)) != 0 {
        return months;
    }
    if dates & (1 << 28) != 0 && leap {
        return months;
    }
    if dates & (0b11 << 28) != 0 {
        return months & NOT_FEBRUARY;
    }
    months & OF_31_DAYS
}

/// The dates of one month as bits, its last day in place of `L`.
fn dates_in(dates: u32, month_days: u32) -> u32 {
    let within = dates & ((1 << month_days) - 1) & !LAST_OF_MONTH;
    within | (dates >> 31) << (month_days - 1)
}

fn month_date_from(months: u16, dates: u32, day: i32) -> i32 {
    let Civil {
        year,
        month,
        day: of_month,
    } = civil_from_day(day);
    if months >> (month - 1) & 1 != 0 {
        let ahead = dates_in(dates, month_days(year, month)) >> (of_month - 1);
        if ahead != 0 {
            return day + ahead.trailing_zeros().cast_signed();
        }
    }
    let later = live_months(months, dates, is_leap(year)) >> month << month;
    let (year, month) = if later != 0 {
        (year, later.trailing_zeros() + 1)
    } else {
        let mut year = year + 1;
        let mut live = live_months(months, dates, is_leap(year));
        if live == 0 {
            // Only 29 February is left to name.
            year = leap_year_from(year);
            live = live_months(months, dates, true);
        }
        (year, live.trailing_zeros() + 1)
    };
    let first = dates_in(dates, month_days(year, month)).trailing_zeros() + 1;
    day_from_civil(Civil {
        year,
        month,
        day: first,
    })
}

fn month_date_until(months: u16, dates: u32, day: i32) -> Option<i32> {
    let Civil {
        year,
        month,
        day: of_month,
    } = civil_from_day(day);
    if months >> (month - 1) & 1 != 0 {
        let behind = dates_in(dates, month_days(year, month)) << (32 - of_month);
        if behind != 0 {
            return Some(day - behind.leading_zeros().cast_signed());
        }
    }
    let earlier = live_months(months, dates, is_leap(year)) & ((1 << (month - 1)) - 1);
    let (year, live) = if earlier != 0 {
        (year, earlier)
    } else {
        let mut year = year - 1;
        let mut live = live_months(months, dates, is_leap(year));
        if live == 0 && year >= 4 {
            year = leap_year_until(year);
            live = live_months(months, dates, true);
        }
        (year, live)
    };
    if year == 0 || live == 0 {
        return None;
    }
    let month = live.ilog2() + 1;
    let last = dates_in(dates, month_days(year, month)).ilog2() + 1;
    Some(day_from_civil(Civil {
        year,
        month,
        day: last,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_all_years_is_that_of_chrono() {
        let mut date = date_of(FIRST_DAY);
        for day in FIRST_DAY..=LAST_DAY {
            let civil = civil_from_day(day);
            assert_eq!(civil.year.cast_signed(), date.year());
            assert_eq!([civil.month, civil.day], [date.month(), date.day()]);
            assert_eq!(day_from_civil(civil), day);
            assert_eq!(weekday(day), date.weekday().num_days_from_sunday());
            let tomorrow = date.succ_opt().unwrap();
            let is_last = tomorrow.month() != date.month();
            assert_eq!(civil.day == month_days(civil.year, civil.month), is_last);
            date = tomorrow;
        }
        assert_eq!(date_of(FIRST_DAY).to_string(), "0001-01-01");
        assert_eq!(date_of(LAST_DAY).to_string(), "9999-12-31");
    }

    #[test]
    fn a_wall_clock_of_any_of_chronos_years_has_a_day() {
        for wall in [-8_334_601_315_200, -1, 0, 86_399, 86_400, 8_210_266_963_199] {
            let [day, second] = [i64::from(day_of_wall(wall)), i64::from(second_of_day(wall))];
            assert_eq!(day, wall.div_euclid(DAY_SECONDS));
            assert_eq!(second, wall.rem_euclid(DAY_SECONDS));
        }
    }

    /// The first and the last day of every pattern of months and dates, from
    /// every day of 16 years across 1900, by walking.
    #[test]
    fn steps_are_those_of_a_walk() {
        let first = day_of(NaiveDate::from_ymd_opt(1892, 1, 1).unwrap());
        let days = 16 * 366;
        let patterns = [
            (1 << 1, 1 << 28),
            (0b0110, 1 << 29),
            (0xFFF, 1 << 30),
            (0b1010_0101_0010, LAST_OF_MONTH),
            (0b1000_0000_0010, 0b11 << 27 | LAST_OF_MONTH),
            (0b10_0000_0000, 1 << 30 | 1),
        ]
        .map(|(months, dates)| Pattern::Monthly { months, dates })
        .into_iter()
        .chain((1..128).map(|days| Pattern::Weekly { days }))
        .chain((1..=31).map(|interval| Pattern::EveryDays {
            interval,
            anchor: Anchor::Started,
            from: first + 40,
        }))
        .chain([Pattern::Once { day: first + 77 }]);
        for pattern in patterns {
            let mut last = pattern.on_or_before(first - 1);
            let mut next = pattern.on_or_after(first);
            for day in first..first + days {
                if next == Some(day) {
                    assert!(is_named(pattern, day), "{pattern:?} on {day}");
                    last = next;
                    next = pattern.on_or_after(day + 1);
                } else {
                    assert!(!is_named(pattern, day), "{pattern:?} on {day}");
                }
                assert_eq!(
                    pattern.on_or_after(day + 1),
                    next,
                    "{pattern:?} after {day}"
                );
                assert_eq!(pattern.on_or_before(day), last, "{pattern:?} until {day}");
            }
        }
    }

    fn is_named(pattern: Pattern, day: i32) -> bool {
        let date = date_of(day);
        match pattern {
            Pattern::Once { day: only } => day == only,
            Pattern::EveryDays { interval, from, .. } => {
                day >= from && (day - from) % i32::from(interval) == 0
            }
            Pattern::Weekly { days } => days >> date.weekday().num_days_from_sunday() & 1 != 0,
            Pattern::Monthly { months, dates } => {
                let is_last = date.succ_opt().unwrap().day() == 1;
                months >> date.month0() & 1 != 0
                    && (dates >> date.day0() & 1 != 0 || is_last && dates & LAST_OF_MONTH != 0)
            }
        }
    }
}
