//! Small, awkward values that collide with each other, from any [`Source`].
//!
//! Everything that is generated is valid. Values come from few, so that ids are taken,
//! names share parts and times meet at the edges of clock changes.
//!
//! ```
//! use taskdex::testkit::{SplitMix64, generate};
//!
//! let mut random = SplitMix64::new(1);
//! let swarm = generate::Swarm::new(&mut random);
//! let task = generate::task(&mut random, &swarm, "t-1".to_owned());
//! assert_eq!(task.id(), "t-1");
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Days, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::op::Op;
use super::source::Source;
use super::twins::{Difference, Sizes, Twins};
use super::workload::Workload;
use crate::error::Error;
use crate::query::{Cursor, LIMIT_MAX, ListQuery, NameMatch, Order, Revision};
use crate::schedule::{GapRule, MonthDate, MonthDates, Months, Schedule, TimeZone, Weekdays};
use crate::store::{Edit, EditAction, Expectation, Missed, MissedPolicy};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, Record, ReportedTiming, ScheduledType, Task, TaskId,
    TaskName, TaskType, Timing, Trigger,
};

/// The characters of names: of one to four bytes, of several scripts, with and without
/// letter case, alone and combining, and some that other query languages take for patterns.
const CHARACTERS: [char; 32] = [
    'a', 'b', 'A', '1', '"', '-', ' ', '研', '发', 'é', 'e', '\u{301}', '\\', 'É', 'k', 'K',
    '\u{212a}', 'ß', 'ẞ', 's', 'i', 'I', 'İ', 'ı', 'σ', 'ς', 'Σ', '🙂', '𐐀', '𐐨', '%', '_',
];

/// Time zones by shape: those whose clock never changes, then one for each way to change it.
pub const ZONES: &[&str] = &ZONES_BY_SHAPE;

const ZONES_BY_SHAPE: [&str; 26] = [
    "Asia/Shanghai",
    "UTC",
    "Z",
    "Coordinated Universal Time",
    "GMT+8",
    "UTC-03:30",
    "+05:45",
    "-14:00",
    "Etc/GMT+8",
    "Asia/Kathmandu",
    // One hour, north and south.
    "America/New_York",
    "Europe/Paris",
    "America/Santiago",
    // Half an hour; two hours; three quarters in the offset; winter that is the exception.
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Europe/Dublin",
    // The skipped hour begins at midnight.
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Beirut",
    // A whole day was skipped, and one repeated.
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "America/Juneau",
    // Offsets with seconds; changes twice a year that follow the moon.
    "Africa/Monrovia",
    "Africa/Casablanca",
    "Asia/Gaza",
];

/// What one history is like: which operations it has, and how large it makes things.
///
/// Each history switches some operations off, since faults hide where everything
/// happens at once (Groce and others, "Swarm Testing", ISSTA 2012).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swarm {
    /// The names of operations that are off.
    off: Vec<&'static str>,
    characters: Vec<char>,
    name_length_max: u32,
    /// Whether some names are as long as a name may be.
    has_long_names: bool,
    project_count: u32,
    id_count: u32,
    batch_max: u32,
    sizes: Sizes,
    change_log: usize,
    /// Filters that are asked for again and again, so that answers are cached.
    habits: Vec<ListQuery>,
}

/// Calls to be made one after the other, and the engine to make them on.
///
/// ```
/// use taskdex::testkit::{SplitMix64, Twins, generate};
///
/// let history = generate::history(&mut SplitMix64::new(1));
/// let counts = history.run()?.counts().clone();
/// assert!(counts["list"].accepted > 10);
/// # Ok::<(), taskdex::testkit::Difference>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// Where the engine changes its forms.
    pub sizes: Sizes,
    /// The entries of each project's change log.
    pub change_log: usize,
    /// The calls.
    pub operations: Vec<Op>,
}

