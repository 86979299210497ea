//! Full records: a task written out, read again, and written again.

use proptest::prelude::*;
use serde_json::{Value, json};
use taskdex::testkit::strategies;
use taskdex::{
    ErrorKind, GapRule, ListQuery, MonthDates, Months, ProjectId, Record, Revision, Schedule,
    ScheduledType, Task, TaskStore, TimeZone, Timing, Weekdays,
};

use crate::support::{NOW, cases, instant, project};

fn written(record: &Record) -> String {
    let mut line = b"before".to_vec();
    record.write_json(&mut line);
    let line = String::from_utf8(line).unwrap();
    line.strip_prefix("before").unwrap().to_owned()
}

/// A revision as a store gives it, of any number.
fn revision(number: u64) -> Revision {
    let line = format!(
        r#"{{"id":"t","task_name":"n","task_type":"STOP","scheduled_type":"DAY","added_at":"2026-01-01T00:00:00Z","sequence":0,"version":{number}}}"#
    );
    Record::from_export_line(line).unwrap().version.unwrap()
}

/// What the contract says of a full record, field by field.
fn expected(record: &Record) -> Vec<(&'static str, Value)> {
    let task = &record.task;
    let mut fields = Vec::new();
    let mut field = |name, value: Option<Value>| fields.extend(value.map(|value| (name, value)));
    let text = |text: &str| Some(Value::from(text));
    field(
        "project_id",
        record.project.as_ref().map(|it| it.as_str().into()),
    );
    field("id", text(task.id()));
    field("task_name", text(task.task_name()));
    field("task_type", text(task.task_type().as_str()));
    field("scheduled_type", text(task.scheduled_type().as_str()));
    field(
        "life_cycle_type",
        task.life_cycle_type().map(|it| it.as_str().into()),
    );
    field(
        "last_status",
        task.last_status().map(|it| it.as_str().into()),
    );
    field(
        "next_execution_time",
        task.reported_time().map(|it| it.to_string().into()),
    );
    field("enable", Some(task.is_enabled().into()));
    field("description", task.description().map(Value::from));
    field("priority", task.priority().map(Value::from));
    field("time_zone", task.time_zone().map(Value::from));
    field("wait_time", task.wait_time().map(Value::from));
    if let Some(schedule) = task.schedule() {
        use taskdex::schedule::Recurrence;
        let recurrence = schedule.recurrence();
        if let Recurrence::FixedTime { date } = recurrence {
            field("scheduled_date", text(&date.format("%Y-%m-%d").to_string()));
        }
        if let Recurrence::Daily { day_interval } = recurrence {
            field("day_interval", Some(day_interval.into()));
        }
        if let Recurrence::Weekly { days } = recurrence {
            let days: Vec<String> = days
                .iter()
                .map(|day| day.number_from_sunday().to_string())
                .collect();
            field("week_list", text(&days.join(",")));
        }
        if let Recurrence::Monthly { months, dates } = recurrence {
            let months: Vec<String> = months
                .iter()
                .map(|it| it.number_from_month().to_string())
                .collect();
            field("month_list", text(&months.join(",")));
            let dates: Vec<String> = dates.iter().map(|date| date.to_string()).collect();
            field("date_list", text(&dates.join(",")));
        }
        field(
            "scheduled_time",
            text(&schedule.time().format("%H:%M:%S").to_string()),
        );
        let start = schedule
            .start_date()
            .map(|date| date.format("%Y-%m-%d").to_string());
        field("start_date", start.map(Value::from));
        let expire = schedule
            .expire_time()
            .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
        field("expire_time", expire.map(Value::from));
        match schedule.gap_rule() {
            GapRule::Forward => {}
            GapRule::GapEnd => field("gap_rule", text("GAP_END")),
            GapRule::Skip => field("gap_rule", text("SKIP")),
            other => panic!("{other:?}"),
        }
    }
    let added_at = record
        .added_at
        .map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    field("added_at", added_at.map(Value::from));
    field("sequence", record.sequence.map(Value::from));
    field("version", record.version.map(|it| it.get().into()));
    fields
}

