//! A scheduled task and its parts: ids, names, types, timing, and the record that JSON holds.

mod attributes;
mod bounded_text;
mod builder;
mod record;
mod timing;
mod view;
mod vocabulary;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use arrayvec::ArrayString;
use chrono::{DateTime, Datelike, Utc};

use attributes::KeptTiming;
pub(crate) use attributes::{Attributes, Code, small};
pub(crate) use bounded_text::is_plain;
pub use bounded_text::{ProjectId, TaskId, TaskName};
pub use builder::TaskBuilder;
pub(crate) use builder::TaskFields;
pub use record::Record;
pub(crate) use record::written_instant;
pub(crate) use timing::scheduled_type_of;
pub use timing::{ReportedTime, ReportedTiming, Timing, Trigger};
use view::TaskView;
pub use vocabulary::{LastStatus, LifeCycleType, ScheduledType, TaskType};

use crate::error::{Error, ErrorKind};
use crate::schedule::Schedule;
use crate::sync::Arc;

/// One scheduled task: a valid record, immutable and cheap to clone.
///
/// Texts of up to 88 bytes together lie in the task itself, and longer ones in a shared
/// allocation: a clone is a small copy, and costs a reference count at most.
///
/// ```
/// use chrono::NaiveTime;
/// use taskdex::{LastStatus, Schedule, ScheduledType, Task, TaskType, TimeZone};
///
/// let nightly = Schedule::daily(1, NaiveTime::MIN, "Europe/Paris".parse()?)?;
/// let task = Task::builder("t-1", "Nightly restart", TaskType::Reboot, nightly)
///     .with_description("Keeps desktops fresh.")
///     .with_last_status(LastStatus::Success)
///     .build()?;
///
/// assert_eq!(task.id(), "t-1");
/// assert_eq!(task.task_name(), "Nightly restart");
/// assert_eq!(task.scheduled_type(), ScheduledType::Day);
/// assert_eq!(task.last_status(), Some(LastStatus::Success));
/// assert!(task.is_enabled());
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone)]
pub struct Task {
    texts: Texts,
    attributes: Attributes,
}

/// A task's texts, end to end.
#[derive(Clone)]
enum Texts {
    /// These are copied with their task: a page is one allocation, and nothing in it is counted.
    Short(ArrayString<SHORT_MAX>),
    Long(Arc<str>),
}

/// An id of 32 bytes, a name and a description of some 28.
const SHORT_MAX: usize = 88;

const _: () = assert!(size_of::<Task>() == 128);

impl Task {
    /// Starts a record from the fields that every task has.
    ///
    /// The texts are checked by [`TaskBuilder::build`].
    pub fn builder(
        id: impl Into<String>,
        task_name: impl Into<String>,
        task_type: TaskType,
        timing: impl Into<Timing>,
    ) -> TaskBuilder {
        TaskBuilder::new(id.into(), task_name.into(), task_type, timing.into())
    }

    /// A task of these texts, which will lie end to end.
    pub(crate) fn from_parts(parts: &[&str], attributes: Attributes) -> Self {
        let mut short = ArrayString::new();
        let is_short = parts.iter().all(|part| short.try_push_str(part).is_ok());
        let texts = if is_short {
            Texts::Short(short)
        } else {
            Texts::Long(parts.concat().into())
        };
        let mut task = Self { texts, attributes };
        task.attributes = attributes.with_texts(task.view().texts());
        task
    }

    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    pub(crate) fn set_attributes(&mut self, attributes: Attributes) {
        self.attributes = attributes;
    }

    /// A task that is still to be [given its texts](Self::clone_texts_from).
    #[inline]
    pub(crate) fn without_texts(attributes: Attributes) -> Self {
        Self {
            texts: Texts::Short(ArrayString::new()),
            attributes,
        }
    }

    /// Gives a task the texts of another.
    #[inline]
    pub(crate) fn clone_texts_from(&mut self, other: &Self) {
        if let (Texts::Short(texts), Texts::Short(others)) = (&mut self.texts, &other.texts) {
            *texts = *others;
        } else {
            self.texts = other.texts.clone();
        }
    }

    /// Bytes of heap memory, which clones share.
    #[inline]
    pub(crate) fn heap_bytes(&self) -> usize {
        /// The two counts before what an `Arc` points to.
        const COUNTS: usize = 2 * size_of::<usize>();
        match &self.texts {
            Texts::Short(_) => 0,
            Texts::Long(texts) => COUNTS + texts.len(),
        }
    }

