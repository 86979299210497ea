//! The hottest calls of taskdex, for callgrind to count their instructions.
//!
//! `.ci/instructions` runs this and compares the counts with those of `baseline`. Callgrind counts
//! what runs within [`measured`] alone, and writes one sum each time that function returns. This
//! program prints the names of the calls in the same order, each with how often it was made.
//!
//! Inputs are seeded and instants are fixed. Ids are hashed with random keys, which moves a count
//! by less than 2 %.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on should stop"
)]

#[path = "../../support/mod.rs"]
mod support;

use std::hint::black_box;

use support::{filled, id, now, project, queries, query_string, task, tasks};
use taskdex::testkit::Workload;
use taskdex::{LastStatus, ListQuery, ProjectId, ScheduledType, TaskName, TaskStore, Timing, wire};

/// Tasks of each project that is not small.
const TASKS: usize = 10_000;

/// Calls of each kind that is fast.
const CALLS: usize = 256;

/// What callgrind counts.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
    // Were that the last call, it would be a jump, and callgrind would not see this function return.
    black_box(());
}

/// Counts the instructions of one call for each input.
fn count<Input, Answer>(
    name: &str,
    inputs: impl IntoIterator<Item = Input>,
    mut call: impl FnMut(Input) -> Answer,
) {
    let inputs: Vec<Input> = inputs.into_iter().collect();
    let calls = inputs.len();
    let mut answers = Vec::with_capacity(calls);
    let mut inputs = inputs.into_iter();
    measured(&mut || answers.extend(inputs.by_ref().map(&mut call)));
    // Answers are freed uncounted.
    black_box(answers);
    println!("{name}\t{calls}");
}

fn main() {
    listings();
    small_projects();
    name_searches();
    changes();
    loads();
    next_executions();
}

fn query(text: &str) -> ListQuery {
    ListQuery::from_query_string(text).unwrap()
}

fn listings() {
    let store = &filled(TASKS);
    let project = &project();
    let queries = &queries(store, CALLS);
    let strings: Vec<String> = queries.iter().map(query_string).collect();
    count("positions", queries, |query| {
        store.positions(project, query)
    });
    count("owned page", queries, |query| {
        store.list(project, query, now())
    });
    let mut body = Vec::with_capacity(1 << 16);
    count("query string to JSON", &strings, |text| {
        body.clear();
        store.list_json(project, &query(text), now(), &mut body);
    });
    let deep = query("offset=7900&limit=50");
    count("deep page", [&deep; CALLS], |query| {
        store.list(project, query, now())
    });
    let cursor = store.list(project, &deep, now()).next_cursor();
    let after = query("offset=0&limit=50").with_cursor(cursor);
    count("page after a cursor", [&after; CALLS], |query| {
        store.list(project, query, now())
    });
    count("facets", queries, |query| store.facets(project, query));
    count("get", (0..CALLS).map(|it| id(it * 37)), |id| {
        store.get(project, &id, now())
    });
}

fn small_projects() {
    let store = TaskStore::new();
    let projects: Vec<ProjectId> = (0..CALLS)
        .map(|it| ProjectId::new(id(it)).unwrap())
        .collect();
    for (number, project) in projects.iter().enumerate() {
        let tasks = (number * 10..number * 10 + 10).map(task).collect();
        store.add_all(project, tasks, now()).unwrap();
    }
    let query = query("offset=0&limit=50");
    count("page of a project of 10", &projects, |project| {
        store.list(project, &query, now())
    });
}

fn name_searches() {
    let workload = Workload::new(20, TASKS);
    let store = TaskStore::new();
    let project = &project();
    store
        .add_all(project, workload.tasks().collect(), Workload::NOW)
        .unwrap();
    let named = |text: &str| query(&format!("offset=0&limit=50&task_name={text}"));
    // A project keeps eight answers. More needles than that, in turn, are searched for each time.
    let common = [
        "restart",
        "nightly",
        "restart-",
        "nightly-",
        "start",
        "stop-",
        "tart-",
        "weekly",
        "eekly",
        "ightly",
        "estart",
        "nightly-restart",
    ]
    .map(named);
    let short = [
        "re", "st", "ta", "ar", "er", "in", "on", "ht", "ly", "-s", "rt", "k-",
    ]
    .map(named);
    let selective: Vec<ListQuery> = (0..CALLS)
        .map(|it| named(&format!("-{:04}", (it * 7_919) % 10_000)))
        .collect();
    let search = |query| store.positions(project, query);
    count("name, selective", &selective, search);
    count("name, common", &common, search);
    count("name, 2 characters", &short, search);
    search(&common[0]);
    count("name, again", [&common[0]; CALLS], search);
}

fn changes() {
    let store = &filled(TASKS);
    let project = &project();
    let ids = |step: usize| (0..CALLS).map(move |it| id(it * step));
    let status = |number: usize| LastStatus::ALL[number % 3];
    count("set_last_status", ids(37).enumerate(), |(number, id)| {
        store.set_last_status(project, &id, Some(status(number)))
    });
    count("set_enabled", ids(36).enumerate(), |(number, id)| {
        store.set_enabled(project, &id, number % 2 == 0, now())
    });
    let names = (TASKS..)
        .take(CALLS)
        .map(|it| TaskName::new(task(it).task_name()).unwrap());
    count("rename", ids(35).zip(names), |(id, name)| {
        store.rename(project, &id, &name)
    });
    count("replace", (0..CALLS).map(|it| task(it * 34)), |task| {
        store.replace(project, task, now())
    });
    count("add", (TASKS..).take(CALLS).map(task), |task| {
        store.add(project, task, now())
    });
    count("remove", (TASKS..).take(CALLS).map(id), |id| {
        store.remove(project, &id)
    });
}

fn loads() {
    let project = &project();
    let store = TaskStore::new();
    count("bulk load of 10,000", [tasks(TASKS)], |tasks| {
        store.add_all(project, tasks, now())
    });
    let workload = Workload::new(20, TASKS);
    let text = support::json_lines(&workload);
    count("JSON Lines of 10,000", [text], |text| {
        let records = wire::read_records(text.as_bytes(), project).unwrap();
        let tasks = records.into_iter().map(|(_, record)| record.task).collect();
        TaskStore::new().add_all(project, tasks, Workload::NOW)
    });
}

fn next_executions() {
    let tasks = tasks(TASKS);
    for kind in [
        ScheduledType::FixedTime,
        ScheduledType::Day,
        ScheduledType::Week,
        ScheduledType::Month,
    ] {
        let schedules = tasks.iter().filter_map(|task| match task.timing() {
            Timing::Scheduled(schedule) if task.scheduled_type() == kind => Some(schedule),
            _ => None,
        });
        let schedules: Vec<_> = schedules.take(CALLS).collect();
        // What is found out about a zone once, is.
        for schedule in &schedules {
            black_box(schedule.next_execution(now()));
        }
        let name = format!("next execution, {kind}");
        count(&name, schedules, |schedule| schedule.next_execution(now()));
    }
}
