//! Batches, snapshots, exports and change feeds, and what they cost those who write beside them.
//!
//! ```text
//! TASKDEX_BENCH_TASKS=1000000 cargo bench --bench copies
//! TASKDEX_BENCH_TASKS=10000000 cargo bench --bench copies -- --quick snapshot
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a benchmark that cannot go on should stop"
)]

mod support;

use std::cell::LazyCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion};
use support::{Random, filled_with, id, now, project, sizes};
use taskdex::{Edit, LastStatus, ProjectId, Snapshot, TaskId, TaskStore};

/// The edits of a batch, and the changes that a feed catches up on.
const BATCH: usize = 1_000;

fn store(size: usize, change_log: usize) -> TaskStore {
    filled_with(TaskStore::builder().with_change_log(change_log), size)
}

/// Statuses that differ from those of the turn before, of random tasks.
struct Statuses {
    ids: Vec<TaskId>,
    turn: usize,
}

impl Statuses {
    fn new(size: usize) -> Self {
        let random = &mut Random::new(7);
        let any = |_| TaskId::new(id(random.below(size as u64) as usize)).unwrap();
        Self {
            ids: (0..65_536).map(any).collect(),
            turn: 0,
        }
    }

    fn next(&mut self) -> (&TaskId, Option<LastStatus>) {
        const STATUSES: [LastStatus; 3] = [LastStatus::Fail, LastStatus::Success, LastStatus::Skip];
        self.turn += 1;
        let number = self.turn % self.ids.len();
        let status = STATUSES[(self.turn / self.ids.len() + self.turn) % 3];
        (&self.ids[number], Some(status))
    }

    fn batch(&mut self) -> Vec<Edit> {
        let edit = |_| {
            let (id, status) = self.next();
            Edit::set_last_status(id.clone(), status)
        };
        (0..BATCH).map(edit).collect()
    }
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch of 1,000 statuses");
    let p = project();
    for size in sizes("100000") {
        let store = LazyCell::new(|| store(size, 0));
        let statuses = &mut Statuses::new(size);
        group.bench_function(BenchmarkId::new("single calls", size), |bencher| {
            bencher.iter(|| {
                for _ in 0..BATCH {
                    let (id, status) = statuses.next();
                    store.set_last_status(&p, id, status).unwrap();
                }
            });
        });
        group.bench_function(BenchmarkId::new("apply", size), |bencher| {
            bencher.iter_batched(
                || statuses.batch(),
                |edits| store.apply(&p, &edits, now()).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("status");
    for size in sizes("100000") {
        for (name, change_log) in [("without a log", 0), ("with a log", 100_000)] {
            let store = LazyCell::new(|| store(size, change_log));
            let statuses = &mut Statuses::new(size);
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    let (id, status) = statuses.next();
                    store.set_last_status(&p, id, status)
                });
            });
        }
        let store = LazyCell::new(|| store(size, 0));
        let statuses = &mut Statuses::new(size);
        let mut longest = [Duration::ZERO; 2];
        group.bench_function(BenchmarkId::new("beside snapshots", size), |bencher| {
            let longest = &mut longest;
            bencher.iter_custom(|count| time_beside_snapshots(&store, statuses, count, longest));
        });
        let [snapshot, status] = longest;
        if !status.is_zero() {
            println!("longest at {size}: snapshot {snapshot:?}, status beside it {status:?}");
        }
    }
    group.finish();
}

/// The time of so many statuses, where a snapshot is taken before every hundred. Notes the longest
/// snapshot and the longest status.
fn time_beside_snapshots(
    store: &TaskStore,
    statuses: &mut Statuses,
    count: u64,
    [longest_snapshot, longest_status]: &mut [Duration; 2],
) -> Duration {
    let p = project();
    let mut elapsed = Duration::ZERO;
    let mut kept: Option<Snapshot> = None;
    for number in 0..count {
        if number % 100 == 0 {
            let begin = Instant::now();
            let taken = store.snapshot(&p).unwrap();
            *longest_snapshot = begin.elapsed().max(*longest_snapshot);
            kept = Some(taken);
        }
        let (id, status) = statuses.next();
        let begin = Instant::now();
        black_box(store.set_last_status(&p, id, status)).unwrap();
        let time = begin.elapsed();
        *longest_status = time.max(*longest_status);
        elapsed += time;
    }
    drop(kept);
    elapsed
}

fn copies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("copies");
    group.sample_size(10);
    let p = project();
    for size in sizes("100000") {
        let store = LazyCell::new(|| store(size, 2 * BATCH));
        group.bench_function(BenchmarkId::new("snapshot", size), |bencher| {
            let store = &*store;
            bencher.iter_with_large_drop(|| store.snapshot(&p).unwrap());
        });

        let text = LazyCell::new(|| {
            let mut text = Vec::new();
            store.snapshot(&p).unwrap().write_export(&mut text).unwrap();
            text
        });
        group.bench_function(BenchmarkId::new("export", size), |bencher| {
            let length = text.len();
            bencher.iter(|| {
                let mut text = Vec::with_capacity(length);
                let snapshot = store.snapshot(&p).unwrap();
                snapshot.write_export(&mut text).unwrap();
                text.len()
            });
        });
        let other = ProjectId::new("copy").unwrap();
        group.bench_function(BenchmarkId::new("restore", size), |bencher| {
            let text = text.as_slice();
            bencher.iter_batched(
                || store.remove_project(&other),
                |_| store.restore(&other, text).unwrap(),
                BatchSize::PerIteration,
            );
        });

        let name = "changes since 1,000 of them";
        let mut statuses = Statuses::new(size);
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            let since = store.revision(&p);
            store.apply(&p, &statuses.batch(), now()).unwrap();
            assert_ne!(store.revision(&p), since);
            bencher.iter_with_large_drop(|| store.changes_since(&p, since).unwrap());
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    batches(&mut criterion);
    copies(&mut criterion);
    criterion.final_summary();
}
