//! Where a project changes its form, and what it costs: as far as an explanation tells.

use super::*;
use crate::index::Known;
use crate::query::{Explanation, NameStrategy};

/// Forms change early, and holes alone are no reason to renumber.
static ROOMY: SizeLimits = SizeLimits {
    holes_min: 1_000,
    ..EARLY
};

fn search() -> ListQuery {
    let name = NameMatch::contains("task 1").unwrap();
    ListQuery::new(0, 50).unwrap().with_task_name(name)
}

/// A project of the tasks of these numbers.
fn filled(limits: &'static SizeLimits, numbers: std::ops::Range<usize>) -> TaskStore {
    let store = with_limits(limits);
    let tasks = numbers.map(numbered).collect();
    store.add_all(&project(), tasks, instant(0)).unwrap();
    store
}

/// The same, which has answered a search.
fn searched(limits: &'static SizeLimits, numbers: std::ops::Range<usize>) -> TaskStore {
    let store = filled(limits, numbers);
    let _ = store.list(&project(), &search(), instant(0));
    store
}

fn is_cached(store: &TaskStore, query: &ListQuery) -> bool {
    matches!(
        store.explain(&project(), query),
        Explanation::NameSearch {
            strategy: NameStrategy::Cached,
            ..
        }
    )
}

#[test]
fn a_project_has_lists_down_to_the_limit_and_is_not_renumbered_there() {
    let store = searched(&ROOMY, 0..13);
    for number in (6..13).rev() {
        assert!(is_cached(&store, &search()), "with {} tasks", number + 1);
        store.remove(&project(), number.to_string()).unwrap();
    }
    assert!(is_cached(&store, &search()), "with 6 tasks");
    store.remove(&project(), "5").unwrap();
    let explanation = store.explain(&project(), &search());
    assert_eq!(explanation, Explanation::Scan { tasks: 5 });
}

#[test]
fn rows_are_numbered_anew_once_holes_outnumber_them() {
    // Of an odd number, there are never as many holes as rows.
    for count in [20, 21] {
        let store = searched(&EARLY, 0..count);
        for removed in 1..=count / 2 {
            let id = (count - removed).to_string();
            store.remove(&project(), &id).unwrap();
            assert!(is_cached(&store, &search()), "{removed} of {count}");
        }
        store.remove(&project(), "0").unwrap();
        assert!(!is_cached(&store, &search()), "of {count}");
    }
}

#[test]
fn a_few_holes_are_no_reason_to_number_rows_anew() {
    static TWELVE_HOLES: SizeLimits = SizeLimits {
        holes_min: 12,
        ..EARLY
    };
    let store = searched(&TWELVE_HOLES, 0..22);
    for removed in 1..=12 {
        let id = (22 - removed).to_string();
        store.remove(&project(), &id).unwrap();
        assert!(is_cached(&store, &search()), "{removed} removed");
    }
    store.remove(&project(), "0").unwrap();
    assert!(!is_cached(&store, &search()));
}

#[test]
fn a_small_sync_is_made_in_place() {
    let store = searched(&EARLY, 0..20);
    let tasks: Vec<Task> = (1..22).map(numbered).collect();
    store.sync(&project(), tasks, instant(0)).unwrap();
    assert!(
        is_cached(&store, &search()),
        "the rows have their numbers still"
    );
    check_numbered(&store, &(1..22).collect::<Vec<_>>());
}

#[test]
fn a_large_sync_is_made_aside() {
    // More than an eighth of the tasks.
    for (removed, is_aside) in [(25, false), (26, true)] {
        let store = searched(&ROOMY, 0..200);
        let tasks: Vec<Task> = (removed..300).map(numbered).collect();
        store.sync(&project(), tasks, instant(0)).unwrap();
        let are_rows_same = is_cached(&store, &search());
        assert_eq!(are_rows_same, !is_aside, "{removed} removed");
        check_numbered(&store, &(removed..300).collect::<Vec<_>>());
    }
}

