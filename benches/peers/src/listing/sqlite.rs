use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement, params, params_from_iter};
use taskdex::{Execution, LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

use super::{Engine, Fields, LIMIT, Question, Records, Visit};
use crate::rows::{self, Change};

/// SQLite in memory, with an index for each filter and for what goes together, and the trigram
/// index of FTS5 for names.
///
/// In its favour: the values of enums are small integers, whether a task is timed is a column,
/// next executions were computed before, and it holds no schedule.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    keeps_counts: bool,
}

/// Indexes are sorted by two threads, in pieces that the processor's caches hold: faster than with
/// `temp_store = MEMORY`, or in one large piece.
const SETTINGS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA threads = 2;
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
        timed INTEGER NOT NULL,
        next_second INTEGER NOT NULL
    );
    CREATE VIRTUAL TABLE name USING fts5(
        task_name, content = 'task', content_rowid = 'seq', tokenize = 'trigram case_sensitive 1'
    );
";

/// Made once the rows are there: the indexes, and the triggers that keep names found. Trigrams are
/// gathered in 256 MB before they are written, which leaves little to merge.
const INDEXES: &str = "
    CREATE UNIQUE INDEX by_id ON task (project, id);
    CREATE INDEX by_timed ON task (project, timed, seq);
    CREATE INDEX by_task_type ON task (project, timed, task_type, seq);
    CREATE INDEX by_scheduled_type ON task (project, scheduled_type, seq);
    CREATE INDEX by_last_status ON task (project, timed, last_status, seq);
    CREATE INDEX by_life_cycle_type ON task (project, scheduled_type, life_cycle_type, seq)
        WHERE life_cycle_type IS NOT NULL;
    CREATE INDEX by_three ON task (project, scheduled_type, task_type, last_status, seq);
    CREATE INDEX by_next ON task (project, timed, next_second, seq);
    INSERT INTO name (name, rank) VALUES ('hashsize', 268435456);
    INSERT INTO name (name) VALUES ('rebuild');
    INSERT INTO name (name) VALUES ('optimize');
    INSERT INTO name (name, rank) VALUES ('hashsize', 1048576);
    CREATE TRIGGER name_added AFTER INSERT ON task BEGIN
        INSERT INTO name (rowid, task_name) VALUES (new.seq, new.task_name);
    END;
    CREATE TRIGGER name_removed AFTER DELETE ON task BEGIN
        INSERT INTO name (name, rowid, task_name) VALUES ('delete', old.seq, old.task_name);
    END;
    CREATE TRIGGER name_changed AFTER UPDATE OF task_name ON task BEGIN
        INSERT INTO name (name, rowid, task_name) VALUES ('delete', old.seq, old.task_name);
        INSERT INTO name (rowid, task_name) VALUES (new.seq, new.task_name);
    END;
    ANALYZE;
";

/// How many tasks have each combination of values; -1 where a task has none.
const COUNTS: &str = "
    CREATE TABLE counted (
        project INTEGER, timed INTEGER, scheduled_type INTEGER, task_type INTEGER,
        life_cycle_type INTEGER, last_status INTEGER, tasks INTEGER,
        PRIMARY KEY (project, timed, scheduled_type, task_type, life_cycle_type, last_status)
    ) WITHOUT ROWID;
    INSERT INTO counted
        SELECT project, timed, scheduled_type, task_type, ifnull(life_cycle_type, -1),
            ifnull(last_status, -1), count(*)
        FROM task GROUP BY 1, 2, 3, 4, 5, 6;
    CREATE TRIGGER counted_added AFTER INSERT ON task BEGIN COUNT_IN END;
    CREATE TRIGGER counted_removed AFTER DELETE ON task BEGIN COUNT_OUT END;
    CREATE TRIGGER counted_changed
        AFTER UPDATE OF scheduled_type, task_type, life_cycle_type, last_status ON task
        BEGIN COUNT_OUT COUNT_IN END;
";
const COUNT_IN: &str = "
    INSERT INTO counted VALUES (new.project, new.timed, new.scheduled_type, new.task_type,
        ifnull(new.life_cycle_type, -1), ifnull(new.last_status, -1), 1)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1;
";
const COUNT_OUT: &str = "
    UPDATE counted SET tasks = tasks - 1
    WHERE project = old.project AND timed = old.timed AND scheduled_type = old.scheduled_type
        AND task_type = old.task_type AND life_cycle_type = ifnull(old.life_cycle_type, -1)
        AND last_status = ifnull(old.last_status, -1);
