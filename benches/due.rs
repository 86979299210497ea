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
use support::{Random, add_and_remove, filled, id, now, project, sizes, task};
use taskdex::{
    LastStatus, ListQuery, Missed, Order, ProjectId, Schedule, Task, TaskStore, TaskType, TimeZone,
};

/// A store of this size that is watched from `now`.
fn watched(size: usize) -> TaskStore {
    let store = filled(size);
    store.watch_due(now());
    store
}

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("changes, watched or not");
    for size in sizes("100000") {
        for (name, store) in [("plain", filled(size)), ("watched", watched(size))] {
            let random = &mut Random::new(3);
            let ids: Vec<String> = (0..65_536)
                .map(|_| id(random.below(size as u64) as usize))
                .collect();
            let p = project();
            let mut turn = 0;
            let mut turns = || {
                turn += 1;
                turn
            };
            group.bench_function(
                BenchmarkId::new(format!("enable, {name}"), size),
                |bencher| {
                    bencher.iter(|| {
                        let turn = turns();
                        let is_enabled = turn / 65_536 % 2 == 0;
                        store.set_enabled(&p, &ids[turn % 65_536], is_enabled, now())
                    });
                },
            );
            group.bench_function(
                BenchmarkId::new(format!("status, {name}"), size),
                |bencher| {
                    bencher.iter(|| {
                        let turn = turns();
                        let statuses = [None, Some(LastStatus::Fail), Some(LastStatus::Success)];
                        store.set_last_status(&p, &ids[turn % 65_536], statuses[turn / 65_536 % 3])
                    });
                },
            );
            group.bench_function(
                BenchmarkId::new(format!("replace, {name}"), size),
                |bencher| {
                    // An id gets the schedule of another.
                    let others: Vec<Task> = (0..4_095).map(task).collect();
                    bencher.iter(|| {
                        let turn = turns();
                        let other = others[turn % 4_095].to_builder();
                        let other = other.with_id(&ids[turn % 65_536]).build().unwrap();
                        store.replace(&p, other, now())
                    });
                },
            );
            let more = |count| (size..size + count as usize).map(task).collect::<Vec<_>>();
            group.bench_function(BenchmarkId::new(format!("add, {name}"), size), |bencher| {
                bencher.iter_custom(|count| add_and_remove(&store, &more(count), now()).0);
            });
        }
    }
    group.finish();
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
    changes(&mut criterion);
    taking(&mut criterion);
    criterion.final_summary();
}
