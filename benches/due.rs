//! What is due: watching, changes in a watched project, taking, and what comes next.
//!
//! ```text
//! TASKDEX_BENCH_TASKS=1000000 cargo bench -p taskdex-benches --bench due
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a benchmark that cannot go on should stop"
)]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{NaiveTime, TimeDelta};
use criterion::{BenchmarkId, Criterion};
use support::{Random, filled, id, now, project, sizes, task};
use taskdex::{
    LastStatus, ListQuery, Missed, Order, ProjectId, Schedule, Task, TaskStore, TaskType, TimeZone,
};

/// A store of this size that is watched from `now`.
fn watched(size: usize) -> TaskStore {
    let store = filled(size);
    store.watch_due(now());
    store
}

/// Changes of one store before the other has its turn.
const TURN_CHANGES: usize = 4_096;
/// Turns of each store.
const TURNS: usize = 60;

/// What watching adds to a change: the same changes of two stores in turns, and the median
/// difference, so that a processor that slows down meanwhile slows both.
fn what_watching_adds() {
    for size in sizes("100000") {
        let stores = [filled(size), watched(size)];
        let p = &project();
        let random = &mut Random::new(3);
        let mut some = |_| random.below(size as u64) as usize;
        difference(
            &format!("{size} tasks, enable"),
            &stores,
            |turn| {
                // What one turn disables, the next one enables.
                let random = &mut Random::new(turn as u64 / 2);
                let numbers = (0..TURN_CHANGES).map(|_| random.below(size as u64) as usize);
                numbers.map(id).collect::<Vec<_>>()
            },
            |store, turn, ids| {
                for id in ids {
                    let _ = store.set_enabled(p, id, turn % 2 != 0, now());
                }
            },
        );
        difference(
            &format!("{size} tasks, status"),
            &stores,
            |_| (0..TURN_CHANGES).map(&mut some).map(id).collect::<Vec<_>>(),
            |store, turn, ids| {
                let status = LastStatus::ALL[turn % LastStatus::ALL.len()];
                for id in ids {
                    let _ = store.set_last_status(p, id, Some(status));
                }
            },
        );
        let another_schedule = |turn: usize, number: usize| {
            let timing = task(number * TURNS + turn).timing();
            let task = task(number).to_builder().with_timing(timing);
            // A type that no event triggers stays as it was.
            task.build().ok()
        };
        difference(
            &format!("{size} tasks, replace by another schedule"),
            &stores,
            |turn| {
                let numbers = (0..TURN_CHANGES).map(&mut some);
                numbers
                    .filter_map(|number| another_schedule(turn, number))
                    .collect::<Vec<_>>()
            },
            |store, _, tasks| {
                for task in tasks {
                    let _ = store.replace(p, task.clone(), now());
                }
            },
        );
        let added: Vec<Task> = (size..size + TURN_CHANGES).map(task).collect();
        let remove = |store: &TaskStore| {
            for task in added.iter().rev() {
                let _ = store.remove(p, task.id());
            }
        };
        difference(
            &format!("{size} tasks, add"),
            &stores,
            |_| stores.iter().for_each(remove),
            |store, _, ()| {
                for task in added.iter().cloned() {
                    store.add(p, task, now()).unwrap();
                }
            },
        );
    }
}

/// Prints how long a change takes in a store that is not watched and in one that is.
fn difference<T>(
    name: &str,
    stores: &[TaskStore; 2],
    mut prepare: impl FnMut(usize) -> T,
    change: impl Fn(&TaskStore, usize, &T),
) {
    let mut times = Vec::new();
    for turn in 0..TURNS {
        let prepared = prepare(turn);
        let times_of_both = stores.each_ref().map(|store| {
            let begin = Instant::now();
            change(store, turn, &prepared);
            i64::try_from(begin.elapsed().as_nanos() / TURN_CHANGES as u128).unwrap()
        });
        times.push(times_of_both);
    }
    let median = |of: fn(&[i64; 2]) -> i64| {
        let mut times: Vec<i64> = times.iter().map(of).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    println!(
        "{name}: {} ns, watched {} ns, difference {} ns",
        median(|times| times[0]),
        median(|times| times[1]),
        median(|times| times[1] - times[0]),
    );
}

/// So many tasks that execute every day at the same second, or spread over the day.
fn daily(size: usize, is_spread: bool) -> TaskStore {
    let random = &mut Random::new(5);
    let tasks = (0..size).map(|number| {
        let second = if is_spread {
            random.below(86_400) as u32
        } else {
            28_800
        };
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        let schedule = Schedule::daily(1, time, TimeZone::UTC).unwrap();
        let task = Task::builder(id(number), "Restart", TaskType::Reboot, schedule);
        task.build().unwrap()
    });
    let store = TaskStore::new();
    store.add_all(&project(), tasks.collect(), now()).unwrap();
    store.watch_due(now());
    store
}

fn taking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("due");
    group.sample_size(10);
    for size in sizes("100000") {
        for (name, is_spread) in [("in a second", false), ("in a day", true)] {
            let store = daily(size, is_spread);
            let mut day = 0;
            let name = format!("take all due {name}");
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter_custom(|count| {
                    let mut elapsed = Duration::ZERO;
                    for _ in 0..count {
                        day += 1;
                        let now = now() + TimeDelta::days(day);
                        let begin = Instant::now();
                        let mut taken = 0;
                        loop {
                            let batch = store.take_due(now, 1_000, Missed::Latest).unwrap();
                            taken += batch.due.len();
                            if !batch.has_more {
                                break;
                            }
                        }
                        elapsed += begin.elapsed();
                        assert_eq!(taken, size);
                    }
                    elapsed
                });
            });
        }
        let store = filled(size);
        group.bench_function(BenchmarkId::new("watch", size), |bencher| {
            bencher.iter(|| store.watch_due(now()));
        });
        group.bench_function(BenchmarkId::new("next wakeup", size), |bencher| {
            bencher.iter(|| black_box(&store).next_wakeup());
        });
        let every = ListQuery::new(0, 50)
            .unwrap()
            .with_order(Order::NextExecution);
        let failed = every.clone().with_last_status(LastStatus::Fail);
        let deep = every.clone().with_page(size as u64 / 2, 50).unwrap();
        for (name, query) in [("first", &every), ("failed", &failed), ("middle", &deep)] {
            let name = format!("{name} page by next execution");
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| store.list(&project(), query, now()));
            });
        }
        let store = daily(size, true);
        group.bench_function(BenchmarkId::new("forecast of a week", size), |bencher| {
            let (hour, week) = (Duration::from_hours(1), now() + TimeDelta::days(7));
            bencher.iter(|| {
                store
                    .forecast(&project(), &every, now(), week, hour)
                    .unwrap()
            });
        });
    }
    let store = TaskStore::new();
    for number in 0..100_000 {
        let project = ProjectId::new(format!("{number:06}")).unwrap();
        let tasks = (10 * number..10 * number + 10).map(task).collect();
        store.add_all(&project, tasks, now()).unwrap();
    }
    store.watch_due(now());
    let mut at = now();
    group.bench_function("take 100 of 100,000 projects", |bencher| {
        bencher.iter_custom(|count| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..count {
                while store.due_count(at).unwrap() < 100 {
                    at += TimeDelta::seconds(1);
                }
                let begin = Instant::now();
                let batch = store.take_due(at, 100, Missed::Latest).unwrap();
                elapsed += begin.elapsed();
                assert_eq!(batch.due.len(), 100);
            }
            elapsed
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    taking(&mut criterion);
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        what_watching_adds();
    }
}
