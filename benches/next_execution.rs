//! The next execution, from instant to instant, and its rendering.
//!
//! Run with `cargo bench --bench next_execution`. Each figure is the time of
//! one call, cycling through a batch of 8,192 inputs that vary within their
//! kind and are the same in every run. Budgets: 40 ns for each kind of schedule
//! in each shape of zone, 80 ns for each kind of hard input, 15 ns to render.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the inputs are ours"
)]

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Month, NaiveDate, NaiveTime, Utc, Weekday};
use criterion::{Criterion, criterion_group, criterion_main};
use taskdex::schedule::{MonthDate, MonthDates, Months, Schedule, TimeZone, Weekdays};

const BATCH: usize = 8192;

/// 2026-06-01T00:00:00Z, the present of every input that is not far from it.
const PRESENT: i64 = 1_780_272_000;
const YEAR_SECONDS: i64 = 31_556_952;

/// Zones by shape.
const ZONES: [&str; 8] = [
    "Asia/Shanghai",       // changes long ago, the default
    "America/New_York",    // an hour, for ever
    "Australia/Lord_Howe", // half an hour
    "Pacific/Chatham",     // an hour, at 12:45
    "Pacific/Apia",        // a day was skipped
    "Asia/Kathmandu",      // an odd offset
    "Europe/Dublin",       // winter time is the exception
    "GMT+08:00",           // fixed
];

/// A question: a schedule, and the instant it is asked about.
type Question = (Schedule, DateTime<Utc>);

/// `SplitMix64`, so that every run asks the same questions.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (number ^ (number >> 31)) % bound
    }

    fn small(&mut self, bound: u8) -> u8 {
        self.below(u64::from(bound)).to_le_bytes()[0]
    }

    fn time(&mut self) -> NaiveTime {
        let [hour, minute] = [self.small(24), self.small(60)];
        NaiveTime::from_hms_opt(hour.into(), minute.into(), 0).unwrap()
    }

    /// An instant up to eight years from the present.
    fn instant(&mut self) -> DateTime<Utc> {
        self.instant_within(PRESENT - 8 * YEAR_SECONDS, PRESENT + 8 * YEAR_SECONDS)
    }

    fn instant_within(&mut self, from: i64, until: i64) -> DateTime<Utc> {
        let ahead = self.below(until.abs_diff(from)).cast_signed();
        DateTime::from_timestamp(from + ahead, 0).unwrap()
    }

    fn some(&mut self, bound: u8) -> Vec<u8> {
        (0..=self.small(4)).map(|_| 1 + self.small(bound)).collect()
    }
}

fn fixed_time(numbers: &mut Numbers, zone: TimeZone) -> Schedule {
    let date = numbers.instant().date_naive();
    Schedule::fixed_time(date, numbers.time(), zone).unwrap()
}

fn daily(numbers: &mut Numbers, zone: TimeZone) -> Schedule {
    let interval = 1 + u32::from(numbers.small(31));
    let start = numbers.instant_within(PRESENT - 10 * YEAR_SECONDS, PRESENT);
    Schedule::daily(interval, numbers.time(), zone)
        .unwrap()
        .counting_from(start)
}

fn weekly(numbers: &mut Numbers, zone: TimeZone) -> Schedule {
    let days =
        Weekdays::new((numbers.some(7).into_iter()).map(|day| Weekday::try_from(day - 1).unwrap()))
            .unwrap();
    Schedule::weekly(days, numbers.time(), zone).unwrap()
}

fn monthly(numbers: &mut Numbers, zone: TimeZone) -> Schedule {
    let months =
        Months::new((numbers.some(12).into_iter()).map(|month| Month::try_from(month).unwrap()))
            .unwrap();
    let dates = MonthDates::new(
        numbers
            .some(28)
            .into_iter()
            .map(MonthDate::Date)
            .chain((numbers.small(4) == 0).then_some(MonthDate::Last)),
    );
    Schedule::monthly(months, dates.unwrap(), numbers.time(), zone).unwrap()
}

/// Schedules of one kind, each of its own.
type Kind = fn(&mut Numbers, TimeZone) -> Schedule;

const KINDS: [(&str, Kind); 4] = [
    ("FIXED_TIME", fixed_time),
    ("DAY", daily),
    ("WEEK", weekly),
    ("MONTH", monthly),
];

fn batch(mut question: impl FnMut(&mut Numbers) -> Question) -> Vec<Question> {
    let mut numbers = Numbers(1);
    (0..BATCH).map(|_| question(&mut numbers)).collect()
}

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn on_dates(numbers: &mut Numbers, months: &str, dates: &str, zone: TimeZone) -> Schedule {
    let months: Months = months.parse().unwrap();
    let dates: MonthDates = dates.parse().unwrap();
    Schedule::monthly(months, dates, numbers.time(), zone).unwrap()
}

/// An instant within two hours of a change of New York's clocks.
fn near_change(numbers: &mut Numbers) -> DateTime<Utc> {
    const CHANGES: [i64; 4] = [1_772_953_200, 1_793_512_800, 1_805_007_600, 1_825_567_200];
    let change = CHANGES[usize::from(numbers.small(4))];
    numbers.instant_within(change - 7200, change + 7200)
}

fn near_change_schedule(numbers: &mut Numbers, zone: TimeZone) -> Schedule {
    let time = NaiveTime::from_hms_opt(1 + u32::from(numbers.small(2)), 30, 0).unwrap();
    Schedule::weekly(Weekdays::ALL, time, zone).unwrap()
}

