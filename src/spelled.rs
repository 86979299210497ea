//! Closed sets of values that have spellings: each value is written once, in one table.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{self, Visitor};

use crate::error::Error;

/// Defines an enum whose values have spellings, each written once.
///
/// Gives `ALL`, `COUNT`, `as_str` and `from_spelling`. The discriminant of a value is its position
/// in the table.
macro_rules! spelled {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $enum:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $spelling:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $enum {
            $($(#[$variant_meta])* $variant,)+
        }

        #[allow(dead_code, reason = "not every table needs everything")]
        impl $enum {
            /// Every value, in the order of the table.
            $visibility const ALL: &'static [Self] = &Self::VALUES;

            /// How many values there are; the discriminant of each is less.
            pub(crate) const COUNT: usize = [$($spelling),+].len();

            /// [`ALL`](Self::ALL), with the length in its type.
            pub(crate) const VALUES: [Self; Self::COUNT] = [$(Self::$variant),+];

            /// The spelling of the value on the wire.
            #[must_use]
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $spelling,)+
                }
            }

            /// The value of this spelling, in the same letter case.
            pub(crate) fn from_spelling(text: &str) -> Option<Self> {
                Some(match text {
                    $($spelling => Self::$variant,)+
                    _ => return None,
                })
            }
        }
    };
}

/// Defines a public closed set: a [`spelled!`] enum that is read from text and written as it.
///
/// The literal is the name of the parameter or field, which refusals name. Reading is
/// case-sensitive, as on the documented page.
macro_rules! vocabulary {
    (
        $(#[$meta:meta])*
        $enum:ident, $parameter:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $spelling:literal,)+
        }
    ) => {
        $crate::spelled::spelled! {
            $(#[$meta])*
            #[derive(Hash)]
            pub enum $enum {
                $($(#[$variant_meta])* $variant = $spelling,)+
            }
        }

        impl $enum {
            /// Every spelling, in words.
            pub(crate) const ACCEPTED: &'static str = $crate::spelled::joined!($($spelling),+);
        }

        impl ::std::str::FromStr for $enum {
            type Err = $crate::error::Error;

            /// # Errors
            ///
            /// [`ErrorKind::UnknownValue`](crate::ErrorKind::UnknownValue) for any other text, or
            /// another letter case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_spelling(text).ok_or_else(|| {
                    $crate::error::Error::refused(
                        $crate::error::ErrorKind::UnknownValue,
                        $parameter,
                        text,
                        Self::ACCEPTED,
                    )
                })
            }
        }

        impl ::std::fmt::Display for $enum {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::serde::Serialize for $enum {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $enum {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::spelled::deserialize_parsed(deserializer)
            }
        }
    };
}

/// Joins words to a text such as `A, B or C`, at compile time.
macro_rules! joined {
    ($($word:literal),+) => {
        $crate::spelled::joined!([$($word),+])
    };
    ($words:expr) => {{
        const WORDS: &[&str] = &$words;
        const TEXT: [u8; $crate::spelled::joined_length(WORDS)] = $crate::spelled::join(WORDS);
        match ::std::str::from_utf8(&TEXT) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }};
}

pub(crate) use {joined, spelled, vocabulary};

/// What stands before the word at `position` of `count`.
const fn separator(position: usize, count: usize) -> &'static str {
    if position == 0 {
        ""
    } else if position + 1 == count {
        " or "
    } else {
        ", "
    }
}

/// The length of the text that [`join`] makes, in bytes.
#[expect(clippy::indexing_slicing, reason = "a wrong index does not compile")]
pub(crate) const fn joined_length(words: &[&str]) -> usize {
    let mut length = 0;
    let mut position = 0;
    while position < words.len() {
        length += separator(position, words.len()).len() + words[position].len();
        position += 1;
    }
    length
}

/// The words as `A, B or C`; `N` is their [`joined_length`].
#[expect(clippy::indexing_slicing, reason = "a wrong index does not compile")]
pub(crate) const fn join<const N: usize>(words: &[&str]) -> [u8; N] {
    let mut text = [0; N];
    let mut end = 0;
    let mut position = 0;
    while position < words.len() {
        let parts = [separator(position, words.len()), words[position]];
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut at = 0;
            while at < bytes.len() {
                text[end] = bytes[at];
                end += 1;
                at += 1;
            }
            part += 1;
        }
        position += 1;
    }
    text
}

/// Deserializes a value from its text, as its `FromStr` reads it.
pub(crate) fn deserialize_parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = Error>,
{
    struct Parse<T>(PhantomData<T>);

    impl<T: FromStr<Err = Error>> Visitor<'_> for Parse<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Parse(PhantomData))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_joined_as_in_a_sentence() {
        assert_eq!(joined!("A"), "A");
        assert_eq!(joined!("A", "B"), "A or B");
        assert_eq!(joined!("A", "é", "C"), "A, é or C");
    }
}
