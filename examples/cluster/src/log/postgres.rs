//! The log in PostgreSQL.
//!
//! Every call is one statement, which commits by itself. So a node that freezes never leaves a
//! transaction open, and no lock of its outlives the statement.

use std::collections::HashMap;
use std::time::Duration;

use taskdex::DueExecution;
use tokio::sync::Mutex;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use super::{Append, AppendError, Head, Log, Owner, Refused, Unknown};
use crate::entry::Group;
use crate::node::{LOADS, READS};
use crate::partition::Partition;

/// How long the server works on a statement, and how long its answer is waited for after that.
const STATEMENT: Duration = Duration::from_secs(3);
const STATEMENT_OF_SNAPSHOT: Duration = Duration::from_mins(1);
const ANSWER: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
/// How many partitions are appended to at once: each waits for its own commit.
const APPEND_LANES: usize = 16;
/// The length of a row of a snapshot.
const PART: usize = 256 << 10;

const SCHEMA: &str = include_str!("schema.sql");

/// The row lock of the update lasts until the commit. Whoever waits for it looks at the row again.
const APPEND: &str = "
    WITH moved AS (
        UPDATE partitions SET position = position + $4, log_bytes = log_bytes + length($5)
        WHERE partition = $1 AND epoch = $2 AND position = $3
        RETURNING position
    )
    INSERT INTO log (partition, first, last, epoch, body)
    SELECT $1, $3 + 1, position, $2, $5 FROM moved
    RETURNING last";
const STATE: &str = "SELECT position, epoch FROM partitions WHERE partition = $1";
/// Of each partition a thousand groups, or a megabyte and the group that goes beyond it. The
/// limit lets the planner use the index, whatever it believes of a table that grows.
const READ: &str = "
    SELECT log.partition, log.first, log.body
    FROM unnest($1::smallint[], $2::bigint[]) AS wanted (partition, after)
    CROSS JOIN LATERAL (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY first) - octet_length(body) AS before
        FROM (
            SELECT * FROM log WHERE log.partition = wanted.partition AND first > after
            ORDER BY first LIMIT 1000
        ) AS following
    ) AS log
    WHERE before < 1000000
    ORDER BY log.partition, log.first";
const HEADS: &str = "
    SELECT partition, position, epoch, owner, address, lease_until < clock_timestamp(),
        snapshot, snapshot_bytes, log_bytes
    FROM partitions";
/// Rows are locked in the order of their numbers, so that two nodes never wait for each other.
const CLAIM: &str = "
    WITH free AS (
        SELECT partitions.partition FROM partitions
        JOIN unnest($3::smallint[], $4::bigint[]) AS wanted (partition, epoch)
            ON wanted.partition = partitions.partition AND wanted.epoch = partitions.epoch
        WHERE owner = $1 OR lease_until < clock_timestamp()
        ORDER BY partitions.partition FOR UPDATE OF partitions
    )
    UPDATE partitions SET epoch = epoch + (owner <> $1)::int, owner = $1, address = $2,
        lease_until = clock_timestamp() + interval '3 seconds'
    FROM free WHERE free.partition = partitions.partition";
const TRIM: &str = "
    WITH kept AS (
        SELECT DISTINCT position FROM snapshots WHERE partition = $1 ORDER BY position DESC LIMIT 2
    ), older AS (
        SELECT min(position) AS position FROM kept HAVING count(*) = 2
    ), dropped AS (
        DELETE FROM snapshots USING older
        WHERE partition = $1 AND snapshots.position < older.position
    )
    DELETE FROM log USING older WHERE partition = $1 AND last <= older.position";
const SAVE: &str = "
    WITH noted AS (
        UPDATE partitions SET snapshot = $2, snapshot_bytes = $4, log_bytes = 0
        WHERE partition = $1 AND snapshot < $2
    )
    INSERT INTO snapshots (partition, position, part, body)
    SELECT $1, $2, part, body FROM unnest($3::bytea[]) WITH ORDINALITY AS parts (body, part)
    ON CONFLICT DO NOTHING";
const NEWEST: &str = "
    SELECT body FROM snapshots
    WHERE partition = $1
        AND position = (SELECT max(position) FROM snapshots WHERE partition = $1)
    ORDER BY part";
const HAND_ON: &str = "
    INSERT INTO executions (project, task, second)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (project, task, second) DO UPDATE SET times = executions.times + 1";

