//! Searches for names against a plain look at each, through changes, evictions and hostile use.

use super::*;
use crate::query::{Explanation, NameStrategy};

/// A project of so many timed tasks named by `name`, and one of each other task type than STOP.
fn named(count: usize, name: impl Fn(usize) -> String) -> (TaskStore, Vec<Task>) {
    let task = |number: usize| {
        let timing = Schedule::daily(1, chrono::NaiveTime::MIN, TimeZone::UTC).unwrap();
        let timing = timing.with_start_date(instant(0).date_naive()).unwrap();
        let task_type = if number < TaskType::ALL.len() {
            TaskType::ALL[number]
        } else {
            TaskType::Stop
        };
        let task = Task::builder(number.to_string(), name(number), task_type, timing);
        task.build().unwrap()
    };
    let tasks: Vec<Task> = (0..count).map(task).collect();
    let store = TaskStore::new();
    store
        .add_all(&project(), tasks.clone(), instant(0))
        .unwrap();
    (store, tasks)
}

fn containing(text: &str) -> ListQuery {
    let name = NameMatch::contains(text).unwrap();
    ListQuery::new(0, 50).unwrap().with_task_name(name)
}

fn check_search(store: &TaskStore, tasks: &[Task], query: &ListQuery) {
    let matching: Vec<&Task> = tasks.iter().filter(|task| query.matches(task)).collect();
    let page = store.list(&project(), query, instant(0));
    assert_eq!(page.total_count(), matching.len() as u64, "{query:?}");
    let listed: Vec<&Task> = page.tasks().iter().map(ScheduledTask::task).collect();
    assert_eq!(listed, matching[..matching.len().min(50)], "{query:?}");
}

fn strategy(store: &TaskStore, query: &ListQuery) -> NameStrategy {
    match store.explain(&project(), query) {
        Explanation::NameSearch { strategy, .. } => strategy,
        other => panic!("{other}"),
    }
}

#[test]
fn the_strategy_of_a_search_is_explained() {
    let (store, tasks) = named(2_000, |number| format!("restart desk-{number:04}"));
    let of_type = |query: ListQuery, task_type| query.with_task_type(task_type);

    let everything = containing("");
    assert_eq!(strategy(&store, &everything), NameStrategy::Known);
    check_search(&store, &tasks, &everything);

    // One task: its name is compared, which costs less than looking up trigrams.
    let one = of_type(containing("desk-0"), TaskType::Start);
    assert_eq!(strategy(&store, &one), NameStrategy::EachName);
    check_search(&store, &tasks, &one);

    let nothing = NameStrategy::Trigrams {
        postings: 0,
        compared: 0,
    };
    assert_eq!(strategy(&store, &containing("no such name")), nothing);
    // One trigram decides.
    let trigram = NameStrategy::Trigrams {
        postings: 1,
        compared: 0,
    };
    assert_eq!(strategy(&store, &containing("des")), trigram);
    // Three trigrams, which are in all names, and branch in no name.
    let trigrams = NameStrategy::Trigrams {
        postings: 3,
        compared: 0,
    };
    assert_eq!(strategy(&store, &containing("t des")), trigrams);
    // Its rarest trigram is in so few names that trigrams are read until these have told
    // of all bytes (`123`, `-12`, `des` and one of those with `k`), and looked at.
    let rare = NameStrategy::Trigrams {
        postings: 4,
        compared: 10,
    };
    assert_eq!(strategy(&store, &containing("desk-123")), rare);

    let again = containing("t des");
    check_search(&store, &tasks, &again);
    assert_eq!(strategy(&store, &again), NameStrategy::Cached);
    let sentence = store.explain(&project(), &again).to_string();
    assert!(sentence.ends_with("cached from an earlier query"));
    // It is the answer to this query alone.
    assert_eq!(
        strategy(&store, &of_type(again, TaskType::Start)),
        NameStrategy::EachName
    );
}

/// A search was explained by running it again, which told nothing of the answer that was slow.
#[test]
fn a_page_tells_how_it_was_found_itself() {
    let (store, _) = named(2_000, |number| format!("restart desk-{number:04}"));
    let query = containing("t des");
    let explain = |query: &ListQuery| store.explain(&project(), query);
    let beforehand = explain(&query);
    let page = store.list(&project(), &query, instant(0));
    assert_eq!(page.explanation(), beforehand);
    assert!(matches!(
        beforehand,
        Explanation::NameSearch {
            length: 2_000,
            strategy: NameStrategy::Trigrams { .. },
            ..
        }
    ));

    let cached = explain(&query);
    assert_eq!(strategy(&store, &query), NameStrategy::Cached);
    let mut body = Vec::new();
    let summary = store.list_json(&project(), &query, instant(0), &mut body);
    assert_eq!(summary.explanation(), cached);
    let by_next = query.with_order(Order::NextExecution);
    let page = store.list(&project(), &by_next, instant(0));
    assert_eq!(page.explanation(), cached);

    let all = ListQuery::new(0, 50).unwrap();
    let page = store.list(&project(), &all, instant(0));
    assert_eq!(page.explanation(), explain(&all));
    assert!(matches!(
        page.explanation(),
        Explanation::Lookup { length: 2_000, .. }
    ));
    let nowhere = ProjectId::new("nowhere").unwrap();
    let page = store.list(&nowhere, &all, instant(0));
    assert_eq!(page.explanation(), Explanation::Nothing);
}

