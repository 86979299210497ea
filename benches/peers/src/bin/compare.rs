//! Prints one Markdown table of medians and ratios, all of one run.

use taskdex_peers::contest::{BATCH, contests};
use taskdex_peers::measure::{Contender, medians};

fn main() {
    println!("| next execution | taskdex | cron | croner | rrule |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for contest in contests() {
        let batches = contest.batches();
        let mut contenders = vec![Contender::new("taskdex", BATCH, || batches.taskdex.ask())];
        if let Some(cron) = &batches.cron {
            contenders.push(Contender::new("cron", BATCH, || cron.ask()));
        }
        if let Some(croner) = &batches.croner {
            contenders.push(Contender::new("croner", BATCH, || croner.ask()));
        }
        contenders.push(Contender::new("rrule", BATCH, || batches.rrule.ask()));
        print_row(
            &contest.name,
            &["cron", "croner", "rrule"],
            &medians(contenders),
        );
    }
}

/// The first median is taskdex's; the others stand beside it with their ratios.
fn print_row(name: &str, peers: &[&str], medians: &[(&str, f64)]) {
    let ours = medians[0].1;
    let cells: Vec<String> = peers
        .iter()
        .map(|peer| {
            let found = medians.iter().find(|(name, _)| name == peer);
            found.map_or("-".to_owned(), |(_, theirs)| {
                format!("{} ({:.1} x)", duration(*theirs), theirs / ours)
            })
        })
        .collect();
    println!("| {name} | {} | {} |", duration(ours), cells.join(" | "));
}

/// A time with three digits.
fn duration(seconds: f64) -> String {
    let (scaled, unit) = match seconds {
        ..1e-6 => (seconds * 1e9, "ns"),
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let digits = match scaled {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.digits$} {unit}")
}
