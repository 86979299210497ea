//! Named cases: gaps, folds, skipped days, month ends, expiry, the ends of time.

use chrono::{DateTime, Utc};
use taskdex::schedule::{GapRule, Schedule, TimeZone};
use taskdex::{ErrorKind, Execution};

/// `DAY/interval/start`, `WEEK/list`, `MONTH/list/list` or `FIXED_TIME/date`.
fn schedule(recurrence: &str, time: &str, zone: &str) -> Schedule {
    let zone: TimeZone = zone.parse().unwrap();
    let time = time.parse().unwrap();
    let parts: Vec<_> = recurrence.split('/').collect();
    let schedule = match parts[..] {
        ["DAY", interval, start] => Schedule::daily(interval.parse().unwrap(), time, zone)
            .and_then(|schedule| schedule.with_start_date(start.parse().unwrap())),
        ["WEEK", days] => Schedule::weekly(days.parse().unwrap(), time, zone),
        ["MONTH", months, dates] => {
            Schedule::monthly(months.parse().unwrap(), dates.parse().unwrap(), time, zone)
        }
        ["FIXED_TIME", date] => Schedule::fixed_time(date.parse().unwrap(), time, zone),
        _ => unreachable!("{recurrence}"),
    };
    schedule.unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The executions after `after` in ascending order are `expected`, and so they
/// are, backwards, when asked from the last one.
#[track_caller]
fn assert_executions(schedule: Schedule, after: &str, expected: &[&str]) {
    let found: Vec<_> = schedule
        .executions(instant(after))
        .take(expected.len())
        .collect();
    let shown: Vec<_> = found
        .iter()
        .map(|execution| execution.to_rfc3339())
        .collect();
    assert_eq!(shown, expected, "after {after}");
    let Some(last) = found.last() else { return };
    let mut backward: Vec<_> = schedule
        .executions_before(last.instant() + chrono::TimeDelta::nanoseconds(1))
        .take(expected.len())
        .collect();
    backward.reverse();
    assert_eq!(backward, found, "before {}", last.to_rfc3339());
}

const DAILY: &str = "WEEK/1,2,3,4,5,6,7";

#[test]
fn a_time_in_a_gap_moves_forward_by_its_length() {
    for (zone, time, after, expected) in [
        // 02:00 becomes 03:00.
        (
            "America/New_York",
            "02:30:00",
            "2026-03-08T00:00:00Z",
            "2026-03-08T03:30:00-04:00",
        ),
        // Just after the change, with the moved time still to come.
        (
            "America/New_York",
            "02:30:00",
            "2026-03-08T07:10:00Z",
            "2026-03-08T03:30:00-04:00",
        ),
        (
            "America/New_York",
            "02:30:00",
            "2026-03-08T07:30:00Z",
            "2026-03-09T02:30:00-04:00",
        ),
        (
            "America/New_York",
            "02:00:00",
            "2026-03-08T00:00:00Z",
            "2026-03-08T03:00:00-04:00",
        ),
        (
            "America/New_York",
            "02:59:59",
            "2026-03-08T00:00:00Z",
            "2026-03-08T03:59:59-04:00",
        ),
        (
            "America/New_York",
            "03:00:00",
            "2026-03-08T00:00:00Z",
            "2026-03-08T03:00:00-04:00",
        ),
        // Half an hour.
        (
            "Australia/Lord_Howe",
            "02:15:00",
            "2026-10-03T00:00:00Z",
            "2026-10-04T02:45:00+11:00",
        ),
        // 02:45 becomes 03:45.
        (
            "Pacific/Chatham",
            "03:00:00",
            "2026-09-26T00:00:00Z",
            "2026-09-27T04:00:00+13:45",
        ),
        // Midnight.
        (
            "America/Sao_Paulo",
            "00:00:00",
            "2018-11-03T12:00:00Z",
            "2018-11-04T01:00:00-02:00",
        ),
        (
            "Africa/Cairo",
            "00:00:00",
            "2026-04-23T12:00:00Z",
            "2026-04-24T01:00:00+03:00",
        ),
        (
            "Asia/Beirut",
            "00:30:00",
            "2026-03-28T12:00:00Z",
            "2026-03-29T01:30:00+03:00",
        ),
        // From 23:00 to midnight: on the next date of the wall clock.
        (
            "America/Nuuk",
            "23:30:00",
            "2024-03-30T12:00:00Z",
            "2024-03-31T00:30:00-01:00",
        ),
        (
            "America/Nuuk",
            "23:30:00",
            "2024-03-31T01:10:00Z",
            "2024-03-31T00:30:00-01:00",
        ),
        // Summer is the standard time.
        (
            "Europe/Dublin",
            "01:30:00",
            "2026-03-28T12:00:00Z",
            "2026-03-29T02:30:00+01:00",
        ),
    ] {
        assert_executions(schedule(DAILY, time, zone), after, &[expected]);
    }
}

#[test]
fn a_time_in_a_fold_is_the_first_of_two_and_once() {
    for (zone, time, after, expected) in [
        (
            "America/New_York",
            "01:30:00",
            "2026-11-01T00:00:00Z",
            "2026-11-01T01:30:00-04:00",
        ),
        (
            "America/New_York",
            "01:30:00",
            "2026-11-01T05:29:59.999999999Z",
            "2026-11-01T01:30:00-04:00",
        ),
        (
            "America/New_York",
            "01:30:00",
            "2026-11-01T05:30:00Z",
            "2026-11-02T01:30:00-05:00",
        ),
        // In the second pass.
        (
            "America/New_York",
            "01:30:00",
            "2026-11-01T06:10:00Z",
            "2026-11-02T01:30:00-05:00",
        ),
        (
            "America/New_York",
            "02:00:00",
            "2026-11-01T06:10:00Z",
            "2026-11-01T02:00:00-05:00",
        ),
        (
            "Australia/Lord_Howe",
            "01:45:00",
            "2026-04-04T00:00:00Z",
            "2026-04-05T01:45:00+11:00",
        ),
        (
            "America/Havana",
            "00:30:00",
            "2027-11-06T12:00:00Z",
            "2027-11-07T00:30:00-04:00",
        ),
        (
            "Europe/Dublin",
            "01:30:00",
            "2026-10-24T12:00:00Z",
            "2026-10-25T01:30:00+01:00",
        ),
    ] {
        assert_executions(schedule(DAILY, time, zone), after, &[expected]);
    }
}

#[test]
fn before_the_second_pass_comes_the_first_one() {
    let schedule = schedule(DAILY, "01:30:00", "America/New_York");
    let second_pass = instant("2026-11-01T06:10:00Z");
    let found = schedule.previous_execution(second_pass).unwrap();
    assert_eq!(found.to_rfc3339(), "2026-11-01T01:30:00-04:00");
}

#[test]
fn a_skipped_day_executes_once_with_the_next_one() {
    assert_executions(
        schedule(DAILY, "10:00:00", "Pacific/Apia"),
        "2011-12-29T12:00:00Z",
        &[
            "2011-12-29T10:00:00-10:00",
            "2011-12-31T10:00:00+14:00",
            "2012-01-01T10:00:00+14:00",
        ],
    );
    assert_executions(
        schedule(DAILY, "12:00:00", "Pacific/Kwajalein"),
        "1993-08-20T12:00:00Z",
        &[
            "1993-08-20T12:00:00-12:00",
            "1993-08-22T12:00:00+12:00",
            "1993-08-23T12:00:00+12:00",
        ],
    );
    // Named for a day that never was.
    let friday = schedule("FIXED_TIME/2011-12-30", "10:00:00", "Pacific/Apia");
    assert_executions(
        friday,
        "2011-12-29T12:00:00Z",
        &["2011-12-31T10:00:00+14:00"],
    );
    assert_executions(
        friday,
        "2011-12-30T19:59:59Z",
        &["2011-12-31T10:00:00+14:00"],
    );
    assert_eq!(friday.next_execution(instant("2011-12-30T20:00:00Z")), None);
}

#[test]
fn the_other_rules_for_gaps() {
    for (rule, recurrence, expected) in [
        (GapRule::Forward, DAILY, "2026-03-08T03:30:00-04:00"),
        (GapRule::GapEnd, DAILY, "2026-03-08T03:00:00-04:00"),
        (GapRule::Skip, DAILY, "2026-03-09T02:30:00-04:00"),
        (GapRule::Skip, "WEEK/1", "2026-03-15T02:30:00-04:00"),
    ] {
        let schedule = schedule(recurrence, "02:30:00", "America/New_York").with_gap_rule(rule);
        assert_eq!(schedule.gap_rule(), rule);
        assert_executions(schedule, "2026-03-07T12:00:00Z", &[expected]);
    }
    let skipped = schedule("FIXED_TIME/2026-03-08", "02:30:00", "America/New_York");
    let skipped = skipped.with_gap_rule(GapRule::Skip);
    assert_eq!(skipped.next_execution(DateTime::<Utc>::MIN_UTC), None);
    assert_eq!(skipped.previous_execution(DateTime::<Utc>::MAX_UTC), None);
    // Both the skipped day and the next one would be at midnight.
    let midnight = schedule(DAILY, "00:00:00", "Pacific/Apia").with_gap_rule(GapRule::GapEnd);
    assert_executions(
        midnight,
        "2011-12-29T12:00:00Z",
        &["2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"],
    );
}

#[test]
fn a_yearly_time_that_a_zone_skips_for_many_years_is_still_found() {
    // Egypt put its clocks forward on 1 May, at 1 o'clock, from 1959 to 1981.
    let schedule = schedule("MONTH/5/1", "01:30:00", "Africa/Cairo").with_gap_rule(GapRule::Skip);
    assert_executions(
        schedule,
        "1958-06-01T00:00:00Z",
        &["1982-05-01T01:30:00+02:00", "1983-05-01T01:30:00+02:00"],
    );
}

#[test]
fn month_ends_and_leap_years() {
    for (recurrence, after, expected) in [
        (
            "MONTH/1,2,3,4/L",
            "2027-12-31T00:00:00Z",
            &[
                "2028-01-31",
                "2028-02-29",
                "2028-03-31",
                "2028-04-30",
                "2029-01-31",
            ][..],
        ),
        (
            "MONTH/1,2,3,4/31",
            "2027-12-31T00:00:00Z",
            &["2028-01-31", "2028-03-31"],
        ),
        (
            "MONTH/2/29",
            "2026-01-01T00:00:00Z",
            &["2028-02-29", "2032-02-29"],
        ),
        ("MONTH/2/29", "1896-02-29T00:00:00Z", &["1904-02-29"]),
        (
            "MONTH/2/29",
            "1996-03-01T00:00:00Z",
            &["2000-02-29", "2004-02-29"],
        ),
        (
            "MONTH/2/29",
            "2096-02-28T12:00:00Z",
            &["2096-02-29", "2104-02-29"],
        ),
        // Named as a date and as the last day: once.
        (
            "MONTH/2/28,L",
            "2027-02-01T00:00:00Z",
            &["2027-02-28", "2028-02-28", "2028-02-29"],
        ),
        (
            "MONTH/2/29,30,31,L",
            "2028-02-01T00:00:00Z",
            &["2028-02-29", "2029-02-28"],
        ),
        (
            "MONTH/2,3/29",
            "2026-12-01T00:00:00Z",
            &["2027-03-29", "2028-02-29", "2028-03-29"],
        ),
        (
            "MONTH/12,1/1,31",
            "2026-12-01T12:00:00Z",
            &["2026-12-31", "2027-01-01", "2027-01-31"],
        ),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|date| format!("{date}T00:00:00+00:00"))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        assert_executions(schedule(recurrence, "00:00:00", "UTC"), after, &expected);
    }
}

