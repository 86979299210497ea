//! Small sets of weekdays, months and dates of the month.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::calendar::LAST_OF_MONTH;
use super::text::parse_number;
use crate::error::{Error, ErrorKind};

/// What the three sets share: reading and writing of the documented lists.
macro_rules! documented_list {
    ($set:ident, $expecting:literal) => {
        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $set;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$set, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($set))
            }
        }

        impl fmt::Display for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (position, item) in self.iter().enumerate() {
                    if position > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
        }
    };
}

/// The weekdays of a `WEEK` schedule: 1 is Sunday, 7 is Saturday.
///
/// Never empty. The text form is the documented `week_list`: numbers between
/// commas, spaces around them allowed, repeated ones collapsed. It is written
/// in ascending order.
///
/// ```
/// use taskdex::schedule::Weekdays;
///
/// let days: Weekdays = "6, 2,02".parse()?;
/// assert_eq!(days.to_string(), "2,6");
/// assert!(days.contains(2), "Monday");
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weekdays(
    /// Bit 0 is Sunday.
    u8,
);

impl Weekdays {
    /// Every day of the week.
    pub const ALL: Self = Self(0b111_1111);

    const ACCEPTED: &str = "numbers 1 (Sunday) to 7 (Saturday) between commas";

    /// The set of some weekdays, by number.
    ///
    /// # Errors
    ///
    /// Names `week_list`: [`ErrorKind::OutOfRange`] for a number that is not 1
    /// to 7, [`ErrorKind::InvalidSyntax`] for no number at all.
    pub fn new(numbers: impl IntoIterator<Item = u8>) -> Result<Self, Error> {
        let mut bits = 0;
        for number in numbers {
            bits |= number_bit(number, 7, "week_list", Self::ACCEPTED)?;
        }
        not_empty(bits, "week_list", Self::ACCEPTED)?;
        Ok(Self(low_bits(bits)))
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    /// Whether the set has the weekday of this number.
    #[must_use]
    pub fn contains(self, number: u8) -> bool {
        has_number(u32::from(self.0), number, 7)
    }

    /// The numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..=7).filter(move |&number| self.contains(number))
    }
}

impl FromStr for Weekdays {
    type Err = Error;

    /// # Errors
    ///
    /// As [`Weekdays::new`], and [`ErrorKind::InvalidSyntax`] for other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bits = parse_list(text, 7, false, "week_list", Self::ACCEPTED)?;
        Ok(Self(low_bits(bits)))
    }
}

documented_list!(Weekdays, "a list of weekdays such as `2,6`");

/// The months of a `MONTH` schedule: 1 is January, 12 is December.
///
/// Never empty. The text form is the documented `month_list`: numbers between
/// commas, spaces around them allowed, repeated ones collapsed. It is written
/// in ascending order.
///
/// ```
/// use taskdex::schedule::Months;
///
/// let months: Months = "12,1 , 6".parse()?;
/// assert_eq!(months.to_string(), "1,6,12");
/// assert_eq!(Months::new([1, 6, 12])?, months);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Months(
    /// Bit 0 is January.
    u16,
);

impl Months {
    /// Every month of the year.
    pub const ALL: Self = Self(0xFFF);

    const ACCEPTED: &str = "numbers 1 to 12 between commas";

    /// The set of some months, by number.
    ///
    /// # Errors
    ///
    /// Names `month_list`: [`ErrorKind::OutOfRange`] for a number that is not 1
    /// to 12, [`ErrorKind::InvalidSyntax`] for no number at all.
    pub fn new(numbers: impl IntoIterator<Item = u8>) -> Result<Self, Error> {
        let mut bits = 0;
        for number in numbers {
            bits |= number_bit(number, 12, "month_list", Self::ACCEPTED)?;
        }
        not_empty(bits, "month_list", Self::ACCEPTED)?;
        Ok(Self(low_bits(bits)))
    }

    pub(super) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u16 {
        self.0
    }

    /// Whether the set has the month of this number.
    #[must_use]
    pub fn contains(self, number: u8) -> bool {
        has_number(u32::from(self.0), number, 12)
    }

    /// The numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..=12).filter(move |&number| self.contains(number))
    }
}

impl FromStr for Months {
    type Err = Error;

    /// # Errors
    ///
    /// As [`Months::new`], and [`ErrorKind::InvalidSyntax`] for other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bits = parse_list(text, 12, false, "month_list", Self::ACCEPTED)?;
        Ok(Self(low_bits(bits)))
    }
}

documented_list!(Months, "a list of months such as `1,6,12`");

/// One item of [`MonthDates`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MonthDate {
    /// A date of the month, 1 to 31.
    Date(u8),
    /// The last day of the month, written `L`.
    Last,
}

