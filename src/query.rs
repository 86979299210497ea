//! Queries and their results: filters, orders, pages, cursors and counts.

mod cursor;
mod explain;
mod facets;
mod filters;
mod memory;
mod name_match;
mod page;

pub use cursor::Cursor;
pub use explain::{Explanation, NameStrategy};
pub use facets::Facets;
pub use filters::ClosedFilters;
pub(crate) use filters::ListKey;
pub use memory::MemoryUse;
pub use name_match::{NameMatch, NameMatchMode};
pub(crate) use name_match::{NameMatcher, fold_case, fold_character};
pub use page::{Page, PageSummary, Revision, ScheduledTask};

use crate::error::Error;
use crate::limits;
use crate::spelled::vocabulary;
use crate::task::{LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

/// The most tasks a page may hold: the documented limit.
pub const LIMIT_MAX: u32 = limits::PAGE.max;

/// A query of the documented listing.
///
/// All given filters must hold at once, and a task without the attribute
/// never matches a filter on it. Triggered tasks are seen, and counted, only
/// where [`ScheduledType::LifeCycle`] is asked for; then only they are.
///
/// `life_cycle_type` without `scheduled_type=LIFE_CYCLE` is no error: no timed
/// task has one, so the answer is empty (a decision of this crate, as the
/// documented page is silent).
///
/// ```
/// use taskdex::{LastStatus, ListQuery, NameMatch, Order, TaskType};
///
/// let query = ListQuery::new(0, 10)?
///     .with_task_type(TaskType::Reboot)
///     .with_last_status(LastStatus::Fail)
///     .with_task_name(NameMatch::contains("nightly")?)
///     .with_order(Order::NewestFirst);
/// assert_eq!(query.limit(), 10);
///
/// // The documented form says the same, save for the order.
/// let same = ListQuery::from_query_string(
///     "offset=0&limit=10&task_name=nightly&task_type=REBOOT&last_status=FAIL",
/// )?;
/// assert_eq!(same.with_order(Order::NewestFirst), query);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListQuery {
    pub(crate) filters: Filters,
    offset: u64,
    limit: u32,
    order: Order,
    cursor: Option<Cursor>,
}

/// The documented filters; each that is absent holds for every task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Filters {
    pub(crate) task_name: Option<NameMatch>,
    /// The filters on closed sets.
    pub(crate) list: ClosedFilters,
}

vocabulary! {
    /// The order in which tasks are listed.
    ///
    /// The documented page gives none. Here it is the order of adding, which an
    /// update never changes: a client that pages while tasks are being added sees
    /// each task once.
    ///
    /// ```
    /// use taskdex::Order;
    ///
    /// assert_eq!("newest".parse(), Ok(Order::NewestFirst));
    /// assert_eq!(Order::default().to_string(), "oldest");
    /// ```
    #[derive(Default)]
    #[non_exhaustive]
    Order, "order" {
        /// The order in which tasks were added to the project.
        #[default]
        OldestFirst = "oldest",
        /// The reverse.
        NewestFirst = "newest",
        /// By the first execution after the `now` of the listing, ties in the order of adding;
        /// tasks without a computed one come last.
        ///
        /// A page has no cursor, and one that is given is ignored: that is a decision of this
        /// crate, as what comes next changes with every `now`. In a store that is
        /// [watched](crate::TaskStore::watch_due), and where nothing is pending that is not after
        /// `now`, a page takes O(tasks passed over) of some nanoseconds each. Otherwise the next
        /// executions of all tasks that match are found: O(n), under no lock.
        NextExecution = "next_execution",
    }
}

impl ListQuery {
    /// A query with no filter: `limit` tasks (0 to 50), from position `offset` on.
    ///
    /// An offset past the end, and a limit of 0, give an empty page with the
    /// true total.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange) for a limit over [`LIMIT_MAX`].
    pub fn new(offset: u64, limit: u32) -> Result<Self, Error> {
        let query = Self {
            filters: Filters::default(),
            offset: 0,
            limit: 0,
            order: Order::OldestFirst,
            cursor: None,
        };
        query.with_page(offset, limit)
    }

