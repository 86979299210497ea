//! What went wrong, in a form that a caller can act on and a person can read.

use std::borrow::Cow;
use std::fmt;

use crate::query::Revision;
use crate::task::ProjectId;

/// The longest part of a refused value that a message repeats, in characters.
const SHOWN_MAX: usize = 64;

/// Why a call was refused.
///
/// An error names the parameter (or record field), the value that was given
/// and what would have been accepted. A refused call changes nothing.
///
/// The type is one pointer wide, so that a `Result` of it stays cheap.
///
/// ```
/// use taskdex::{ErrorKind, ListQuery};
///
/// let error = ListQuery::from_query_string("offset=0&limit=51").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::OutOfRange);
/// assert_eq!(error.code(), "TDX.0004");
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.parameter(), "limit");
/// assert_eq!(
///     error.to_string(),
///     "number out of range: limit=`51`; accepted: a whole number from 0 to 50",
/// );
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(Box<Refusal>);

/// The parts of an [`Error`].
#[derive(Clone, PartialEq, Eq)]
struct Refusal {
    kind: ErrorKind,
    parameter: Cow<'static, str>,
    value: Option<String>,
    accepted: Cow<'static, str>,
    detail: Option<String>,
}

/// The kinds of error, each with its own stable [code](ErrorKind::code).
///
/// The codes are this crate's own: the documented API has a list of its own,
/// which belongs to the service behind it.
///
/// ```
/// use taskdex::ErrorKind;
///
/// assert_eq!(ErrorKind::MissingParameter.code(), "TDX.0001");
/// assert_eq!(ErrorKind::Internal.status(), 500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `TDX.0001`: a mandatory parameter or field is absent.
    #[error("missing")]
    MissingParameter,
    /// `TDX.0002`: a query parameter is given more than once.
    #[error("repeated parameter")]
    RepeatedParameter,
    /// `TDX.0003`: a number is not written as decimal digits.
    #[error("not a whole number in decimal digits")]
    InvalidNumber,
    /// `TDX.0004`: a number is outside its range.
    #[error("number out of range")]
    OutOfRange,
    /// `TDX.0005`: a value is not one of the documented ones.
    #[error("unknown value")]
    UnknownValue,
    /// `TDX.0006`: a text is too short or too long.
    #[error("wrong length")]
    InvalidLength,
    /// `TDX.0007`: percent-encoding is malformed, or a text is not UTF-8.
    #[error("malformed encoding")]
    InvalidEncoding,
    /// `TDX.0008`: a date, time or list is not in its documented form.
    #[error("malformed value")]
    InvalidSyntax,
    /// `TDX.0009`: a time zone is not known.
    #[error("unknown time zone")]
    UnknownTimeZone,
    /// `TDX.0010`: some fields of a schedule are given, but not all it needs.
    #[error("incomplete schedule")]
    IncompleteSchedule,
    /// `TDX.0011`: a schedule names only dates that do not exist.
    #[error("impossible schedule")]
    ImpossibleSchedule,
    /// `TDX.0012`: a triggered task has a type that cannot be triggered.
    #[error("not possible for a triggered task")]
    NotTriggerable,
    /// `TDX.0013`: a record is not well-formed JSON of the expected shape.
    #[error("malformed JSON")]
    InvalidJson,
    /// `TDX.0014`: a JSON object repeats a key.
    #[error("repeated key")]
    RepeatedKey,
    /// `TDX.0015`: a field holds a JSON value of another type.
    #[error("wrong JSON type")]
    WrongType,
    /// `TDX.0016`: the project already has a task of this id.
    #[error("task exists already")]
    TaskExists,
    /// `TDX.0017`: the project has no task of this id.
    #[error("no such task")]
    TaskNotFound,
    /// `TDX.0018`: the project has no number left for another task or another change.
    #[error("project is full")]
    ProjectFull,
    /// `TDX.0019`: the project holds another version of the task than was expected, or the copy
    /// stands at another revision.
    #[error("another version than expected")]
    VersionMismatch,
    /// `TDX.0020`: the change log does not reach back to a revision, or the project has not come
    /// to it. A copy that is told so takes another [snapshot](crate::TaskStore::snapshot).
    #[error("revision out of reach")]
    RevisionOutOfReach,
    /// `TDX.0021`: a project that is to be restored is there.
    #[error("project exists already")]
    ProjectExists,
    /// `TDX.0022`: there is no project of this id.
    #[error("no such project")]
    ProjectNotFound,
    /// `TDX.0030`: a date has the right form, but the calendar lacks it, as 2027-02-29.
    #[error("no such date")]
    NoSuchDate,
    /// `TDX.0031`: a record has a field of no known name, and the reader was told to refuse that.
    #[error("unknown field")]
    UnknownField,
    /// `TDX.0032`: the text of an export is cut, too long or otherwise not as it was written.
    #[error("damaged export")]
    DamagedExport,
    /// `TDX.0033`: zone data cannot be used, for a fault that [`Error::detail`] tells.
    #[error("zone data that cannot be used")]
    InvalidZoneData,
    /// `TDX.0034`: zone data comes after other data was put in force, or a zone was used.
    #[error("zone data is in force already")]
    ZoneDataInForce,
    /// `TDX.0040`: a call about what is due came before the store was
    /// [watched](crate::TaskStore::watch_due).
    #[error("not watching")]
    NotWatching,
    /// `TDX.0500`: a fault of the server itself.
    #[error("internal error")]
    Internal,
}

