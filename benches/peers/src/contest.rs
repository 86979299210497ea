//! Plans for the contest of the next execution, and their answers.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use taskdex::testkit::Workload;

use crate::peers::{Cron, Croner, Peer, Rrule, Taskdex};
use crate::plans::{Dates, Kind, Plan, Zone, time_of_day};
use crate::random::Random;

/// How many plans of each kind are asked in turn.
pub const BATCH: u32 = 256;

/// Zones: one whose clock has not changed since 1991, and one whose clock does.
const ZONES: [Tz; 2] = [Tz::Asia__Shanghai, Tz::America__New_York];

/// Kinds of schedule by their documented names.
const KINDS: [(Kind, &str); 4] = [
    (Kind::Daily, "DAY"),
    (Kind::EveryFewDays, "DAY, every 2 to 31"),
    (Kind::Week, "WEEK"),
    (Kind::Month, "MONTH"),
];

/// Plans of one kind in one zone, each with the instant it is asked about.
#[derive(Debug)]
pub struct Contest {
    /// The kind and the zone.
    pub name: String,
    plans: Vec<(Plan, DateTime<Utc>)>,
}

/// The plans of a contest in one library's own form.
#[derive(Debug)]
pub struct Batch<P>(Vec<(P, DateTime<Utc>)>);

/// Every library's batch; none where it has no words for the kind.
#[derive(Debug)]
pub struct Batches {
    /// taskdex.
    pub taskdex: Batch<Taskdex>,
    /// `cron`.
    pub cron: Option<Batch<Cron>>,
    /// `croner`.
    pub croner: Option<Batch<Croner>>,
    /// `rrule`.
    pub rrule: Batch<Rrule>,
}

/// All contests: seeded plans, asked about seeded instants of the week after
/// [`Workload::NOW`].
#[must_use]
pub fn contests() -> Vec<Contest> {
    let random = &mut Random::new(0x0c31);
    let mut contests = Vec::new();
    for (kind, kind_name) in KINDS {
        for tz in ZONES {
            contests.push(Contest {
                name: format!("{kind_name} in {}", tz.name()),
                plans: (0..BATCH).map(|_| plan(random, kind, tz)).collect(),
            });
        }
    }
    contests
}

fn plan(random: &mut Random, kind: Kind, tz: Tz) -> (Plan, DateTime<Utc>) {
    let now = Workload::NOW + TimeDelta::seconds(random.between(0, 7 * 86_400 - 1));
    let zone = Zone::named(tz);
    let mut plan = Plan::random(random, kind, zone, now);
    plan.expires = None;
    // No clock of the two zones changes from four o'clock on, so all rules for
    // changes come to the same.
    plan.time = time_of_day(random.between(4 * 3600, 86_399));
    if let Dates::EveryDays(interval, start) = &mut plan.dates {
        // `rrule` walks from the start, and `cron` knows none: the best of both.
        *start = zone.date(now) - TimeDelta::days(random.between(0, i64::from(*interval) - 1));
    }
    (plan, now)
}

impl Contest {
    /// The plans in each library's form, all of which give the same answers.
    #[must_use]
    pub fn batches(&self) -> Batches {
        let batches = Batches {
            taskdex: self.batch().expect("taskdex has words for all"),
            cron: self.batch(),
            croner: self.batch(),
            rrule: self.batch().expect("rrule has words for all"),
        };
        let answers = batches.taskdex.answers();
        assert!(answers.iter().all(Option::is_some), "{}", self.name);
        if let Some(cron) = &batches.cron {
            assert_eq!(answers, cron.answers(), "cron: {}", self.name);
        }
        if let Some(croner) = &batches.croner {
            assert_eq!(answers, croner.answers(), "croner: {}", self.name);
        }
        assert_eq!(answers, batches.rrule.answers(), "rrule: {}", self.name);
        batches
    }

    fn batch<P: Peer>(&self) -> Option<Batch<P>> {
        let peers = self.plans.iter().map(|(plan, now)| {
            let peer = P::of(plan, *now).ok()?;
            Some((peer, *now))
        });
        peers.collect::<Option<Vec<_>>>().map(Batch)
    }
}

impl<P: Peer> Batch<P> {
    /// The next execution of each plan.
    #[must_use]
    pub fn answers(&self) -> Vec<Option<DateTime<Utc>>> {
        let answer = |(peer, now): &(P, _)| peer.next_execution(*now);
        self.0.iter().map(answer).collect()
    }

    /// Asks for the next execution of each plan, from instant to instant.
    pub fn ask(&self) {
        for (peer, now) in &self.0 {
            let now = std::hint::black_box(*now);
            std::hint::black_box(peer.next_execution(now));
        }
    }
}
