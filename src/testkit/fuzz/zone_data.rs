//! TZif files, as they come or made up.

use super::super::generate;
use super::super::plain_clock::PlainClock;
use super::super::source::{Bytes, Source};
use super::super::twins::{Counts, Difference};
use super::super::walk::walk_under;
use super::super::zone_file::zone_file;
use super::{check_message, count};
use crate::schedule::{LooseZone, ZoneData};

/// The begins of the years 1 and 9999.
const YEARS: std::ops::Range<i64> = -62_135_596_800..253_370_764_800;

/// Reads the input as a TZif file where it begins as one, and else makes one up from it. It is
/// refused, or its tables and the search are held to the conversions of the library that reads it.
///
/// # Errors
///
/// The first difference; or a message that is not short.
pub fn zone_data(input: &[u8]) -> Result<Counts, Difference> {
    let mut source = Bytes::new(input);
    let made;
    let file = if input.starts_with(b"TZif") {
        input
    } else {
        made = zone_file(&mut source);
        &made
    };
    let added = ZoneData::new("fuzz").and_then(|mut data| data.add("Odd/Zone", file));
    let counts = count("file", added.is_ok());
    if let Err(error) = added {
        check_message(&error)?;
        return Ok(counts);
    }
    let (Some(zone), Some(clock)) = (LooseZone::read(file), PlainClock::read(file)) else {
        let what = || "a file that was accepted".to_owned();
        return Err(Difference::between(what, &"not read", &"read"));
    };
    let changes = clock.listed_changes();
    // The first, the last, and others; and what lies around them, years away too.
    let picked = changes.iter().take(20).chain(changes.last());
    for change in picked.copied().chain([4_102_444_800]) {
        for years in [0, 1, 2, 399, 400, 401] {
            let begin = change.saturating_add(years * 31_556_952);
            let away = i64::from(source.below(172_800)) - 86_400;
            for seconds in [-1, 0, 1, away, 15_778_476 + away] {
                compare(&zone, &clock, begin.saturating_add(seconds))?;
            }
        }
    }
    for _ in 0..4 {
        search(&zone, &clock, &mut source)?;
    }
    Ok(counts)
}

fn compare(zone: &LooseZone, clock: &PlainClock, second: i64) -> Result<(), Difference> {
    if !YEARS.contains(&second) {
        return Ok(());
    }
    let [found, expected] = [zone.offset_seconds(second), clock.offset_seconds(second)];
    if found != expected {
        let what = || format!("the offset at {second}");
        return Err(Difference::between(what, &found, &expected));
    }
    for wall in [second, second + i64::from(found)] {
        let [found, expected] = [zone.resolve(wall), clock.resolve(wall)];
        if found != expected {
            let what = || format!("the meaning of {wall}");
            return Err(Difference::between(what, &found, &expected));
        }
    }
    Ok(())
}

/// Compares next executions under the zone with those of a walk.
fn search(zone: &LooseZone, clock: &PlainClock, source: &mut Bytes<'_>) -> Result<(), Difference> {
    let schedule = generate::schedule(source);
    let after = generate::instant(source);
    // What a schedule takes from its own zone as it is made is of another clock than this one.
    if schedule.expire_time().is_some() || !YEARS.contains(&after.timestamp()) {
        return Ok(());
    }
    let found = schedule.first_after_under(zone, after);
    let found = found.map(crate::Execution::instant);
    let walked = walk_under(clock, &schedule, after);
    if walked.agrees_with_next(found) {
        return Ok(());
    }
    let what = || format!("the next execution after {after} of {schedule:?}");
    Err(Difference::between(what, &found, &walked))
}
