//! Clients of the simulation: what they ask for, and what must be true of what they were told.

use std::collections::{BTreeMap, BTreeSet};

use taskdex::chrono::{DateTime, Utc};
use taskdex::{
    DueExecution, Edit, EditAction, Expectation, LastStatus, ProjectId, Schedule, Task, TaskId,
    TaskType,
};

use crate::entry::Action;
use crate::log::memory::{History, Seeded};
use crate::node::{NotWritten, Write};
use crate::partition::Partition;

/// What tells an execution from every other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(ProjectId, TaskId, i64);

impl Key {
    pub(super) fn of(due: &DueExecution) -> Self {
        let (project, id, second) = due.key();
        Self(project.clone(), id.clone(), second)
    }
}

#[derive(Debug, PartialEq)]
enum Told {
    Nothing,
    Written,
    /// It did not happen, and will not.
    NotWritten,
    Unknown,
}

struct Asked {
    project: ProjectId,
    edits: Vec<Edit>,
    node: usize,
    told: Told,
}

pub(super) struct Clients {
    pub(super) projects: Vec<ProjectId>,
    asked: Vec<Asked>,
    pub(super) handed_on: BTreeSet<Key>,
}

impl Clients {
    pub(super) fn new() -> Self {
        let projects = ["a", "b", "c", "d", "e"].map(|id| id.parse().unwrap());
        Self {
            projects: projects.to_vec(),
            asked: Vec::new(),
            handed_on: BTreeSet::new(),
        }
    }

    /// A change like no other, some of which are refused by what is there.
    pub(super) fn write(&mut self, seeded: &mut Seeded, now: DateTime<Utc>, node: usize) -> Write {
        let ticket = self.asked.len() as u64;
        let project = &self.projects[seeded.below(self.projects.len() as u64) as usize];
        let id = TaskId::new(format!("t-{}", seeded.below(5))).unwrap();
        let nightly = || {
            let zone = "Asia/Shanghai".parse().unwrap();
            Schedule::daily(1, "08:00:00".parse().unwrap(), zone).unwrap()
        };
        let task = |id: &str| {
            let name = ticket.to_string();
            Task::builder(id, name, TaskType::Reboot, nightly())
                .build()
                .unwrap()
        };
        let edit = match seeded.below(8) {
            0 => Edit::add(task(id.as_str())),
            1 => Edit::remove(id),
            2 => Edit::rename(id, ticket.to_string().parse().unwrap()),
            3 => Edit::set_enabled(id, ticket % 2 == 0),
            4 => Edit::set_last_status(id, LastStatus::Fail),
            5 => Edit::put(task(id.as_str())).with_expectation(Expectation::Absent),
            6 => {
                let version = Expectation::Version(seeded.below(60).into());
                Edit::put(task(id.as_str())).with_expectation(version)
            }
            _ => {
                // Nothing changes this one, so that its execution must be handed on.
                let second = now.timestamp() + 1 + seeded.below(6) as i64;
                let at = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
                let at = Schedule::fixed_time(at.date(), at.time(), "UTC".parse().unwrap());
                let id = format!("due-{ticket}");
                let task = Task::builder(id, "Due", TaskType::Stop, at.unwrap());
                Edit::add(task.build().unwrap())
            }
        };
        let marker = Edit::put(task(&format!("m-{}", ticket % 3)));
        let write = Write {
            ticket,
            project: project.clone(),
            edits: vec![edit, marker],
        };
        self.asked.push(Asked {
            project: write.project.clone(),
            edits: write.edits.clone(),
            node,
            told: Told::Nothing,
        });
        write
    }

    /// What was acknowledged is in the history, at its position.
    pub(super) fn answered(
        &mut self,
        ticket: u64,
        answer: &Result<u64, NotWritten>,
        histories: &BTreeMap<Partition, History>,
    ) {
        let asked = &mut self.asked[ticket as usize];
        assert_eq!(asked.told, Told::Nothing, "{ticket} is answered twice");
        asked.told = match answer {
            Ok(position) => {
                let history = &histories[&Partition::of(&asked.project)];
                let entry = history.entries.get(*position as usize - 1);
                let action = entry.map(|entry| &entry.action);
                let Some(Action::Change(change)) = action else {
                    panic!("{ticket} was acknowledged at {position}, where there is {entry:?}");
                };
                assert_eq!(change.edits, asked.edits, "{ticket} is not at {position}");
                Told::Written
            }
            Err(NotWritten::Unknown) => Told::Unknown,
            Err(_) => Told::NotWritten,
        };
    }

    pub(super) fn check_end(
        &self,
        histories: &BTreeMap<Partition, History>,
        runs: &[u64],
        end: DateTime<Utc>,
    ) {
        let mut times: BTreeMap<usize, u32> = BTreeMap::new();
        for history in histories.values() {
            let mut passed = i64::MIN;
            for entry in &history.entries {
                let change = match &entry.action {
                    Action::Passed(second) => {
                        passed = passed.max(*second);
                        continue;
                    }
                    Action::Change(change) => change,
                };
                // The last edit of each change is named by its number.
                let Some(Edit { action, .. }) = change.edits.last() else {
                    panic!("an empty change: {entry:?}");
                };
                let EditAction::Put(marker) = action else {
                    panic!("no marker: {entry:?}");
                };
                let ticket: usize = marker.task.task_name().parse().unwrap();
                *times.entry(ticket).or_default() += 1;
                if let EditAction::Add(record) = &change.edits[0].action
                    && record.task.id().starts_with("due-")
                {
                    let after = change
                        .now()
                        .max(DateTime::from_timestamp(passed, 0).unwrap_or(DateTime::UNIX_EPOCH));
                    let schedule = record.task.schedule().unwrap();
                    if let Some(execution) = schedule.next_execution(after) {
                        let second = execution.unix_seconds();
                        let id = TaskId::new(record.task.id()).unwrap();
                        let key = Key(change.project.clone(), id, second);
                        let is_over = second + 3 < end.timestamp();
                        assert!(!is_over || self.handed_on.contains(&key), "lost: {key:?}");
                    }
                }
            }
        }
        for (ticket, asked) in self.asked.iter().enumerate() {
            let times = times.get(&ticket).copied().unwrap_or(0);
            let is_right = match asked.told {
                Told::Written => times == 1,
                Told::NotWritten => times == 0,
                // Its node went down, or went beyond it by a snapshot.
                Told::Nothing => times <= 1 && runs[asked.node] > 1,
                Told::Unknown => times <= 1,
            };
            assert!(
                is_right,
                "{ticket} was told {:?}, is there {times} times",
                asked.told
            );
        }
        let written = self.asked.iter().rev().take(20);
        let written = written.filter(|it| it.told == Told::Written).count();
        assert!(written > 0, "nobody takes writes");
    }
}
