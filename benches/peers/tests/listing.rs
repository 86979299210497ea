//! Six engines, one answer: the listing over seeded tasks and changes.

use std::time::Duration;

use composable_indexes::Collection;
use composable_indexes::index::SuffixTree;
use taskdex::testkit::Workload;
use taskdex::{LastStatus, LifeCycleType, ScheduledType, TaskName, TaskType};
use taskdex_peers::due;
use taskdex_peers::listing::{
    Bitmaps, Composable, Engine, Question, Scan, Sqlite, Taskdex, answer, run, tasks,
};
use taskdex_peers::measure::Effort;
use taskdex_peers::random::Random;
use taskdex_peers::report::{Figure, Group, Report, distinct};
use taskdex_peers::rows::Change;
use taskdex_peers::run::Run;

const TASKS: usize = 1_200;

/// As little as there can be.
fn small_run() -> Run {
    Run {
        effort: Effort {
            time: Duration::ZERO,
            samples_min: 1,
            checked_max: Duration::MAX,
            pages: 2,
            needles: 12,
            changes: 32,
            quarters: 8,
            is_full: true,
        },
        groups: Group::ALL.to_vec(),
        heap: || 0,
    }
}

/// A run stops at the first answer that differs.
#[test]
fn a_run_finds_all_engines_equal() {
    let mut report = Report::default();
    let tasks = tasks(TASKS);
    run(&tasks, &small_run(), &mut report);
    due::run(&tasks, &small_run(), &mut report);
    let figures = report.figures();
    let engines = |group| {
        let of_group = figures.iter().filter(|it| it.group == group);
        distinct(of_group.map(|it| it.engine.as_str()))
    };
    let all = [
        "taskdex",
        "roaring",
        "Vec",
        "composable",
        "SQLite",
        "SQLite, counts",
    ];
    assert_eq!(engines(Group::List), all);
    assert_eq!(engines(Group::Name), all[..5]);
    assert_eq!(engines(Group::Json), all);
    assert_eq!(engines(Group::Load), all);
    let changing = [
        "taskdex",
        "roaring",
        "Vec",
        "composable",
        "SQLite, counts",
        "SQLite",
    ];
    assert_eq!(engines(Group::Change), changing);
    let queues = ["BTreeSet", "taskdex", "BinaryHeap", "DelayQueue", "SQLite"];
    assert_eq!(engines(Group::Due), queues);
    let is_ours = |it: &&Figure| it.engine == "taskdex" && it.group != Group::Memory;
    assert!(
        figures
            .iter()
            .filter(is_ours)
            .all(|it| it.ratio_to_taskdex == Some(1.0))
    );
}

/// Also combinations that no case asks for, between changes that no case makes.
#[test]
fn engines_agree_through_random_changes() {
    let random = &mut Random::new(0x0c51);
    let tasks = tasks(TASKS);
    let mut ids: Vec<String> = tasks.iter().map(|it| it.id().to_owned()).collect();
    let mut counts = Sqlite::load(tasks.clone());
    counts.keep_counts(true);
    let mut engines: Vec<(&str, Box<dyn Engine>)> = vec![
        ("taskdex", Box::new(Taskdex::load(tasks.clone()))),
        ("roaring", Box::new(Bitmaps::load(tasks.clone()))),
        ("composable", Box::new(Composable::load(tasks.clone()))),
        ("SQLite", Box::new(Sqlite::load(tasks.clone()))),
        ("SQLite, counts", Box::new(counts)),
    ];
    let mut reference = Scan::load(tasks);
    let mut found = 0;
    for round in 0..120 {
        for step in 0..5 {
            let change = random_change(random, &mut ids, TASKS + round * 5 + step);
            reference.change(&change);
            for (_, engine) in &mut engines {
                engine.change(&change);
            }
        }
        for _ in 0..5 {
            let question = random_question(random);
            let expected = answer(&reference, &question);
            found += expected.0;
            for (name, engine) in &engines {
                let theirs = answer(&**engine, &question);
                assert_eq!(theirs, expected, "{name}, round {round}: {question:?}");
            }
        }
    }
    assert!(found > 10_000, "{found}");
}

/// Why names are not found by the index that composable-indexes has for it.
#[test]
fn a_suffix_tree_of_composable_indexes_gives_the_tasks_of_one_suffix() {
    let mut names: Collection<String, SuffixTree> = Collection::new(SuffixTree::new());
    for name in ["nightly stop", "stop, weekly", "stop, weekly"] {
        names.insert(name.to_owned());
    }
    let found = |text| names.query_keys(|index| index.contains_get_all(text)).len();
    assert_eq!((found("weekly"), found("stop")), (2, 1));
}

/// A change that leaves an engine's snapshot as it was.
#[test]
fn snapshots_stay_as_they_are() {
    let records = |records: &dyn taskdex_peers::listing::Records| {
        let mut lines = Vec::new();
        records.for_each(&mut |fields| fields.write_json(&mut lines));
        lines
    };
    let tasks = tasks(100);
    let removed = Change::Remove(tasks[7].id().to_owned());
    let engines: [(&str, Box<dyn Engine>); 5] = [
        ("taskdex", Box::new(Taskdex::load(tasks.clone()))),
        ("roaring", Box::new(Bitmaps::load(tasks.clone()))),
        ("composable", Box::new(Composable::load(tasks.clone()))),
        ("SQLite", Box::new(Sqlite::load(tasks.clone()))),
        ("Vec", Box::new(Scan::load(tasks))),
    ];
    for (name, mut engine) in engines {
        let before = engine.snapshot();
        let lines = records(&*before);
        engine.change(&removed);
        assert_eq!(records(&*before), lines, "{name}");
        assert!(records(&*engine.snapshot()).len() < lines.len(), "{name}");
    }
}

fn random_change(random: &mut Random, ids: &mut Vec<String>, new: usize) -> Change {
    let at = usize::try_from(random.below(ids.len() as u64)).unwrap();
    let id = ids[at].clone();
    let task = Workload::new(0x0c41, 0).task(new);
    match random.below(5) {
        0 => Change::Status(id, random.pick(LastStatus::ALL)),
        1 => Change::Rename(id, TaskName::new(task.task_name()).unwrap()),
        2 => Change::Replace(task.to_builder().with_id(id).build().unwrap()),
        3 => Change::Remove(ids.swap_remove(at)),
        _ => {
            ids.push(task.id().to_owned());
            Change::Add(task)
        }
    }
}

fn random_question(random: &mut Random) -> Question {
    fn maybe<T: Copy>(random: &mut Random, values: &[T]) -> Option<T> {
        random.percent(40).then(|| random.pick(values))
    }
    Question {
        task_name: maybe(
            random,
            &["st", "restart", "定时", "定时关机", "-0", "-00", "nowhere"],
        ),
        task_type: maybe(random, TaskType::ALL),
        scheduled_type: maybe(random, ScheduledType::ALL),
        life_cycle_type: random.percent(10).then(|| random.pick(LifeCycleType::ALL)),
        last_status: maybe(random, LastStatus::ALL),
        by_next: random.percent(30),
        offset: random.pick(&[0, 0, 7, 60, 2_000]),
    }
}
