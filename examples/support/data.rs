//! The tasks that an example answers from.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use chrono::{DateTime, Utc};
use taskdex::wire::{Progress, RecordReader};
use taskdex::{ProjectId, Record, TaskStore};

use super::progress::ProgressLine;
use super::{Failure, read_file};

const SAMPLE: &[u8] = include_bytes!("../data/sample.jsonl");

/// Records by their projects.
pub(crate) type Projects = BTreeMap<ProjectId, Vec<Record>>;

/// Loads every record of a file, or of the sample where none is given; or nothing.
pub(crate) fn load(path: Option<&OsStr>, now: DateTime<Utc>) -> Result<TaskStore, Failure> {
    let store = TaskStore::new();
    fill(&store, read(path, |_| {})?, now)?;
    Ok(store)
}

/// Reads every record of a file, or of the sample where none is given, and tells how far it is.
pub(crate) fn read(
    path: Option<&OsStr>,
    on_progress: impl Fn(Progress) + Sync,
) -> Result<Projects, Failure> {
    let records = match path {
        Some(path) => read_file(path)?,
        None => SAMPLE.to_vec(),
    };
    let default_project = ProjectId::new("default")?;
    let line = ProgressLine::new("reading");
    let on_progress = |progress| {
        line.show(progress);
        on_progress(progress);
    };
    let reader = RecordReader::new().with_progress(&on_progress);
    let mut projects = Projects::new();
    for (project, record) in reader.read(&records, &default_project)? {
        projects.entry(project).or_default().push(record);
    }
    Ok(projects)
}

/// Adds all records, each project's as one change.
pub(crate) fn fill(
    store: &TaskStore,
    projects: Projects,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    for (project, records) in projects {
        store.add_all(&project, records, now)?;
    }
    Ok(())
}
