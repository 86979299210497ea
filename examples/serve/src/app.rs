//! The routes, and what they answer.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use taskdex::TaskStore;
use taskdex::wire::write_error_json;
use tokio::task::spawn_blocking;

use crate::console;
use crate::loading::Loading;
use crate::metrics::Metrics;

/// How long a listing waits for the tasks to be loaded.
const LOADING_WAIT_MAX: Duration = Duration::from_secs(30);
/// When a client that was told to come again should do so.
const RETRY_AFTER_SECONDS: &str = "1";

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    store: Arc<TaskStore>,
    loading: Loading,
    loading_wait_max: Duration,
    metrics: Metrics,
}

impl App {
    /// A server of the store's tasks, which may still be loading.
    #[must_use]
    pub fn new(store: Arc<TaskStore>, loading: Loading) -> Self {
        Self {
            store,
            loading,
            loading_wait_max: LOADING_WAIT_MAX,
            metrics: Metrics::default(),
        }
    }

    /// The longest that a listing waits for the end of loading, before it is refused with 503.
    #[must_use]
    pub fn with_loading_wait_max(self, loading_wait_max: Duration) -> Self {
        Self {
            loading_wait_max,
            ..self
        }
    }
}

/// Everything that the server answers. Each page of the server is merged here.
pub fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/v2/{project_id}/scheduled-tasks", get(list))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(app))
        .merge(console::routes(Arc::clone(&app.store)))
        .method_not_allowed_fallback(no_such_method)
        .fallback(no_such_page)
        .layer(from_fn_with_state(Arc::clone(app), count))
}

/// The documented listing: at most a few milliseconds of work, so it needs no thread of its own.
async fn list(State(app): State<Arc<App>>, uri: Uri) -> Response {
    if !app.loading.is_done_within(app.loading_wait_max).await {
        let retry = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
        let refusal = refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "the tasks are loading",
            None,
        );
        return (retry, refusal).into_response();
    }
    let started = Instant::now();
    // As it was sent: what a framework decodes leniently is refused here.
    let project = uri.path().split('/').nth(2).unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    let mut body = Vec::new();
    let status = (app.store).respond(project, query, SystemTime::now().into(), &mut body);
    app.metrics.listed(started.elapsed());
    json(status_of(status), body)
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let progress = app.loading.progress();
    let statistics = app.store.statistics();
    let body = format!(
        r#"{{"status":"{status}","records":{records},"projects":{projects},"tasks":{tasks}}}"#,
        status = if progress.is_done { "ready" } else { "loading" },
        records = progress.records,
        projects = statistics.projects,
        tasks = statistics.tasks,
    );
    json(StatusCode::OK, body.into_bytes())
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    // The memory of millions of tasks takes milliseconds to count.
    let text = spawn_blocking(move || app.metrics.text(&app.store, app.loading.progress())).await;
    let Ok(text) = text else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "no metrics", None);
    };
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

async fn no_such_page(method: Method, uri: Uri) -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "no such page",
        Some(&format!("{method} {}", uri.path())),
    )
}

/// The framework adds which methods are allowed.
async fn no_such_method(method: Method, uri: Uri) -> Response {
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "the page has no such method",
        Some(&format!("{method} {}", uri.path())),
    )
}

/// Counts what is answered.
async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.metrics.answered(response.status().as_u16());
    response
}

/// A refusal of the server's own: the documented error body, with a code that tells the status.
fn refuse(status: StatusCode, message: &str, detail: Option<&str>) -> Response {
    let mut body = Vec::new();
    let code = format!("SRV.{:04}", status.as_u16());
    write_error_json(&code, message, detail, &mut body);
    json(status, body)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let headers: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    (status, headers, body).into_response()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