impl History {
    /// The same calls at the same instants in ascending order, so that `now` only goes forward.
    ///
    /// For what a clock that goes back would hide, or has no meaning for. O(n log n).
    ///
    /// ```
    /// use taskdex::testkit::{SplitMix64, generate};
    ///
    /// let history = generate::history(&mut SplitMix64::new(1)).with_ascending_now();
    /// assert!(history.operations.iter().filter_map(|op| op.now()).is_sorted());
    /// history.run()?;
    /// # Ok::<(), taskdex::testkit::Difference>(())
    /// ```
    #[must_use]
    pub fn with_ascending_now(self) -> Self {
        let mut instants: Vec<_> = self.operations.iter().filter_map(Op::now).collect();
        instants.sort_unstable();
        let mut instants = instants.into_iter();
        let operations =
            self.operations
                .into_iter()
                .map(|op| match op.now().and_then(|_| instants.next()) {
                    Some(now) => op.with_now(now),
                    None => op,
                });
        Self {
            operations: operations.collect(),
            ..self
        }
    }

    /// Makes all calls on an engine and a reference, and compares in the end
    /// [all that they show](Twins::check).
    ///
    /// # Errors
    ///
    /// The first difference between them.
    pub fn run(&self) -> Result<Twins, Difference> {
        let mut twins = Twins::of(self.sizes, self.change_log);
        for op in &self.operations {
            twins.apply(op)?;
        }
        twins.check(Workload::NOW)?;
        Ok(twins)
    }
}

impl Swarm {
    /// Decides on a kind of history.
    pub fn new(source: &mut impl Source) -> Self {
        // Adding stays on, and so does listing: without them a history shows nothing.
        let bits = source.below(1 << Op::NAMES.len()) & source.below(1 << Op::NAMES.len());
        let off = (Op::NAMES.iter().copied().enumerate())
            .filter(|(position, name)| bits >> position & 1 != 0 && !["add", "list"].contains(name))
            .map(|(_, name)| name)
            .collect();
        let character_count = source.pick(&[4, 2, 8, 32]);
        let first = source.below(32);
        let characters = CHARACTERS
            .iter()
            .copied()
            .cycle()
            .skip(first as usize)
            .take(character_count);
        let mut swarm = Self {
            off,
            characters: characters.collect(),
            name_length_max: source.pick(&[6, 3, 12, 40]),
            has_long_names: true,
            project_count: source.pick(&[1, 2, 5]),
            id_count: source.pick(&[8, 3, 40, 400]),
            batch_max: source.pick(&[3, 8, 40, 160]),
            sizes: source.pick(&[Sizes::Early, Sizes::Narrow, Sizes::Early, Sizes::Usual]),
            change_log: source.pick(&[5, 0, 1_000, 1]),
            habits: Vec::new(),
        };
        for _ in 0..source.below(4) {
            let habit = query(source, &swarm);
            swarm.habits.push(habit);
        }
        swarm
    }

    /// Decides on a kind of history in which threads meet: every operation on few projects and
    /// ids, and an engine with small limits.
    pub fn crowded(source: &mut impl Source) -> Self {
        let swarm = Self::new(source);
        Self {
            off: Vec::new(),
            name_length_max: source.pick(&[3, 6]),
            has_long_names: false,
            project_count: source.pick(&[1, 1, 2]),
            id_count: source.pick(&[8, 3, 24]),
            batch_max: source.pick(&[3, 8, 16]),
            sizes: source.pick(&[Sizes::Early, Sizes::Early, Sizes::Narrow]),
            ..swarm
        }
    }

    /// Where the engine of such a history changes its forms.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The entries of each project's change log in such a history.
    #[must_use]
    pub fn change_log(&self) -> usize {
        self.change_log
    }

    fn has(&self, operation: &str) -> bool {
        !self.off.contains(&operation)
    }
}