/// Records of tasks of every kind, with all that a store or a source says of them, or a part.
fn records() -> impl Strategy<Value = Record> {
    let task = prop_oneof![strategies::tasks("t-1"), strategies::tasks("研\"\\\u{1}🙂"),];
    (
        task,
        prop::option::of(".{1,9}"),
        prop::option::of(strategies::instants()),
        prop::option::of(any::<u64>()),
        prop::option::of(any::<u64>()),
    )
        .prop_map(|(task, project, added_at, sequence, version)| {
            Record::new(task)
                .with_project(project.map(|id| ProjectId::new(id).unwrap()))
                .with_added_at(added_at)
                .with_sequence(sequence)
                .with_version(version.map(revision))
        })
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_full_record_has_the_fields_of_the_contract_in_their_order(record in records()) {
        let fields: Vec<String> = expected(&record)
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        prop_assert_eq!(written(&record), format!("{{{}}}", fields.join(",")));
    }

    #[test]
    fn a_record_that_is_read_back_is_the_same_and_has_the_same_bytes(record in records()) {
        let line = written(&record);
        let read = Record::from_json(&line).unwrap();
        let known = record.clone().with_sequence(None).with_version(None);
        prop_assert_eq!(&read, &known);
        prop_assert_eq!(written(&read), written(&known));

        let whole = Record::from_export_line(&line);
        if record.added_at.is_some() && record.sequence.is_some() && record.version.is_some() {
            prop_assert_eq!(whole, Ok(record));
        } else {
            prop_assert_eq!(whole.unwrap_err().kind(), ErrorKind::MissingParameter);
        }
    }

    #[test]
    fn a_task_that_is_read_back_runs_the_same(
        task in strategies::tasks("t-1"),
        now in strategies::instants(),
    ) {
        let read = Record::from_json(written(&task.clone().into())).unwrap().task;
        let next = |task: &Task| task.schedule().and_then(|it| it.next_execution(now));
        prop_assert_eq!(next(&read), next(&task));
    }

    #[test]
    fn serde_writes_and_reads_what_wire_does(record in records()) {
        let line = written(&record);
        prop_assert_eq!(serde_json::to_string(&record).unwrap(), &*line);
        prop_assert_eq!(&serde_json::from_str::<Record>(&line).unwrap(), &record);
        // Through a tree of values too, which owns its texts and forgets its order.
        let tree = serde_json::to_value(&record).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Record>(tree).unwrap(), &record);

        let task = &record.task;
        let alone = serde_json::to_string(task).unwrap();
        prop_assert_eq!(&alone, &written(&task.clone().into()));
        prop_assert_eq!(&serde_json::from_str::<Task>(&alone).unwrap(), task);
        // What belongs to the record is ignored, and no fault.
        prop_assert_eq!(&serde_json::from_str::<Task>(&line).unwrap(), task);

        if let Some(schedule) = task.schedule() {
            let alone = serde_json::to_string(schedule).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Schedule>(&alone).unwrap(), schedule);
            prop_assert_eq!(&serde_json::from_str::<Schedule>(&line).unwrap(), schedule);
        } else {
            prop_assert!(serde_json::from_str::<Schedule>(&line).is_err());
        }
    }
}

/// A record of each scheduled type, written as a client may write it, and as it comes back.
#[test]
fn a_record_comes_back_in_one_form() {
    for (given, back) in [
        (
            r#"{"gap_rule":"SKIP","time_zone":"UTC+05:30","expire_time":"2027-05-31 23:59:59","scheduled_time":"02:00:00","start_date":"2026-11-26","day_interval":3,"scheduled_type":"DAY","task_type":"STOP","task_name":"n","id":"a"}"#,
            r#"{"id":"a","task_name":"n","task_type":"STOP","scheduled_type":"DAY","enable":true,"time_zone":"UTC+05:30","day_interval":3,"scheduled_time":"02:00:00","start_date":"2026-11-26","expire_time":"2027-05-31 23:59:59","gap_rule":"SKIP"}"#,
        ),
        (
            r#"{"id":"a","task_name":"n","task_type":"START","scheduled_type":"WEEK","week_list":" 07, 1,01","scheduled_time":"23:59:59","gap_rule":"FORWARD","next_execution_time":"x","enable":false,"added_at":"2026-11-26T08:00:00.25+08:00"}"#,
            r#"{"id":"a","task_name":"n","task_type":"START","scheduled_type":"WEEK","enable":false,"time_zone":"Asia/Shanghai","week_list":"1,7","scheduled_time":"23:59:59","added_at":"2026-11-26T00:00:00Z"}"#,
        ),
        (
            r#"{"id":"a","task_name":"n","task_type":"REBUILD","scheduled_type":"MONTH","month_list":"12,02","date_list":"L, 31 ,09,9","scheduled_time":"00:00:00","gap_rule":"GAP_END","last_status":"FAIL","priority":0,"wait_time":43200,"description":"d"}"#,
            r#"{"id":"a","task_name":"n","task_type":"REBUILD","scheduled_type":"MONTH","last_status":"FAIL","enable":true,"description":"d","priority":0,"time_zone":"Asia/Shanghai","wait_time":43200,"month_list":"2,12","date_list":"9,31,L","scheduled_time":"00:00:00","gap_rule":"GAP_END"}"#,
        ),
        (
            r#"{"project_id":"p","id":"a","task_name":"n","task_type":"STOP","scheduled_type":"FIXED_TIME","scheduled_date":"0001-01-01","scheduled_time":"00:00:00","expire_time":"9999-12-31 23:59:59","time_zone":"Z"}"#,
            r#"{"project_id":"p","id":"a","task_name":"n","task_type":"STOP","scheduled_type":"FIXED_TIME","enable":true,"time_zone":"Z","scheduled_date":"0001-01-01","scheduled_time":"00:00:00","expire_time":"9999-12-31 23:59:59"}"#,
        ),
        (
            r#"{"id":"a","task_name":"n","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","gap_rule":7,"start_date":7,"time_zone":"Coordinated Universal Time","sequence":[],"version":"x"}"#,
            r#"{"id":"a","task_name":"n","task_type":"STOP","scheduled_type":"LIFE_CYCLE","life_cycle_type":"POST_DESKTOP_DISCONNECTED","enable":true,"time_zone":"Coordinated Universal Time"}"#,
        ),
        (
            r#"{"id":"a","task_name":"n","task_type":"STOP","scheduled_type":"MONTH","next_execution_time":"2026-12-02 02:00:00 GMT-03:30","enable":false,"time_zone":"\"M\u00e4rz\"\u0007","expire_time":"x","gap_rule":"SKIP"}"#,
            r#"{"id":"a","task_name":"n","task_type":"STOP","scheduled_type":"MONTH","next_execution_time":"2026-12-02 02:00:00 GMT-03:30","enable":false,"time_zone":"\"März\"\u0007"}"#,
        ),
    ] {
        let record = Record::from_json(given).unwrap();
        assert_eq!(written(&record), back);
        assert_eq!(Record::from_json(back).unwrap(), record);
    }
}

