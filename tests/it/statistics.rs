//! A store in figures.

use taskdex::testkit::Workload;
use taskdex::{StoreStatistics, TaskStore};

use crate::support::{NOW, project};

#[test]
fn figures_follow_tasks_and_revisions() {
    let store = TaskStore::new();
    assert_eq!(store.statistics(), StoreStatistics::default());

    let (large, small) = (project("large"), project("small"));
    let tasks: Vec<_> = Workload::new(3, 2_000).tasks().collect();
    store.add(&small, tasks[0].clone(), NOW).unwrap();
    store.add(&small, tasks[1].clone(), NOW).unwrap();
    store.add_all(&large, tasks, NOW).unwrap();
    let statistics = store.statistics();
    assert_eq!((statistics.projects, statistics.tasks), (2, 2_002));
    // The project with most tasks is not the one that was changed most often.
    assert_eq!(statistics.revision_max, store.revision(&small));
    assert!(store.revision(&small) > store.revision(&large));
    assert_eq!(statistics.searches_evicted, 0);

    store.remove_project(&large);
    let statistics = store.statistics();
    assert_eq!((statistics.projects, statistics.tasks), (1, 2));
}
