//! The heading of a run: machine, versions and date.

use std::fmt::Write as _;
use std::process::Command;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// What cargo resolved, from which the versions are read.
const LOCK: &str = include_str!("../../../Cargo.lock");

const CRATES: [&str; 8] = [
    "composable-indexes",
    "cron",
    "croner",
    "cronexpr",
    "roaring",
    "rrule",
    "rusqlite",
    "tokio-util",
];

/// Markdown: what ran where, and when.
#[must_use]
pub fn heading() -> String {
    let mut text = String::from("# taskdex beside others\n\n");
    let now: DateTime<Utc> = SystemTime::now().into();
    let _ = writeln!(text, "- date: {}", now.format("%Y-%m-%d %H:%M UTC"));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let model = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let _ = writeln!(text, "- machine: {model}, {cpus} threads, memory {memory}");
    let system = line_of("/proc/version", "").unwrap_or_else(|| std::env::consts::OS.to_owned());
    let system: Vec<&str> = system.split_whitespace().take(3).collect();
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    let rustc = rustc.unwrap_or_else(|_| "rustc unknown".to_owned());
    let _ = writeln!(text, "- system: {}; {rustc}", system.join(" "));
    let crates: Vec<String> = CRATES
        .iter()
        .map(|name| format!("{name} {}", version(name)))
        .collect();
    let _ = writeln!(
        text,
        "- versions: taskdex {}, {}, SQLite {}",
        version("taskdex"),
        crates.join(", "),
        rusqlite::version(),
    );
    let _ = writeln!(
        text,
        "- zone data: {} for taskdex, {} for cron, croner and rrule, the system's for cronexpr",
        taskdex::schedule::zone_database_version(),
        chrono_tz::IANA_TZDB_VERSION,
    );
    text
}

/// What follows the colon on the first line of a file that begins so.
fn line_of(path: &str, begin: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(begin))?;
    let value = if begin.is_empty() {
        line
    } else {
        line.split_once(':')?.1
    };
    Some(value.trim().to_owned())
}

/// The version of a crate; where there are several, the newest.
fn version(name: &str) -> &'static str {
    let of_crate = |block: &&'static str| block.contains(&format!("name = \"{name}\"\n"));
    let blocks = LOCK.split("[[package]]").filter(of_crate);
    let versions = blocks.filter_map(|it| it.split("version = \"").nth(1)?.split('"').next());
    versions.last().unwrap_or("unknown")
}
