//! The spans of a zone from a TZif file, which tz-rs reads.

use chrono::{DateTime, Datelike, NaiveDate};
use tz::timezone::{AlternateTime, RuleDay, Transition, TransitionRule};
use tz::{LocalTimeType, TimeZone, TzError};

use super::spans::{Spans, Unsearchable};
use crate::schedule::calendar::DAY_SECONDS;

/// For so many years the changes of a rule are found: a cycle, and some more on either side.
const RULE_YEARS: i32 = 412;

/// The years in which a rule may be the only one: all that chrono has for certain.
const RULE_YEARS_FROM: std::ops::RangeInclusive<i32> = 0..=10_000;

/// Why the bytes of a TZif file are no zone that can be searched.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Malformed(TzError),
    #[error("its seconds are counted with leap seconds")]
    LeapSeconds,
    #[error("{0}")]
    Unsearchable(#[from] Unsearchable),
}

/// Reads a TZif file: the 64-bit data of versions 2 and 3, else the 32-bit data of version 1.
///
/// Without a rule in its footer, the last offset stays.
pub(super) fn read(bytes: &[u8]) -> Result<Spans, Fault> {
    let zone = TimeZone::from_tz_data(bytes).map_err(Fault::Malformed)?;
    let zone = zone.as_ref();
    if !zone.leap_seconds().is_empty() {
        return Err(Fault::LeapSeconds);
    }
    let state_at = |second| {
        let state = zone.find_local_time_type(second);
        state
            .map(LocalTimeType::ut_offset)
            .map_err(Fault::Malformed)
    };
    // tz-rs has checked that every change names a type, and that there is one.
    let offset = |index: usize| {
        zone.local_time_types()
            .get(index)
            .map_or(0, LocalTimeType::ut_offset)
    };
    let listed = zone.transitions().iter().map(|change| {
        (
            change.unix_leap_time(),
            offset(change.local_time_type_index()),
        )
    });
    let last = zone.transitions().last();
    let last = last.map_or(i64::MIN, Transition::unix_leap_time);
    let mut by_rule = Vec::new();
    if let Some(TransitionRule::Alternate(rule)) = zone.extra_rule() {
        for second in changes_after(rule, last) {
            // The reader decides, as two changes of a rule may fall on one instant.
            by_rule.push((second, state_at(second)?));
        }
    }
    let first = if zone.transitions().is_empty() {
        state_at(by_rule.first().map_or(0, |(second, _)| second - 1))?
    } else {
        offset(0)
    };
    let rule_after = if by_rule.is_empty() { i64::MAX } else { last };
    Ok(Spans::new(first, listed.chain(by_rule), rule_after)?)
}

/// The instants of a rule's changes after `last`, ascending.
fn changes_after(rule: &AlternateTime, last: i64) -> Vec<i64> {
    let year = DateTime::from_timestamp(last, 0).map_or(i32::MIN, |last| last.year());
    // A change may be days outside the year that it is named for.
    let first = (year.saturating_sub(1)).clamp(*RULE_YEARS_FROM.start(), *RULE_YEARS_FROM.end());
    let starts = i64::from(rule.dst_start_time()) - i64::from(rule.std().ut_offset());
    let ends = i64::from(rule.dst_end_time()) - i64::from(rule.dst().ut_offset());
    let mut instants: Vec<_> = (first..first + RULE_YEARS)
        .flat_map(|year| {
            [
                midnight(*rule.dst_start(), year) + starts,
                midnight(*rule.dst_end(), year) + ends,
            ]
        })
        .filter(|second| *second > last)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}

/// Midnight of the day that a rule names in a year, in Unix seconds of UTC.
fn midnight(day: RuleDay, year: i32) -> i64 {
    let day_of = |month: u32| {
        let date = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
        i64::from(date.to_epoch_days())
    };
    let day = match day {
        RuleDay::Julian0WithLeap(day) => day_of(1) + i64::from(day.get()),
        RuleDay::Julian1WithoutLeap(day) => {
            // 29 February is not counted: from 1 March on, days are counted to its place.
            let day = i64::from(day.get());
            let march = day - 60;
            if march < 0 {
                day_of(1) + day - 1
            } else {
                day_of(3) + march
            }
        }
        RuleDay::MonthWeekDay(day) => {
            let month = u32::from(day.month());
            let first = day_of(month);
            // 1 January 1970 was a Thursday.
            let weekday = (first + 4).rem_euclid(7);
            let to_weekday = (i64::from(day.week_day()) - weekday).rem_euclid(7);
            let week = first + to_weekday + 7 * (i64::from(day.week()) - 1);
            let next_month = if month == 12 {
                first + 31
            } else {
                day_of(month + 1)
            };
            // The fifth is the last one, where there are four.
            if week < next_month { week } else { week - 7 }
        }
    };
    day * DAY_SECONDS
}
