//! The scheduler.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use taskdex::{Edit, LastStatus, Missed};

use crate::handlers::Refused;
use crate::{Failure, Server, now};

/// The longest sleep, as nobody tells when the system's clock is set.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How many executions are taken at once.
const BATCH: usize = 100;

/// Fires what is due, from where the log says that firing ended.
///
/// That is noted after what was taken has been fired: after a crash, what was fired and not noted
/// is fired again, with the same project, id and instant.
pub(crate) fn fire(server: &Server, wakeups: &Receiver<DateTime<Utc>>) -> Result<(), Failure> {
    let passed = server.log()?.passed().unwrap_or_else(now);
    // Of a log that has just begun, so that what is missed before the first firing is made up for.
    server.log()?.set_passed(passed)?;
    server.store.watch_due(passed);
    loop {
        let batch = server.store.take_due(now(), BATCH, Missed::Latest)?;
        for due in &batch.due {
            let instant = due.execution.to_rfc3339();
            println!("fired {} {} {instant}", due.project, due.id);
            let succeeded = Edit::set_last_status(due.id.clone(), LastStatus::Success);
            // The store refuses the status of a task that was removed meanwhile.
            if let Err(Refused::Log(error)) = server.change(&due.project, &[succeeded]) {
                return Err(error.into());
            }
        }
        if !batch.due.is_empty() {
            server.log()?.set_passed(batch.passed)?;
        }
        if batch.has_more {
            continue;
        }
        let wakeup = server.store.next_wakeup()?;
        let sleep = wakeup.map(|wakeup| (wakeup - now()).to_std().unwrap_or_default());
        let sleep = sleep.unwrap_or(SLEEP_MAX).min(SLEEP_MAX);
        // A change that makes something due earlier ends the sleep.
        if wakeups.recv_timeout(sleep) == Err(RecvTimeoutError::Disconnected) {
            return Ok(());
        }
    }
}
