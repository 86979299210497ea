//! What the table of differences says.

use taskdex_peers::differences::{moved_zones, tables};

/// The columns of a row: what is asked, and the five answers.
fn row(table: &str, begin: &str) -> Vec<String> {
    let line = table
        .lines()
        .find(|line| line.starts_with(&format!("| {begin}")));
    let line = line.expect("a row of the table");
    line.split('|')
        .skip(2)
        .map(|it| it.trim().to_owned())
        .take(5)
        .collect()
}

/// The clock of New York skips 02:30 on 2026-03-08: three rules are in use.
#[test]
fn a_time_that_the_clock_skips() {
    let [taskdex, cron, croner, _, rrule] = &row(&tables(), "daily 02:30")[..] else {
        panic!("five answers");
    };
    assert_eq!(taskdex, "2026-03-08 07:30, 2026-03-09 06:30");
    assert_eq!(rrule, taskdex);
    assert_eq!(croner, "2026-03-08 07:00, 2026-03-09 06:30");
    assert_eq!(cron, "2026-03-09 06:30, 2026-03-10 06:30");
}

/// It repeats 01:30 on 2026-11-01: `cron` executes in both passes.
#[test]
fn a_time_that_the_clock_repeats() {
    let [taskdex, cron, croner, _, rrule] = &row(&tables(), "daily 01:30")[..] else {
        panic!("five answers");
    };
    assert_eq!(taskdex, "2026-11-01 05:30, 2026-11-02 06:30");
    assert_eq!([croner, rrule], [taskdex, taskdex]);
    assert_eq!(cron, "2026-11-01 05:30, 2026-11-01 06:30");
}

/// Edition 2025b is an hour off in 13 zones by the end of 2026.
#[test]
fn zones_of_the_older_edition_are_off() {
    let zones = moved_zones("2026-12-31T00:00:00Z".parse().unwrap());
    assert_eq!(zones.len(), 13, "{zones:?}");
}

#[test]
fn what_has_no_words_says_so() {
    let table = tables();
    assert_eq!(
        row(&table, "every three days")[1..4],
        ["no intervals of days"; 3]
    );
    assert_eq!(row(&table, "the last day")[1], "no last day");
    assert_eq!(row(&table, "daily 08:00:30")[3], "no seconds");
}
