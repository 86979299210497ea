//! The documented lists and strings.

use chrono::{Month, NaiveTime, Weekday};
use taskdex::ErrorKind;
use taskdex::schedule::text::{parse_date, parse_date_time, parse_time};
use taskdex::schedule::{MonthDate, MonthDates, Months, Schedule, Weekdays};

#[test]
fn lists_are_read_as_documented_and_written_in_order() {
    for (text, shown) in [
        ("1", "1"),
        ("7,1", "1,7"),
        (" 2 ,  02,3", "2,3"),
        ("01,07", "1,7"),
    ] {
        assert_eq!(text.parse::<Weekdays>().unwrap().to_string(), shown);
    }
    for (text, shown) in [("12", "12"), ("12,1,1", "1,12"), ("  9", "9")] {
        assert_eq!(text.parse::<Months>().unwrap().to_string(), shown);
    }
    for (text, shown) in [("L", "L"), (" L , 31,1,L", "1,31,L"), ("09", "9")] {
        assert_eq!(text.parse::<MonthDates>().unwrap().to_string(), shown);
    }
}

#[test]
fn what_is_not_a_list_is_refused_with_its_name() {
    for text in [
        "", " ", ",", "1,", ",1", "1,,2", "+1", "-1", "1 2", "001", "1.", "1;2", "\t1", "1\n", "a",
        "１", "1,l", "\u{a0}1", "LL", "1L", "1, ",
    ] {
        for (error, parameter) in [
            (text.parse::<Weekdays>().unwrap_err(), "week_list"),
            (text.parse::<Months>().unwrap_err(), "month_list"),
            (text.parse::<MonthDates>().unwrap_err(), "date_list"),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidSyntax, "{text:?}");
            assert_eq!(error.parameter(), parameter);
        }
    }
    for text in ["0", "00", "8", "1,99"] {
        let error = text.parse::<Weekdays>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfRange, "{text:?}");
    }
    assert_eq!(
        "13".parse::<Months>().unwrap_err().kind(),
        ErrorKind::OutOfRange
    );
    assert_eq!(
        "32".parse::<MonthDates>().unwrap_err().kind(),
        ErrorKind::OutOfRange
    );
    assert_eq!(
        "L".parse::<Months>().unwrap_err().kind(),
        ErrorKind::InvalidSyntax
    );
}

#[test]
fn sets_are_made_of_their_items_and_list_them() {
    let days = Weekdays::new([Weekday::Sat, Weekday::Sun, Weekday::Sat]).unwrap();
    // A week begins on Sunday, which has the number 1.
    assert_eq!(
        days.iter().collect::<Vec<_>>(),
        [Weekday::Sun, Weekday::Sat]
    );
    assert_eq!(days.to_string(), "1,7");
    assert!(days.contains(Weekday::Sat) && !days.contains(Weekday::Mon));
    let months = Months::new([Month::December, Month::February]).unwrap();
    let [february, december] = [Month::February, Month::December];
    assert_eq!(months.into_iter().collect::<Vec<_>>(), [february, december]);
    assert_eq!(months.to_string(), "2,12");
    assert!(months.contains(december) && !months.contains(Month::January));
    // Each item by itself, and in its place among all.
    for (position, day) in Weekdays::ALL.iter().enumerate() {
        assert_eq!(day.num_days_from_sunday() as usize, position);
        assert_eq!(Weekdays::from(day).to_string(), (position + 1).to_string());
        assert_eq!(Weekdays::from(day).iter().collect::<Vec<_>>(), [day]);
    }
    for (position, month) in Months::ALL.iter().enumerate() {
        assert_eq!(month.number_from_month() as usize, position + 1);
        assert_eq!(Months::from(month).to_string(), (position + 1).to_string());
        assert_eq!(Months::from(month).iter().collect::<Vec<_>>(), [month]);
    }
    assert_eq!(
        (Weekdays::ALL.iter().len(), Months::ALL.iter().len()),
        (7, 12)
    );
    let dates = [MonthDate::Last, MonthDate::Date(31), MonthDate::Date(1)];
    let dates = MonthDates::new(dates).unwrap();
    assert_eq!(
        dates.iter().collect::<Vec<_>>(),
        [MonthDate::Date(1), MonthDate::Date(31), MonthDate::Last]
    );
    assert!(!dates.contains(MonthDate::Date(0)) && !dates.contains(MonthDate::Date(32)));

    assert_eq!(
        Weekdays::new([]).unwrap_err().kind(),
        ErrorKind::InvalidSyntax
    );
    assert_eq!(
        Months::new([]).unwrap_err().kind(),
        ErrorKind::InvalidSyntax
    );
    let error = MonthDates::new([MonthDate::Date(32)]).unwrap_err();
    assert_eq!(
        (error.kind(), error.value()),
        (ErrorKind::OutOfRange, Some("32"))
    );
}

