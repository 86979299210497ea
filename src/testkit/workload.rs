//! Realistic tasks and queries from a seed.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc, Weekday};

use super::source::{Source, SplitMix64, mix};
use super::words::{ACTIONS, DEPARTMENTS, OCCASIONS, PLACES};
use crate::error::Error;
use crate::query::{ListQuery, NameMatch};
use crate::schedule::{MonthDate, MonthDates, Months, Schedule, TimeZone, Weekdays};
use crate::task::{LastStatus, LifeCycleType, ScheduledType, Task, TaskType, Timing, Trigger};

/// Any number of realistic tasks, the same ones for the same seed.
///
/// Ids have 32 characters and are distinct; names (about 28 bytes) are of words and
/// numbers, Chinese and English; descriptions have about 26 bytes. Most tasks are timed, one in 25 is
/// triggered; some are disabled, expired, or were never executed. Each task has a stream
/// of its own, so that a larger workload begins with the tasks of a smaller one.
///
/// The stream for a seed is a part of this crate's interface: it stays the same within
/// one semver-compatible series (0.1.x, say), so that measurements can be compared.
///
/// ```
/// use taskdex::testkit::Workload;
///
/// let workload = Workload::new(7, 1_000_000);
/// let task = workload.task(999_999);
/// assert_eq!(task.id().len(), 32);
/// assert_eq!(workload.tasks().len(), 1_000_000);
/// assert_eq!(workload.tasks().next(), Some(workload.task(0)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    seed: u64,
    count: usize,
}

impl Workload {
    /// The instant around which the schedules lie: 2026-12-01T00:00:00Z.
    pub const NOW: DateTime<Utc> = match DateTime::from_timestamp(1_796_083_200, 0) {
        Some(now) => now,
        None => DateTime::UNIX_EPOCH,
    };

    /// The workload of a seed, with `count` tasks.
    #[must_use]
    pub const fn new(seed: u64, count: usize) -> Self {
        Self { seed, count }
    }

    /// The tasks, made as they are asked for; about 1 µs each.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        Tasks {
            workload: self.clone(),
            positions: 0..self.count,
        }
    }

    /// The task at a position, also past the end. O(1).
    #[must_use]
    pub fn task(&self, position: usize) -> Task {
        let position = position as u64;
        let mut random = SplitMix64::new(mix(self.seed).wrapping_add(mix(!position)));
        // One-to-one for a seed, so ids are distinct.
        let id = format!(
            "{:016x}{:016x}",
            mix(position ^ self.seed),
            random.next_u64()
        );
        let timing = timing(&mut random);
        let task_type = task_type(&mut random, &timing);
        let name = name(&mut random);
        let mut builder = Task::builder(id, name, task_type, timing.clone())
            .with_last_status(last_status(&mut random))
            .with_enabled(random.below(100) >= 8);
        if random.below(100) < 90 {
            builder = builder.with_description(description(&mut random));
        }
        if matches!(timing, Timing::Triggered(_)) {
            builder = builder
                .with_priority(random.between(0, 50))
                .with_wait_time(60 * random.between(0, 60));
        }
        valid(builder.build())
    }

    /// Endless queries: random filters, and offsets over the whole of the workload.
    #[must_use]
    pub fn queries(&self) -> Queries {
        Queries {
            random: SplitMix64::new(mix(self.seed ^ 0x7175_6572_6965_7321)),
            offset_bound: u32::try_from(self.count).unwrap_or(u32::MAX),
        }
    }
}

/// The tasks of a [`Workload`], in their order.
#[derive(Debug, Clone)]
pub struct Tasks {
    workload: Workload,
    positions: std::ops::Range<usize>,
}

