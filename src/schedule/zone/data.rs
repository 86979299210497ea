//! Zone data that an embedder brings, in place of what the crate carries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::database::{self, Database};
use super::fixed::FixedOffset;
use super::spans::Spans;
use super::{OTHER_NAMES, own, tzif};
use crate::error::{Error, ErrorKind};

/// The longest version, and the longest name of a zone, in bytes.
const TEXT_MAX: usize = 255;

/// Zone data newer than what the crate carries, to be put in force for the process.
///
/// Governments move clocks several times a year. The data that the crate carries is as new as
/// its last `cargo update`; a system often has newer data, as TZif files. They are read here zone
/// by zone from bytes, as this crate opens no file; its example `zoneinfo` walks a folder of
/// them.
///
/// Data is [put in force](Self::put_in_force) once, before the first zone is used, and holds
/// until the process ends, so that the same question always has the same answer. Names that it
/// lacks keep the data of the crate: a task in such a zone is not lost. This is a decision of this
/// crate. Names that the crate lacks are accepted from then on.
///
/// ```no_run
/// use taskdex::schedule::ZoneData;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut data = ZoneData::new("2027a")?;
/// data.add("Africa/Casablanca", &std::fs::read("/usr/share/zoneinfo/Africa/Casablanca")?)?;
/// for change in data.changes("2027-01-01T00:00:00Z".parse()?) {
///     println!("{} changes: {:?}", change.name, change.from);
/// }
/// data.put_in_force()?;
/// assert_eq!(taskdex::schedule::zone_database_version(), "2027a");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ZoneData {
    version: String,
    /// Checked TZif files by name.
    zones: BTreeMap<String, Box<[u8]>>,
}

/// A name whose offsets are others under [`ZoneData`] than under the data that the crate carries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZoneChange {
    /// The name of the zone.
    pub name: String,
    /// The first instant at which the offset is another; `None` for a name that the crate's own
    /// data lacks.
    pub from: Option<DateTime<Utc>>,
}

impl ZoneData {
    /// Data without a zone, under the version that [`zone_database_version`] will return.
    ///
    /// [`zone_database_version`]: super::zone_database_version
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLength`] for a version that is not of 1 to 255 bytes.
    pub fn new(version: &str) -> Result<Self, Error> {
        if version.is_empty() || version.len() > TEXT_MAX {
            let accepted = "1 to 255 bytes";
            let kind = ErrorKind::InvalidLength;
            return Err(Error::refused(kind, "zone_version", version, accepted));
        }
        Ok(Self {
            version: version.to_owned(),
            zones: BTreeMap::new(),
        })
    }

    /// Adds a zone: its name, and the bytes of its TZif file.
    ///
    /// Files of versions 1 to 3 are read; where there is no rule in the footer, the last offset
    /// stays. Takes time and memory for each byte and each year between the first and the last
    /// change: about 0.1 ms for a usual zone. The bytes are kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidZoneData`], with the name as its value and the fault as its
    /// [detail](Error::detail):
    ///
    /// - a name that is empty, longer than 255 bytes, of other characters than ASCII letters,
    ///   digits and `+-./_`, that means something else already (`Z`, `UTC+8`), or is `Factory`;
    /// - a name that was added before;
    /// - bytes that are no TZif file, or count leap seconds (those below `right/`);
    /// - an offset of a day or more, a change by more than a day, a change outside years 1
    ///   to 9999, more than 40,000 changes, or two changes so near to each other that one would
    ///   undo what the other skips or repeats: the search for executions relies on none of them.
    ///
    /// ```
    /// use taskdex::schedule::ZoneData;
    /// use taskdex::ErrorKind;
    ///
    /// let mut data = ZoneData::new("2027a")?;
    /// let error = data.add("Africa/Casablanca", b"TZif").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidZoneData);
    /// assert_eq!(error.value(), Some("Africa/Casablanca"));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn add(&mut self, name: &str, tzif: &[u8]) -> Result<(), Error> {
        let refused = |accepted: &'static str| {
            Error::refused(ErrorKind::InvalidZoneData, "zone_data", name, accepted)
        };
        if !is_possible_name(name) {
            let accepted = "a name of 1 to 255 ASCII letters, digits and +-./_ that means \
                            nothing else, and is not Factory";
            return Err(refused(accepted));
        }
        if self.zones.contains_key(name) {
            return Err(refused("each name once"));
        }
        if self.zones.len() == Database::GIVEN_MAX {
            return Err(refused("fewer names"));
        }
        tzif::read(tzif).map_err(|fault| {
            refused("the bytes of a TZif file whose changes can be searched").detailed(fault)
        })?;
        self.zones.insert(name.to_owned(), tzif.into());
        Ok(())
    }

    /// The version that was given.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The names that were added, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zones.keys().map(String::as_str)
    }

    /// The names whose offsets at some instant from `from` on are not those of the data that the
    /// crate carries, in order.
    ///
    /// It does not depend on the data in force. What lies before `from` is left out: editions
    /// often correct a year of long ago. Takes up to 0.1 ms for each zone.
    #[must_use]
    pub fn changes(&self, from: DateTime<Utc>) -> Vec<ZoneChange> {
        let mut changes = Vec::new();
        for (name, bytes) in &self.zones {
            let from = match (own::spans(name), tzif::read(bytes)) {
                (Some(old), Ok(new)) => match first_difference(&old, &new, from) {
                    None => continue,
                    difference => difference,
                },
                _ => None,
            };
            let name = name.clone();
            changes.push(ZoneChange { name, from });
        }
        changes
    }

    /// Puts the data in force for the process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ZoneDataInForce`] where data was put in force before, or a zone was used: a
    /// name was read, or an offset asked for. Then everything stays as it is.
    pub fn put_in_force(self) -> Result<(), Error> {
        let data = Database::new(&self.version, self.zones);
        database::put_in_force(data).map_err(|()| {
            let accepted = "zone data once, before the first zone is used";
            let kind = ErrorKind::ZoneDataInForce;
            Error::refused(kind, "zone_version", &self.version, accepted)
        })
    }
}

/// Whether a zone of this name can be told from what names mean without data.
fn is_possible_name(name: &str) -> bool {
    let is_possible = |byte: u8| byte.is_ascii_alphanumeric() || b"+-./_".contains(&byte);
    (1..=TEXT_MAX).contains(&name.len())
        && name.bytes().all(is_possible)
        && name != "Factory"
        && !OTHER_NAMES.contains(&name)
        // `GMT+0` is a name of the database, and looks like a fixed offset.
        && (FixedOffset::parse(name).is_none() || name.parse::<Tz>().is_ok())
}

/// The first instant from `from` on at which two zones differ.
fn first_difference(old: &Spans, new: &Spans, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // The instant given may be within a second.
    let second = new.first_difference(old, from.timestamp())?;
    DateTime::from_timestamp(second, 0).map(|found| found.max(from))
}
