//! Zones: the accepted names, and their offsets against chrono-tz itself.

use chrono::{DateTime, LocalResult, Offset, TimeZone as _, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};
use taskdex::ErrorKind;
use taskdex::schedule::{Resolution, TimeZone};

const HOUR: i64 = 3600;

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

#[test]
fn every_name_of_the_database_is_accepted_and_given_back() {
    for tz in TZ_VARIANTS {
        assert_eq!(zone(tz.name()).to_string(), tz.name());
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

fn offset_by_chrono(tz: Tz, second: i64) -> i32 {
    tz.offset_from_utc_datetime(&at(second).naive_utc())
        .fix()
        .local_minus_utc()
}

/// What chrono-tz makes of a moment of the wall clock, in our words.
fn resolution_by_chrono(tz: Tz, wall: i64) -> Resolution {
    let wall = at(wall).naive_utc();
    match tz.offset_from_local_datetime(&wall) {
        LocalResult::Single(offset) => Resolution::Single {
            offset: offset.fix().local_minus_utc(),
        },
        LocalResult::Ambiguous(first, second) => Resolution::Fold {
            first: first.fix().local_minus_utc(),
            second: second.fix().local_minus_utc(),
        },
        LocalResult::None => {
            let gap = GapInfo::new(&wall, &tz).unwrap();
            let end = gap.end.unwrap();
            Resolution::Gap {
                before: gap.begin.unwrap().1.fix().local_minus_utc(),
                after: end.offset().fix().local_minus_utc(),
                change: end.timestamp(),
            }
        }
    }
}

fn assert_like_chrono(tz: Tz, ours: TimeZone, second: i64) {
    let offset = offset_by_chrono(tz, second);
    assert_eq!(ours.offset_seconds(at(second)), offset, "{tz} at {second}");
    // The same number as a moment of the wall clock.
    let wall = second + i64::from(offset);
    assert_eq!(
        ours.resolve(at(wall).naive_utc()),
        resolution_by_chrono(tz, wall),
        "{tz} on {wall}"
    );
}

#[test]
fn offsets_and_resolutions_are_those_of_chrono_tz_around_every_change_of_every_zone() {
    const STEP: i64 = 5 * 24 * HOUR;
    const STEPS: i64 = 12_000;
    for tz in TZ_VARIANTS {
        let ours = zone(tz.name());
        let mut before = offset_by_chrono(tz, -STEPS * STEP);
        for second in (-STEPS..STEPS).map(|steps| steps * STEP) {
            let offset = offset_by_chrono(tz, second);
            assert_eq!(ours.offset_seconds(at(second)), offset, "{tz} at {second}");
            if offset == before {
                continue;
            }
            before = offset;
            let [mut low, mut high] = [second - STEP, second];
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                if offset_by_chrono(tz, middle) == offset {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            let shift = i64::from(offset - offset_by_chrono(tz, low)).abs();
            for near in [-1, 0, 1] {
                for from_change in [-shift, -shift / 2, 0, shift / 2, shift] {
                    assert_like_chrono(tz, ours, high + from_change + near);
                    // The moments of a gap are on no instant's wall clock.
                    let wall = low + i64::from(offset_by_chrono(tz, low)) + from_change + near;
                    assert_eq!(
                        ours.resolve(at(wall).naive_utc()),
                        resolution_by_chrono(tz, wall),
                        "{tz} on {wall}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_first_and_the_last_offset_hold_for_all_years_before_and_after() {
    for tz in TZ_VARIANTS {
        let ours = zone(tz.name());
        for second in [
            -62_135_596_800,
            -30_000_000_000,
            -4_500_000_000,
            4_200_000_000,
            253_402_300_799,
        ] {
            assert_like_chrono(tz, ours, second);
        }
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(
                ours.offset_seconds(end),
                offset_by_chrono(tz, end.timestamp())
            );
            let _ = ours.resolve(end.naive_utc());
        }
    }
}

#[test]
#[ignore = "takes minutes: every hour of three centuries in every zone"]
fn offsets_and_resolutions_are_those_of_chrono_tz_at_every_hour() {
    for tz in TZ_VARIANTS {
        let ours = zone(tz.name());
        for hour in -5_500_000_000 / HOUR..4_500_000_000 / HOUR {
            assert_like_chrono(tz, ours, hour * HOUR);
            assert_eq!(
                ours.resolve(at(hour * HOUR).naive_utc()),
                resolution_by_chrono(tz, hour * HOUR)
            );
        }
    }
}
