//! The bounded texts of a task: identifiers, names, descriptions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::limits::check_text;
use crate::spelled::deserialize_parsed;
use crate::sync::Arc;

/// Whether a text is plain: without control characters, quotation marks and backslashes.
///
/// A plain text stands as it is in most notations.
pub(crate) fn is_plain(text: &str) -> bool {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // A fold without an early exit, so that it is compiled to vector instructions.
    !text
        .bytes()
        .fold(false, |found, byte| found | is_special(byte))
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
            /// [`ErrorKind::InvalidLength`](crate::ErrorKind::InvalidLength) for an empty or a longer text.
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
    /// no task. An [`Edit`](crate::Edit) keeps one.
    ///
    /// ```
    /// use taskdex::{Edit, TaskId};
    ///
    /// let id: TaskId = "2b31e-d520".parse()?;
    /// assert_eq!(id.to_string(), "2b31e-d520");
    /// assert!(TaskId::new("x".repeat(256)).is_err());
    /// assert_eq!(Edit::remove(id).id(), "2b31e-d520");
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
