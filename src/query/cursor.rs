//! Where a page ended, for a listing that goes on exactly there.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The place just after the last task of a page.
///
/// A listing that goes on [after](crate::ListQuery::after) a cursor neither
/// repeats nor misses a task, whatever was added, changed or removed in
/// between, the page's own tasks included: the cursor names a place in the
/// order of adding, which nothing moves. It serves both orders, and every
/// filter.
///
/// The text form is short and safe in a URL, and says nothing to a client. It
/// holds for its project in the store that gave it; elsewhere it is some place
/// or another, never an error, and shows nothing that a query without it would
/// not.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{Cursor, LifeCycleType, ListQuery, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let now = DateTime::UNIX_EPOCH;
/// for id in ["t-1", "t-2", "t-3"] {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     store.add(&project, Task::builder(id, "Stop", TaskType::Stop, event).build()?, now)?;
/// }
///
/// let query = ListQuery::from_query_string("offset=0&limit=2&scheduled_type=LIFE_CYCLE")?;
/// let page = store.list(&project, &query, now);
/// let cursor = page.next_cursor().unwrap().to_string();
/// store.remove(&project, "t-1")?;
///
/// let cursor: Cursor = cursor.parse()?;
/// let page = store.list(&project, &query.after(cursor), now);
/// assert_eq!(page.tasks()[0].task().id(), "t-3");
/// assert_eq!(page.total_count(), 2);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    sequence: u64,
}

/// Tells a cursor from other numbers, and this text form from later ones.
const PREFIX: &str = "c";
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGIT_BITS: u32 = 5;

impl Cursor {
    pub(crate) fn after_sequence(sequence: u64) -> Self {
        Self { sequence }
    }

    pub(crate) fn sequence(self) -> u64 {
        self.sequence
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from(PREFIX);
        let digits = (u64::BITS - self.sequence.leading_zeros()).div_ceil(DIGIT_BITS);
        for place in (0..digits.max(1)).rev() {
            let digit = self.sequence >> (place * DIGIT_BITS) & (DIGITS.len() as u64 - 1);
            let digit = usize::try_from(digit).unwrap_or(0);
            text.extend(DIGITS.get(digit).copied().map(char::from));
        }
        f.pad(&text)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] for a text that no cursor is displayed as.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| {
            Error::refused(
                ErrorKind::InvalidSyntax,
                "cursor",
                text,
                "the cursor of a page, as it was given",
            )
        })
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let digits = text.strip_prefix(PREFIX)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let mut sequence: u64 = 0;
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|&known| known == digit)?;
        if sequence.leading_zeros() < DIGIT_BITS {
            return None;
        }
        sequence = sequence << DIGIT_BITS | value as u64;
    }
    Some(Cursor { sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        for sequence in [0, 1, 31, 32, 1_000_000, u64::MAX >> 1, u64::MAX] {
            let cursor = Cursor::after_sequence(sequence);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in [
            "",
            "c",
            "1",
            "c01",
            "cI",
            "c-1",
            "C1",
            "c1 ",
            "cg0000000000000",
            "cé",
        ] {
            let error = text.parse::<Cursor>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSyntax, "{text}");
        }
    }
}
