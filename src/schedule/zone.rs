//! Time zones: the accepted names, and wall clock to instant and back.

#[cfg(feature = "bundled-zones")]
mod bundled;
mod data;
mod database;
mod fixed;
#[cfg(not(feature = "bundled-zones"))]
mod probed;
mod spans;
mod tzif;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind};
#[cfg(feature = "bundled-zones")]
use bundled as own;
use database::in_force;
use fixed::FixedOffset;
#[cfg(not(feature = "bundled-zones"))]
use probed as own;
use spans::Spans;

pub use data::{ZoneChange, ZoneData};

/// The version of the zone data in force, such as `2026f`.
///
/// That is the edition of the IANA time zone database that the crate carries, or the version of
/// the [`ZoneData`] that was put in force instead.
///
/// ```
/// assert!(*taskdex::schedule::zone_database_version() >= *"2025b");
/// ```
#[must_use]
pub fn zone_database_version() -> &'static str {
    database::version_in_force()
}

/// A time zone, under the name it was given.
///
/// Accepted are the names of the IANA database in their own letter case, `Z`,
/// `Coordinated Universal Time`, and fixed offsets written
/// `[UTC|GMT](+|-)H[H][:MM]` up to 14 hours either way. The name is given back
/// exactly, and two zones are equal when their names are: `Z` and `UTC` differ.
///
/// Of the database's names `Factory` is left out: it stands for a clock that nobody has set.
/// Names that only [`ZoneData`] brings are accepted once that is in force. Reading any name but
/// that of a fixed offset, like any other use of a zone, fixes the data in force.
///
/// After the last change that a zone's data lists, the rule that it gives goes on for ever: Sydney
/// has summer time in 2150. (Without the feature `bundled-zones`, data is that of chrono-tz,
/// which has no rules: in the years after 2099 its last offsets hold.)
///
/// Two bytes, `Copy`, nothing on the heap. The default is `Asia/Shanghai`.
///
/// ```
/// use taskdex::schedule::TimeZone;
///
/// let zone: TimeZone = "GMT+08:00".parse()?;
/// assert_eq!(zone.to_string(), "GMT+08:00");
/// assert_eq!(TimeZone::default().to_string(), "Asia/Shanghai");
///
/// let error = "Asia/Atlantis".parse::<TimeZone>().unwrap_err();
/// assert_eq!(error.parameter(), "time_zone");
/// assert_eq!(error.value(), Some("Asia/Atlantis"));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeZone(
    /// A number of the database; or, at the end of those, one of the other names; or,
    /// with the upper bit, a fixed offset.
    u16,
);

/// The names that mean UTC and are not in the database, with the numbers from
/// [`OTHER_NAMES_FROM`] on.
const OTHER_NAMES: [&str; 2] = ["Z", "Coordinated Universal Time"];

const ACCEPTED: &str = "an IANA name such as Asia/Shanghai, UTC, GMT, Z, \
     Coordinated Universal Time, or [UTC|GMT](+|-)H[H][:MM] up to 14:00";

const FIXED: u16 = FixedOffset::BITS_END;
const OTHER_NAMES_FROM: u16 = FIXED - 2;

const _: () = assert!(OTHER_NAMES_FROM as usize + OTHER_NAMES.len() == FIXED as usize);

impl TimeZone {
    /// Coordinated Universal Time, named `UTC`.
    pub const UTC: Self = Self(Tz::UTC as u16);

