//! What a store takes of the heap, as an allocator that counts sees it.
//!
//! ```text
//! cargo run --release -p taskdex-peers --bin memory -- [TASKS]
//! ```

#![allow(clippy::cast_precision_loss, reason = "figures are rounded")]

#[path = "../../../support/mod.rs"]
mod support;

use peak_alloc::PeakAlloc;
use support::{id, now, project, task, tasks};
use taskdex::{ProjectId, TaskStore};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The texts of each task: 32 + 28 + 26 bytes.
const TEXTS: usize = 86;
/// A row of the index, short texts included.
const ROW_BYTES: usize = 160;

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(1_000_000, |text| text.parse().expect("a number of tasks"));

    let before = HEAP.current_usage();
    let store = TaskStore::new();
    store
        .add_all(&project(), tasks(count), now())
        .expect("ids are distinct");
    report("loaded at once", count, before);

    for number in count..count + count / 2 {
        store
            .add(&project(), task(number), now())
            .expect("a new id");
    }
    report("half as many added one by one", count + count / 2, before);

    for number in (0..count + count / 2).step_by(2) {
        store.remove(&project(), id(number)).expect("a task");
    }
    report("every other one removed", count * 3 / 4, before);
    drop(store);

    let before = HEAP.current_usage();
    let store = TaskStore::new();
    for number in 0..100_000 {
        let project = ProjectId::new(id(number)).expect("a short id");
        let tasks = (number * 10..number * 10 + 10).map(task).collect();
        store.add_all(&project, tasks, now()).expect("new ids");
    }
    let used = HEAP.current_usage() - before;
    println!(
        "100,000 projects of 10 tasks: {} bytes a project, of which 10 rows with their texts are {}",
        used / 100_000,
        10 * ROW_BYTES,
    );
}

fn report(label: &str, count: usize, before: usize) {
    let used = HEAP.current_usage() - before;
    println!(
        "{count} tasks {label}: {:.1} bytes a task, of which {TEXTS} are texts",
        used as f64 / count as f64
    );
}
