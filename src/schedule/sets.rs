//! Small sets of weekdays, months and dates of the month.

use std::fmt;
use std::iter::FusedIterator;
use std::str::FromStr;

use chrono::{Month, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::calendar::LAST_OF_MONTH;
use super::text::parse_number;
use crate::error::{Error, ErrorKind};
use crate::spelled::deserialize_parsed;

/// What is accepted as an item of a documented list.
struct Items {
    parameter: &'static str,
    number_max: u8,
    /// Whether `L` is an item: bit 31.
    has_last: bool,
    /// What is accepted, in words, given `number_max`.
    accepted: fn(u8) -> String,
}

const WEEKDAYS: Items = Items {
    parameter: "week_list",
    number_max: 7,
    has_last: false,
    accepted: |max| format!("numbers 1 (Sunday) to {max} (Saturday) between commas"),
};

const MONTHS: Items = Items {
    parameter: "month_list",
    number_max: 12,
    has_last: false,
    accepted: |max| format!("numbers 1 to {max} between commas"),
};

const MONTH_DATES: Items = Items {
    parameter: "date_list",
    number_max: 31,
    has_last: true,
    accepted: |max| format!("numbers 1 to {max}, or L for the last day, between commas"),
};

impl Items {
    /// The bits of all numbers.
    const fn all(&self) -> u32 {
        u32::MAX >> (u32::BITS - self.number_max as u32)
    }

    /// The bit of a number.
    fn bit(&self, number: u8) -> Result<u32, Error> {
        if (1..=self.number_max).contains(&number) {
            return Ok(1 << (number - 1));
        }
        Err(self.refused(ErrorKind::OutOfRange, &number.to_string()))
    }

    /// Refuses the empty set.
    fn not_empty(&self, bits: u32) -> Result<u32, Error> {
        if bits == 0 {
            return Err(self.refused(ErrorKind::InvalidSyntax, ""));
        }
        Ok(bits)
    }

    /// Reads a list: bit 0 stands for 1, and bit 31 for `L`.
    fn parse(&self, text: &str) -> Result<u32, Error> {
        let mut bits = 0;
        for item in text.split(',') {
            let item = item.trim_matches(' ');
            bits |= if self.has_last && item == "L" {
                LAST_OF_MONTH
            } else {
                // One or two digits fit in a byte.
                let number = (item.len() <= 2)
                    .then(|| parse_number(item.as_bytes()))
                    .flatten()
                    .and_then(|number| u8::try_from(number).ok());
                self.bit(number.ok_or_else(|| self.refused(ErrorKind::InvalidSyntax, text))?)?
            };
        }
        Ok(bits)
    }

    fn refused(&self, kind: ErrorKind, value: &str) -> Error {
        let accepted = (self.accepted)(self.number_max);
        Error::refused(kind, self.parameter, value, accepted)
    }
}

/// What the three sets share: iteration, and the text form of the documented lists.
macro_rules! documented_list {
    ($set:ident($bits:ty) of $item:ident as $iter:ident, $items:ident, $from_bit:expr) => {
        impl $set {
            pub(super) fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            pub(super) fn bits(self) -> $bits {
                self.0
            }

            /// A set whose items were checked, so that their bits fit.
            fn from_checked(bits: u32) -> Self {
                Self(<$bits>::try_from(bits).unwrap_or_default())
            }

            /// The items, ascending.
            pub fn iter(self) -> $iter {
                $iter(self.0)
            }
        }

        #[doc = concat!("The items of [`", stringify!($set), "`], ascending.")]
        #[derive(Debug, Clone)]
        #[must_use = "iterators are lazy and do nothing unless consumed"]
        pub struct $iter($bits);

        impl Iterator for $iter {
            type Item = $item;

            fn next(&mut self) -> Option<$item> {
                let lowest = self.0 & self.0.wrapping_neg();
                self.0 &= !lowest;
                (lowest != 0).then(|| $from_bit(lowest.trailing_zeros()))
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                let count = self.0.count_ones() as usize;
                (count, Some(count))
            }
        }

        impl ExactSizeIterator for $iter {}

        impl FusedIterator for $iter {}

        impl IntoIterator for $set {
            type Item = $item;
            type IntoIter = $iter;

            fn into_iter(self) -> $iter {
                self.iter()
            }
        }

        impl FromStr for $set {
            type Err = Error;

            /// # Errors
            ///
            #[doc = concat!("As [`", stringify!($set), "::new`], [`ErrorKind::OutOfRange`] for a")]
            /// number that is none of them, and [`ErrorKind::InvalidSyntax`] for other text.
            fn from_str(text: &str) -> Result<Self, Error> {
                $items.parse(text).map(Self::from_checked)
            }
        }

        impl fmt::Display for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (position, date) in MonthDateIter(self.0.into()).enumerate() {
                    if position > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{date}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($set))
            }
        }

        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_parsed(deserializer)
            }
        }
    };
}