pub(crate) struct PostgresLog {
    appends: Vec<Lane>,
    reads: Vec<Lane>,
    loads: Vec<Lane>,
    heads: Lane,
    claims: Lane,
    snapshots: Lane,
    executions: Lane,
}

/// A connection that is opened when it is needed, and does one statement at a time.
struct Lane {
    config: Config,
    statement: Duration,
    session: Mutex<Option<Session>>,
}

struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// Makes the tables where they are missing.
pub(crate) async fn set_up(config: &Config) -> Result<(), Error> {
    let session = Session::open(config).await?;
    session.client.batch_execute(SCHEMA).await
}

impl PostgresLog {
    pub(crate) fn new(config: &Config) -> Self {
        let lane = || Lane::new(config, STATEMENT);
        let slow_lane = || Lane::new(config, STATEMENT_OF_SNAPSHOT);
        Self {
            appends: (0..APPEND_LANES).map(|_| lane()).collect(),
            reads: (0..READS).map(|_| lane()).collect(),
            loads: (0..LOADS).map(|_| slow_lane()).collect(),
            heads: lane(),
            claims: lane(),
            snapshots: slow_lane(),
            executions: lane(),
        }
    }

    /// A lane that does nothing at the moment, or else any.
    fn idle<'a>(&'a self, lanes: &'a [Lane]) -> &'a Lane {
        let idle = lanes.iter().find(|it| it.session.try_lock().is_ok());
        idle.or(lanes.first()).unwrap_or(&self.claims)
    }
}

impl Lane {
    fn new(config: &Config, statement: Duration) -> Self {
        let mut config = config.clone();
        let options = format!("-c statement_timeout={}", statement.as_millis());
        config.options(options).connect_timeout(STATEMENT);
        Self {
            config,
            statement,
            session: Mutex::new(None),
        }
    }

    /// Runs a statement. After any failure the connection is closed: nobody knows its state.
    async fn run(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Unknown> {
        let work = async {
            let mut place = self.session.lock().await;
            let mut session = match place.take() {
                Some(session) => session,
                None => Session::open(&self.config).await?,
            };
            let rows = session.query(sql, parameters).await?;
            *place = Some(session);
            Ok::<_, Error>(rows)
        };
        let why = match timeout(self.statement + ANSWER, work).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => match error.as_db_error() {
                Some(error) => error.to_string(),
                None => error.to_string(),
            },
            Err(_) => "no answer in time".to_owned(),
        };
        // A server that is away is not asked all the time.
        sleep(PAUSE).await;
        Err(Unknown(why))
    }
}

impl Session {
    async fn open(config: &Config) -> Result<Self, Error> {
        let (client, connection) = config.connect(NoTls).await?;
        // It ends with the client, or tells it of its end.
        tokio::spawn(connection);
        Ok(Self {
            client,
            statements: HashMap::new(),
        })
    }

    async fn query(
        &mut self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        if !self.statements.contains_key(sql) {
            let statement = self.client.prepare(sql).await?;
            self.statements.insert(sql, statement);
        }
        match self.statements.get(sql) {
            Some(statement) => self.client.query(statement, parameters).await,
            None => self.client.query(sql, parameters).await,
        }
    }
}

impl Log for PostgresLog {
    async fn append(&self, append: &Append) -> Result<(), AppendError> {
        let group = &append.group;
        let text = block_in_place(|| group.to_text());
        let text = text.map_err(|error| Unknown(error.to_string()))?;
        let partition = number(append.partition);
        let (before, count) = (group.first - 1, group.entries.len() as u64);
        let lane = usize::from(append.partition.number()) % APPEND_LANES;
        let lane = self.appends.get(lane).unwrap_or(&self.claims);
        let (epoch, before, count) = (signed(append.epoch), signed(before), signed(count));
        let parameters: [&(dyn ToSql + Sync); 5] = [&partition, &epoch, &before, &count, &text];
        if !lane.run(APPEND, &parameters).await?.is_empty() {
            return Ok(());
        }
        // Asked for after the refusal, so that it is not older than what led to that.
        let state = lane.run(STATE, &[&partition]).await?;
        let state = state.first().ok_or(Unknown("no such partition".into()))?;
        Err(AppendError::Refused(Refused {
            position: unsigned(state, 0)?,
            epoch: unsigned(state, 1)?,
        }))
    }

