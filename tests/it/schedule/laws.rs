//! Laws that hold for every schedule at every instant.

use chrono::{
    DateTime, Datelike, Days, Duration, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use taskdex::Execution;
use taskdex::schedule::{GapRule, Schedule};

use super::oracle::{Answer, Dates, Spec, ZONES, Zone};
use crate::support;

const RULES: [GapRule; 3] = [GapRule::Forward, GapRule::GapEnd, GapRule::Skip];

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

fn some_numbers(number_max: u8) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1..=number_max, 1..5)
}

fn dates_near(pivot: NaiveDate) -> impl Strategy<Value = Dates> {
    let day = move |days: i64| {
        let date = pivot.checked_add_signed(TimeDelta::days(days));
        date.filter(|date| (1..=9999).contains(&date.year()))
            .unwrap_or(NaiveDate::from_ymd_opt(2026, 3, 8).unwrap())
    };
    let of_month = prop_oneof![
        3 => some_numbers(31),
        1 => Just(vec![29]),
        1 => Just(vec![30]),
        1 => Just(vec![31]),
        1 => Just(vec![]),
    ];
    let months =
        prop_oneof![3 => some_numbers(12), 1 => Just(vec![2]), 1 => Just((1..=12).collect())];
    prop_oneof![
        1 => (-1_i64..=1).prop_map(move |days| Dates::Once(day(days))),
        1 => Just(Dates::Week((1..=7).collect())),
        2 => (1_u32..=31, -200_i64..=3)
            .prop_map(move |(interval, days)| Dates::Every { interval, start: day(days) }),
        2 => some_numbers(7).prop_map(Dates::Week),
        3 => (months, of_month, any::<bool>()).prop_map(|(months, dates, last)| Dates::Month {
            months,
            last: last || dates.is_empty(),
            dates,
        }),
    ]
}

/// A question: a schedule that names a date, and an instant.
fn question() -> impl Strategy<Value = (Spec, Schedule, DateTime<Utc>)> {
    zone_and_change()
        .prop_flat_map(|(zone, change)| {
            (
                instant_near(change),
                time_near(zone, change),
                select(&RULES[..]),
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
            (dates_near(pivot.date()), expire).prop_map(move |(dates, expire)| {
                let spec = Spec {
                    dates,
                    time,
                    zone,
                    expire,
                    rule,
                };
                (spec, now)
            })
        })
        .prop_filter_map("names no date that exists", |(spec, now)| {
            Some((spec.clone(), spec.schedule()?, now))
        })
}

fn instant(execution: Option<Execution>) -> Option<DateTime<Utc>> {
    execution.map(Execution::instant)
}

/// Whether the engine's answer is the oracle's.
fn agree(answer: Answer, found: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    match answer {
        Answer::Found(expected) => found == Some(expected),
        Answer::NoneWithin { seconds } => {
            found.is_none_or(|found| (found - now).abs() >= Duration::seconds(seconds))
        }
    }
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
    fn the_next_execution_is_the_first_named_instant_after_now(
        (spec, schedule, now) in question(),
    ) {
        let found = instant(schedule.next_execution(now));
        prop_assert!(found.is_none_or(|found| found > now));
        let expected = spec.next(now);
        prop_assert!(agree(expected, found, now), "{expected:?}, not {found:?}");
    }

    #[test]
    fn the_previous_execution_is_the_last_named_instant_before_now(
        (spec, schedule, now) in question(),
    ) {
        let found = instant(schedule.previous_execution(now));
        prop_assert!(found.is_none_or(|found| found < now));
        let expected = spec.previous(now);
        prop_assert!(agree(expected, found, now), "{expected:?}, not {found:?}");
    }

    #[test]
    fn neighbours_are_the_previous_up_to_now_and_the_next((_, schedule, now) in question()) {
        let (last, first) = schedule.neighbours(now);
        prop_assert_eq!(first, schedule.next_execution(now));
        prop_assert_eq!(last, schedule.previous_execution(now + TimeDelta::nanoseconds(1)));
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_walk_either_way_meets_each_named_instant_once((spec, schedule, now) in question()) {
        let wall = Zone::named(spec.zone).wall_clock(now);
        if !(2..=9998).contains(&wall.year()) {
            return Ok(());
        }
        // The days before the walk and after it may reach into it.
        let until = now + TimeDelta::days(60);
        let expected: Vec<_> = spec
            .walk(wall.date() - Days::new(3), 66)
            .into_iter()
            .filter(|instant| *instant > now && *instant <= until)
            .collect();

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
        (_, schedule, now) in question(),
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
        (spec, schedule, now) in question(),
        days in 0_i64..400,
    ) {
        let free = Spec { expire: None, ..spec }.schedule().unwrap();
        let expire = now.naive_utc() + TimeDelta::days(days);
        prop_assume!((1..=9999).contains(&expire.year()));
        let expire = expire.date().and_time(schedule.time());
        let bounded = free.with_expire_time(expire).unwrap();
        prop_assert_eq!(bounded.expire_time(), Some(expire));
        let [last, next] = [DateTime::<Utc>::MAX_UTC, now];
        if let Some(last) = bounded.previous_execution(last) {
            prop_assert_eq!(bounded.next_execution(last.instant()), None);
            prop_assert!(bounded.neighbours(last.instant()).0 == Some(last));
        }
        match (bounded.next_execution(next), free.next_execution(next)) {
            (Some(bounded), free) => prop_assert_eq!(Some(bounded), free),
            (None, Some(free)) => prop_assert!(
                bounded.previous_execution(DateTime::<Utc>::MAX_UTC).is_none_or(|last| last < free)
            ),
            (None, None) => {}
        }
    }

    #[test]
    fn an_execution_is_rendered_as_chrono_renders_it(
        (spec, schedule, now) in question(),
    ) {
        let Some(execution) = schedule.next_execution(now) else { return Ok(()) };
        let wall = Zone::named(spec.zone).wall_clock(execution.instant());
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