/// The value of a generated text or schedule.
#[expect(
    clippy::expect_used,
    reason = "only valid values are generated, and a wrong generator must not go unseen"
)]
fn valid<T>(value: Result<T, Error>) -> T {
    value.expect("generators give valid values")
}

/// A time zone, picked by shape.
pub fn zone(source: &mut impl Source) -> TimeZone {
    valid(source.pick(&ZONES_BY_SHAPE).parse())
}

/// A date: near a clock change, a leap day or the end of the calendar.
pub fn date(source: &mut impl Source) -> NaiveDate {
    let year = source.pick(&[2026, 2024, 2011, 1969, 2000, 2099, 2100, 1883, 1, 9999]);
    let (month, day) = source.pick(&[
        (12, 1),
        (3, 8),
        (3, 29),
        (11, 1),
        (10, 25),
        (12, 30),
        (2, 28),
        (1, 1),
        (4, 5),
        (12, 31),
    ]);
    let date = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let later = date + Days::new(source.below(4).into());
    if chrono::Datelike::year(&later) > 9999 {
        date
    } else {
        later
    }
}

/// A time of day, often one that some clock skips or repeats.
pub fn time(source: &mut impl Source) -> NaiveTime {
    let second = match source.below(10) {
        0 => 0,
        1 => 2 * 3600,
        2 => 2 * 3600 + 1800,
        3 => 3600 + 1800,
        4 => 3600,
        5 => 1800,
        6 => 3 * 3600 - 1,
        7 => 3 * 3600,
        8 => 86_399,
        _ => source.below(86_400),
    };
    NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap_or_default()
}

/// An instant: near the same dates, with a fraction now and then; seldom the first or last of all.
pub fn instant(source: &mut impl Source) -> DateTime<Utc> {
    if source.one_in(64) {
        return source.pick(&[DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]);
    }
    let wall = date(source).and_time(time(source)).and_utc();
    let nanosecond = if source.one_in(4) { 999_999_999 } else { 0 };
    wall + chrono::Duration::nanoseconds(nanosecond)
}

fn date_time(source: &mut impl Source) -> NaiveDateTime {
    date(source).and_time(time(source))
}

/// A schedule of any kind.
pub fn schedule(source: &mut impl Source) -> Schedule {
    let zone = zone(source);
    let at = time(source);
    let schedule = match source.below(4) {
        0 => {
            let schedule = valid(Schedule::daily(source.pick(&[1, 2, 7, 31, 30]), at, zone));
            if source.one_in(3) {
                valid(schedule.with_start_date(date(source)))
            } else {
                schedule
            }
        }
        1 => valid(Schedule::weekly(weekdays(source), at, zone)),
        2 => {
            let (months, dates) = (months(source), month_dates(source));
            Schedule::monthly(months, dates, at, zone).unwrap_or_else(|_| {
                // No month of them has any of the dates; every month has a last day.
                let dates = valid(MonthDates::new(dates.iter().chain([MonthDate::Last])));
                valid(Schedule::monthly(months, dates, at, zone))
            })
        }
        _ => valid(Schedule::fixed_time(date(source), at, zone)),
    };
    let schedule = if source.one_in(4) {
        valid(schedule.with_expire_time(date_time(source)))
    } else {
        schedule
    };
    match source.below(8) {
        6 => schedule.with_gap_rule(GapRule::GapEnd),
        7 => schedule.with_gap_rule(GapRule::Skip),
        _ => schedule,
    }
}

fn weekdays(source: &mut impl Source) -> Weekdays {
    let bits = 1 + source.below(127);
    valid(Weekdays::new(
        Weekdays::ALL
            .iter()
            .filter(|day| bits >> day.num_days_from_sunday() & 1 != 0),
    ))
}

fn months(source: &mut impl Source) -> Months {
    match source.below(4) {
        0 => Months::ALL,
        1 => Months::from(Month::February),
        _ => {
            let bits = 1 + source.below(4095);
            valid(Months::new(Months::ALL.iter().filter(|month| {
                bits >> (month.number_from_month() - 1) & 1 != 0
            })))
        }
    }
}

