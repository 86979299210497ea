//! The documented query parameters: what is refused, by which code, and what is not.

use std::fmt::Write;

use proptest::prelude::*;
use serde::Deserialize;
use taskdex::testkit::strategies;
use taskdex::{
    Cursor, LastStatus, LifeCycleType, ListQuery, NameMatch, Order, ScheduledType, Task, TaskStore,
    TaskType,
};

use crate::support::{NOW, cases, ids, project};

const MISSING: &str = "TDX.0001";
const REPEATED: &str = "TDX.0002";
const NOT_A_NUMBER: &str = "TDX.0003";
const OUT_OF_RANGE: &str = "TDX.0004";
const UNKNOWN: &str = "TDX.0005";
const LENGTH: &str = "TDX.0006";
const ENCODING: &str = "TDX.0007";

#[track_caller]
fn refused(query: impl AsRef<[u8]>, code: &str, parameter: &str) {
    let query = query.as_ref();
    let shown = String::from_utf8_lossy(query);
    match ListQuery::from_query_string(query) {
        Ok(accepted) => panic!("{shown}: accepted as {accepted:?}"),
        Err(error) => {
            assert_eq!(
                (error.code(), error.parameter()),
                (code, parameter),
                "{shown}"
            );
            assert_eq!(error.status(), 400, "{shown}");
            assert!(!error.accepted().is_empty(), "{shown}");
        }
    }
}

#[track_caller]
fn accepted(query: impl AsRef<[u8]>, expected: &ListQuery) {
    let query = query.as_ref();
    match ListQuery::from_query_string(query) {
        Ok(read) => assert_eq!(&read, expected, "{}", String::from_utf8_lossy(query)),
        Err(error) => panic!("{}: {error}", String::from_utf8_lossy(query)),
    }
}

fn plain() -> ListQuery {
    ListQuery::new(0, 10).unwrap()
}

/// The mandatory parameters, save for one of that name.
fn mandatory_but(parameter: &str) -> &'static str {
    match parameter {
        "offset" => "limit=10&",
        "limit" => "offset=0&",
        _ => "offset=0&limit=10&",
    }
}

/// Every byte as an escape.
fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
}

fn named(text: &str) -> ListQuery {
    plain().with_task_name(NameMatch::contains(text).unwrap())
}

#[test]
fn offset_and_limit_are_mandatory() {
    for query in [
        "",
        "&",
        "&&&",
        "limit=10",
        "Offset=0&limit=10",
        "OFFSET=0&limit=10",
        "?offset=0&limit=10",
        "+offset=0&limit=10",
        "offset%20=0&limit=10",
        "offset%00=0&limit=10",
        "=0&limit=10",
        "offset;limit=10",
    ] {
        match ListQuery::from_query_string(query) {
            Ok(_) => panic!("{query}: accepted"),
            Err(error) => {
                assert_eq!(error.code(), MISSING, "{query}");
                assert!(["offset", "limit"].contains(&error.parameter()), "{query}");
                assert_eq!(error.value(), None, "{query}");
            }
        }
    }
    refused("limit=10", MISSING, "offset");
    refused("offset=0", MISSING, "limit");
    refused("offset=0&Limit=10", MISSING, "limit");
    // A semicolon separates nothing.
    refused("offset=0;limit=10&limit=10", NOT_A_NUMBER, "offset");
}

#[test]
fn a_parameter_given_twice_is_refused_even_where_one_is_empty() {
    for (parameter, value) in [
        ("offset", "0"),
        ("limit", "10"),
        ("task_name", "a"),
        ("task_type", "START"),
        ("scheduled_type", "DAY"),
        ("life_cycle_type", "POST_DESKTOP_DISCONNECTED"),
        ("last_status", "FAIL"),
    ] {
        let others = mandatory_but(parameter);
        for (first, second) in [(value, value), (value, ""), ("", value), ("", "")] {
            refused(
                format!("{others}{parameter}={first}&{parameter}={second}"),
                REPEATED,
                parameter,
            );
        }
        refused(
            format!("{others}{parameter}&{parameter}={value}"),
            REPEATED,
            parameter,
        );
        // The same name in another spelling.
        let escaped = percent_encode(parameter);
        refused(
            format!("{escaped}={value}&{others}{parameter}={value}"),
            REPEATED,
            parameter,
        );
    }
}

