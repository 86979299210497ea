use std::fmt::Display;
use std::hint::black_box;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params, params_from_iter};
use taskdex::{LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

use super::scan::next_execution;
use super::{Answer, Changing, LIMIT, Listing, Question};

/// SQLite in memory, with an index for each filter and for what goes together.
///
/// The values of enums are small integers, whether a task is timed is a column,
/// and the next execution is a text that was computed before: all in its favour.
#[derive(Debug)]
pub struct Sqlite(Connection);

/// SQLite, asked in one form.
#[derive(Debug)]
pub struct SqliteBy<'a> {
    connection: &'a Connection,
    form: Form,
}

/// The form in which SQLite is asked for a page, and for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `SELECT … LIMIT 50 OFFSET n`, as one would write it first; `instr` for names.
    Plain,
    /// The page's keys first, which the indexes alone give, and then its rows.
    KeysFirst,
    /// As that, with `LIKE`, made case-sensitive, for names.
    Like,
    /// As that, with the trigram index of FTS5, case-sensitive too, for names.
    Fts5,
}

impl Form {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "SQLite",
            Self::KeysFirst => "SQLite keys first",
            Self::Like => "SQLite LIKE",
            Self::Fts5 => "SQLite FTS5",
        }
    }
}

const SETTINGS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA case_sensitive_like = ON;
";

const TABLES: &str = "
    CREATE TABLE task (
        seq INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        id TEXT NOT NULL,
        task_name TEXT NOT NULL,
        task_type INTEGER NOT NULL,
        scheduled_type INTEGER NOT NULL,
        life_cycle_type INTEGER,
        last_status INTEGER,
        next_execution_time TEXT,
        enable INTEGER NOT NULL,
        description TEXT,
        priority INTEGER,
        time_zone TEXT,
        wait_time INTEGER,
        timed INTEGER NOT NULL
    );
    CREATE VIRTUAL TABLE name USING fts5(
        task_name, content = '', tokenize = 'trigram case_sensitive 1'
    );
";

/// Beside the one by id, through which changes find their task.
const INDEXES: &str = "
    CREATE UNIQUE INDEX by_id ON task (project, id);
    CREATE INDEX by_timed ON task (project, timed, seq);
    CREATE INDEX by_task_type ON task (project, timed, task_type, seq);
    CREATE INDEX by_scheduled_type ON task (project, scheduled_type, seq);
    CREATE INDEX by_last_status ON task (project, timed, last_status, seq);
    CREATE INDEX by_life_cycle_type ON task (project, scheduled_type, life_cycle_type, seq);
    CREATE INDEX by_two ON task (project, timed, task_type, last_status, seq);
    CREATE INDEX by_three ON task (project, scheduled_type, task_type, last_status, seq);
    ANALYZE;
";

const COLUMNS: &str = "id, task_name, task_type, scheduled_type, life_cycle_type, last_status, \
    next_execution_time, enable, description, priority, time_zone, wait_time";

impl Sqlite {
    pub(super) fn load(tasks: &[Task]) -> Self {
        let connection = Connection::open_in_memory().expect("a database in memory");
        connection.set_prepared_statement_cache_capacity(256);
        fill(&connection, tasks).expect("valid statements");
        Self(connection)
    }

    /// The same database, asked in one form.
    #[must_use]
    pub fn by(&self, form: Form) -> SqliteBy<'_> {
        SqliteBy {
            connection: &self.0,
            form,
        }
    }
}

fn fill(connection: &Connection, tasks: &[Task]) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch("BEGIN")?;
    let mut add = connection.prepare(
        "INSERT INTO task VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let mut add_name = connection.prepare("INSERT INTO name (rowid, task_name) VALUES (?1, ?2)")?;
    for (seq, task) in (1_i64..).zip(tasks) {
        add.execute(params![
            seq,
            task.id(),
            task.task_name(),
            code(TaskType::ALL, task.task_type()),
            code(ScheduledType::ALL, task.scheduled_type()),
            task.life_cycle_type()
                .map(|value| code(LifeCycleType::ALL, value)),
            task.last_status().map(|value| code(LastStatus::ALL, value)),
            next_execution(task).map(|time| time.to_string()),
            task.is_enabled(),
            task.description(),
            task.priority(),
            task.time_zone(),
            task.wait_time(),
            task.scheduled_type().is_timed(),
        ])?;
        add_name.execute(params![seq, task.task_name()])?;
    }
    connection.execute_batch("COMMIT")?;
    connection.execute_batch("INSERT INTO name (name) VALUES ('optimize')")?;
    connection.execute_batch(INDEXES)
}