fn month_dates(source: &mut impl Source) -> MonthDates {
    let mut dates = vec![match source.below(6) {
        0 => MonthDate::Date(1),
        1 => MonthDate::Last,
        2 => MonthDate::Date(31),
        3 => MonthDate::Date(29),
        4 => MonthDate::Date(30),
        _ => any_month_date(source),
    }];
    while dates.len() < 4 && source.one_in(3) {
        dates.push(any_month_date(source));
    }
    valid(MonthDates::new(dates))
}

fn any_month_date(source: &mut impl Source) -> MonthDate {
    MonthDate::Date(u8::try_from(source.between(1, 31)).unwrap_or(1))
}

/// When a task runs: by a schedule, on an event, or as reported.
pub fn timing(source: &mut impl Source) -> Timing {
    match source.below(8) {
        0..=4 => schedule(source).into(),
        5 | 6 => {
            let trigger = Trigger::on(life_cycle_type(source));
            if source.one_in(2) {
                trigger.with_time_zone(zone(source)).into()
            } else {
                trigger.into()
            }
        }
        _ => {
            let timed = source.pick(&[
                ScheduledType::Day,
                ScheduledType::FixedTime,
                ScheduledType::Week,
                ScheduledType::Month,
            ]);
            let mut reported = valid(ReportedTiming::new(timed));
            if source.one_in(2) {
                let suffix = source.pick(&[
                    "",
                    " GMT",
                    " GMT+08:00",
                    " GMT-00:00",
                    " GMT+14:00",
                    " GMT-03:30",
                ]);
                let time = format!("{}{suffix}", date_time(source).format("%Y-%m-%d %H:%M:%S"));
                reported = reported.with_next_execution_time(valid(time.parse()));
            }
            if source.one_in(2) {
                reported = reported.with_time_zone("string");
            }
            reported.into()
        }
    }
}

fn life_cycle_type(source: &mut impl Source) -> LifeCycleType {
    source.pick(&[
        LifeCycleType::PostCreateDesktopSuccess,
        LifeCycleType::PostRebuildDesktopSuccess,
        LifeCycleType::PostReattachDesktopSuccess,
        LifeCycleType::PostDesktopDisconnected,
    ])
}

fn task_type(source: &mut impl Source) -> TaskType {
    source.pick(&[
        TaskType::Reboot,
        TaskType::Stop,
        TaskType::Hibernate,
        TaskType::ExecuteScript,
        TaskType::CreateSnapshot,
        TaskType::Start,
        TaskType::Rebuild,
    ])
}

fn last_status(source: &mut impl Source) -> Option<LastStatus> {
    source.pick(&[
        None,
        Some(LastStatus::Success),
        Some(LastStatus::Fail),
        Some(LastStatus::Skip),
    ])
}

/// A name of few characters; seldom one as long as a name may be.
pub fn name(source: &mut impl Source, swarm: &Swarm) -> String {
    if swarm.has_long_names && source.one_in(40) {
        return text(source, swarm, 1).repeat(255);
    }
    let length = source.between(1, swarm.name_length_max);
    text(source, swarm, length)
}

fn text(source: &mut impl Source, swarm: &Swarm, length: u32) -> String {
    let mut character = || {
        let position = source.below(u32::try_from(swarm.characters.len()).unwrap_or(1));
        swarm
            .characters
            .get(position as usize)
            .copied()
            .unwrap_or('a')
    };
    (0..length).map(|_| character()).collect()
}

