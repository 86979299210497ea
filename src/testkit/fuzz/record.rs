//! Texts of records: read, listed, and read again.

use chrono::{DateTime, Utc};

use super::super::twins::{Counts, Difference};
use super::super::workload::Workload;
use super::check_message;
use crate::query::{LIMIT_MAX, ListQuery, Page};
use crate::store::TaskStore;
use crate::task::{LastStatus, ProjectId, Record, ScheduledType};
use crate::wire::read_records;

/// Reads any bytes as records, one line at a time and as a whole text; lists what was
/// accepted, and feeds the pages back in.
///
/// # Errors
///
/// A page is not what serde writes, is no JSON, or lists otherwise once it is fed back in; a full
/// record is another once it is read back;
/// the whole text is accepted though a line is refused, or the other way round; an error's
/// message or line is out of bounds.
pub fn record(input: &[u8]) -> Result<Counts, Difference> {
    let mut counts = Counts::new();
    let Ok(project) = ProjectId::new("default") else {
        return Ok(counts);
    };
    let store = TaskStore::new();
    let mut lines_are_good = true;
    for line in input.split(|byte| *byte == b'\n') {
        if line.iter().all(|byte| b" \t\r".contains(byte)) {
            continue;
        }
        let count = counts.entry("line").or_default();
        match Record::from_json(line) {
            Ok(record) => {
                count.accepted += 1;
                check_fields(line, &record)?;
                check_full_record(&record)?;
                let project = record.project.as_ref().unwrap_or(&project);
                let added = store.add(project, record.task.clone(), Workload::NOW);
                lines_are_good &= added.is_ok();
            }
            Err(error) => {
                count.refused += 1;
                lines_are_good = false;
                check_message(&error)?;
            }
        }
    }
    let whole = counts.entry("text").or_default();
    match read_records(input, &project) {
        Ok(records) => {
            whole.accepted += 1;
            // A document is good though its lines are not.
            let is_document = memchr::memmem::find(input, b"tasks").is_some()
                || memchr::memchr(b'\\', input).is_some()
                || input.starts_with(b"\xef\xbb\xbf");
            if !lines_are_good && !is_document {
                let what = || "a text of which a line is refused".to_owned();
                return Err(Difference::between(what, &records, &"refused"));
            }
            let mirror = TaskStore::new();
            for (project, record) in records {
                if let Err(error) = mirror.add(&project, record.task, Workload::NOW) {
                    let what = || "adding what was read".to_owned();
                    return Err(Difference::between(what, &error, &"accepted"));
                }
            }
            check_pages(&mirror)?;
        }
        Err(refused) => {
            whole.refused += 1;
            check_message(&refused.error)?;
            let lines = 1 + memchr::memchr_iter(b'\n', input).count();
            if lines_are_good || !(1..=lines).contains(&refused.line) {
                let what = || "a text of good lines, or one with fewer lines".to_owned();
                return Err(Difference::between(what, &refused, &"accepted"));
            }
        }
    }
    check_pages(&store)?;
    Ok(counts)
}

/// Compares a record with its line as serde reads it, where it can.
fn check_fields(line: &[u8], record: &Record) -> Result<(), Difference> {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(line) else {
        return Ok(());
    };
    let task = &record.task;
    for (name, read) in [
        ("id", Some(task.id())),
        ("task_name", Some(task.task_name())),
        ("task_type", Some(task.task_type().as_str())),
        ("scheduled_type", Some(task.scheduled_type().as_str())),
        ("last_status", task.last_status().map(LastStatus::as_str)),
        ("description", task.description()),
        ("project_id", record.project.as_ref().map(ProjectId::as_str)),
    ] {
        let given = value.get(name).and_then(|value| value.as_str());
        if read != given.filter(|text| !text.is_empty()) {
            let what = || format!("{name} of {}", String::from_utf8_lossy(line));
            return Err(Difference::between(what, &read, &given));
        }
    }
    Ok(())
}

/// Writes a record and reads it back, as text and through serde.
fn check_full_record(record: &Record) -> Result<(), Difference> {
    let mut line = Vec::new();
    record.write_json(&mut line);
    let by_serde = serde_json::to_vec(record).unwrap_or_default();
    if line != by_serde {
        return Err(different("a full record by serde", &line, &by_serde));
    }
    let read = Record::from_json(&line);
    if read.as_ref() != Ok(record) {
        let what = || "a full record that was read back".to_owned();
        return Err(Difference::between(what, &read, record));
    }
    let read: Option<Record> = serde_json::from_slice(&line).ok();
    if read.as_ref() != Some(record) {
        let what = || "a full record that serde read back".to_owned();
        return Err(Difference::between(what, &read, record));
    }
    Ok(())
}

fn check_pages(store: &TaskStore) -> Result<(), Difference> {
    for project in store.projects() {
        for now in [
            Workload::NOW,
            DateTime::UNIX_EPOCH,
            DateTime::<Utc>::MAX_UTC,
        ] {
            for scheduled_type in [None, Some(ScheduledType::LifeCycle)] {
                let Ok(query) = ListQuery::new(0, LIMIT_MAX) else {
                    return Ok(());
                };
                let query = query.with_scheduled_type(scheduled_type);
                let page = store.list(&project, &query, now);
                let body = body(&page);
                let by_serde = serde_json::to_vec(&page).unwrap_or_default();
                if body != by_serde {
                    return Err(different("a page by serde", &body, &by_serde));
                }
                if page.total_count() > page.tasks().len() as u64 {
                    continue;
                }
                // What another server wrote is returned byte for byte.
                let mirror = TaskStore::new();
                let records = read_records(&body, &project).map_err(|refused| {
                    let what = || "a listed page".to_owned();
                    Difference::between(what, &refused, &"accepted")
                })?;
                for (project, record) in records {
                    let _ = mirror.add(&project, record.task, now);
                }
                let again = self::body(&mirror.list(&project, &query, now));
                if body != again {
                    return Err(different("a page that was fed back in", &again, &body));
                }
            }
        }
    }
    Ok(())
}

fn body(page: &Page) -> Vec<u8> {
    let mut body = Vec::new();
    page.write_json(&mut body);
    body
}

fn different(what: &str, engine: &[u8], reference: &[u8]) -> Difference {
    let what = || what.to_owned();
    Difference::between(
        what,
        &String::from_utf8_lossy(engine),
        &String::from_utf8_lossy(reference),
    )
}
