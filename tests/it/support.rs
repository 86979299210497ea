//! What several test modules need.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use proptest::prelude::ProptestConfig;
use taskdex::testkit::{Op, Outcome, ReferenceStore};
use taskdex::{ListQuery, Order, Page, ProjectId, TaskStore};

/// The instant of tests to which the instant does not matter.
pub(crate) const NOW: DateTime<Utc> = taskdex::testkit::Workload::NOW;

/// So many cases of each property, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let is_told = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_told { config.cases } else { count },
        ..config
    }
}

pub(crate) fn project(id: &str) -> ProjectId {
    ProjectId::new(id).unwrap()
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Another page of a query, counted from the first task of all.
pub(crate) fn paged(query: &ListQuery, offset: u64, limit: u32) -> ListQuery {
    query
        .clone()
        .with_page(offset, limit)
        .unwrap()
        .with_cursor(None)
}

pub(crate) fn ids(page: &Page) -> Vec<String> {
    let id = |listed: &taskdex::ScheduledTask| listed.task().id().to_owned();
    page.tasks().iter().map(id).collect()
}

/// The ids of all that the store lists, by pages of `limit`.
pub(crate) fn walk(
    store: &TaskStore,
    project: &ProjectId,
    query: &ListQuery,
    limit: u32,
) -> Vec<String> {
    let mut walked = Vec::new();
    loop {
        let offset = walked.len() as u64;
        let page = store.list(project, &paged(query, offset, limit), NOW);
        if page.tasks().is_empty() {
            return walked;
        }
        walked.extend(ids(&page));
    }
}

/// The ids of all that the reference lists.
pub(crate) fn expected(
    reference: &ReferenceStore,
    project: &ProjectId,
    query: &ListQuery,
) -> Vec<String> {
    let mut expected = Vec::new();
    loop {
        let offset = expected.len() as u64;
        let page = reference.list(project, &paged(query, offset, 50), NOW);
        if page.tasks.is_empty() {
            return expected;
        }
        expected.extend(page.tasks.iter().map(|seen| seen.task.id().to_owned()));
    }
}

/// Everything that a store shows, to compare before and after.
pub(crate) fn snapshot(store: &TaskStore) -> Vec<(ProjectId, u64, Vec<Outcome>)> {
    let mut shown = Vec::new();
    for project in store.projects() {
        let mut pages = Vec::new();
        for scheduled_type in [None, Some(taskdex::ScheduledType::LifeCycle)] {
            let mut offset = 0;
            loop {
                let query = ListQuery::new(offset, 50)
                    .unwrap()
                    .with_scheduled_type(scheduled_type)
                    .with_order(Order::OldestFirst);
                let project = project.clone();
                let outcome = Op::List {
                    project,
                    query,
                    now: NOW,
                }
                .apply(store);
                let is_end = matches!(&outcome, Outcome::Page { tasks, .. } if tasks.is_empty());
                pages.push(outcome);
                if is_end {
                    break;
                }
                offset += 50;
            }
        }
        let revision = store.revision(&project).get();
        shown.push((project, revision, pages));
    }
    shown
}

/// The text of every source file below a folder of the crate.
pub(crate) fn sources(folder: &str) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}