/// A task of an id.
pub fn task(source: &mut impl Source, swarm: &Swarm, id: String) -> Task {
    let timing = timing(source);
    let mut task_type = task_type(source);
    if matches!(timing, Timing::Triggered(_)) && !task_type.is_triggerable() {
        task_type = TaskType::Reboot;
    }
    let mut builder = Task::builder(id, name(source, swarm), task_type, timing)
        .with_last_status(last_status(source))
        .with_enabled(!source.one_in(4));
    if source.one_in(3) {
        builder = builder.with_description(name(source, swarm));
    }
    if source.one_in(4) {
        builder = builder.with_priority(source.between(0, 50));
    }
    if source.one_in(4) {
        builder = builder.with_wait_time(source.pick(&[0, 1, 300, 43_200]));
    }
    valid(builder.build())
}

/// The same as a record, which now and then says when the task was first added.
fn record(source: &mut impl Source, swarm: &Swarm, id: String) -> Record {
    let record = Record::new(task(source, swarm, id));
    if source.one_in(4) {
        record.with_added_at(instant(source))
    } else {
        record
    }
}

fn task_name(source: &mut impl Source, swarm: &Swarm) -> TaskName {
    valid(TaskName::new(name(source, swarm)))
}

/// What becomes of missed executions.
fn missed_policy(source: &mut impl Source) -> MissedPolicy {
    let missed = source.pick(&[Missed::Latest, Missed::Each, Missed::None]);
    let limit = source.pick(&[None, None, Some(0), Some(1), Some(3_600), Some(200_000)]);
    MissedPolicy::from(missed).with_no_later_than(limit.map(Duration::from_secs))
}

/// A query with any filters, any order, and an offset that is often small.
pub fn query(source: &mut impl Source, swarm: &Swarm) -> ListQuery {
    let offset = match source.below(6) {
        0 | 1 => 0,
        2..=4 => source.below(swarm.id_count.saturating_add(2)).into(),
        _ => u64::MAX,
    };
    let limit = match source.below(4) {
        0 => LIMIT_MAX,
        1 => source.below(4),
        _ => source.between(0, LIMIT_MAX),
    };
    let mut query = valid(ListQuery::new(offset, limit));
    if source.one_in(6) {
        query = query.with_cursor(cursor(source, swarm));
    }
    if source.one_in(3) {
        query = query.with_order(source.pick(&[Order::NewestFirst, Order::NextExecution]));
    }
    if let Some(habit) = swarm.habits.get(source.below(6) as usize) {
        query.filters = habit.filters.clone();
        return query;
    }
    query = match source.below(3) {
        0 => query,
        1 => query.with_scheduled_type(ScheduledType::LifeCycle),
        _ => query.with_scheduled_type(source.pick(&[
            ScheduledType::Day,
            ScheduledType::Week,
            ScheduledType::Month,
            ScheduledType::FixedTime,
        ])),
    };
    if source.one_in(3) {
        query = query.with_task_type(task_type(source));
    }
    if source.one_in(5) {
        query = query.with_life_cycle_type(life_cycle_type(source));
    }
    if source.one_in(3) {
        query = query.with_last_status(last_status(source));
    }
    if source.one_in(2) {
        let length = source.below(5);
        let text = text(source, swarm, length);
        query = query.with_task_name(valid(match source.below(5) {
            0..=2 => NameMatch::contains(&text),
            3 => NameMatch::contains_ignoring_case(&text),
            _ => NameMatch::exactly(&text),
        }));
    }
    query
}

/// A cursor that any client may make up: often the place of a task, here or elsewhere.
pub fn cursor(source: &mut impl Source, swarm: &Swarm) -> Cursor {
    /// The first place of a project's first task.
    const FIRST: u64 = 1 << 16;
    Cursor::after_sequence(match source.below(8) {
        0..=4 => FIRST + u64::from(source.below(2 * swarm.id_count)),
        5 => FIRST * u64::from(source.below(100)),
        6 => u64::from(u32::MAX) - 1 + u64::from(source.below(4)),
        _ => u64::MAX - u64::from(source.below(3)),
    })
}

