//! A server as one would write it around a store: tasks that clients change, kept in a log, fired
//! when they are due, and followed by replicas.
//!
//! ```text
//! cargo run -p taskdex-serve --bin embedder -- 127.0.0.1:8080 log FILE
//! cargo run -p taskdex-serve --bin embedder -- 127.0.0.1:8081 follow 127.0.0.1:8080
//! ```
//!
//! `handlers.rs` has the routes, `log.rs` what is kept on disk, `firing.rs` the scheduler, and
//! `replica.rs` what follows. Firing a task means here to print it, and to note its success.

mod firing;
mod handlers;
mod log;
mod replica;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::SystemTime;
use std::{env, error, io, process, thread};

use chrono::{DateTime, Utc};
use handlers::Refused;
use log::Log;
use taskdex::{Edit, ProjectId, TaskStore};
use tokio::net::TcpListener;

type Failure = Box<dyn error::Error + Send + Sync>;

/// How many changes a replica may be behind before it takes the whole project again.
const CHANGE_LOG: usize = 10_000;

/// A store, and the log that has the say over it.
struct Server {
    store: TaskStore,
    /// A replica has none: its tasks are changed elsewhere.
    log: Option<Mutex<Log>>,
}

impl Server {
    /// Makes a change: refuses it, or writes it to the log and then applies it.
    fn change(&self, project: &ProjectId, edits: &[Edit]) -> Result<(), Refused> {
        let now = now();
        // The lock makes this the only writer between the check and the application.
        let mut log = self.log()?;
        self.store.check(project, edits, now)?;
        let revision = log.append(project, edits, now)?;
        self.store.apply_at(project, revision, edits, now)?;
        Ok(())
    }

    fn log(&self) -> io::Result<MutexGuard<'_, Log>> {
        let log = self.log.as_ref();
        let log = log.ok_or_else(|| io::Error::other("a replica changes nothing"))?;
        Ok(log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn main() {
    if let Err(failure) = run() {
        eprintln!("{failure}");
        process::exit(2);
    }
}

#[tokio::main]
async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, role, role_of] = arguments.as_slice() else {
        return Err("usage: embedder ADDRESS (log FILE | follow ADDRESS)".into());
    };
    let (sender, wakeups) = mpsc::channel();
    let store = TaskStore::builder()
        .with_change_log(CHANGE_LOG)
        .with_on_earlier_wakeup(move |wakeup| {
            // Nothing listens in a replica.
            let _ = sender.send(wakeup);
        })
        .build();
    let log = match role.as_str() {
        "log" => Some(Log::open(role_of.as_ref(), &store)?.into()),
        _ => None,
    };
    let server = Arc::new(Server { store, log });
    let (shared, primary) = (Arc::clone(&server), role_of.clone());
    thread::spawn(move || {
        if shared.log.is_none() {
            replica::follow(&shared.store, &primary);
        } else if let Err(failure) = firing::fire(&shared, &wakeups) {
            eprintln!("{failure}");
            process::exit(1);
        }
    });
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, handlers::routes(server)).await?;
    Ok(())
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