    /// The offset at an instant, in seconds that the wall clock is ahead of UTC.
    ///
    /// ```
    /// use taskdex::schedule::TimeZone;
    ///
    /// let zone: TimeZone = "America/New_York".parse()?;
    /// let winter = "2026-01-15T12:00:00Z".parse().unwrap();
    /// assert_eq!(zone.offset_seconds(winter), -5 * 3600);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn offset_seconds(self, instant: DateTime<Utc>) -> i32 {
        self.clock().at(instant.timestamp()).offset
    }

    /// What a moment of the wall clock means in this zone.
    ///
    /// Fractions of a second are left out of account.
    ///
    /// ```
    /// use taskdex::schedule::{Resolution, TimeZone};
    ///
    /// let zone: TimeZone = "America/New_York".parse()?;
    /// let skipped = "2026-03-08T02:30:00".parse().unwrap();
    /// assert!(matches!(
    ///     zone.resolve(skipped),
    ///     Resolution::Gap { before: -18_000, after: -14_400, .. },
    /// ));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn resolve(self, wall_clock: NaiveDateTime) -> Resolution {
        self.clock().resolve(wall_clock.and_utc().timestamp())
    }

    /// The name as it was given; O(1), and borrowed unless it is a fixed offset.
    ///
    /// ```
    /// use taskdex::TimeZone;
    ///
    /// assert_eq!("UTC-3".parse::<TimeZone>()?.name(), "UTC-3");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        if let Some(offset) = self.fixed_offset() {
            return offset.name();
        }
        let other = self.0.checked_sub(OTHER_NAMES_FROM);
        match other.and_then(|place| OTHER_NAMES.get(usize::from(place))) {
            Some(name) => name,
            None => in_force().name(self.0).unwrap_or_default(),
        }
    }

    #[inline]
    fn fixed_offset(self) -> Option<FixedOffset> {
        (self.0 & FIXED != 0).then(|| FixedOffset::from_bits(self.0 ^ FIXED))
    }

    /// The TZif file of the zone, of the data in force, where it has one.
    #[cfg(feature = "testkit")]
    pub(crate) fn tzif(self) -> Option<&'static [u8]> {
        in_force().bytes(self.0)
    }

    /// What is needed to convert between instants and this zone's wall clock.
    #[inline]
    pub(super) fn clock(self) -> Clock<'static> {
        match self.fixed_offset() {
            Some(offset) => Clock::Fixed(offset.seconds()),
            // The other names are not in the database, and mean UTC.
            None => in_force()
                .spans(self.0)
                .map_or(Clock::Fixed(0), Clock::Spans),
        }
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self(Tz::Asia__Shanghai as u16)
    }
}

impl FromStr for TimeZone {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::UnknownTimeZone`] for any other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(number) = in_force().number(text) {
            return Ok(Self(number));
        }
        let other = (OTHER_NAMES_FROM..)
            .zip(OTHER_NAMES)
            .find(|(_, name)| *name == text);
        if let Some((number, _)) = other {
            return Ok(Self(number));
        }
        FixedOffset::parse(text)
            .map(|offset| Self(FIXED | offset.bits()))
            .ok_or_else(|| Error::refused(ErrorKind::UnknownTimeZone, "time_zone", text, ACCEPTED))
    }
}

/// The zone of the same name. Its offsets are those of the data in force, and may differ from
/// those of chrono-tz, which has an edition of its own.
///
/// ```
/// use taskdex::TimeZone;
///
/// assert_eq!(TimeZone::from(chrono_tz::Europe::Paris), "Europe/Paris".parse()?);
/// # Ok::<(), taskdex::Error>(())
/// ```
impl From<Tz> for TimeZone {
    fn from(zone: Tz) -> Self {
        Self(zone as u16)
    }
}

/// The zone of the same name, with the offsets of chrono-tz, which has an edition of its own.
///
/// ```
/// use chrono_tz::Tz;
/// use taskdex::TimeZone;
///
/// let zone: TimeZone = "Europe/Paris".parse()?;
/// assert_eq!(Tz::try_from(zone)?, Tz::Europe__Paris);
/// let error = Tz::try_from("GMT+8".parse::<TimeZone>()?).unwrap_err();
/// assert_eq!(error.value(), Some("GMT+8"));
/// # Ok::<(), taskdex::Error>(())
/// ```
impl TryFrom<TimeZone> for Tz {
    type Error = Error;