#[test]
fn a_cached_answer_is_refreshed_after_every_kind_of_change() {
    let store = searched(&EARLY, 0..20);
    let (project, now) = (&project(), instant(0));
    let mut expected = vec![1, 10, 11, 12, 13, 14, 15, 16, 17, 19];
    let check = |expected: &[usize]| {
        assert!(
            is_cached(&store, &search()),
            "before {expected:?} are asked for"
        );
        assert_eq!(numbers(&store.list(project, &search(), now)), expected);
    };
    check(&expected);
    for (id, name) in [(5, "task 1 as well"), (10, "another"), (11, "task 1")] {
        let name = TaskName::new(name).unwrap();
        store.rename(project, id.to_string(), &name).unwrap();
        expected.retain(|&number| number != id);
        if name.as_str().starts_with("task 1") {
            expected.push(id);
            expected.sort_unstable();
        }
        check(&expected);
    }
    store.replace(project, numbered(10), now).unwrap();
    expected.insert(2, 10);
    check(&expected);
    store.remove(project, "12").unwrap();
    expected.retain(|&number| number != 12);
    check(&expected);
    store.add(project, numbered(12), now).unwrap();
    expected.push(12);
    check(&expected);
    store.add_all(project, vec![numbered(100)], now).unwrap();
    expected.push(100);
    check(&expected);
}

#[test]
fn an_answer_that_may_outgrow_the_memory_is_not_cached() {
    // About 3,500 rows: twice as many, of four bytes each, are to be reckoned with.
    for (bytes_max, fits) in [(20_000, false), (80_000, true)] {
        let mut store = filled(&SizeLimits::USUAL, 0..4_000);
        store.search_cache = CacheBudget::new(bytes_max);
        let name = NameMatch::contains("task").unwrap();
        let query = ListQuery::new(0, 50).unwrap().with_task_name(name);
        let _ = store.list(&project(), &query, instant(0));
        assert_eq!(is_cached(&store, &query), fits, "in {bytes_max} bytes");
    }
}

#[test]
fn the_answer_used_least_recently_is_evicted_first() {
    let mut store = filled(&EARLY, 0..40);
    // Room for two answers of a few rows.
    store.search_cache = CacheBudget::new(4_500);
    let queries = ["task 1", "task 2", "task 3"].map(|text| {
        let name = NameMatch::contains(text).unwrap();
        ListQuery::new(0, 50).unwrap().with_task_name(name)
    });
    let [first, second, third] = &queries;
    for query in [first, second, first, third] {
        let _ = store.list(&project(), query, instant(0));
    }
    assert!(is_cached(&store, first));
    assert!(!is_cached(&store, second));
    assert!(is_cached(&store, third));
}

#[test]
fn few_names_are_compared_where_names_are_recorded() {
    let store = TaskStore::new();
    let folded = TaskName::new("ΣΑΣ").unwrap();
    let timing = Schedule::daily(1, chrono::NaiveTime::MIN, TimeZone::UTC).unwrap();
    let start = Task::builder("start", "task 123", TaskType::Start, timing);
    let start = start.build().unwrap();
    let tasks = (0..2_000)
        .map(numbered)
        .chain([numbered(2_000).with_task_name(&folded), start])
        .collect();
    store.add_all(&project(), tasks, instant(0)).unwrap();
    for name in [
        NameMatch::contains("task "),
        NameMatch::contains("task 123"),
        NameMatch::contains_ignoring_case("TASK 123"),
    ] {
        let query = ListQuery::new(0, 50).unwrap().with_task_name(name.unwrap());
        let explanation = store.explain(&project(), &query);
        let Explanation::NameSearch {
            strategy: NameStrategy::Trigrams { postings, compared },
            ..
        } = explanation
        else {
            panic!("{explanation}");
        };
        assert!(postings > 1 && compared < 100, "{explanation}");
        // One task: its name is compared at once.
        let one = store.explain(&project(), &query.with_task_type(TaskType::Start));
        assert!(one.to_string().ends_with("each name is compared"), "{one}");
    }
}

#[test]
fn a_listing_leaves_next_executions_known() {
    let store = TaskStore::new();
    let tasks = (1..9).map(numbered).collect();
    store.add_all(&project(), tasks, instant(0)).unwrap();
    let later = instant(400 * 86_400);
    let is_known = || {
        let project = store.find(&project()).unwrap();
        let index = project.read();
        let (_, row) = index.iter().last().unwrap();
        matches!(row.next().at(later.timestamp()), Known::Next(_))
    };
    assert!(!is_known());
    let _ = store.list(&project(), &ListQuery::new(0, 50).unwrap(), later);
    assert!(is_known());
}

