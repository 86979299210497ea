use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use taskdex::Task;

use super::{Entries, Queue};

/// SQLite in memory: a table of what is pending, with an index by instant.
///
/// Ids and schedules lie beside it, which favours it.
#[derive(Debug)]
pub struct Sqlite {
    entries: Entries,
    connection: Connection,
}

const SETTINGS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";
const TABLE: &str = "CREATE TABLE due (position INTEGER PRIMARY KEY, pending INTEGER); BEGIN";
const INDEX: &str = "CREATE INDEX by_pending ON due (pending, position); ANALYZE; COMMIT";
const INSERT: &str = "INSERT INTO due VALUES (?1, ?2)";
const FIRST: &str = "SELECT position, pending FROM due WHERE pending <= ?1 \
    ORDER BY pending, position LIMIT 1000";
const UPDATE: &str = "UPDATE due SET pending = ?2 WHERE position = ?1";

impl Sqlite {
    fn try_begin(entries: Entries) -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SETTINGS)?;
        connection.execute_batch(TABLE)?;
        {
            let mut insert = connection.prepare(INSERT)?;
            for position in 0..u32::try_from(entries.len()).expect("fewer than 2^32 tasks") {
                insert.execute(params![position, entries.pending(position)])?;
            }
        }
        connection.execute_batch(INDEX)?;
        Ok(Self {
            entries,
            connection,
        })
    }

    /// In steps, each a change of its own.
    fn try_take(
        &mut self,
        now: DateTime<Utc>,
        each: &mut dyn FnMut(&str, i64),
    ) -> rusqlite::Result<()> {
        let mut first = self.connection.prepare_cached(FIRST)?;
        let mut update = self.connection.prepare_cached(UPDATE)?;
        loop {
            let due = first.query_map([now.timestamp()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let due: Vec<(u32, i64)> = due.collect::<Result<_, _>>()?;
            if due.is_empty() {
                return Ok(());
            }
            let step = self.connection.unchecked_transaction()?;
            for (position, second) in due {
                each(self.entries.id(position), second);
                update.execute(params![position, self.entries.put_back(position, now)])?;
            }
            step.commit()?;
        }
    }

    fn set(&self, sql: &str, position: u32, pending: Option<i64>) {
        let statement = self.connection.prepare_cached(sql);
        let changed = statement.and_then(|mut it| it.execute(params![position, pending]));
        assert_eq!(changed, Ok(1));
    }
}

impl Queue for Sqlite {
    const NAME: &str = "SQLite";
    type Tasks = Entries;

    fn tasks(_: &[Task], entries: &Entries) -> Entries {
        entries.clone()
    }

    fn begin(entries: Entries) -> Self {
        Self::try_begin(entries).expect("valid statements")
    }

    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64)) {
        self.try_take(now, each).expect("valid statements");
    }

    fn add(&mut self, task: Task, now: DateTime<Utc>) {
        let (position, pending) = self.entries.add(&task, now);
        self.set(INSERT, position, pending);
    }

    fn disable(&mut self, id: &str, _: DateTime<Utc>) {
        let (position, _) = self.entries.disable(id);
        self.set(UPDATE, position, None);
    }

    fn bytes_beside(&self) -> usize {
        crate::listing::Sqlite::bytes_of(&self.connection)
    }
}
