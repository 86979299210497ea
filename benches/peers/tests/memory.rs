//! What a store says of its memory, compared with what an allocator counts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../../support/mod.rs"]
mod support;

use peak_alloc::PeakAlloc;
use support::{id, now, project, task, tasks};
use taskdex::query::MemoryUse;
use taskdex::{LastStatus, ListQuery, ProjectId, TaskName, TaskStore};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Tasks of the large project.
const TASKS: usize = 100_000;

/// A store, and what the allocator counted before it was there.
struct Measured {
    before: usize,
    store: TaskStore,
}

impl Measured {
    /// Memory by parts, of which the sum is within 10 % of what the allocator counts.
    fn memory(&self, step: &str) -> MemoryUse {
        let counted = (HEAP.current_usage() - self.before) as u64;
        let memory = self.store.memory();
        let total = memory.total();
        println!("{step}: {total} of {counted} bytes: {memory:?}");
        assert!(
            total.abs_diff(counted) * 10 <= counted,
            "{step}: {total} of {counted} bytes: {memory:?}"
        );
        memory
    }
}

/// One test, as the allocator counts what all threads allocate.
#[test]
fn the_parts_are_what_an_allocator_counts() {
    large_project();
    small_projects();
}

fn large_project() {
    let project = &project();
    let before = HEAP.current_usage();
    let store = TaskStore::builder().with_change_log(2 * TASKS).build();
    let measured = Measured { before, store };
    let store = &measured.store;
    store.add_all(project, tasks(TASKS), now()).unwrap();
    let loaded = measured.memory("loaded at once");
    for part in [
        loaded.rows,
        loaded.lists,
        loaded.ids,
        loaded.names,
        loaded.log,
    ] {
        assert!(part > TASKS as u64, "{loaded:?}");
    }
    assert_eq!(loaded.due, 0);
    assert_eq!(store.project_memory(project).names, loaded.names);

    store.watch_due(now());
    let watched = measured.memory("watched");
    assert!(watched.due > TASKS as u64);

    for number in TASKS..TASKS + TASKS / 4 {
        store.add(project, task(number), now()).unwrap();
    }
    let grown = measured.memory("a quarter added one by one");
    assert!(grown.rows > watched.rows && grown.names > watched.names && grown.ids > watched.ids);

    for number in 0..TASKS / 4 {
        let other = TaskName::new(task(number + 2 * TASKS).task_name()).unwrap();
        store.rename(project, id(number), &other).unwrap();
        let status = LastStatus::ALL[number % LastStatus::ALL.len()];
        store
            .set_last_status(project, id(number), Some(status))
            .unwrap();
    }
    let renamed = measured.memory("a quarter renamed");
    assert!(renamed.names > grown.names && renamed.log > grown.log);

    let search = ListQuery::from_query_string("offset=0&limit=10&task_name=a").unwrap();
    let total = store.list(project, &search, now()).total_count();
    assert!(total > 1_000);
    let searched = measured.memory("a search cached");
    assert!(searched.cache > renamed.cache);

    // Texts that do not fit into their rows.
    for number in 0..TASKS / 8 {
        let long = task(number).to_builder().with_description("x".repeat(200));
        store
            .replace(project, long.build().unwrap(), now())
            .unwrap();
    }
    let long = measured.memory("long texts");
    assert!(long.rows > searched.rows + 200 * (TASKS as u64 / 8));

    for number in 0..TASKS {
        store.remove(project, id(number)).unwrap();
    }
    let removed = measured.memory("most removed");
    store.compact(project);
    let compacted = measured.memory("compacted");
    assert!(compacted.rows <= removed.rows && compacted.rows * 2 < long.rows);
    assert!(compacted.names < removed.names && compacted.ids < long.ids);

    store.remove_project(project);
    let ended = store.memory();
    let used = MemoryUse::default();
    assert_eq!(
        (ended.rows, ended.lists, ended.log),
        (used.rows, used.lists, used.log)
    );
}

fn small_projects() {
    let before = HEAP.current_usage();
    let store = TaskStore::new();
    let measured = Measured { before, store };
    for number in 0..10_000 {
        let project = ProjectId::new(id(number)).unwrap();
        let tasks = (number * 10..number * 10 + 10).map(task).collect();
        measured.store.add_all(&project, tasks, now()).unwrap();
    }
    let memory = measured.memory("10,000 projects of 10 tasks");
    assert_eq!((memory.lists, memory.ids, memory.names), (0, 0, 0));
    assert!(memory.projects > 100 * 10_000);
}