impl ErrorKind {
    /// The stable code of this kind, at most 12 characters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingParameter => "TDX.0001",
            Self::RepeatedParameter => "TDX.0002",
            Self::InvalidNumber => "TDX.0003",
            Self::OutOfRange => "TDX.0004",
            Self::UnknownValue => "TDX.0005",
            Self::InvalidLength => "TDX.0006",
            Self::InvalidEncoding => "TDX.0007",
            Self::InvalidSyntax => "TDX.0008",
            Self::UnknownTimeZone => "TDX.0009",
            Self::IncompleteSchedule => "TDX.0010",
            Self::ImpossibleSchedule => "TDX.0011",
            Self::NotTriggerable => "TDX.0012",
            Self::InvalidJson => "TDX.0013",
            Self::RepeatedKey => "TDX.0014",
            Self::WrongType => "TDX.0015",
            Self::TaskExists => "TDX.0016",
            Self::TaskNotFound => "TDX.0017",
            Self::ProjectFull => "TDX.0018",
            Self::VersionMismatch => "TDX.0019",
            Self::RevisionOutOfReach => "TDX.0020",
            Self::ProjectExists => "TDX.0021",
            Self::ProjectNotFound => "TDX.0022",
            Self::NoSuchDate => "TDX.0030",
            Self::UnknownField => "TDX.0031",
            Self::DamagedExport => "TDX.0032",
            Self::InvalidZoneData => "TDX.0033",
            Self::ZoneDataInForce => "TDX.0034",
            Self::NotWatching => "TDX.0040",
            Self::Internal => "TDX.0500",
        }
    }

    /// The HTTP status: 404 for what is not there, 409 for what is there already, 410 for a
    /// revision out of reach, 412 for another version than expected, 507 for a full project, 500
    /// for the server's own faults, and 400 for bad input.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::TaskNotFound | Self::ProjectNotFound => 404,
            Self::TaskExists | Self::ProjectExists => 409,
            Self::RevisionOutOfReach => 410,
            Self::VersionMismatch => 412,
            Self::Internal => 500,
            Self::ProjectFull => 507,
            _ => 400,
        }
    }
}

impl Error {
    /// A refusal of `value`, as given for `parameter`.
    pub(crate) fn refused(
        kind: ErrorKind,
        parameter: impl Into<Cow<'static, str>>,
        value: &str,
        accepted: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::with(kind, parameter.into(), Some(shown(value)), accepted.into())
    }

    /// The refusal of a call in which `parameter` is absent.
    pub(crate) fn missing(
        parameter: impl Into<Cow<'static, str>>,
        accepted: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::with(
            ErrorKind::MissingParameter,
            parameter.into(),
            None,
            accepted.into(),
        )
    }

    /// The refusal of a schedule of which `missing` is absent.
    pub(crate) fn incomplete(missing: &'static str, accepted: String) -> Self {
        Self::with(
            ErrorKind::IncompleteSchedule,
            missing.into(),
            None,
            accepted.into(),
        )
    }

    /// The refusal of a second task of the same id.
    pub(crate) fn task_exists(id: &str) -> Self {
        let accepted = "an id that no task of the project has";
        Self::refused(ErrorKind::TaskExists, "id", id, accepted)
    }

    /// The refusal of a change to a task that is not there.
    pub(crate) fn task_not_found(id: &str) -> Self {
        let accepted = "the id of a task of the project";
        Self::refused(ErrorKind::TaskNotFound, "id", id, accepted)
    }

