//! The documented listing over the same tasks in three stores.

mod scan;
mod sqlite;
mod taskdex;

use std::hint::black_box;

use ::taskdex::testkit::Workload;
use ::taskdex::{Execution, LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

pub use self::scan::Scan;
pub use self::sqlite::{Form, Sqlite};
pub use self::taskdex::Taskdex;

use crate::random::Random;

/// The numbers of tasks that are compared, between commas.
pub const SIZES_VARIABLE: &str = "TASKDEX_PEERS_TASKS";

/// Tasks on a page: the most that the listing gives.
const LIMIT: u32 = 50;

/// How many pages of an answer are asked for in turn.
const PAGES: usize = 8;

/// Tasks whose status is changed in turn.
const CHANGED: u64 = 64;

/// What is asked of a store: the documented filters and an offset.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// `task_name`, as a substring.
    pub task_name: Option<&'static str>,
    /// `task_type`.
    pub task_type: Option<TaskType>,
    /// `scheduled_type`.
    pub scheduled_type: Option<ScheduledType>,
    /// `life_cycle_type`.
    pub life_cycle_type: Option<LifeCycleType>,
    /// `last_status`.
    pub last_status: Option<LastStatus>,
    /// `offset`.
    pub offset: u64,
}

/// What a store answers, in full.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// How many tasks match.
    pub total: u64,
    /// The page: the texts of the twelve documented fields, in their order.
    pub page: Vec<[String; 12]>,
}

/// A store of tasks that can be asked.
pub trait Listing {
    /// The total and the page.
    fn answer(&self, question: &Question) -> Answer;

    /// Finds the same, reads every field of the page, and copies none of it.
    fn read(&self, question: &Question);
}

/// A store whose tasks change.
pub trait Changing {
    /// Sets `last_status` of one task.
    fn set_last_status(&self, id: &str, status: LastStatus);
}

/// The same tasks in every store.
#[derive(Debug)]
pub struct Stores {
    /// taskdex.
    pub taskdex: Taskdex,
    /// A `Vec` and a closure.
    pub scan: Scan,
    /// SQLite in memory.
    pub sqlite: Sqlite,
}

/// Questions that are asked in turn.
#[derive(Debug)]
pub struct Case {
    /// What they have in common.
    pub name: String,
    /// One for each page, or for each needle.
    pub questions: Vec<Question>,
    /// How SQLite is asked.
    pub forms: &'static [Form],
}

/// The numbers of tasks to compare: 10,000 and 100,000, or as the variable says.
#[must_use]
pub fn sizes() -> Vec<usize> {
    let given = std::env::var(SIZES_VARIABLE).unwrap_or_else(|_| "10000,100000".to_owned());
    (given.split(','))
        .map(|size| {
            size.trim()
                .parse()
                .expect("numbers of tasks between commas")
        })
        .collect()
}

impl Stores {
    /// Loads seeded tasks into every store.
    #[must_use]
    pub fn load(count: usize) -> Self {
        let tasks: Vec<Task> = Workload::new(0x0c41, count).tasks().collect();
        Self {
            taskdex: Taskdex::load(tasks.clone()),
            sqlite: Sqlite::load(&tasks),
            scan: Scan::load(tasks),
        }
    }

    /// Every case, all of whose answers are the same in every store.
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let random = &mut Random::new(0x0c42);
        let mut cases: Vec<Case> = FILTERS
            .iter()
            .map(|(name, filters)| {
                self.pages(random, name, filters, &[Form::Plain, Form::KeysFirst])
            })
            .collect();
        let needles = |needles: &[&'static str]| {
            let question = |&needle| Question {
                task_name: Some(needle),
                ..Question::default()
            };
            needles.iter().map(question).collect()
        };
        cases.extend([
            Case {
                name: "task_name, rare, each another".to_owned(),
                questions: needles(&RARE),
                forms: &NAME_FORMS,
            },
            Case {
                name: "task_name, words, each another".to_owned(),
                questions: needles(&WORDS),
                forms: &NAME_FORMS,
            },
            Case {
                name: "task_name, two characters, each another".to_owned(),
                questions: needles(&PAIRS),
                // The trigram index has nothing shorter than three.
                forms: &NAME_FORMS[..2],
            },
        ]);
        let again = Question {
            task_name: Some("restart"),
            ..Question::default()
        };
        let name = "task_name=restart, page by page";
        cases.push(self.pages(random, name, &again, &NAME_FORMS));
        for case in &cases {
            self.assert_equal(case);
        }
        cases
    }

    /// Random pages of one answer, the first among them.
    fn pages(
        &self,
        random: &mut Random,
        name: &str,
        filters: &Question,
        forms: &'static [Form],
    ) -> Case {
        let total = self.scan.answer(filters).total;
        let page = |page| Question {
            offset: if page == 0 { 0 } else { random.below(total) },
            ..filters.clone()
        };
        Case {
            name: format!("{name} ({total} match)"),
            questions: (0..PAGES).map(page).collect(),
            forms,
        }
    }

    fn assert_equal(&self, case: &Case) {
        for question in &case.questions {
            let expected = self.scan.answer(question);
            let ours = self.taskdex.answer(question);
            assert_eq!(ours, expected, "taskdex, {}: {question:?}", case.name);
            for &form in case.forms {
                let theirs = self.sqlite.by(form).answer(question);
                assert_eq!(theirs, expected, "{form:?}, {}: {question:?}", case.name);
            }
        }
    }

    /// Ids of random tasks.
    #[must_use]
    pub fn some_ids(&self) -> Vec<String> {
        let random = &mut Random::new(0x0c43);
        let id = |_| self.scan.id(random.below(self.scan.len()));
        (0..CHANGED).map(id).collect()
    }

    /// Changes the same statuses in the two stores that change, and asserts that both list the same then.
    pub fn assert_equal_changes(&self, ids: &[String]) {
        for round in 0..3 {
            change_all(&self.taskdex, ids, round);
            change_all(&self.sqlite, ids, round);
            for &status in LastStatus::ALL {
                let question = Question {
                    last_status: Some(status),
                    ..Question::default()
                };
                let expected = self.taskdex.answer(&question);
                let theirs = self.sqlite.by(Form::Plain).answer(&question);
                assert_eq!(theirs, expected, "round {round}: {question:?}");
            }
        }
    }
}

