//! What the log holds: groups of entries, each of which has a position of its own.

use serde::{Deserialize, Serialize};
use taskdex::chrono::{DateTime, Utc};
use taskdex::{Edit, ProjectId};

use crate::partition::fixed_hash;

/// One change of a partition, or how far its executions were handed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Tells this entry from every other, also of other nodes: how a writer finds out whether
    /// an append happened.
    pub(crate) id: String,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// A batch of edits, which was checked at the position before it.
    Change(Change),
    /// Every execution up to this second was handed on.
    Passed(i64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) project: ProjectId,
    /// When it was checked, in Unix milliseconds: the `now` with which every node applies it.
    pub(crate) now: i64,
    pub(crate) edits: Vec<Edit>,
}

/// Entries that are committed together: one row of the log.
///
/// The position of an entry is the revision under which its change is applied.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The position of the first entry. Those of the others follow.
    pub(crate) first: u64,
    pub(crate) entries: Vec<Entry>,
}

impl Change {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.now)
    }
}

impl Group {
    /// The entries with their positions.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (u64, &Entry)> {
        (self.first..).zip(&self.entries)
    }

    /// Whether this group is the other, by the ids of its entries.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let ids = |group: &Self| group.entries.first().map(|entry| entry.id.clone());
        self.first == other.first && ids(self) == ids(other)
    }

    /// One line of JSON an entry.
    pub(crate) fn to_text(&self) -> serde_json::Result<String> {
        let lines = self.entries.iter().map(serde_json::to_string);
        lines.map(|line| line.map(|line| line + "\n")).collect()
    }

    pub(crate) fn from_text(first: u64, text: &str) -> serde_json::Result<Self> {
        let entries = text.lines().map(serde_json::from_str);
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { first, entries })
    }
}

/// The instant of Unix milliseconds.
pub(crate) fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// A hash of a task's project and id, the same in every run.
pub(crate) fn task_hash(project: &ProjectId, id: &str) -> u64 {
    fixed_hash(project.as_str().as_bytes()).rotate_left(1) ^ fixed_hash(id.as_bytes())
}

#[cfg(test)]
mod tests {
    use taskdex::TaskId;

    use super::*;

    #[test]
    fn a_group_reads_back_from_its_text() {
        let change = Change {
            project: "p-1".parse().unwrap(),
            now: 1_764_547_200_123,
            edits: vec![Edit::remove(TaskId::new("t-1\n").unwrap())],
        };
        let group = Group {
            first: 7,
            entries: vec![
                Entry {
                    id: "n1-0".into(),
                    action: Action::Passed(1_764_547_200),
                },
                Entry {
                    id: "n1-1".into(),
                    action: Action::Change(change),
                },
            ],
        };
        let text = group.to_text().unwrap();
        assert_eq!(
            text,
            "{\"id\":\"n1-0\",\"action\":{\"passed\":1764547200}}\n\
             {\"id\":\"n1-1\",\"action\":{\"change\":{\"project\":\"p-1\",\"now\":1764547200123,\
             \"edits\":[{\"remove\":{\"id\":\"t-1\\n\"}}]}}}\n"
        );
        assert_eq!(Group::from_text(7, &text).unwrap(), group);
    }
}
