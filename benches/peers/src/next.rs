//! The next execution, from instant to instant, beside four libraries.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use taskdex::testkit::Workload;

use crate::measure::timed;
use crate::peers::{Cron, Croner, Cronexpr, Peer, Rrule, Taskdex};
use crate::plans::{Dates, Kind, Plan, Zone, time_of_day};
use crate::random::Random;
use crate::report::{Group, Place, Report};
use crate::run::Run;

/// How many plans of each kind are asked in turn.
const BATCH: usize = 256;

/// Zones: one whose clock has not changed since 1991, and one whose clock does.
const ZONES: [Tz; 2] = [Tz::Asia__Shanghai, Tz::America__New_York];

/// Kinds of schedule by their documented names.
const KINDS: [(Kind, &str); 5] = [
    (Kind::Daily, "DAY"),
    (Kind::EveryFewDays, "DAY, every 2 to 31"),
    (Kind::Week, "WEEK"),
    (Kind::Month, "MONTH"),
    (Kind::MonthLast, "MONTH with L"),
];

/// Plans of one kind in one zone, each with the instant it is asked about.
struct Contest {
    name: String,
    plans: Vec<(Plan, DateTime<Utc>)>,
}

/// Compares and times every library.
///
/// # Panics
///
/// Where an answer is not taskdex's.
pub fn run(run: &Run, report: &mut Report) {
    if !run.has(Group::Next) {
        return;
    }
    let random = &mut Random::new(0x0c31);
    for (kind, kind_name) in KINDS {
        for tz in ZONES {
            let contest = Contest {
                name: format!("{kind_name} in {}", tz.name()),
                plans: (0..BATCH).map(|_| plan(random, kind, tz)).collect(),
            };
            let answers = contest.enter::<Taskdex>(None, run, report);
            let answers = answers.expect("taskdex has words for all");
            assert!(answers.iter().all(Option::is_some), "{}", contest.name);
            contest.enter::<Cron>(Some(&answers), run, report);
            contest.enter::<Croner>(Some(&answers), run, report);
            contest.enter::<Cronexpr>(Some(&answers), run, report);
            contest.enter::<Rrule>(Some(&answers), run, report);
        }
    }
}

fn plan(random: &mut Random, kind: Kind, tz: Tz) -> (Plan, DateTime<Utc>) {
    let now = Workload::NOW + TimeDelta::seconds(random.between(0, 7 * 86_400 - 1));
    let zone = Zone::named(tz);
    let mut plan = Plan::random(random, kind, zone, now);
    plan.expires = None;
    // No clock of the two zones changes from four o'clock on, so all rules for changes come to
    // the same. Whole minutes, as `cronexpr` has nothing shorter.
    plan.time = time_of_day(60 * random.between(4 * 60, 24 * 60 - 1));
    if let Dates::EveryDays(interval, start) = &mut plan.dates {
        // `rrule` walks from the start, and the others know none: the best of both.
        *start = zone.date(now) - TimeDelta::days(random.between(0, i64::from(*interval) - 1));
    }
    plan.dates.leave_out_the_last_of_december();
    (plan, now)
}

impl Contest {
    /// Times a library, and returns its answers, which must be the given ones. `None` where it
    /// has no words for the kind.
    fn enter<P: Peer>(
        &self,
        expected: Option<&[Option<DateTime<Utc>>]>,
        run: &Run,
        report: &mut Report,
    ) -> Option<Vec<Option<DateTime<Utc>>>> {
        let peers = self
            .plans
            .iter()
            .map(|(plan, now)| Some((P::of(plan, *now).ok()?, *now)));
        let peers: Vec<(P, DateTime<Utc>)> = peers.collect::<Option<_>>()?;
        let answers = peers.iter().map(|(peer, now)| peer.next_execution(*now));
        let (answers, checked): (Vec<_>, _) = timed(|| answers.collect());
        for (position, expected) in expected.unwrap_or_default().iter().enumerate() {
            assert_eq!(
                answers[position],
                *expected,
                "{}: {:?}",
                P::NAME,
                self.plans[position]
            );
        }
        let median_ns = run.effort.median_ns(BATCH, checked, || {
            for (peer, now) in &peers {
                std::hint::black_box(peer.next_execution(std::hint::black_box(*now)));
            }
        });
        let place = Place {
            group: Group::Next,
            case: &self.name,
            n: None,
            matching: None,
        };
        report.time(place, P::NAME, median_ns);
        Some(answers)
    }
}