    async fn read(&self, after: &[(Partition, u64)]) -> Result<Vec<(Partition, Group)>, Unknown> {
        let partitions: Vec<_> = after.iter().map(|(it, _)| number(*it)).collect();
        let positions: Vec<_> = after.iter().map(|(_, it)| signed(*it)).collect();
        let lane = self.idle(&self.reads);
        let rows = lane.run(READ, &[&partitions, &positions]).await?;
        block_in_place(|| {
            let groups = rows.iter().map(|row| {
                let text: &str = column(row, 2)?;
                let group = Group::from_text(unsigned(row, 1)?, text);
                let group = group.map_err(|error| Unknown(error.to_string()))?;
                Ok((partition(row)?, group))
            });
            groups.collect()
        })
    }

    async fn heads(&self) -> Result<Vec<Head>, Unknown> {
        let rows = self.heads.run(HEADS, &[]).await?;
        let heads = rows.iter().map(|row| {
            Ok(Head {
                partition: partition(row)?,
                position: unsigned(row, 1)?,
                epoch: unsigned(row, 2)?,
                owner: Owner {
                    id: column(row, 3)?,
                    address: column(row, 4)?,
                },
                is_free: column(row, 5)?,
                snapshot: unsigned(row, 6)?,
                snapshot_bytes: unsigned(row, 7)?,
                log_bytes: unsigned(row, 8)?,
            })
        });
        heads.collect()
    }

    async fn claim(&self, owner: &Owner, partitions: &[(Partition, u64)]) -> Result<(), Unknown> {
        let numbers: Vec<_> = partitions.iter().map(|(it, _)| number(*it)).collect();
        let epochs: Vec<_> = partitions.iter().map(|(_, it)| signed(*it)).collect();
        let parameters: [&(dyn ToSql + Sync); 4] = [&owner.id, &owner.address, &numbers, &epochs];
        self.claims.run(CLAIM, &parameters).await.map(drop)
    }

    async fn trim(&self, partition: Partition) -> Result<(), Unknown> {
        let partition = number(partition);
        self.snapshots.run(TRIM, &[&partition]).await.map(drop)
    }

    async fn save(
        &self,
        partition: Partition,
        position: u64,
        text: Vec<u8>,
    ) -> Result<(), Unknown> {
        let parts: Vec<_> = text.chunks(PART).collect();
        let (position, length) = (signed(position), signed(text.len() as u64));
        let parameters: [&(dyn ToSql + Sync); 4] = [&number(partition), &position, &parts, &length];
        self.snapshots.run(SAVE, &parameters).await.map(drop)
    }

    async fn newest(&self, partition: Partition) -> Result<Option<Vec<u8>>, Unknown> {
        let lane = self.idle(&self.loads);
        let rows = lane.run(NEWEST, &[&number(partition)]).await?;
        let mut text = Vec::new();
        for row in &rows {
            text.extend_from_slice(column(row, 0)?);
        }
        Ok((!rows.is_empty()).then_some(text))
    }

    /// Into a table that takes each key once.
    async fn hand_on(&self, due: &[DueExecution]) -> Result<(), Unknown> {
        let keys = || due.iter().map(DueExecution::key);
        let projects: Vec<_> = keys().map(|(project, _, _)| project.as_str()).collect();
        let tasks: Vec<_> = keys().map(|(_, task, _)| task.as_str()).collect();
        let seconds: Vec<_> = keys().map(|(_, _, second)| second).collect();
        let keys: [&(dyn ToSql + Sync); 3] = [&projects, &tasks, &seconds];
        self.executions.run(HAND_ON, &keys).await.map(drop)
    }
}

fn number(partition: Partition) -> i16 {
    partition.number().into()
}

/// A count as the database has it. Positions end at 2^48.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    place: usize,
) -> Result<T, Unknown> {
    row.try_get(place)
        .map_err(|error| Unknown(error.to_string()))
}

fn unsigned(row: &Row, place: usize) -> Result<u64, Unknown> {
    let count: i64 = column(row, place)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn partition(row: &Row) -> Result<Partition, Unknown> {
    let number: i16 = column(row, 0)?;
    Partition::new(number).ok_or_else(|| Unknown(format!("partition {number}")))
}