#[test]
fn a_day_schedule_counts_on_across_months() {
    assert_executions(
        schedule("DAY/3/2026-01-27", "08:00:00", "Asia/Shanghai"),
        "2026-01-01T00:00:00Z",
        &[
            "2026-01-27T08:00:00+08:00",
            "2026-01-30T08:00:00+08:00",
            "2026-02-02T08:00:00+08:00",
        ],
    );
    // It has counted since the first of years.
    assert_executions(
        schedule("DAY/31/0001-01-01", "08:00:00", "Asia/Shanghai"),
        "2026-01-01T00:00:00Z",
        &["2026-01-14T08:00:00+08:00", "2026-02-14T08:00:00+08:00"],
    );
}

#[test]
fn a_day_schedule_without_a_start_counts_from_when_it_is_asked_or_was_added() {
    let zone = "Asia/Shanghai".parse().unwrap();
    let asked = Schedule::daily(3, "08:00:00".parse().unwrap(), zone).unwrap();
    // 07:00, and 09:00, in Shanghai.
    let [early, late] = [
        instant("2026-01-26T23:00:00Z"),
        instant("2026-01-27T01:00:00Z"),
    ];
    let [today, later] = ["2026-01-27 08:00:00", "2026-01-30 08:00:00"];
    assert_eq!(asked.next_execution(early).unwrap().to_string(), today);
    assert_eq!(asked.next_execution(late).unwrap().to_string(), later);
    assert_eq!(asked.previous_execution(early), None);
    assert_eq!(asked.previous_execution(late).unwrap().to_string(), today);
    // At midnight a new date has begun.
    let midnight = instant("2026-01-27T16:00:00Z");
    assert_eq!(asked.previous_execution(midnight), None);
    // A sequence keeps counting from its beginning.
    let second = asked.executions(late).nth(1).unwrap();
    assert_eq!(second.to_string(), "2026-02-02 08:00:00");

    let added = asked.counting_from(early);
    assert_eq!(added.counting_from(instant("2026-01-28T00:00:00Z")), added);
    let next = added
        .next_execution(instant("2026-01-28T00:00:00Z"))
        .unwrap();
    assert_eq!(next.to_string(), later);
    let first = "2026-01-27".parse().ok();
    assert_eq!((added.start_date(), asked.start_date()), (first, None));

    let started = added
        .with_start_date("2026-02-10".parse().unwrap())
        .unwrap();
    assert_eq!(
        started.next_execution(late).unwrap().to_string(),
        "2026-02-10 08:00:00"
    );
    assert_eq!(started.counting_from(late), started);
}

