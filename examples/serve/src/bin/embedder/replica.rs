//! What follows another server.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use taskdex::{ChangeSet, ProjectId, TaskStore};

use crate::{Failure, now};

/// How often the other server is asked.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Follows for ever. A server that is away for a while is followed again.
pub(crate) fn follow(store: &TaskStore, primary: &str) {
    loop {
        if let Err(failure) = catch_up(store, primary) {
            eprintln!("{primary}: {failure}");
        }
        thread::sleep(INTERVAL);
    }
}

/// Leads every project on to where it is there.
fn catch_up(store: &TaskStore, primary: &str) -> Result<(), Failure> {
    let (_, projects) = get(primary, "/projects")?;
    let mut projects: BTreeSet<ProjectId> = serde_json::from_slice(&projects)?;
    // One that ended there is still here.
    projects.extend(store.projects());
    for project in &projects {
        let path = utf8_percent_encode(project.as_str(), NON_ALPHANUMERIC);
        let since = store.revision(project);
        let (status, changes) = get(primary, &format!("/v2/{path}/changes?since={since}"))?;
        if status == 200 {
            store.apply_changes(project, &ChangeSet::from_json(changes)?, now())?;
            continue;
        }
        // Too far behind, or the project began again: the whole is taken.
        let (status, export) = get(primary, &format!("/v2/{path}/export"))?;
        if !matches!(status, 200 | 404) {
            return Err(format!("{project}: status {status}").into());
        }
        store.remove_project(project);
        if status == 200 {
            store.restore(project, export.as_slice())?;
        }
    }
    Ok(())
}

/// The status and the body of an answer. Stands for an HTTP client.
fn get(address: &str, target: &str) -> Result<(u16, Vec<u8>), Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {target} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = answer.split_off(head.ok_or("an answer without a head")? + 4);
    let status = String::from_utf8_lossy(&answer);
    let status = status.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok((status, body))
}
