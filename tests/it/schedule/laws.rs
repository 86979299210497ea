//! Laws that hold for every schedule at every instant.

use chrono::{
    DateTime, Datelike, Days, FixedOffset, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    Utc,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use taskdex::Execution;
use taskdex::schedule::{GapRule, MonthDate, MonthDates, Months, Schedule, TimeZone, Weekdays};
use taskdex::testkit::{walk_between, walk_to_next, walk_to_previous};

use super::changes::{ZONES, Zone};
use crate::support;

/// Instants of years in which changes of the clock are, and at the ends of all.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let seconds = prop_oneof![
        6 => -4_000_000_000_i64..4_400_000_000,
        2 => 4_100_000_000_i64..16_700_000_000,
        1 => -62_135_769_600_i64..-62_135_423_999,
        1 => 253_402_000_000_i64..253_402_560_000,
    ];
    (seconds, 0_u32..3).prop_map(|(second, nanosecond)| at(second, nanosecond))
}

fn at(second: i64, nanosecond: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(second, nanosecond).unwrap()
}

/// A zone with one of the changes of its clock, where it has any.
fn zone_and_change() -> impl Strategy<Value = (&'static str, Option<i64>)> {
    (select(&ZONES[..]), any::<Index>()).prop_map(|(zone, index)| {
        let changes = Zone::changes(zone);
        (zone, (!changes.is_empty()).then(|| *index.get(changes)))
    })
}

/// An instant, most often up to two days from the change.
fn instant_near(change: Option<i64>) -> BoxedStrategy<DateTime<Utc>> {
    let Some(change) = change else {
        return any_instant().boxed();
    };
    let quarters_from_change = prop_oneof![2 => -8_i64..=8, 1 => -192_i64..=192];
    prop_oneof![
        5 => (quarters_from_change, -1_i64..=1, 0_u32..2)
            .prop_map(move |(quarters, second, nanosecond)| {
                at(change + 900 * quarters + second, nanosecond)
            }),
        1 => any_instant(),
    ]
    .boxed()
}

/// A time of day, most often within three hours of the change.
fn time_near(zone: &'static str, change: Option<i64>) -> BoxedStrategy<NaiveTime> {
    let anywhen = prop_oneof![
        (0_u32..86_400).prop_map(|second| {
            NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap()
        }),
        Just(NaiveTime::MIN),
        Just(NaiveTime::from_hms_opt(23, 59, 59).unwrap()),
    ];
    let Some(change) = change else {
        return anywhen.boxed();
    };
    let near =
        (-12_i64..=12, any::<bool>(), -1_i64..=1).prop_map(move |(quarters, before, second)| {
            let wall = Zone::named(zone).wall_clock(at(change - i64::from(before), 0));
            (wall + TimeDelta::seconds(900 * quarters + i64::from(before) + second)).time()
        });
    prop_oneof![3 => near, 1 => anywhen].boxed()
}

/// Sets of some of these items.
fn some<T: Copy + std::fmt::Debug + 'static>(items: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(select(items), 1..5)
}

fn weekdays() -> impl Strategy<Value = Weekdays> {
    some(Weekdays::ALL.iter().collect()).prop_map(|days| Weekdays::new(days).unwrap())
}

fn months() -> impl Strategy<Value = Months> {
    prop_oneof![
        3 => some(Months::ALL.iter().collect()).prop_map(|months| Months::new(months).unwrap()),
        1 => Just(Months::from(Month::February)),
        1 => Just(Months::ALL),
    ]
}

fn month_dates() -> impl Strategy<Value = MonthDates> {
    let dates = prop_oneof![
        3 => some((1..=31).collect()),
        1 => select(vec![29, 30, 31]).prop_map(|date| vec![date]),
        1 => Just(vec![]),
    ];
    (dates, any::<bool>()).prop_map(|(dates, last)| {
        let last = (last || dates.is_empty()).then_some(MonthDate::Last);
        MonthDates::new(dates.into_iter().map(MonthDate::Date).chain(last)).unwrap()
    })
}

