//! Medians without a harness.

use std::time::{Duration, Instant};

/// The least time of one sample: far above what a clock resolves, and far below what a system
/// lets a thread run before another one has its turn.
const SAMPLE_MIN: Duration = Duration::from_micros(100);

/// So many samples are taken if that does not take five times as long: one alone may be the one in
/// which another thread had its turn.
const SAMPLES_WANTED: usize = 5;

const SAMPLES_MAX: usize = 1001;

/// How long is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Samples are taken for this time at least.
    pub time: Duration,
    /// So many samples are taken, however long each takes.
    pub samples_min: usize,
    /// Calls that take longer while they are checked are not made again.
    pub checked_max: Duration,
    /// Pages of an answer that are asked for in turn.
    pub pages: usize,
    /// Needles that are asked for in turn: more than the eight that taskdex caches.
    pub needles: usize,
    /// Groups of changes that are timed, of each kind.
    pub changes: usize,
    /// Quarters of an hour whose executions are taken.
    pub quarters: i32,
    /// Whether two searches for names are measured that tell little more.
    pub is_full: bool,
}

impl Effort {
    /// Everything at a million tasks in under a minute.
    pub const QUICK: Self = Self {
        time: Duration::from_millis(20),
        samples_min: 1,
        checked_max: Duration::from_millis(10),
        pages: 2,
        needles: 9,
        changes: 16,
        quarters: 16,
        is_full: false,
    };
    /// Enough for figures to be quoted.
    pub const FULL: Self = Self {
        time: Duration::from_millis(300),
        samples_min: 3,
        checked_max: Duration::MAX,
        pages: 8,
        needles: 12,
        changes: 32,
        quarters: 96,
        is_full: true,
    };

    /// The median time of one call in nanoseconds, where a run makes `calls` of them. `checked` is
    /// how long they took while their answers were checked, which a slow call hardly notices.
    ///
    /// What is fast is run many times for a sample, after as many untimed runs.
    pub fn median_ns(self, calls: usize, checked: Duration, mut run: impl FnMut()) -> f64 {
        let once = checked.as_secs_f64() / count(calls);
        if once > self.checked_max.as_secs_f64() {
            return once * 1e9;
        }
        let mut elapsed = |runs: u32| {
            let begin = Instant::now();
            for _ in 0..runs {
                run();
            }
            begin.elapsed()
        };
        let begin = Instant::now();
        let mut runs = 1;
        let mut sample = elapsed(runs);
        while sample < SAMPLE_MIN {
            runs *= 2;
            sample = elapsed(runs);
        }
        let mut samples = vec![sample];
        while samples.len() < SAMPLES_MAX {
            // What is slow is run once, or as often as its effort says.
            let is_few = samples.len() < SAMPLES_WANTED && begin.elapsed() < 5 * self.time;
            if !is_few && samples.len() >= self.samples_min && begin.elapsed() >= self.time {
                break;
            }
            samples.push(elapsed(runs));
        }
        median_ns(samples) / f64::from(runs) / count(calls)
    }
}

/// Runs once, and returns the result with the time that it took.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let result = run();
    (result, begin.elapsed())
}

/// The middle one of some times, in nanoseconds.
#[must_use]
pub fn median_ns(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    samples[samples.len() / 2].as_secs_f64() * 1e9
}

/// A count to divide by.
#[must_use]
pub fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("fewer than 2^32"))
}
