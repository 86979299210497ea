//! The bars that taskdex sets itself, and the least ratio of a run beside each.

use std::fmt::Write as _;

use crate::report::{Figure, Group, thousands, times};

/// A bar: the least ratio over some cases.
struct Bar {
    name: &'static str,
    least: f64,
    engines: &'static [&'static str],
    is_of: fn(&Figure) -> bool,
}

/// Whether more than 5 % of the tasks match, which SQLite counts.
fn is_counted(figure: &Figure) -> bool {
    (figure.matching.zip(figure.n)).is_some_and(|(matching, n)| matching * 20 > n)
}

const BARS: [Bar; 7] = [
    Bar {
        name: "listing without a name, over 5 % match",
        least: 1000.0,
        engines: &["SQLite"],
        is_of: |it| it.group == Group::List && is_counted(it),
    },
    Bar {
        name: "listing without a name, up to 5 % match",
        least: 100.0,
        engines: &["SQLite"],
        is_of: |it| it.group == Group::List && !is_counted(it),
    },
    Bar {
        name: "common words in the name",
        least: 30.0,
        engines: &["SQLite"],
        is_of: |it| it.case == "common words" && it.group == Group::Name,
    },
    Bar {
        name: "two characters of the name",
        least: 300.0,
        engines: &["SQLite"],
        is_of: |it| it.case.starts_with("two ") && it.group == Group::Name,
    },
    Bar {
        name: "next execution, cron",
        least: 5.0,
        engines: &["cron"],
        is_of: |it| it.group == Group::Next,
    },
    Bar {
        name: "next execution, croner and rrule",
        least: 15.0,
        engines: &["croner", "rrule"],
        is_of: |it| it.group == Group::Next,
    },
    Bar {
        name: "memory under SQLite's",
        least: 1.0,
        engines: &["SQLite"],
        is_of: |it| it.group == Group::Memory && it.case.starts_with("tasks"),
    },
];

/// A table of the bars, at the largest number of tasks; those of groups and engines that were not
/// run are left out.
#[must_use]
pub fn table(figures: &[Figure]) -> String {
    let n = figures.iter().filter_map(|it| it.n).max();
    let mut rows = String::new();
    for bar in &BARS {
        let of_bar = figures.iter().filter(|it| {
            (it.n.is_none() || it.n == n) && bar.engines.contains(&&*it.engine) && (bar.is_of)(it)
        });
        let least = of_bar.filter_map(|it| Some((it.ratio_to_taskdex?, it)));
        if let Some((ratio, figure)) = least.min_by(|one, other| one.0.total_cmp(&other.0)) {
            let missed = if ratio < bar.least {
                "**missed**, "
            } else {
                ""
            };
            let _ = writeln!(
                rows,
                "| {} | {} | {missed}{} | {}, {} |",
                bar.name,
                times(bar.least),
                times(ratio),
                figure.case,
                figure.engine,
            );
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let tasks = n.map(|n| format!(", {} tasks", thousands(n)));
    format!(
        "\n## Bars{}\n\n| bar | least wanted | least in this run | case |\n\
        | --- | ---: | ---: | --- |\n{rows}",
        tasks.unwrap_or_default(),
    )
}
