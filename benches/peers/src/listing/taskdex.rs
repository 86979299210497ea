use std::hint::black_box;

use taskdex::testkit::Workload;
use taskdex::{LastStatus, ListQuery, NameMatch, Page, ProjectId, ScheduledTask, Task, TaskStore};

use super::{Answer, Changing, LIMIT, Listing, Question};

/// This crate.
#[derive(Debug)]
pub struct Taskdex {
    /// The store.
    pub store: TaskStore,
    /// The project that holds the tasks.
    pub project: ProjectId,
}

impl Taskdex {
    pub(super) fn load(tasks: Vec<Task>) -> Self {
        let store = TaskStore::new();
        let project = ProjectId::new("p-1").expect("a project's id");
        (store.add_all(&project, tasks, Workload::NOW)).expect("tasks of distinct ids");
        Self { store, project }
    }

    fn page(&self, question: &Question) -> Page {
        let name =
            (question.task_name).map(|text| NameMatch::contains(text).expect("a short text"));
        let query = ListQuery::new(question.offset, LIMIT)
            .expect("a limit of at most 50")
            .task_name(name)
            .task_type(question.task_type)
            .scheduled_type(question.scheduled_type)
            .life_cycle_type(question.life_cycle_type)
            .last_status(question.last_status);
        self.store.list(&self.project, &query, Workload::NOW)
    }
}

impl Listing for Taskdex {
    fn answer(&self, question: &Question) -> Answer {
        let page = self.page(question);
        let record = |listed: &ScheduledTask| {
            let time = listed.next_execution_time().unwrap_or_default();
            super::record(listed.task(), time)
        };
        Answer {
            total: page.total_count(),
            page: page.tasks().iter().map(record).collect(),
        }
    }

    fn read(&self, question: &Question) {
        let page = self.page(question);
        black_box(page.total_count());
        for listed in page.tasks() {
            super::read_record(listed.task(), listed.next_execution());
        }
    }
}

impl Changing for Taskdex {
    fn set_last_status(&self, id: &str, status: LastStatus) {
        (self.store)
            .set_last_status(&self.project, id, Some(status))
            .expect("a task of the project");
    }
}