impl Iterator for Tasks {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        Some(self.workload.task(self.positions.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.positions.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<Task> {
        Some(self.workload.task(self.positions.nth(n)?))
    }
}

impl ExactSizeIterator for Tasks {}
impl std::iter::FusedIterator for Tasks {}

/// The queries of a [`Workload`], without end.
#[derive(Debug, Clone)]
pub struct Queries {
    random: SplitMix64,
    offset_bound: u32,
}

impl Iterator for Queries {
    type Item = ListQuery;

    fn next(&mut self) -> Option<ListQuery> {
        let random = &mut self.random;
        // Most clients look at the first pages.
        let offset = match random.below(10) {
            0..=4 => 0,
            5..=7 => 50 * random.below(10),
            _ => random.below(self.offset_bound),
        };
        let limit = random.pick(&[10, 50, 50, 20, 1, 0]);
        let mut query = valid(ListQuery::new(offset.into(), limit));
        if random.one_in(2) {
            query = query.with_task_type(random.pick(&[
                TaskType::Reboot,
                TaskType::Start,
                TaskType::Stop,
                TaskType::Hibernate,
                TaskType::Rebuild,
                TaskType::ExecuteScript,
                TaskType::CreateSnapshot,
            ]));
        }
        if random.one_in(2) {
            query = query.with_scheduled_type(random.pick(&[
                ScheduledType::FixedTime,
                ScheduledType::Day,
                ScheduledType::Week,
                ScheduledType::Month,
                ScheduledType::LifeCycle,
            ]));
            if query.scheduled_type() == Some(ScheduledType::LifeCycle) && random.one_in(2) {
                query = query.with_life_cycle_type(life_cycle_type(random));
            }
        }
        if random.one_in(3) {
            query = query.with_last_status(random.pick(&[
                LastStatus::Fail,
                LastStatus::Skip,
                LastStatus::Success,
            ]));
        }
        if random.one_in(4) {
            query = query.with_task_name(valid(NameMatch::contains(&needle(random))));
        }
        Some(query)
    }
}

impl std::iter::FusedIterator for Queries {}

#[expect(
    clippy::expect_used,
    reason = "only valid values are generated, and a wrong generator must not go unseen"
)]
fn valid<T>(value: Result<T, Error>) -> T {
    value.expect("a workload has valid values")
}

/// One of a list, the first ones more often, as words of a language are.
fn common(random: &mut SplitMix64, words: &'static [&'static str]) -> &'static str {
    let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
    let bound = 1 + random.below(count);
    let position = random.below(bound);
    words.get(position as usize).copied().unwrap_or_default()
}

fn name(random: &mut SplitMix64) -> String {
    let number = random.below(10_000);
    match random.below(10) {
        0..=3 => format!(
            "{}-{}-{}-{number:04}",
            common(random, &OCCASIONS),
            common(random, &ACTIONS.0),
            common(random, &PLACES.0),
        ),
        4 | 5 => format!(
            "{} {} #{}",
            common(random, &PLACES.0),
            common(random, &ACTIONS.0),
            number % 100,
        ),
        6..=8 => format!(
            "{} {}{:02}",
            common(random, &DEPARTMENTS),
            common(random, &ACTIONS.1),
            number % 100,
        ),
        _ => format!(
            "{}-{}-{number}",
            common(random, &PLACES.1),
            common(random, &ACTIONS.1),
        ),
    }
}

fn needle(random: &mut SplitMix64) -> String {
    match random.below(6) {
        0 => common(random, &ACTIONS.0).to_owned(),
        1 => common(random, &DEPARTMENTS).to_owned(),
        2 => common(random, &ACTIONS.1).to_owned(),
        3 => format!("{:04}", random.below(10_000)),
        4 => format!(
            "{}-{}",
            common(random, &OCCASIONS),
            common(random, &ACTIONS.0)
        ),
        // A part of a word.
        _ => common(random, &PLACES.0).chars().take(3).collect(),
    }
}

fn description(random: &mut SplitMix64) -> String {
    let owner = random.below(900) + 100;
    if random.one_in(4) {
        format!("{}，工单{owner}", common(random, &DEPARTMENTS))
    } else {
        format!("{} policy, ticket {owner}", common(random, &ACTIONS.0))
    }
}

fn last_status(random: &mut SplitMix64) -> Option<LastStatus> {
    match random.below(100) {
        0..=19 => None,
        20..=84 => Some(LastStatus::Success),
        85..=93 => Some(LastStatus::Fail),
        _ => Some(LastStatus::Skip),
    }
}

fn life_cycle_type(random: &mut SplitMix64) -> LifeCycleType {
    random.pick(&[
        LifeCycleType::PostDesktopDisconnected,
        LifeCycleType::PostCreateDesktopSuccess,
        LifeCycleType::PostRebuildDesktopSuccess,
        LifeCycleType::PostReattachDesktopSuccess,
    ])
}

