//! TZif files that are made up.

use chrono::NaiveDate;

use super::source::Source;

/// The bytes of a TZif file: the kinds of time (offset, whether it is summer time, its
/// designation), the changes (a Unix second, and which kind it begins), and the rule after the
/// last one as a POSIX TZ string, or nothing.
///
/// What it is given is written as it is, so that faulty files can be made too.
///
/// ```
/// use taskdex::schedule::ZoneData;
/// use taskdex::testkit::tzif_file;
///
/// let file = tzif_file(&[(0, false, "AAA"), (3600, false, "BBB")], &[(1_000, 1)], "BBB-1");
/// let mut data = ZoneData::new("mine")?;
/// data.add("Odd/Zone", &file)?;
/// # Ok::<(), taskdex::Error>(())
/// ```
#[must_use]
pub fn tzif_file(kinds: &[(i32, bool, &str)], changes: &[(i64, u8)], rule: &str) -> Vec<u8> {
    let mut file = Vec::new();
    // The 32-bit data, which no reader uses, has one kind of time without a designation.
    header(&mut file, 0, 1, 1);
    file.extend([0; 7]);
    let text: Vec<u8> = kinds
        .iter()
        .flat_map(|(_, _, name)| name.bytes().chain([0]))
        .collect();
    header(&mut file, changes.len(), kinds.len(), text.len());
    for (second, _) in changes {
        file.extend(second.to_be_bytes());
    }
    file.extend(changes.iter().map(|(_, kind)| kind));
    let mut begin = 0;
    for (offset, is_summer, name) in kinds {
        file.extend(offset.to_be_bytes());
        file.extend([u8::from(*is_summer), begin]);
        begin = begin.wrapping_add(u8::try_from(name.len() + 1).unwrap_or(u8::MAX));
    }
    file.extend(text);
    file.extend(format!("\n{rule}\n").bytes());
    file
}

fn header(file: &mut Vec<u8>, changes: usize, kinds: usize, text: usize) {
    file.extend(b"TZif3");
    file.extend([0; 15]);
    for count in [0, 0, 0, changes, kinds, text] {
        file.extend(u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }
}

/// A rule, with the offsets of its standard and of its summer time, and whether 15 January is
/// in summer.
type Rule = (&'static str, i32, i32, bool);

const RULES: [Rule; 12] = [
    ("", 5_025, 0, false),
    ("STD-5:30", 19_800, 0, false),
    // An hour, in either hemisphere, and in winter.
    ("STD-1DST,M3.5.0,M10.5.0/3", 3_600, 7_200, false),
    ("STD-10DST,M10.1.0,M4.1.0/3", 36_000, 39_600, true),
    ("STD-1DST0,M10.5.0,M3.5.0/1", 3_600, 0, true),
    // By the day of the year, days and nights away, by odd seconds.
    ("STD3DST,J60/-100,300/100:30:15", -10_800, -7_200, false),
    (
        "STD-13:45DST-14:45:30,M9.5.0/2:45,M4.1.0/167",
        49_500,
        53_130,
        true,
    ),
    // Summer all year; and none.
    ("STD3DST4,0/0,J365/23", -10_800, -14_400, true),
    ("STD3DST,M7.1.0/2,M7.1.0/3", -10_800, -7_200, false),
    // Most of a day; and two days after each other.
    ("STD12DST-11,M2.3.0,M6.3.0/24", -43_200, 39_600, false),
    ("STD0DST-23,J100/0,J102/0", 0, 82_800, false),
    // Too much to be searched.
    ("STD0DST-24:30,M3.1.0,M9.1.0", 0, 88_200, false),
];

/// A TZif file with a few odd changes and an odd rule; some are such that zone data refuses them.
///
/// ```
/// use taskdex::testkit::{SplitMix64, zone_file};
///
/// assert!(zone_file(&mut SplitMix64::new(1)).starts_with(b"TZif"));
/// ```
#[must_use]
pub fn zone_file(source: &mut impl Source) -> Vec<u8> {
    let (rule, standard, summer, is_summer) = source.pick(&RULES);
    let last = if is_summer { summer } else { standard };
    let name = if is_summer { "DST" } else { "STD" };
    // The last kind is what the rule has on the day of the last change.
    let mut kinds = vec![(last, is_summer, name)];
    let mut changes = Vec::new();
    let year = i32::try_from(source.between(1850, 2150)).unwrap_or(1970);
    let date = NaiveDate::from_ymd_opt(year, 1, 15).unwrap_or_default();
    let mut second = i64::from(date.to_epoch_days()) * 86_400 + 43_200;
    let mut offset = last;
    for kind in 0..u8::try_from(source.below(12)).unwrap_or(0) {
        changes.push((second, kind));
        let step = source.pick(&[3_600, 7_200, 1, 1_800, 86_400, 43_200, 5_025, 80_000]);
        let ahead = offset.saturating_add(step);
        let behind = offset.saturating_sub(step);
        offset = match source.below(8) {
            // The same again: a change of the name only.
            0 => offset,
            1..=4 if behind > -86_400 => behind,
            _ if ahead < 86_400 => ahead,
            _ => behind,
        };
        kinds.push((offset, false, "ODD"));
        let hours = source.pick(&[4_000, 168, 50, 30, 24, 3, 8_766, 90_000]);
        second -= i64::from(hours) * 3_600 + i64::from(source.below(3_600));
    }
    // They were made from the last one backwards, and the first kind is that before all changes.
    changes.reverse();
    kinds.reverse();
    let count = u8::try_from(kinds.len()).unwrap_or(u8::MAX);
    for (_, kind) in &mut changes {
        *kind = count - 1 - *kind;
    }
    tzif_file(&kinds, &changes, rule)
}
