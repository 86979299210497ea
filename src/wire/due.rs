//! What is due as JSON, in the form of the `shell` example.

use chrono::SecondsFormat;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::store::{DueBatch, DueExecution};

impl Serialize for DueExecution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = 3 + usize::from(self.first_missed.is_some());
        let mut due = serializer.serialize_struct("DueExecution", count)?;
        due.serialize_field("project_id", &self.project)?;
        due.serialize_field("id", &self.id)?;
        due.serialize_field("execution", &self.execution.to_rfc3339())?;
        match self.first_missed {
            Some(first) => due.serialize_field("first_missed", &first.to_rfc3339())?,
            None => due.skip_field("first_missed")?,
        }
        due.end()
    }
}

impl Serialize for DueBatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let passed = self.passed.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut batch = serializer.serialize_struct("DueBatch", 3)?;
        batch.serialize_field("due", &self.due)?;
        batch.serialize_field("has_more", &self.has_more)?;
        batch.serialize_field("passed", &passed)?;
        batch.end()
    }
}