";
const NO_COUNTS: &str = "
    DROP TRIGGER counted_added;
    DROP TRIGGER counted_removed;
    DROP TRIGGER counted_changed;
    DROP TABLE counted;
";

const COLUMNS: &str = "id, task_name, task_type, scheduled_type, life_cycle_type, last_status, \
    next_execution_time, enable, description, priority, time_zone, wait_time";

/// All but the key, in the order of [`values`].
const INSERT: &str = "INSERT INTO task VALUES \
    (NULL, 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const REPLACE: &str = "UPDATE task SET task_name = ?2, task_type = ?3, scheduled_type = ?4, \
    life_cycle_type = ?5, last_status = ?6, next_execution_time = ?7, enable = ?8, \
    description = ?9, priority = ?10, time_zone = ?11, wait_time = ?12, timed = ?13, \
    next_second = ?14 WHERE project = 1 AND id = ?1";

impl Sqlite {
    /// The engine with these tasks.
    ///
    /// # Panics
    ///
    /// Where SQLite refuses a statement.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        let connection = Connection::open_in_memory().expect("a database in memory");
        connection.set_prepared_statement_cache_capacity(256);
        fill(&connection, tasks).expect("valid statements");
        Self {
            connection,
            keeps_counts: false,
        }
    }

    /// Whether totals come from a table that triggers keep, and no longer from `COUNT(*)`.
    pub fn keep_counts(&mut self, keeps_counts: bool) {
        let sql = if keeps_counts {
            COUNTS
                .replace("COUNT_IN", COUNT_IN)
                .replace("COUNT_OUT", COUNT_OUT)
        } else {
            NO_COUNTS.to_owned()
        };
        self.connection
            .execute_batch(&sql)
            .expect("valid statements");
        self.keeps_counts = keeps_counts;
    }

    /// The pages of the database: what SQLite itself says it takes, caches aside.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Self::bytes_of(&self.connection)
    }

    pub(crate) fn bytes_of(connection: &Connection) -> usize {
        let pragma = |name| {
            let value = connection.pragma_query_value(None, name, |row| row.get(0));
            value.unwrap_or(0_usize)
        };
        pragma("page_count") * pragma("page_size")
    }

    fn try_list(&self, question: &Question, each: Visit<'_>) -> rusqlite::Result<usize> {
        let (from, values) = matching(question);
        let is_counted = self.keeps_counts && question.task_name.is_none();
        let count = if is_counted {
            format!(
                "SELECT ifnull(sum(tasks), 0) {}",
                from.replace("FROM task", "FROM counted")
            )
        } else {
            format!("SELECT count(*) {from}")
        };
        let mut count = self.connection.prepare_cached(&count)?;
        let total = count.query_row(params_from_iter(&values), |row| row.get(0))?;
        let order = if question.by_next {
            "next_second, seq"
        } else {
            "seq"
        };
        // Keys first, which an index gives by itself, and rows of these keys only.
        let page = format!(
            "SELECT {COLUMNS} FROM task WHERE seq IN (SELECT seq {from} ORDER BY {order} \
            LIMIT {LIMIT} OFFSET ?) ORDER BY {order}"
        );
        let mut page = self.connection.prepare_cached(&page)?;
        let offset = Value::Integer(i64::try_from(question.offset).expect("an offset"));
        visit(&mut page, values.iter().chain([&offset]), each)?;
        Ok(total)
    }

    fn try_change(&self, change: &Change) -> rusqlite::Result<usize> {
        let prepare = |sql| self.connection.prepare_cached(sql);
        match change {
            Change::Status(id, status) => {
                prepare("UPDATE task SET last_status = ?1 WHERE project = 1 AND id = ?2")?
                    .execute(params![*status as i64, id])
            }
            Change::Rename(id, name) => {
                prepare("UPDATE task SET task_name = ?1 WHERE project = 1 AND id = ?2")?
                    .execute(params![name.as_str(), id])
            }
            Change::Replace(task) => insert(&mut *prepare(REPLACE)?, task),
            Change::Add(task) => insert(&mut *prepare(INSERT)?, task),
            Change::Remove(id) => {
                prepare("DELETE FROM task WHERE project = 1 AND id = ?1")?.execute([id])
            }
        }
    }
}

fn fill(connection: &Connection, tasks: Vec<Task>) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch("BEGIN")?;
    let mut add = connection.prepare(INSERT)?;
    for task in tasks {
        insert(&mut add, &task)?;
    }
    connection.execute_batch(INDEXES)?;
    connection.execute_batch("COMMIT")
}

