//! The side that answers: the same server, over three stores.
//!
//! In favour of the two that are not taskdex, each task has its listed record ready as text, its
//! next execution included, and only has to be found.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params, params_from_iter};
use taskdex::testkit::Workload;
use taskdex::{ListQuery, ProjectId, Task, TaskStore};
use taskdex_serve::{App, Limits, Loading};
use tokio::net::TcpListener;

use crate::{Failure, SEED};

/// What finds the tasks of a query: the total, and the page's records between commas.
type Find = dyn Fn(&ListQuery) -> Result<(u64, String), Failure> + Send + Sync;

/// Serves tasks of an engine until the process ends, and prints the address.
pub(crate) fn serve(engine: &str, count: usize) -> Result<(), Failure> {
    let workload = Workload::new(SEED, count);
    let project = ProjectId::new("default")?;
    let store = TaskStore::new();
    store.add_all(&project, workload.tasks().collect(), Workload::NOW)?;
    let records = || {
        workload.tasks().filter_map(|task| {
            let mut record = Vec::new();
            (store.get(&project, task.id(), Workload::NOW)?).write_json(&mut record);
            Some((task, String::from_utf8(record).ok()?))
        })
    };
    let router = match engine {
        "taskdex" => {
            let app = App::new(Arc::new(store), Loading::done());
            taskdex_serve::routes(&Arc::new(app))
        }
        "scan" => {
            let tasks: Vec<_> = records().collect();
            found_by(Arc::new(move |query| Ok(scan(&tasks, query))))
        }
        "sqlite" => {
            let path = database(std::process::id());
            fill(&path, records())?;
            found_by(Arc::new(move |query| select(&path, query)))
        }
        _ => return Err(format!("{engine}: taskdex, scan and sqlite are accepted").into()),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let never = std::future::pending();
        taskdex_serve::serve(listener, router, Limits::default(), never).await;
        Ok(())
    })
}

/// The file of a server's database. It is deleted by the process that ends the server.
pub(crate) fn database(process: u32) -> PathBuf {
    std::env::temp_dir().join(format!("taskdex-load-{process}.sqlite"))
}

/// The listing, over an engine that finds tasks.
fn found_by(find: Arc<Find>) -> Router {
    Router::new()
        .route("/v2/{project_id}/scheduled-tasks", get(list))
        .with_state(find)
}

async fn list(State(find): State<Arc<Find>>, uri: Uri) -> Response {
    let query = ListQuery::from_query_string(uri.query().unwrap_or_default());
    let found = query.map_err(Failure::from).and_then(|query| find(&query));
    match found {
        Ok((total, records)) => {
            let body = format!(r#"{{"scheduled_tasks":[{records}],"total_count":{total}}}"#);
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(failure) => (axum::http::StatusCode::BAD_REQUEST, failure.to_string()).into_response(),
    }
}

/// Looks at every task.
fn scan(tasks: &[(Task, String)], query: &ListQuery) -> (u64, String) {
    let window = query.offset()..query.offset() + u64::from(query.limit());
    let mut total = 0;
    let mut page = Vec::new();
    for (task, record) in tasks {
        if query.matches(task) {
            if window.contains(&total) {
                page.push(record.as_str());
            }
            total += 1;
        }
    }
    (total, page.join(","))
}

const TABLE: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE task (
        seq INTEGER PRIMARY KEY,
        task_name TEXT NOT NULL,
        task_type TEXT NOT NULL,
        scheduled_type TEXT NOT NULL,
        life_cycle_type TEXT,
        last_status TEXT,
        timed INTEGER NOT NULL,
        record TEXT NOT NULL
    );
    BEGIN;
";

const INDEXES: &str = "
    COMMIT;
    CREATE INDEX by_timed ON task (timed, seq);
    CREATE INDEX by_task_type ON task (timed, task_type, seq);
    CREATE INDEX by_last_status ON task (timed, last_status, seq);
    CREATE INDEX by_life_cycle_type ON task (scheduled_type, life_cycle_type, seq);
    CREATE INDEX by_three ON task (scheduled_type, task_type, last_status, seq);
    ANALYZE;
";

/// More than a million tasks take, so that all of them stay in memory.
const MAPPED: &str = "PRAGMA mmap_size = 4294967296; PRAGMA cache_size = -65536;";

/// Writes a database.
fn fill(path: &PathBuf, records: impl Iterator<Item = (Task, String)>) -> Result<(), Failure> {
    let connection = Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    let mut add =
        connection.prepare("INSERT INTO task VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (task, record) in records {
        add.execute(params![
            task.task_name(),
            task.task_type().to_string(),
            task.scheduled_type().to_string(),
            task.life_cycle_type().map(|it| it.to_string()),
            task.last_status().map(|it| it.to_string()),
            task.scheduled_type().is_timed(),
            record,
        ])?;
    }
    connection.execute_batch(INDEXES)?;
    Ok(())
}

thread_local! {
    /// Each thread of the server has a connection of its own.
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Asks the database: for the total, and for the page.
fn select(path: &PathBuf, query: &ListQuery) -> Result<(u64, String), Failure> {
    CONNECTION.with_borrow_mut(|connection| {
        let connection = if let Some(connection) = connection {
            connection
        } else {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = Connection::open_with_flags(path, flags)?;
            opened.execute_batch(MAPPED)?;
            connection.insert(opened)
        };
        let (matching, values) = matching(query);
        let count = format!("SELECT COUNT(*) {matching}");
        let mut count = connection.prepare_cached(&count)?;
        let total: i64 = count.query_row(params_from_iter(&values), |row| row.get(0))?;
        // The keys first, which the indexes give, and then the records.
        let page = format!(
            "SELECT record FROM task WHERE seq IN \
             (SELECT seq {matching} ORDER BY seq LIMIT {} OFFSET {}) ORDER BY seq",
            query.limit(),
            query.offset()
        );
        let mut page = connection.prepare(&page)?;
        let records = page.query_map(params_from_iter(&values), |row| row.get(0))?;
        let records: Vec<String> = records.collect::<Result<_, _>>()?;
        Ok((total.try_into()?, records.join(",")))
    })
}

/// `FROM` and `WHERE` of a query, and the values.
fn matching(query: &ListQuery) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    let mut equal = |column: &str, value: Option<String>| {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(Value::Text(value));
        }
    };
    equal("task_type", query.task_type().map(|it| it.to_string()));
    equal(
        "scheduled_type",
        query.scheduled_type().map(|it| it.to_string()),
    );
    equal(
        "life_cycle_type",
        query.life_cycle_type().map(|it| it.to_string()),
    );
    equal("last_status", query.last_status().map(|it| it.to_string()));
    if query.scheduled_type().is_none() {
        conditions.push("timed = 1".to_owned());
    }
    if let Some(name) = query.task_name() {
        conditions.push("instr(task_name, ?) > 0".to_owned());
        values.push(Value::Text(name.text().to_owned()));
    }
    (
        format!("FROM task WHERE {}", conditions.join(" AND ")),
        values,
    )
}