#[test]
fn rows_where_a_pair_of_the_needle_branches_are_compared() {
    // `bc` is followed by `-` and by `d` in each name, so its trigrams do not decide.
    let (store, tasks) = named(2_000, |number| format!("abc-bcd {number:04}"));
    let query = containing("abc-");
    let trigrams = NameStrategy::Trigrams {
        postings: 2 + 1,
        compared: 2_000,
    };
    assert_eq!(strategy(&store, &query), trigrams);
    check_search(&store, &tasks, &query);
}

#[test]
fn facets_use_the_cached_answer() {
    let (store, tasks) = named(1_000, |number| format!("restart desk-{number:04}"));
    let query = containing("desk-01").with_task_type(TaskType::Start);
    let facets = store.facets(&project(), &query);
    let expected = tasks.iter().filter(|it| it.task_type() == TaskType::Stop);
    let expected = expected.filter(|it| it.task_name().contains("desk-01"));
    assert_eq!(facets.task_type(TaskType::Stop), expected.count() as u64);
    let of_any_type = containing("desk-01");
    assert_eq!(strategy(&store, &of_any_type), NameStrategy::Cached);
}

#[test]
fn answers_that_were_evicted_are_found_again() {
    let (mut store, tasks) = named(3_000, |number| {
        format!("task {:05}", number * 7_919 % 100_000)
    });
    store.search_cache = CacheBudget::new(12_000);
    let queries: Vec<ListQuery> = (0..40)
        .map(|number| containing(&format!("{number:02}")))
        .collect();
    for _ in 0..2 {
        for query in &queries {
            // Searched once, and then cached.
            check_search(&store, &tasks, query);
            assert_eq!(strategy(&store, query), NameStrategy::Cached);
            check_search(&store, &tasks, query);
            store.search_cache.validate().unwrap();
        }
        let cached = queries
            .iter()
            .filter(|query| strategy(&store, query) == NameStrategy::Cached)
            .count();
        assert!((1..8).contains(&cached), "{cached} fit the memory");
    }
}

#[test]
fn ever_new_needles_take_no_more_memory_than_is_allowed() {
    let (mut store, _) = named(300, |number| format!("task {number}"));
    store.search_cache = CacheBudget::new(20_000);
    for number in 0..500 {
        // 255 characters of four bytes.
        let text: String = format!("{number:03}")
            .chars()
            .chain(std::iter::repeat_n('😀', 252))
            .collect();
        for name in [
            NameMatch::contains(&text),
            NameMatch::exactly(&text),
            NameMatch::contains_ignoring_case(&text),
        ] {
            let query = ListQuery::new(0, 50).unwrap().with_task_name(name.unwrap());
            assert_eq!(store.list(&project(), &query, instant(0)).total_count(), 0);
            store.search_cache.validate().unwrap();
        }
    }
    store.validate().unwrap();
}

#[test]
fn names_that_share_a_long_beginning_are_told_apart() {
    let beginning = "研发一部的定时重启任务".repeat(22);
    let (store, tasks) = named(1_500, |number| format!("{beginning}{number:04}"));
    for text in [
        beginning.as_str(),
        &beginning[3..],
        "重启任务0777",
        "任务研发",
        "1499",
        "务00",
        &format!("{beginning}1234"),
        &format!("{beginning}{beginning}")
            .chars()
            .take(255)
            .collect::<String>(),
    ] {
        check_search(&store, &tasks, &containing(text));
        let exact = NameMatch::exactly(text).unwrap();
        check_search(&store, &tasks, &containing("").with_task_name(exact));
    }
}

#[test]
fn the_longest_names_are_found() {
    let (store, tasks) = named(400, |number| {
        let characters = ['😀', '😁', '😂', '🤣'];
        let chosen = |position: usize| characters[(number >> (2 * (position % 5))) % 4];
        (0..255).map(chosen).collect()
    });
    for text in ["😀", "😁😂", "😀😀😀😀😀", "🤣😀😁"] {
        check_search(&store, &tasks, &containing(text));
    }
    for task in tasks.iter().step_by(50) {
        let name = task.task_name();
        check_search(&store, &tasks, &containing(name));
        check_search(&store, &tasks, &containing(&name[4..]));
        let exact = NameMatch::exactly(name).unwrap();
        check_search(&store, &tasks, &containing("").with_task_name(exact));
    }
}

#[test]
fn names_are_recorded_anew_after_many_renamings() {
    let (store, mut tasks) = named(600, |number| format!("task {number:04}"));
    let queries = ["task 00", "again", "again 3", "0599", "gain"].map(containing);
    for turn in 0..900 {
        let number = turn * 7 % 600;
        let name = TaskName::new(format!("again {turn:04}")).unwrap();
        let id = number.to_string();
        store.rename(&project(), &id, &name).unwrap();
        tasks[number] = tasks[number].clone().with_task_name(&name);
        if turn % 50 == 0 {
            for query in &queries {
                check_search(&store, &tasks, query);
            }
            store.validate().unwrap();
        }
    }
}
