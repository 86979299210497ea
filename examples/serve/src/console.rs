//! The console: a page at `/` that shows a store in a browser.
//!
//! What the page asks is under `/console/`, with the query string of the documented listing and,
//! beside it, `project` and the choices that only the typed API has. Each answer says in
//! `server-timing` how long the engine took, without reading the request and writing the answer.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use taskdex::{
    Error, ErrorKind, Execution, ListQuery, NameMatch, Order, ProjectId, Record, TaskStore, wire,
};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::facets::write_facets;

/// The most projects that the page lets one choose from.
const PROJECTS_MAX: usize = 500;
/// How many executions of a task the page shows.
const EXECUTIONS_SHOWN: usize = 10;
/// The span and the step of the forecast: a week by the hour.
const FORECAST_SPAN: TimeDelta = TimeDelta::days(7);
const FORECAST_STEP: Duration = Duration::from_hours(1);

/// Nothing from elsewhere, no inline code, and no page around this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const HTML: &str = include_str!("../console/console.html");
const CSS: &str = include_str!("../console/console.css");
const JS: &str = include_str!("../console/console.js");
const ICON: &str = include_str!("../console/icon.svg");

#[derive(Clone)]
struct Console {
    store: Arc<TaskStore>,
    /// Calls that look at every task run one at a time, so that pages left open in many tabs
    /// leave a processor for the listing.
    slow_calls: Arc<Semaphore>,
}

