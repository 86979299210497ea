//! The limits of the documented API, each with the text that refusals state.

use std::ops::RangeInclusive;

use crate::error::{Error, ErrorKind};

/// The whole numbers that a parameter or a field accepts.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// What is accepted, in words.
    pub(crate) accepted: &'static str,
}

/// [`Limits`], with the words of the same numbers.
macro_rules! whole_numbers {
    ($min:literal to $max:literal) => {
        Limits {
            min: $min,
            max: $max,
            accepted: concat!("a whole number from ", $min, " to ", $max),
        }
    };
}

/// `limit`: how many tasks a page may hold.
pub(crate) const PAGE: Limits = whole_numbers!(0 to 50);

/// `priority`: the rule priority.
pub(crate) const PRIORITY: Limits = whole_numbers!(0 to 50);

/// `wait_time`: how long a triggered task waits. The documented page gives no unit.
pub(crate) const WAIT_TIME: Limits = whole_numbers!(0 to 43_200);

/// `day_interval`: the distance of two executions in calendar days.
pub(crate) const DAY_INTERVAL: Limits = whole_numbers!(1 to 31);

/// The years of every date.
pub(crate) const YEARS: RangeInclusive<i32> = 1..=9999;

/// What a date accepts whose year is outside [`YEARS`], in words.
pub(crate) const YEARS_ACCEPTED: &str = "a date of years 0001 to 9999";

macro_rules! text_length {
    (at most $max:literal) => {
        /// The longest identifier, name or description, in Unicode scalar values.
        pub(crate) const TEXT_LENGTH_MAX: usize = $max;

        /// What an identifier or a name accepts, in words.
        pub(crate) const TEXT_ACCEPTED: &str = concat!("1 to ", $max, " characters");

        /// What a text accepts that may be empty, in words.
        pub(crate) const OPTIONAL_TEXT_ACCEPTED: &str = concat!("at most ", $max, " characters");
    };
}

text_length!(at most 255);

impl Limits {
    pub(crate) const fn contain(&self, number: u32) -> bool {
        self.min <= number && number <= self.max
    }

    /// Refuses a number outside the limits.
    pub(crate) fn check(&self, parameter: &'static str, number: u32) -> Result<u32, Error> {
        if self.contain(number) {
            return Ok(number);
        }
        Err(Error::refused(
            ErrorKind::OutOfRange,
            parameter,
            &number.to_string(),
            self.accepted,
        ))
    }
}

/// Refuses an empty text and one that is too long.
pub(crate) fn check_text(parameter: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(wrong_length(parameter, text, TEXT_ACCEPTED));
    }
    check_optional_text(parameter, text)
}

/// Refuses a text that is too long.
pub(crate) fn check_optional_text(parameter: &'static str, text: &str) -> Result<(), Error> {
    // A character takes at least one byte, so most texts need no counting.
    if text.len() > TEXT_LENGTH_MAX && text.chars().nth(TEXT_LENGTH_MAX).is_some() {
        return Err(wrong_length(parameter, text, OPTIONAL_TEXT_ACCEPTED));
    }
    Ok(())
}

fn wrong_length(parameter: &'static str, text: &str, accepted: &'static str) -> Error {
    Error::refused(ErrorKind::InvalidLength, parameter, text, accepted)
}
