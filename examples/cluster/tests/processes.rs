//! Real nodes over a real PostgreSQL, killed and frozen under load.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_taskdex-cluster");

/// What each fault does, and what must hold after it, is in `src/lab/faults.rs`. More rounds:
/// `cargo run --release -p taskdex-cluster -- faults --rounds 20`.
#[test]
fn nothing_acknowledged_is_lost() {
    let output = Command::new(PROGRAM)
        .args(["faults", "--rounds", "2"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("0  acknowledged writes lost\n"), "{text}");
    println!("{text}");
}

#[test]
fn a_node_without_its_database_says_so() {
    let mut setup = Command::new(PROGRAM);
    let output = setup
        .args(["setup", "--log", "host=127.0.0.1 port=1 user=x"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
}