fn project(source: &mut impl Source, swarm: &Swarm) -> ProjectId {
    let number = source.below(swarm.project_count);
    valid(ProjectId::new(format!("p-{number}")))
}

/// One operation; or a run of the same one over neighbouring ids, so that large
/// projects come to be, and go again.
pub fn operations(source: &mut impl Source, swarm: &Swarm) -> Vec<Op> {
    // As often as each stands here.
    let chosen = source.pick(&[
        "list",
        "add",
        "list",
        "add",
        "add_all",
        "replace",
        "rename",
        "set_last_status",
        "set_enabled",
        "remove",
        "remove",
        "get",
        "add_all",
        "remove_project",
        "replace",
        "sync",
        "facets",
        "list_json",
        "explain",
        "task_count",
        "project_memory",
        "projects",
        "list",
        "apply",
        "apply",
        "apply_at",
        "check",
        "apply",
        "snapshot",
        "restore",
        "changes_since",
        "apply_changes",
        "compact",
        "watch_due",
        "take_due",
        "take_due",
        "take_due",
        "next_wakeup",
        "due_count",
        "forecast",
    ]);
    let chosen = if swarm.has(chosen) { chosen } else { "list" };
    let project = project(source, swarm);
    let now = instant(source);
    // Low ids more often, so that a change finds its task though a project is small.
    let bound = 1 + source.below(swarm.id_count);
    let first = source.below(bound);
    if chosen == "add_all" {
        let tasks = batch(source, swarm, first);
        return vec![Op::AddAll {
            project,
            tasks,
            now,
        }];
    }
    if chosen == "sync" {
        let tasks = batch(source, swarm, first);
        let again = refreshed(source, swarm, &tasks);
        return [tasks, again]
            .into_iter()
            .map(|tasks| Op::Sync {
                project: project.clone(),
                tasks,
                now,
            })
            .collect();
    }
    if chosen == "restore" {
        return copied(source, swarm, &project, now);
    }
    if ["list", "list_json", "explain"].contains(&chosen) && source.one_in(4) {
        return asked_again(source, swarm, &project, now);
    }
    let has_id = matches!(
        chosen,
        "add" | "replace" | "rename" | "set_last_status" | "set_enabled" | "remove" | "get"
    );
    let run = if has_id && source.one_in(6) {
        source.between(1, swarm.batch_max)
    } else {
        1
    };
    (first..first + run)
        .map(|number| {
            let id = format!("t-{number}");
            operation(source, swarm, chosen, project.clone(), id, now)
        })
        .collect()
}

/// The operation of a name, those of batches excepted.
fn operation(
    source: &mut impl Source,
    swarm: &Swarm,
    name: &str,
    project: ProjectId,
    id: String,
    now: DateTime<Utc>,
) -> Op {
    match name {
        "add" => Op::Add {
            project,
            task: record(source, swarm, id),
            now,
        },
        "replace" => Op::Replace {
            project,
            task: task(source, swarm, id),
            now,
        },
        "rename" => Op::Rename {
            project,
            id,
            task_name: task_name(source, swarm),
        },
        "set_last_status" => Op::SetLastStatus {
            project,
            id,
            last_status: last_status(source),
        },
        "set_enabled" => Op::SetEnabled {
            project,
            id,
            enabled: source.one_in(2),
            now,
        },
        "remove" => Op::Remove { project, id },
        "remove_project" => Op::RemoveProject { project },
        "apply" | "apply_at" | "check" => batch_of_edits(source, swarm, name, project, now),
        "snapshot" => Op::Snapshot { project },
        "changes_since" => Op::ChangesSince {
            project,
            ahead: ahead(source),
        },
        "apply_changes" => Op::ApplyChanges {
            project,
            original: self::project(source, swarm),
            now,
        },
        "get" => Op::Get { project, id, now },
        "compact" => Op::Compact { project },
        "watch_due" => Op::WatchDue {
            project,
            passed: now,
        },
        "take_due" => Op::TakeDue {
            project,
            now,
            limit: source.pick(&[50, 0, 1, 2, 7]),
            policy: missed_policy(source),
            of_reboots: source.one_in(3).then(|| missed_policy(source)),
        },
        "next_wakeup" => Op::NextWakeup { project },
        "due_count" => Op::DueCount { project, now },
        "forecast" => Op::Forecast {
            project,
            query: query(source, swarm),
            from: now,
            to: now
                .checked_add_signed(TimeDelta::seconds(25_001 * i64::from(source.below(400))))
                .unwrap_or(now),
            step: Duration::from_secs(source.pick(&[86_400, 3_600, 2_500_000])),
        },
        "task_count" => Op::TaskCount { project },
        "project_memory" => Op::ProjectMemory { project },
        "projects" => Op::Projects { project },
        "facets" => Op::Facets {
            project,
            query: query(source, swarm),
        },
        "explain" => Op::Explain {
            project,
            query: query(source, swarm),
        },
        "list_json" => Op::ListJson {
            project,
            query: query(source, swarm),
            now,
        },
        _ => Op::List {
            project,
            query: query(source, swarm),
            now,
        },
    }
}

