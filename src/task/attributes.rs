//! All of a task but its texts, in 32 bytes.

use super::timing::{ReportedTime, Trigger, scheduled_type_of};
use super::{LastStatus, LifeCycleType, ScheduledType, TaskType, is_plain};
use crate::limits::{PRIORITY, TEXT_LENGTH_MAX, WAIT_TIME};
use crate::schedule::Schedule;

/// What filters compare, and other small fields, in one word.
///
/// The lower bits are what answer lists are kept by: the task type, the [scope](Self::scope), the
/// last status. Above them: whether the task is enabled, and the priority. The widths follow from
/// how many values there are; too many for the word do not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Code(u16);

/// The scheduled types but `LIFE_CYCLE`, which is the last one.
const TIMED_COUNT: usize = ScheduledType::COUNT - 1;

/// The status bits of a task that was never executed: behind those of every value.
const STATUS_ABSENT: u16 = small(LastStatus::COUNT);
const PRIORITY_ABSENT: u16 = small(PRIORITY.max as usize + 1);

const TASK_TYPE_BITS: u32 = bits_for(TaskType::COUNT);
const SCOPE_BITS: u32 = TRIGGERED.trailing_zeros() + 1;
const STATUS_BITS: u32 = bits_for(STATUS_ABSENT as usize + 1);
const PRIORITY_BITS: u32 = bits_for(PRIORITY_ABSENT as usize + 1);

const SCOPE_SHIFT: u32 = TASK_TYPE_BITS;
const STATUS_SHIFT: u32 = SCOPE_SHIFT + SCOPE_BITS;
const ENABLED_SHIFT: u32 = STATUS_SHIFT + STATUS_BITS;
const PRIORITY_SHIFT: u32 = ENABLED_SHIFT + 1;

const ENABLED: u16 = 1 << ENABLED_SHIFT;

/// Set in the scope of every triggered task, and of no timed one.
const TRIGGERED: u16 = 1
    << bits_for(if TIMED_COUNT < LifeCycleType::COUNT {
        LifeCycleType::COUNT
    } else {
        TIMED_COUNT
    });

const _: () = assert!(
    PRIORITY_SHIFT + PRIORITY_BITS <= u16::BITS,
    "more values than the code has bits for: keep it in a wider word"
);
const _: () = assert!(
    Code::SCOPE_COUNT as u32 <= u32::BITS,
    "more scopes than a set of scopes has bits for"
);
const _: () = assert!(
    ScheduledType::LifeCycle as usize == TIMED_COUNT,
    "LIFE_CYCLE is the last scheduled type: the scope of a timed task is its position"
);

const _: () = assert!(
    Code::TASK_TYPE | Code::SCOPE | Code::STATUS == (1 << ENABLED_SHIFT) - 1,
    "the filtered bits are the lower ones, and no two fields share one"
);
const _: () = assert!(
    Code::TASK_TYPE.count_ones() + Code::SCOPE.count_ones() + Code::STATUS.count_ones()
        == ENABLED_SHIFT
);

/// The least number of bits that tell so many values apart.
const fn bits_for(count: usize) -> u32 {
    usize::BITS - (count - 1).leading_zeros()
}

/// A count of values, in the width of the code.
#[expect(clippy::cast_possible_truncation, reason = "checked at compile time")]
pub(crate) const fn small(count: usize) -> u16 {
    assert!(count <= u16::MAX as usize);
    count as u16
}

impl Code {
    /// The bits of the task type.
    pub(crate) const TASK_TYPE: u16 = (1 << TASK_TYPE_BITS) - 1;
    /// The bits of the scope.
    pub(crate) const SCOPE: u16 = (Self::SCOPE_COUNT - 1) << SCOPE_SHIFT;
    /// The bit of the scope that tells triggered tasks from timed ones.
    pub(crate) const SCOPE_IS_TRIGGERED: u16 = TRIGGERED << SCOPE_SHIFT;
    /// The bits of the last status.
    pub(crate) const STATUS: u16 = ((1 << STATUS_BITS) - 1) << STATUS_SHIFT;

