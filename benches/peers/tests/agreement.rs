//! The first executions of seeded schedules, beside those of three libraries.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc};
use taskdex_peers::peers::{Cron, Croner, Cronexpr, Peer, Rrule, Taskdex, Wordless};
use taskdex_peers::plans::{Dates, KINDS, Kind, Plan, STEADY_ZONES, random_now};
use taskdex_peers::random::Random;

/// Plans of each kind.
const PLANS: usize = 1_500;

/// How many executions of each plan are compared.
const EXECUTIONS: usize = 5;

/// How many plans of a kind a peer agreed on, and how many it has no words for.
#[derive(Debug, Default)]
struct Tally {
    agreed: usize,
    wordless: BTreeMap<Wordless, usize>,
}

#[test]
fn the_next_executions_are_those_of_cron() {
    for (kind, tally) in compare::<Cron>(0x0c01) {
        assert_tally(kind, &tally, &[Wordless::LastDay]);
    }
}

#[test]
fn the_next_executions_are_those_of_croner() {
    for (kind, tally) in compare::<Croner>(0x0c02) {
        assert_tally(kind, &tally, &[]);
    }
}

#[test]
fn the_next_executions_are_those_of_rrule() {
    for (kind, tally) in compare::<Rrule>(0x0c03) {
        assert_eq!(tally.agreed, PLANS, "{kind:?}: {tally:?}");
    }
}

/// Of whole minutes, as it has nothing shorter; and without the last day of December, which it
/// does not find.
#[test]
fn the_next_executions_are_those_of_cronexpr() {
    let whole_minute = |plan: &mut Plan| {
        plan.time = plan.time.with_second(0).unwrap();
        plan.dates.leave_out_the_last_of_december();
    };
    for (kind, tally) in compare_with::<Cronexpr>(0x0c04, whole_minute) {
        if kind == Kind::FixedTime {
            assert_eq!(
                tally.wordless.get(&Wordless::Year),
                Some(&PLANS),
                "{tally:?}"
            );
        } else {
            assert_tally(kind, &tally, &[]);
        }
    }
}

/// `cron` cannot say every third day: `*/3` begins anew with each month, and
/// taskdex goes on counting, as `rrule` does.
#[test]
fn every_few_days_goes_on_across_the_end_of_a_month() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let start = "2026-01-01".parse().unwrap();
    let plan = Plan {
        dates: Dates::EveryDays(3, start),
        time: NaiveTime::MIN,
        zone: STEADY_ZONES[0],
        expires: None,
    };
    let dates = |seconds: Vec<i64>| {
        let date = |second| DateTime::from_timestamp(second, 0).unwrap().date_naive();
        let texts: Vec<String> = (seconds.into_iter())
            .map(|second| date(second).format("%m-%d").to_string())
            .collect();
        texts[9..].join(" ")
    };
    let taskdex = Taskdex::of(&plan, now).unwrap().executions(now, 12);
    let rrule = Rrule::of(&plan, now).unwrap().executions(now, 12);
    assert_eq!(dates(taskdex), "01-31 02-03 02-06");
    assert_eq!(dates(rrule), "01-31 02-03 02-06");
    let stepped: cron::Schedule = "0 0 0 */3 * ?".parse().unwrap();
    let cron = stepped.after(&now).take(12).map(|time| time.timestamp());
    assert_eq!(dates(cron.collect()), "01-31 02-01 02-04");
}

