//! What is kept on disk: a line for each change, and for how far tasks were fired.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use taskdex::wire::parse_instant;
use taskdex::{Edit, ProjectId, Revision, TaskStore};

use crate::Failure;

/// A log whose lines are durable once they are appended. The number of a line, counted from 1, is
/// the revision of its change.
pub(crate) struct Log {
    file: File,
    bytes: u64,
    lines: u64,
    /// Up to when tasks were fired.
    passed: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// Of a project, at an instant.
    Change(ProjectId, String, Vec<Edit>),
    Passed(String),
}

impl Log {
    /// Opens a log, or begins one, and carries out its changes in a store without tasks.
    pub(crate) fn open(path: &Path, store: &TaskStore) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut log = Self {
            file: options.open(path)?,
            bytes: 0,
            lines: 0,
            passed: None,
        };
        let mut text = Vec::new();
        log.file.read_to_end(&mut text)?;
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        // A line without an end was never acknowledged: the server crashed meanwhile.
        for line in lines.filter(|line| line.ends_with(b"\n")) {
            log.lines += 1;
            log.bytes += line.len() as u64;
            match serde_json::from_slice(line)? {
                Line::Change(project, now, edits) => {
                    let revision = Revision::new(log.lines);
                    store.apply_at(&project, revision, &edits, parse_instant(&now)?)?;
                }
                Line::Passed(passed) => log.passed = Some(parse_instant(&passed)?),
            }
        }
        log.cut()?;
        Ok(log)
    }

    /// Appends a change, and returns its revision.
    pub(crate) fn append(
        &mut self,
        project: &ProjectId,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> io::Result<Revision> {
        let change = Line::Change(project.clone(), text(now), edits.to_vec());
        self.write(&change)
    }

    /// Up to when tasks were fired, if ever.
    pub(crate) fn passed(&self) -> Option<DateTime<Utc>> {
        self.passed
    }

    pub(crate) fn set_passed(&mut self, passed: DateTime<Utc>) -> io::Result<()> {
        self.write(&Line::Passed(text(passed)))?;
        self.passed = Some(passed);
        Ok(())
    }

    fn write(&mut self, line: &Line) -> io::Result<Revision> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let written = self.file.write_all(&text);
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            // What is there of the line must not be taken for a change.
            self.cut()?;
            return Err(error);
        }
        self.bytes += text.len() as u64;
        self.lines += 1;
        Ok(Revision::new(self.lines))
    }

    /// Cuts off what stands behind the last line that counts.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.bytes)?;
        self.file.seek(SeekFrom::Start(self.bytes))?;
        Ok(())
    }
}

fn text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Nanos, true)
}