#[test]
fn an_expiry_is_inclusive_and_a_moment_whatever_the_rule_for_gaps() {
    let skip = GapRule::Skip;
    for (time, expire, rule, expected) in [
        (
            "10:00:00",
            "2026-03-07 10:00:00",
            GapRule::Forward,
            Some("2026-03-07 10:00:00"),
        ),
        (
            "10:00:00",
            "2026-03-07 09:59:59",
            GapRule::Forward,
            Some("2026-03-06 10:00:00"),
        ),
        ("10:00:00", "0001-01-01 00:00:00", GapRule::Forward, None),
        // In a gap: 02:30 is 03:30, also where executions are moved to 03:00 or left out.
        (
            "03:30:00",
            "2026-03-08 02:30:00",
            GapRule::Forward,
            Some("2026-03-08 03:30:00"),
        ),
        (
            "03:30:01",
            "2026-03-08 02:30:00",
            GapRule::Forward,
            Some("2026-03-07 03:30:01"),
        ),
        (
            "03:30:00",
            "2026-03-08 02:30:00",
            GapRule::GapEnd,
            Some("2026-03-08 03:30:00"),
        ),
        (
            "03:30:01",
            "2026-03-08 02:30:00",
            GapRule::GapEnd,
            Some("2026-03-07 03:30:01"),
        ),
        (
            "03:30:00",
            "2026-03-08 02:30:00",
            skip,
            Some("2026-03-08 03:30:00"),
        ),
        (
            "03:30:01",
            "2026-03-08 02:30:00",
            skip,
            Some("2026-03-07 03:30:01"),
        ),
        (
            "02:30:00",
            "2026-03-08 02:00:00",
            GapRule::GapEnd,
            Some("2026-03-08 03:00:00"),
        ),
        (
            "02:30:00",
            "2026-03-08 02:00:00",
            GapRule::Forward,
            Some("2026-03-07 02:30:00"),
        ),
        (
            "02:30:00",
            "2026-03-08 02:00:00",
            skip,
            Some("2026-03-07 02:30:00"),
        ),
        // In a fold: the first of two, when 02:00 has not come yet.
        (
            "01:30:00",
            "2026-11-01 01:30:00",
            GapRule::Forward,
            Some("2026-11-01 01:30:00"),
        ),
        (
            "01:30:01",
            "2026-11-01 01:30:00",
            GapRule::Forward,
            Some("2026-10-31 01:30:01"),
        ),
    ] {
        let expire = taskdex::schedule::text::parse_date_time(expire).unwrap();
        let free = schedule(DAILY, time, "America/New_York");
        let expiring = free.with_expire_time(expire).unwrap().with_gap_rule(rule);
        assert_eq!(
            free.with_gap_rule(rule).with_expire_time(expire).unwrap(),
            expiring
        );
        let last = expiring.previous_execution(DateTime::<Utc>::MAX_UTC);
        assert_eq!(
            last.map(|last| last.to_string()).as_deref(),
            expected,
            "{time} {expire}"
        );
        if let Some(last) = last {
            assert_eq!(expiring.next_execution(last.instant()), None);
        }
    }
}