/// One query several times, with a change in between: a cached answer has to stay true.
fn asked_again(
    source: &mut impl Source,
    swarm: &Swarm,
    project: &ProjectId,
    now: DateTime<Utc>,
) -> Vec<Op> {
    let query = query(source, swarm);
    let number = source.below(swarm.id_count);
    let change = source.pick(&["rename", "set_last_status", "remove", "replace", "add"]);
    let change = if swarm.has(change) { change } else { "add" };
    let (project, id) = (project.clone(), format!("t-{number}"));
    vec![
        Op::Explain {
            project: project.clone(),
            query: query.clone(),
        },
        Op::List {
            project: project.clone(),
            query: query.clone(),
            now,
        },
        operation(source, swarm, change, project.clone(), id, now),
        Op::Explain {
            project: project.clone(),
            query: query.clone(),
        },
        Op::ListJson {
            project,
            query,
            now,
        },
    ]
}

/// Tasks of neighbouring ids; now and then the first one again at the end.
fn batch(source: &mut impl Source, swarm: &Swarm, first: u32) -> Vec<Record> {
    let length = source.below(swarm.batch_max + 1);
    let mut tasks: Vec<Record> = (first..first + length)
        .map(|number| record(source, swarm, format!("t-{number}")))
        .collect();
    if source.one_in(8) {
        tasks.push(record(source, swarm, format!("t-{first}")));
    }
    tasks
}

/// The same tasks with some left out, some changed, and the last one first.
fn refreshed(source: &mut impl Source, swarm: &Swarm, tasks: &[Record]) -> Vec<Record> {
    let mut refreshed = Vec::new();
    for record in tasks.iter().rev() {
        match source.below(6) {
            4 => {}
            5 => refreshed.push(task(source, swarm, record.task.id().to_owned()).into()),
            _ => refreshed.push(record.clone()),
        }
    }
    refreshed
}

/// A batch of edits of ids that lie close together.
pub fn edits(source: &mut impl Source, swarm: &Swarm) -> Vec<Edit> {
    let first = source.below(swarm.id_count);
    // Fewer ids than edits, so that edits meet.
    let id_count = source.pick(&[3, 1, 8, 80]);
    let length = source.below(swarm.batch_max + 1);
    let mut there = BTreeSet::new();
    let mut edits = Vec::new();
    for _ in 0..length {
        let id = format!("t-{}", first + source.below(id_count));
        // One edit of a task that is not there refuses all the others.
        let is_there = there.contains(&id) || source.one_in(4 + length / 2);
        let edit = edit(source, swarm, &id, is_there);
        match edit.action {
            EditAction::Remove { .. } => there.remove(&id),
            _ => there.insert(id),
        };
        // So does an expectation that is not met.
        let expectation = if source.one_in(8 + length) {
            let version = Revision::new(source.below(40).into());
            source
                .pick(&[Expectation::Absent, Expectation::Version(version)])
                .into()
        } else {
            None
        };
        edits.push(edit.with_expectation(expectation));
    }
    edits
}

