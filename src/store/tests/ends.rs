//! Locks that a panic has poisoned, and numbers that come to their end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::index::Origin;
use crate::query::Revision;
use crate::store::batch::NewRow;
use crate::store::edit::Edit;

fn poison(hold: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(hold)).is_err());
}

/// A project without answer lists, and one with them.
const COUNTS: [usize; 2] = [5, 20];

/// Of the first task of a project that begins with its first revision.
const FIRST_PLACE: u64 = 1 << 16;

/// A store in which a project goes on from here.
fn going_on_from(revision: u64, next_sequence: u64) -> TaskStore {
    let store = with_limits(&EARLY);
    let revision = Revision::new(revision);
    let origin = Origin {
        revision,
        next_sequence,
    };
    store.shards.end(&project(), origin);
    store
}

fn filled(count: usize) -> TaskStore {
    let store = with_limits(&EARLY);
    let tasks = (0..count).map(numbered).collect();
    store.add_all(&project(), tasks, instant(0)).unwrap();
    store
}

#[test]
fn a_poisoned_lock_guards_a_whole_project() {
    for count in COUNTS {
        let store = filled(count);
        let cell = store.find(&project()).unwrap();
        let expected: Vec<usize> = (0..count).collect();

        poison(|| {
            let (_, shard) = store.shards.shard(&project()).unwrap();
            let _shard = shard.write();
            panic!("while a shard is locked");
        });
        check_numbered(&store, &expected);
        poison(|| {
            let _writer = cell.lock_writer();
            let _index = cell.write();
            panic!("while a project is locked");
        });
        check_numbered(&store, &expected);
        poison(|| {
            let query = ListQuery::new(0, 50).unwrap();
            store.for_each_listed(&project(), &query, instant(0), |_, _| {
                panic!("while a page is read")
            });
        });
        check_numbered(&store, &expected);
    }
}

#[test]
fn a_batch_that_a_panic_left_staged_is_never_seen() {
    for count in COUNTS {
        let store = filled(count);
        let cell = store.find(&project()).unwrap();
        let mut expected: Vec<usize> = (0..count).collect();
        let revision = store.revision(&project());
        poison(|| {
            let _writer = cell.lock_writer();
            let mut index = cell.write();
            let version = index.next_revision().unwrap();
            for (task, place) in (100..110).map(numbered).zip(index.next_sequence()..) {
                let row = NewRow::new(&task, instant(0), version, place).unwrap();
                index.stage_all(&[row.addition()]).unwrap();
            }
            panic!("before the batch is published");
        });
        let query = ListQuery::new(0, 50).unwrap();
        let page = store.list(&project(), &query, instant(0));
        assert!(numbers(&page).iter().all(|number| *number < 100));
        assert_eq!(store.task_count(&project()), count as u64);
        assert_eq!(store.revision(&project()), revision);

        // One of its ids is free, and so are its places.
        store.add(&project(), numbered(105), instant(0)).unwrap();
        expected.push(105);
        check_numbered(&store, &expected);
        let query = query.with_scheduled_type(ScheduledType::Day);
        let page = store.list(&project(), &query, instant(0));
        let cursor = Cursor::after_sequence(FIRST_PLACE + count as u64);
        assert_eq!(page.next_cursor(), Some(cursor));
    }
}

