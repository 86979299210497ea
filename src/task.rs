//! The task record: what is kept of one scheduled task.

mod builder;
mod text;
mod timing;
mod vocabulary;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use builder::TaskBuilder;
pub(crate) use text::check_text_length_max;
pub use text::{ProjectId, TaskId, TaskName};
pub(crate) use timing::scheduled_type_of;
pub use timing::{ReportedTime, ReportedTiming, Timing, Trigger};
pub use vocabulary::{LastStatus, LifeCycleType, ScheduledType, TaskType};

use crate::schedule::{Schedule, TimeZone};

/// One scheduled task: a valid record, immutable and cheap to clone.
///
/// The texts of a task lie in one shared allocation, so that a clone costs a
/// reference count and a small copy.
///
/// ```
/// use chrono::NaiveTime;
/// use taskdex::{LastStatus, Schedule, ScheduledType, Task, TaskType, TimeZone};
///
/// let nightly = Schedule::daily(1, NaiveTime::MIN, "Europe/Paris".parse()?)?;
/// let task = Task::builder("t-1", "Nightly restart", TaskType::Reboot, nightly)
///     .description("Keeps desktops fresh.")
///     .last_status(LastStatus::Success)
///     .build()?;
///
/// assert_eq!(task.id(), "t-1");
/// assert_eq!(task.task_name(), "Nightly restart");
/// assert_eq!(task.scheduled_type(), ScheduledType::Day);
/// assert_eq!(task.last_status(), Some(LastStatus::Success));
/// assert!(task.is_enabled());
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_field_names, reason = "the documented name")]
pub struct Task {
    /// The id, the name, the description and the reported time zone, end to
    /// end; an absent text is empty.
    texts: Arc<str>,
    id_end: u16,
    name_end: u16,
    description_end: u16,
    wait_time: Option<u16>,
    priority: Option<u8>,
    task_type: TaskType,
    last_status: Option<LastStatus>,
    enabled: bool,
    timing: KeptTiming,
}

/// A [`Timing`] whose texts lie with the task's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum KeptTiming {
    Scheduled(Schedule),
    Triggered(Trigger),
    Reported(ScheduledType, Option<ReportedTime>),
}

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

    /// The key of the task in its project (`id`).
    #[must_use]
    pub fn id(&self) -> &str {
        self.text(0, self.id_end)
    }

    /// What people call the task (`task_name`).
    #[must_use]
    pub fn task_name(&self) -> &str {
        self.text(self.id_end, self.name_end)
    }

    /// What the task does (`task_type`).
    #[must_use]
    pub fn task_type(&self) -> TaskType {
        self.task_type
    }

    /// When the task runs (`scheduled_type`).
    #[must_use]
    pub fn scheduled_type(&self) -> ScheduledType {
        match &self.timing {
            KeptTiming::Scheduled(schedule) => scheduled_type_of(schedule),
            KeptTiming::Triggered(_) => ScheduledType::LifeCycle,
            KeptTiming::Reported(scheduled_type, _) => *scheduled_type,
        }
    }

    /// The event that triggers the task (`life_cycle_type`).
    ///
    /// Present exactly on triggered tasks.
    #[must_use]
    pub fn life_cycle_type(&self) -> Option<LifeCycleType> {
        match &self.timing {
            KeptTiming::Triggered(trigger) => Some(trigger.life_cycle_type()),
            _ => None,
        }
    }

    /// How the latest execution ended (`last_status`), if there was one.
    #[must_use]
    pub fn last_status(&self) -> Option<LastStatus> {
        self.last_status
    }

    /// Whether the task is executed at all (`enable`).
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What people wrote about the task (`description`).
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        Some(self.text(self.name_end, self.description_end)).filter(|text| !text.is_empty())
    }

    /// The rule priority (`priority`), 0 to 50.
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.priority.map(u32::from)
    }

    /// How long the task waits once triggered (`wait_time`), 0 to 43200.
    ///
    /// The documented page gives no unit.
    #[must_use]
    pub fn wait_time(&self) -> Option<u32> {
        self.wait_time.map(u32::from)
    }

    /// The time zone as it was given (`time_zone`).
    #[must_use]
    pub fn time_zone(&self) -> Option<Cow<'_, str>> {
        match &self.timing {
            KeptTiming::Scheduled(schedule) => Some(schedule.time_zone().name()),
            KeptTiming::Triggered(trigger) => trigger.time_zone().map(TimeZone::name),
            KeptTiming::Reported(..) => self
                .texts
                .get(usize::from(self.description_end)..)
                .filter(|text| !text.is_empty())
                .map(Cow::Borrowed),
        }
    }

    /// The schedule of a timed task.
    ///
    /// None for a triggered task, and for a [reported](ReportedTiming) one.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        match &self.timing {
            KeptTiming::Scheduled(schedule) => Some(schedule),
            _ => None,
        }
    }

    /// The next execution that another service [reported](ReportedTiming).
    #[must_use]
    pub fn reported_time(&self) -> Option<ReportedTime> {
        match &self.timing {
            KeptTiming::Reported(_, time) => *time,
            _ => None,
        }
    }

    /// The same task with another latest status.
    #[must_use]
    pub fn with_last_status(self, last_status: Option<LastStatus>) -> Self {
        Self {
            last_status,
            ..self
        }
    }

    /// The same task, enabled or disabled.
    #[must_use]
    pub fn with_enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// The same task under another name. O(length of the texts).
    #[must_use]
    pub fn with_task_name(self, task_name: &TaskName) -> Self {
        let before = self.text(0, self.id_end);
        let after = self
            .texts
            .get(usize::from(self.name_end)..)
            .unwrap_or_default();
        let texts: Arc<str> = [before, task_name.as_str(), after].concat().into();
        let name_end = self.id_end + bounded_length(task_name.as_str());
        let description_end = name_end + (self.description_end - self.name_end);
        Self {
            texts,
            name_end,
            description_end,
            ..self
        }
    }

    fn text(&self, start: u16, end: u16) -> &str {
        // The ends are those of whole texts, so the range is always there.
        self.texts
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default()
    }
}

/// The length of a checked text: at most 255 characters of at most four bytes.
fn bounded_length(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("task_name", &self.task_name())
            .field("task_type", &self.task_type)
            .field("timing", &self.timing)
            .field("last_status", &self.last_status)
            .field("enabled", &self.enabled)
            .field("description", &self.description())
            .field("priority", &self.priority)
            .field("time_zone", &self.time_zone())
            .field("wait_time", &self.wait_time)
            .finish_non_exhaustive()
    }
}
