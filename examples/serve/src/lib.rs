//! The documented listing over HTTP, on axum and hyper.
//!
//! `docs/serving.md` of the repository says how the server behaves.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::http::StatusCode;
//! use taskdex::TaskStore;
//! use taskdex_serve::{App, Loading};
//!
//! let app = App::new(Arc::new(TaskStore::new()), Loading::done());
//! let router = taskdex_serve::routes(&Arc::new(app));
//! # let _ = (router, StatusCode::OK);
//! ```

mod app;
mod connection;
mod console;
#[path = "../../support/facets.rs"]
mod facets;
mod listener;
mod loading;
mod metrics;

pub use app::{App, routes};
pub use listener::{Limits, serve};
pub use loading::{Loading, Progress};
