//! What the server is told when it starts.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::prelude::{Long, Short};
use taskdex_serve::Limits;

use crate::support::{self, Failure};

pub(crate) const USAGE: &str =
    "taskdex-serve [--addr 127.0.0.1:8080] [--data FILE] [--timeout SECONDS]";

/// The longest `--timeout`: an hour.
const TIMEOUT_SECONDS_MAX: u64 = 3_600;

pub(crate) struct Arguments {
    pub(crate) addr: String,
    pub(crate) data: Option<OsString>,
    pub(crate) limits: Limits,
}

/// None where only the usage is asked for.
pub(crate) fn parse() -> Result<Option<Arguments>, Failure> {
    let mut arguments = Arguments {
        addr: "127.0.0.1:8080".to_owned(),
        data: None,
        limits: Limits::default(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => arguments.addr = support::text(parser.value()?)?,
            Long("data") => arguments.data = Some(parser.value()?),
            Long("timeout") => arguments.limits.timeout = seconds(parser.value()?)?,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}

fn seconds(value: OsString) -> Result<Duration, Failure> {
    let text = support::text(value)?;
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (1..=TIMEOUT_SECONDS_MAX).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        format!("--timeout {text}: a number of seconds from 1 to {TIMEOUT_SECONDS_MAX} is accepted")
    })?;
    Ok(Duration::from_secs(seconds))
}
