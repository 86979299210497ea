//! Texts of cursors, and cursors that no page gave.

use super::super::generate::{self, Swarm};
use super::super::op::{Op, Outcome};
use super::super::reference::place_of;
use super::super::source::Bytes;
use super::super::twins::{Counts, Difference, Twins};
use super::super::workload::Workload;
use super::{Part, check_message, count};
use crate::query::{Cursor, ListQuery, Order, ScheduledTask};
use crate::task::ProjectId;

/// Reads the first line as a cursor, twice; where it is one, the rest of the input is a
/// history, after which every project is listed from that cursor on.
///
/// # Errors
///
/// The two readings differ; the cursor is displayed otherwise than it was given; engine and
/// reference list otherwise from it; a task of another project is listed.
pub fn cursor(input: &[u8]) -> Result<Counts, Difference> {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut source = Bytes::new(parts.next().unwrap_or_default());
    let read = text.parse::<Cursor>();
    let mut counts = count("text", read.is_ok());
    if read.is_ok() != place_of(&text).is_some() {
        let what = || format!("the cursor {text}");
        return Err(Difference::between(what, &read, &place_of(&text)));
    }
    let cursor = match read {
        Ok(cursor) => cursor,
        Err(error) => {
            check_message(&error)?;
            return Ok(counts);
        }
    };
    if cursor.to_string() != text {
        let what = || "the text of a cursor".to_owned();
        return Err(Difference::between(what, &cursor.to_string(), &text));
    }

    let swarm = Swarm::new(&mut source);
    let mut twins = Twins::of(swarm.sizes(), swarm.change_log());
    for op in generate::steps(&mut source, &swarm, 40) {
        twins.apply(&op)?;
    }
    let projects = twins.store().projects();
    for project in projects {
        let query = generate::query(&mut source, &swarm).with_cursor(cursor);
        let mut ways = vec![(query, "with filters")];
        for (order, way) in [
            (Order::OldestFirst, "oldest first"),
            (Order::NewestFirst, "newest first"),
        ] {
            if let Ok(query) = ListQuery::new(0, 50) {
                ways.push((query.with_order(order).with_cursor(cursor), way));
            }
        }
        for (query, way) in ways {
            list(&mut twins, &project, &query)?;
            counts.entry(way).or_default().accepted += 1;
        }
    }
    Ok(counts)
}

/// What has to be counted beside the texts.
pub(super) fn ways_to_list() -> [Part; 3] {
    ["with filters", "oldest first", "newest first"].map(Part::Accepted)
}

fn list(twins: &mut Twins, project: &ProjectId, query: &ListQuery) -> Result<(), Difference> {
    let op = Op::List {
        project: project.clone(),
        query: query.clone(),
        now: Workload::NOW,
    };
    let Outcome::Page { tasks, .. } = twins.apply(&op)? else {
        return Ok(());
    };
    for seen in tasks {
        let id = seen.task.id();
        let own = twins.store().get(project, id, Workload::NOW);
        let own = own.map(ScheduledTask::into_task);
        if own.as_ref() != Some(&seen.task) {
            let what = || format!("a task that {op:?} lists");
            return Err(Difference::between(what, &seen.task, &own));
        }
    }
    twins.apply(&Op::ListJson {
        project: project.clone(),
        query: query.clone(),
        now: Workload::NOW,
    })?;
    Ok(())
}
