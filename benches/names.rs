//! Searches for names in one project, and its changes with the names kept ready to be searched.
//!
//! ```text
//! TASKDEX_BENCH_TASKS=1000000 cargo bench --bench names
//! ```
//!
//! Names are those of the test kit's workload: words and numbers, in English and in Chinese.
//!
//! *First time* is a search whose answer is not cached: a project caches eight answers, the
//! least recently used is evicted first, and each of these benchmarks goes round at least twelve
//! needles. Before it starts it asks the store to [explain](TaskStore::explain) the last needle but
//! eight, and stops if that is cached.

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

use std::collections::HashSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use support::{Random, add_and_remove, json_lines, project, sizes};
use taskdex::query::NameStrategy;
use taskdex::testkit::Workload;
use taskdex::{
    Explanation, LastStatus, ListQuery, NameMatch, Task, TaskName, TaskStore, TaskType, wire,
};

const SEED: u64 = 20;

/// Answers that a project caches.
const CACHED: usize = 8;

type Make = fn(&str) -> Result<NameMatch, taskdex::Error>;

/// Needles of one kind.
struct Needles {
    kind: &'static str,
    make: Make,
    texts: Vec<String>,
}

impl Needles {
    fn new<T: Into<String>>(
        kind: &'static str,
        make: Make,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            kind,
            make,
            texts: texts.into_iter().map(Into::into).collect(),
        }
    }

    fn matches(&self) -> impl Iterator<Item = NameMatch> {
        self.texts.iter().map(|text| (self.make)(text).unwrap())
    }
}

/// Needles of every length and selectivity.
fn needles(workload: &Workload, size: usize) -> Vec<Needles> {
    let one = ["e", "a", "r", "t", "s", "o", "n", "i", "-", "0", "1", "5"];
    let one_han = [
        "部", "定", "时", "机", "重", "启", "研", "发", "关", "休", "新", "一",
    ];
    let two = [
        "re", "st", "ta", "ar", "er", "in", "on", "ht", "ly", "-s", "rt", "k-",
    ];
    let two_han = [
        "研发", "定时", "关机", "开机", "重启", "一部", "二部", "测试", "夜间", "备份", "休眠",
        "快照",
    ];
    let three = [
        "sta", "res", "art", "sto", "ly-", "tly", "op-", "rt-", "nig", "kly", "eek", "-st",
    ];
    let three_han = [
        "研发一",
        "定时关",
        "时关机",
        "定时开",
        "时重启",
        "定时重",
        "夜间休",
        "间休眠",
        "自动备",
        "动备份",
        "发一部",
        "发二部",
    ];
    let common = [
        "restart",
        "nightly",
        "restart-",
        "nightly-",
        "start",
        "stop-",
        "tart-",
        "weekly",
        "定时关机",
        "研发一部",
        "定时重启",
        "nightly-restart",
    ];
    let upper = common.map(str::to_uppercase);
    let random = &mut Random::new(13);
    let names = || {
        let position = random.below(size as u64) as usize;
        workload.task(position).task_name().to_owned()
    };
    let names: Vec<String> = std::iter::repeat_with(names).take(4_096).collect();
    // A place and a number of four digits, or as much of another name.
    let ends = names.iter().filter_map(|name| {
        let (before, number) = name.rsplit_once('-')?;
        let (_, place) = before.rsplit_once('-')?;
        (number.len() == 4).then(|| format!("{place}-{number}"))
    });
    let ends: Vec<String> = ends.collect();
    let numbers = (0..512).map(|it| format!("-{:04}", (it * 7_919) % 10_000));
    let none = (0..512).map(|it| format!("restart-nightly-{:04}", (it * 7_919) % 10_000));
    let upper_ends = ends.iter().map(|text| text.to_uppercase());
    vec![
        Needles::new("1 character", NameMatch::contains, one),
        Needles::new("1 Chinese character", NameMatch::contains, one_han),
        Needles::new("2 characters", NameMatch::contains, two),
        Needles::new("2 Chinese characters", NameMatch::contains, two_han),
        Needles::new("3 characters", NameMatch::contains, three),
        Needles::new("3 Chinese characters", NameMatch::contains, three_han),
        Needles::new("long, common", NameMatch::contains, common),
        Needles::new("number of 4 digits", NameMatch::contains, numbers),
        Needles::new("long, selective", NameMatch::contains, ends.clone()),
        Needles::new("in no name", NameMatch::contains, none),
        Needles::new("exact", NameMatch::exactly, names),
        Needles::new(
            "3 characters, any case",
            NameMatch::contains_ignoring_case,
            three,
        ),
        Needles::new(
            "long, common, any case",
            NameMatch::contains_ignoring_case,
            upper,
        ),
        Needles::new(
            "long, selective, any case",
            NameMatch::contains_ignoring_case,
            upper_ends,
        ),
    ]
}

