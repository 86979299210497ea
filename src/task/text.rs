//! The bounded texts of a task: identifiers, names, descriptions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind};
use crate::spelled::deserialize_parsed;

/// The longest identifier, name or description, in Unicode scalar values.
pub(crate) const TEXT_LENGTH_MAX: usize = 255;

/// Refuses an empty text and one of more than 255 characters.
pub(crate) fn check_text(parameter: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::refused(
            ErrorKind::InvalidLength,
            parameter,
            text,
            "1 to 255 characters",
        ));
    }
    check_text_length_max(parameter, text)
}

/// Refuses a text of more than 255 characters.
pub(crate) fn check_text_length_max(parameter: &'static str, text: &str) -> Result<(), Error> {
    // A character takes at least one byte, so most texts need no counting.
    if text.len() > TEXT_LENGTH_MAX && text.chars().nth(TEXT_LENGTH_MAX).is_some() {
        return Err(Error::refused(
            ErrorKind::InvalidLength,
            parameter,
            text,
            "at most 255 characters",
        ));
    }
    Ok(())
}

/// Whether a text cannot stand in JSON as it is.
pub(crate) fn needs_escape(text: &str) -> bool {
    let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // A fold without an early exit, so that it is compiled to vector instructions.
    text.bytes()
        .fold(false, |found, byte| found | needs_escape(byte))
}

/// Defines an immutable text of 1 to 255 characters.
macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $parameter:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and keeps a text of 1 to 255 characters (Unicode scalar values).
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidLength`] for an empty or a longer text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, Error> {
                let text = text.as_ref();
                check_text($parameter, text)?;
                Ok(Self(text.into()))
            }

            /// Keeps a text that was checked before.
            #[allow(dead_code, reason = "not every text is made of a checked one")]
            pub(crate) fn from_checked(text: &str) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_parsed(deserializer)
            }
        }
    };
}

text! {
    /// Names a project: 1 to 255 characters (`project_id`).
    ///
    /// Cheap to clone: clones share one text.
    ///
    /// ```
    /// use taskdex::{ErrorKind, ProjectId};
    ///
    /// let project = ProjectId::new("0a1b2c")?;
    /// assert_eq!(project.as_str(), "0a1b2c");
    ///
    /// let error = ProjectId::new("").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidLength);
    /// assert_eq!(error.parameter(), "project_id");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    ProjectId, "project_id"
}

text! {
    /// Names a task in its project: 1 to 255 characters (`id`).
    ///
    /// A [store](crate::TaskStore) takes any text for an id: one that is no `TaskId` is that of
    /// no task.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskId, TaskStore, TaskType};
    ///
    /// let id: TaskId = "2b31e-d520".parse()?;
    /// assert_eq!(id.to_string(), "2b31e-d520");
    /// assert!(TaskId::new("x".repeat(256)).is_err());
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// store.add(&project, Task::builder(id.as_str(), "Stop", TaskType::Stop, event).build()?, now)?;
    /// assert!(store.get(&project, &id, now).is_some());
    /// store.remove(&project, "2b31e-d520")?;
    /// assert!(store.get(&project, &id, now).is_none());
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    TaskId, "id"
}

text! {
    /// What people call a task: 1 to 255 characters (`task_name`).
    ///
    /// A character is a Unicode scalar value, so the limit is the same in
    /// every script.
    ///
    /// ```
    /// use taskdex::TaskName;
    ///
    /// assert!(TaskName::new("研".repeat(255)).is_ok());
    /// assert!(TaskName::new("研".repeat(256)).is_err());
    /// ```
    TaskName, "task_name"
}
