//! How a query is answered, which tells what it costs.

use std::fmt;

use super::ClosedFilters;

/// How a query is answered. Displayed as a sentence.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::query::Explanation;
/// use taskdex::{LifeCycleType, ListQuery, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let event = LifeCycleType::PostDesktopDisconnected;
/// let task = Task::builder("t-1", "Tidy up", TaskType::Stop, event).build()?;
/// store.add(&project, task, DateTime::UNIX_EPOCH)?;
///
/// let query = ListQuery::from_query_string("offset=0&limit=10&task_type=STOP")?;
/// let explanation = store.explain(&project, &query);
/// assert_eq!(explanation, Explanation::Scan { tasks: 1 });
/// assert_eq!(
///     explanation.to_string(),
///     "scan of 1 task: the project is too small to need answer lists",
/// );
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explanation {
    /// No task can match: the project has none, or a life cycle type is asked
    /// for of timed tasks.
    Nothing,
    /// The project is small: every task is looked at.
    Scan {
        /// How many tasks the project has.
        tasks: u64,
    },
    /// The answer is kept ready: the total is read, and the page is reached at
    /// once, whatever the offset.
    Lookup {
        /// Which tasks the answer holds.
        list: ClosedFilters,
        /// How many they are.
        length: u64,
    },
    /// The names of the tasks of an answer are searched.
    NameSearch {
        /// Which tasks are searched.
        list: ClosedFilters,
        /// How many they are.
        length: u64,
        /// How they are searched.
        strategy: NameStrategy,
    },
}

/// How names are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameStrategy {
    /// Each name is compared.
    EachName,
    /// Every name matches, or none can: nothing is searched.
    Known,
    /// Posting lists of trigrams, or of single bytes and pairs for a shorter needle, are
    /// intersected.
    Trigrams {
        /// How many posting lists are read.
        postings: u64,
        /// How many names are compared, because the lists do not decide.
        compared: u64,
    },
    /// The answer to the same search is cached, and refreshed after changes.
    Cached,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing to look for: no task can match"),
            Self::Scan { tasks } => write!(
                f,
                "scan of {all}{tasks}: the project is too small to need answer lists",
                all = if *tasks == 1 { "" } else { "all " },
                tasks = Counted(*tasks, "task"),
            ),
            Self::Lookup { list, length } => write!(
                f,
                "look-up in the answer list of {list}: its length, {tasks}, is the total, and the \
                 page starts at its offset",
                tasks = Counted(*length, "task"),
            ),
            Self::NameSearch {
                list,
                length,
                strategy,
            } => write!(
                f,
                "name search among {tasks} in the answer list of {list}: {strategy}",
                tasks = Counted(*length, "task"),
            ),
        }
    }
}

impl fmt::Display for NameStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EachName => f.write_str("each name is compared"),
            Self::Known => f.write_str("every name matches, or none can"),
            Self::Trigrams { postings, compared } => write!(
                f,
                "intersects {lists}, and compares {names}",
                lists = Counted(*postings, "posting list"),
                names = Counted(*compared, "name"),
            ),
            Self::Cached => f.write_str("the answer is cached from an earlier query"),
        }
    }
}

/// So many of what the noun names.
struct Counted(u64, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, noun) = self;
        let plural = if *count == 1 { "" } else { "s" };
        write!(f, "{count} {noun}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_told_apart() {
        let list = ClosedFilters::default();
        let sentences = |count| {
            let strategy = NameStrategy::Trigrams {
                postings: count,
                compared: count,
            };
            let search = Explanation::NameSearch {
                list,
                length: count,
                strategy,
            };
            let lookup = Explanation::Lookup {
                list,
                length: count,
            };
            let scan = Explanation::Scan { tasks: count };
            [scan, lookup, search].map(|it| it.to_string())
        };
        assert_eq!(
            sentences(1),
            [
                "scan of 1 task: the project is too small to need answer lists",
                "look-up in the answer list of all tasks by the clock: its length, 1 task, is the \
                 total, and the page starts at its offset",
                "name search among 1 task in the answer list of all tasks by the clock: intersects \
                 1 posting list, and compares 1 name",
            ]
        );
        assert_eq!(
            sentences(20),
            [
                "scan of all 20 tasks: the project is too small to need answer lists",
                "look-up in the answer list of all tasks by the clock: its length, 20 tasks, is \
                 the total, and the page starts at its offset",
                "name search among 20 tasks in the answer list of all tasks by the clock: intersects \
                 20 posting lists, and compares 20 names",
            ]
        );
    }
}