#[test]
fn soon_after_an_expiry_only_what_was_before_it_has_happened() {
    let expire = "2026-03-07T09:59:59".parse().unwrap();
    let schedule = schedule(DAILY, "10:00:00", "UTC")
        .with_expire_time(expire)
        .unwrap();
    for now in [
        "2026-03-07T09:59:59Z",
        "2026-03-07T10:00:01Z",
        "2026-03-07T10:30:00Z",
    ] {
        let last = schedule.previous_execution(instant(now)).unwrap();
        assert_eq!(last.to_string(), "2026-03-06 10:00:00");
        assert_eq!(schedule.neighbours(instant(now)), (Some(last), None));
    }
}

/// In 2026 several governments moved clocks after chrono-tz had its last edition: by that one,
/// each of these answers was an hour off, or a day.
#[test]
#[cfg_attr(not(feature = "bundled-zones"), ignore = "needs the edition of 2026")]
fn what_clocks_show_since_the_changes_of_2026() {
    for (zone, time, after, expected) in [
        (
            "Africa/Casablanca",
            "09:00:00",
            "2026-11-26T08:30:00Z",
            ["2026-11-26T09:00:00+00:00", "2026-11-27T09:00:00+00:00"],
        ),
        (
            "Africa/El_Aaiun",
            "09:00:00",
            "2026-11-26T08:30:00Z",
            ["2026-11-26T09:00:00+00:00", "2026-11-27T09:00:00+00:00"],
        ),
        (
            "America/Vancouver",
            "09:00:00",
            "2026-11-26T16:30:00Z",
            ["2026-11-27T09:00:00-07:00", "2026-11-28T09:00:00-07:00"],
        ),
        (
            "America/Edmonton",
            "09:00:00",
            "2026-11-26T15:30:00Z",
            ["2026-11-27T09:00:00-06:00", "2026-11-28T09:00:00-06:00"],
        ),
        (
            "America/Inuvik",
            "09:00:00",
            "2026-11-26T15:30:00Z",
            ["2026-11-27T09:00:00-06:00", "2026-11-28T09:00:00-06:00"],
        ),
        (
            "America/Winnipeg",
            "09:00:00",
            "2026-11-26T14:30:00Z",
            ["2026-11-27T09:00:00-05:00", "2026-11-28T09:00:00-05:00"],
        ),
        (
            "America/Havana",
            "09:00:00",
            "2026-11-26T13:30:00Z",
            ["2026-11-27T09:00:00-04:00", "2026-11-28T09:00:00-04:00"],
        ),
        (
            "Canada/Pacific",
            "23:30:00",
            "2026-12-01T00:00:00Z",
            ["2026-11-30T23:30:00-07:00", "2026-12-01T23:30:00-07:00"],
        ),
        // With the European Union, which puts these clocks forward at 03:00: no gap at 02:30.
        (
            "Europe/Chisinau",
            "02:30:00",
            "2027-03-27T12:00:00Z",
            ["2027-03-28T02:30:00+02:00", "2027-03-29T02:30:00+03:00"],
        ),
    ] {
        assert_executions(schedule(DAILY, time, zone), after, &expected);
    }
}

