//! When a task runs: by a schedule, on an event, or as another service reported.

use std::fmt;
use std::num::NonZeroI64;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};

use crate::error::{Error, ErrorKind};
use crate::schedule::text::{date_time_ascii, parse_date_time, parse_number, refused_date};
use crate::schedule::{Recurrence, Schedule, TimeZone};
use crate::sync::Arc;
use crate::task::{LifeCycleType, ScheduledType};

/// When a task runs.
///
/// ```
/// use chrono::NaiveTime;
/// use taskdex::{LifeCycleType, Schedule, ScheduledType, TimeZone, Timing};
///
/// let nightly = Schedule::daily(1, NaiveTime::MIN, TimeZone::default())?;
/// assert_eq!(Timing::from(nightly).scheduled_type(), ScheduledType::Day);
///
/// let timing = Timing::from(LifeCycleType::PostDesktopDisconnected);
/// assert_eq!(timing.scheduled_type(), ScheduledType::LifeCycle);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timing {
    /// By the clock.
    Scheduled(Schedule),
    /// When something happens to a desktop.
    Triggered(Trigger),
    /// By the clock of another service, whose schedule is not known here.
    Reported(ReportedTiming),
}

impl Timing {
    /// The documented type of this timing.
    #[must_use]
    pub fn scheduled_type(&self) -> ScheduledType {
        match self {
            Self::Scheduled(schedule) => scheduled_type_of(schedule),
            Self::Triggered(_) => ScheduledType::LifeCycle,
            Self::Reported(reported) => reported.scheduled_type,
        }
    }
}

/// The documented type of a schedule.
pub(crate) fn scheduled_type_of(schedule: &Schedule) -> ScheduledType {
    match schedule.recurrence() {
        Recurrence::FixedTime { .. } => ScheduledType::FixedTime,
        Recurrence::Daily { .. } => ScheduledType::Day,
        Recurrence::Weekly { .. } => ScheduledType::Week,
        Recurrence::Monthly { .. } => ScheduledType::Month,
    }
}

impl From<Schedule> for Timing {
    fn from(schedule: Schedule) -> Self {
        Self::Scheduled(schedule)
    }
}

impl From<LifeCycleType> for Timing {
    fn from(life_cycle_type: LifeCycleType) -> Self {
        Self::Triggered(Trigger::on(life_cycle_type))
    }
}

impl From<Trigger> for Timing {
    fn from(trigger: Trigger) -> Self {
        Self::Triggered(trigger)
    }
}

impl From<ReportedTiming> for Timing {
    fn from(reported: ReportedTiming) -> Self {
        Self::Reported(reported)
    }
}

/// The event that triggers a task, and the zone shown with it.
///
/// ```
/// use taskdex::{LifeCycleType, Trigger};
///
/// let trigger = Trigger::on(LifeCycleType::PostCreateDesktopSuccess)
///     .with_time_zone("Europe/Paris".parse()?);
/// assert_eq!(trigger.time_zone().unwrap().to_string(), "Europe/Paris");
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trigger {
    life_cycle_type: LifeCycleType,
    time_zone: Option<TimeZone>,
}

impl Trigger {
    /// A trigger with no time zone.
    #[must_use]
    pub fn on(life_cycle_type: LifeCycleType) -> Self {
        Self {
            life_cycle_type,
            time_zone: None,
        }
    }

    /// The same trigger, shown with a time zone.
    #[must_use]
    pub fn with_time_zone(self, time_zone: TimeZone) -> Self {
        Self {
            time_zone: Some(time_zone),
            ..self
        }
    }

    /// The event.
    #[must_use]
    pub fn life_cycle_type(&self) -> LifeCycleType {
        self.life_cycle_type
    }

    /// The zone shown with the task, if any.
    #[must_use]
    pub fn time_zone(&self) -> Option<TimeZone> {
        self.time_zone
    }
}

/// What another service reported of a timed task whose schedule it keeps to itself.
///
/// A page of the documented listing holds no schedules. A server that mirrors
/// the service feeds such records in, and they are listed as they came: the
/// time is never computed, and the zone's name is not read.
///
/// ```
/// use taskdex::{ReportedTiming, ScheduledType};
///
/// let reported = ReportedTiming::new(ScheduledType::Day)?
///     .with_next_execution_time("2022-12-23 09:00:00".parse()?)
///     .with_time_zone("string");
/// assert_eq!(reported.scheduled_type(), ScheduledType::Day);
/// assert_eq!(reported.next_execution_time().unwrap().to_string(), "2022-12-23 09:00:00");
/// assert_eq!(reported.time_zone(), Some("string"));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReportedTiming {
    pub(super) scheduled_type: ScheduledType,
    pub(crate) next_execution_time: Option<ReportedTime>,
    pub(crate) time_zone: Option<Arc<str>>,
}

impl ReportedTiming {
    /// The timing of a timed task of which nothing else is known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownValue`] for `LIFE_CYCLE`: such a task has a [`Trigger`].
    pub fn new(scheduled_type: ScheduledType) -> Result<Self, Error> {
        if !scheduled_type.is_timed() {
            return Err(Error::refused(
                ErrorKind::UnknownValue,
                "scheduled_type",
                scheduled_type.as_str(),
                ScheduledType::TIMED_ACCEPTED,
            ));
        }
        Ok(Self {
            scheduled_type,
            next_execution_time: None,
            time_zone: None,
        })
    }

    /// The same timing with a reported next execution.
    #[must_use]
    pub fn with_next_execution_time(self, time: ReportedTime) -> Self {
        Self {
            next_execution_time: Some(time),
            ..self
        }
    }

