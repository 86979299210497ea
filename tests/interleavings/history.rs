//! What threads do at once: histories, made up from seeds.

use chrono::TimeDelta;
use taskdex::testkit::generate::{self, Swarm};
use taskdex::testkit::{Op, ReferenceStore, Sizes, Source, SplitMix64, Workload};
use taskdex::{ListQuery, NameMatch, ProjectId, Record};

/// Calls to be made by one thread, and then by several at once.
#[derive(Debug)]
pub(crate) struct History {
    /// Where the engine changes its forms.
    pub(crate) sizes: Sizes,
    /// The entries of each project's change log.
    pub(crate) change_log: usize,
    /// The calls made before the threads begin.
    pub(crate) before: Vec<Op>,
    /// The reference after them.
    pub(crate) reference: ReferenceStore,
    /// Whether a snapshot from before lives until the end, so that rows are shared.
    pub(crate) holds_snapshot: bool,
    /// Whether callers panic: the callback for changes now and then, and the reader of an export.
    pub(crate) panics: bool,
    /// The calls of each thread.
    pub(crate) threads: Vec<Vec<Op>>,
}

impl History {
    /// The history of a seed: up to `calls_max` calls for each of two to four threads.
    pub(crate) fn new(seed: u64, calls_max: u32) -> Self {
        let source = &mut SplitMix64::new(seed);
        let swarm = Swarm::crowded(source);
        // More answers than the cache has room for.
        let searches: Vec<ListQuery> = (0..4).map(|_| search(source, &swarm)).collect();
        let before = beginning(source, &swarm, &searches);
        let (_, mut reference) = swarm.sizes().stores(swarm.change_log());
        for op in &before {
            op.apply_to_reference(&mut reference);
        }
        let holds_snapshot = source.one_in(3);
        let panics = source.one_in(8);
        let thread_count = source.pick(&[2, 3, 2, 4]);
        let threads = (0..thread_count)
            .map(|_| {
                let count = source.between(1, calls_max) as usize;
                let mut calls = Vec::new();
                while calls.len() < count {
                    match source.below(8) {
                        0 => calls.push(listed(source, &searches)),
                        1 => calls.push(replaced(source, &swarm)),
                        _ => calls.extend(calls_of_projects(source, &swarm)),
                    }
                }
                calls.truncate(count);
                calls
            })
            .collect();
        Self {
            sizes: swarm.sizes(),
            change_log: swarm.change_log(),
            before,
            reference,
            holds_snapshot,
            panics,
            threads,
        }
    }
}

/// A project that is about to change its form, most often.
fn beginning(source: &mut SplitMix64, swarm: &Swarm, searches: &[ListQuery]) -> Vec<Op> {
    // Few tasks, so that projects end; about as many as lists begin with; nearly too many.
    let count = source.pick(&[1, 3, 8, 12, 14, 16, 20, 30, 66, 2, 11, 13]);
    let mut before = Vec::new();
    if !source.one_in(6) {
        let task =
            |number| -> Record { generate::task(source, swarm, format!("t-{number}")).into() };
        before.push(Op::AddAll {
            project: project(),
            tasks: (0..count).map(task).collect(),
            now: Workload::NOW,
        });
        // Half of them renamed, or removed.
        let changed = source.below(count);
        let is_removed = source.one_in(2);
        for number in (0..changed / 2).map(|number| 2 * number) {
            let (project, id) = (project(), format!("t-{number}"));
            before.push(if is_removed {
                Op::Remove { project, id }
            } else {
                let task_name = generate::name(source, swarm).parse().unwrap();
                Op::Rename {
                    project,
                    id,
                    task_name,
                }
            });
        }
    }
    for _ in 0..source.below(4) {
        before.push(listed(source, searches));
    }
    for _ in 0..source.below(3) {
        before.extend(calls_of_projects(source, swarm));
    }
    before
}

fn search(source: &mut SplitMix64, swarm: &Swarm) -> ListQuery {
    let name: String = generate::name(source, swarm).chars().take(2).collect();
    let query = ListQuery::new(0, 50).unwrap();
    query.with_task_name(NameMatch::contains(&name).unwrap())
}

fn listed(source: &mut SplitMix64, searches: &[ListQuery]) -> Op {
    let position = source.below(2 * u32::try_from(searches.len()).unwrap());
    let all = || ListQuery::new(0, 50).unwrap();
    let query = searches.get(position as usize).cloned();
    // What a listing finds out at a later instant is kept for the next one.
    let days = source.pick(&[0, 3, 30, 400]);
    Op::List {
        project: project(),
        query: query.unwrap_or_else(all),
        now: Workload::NOW + TimeDelta::days(days),
    }
}

/// A task of the beginning becomes another one, with another schedule.
fn replaced(source: &mut SplitMix64, swarm: &Swarm) -> Op {
    let id = format!("t-{}", source.below(12));
    Op::Replace {
        project: project(),
        task: generate::task(source, swarm, id),
        now: Workload::NOW,
    }
}

/// The calls of the store as a whole, of what is due: see `due.rs`.
pub(crate) const CALLS_OF_THE_STORE: [&str; 4] =
    ["watch_due", "take_due", "next_wakeup", "due_count"];

fn calls_of_projects(source: &mut SplitMix64, swarm: &Swarm) -> Vec<Op> {
    let mut calls = generate::operations(source, swarm);
    calls.retain(|call| !CALLS_OF_THE_STORE.contains(&call.name()));
    calls
}

/// The project in which most happens.
fn project() -> ProjectId {
    ProjectId::new("p-0").unwrap()
}
