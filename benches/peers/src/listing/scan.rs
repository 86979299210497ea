use std::hint::black_box;

use taskdex::testkit::Workload;
use taskdex::{Execution, ScheduledType, Task};

use super::{Answer, LIMIT, Listing, Question};

/// A `Vec` of tasks, every one of which a closure looks at.
#[derive(Debug)]
pub struct Scan(Vec<Task>);

impl Scan {
    pub(super) fn load(tasks: Vec<Task>) -> Self {
        Self(tasks)
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn id(&self, position: u64) -> String {
        let position = usize::try_from(position).expect("a position");
        self.0[position].id().to_owned()
    }

    /// The total and the page, in one pass.
    fn page(&self, question: &Question) -> (u64, Vec<&Task>) {
        let is_match = |task: &Task| {
            let scheduled_type = task.scheduled_type();
            (question.scheduled_type).map_or(scheduled_type != ScheduledType::LifeCycle, |asked| {
                asked == scheduled_type
            }) && (question.task_type).is_none_or(|asked| asked == task.task_type())
                && (question.last_status).is_none_or(|asked| Some(asked) == task.last_status())
                && (question.life_cycle_type)
                    .is_none_or(|asked| Some(asked) == task.life_cycle_type())
                && (question.task_name).is_none_or(|text| task.task_name().contains(text))
        };
        let window = question.offset..question.offset + u64::from(LIMIT);
        let mut total = 0;
        let mut page = Vec::new();
        for task in self.0.iter().filter(|task| is_match(task)) {
            if window.contains(&total) {
                page.push(task);
            }
            total += 1;
        }
        (total, page)
    }
}

/// The next execution of a task that was added at the workload's instant.
pub(super) fn next_execution(task: &Task) -> Option<Execution> {
    let schedule = task.schedule().filter(|_| task.is_enabled())?;
    (schedule.counting_from(Workload::NOW)).next_execution(Workload::NOW)
}

impl Listing for Scan {
    fn answer(&self, question: &Question) -> Answer {
        let (total, page) = self.page(question);
        let record = |&task: &&Task| {
            let time = next_execution(task).map(|time| time.to_string());
            super::record(task, time.unwrap_or_default())
        };
        Answer {
            total,
            page: page.iter().map(record).collect(),
        }
    }

    fn read(&self, question: &Question) {
        let (total, page) = self.page(question);
        black_box(total);
        for task in page {
            super::read_record(task, next_execution(task));
        }
    }
}