/// The zones list changes up to some year; beyond it, the rule in the footer of their data decides.
#[test]
#[cfg_attr(not(feature = "bundled-zones"), ignore = "chrono-tz has no rules")]
fn clocks_change_by_the_rule_of_their_zone_for_ever() {
    for (zone, time, after, expected) in [
        // Gaps, of an hour, half of one, and two.
        (
            "America/New_York",
            "02:30:00",
            "2100-03-13T12:00:00Z",
            ["2100-03-14T03:30:00-04:00", "2100-03-15T02:30:00-04:00"],
        ),
        (
            "America/New_York",
            "02:30:00",
            "2400-03-11T12:00:00Z",
            ["2400-03-12T03:30:00-04:00", "2400-03-13T02:30:00-04:00"],
        ),
        (
            "Europe/Paris",
            "02:30:00",
            "2200-03-29T12:00:00Z",
            ["2200-03-30T03:30:00+02:00", "2200-03-31T02:30:00+02:00"],
        ),
        (
            "Europe/Paris",
            "02:30:00",
            "9998-03-28T12:00:00Z",
            ["9998-03-29T03:30:00+02:00", "9998-03-30T02:30:00+02:00"],
        ),
        (
            "Australia/Sydney",
            "02:15:00",
            "2150-10-03T00:00:00Z",
            ["2150-10-04T03:15:00+11:00", "2150-10-05T02:15:00+11:00"],
        ),
        (
            "Australia/Lord_Howe",
            "02:15:00",
            "2300-10-06T00:00:00Z",
            ["2300-10-07T02:45:00+11:00", "2300-10-08T02:15:00+11:00"],
        ),
        (
            "Pacific/Chatham",
            "03:00:00",
            "2222-09-28T00:00:00Z",
            ["2222-09-29T04:00:00+13:45", "2222-09-30T03:00:00+13:45"],
        ),
        (
            "Antarctica/Troll",
            "01:30:00",
            "2250-03-30T12:00:00Z",
            ["2250-03-31T03:30:00+02:00", "2250-04-01T01:30:00+02:00"],
        ),
        (
            "America/Santiago",
            "00:00:00",
            "2199-09-07T12:00:00Z",
            ["2199-09-08T01:00:00-03:00", "2199-09-09T00:00:00-03:00"],
        ),
        // Folds: the first of the two.
        (
            "America/New_York",
            "01:30:00",
            "2150-10-31T12:00:00Z",
            ["2150-11-01T01:30:00-04:00", "2150-11-02T01:30:00-05:00"],
        ),
        (
            "Europe/Paris",
            "02:30:00",
            "2399-10-30T12:00:00Z",
            ["2399-10-31T02:30:00+02:00", "2399-11-01T02:30:00+01:00"],
        ),
        (
            "Africa/Cairo",
            "23:30:00",
            "2345-10-24T22:00:00Z",
            ["2345-10-25T23:30:00+03:00", "2345-10-26T23:30:00+02:00"],
        ),
        (
            "Europe/Dublin",
            "01:30:00",
            "2101-10-29T12:00:00Z",
            ["2101-10-30T01:30:00+01:00", "2101-10-31T01:30:00+00:00"],
        ),
        // Neither.
        (
            "Australia/Sydney",
            "12:00:00",
            "2150-07-01T00:00:00Z",
            ["2150-07-01T12:00:00+10:00", "2150-07-02T12:00:00+10:00"],
        ),
        (
            "Asia/Gaza",
            "12:00:00",
            "2150-06-30T12:00:00Z",
            ["2150-07-01T12:00:00+03:00", "2150-07-02T12:00:00+03:00"],
        ),
    ] {
        assert_executions(schedule(DAILY, time, zone), after, &expected);
    }
    for (rule, expected) in [
        (GapRule::GapEnd, "2150-03-08T03:00:00-04:00"),
        (GapRule::Skip, "2150-03-09T02:30:00-04:00"),
    ] {
        let schedule = schedule(DAILY, "02:30:00", "America/New_York").with_gap_rule(rule);
        assert_executions(schedule, "2150-03-07T12:00:00Z", &[expected]);
    }
}

