//! Very many random operations, for when there is time:
//! `cargo test --release --test it -- --ignored --nocapture ten_million`.
//!
//! `TASKDEX_OPERATIONS` makes it longer or shorter, and `TASKDEX_SEED` begins with another
//! history: a run tells the seed of the one that failed.

use std::collections::BTreeMap;

use taskdex::testkit::{Counts, Op, SplitMix64, Twins, generate};

fn number_from_environment(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => default,
    }
}

#[test]
#[ignore = "takes minutes"]
fn ten_million_operations_are_the_same_for_engine_and_reference() {
    let wanted = number_from_environment("TASKDEX_OPERATIONS", 10_000_000);
    let first = number_from_environment("TASKDEX_SEED", 0);
    let (mut made, mut histories) = (0, 0);
    let mut counts = Counts::new();
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first.. {
        if made >= wanted {
            break;
        }
        let history = generate::history(&mut SplitMix64::new(seed));
        let twins = match history.run() {
            Ok(twins) => twins,
            Err(difference) => panic!("TASKDEX_SEED={seed}: {difference}"),
        };
        // Those of the history alone, without the calls that compare the two in the end.
        made += history.operations.len() as u64;
        histories += 1;
        for (name, &count) in twins.counts() {
            *counts.entry(name).or_default() += count;
        }
        for (state, reached) in twins.states() {
            *states.entry(state).or_default() += reached;
        }
    }
    println!(
        "{made} operations in {histories} histories, from seed {first} on; accepted + refused:"
    );
    for &name in Op::NAMES {
        let count = counts.get(name).copied().unwrap_or_default();
        println!("  {name:20} {:>10} + {}", count.accepted, count.refused);
        assert!(count.accepted > 0, "{name} never ran");
    }
    for &state in Twins::STATES {
        let reached = states.get(state).copied().unwrap_or_default();
        println!("  {state:20} {reached:>10}");
        assert!(reached > 0, "{state} was never reached");
    }
}
