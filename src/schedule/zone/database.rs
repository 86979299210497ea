//! The zone data in force: the names, their numbers, and the spans of each once it is used.

use std::collections::BTreeMap;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::spans::Spans;
use super::{OTHER_NAMES_FROM, own, tzif};
use crate::sync::OnceLock;

/// The data in force for the process, fixed by the first use of a zone or by
/// [`ZoneData::put_in_force`](super::ZoneData::put_in_force), whichever comes first.
///
/// Without the second it is the memo of a pure function of the program: nothing can be observed
/// of it but the time that a zone's first use takes.
static IN_FORCE: OnceLock<Database> = OnceLock::new();

/// Zone data. A name's number is its place in chrono-tz; behind those are all names that
/// chrono-tz lacks.
#[derive(Debug)]
pub(super) struct Database {
    version: Box<str>,
    /// The names that chrono-tz lacks, in order.
    more: Box<[Box<str>]>,
    /// By number, the TZif file where it is not the crate's own data that holds.
    installed: Box<[Option<Box<[u8]>>]>,
    /// By number, the spans of what was used.
    spans: Box<[OnceLock<Spans>]>,
}

/// The data in force; where none is yet, the crate's own is from here on.
#[inline]
pub(super) fn in_force() -> &'static Database {
    IN_FORCE.get_or_init(|| Database::new(own::version(), BTreeMap::new()))
}

/// The version of the data in force, or of the crate's own where none is yet.
pub(super) fn version_in_force() -> &'static str {
    IN_FORCE
        .get()
        .map_or_else(own::version, |data| &data.version)
}

/// Puts data in force, unless some is.
pub(super) fn put_in_force(data: Database) -> Result<(), ()> {
    IN_FORCE.set(data).map_err(|_| ())
}

impl Database {
    /// The most zones that may be given: numbers are left for all names of any edition.
    pub(super) const GIVEN_MAX: usize = OTHER_NAMES_FROM as usize / 2;

    /// The crate's own data, but for the zones that are given by name and checked TZif file.
    ///
    /// At most [`GIVEN_MAX`](Self::GIVEN_MAX) may be given.
    pub(super) fn new(version: &str, zones: BTreeMap<String, Box<[u8]>>) -> Self {
        let mut more: Vec<Box<str>> = own::names().map(Box::from).collect();
        more.extend(zones.keys().map(|name| Box::from(&**name)));
        more.retain(|name| name.parse::<Tz>().is_err());
        more.sort_unstable();
        more.dedup();
        let count = TZ_VARIANTS.len() + more.len();
        let mut data = Self {
            version: version.into(),
            more: more.into_boxed_slice(),
            installed: Box::default(),
            spans: std::iter::repeat_with(OnceLock::new).take(count).collect(),
        };
        let mut installed: Box<[_]> = std::iter::repeat_with(|| None).take(count).collect();
        for (name, bytes) in zones {
            let number = data.number(&name).map(usize::from);
            if let Some(place) = number.and_then(|number| installed.get_mut(number)) {
                *place = Some(bytes);
            }
        }
        data.installed = installed;
        data
    }

    /// The number of a name.
    pub(super) fn number(&self, name: &str) -> Option<u16> {
        let number = if let Ok(zone) = name.parse::<Tz>() {
            zone as usize
        } else {
            let found = self.more.binary_search_by(|more| (**more).cmp(name));
            TZ_VARIANTS.len() + found.ok()?
        };
        u16::try_from(number).ok()
    }

    /// The name of a number.
    pub(super) fn name(&self, number: u16) -> Option<&str> {
        let number = usize::from(number);
        match TZ_VARIANTS.get(number) {
            Some(zone) => Some(zone.name()),
            None => self
                .more
                .get(number - TZ_VARIANTS.len())
                .map(|name| &**name),
        }
    }

    /// The spans of a number.
    #[inline]
    pub(super) fn spans(&self, number: u16) -> Option<&Spans> {
        let memo = self.spans.get(usize::from(number))?;
        match memo.get() {
            Some(spans) => Some(spans),
            None => Some(memo.get_or_init(|| self.read(number))),
        }
    }

    /// The TZif file that holds for a number, where there is one.
    #[cfg(feature = "testkit")]
    pub(super) fn bytes(&self, number: u16) -> Option<&[u8]> {
        let installed = self.installed.get(usize::from(number))?.as_deref();
        installed.or_else(|| own::bytes(self.name(number)?))
    }

    fn read(&self, number: u16) -> Spans {
        let installed = self.installed.get(usize::from(number));
        let spans = match installed.and_then(Option::as_deref) {
            Some(bytes) => tzif::read(bytes).ok(),
            None => self.name(number).and_then(own::spans),
        };
        // Only names with data have a number, and data is read before it is given one.
        spans.unwrap_or_else(|| Spans::constant(0))
    }
}
