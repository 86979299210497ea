//! What the fuzz targets share: a difference ends the run, and counts are printed at its end.

use std::cell::RefCell;

use taskdex::testkit::Counts;
use taskdex::testkit::fuzz::{TARGETS, Target};

/// The counts of a whole run, printed when the process ends.
struct Totals {
    target: &'static Target,
    counts: Counts,
    inputs: u64,
}

impl Drop for Totals {
    fn drop(&mut self) {
        eprintln!(
            "{} inputs; how often each thing ran, accepted + refused:",
            self.inputs
        );
        for (name, count) in &self.counts {
            eprintln!("  {name:20} {:>10} + {}", count.accepted, count.refused);
        }
        // `fuzz/run` fails where it reads this.
        for name in self.target.missing(&self.counts) {
            eprintln!("NEVER RAN: {name}");
        }
    }
}

thread_local! {
    static TOTALS: RefCell<Option<Totals>> = const { RefCell::new(None) };
}

/// Runs one input of a target.
///
/// # Panics
///
/// The target tells a difference, or there is no such target.
pub fn run(name: &str, input: &[u8]) {
    TOTALS.with_borrow_mut(|totals| {
        let totals = totals.get_or_insert_with(|| Totals {
            target: TARGETS
                .iter()
                .find(|target| target.name == name)
                .expect("a known target"),
            counts: Counts::new(),
            inputs: 0,
        });
        match (totals.target.run)(input) {
            Ok(counts) => {
                totals.inputs += 1;
                for (name, count) in counts {
                    *totals.counts.entry(name).or_default() += count;
                }
            }
            Err(difference) => panic!("{difference}"),
        }
    });
}