/// The sequences end where their libraries do.
#[test]
fn the_last_executions_are_at_the_end_of_each_librarys_years() {
    let now = "2099-12-31T00:00:00Z".parse().unwrap();
    let plan = Plan {
        dates: Dates::Monthly {
            months: vec![12],
            dates: vec![31],
            last: false,
        },
        time: NaiveTime::MIN,
        zone: STEADY_ZONES[0],
        expires: None,
    };
    let last_year = |seconds: Vec<i64>| {
        let last = *seconds.last().unwrap();
        DateTime::from_timestamp(last, 0).unwrap().year()
    };
    let all = usize::MAX;
    let taskdex = Taskdex::of(&plan, now).unwrap().executions(now, all);
    assert_eq!(last_year(taskdex), 9999);
    let cron = Cron::of(&plan, now).unwrap().executions(now, all);
    assert_eq!(last_year(cron), 2100);
    let croner = Croner::of(&plan, now).unwrap().executions(now, all);
    assert_eq!(last_year(croner), 4999);
}

/// Nothing is left out but what cannot be said: an expiry, in a quarter of the
/// plans, and what the kind names.
fn assert_tally(kind: Kind, tally: &Tally, unknown: &[Wordless]) {
    let (wordless, agreed_min) = match kind {
        Kind::EveryFewDays => (vec![Wordless::DayInterval], 0),
        Kind::Daily => (vec![Wordless::StartDate, Wordless::Expiry], PLANS / 4),
        Kind::MonthLast if unknown.contains(&Wordless::LastDay) => (vec![Wordless::LastDay], 0),
        _ => (vec![Wordless::Expiry], PLANS * 2 / 3),
    };
    let met: Vec<Wordless> = tally.wordless.keys().copied().collect();
    assert_eq!(met, wordless, "what has no words in {kind:?}");
    assert!(tally.agreed >= agreed_min, "{kind:?}: {tally:?}");
    let left_out: usize = tally.wordless.values().sum();
    assert_eq!(tally.agreed + left_out, PLANS);
}

/// Compares taskdex with `P` over seeded plans of every kind.
fn compare<P: Peer>(seed: u64) -> Vec<(Kind, Tally)> {
    compare_with::<P>(seed, |_| ())
}

/// Compares over plans that are changed before.
fn compare_with<P: Peer>(seed: u64, change: impl Fn(&mut Plan)) -> Vec<(Kind, Tally)> {
    let random = &mut Random::new(seed);
    let mut tallies = Vec::new();
    for kind in KINDS {
        let mut tally = Tally::default();
        for _ in 0..PLANS {
            let zone = random.pick(&STEADY_ZONES);
            // Five leap days later is still before 2100, with which `cron` ends.
            let now = random_now(random, 1996, 2070);
            let mut plan = Plan::random(random, kind, zone, now);
            change(&mut plan);
            let taskdex = Taskdex::of(&plan, now).expect("taskdex has words for all");
            let now = on_an_edge(random, &taskdex, now);
            match P::of(&plan, now) {
                Ok(peer) => {
                    assert_agreement(&plan, now, &taskdex, &peer);
                    tally.agreed += 1;
                }
                Err(wordless) => *tally.wordless.entry(wordless).or_default() += 1,
            }
        }
        tallies.push((kind, tally));
    }
    tallies
}

/// Often `now`, and often the instant of an execution after it, or a second aside.
fn on_an_edge(random: &mut Random, taskdex: &Taskdex, now: DateTime<Utc>) -> DateTime<Utc> {
    let near = taskdex.next_execution(now);
    match near.filter(|_| random.percent(50)) {
        Some(edge) => edge + TimeDelta::seconds(random.between(-1, 1)),
        None => now,
    }
}

fn assert_agreement<P: Peer>(plan: &Plan, now: DateTime<Utc>, taskdex: &Taskdex, peer: &P) {
    let ours = taskdex.executions(now, EXECUTIONS);
    let theirs = peer.executions(now, EXECUTIONS);
    assert_eq!(ours, theirs, "taskdex and {} of {plan:?} at {now}", P::NAME);
    let next = peer.next_execution(now).map(|time| time.timestamp());
    assert_eq!(next, theirs.first().copied(), "{} by itself", P::NAME);
    let next = taskdex.next_execution(now).map(|time| time.timestamp());
    assert_eq!(next, ours.first().copied(), "taskdex by itself");
}