/// Queries for these needles, each at an offset anywhere in its answer.
fn queries(
    store: &TaskStore,
    names: impl Iterator<Item = NameMatch>,
    filter: impl Fn(ListQuery) -> ListQuery,
) -> Vec<ListQuery> {
    let random = &mut Random::new(17);
    let asked = |offset, name: &NameMatch| {
        filter(ListQuery::new(offset, 50).unwrap()).with_task_name(name.clone())
    };
    let queries = names.map(|name| {
        let (total, _) = store.positions(&project(), &asked(0, &name));
        asked(random.below(u64::from(total.max(1))), &name)
    });
    queries.collect()
}

fn assert_evicted(store: &TaskStore, queries: &[ListQuery]) {
    let distinct: HashSet<_> = queries.iter().map(ListQuery::task_name).collect();
    assert!(distinct.len() > CACHED);
    let explanation = store.explain(&project(), &queries[0]);
    let is_cached = matches!(
        explanation,
        Explanation::NameSearch {
            strategy: NameStrategy::Cached,
            ..
        }
    );
    assert!(!is_cached, "{explanation}");
}

fn first_time(
    group: &mut BenchmarkGroup<'_, WallTime>,
    label: &str,
    size: usize,
    store: &TaskStore,
    queries: &[ListQuery],
) {
    assert_evicted(store, queries);
    let project = project();
    let mut next = queries.iter().cycle();
    group.bench_function(BenchmarkId::new(label, size), |bencher| {
        bencher.iter(|| store.positions(&project, next.next().unwrap()));
    });
}

