//! Prints tables of taskdex beside others, or JSON Lines, all of one run.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

use lexopt::prelude::*;
use peak_alloc::PeakAlloc;
use taskdex_peers::measure::Effort;
use taskdex_peers::report::{Group, Report, json_lines, tables};
use taskdex_peers::run::Run;
use taskdex_peers::{bars, differences, due, listing, machine, next};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const HELP: &str = "\
Prints taskdex beside others: tables under a heading with machine, versions and date.

Usage: cargo run --release -p taskdex-peers -- [OPTIONS]

  --tasks N,N,…     numbers of tasks (default: 10000,100000; with --quick 1000000)
  --groups G,G,…    list, name, json, next, change, load, memory, due (default: all)
  --quick           few samples: a million tasks in up to a minute and a half
  --json            JSON Lines in place of tables; the heading goes to standard error
  --save FILE       writes the JSON Lines into a file, too
";

struct Args {
    run: Run,
    sizes: Vec<usize>,
    is_json: bool,
    save: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(args) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let heading = machine::heading();
    let mut report = Report::default();
    next::run(&args.run, &mut report);
    for &size in &args.sizes {
        let tasks = listing::tasks(size);
        listing::run(&tasks, &args.run, &mut report);
        due::run(&tasks, &args.run, &mut report);
    }
    let figures = report.figures();
    let lines = json_lines(&figures);
    if let Some(path) = &args.save {
        std::fs::write(path, &lines)?;
    }
    let mut out = std::io::stdout().lock();
    if args.is_json {
        eprint!("{heading}");
        out.write_all(lines.as_bytes())?;
    } else {
        write!(
            out,
            "{heading}{}{}",
            tables(&figures),
            bars::table(&figures)
        )?;
        if args.run.has(Group::Next) {
            write!(out, "{}", differences::tables())?;
        }
    }
    Ok(())
}

/// `None` where help is asked for.
fn parse() -> Result<Option<Args>, lexopt::Error> {
    let mut sizes = None;
    let mut args = Args {
        run: Run {
            effort: Effort::FULL,
            groups: Group::ALL.to_vec(),
            heap: || HEAP.current_usage(),
        },
        sizes: Vec::new(),
        is_json: false,
        save: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("tasks") => sizes = Some(list(parser.value()?, |it| it.parse().ok())?),
            Long("groups") => {
                let group = |it: &str| Group::ALL.into_iter().find(|group| group.name() == it);
                args.run.groups = list(parser.value()?, group)?;
            }
            Long("quick") => args.run.effort = Effort::QUICK,
            Long("json") => args.is_json = true,
            Long("save") => args.save = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    let usual = if args.run.effort.is_full {
        vec![10_000, 100_000]
    } else {
        vec![1_000_000]
    };
    args.sizes = sizes.unwrap_or(usual);
    Ok(Some(args))
}

/// What lies between commas.
fn list<T>(
    value: std::ffi::OsString,
    known: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, lexopt::Error> {
    let text = value.string()?;
    let item = |it: &str| known(it).ok_or_else(|| format!("not accepted: {it:?}"));
    Ok(text.split(',').map(item).collect::<Result<_, _>>()?)
}