#[test]
fn numbers_are_decimal_digits_and_nothing_else() {
    for value in [
        "",
        "+5",
        "%2B5",
        "-1",
        "-0",
        "5.0",
        "0x5",
        "%205",
        "5%20",
        "+",
        "5+",
        "1e3",
        "1_000",
        "1,0",
        "５",
        "٣",
        "NaN",
        "null",
        "true",
        "5%00",
        "%E2%81%B5",
        "0b1",
        "Infinity",
        "5%0A",
    ] {
        refused(format!("offset={value}&limit=10"), NOT_A_NUMBER, "offset");
        refused(format!("offset=0&limit={value}"), NOT_A_NUMBER, "limit");
    }
    refused("offset&limit=10", NOT_A_NUMBER, "offset");
    refused("offset=0&limit", NOT_A_NUMBER, "limit");
    refused("offset=0&limit==1", NOT_A_NUMBER, "limit");
}

#[test]
fn a_limit_over_50_is_out_of_range_however_large() {
    let digits = "9".repeat(100);
    for value in [
        "51",
        "0051",
        "100",
        "4294967296",
        "4294967306",
        "18446744073709551616",
        &digits,
    ] {
        refused(format!("offset=0&limit={value}"), OUT_OF_RANGE, "limit");
    }
}

#[test]
fn enum_values_are_matched_to_the_letter() {
    for (parameter, values) in [
        (
            "task_type",
            [
                "start",
                "Start",
                "START%20",
                "+START",
                "START%00",
                "FIXED_TIME",
                "REBOOT,STOP",
                "%53TARTS",
                "0",
            ],
        ),
        (
            "scheduled_type",
            [
                "day",
                "Day",
                "DAY%20",
                "+DAY",
                "DAY%00",
                "YEAR",
                "START",
                "LIFE-CYCLE",
                "0",
            ],
        ),
        (
            "life_cycle_type",
            [
                "post_desktop_disconnected",
                "string",
                "POST_DESKTOP_DISCONNECTED+",
                "+POST_DESKTOP_DISCONNECTED",
                "POST",
                "LIFE_CYCLE",
                "DESKTOP",
                "POST_DESKTOP_DISCONNECTED%00",
                "0",
            ],
        ),
        (
            "last_status",
            [
                "success", "Success", "FAILED", "SUCCESS+", "+SUCCESS", "NONE", "null", "SKIPPED",
                "0",
            ],
        ),
    ] {
        for value in values {
            refused(
                format!("offset=0&limit=10&{parameter}={value}"),
                UNKNOWN,
                parameter,
            );
        }
    }
}

#[test]
fn a_name_has_at_most_255_characters_of_any_width() {
    for character in ["a", "%61", "é", "研", "🙂", "%F0%9F%99%82", "+", "%00"] {
        let long = character.repeat(256);
        refused(
            format!("offset=0&limit=10&task_name={long}"),
            LENGTH,
            "task_name",
        );
        let longest = character.repeat(255);
        let query = format!("offset=0&limit=10&task_name={longest}");
        assert!(
            ListQuery::from_query_string(&query).is_ok(),
            "255 of {character}"
        );
    }
    accepted(
        format!("offset=0&limit=10&task_name={}", "🙂".repeat(255)),
        &named(&"🙂".repeat(255)),
    );
}

#[test]
fn a_documented_value_must_be_well_formed_utf_8() {
    // Cut escapes, other digits, lone continuation, cut sequence, overlong, surrogate, beyond Unicode.
    for value in [
        &b"%"[..],
        b"%2",
        b"%zz",
        b"%2g",
        b"%g2",
        b"100%",
        b"%%41",
        b"%\xc3\xa9",
        b"%ff",
        b"%80",
        b"%C3",
        b"%C3%28",
        b"%C0%80",
        b"%ED%A0%80",
        b"%F4%90%80%80",
        b"\xff",
        b"a\x80",
        b"\xc3",
        b"\xed\xa0\x80",
        b"%u0041",
        b"%+1",
        b"% 41",
    ] {
        for parameter in [
            "offset",
            "limit",
            "task_name",
            "task_type",
            "scheduled_type",
            "life_cycle_type",
            "last_status",
        ] {
            let mut query = mandatory_but(parameter).as_bytes().to_vec();
            query.extend_from_slice(parameter.as_bytes());
            query.push(b'=');
            query.extend_from_slice(value);
            refused(query, ENCODING, parameter);
        }
    }
}

