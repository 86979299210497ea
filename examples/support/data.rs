//! The tasks that an example answers from.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use chrono::{DateTime, Utc};
use taskdex::{ProjectId, Task, TaskStore, wire};

use super::{Failure, read_file};

const SAMPLE: &[u8] = include_bytes!("../data/sample.jsonl");

/// Loads every record of a file, or of the sample where none is given; or nothing.
pub(crate) fn load(path: Option<&OsStr>, now: DateTime<Utc>) -> Result<TaskStore, Failure> {
    let records = match path {
        Some(path) => read_file(path)?,
        None => SAMPLE.to_vec(),
    };
    let default_project = ProjectId::new("default")?;
    let store = TaskStore::new();
    let mut tasks: BTreeMap<ProjectId, Vec<Task>> = BTreeMap::new();
    for (project, record) in wire::read_records(&records, &default_project)? {
        tasks.entry(project).or_default().push(record.task);
    }
    for (project, tasks) in tasks {
        store.add_all(&project, tasks, now)?;
    }
    Ok(store)
}
