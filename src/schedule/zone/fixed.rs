//! Fixed offsets, written `[UTC|GMT](+|-)H[H][:MM]` up to 14 hours either way.

/// A fixed offset and how it is written, in 15 bits: 2 of prefix, 1 of sign, and 11 of the forms
/// of hours and minutes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedOffset(u16);

const PREFIX_SHIFT: u32 = 13;
const PREFIXES: [&str; 3] = ["", "UTC", "GMT"];
const NEGATIVE: u16 = 1 << 12;
const FORM: u16 = (1 << 11) - 1;
/// One digit: 0 to 9. Two digits: 00 to 14.
const HOUR_FORMS: u16 = 25;
/// Left out, or 00 to 59.
const MINUTE_FORMS: u16 = 61;
const FORMS: u16 = HOUR_FORMS * MINUTE_FORMS;
const MINUTES_MAX: u16 = 14 * 60;

const _: () = assert!(FORMS <= FORM);

impl FixedOffset {
    /// Below this are the bits of every offset.
    pub(super) const BITS_END: u16 = 1 << 15;

    pub(super) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// How far the wall clock is ahead of UTC.
    #[inline]
    pub(super) fn seconds(self) -> i32 {
        let minutes = i32::from(minutes(self.0 & FORM));
        let sign = if self.0 & NEGATIVE == 0 { 60 } else { -60 };
        sign * minutes
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
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
        let (hours, minutes_text) = match *digits {
            [hour] | [hour, b':', _, _] => (digit(hour)?, digits.get(2..)),
            [tens, ones] | [tens, ones, b':', _, _] => {
                (10 + 10 * digit(tens)? + digit(ones)?, digits.get(3..))
            }
            _ => return None,
        };
        let minute_form = match minutes_text {
            Some(&[tens, ones]) => {
                let tens = digit(tens).filter(|&tens| tens < 6)?;
                1 + 10 * tens + digit(ones)?
            }
            _ => 0,
        };
        if hours >= HOUR_FORMS {
            return None;
        }
        let form = hours * MINUTE_FORMS + minute_form;
        (minutes(form) <= MINUTES_MAX).then_some(Self(prefix << PREFIX_SHIFT | sign | form))
    }

    /// The offset as it was written.
    pub(super) fn name(self) -> &'static str {
        let form = self.0 & FORM;
        let before = usize::from(self.0 / NEGATIVE) * FORMS as usize;
        let start = NAME_WIDTH * (before + usize::from(form));
        let name = NAMES.get(start..start + NAME_WIDTH);
        name.unwrap_or_default().trim_ascii_end()
    }
}

/// The minutes that hours and minutes written in some form amount to.
fn minutes(form: u16) -> u16 {
    let hours = form / MINUTE_FORMS;
    let hours = if hours < 10 { hours } else { hours - 10 };
    60 * hours + (form % MINUTE_FORMS).saturating_sub(1)
}

/// The length of the longest names.
const NAME_WIDTH: usize = "UTC+00:00".len();
const NAME_COUNT: usize = 2 * PREFIXES.len() * FORMS as usize;

/// All names in the order of their bits, each filled up to the same width.
///
/// They take 82 KB of the program, and save a listing the making of a text for each task with
/// such a zone: 0.2 us of a page of 50 where every fourth has one.
static NAMES: &str = match str::from_utf8(NAME_BYTES.as_flattened()) {
    Ok(names) => names,
    Err(_) => "",
};

static NAME_BYTES: [[u8; NAME_WIDTH]; NAME_COUNT] = all_names();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::large_stack_arrays,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const fn all_names() -> [[u8; NAME_WIDTH]; NAME_COUNT] {
    let mut names = [[b' '; NAME_WIDTH]; NAME_COUNT];
    let mut number = 0;
    while number < NAME_COUNT {
        let signed = number / FORMS as usize;
        let form = (number % FORMS as usize) as u16;
        let name = &mut names[number];
        let prefix = PREFIXES[signed / 2].as_bytes();
        let mut length = 0;
        while length < prefix.len() {
            name[length] = prefix[length];
            length += 1;
        }
        name[length] = [b'+', b'-'][signed % 2];
        length += 1;
        let hours = form / MINUTE_FORMS;
        if hours >= 10 {
            name[length] = b'0' + ((hours - 10) / 10) as u8;
            length += 1;
        }
        name[length] = b'0' + (hours % 10) as u8;
        length += 1;
        if let Some(minutes) = (form % MINUTE_FORMS).checked_sub(1) {
            name[length] = b':';
            name[length + 1] = b'0' + (minutes / 10) as u8;
            name[length + 2] = b'0' + (minutes % 10) as u8;
        }
        number += 1;
    }
    names
}
