use taskdex::testkit::Workload;
use taskdex::{Execution, ListQuery, ProjectId, Snapshot, Task, TaskStore};

use super::{Engine, Fields, Question, Records, Visit};
use crate::rows::Change;

/// This crate, by its public calls; watched, as that keeps the order of next executions.
#[derive(Debug)]
pub struct Taskdex {
    store: TaskStore,
    project: ProjectId,
}

impl Taskdex {
    /// The engine with these tasks, watched.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        let engine = Self::load_unwatched(tasks);
        engine.watch();
        engine
    }

    /// The engine with these tasks.
    #[must_use]
    pub fn load_unwatched(tasks: Vec<Task>) -> Self {
        let store = TaskStore::new();
        let project = ProjectId::new("p-1").expect("a project's id");
        (store.add_all(&project, tasks, Workload::NOW)).expect("tasks of distinct ids");
        Self { store, project }
    }

    /// Keeps the order of next executions from here on.
    pub fn watch(&self) {
        self.store.watch_due(Workload::NOW);
    }
}

impl Engine for Taskdex {
    fn list(&self, question: &Question, each: Visit<'_>) -> usize {
        let page = (self.store).list(&self.project, &question.query(), Workload::NOW);
        for listed in &page {
            let next = listed.next_execution().map(Execution::to_ascii);
            each(&Fields::of(listed.task(), next.as_ref()));
        }
        usize::try_from(page.total_count()).expect("a count")
    }

    fn list_json(&self, _: &Question, query: &str, out: &mut Vec<u8>) {
        let query = ListQuery::from_query_string(query).expect("a valid query string");
        (self.store).list_json(&self.project, &query, Workload::NOW, out);
    }

    fn change(&mut self, change: &Change) {
        let (store, project, now) = (&self.store, &self.project, Workload::NOW);
        let changed = match change {
            Change::Status(id, status) => {
                (store.set_last_status(project, id, Some(*status))).map(drop)
            }
            Change::Rename(id, name) => store.rename(project, id, name).map(drop),
            Change::Replace(task) => store.replace(project, task.clone(), now).map(drop),
            Change::Add(task) => store.add(project, task.clone(), now).map(drop),
            Change::Remove(id) => store.remove(project, id).map(drop),
        };
        changed.expect("a change of a task that is there");
    }

    fn snapshot(&self) -> Box<dyn Records> {
        Box::new(self.store.snapshot(&self.project).expect("a project"))
    }
}

impl Records for Snapshot {
    fn for_each(&self, each: Visit<'_>) {
        for record in self {
            let next = record
                .next_execution(Workload::NOW)
                .map(Execution::to_ascii);
            each(&Fields::of(record.task(), next.as_ref()));
        }
    }
}
