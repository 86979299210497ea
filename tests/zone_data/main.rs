//! Zone data put in force: once in a process, so in one that is this file's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use taskdex::schedule::{ZoneData, zone_database_version};
use taskdex::testkit::{
    PlainClock, SplitMix64, Walked, tzif_file, walk_to_next, walk_to_previous, zone_file,
};
use taskdex::{ErrorKind, GapRule, Schedule, TimeZone, Weekdays};

/// How many odd zones there are.
const ODD_ZONES: usize = 60;

/// Names that the crate's own data lacks; and one that it has, and one of its aliases.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let odd = (0..ODD_ZONES - 2).map(|number| format!("Odd/Zone_{number}"));
    let known = ["Europe/Paris", "GMT+0"].map(str::to_owned);
    odd.chain(known).collect()
});

/// Puts the data in force before the first zone is used, whichever test comes first.
static IN_FORCE: LazyLock<()> = LazyLock::new(|| {
    let own = zone_database_version();
    let mut random = SplitMix64::new(18);
    let mut data = ZoneData::new("odd-1").unwrap();
    for name in NAMES.iter() {
        while data.add(name, &zone_file(&mut random)).is_err() {}
    }
    assert_eq!(zone_database_version(), own, "adding changes nothing");
    data.put_in_force().unwrap();
});

fn odd_zone(name: &str) -> TimeZone {
    *IN_FORCE;
    name.parse().unwrap()
}

#[test]
fn data_is_put_in_force_once() {
    *IN_FORCE;
    assert_eq!(zone_database_version(), "odd-1");
    let mut data = ZoneData::new("odd-2").unwrap();
    let tokyo = tzif_file(&[(60, false, "ODD")], &[], "ODD-0:01");
    data.add("Asia/Tokyo", &tokyo).unwrap();
    let error = data.put_in_force().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ZoneDataInForce);
    assert_eq!(zone_database_version(), "odd-1");
    let epoch = DateTime::<Utc>::UNIX_EPOCH;
    assert_eq!(odd_zone("Asia/Tokyo").offset_seconds(epoch), 9 * 3600);
}

#[test]
fn names_are_given_back_and_those_without_data_keep_that_of_the_crate() {
    let mut seen = std::collections::HashSet::new();
    let kept = [
        "America/New_York",
        "UTC",
        "Z",
        "Coordinated Universal Time",
        "GMT+8",
    ];
    for name in NAMES.iter().map(String::as_str).chain(kept) {
        let zone = odd_zone(name);
        assert_eq!(zone.name(), name);
        assert!(seen.insert(zone), "{name} equals another");
        let json = serde_json::to_string(&zone).unwrap();
        assert_eq!(serde_json::from_str::<TimeZone>(&json).unwrap(), zone);
    }
    assert!("Odd/Zone_999".parse::<TimeZone>().is_err());
    let summer = "2150-07-01T00:00:00Z".parse().unwrap();
    let new_york = odd_zone("America/New_York").offset_seconds(summer);
    let own = cfg!(feature = "bundled-zones");
    assert_eq!(new_york, if own { -4 * 3600 } else { -5 * 3600 });
    let error = chrono_tz::Tz::try_from(odd_zone("Odd/Zone_0")).unwrap_err();
    assert_eq!(error.value(), Some("Odd/Zone_0"));
}

/// Instants near the listed changes of an odd zone's clock, and any others.
fn instants(name: &str) -> BoxedStrategy<DateTime<Utc>> {
    let changes = PlainClock::of(odd_zone(name)).listed_changes();
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    let anytime = (-4_000_000_000_i64..17_000_000_000).prop_map(at);
    if changes.is_empty() {
        return anytime.boxed();
    }
    let near = (select(changes), -200_000_i64..200_000)
        .prop_map(move |(change, seconds)| at(change + seconds));
    prop_oneof![2 => near, 1 => anytime].boxed()
}

/// A zone with odd changes, an instant, and a schedule in that zone.
fn question() -> impl Strategy<Value = (Schedule, DateTime<Utc>)> {
    let times = (0_u32..86_400).prop_map(|second| {
        chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap()
    });
    let rules = select(vec![GapRule::Forward, GapRule::GapEnd, GapRule::Skip]);
    let named =
        select(NAMES.as_slice()).prop_flat_map(|name| (Just(odd_zone(&name)), instants(&name)));
    let expiry = proptest::option::weighted(0.2, -100_000_i64..1_000_000);
    (named, times, rules, 1_u8..128, 0_u32..4, expiry).prop_map(
        |((zone, now), time, rule, days, kind, expiry)| {
            let days = (0..7_u8)
                .filter(|day| days >> day & 1 != 0)
                .map(|day| chrono::Weekday::try_from(day).unwrap());
            let schedule = match kind {
                0 => Schedule::weekly(Weekdays::new(days).unwrap(), time, zone),
                1 => Schedule::daily(1, time, zone),
                2 => Schedule::daily(3, time, zone),
                _ => Schedule::fixed_time(now.date_naive(), time, zone),
            };
            let mut schedule = schedule.unwrap().with_gap_rule(rule);
            if let Some(seconds) = expiry {
                let at = now.naive_utc() + TimeDelta::seconds(seconds);
                schedule = schedule.with_expire_time(at).unwrap();
            }
            (schedule, now)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4096),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_next_execution_in_an_odd_zone_is_what_a_walk_finds((schedule, now) in question()) {
        let found = schedule.next_execution(now).map(taskdex::Execution::instant);
        let walked = walk_to_next(&schedule, now);
        prop_assert!(walked.agrees_with_next(found), "{found:?} after {now} of {schedule:?}");
    }

    #[test]
    fn the_previous_execution_in_an_odd_zone_is_what_a_walk_back_finds((schedule, now) in question()) {
        let found = schedule.previous_execution(now).map(taskdex::Execution::instant);
        let walked = walk_to_previous(&schedule, now);
        prop_assert!(walked.agrees_with_previous(found), "{found:?} before {now} of {schedule:?}");
    }

    #[test]
    fn the_previous_execution_in_an_odd_zone_has_none_between((schedule, now) in question()) {
        // A `DAY` schedule counts from the day that is asked about, unless from one that is given.
        let earlier = now.date_naive() - TimeDelta::days(40);
        let schedule = schedule.with_start_date(earlier).unwrap_or(schedule);
        let Some(last) = schedule.previous_execution(now) else { return Ok(()) };
        prop_assert!(last.instant() < now);
        let next = schedule.next_execution(last.instant());
        prop_assert!(next.is_none_or(|next| next.instant() >= now), "{next:?}");
        let walked = walk_to_next(&schedule, last.instant() - TimeDelta::seconds(1));
        prop_assert_eq!(walked, Walked::Found(last.instant()));
    }

    #[test]
    fn offsets_in_an_odd_zone_are_those_of_its_reader(
        (name, now) in select(NAMES.as_slice()).prop_flat_map(|name| (Just(name.clone()), instants(&name))),
        years in select(vec![0_i64, 399, 400, 401, 800, 7_000]),
    ) {
        let now = now + TimeDelta::days(years * 146_097 / 400);
        let zone = odd_zone(&name);
        let clock = PlainClock::of(zone);
        prop_assert_eq!(zone.offset_seconds(now), clock.offset_seconds(now.timestamp()));
        prop_assert_eq!(zone.resolve(now.naive_utc()), clock.resolve(now.timestamp()));
    }
}