    /// The refusal of an edit that expects another task, or none.
    pub(crate) fn version_mismatch(id: &str, expected: &str, found: Option<Revision>) -> Self {
        let accepted = match found {
            Some(version) => format!("version {version}, which task {} has", shown(id)),
            None => format!("\"absent\", as there is no task {}", shown(id)),
        };
        Self::refused(ErrorKind::VersionMismatch, "expect", expected, accepted)
    }

    /// The refusal of changes for a copy that stands at another revision.
    pub(crate) fn copy_mismatch(from: Revision, found: Revision) -> Self {
        let accepted = format!("changes from revision {found}, at which the copy is");
        let from = from.to_string();
        Self::refused(ErrorKind::VersionMismatch, "from", &from, accepted)
    }

    /// The refusal of a revision that the change log does not lead from.
    pub(crate) fn out_of_reach(since: Revision, oldest: Revision, present: Revision) -> Self {
        let accepted = format!("a revision from {oldest} to {present}");
        let since = since.to_string();
        Self::refused(ErrorKind::RevisionOutOfReach, "since", &since, accepted)
    }

    /// The refusal to restore a project that is there.
    pub(crate) fn project_exists(project: &ProjectId) -> Self {
        let accepted = "a project that is not there";
        let project = project.as_str();
        Self::refused(ErrorKind::ProjectExists, "project_id", project, accepted)
    }

    /// The refusal to read a project that is not there.
    pub(crate) fn project_not_found(project: &ProjectId) -> Self {
        let accepted = "a project that has tasks";
        let project = project.as_str();
        Self::refused(ErrorKind::ProjectNotFound, "project_id", project, accepted)
    }

    /// The refusal of a call about what is due in a store that is not watched.
    pub(crate) fn not_watching(call: &'static str) -> Self {
        let accepted = "the call after `watch_due`";
        Self::refused(ErrorKind::NotWatching, "do", call, accepted)
    }

    /// The same refusal with more to say.
    pub(crate) fn detailed(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = Some(detail.to_string());
        self
    }

    /// The refusal of a change for which no row number, place or revision is left.
    pub(crate) fn project_full(id: &str) -> Self {
        let accepted = "fewer tasks, or fewer changes, in the project";
        Self::refused(ErrorKind::ProjectFull, "id", id, accepted)
    }

    fn with(
        kind: ErrorKind,
        parameter: Cow<'static, str>,
        value: Option<String>,
        accepted: Cow<'static, str>,
    ) -> Self {
        Self(Box::new(Refusal {
            kind,
            parameter,
            value,
            accepted,
            detail: None,
        }))
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code of the [kind](ErrorKind::code).
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// The HTTP status of the [kind](ErrorKind::status).
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind().status()
    }

    /// The query parameter or record field that was refused.
    #[must_use]
    pub fn parameter(&self) -> &str {
        &self.0.parameter
    }

    /// The refused value, if there was one.
    ///
    /// Its first 64 characters, with control characters escaped: a message
    /// stays short and on one line, whatever a client sent.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// What would have been accepted, in words.
    #[must_use]
    pub fn accepted(&self) -> &str {
        &self.0.accepted
    }

    /// What else there is to say, such as where in a text the fault lies.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("parameter", &self.parameter())
            .field("value", &self.value())
            .field("accepted", &self.accepted())
            .field("detail", &self.detail())
            .finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.parameter)?;
        if let Some(value) = &self.value {
            write!(f, "=`{value}`")?;
        }
        write!(f, "; accepted: {}", self.accepted)
    }
}

/// `value` as a message repeats it: bounded, and on one line.
pub(crate) fn shown(value: &str) -> String {
    let mut text = String::new();
    for (position, character) in value.chars().enumerate() {
        if position == SHOWN_MAX {
            text.push('…');
            break;
        }
        if character.is_control() {
            text.extend(character.escape_debug());
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_multi_line_value_is_shown_short_and_on_one_line() {
        let error = Error::refused(
            ErrorKind::InvalidSyntax,
            "scheduled_date",
            &format!("a\nb{}", "研".repeat(200)),
            "yyyy-MM-dd",
        );
        let value = error.value().unwrap();
        assert!(value.starts_with("a\\nb研"));
        assert!(value.ends_with("研…"));
        assert!(value.chars().count() <= SHOWN_MAX + 2);
    }

    #[test]
    fn a_result_of_an_error_stays_one_pointer_wide() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
