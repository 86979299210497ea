//! Loading a file while the server listens.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::thread;

use taskdex::TaskStore;
use taskdex_serve::Progress;
use tokio::sync::{oneshot, watch};

use crate::support::{self, Failure, data};

/// Loads a file, or the sample where none is given, on a thread of its own.
///
/// The receiver is told the end; a refusal as its text.
pub(crate) fn start(
    path: Option<OsString>,
    store: Arc<TaskStore>,
    progress: watch::Sender<Progress>,
) -> oneshot::Receiver<Result<(), String>> {
    let (sender, receiver) = oneshot::channel();
    // Not a thread of the runtime, whose end would wait for it.
    thread::spawn(move || {
        let loaded =
            load(path.as_deref(), &store, &progress).map_err(|failure| failure.to_string());
        // Nobody listens where the server has ended meanwhile.
        let _ = sender.send(loaded);
    });
    receiver
}

fn load(
    path: Option<&OsStr>,
    store: &TaskStore,
    progress: &watch::Sender<Progress>,
) -> Result<(), Failure> {
    let projects = data::read(path, |read| {
        progress.send_modify(|it| it.records = read.records);
    })?;
    data::fill(store, projects, support::system_now())?;
    progress.send_modify(|it| it.is_done = true);
    Ok(())
}