/// A schedule near a date; none where it names no date that exists.
fn schedule_near(
    pivot: NaiveDate,
    time: NaiveTime,
    zone: TimeZone,
) -> impl Strategy<Value = Option<Schedule>> {
    let day = move |days: i64| {
        let date = pivot.checked_add_signed(TimeDelta::days(days));
        date.filter(|date| (1..=9999).contains(&date.year()))
            .unwrap_or(NaiveDate::from_ymd_opt(2026, 3, 8).unwrap())
    };
    prop_oneof![
        1 => (-1_i64..=1).prop_map(move |days| Schedule::fixed_time(day(days), time, zone)),
        2 => (1_u32..=31, -200_i64..=3).prop_map(move |(interval, days)| {
            Schedule::daily(interval, time, zone)?.with_start_date(day(days))
        }),
        1 => Just(Schedule::weekly(Weekdays::ALL, time, zone)),
        2 => weekdays().prop_map(move |days| Schedule::weekly(days, time, zone)),
        3 => (months(), month_dates())
            .prop_map(move |(months, dates)| Schedule::monthly(months, dates, time, zone)),
    ]
    .prop_map(Result::ok)
}

/// A question: a schedule that names a date, and an instant.
fn question() -> impl Strategy<Value = (Schedule, DateTime<Utc>)> {
    endless_question().prop_map(|(schedule, expire, now)| match expire {
        Some(expire) => (schedule.with_expire_time(expire).unwrap(), now),
        None => (schedule, now),
    })
}

/// A schedule without an expiry, an expiry that it may have, and an instant.
fn endless_question() -> impl Strategy<Value = (Schedule, Option<NaiveDateTime>, DateTime<Utc>)> {
    zone_and_change()
        .prop_flat_map(|(zone, change)| {
            (
                instant_near(change),
                time_near(zone, change),
                select(GapRule::ALL),
                Just((zone, change)),
            )
        })
        .prop_flat_map(|(now, time, rule, (zone, change))| {
            let pivot = at(change.unwrap_or(now.timestamp()), 0);
            let pivot = Zone::named(zone).wall_clock(pivot);
            let expire = prop_oneof![
                3 => Just(None),
                1 => (-8_i64..=8, -1_i64..=4).prop_map(move |(quarters, days)| {
                    let expire = pivot + TimeDelta::days(days) + TimeDelta::minutes(15 * quarters);
                    (1..=9999).contains(&expire.year()).then_some(expire)
                }),
                1 => (0_u64..9).prop_map(move |days| {
                    let date = pivot.date().checked_add_days(Days::new(days))?;
                    (1..=9999).contains(&date.year()).then(|| date.and_time(time))
                }),
            ];
            let schedule = schedule_near(pivot.date(), time, zone.parse().unwrap());
            (schedule, expire).prop_map(move |(schedule, expire)| {
                Some((schedule?.with_gap_rule(rule), expire, now))
            })
        })
        .prop_filter_map("names no date that exists", |question| question)
}

fn instant(execution: Option<Execution>) -> Option<DateTime<Utc>> {
    execution.map(Execution::instant)
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        // A step of shrinking walks the calendar for years.
        max_shrink_iters: 1000,
        ..support::cases(count)
    }
}

