//! Prints one Markdown table of medians and ratios, all of one run.

use taskdex_peers::contest::{BATCH, contests};
use taskdex_peers::listing::{Stores, change_all, read_all, sizes};
use taskdex_peers::measure::{Contender, medians};

fn main() {
    println!("| what | taskdex | others, and how many times as long they take |");
    println!("| --- | ---: | --- |");
    next_execution();
    for size in sizes() {
        let stores = Stores::load(size);
        listing(size, &stores);
        change(size, &stores);
    }
}

fn next_execution() {
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
        print_row(&format!("next execution, {}", contest.name), contenders);
    }
}

fn listing(size: usize, stores: &Stores) {
    for case in stores.cases() {
        let questions = &case.questions;
        let calls = u32::try_from(questions.len()).expect("a few questions");
        let mut contenders = vec![
            Contender::new("taskdex", calls, || read_all(&stores.taskdex, questions)),
            Contender::new("Vec", calls, || read_all(&stores.scan, questions)),
        ];
        for form in case.forms {
            let sqlite = stores.sqlite.by(*form);
            contenders.push(Contender::new(form.name(), calls, move || {
                read_all(&sqlite, questions);
            }));
        }
        print_row(&format!("{size} tasks, {}", case.name), contenders);
    }
}

fn change(size: usize, stores: &Stores) {
    let ids = &stores.some_ids();
    stores.assert_equal_changes(ids);
    let calls = u32::try_from(ids.len()).expect("a few tasks");
    let (mut ours, mut theirs) = (0, 0);
    let contenders = vec![
        Contender::new("taskdex", calls, || {
            ours += 1;
            change_all(&stores.taskdex, ids, ours);
        }),
        Contender::new("SQLite", calls, || {
            theirs += 1;
            change_all(&stores.sqlite, ids, theirs);
        }),
    ];
    print_row(&format!("{size} tasks, change of last_status"), contenders);
}

/// Times the contenders, of whom taskdex is the first, and prints their row.
fn print_row(what: &str, contenders: Vec<Contender<'_>>) {
    let medians = medians(contenders);
    let [(_, ours), others @ ..] = medians.as_slice() else {
        return;
    };
    let others: Vec<String> = others
        .iter()
        .map(|(name, theirs)| format!("{name} {} ({})", duration(*theirs), ratio(theirs / ours)))
        .collect();
    println!("| {what} | {} | {} |", duration(*ours), others.join(", "));
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

/// A ratio, with decimals where it is small.
fn ratio(ratio: f64) -> String {
    let digits = match ratio {
        ..1.0 => 2,
        ..10.0 => 1,
        _ => 0,
    };
    format!("{ratio:.digits$} x")
}
