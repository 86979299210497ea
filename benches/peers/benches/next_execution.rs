//! The next execution, from instant to instant, beside `cron`, `croner` and `rrule`.
//!
//! Each figure is for a batch of plans; per element, it is one call's. That all
//! answers are equal is asserted first.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use taskdex_peers::contest::{BATCH, contests};

fn next_execution(criterion: &mut Criterion) {
    for contest in contests() {
        let batches = contest.batches();
        let mut group = criterion.benchmark_group(format!("next execution/{}", contest.name));
        group
            .throughput(Throughput::Elements(BATCH.into()))
            .sample_size(20)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        group.bench_function("taskdex", |bencher| bencher.iter(|| batches.taskdex.ask()));
        if let Some(cron) = &batches.cron {
            group.bench_function("cron", |bencher| bencher.iter(|| cron.ask()));
        }
        if let Some(croner) = &batches.croner {
            group.bench_function("croner", |bencher| bencher.iter(|| croner.ask()));
        }
        group.bench_function("rrule", |bencher| bencher.iter(|| batches.rrule.ask()));
        group.finish();
    }
}

criterion_group!(benches, next_execution);
criterion_main!(benches);
