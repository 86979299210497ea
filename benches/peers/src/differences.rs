//! Where the libraries answer differently: news for whoever changes from one to another.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use taskdex::TimeZone;

use crate::peers::{Cron, Croner, Cronexpr, Peer, Rrule, Taskdex, Wordless};
use crate::plans::{Dates, Plan, Zone};

/// A schedule and an instant about which libraries differ.
struct Difference {
    what: String,
    plan: Plan,
    now: &'static str,
}

/// A table of what each library answers, computed by this run, and the zones whose data differ.
///
/// # Panics
///
/// Where a library refuses what it has words for.
#[must_use]
pub fn tables() -> String {
    let mut text = String::from(
        "\n## Differences: the next two executions, in UTC\n\n\
        | schedule | taskdex | cron | croner | cronexpr | rrule |\n\
        | --- | --- | --- | --- | --- | --- |\n",
    );
    for it in differences() {
        let now: DateTime<Utc> = it.now.parse().expect("an instant");
        let cells = [
            cell::<Taskdex>(&it.plan, now),
            cell::<Cron>(&it.plan, now),
            cell::<Croner>(&it.plan, now),
            cell::<Cronexpr>(&it.plan, now),
            cell::<Rrule>(&it.plan, now),
        ];
        let _ = writeln!(text, "| {} | {} |", it.what, cells.join(" | "));
    }
    let moved = moved_zones(YEAR_END.parse().expect("an instant"));
    let _ = writeln!(
        text,
        "\nZone data: on {}, {} zones of edition {}, which `cron`, `croner` and `rrule` read \
        through chrono-tz, have another offset than in {}: {}.",
        &YEAR_END[..10],
        moved.len(),
        chrono_tz::IANA_TZDB_VERSION,
        taskdex::schedule::zone_database_version(),
        moved
            .iter()
            .map(|tz| tz.name())
            .collect::<Vec<_>>()
            .join(", "),
    );
    text
}

const YEAR_END: &str = "2026-12-31T00:00:00Z";

/// Zones of chrono-tz whose offset at an instant is not taskdex's.
///
/// # Panics
///
/// Where taskdex does not know a name of the database.
#[must_use]
pub fn moved_zones(now: DateTime<Utc>) -> Vec<Tz> {
    let is_moved = |tz: &Tz| {
        let zone: TimeZone = tz.name().parse().expect("a name of the database");
        let wall = now.with_timezone(tz).naive_local();
        (wall - now.naive_utc()).num_seconds() != i64::from(zone.offset_seconds(now))
    };
    TZ_VARIANTS.into_iter().filter(is_moved).collect()
}

fn differences() -> Vec<Difference> {
    let plan = |dates, time: &str, tz| Plan {
        dates,
        time: time.parse().expect("a time of day"),
        zone: Zone::named(tz),
        expires: None,
    };
    let every_days =
        |interval, start: &str| Dates::EveryDays(interval, start.parse().expect("a date"));
    let new_york = Tz::America__New_York;
    let difference = |what: &str, plan, now| Difference {
        what: what.to_owned(),
        plan,
        now,
    };
    let mut differences = vec![
        difference(
            "daily 02:30 in New York, where the clock skips it on 2026-03-08",
            plan(every_days(1, "2026-01-01"), "02:30:00", new_york),
            "2026-03-08T05:00:00Z",
        ),
        difference(
            "daily 01:30 in New York, which the clock repeats on 2026-11-01",
            plan(every_days(1, "2026-01-01"), "01:30:00", new_york),
            "2026-11-01T04:00:00Z",
        ),
        difference(
            "Fridays 09:00 in Apia, which had no Friday 2011-12-30",
            plan(Dates::Weekdays(vec![6]), "09:00:00", Tz::Pacific__Apia),
            "2011-12-29T22:00:00Z",
        ),
        difference(
            "every three days from 2026-01-31",
            plan(every_days(3, "2026-01-31"), "08:00:00", Tz::UTC),
            "2026-01-31T00:00:00Z",
        ),
        difference(
            "the last day of each month, from December on",
            plan(
                Dates::Monthly {
                    months: (1..=12).collect(),
                    dates: vec![],
                    last: true,
                },
                "08:00:00",
                Tz::UTC,
            ),
            "2026-12-01T00:00:00Z",
        ),
        difference(
            "daily 08:00:30",
            plan(every_days(1, "2026-01-01"), "08:00:30", Tz::UTC),
            "2026-12-01T00:00:00Z",
        ),
        difference(
            "29 February at the end of 2099",
            plan(
                Dates::Monthly {
                    months: vec![2],
                    dates: vec![29],
                    last: false,
                },
                "08:00:00",
                Tz::UTC,
            ),
            "2099-12-31T00:00:00Z",
        ),
    ];
    let moved = moved_zones(YEAR_END.parse().expect("an instant"));
    if let Some(&tz) = moved.first() {
        differences.push(Difference {
            what: format!("daily 08:00 in {}, whose clocks changed by law", tz.name()),
            plan: plan(every_days(1, "2026-01-01"), "08:00:00", tz),
            now: YEAR_END,
        });
    }
    differences
}

/// What a library answers, or why it cannot be asked.
fn cell<P: Peer>(plan: &Plan, now: DateTime<Utc>) -> String {
    let peer = match P::of(plan, now) {
        Ok(peer) => peer,
        Err(wordless) => return format!("no {}", words(wordless)),
    };
    let found = peer.executions(now, 2);
    if found.is_empty() {
        return "none".to_owned();
    }
    let text = |second| {
        let instant = DateTime::from_timestamp(second, 0).expect("an instant");
        instant.format("%Y-%m-%d %H:%M").to_string()
    };
    found.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

fn words(wordless: Wordless) -> &'static str {
    match wordless {
        Wordless::DayInterval => "intervals of days",
        Wordless::StartDate => "start date",
        Wordless::LastDay => "last day",
        Wordless::Expiry => "expiry",
        Wordless::Year => "year",
        Wordless::Second => "seconds",
        Wordless::SkippedStart => "start that is skipped",
    }
}
