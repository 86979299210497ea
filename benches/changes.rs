//! Changes of one project, bulk loads, many small projects, and what readers
//! notice of a writer.
//!
//! ```text
//! TASKDEX_BENCH_TASKS=1000000 cargo bench --bench changes
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "a benchmark that cannot go on should stop"
)]

mod support;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use support::{Random, add_and_remove, filled, id, now, project, queries, sizes, task, tasks};
use taskdex::{LastStatus, ListQuery, ProjectId, Task, TaskName, TaskStore};

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("changes");
    for size in sizes("1000,100000") {
        let store = filled(size);
        let project = project();
        let random = &mut Random::new(3);
        let ids: Vec<String> = (0..65_536)
            .map(|_| id(random.below(size as u64) as usize))
            .collect();
        let statuses = [
            None,
            Some(LastStatus::Fail),
            Some(LastStatus::Success),
            Some(LastStatus::Skip),
        ];
        let mut turn = 0;
        let mut turns = || {
            turn += 1;
            turn
        };

        group.bench_function(BenchmarkId::new("status", size), |bencher| {
            bencher.iter(|| {
                let turn = turns();
                let status = statuses[(turn + turn / 65_536) % 4];
                store.set_last_status(&project, &ids[turn % 65_536], status)
            });
        });
        group.bench_function(BenchmarkId::new("enable", size), |bencher| {
            bencher.iter(|| {
                let turn = turns();
                store.set_enabled(&project, &ids[turn % 65_536], turn % 3 == 0, now())
            });
        });
        // Not a divisor of the ids, so that an id gets another name each time.
        let names: Vec<TaskName> = (0..4_095)
            .map(|number| TaskName::new(task(number).task_name()).unwrap())
            .collect();
        group.bench_function(BenchmarkId::new("rename", size), |bencher| {
            bencher.iter(|| {
                let turn = turns();
                let name = &names[turn % 4_095];
                store.rename(&project, &ids[turn % 65_536], name)
            });
        });
        let mut others: Vec<Task> = (0..4_096)
            .map(|_| task(random.below(size as u64) as usize))
            .collect();
        // Each in turn as it is and with another status.
        for position in 0..others.len() {
            let task = others[position].clone();
            let is_skipped = task.last_status() == Some(LastStatus::Skip);
            let other = if is_skipped {
                LastStatus::Fail
            } else {
                LastStatus::Skip
            };
            others.push(task.with_last_status(Some(other)));
        }
        group.bench_function(BenchmarkId::new("replace", size), |bencher| {
            bencher.iter(|| store.replace(&project, others[turns() % 8_192].clone(), now()));
        });
        let more = |count| (size..size + count as usize).map(task).collect::<Vec<_>>();
        group.bench_function(BenchmarkId::new("add", size), |bencher| {
            bencher.iter_custom(|count| add_and_remove(&store, &more(count), now()).0);
        });
        group.bench_function(BenchmarkId::new("remove", size), |bencher| {
            bencher.iter_custom(|count| add_and_remove(&store, &more(count), now()).1);
        });
        group.bench_function(BenchmarkId::new("bulk load", size), |bencher| {
            let tasks = tasks(size);
            bencher.iter_custom(|count| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..count {
                    let tasks = tasks.clone();
                    let store = TaskStore::new();
                    let start = Instant::now();
                    store.add_all(&project, tasks, now()).unwrap();
                    elapsed += start.elapsed();
                }
                elapsed
            });
        });
    }
    group.finish();
}

fn many_projects(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("100,000 projects of 10 tasks");
    group.sample_size(10);
    let projects: Vec<ProjectId> = (0..100_000)
        .map(|number| ProjectId::new(id(number)).unwrap())
        .collect();
    let fill = || {
        let store = TaskStore::new();
        for (number, project) in projects.iter().enumerate() {
            let tasks = (number * 10..number * 10 + 10).map(task).collect();
            store.add_all(project, tasks, now()).unwrap();
        }
        store
    };
    let store = fill();
    let query = ListQuery::new(0, 50).unwrap();
    let random = &mut Random::new(5);
    group.bench_function("owned page of a random project", |bencher| {
        bencher.iter(|| {
            let project = &projects[random.below(100_000) as usize];
            store.list(project, &query, now())
        });
    });
    group.finish();
}

