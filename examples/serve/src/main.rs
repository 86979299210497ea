//! Serves the documented listing over HTTP.
//!
//! ```text
//! cargo run --release -p taskdex-serve -- [--addr 127.0.0.1:8080] [--data FILE]
//! curl 'http://127.0.0.1:8080/v2/default/scheduled-tasks?offset=0&limit=10'
//! ```
//!
//! It prints the address that it listens on, which tells the port where port 0
//! was asked for, and checks no tokens. Exit status: 2 where the arguments, the
//! file or the address were refused.

#[path = "../../support/mod.rs"]
mod support;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use lexopt::prelude::{Long, Short};
use support::Failure;
use support::data::load;
use taskdex::{Error, ListQuery, ProjectId, TaskStore};
use tokio::net::TcpListener;

const USAGE: &str = "taskdex-serve [--addr 127.0.0.1:8080] [--data FILE]";

struct Arguments {
    addr: String,
    data: Option<OsString>,
}

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

#[tokio::main]
async fn run() -> Result<bool, Failure> {
    let Some(arguments) = parse_arguments()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let store = load(arguments.data.as_deref(), support::system_now())?;
    let router = Router::new()
        .route("/v2/{project_id}/scheduled-tasks", get(list))
        .with_state(Arc::new(store));
    let listener = TcpListener::bind(&arguments.addr)
        .await
        .map_err(|error| format!("{}: {error}", arguments.addr))?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, router).await?;
    Ok(true)
}

/// None where only the usage is asked for.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments {
        addr: "127.0.0.1:8080".to_owned(),
        data: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => arguments.addr = support::text(parser.value()?)?,
            Long("data") => arguments.data = Some(parser.value()?),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}

/// At most a few milliseconds of work, so it needs no thread of its own.
async fn list(State(store): State<Arc<TaskStore>>, uri: Uri) -> Response {
    let mut body = Vec::new();
    let status = match answer(&store, &uri, &mut body) {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            error.write_json(&mut body);
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn answer(store: &TaskStore, uri: &Uri, body: &mut Vec<u8>) -> Result<(), Error> {
    let project_id = uri.path().split('/').nth(2).unwrap_or_default();
    let project = ProjectId::from_path_segment(project_id)?;
    let query = ListQuery::from_query_string(uri.query().unwrap_or_default())?;
    store.list_json(&project, &query, support::system_now(), body);
    Ok(())
}