/// The page, and what it asks of a store.
pub(crate) fn routes(store: Arc<TaskStore>) -> Router {
    let console = Console {
        store,
        slow_calls: Arc::new(Semaphore::new(1)),
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", HTML))
        .route("/console/console.css", file("text/css; charset=utf-8", CSS))
        .route(
            "/console/console.js",
            file("text/javascript; charset=utf-8", JS),
        )
        .route("/console/icon.svg", file("image/svg+xml", ICON))
        .route("/console/projects", get(projects))
        .route("/console/list", get(list))
        .route("/console/facets", get(facets))
        .route("/console/forecast", get(forecast))
        .route("/console/task", get(task))
        .with_state(console)
}

/// Answers with a file of the page.
fn file(content_type: &'static str, text: &'static str) -> MethodRouter<Console> {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    get(move || async move { (headers, text) })
}

/// The parameters beside those of the documented listing.
#[derive(Deserialize)]
struct Asked {
    project: String,
    order: Option<String>,
    #[serde(default)]
    ignore_case: bool,
    id: Option<String>,
}

impl Asked {
    fn project(&self) -> Result<ProjectId, Error> {
        ProjectId::new(self.project.as_str())
    }

    /// The project and the query of the documented parameters, with the choices beside them.
    fn query(&self, uri: &Uri) -> Result<(ProjectId, ListQuery), Error> {
        let mut query = ListQuery::from_query_string(uri.query().unwrap_or_default())?;
        if let Some(order) = &self.order {
            query = query.with_order(order.parse()?);
        }
        if self.ignore_case
            && let Some(name) = query.task_name()
        {
            let name = NameMatch::contains_ignoring_case(name.text())?;
            query = query.with_task_name(name);
        }
        Ok((self.project()?, query))
    }
}

/// An answer, and how long the engine took for it; `None` for a refusal.
struct Answer {
    status: u16,
    body: Vec<u8>,
    took: Option<Duration>,
}

impl Answer {
    /// Writes what a call of the engine gives, and takes the time of that call alone.
    fn of<T>(call: impl FnOnce() -> Result<T, Self>, write: impl FnOnce(T, &mut Vec<u8>)) -> Self {
        let begin = Instant::now();
        let given = call();
        let took = begin.elapsed();
        match given {
            Ok(given) => {
                let mut body = Vec::new();
                write(given, &mut body);
                Self {
                    status: 200,
                    body,
                    took: Some(took),
                }
            }
            Err(refusal) => refusal,
        }
    }

    fn no_task(id: &str) -> Self {
        let mut body = Vec::new();
        let kind = ErrorKind::TaskNotFound;
        wire::write_error_json(kind.code(), "no such task", Some(id), &mut body);
        Self {
            status: kind.status(),
            body,
            took: None,
        }
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let mut body = Vec::new();
        error.write_json(&mut body);
        Self {
            status: error.status(),
            body,
            took: None,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        // In milliseconds, as the header's definition has it.
        let milliseconds = self.took.map(|it| it.as_secs_f64() * 1_000.0);
        let timing = milliseconds.map(|it| (SERVER_TIMING, format!("engine;dur={it:.6}")));
        (status, headers, AppendHeaders(timing), self.body).into_response()
    }
}

fn write_json<T: Serialize>(value: T, out: &mut Vec<u8>) {
    // Plain values, written to memory: nothing here can fail.
    let _ = serde_json::to_writer(out, &value);
}

fn system_now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// An instant in whole seconds of UTC.
fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Console {
    /// Makes an answer where blocking is allowed, one at a time.
    async fn slowly(self, answer: impl FnOnce(&TaskStore) -> Answer + Send + 'static) -> Response {
        // A browser that no longer waits gives up its place here.
        let permit = self.slow_calls.acquire_owned().await;
        let answered = spawn_blocking(move || {
            let _permit = permit;
            answer(&self.store)
        });
        match answered.await {
            Ok(answer) => answer.into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// How many projects there are, and the first of them with their tasks.
async fn projects(State(console): State<Console>) -> Response {
    #[derive(Serialize)]
    struct Shown {
        id: ProjectId,
        tasks: u64,
    }

    #[derive(Serialize)]
    struct Projects {
        count: usize,
        projects: Vec<Shown>,
    }

    let projects = |store: &TaskStore| {
        let mut ids = store.projects();
        let count = ids.len();
        ids.truncate(PROJECTS_MAX);
        let shown = ids.into_iter().map(|id| Shown {
            tasks: store.task_count(&id),
            id,
        });
        Projects {
            count,
            projects: shown.collect(),
        }
    };
    console
        .slowly(move |store| Answer::of(|| Ok(projects(store)), write_json))
        .await
}

/// The documented body, with the instants at which its tasks were added.
async fn list(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
    uri: Uri,
) -> Result<Response, Answer> {
    let (project, query) = asked.query(&uri)?;
    let is_slow = query.order() == Order::NextExecution;
    let answer = move |store: &TaskStore| {
        let list = || Ok(store.list(&project, &query, system_now()));
        Answer::of(list, |page, body| {
            page.write_json(body);
            let added = page.iter().map(|it| format!("\"{}\"", utc(it.added_at())));
            let added: Vec<_> = added.collect();
            // Before the brace that ends the body.
            body.pop();
            body.extend_from_slice(format!(",\"added_at\":[{}]}}", added.join(",")).as_bytes());
        })
    };
    Ok(if is_slow {
        console.slowly(answer).await
    } else {
        answer(&console.store).into_response()
    })
}

async fn facets(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
    uri: Uri,
) -> Result<Answer, Answer> {
    let (project, query) = asked.query(&uri)?;
    let facets = || Ok(console.store.facets(&project, &query));
    Ok(Answer::of(facets, |it, body| write_facets(body, &it)))
}

/// How many executions fall into each hour of a week, from the present hour on.
async fn forecast(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
    uri: Uri,
) -> Result<Response, Answer> {
    #[derive(Serialize)]
    struct Forecast {
        from: String,
        step_seconds: u64,
        counts: Vec<u64>,
    }

    let (project, query) = asked.query(&uri)?;
    let now = system_now();
    let from = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    let to = from + FORECAST_SPAN;
    let answer = move |store: &TaskStore| {
        let count = || Ok(store.forecast(&project, &query, from, to, FORECAST_STEP)?);
        Answer::of(count, |counts, body| {
            let forecast = Forecast {
                from: utc(from),
                step_seconds: FORECAST_STEP.as_secs(),
                counts,
            };
            write_json(forecast, body);
        })
    };
    Ok(console.slowly(answer).await)
}

/// The full record of a task, and its next executions.
async fn task(
    State(console): State<Console>,
    Query(asked): Query<Asked>,
) -> Result<Answer, Answer> {
    #[derive(Serialize)]
    struct Shown {
        task: Record,
        executions: Vec<String>,
    }

    let project = asked.project()?;
    let id = asked.id.unwrap_or_default();
    let now = system_now();
    let find = || {
        let found = console.store.get(&project, &id, now);
        let found = found.ok_or_else(|| Answer::no_task(&id))?;
        let schedule = found
            .task()
            .schedule()
            .filter(|_| found.task().is_enabled());
        let executions = schedule.into_iter().flat_map(|it| it.executions(now));
        let executions: Vec<Execution> = executions.take(EXECUTIONS_SHOWN).collect();
        Ok((found, executions))
    };
    Ok(Answer::of(find, |(found, executions), body| {
        let executions = executions.into_iter().map(Execution::to_rfc3339);
        let shown = Shown {
            task: found.to_record(),
            executions: executions.collect(),
        };
        write_json(shown, body);
    }))
}