/// The weekdays of a `WEEK` schedule. Never empty.
///
/// They are made of chrono's [`Weekday`]s. The text form is the documented `week_list`, in which
/// **1 is Sunday and 7 is Saturday**: numbers between commas, spaces around them allowed, repeated
/// ones collapsed. It is written in ascending order.
///
/// ```
/// use chrono::Weekday;
/// use taskdex::schedule::Weekdays;
///
/// let days: Weekdays = "6, 2,02".parse()?;
/// assert_eq!(days.to_string(), "2,6");
/// assert_eq!(days, Weekdays::new([Weekday::Fri, Weekday::Mon])?);
/// assert!(days.contains(Weekday::Mon));
/// assert_eq!(Weekdays::from(Weekday::Sun).to_string(), "1");
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weekdays(
    /// Bit 0 is Sunday.
    u8,
);

impl Weekdays {
    /// Every day of the week.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits")]
    pub const ALL: Self = Self(WEEKDAYS.all() as u8);

    /// The set of some weekdays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] for no weekday at all, naming `week_list`.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Result<Self, Error> {
        let bits = days
            .into_iter()
            .fold(0, |bits, day| bits | weekday_bit(day));
        WEEKDAYS.not_empty(bits.into())?;
        Ok(Self(bits))
    }

    /// Whether the set has this weekday.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & weekday_bit(day) != 0
    }
}

impl From<Weekday> for Weekdays {
    fn from(day: Weekday) -> Self {
        Self(weekday_bit(day))
    }
}

fn weekday_bit(day: Weekday) -> u8 {
    1 << day.num_days_from_sunday()
}

documented_list!(Weekdays(u8) of Weekday as WeekdayIter, WEEKDAYS, |bit: u32| {
    (1..=bit).fold(Weekday::Sun, |day, _| day.succ())
});

/// The months of a `MONTH` schedule. Never empty.
///
/// They are made of chrono's [`Month`]s. The text form is the documented `month_list`, in which 1
/// is January: numbers between commas, spaces around them allowed, repeated ones collapsed. It is
/// written in ascending order.
///
/// ```
/// use chrono::Month;
/// use taskdex::schedule::Months;
///
/// let months: Months = "12,1 , 6".parse()?;
/// assert_eq!(months.to_string(), "1,6,12");
/// assert_eq!(Months::new([Month::January, Month::June, Month::December])?, months);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Months(
    /// Bit 0 is January.
    u16,
);

impl Months {
    /// Every month of the year.
    #[expect(clippy::cast_possible_truncation, reason = "twelve bits")]
    pub const ALL: Self = Self(MONTHS.all() as u16);

    /// The set of some months.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] for no month at all, naming `month_list`.
    pub fn new(months: impl IntoIterator<Item = Month>) -> Result<Self, Error> {
        let months = months.into_iter();
        let bits = months.fold(0, |bits, month| bits | month_bit(month));
        MONTHS.not_empty(bits.into())?;
        Ok(Self(bits))
    }

    /// Whether the set has this month.
    #[must_use]
    pub fn contains(self, month: Month) -> bool {
        self.0 & month_bit(month) != 0
    }
}

impl From<Month> for Months {
    fn from(month: Month) -> Self {
        Self(month_bit(month))
    }
}

fn month_bit(month: Month) -> u16 {
    1 << (month.number_from_month() - 1)
}

documented_list!(Months(u16) of Month as MonthIter, MONTHS, |bit: u32| {
    (1..=bit).fold(Month::January, |month, _| month.succ())
});

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
    /// The set of some dates.
    ///
    /// # Errors
    ///
    /// Names `date_list`: [`ErrorKind::OutOfRange`] for a number that is not 1
    /// to 31, [`ErrorKind::InvalidSyntax`] for no date at all.
    pub fn new(dates: impl IntoIterator<Item = MonthDate>) -> Result<Self, Error> {
        let mut bits = 0;
        for date in dates {
            bits |= month_date_bit(date)?;
        }
        MONTH_DATES.not_empty(bits).map(Self)
    }

    /// Whether the set has this item.
    ///
    /// `Last` is an item of its own, which no number stands for.
    #[must_use]
    pub fn contains(self, date: MonthDate) -> bool {
        month_date_bit(date).is_ok_and(|bit| self.0 & bit != 0)
    }
}

fn month_date_bit(date: MonthDate) -> Result<u32, Error> {
    match date {
        MonthDate::Date(number) => MONTH_DATES.bit(number),
        MonthDate::Last => Ok(LAST_OF_MONTH),
    }
}

documented_list!(MonthDates(u32) of MonthDate as MonthDateIter, MONTH_DATES, |bit: u32| {
    u8::try_from(bit + 1)
        .ok()
        .filter(|&number| number <= MONTH_DATES.number_max)
        .map_or(MonthDate::Last, MonthDate::Date)
});