#[test]
fn the_first_and_the_last_date() {
    let [first, last] = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];
    for zone in [
        "UTC",
        "Asia/Shanghai",
        "America/New_York",
        "+14:00",
        "-14:00",
    ] {
        for (recurrence, first_date, last_date) in [
            (DAILY, "0001-01-01", "9999-12-31"),
            ("DAY/7/9999-12-20", "9999-12-20", "9999-12-27"),
            ("DAY/1/0001-01-01", "0001-01-01", "9999-12-31"),
            ("MONTH/2/29", "0004-02-29", "9996-02-29"),
            ("MONTH/1,12/1", "0001-01-01", "9999-12-01"),
            ("MONTH/1,12/L", "0001-01-31", "9999-12-31"),
            ("FIXED_TIME/0001-01-01", "0001-01-01", "0001-01-01"),
            ("FIXED_TIME/9999-12-31", "9999-12-31", "9999-12-31"),
        ] {
            for time in ["00:00:00", "23:59:59"] {
                let schedule = schedule(recurrence, time, zone);
                let shown = |found: Option<Execution>| found.map(|found| found.to_string());
                assert_eq!(
                    shown(schedule.next_execution(first)),
                    Some(format!("{first_date} {time}"))
                );
                assert_eq!(
                    shown(schedule.previous_execution(last)),
                    Some(format!("{last_date} {time}"))
                );
                assert_eq!(schedule.next_execution(last), None);
                assert_eq!(schedule.previous_execution(first), None);
                let end = schedule.previous_execution(last).unwrap();
                assert_eq!(schedule.next_execution(end.instant()), None);
                let begin = schedule.next_execution(first).unwrap();
                assert_eq!(schedule.previous_execution(begin.instant()), None);
            }
        }
    }
    // Without a start it counts from no date of those years.
    let daily = Schedule::daily(1, "00:00:00".parse().unwrap(), TimeZone::UTC).unwrap();
    assert_eq!(daily.next_execution(last), None);
    assert_eq!(daily.counting_from(last).next_execution(first), None);
    assert_eq!(daily.previous_execution(first), None);
}