/// How long listings take while a writer is at work, and while none is.
fn what_readers_notice() {
    for size in sizes("1000,100000") {
        let store = filled(size);
        let extra: Vec<Task> = (size..size + size / 4).map(task).collect();
        let mirrored: Vec<Task> = (size / 8..size).map(task).collect();
        let half: Vec<String> = (0..size).step_by(2).map(id).collect();
        let project = project();
        notice(&store, size, "no writer", || {
            thread::sleep(Duration::from_millis(500));
        });
        notice(&store, size, "import of a quarter", || {
            store.add_all(&project, extra.clone(), now()).unwrap();
        });
        notice(&store, size, "sync that removes a third", || {
            store.sync(&project, mirrored.clone(), now()).unwrap();
        });
        notice(&store, size, "removals up to renumbering", || {
            for id in &half {
                // Some went with the sync.
                let _ = store.remove(&project, id);
            }
            let left = store.task_count(&project);
            for number in (1..size)
                .step_by(2)
                .take(usize::try_from(left / 4).unwrap())
            {
                let _ = store.remove(&project, id(number));
            }
        });
    }
}

fn notice(store: &TaskStore, size: usize, label: &str, work: impl FnOnce() + Send) {
    let queries = queries(store, 1_024);
    let project = project();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let done = &done;
        let worker = scope.spawn(move || {
            let start = Instant::now();
            work();
            done.store(true, Ordering::Relaxed);
            start.elapsed()
        });
        let mut times = Vec::new();
        let mut queries = queries.iter().cycle();
        while !done.load(Ordering::Relaxed) {
            let query = queries.next().unwrap();
            let start = Instant::now();
            black_box(store.list(&project, query, now()));
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        println!(
            "{size:>9} tasks, {label}: {:?}; listings: median {:?}, 99 % {:?}, 99.9 % {:?}, longest {:?}",
            worker.join().unwrap(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0),
        );
    });
}

/// How many listings one reader and two readers get through beside a writer
/// of 10,000 changes a second.
fn readers_beside_a_writer() {
    for size in sizes("1000,100000") {
        let store = filled(size);
        let alone = readings(&store, size, 1);
        let both = readings(&store, size, 2);
        println!(
            "{size:>9} tasks, two readers beside a writer: {:.2} x one",
            both / alone
        );
    }
}

fn readings(store: &TaskStore, size: usize, readers: usize) -> f64 {
    const LASTING: Duration = Duration::from_millis(1_500);
    let queries = &queries(store, 4_096);
    let project = &project();
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            let start = Instant::now();
            let mut made = 0_u32;
            let random = &mut Random::new(9);
            while !done.load(Ordering::Relaxed) {
                let due = (start.elapsed().as_secs_f64() * 10_000.0) as u32;
                while made < due {
                    made += 1;
                    let status = random.pick(LastStatus::ALL);
                    let id = id(random.below(size as u64) as usize);
                    let _ = store.set_last_status(project, &id, Some(status));
                }
                thread::sleep(Duration::from_micros(200));
            }
        });
        let readers: Vec<_> = (0..readers)
            .map(|reader| {
                scope.spawn(move || {
                    let mut times = Vec::new();
                    for query in queries.iter().cycle().skip(reader * 1_000) {
                        let start = Instant::now();
                        black_box(store.list(project, query, now()));
                        times.push(start.elapsed());
                        if done.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    times
                })
            })
            .collect();
        thread::sleep(LASTING);
        done.store(true, Ordering::Relaxed);
        let mut times: Vec<Duration> = Vec::new();
        for reader in readers {
            times.extend(reader.join().unwrap());
        }
        let count = times.len();
        times.sort_unstable();
        println!(
            "  {} listings a second, 99 % within {:?}",
            (count as f64 / LASTING.as_secs_f64()) as u64,
            times[count * 99 / 100]
        );
        count as f64
    })
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    changes(&mut criterion);
    many_projects(&mut criterion);
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        what_readers_notice();
        readers_beside_a_writer();
    }
}
