//! Threads under a scheduler that tries their interleavings.

use chrono::DateTime;
use shuttle::thread;
use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};

#[test]
fn two_threads_add() {
    shuttle::check_random(
        || {
            let store = TaskStore::new();
            let project = ProjectId::new("p").unwrap();
            let now = DateTime::UNIX_EPOCH;
            let event = LifeCycleType::PostDesktopDisconnected;
            let task = |id| {
                Task::builder(id, "Stop", TaskType::Stop, event)
                    .build()
                    .unwrap()
            };
            let (a, b) = thread::scope(|scope| {
                let a = scope.spawn(|| store.add(&project, task("a"), now).unwrap());
                let b = scope.spawn(|| store.add(&project, task("b"), now).unwrap());
                (a.join().unwrap(), b.join().unwrap())
            });
            assert_ne!(a, b);
            assert_eq!(store.revision(&project), a.max(b));
        },
        10_000,
    );
}
