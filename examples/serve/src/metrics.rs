//! Counters, and the text format in which Prometheus reads them.

use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use taskdex::{TaskStore, schedule};

use crate::loading::Progress;

/// The lowest status of HTTP.
const STATUS_MIN: u16 = 100;
/// How many statuses HTTP has.
const STATUS_COUNT: usize = 500;

/// The upper bounds of the histogram's buckets, in microseconds; the last bucket has none.
const BOUNDS_MICROS: [u64; 14] = [
    5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000,
];

/// What the server counts itself; the store has counters of its own.
#[derive(Debug)]
pub(crate) struct Metrics {
    by_status: Box<[AtomicU64]>,
    /// Listings by the first bound that they kept, and those that kept none.
    buckets: [AtomicU64; BOUNDS_MICROS.len() + 1],
    listing_nanos: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            by_status: (0..STATUS_COUNT).map(|_| AtomicU64::new(0)).collect(),
            buckets: Default::default(),
            listing_nanos: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    /// Counts a request that was answered with this status.
    pub(crate) fn answered(&self, status: u16) {
        let position = usize::from(status.saturating_sub(STATUS_MIN));
        if let Some(counter) = self.by_status.get(position) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a listing that took so long.
    pub(crate) fn listed(&self, took: Duration) {
        let bucket = BOUNDS_MICROS.partition_point(|&bound| Duration::from_micros(bound) < took);
        if let Some(counter) = self.buckets.get(bucket) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.listing_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// All counters, those of the store too. No label tells a project: there may be thousands.
    pub(crate) fn text(&self, store: &TaskStore, progress: Progress) -> String {
        let mut text = Text::default();
        let statistics = store.statistics();
        let ready = u8::from(progress.is_done);
        let zones = schedule::zone_database_version();

        text.family("taskdex_ready", "gauge", "Whether all tasks are loaded.");
        text.sample("", &[], ready);
        text.family("taskdex_zone_data_info", "gauge", "The zone data in force.");
        text.sample("", &[("version", zones)], 1);
        text.family("taskdex_projects", "gauge", "Projects that have tasks.");
        text.sample("", &[], statistics.projects);
        text.family("taskdex_tasks", "gauge", "Tasks of all projects.");
        text.sample("", &[], statistics.tasks);
        text.family(
            "taskdex_revision_max",
            "gauge",
            "The greatest revision of a project.",
        );
        text.sample("", &[], statistics.revision_max);
        text.family(
            "taskdex_memory_bytes",
            "gauge",
            "Heap memory of the store, by what it is for.",
        );
        let memory = store.memory();
        for (part, bytes) in [
            ("rows", memory.rows),
            ("lists", memory.lists),
            ("ids", memory.ids),
            ("names", memory.names),
            ("cache", memory.cache),
            ("log", memory.log),
            ("due", memory.due),
            ("projects", memory.projects),
        ] {
            text.sample("", &[("part", part)], bytes);
        }
        text.family(
            "taskdex_searches_evicted_total",
            "counter",
            "Cached name searches that were evicted for want of memory.",
        );
        text.sample("", &[], statistics.searches_evicted);

        text.family("taskdex_requests_total", "counter", "Answered requests.");
        for (status, counter) in (STATUS_MIN..).zip(&self.by_status) {
            let count = counter.load(Ordering::Relaxed);
            if count > 0 {
                text.sample("", &[("status", &status.to_string())], count);
            }
        }
        self.write_histogram(&mut text);
        text.written
    }

    fn write_histogram(&self, text: &mut Text) {
        text.family(
            "taskdex_listing_seconds",
            "histogram",
            "Time from a listing's request to its body.",
        );
        let bounds = BOUNDS_MICROS.map(Duration::from_micros);
        let bounds = bounds.iter().map(|bound| bound.as_secs_f64().to_string());
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (bound, bucket) in bounds.zip(&self.buckets) {
            count += bucket.load(Ordering::Relaxed);
            text.sample("_bucket", &[("le", &bound)], count);
        }
        let sum = Duration::from_nanos(self.listing_nanos.load(Ordering::Relaxed));
        text.sample("_sum", &[], sum.as_secs_f64());
        text.sample("_count", &[], count);
    }
}

/// The text format while it is written: families, each with its samples.
#[derive(Default)]
struct Text {
    written: String,
    family: &'static str,
}

impl Text {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        // Writing to a string does not fail.
        let _ = writeln!(self.written, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let family = self.family;
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.written, "{family}{suffix}{labels} {value}");
    }
}

/// A label's value between quotes.
fn escaped(value: &str) -> String {
    (value.replace('\\', "\\\\"))
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_keeps_its_bound() {
        let metrics = Metrics::default();
        for nanos in [1, 5_000, 5_001, 2_000_000_000] {
            metrics.listed(Duration::from_nanos(nanos));
        }
        let text = metrics.text(&TaskStore::new(), Progress::default());
        let value = |sample: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(sample));
            line.map(|it| it.trim_start().to_owned())
        };
        let bucket =
            |bound: &str| value(&format!("taskdex_listing_seconds_bucket{{le=\"{bound}\"}}"));
        assert_eq!(bucket("0.000005").as_deref(), Some("2"));
        assert_eq!(bucket("0.00001").as_deref(), Some("3"));
        assert_eq!(bucket("1").as_deref(), Some("3"));
        assert_eq!(bucket("+Inf").as_deref(), Some("4"));
        assert_eq!(value("taskdex_listing_seconds_count").as_deref(), Some("4"));
        assert_eq!(
            value("taskdex_listing_seconds_sum").as_deref(),
            Some("2.000010002")
        );
    }

    #[test]
    fn labels_are_escaped() {
        let mut text = Text::default();
        text.family("f", "gauge", "A family.");
        text.sample("", &[("a", "x\\y\"z\n"), ("b", "")], 1);
        let sample = text.written.lines().nth(2);
        assert_eq!(sample, Some(r#"f{a="x\\y\"z\n",b=""} 1"#));
    }
}
