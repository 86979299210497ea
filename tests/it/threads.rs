//! Many threads on one store.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use taskdex::testkit::Workload;
use taskdex::{LastStatus, ListQuery, Revision, ScheduledType, Task, TaskStore};

use crate::support::{NOW, project};

#[path = "../interleavings/check.rs"]
mod check;
#[path = "../interleavings/due.rs"]
mod due;
#[path = "../interleavings/history.rs"]
mod history;

/// The threads of the system.
#[expect(
    clippy::module_inception,
    reason = "the shared files name their threads so"
)]
mod threads {
    pub(crate) use std::sync::Barrier;
    pub(crate) use std::thread::scope;
    pub(crate) use std::thread_local;

    /// They tell no steps.
    pub(crate) fn reached_count() -> usize {
        0
    }
}

/// What `tests/interleavings` checks under a scheduler of its own, here at full speed: for
/// three seconds, or as many as `TASKDEX_SECONDS` says.
#[test]
fn every_answer_is_that_of_one_state_and_what_is_due_is_taken_once() {
    const CALLS: u32 = 12;
    let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seconds = Duration::from_secs(number("TASKDEX_SECONDS").unwrap_or(3));
    let began = Instant::now();
    let first: u64 = number("TASKDEX_SEED").unwrap_or(0);
    let mut seed = first;
    while began.elapsed() < seconds {
        let history = history::History::new(seed, CALLS);
        let run = check::Run::new(&history);
        if let Err(fault) = run.check() {
            panic!("TASKDEX_SEED={seed}: {fault}\n{history:?}");
        }
        assert!(run.names().count() > 0);
        let history = due::DueHistory::new(seed, CALLS);
        if let Err(fault) = history.run() {
            panic!("TASKDEX_SEED={seed}: {fault}\n{history:?}");
        }
        seed += 1;
    }
    println!("{} histories in {seconds:?}", 2 * (seed - first));
}

#[test]
fn revisions_never_repeat_while_a_project_ends_and_begins_again() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 300;
    let store = TaskStore::new();
    let p = project("p");
    let tasks: Vec<Task> = Workload::new(1, THREADS).tasks().collect();
    let revisions: Vec<Vec<Revision>> = thread::scope(|scope| {
        let threads: Vec<_> = tasks
            .iter()
            .map(|task| {
                let (store, p) = (&store, &p);
                scope.spawn(move || {
                    let mut revisions = Vec::new();
                    for _ in 0..ROUNDS {
                        // Often the only task there is, so that the project ends with it.
                        revisions.push(store.add(p, task.clone(), NOW).unwrap());
                        let status = Some(LastStatus::Skip);
                        revisions.push(store.set_last_status(p, task.id(), status).unwrap());
                        revisions.push(store.remove(p, task.id()).unwrap().revision);
                    }
                    revisions
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for revisions in &revisions {
        assert!(revisions.is_sorted_by(|earlier, later| earlier < later));
    }
    let all: HashSet<Revision> = revisions.iter().flatten().copied().collect();
    assert_eq!(all.len(), THREADS * ROUNDS * 3);
    assert_eq!(store.project_count(), 0);
    assert!(all.into_iter().max() <= Some(store.revision(&p)));
}

#[test]
fn a_reader_sees_whole_batches_and_time_goes_one_way() {
    const BATCH: usize = 40;
    let store = TaskStore::new();
    let p = project("p");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for seed in 0..60 {
                let batch = Workload::new(seed, BATCH).tasks().collect();
                store.add_all(&p, batch, NOW).unwrap();
                if seed % 7 == 6 {
                    store.remove_project(&p);
                }
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = Revision::default();
                let every = ListQuery::new(0, 50).unwrap();
                while !done.load(Ordering::Acquire) {
                    assert_eq!(store.task_count(&p) % BATCH as u64, 0);
                    for query in [
                        every.clone(),
                        every.clone().with_scheduled_type(ScheduledType::LifeCycle),
                    ] {
                        let page = store.list(&p, &query, NOW);
                        assert!(page.revision() >= last);
                        last = page.revision();
                        assert_eq!(page.tasks().len() as u64, page.total_count().min(50));
                        assert!(page.tasks().iter().all(|listed| listed.version() <= last));
                    }
                }
            });
        }
    });
    assert_eq!(store.task_count(&p), 4 * BATCH as u64);
}

/// A project that is not there was looked up twice: first itself, then where it ended. One that
/// began in between was told to be at revision 0.
#[test]
fn a_project_that_ends_and_begins_again_never_goes_back() {
    const ROUNDS: usize = 20_000;
    let store = TaskStore::new();
    let p = project("p");
    let task = Workload::new(1, 1).task(0);
    let query = ListQuery::new(0, 1).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..ROUNDS {
                store.add(&p, task.clone(), NOW).unwrap();
                store.remove(&p, task.id()).unwrap();
            }
        });
        let mut last = Revision::default();
        while !writer.is_finished() {
            let listed = store.list(&p, &query, NOW).revision();
            for revision in [listed, store.revision(&p)] {
                assert!(revision >= last, "{revision} after {last}");
                last = revision;
            }
        }
    });
    assert_eq!(store.revision(&p).get(), 2 * ROUNDS as u64);
}