#[test]
fn every_id_is_found_while_a_project_grows() {
    let store = TaskStore::new();
    let tasks = (0..1_200).map(numbered).collect();
    store.add_all(&project(), tasks, instant(0)).unwrap();
    for number in 1_200..3_000 {
        store.add(&project(), numbered(number), instant(0)).unwrap();
    }
    store.validate().unwrap();
    for number in 0..3_000 {
        let id = number.to_string();
        assert!(store.get(&project(), &id, instant(0)).is_some(), "{id}");
    }
}

#[test]
fn an_explanation_names_the_list_and_how_long_it_is() {
    let store = searched(&EARLY, 0..45);
    let query = ListQuery::new(0, 50).unwrap();
    let explained = |query: &ListQuery| store.explain(&project(), query).to_string();
    assert_eq!(
        explained(&query),
        "look-up in the answer list of all tasks by the clock: its length, 40 tasks, is \
         the total, and the page starts at its offset"
    );
    let query = query
        .with_task_type(TaskType::Stop)
        .with_last_status(LastStatus::Skip);
    let weekly = query.clone().with_scheduled_type(ScheduledType::Week);
    let list = "STOP tasks of WEEK with SKIP";
    assert!(
        explained(&weekly).contains(&format!("the answer list of {list}: its length, 1 task,"))
    );
    let triggered = query
        .with_scheduled_type(ScheduledType::LifeCycle)
        .with_life_cycle_type(LifeCycleType::PostRebuildDesktopSuccess);
    assert!(
        explained(&triggered).contains(" STOP tasks on POST_REBUILD_DESKTOP_SUCCESS with SKIP")
    );
    assert_eq!(
        explained(&search()),
        "name search among 40 tasks in the answer list of all tasks by the clock: the answer \
         is cached from an earlier query"
    );
    let never = triggered.with_scheduled_type(ScheduledType::Day);
    assert_eq!(explained(&never), "nothing to look for: no task can match");
}

/// Whichever change takes rows out of a list that is kept as bits, it leaves none with bits for
/// few rows.
#[test]
fn lists_that_get_short_are_compacted() {
    let project = project();
    let task = |number: usize, status| {
        let timing = ReportedTiming::new(ScheduledType::Week).unwrap();
        Task::builder(number.to_string(), "task", TaskType::Stop, timing)
            .with_last_status(status)
            .build()
            .unwrap()
    };
    let failed = |number| task(number, Some(LastStatus::Fail));
    let other = |number| task(number, None);
    // Rows are bits from 4,097 on, and few below 2,048.
    let others: Vec<Task> = (4_200..9_000).map(other).collect();
    let filled = |count| {
        let store = TaskStore::new();
        let tasks = (0..count).map(failed).chain(others.clone()).collect();
        store.add_all(&project, tasks, instant(0)).unwrap();
        store
    };
    let check = |store: &TaskStore, expected: std::ops::Range<usize>| {
        store.validate().unwrap();
        let query = ListQuery::new(0, 50)
            .unwrap()
            .with_last_status(LastStatus::Fail);
        let page = store.list(&project, &query, instant(0));
        assert_eq!(page.total_count(), expected.len() as u64);
        assert!(numbers(&page).into_iter().eq(expected.take(50)));
    };

    let store = filled(4_200);
    for id in (0..2_100).map(|number| number.to_string()) {
        store.set_last_status(&project, &id, None).unwrap();
    }
    check(&store, 2_100..4_200);
    let synced = (0..2_160).map(other).chain((2_160..4_200).map(failed));
    let synced = synced.chain(others.clone()).collect();
    store.sync(&project, synced, instant(0)).unwrap();
    check(&store, 2_160..4_200);

    let store = filled(4_200);
    for number in 0..2_160 {
        store.replace(&project, other(number), instant(0)).unwrap();
    }
    check(&store, 2_160..4_200);

    let store = filled(4_200);
    for id in (0..2_160).map(|number| number.to_string()) {
        store.remove(&project, &id).unwrap();
    }
    check(&store, 2_160..4_200);

    // A batch of which all but the last task is added before it is refused.
    let store = filled(2_000);
    let refused = (10_000..13_000).chain([0]).map(failed).collect();
    store.add_all(&project, refused, instant(0)).unwrap_err();
    check(&store, 0..2_000);
}
