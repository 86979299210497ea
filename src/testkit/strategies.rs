//! The values of [`generate`] as proptest strategies.
//!
//! A strategy draws a list of choices and hands it to the generator, so that there is one
//! definition of every value. It is made smaller by lowering choices and leaving them out.
//!
//! ```
//! use proptest::{proptest, prop_assert};
//! use taskdex::Schedule;
//! use taskdex::testkit::strategies;
//!
//! proptest!(|(schedule in strategies::schedules(), now in strategies::instants())| {
//!     let schedule = schedule.counting_from(now);
//!     if let Some(next) = schedule.next_execution(now) {
//!         // Going back from it, nothing lies between it and now.
//!         let last = schedule.previous_execution(next.instant());
//!         prop_assert!(next.instant() > now);
//!         prop_assert!(last.is_none_or(|last| last.instant() <= now));
//!     }
//! });
//! ```

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use super::generate::{self, History, Swarm};
use super::source::Recorded;
use crate::query::ListQuery;
use crate::schedule::{Schedule, TimeZone};
use crate::store::Edit;
use crate::task::Task;

/// The most choices that one value takes; the rest of a larger one is simple.
const CHOICES_MAX: usize = 96;

fn drawn<T: std::fmt::Debug>(
    make: impl Fn(&mut Recorded<'_>) -> T + Clone,
) -> impl Strategy<Value = T> + Clone {
    vec(any::<u32>(), 0..CHOICES_MAX).prop_map(move |choices| make(&mut Recorded::new(&choices)))
}

/// Time zones, picked by shape.
pub fn zones() -> impl Strategy<Value = TimeZone> + Clone {
    drawn(|source| generate::zone(source))
}

/// Instants near clock changes, leap days and the ends of the calendar.
pub fn instants() -> impl Strategy<Value = DateTime<Utc>> + Clone {
    drawn(|source| generate::instant(source))
}

/// Schedules of every kind.
pub fn schedules() -> impl Strategy<Value = Schedule> + Clone {
    drawn(|source| generate::schedule(source))
}

/// Names of few characters, so that they share parts.
pub fn names() -> impl Strategy<Value = String> + Clone {
    drawn(|source| {
        let swarm = Swarm::new(source);
        generate::name(source, &swarm)
    })
}

/// Tasks of every kind, of an id.
pub fn tasks(id: &str) -> impl Strategy<Value = Task> + Clone {
    let id = id.to_owned();
    drawn(move |source| {
        let swarm = Swarm::new(source);
        generate::task(source, &swarm, id.clone())
    })
}

/// Up to `count_max` tasks of the ids `t-0`, `t-1` and so on, whose names share parts.
pub fn projects(count_max: usize) -> impl Strategy<Value = Vec<Task>> {
    let choices = vec(vec(any::<u32>(), 0..24), 0..=count_max);
    (vec(any::<u32>(), 64), choices).prop_map(|(swarm, choices)| {
        let swarm = Swarm::new(&mut Recorded::new(&swarm));
        let task = |(number, choices): (usize, Vec<u32>)| {
            generate::task(&mut Recorded::new(&choices), &swarm, format!("t-{number}"))
        };
        choices.into_iter().enumerate().map(task).collect()
    })
}

/// Up to `count_max` batches of edits of the ids `t-0`, `t-1` and so on, as a client may send them
/// one after the other.
pub fn batches(count_max: usize) -> impl Strategy<Value = Vec<Vec<Edit>>> {
    let choices = vec(vec(any::<u32>(), 0..CHOICES_MAX), 0..=count_max);
    (vec(any::<u32>(), 64), choices).prop_map(|(swarm, choices)| {
        let swarm = Swarm::new(&mut Recorded::new(&swarm));
        let edits = |choices: &Vec<u32>| generate::edits(&mut Recorded::new(choices), &swarm);
        choices.iter().map(edits).collect()
    })
}

/// Queries with any filters.
pub fn queries() -> impl Strategy<Value = ListQuery> + Clone {
    drawn(|source| {
        let swarm = Swarm::new(source);
        generate::query(source, &swarm)
    })
}

/// Histories of up to `steps_max` steps, each one operation or a run of the same.
pub fn histories(steps_max: usize) -> impl Strategy<Value = History> {
    let steps = vec(vec(any::<u32>(), 0..CHOICES_MAX), 0..=steps_max);
    (vec(any::<u32>(), 64), steps).prop_map(|(swarm, steps)| {
        let swarm = Swarm::new(&mut Recorded::new(&swarm));
        let steps = steps.iter();
        let operations = steps.flat_map(|step| {
            let mut source = Recorded::new(step);
            generate::operations(&mut source, &swarm)
        });
        History {
            sizes: swarm.sizes(),
            change_log: swarm.change_log(),
            operations: operations.collect(),
        }
    })
}