#[test]
fn a_store_that_is_out_of_revisions_refuses_changes_and_can_be_read() {
    const LAST: u64 = (1 << 48) - 1;
    let project = project();
    let now = instant(0);
    for count in COUNTS {
        let store = going_on_from(LAST - 3, 0);
        let tasks: Vec<Task> = (0..count).map(numbered).collect();
        store.add_all(&project, tasks.clone(), now).unwrap();
        store.set_enabled(&project, "1", false, now).unwrap();
        let last = store.remove(&project, "0").unwrap().revision;
        assert_eq!(last.get(), LAST);

        let name = TaskName::new("another").unwrap();
        let failed = Some(LastStatus::Fail);
        let another = numbered(99);
        let put = [Edit::put(another.clone())];
        let refusals = [
            store.add(&project, another.clone(), now).unwrap_err(),
            store.replace(&project, numbered(1), now).unwrap_err(),
            store.rename(&project, "1", &name).unwrap_err(),
            store.set_last_status(&project, "1", failed).unwrap_err(),
            store.set_enabled(&project, "1", true, now).unwrap_err(),
            store.remove(&project, "1").unwrap_err(),
            store.apply(&project, &put, now).unwrap_err().error,
            store.check(&project, &put, now).unwrap_err().error,
            store
                .apply_at(&project, Revision::new(LAST + 1), &put, now)
                .unwrap_err()
                .error,
            store
                .add_all(&project, vec![another.clone()], now)
                .unwrap_err()
                .error,
            store
                .sync(&project, vec![another.clone()], now)
                .unwrap_err()
                .error,
        ];
        for error in refusals {
            assert_eq!(error.kind(), ErrorKind::ProjectFull, "{error}");
            let accepted = "fewer tasks, or fewer changes, in the project";
            assert_eq!(error.accepted(), accepted);
        }
        // What changes nothing takes no revision.
        let mut same = tasks[1..].to_vec();
        same[0] = same[0].clone().with_enabled(false);
        let disable = Edit::set_enabled("1".parse().unwrap(), false);
        assert_eq!(store.apply(&project, &[disable], now).unwrap(), last);
        assert_eq!(store.sync(&project, same, now).unwrap().revision, last);
        check_numbered(&store, &(1..count).collect::<Vec<_>>());

        assert_eq!(store.remove_project(&project), count as u64 - 1);
        let error = store.add(&project, another, now).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProjectFull);
        assert_eq!(store.project_count(), 0);
        store.validate().unwrap();
    }
}

#[test]
fn places_may_be_any_numbers_up_to_the_last() {
    let project = project();
    let now = instant(0);
    for first in [(1 << 32) - 3, (1 << 63) - 3, u64::MAX - 21] {
        let store = going_on_from(0, first);
        let tasks: Vec<Task> = (0..20).map(numbered).collect();
        store.add_all(&project, tasks, now).unwrap();
        store.add(&project, numbered(20), now).unwrap();
        check_numbered(&store, &(0..=20).collect::<Vec<_>>());
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let mut query = ListQuery::new(0, 4).unwrap().with_order(order);
            let mut seen = 0;
            loop {
                let page = store.list(&project, &query, now);
                seen += page.tasks().len() as u64;
                assert!(seen <= page.total_count(), "a task is seen once");
                let Some(cursor) = page.next_cursor() else {
                    assert_eq!(seen, page.total_count());
                    break;
                };
                query = query.with_cursor(cursor);
            }
        }
        if first == u64::MAX - 21 {
            // The last place is never given, so that there is always a next one.
            let error = store.add(&project, numbered(21), now).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ProjectFull);
            let batch = vec![numbered(21)];
            let error = store.add_all(&project, batch, now).unwrap_err().error;
            assert_eq!(error.kind(), ErrorKind::ProjectFull);
            store.remove(&project, "7").unwrap();
            let error = store.add(&project, numbered(21), now).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ProjectFull);
            let left: Vec<usize> = (0..=20).filter(|number| *number != 7).collect();
            check_numbered(&store, &left);
        }
    }
}

/// A project that gains and loses tasks for days numbers them far apart, though it stays small. Rows once
/// kept how far they are ahead of the first of their chunk in 32 bits, and began another chunk where
/// that did not fit: the next removal then took a task out of the wrong one, or panicked.
#[test]
fn places_may_lie_far_apart() {
    let project = project();
    let now = instant(0);
    for count in COUNTS {
        let store = filled(count);
        let cell = store.find(&project).unwrap();
        let skip_places = || {
            let mut index = cell.write();
            let place = index.next_sequence() + (1 << 33);
            index.continue_sequences(place);
        };
        let mut expected: Vec<usize> = (0..count).collect();
        for number in count..count + 4 {
            skip_places();
            store.add(&project, numbered(number), now).unwrap();
            expected.push(number);
            check_numbered(&store, &expected);
        }
        for number in [0, count, 3] {
            store.remove(&project, number.to_string()).unwrap();
            expected.retain(|&it| it != number);
            check_numbered(&store, &expected);
        }
        let mut query = ListQuery::new(0, 2).unwrap();
        let mut seen = Vec::new();
        loop {
            let page = store.list(&project, &query, now);
            let Some(cursor) = page.next_cursor() else {
                break;
            };
            seen.extend(numbers(&page));
            assert!(seen.len() <= expected.len(), "a task is seen once");
            query = query.with_cursor(cursor);
        }
        // Every ninth is triggered.
        expected.retain(|number| number % 9 != 0);
        assert_eq!(seen, expected);
    }
}