impl SqliteBy<'_> {
    /// Asks for the total and the page, and hands over each row.
    fn ask(&self, question: &Question, mut each: impl FnMut(&Row<'_>)) -> rusqlite::Result<u64> {
        let (matching, values) = self.matching(question);
        let mut count = (self.connection).prepare_cached(&format!("SELECT COUNT(*) {matching}"))?;
        let total: i64 = count.query_row(params_from_iter(&values), |row| row.get(0))?;
        let page = format!("{matching} ORDER BY seq LIMIT {LIMIT} OFFSET ?");
        let page = match self.form {
            Form::Plain => format!("SELECT {COLUMNS} {page}"),
            _ => {
                format!("SELECT {COLUMNS} FROM task WHERE seq IN (SELECT seq {page}) ORDER BY seq")
            }
        };
        let mut page = self.connection.prepare_cached(&page)?;
        let offset = Value::Integer(question.offset.cast_signed());
        let mut rows = page.query(params_from_iter(values.iter().chain([&offset])))?;
        while let Some(row) = rows.next()? {
            each(row);
        }
        Ok(total.cast_unsigned())
    }

    /// `FROM` and `WHERE` with no more than what the question asks, and the values.
    fn matching(&self, question: &Question) -> (String, Vec<Value>) {
        let mut conditions = vec!["project = 1"];
        let mut values = Vec::new();
        if let Some(text) = question.task_name {
            let (condition, text) = match self.form {
                Form::Plain | Form::KeysFirst => ("instr(task_name, ?) > 0", text.to_owned()),
                Form::Like => ("task_name LIKE ?", format!("%{text}%")),
                Form::Fts5 => (
                    "seq IN (SELECT rowid FROM name WHERE name MATCH ?)",
                    format!("\"{text}\""),
                ),
            };
            conditions.push(condition);
            values.push(Value::Text(text));
        }
        if let Some(asked) = question.scheduled_type {
            conditions.push("scheduled_type = ?");
            values.push(code(ScheduledType::ALL, asked).into());
        } else {
            conditions.push("timed = 1");
        }
        if let Some(asked) = question.task_type {
            conditions.push("task_type = ?");
            values.push(code(TaskType::ALL, asked).into());
        }
        if let Some(asked) = question.last_status {
            conditions.push("last_status = ?");
            values.push(code(LastStatus::ALL, asked).into());
        }
        if let Some(asked) = question.life_cycle_type {
            conditions.push("life_cycle_type = ?");
            values.push(code(LifeCycleType::ALL, asked).into());
        }
        let matching = format!("FROM task WHERE {}", conditions.join(" AND "));
        (matching, values)
    }
}

impl Listing for SqliteBy<'_> {
    fn answer(&self, question: &Question) -> Answer {
        let mut page = Vec::new();
        let total = self.ask(question, |row| page.push(record(row)));
        Answer {
            total: total.expect("valid statements"),
            page,
        }
    }

    fn read(&self, question: &Question) {
        let read = |row: &Row<'_>| {
            for column in 0..12 {
                black_box(row.get_ref(column).expect("one of twelve columns"));
            }
        };
        black_box(self.ask(question, read).expect("valid statements"));
    }
}

impl Changing for Sqlite {
    fn set_last_status(&self, id: &str, status: LastStatus) {
        let sql = "UPDATE task SET last_status = ?1 WHERE project = 1 AND id = ?2";
        let mut update = self.0.prepare_cached(sql).expect("a valid statement");
        let changed = update.execute(params![code(LastStatus::ALL, status), id]);
        assert_eq!(changed, Ok(1));
    }
}

/// The small integer that stands for a value.
fn code<T: PartialEq + Copy>(all: &[T], value: T) -> i64 {
    let position = all.iter().position(|known| *known == value);
    i64::try_from(position.expect("one of all")).expect("a small position")
}

/// The texts of a row, those of enums by their small integers.
fn record(row: &Row<'_>) -> [String; 12] {
    let text = |column: usize| match row.get_ref(column).expect("one of twelve columns") {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("{other:?}"),
    };
    let mut record: [String; 12] = std::array::from_fn(text);
    spell(&mut record[2], TaskType::ALL);
    spell(&mut record[3], ScheduledType::ALL);
    spell(&mut record[4], LifeCycleType::ALL);
    spell(&mut record[5], LastStatus::ALL);
    record[7] = (record[7] == "1").to_string();
    record
}

/// Puts the spelling of a value in place of its small integer.
fn spell<T: Display>(text: &mut String, all: &[T]) {
    if let Ok(code) = text.parse::<usize>() {
        *text = all[code].to_string();
    }
}