    /// Asks for another page: the same filters and order, other bounds.
    ///
    /// A [cursor](Self::with_cursor) stays, and the offset counts from it;
    /// `with_cursor(None)` takes it away.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange) for a limit over [`LIMIT_MAX`].
    ///
    /// ```
    /// use taskdex::{ErrorKind, ListQuery, TaskType};
    ///
    /// let asked = ListQuery::from_query_string("offset=40&limit=5&task_type=STOP")?;
    /// let whole = asked.with_page(0, 50)?;
    /// assert_eq!(whole, ListQuery::new(0, 50)?.with_task_type(TaskType::Stop));
    /// assert_eq!(whole.with_page(0, 51).unwrap_err().kind(), ErrorKind::OutOfRange);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn with_page(self, offset: u64, limit: u32) -> Result<Self, Error> {
        let limit = limits::PAGE.check("limit", limit)?;
        Ok(Self {
            offset,
            limit,
            ..self
        })
    }

    /// Keeps only tasks whose name matches.
    #[must_use]
    pub fn with_task_name(mut self, name: impl Into<Option<NameMatch>>) -> Self {
        self.filters.task_name = name.into();
        self
    }

    /// Keeps only tasks of one type.
    #[must_use]
    pub fn with_task_type(mut self, task_type: impl Into<Option<TaskType>>) -> Self {
        self.filters.list.task_type = task_type.into();
        self
    }

    /// Keeps only tasks of one scheduled type; the way to see triggered tasks.
    #[must_use]
    pub fn with_scheduled_type(mut self, scheduled_type: impl Into<Option<ScheduledType>>) -> Self {
        self.filters.list.scheduled_type = scheduled_type.into();
        self
    }

    /// Keeps only tasks that one event triggers.
    #[must_use]
    pub fn with_life_cycle_type(
        mut self,
        life_cycle_type: impl Into<Option<LifeCycleType>>,
    ) -> Self {
        self.filters.list.life_cycle_type = life_cycle_type.into();
        self
    }

    /// Keeps only tasks with this last status.
    #[must_use]
    pub fn with_last_status(mut self, last_status: impl Into<Option<LastStatus>>) -> Self {
        self.filters.list.last_status = last_status.into();
        self
    }

    /// Lists in another order; the default is oldest first.
    #[must_use]
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Goes on after the last task of an earlier page, in the order that is asked for; with
    /// `None`, from the first task.
    ///
    /// The offset then counts from there, so it is usually 0; the total stays
    /// that of all tasks that match.
    #[must_use]
    pub fn with_cursor(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.cursor = cursor.into();
        self
    }

    /// The position of the page's first task among all that match.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The most tasks that the page may hold.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// The order in which tasks are listed.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// The filter on the task's name, if there is one.
    #[must_use]
    pub fn task_name(&self) -> Option<&NameMatch> {
        self.filters.task_name.as_ref()
    }

    /// The task type that is asked for, if one is.
    #[must_use]
    pub fn task_type(&self) -> Option<TaskType> {
        self.filters.list.task_type
    }

    /// The scheduled type that is asked for, if one is.
    #[must_use]
    pub fn scheduled_type(&self) -> Option<ScheduledType> {
        self.filters.list.scheduled_type
    }

    /// The triggering event that is asked for, if one is.
    #[must_use]
    pub fn life_cycle_type(&self) -> Option<LifeCycleType> {
        self.filters.list.life_cycle_type
    }

    /// The latest status that is asked for, if one is.
    #[must_use]
    pub fn last_status(&self) -> Option<LastStatus> {
        self.filters.list.last_status
    }

    /// The cursor that the listing goes on after.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    pub(crate) fn after_sequence(&self) -> Option<u64> {
        self.cursor.map(Cursor::sequence)
    }

    /// Whether `task` is one that this query lists and counts.
    ///
    /// ```
    /// use taskdex::{LifeCycleType, ListQuery, ScheduledType, Task, TaskType};
    ///
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Hibernate", TaskType::Hibernate, event).build()?;
    /// let query = ListQuery::new(0, 10)?;
    /// assert!(!query.matches(&task));
    /// assert!(query.with_scheduled_type(ScheduledType::LifeCycle).matches(&task));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, task: &Task) -> bool {
        self.filters.match_task(task)
    }
}

impl Filters {
    /// Whether a task passes every filter, by the rule of [`ListKey`] for those on closed sets.
    fn match_task(&self, task: &Task) -> bool {
        ListKey::of(self.list).is_some_and(|key| key.holds(task.attributes().code()))
            && (self.task_name.as_ref()).is_none_or(|name| name.matches(task.task_name()))
    }
}