#[test]
fn numbers_may_have_leading_zeros_and_an_offset_any_length() {
    accepted("offset=0&limit=0", &ListQuery::new(0, 0).unwrap());
    accepted("offset=007&limit=0050", &ListQuery::new(7, 50).unwrap());
    accepted(
        format!("offset={0}1&limit={0}1", "0".repeat(200)),
        &ListQuery::new(1, 1).unwrap(),
    );
    accepted("offset=%31%30&limit=%35", &ListQuery::new(10, 5).unwrap());
    accepted(
        "offset=18446744073709551615&limit=1",
        &ListQuery::new(u64::MAX, 1).unwrap(),
    );
    let store = TaskStore::new();
    let p = project("p");
    let event = LifeCycleType::PostDesktopDisconnected;
    let task = Task::builder("t", "T", TaskType::Stop, event)
        .build()
        .unwrap();
    store.add(&p, task, NOW).unwrap();
    for offset in [
        "1",
        "18446744073709551616",
        &"9".repeat(100),
        &format!("1{}", "0".repeat(99)),
    ] {
        let query = format!("offset={offset}&limit=50&scheduled_type=LIFE_CYCLE");
        let page = store.list(&p, &ListQuery::from_query_string(query).unwrap(), NOW);
        assert_eq!((page.tasks().len(), page.total_count()), (0, 1), "{offset}");
    }
}

#[test]
fn values_are_decoded_as_form_data() {
    for (value, text) in [
        ("a+b", "a b"),
        ("a%20b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%2bb", "a+b"),
        ("%2525", "%25"),
        ("a%26b", "a&b"),
        ("a=b", "a=b"),
        ("=", "="),
        ("a%3Db==", "a=b=="),
        ("%00", "\0"),
        ("a%00b", "a\0b"),
        ("%0A", "\n"),
        ("+", " "),
        ("%E7%A0%94%E5%8F%91", "研发"),
        ("%e7%a0%94%E5%8f%91", "研发"),
        ("研发", "研发"),
        ("研%E5%8F%91", "研发"),
        ("%F0%9F%99%82", "🙂"),
        ("🙂", "🙂"),
        ("e%CC%81", "e\u{301}"),
        ("%C3%A9", "é"),
        ("%EF%BB%BFa", "\u{feff}a"),
        ("a;b", "a;b"),
        ("a?b#c", "a?b#c"),
        ("%25_*", "%_*"),
    ] {
        accepted(format!("offset=0&limit=10&task_name={value}"), &named(text));
    }
    // Names are decoded as values are.
    accepted("%6Fffset=0&l%69mit=10&task%5Fname=a", &named("a"));
}

#[test]
fn an_empty_filter_is_one_left_out() {
    for filter in [
        "task_name",
        "task_type",
        "scheduled_type",
        "life_cycle_type",
        "last_status",
    ] {
        accepted(format!("offset=0&limit=10&{filter}="), &plain());
        accepted(format!("offset=0&limit=10&{filter}"), &plain());
        accepted(format!("{filter}&offset=0&limit=10"), &plain());
    }
    accepted(
        "task_name=&task_type=&scheduled_type=&life_cycle_type=&last_status=&offset=0&limit=10",
        &plain(),
    );
}

#[test]
fn empty_pieces_and_unknown_parameters_are_passed_over() {
    for query in [
        "&offset=0&limit=10",
        "offset=0&&&&limit=10&",
        "limit=10&offset=0",
        "offset=0&limit=10&=",
        "offset=0&limit=10&=5",
        "offset=0&limit=10&marker=x&marker=y",
        "offset=0&limit=10&Task_name=a&TASK_TYPE=START",
        "offset=0&limit=10&task_name%00=a",
        "offset=0&limit=10&+task_name=a",
        "offset=0&limit=10&x=%",
        "offset=0&limit=10&x=%ff",
        "offset=0&limit=10&%zz=1",
        "offset=0&limit=10&%=1",
        "offset=0&limit=10&%ff=1&%ff=2",
        "offset=0&limit=10&offset%=1",
        "offset=0&limit=10&sort=newest&project_id=q",
    ] {
        accepted(query, &plain());
    }
    accepted(b"offset=0&limit=10&\xff=\xff&x=\xff", &plain());
    accepted(
        format!("offset=0&limit=10&x={}", "a".repeat(100_000)),
        &plain(),
    );
}

