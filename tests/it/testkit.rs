//! The test kit itself: stable streams, realistic shares, and generators that reach what they should.

use std::collections::{HashMap, HashSet};

use taskdex::schedule::Resolution;
use taskdex::testkit::arbitrary::Unstructured;
use taskdex::testkit::generate::History;
use taskdex::testkit::{
    Bytes, Count, Counts, Engine, Op, Outcome, ReferenceStore, Source, SplitMix64, Twins, Workload,
    generate, walk_to_next,
};
use taskdex::wire::Record;
use taskdex::{Execution, ListQuery, Schedule, ScheduledType, Task, TaskStore, TimeZone};

use crate::support::{NOW, project, sources};

/// Offsets in seconds in January and July of 2018, from the announcements of these years.
const OFFSETS_OF_2018: &[(&str, i32, i32)] = &[
    ("Asia/Shanghai", 28_800, 28_800),
    ("UTC", 0, 0),
    ("Z", 0, 0),
    ("Coordinated Universal Time", 0, 0),
    ("GMT+8", 28_800, 28_800),
    ("UTC-03:30", -12_600, -12_600),
    ("+05:45", 20_700, 20_700),
    ("-14:00", -50_400, -50_400),
    ("Etc/GMT+8", -28_800, -28_800),
    ("Asia/Kathmandu", 20_700, 20_700),
    ("America/New_York", -18_000, -14_400),
    ("Europe/Paris", 3_600, 7_200),
    ("America/Santiago", -10_800, -14_400),
    ("Australia/Lord_Howe", 39_600, 37_800),
    ("Antarctica/Troll", 0, 7_200),
    ("Pacific/Chatham", 49_500, 45_900),
    ("Europe/Dublin", 0, 3_600),
    ("America/Sao_Paulo", -7_200, -10_800),
    ("Africa/Cairo", 7_200, 7_200),
    ("Asia/Beirut", 7_200, 10_800),
    ("Pacific/Apia", 50_400, 46_800),
    ("Pacific/Kwajalein", 43_200, 43_200),
    ("America/Juneau", -32_400, -28_800),
    ("Africa/Monrovia", 0, 0),
    ("Africa/Casablanca", 0, 3_600),
    ("Asia/Gaza", 7_200, 10_800),
];

