//! HTTP for clients.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /v2/{project_id}/scheduled-tasks?…` | the documented listing, from memory |
//! | `POST /v2/{project_id}/changes`, a JSON list of edits | `{"position":7}` |
//! | `POST /changes`, a line `{"project_id":…,"edits":[…]}` for each change | such a line for each |
//! | `GET /v2/{project_id}/export` | the project's export |
//! | `GET /partitions/{number}` | all projects of a partition as text |
//! | `GET /health` | what is known of each partition; 503 while one is not loaded |
//!
//! A client that wrote sends the position as `taskdex-at-least` with what it reads: a node that
//! does not come there within a second says that it is behind. Answers tell their position as
//! `taskdex-position`. A node that does not own the project of a change says who does (307).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use taskdex::wire::write_error_json;
use taskdex::{Edit, ListQuery, ProjectId};
use tokio::task::block_in_place;

use super::{Edge, NotSeen, Seen, now};
use crate::node::NotWritten;
use crate::partition::Partition;

const AT_LEAST: &str = "taskdex-at-least";
const POSITION: &str = "taskdex-position";

/// A line of many changes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    project_id: ProjectId,
    edits: Vec<Edit>,
}

/// An answer that is an error: its status, its body, and where to go.
struct Refusal {
    status: StatusCode,
    body: Vec<u8>,
    location: Option<String>,
}

pub(crate) fn router(edge: Arc<Edge>) -> Router {
    Router::new()
        .route("/v2/{project_id}/scheduled-tasks", get(list))
        .route("/v2/{project_id}/changes", post(change))
        .route("/v2/{project_id}/export", get(export))
        .route("/changes", post(change_many))
        .route("/partitions/{number}", get(partition))
        .route("/health", get(health))
        .with_state(edge)
}

async fn list(
    State(edge): State<Arc<Edge>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = ListQuery::from_query_string(uri.query().unwrap_or_default())?;
    let project = project(&uri)?;
    let seen = see(&edge, &project, &headers).await?;
    let mut body = Vec::new();
    seen.store.list_json(&project, &query, now(), &mut body);
    Ok(answer(&seen, "application/json", body))
}

async fn export(
    State(edge): State<Arc<Edge>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let project = project(&uri)?;
    let seen = see(&edge, &project, &headers).await?;
    let snapshot = seen.store.snapshot(&project)?;
    let mut body = Vec::new();
    block_in_place(|| snapshot.write_export(&mut body))?;
    Ok(answer(&seen, "application/x-ndjson", body))
}

async fn change(State(edge): State<Arc<Edge>>, uri: Uri, body: Bytes) -> Result<Response, Refusal> {
    let project = project(&uri)?;
    let edits: Vec<Edit> = serde_json::from_slice(&body).map_err(|error| unread(&error))?;
    let written = edge.write(project, edits).position().await;
    let position = written.map_err(|not| not_written(&not, Some(&uri)))?;
    let body = position_json(position);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn change_many(State(edge): State<Arc<Edge>>, body: Bytes) -> Response {
    let lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let begun = lines.map(|line| {
        let line = serde_json::from_slice(line).map_err(|error| unread(&error));
        line.map(|Line { project_id, edits }| edge.write(project_id, edits))
    });
    let begun: Vec<_> = begun.collect();
    let mut answers = Vec::new();
    for written in begun {
        let answer = match written {
            Ok(written) => match written.position().await {
                Ok(position) => position_json(position),
                Err(not) => not_written(&not, None).body,
            },
            Err(refusal) => refusal.body,
        };
        answers.extend(answer);
        answers.push(b'\n');
    }
    ([(header::CONTENT_TYPE, "application/x-ndjson")], answers).into_response()
}

async fn partition(
    State(edge): State<Arc<Edge>>,
    Path(number): Path<u8>,
) -> Result<Response, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "CLU.0005", "no such partition here");
    let partition = Partition::new(number).ok_or_else(missing)?;
    let frozen = edge.look(move |node| node.freeze(partition)).await;
    let frozen = frozen.flatten().ok_or_else(missing)?;
    let text = block_in_place(|| frozen.to_text())?;
    Ok(([(POSITION, frozen.position.to_string())], text).into_response())
}

async fn health(State(edge): State<Arc<Edge>>) -> Response {
    let partitions = edge.look(|node| node.status().collect::<Vec<_>>()).await;
    let partitions = partitions.unwrap_or_default();
    let is_ready = !partitions.is_empty() && partitions.iter().all(|it| it.is_loaded);
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::to_vec(&partitions).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn project(uri: &Uri) -> Result<ProjectId, taskdex::Error> {
    ProjectId::from_path_segment(uri.path().split('/').nth(2).unwrap_or_default())
}

async fn see(edge: &Edge, project: &ProjectId, headers: &HeaderMap) -> Result<Seen, Refusal> {
    let at_least = headers.get(AT_LEAST).map_or(Some(0), |value| {
        let text = value.to_str().ok()?;
        text.parse().ok()
    });
    let at_least = at_least.ok_or_else(|| {
        let message = "taskdex-at-least: a position is accepted";
        Refusal::new(StatusCode::BAD_REQUEST, "CLU.0001", message)
    })?;
    edge.see(project, at_least).await.map_err(|not| match not {
        NotSeen::Elsewhere => {
            let message = "this node does not follow the project's partition";
            Refusal::new(StatusCode::MISDIRECTED_REQUEST, "CLU.0005", message)
        }
        NotSeen::Behind(position) => {
            let message = format!("behind: at position {position}");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "CLU.0002", &message)
        }
    })
}

fn answer(seen: &Seen, content_type: &str, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), content_type),
        (POSITION, &seen.position.to_string()),
    ];
    (headers, body).into_response()
}

fn position_json(position: u64) -> Vec<u8> {
    format!("{{\"position\":{position}}}").into_bytes()
}

/// The refusal of a change that is not the JSON it should be.
fn unread(error: &serde_json::Error) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "CLU.0001", &error.to_string())
}

fn not_written(not: &NotWritten, target: Option<&Uri>) -> Refusal {
    let message = not.to_string();
    match not {
        NotWritten::Refused(refused) => {
            let mut refusal = Refusal::from(refused.error.clone());
            refusal.body.pop();
            let position = format!(",\"position\":{}}}", refused.position);
            refusal.body.extend(position.into_bytes());
            refusal
        }
        NotWritten::NotOwner(owner) if owner.is_empty() => {
            let message = "nobody owns the project at the moment";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "CLU.0003", message)
        }
        NotWritten::NotOwner(owner) => {
            let message = "another node owns the project";
            let mut body = Vec::new();
            write_error_json("CLU.0003", message, Some(owner), &mut body);
            Refusal {
                status: StatusCode::TEMPORARY_REDIRECT,
                body,
                location: target.map(|target| format!("{owner}{target}")),
            }
        }
        NotWritten::Busy => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "CLU.0007", &message),
        NotWritten::Unknown => Refusal::new(StatusCode::GATEWAY_TIMEOUT, "CLU.0004", &message),
    }
}

impl Refusal {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        let mut body = Vec::new();
        write_error_json(code, message, None, &mut body);
        Self {
            status,
            body,
            location: None,
        }
    }
}

impl From<taskdex::Error> for Refusal {
    fn from(error: taskdex::Error) -> Self {
        let mut body = Vec::new();
        error.write_json(&mut body);
        let status = StatusCode::from_u16(error.status());
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body,
            location: None,
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "CLU.0006",
            &error.to_string(),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, "application/json")],
            self.body,
        )
            .into_response();
        if let Some(location) = self.location.and_then(|it| it.parse().ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