/// The inputs that could be slow, each kind in a batch of its own.
#[expect(clippy::too_many_lines, reason = "one list")]
fn hard_batches() -> Vec<(&'static str, Vec<Question>)> {
    let new_york = zone("America/New_York");
    let in_year = |numbers: &mut Numbers, year: i32| {
        let day = NaiveDate::from_yo_opt(year, 2 + u32::from(numbers.small(250))).unwrap();
        day.and_time(numbers.time()).and_utc()
    };
    let any_kind = |numbers: &mut Numbers, zone| {
        let (_, kind) = KINDS[usize::from(numbers.small(4))];
        kind(numbers, zone)
    };
    vec![
        (
            "29 February",
            batch(|numbers| {
                let schedule = on_dates(numbers, "2", "29", new_york);
                (schedule, numbers.instant())
            }),
        ),
        (
            "29 February across 2100",
            batch(|numbers| {
                let schedule = on_dates(numbers, "2", "29", new_york);
                (schedule, in_year(numbers, 2097))
            }),
        ),
        (
            "last day",
            batch(|numbers| {
                let schedule = on_dates(numbers, "1,2,3,4,5,6,7,8,9,10,11,12", "L", new_york);
                (schedule, numbers.instant())
            }),
        ),
        (
            "one month",
            batch(|numbers| {
                let month = (1 + numbers.small(12)).to_string();
                let schedule = on_dates(numbers, &month, "15", new_york);
                (schedule, numbers.instant())
            }),
        ),
        (
            "31st",
            batch(|numbers| {
                let schedule = on_dates(numbers, "1,2,4,6,9,11,12", "31", new_york);
                (schedule, numbers.instant())
            }),
        ),
        (
            "year 9998",
            batch(|numbers| (any_kind(numbers, new_york), in_year(numbers, 9998))),
        ),
        (
            "year 1",
            batch(|numbers| (any_kind(numbers, new_york), in_year(numbers, 1))),
        ),
        (
            "before and after all years",
            batch(|numbers| {
                let ends = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];
                let end = ends[usize::from(numbers.small(2))];
                (any_kind(numbers, new_york), end)
            }),
        ),
        (
            "around changes",
            batch(|numbers| {
                let schedule = near_change_schedule(numbers, new_york);
                (schedule, near_change(numbers))
            }),
        ),
        (
            "fixed time far away",
            batch(|numbers| {
                let date = in_year(numbers, 9000).date_naive();
                let schedule = Schedule::fixed_time(date, numbers.time(), new_york).unwrap();
                (schedule, numbers.instant())
            }),
        ),
        (
            "start far away",
            batch(|numbers| {
                let date = in_year(numbers, 1).date_naive();
                let schedule = daily(numbers, new_york).with_start_date(date).unwrap();
                (schedule, numbers.instant())
            }),
        ),
        (
            "expiry",
            batch(|numbers| {
                let expiry = numbers.instant().naive_utc();
                let schedule = any_kind(numbers, new_york)
                    .with_expire_time(expiry)
                    .unwrap();
                (schedule, numbers.instant())
            }),
        ),
        (
            "every kind in every zone",
            batch(|numbers| {
                let zone = zone(ZONES[usize::from(numbers.small(8))]);
                (any_kind(numbers, zone), numbers.instant())
            }),
        ),
    ]
}

fn bench_questions<T>(
    criterion: &mut Criterion,
    name: &str,
    questions: &[Question],
    answer: impl Fn(&Schedule, DateTime<Utc>) -> T,
) {
    let mut asked = questions.iter().cycle();
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            asked
                .next()
                .map(|(schedule, now)| answer(schedule, black_box(*now)))
        });
    });
}

fn next_execution(criterion: &mut Criterion) {
    for (kind_name, kind) in KINDS {
        for zone_name in ZONES {
            let questions = batch(|numbers| (kind(numbers, zone(zone_name)), numbers.instant()));
            let name = format!("next/{kind_name}/{zone_name}");
            bench_questions(criterion, &name, &questions, Schedule::next_execution);
        }
    }
    for (hard, questions) in hard_batches() {
        let name = format!("next/hard/{hard}");
        bench_questions(criterion, &name, &questions, Schedule::next_execution);
    }
}

fn beside_it(criterion: &mut Criterion) {
    let new_york = zone("America/New_York");
    let questions = batch(|numbers| (weekly(numbers, new_york), numbers.instant()));
    bench_questions(
        criterion,
        "next, as a chrono instant",
        &questions,
        |schedule, now| {
            schedule
                .next_execution(now)
                .map(taskdex::Execution::instant)
        },
    );
    bench_questions(
        criterion,
        "previous",
        &questions,
        Schedule::previous_execution,
    );
    bench_questions(criterion, "neighbours", &questions, Schedule::neighbours);

    // What there is to beat: one conversion each way, and no calendar.
    let tz = chrono_tz::America::New_York;
    bench_questions(
        criterion,
        "chrono-tz there and back",
        &questions,
        |_, now| {
            now.with_timezone(&tz)
                .naive_local()
                .and_local_timezone(tz)
                .earliest()
        },
    );

    let executions: Vec<_> = questions
        .iter()
        .filter_map(|(schedule, now)| schedule.next_execution(*now))
        .collect();
    let mut shown = executions.iter().cycle();
    criterion.bench_function("render", |bencher| {
        bencher.iter(|| shown.next().map(|execution| execution.to_ascii()));
    });
    let mut text = Vec::with_capacity(64);
    criterion.bench_function("render into a buffer", |bencher| {
        bencher.iter(|| {
            text.clear();
            if let Some(execution) = shown.next() {
                text.extend_from_slice(&execution.to_ascii());
            }
            text.last().copied()
        });
    });
    criterion.bench_function("render RFC 3339", |bencher| {
        bencher.iter(|| shown.next().map(|execution| execution.to_rfc3339_ascii()));
    });
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(250))
}

criterion_group! {
    name = benches;
    config = settings();
    targets = next_execution, beside_it
}
criterion_main!(benches);