proptest! {
    #![proptest_config(cases(4096))]

    #[test]
    fn the_next_execution_is_the_first_named_instant_after_now((schedule, now) in question()) {
        let found = instant(schedule.next_execution(now));
        prop_assert!(found.is_none_or(|found| found > now));
        let walked = walk_to_next(&schedule, now);
        prop_assert!(walked.agrees_with_next(found), "{walked:?}, not {found:?}");
    }

    #[test]
    fn the_previous_execution_is_the_last_named_instant_before_now(
        (schedule, now) in question(),
    ) {
        let found = instant(schedule.previous_execution(now));
        prop_assert!(found.is_none_or(|found| found < now));
        let walked = walk_to_previous(&schedule, now);
        prop_assert!(walked.agrees_with_previous(found), "{walked:?}, not {found:?}");
    }

    #[test]
    fn neighbours_are_the_previous_up_to_now_and_the_next((schedule, now) in question()) {
        let (last, first) = schedule.neighbours(now);
        prop_assert_eq!(first, schedule.next_execution(now));
        prop_assert_eq!(last, schedule.previous_execution(now + TimeDelta::nanoseconds(1)));
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_walk_either_way_meets_each_named_instant_once((schedule, now) in question()) {
        let until = now + TimeDelta::days(60);
        let expected: Vec<_> = walk_between(&schedule, now, until).into_iter().collect();

        let forward: Vec<_> = schedule.executions_between(now, until).map(Execution::instant).collect();
        prop_assert_eq!(&forward, &expected);
        let mut backward: Vec<_> =
            schedule.executions_between(now, until).rev().map(Execution::instant).collect();
        backward.reverse();
        prop_assert_eq!(&backward, &expected);
        let endless: Vec<_> = schedule
            .executions(now)
            .map(Execution::instant)
            .take_while(|instant| *instant <= until)
            .collect();
        prop_assert_eq!(&endless, &expected);
        let mut before: Vec<_> = schedule
            .executions_before(until + TimeDelta::nanoseconds(1))
            .map(Execution::instant)
            .take_while(|instant| *instant > now)
            .collect();
        before.reverse();
        prop_assert_eq!(&before, &expected);
    }

    #[test]
    fn both_ends_of_a_walk_meet_in_the_middle(
        (schedule, now) in question(),
        sides in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let until = now + TimeDelta::days(60);
        let expected: Vec<_> = schedule.executions_between(now, until).collect();
        let mut walk = schedule.executions_between(now, until);
        let [mut front, mut back] = [vec![], vec![]];
        for from_front in sides {
            if from_front {
                front.extend(walk.next());
            } else {
                back.extend(walk.next_back());
            }
        }
        prop_assert!(walk.next().is_none() && walk.next_back().is_none());
        front.extend(back.into_iter().rev());
        prop_assert_eq!(front, expected);
    }

    #[test]
    fn an_expiry_only_takes_away_what_is_after_it(
        (schedule, _, now) in endless_question(),
        days in 0_i64..400,
    ) {
        let expire = now.naive_utc() + TimeDelta::days(days);
        prop_assume!((1..=9999).contains(&expire.year()));
        let expire = expire.date().and_time(schedule.time());
        let bounded = schedule.with_expire_time(expire).unwrap();
        prop_assert_eq!(bounded.expire_time(), Some(expire));
        let [last, next] = [DateTime::<Utc>::MAX_UTC, now];
        if let Some(last) = bounded.previous_execution(last) {
            prop_assert_eq!(bounded.next_execution(last.instant()), None);
            prop_assert!(bounded.neighbours(last.instant()).0 == Some(last));
        }
        match (bounded.next_execution(next), schedule.next_execution(next)) {
            (Some(bounded), free) => prop_assert_eq!(Some(bounded), free),
            (None, Some(free)) => prop_assert!(
                bounded.previous_execution(DateTime::<Utc>::MAX_UTC).is_none_or(|last| last < free)
            ),
            (None, None) => {}
        }
    }

    #[test]
    fn an_execution_is_rendered_as_chrono_renders_it(
        (schedule, now) in question(),
    ) {
        let Some(execution) = schedule.next_execution(now) else { return Ok(()) };
        let wall = Zone::named(schedule.time_zone().name()).wall_clock(execution.instant());
        prop_assert_eq!(execution.wall_clock(), wall);
        prop_assert_eq!(execution.to_string(), wall.format("%Y-%m-%d %H:%M:%S").to_string());
        let offset = FixedOffset::east_opt(execution.offset_seconds()).unwrap();
        let expected = execution.instant().with_timezone(&offset).to_rfc3339();
        prop_assert_eq!(execution.to_rfc3339(), expected);
        prop_assert_eq!(
            schedule.time_zone().offset_seconds(execution.instant()),
            execution.offset_seconds()
        );
    }
}
