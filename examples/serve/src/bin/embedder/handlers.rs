//! The routes: the documented listing, and what clients change.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use taskdex::wire::{RecordReader, write_error_json};
use taskdex::{BatchError, Edit, Error, ErrorKind, Expectation, ProjectId, Revision, TaskId};
use tokio::task::spawn_blocking;

use crate::{Server, now};

/// Why a request was refused.
pub(crate) enum Refused {
    /// By the store.
    Store(Error),
    /// By the server itself, in its own words.
    Server(ErrorKind, String),
    /// The log could not be written, or there is none.
    Log(std::io::Error),
}

pub(crate) fn routes(server: Arc<Server>) -> Router {
    Router::new()
        .route("/v2/{project_id}/scheduled-tasks", get(list).post(add))
        .route(
            "/v2/{project_id}/scheduled-tasks/{id}",
            get(show).put(put).delete(remove),
        )
        .route("/v2/{project_id}/changes", get(changes))
        .route("/v2/{project_id}/export", get(export))
        .route("/projects", get(projects))
        .with_state(server)
}

type Shared = State<Arc<Server>>;
type Answer = Result<Response, Refused>;

async fn list(State(server): Shared, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let mut body = Vec::new();
    let status = (server.store).respond(segment(&uri, 2), query, now(), &mut body);
    json(status, body)
}

async fn show(State(server): Shared, uri: Uri) -> Answer {
    let (project, id) = names(&uri)?;
    shown(&server, &project, &id, 200)
}

async fn add(State(server): Shared, uri: Uri, body: Bytes) -> Answer {
    let project = ProjectId::from_path_segment(segment(&uri, 2))?;
    let record = reader().read_one(&body)?;
    let id: TaskId = record.task.id().parse()?;
    change(server, project, id, Edit::add(record), 201).await
}

/// Adds or replaces a task, as `If-Match` and `If-None-Match: *` allow.
async fn put(State(server): Shared, uri: Uri, headers: HeaderMap, body: Bytes) -> Answer {
    let (project, id) = names(&uri)?;
    let record = reader().read_one(&body)?;
    if record.task.id() != id.as_str() {
        return Err(bad("the id of the record is not that of the path"));
    }
    let edit = Edit::put(record).with_expectation(expectation(&headers)?);
    change(server, project, id, edit, 200).await
}

async fn remove(State(server): Shared, uri: Uri, headers: HeaderMap) -> Answer {
    let (project, id) = names(&uri)?;
    let edit = Edit::remove(id.clone()).with_expectation(expectation(&headers)?);
    change(server, project, id, edit, 204).await
}

async fn changes(State(server): Shared, uri: Uri) -> Answer {
    let project = ProjectId::from_path_segment(segment(&uri, 2))?;
    let since = uri.query().and_then(|query| query.strip_prefix("since="));
    let since: Revision = since.unwrap_or_default().parse()?;
    let changes = server.store.changes_since(&project, since)?;
    Ok(json(
        200,
        serde_json::to_vec(&changes).map_err(std::io::Error::from)?,
    ))
}

async fn export(State(server): Shared, uri: Uri) -> Answer {
    let project = ProjectId::from_path_segment(segment(&uri, 2))?;
    let snapshot = server.store.snapshot(&project)?;
    let written = spawn_blocking(move || {
        let mut export = Vec::new();
        snapshot.write_export(&mut export).map(|()| export)
    });
    let export = written.await.map_err(std::io::Error::other)??;
    Ok(json(200, export))
}

async fn projects(State(server): Shared) -> Answer {
    let projects = serde_json::to_vec(&server.store.projects());
    Ok(json(200, projects.map_err(std::io::Error::from)?))
}

/// Makes one edit, and answers with the task that is there then.
async fn change(
    server: Arc<Server>,
    project: ProjectId,
    id: TaskId,
    edit: Edit,
    status: u16,
) -> Answer {
    // The log waits for the disk.
    let changed = spawn_blocking(move || {
        server.change(&project, &[edit])?;
        if status == 204 {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        shown(&server, &project, &id, status)
    });
    changed.await.map_err(std::io::Error::other)?
}

/// The full record of a task, and its version as the entity tag.
fn shown(server: &Server, project: &ProjectId, id: &TaskId, status: u16) -> Answer {
    let Some(listed) = server.store.get(project, id, now()) else {
        let kind = ErrorKind::TaskNotFound;
        return Err(refused(kind, &format!("no such task: id=`{id}`")));
    };
    let mut body = Vec::new();
    listed.to_record().write_json(&mut body);
    let tag = format!("\"{}\"", listed.version());
    Ok(([(header::ETAG, tag)], json(status, body)).into_response())
}

/// What `If-Match` and `If-None-Match` expect of the task.
fn expectation(headers: &HeaderMap) -> Result<Option<Expectation>, Refused> {
    let value = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    match (value(header::IF_MATCH), value(header::IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (None, Some("*")) => Ok(Some(Expectation::Absent)),
        (Some(tag), None) => {
            let version = tag.trim_matches('"').parse();
            let version = version.map_err(|_| bad("If-Match takes one entity tag"))?;
            Ok(Some(Expectation::Version(version)))
        }
        _ => Err(bad("If-Match with a tag or If-None-Match: * is accepted")),
    }
}

/// Clients write records themselves, so that a misspelt field is a mistake.
fn reader() -> RecordReader<'static> {
    RecordReader::new()
        .deny_unknown_fields(true)
        .require_schedule(true)
        .ignore_project(true)
}

fn names(uri: &Uri) -> Result<(ProjectId, TaskId), Refused> {
    let project = ProjectId::from_path_segment(segment(uri, 2))?;
    Ok((project, TaskId::from_path_segment(segment(uri, 4))?))
}

/// A segment of the path as it was sent.
fn segment(uri: &Uri, position: usize) -> &str {
    uri.path().split('/').nth(position).unwrap_or_default()
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn bad(message: &str) -> Refused {
    refused(ErrorKind::UnknownValue, message)
}

fn refused(kind: ErrorKind, message: &str) -> Refused {
    Refused::Server(kind, message.to_owned())
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<BatchError> for Refused {
    fn from(refused: BatchError) -> Self {
        Self::Store(refused.error)
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        Self::Log(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut body = Vec::new();
        let status = match self {
            Self::Store(error) => {
                error.write_json(&mut body);
                error.status()
            }
            Self::Server(kind, message) => {
                write_error_json(kind.code(), &message, None, &mut body);
                kind.status()
            }
            Self::Log(error) => {
                write_error_json("SRV.0500", &error.to_string(), None, &mut body);
                500
            }
        };
        json(status, body)
    }
}
