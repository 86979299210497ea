//! What the fuzz targets share: a difference ends the run, and counts are printed at its end.

use std::cell::RefCell;

use taskdex::testkit::{Counts, fuzz::Target};

/// The counts of a whole run, printed when the process ends.
struct Totals {
    counts: Counts,
    inputs: u64,
}

impl Drop for Totals {
    fn drop(&mut self) {
        eprintln!("{} inputs; how often each thing ran, accepted + refused:", self.inputs);
        for (name, count) in &self.counts {
            eprintln!("  {name:16} {:>10} + {}", count.accepted, count.refused);
        }
    }
}

thread_local! {
    static TOTALS: RefCell<Totals> = const {
        RefCell::new(Totals { counts: Counts::new(), inputs: 0 })
    };
}

/// Runs one input.
///
/// # Panics
///
/// The target tells a difference.
pub fn run(target: Target, input: &[u8]) {
    match target(input) {
        Ok(counts) => TOTALS.with_borrow_mut(|totals| {
            totals.inputs += 1;
            for (name, count) in counts {
                let total = totals.counts.entry(name).or_default();
                total.accepted += count.accepted;
                total.refused += count.refused;
            }
        }),
        Err(difference) => panic!("{difference}"),
    }
}