fn searches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("names");
    for size in sizes("10000") {
        let workload = Workload::new(SEED, size);
        let store = filled(&workload);
        let distinct: HashSet<String> = workload
            .tasks()
            .map(|task| task.task_name().to_owned())
            .collect();
        println!("{size} tasks have {} different names", distinct.len());
        drop(distinct);
        let needles = needles(&workload, size);
        for needles in &needles {
            let label = format!("first time: {}", needles.kind);
            let queries = queries(&store, needles.matches(), |query| query);
            first_time(&mut group, &label, size, &store, &queries);
        }
        let one_in_17 = |query: ListQuery| query.with_task_type(TaskType::ExecuteScript);
        let two_thirds = |query: ListQuery| query.with_last_status(LastStatus::Success);
        for needles in &needles {
            if ["2 characters", "long, common", "long, selective"].contains(&needles.kind) {
                let label = format!("first time, among 6 %: {}", needles.kind);
                let few = queries(&store, needles.matches(), one_in_17);
                first_time(&mut group, &label, size, &store, &few);
                let label = format!("first time, among 62 %: {}", needles.kind);
                let most = queries(&store, needles.matches(), two_thirds);
                first_time(&mut group, &label, size, &store, &most);
            }
        }

        // The answers to as many needles as are cached, at ever other pages.
        let common = needles.iter().find(|it| it.kind == "long, common").unwrap();
        let again: Vec<ListQuery> = std::iter::repeat_with(|| common.matches().take(CACHED))
            .take(64)
            .flat_map(|names| queries(&store, names, |query| query))
            .collect();
        let project = project();
        let mut next = again.iter().cycle();
        group.bench_function(BenchmarkId::new("again: positions", size), |bencher| {
            bencher.iter(|| store.positions(&project, next.next().unwrap()));
        });
        let mut next = again.iter().cycle();
        group.bench_function(BenchmarkId::new("again: owned page", size), |bencher| {
            bencher.iter(|| store.list(&project, next.next().unwrap(), Workload::NOW));
        });
        // They take two answers for each needle: one of timed tasks, one of triggered ones.
        let few = |query: &&ListQuery| {
            common
                .matches()
                .take(3)
                .any(|it| query.task_name() == Some(&it))
        };
        let mut next = again.iter().filter(few).cycle();
        group.bench_function(BenchmarkId::new("again: facets", size), |bencher| {
            bencher.iter(|| store.facets(&project, next.next().unwrap()));
        });
    }
    group.finish();
}

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("names, kept");
    for size in sizes("10000") {
        let workload = Workload::new(SEED, size);
        let store = filled(&workload);
        let project = project();
        let random = &mut Random::new(3);
        let ids: Vec<String> = (0..65_536)
            .map(|_| {
                workload
                    .task(random.below(size as u64) as usize)
                    .id()
                    .to_owned()
            })
            .collect();
        let others = Workload::new(SEED + 1, 65_536);
        let names: Vec<TaskName> = others
            .tasks()
            .map(|task| TaskName::new(task.task_name()).unwrap())
            .collect();
        let mut turn = 0;
        let mut turns = || {
            turn += 1;
            turn
        };
        group.bench_function(BenchmarkId::new("status", size), |bencher| {
            bencher.iter(|| {
                let turn = turns();
                let status = LastStatus::ALL[(turn + turn / 65_536) % 3];
                store.set_last_status(&project, &ids[turn % 65_536], Some(status))
            });
        });
        group.bench_function(BenchmarkId::new("rename", size), |bencher| {
            bencher.iter(|| {
                let turn = turns();
                // The pairs of ids and names are other ones in each round.
                let name = &names[(turn + turn / 65_536) % 65_536];
                store.rename(&project, &ids[turn % 65_536], name)
            });
        });
        // Past the end, and so of other ids.
        let more = |count: u64| {
            let positions = size..size + count as usize;
            let tasks = positions.map(|position| workload.task(position));
            tasks.collect::<Vec<_>>()
        };
        group.bench_function(BenchmarkId::new("add", size), |bencher| {
            bencher.iter_custom(|count| add_and_remove(&store, &more(count), Workload::NOW).0);
        });
        group.bench_function(BenchmarkId::new("remove", size), |bencher| {
            bencher.iter_custom(|count| add_and_remove(&store, &more(count), Workload::NOW).1);
        });
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("bulk load", size), |bencher| {
            let tasks: Vec<Task> = workload.tasks().collect();
            bencher.iter_custom(|count| {
                let load = || {
                    let tasks = tasks.clone();
                    let store = TaskStore::new();
                    let start = Instant::now();
                    store.add_all(&project, tasks, Workload::NOW).unwrap();
                    let elapsed = start.elapsed();
                    drop(store);
                    elapsed
                };
                (0..count).map(|_| load()).sum()
            });
        });
        group.bench_function(
            BenchmarkId::new("bulk load of JSON Lines", size),
            |bencher| {
                let text = json_lines(&workload);
                bencher.iter_custom(|count| {
                    let load = || {
                        let store = TaskStore::new();
                        let start = Instant::now();
                        let records = wire::read_records(text.as_bytes(), &project).unwrap();
                        let tasks = records.into_iter().map(|(_, record)| record.task).collect();
                        store.add_all(&project, tasks, Workload::NOW).unwrap();
                        let elapsed = start.elapsed();
                        drop(black_box(store));
                        elapsed
                    };
                    (0..count).map(|_| load()).sum()
                });
            },
        );
        group.sample_size(50);
    }
    group.finish();
}

fn filled(workload: &Workload) -> TaskStore {
    let store = TaskStore::new();
    let tasks = workload.tasks().collect();
    store.add_all(&project(), tasks, Workload::NOW).unwrap();
    store
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = searches, changes
}
criterion_main!(benches);