#[test]
fn an_export_line_needs_all_that_a_store_gives() {
    let line = json!({"id": "t", "task_name": "n", "task_type": "STOP", "scheduled_type": "DAY",
        "added_at": "2026-11-26T08:00:00Z", "sequence": 0, "version": u64::MAX});
    let read = Record::from_export_line(line.to_string()).unwrap();
    assert_eq!(read.added_at, Some(instant("2026-11-26T08:00:00Z")));
    assert_eq!(
        (read.sequence, read.version.unwrap().get()),
        (Some(0), u64::MAX)
    );
    for name in ["added_at", "sequence", "version"] {
        let mut without = line.clone();
        without.as_object_mut().unwrap().remove(name);
        let nothing = [Value::Null, json!("")].map(|nothing| {
            let mut line = line.clone();
            line[name] = nothing;
            line
        });
        for line in [without].into_iter().chain(nothing) {
            let error = Record::from_export_line(line.to_string()).unwrap_err();
            assert_eq!(
                (error.kind(), error.parameter()),
                (ErrorKind::MissingParameter, name)
            );
        }
    }
    for name in ["sequence", "version"] {
        for (value, kind) in [
            ("-1", ErrorKind::OutOfRange),
            ("18446744073709551616", ErrorKind::OutOfRange),
            ("1.0", ErrorKind::WrongType),
            ("1e3", ErrorKind::WrongType),
            ("\"1\"", ErrorKind::WrongType),
            ("[1]", ErrorKind::WrongType),
            ("true", ErrorKind::WrongType),
        ] {
            let mut line = line.clone();
            line[name] = json!("PLACE");
            let line = line.to_string().replace("\"PLACE\"", value);
            let error = Record::from_export_line(&line).unwrap_err();
            assert_eq!((error.kind(), error.parameter()), (kind, name), "{line}");
            assert!(Record::from_json(&line).is_ok());
            assert!(serde_json::from_str::<Record>(&line).is_err());
        }
    }
}

