//! Schedules: what executes when, in every zone.

use taskdex::schedule::{Schedule, Weekdays};

#[test]
fn smoke() {
    let s = Schedule::weekly(
        Weekdays::new([1]).unwrap(),
        "02:30:00".parse().unwrap(),
        "America/New_York".parse().unwrap(),
    )
    .unwrap();
    let v: Vec<String> = s
        .executions("2026-03-01T00:00:00Z".parse().unwrap())
        .take(3)
        .map(taskdex::Execution::to_rfc3339)
        .collect();
    assert_eq!(
        v,
        [
            "2026-03-01T02:30:00-05:00",
            "2026-03-08T03:30:00-04:00",
            "2026-03-15T02:30:00-04:00"
        ]
    );
    let v: Vec<String> = s
        .executions_before("2026-03-15T06:30:00Z".parse().unwrap())
        .take(2)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(v, ["2026-03-08 03:30:00", "2026-03-01 02:30:00"]);
}
