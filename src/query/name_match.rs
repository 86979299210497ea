//! The three ways to ask for a name.

use memchr::memmem::Finder;

use crate::error::Error;
use crate::limits::check_optional_text;
use crate::spelled::vocabulary;

/// A filter on a task's name.
///
/// The text is taken literally, character by character: `%`, `_` and `*` are
/// ordinary characters, and no Unicode normalization takes place, so `é` as
/// one character and `é` as two are different texts.
///
/// ```
/// use taskdex::NameMatch;
///
/// assert!(NameMatch::contains("restart")?.matches("nightly-restart"));
/// assert!(!NameMatch::contains("Restart")?.matches("nightly-restart"));
/// assert!(NameMatch::contains_ignoring_case("RESTART")?.matches("nightly-restart"));
/// assert!(!NameMatch::exactly("restart")?.matches("nightly-restart"));
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameMatch {
    mode: NameMatchMode,
    /// Folded where the mode ignores case.
    needle: Box<str>,
}

vocabulary! {
    /// How a [`NameMatch`] compares its text with a name.
    ///
    /// ```
    /// use taskdex::{NameMatch, query::NameMatchMode};
    ///
    /// let mode: NameMatchMode = "contains_ignoring_case".parse()?;
    /// let name = NameMatch::new(mode, "Restart")?;
    /// assert_eq!(name, NameMatch::contains_ignoring_case("Restart")?);
    /// assert_eq!(name.mode(), NameMatchMode::ContainsIgnoringCase);
    /// assert_eq!(name.text(), "restart");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[non_exhaustive]
    NameMatchMode, "name_match_mode" {
        /// The text occurs in the name.
        Contains = "contains",
        /// The text occurs in the name, in any letter case.
        ContainsIgnoringCase = "contains_ignoring_case",
        /// The text is the name.
        Exactly = "exactly",
    }
}

impl NameMatch {
    /// Names in which `text` occurs: what the documented `task_name` asks for.
    ///
    /// That it is a substring match is a decision of this crate: the documented page says only
    /// "task name", and clients of the service call the filter fuzzy. The
    /// empty text occurs in every name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLength`](crate::ErrorKind::InvalidLength) for more
    /// than 255 characters.
    pub fn contains(text: &str) -> Result<Self, Error> {
        Self::new(NameMatchMode::Contains, text)
    }

    /// Names in which `text` occurs in any letter case.
    ///
    /// Letters are compared by simple case folding: the mappings of status C
    /// and S in Unicode's `CaseFolding.txt`, one character to one, and the
    /// same in every language. So `ß` matches `ẞ` but not `ss`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLength`](crate::ErrorKind::InvalidLength) for more
    /// than 255 characters.
    pub fn contains_ignoring_case(text: &str) -> Result<Self, Error> {
        Self::new(NameMatchMode::ContainsIgnoringCase, text)
    }

    /// The one name that equals `text`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLength`](crate::ErrorKind::InvalidLength) for more
    /// than 255 characters.
    pub fn exactly(text: &str) -> Result<Self, Error> {
        Self::new(NameMatchMode::Exactly, text)
    }

    /// Names that `text` matches in a way that is chosen at run time: what the constructor of the
    /// mode's name gives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLength`](crate::ErrorKind::InvalidLength) for more
    /// than 255 characters.
    pub fn new(mode: NameMatchMode, text: &str) -> Result<Self, Error> {
        check_optional_text("task_name", text)?;
        let needle = match mode {
            NameMatchMode::ContainsIgnoringCase => fold_case(text).into(),
            NameMatchMode::Contains | NameMatchMode::Exactly => text.into(),
        };
        Ok(Self { mode, needle })
    }

    /// How the text is compared.
    #[must_use]
    pub fn mode(&self) -> NameMatchMode {
        self.mode
    }

    /// The text that is looked for, case-folded where the mode ignores case.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.needle
    }

    /// Whether a task of this name passes the filter. O(length of `name`).
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self.mode {
            NameMatchMode::Contains => name.contains(&*self.needle),
            NameMatchMode::ContainsIgnoringCase => fold_case(name).contains(&*self.needle),
            NameMatchMode::Exactly => name == &*self.needle,
        }
    }
}

/// A [`NameMatch`] made ready for many names.
#[derive(Debug)]
pub(crate) struct NameMatcher<'a> {
    wanted: &'a NameMatch,
    finder: Finder<'a>,
    folded: String,
}

impl<'a> NameMatcher<'a> {
    pub(crate) fn new(wanted: &'a NameMatch) -> Self {
        Self {
            wanted,
            finder: Finder::new(wanted.needle.as_bytes()),
            folded: String::new(),
        }
    }

    /// The same as [`NameMatch::matches`].
    pub(crate) fn matches(&mut self, name: &str) -> bool {
        let name = match self.wanted.mode {
            NameMatchMode::Exactly => return name == &*self.wanted.needle,
            NameMatchMode::Contains => name,
            NameMatchMode::ContainsIgnoringCase => {
                self.folded.clear();
                if name.is_ascii() {
                    self.folded.push_str(name);
                    self.folded.make_ascii_lowercase();
                } else {
                    self.folded.extend(name.chars().map(fold_character));
                }
                &self.folded
            }
        };
        self.finder.find(name.as_bytes()).is_some()
    }
}

/// `text` with each character replaced by its simple case folding.
pub(crate) fn fold_case(text: &str) -> String {
    text.chars().map(fold_character).collect()
}

pub(crate) fn fold_character(character: char) -> char {
    match character {
        '\0'..='\x7f' => return character.to_ascii_lowercase(),
        // Chinese, Japanese, Yi and Korean: no letters with case, and no look at the tables.
        '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' => return character,
        _ => {}
    }
    unicode_case_mapping::case_folded(character)
        .and_then(|folded| char::from_u32(folded.get()))
        .unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_simple_and_the_same_in_every_language() {
        // Pairs of CaseFolding.txt: statuses C and S fold, F and T do not.
        for (text, folded) in [
            ("AZaz09", "azaz09"),
            ("ÀÉ", "àé"),
            ("Σσς", "σσσ"),
            ("ẞ", "ß"),
            ("ß", "ß"),
            ("\u{212a}", "k"),
            ("I", "i"),
            ("\u{130}", "\u{130}"),
            ("Жж", "жж"),
            ("研发", "研发"),
            ("\u{10400}", "\u{10428}"),
        ] {
            assert_eq!(fold_case(text), folded, "{text}");
        }
    }

    #[test]
    fn no_character_that_the_tables_fold_is_passed_over() {
        for character in '\0'..=char::MAX {
            let folded = unicode_case_mapping::case_folded(character)
                .map_or(character, |it| char::from_u32(it.get()).unwrap());
            assert_eq!(fold_character(character), folded, "{character:?}");
        }
    }
}
