//! Medians of contenders that take turns, so that noise falls on all of them.

use std::time::{Duration, Instant};

/// The least time of one sample: far above what a clock resolves, and far below
/// what a system lets a thread run before another one has its turn.
const SAMPLE_MIN: Duration = Duration::from_micros(100);

/// Rounds end after this time, but not before `ROUNDS_MIN`.
const TIME: Duration = Duration::from_secs(2);
const ROUNDS_MIN: usize = 5;
const ROUNDS_MAX: usize = 1001;

/// Something to be timed.
pub struct Contender<'a> {
    /// What it is called.
    pub name: &'static str,
    /// Runs it once, which is `calls` calls.
    pub run: Box<dyn FnMut() + 'a>,
    /// How many calls a run is.
    pub calls: u32,
}

impl<'a> Contender<'a> {
    /// A contender of a name.
    pub fn new(name: &'static str, calls: u32, run: impl FnMut() + 'a) -> Self {
        let run = Box::new(run);
        Self { name, run, calls }
    }

    /// The time of some runs.
    fn elapsed(&mut self, runs: u32) -> Duration {
        let begin = Instant::now();
        for _ in 0..runs {
            (self.run)();
        }
        begin.elapsed()
    }

    /// Seconds of one call, over as many runs as a sample needs.
    fn sample(&mut self, runs: u32) -> f64 {
        self.elapsed(runs).as_secs_f64() / f64::from(runs) / f64::from(self.calls)
    }
}

/// The median time of one call of each contender, in seconds.
pub fn medians(mut contenders: Vec<Contender<'_>>) -> Vec<(&'static str, f64)> {
    let runs: Vec<u32> = contenders.iter_mut().map(runs).collect();
    let mut samples = vec![Vec::new(); contenders.len()];
    let begin = Instant::now();
    for round in 1..=ROUNDS_MAX {
        for ((contender, runs), samples) in contenders.iter_mut().zip(&runs).zip(&mut samples) {
            // The one before has filled the caches with its own. What is slow
            // fills them itself.
            if *runs > 1 {
                contender.elapsed(*runs);
            }
            samples.push(contender.sample(*runs));
        }
        if round >= ROUNDS_MIN && begin.elapsed() > TIME {
            break;
        }
    }
    (contenders.iter().zip(samples))
        .map(|(contender, mut samples)| {
            samples.sort_unstable_by(f64::total_cmp);
            (contender.name, samples[samples.len() / 2])
        })
        .collect()
}

/// How many runs take at least the time of a sample.
fn runs(contender: &mut Contender<'_>) -> u32 {
    let mut runs = 1;
    loop {
        // Cold caches and other threads make one longer, but not ten times.
        let first = contender.elapsed(runs);
        let is_long = |contender: &mut Contender<'_>| contender.elapsed(runs) >= SAMPLE_MIN;
        if first >= 10 * SAMPLE_MIN || (is_long(contender) && is_long(contender)) {
            return runs;
        }
        runs *= 2;
    }
}
