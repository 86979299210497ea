//! Clients of the simulation: what they ask for, and what must be true of what they were told.

use std::collections::BTreeMap;

use taskdex::chrono::{DateTime, Utc};
use taskdex::{
    Edit, EditAction, Expectation, LastStatus, ProjectId, Schedule, Task, TaskId, TaskType,
};

use crate::entry::Action;
use crate::log::memory::{History, Seeded, State};
use crate::node::{NotWritten, Write};
use crate::partition::Partition;

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
    /// The number of the first change after all faults ended.
    healed_from: usize,
}

impl Clients {
    pub(super) fn new() -> Self {
        let projects = ["a", "b", "c", "d", "e"].map(|id| id.parse().unwrap());
        Self {
            projects: projects.to_vec(),
            asked: Vec::new(),
            healed_from: 0,
        }
    }

    pub(super) fn any_project(&self, seeded: &mut Seeded) -> ProjectId {
        self.projects[seeded.below(self.projects.len() as u64) as usize].clone()
    }

    /// A change like no other, some of which are refused by what is there.
    pub(super) fn write(
        &mut self,
        seeded: &mut Seeded,
        now: DateTime<Utc>,
        project: ProjectId,
        node: usize,
    ) -> Write {
        let ticket = self.asked.len() as u64;
        let id = TaskId::new(format!("t-{}", seeded.below(5))).unwrap();
        let task = |id: &str| nightly(id, ticket);
        let edit = match seeded.below(8) {
            0 => Edit::add(task(id.as_str())),
            1 => Edit::remove(id),
            2 => Edit::rename(id, ticket.to_string().parse().unwrap()),
            3 => Edit::set_enabled(id, ticket.is_multiple_of(2)),
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
        self.ask(project, vec![edit, marker], node)
    }

    /// A change of each project to each node, which nothing can refuse: one node must take it.
    pub(super) fn last_writes(&mut self, nodes: usize) -> Vec<(Write, usize)> {
        self.healed_from = self.asked.len();
        let mut writes = Vec::new();
        for project in self.projects.clone() {
            for node in 0..nodes {
                let marker = Edit::put(nightly("m-0", self.asked.len() as u64));
                writes.push((self.ask(project.clone(), vec![marker], node), node));
            }
        }
        writes
    }

    fn ask(&mut self, project: ProjectId, edits: Vec<Edit>, node: usize) -> Write {
        let ticket = self.asked.len() as u64;
        self.asked.push(Asked {
            project: project.clone(),
            edits: edits.clone(),
            node,
            told: Told::Nothing,
        });
        Write {
            ticket,
            project,
            edits,
        }
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

    pub(super) fn check_end(&self, log: &State, runs: &[u64], end: DateTime<Utc>) {
        let mut times: BTreeMap<usize, u32> = BTreeMap::new();
        for history in log.histories.values() {
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
                        let key = (change.project.clone(), id, second);
                        let is_over = second + 3 < end.timestamp();
                        assert!(!is_over || log.handed_on.contains(&key), "lost: {key:?}");
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
        let last = &self.asked[self.healed_from..];
        let written = last.iter().filter(|it| it.told == Told::Written);
        assert_eq!(
            written.count(),
            self.projects.len(),
            "nobody takes writes, or several do"
        );
    }
}

/// A task that is named by the number of the change that puts it.
fn nightly(id: &str, ticket: u64) -> Task {
    let time = "08:00:00".parse().unwrap();
    let schedule = Schedule::daily(1, time, "Asia/Shanghai".parse().unwrap()).unwrap();
    let task = Task::builder(id, ticket.to_string(), TaskType::Reboot, schedule);
    task.build().unwrap()
}
