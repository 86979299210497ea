//! The way to a valid [`Task`].

use super::attributes::{Attributes, KeptTiming, Unpacked};
use super::{LastStatus, Task, TaskType, Timing};
use crate::error::{Error, ErrorKind};
use crate::limits::{Limits, PRIORITY, WAIT_TIME, check_optional_text, check_text};

/// Collects the fields of a [`Task`], and checks them all in [`build`](Self::build).
///
/// [`Task::builder`] begins with those that every task has, [`Task::to_builder`] with those of a
/// task that is there.
///
/// ```
/// use taskdex::{ErrorKind, LifeCycleType, Task, TaskType};
///
/// let event = LifeCycleType::PostCreateDesktopSuccess;
/// let task = Task::builder("t-7", "Install agents", TaskType::ExecuteScript, event)
///     .with_priority(10)
///     .with_wait_time(300)
///     .build()?;
/// assert_eq!(task.life_cycle_type(), Some(event));
///
/// let error = Task::builder("t-8", "Rebuild", TaskType::Rebuild, event)
///     .build()
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotTriggerable);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TaskBuilder {
    id: String,
    task_name: String,
    task_type: TaskType,
    timing: Timing,
    last_status: Option<LastStatus>,
    enabled: bool,
    description: String,
    priority: Option<u32>,
    wait_time: Option<u32>,
}

impl TaskBuilder {
    pub(super) fn new(id: String, task_name: String, task_type: TaskType, timing: Timing) -> Self {
        Self {
            id,
            task_name,
            task_type,
            timing,
            last_status: None,
            enabled: true,
            description: String::new(),
            priority: None,
            wait_time: None,
        }
    }

    /// The key of the task in its project: 1 to 255 characters.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// What people call the task: 1 to 255 characters.
    pub fn with_task_name(mut self, task_name: impl Into<String>) -> Self {
        self.task_name = task_name.into();
        self
    }

    /// What the task does. A triggered task cannot be `START` or `REBUILD`.
    pub fn with_task_type(mut self, task_type: TaskType) -> Self {
        self.task_type = task_type;
        self
    }

    /// When the task runs.
    pub fn with_timing(mut self, timing: impl Into<Timing>) -> Self {
        self.timing = timing.into();
        self
    }

    /// How the latest execution ended; a task without one was never executed.
    pub fn with_last_status(mut self, last_status: impl Into<Option<LastStatus>>) -> Self {
        self.last_status = last_status.into();
        self
    }

    /// Whether the task is executed at all. A task is enabled unless this says otherwise.
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// What people wrote about the task, up to 255 characters; empty is none.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The rule priority, 0 to 50. Meant for triggered tasks, kept on any.
    pub fn with_priority(mut self, priority: impl Into<Option<u32>>) -> Self {
        self.priority = priority.into();
        self
    }

    /// The wait once triggered, 0 to 43200. Meant for triggered tasks, kept on any.
    pub fn with_wait_time(mut self, wait_time: impl Into<Option<u32>>) -> Self {
        self.wait_time = wait_time.into();
        self
    }

    /// Checks every field and makes the task. O(length of the texts).
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidLength`]: `id` or `task_name` not of 1 to 255
    ///   characters, a `description` of more than 255, or a
    ///   [reported](crate::ReportedTiming) `time_zone` of 4 GiB or more.
    /// - [`ErrorKind::OutOfRange`]: `priority` over 50, or `wait_time` over 43200.
    /// - [`ErrorKind::NotTriggerable`]: a triggered `START` or `REBUILD`.
    pub fn build(self) -> Result<Task, Error> {
        TaskFields {
            id: &self.id,
            task_name: &self.task_name,
            task_type: self.task_type,
            timing: self.timing,
            last_status: self.last_status,
            enabled: self.enabled,
            description: &self.description,
            priority: self.priority,
            wait_time: self.wait_time,
        }
        .checked()
    }
}

/// The fields of a task, whose texts lie elsewhere.
pub(crate) struct TaskFields<'a> {
    pub(crate) id: &'a str,
    pub(crate) task_name: &'a str,
    pub(crate) task_type: TaskType,
    pub(crate) timing: Timing,
    pub(crate) last_status: Option<LastStatus>,
    pub(crate) enabled: bool,
    pub(crate) description: &'a str,
    pub(crate) priority: Option<u32>,
    pub(crate) wait_time: Option<u32>,
}

impl TaskFields<'_> {
    /// The task, if all is within the documented limits.
    pub(crate) fn checked(self) -> Result<Task, Error> {
        check_text("id", self.id)?;
        check_text("task_name", self.task_name)?;
        check_optional_text("description", self.description)?;
        let checked = |limits: &Limits, parameter, value: Option<u32>| {
            value
                .map(|value| limits.check(parameter, value))
                .transpose()
        };
        let priority = checked(&PRIORITY, "priority", self.priority)?;
        let wait_time = checked(&WAIT_TIME, "wait_time", self.wait_time)?;
        let scheduled_type = self.timing.scheduled_type();
        let (timing, reported_zone) = match self.timing {
            Timing::Scheduled(schedule) => (KeptTiming::Scheduled(schedule), None),
            Timing::Triggered(trigger) => {
                if !self.task_type.is_triggerable() {
                    return Err(not_triggerable(self.task_type));
                }
                (KeptTiming::Triggered(trigger), None)
            }
            Timing::Reported(reported) => {
                let zone = reported.time_zone.as_deref().unwrap_or_default();
                let timing = KeptTiming::Reported {
                    time: reported.next_execution_time,
                    zone_length: checked_length("time_zone", zone, u32::MAX)?,
                };
                (timing, reported.time_zone)
            }
        };

        let attributes = Attributes::new(&Unpacked {
            task_type: self.task_type,
            scheduled_type,
            timing,
            last_status: self.last_status,
            enabled: self.enabled,
            priority,
            wait_time,
            id_length: self.id.len(),
            name_length: self.task_name.len(),
            description_length: self.description.len(),
        });
        let zone = reported_zone.as_deref().unwrap_or_default();
        let texts = [self.id, self.task_name, self.description, zone];
        Ok(Task::from_parts(&texts, attributes))
    }
}

/// The refusal of a triggered task of a type that no event triggers.
fn not_triggerable(task_type: TaskType) -> Error {
    let others = TaskType::ALL.iter().filter(|it| !it.is_triggerable());
    let others: Vec<&str> = others.map(|it| it.as_str()).collect();
    let others = others.join(" and ");
    Error::refused(
        ErrorKind::NotTriggerable,
        "task_type",
        task_type.as_str(),
        format!("any task type but {others} where scheduled_type is LIFE_CYCLE"),
    )
}

/// The length of a text that has no limit but that of the number in which its length is kept.
fn checked_length(parameter: &'static str, text: &str, max: u32) -> Result<u32, Error> {
    u32::try_from(text.len())
        .ok()
        .filter(|&length| length <= max)
        .ok_or_else(|| {
            let accepted = format!("at most {max} bytes");
            Error::refused(ErrorKind::InvalidLength, parameter, text, accepted)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_refused_where_its_length_cannot_be_kept() {
        assert_eq!(checked_length("time_zone", "zone", 4), Ok(4));
        assert_eq!(checked_length("time_zone", "", 4), Ok(0));
        let error = checked_length("time_zone", "zones", 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidLength);
        assert_eq!(error.parameter(), "time_zone");
        assert_eq!(error.value(), Some("zones"));
        assert_eq!(error.accepted(), "at most 4 bytes");
    }
}