#[test]
fn sets_are_their_lists_in_json() {
    let dates: MonthDates = "L,2".parse().unwrap();
    assert_eq!(serde_json::to_string(&dates).unwrap(), "\"2,L\"");
    assert_eq!(
        serde_json::from_str::<MonthDates>("\"2, L\"").unwrap(),
        dates
    );
    assert!(serde_json::from_str::<Months>("\"13\"").is_err());
    assert_eq!(
        serde_json::from_str::<Weekdays>("\"1\"")
            .unwrap()
            .to_string(),
        "1"
    );
}

#[test]
fn dates_and_times_are_read_exactly() {
    for text in ["0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"] {
        assert_eq!(parse_date(text).unwrap().to_string(), text);
    }
    for text in [
        "0000-01-01",
        "2023-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-1-01",
        "26-01-01",
        "02026-01-01",
        "2026/01/01",
        "2026-01-01 ",
        " 2026-01-01",
        "+026-01-01",
        "",
        "2026-01-+1",
        "２026-01-01",
        "2026-04-31",
    ] {
        assert_eq!(parse_date(text), None, "{text:?}");
    }
    for text in ["00:00:00", "23:59:59"] {
        assert_eq!(parse_time(text).unwrap().to_string(), text);
    }
    for text in [
        "24:00:00",
        "23:60:00",
        "23:59:60",
        "1:00:00",
        "01:00",
        "01:00:00 ",
        "01:00:00.0",
        "01-00-00",
        "",
        "+1:00:00",
        "01:00:0a",
    ] {
        assert_eq!(parse_time(text), None, "{text:?}");
    }
    let read = parse_date_time("2026-03-08 02:30:00").unwrap();
    assert_eq!(read.to_string(), "2026-03-08 02:30:00");
    for text in [
        "2026-03-08T02:30:00",
        "2026-03-08  02:30:00",
        "2026-03-08 ",
        "2026-03-08",
        "2026-03-0802:30:00",
        "2026-03-08 02:30:00Z",
        "2026-02-30 02:30:00",
        "2026-03-08 24:00:00",
        "2026-03-0é 2:30:00",
    ] {
        assert_eq!(parse_date_time(text), None, "{text:?}");
    }
}

#[test]
fn schedules_and_executions_are_shown_with_dates() {
    let zone = "Europe/Paris".parse().unwrap();
    let daily = Schedule::daily(3, "08:30:00".parse().unwrap(), zone).unwrap();
    let added = daily.counting_from("2026-01-31T23:30:00Z".parse().unwrap());
    let started = daily
        .with_start_date("2026-03-01".parse().unwrap())
        .unwrap();
    let expiring = started.with_expire_time("2026-05-31T23:59:59".parse().unwrap());
    let common = "Schedule { recurrence: Daily { day_interval: 3 }, time: 08:30:00, \
                  time_zone: TimeZone(Europe/Paris), gap_rule: Forward";
    assert_eq!(format!("{daily:?}"), format!("{common} }}"));
    assert_eq!(
        format!("{added:?}"),
        format!("{common}, start_date: 2026-02-01 }}")
    );
    assert_eq!(
        format!("{started:?}"),
        format!("{common}, start_date: 2026-03-01 }}")
    );
    assert_eq!(
        format!("{:?}", expiring.unwrap()),
        format!("{common}, start_date: 2026-03-01, expire_time: 2026-05-31T23:59:59 }}"),
    );
    let weekly = Schedule::weekly("1,7".parse().unwrap(), NaiveTime::MIN, zone).unwrap();
    assert!(
        format!("{weekly:?}").contains("Weekly { days: Weekdays(1,7) }"),
        "{weekly:?}"
    );
    let found = started.next_execution("2026-03-29T00:00:00Z".parse().unwrap());
    assert_eq!(
        format!("{found:?}"),
        "Some(Execution(2026-03-31T08:30:00+02:00))"
    );
}