fn task_type(random: &mut SplitMix64, timing: &Timing) -> TaskType {
    if matches!(timing, Timing::Triggered(_)) {
        return random.pick(&[
            TaskType::Hibernate,
            TaskType::Stop,
            TaskType::ExecuteScript,
            TaskType::Reboot,
            TaskType::CreateSnapshot,
        ]);
    }
    match random.below(100) {
        0..=27 => TaskType::Reboot,
        28..=49 => TaskType::Start,
        50..=71 => TaskType::Stop,
        72..=81 => TaskType::CreateSnapshot,
        82..=89 => TaskType::Hibernate,
        90..=95 => TaskType::ExecuteScript,
        _ => TaskType::Rebuild,
    }
}

fn zone(random: &mut SplitMix64) -> TimeZone {
    let name = match random.below(100) {
        0..=54 => "Asia/Shanghai",
        55..=59 => "Asia/Singapore",
        60..=63 => "UTC",
        64..=67 => "GMT+08:00",
        68..=75 => "Europe/Paris",
        76..=83 => "America/New_York",
        84..=87 => "America/Sao_Paulo",
        88..=90 => "Asia/Kolkata",
        91..=92 => "Australia/Lord_Howe",
        93..=94 => "Pacific/Chatham",
        95..=96 => "Africa/Casablanca",
        _ => "America/Los_Angeles",
    };
    valid(name.parse())
}

/// A day up to `days` days before or after 2026-12-01.
fn date_near(random: &mut SplitMix64, days: u32) -> NaiveDate {
    let base = Workload::NOW.date_naive() - Days::new(days.into());
    base + Days::new(random.below(2 * days + 1).into())
}

fn time(random: &mut SplitMix64) -> NaiveTime {
    // On the hour or at a quarter past it, mostly at night.
    let hour = if random.one_in(2) {
        random.below(7)
    } else {
        random.below(24)
    };
    let second = 3600 * hour + 900 * random.below(4);
    NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap_or_default()
}

fn timing(random: &mut SplitMix64) -> Timing {
    let (at, zone) = (time(random), zone(random));
    let schedule = match random.below(100) {
        0..=3 => {
            let trigger = Trigger::on(life_cycle_type(random));
            return trigger.with_time_zone(zone).into();
        }
        4..=21 => valid(Schedule::fixed_time(date_near(random, 200), at, zone)),
        22..=56 => {
            let interval = random.pick(&[1, 1, 1, 2, 3, 7, 14, 30]);
            let schedule = valid(Schedule::daily(interval, at, zone));
            if random.one_in(3) {
                valid(schedule.with_start_date(date_near(random, 400)))
            } else {
                schedule
            }
        }
        57..=86 => valid(Schedule::weekly(weekdays(random), at, zone)),
        _ => monthly(random, at, zone),
    };
    if random.one_in(5) {
        // A third of these is past.
        let at = (date_near(random, 300) + Days::new(100)).and_time(time(random));
        valid(schedule.with_expire_time(at)).into()
    } else {
        schedule.into()
    }
}

fn weekdays(random: &mut SplitMix64) -> Weekdays {
    valid(match random.below(4) {
        0 | 1 => Weekdays::new(Weekdays::ALL.iter().filter(|day| !is_weekend(*day))),
        2 => Weekdays::new(Weekdays::ALL.iter().filter(|day| is_weekend(*day))),
        _ => {
            let bits = 1 + random.below(127);
            let days = Weekdays::ALL.iter();
            Weekdays::new(days.filter(|day| bits >> day.num_days_from_sunday() & 1 != 0))
        }
    })
}

fn is_weekend(day: Weekday) -> bool {
    matches!(day, Weekday::Sat | Weekday::Sun)
}

fn monthly(random: &mut SplitMix64, at: NaiveTime, zone: TimeZone) -> Schedule {
    let months = match random.below(4) {
        0..=2 => Months::ALL,
        _ => valid(Months::new(Months::ALL.iter().skip(2).step_by(3))),
    };
    let dates = match random.below(4) {
        0 => vec![MonthDate::Date(1)],
        1 => vec![MonthDate::Last],
        2 => vec![MonthDate::Date(1), MonthDate::Date(15)],
        _ => vec![MonthDate::Date(
            u8::try_from(random.between(1, 30)).unwrap_or(1),
        )],
    };
    valid(Schedule::monthly(
        months,
        valid(MonthDates::new(dates)),
        at,
        zone,
    ))
}