#[test]
fn serde_refuses_what_wire_refuses_and_says_why() {
    let complete = json!({"id": "t", "task_name": "n", "task_type": "STOP", "scheduled_type": "WEEK",
        "week_list": "1", "scheduled_time": "02:00:00"});
    for (name, value, said) in [
        ("id", Value::Null, "missing: id"),
        ("week_list", json!("8"), "week_list=`8`"),
        ("week_list", json!([1]), "wrong JSON type: week_list"),
        (
            "scheduled_time",
            Value::Null,
            "incomplete schedule: scheduled_time",
        ),
        ("enable", json!(1), "wrong JSON type: enable=`1`"),
        ("priority", json!(1.0), "wrong JSON type: priority=`1.0`"),
        ("priority", json!(51), "number out of range: priority=`51`"),
        (
            "time_zone",
            json!("Mars"),
            "unknown time zone: time_zone=`Mars`",
        ),
        (
            "gap_rule",
            json!("NEVER"),
            "unknown value: gap_rule=`NEVER`",
        ),
    ] {
        let mut record = complete.clone();
        record[name] = value;
        let errors = [
            serde_json::from_value::<Record>(record.clone()).unwrap_err(),
            serde_json::from_value::<Task>(record.clone()).unwrap_err(),
            serde_json::from_str::<Record>(&record.to_string()).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    let text = complete.to_string();
    let twice = text.replacen('{', "{\"x\":1,\"x\":2,", 1);
    for text in [twice.clone(), text.replacen('{', "{\"id\":\"u\",", 1)] {
        let error = serde_json::from_str::<Task>(&text).unwrap_err();
        assert!(error.to_string().contains("repeated key"), "{error}");
    }
    for text in ["5", "[]", "null", "\"t\""] {
        assert!(serde_json::from_str::<Record>(text).is_err(), "{text}");
        assert!(serde_json::from_str::<Schedule>(text).is_err(), "{text}");
    }
    // A reported task has no schedule of its own, and an event is none.
    let mut bare = complete.clone();
    bare.as_object_mut().unwrap().remove("week_list");
    let error = serde_json::from_value::<Schedule>(bare).unwrap_err();
    assert!(error.to_string().contains("incomplete schedule"), "{error}");
    let event =
        json!({"scheduled_type": "LIFE_CYCLE", "life_cycle_type": "POST_DESKTOP_DISCONNECTED"});
    let error = serde_json::from_value::<Schedule>(event).unwrap_err();
    assert!(
        error.to_string().contains("scheduled_type=`LIFE_CYCLE`"),
        "{error}"
    );
}

#[test]
fn a_schedule_alone_is_what_a_preview_takes() {
    let time = "02:00:00".parse().unwrap();
    let zone: TimeZone = "Europe/Paris".parse().unwrap();
    for (schedule, text) in [
        (
            Schedule::daily(3, time, zone).unwrap(),
            r#"{"scheduled_type":"DAY","time_zone":"Europe/Paris","day_interval":3,"scheduled_time":"02:00:00"}"#,
        ),
        (
            Schedule::weekly(Weekdays::ALL, time, zone)
                .unwrap()
                .with_gap_rule(GapRule::Skip),
            r#"{"scheduled_type":"WEEK","time_zone":"Europe/Paris","week_list":"1,2,3,4,5,6,7","scheduled_time":"02:00:00","gap_rule":"SKIP"}"#,
        ),
        (
            Schedule::monthly(
                Months::ALL,
                "L,1".parse::<MonthDates>().unwrap(),
                time,
                zone,
            )
            .unwrap(),
            r#"{"scheduled_type":"MONTH","time_zone":"Europe/Paris","month_list":"1,2,3,4,5,6,7,8,9,10,11,12","date_list":"1,L","scheduled_time":"02:00:00"}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
        assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), schedule);
        let preview = taskdex::wire::FutureExecutions::from_json(text, NOW).unwrap();
        let first = preview.executions().next();
        assert_eq!(first, schedule.counting_from(NOW).next_execution(NOW));
    }
}

/// A page that the live service wrote, with an expiry but no schedule, was refused as incomplete.
#[test]
fn what_a_mirror_was_fed_comes_out_as_full_records() {
    let page = include_bytes!("cases/page-with-expire-time.json");
    let records = taskdex::wire::read_records(page, &project("default")).unwrap();
    let [(_, record)] = &records[..] else {
        panic!("{records:?}");
    };
    assert!(matches!(record.task.timing(), Timing::Reported(_)));
    let line = written(record);
    assert_eq!(
        line,
        r#"{"id":"a1","task_name":"nightly stop","task_type":"STOP","scheduled_type":"DAY","last_status":"SUCCESS","next_execution_time":"2026-12-02 02:00:00","enable":true,"priority":0,"time_zone":"Asia/Shanghai","wait_time":0}"#,
    );
    // Listed, it is the same but for nothing: a mirror shows what was reported.
    let store = TaskStore::new();
    store.add(&project("p"), record.task.clone(), NOW).unwrap();
    let mut body = Vec::new();
    let query = ListQuery::new(0, 1)
        .unwrap()
        .with_scheduled_type(ScheduledType::Day);
    store.list(&project("p"), &query, NOW).write_json(&mut body);
    let body = String::from_utf8(body).unwrap();
    assert_eq!(
        body,
        format!("{{\"scheduled_tasks\":[{line}],\"total_count\":1}}")
    );
}