/// Reads the answer to each question.
pub fn read_all(listing: &dyn Listing, questions: &[Question]) {
    for question in questions {
        listing.read(black_box(question));
    }
}

/// Gives each task the status of a round, which is not that of the round before.
pub fn change_all(store: &dyn Changing, ids: &[String], round: usize) {
    let status = LastStatus::ALL[round % LastStatus::ALL.len()];
    for id in ids {
        store.set_last_status(id, status);
    }
}

const NAME_FORMS: [Form; 3] = [Form::Plain, Form::Like, Form::Fts5];

const ANY: Question = Question {
    task_name: None,
    task_type: None,
    scheduled_type: None,
    life_cycle_type: None,
    last_status: None,
    offset: 0,
};

const FILTERS: [(&str, Question); 8] = [
    ("no filter", ANY),
    (
        "task_type=REBOOT",
        Question {
            task_type: Some(TaskType::Reboot),
            ..ANY
        },
    ),
    (
        "scheduled_type=WEEK",
        Question {
            scheduled_type: Some(ScheduledType::Week),
            ..ANY
        },
    ),
    (
        "last_status=SUCCESS",
        Question {
            last_status: Some(LastStatus::Success),
            ..ANY
        },
    ),
    (
        "last_status=SKIP",
        Question {
            last_status: Some(LastStatus::Skip),
            ..ANY
        },
    ),
    (
        "task_type, scheduled_type and last_status",
        Question {
            task_type: Some(TaskType::Stop),
            scheduled_type: Some(ScheduledType::Month),
            last_status: Some(LastStatus::Fail),
            ..ANY
        },
    ),
    (
        "scheduled_type=LIFE_CYCLE",
        Question {
            scheduled_type: Some(ScheduledType::LifeCycle),
            ..ANY
        },
    ),
    (
        "LIFE_CYCLE and life_cycle_type",
        Question {
            scheduled_type: Some(ScheduledType::LifeCycle),
            life_cycle_type: Some(LifeCycleType::PostDesktopDisconnected),
            ..ANY
        },
    ),
];

/// Numbers that few names have.
const RARE: [&str; 32] = [
    "-0017", "-0259", "-0491", "-0633", "-0875", "-1007", "-1249", "-1481", "-1623", "-1865",
    "-2097", "-2239", "-2471", "-2613", "-2855", "-3087", "-3229", "-3461", "-3603", "-3845",
    "-4077", "-4219", "-4451", "-4693", "-4835", "-5067", "-5209", "-5441", "-5683", "-5825",
    "-6057", "-6299",
];

/// Words that many names have.
const WORDS: [&str; 24] = [
    "restart",
    "stop",
    "start",
    "reboot",
    "hibernate",
    "snapshot",
    "backup",
    "rebuild",
    "cleanup",
    "patch",
    "upgrade",
    "nightly",
    "weekly",
    "monthly",
    "frontdesk",
    "warehouse",
    "finance",
    "定时关机",
    "定时开机",
    "夜间休眠",
    "自动备份",
    "研发一部",
    "测试部",
    "市场部",
];

/// Two characters.
const PAIRS: [&str; 24] = [
    "st", "re", "an", "-0", "ro", "ly", "ck", "up", "#1", " s", "hr", "in", "夜间", "关机", "开机",
    "备份", "研发", "一部", "市场", "系统", "清理", "检查", "日志", "更新",
];

/// The texts of a task's fields; an absent one is empty.
fn record(task: &Task, next_execution_time: String) -> [String; 12] {
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    [
        task.id().to_owned(),
        task.task_name().to_owned(),
        task.task_type().to_string(),
        task.scheduled_type().to_string(),
        (task.life_cycle_type()).map_or_else(String::new, |value| value.to_string()),
        (task.last_status()).map_or_else(String::new, |value| value.to_string()),
        next_execution_time,
        task.is_enabled().to_string(),
        task.description().unwrap_or_default().to_owned(),
        number(task.priority()),
        task.time_zone().unwrap_or_default().to_owned(),
        number(task.wait_time()),
    ]
}

/// Reads every field of a task, the next execution as text.
fn read_record(task: &Task, next_execution: Option<Execution>) {
    black_box(task.id());
    black_box(task.task_name());
    black_box(task.task_type());
    black_box(task.scheduled_type());
    black_box(task.life_cycle_type());
    black_box(task.last_status());
    black_box(next_execution.map(Execution::to_ascii));
    black_box(task.is_enabled());
    black_box(task.description());
    black_box(task.priority());
    black_box(task.time_zone());
    black_box(task.wait_time());
}