#[test]
fn every_value_of_every_filter_is_read() {
    let mut seen = 0;
    for (text, value) in [
        ("START", TaskType::Start),
        ("STOP", TaskType::Stop),
        ("REBOOT", TaskType::Reboot),
        ("HIBERNATE", TaskType::Hibernate),
        ("REBUILD", TaskType::Rebuild),
        ("EXECUTE_SCRIPT", TaskType::ExecuteScript),
        ("CREATE_SNAPSHOT", TaskType::CreateSnapshot),
    ] {
        accepted(
            format!("offset=0&limit=10&task_type={text}"),
            &plain().with_task_type(value),
        );
        seen += 1;
    }
    assert_eq!(seen, TaskType::ALL.len());
    for (text, value) in [
        ("FIXED_TIME", ScheduledType::FixedTime),
        ("DAY", ScheduledType::Day),
        ("WEEK", ScheduledType::Week),
        ("MONTH", ScheduledType::Month),
        ("LIFE_CYCLE", ScheduledType::LifeCycle),
    ] {
        accepted(
            format!("offset=0&limit=10&scheduled_type={text}"),
            &plain().with_scheduled_type(value),
        );
    }
    for (text, value) in [
        (
            "POST_CREATE_DESKTOP_SUCCESS",
            LifeCycleType::PostCreateDesktopSuccess,
        ),
        (
            "POST_REBUILD_DESKTOP_SUCCESS",
            LifeCycleType::PostRebuildDesktopSuccess,
        ),
        (
            "POST_REATTACH_DESKTOP_SUCCESS",
            LifeCycleType::PostReattachDesktopSuccess,
        ),
        (
            "POST_DESKTOP_DISCONNECTED",
            LifeCycleType::PostDesktopDisconnected,
        ),
    ] {
        accepted(
            format!("offset=0&limit=10&life_cycle_type={text}"),
            &plain().with_life_cycle_type(value),
        );
    }
    for (text, value) in [
        ("SUCCESS", LastStatus::Success),
        ("SKIP", LastStatus::Skip),
        ("FAIL", LastStatus::Fail),
    ] {
        accepted(
            format!("offset=0&limit=10&last_status={text}"),
            &plain().with_last_status(value),
        );
    }
    accepted(
        "last_status=SKIP&life_cycle_type=POST_DESKTOP_DISCONNECTED&scheduled_type=LIFE_CYCLE&task_type=STOP&task_name=x&limit=3&offset=2",
        &ListQuery::new(2, 3)
            .unwrap()
            .with_task_name(NameMatch::contains("x").unwrap())
            .with_task_type(TaskType::Stop)
            .with_scheduled_type(ScheduledType::LifeCycle)
            .with_life_cycle_type(LifeCycleType::PostDesktopDisconnected)
            .with_last_status(LastStatus::Skip),
    );
}

#[test]
fn an_event_without_life_cycle_finds_nothing() {
    let store = TaskStore::new();
    let p = project("p");
    let event = LifeCycleType::PostDesktopDisconnected;
    let task = Task::builder("t", "T", TaskType::Stop, event)
        .build()
        .unwrap();
    store.add(&p, task, NOW).unwrap();
    let list = |query: &str| {
        let page = store.list(&p, &ListQuery::from_query_string(query).unwrap(), NOW);
        (ids(&page), page.total_count())
    };
    let none = (Vec::new(), 0);
    assert_eq!(list("offset=0&limit=10"), none);
    assert_eq!(
        list("offset=0&limit=10&life_cycle_type=POST_DESKTOP_DISCONNECTED"),
        none
    );
    assert_eq!(
        list("offset=0&limit=10&life_cycle_type=POST_DESKTOP_DISCONNECTED&scheduled_type=DAY"),
        none
    );
    assert_eq!(list("offset=0&limit=10&task_name=T&task_type=STOP"), none);
    let one = (vec!["t".to_owned()], 1);
    assert_eq!(list("offset=0&limit=10&scheduled_type=LIFE_CYCLE"), one);
    assert_eq!(
        list(
            "offset=0&limit=10&scheduled_type=LIFE_CYCLE&life_cycle_type=POST_DESKTOP_DISCONNECTED"
        ),
        one
    );
    assert_eq!(
        list(
            "offset=0&limit=10&scheduled_type=LIFE_CYCLE&life_cycle_type=POST_CREATE_DESKTOP_SUCCESS"
        ),
        none
    );
    assert_eq!(
        list("offset=0&limit=0&scheduled_type=LIFE_CYCLE"),
        (Vec::new(), 1)
    );
}

