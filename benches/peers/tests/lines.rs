//! The JSON Lines that the program prints.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Map, Value};

/// Readers of the lines count on these fields, and on no others being there.
#[test]
fn every_group_has_lines_of_the_documented_fields() {
    let program = env!("CARGO_BIN_EXE_taskdex-peers");
    let args = ["--quick", "--json", "--tasks", "1000"];
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut groups = BTreeSet::new();
    for line in text.lines() {
        let fields: Map<String, Value> = serde_json::from_str(line).unwrap();
        let group = fields["group"].as_str().unwrap();
        let amount = if group == "memory" {
            "bytes"
        } else {
            "median_ns"
        };
        let names: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        let documented = [
            "group",
            "case",
            "n",
            "matching",
            "engine",
            amount,
            "ratio_to_taskdex",
        ];
        assert_eq!(names, BTreeSet::from(documented), "{line}");
        assert!(fields["case"].is_string() && fields["engine"].is_string());
        assert!(fields[amount].is_number(), "{line}");
        let n = if group == "next" { None } else { Some(1000) };
        assert_eq!(fields["n"].as_u64(), n, "{line}");
        let is_matching = ["list", "name", "json"].contains(&group);
        assert_eq!(fields["matching"].is_u64(), is_matching, "{line}");
        if fields["engine"] == "taskdex" {
            assert_eq!(fields["ratio_to_taskdex"].as_f64(), Some(1.0), "{line}");
        }
        groups.insert(group.to_owned());
    }
    let documented = [
        "change", "due", "json", "list", "load", "memory", "name", "next",
    ];
    assert!(groups.iter().eq(documented.iter()), "{groups:?}");
}
