//! Row numbers, of a type for each table that has rows.

use std::fmt;
use std::ops::Range;

/// The number of a row in one table.
///
/// Each table has a type of its own, so that no set of rows of one is taken for rows of another.
pub(crate) trait RowNumber: Copy + Ord + Default + fmt::Debug {
    fn new(number: u32) -> Self;

    fn get(self) -> u32;
}

/// A task's place in the arrays of its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Slot(u32);

impl RowNumber for Slot {
    #[inline]
    fn new(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    fn get(self) -> u32 {
        self.0
    }
}

impl Slot {
    pub(crate) const FIRST: Self = Self(0);

    /// The last number there is. No row has it: it is the end of all of them.
    pub(crate) const MAX: Self = Self(u32::MAX);

    /// The number after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number before this one.
    pub(super) fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The numbers of a range, in order.
    pub(super) fn range(range: Range<Self>) -> impl DoubleEndedIterator<Item = Self> {
        (range.start.0..range.end.0).map(Self)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Plain numbers, for tests of sets.
#[cfg(test)]
impl RowNumber for u32 {
    fn new(number: u32) -> Self {
        number
    }

    fn get(self) -> u32 {
        self
    }
}