    #[inline]
    pub(crate) fn view(&self) -> TaskView<'_> {
        let texts = match &self.texts {
            Texts::Short(texts) => texts,
            Texts::Long(texts) => &**texts,
        };
        TaskView::new(&self.attributes, texts)
    }

    /// The key of the task in its project (`id`).
    #[must_use]
    #[inline]
    pub fn id(&self) -> &str {
        self.view().id()
    }

    /// What people call the task (`task_name`).
    #[must_use]
    #[inline]
    pub fn task_name(&self) -> &str {
        self.view().task_name()
    }

    /// What the task does (`task_type`).
    #[must_use]
    pub fn task_type(&self) -> TaskType {
        self.attributes.task_type()
    }

    /// When the task runs (`scheduled_type`).
    #[must_use]
    pub fn scheduled_type(&self) -> ScheduledType {
        self.attributes.scheduled_type()
    }

    /// The event that triggers the task (`life_cycle_type`).
    ///
    /// Present exactly on triggered tasks.
    #[must_use]
    pub fn life_cycle_type(&self) -> Option<LifeCycleType> {
        self.attributes.life_cycle_type()
    }

    /// How the latest execution ended (`last_status`), if there was one.
    #[must_use]
    pub fn last_status(&self) -> Option<LastStatus> {
        self.attributes.last_status()
    }

    /// Whether the task is executed at all (`enable`).
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.attributes.is_enabled()
    }

    /// What people wrote about the task (`description`).
    #[must_use]
    #[inline]
    pub fn description(&self) -> Option<&str> {
        self.view().description()
    }

    /// The rule priority (`priority`), 0 to 50.
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.attributes.priority()
    }

    /// How long the task waits once triggered (`wait_time`), 0 to 43200.
    ///
    /// The documented page gives no unit.
    #[must_use]
    pub fn wait_time(&self) -> Option<u32> {
        self.attributes.wait_time()
    }

    /// The time zone as it was given (`time_zone`).
    #[must_use]
    #[inline]
    pub fn time_zone(&self) -> Option<&str> {
        self.view().time_zone()
    }

    /// The schedule of a timed task.
    ///
    /// None for a triggered task, and for a [reported](ReportedTiming) one.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        self.attributes.schedule()
    }

    /// When the task runs, as it was given to its [builder](Self::builder).
    ///
    /// O(1), save for the length of a [reported](ReportedTiming) zone.
    #[must_use]
    pub fn timing(&self) -> Timing {
        match *self.attributes.timing() {
            KeptTiming::Scheduled(schedule) => Timing::Scheduled(schedule),
            KeptTiming::Triggered(trigger) => Timing::Triggered(trigger),
            KeptTiming::Reported { time, .. } => Timing::Reported(ReportedTiming {
                scheduled_type: self.scheduled_type(),
                next_execution_time: time,
                time_zone: self.view().reported_time_zone().map(Arc::from),
            }),
        }
    }

    /// A builder with all fields of this task, to make one that differs in some of them.
    ///
    /// Built as it is, it gives an equal task. O(length of the texts).
    ///
    /// ```
    /// use chrono::NaiveTime;
    /// use taskdex::{LifeCycleType, Schedule, Task, TaskType, TimeZone};
    ///
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Stop", TaskType::Stop, event).with_priority(7).build()?;
    /// assert_eq!(task.to_builder().build()?, task);
    ///
    /// let nightly = Schedule::daily(1, NaiveTime::MIN, TimeZone::UTC)?;
    /// let edited = task.to_builder().with_task_name("Nightly stop").with_timing(nightly).build()?;
    /// assert_eq!(edited.id(), "t-1");
    /// assert_eq!(edited.task_name(), "Nightly stop");
    /// assert_eq!(edited.schedule(), Some(&nightly));
    /// assert_eq!(edited.priority(), Some(7));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn to_builder(&self) -> TaskBuilder {
        let (id, task_name) = (self.id(), self.task_name());
        Self::builder(id, task_name, self.task_type(), self.timing())
            .with_last_status(self.last_status())
            .with_enabled(self.is_enabled())
            .with_description(self.description().unwrap_or_default())
            .with_priority(self.priority())
            .with_wait_time(self.wait_time())
    }

    /// The next execution that another service [reported](ReportedTiming).
    #[must_use]
    pub fn reported_time(&self) -> Option<ReportedTime> {
        self.attributes.reported_time()
    }

    /// The same task with another latest status.
    #[must_use]
    pub fn with_last_status(self, last_status: Option<LastStatus>) -> Self {
        let attributes = self.attributes.with_last_status(last_status);
        Self { attributes, ..self }
    }

    /// The same task, enabled or disabled.
    #[must_use]
    pub fn with_enabled(self, enabled: bool) -> Self {
        let attributes = self.attributes.with_enabled(enabled);
        Self { attributes, ..self }
    }

    /// The same task under another name. O(length of the texts).
    #[must_use]
    pub fn with_task_name(self, task_name: &TaskName) -> Self {
        let task_name = task_name.as_str();
        let texts = self.view().texts_renamed(task_name);
        Self::from_parts(&texts, self.attributes.with_name_length(task_name.len()))
    }
}

impl Task {
    /// The key of the task, for keeping.
    pub(crate) fn task_id(&self) -> TaskId {
        TaskId::from_checked(self.id())
    }

    /// The task as a store keeps it: a `DAY` schedule without a start date has that of the
    /// instant at which the task was first added.
    ///
    /// Refused where that date is beyond the year 9999.
    pub(crate) fn first_added(&self, added: DateTime<Utc>) -> Result<Cow<'_, Self>, Error> {
        let Some(schedule) = self.schedule().filter(|it| it.lacks_start_date()) else {
            return Ok(Cow::Borrowed(self));
        };
        let schedule = schedule.counting_from(added);
        let start_date = schedule.start_date().unwrap_or_default();
        if start_date.year() > 9999 {
            let shown = start_date.to_string();
            let accepted = "the date of `added_at`, up to 9999-12-31";
            let kind = ErrorKind::OutOfRange;
            return Err(Error::refused(kind, "start_date", &shown, accepted));
        }
        let mut task = self.clone();
        task.attributes = task.attributes.with_schedule(schedule);
        Ok(Cow::Owned(task))
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.attributes == other.attributes && self.view().texts() == other.view().texts()
    }
}

impl Eq for Task {}

impl Hash for Task {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.attributes.hash(state);
        self.view().texts().hash(state);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("task_name", &self.task_name())
            .field("task_type", &self.task_type())
            .field("timing", self.attributes.timing())
            .field("last_status", &self.last_status())
            .field("enabled", &self.is_enabled())
            .field("description", &self.description())
            .field("priority", &self.priority())
            .field("time_zone", &self.time_zone())
            .field("wait_time", &self.wait_time())
            .finish_non_exhaustive()
    }
}
