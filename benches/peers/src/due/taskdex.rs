use chrono::{DateTime, Utc};
use taskdex::testkit::Workload;
use taskdex::{Missed, ProjectId, Task, TaskStore};

use super::{Entries, Queue};

/// This crate: a watched store, which lists its tasks too.
#[derive(Debug)]
pub struct Taskdex {
    store: TaskStore,
    project: ProjectId,
}

impl Queue for Taskdex {
    const NAME: &str = "taskdex";
    type Tasks = Self;

    fn tasks(tasks: &[Task], _: &Entries) -> Self {
        let store = TaskStore::new();
        let project = ProjectId::new("p-1").expect("a project's id");
        (store.add_all(&project, tasks.to_vec(), Workload::NOW)).expect("tasks of distinct ids");
        Self { store, project }
    }

    fn begin(store: Self) -> Self {
        store.store.watch_due(Workload::NOW);
        store
    }

    /// In steps, as the others' executions are not gathered either.
    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64)) {
        loop {
            let batch = self
                .store
                .take_due(now, 1000, Missed::Latest)
                .expect("a watched store");
            for due in &batch.due {
                each(due.id.as_str(), due.execution.unix_seconds());
            }
            if !batch.has_more {
                return;
            }
        }
    }

    fn add(&mut self, task: Task, now: DateTime<Utc>) {
        self.store
            .add(&self.project, task, now)
            .expect("another id");
    }

    fn disable(&mut self, id: &str, now: DateTime<Utc>) {
        (self.store.set_enabled(&self.project, id, false, now)).expect("a task that is there");
    }
}