#[test]
fn offsets_are_written_to_the_minute() {
    for (zone, after, expected) in [
        ("UTC", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00+00:00"),
        ("Z", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00+00:00"),
        (
            "-00:00",
            "2026-01-01T00:00:00Z",
            "2026-01-01T12:00:00+00:00",
        ),
        ("GMT-3", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00-03:00"),
        // 8 hours, 5 minutes and 43 seconds.
        (
            "Asia/Shanghai",
            "1800-01-01T00:00:00Z",
            "1800-01-01T12:00:00+08:06",
        ),
        // 16 minutes and 8 seconds behind.
        (
            "Africa/Abidjan",
            "1800-01-01T00:00:00Z",
            "1800-01-01T12:00:00-00:16",
        ),
        // 44 minutes and 30 seconds behind.
        (
            "Africa/Monrovia",
            "1960-01-01T00:00:00Z",
            "1960-01-01T12:00:00-00:45",
        ),
    ] {
        assert_executions(schedule(DAILY, "12:00:00", zone), after, &[expected]);
    }
}

#[test]
fn what_no_schedule_can_be_is_refused() {
    let zone = TimeZone::UTC;
    let time: chrono::NaiveTime = "12:00:00".parse().unwrap();
    let date = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let leap_second = "23:59:60".parse().unwrap();
    let daily = Schedule::daily(1, time, zone).unwrap();
    let weekly = Schedule::weekly("1".parse().unwrap(), time, zone).unwrap();
    let monthly = |months: &str, dates: &str| {
        Schedule::monthly(months.parse().unwrap(), dates.parse().unwrap(), time, zone)
    };
    for (refused, kind, parameter) in [
        (
            Schedule::fixed_time(date(0), time, zone),
            ErrorKind::OutOfRange,
            "scheduled_date",
        ),
        (
            Schedule::fixed_time(date(10_000), time, zone),
            ErrorKind::OutOfRange,
            "scheduled_date",
        ),
        (
            Schedule::fixed_time(date(1), leap_second, zone),
            ErrorKind::InvalidSyntax,
            "scheduled_time",
        ),
        (
            Schedule::daily(0, time, zone),
            ErrorKind::OutOfRange,
            "day_interval",
        ),
        (
            Schedule::daily(32, time, zone),
            ErrorKind::OutOfRange,
            "day_interval",
        ),
        (
            Schedule::daily(257, time, zone),
            ErrorKind::OutOfRange,
            "day_interval",
        ),
        (
            daily.with_start_date(date(0)),
            ErrorKind::OutOfRange,
            "start_date",
        ),
        (
            weekly.with_start_date(date(2026)),
            ErrorKind::ImpossibleSchedule,
            "start_date",
        ),
        (
            daily.with_expire_time(date(0).and_time(time)),
            ErrorKind::OutOfRange,
            "expire_time",
        ),
        (
            daily.with_expire_time(date(10_000).and_time(time)),
            ErrorKind::OutOfRange,
            "expire_time",
        ),
        (
            daily.with_expire_time(date(2026).and_time(leap_second)),
            ErrorKind::InvalidSyntax,
            "expire_time",
        ),
        (
            monthly("2", "30"),
            ErrorKind::ImpossibleSchedule,
            "date_list",
        ),
        (
            monthly("2", "30,31"),
            ErrorKind::ImpossibleSchedule,
            "date_list",
        ),
        (
            monthly("2,4,6,9,11", "31"),
            ErrorKind::ImpossibleSchedule,
            "date_list",
        ),
    ] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), error.parameter()), (kind, parameter));
    }
    for (months, dates) in [("2", "29"), ("2,4", "30"), ("2,3", "31"), ("2", "30,L")] {
        assert!(monthly(months, dates).is_ok(), "{dates} of {months}");
    }
}
