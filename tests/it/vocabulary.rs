//! The closed sets: how their values are spelled, and what is refused.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use taskdex::{Error, ErrorKind, GapRule, LastStatus, LifeCycleType, ScheduledType, TaskType};

/// Checks that a set has exactly these spellings, in this order, in every form.
fn check_set<T>(values: &[T], parameter: &str, spellings: &[&str], accepted: &str)
where
    T: Copy + Debug + Display + PartialEq + FromStr<Err = Error> + Serialize + DeserializeOwned,
{
    let shown: Vec<_> = values.iter().map(ToString::to_string).collect();
    assert_eq!(shown, spellings);
    for (&value, &spelling) in values.iter().zip(spellings) {
        assert_eq!(spelling.parse(), Ok(value));
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("{spelling:?}"));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    }
    let other_case = |text: &str| -> String {
        let flip = |byte: char| match byte {
            'a'..='z' => byte.to_ascii_uppercase(),
            _ => byte.to_ascii_lowercase(),
        };
        text.chars().map(flip).collect()
    };
    for refused in [other_case(spellings[0]), String::new(), "?".to_owned()] {
        let error = refused.parse::<T>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownValue);
        assert_eq!(error.parameter(), parameter);
        assert_eq!(error.value(), Some(&*refused));
        assert_eq!(error.accepted(), accepted);
        let json = serde_json::to_string(&refused).unwrap();
        let message = serde_json::from_str::<T>(&json).unwrap_err().to_string();
        assert!(message.contains(accepted), "{message}");
    }
}

#[test]
fn documented_sets_have_the_documented_spellings() {
    check_set(
        TaskType::ALL,
        "task_type",
        &[
            "START",
            "STOP",
            "REBOOT",
            "HIBERNATE",
            "REBUILD",
            "EXECUTE_SCRIPT",
            "CREATE_SNAPSHOT",
        ],
        "START, STOP, REBOOT, HIBERNATE, REBUILD, EXECUTE_SCRIPT or CREATE_SNAPSHOT",
    );
    check_set(
        ScheduledType::ALL,
        "scheduled_type",
        &["FIXED_TIME", "DAY", "WEEK", "MONTH", "LIFE_CYCLE"],
        "FIXED_TIME, DAY, WEEK, MONTH or LIFE_CYCLE",
    );
    check_set(
        LifeCycleType::ALL,
        "life_cycle_type",
        &[
            "POST_CREATE_DESKTOP_SUCCESS",
            "POST_REBUILD_DESKTOP_SUCCESS",
            "POST_REATTACH_DESKTOP_SUCCESS",
            "POST_DESKTOP_DISCONNECTED",
        ],
        "POST_CREATE_DESKTOP_SUCCESS, POST_REBUILD_DESKTOP_SUCCESS, \
         POST_REATTACH_DESKTOP_SUCCESS or POST_DESKTOP_DISCONNECTED",
    );
    check_set(
        LastStatus::ALL,
        "last_status",
        &["SUCCESS", "SKIP", "FAIL"],
        "SUCCESS, SKIP or FAIL",
    );
}

#[test]
fn gap_rules_are_spelled_as_in_a_record() {
    check_set(
        GapRule::ALL,
        "gap_rule",
        &["FORWARD", "GAP_END", "SKIP"],
        "FORWARD, GAP_END or SKIP",
    );
    assert_eq!(GapRule::default(), GapRule::Forward);
}