    /// # Errors
    ///
    /// [`ErrorKind::UnknownTimeZone`] where chrono-tz has no such name: fixed offsets, `Z`,
    /// `Coordinated Universal Time`, and what later editions brought.
    fn try_from(zone: TimeZone) -> Result<Self, Error> {
        chrono_tz::TZ_VARIANTS
            .get(usize::from(zone.0))
            .copied()
            .ok_or_else(|| {
                let accepted = "a name that chrono-tz has";
                Error::refused(
                    ErrorKind::UnknownTimeZone,
                    "time_zone",
                    zone.name(),
                    accepted,
                )
            })
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeZone({self})")
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = TimeZone;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a time zone")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeZone, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What a moment of the wall clock means in a zone.
///
/// Offsets are in seconds that the wall clock is ahead of UTC: the instant is
/// the moment of the wall clock less the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// The moment happens once, at this offset.
    Single {
        /// The offset that is in force.
        offset: i32,
    },
    /// The clock was put forward past the moment: it never happens.
    Gap {
        /// The offset in force before the gap.
        before: i32,
        /// The larger offset in force after it.
        after: i32,
        /// The instant of the change, in Unix seconds.
        change: i64,
    },
    /// The clock was put back: the moment happens twice.
    Fold {
        /// The offset of its first pass.
        first: i32,
        /// The smaller offset of its second pass.
        second: i32,
    },
}

/// How wall clock and instants relate in one zone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock<'a> {
    Fixed(i32),
    Spans(&'a Spans),
}

impl Clock<'_> {
    /// The stretch of an instant, in Unix seconds.
    #[inline]
    pub(super) fn at(self, instant: i64) -> Stretch {
        match self {
            Self::Fixed(offset) => Stretch::endless(offset),
            Self::Spans(spans) => spans.at(instant),
        }
    }

    /// The meaning of a moment of the wall clock, in seconds.
    #[inline]
    pub(super) fn resolve(self, wall: i64) -> Resolution {
        match self {
            Self::Fixed(offset) => Resolution::Single { offset },
            Self::Spans(spans) => spans.at_wall(wall).resolve(wall),
        }
    }
}

/// A zone that is not in force, for tests of its tables and of the search.
#[cfg(feature = "testkit")]
#[derive(Debug)]
pub(crate) struct LooseZone(Spans);

#[cfg(feature = "testkit")]
impl LooseZone {
    /// The zone of a TZif file.
    pub(crate) fn read(tzif: &[u8]) -> Option<Self> {
        tzif::read(tzif).ok().map(Self)
    }

    pub(super) fn clock(&self) -> Clock<'_> {
        Clock::Spans(&self.0)
    }

    /// The offset at a Unix second.
    pub(crate) fn offset_seconds(&self, second: i64) -> i32 {
        self.clock().at(second).offset
    }

    /// The meaning of a moment of the wall clock, in seconds.
    pub(crate) fn resolve(&self, wall: i64) -> Resolution {
        self.clock().resolve(wall)
    }
}

/// A span of constant offset with what lies at its two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// The first Unix second.
    pub(super) begin: i64,
    /// The first Unix second that is past it.
    pub(super) end: i64,
    /// The offset before `begin`.
    pub(super) before: i32,
    /// The offset of the stretch, in seconds ahead of UTC.
    pub(super) offset: i32,
    /// The offset from `end` on.
    pub(super) after: i32,
}

impl Stretch {
    /// Whether this is the stretch that decides what `wall` means: each moment
    /// of the wall clock has one, the first of two in a fold, and the one
    /// after it for a gap.
    #[inline]
    pub(super) fn decides(&self, wall: i64) -> bool {
        wall >= self.begin + i64::from(self.before) && wall < self.end + i64::from(self.offset)
    }

    /// The meaning of a moment that this stretch decides.
    #[inline]
    pub(super) fn resolve(&self, wall: i64) -> Resolution {
        if wall < self.begin + i64::from(self.offset) {
            Resolution::Gap {
                before: self.before,
                after: self.offset,
                change: self.begin,
            }
        } else if wall >= self.end + i64::from(self.after) {
            Resolution::Fold {
                first: self.offset,
                second: self.after,
            }
        } else {
            Resolution::Single {
                offset: self.offset,
            }
        }
    }
}
