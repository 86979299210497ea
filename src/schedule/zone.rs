//! Time zones: the accepted names, and wall clock to instant and back.

mod spans;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::{IANA_TZDB_VERSION, TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind};
use spans::{Spans, spans_of};

/// The version of the zone database, such as `2025b`.
///
/// The database is the one that chrono-tz carries. Its transitions end in 2099; after the
/// last one of a zone, that zone's last offset holds.
///
/// ```
/// assert!(taskdex::schedule::zone_database_version().starts_with("20"));
/// ```
#[must_use]
pub fn zone_database_version() -> &'static str {
    IANA_TZDB_VERSION
}

/// A time zone, under the name it was given.
///
/// Accepted are the names of the IANA database in their own letter case, `Z`,
/// `Coordinated Universal Time`, and fixed offsets written
/// `[UTC|GMT](+|-)H[H][:MM]` up to 14 hours either way. The name is given back
/// exactly, and two zones are equal when their names are: `Z` and `UTC` differ.
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
    /// A position in the database; or one of the two names that follow it; or,
    /// with the upper bit, a fixed offset: 2 bits of prefix, 1 of sign, and 11
    /// of how hours and minutes are written.
    u16,
);

/// The names that mean UTC and are not in the database, with the codes that
/// follow those of the database.
const OTHER_NAMES: [&str; 2] = ["Z", "Coordinated Universal Time"];

const ACCEPTED: &str = "an IANA name such as Asia/Shanghai, UTC, GMT, Z, \
     Coordinated Universal Time, or [UTC|GMT](+|-)H[H][:MM] up to 14:00";

#[expect(clippy::cast_possible_truncation, reason = "asserted below")]
const NAMED: u16 = TZ_VARIANTS.len() as u16;
const FIXED: u16 = 1 << 15;
const PREFIX_SHIFT: u32 = 13;
const PREFIXES: [&str; 3] = ["", "UTC", "GMT"];
const NEGATIVE: u16 = 1 << 12;
const DIGITS: u16 = (1 << 11) - 1;
/// One digit: 0 to 9. Two digits: 00 to 14.
const HOUR_FORMS: u16 = 25;
/// Left out, or 00 to 59.
const MINUTE_FORMS: u16 = 61;
const OFFSET_MINUTES_MAX: u16 = 14 * 60;

const _: () = assert!(HOUR_FORMS * MINUTE_FORMS <= DIGITS);
const _: () = assert!(TZ_VARIANTS.len() + OTHER_NAMES.len() < FIXED as usize);

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
    pub fn name(self) -> Cow<'static, str> {
        if let Some(name) = self.static_name() {
            return Cow::Borrowed(name);
        }
        let (text, length) = self.fixed_name();
        let text = text.get(..length).unwrap_or_default();
        Cow::Owned(str::from_utf8(text).unwrap_or_default().to_owned())
    }

    /// Appends the name as it was given, in ASCII.
    pub(crate) fn append_name(self, out: &mut Vec<u8>) {
        if let Some(name) = self.static_name() {
            out.extend_from_slice(name.as_bytes());
        } else {
            let (text, length) = self.fixed_name();
            out.extend_from_slice(text.get(..length).unwrap_or_default());
        }
    }

    /// The name, if it is one that is stored as a whole.
    fn static_name(self) -> Option<&'static str> {
        let code = usize::from(self.0);
        match TZ_VARIANTS.get(code) {
            Some(zone) => Some(zone.name()),
            None => OTHER_NAMES.get(code - usize::from(NAMED)).copied(),
        }
    }

    /// The name of a fixed offset in ASCII, and its length.
    fn fixed_name(self) -> ([u8; 9], usize) {
        let mut text = [0; 9];
        let mut length = 0;
        let mut write = |bytes: &[u8]| {
            for &byte in bytes {
                if let Some(place) = text.get_mut(length) {
                    *place = byte;
                    length += 1;
                }
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "both are below 10")]
        let two_digits = |number: u16| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        let prefix = usize::from(self.0 >> PREFIX_SHIFT & 0b11);
        write(PREFIXES.get(prefix).copied().unwrap_or_default().as_bytes());
        write(if self.0 & NEGATIVE == 0 { b"+" } else { b"-" });
        let form = self.0 & DIGITS;
        match form / MINUTE_FORMS {
            hours @ 0..10 => write(two_digits(hours).get(1..).unwrap_or_default()),
            hours => write(&two_digits(hours - 10)),
        }
        if let Some(minutes) = (form % MINUTE_FORMS).checked_sub(1) {
            write(b":");
            write(&two_digits(minutes));
        }
        (text, length)
    }

    /// What is needed to convert between instants and this zone's wall clock.
    #[inline]
    pub(super) fn clock(self) -> Clock {
        if self.0 & FIXED == 0 {
            // The two names that are not in the database mean UTC.
            spans_of(self.0).map_or(Clock::Fixed(0), Clock::Spans)
        } else {
            let minutes = i32::from(offset_minutes(self.0 & DIGITS));
            let sign = if self.0 & NEGATIVE == 0 { 60 } else { -60 };
            Clock::Fixed(sign * minutes)
        }
    }

    /// Reads `[UTC|GMT](+|-)H[H][:MM]`.
    fn parse_fixed(text: &str) -> Option<Self> {
        let (prefix, rest) = if let Some(rest) = text.strip_prefix("UTC") {
            (1, rest)
        } else if let Some(rest) = text.strip_prefix("GMT") {
            (2, rest)
        } else {
            (0, text)
        };
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        let (sign, digits) = rest.as_bytes().split_first()?;
        let sign = match sign {
            b'+' => 0,
            b'-' => NEGATIVE,
            _ => return None,
        };
        let (hours, minutes) = match *digits {
            [hour] | [hour, b':', _, _] => (digit(hour)?, digits.get(2..)),
            [tens, ones] | [tens, ones, b':', _, _] => {
                (10 + 10 * digit(tens)? + digit(ones)?, digits.get(3..))
            }
            _ => return None,
        };
        let minutes = match minutes {
            Some(&[tens, ones]) => {
                let tens = digit(tens).filter(|&tens| tens < 6)?;
                1 + 10 * tens + digit(ones)?
            }
            _ => 0,
        };
        if hours >= HOUR_FORMS {
            return None;
        }
        let form = hours * MINUTE_FORMS + minutes;
        (offset_minutes(form) <= OFFSET_MINUTES_MAX)
            .then_some(Self(FIXED | prefix << PREFIX_SHIFT | sign | form))
    }
}

/// The minutes that hours and minutes written in some form amount to.
fn offset_minutes(form: u16) -> u16 {
    let hours = form / MINUTE_FORMS;
    let hours = if hours < 10 { hours } else { hours - 10 };
    60 * hours + (form % MINUTE_FORMS).saturating_sub(1)
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
        if let Ok(zone) = text.parse::<Tz>() {
            return Ok(Self(zone as u16));
        }
        let other = (0..).zip(OTHER_NAMES).find(|(_, name)| *name == text);
        if let Some((position, _)) = other {
            return Ok(Self(NAMED + position));
        }
        Self::parse_fixed(text)
            .ok_or_else(|| Error::refused(ErrorKind::UnknownTimeZone, "time_zone", text, ACCEPTED))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
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
pub(super) enum Clock {
    Fixed(i32),
    Spans(&'static Spans),
}

impl Clock {
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