    /// The same timing with a reported zone, kept unread; the empty text is none.
    ///
    /// One of 4 GiB or more is refused by [`TaskBuilder::build`](crate::TaskBuilder::build).
    #[must_use]
    pub fn with_time_zone(self, time_zone: &str) -> Self {
        Self {
            time_zone: (!time_zone.is_empty()).then(|| time_zone.into()),
            ..self
        }
    }

    /// The documented type: every one but `LIFE_CYCLE`.
    #[must_use]
    pub fn scheduled_type(&self) -> ScheduledType {
        self.scheduled_type
    }

    /// The reported next execution, if there is one.
    #[must_use]
    pub fn next_execution_time(&self) -> Option<ReportedTime> {
        self.next_execution_time
    }

    /// The reported zone, as it was given; never the empty text.
    #[must_use]
    pub fn time_zone(&self) -> Option<&str> {
        self.time_zone.as_deref()
    }
}

/// A next execution time as another service wrote it.
///
/// `yyyy-MM-dd HH:mm:ss`, optionally followed by ` GMT`, or by ` GMT` and an offset from `-14:00`
/// to `+14:00`, as the live service has been seen to write. It is given back byte for byte.
///
/// ```
/// use taskdex::ReportedTime;
///
/// let time: ReportedTime = "2022-12-23 09:00:00 GMT+08:00".parse()?;
/// assert_eq!(time.to_string(), "2022-12-23 09:00:00 GMT+08:00");
/// assert!("2022-12-23T09:00:00Z".parse::<ReportedTime>().is_err());
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportedTime(
    /// Seconds of the wall clock, and below them the [`Suffix`]: never zero.
    NonZeroI64,
);

/// What follows the wall clock of a [`ReportedTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suffix {
    Nothing,
    Gmt,
    /// ` GMT` and an offset; there are two of no minutes.
    Offset {
        is_west: bool,
        minutes: u16,
    },
}

impl Suffix {
    const BITS: u32 = 11;
    const OFFSET_MAX: u16 = 14 * 60;

    fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Nothing);
        }
        match text.strip_prefix(b" GMT")? {
            [] => Some(Self::Gmt),
            &[sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
                let hours = parse_number(&[h0, h1])?;
                let minutes = parse_number(&[m0, m1]).filter(|&minutes| minutes < 60)?;
                let minutes = u16::try_from(60 * hours + minutes).ok()?;
                (minutes <= Self::OFFSET_MAX).then_some(Self::Offset {
                    is_west: sign == b'-',
                    minutes,
                })
            }
            _ => None,
        }
    }

    /// A number below 2^11, and never zero.
    fn to_bits(self) -> i64 {
        match self {
            Self::Nothing => 1,
            Self::Gmt => 2,
            Self::Offset { is_west, minutes } => 4 + 2 * i64::from(minutes) + i64::from(is_west),
        }
    }

    fn from_bits(bits: i64) -> Self {
        match bits {
            1 => Self::Nothing,
            2 => Self::Gmt,
            _ => Self::Offset {
                is_west: bits & 1 != 0,
                minutes: u16::try_from((bits - 4) / 2).unwrap_or_default(),
            },
        }
    }
}

impl ReportedTime {
    fn new(wall_clock: NaiveDateTime, suffix: Suffix) -> Option<Self> {
        NonZeroI64::new(wall_clock.and_utc().timestamp() << Suffix::BITS | suffix.to_bits())
            .map(Self)
    }

    /// What it says of date and time, on the wall clock of a zone that it may leave open.
    ///
    /// ```
    /// use taskdex::ReportedTime;
    ///
    /// let time: ReportedTime = "2022-12-23 09:00:00 GMT+08:00".parse()?;
    /// assert_eq!(time.wall_clock().to_string(), "2022-12-23 09:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn wall_clock(self) -> NaiveDateTime {
        // It was made from a wall clock, so it is one of chrono's.
        DateTime::from_timestamp(self.0.get() >> Suffix::BITS, 0)
            .unwrap_or_default()
            .naive_utc()
    }

    /// Appends the text that it was read from.
    pub(crate) fn write_to(self, out: &mut Vec<u8>) {
        // It was read from such a text, so it has one.
        if let Some(text) = date_time_ascii(self.wall_clock()) {
            out.extend_from_slice(&text);
        }
        match Suffix::from_bits(self.0.get() & ((1 << Suffix::BITS) - 1)) {
            Suffix::Nothing => {}
            Suffix::Gmt => out.extend_from_slice(b" GMT"),
            Suffix::Offset { is_west, minutes } => {
                let digits = |number: u16| {
                    let [tens, ones] =
                        [number / 10, number % 10].map(|digit| digit.to_le_bytes()[0]);
                    [b'0' + tens, b'0' + ones]
                };
                out.extend_from_slice(if is_west { b" GMT-" } else { b" GMT+" });
                out.extend_from_slice(&digits(minutes / 60));
                out.push(b':');
                out.extend_from_slice(&digits(minutes % 60));
            }
        }
    }
}

impl FromStr for ReportedTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split_at_checked("yyyy-MM-dd HH:mm:ss".len())
            .and_then(|(wall_clock, suffix)| {
                Self::new(
                    parse_date_time(wall_clock)?,
                    Suffix::parse(suffix.as_bytes())?,
                )
            })
            .ok_or_else(|| {
                let accepted = "yyyy-MM-dd HH:mm:ss, optionally followed by ` GMT`, or by ` GMT` \
                                and an offset from -14:00 to +14:00";
                refused_date("next_execution_time", text, accepted)
            })
    }
}

impl fmt::Display for ReportedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write_to(&mut text);
        f.pad(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for ReportedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportedTime({self})")
    }
}
