//! Programs run from outside, here and by the tests of the example server.

#![allow(dead_code, reason = "the server's tests use a part")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a program did.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn lines(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap();
        self.out.lines().map(read).collect()
    }
}

pub(crate) fn run(program: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that stops early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file that is deleted again.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn of(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("taskdex-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Records of two projects, and an empty line.
pub(crate) const DATA: &str = concat!(
    r#"{"id":"a","task_name":"nightly","task_type":"REBOOT","scheduled_type":"DAY","day_interval":10,"scheduled_time":"02:00:00","time_zone":"UTC"}"#,
    "\r\n",
    "\r\n",
    r#"{"id":"b","task_name":"on 断开","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","priority":5}"#,
    "\r\n",
    r#"{"id":"c","task_name":"elsewhere","task_type":"STOP","scheduled_type":"FIXED_TIME","project_id":"q"}"#,
    "\r\n",
);