#[test]
fn zones_are_of_the_shapes_they_stand_for() {
    let names: Vec<&str> = OFFSETS_OF_2018.iter().map(|(name, ..)| *name).collect();
    assert_eq!(generate::ZONES, names);
    let offset = |name: &str, at: &str| {
        let zone: TimeZone = name.parse().unwrap();
        zone.offset_seconds(at.parse().unwrap())
    };
    for &(name, january, july) in OFFSETS_OF_2018 {
        assert_eq!(offset(name, "2018-01-15T00:00:00Z"), january, "{name}");
        assert_eq!(offset(name, "2018-07-15T00:00:00Z"), july, "{name}");
    }
    // An hour that begins at midnight, and whole days, are skipped.
    for (name, skipped, seconds) in [
        ("America/Sao_Paulo", "2018-11-04T00:00:00", 3_600),
        ("Africa/Cairo", "2024-04-26T00:00:00", 3_600),
        ("Asia/Beirut", "2018-03-25T00:00:00", 3_600),
        ("Pacific/Apia", "2011-12-30T12:00:00", 86_400),
        ("Pacific/Kwajalein", "1993-08-21T12:00:00", 86_400),
    ] {
        let zone: TimeZone = name.parse().unwrap();
        match zone.resolve(skipped.parse().unwrap()) {
            Resolution::Gap { before, after, .. } => assert_eq!(after - before, seconds, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let juneau: TimeZone = "America/Juneau".parse().unwrap();
    let repeated = juneau.resolve("1867-10-19T12:00:00".parse().unwrap());
    assert!(matches!(repeated, Resolution::Fold { .. }), "{repeated:?}");
    assert_eq!(offset("Africa/Monrovia", "1970-01-01T00:00:00Z"), -2_670);
}

#[test]
fn bytes_are_choices_until_they_run_dry() {
    let mut source = Bytes::new(&[7, 1, 2, 255]);
    assert_eq!(source.below(1), 0);
    assert_eq!(source.below(256), 7);
    assert_eq!(source.below(65_536), 258);
    assert_eq!(source.left(), [255]);
    assert!(source.one_in(2));
    assert!(source.is_dry());
    assert_eq!(source.between(3, 9), 3);
    assert_eq!(source.below(u32::MAX), 0);
}

#[test]
fn a_random_number_below_a_bound_reaches_all_of_it() {
    let mut random = SplitMix64::new(5);
    let seen: HashSet<u32> = (0..500).map(|_| random.below(20)).collect();
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|number| *number < 20));
}

#[test]
fn a_workload_is_realistic() {
    let workload = Workload::new(1, 20_000);
    let mut ids = HashSet::new();
    let mut types = HashMap::new();
    let mut zones = HashSet::new();
    let (mut name_bytes, mut description_bytes, mut descriptions) = (0, 0, 0);
    let (mut disabled, mut never, mut chinese) = (0, 0, 0);
    for task in workload.tasks() {
        assert_eq!(task.id().chars().count(), 32);
        assert!(ids.insert(task.id().to_owned()), "{} twice", task.id());
        *types.entry(task.scheduled_type()).or_insert(0) += 1;
        zones.extend(task.time_zone().map(str::to_owned));
        name_bytes += task.task_name().len();
        description_bytes += task.description().map_or(0, str::len);
        descriptions += usize::from(task.description().is_some());
        disabled += usize::from(!task.is_enabled());
        never += usize::from(task.last_status().is_none());
        chinese += usize::from(!task.task_name().is_ascii());
    }
    assert!(
        (24..=32).contains(&(name_bytes / 20_000)),
        "{}",
        name_bytes / 20_000
    );
    let description = description_bytes / descriptions;
    assert!((24..=30).contains(&description), "{description}");
    assert_eq!(types.len(), ScheduledType::ALL.len());
    let share = |count: usize| count * 100 / 20_000;
    assert!((2..=6).contains(&share(types[&ScheduledType::LifeCycle])));
    assert!((25..=45).contains(&share(types[&ScheduledType::Day])));
    assert!((5..=11).contains(&share(disabled)));
    assert!((15..=25).contains(&share(never)));
    assert!((30..=50).contains(&share(chinese)));
    assert!(zones.len() >= 10);
}

#[test]
fn a_workload_keeps_its_stream() {
    // Measurements are compared between versions: a series that is compatible keeps these lines.
    let task = Workload::new(42, 1).task(0);
    assert_eq!(task, Workload::new(42, 1_000).tasks().next().unwrap());
    let shown: Vec<String> = Workload::new(42, 3)
        .tasks()
        .map(|task| {
            format!(
                "{} {} {} {} {:?}",
                task.id(),
                task.task_name(),
                task.task_type(),
                task.scheduled_type(),
                task.last_status().map(taskdex::LastStatus::as_str),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"a759ea27d4727622ba4ad957df876bde compliance-rebuild-hr-4122 EXECUTE_SCRIPT MONTH Some("SUCCESS")"#,
            "4f0a61d9c798d8ca9fecc1e5d401c7c7 callcenter wakeup #54 START DAY None",
            r#"b74fd707f0b39325ae17b8d2e9c1997e evening-power-off-newsroom-0723 REBUILD FIXED_TIME Some("SUCCESS")"#,
        ],
    );
    assert_eq!(
        Workload::new(42, 3).tasks().nth(2).unwrap().id(),
        Workload::new(42, 3).task(2).id()
    );
    let different = Workload::new(43, 3).tasks().next().unwrap();
    assert_ne!(different, task);
    let queries: Vec<String> = Workload::new(42, 1_000)
        .queries()
        .take(2)
        .map(|query| {
            format!(
                "{} {} {:?} {:?}",
                query.offset(),
                query.limit(),
                query.task_type(),
                query.scheduled_type()
            )
        })
        .collect();
    assert_eq!(queries, ["103 10 None None", "0 50 Some(Start) None"]);
}

#[test]
fn histories_reach_every_operation_both_outcomes_and_every_rare_state() {
    let mut random = SplitMix64::new(11);
    let mut counts = Counts::new();
    let mut states: HashMap<&str, u64> = HashMap::new();
    for _ in 0..45 {
        let twins = generate::history(&mut random).run().unwrap();
        for (name, &count) in twins.counts() {
            *counts.entry(name).or_default() += count;
        }
        for (state, reached) in twins.states() {
            *states.entry(*state).or_default() += reached;
        }
    }
    println!("{counts:?}\n{states:?}");
    for &name in Op::NAMES {
        let Count {
            accepted, refused, ..
        } = counts[name];
        assert!(accepted > 20, "{name}: {accepted}");
        let is_change = !matches!(
            name,
            "remove_project"
                | "compact"
                | "get"
                | "list"
                | "list_json"
                | "facets"
                | "explain"
                | "watch_due"
                | "forecast"
                | "task_count"
                | "project_memory"
                | "projects"
        );
        assert!(!is_change || refused > 20, "{name}: {refused} refused");
    }
    for &state in Twins::STATES {
        let reached = states.get(state).copied().unwrap_or_default();
        assert!(reached > 4, "{state}: {reached}");
    }
}

/// A clock that only goes forward changes when things happen, and nothing else.
#[test]
fn a_history_of_ascending_instants_makes_the_same_calls_at_the_same_instants() {
    let mut random = SplitMix64::new(29);
    let mut instant_count = 0;
    for _ in 0..10 {
        let history = generate::history(&mut random);
        let ascending = history.clone().with_ascending_now();
        let instants = |history: &History| -> Vec<_> {
            history.operations.iter().filter_map(Op::now).collect()
        };
        let (mut given, sorted) = (instants(&history), instants(&ascending));
        assert!(!given.is_sorted() && sorted.is_sorted());
        given.sort();
        assert_eq!(sorted, given);
        instant_count += given.iter().collect::<HashSet<_>>().len();
        let calls = |history: &History| -> Vec<_> {
            let calls = history.operations.iter().cloned();
            calls.map(|op| op.with_now(NOW)).collect()
        };
        assert_eq!(calls(&ascending), calls(&history));
        ascending.run().unwrap();
    }
    assert!(instant_count > 500, "{instant_count}");
}

/// Values made of any bytes are ones that the crate itself would accept and agree on.
#[test]
fn any_bytes_are_a_valid_task_schedule_query_and_history() {
    let mut random = SplitMix64::new(23);
    let (mut types, mut filters, mut operations) = (HashSet::new(), HashSet::new(), HashSet::new());
    let lengths = [0, 1, 7, 40, 200, 900];
    for turn in 0..600 {
        let bytes: Vec<u8> = (0..lengths[turn % lengths.len()])
            .map(|_| u8::try_from(random.below(256)).unwrap())
            .collect();

        let task: Task = Unstructured::new(&bytes).arbitrary().unwrap();
        // What a store shows of it is read again.
        let store = TaskStore::new();
        store.add(&project("p"), task.clone(), NOW).unwrap();
        let listed = store.get(&project("p"), task.id(), NOW).unwrap();
        let mut json = Vec::new();
        listed.write_json(&mut json);
        let again = Record::from_json(&json).unwrap().task;
        assert_eq!(again.task_name(), task.task_name());
        assert_eq!(again.description(), task.description());
        assert_eq!(again.life_cycle_type(), task.life_cycle_type());
        assert_eq!(again.is_enabled(), task.is_enabled());
        types.insert((task.scheduled_type(), task.task_type()));

        let schedule: Schedule = Unstructured::new(&bytes).arbitrary().unwrap();
        let next = schedule.next_execution(NOW).map(Execution::instant);
        assert!(walk_to_next(&schedule, NOW).agrees_with_next(next));

        let query: ListQuery = Unstructured::new(&bytes).arbitrary().unwrap();
        assert!(query.limit() <= 50);
        filters.insert((query.task_type(), query.scheduled_type()));

        let history: History = Unstructured::new(&bytes).arbitrary().unwrap();
        history.run().unwrap();
        operations.extend(history.operations.iter().map(Op::name));
    }
    assert!(types.len() > 20, "{types:?}");
    assert!(filters.len() > 20, "{filters:?}");
    assert_eq!(operations.len(), Op::NAMES.len(), "{operations:?}");
}

/// A fuzzer of another crate never called the one method that was wrong, so it found nothing.
/// A public method of the store without an operation is one that no history calls.
#[test]
fn every_public_method_of_a_store_is_an_operation() {
    // Called around every operation, after every history, or by `projects`; or they make a store.
    let others = [
        "new",
        "builder",
        "revision",
        "validate",
        "project_count",
        "statistics",
    ];
    // For benchmarks: the total, and the length of the page, of what `list` gives.
    let hidden = ["positions"];
    // Reads a query string, and calls `list_json`; asked by `next_wakeup`, and made by `take_due`;
    // asked by `project_memory`; carried out by `restore`.
    let composed = [
        "respond",
        "passed",
        "take_due_by",
        "memory",
        "restore_with_progress",
    ];
    let mut operations = HashSet::new();
    for source in sources("src") {
        for block in source.split("\nimpl TaskStore {").skip(1) {
            let block = block.split("\n}\n").next().unwrap();
            for line in block.lines() {
                let function = line
                    .strip_prefix("    pub fn ")
                    .or_else(|| line.strip_prefix("    pub const fn "));
                let name = function.and_then(|rest| rest.split(['(', '<']).next());
                operations.extend(name.map(str::to_owned));
            }
        }
    }
    for name in others.into_iter().chain(hidden).chain(composed) {
        assert!(operations.remove(name), "{name}");
    }
    let expected: HashSet<String> = Op::NAMES.iter().copied().map(str::to_owned).collect();
    assert_eq!(operations, expected);
}

/// Counts the calls that it passes on, and mistakes one for another.
struct Mistaken {
    store: TaskStore,
    calls: usize,
}

impl Engine for Mistaken {
    fn call(&mut self, op: &Op) -> Option<Outcome> {
        self.calls += 1;
        match op {
            Op::SetEnabled { .. } => Some(Outcome::Accepted),
            Op::Forecast { .. } => None,
            _ => Some(op.apply(&self.store)),
        }
    }
}

#[test]
fn a_history_drives_any_engine_and_finds_where_it_errs() {
    let mut errors = 0;
    for seed in 0..12 {
        let history = generate::history(&mut SplitMix64::new(seed));
        let is_any = |name| history.operations.iter().any(|op| op.name() == name);
        let store = || {
            let builder = TaskStore::builder().with_change_log(history.change_log);
            builder.build()
        };
        let count = history.compare(&mut store()).unwrap();
        assert_eq!(count, history.operations.len());
        let mut reference = ReferenceStore::new().with_change_log(history.change_log);
        assert_eq!(history.compare(&mut reference).unwrap(), count);

        let mut mistaken = Mistaken {
            store: store(),
            calls: 0,
        };
        let compared = history.compare(&mut mistaken);
        assert_eq!(compared.is_err(), is_any("set_enabled"));
        if let Err(difference) = compared {
            assert!(difference.what.starts_with("SetEnabled"), "{difference}");
            assert!(mistaken.calls <= count);
            errors += 1;
        }
    }
    assert!((1..12).contains(&errors), "{errors}");
}
