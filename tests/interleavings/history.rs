//! What threads do at once: histories, made up from seeds.

use taskdex::testkit::{Op, Sizes, Source, SplitMix64, Workload, generate};
use taskdex::{ProjectId, Record};

/// Calls to be made by one thread, and then by several at once.
#[derive(Debug)]
pub(crate) struct History {
    /// Where the engine changes its forms.
    pub(crate) sizes: Sizes,
    /// The entries of each project's change log.
    pub(crate) change_log: usize,
    /// The calls made before the threads begin.
    pub(crate) before: Vec<Op>,
    /// Whether a snapshot from before lives until the end, so that rows are shared.
    pub(crate) holds_snapshot: bool,
    /// The calls of each thread.
    pub(crate) threads: Vec<Vec<Op>>,
}

impl History {
    /// The history of a seed: up to `calls_max` calls for each of two to four threads.
    pub(crate) fn new(seed: u64, calls_max: u32) -> Self {
        let source = &mut SplitMix64::new(seed);
        let swarm = generate::Swarm::crowded(source);
        // Few tasks, so that projects end; about as many as lists begin with; nearly too many.
        let count = source.pick(&[1, 3, 8, 12, 14, 20, 30, 66]);
        let tasks = |source: &mut SplitMix64| -> Vec<Record> {
            let task = |number| generate::task(source, &swarm, format!("t-{number}")).into();
            (0..count).map(task).collect()
        };
        let mut before = Vec::new();
        if !source.one_in(6) {
            before.push(Op::AddAll {
                project: project(),
                tasks: tasks(source),
                now: Workload::NOW,
            });
        }
        for _ in 0..source.below(6) {
            before.extend(calls_of_projects(source, &swarm));
        }
        let holds_snapshot = source.one_in(3);
        let thread_count = source.pick(&[2, 3, 2, 4]);
        let threads = (0..thread_count)
            .map(|_| {
                let count = source.between(1, calls_max) as usize;
                let mut calls = Vec::new();
                while calls.len() < count {
                    calls.extend(calls_of_projects(source, &swarm));
                }
                calls.truncate(count);
                calls
            })
            .collect();
        Self {
            sizes: swarm.sizes(),
            change_log: swarm.change_log(),
            before,
            holds_snapshot,
            threads,
        }
    }
}

/// The calls of the store as a whole, of what is due: their answers are no state of one project.
pub(crate) const CALLS_OF_THE_STORE: [&str; 4] =
    ["watch_due", "take_due", "next_wakeup", "due_count"];

fn calls_of_projects(source: &mut SplitMix64, swarm: &generate::Swarm) -> Vec<Op> {
    let mut calls = generate::operations(source, swarm);
    calls.retain(|call| !CALLS_OF_THE_STORE.contains(&call.name()));
    calls
}

/// The project in which most happens.
fn project() -> ProjectId {
    ProjectId::new("p-0").unwrap()
}