#[test]
fn a_refusal_repeats_what_was_given_in_bounds() {
    let error = ListQuery::from_query_string("offset=0&limit=10&task_type=RESTART").unwrap_err();
    assert_eq!(error.value(), Some("RESTART"));
    assert!(error.accepted().contains("REBOOT"));
    let message = error.to_string();
    assert!(
        message.contains("task_type") && message.contains("RESTART") && message.contains("REBOOT")
    );

    let huge = format!("offset=0&limit=10&task_type=%0A{}", "研".repeat(10_000));
    let error = ListQuery::from_query_string(huge).unwrap_err();
    assert!(error.to_string().chars().count() < 400);
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn pairs_and_maps_follow_the_same_rules() {
    let pairs = |pairs: &[(&str, &str)]| ListQuery::from_pairs(pairs.iter().copied());
    assert_eq!(
        pairs(&[("limit", "10"), ("offset", "0"), ("x", "%")]).unwrap(),
        plain()
    );
    // Decoded already: a plus is a plus.
    assert_eq!(
        pairs(&[("offset", "0"), ("limit", "10"), ("task_name", "a+%20")]).unwrap(),
        named("a+%20")
    );
    for (given, code) in [
        (&[("offset", "0")][..], MISSING),
        (&[("offset", "0"), ("limit", "1"), ("limit", "1")], REPEATED),
        (&[("offset", " 0"), ("limit", "1")], NOT_A_NUMBER),
        (&[("offset", "0"), ("limit", "51")], OUT_OF_RANGE),
        (
            &[("offset", "0"), ("limit", "1"), ("last_status", "fail")],
            UNKNOWN,
        ),
    ] {
        assert_eq!(pairs(given).unwrap_err().code(), code, "{given:?}");
    }

    let read = |json: serde_json::Value| ListQuery::deserialize(json);
    assert_eq!(
        read(serde_json::json!({"offset": 0, "limit": 10})).unwrap(),
        plain()
    );
    assert_eq!(
        read(serde_json::json!({"offset": "0", "limit": "10", "task_name": "a", "task_type": null, "x": [1]})).unwrap(),
        named("a"),
    );
    for wrong in [
        serde_json::json!({"offset": 0}),
        serde_json::json!({"offset": -1, "limit": 10}),
        serde_json::json!({"offset": 0.5, "limit": 10}),
        serde_json::json!({"offset": 0, "limit": 51}),
        serde_json::json!({"offset": 0, "limit": 10, "task_type": "start"}),
        serde_json::json!({"offset": 0, "limit": 10, "task_name": ["a"]}),
        serde_json::json!([0, 10]),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
    let error = read(serde_json::json!([0, 10])).unwrap_err();
    let expected = "expected the parameters of the documented listing";
    assert!(error.to_string().contains(expected), "{error}");
    let error = serde_json::from_str::<taskdex::TaskName>("5").unwrap_err();
    assert!(error.to_string().contains("expected a string"), "{error}");
    let twice = r#"{"offset":0,"limit":10,"offset":0}"#;
    assert!(serde_json::from_str::<ListQuery>(twice).is_err());
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_query_that_is_written_is_read_as_it_was(
        query in strategies::queries(),
        name in prop::option::of(".{0,12}"),
    ) {
        let documented = query.with_order(Order::OldestFirst).with_cursor(None);
        let name = name.filter(|it| !it.is_empty());
        let documented = documented.with_task_name(name.map(|it| NameMatch::contains(&it).unwrap()));
        let text = documented.to_query_string().unwrap();
        prop_assert_eq!(ListQuery::from_query_string(&text), Ok(documented));
        let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~=&%".contains(&byte);
        prop_assert!(text.bytes().all(is_bare), "{}", text);
    }

    /// Query strings without an escape are read another way.
    #[test]
    fn an_escape_in_an_ignored_parameter_changes_nothing(
        pieces in prop::collection::vec(
            prop_oneof![
                3 => "offset=[0-9]{0,2}|limit=[0-9]{0,2}",
                2 => "(task_(name|type)|scheduled_type|last_status|page)=(DAY|STOP|FAIL|研?)",
                1 => "[a-z=é]{0,4}",
            ],
            0..6,
        ),
    ) {
        let plain = pieces.join("&");
        let read = ListQuery::from_query_string(&plain);
        prop_assert_eq!(ListQuery::from_query_string(plain + "&page=%20"), read);
    }
}

#[test]
fn what_no_parameter_asks_for_is_not_written() {
    let query = named("a");
    assert_eq!(
        query.to_query_string().unwrap(),
        "offset=0&limit=10&task_name=a"
    );
    let cursor: Cursor = "c1".parse().unwrap();
    for other in [
        query.clone().with_order(Order::NewestFirst),
        query.clone().with_cursor(cursor),
        query
            .clone()
            .with_task_name(NameMatch::exactly("a").unwrap()),
        query
            .clone()
            .with_task_name(NameMatch::contains_ignoring_case("a").unwrap()),
        // An empty value counts as left out, so that this would be another query.
        query.with_task_name(NameMatch::contains("").unwrap()),
    ] {
        assert_eq!(other.to_query_string(), None, "{other:?}");
    }
}