impl fmt::Display for MonthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(number) => write!(f, "{number}"),
            Self::Last => f.write_str("L"),
        }
    }
}

/// The dates of a `MONTH` schedule: 1 to 31, and `L` for a month's last day.
///
/// Never empty. A date that a month does not have is passed over in it. The
/// text form is the documented `date_list`: items between commas, spaces around
/// them allowed, repeated ones collapsed. It is written in ascending order, `L`
/// last.
///
/// ```
/// use taskdex::{MonthDate, MonthDates};
///
/// let dates: MonthDates = "L,15, 1".parse()?;
/// assert_eq!(dates.to_string(), "1,15,L");
/// assert!(dates.contains(MonthDate::Last));
/// assert!(!dates.contains(MonthDate::Date(31)));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonthDates(
    /// Bit 0 is the first of the month, bit 31 is `L`.
    u32,
);

impl MonthDates {
    const ACCEPTED: &str = "numbers 1 to 31, or L for the last day, between commas";

    /// The set of some dates.
    ///
    /// # Errors
    ///
    /// Names `date_list`: [`ErrorKind::OutOfRange`] for a number that is not 1
    /// to 31, [`ErrorKind::InvalidSyntax`] for no date at all.
    pub fn new(dates: impl IntoIterator<Item = MonthDate>) -> Result<Self, Error> {
        let mut bits = 0;
        for date in dates {
            bits |= match date {
                MonthDate::Date(number) => number_bit(number, 31, "date_list", Self::ACCEPTED)?,
                MonthDate::Last => LAST_OF_MONTH,
            };
        }
        not_empty(bits, "date_list", Self::ACCEPTED)?;
        Ok(Self(bits))
    }

    pub(super) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// Whether the set has this item.
    ///
    /// `Last` is an item of its own, which no number stands for.
    #[must_use]
    pub fn contains(self, date: MonthDate) -> bool {
        match date {
            MonthDate::Date(number) => has_number(self.0, number, 31),
            MonthDate::Last => self.0 & LAST_OF_MONTH != 0,
        }
    }

    /// The items, ascending, `Last` at the end.
    pub fn iter(self) -> impl Iterator<Item = MonthDate> {
        (1..=31)
            .map(MonthDate::Date)
            .chain([MonthDate::Last])
            .filter(move |&date| self.contains(date))
    }
}

impl FromStr for MonthDates {
    type Err = Error;

    /// # Errors
    ///
    /// As [`MonthDates::new`], and [`ErrorKind::InvalidSyntax`] for other text.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_list(text, 31, true, "date_list", Self::ACCEPTED).map(Self)
    }
}

documented_list!(MonthDates, "a list of dates such as `1,15,L`");

/// The bits of a set whose numbers were checked to fit.
fn low_bits<T: TryFrom<u32> + Default>(bits: u32) -> T {
    T::try_from(bits).unwrap_or_default()
}

fn has_number(bits: u32, number: u8, number_max: u8) -> bool {
    (1..=number_max).contains(&number) && bits >> (number - 1) & 1 != 0
}

fn number_bit(
    number: u8,
    number_max: u8,
    parameter: &'static str,
    accepted: &'static str,
) -> Result<u32, Error> {
    if (1..=number_max).contains(&number) {
        return Ok(1 << (number - 1));
    }
    Err(Error::refused(
        ErrorKind::OutOfRange,
        parameter,
        &number.to_string(),
        accepted,
    ))
}

fn not_empty(bits: u32, parameter: &'static str, accepted: &'static str) -> Result<(), Error> {
    if bits == 0 {
        return Err(Error::refused(
            ErrorKind::InvalidSyntax,
            parameter,
            "",
            accepted,
        ));
    }
    Ok(())
}

/// Reads a list: bit 0 stands for 1, and bit 31 for `L`, where that is allowed.
fn parse_list(
    text: &str,
    number_max: u8,
    last_allowed: bool,
    parameter: &'static str,
    accepted: &'static str,
) -> Result<u32, Error> {
    let mut bits = 0;
    for item in text.split(',') {
        let item = item.trim_matches(' ');
        bits |= if last_allowed && item == "L" {
            LAST_OF_MONTH
        } else {
            // One or two digits fit in a byte.
            let number = (item.len() <= 2)
                .then(|| parse_number(item.as_bytes()))
                .flatten()
                .and_then(|number| u8::try_from(number).ok());
            let Some(number) = number else {
                return Err(Error::refused(
                    ErrorKind::InvalidSyntax,
                    parameter,
                    text,
                    accepted,
                ));
            };
            number_bit(number, number_max, parameter, accepted)?
        };
    }
    Ok(bits)
}