/// A call with a batch of edits.
fn batch_of_edits(
    source: &mut impl Source,
    swarm: &Swarm,
    name: &str,
    project: ProjectId,
    now: DateTime<Utc>,
) -> Op {
    let edits = edits(source, swarm);
    match name {
        "check" => Op::Check {
            project,
            edits,
            now,
        },
        "apply_at" => Op::ApplyAt {
            project,
            ahead: source.pick(&[1, 0, 3, -1, 1 << 20, 2, 1 << 48]),
            edits,
            now,
        },
        _ if source.one_in(4) => Op::ApplySeen {
            project,
            edits,
            now,
        },
        _ => Op::Apply {
            project,
            edits,
            now,
        },
    }
}

/// An edit of a task: of any kind if it may be there, else one that adds it.
fn edit(source: &mut impl Source, swarm: &Swarm, id: &str, may_be_there: bool) -> Edit {
    let task_id = valid(TaskId::new(id));
    let kind = source.below(if may_be_there { 8 } else { 2 });
    match kind {
        1 if !may_be_there && source.one_in(4) => Edit::add(record(source, swarm, id.to_owned())),
        0 | 1 => Edit::put(record(source, swarm, id.to_owned())),
        2 => Edit::replace(task(source, swarm, id.to_owned())),
        3 => Edit::rename(task_id, task_name(source, swarm)),
        4 => Edit::set_last_status(task_id, last_status(source)),
        5 => Edit::set_enabled(task_id, source.one_in(2)),
        _ => Edit::remove(task_id),
    }
}

/// A copy of another project, which follows it through some changes.
fn copied(
    source: &mut impl Source,
    swarm: &Swarm,
    original: &ProjectId,
    now: DateTime<Utc>,
) -> Vec<Op> {
    // Of a name of its own: then it follows, and is changed by nothing else.
    let number = source.below(3);
    let (project, mut operations) = if source.one_in(4) {
        (project(source, swarm), Vec::new())
    } else {
        let project = valid(ProjectId::new(format!("copy-{number}")));
        let ended = Op::RemoveProject {
            project: project.clone(),
        };
        (project, vec![ended])
    };
    operations.push(Op::Restore {
        project: project.clone(),
        original: original.clone(),
    });
    for _ in 0..source.below(4) {
        for _ in 0..source.below(4) {
            let original = original.clone();
            operations.push(batch_of_edits(source, swarm, "apply", original, now));
        }
        operations.push(Op::ApplyChanges {
            project: project.clone(),
            original: original.clone(),
            now,
        });
    }
    operations
}

/// How far a revision is ahead of a project's own: most often it is behind.
fn ahead(source: &mut impl Source) -> i64 {
    match source.below(8) {
        0 => 0,
        1 => 1,
        2 => i64::MIN,
        _ => -i64::from(source.below(40)),
    }
}

/// A whole history, as long as the source lasts: for bytes, not for a random source,
/// of which it takes 200 steps.
pub fn history(source: &mut impl Source) -> History {
    let swarm = Swarm::new(source);
    History {
        sizes: swarm.sizes,
        change_log: swarm.change_log,
        operations: steps(source, &swarm, 200),
    }
}

/// The operations of up to `count` steps, as long as the source lasts.
pub(super) fn steps(source: &mut impl Source, swarm: &Swarm, count: usize) -> Vec<Op> {
    let mut steps = Vec::new();
    for _ in 0..count {
        if source.is_dry() {
            break;
        }
        steps.extend(operations(source, swarm));
    }
    steps
}
