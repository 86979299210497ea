//! All of a task but its texts, in 32 bytes.

use super::timing::{ReportedTime, Trigger, scheduled_type_of};
use super::{LastStatus, LifeCycleType, ScheduledType, TaskType, needs_escape};
use crate::schedule::Schedule;

/// What filters compare, and other small fields, in one word.
///
/// The lower bits are what answer lists are kept by: 3 bits of task type, 3 of
/// [scope](Self::scope), 2 of last status. Above them: whether the task is
/// enabled, and 6 bits of priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Code(u16);

const SCOPE_SHIFT: u32 = 3;
const STATUS_SHIFT: u32 = 6;
const ENABLED: u16 = 1 << 8;
const PRIORITY_SHIFT: u32 = 9;
const PRIORITY_ABSENT: u16 = 63;
/// Set in the scope of every triggered task, and of no timed one.
pub(crate) const TRIGGERED: u16 = 4;
/// The status bits of a task that was never executed.
const STATUS_ABSENT: u16 = 3;

impl Code {
    /// The bits of the task type.
    pub(crate) const TASK_TYPE: u16 = 0b111;
    /// The bits of the scope.
    pub(crate) const SCOPE: u16 = 0b111 << SCOPE_SHIFT;
    /// The bit of the scope that tells triggered tasks from timed ones.
    pub(crate) const SCOPE_IS_TRIGGERED: u16 = TRIGGERED << SCOPE_SHIFT;
    /// The bits of the last status.
    pub(crate) const STATUS: u16 = 0b11 << STATUS_SHIFT;

    /// The task type, 0 to 6, in the order of the documented page.
    pub(crate) const fn task_type(self) -> u16 {
        self.0 & Self::TASK_TYPE
    }

    /// Which tasks it is listed among: 0 to 3 are the timed scheduled types, 4
    /// to 7 the life cycle types.
    pub(crate) const fn scope(self) -> u16 {
        (self.0 & Self::SCOPE) >> SCOPE_SHIFT
    }

    /// The last status, 0 to 2; 3 is none.
    pub(crate) const fn status(self) -> u16 {
        (self.0 & Self::STATUS) >> STATUS_SHIFT
    }

    /// Whether the task was executed at least once.
    pub(crate) const fn was_executed(self) -> bool {
        self.status() != STATUS_ABSENT
    }

    /// Whether the task is one that an event triggers.
    pub(crate) const fn is_triggered(self) -> bool {
        self.0 & Self::SCOPE_IS_TRIGGERED != 0
    }

    /// The bits that `mask` keeps.
    pub(crate) const fn masked(self, mask: u16) -> u16 {
        self.0 & mask
    }

    /// The code of a task type, a scope and a last status, to compare with.
    pub(crate) const fn of(task_type: u16, scope: u16, status: u16) -> Self {
        Self(task_type | scope << SCOPE_SHIFT | status << STATUS_SHIFT)
    }

    /// The scope of timed tasks of a scheduled type, none for `LIFE_CYCLE`.
    pub(crate) const fn timed_scope(scheduled_type: ScheduledType) -> Option<u16> {
        if scheduled_type.is_timed() {
            Some(scheduled_type as u16)
        } else {
            None
        }
    }

    /// The scope of triggered tasks of a life cycle type.
    pub(crate) const fn triggered_scope(life_cycle_type: LifeCycleType) -> u16 {
        TRIGGERED | life_cycle_type as u16
    }

    fn with(self, mask: u16, bits: u16) -> Self {
        Self(self.0 & !mask | bits)
    }
}

/// A [`Timing`](super::Timing) whose texts lie with the task's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KeptTiming {
    Scheduled(Schedule),
    Triggered(Trigger),
    Reported {
        time: Option<ReportedTime>,
        zone_length: u32,
    },
}

/// All of a task but its texts, which lie elsewhere end to end: the id, the
/// name, the description and the reported time zone. An absent text is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Attributes {
    timing: KeptTiming,
    /// Ten bits each: a checked text has at most 255 characters of 4 bytes. Above them, whether
    /// any of the texts needs an escape in JSON.
    lengths: u32,
    wait_time: u16,
    code: Code,
}

const _: () = assert!(size_of::<Attributes>() == 32);

const LENGTH_BITS: u32 = 10;
const LENGTH_MAX: u32 = (1 << LENGTH_BITS) - 1;
const NEED_ESCAPE: u32 = 1 << (3 * LENGTH_BITS);
const WAIT_TIME_ABSENT: u16 = u16::MAX;

/// What [`Attributes::new`] packs.
pub(super) struct Unpacked {
    pub(super) task_type: TaskType,
    pub(super) scheduled_type: ScheduledType,
    pub(super) timing: KeptTiming,
    pub(super) last_status: Option<LastStatus>,
    pub(super) enabled: bool,
    pub(super) priority: Option<u8>,
    pub(super) wait_time: Option<u16>,
    pub(super) id_length: usize,
    pub(super) name_length: usize,
    pub(super) description_length: usize,
}

