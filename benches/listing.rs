//! Listings of one project: filters and offset are new in every call.
//!
//! ```text
//! TASKDEX_BENCH_TASKS=10000,1000000,10000000 cargo bench --bench listing
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

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use support::{filled, now, project, queries, query_string, sizes};
use taskdex::{ListQuery, Page};

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listing");
    for size in sizes("1000,100000") {
        let store = filled(size);
        let queries = queries(&store, 4_096);
        let project = project();

        let mut next = queries.iter().cycle();
        group.bench_function(BenchmarkId::new("positions", size), |bencher| {
            bencher.iter(|| store.positions(&project, next.next().unwrap()));
        });

        let mut next = queries.iter().cycle();
        group.bench_function(
            BenchmarkId::new("owned page, every field", size),
            |bencher| {
                bencher.iter(|| read_all(&store.list(&project, next.next().unwrap(), now())));
            },
        );

        let strings: Vec<String> = queries.iter().map(query_string).collect();
        let mut next = strings.iter().cycle();
        let mut body = Vec::new();
        group.bench_function(BenchmarkId::new("query string to JSON", size), |bencher| {
            bencher.iter(|| {
                let query = ListQuery::from_query_string(next.next().unwrap()).unwrap();
                body.clear();
                store.list_json(&project, &query, now(), &mut body);
                black_box(body.len())
            });
        });

        let mut next = queries.iter().cycle();
        group.bench_function(BenchmarkId::new("facets", size), |bencher| {
            bencher.iter(|| store.facets(&project, next.next().unwrap()));
        });
    }
    group.finish();
}

/// Reads every field of every task.
fn read_all(page: &Page) -> u64 {
    let mut sum = page.total_count();
    for listed in page.tasks() {
        let task = listed.task();
        sum += task.id().len() as u64 + task.task_name().len() as u64;
        sum += task.task_type() as u64 + task.scheduled_type() as u64;
        sum += task.life_cycle_type().map_or(0, |it| it as u64);
        sum += task.last_status().map_or(0, |it| it as u64);
        sum += u64::from(task.is_enabled());
        sum += task
            .description()
            .map_or(0, |it| u64::from(it.as_bytes()[0]));
        sum += u64::from(task.priority().unwrap_or(0) + task.wait_time().unwrap_or(0));
        sum += task.time_zone().map_or(0, |it| it.len() as u64);
        sum += listed.version().get();
        sum += listed
            .next_execution()
            .map_or(0, |it| it.unix_seconds().cast_unsigned());
        black_box(task.id().as_bytes()[31]);
        black_box(task.task_name().as_bytes()[0]);
    }
    sum
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50);
    targets = listing
}
criterion_main!(benches);