    /// How many numbers of scopes there are; not every one stands for tasks.
    pub(crate) const SCOPE_COUNT: u16 = 2 * TRIGGERED;

    /// The task type: its position in [`TaskType::ALL`].
    pub(crate) const fn task_type(self) -> u16 {
        self.0 & Self::TASK_TYPE
    }

    /// Which tasks it is listed among: the position of a timed scheduled type,
    /// or [that of a life cycle type](Self::triggered_scope).
    pub(crate) const fn scope(self) -> u16 {
        (self.0 & Self::SCOPE) >> SCOPE_SHIFT
    }

    /// The bit of the scope in a set of scopes, which has one for each.
    pub(crate) const fn scope_bit(self) -> u32 {
        1 << self.scope()
    }

    /// The last status: its position in [`LastStatus::ALL`], or the next one for a task that was
    /// never executed.
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

    /// The code as far as filters tell it apart.
    pub(crate) const fn filtered(self) -> u16 {
        self.masked(Self::TASK_TYPE | Self::SCOPE | Self::STATUS)
    }

    /// The code of a task type, a scope and a last status, by their positions.
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

    /// The two types of the tasks of a scope; `None` for a scope that no task has.
    #[expect(clippy::indexing_slicing, reason = "the positions are compared first")]
    pub(crate) const fn types_of_scope(
        scope: u16,
    ) -> Option<(ScheduledType, Option<LifeCycleType>)> {
        let position = (scope & !TRIGGERED) as usize;
        if scope & TRIGGERED == 0 {
            if position < TIMED_COUNT {
                return Some((ScheduledType::ALL[position], None));
            }
        } else if position < LifeCycleType::COUNT {
            let event = LifeCycleType::ALL[position];
            return Some((ScheduledType::LifeCycle, Some(event)));
        }
        None
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
    /// Ten bits each: a checked text has a limited number of characters, of 4 bytes at most. Above them, whether
    /// any of the texts needs an escape in JSON.
    lengths: u32,
    wait_time: u16,
    code: Code,
}

const _: () = assert!(size_of::<Attributes>() == 32);

const LENGTH_BITS: u32 = 10;
const LENGTH_MAX: u32 = (1 << LENGTH_BITS) - 1;
const PLAIN: u32 = 1 << (3 * LENGTH_BITS);
const WAIT_TIME_ABSENT: u16 = u16::MAX;

const _: () = assert!(WAIT_TIME.max < WAIT_TIME_ABSENT as u32);
const _: () = assert!(TEXT_LENGTH_MAX * char::MAX.len_utf8() <= LENGTH_MAX as usize);

/// What [`Attributes::new`] packs.
pub(super) struct Unpacked {
    pub(super) task_type: TaskType,
    pub(super) scheduled_type: ScheduledType,
    pub(super) timing: KeptTiming,
    pub(super) last_status: Option<LastStatus>,
    pub(super) enabled: bool,
    pub(super) priority: Option<u32>,
    pub(super) wait_time: Option<u32>,
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
        // Both were checked, so that they fit.
        let packed = |number: Option<u32>, absent| {
            number
                .and_then(|number| u16::try_from(number).ok())
                .unwrap_or(absent)
        };
        let priority = packed(fields.priority, PRIORITY_ABSENT);
        let enabled = if fields.enabled { ENABLED } else { 0 };
        Self {
            timing: fields.timing,
            lengths: packed_length(fields.id_length)
                | packed_length(fields.name_length) << LENGTH_BITS
                | packed_length(fields.description_length) << (2 * LENGTH_BITS),
            wait_time: packed(fields.wait_time, WAIT_TIME_ABSENT),
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

    /// Whether all texts are [plain](is_plain).
    pub(crate) fn has_plain_texts(&self) -> bool {
        self.lengths & PLAIN != 0
    }

    /// The same fields for these texts, of the same lengths.
    pub(super) fn with_texts(self, texts: &str) -> Self {
        let bits = if is_plain(texts) { PLAIN } else { 0 };
        let lengths = self.lengths & !PLAIN | bits;
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
        Some(self.code.0 >> PRIORITY_SHIFT)
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