impl Attributes {
    pub(super) fn new(fields: &Unpacked) -> Self {
        let scope = match &fields.timing {
            KeptTiming::Triggered(trigger) => Code::triggered_scope(trigger.life_cycle_type()),
            _ => fields.scheduled_type as u16,
        };
        let status = fields.last_status.map_or(STATUS_ABSENT, |it| it as u16);
        let code = Code::of(fields.task_type as u16, scope, status);
        let priority = fields.priority.map_or(PRIORITY_ABSENT, u16::from);
        let enabled = if fields.enabled { ENABLED } else { 0 };
        Self {
            timing: fields.timing,
            lengths: packed_length(fields.id_length)
                | packed_length(fields.name_length) << LENGTH_BITS
                | packed_length(fields.description_length) << (2 * LENGTH_BITS),
            wait_time: fields.wait_time.unwrap_or(WAIT_TIME_ABSENT),
            code: Code(code.0 | enabled | priority << PRIORITY_SHIFT),
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn id_length(&self) -> usize {
        (self.lengths & LENGTH_MAX) as usize
    }

    pub(crate) fn name_length(&self) -> usize {
        (self.lengths >> LENGTH_BITS & LENGTH_MAX) as usize
    }

    pub(super) fn description_length(&self) -> usize {
        (self.lengths >> (2 * LENGTH_BITS) & LENGTH_MAX) as usize
    }

    /// Whether any of the texts [needs an escape](super::needs_escape).
    pub(crate) fn need_escape(&self) -> bool {
        self.lengths & NEED_ESCAPE != 0
    }

    /// The same fields for these texts, of the same lengths.
    pub(super) fn with_texts(self, texts: &str) -> Self {
        let bits = if needs_escape(texts) { NEED_ESCAPE } else { 0 };
        let lengths = self.lengths & !NEED_ESCAPE | bits;
        Self { lengths, ..self }
    }

    pub(crate) fn with_name_length(self, length: usize) -> Self {
        let others = self.lengths & !(LENGTH_MAX << LENGTH_BITS);
        let lengths = others | packed_length(length) << LENGTH_BITS;
        Self { lengths, ..self }
    }

    pub(crate) fn with_last_status(self, last_status: Option<LastStatus>) -> Self {
        let status = last_status.map_or(STATUS_ABSENT, |it| it as u16);
        let code = self.code.with(Code::STATUS, status << STATUS_SHIFT);
        Self { code, ..self }
    }

    pub(crate) fn with_enabled(self, enabled: bool) -> Self {
        let bits = if enabled { ENABLED } else { 0 };
        let code = self.code.with(ENABLED, bits);
        Self { code, ..self }
    }

    /// The same fields with another schedule of the same type.
    pub(super) fn with_schedule(self, schedule: Schedule) -> Self {
        let timing = KeptTiming::Scheduled(schedule);
        Self { timing, ..self }
    }

    // The bits were made from values of these very types.

    pub(crate) fn task_type(&self) -> TaskType {
        let position = usize::from(self.code.task_type());
        TaskType::ALL
            .get(position)
            .copied()
            .unwrap_or(TaskType::Start)
    }

    pub(crate) fn scheduled_type(&self) -> ScheduledType {
        let position = usize::from(self.code.scope());
        ScheduledType::ALL
            .get(position)
            .copied()
            .unwrap_or(ScheduledType::LifeCycle)
    }

    pub(crate) fn life_cycle_type(&self) -> Option<LifeCycleType> {
        let position = usize::from(self.code.scope().checked_sub(TRIGGERED)?);
        LifeCycleType::ALL.get(position).copied()
    }

    pub(crate) fn last_status(&self) -> Option<LastStatus> {
        LastStatus::ALL
            .get(usize::from(self.code.status()))
            .copied()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.code.0 & ENABLED != 0
    }

    pub(crate) fn priority(&self) -> Option<u32> {
        Some(self.code.0 >> PRIORITY_SHIFT & PRIORITY_ABSENT)
            .filter(|&priority| priority != PRIORITY_ABSENT)
            .map(u32::from)
    }

    pub(crate) fn wait_time(&self) -> Option<u32> {
        (self.wait_time != WAIT_TIME_ABSENT).then(|| u32::from(self.wait_time))
    }

    pub(super) fn timing(&self) -> &KeptTiming {
        &self.timing
    }

    pub(crate) fn schedule(&self) -> Option<&Schedule> {
        match &self.timing {
            KeptTiming::Scheduled(schedule) => Some(schedule),
            _ => None,
        }
    }

    pub(crate) fn reported_time(&self) -> Option<ReportedTime> {
        match self.timing {
            KeptTiming::Reported { time, .. } => time,
            _ => None,
        }
    }

    /// Whether what is packed apart agrees: the scope with the timing.
    pub(crate) fn is_consistent(&self) -> bool {
        let scope = self.code.scope();
        match &self.timing {
            KeptTiming::Scheduled(schedule) => {
                Code::timed_scope(scheduled_type_of(schedule)) == Some(scope)
            }
            KeptTiming::Triggered(trigger) => {
                Code::triggered_scope(trigger.life_cycle_type()) == scope
            }
            KeptTiming::Reported { .. } => !self.code.is_triggered(),
        }
    }
}

/// The length of a checked text.
fn packed_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(LENGTH_MAX).min(LENGTH_MAX)
}
