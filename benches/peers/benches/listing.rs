//! The documented listing beside SQLite in memory and a `Vec` with a closure.
//!
//! Each figure is for a few pages or needles; per element, it is one call's: the
//! total and a page of 50, every field of which is read. That all answers are
//! equal is asserted first. `TASKDEX_PEERS_TASKS=1000000` asks for other numbers
//! of tasks than 10,000 and 100,000.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use taskdex_peers::listing::{Stores, change_all, read_all, sizes};

fn listing(criterion: &mut Criterion) {
    for size in sizes() {
        let stores = Stores::load(size);
        for case in stores.cases() {
            let mut group = criterion.benchmark_group(format!("{size} tasks/{}", case.name));
            group
                .throughput(Throughput::Elements(case.questions.len() as u64))
                .sample_size(10)
                .warm_up_time(Duration::from_millis(200))
                .measurement_time(Duration::from_secs(1));
            group.bench_function("taskdex", |bencher| {
                bencher.iter(|| read_all(&stores.taskdex, &case.questions));
            });
            group.bench_function("Vec", |bencher| {
                bencher.iter(|| read_all(&stores.scan, &case.questions));
            });
            for form in case.forms {
                group.bench_function(form.name(), |bencher| {
                    bencher.iter(|| read_all(&stores.sqlite.by(*form), &case.questions));
                });
            }
            group.finish();
        }
        change(criterion, size, &stores);
    }
}

/// Changes of `last_status`, after which the stores are no longer alike.
fn change(criterion: &mut Criterion, size: usize, stores: &Stores) {
    let ids = stores.some_ids();
    stores.assert_equal_changes(&ids);
    let mut group = criterion.benchmark_group(format!("{size} tasks/change of last_status"));
    group
        .throughput(Throughput::Elements(ids.len() as u64))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    let mut round = 0;
    group.bench_function("taskdex", |bencher| {
        bencher.iter(|| {
            round += 1;
            change_all(&stores.taskdex, &ids, round);
        });
    });
    group.bench_function("SQLite", |bencher| {
        bencher.iter(|| {
            round += 1;
            change_all(&stores.sqlite, &ids, round);
        });
    });
    group.finish();
}

criterion_group!(benches, listing);
criterion_main!(benches);
