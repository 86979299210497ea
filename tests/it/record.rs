//! Records of JSON: every field's rule at its edges, and how a record is listed.

use serde_json::{Value, json};
use taskdex::wire::{ExecutionFormat, FutureExecutions, Record};
use taskdex::{ListQuery, ScheduledType, TaskStore};

use crate::support::{NOW, instant, project};

const MISSING: &str = "TDX.0001";
const OUT_OF_RANGE: &str = "TDX.0004";
const UNKNOWN: &str = "TDX.0005";
const LENGTH: &str = "TDX.0006";
const SYNTAX: &str = "TDX.0008";
const ZONE: &str = "TDX.0009";
const INCOMPLETE: &str = "TDX.0010";
const IMPOSSIBLE: &str = "TDX.0011";
const NOT_TRIGGERABLE: &str = "TDX.0012";
const JSON: &str = "TDX.0013";
const REPEATED_KEY: &str = "TDX.0014";
const TYPE: &str = "TDX.0015";
const NO_SUCH_DATE: &str = "TDX.0030";

/// A record of each scheduled type, with all that it needs.
fn record(scheduled_type: &str) -> Value {
    let mut record =
        json!({"id": "t", "task_name": "n", "task_type": "STOP", "scheduled_type": scheduled_type});
    let fields = match scheduled_type {
        "FIXED_TIME" => json!({"scheduled_date": "2027-01-01", "scheduled_time": "02:00:00"}),
        "DAY" => json!({"day_interval": 1, "scheduled_time": "02:00:00"}),
        "WEEK" => json!({"week_list": "1", "scheduled_time": "02:00:00"}),
        "MONTH" => json!({"month_list": "1", "date_list": "1", "scheduled_time": "02:00:00"}),
        _ => json!({"life_cycle_type": "POST_DESKTOP_DISCONNECTED"}),
    };
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn reported() -> Value {
    json!({"id": "t", "task_name": "n", "task_type": "STOP", "scheduled_type": "DAY"})
}

fn with(mut record: Value, name: &str, value: Value) -> Value {
    record[name] = value;
    record
}

fn without(mut record: Value, name: &str) -> Value {
    record.as_object_mut().unwrap().remove(name).unwrap();
    record
}

/// The record as it is listed, as text.
#[track_caller]
fn listed_text(json: &str) -> String {
    let record = Record::from_json(json).unwrap_or_else(|error| panic!("{json}: {error}"));
    let store = TaskStore::new();
    let p = project("p");
    let mut query = ListQuery::new(0, 1).unwrap();
    if record.task.scheduled_type() == ScheduledType::LifeCycle {
        query = query.with_scheduled_type(ScheduledType::LifeCycle);
    }
    store.add(&p, record.task, NOW).unwrap();
    let mut body = Vec::new();
    store.list(&p, &query, NOW).write_json(&mut body);
    let body = String::from_utf8(body).unwrap();
    let record = body.strip_prefix("{\"scheduled_tasks\":[").unwrap();
    record
        .strip_suffix("],\"total_count\":1}")
        .unwrap()
        .to_owned()
}

#[track_caller]
fn listed(json: &str) -> Value {
    serde_json::from_str(&listed_text(json)).unwrap()
}

#[track_caller]
fn refused(json: &str, code: &str, parameter: &str) {
    match Record::from_json(json) {
        Ok(record) => panic!("{json}: accepted as {record:?}"),
        Err(error) => {
            assert_eq!(
                (error.code(), error.parameter()),
                (code, parameter),
                "{json}: {error}"
            );
        }
    }
}

#[track_caller]
fn accepted(record: &Value) -> Value {
    listed(&record.to_string())
}

const TYPES: [&str; 5] = ["FIXED_TIME", "DAY", "WEEK", "MONTH", "LIFE_CYCLE"];

#[test]
fn four_fields_are_required_of_every_record() {
    for scheduled_type in TYPES {
        let complete = record(scheduled_type);
        accepted(&complete);
        for name in ["id", "task_name", "task_type", "scheduled_type"] {
            refused(&without(complete.clone(), name).to_string(), MISSING, name);
            for nothing in [Value::Null, json!("")] {
                match Record::from_json(with(complete.clone(), name, nothing).to_string()) {
                    Ok(_) => panic!("{name} of nothing is accepted"),
                    Err(error) => assert_eq!(error.parameter(), name),
                }
            }
            for wrong in [json!(5), json!(true), json!([]), json!({}), json!(["x"])] {
                refused(&with(complete.clone(), name, wrong).to_string(), TYPE, name);
            }
        }
    }
}

#[test]
fn a_schedule_needs_its_fields_and_some_of_them_are_not_enough() {
    for (scheduled_type, needed) in [
        ("FIXED_TIME", &["scheduled_date", "scheduled_time"][..]),
        ("DAY", &["day_interval", "scheduled_time"]),
        ("WEEK", &["week_list", "scheduled_time"]),
        ("MONTH", &["month_list", "date_list", "scheduled_time"]),
    ] {
        let complete = record(scheduled_type);
        for name in needed {
            refused(
                &without(complete.clone(), name).to_string(),
                INCOMPLETE,
                name,
            );
            for nothing in [Value::Null, json!("")] {
                refused(
                    &with(complete.clone(), name, nothing).to_string(),
                    INCOMPLETE,
                    name,
                );
            }
        }
        // Without any of them it is what another service reported, and the rest of a schedule says
        // nothing beside it, whatever it holds.
        let mut bare = complete.clone();
        for name in needed {
            bare = without(bare, name);
        }
        let expected = accepted(&bare);
        for (name, values) in [
            (
                "expire_time",
                [json!("2000-01-01 00:00:00"), json!("never"), json!([1])],
            ),
            (
                "start_date",
                [json!("2027-01-01"), json!("2027-02-29"), json!(1)],
            ),
            ("gap_rule", [json!("SKIP"), json!("skip"), json!({})]),
        ] {
            for value in values {
                assert_eq!(accepted(&with(bare.clone(), name, value)), expected);
            }
        }
        // What belongs to other types is no part of it.
        for (name, value) in [
            ("day_interval", json!(1)),
            ("week_list", json!("1")),
            ("month_list", json!("1")),
            ("date_list", json!("1")),
            ("scheduled_date", json!("2027-01-01")),
        ] {
            if !needed.contains(&name) {
                accepted(&with(bare.clone(), name, value));
            }
        }
    }
    refused(
        &without(record("LIFE_CYCLE"), "life_cycle_type").to_string(),
        MISSING,
        "life_cycle_type",
    );
}

#[test]
fn texts_are_counted_in_characters() {
    for scheduled_type in ["DAY", "LIFE_CYCLE"] {
        for (name, at_least) in [("id", 1), ("task_name", 1), ("description", 0)] {
            for character in ["a", "é", "研", "🙂", "\0", "\u{301}"] {
                for length in [1, 254, 255] {
                    let text = character.repeat(length);
                    let listed = accepted(&with(record(scheduled_type), name, json!(text)));
                    assert_eq!(listed[name], json!(text));
                }
                let long = with(record(scheduled_type), name, json!(character.repeat(256)));
                refused(&long.to_string(), LENGTH, name);
            }
            if at_least == 0 {
                for nothing in [Value::Null, json!("")] {
                    let listed = accepted(&with(record(scheduled_type), name, nothing));
                    assert_eq!(listed.get(name), None);
                }
            }
        }
        for wrong in [json!(5), json!(false), json!(["a"])] {
            refused(
                &with(record(scheduled_type), "description", wrong).to_string(),
                TYPE,
                "description",
            );
        }
    }
    // All three at their longest, of four bytes each.
    let long = "🙂".repeat(255);
    let mut all = record("WEEK");
    for name in ["id", "task_name", "description"] {
        all = with(all, name, json!(long));
    }
    let listed = accepted(&all);
    for name in ["id", "task_name", "description"] {
        assert_eq!(listed[name], json!(long));
    }
    let error =
        Record::from_json(with(all, "id", json!("🙂".repeat(256))).to_string()).unwrap_err();
    assert_eq!(error.parameter(), "id");
}

#[test]
fn blanks_in_texts_are_kept() {
    let record = with(
        with(record("DAY"), "task_name", json!(" \t ")),
        "description",
        json!(" "),
    );
    let listed = accepted(&record);
    assert_eq!(listed["task_name"], " \t ");
    assert_eq!(listed["description"], " ");
}

#[test]
fn integers_have_bounds_and_are_json_integers() {
    for (name, min, max, scheduled_types) in [
        ("priority", 0, 50, &TYPES[..]),
        ("wait_time", 0, 43_200, &TYPES),
        ("day_interval", 1, 31, &["DAY"]),
    ] {
        for scheduled_type in scheduled_types {
            let base = record(scheduled_type);
            let text = |value: &str| {
                let placed = with(base.clone(), name, json!("PLACE")).to_string();
                placed.replace("\"PLACE\"", value)
            };
            for value in [min, min + 1, max - 1, max] {
                let listed = listed(&text(&value.to_string()));
                if name != "day_interval" {
                    assert_eq!(listed[name], json!(value), "{scheduled_type}");
                }
            }
            for value in [max + 1, min - 1] {
                refused(&text(&value.to_string()), OUT_OF_RANGE, name);
            }
            for value in [
                "256",
                "4294967295",
                "4294967296",
                "4294967297",
                "18446744073709551617",
                "-2147483649",
                "99999999999999999999999999999999999999999",
            ] {
                if value == "256" && max > 256 {
                    continue;
                }
                refused(&text(value), OUT_OF_RANGE, name);
            }
            for value in [
                "1.0",
                "1e0",
                "1E1",
                "0.5",
                "1e999",
                "\"1\"",
                "\" \"",
                "true",
                "[]",
                "[1]",
                "{}",
                "{\"a\":1}",
            ] {
                refused(&text(value), TYPE, name);
            }
            // JSON itself has no such numbers.
            for value in ["+1", "01", "1.", ".5", "0x1", "NaN", "--1", "1_0"] {
                refused(&text(value), JSON, "record");
            }
            if name == "day_interval" {
                refused(&text("-0"), OUT_OF_RANGE, name);
            } else {
                assert_eq!(listed(&text("-0"))[name], json!(0));
                for nothing in ["null", "\"\""] {
                    assert_eq!(listed(&text(nothing)).get(name), None);
                }
            }
        }
    }
}

#[test]
fn enable_is_a_json_boolean_and_true_unless_given() {
    for scheduled_type in TYPES {
        let base = record(scheduled_type);
        assert_eq!(accepted(&base)["enable"], json!(true));
        assert_eq!(
            accepted(&with(base.clone(), "enable", json!(true)))["enable"],
            json!(true)
        );
        assert_eq!(
            accepted(&with(base.clone(), "enable", json!(false)))["enable"],
            json!(false)
        );
        for nothing in [Value::Null, json!("")] {
            assert_eq!(
                accepted(&with(base.clone(), "enable", nothing))["enable"],
                json!(true)
            );
        }
        for wrong in [
            json!("true"),
            json!("false"),
            json!(1),
            json!(0),
            json!([]),
            json!({}),
        ] {
            refused(
                &with(base.clone(), "enable", wrong).to_string(),
                TYPE,
                "enable",
            );
        }
    }
}

#[test]
fn closed_sets_are_matched_to_the_letter() {
    for value in [
        "START",
        "STOP",
        "REBOOT",
        "HIBERNATE",
        "REBUILD",
        "EXECUTE_SCRIPT",
        "CREATE_SNAPSHOT",
    ] {
        for scheduled_type in TYPES {
            let given = with(record(scheduled_type), "task_type", json!(value));
            if scheduled_type == "LIFE_CYCLE" && ["START", "REBUILD"].contains(&value) {
                refused(&given.to_string(), NOT_TRIGGERABLE, "task_type");
            } else {
                assert_eq!(accepted(&given)["task_type"], json!(value));
            }
        }
    }
    for value in ["SUCCESS", "SKIP", "FAIL"] {
        let given = with(record("MONTH"), "last_status", json!(value));
        assert_eq!(accepted(&given)["last_status"], json!(value));
    }
    for nothing in [Value::Null, json!("")] {
        assert_eq!(
            accepted(&with(record("WEEK"), "last_status", nothing)).get("last_status"),
            None
        );
    }
    for value in [
        "POST_CREATE_DESKTOP_SUCCESS",
        "POST_REBUILD_DESKTOP_SUCCESS",
        "POST_REATTACH_DESKTOP_SUCCESS",
        "POST_DESKTOP_DISCONNECTED",
    ] {
        let given = with(record("LIFE_CYCLE"), "life_cycle_type", json!(value));
        assert_eq!(accepted(&given)["life_cycle_type"], json!(value));
    }
    for (scheduled_type, name, values) in [
        ("DAY", "task_type", ["start", "STOP ", "", "UNKNOWN"]),
        ("DAY", "scheduled_type", ["day", " DAY", "", "YEAR"]),
        (
            "DAY",
            "last_status",
            ["success", "SUCCESS ", "FAILED", "NONE"],
        ),
        (
            "LIFE_CYCLE",
            "life_cycle_type",
            ["string", "post_desktop_disconnected", "", "LIFE_CYCLE"],
        ),
    ] {
        for value in values {
            let code = if value.is_empty() { MISSING } else { UNKNOWN };
            refused(
                &with(record(scheduled_type), name, json!(value)).to_string(),
                code,
                name,
            );
        }
        refused(
            &with(record(scheduled_type), name, json!(1)).to_string(),
            TYPE,
            name,
        );
    }
}

/// Accepted and refused texts of one field of a record.
fn text_field(
    scheduled_type: &str,
    name: &str,
    accepted_texts: &[&str],
    refused_texts: &[(&str, &[&str])],
) {
    for text in accepted_texts {
        accepted(&with(record(scheduled_type), name, json!(text)));
    }
    for (code, texts) in refused_texts {
        for text in *texts {
            refused(
                &with(record(scheduled_type), name, json!(text)).to_string(),
                code,
                name,
            );
        }
    }
    for wrong in [
        json!(1),
        json!(20_270_101),
        json!(true),
        json!([]),
        json!(["1"]),
        json!({}),
    ] {
        refused(
            &with(record(scheduled_type), name, wrong).to_string(),
            TYPE,
            name,
        );
    }
}

#[test]
fn lists_are_numbers_between_commas() {
    let malformed = [
        " ", ",", "1,", ",1", "1,,2", "1, ,2", "1;2", "1 2", "1.0", "+1", "-1", "001", "1,\t2",
        "\t1", "1\n", "１", "1,x", "x", "[1]", "1，2", "1\u{a0}", "0x1", "1-3", "*", "\u{0}",
    ];
    let with_syntax =
        |extra: &[&'static str]| -> Vec<&'static str> { [&malformed[..], extra].concat() };
    text_field(
        "WEEK",
        "week_list",
        &[
            "1",
            "7",
            "1,2,3,4,5,6,7",
            "7,1",
            " 1 , 7 ",
            "01,07",
            "1,1,1",
            "1,01",
            "   3   ",
        ],
        &[
            (OUT_OF_RANGE, &["0", "8", "00", "1,8", "10", "99"]),
            (SYNTAX, &with_syntax(&["L", "1,L", "MON"])),
        ],
    );
    text_field(
        "MONTH",
        "month_list",
        &[
            "1",
            "12",
            "1,2,3,4,5,6,7,8,9,10,11,12",
            "12, 1",
            "01",
            "2,2",
        ],
        &[
            (OUT_OF_RANGE, &["0", "13", "00", "1,13", "99"]),
            (SYNTAX, &with_syntax(&["L", "JAN"])),
        ],
    );
    text_field(
        "MONTH",
        "date_list",
        &[
            "1", "31", "L", "L,L", "1,L", "L,15", " L , 1 ", "01,09,10", "31,31",
        ],
        &[
            (OUT_OF_RANGE, &["0", "32", "00", "1,32", "99"]),
            (
                SYNTAX,
                &with_syntax(&["l", "LL", "L L", "L1", "1L", "-L", "last"]),
            ),
        ],
    );
}

#[test]
fn a_month_schedule_that_never_happens_is_refused() {
    let monthly = |months: &str, dates: &str| {
        with(
            with(record("MONTH"), "month_list", json!(months)),
            "date_list",
            json!(dates),
        )
        .to_string()
    };
    for (months, dates) in [
        ("2", "30"),
        ("2", "31"),
        ("2", "30,31"),
        ("4", "31"),
        ("2,4,6,9,11", "31"),
        ("02", "30"),
    ] {
        refused(&monthly(months, dates), IMPOSSIBLE, "date_list");
    }
    for (months, dates, next) in [
        ("2", "29", "2028-02-29 02:00:00"),
        ("2", "30,L", "2027-02-28 02:00:00"),
        ("2", "28,30", "2027-02-28 02:00:00"),
        ("4,5", "31", "2027-05-31 02:00:00"),
        ("2,3", "30", "2027-03-30 02:00:00"),
        ("12", "1, 1,01", "2027-12-01 02:00:00"),
        // At NOW it is eight in the morning of the first in Shanghai.
        ("12", "2,L,31", "2026-12-02 02:00:00"),
    ] {
        assert_eq!(
            listed(&monthly(months, dates))["next_execution_time"],
            json!(next),
            "{months} {dates}"
        );
    }
}

#[test]
fn sunday_is_1_and_saturday_is_7() {
    // 2026-12-01 is a Tuesday.
    for (day, date) in [
        (1, "06"),
        (2, "07"),
        (3, "08"),
        (4, "02"),
        (5, "03"),
        (6, "04"),
        (7, "05"),
    ] {
        let weekly = with(record("WEEK"), "week_list", json!(day.to_string()));
        assert_eq!(
            accepted(&weekly)["next_execution_time"],
            json!(format!("2026-12-{date} 02:00:00"))
        );
    }
}

#[test]
fn dates_and_times_have_exactly_their_digits() {
    let dates = [
        "0001-01-01",
        "9999-12-31",
        "2024-02-29",
        "2000-02-29",
        "2027-12-31",
    ];
    let not_dates = [
        " ",
        "2027-1-01",
        "2027-01-1",
        "0000-01-01",
        "10000-01-01",
        "999-01-01",
        " 2027-01-01",
        "2027-01-01 ",
        "2027/01/01",
        "20270101",
        "+027-01-01",
        "-001-01-01",
        "２０２７-01-01",
        "2027-01-01T00:00:00",
        "2027-01-01\n",
        "2027-W01-1",
        "2027-0a-01",
    ];
    // They have the form, but no calendar has them.
    let not_there = [
        "2027-02-29",
        "1900-02-29",
        "2027-04-31",
        "2027-13-01",
        "2027-00-01",
        "2027-01-00",
        "2027-01-32",
    ];
    for (scheduled_type, name) in [("FIXED_TIME", "scheduled_date"), ("DAY", "start_date")] {
        let refused = [(SYNTAX, &not_dates[..]), (NO_SUCH_DATE, &not_there)];
        text_field(scheduled_type, name, &dates, &refused);
    }
    let not_times = [
        " ",
        "24:00:00",
        "23:60:00",
        "23:59:60",
        "2:00:00",
        "02:0:00",
        "02:00:0",
        "02:00",
        " 02:00:00",
        "02:00:00 ",
        "02:00:00.0",
        "02-00-00",
        "020000",
        "+2:00:00",
        "-1:00:00",
        "０２:00:00",
        "02:00:00Z",
        "2 PM",
        "02:00:00\n",
        "02:00:00+08:00",
    ];
    for scheduled_type in ["FIXED_TIME", "DAY", "WEEK", "MONTH"] {
        text_field(
            scheduled_type,
            "scheduled_time",
            &["00:00:00", "23:59:59", "09:08:07"],
            &[(SYNTAX, &not_times)],
        );
        text_field(
            scheduled_type,
            "expire_time",
            &[
                "2027-01-01 00:00:00",
                "0001-01-01 00:00:00",
                "9999-12-31 23:59:59",
            ],
            &[
                (
                    NO_SUCH_DATE,
                    &["2027-02-29 00:00:00", "2026-12-32 00:00:00"],
                ),
                (
                    SYNTAX,
                    &[
                        " ",
                        "2027-01-01",
                        "00:00:00",
                        "2027-01-01T00:00:00",
                        "2027-01-01  00:00:00",
                        "2027-01-01 24:00:00",
                        "2027-01-01 00:00:00Z",
                        "2027-01-01 00:00",
                        " 2027-01-01 00:00:00",
                        "2027-01-01 00:00:00 GMT",
                        "0000-01-01 00:00:00",
                        "2027-01-01\u{a0}00:00:00",
                    ],
                ),
            ],
        );
        for nothing in [Value::Null, json!("")] {
            accepted(&with(
                record(scheduled_type),
                "expire_time",
                nothing.clone(),
            ));
            accepted(&with(record(scheduled_type), "start_date", nothing));
        }
    }
}

#[test]
fn an_expiry_is_inclusive_and_in_the_zone_of_the_task() {
    for scheduled_type in ["FIXED_TIME", "DAY", "WEEK", "MONTH"] {
        let next = accepted(&record(scheduled_type))["next_execution_time"]
            .as_str()
            .unwrap()
            .to_owned();
        let expiring = |at: &str| accepted(&with(record(scheduled_type), "expire_time", json!(at)));
        assert_eq!(expiring(&next)["next_execution_time"], json!(next));
        let second_before = next.replace("02:00:00", "01:59:59");
        assert_eq!(
            expiring(&second_before).get("next_execution_time"),
            None,
            "{scheduled_type}"
        );
    }
}

#[test]
fn zones_are_read_where_there_is_a_schedule_or_a_trigger() {
    let names = [
        "Asia/Shanghai",
        "America/New_York",
        "America/Argentina/Buenos_Aires",
        "Etc/GMT+8",
        "Etc/GMT-14",
        "UTC",
        "GMT",
        "Z",
        "Coordinated Universal Time",
        "GMT+8",
        "GMT+08:00",
        "UTC-3",
        "UTC+05:30",
        "+08:00",
        "-8",
        "+14:00",
        "-14",
        "UTC+14:00",
        "GMT-14:00",
        "UTC+0",
        "GMT+0",
        "-00:00",
        "+5:45",
        "EST",
        "Africa/Monrovia",
    ];
    let not_names = [
        " ",
        "asia/shanghai",
        "ASIA/SHANGHAI",
        "utc",
        "gmt",
        "z",
        "Utc",
        "Asia/Atlantis",
        " UTC",
        "UTC ",
        "+0800",
        "UTC0",
        "UTC+",
        "+",
        "-",
        "Z+8",
        "UTC+8:5",
        "UTC+8:",
        "UTC+8:60",
        "+14:01",
        "-14:01",
        "+15",
        "UTC+15:00",
        "UTC+008",
        "+8:00:00",
        "UTC +8",
        "GMT＋8",
        "UTC\u{2212}3",
        "UTC+8.5",
        "coordinated universal time",
        "Coordinated Universal Time ",
        "Asia/Shanghai\0",
        "GMT 8",
        "CST",
        "China Standard Time",
        "string",
        "../etc/localtime",
        ":UTC",
        "EST5EDT4",
        "+99",
        "-24:00",
        "UTC++8",
    ];
    for scheduled_type in TYPES {
        for enable in [true, false] {
            let base = with(record(scheduled_type), "enable", json!(enable));
            for name in names {
                let listed = accepted(&with(base.clone(), "time_zone", json!(name)));
                assert_eq!(listed["time_zone"], json!(name), "{scheduled_type}");
            }
            for name in not_names {
                refused(
                    &with(base.clone(), "time_zone", json!(name)).to_string(),
                    ZONE,
                    "time_zone",
                );
            }
            refused(
                &with(base.clone(), "time_zone", json!(8)).to_string(),
                TYPE,
                "time_zone",
            );
            for base in [
                base.clone(),
                with(base.clone(), "time_zone", Value::Null),
                with(base.clone(), "time_zone", json!("")),
            ] {
                let expected = (scheduled_type != "LIFE_CYCLE").then(|| json!("Asia/Shanghai"));
                assert_eq!(accepted(&base).get("time_zone"), expected.as_ref());
            }
        }
        let expired = with(
            record(scheduled_type),
            "expire_time",
            json!("2000-01-01 00:00:00"),
        );
        if scheduled_type != "LIFE_CYCLE" {
            accepted(&expired);
        }
        refused(
            &with(expired, "time_zone", json!("Mars")).to_string(),
            ZONE,
            "time_zone",
        );
    }
    let error =
        Record::from_json(with(record("DAY"), "time_zone", json!("Asia/Atlantis")).to_string());
    assert!(error.unwrap_err().to_string().contains("Asia/Atlantis"));
}

#[test]
fn the_sign_of_etc_zones_is_the_other_way_round() {
    for (zone, next) in [
        ("Etc/GMT-8", "2026-12-02 02:00:00"),
        ("GMT+8", "2026-12-02 02:00:00"),
        ("Etc/GMT+8", "2026-12-01 02:00:00"),
        ("GMT-8", "2026-12-01 02:00:00"),
    ] {
        // At NOW it is 08:00 on the first, or 16:00 on 30 November.
        let listed = accepted(&with(
            with(record("DAY"), "time_zone", json!(zone)),
            "start_date",
            json!("2026-01-01"),
        ));
        assert_eq!(listed["next_execution_time"], json!(next), "{zone}");
    }
}

/// JSON that many readers cannot take, and values that no field would accept.
fn junk() -> Vec<String> {
    vec![
        "1e999".to_owned(),
        "-1e-999".to_owned(),
        "123456789012345678901234567890".to_owned(),
        format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{}1{}", r#"{"a":"#.repeat(1_000), "}".repeat(1_000)),
        r#""\ud800""#.to_owned(),
        r#""\udc00\ud800""#.to_owned(),
        r#"{"a":1,"a":2}"#.to_owned(),
        r#"{"\ud800":"\ud800"}"#.to_owned(),
        r#""31 February""#.to_owned(),
        r#""\u0000""#.to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "-0".to_owned(),
        "\"\"".to_owned(),
        format!("\"{}\"", "x".repeat(100_000)),
    ]
}

fn insert_raw(record: &Value, name: &str, raw: &str) -> String {
    let text = record.to_string();
    format!("{},\"{name}\":{raw}}}", text.strip_suffix('}').unwrap())
}

#[test]
fn what_belongs_to_another_type_is_ignored_whatever_it_holds() {
    let used = |scheduled_type: &str| match scheduled_type {
        "FIXED_TIME" => &[
            "scheduled_date",
            "scheduled_time",
            "expire_time",
            "gap_rule",
        ][..],
        "DAY" => &[
            "day_interval",
            "scheduled_time",
            "expire_time",
            "start_date",
            "gap_rule",
        ],
        "WEEK" => &["week_list", "scheduled_time", "expire_time", "gap_rule"],
        "MONTH" => &[
            "month_list",
            "date_list",
            "scheduled_time",
            "expire_time",
            "gap_rule",
        ],
        _ => &["life_cycle_type"],
    };
    let all = [
        "life_cycle_type",
        "day_interval",
        "week_list",
        "month_list",
        "date_list",
        "scheduled_date",
        "scheduled_time",
        "expire_time",
        "start_date",
        "gap_rule",
        // They are a store's to give.
        "sequence",
        "version",
    ];
    for scheduled_type in TYPES {
        let base = record(scheduled_type);
        let expected = accepted(&base);
        for raw in junk() {
            for name in all
                .iter()
                .filter(|name| !used(scheduled_type).contains(name))
            {
                assert_eq!(
                    listed(&insert_raw(&base, name, &raw)),
                    expected,
                    "{scheduled_type} {name}"
                );
            }
            // Computed here, and not read.
            assert_eq!(
                listed(&insert_raw(&base, "next_execution_time", &raw)),
                expected
            );
            for unknown in [
                "now",
                "desktops",
                "Id",
                "",
                "\\u0000",
                "scheduled_tasks",
                "total_count",
                "\\ud800",
            ] {
                assert_eq!(
                    listed(&insert_raw(&base, unknown, &raw)),
                    expected,
                    "{unknown}"
                );
            }
        }
    }
    // A bare record of a type has no schedule, whatever other types' fields hold.
    let bare = reported();
    let expected = accepted(&bare);
    for raw in junk() {
        for name in [
            "life_cycle_type",
            "week_list",
            "month_list",
            "date_list",
            "scheduled_date",
            "expire_time",
            "start_date",
            "gap_rule",
            "sequence",
            "version",
        ] {
            assert_eq!(listed(&insert_raw(&bare, name, &raw)), expected);
        }
    }
}

#[test]
fn what_is_used_is_read_and_a_lone_surrogate_is_no_text() {
    for (scheduled_type, name) in [
        ("DAY", "id"),
        ("DAY", "task_name"),
        ("DAY", "task_type"),
        ("DAY", "scheduled_type"),
        ("DAY", "description"),
        ("DAY", "last_status"),
        ("DAY", "time_zone"),
        ("DAY", "scheduled_time"),
        ("DAY", "expire_time"),
        ("DAY", "start_date"),
        ("WEEK", "week_list"),
        ("MONTH", "month_list"),
        ("MONTH", "date_list"),
        ("FIXED_TIME", "scheduled_date"),
        ("LIFE_CYCLE", "life_cycle_type"),
        ("DAY", "project_id"),
        ("DAY", "gap_rule"),
        ("WEEK", "added_at"),
        ("LIFE_CYCLE", "added_at"),
    ] {
        let mut base = record(scheduled_type);
        base.as_object_mut().unwrap().remove(name);
        for raw in [
            r#""\ud800""#,
            r#""a\udfff""#,
            "1e999",
            "[[[]]]",
            "{}",
            "true",
        ] {
            refused(&insert_raw(&base, name, raw), TYPE, name);
        }
    }
    // A pair of surrogates is one character.
    let listed = listed(&insert_raw(
        &without(record("DAY"), "task_name"),
        "task_name",
        r#""\ud83d\ude42\u7814\/\"\\\b\f\n\r\t""#,
    ));
    assert_eq!(listed["task_name"], "🙂研/\"\\\u{8}\u{c}\n\r\t");
}

#[test]
fn a_repeated_key_is_refused_in_any_spelling() {
    for (text, key) in [
        (insert_raw(&record("DAY"), "id", "\"t\""), "id"),
        (insert_raw(&record("DAY"), "\\u0069d", "\"t\""), "id"),
        (insert_raw(&record("DAY"), "\\u0069\\u0064", "\"u\""), "id"),
        (
            insert_raw(
                &with(record("DAY"), "enable", Value::Null),
                "enable",
                "true",
            ),
            "enable",
        ),
        (
            insert_raw(
                &with(record("DAY"), "week_list", json!("1")),
                "week_list",
                "\"1\"",
            ),
            "week_list",
        ),
        (
            insert_raw(&with(record("DAY"), "x", json!(1)), "x", "1"),
            "x",
        ),
        (
            insert_raw(&with(record("DAY"), "x", json!(1)), "\\u0078", "1"),
            "x",
        ),
        (
            insert_raw(&with(record("DAY"), "研", json!(1)), "\\u7814", "1"),
            "研",
        ),
        (insert_raw(&with(record("DAY"), "", json!(1)), "", "1"), ""),
        (
            insert_raw(&with(record("DAY"), "now", json!(1)), "now", "1"),
            "now",
        ),
    ] {
        refused(&text, REPEATED_KEY, key);
    }
    // Other letter case, other key; and objects inside ignored fields are not looked at.
    accepted(&with(record("DAY"), "ID", json!(1)));
    listed(&insert_raw(&record("DAY"), "x", r#"{"id":1,"id":2}"#));
    // Two keys that are no text are two keys.
    listed(&insert_raw(&record("DAY"), "\\ud800", "1,\"\\ud801\":2"));
}

#[test]
fn a_repeated_key_is_shown_short_and_on_one_line() {
    let key = format!("a\\n{}", "x".repeat(10_000));
    let text = format!(r#"{{"{key}":1,"{key}":2}}"#);
    let error = Record::from_json(text).unwrap_err();
    assert_eq!(error.code(), REPEATED_KEY);
    assert!(error.to_string().chars().count() < 400, "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn what_is_no_json_object_is_refused_briefly() {
    let huge = format!("\"{}\"", "x".repeat(100_000));
    let cut = format!("{{\"id\":\"{}", "x".repeat(100_000));
    for text in [
        "",
        " ",
        "null",
        "5",
        "[]",
        "[{}]",
        "\"t\"",
        "{",
        "}",
        "{\"id\"}",
        "{\"id\":}",
        "{'id':1}",
        "{\"id\":\"t\",}",
        "{}{}",
        "{} x",
        "{\"id\":\"a\nb\"}",
        "{\"id\":\"\\x\"}",
        "{\"id\":\"\\ud8\"}",
        "{id:1}",
        "\u{feff}{}",
        "// x\n{}",
        "{\"a\":nan}",
        "{\"a\":1e}",
        &huge,
        &cut,
    ] {
        refused(text, JSON, "record");
        let error = Record::from_json(text).unwrap_err();
        assert!(
            error.to_string().chars().count() < 400,
            "{}",
            error.to_string().len()
        );
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let error = Record::from_json(b"{\"id\":\"\xff\"}").unwrap_err();
    assert_eq!((error.code(), error.parameter()), ("TDX.0007", "record"));
    // Blanks of JSON around it are fine.
    listed(&format!(" \t\r\n{}\n ", record("DAY")));
}

#[test]
fn reported_records_are_kept_byte_for_byte() {
    for scheduled_type in ["FIXED_TIME", "DAY", "WEEK", "MONTH"] {
        for enable in [true, false] {
            let base = with(
                with(reported(), "scheduled_type", json!(scheduled_type)),
                "enable",
                json!(enable),
            );
            for time in [
                "2022-12-23 09:00:00",
                "2022-12-23 09:00:00 GMT",
                "2022-12-23 09:00:00 GMT+08:00",
                "2022-12-23 09:00:00 GMT+09:00",
                "2022-12-23 09:00:00 GMT-03:30",
                "2022-12-23 09:00:00 GMT+14:00",
                "2022-12-23 09:00:00 GMT-14:00",
                "2022-12-23 09:00:00 GMT-13:59",
                "2022-12-23 09:00:00 GMT+00:00",
                "2022-12-23 09:00:00 GMT-00:00",
                "0001-01-01 00:00:00 GMT-00:01",
                "9999-12-31 23:59:59 GMT+14:00",
                "0001-01-01 00:00:00",
                "9999-12-31 23:59:59 GMT",
                "2024-02-29 23:59:59",
            ] {
                let listed = accepted(&with(base.clone(), "next_execution_time", json!(time)));
                assert_eq!(listed["next_execution_time"], json!(time));
                assert_eq!(listed["enable"], json!(enable));
            }
            for zone in [
                "string",
                "Mars/Olympus",
                " ",
                "研",
                "🙂\0\"",
                "GMT+99",
                &"z".repeat(5_000),
                "Asia/Shanghai",
            ] {
                let listed = accepted(&with(base.clone(), "time_zone", json!(zone)));
                assert_eq!(listed["time_zone"], json!(zone));
            }
            for nothing in [Value::Null, json!("")] {
                for name in ["next_execution_time", "time_zone"] {
                    assert_eq!(
                        accepted(&with(base.clone(), name, nothing.clone())).get(name),
                        None
                    );
                }
            }
            assert_eq!(accepted(&base).get("time_zone"), None);
            for time in [
                " ",
                "2022-12-23",
                "2022-12-23T09:00:00",
                "2022-12-23 09:00:00Z",
                "2022-12-23 09:00:00 UTC",
                "2022-12-23 09:00:00 GMT+8",
                "2022-12-23 09:00:00 GMT+14:01",
                "2022-12-23 09:00:00 GMT-14:30",
                "2022-12-23 09:00:00 GMT+15:00",
                "2022-12-23 09:00:00 GMT+99:00",
                "2022-12-23 09:00:00 GMT+08:60",
                "2022-12-23 09:00:00 GMT+0800",
                "2022-12-23 09:00:00 GMT+08",
                "2022-12-23 09:00:00 GMT08:00",
                "2022-12-23 09:00:00 GMT +08:00",
                "2022-12-23 09:00:00 GMT+08:00:00",
                "2022-12-23 09:00:00 GMT\u{2212}08:00",
                "2022-12-23 09:00:00 GMT+0８:00",
                "2022-12-23 09:00:00 UTC+08:00",
                "2022-12-23 09:00:00+08:00",
                "2022-12-23 09:00:00 gmt",
                "2022-12-23 09:00:00  GMT",
                "2022-12-23 09:00:00GMT",
                "2022-12-23 09:00:00 ",
                " 2022-12-23 09:00:00",
                "2022-12-23 24:00:00",
                "0000-12-23 09:00:00",
                "2022-12-23 09:00:00 GMT+08:00 ",
                "string",
            ] {
                refused(
                    &with(base.clone(), "next_execution_time", json!(time)).to_string(),
                    SYNTAX,
                    "next_execution_time",
                );
            }
            let absent = json!("2022-02-29 09:00:00 GMT");
            refused(
                &with(base.clone(), "next_execution_time", absent).to_string(),
                NO_SUCH_DATE,
                "next_execution_time",
            );
            for name in ["next_execution_time", "time_zone"] {
                refused(&with(base.clone(), name, json!(5)).to_string(), TYPE, name);
            }
        }
    }
}

#[test]
fn a_record_is_listed_in_the_documented_order_of_fields() {
    let text = r#"{"wait_time":300,"time_zone":"GMT+8","priority":7,"description":"d \"q\" \\ \u0001 \u007f 研 🙂 /","enable":false,
        "next_execution_time":"x","last_status":"SKIP","life_cycle_type":"POST_REBUILD_DESKTOP_SUCCESS","scheduled_type":"LIFE_CYCLE",
        "task_type":"EXECUTE_SCRIPT","task_name":"n\t","id":"i"}"#;
    assert_eq!(
        listed_text(text),
        "{\"id\":\"i\",\"task_name\":\"n\\t\",\"task_type\":\"EXECUTE_SCRIPT\",\"scheduled_type\":\"LIFE_CYCLE\",\
         \"life_cycle_type\":\"POST_REBUILD_DESKTOP_SUCCESS\",\"last_status\":\"SKIP\",\"enable\":false,\
         \"description\":\"d \\\"q\\\" \\\\ \\u0001 \u{7f} 研 🙂 /\",\"priority\":7,\"time_zone\":\"GMT+8\",\"wait_time\":300}",
    );
    let text = r#"{"id":"i","task_name":"n","task_type":"START","scheduled_type":"WEEK","week_list":"7","scheduled_time":"09:05:07",
        "last_status":"FAIL","description":"d","priority":0,"wait_time":0,"time_zone":"America/New_York"}"#;
    assert_eq!(
        listed_text(text),
        r#"{"id":"i","task_name":"n","task_type":"START","scheduled_type":"WEEK","last_status":"FAIL","next_execution_time":"2026-12-05 09:05:07","enable":true,"description":"d","priority":0,"time_zone":"America/New_York","wait_time":0}"#,
    );
    // Nothing but what is required: the rest is left out, never null.
    assert_eq!(
        listed_text(r#"{"id":"i","task_name":"n","task_type":"START","scheduled_type":"WEEK"}"#),
        r#"{"id":"i","task_name":"n","task_type":"START","scheduled_type":"WEEK","enable":true}"#,
    );
    assert_eq!(
        listed_text(
            r#"{"id":"i","task_name":"n","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED"}"#
        ),
        r#"{"id":"i","task_name":"n","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","enable":true}"#,
    );
}

#[test]
fn a_record_may_name_its_project() {
    let project_of = |value: Value| {
        let record = Record::from_json(with(record("DAY"), "project_id", value).to_string());
        record.map(|record| record.project.map(|project| project.as_str().to_owned()))
    };
    assert_eq!(project_of(json!("p")).unwrap().as_deref(), Some("p"));
    let long = "研".repeat(255);
    assert_eq!(project_of(json!(long)).unwrap().as_deref(), Some(&*long));
    assert_eq!(project_of(Value::Null).unwrap(), None);
    assert_eq!(project_of(json!("")).unwrap(), None);
    let error = project_of(json!("研".repeat(256))).unwrap_err();
    assert_eq!((error.code(), error.parameter()), (LENGTH, "project_id"));
}

#[test]
fn disabled_and_passed_tasks_have_no_next_execution() {
    for scheduled_type in TYPES {
        let disabled = with(record(scheduled_type), "enable", json!(false));
        assert_eq!(accepted(&disabled).get("next_execution_time"), None);
    }
    let passed = with(record("FIXED_TIME"), "scheduled_date", json!("2026-12-01"));
    assert_eq!(accepted(&passed).get("next_execution_time"), None);
    let first = with(record("FIXED_TIME"), "scheduled_date", json!("0001-01-01"));
    assert_eq!(accepted(&first).get("next_execution_time"), None);
    let last = with(record("FIXED_TIME"), "scheduled_date", json!("9999-12-31"));
    assert_eq!(
        accepted(&last)["next_execution_time"],
        json!("9999-12-31 02:00:00")
    );
    let far = with(record("DAY"), "start_date", json!("9999-12-31"));
    assert_eq!(
        accepted(&far)["next_execution_time"],
        json!("9999-12-31 02:00:00")
    );
    assert_eq!(
        accepted(&record("LIFE_CYCLE")).get("next_execution_time"),
        None
    );
}

#[test]
fn a_preview_has_the_executions_after_now_and_the_zone() {
    let json = r#"{"scheduled_type":"WEEK","week_list":"1","scheduled_time":"02:00:00","time_zone":"UTC+05:30"}"#;
    let preview = FutureExecutions::from_json(json, instant("2026-12-01T00:00:00Z")).unwrap();
    assert_eq!(preview.time_zone().name(), "UTC+05:30");
    let executions = preview.executions().take(2).map(|it| it.to_string());
    let executions: Vec<String> = executions.collect();
    assert_eq!(executions, ["2026-12-06 02:00:00", "2026-12-13 02:00:00"]);
    let mut body = Vec::new();
    preview.write_json(2, ExecutionFormat::Rfc3339, &mut body);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"future_executions":["2026-12-06T02:00:00+05:30","2026-12-13T02:00:00+05:30"],"time_zone":"UTC+05:30"}"#
    );
}

#[test]
fn a_gap_rule_is_one_of_three_and_forward_where_it_is_absent() {
    // New York's clocks skip 02:00 to 03:00 on 8 March 2026.
    let executions = |rule: Option<Value>| {
        let mut line = json!({"scheduled_type": "WEEK", "week_list": "1,2,3,4,5,6,7", "scheduled_time": "02:30:00",
            "time_zone": "America/New_York", "now": "2026-03-07T12:00:00Z"});
        if let Some(rule) = rule {
            line["gap_rule"] = rule;
        }
        let preview = FutureExecutions::from_json(line.to_string(), NOW)?;
        let first = preview.executions().next().unwrap().to_string();
        Ok::<_, taskdex::Error>(first)
    };
    for (rule, first) in [
        (None, "2026-03-08 03:30:00"),
        (Some(Value::Null), "2026-03-08 03:30:00"),
        (Some(json!("")), "2026-03-08 03:30:00"),
        (Some(json!("FORWARD")), "2026-03-08 03:30:00"),
        (Some(json!("GAP_END")), "2026-03-08 03:00:00"),
        (Some(json!("SKIP")), "2026-03-09 02:30:00"),
    ] {
        assert_eq!(executions(rule.clone()).unwrap(), first, "{rule:?}");
    }
    for (value, code) in [
        (json!("skip"), UNKNOWN),
        (json!("GAP-END"), UNKNOWN),
        (json!(" SKIP"), UNKNOWN),
        (json!("BACKWARD"), UNKNOWN),
        (json!(1), TYPE),
        (json!(["SKIP"]), TYPE),
    ] {
        let error = executions(Some(value.clone())).unwrap_err();
        assert_eq!((error.code(), error.parameter()), (code, "gap_rule"));
        for scheduled_type in ["FIXED_TIME", "DAY", "WEEK", "MONTH"] {
            let record = with(record(scheduled_type), "gap_rule", value.clone());
            refused(&record.to_string(), code, "gap_rule");
        }
    }
    // An event is no time that a clock could skip.
    let line = json!({"scheduled_type": "LIFE_CYCLE", "life_cycle_type": "POST_DESKTOP_DISCONNECTED", "gap_rule": 5});
    let preview = FutureExecutions::from_json(line.to_string(), NOW).unwrap();
    assert_eq!(preview.executions().count(), 0);
}

#[test]
fn a_preview_needs_a_schedule_that_is_whole() {
    for (line, missing) in [
        (json!({"scheduled_type": "DAY"}), "scheduled_time"),
        (
            json!({"scheduled_type": "DAY", "expire_time": "2027-01-01 00:00:00", "start_date": "2027-01-01"}),
            "scheduled_time",
        ),
        (
            json!({"scheduled_type": "WEEK", "gap_rule": "SKIP", "enable": false}),
            "scheduled_time",
        ),
        (
            json!({"scheduled_type": "MONTH", "month_list": "1", "date_list": "1"}),
            "scheduled_time",
        ),
        (
            json!({"scheduled_type": "FIXED_TIME", "scheduled_time": "00:00:00"}),
            "scheduled_date",
        ),
    ] {
        let error = FutureExecutions::from_json(line.to_string(), NOW).unwrap_err();
        assert_eq!((error.code(), error.parameter()), (INCOMPLETE, missing));
    }
}

#[test]
fn the_instant_of_adding_is_read_to_the_second() {
    let added_at = |scheduled_type: &str, value: Value| {
        let json = with(record(scheduled_type), "added_at", value).to_string();
        Record::from_json(json).map(|record| record.added_at)
    };
    for scheduled_type in TYPES {
        for (text, second) in [
            ("2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"),
            ("2026-11-26T08:00:00.999999999Z", "2026-11-26T08:00:00Z"),
            ("2026-11-26t16:30:00.5+08:30", "2026-11-26T08:00:00Z"),
            // Cut, not rounded towards zero: this is before 1970.
            ("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(
                added_at(scheduled_type, json!(text)),
                Ok(Some(instant(second))),
                "{text}"
            );
        }
        for nothing in [Value::Null, json!("")] {
            assert_eq!(added_at(scheduled_type, nothing), Ok(None));
        }
        for (value, code) in [
            (json!("2026-11-26"), SYNTAX),
            (json!("2026-11-26 08:00:00"), SYNTAX),
            (json!("2026-11-26T08:00:00"), SYNTAX),
            (json!("2026-11-26T08:00:60Z"), SYNTAX),
            (json!("2026-02-29T08:00:00Z"), NO_SUCH_DATE),
            (json!("0000-12-31T23:59:59Z"), OUT_OF_RANGE),
            (json!("9999-12-31T23:59:59-00:01"), OUT_OF_RANGE),
            (json!(1_795_680_000), TYPE),
            (json!({}), TYPE),
        ] {
            let error = added_at(scheduled_type, value.clone()).unwrap_err();
            assert_eq!(
                (error.code(), error.parameter()),
                (code, "added_at"),
                "{value}"
            );
        }
    }
    let reported = with(reported(), "added_at", json!("2026-11-26T08:00:00Z"));
    let record = Record::from_json(reported.to_string()).unwrap();
    assert_eq!(record.added_at, Some(instant("2026-11-26T08:00:00Z")));
}