/// Runs a statement whose parameters are a task's columns.
fn insert(statement: &mut Statement<'_>, task: &Task) -> rusqlite::Result<usize> {
    let row = rows::Row::from(task.clone());
    let next = row.next.map(Execution::to_ascii);
    statement.execute(params![
        task.id(),
        task.task_name(),
        task.task_type() as i64,
        task.scheduled_type() as i64,
        task.life_cycle_type().map(|it| it as i64),
        task.last_status().map(|it| it as i64),
        next.as_ref().map(|it| str::from_utf8(it).expect("ASCII")),
        task.is_enabled(),
        task.description(),
        task.priority(),
        task.time_zone(),
        task.wait_time(),
        task.scheduled_type().is_timed(),
        row.next_second(),
    ])
}

/// `FROM` and `WHERE` with no more than what the question asks, and the values.
fn matching(question: &Question) -> (String, Vec<Value>) {
    let mut conditions = vec!["project = 1"];
    let mut values = Vec::new();
    // The trigram index has nothing shorter than three characters.
    match question.task_name {
        Some(text) if text.chars().count() < 3 => {
            conditions.push("instr(task_name, ?) > 0");
            values.push(Value::Text(text.to_owned()));
        }
        Some(text) => {
            conditions.push("seq IN (SELECT rowid FROM name WHERE name MATCH ?)");
            values.push(Value::Text(format!("\"{text}\"")));
        }
        None => {}
    }
    let mut equal = |condition, code: Option<i64>| {
        if let Some(code) = code {
            conditions.push(condition);
            values.push(code.into());
        }
    };
    equal("timed = ?", question.scheduled_type.is_none().then_some(1));
    equal(
        "scheduled_type = ?",
        question.scheduled_type.map(|it| it as i64),
    );
    equal("task_type = ?", question.task_type.map(|it| it as i64));
    equal("last_status = ?", question.last_status.map(|it| it as i64));
    equal(
        "life_cycle_type = ?",
        question.life_cycle_type.map(|it| it as i64),
    );
    (
        format!("FROM task WHERE {}", conditions.join(" AND ")),
        values,
    )
}

/// Hands over the fields of each row that a statement gives.
fn visit<'a>(
    statement: &mut Statement<'_>,
    values: impl Iterator<Item = &'a Value>,
    each: Visit<'_>,
) -> rusqlite::Result<()> {
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        each(&fields(row)?);
    }
    Ok(())
}

fn fields<'a>(row: &'a Row<'_>) -> rusqlite::Result<Fields<'a>> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
    let known = |text: Option<&'a str>| text.expect("a text that is never null");
    let code = |column| row.get::<_, Option<usize>>(column);
    Ok(Fields {
        id: known(text(0)?),
        task_name: known(text(1)?),
        task_type: TaskType::ALL[row.get::<_, usize>(2)?],
        scheduled_type: ScheduledType::ALL[row.get::<_, usize>(3)?],
        life_cycle_type: code(4)?.map(|code| LifeCycleType::ALL[code]),
        last_status: code(5)?.map(|code| LastStatus::ALL[code]),
        next_execution_time: text(6)?,
        enable: row.get(7)?,
        description: text(8)?,
        priority: row.get(9)?,
        time_zone: text(10)?,
        wait_time: row.get(11)?,
    })
}

impl Engine for Sqlite {
    fn list(&self, question: &Question, each: Visit<'_>) -> usize {
        self.try_list(question, each).expect("valid statements")
    }

    fn change(&mut self, change: &Change) {
        assert_eq!(self.try_change(change), Ok(1), "{change:?}");
    }

    /// Another database, by the backup that SQLite has for it.
    fn snapshot(&self) -> Box<dyn Records> {
        let mut copy = Connection::open_in_memory().expect("a database in memory");
        let backup = rusqlite::backup::Backup::new(&self.connection, &mut copy);
        let backup = backup.expect("two databases");
        backup.step(-1).expect("a backup of all pages");
        drop(backup);
        Box::new(copy)
    }
}

impl Records for Connection {
    fn for_each(&self, each: Visit<'_>) {
        let statement = self.prepare(&format!("SELECT {COLUMNS} FROM task ORDER BY seq"));
        visit(
            &mut statement.expect("a valid statement"),
            [].into_iter(),
            each,
        )
        .expect("rows of the table");
    }
}
