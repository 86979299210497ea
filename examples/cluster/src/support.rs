//! Exit statuses, and why a command failed.

use std::error::Error;
use std::process::ExitCode;

/// Why the arguments, the database or an address were refused.
pub(crate) type Failure = Box<dyn Error>;

/// 0; 1 where something that must hold did not; 2 where something was refused.
pub(crate) fn exit_code(outcome: Result<bool, Failure>, usage: &str) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{failure}\nusage: {usage}");
            ExitCode::from(2)
        }
    }
}
