//! Taking what is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};

use super::missed::MissedPolicy;
use super::{Due, instant_of};
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::index::{CachedNext, DueQueue, Slot};
use crate::query::Revision;
use crate::schedule::Execution;
use crate::store::TaskStore;
use crate::store::project::Project;
use crate::sync::Arc;
use crate::task::{ProjectId, Task, TaskId};
use crate::trace::call;

/// Tasks that are taken from in one step, while readers wait.
const STEP_ROWS: usize = 256;

/// One execution that is due. Its key is its project, its task and its instant.
///
/// After a crash the same execution is given out again with an equal key, by which its receiver
/// can tell that it was done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DueExecution {
    /// The project of the task.
    pub project: ProjectId,
    /// The task.
    pub id: TaskId,
    /// The execution.
    pub execution: Execution,
    /// The first execution that was missed, where this one stands for several.
    pub first_missed: Option<Execution>,
}

impl DueExecution {
    /// What tells this execution from every other: project, id and Unix second.
    #[must_use]
    pub fn key(&self) -> (&ProjectId, &TaskId, i64) {
        (&self.project, &self.id, self.execution.unix_seconds())
    }
}

/// The due executions that one call of [`TaskStore::take_due`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueBatch {
    /// The executions, by the instant of what was pending, then by project, then in the order in
    /// which tasks were added.
    pub due: Vec<DueExecution>,
    /// Whether pending executions that are not after `now` are left.
    pub has_more: bool,
    /// What [`TaskStore::passed`] said when they had been taken: to be stored after they were
    /// handed on.
    pub passed: DateTime<Utc>,
}

/// How missed executions are decided.
#[derive(Clone, Copy)]
enum Choice<'a> {
    /// In the same way for every task.
    Fixed(MissedPolicy),
    /// As the caller says.
    Asked(&'a dyn Fn(&ProjectId, &Task) -> MissedPolicy),
}

/// A call at work.
struct Taking {
    now: DateTime<Utc>,
    limit: usize,
    due: Vec<DueExecution>,
}

/// A task that is taken from.
struct DueTask<'a> {
    slot: Slot,
    task: &'a Task,
    /// What is pending.
    next: CachedNext,
    policy: MissedPolicy,
}

/// What was chosen for a task as it was.
#[derive(Clone, Copy)]
struct Chosen {
    sequence: u64,
    version: Revision,
    policy: MissedPolicy,
}

impl TaskStore {
    /// Takes executions that are due: at most `limit` that are not after `now`.
    ///
    /// They come by the instant of what is pending, then by project id, then in the order of
    /// adding. Each is given once, and what follows it is pending then: a `now` that goes back
    /// gives nothing again, and one that jumps ahead gives what was missed, by the policy. What
    /// the policy leaves out counts as taken, and not towards the limit.
    /// [`take_due_by`](Self::take_due_by) chooses the policy for each task.
    ///
    /// O(log n) for each execution among n tasks, however many were missed. Calls wait for each
    /// other; readers of a project wait for 256 tasks at most at a time.
    ///
    /// # A scheduler
    ///
    /// It sleeps until the next wake-up, but at most 30 seconds, since a library cannot see a
    /// clock being set; takes; hands on; and stores how far it has come.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use taskdex::{DueExecution, Error, Missed, TaskStore};
    ///
    /// /// What the scheduler's process has besides the store.
    /// trait Host {
    ///     fn load_passed(&self) -> DateTime<Utc>;
    ///     fn store_passed(&mut self, passed: DateTime<Utc>);
    ///     fn hand_on(&mut self, due: &DueExecution);
    ///     fn now(&self) -> DateTime<Utc>;
    ///     fn sleep_until(&mut self, wakeup: DateTime<Utc>);
    ///     fn is_over(&self) -> bool;
    /// }
    ///
    /// fn schedule(store: &TaskStore, host: &mut impl Host) -> Result<(), Error> {
    ///     store.watch_due(host.load_passed());
    ///     while !host.is_over() {
    ///         let now = host.now();
    ///         let batch = store.take_due(now, 100, Missed::Latest)?;
    ///         batch.due.iter().for_each(|due| host.hand_on(due));
    ///         host.store_passed(batch.passed);
    ///         if !batch.has_more {
    ///             let longest = now + TimeDelta::seconds(30);
    ///             let wakeup = store.next_wakeup()?;
    ///             host.sleep_until(wakeup.map_or(longest, |wakeup| wakeup.min(longest)));
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// # use taskdex::{ProjectId, Schedule, Task, TaskType};
    /// # struct Simulated { passed: DateTime<Utc>, now: DateTime<Utc>, end: DateTime<Utc>, done: Vec<String> }
    /// # impl Host for Simulated {
    /// #     fn load_passed(&self) -> DateTime<Utc> { self.passed }
    /// #     fn store_passed(&mut self, passed: DateTime<Utc>) { self.passed = passed; }
    /// #     fn hand_on(&mut self, due: &DueExecution) { self.done.push(due.execution.to_string()); }
    /// #     fn now(&self) -> DateTime<Utc> { self.now }
    /// #     fn sleep_until(&mut self, wakeup: DateTime<Utc>) { self.now = wakeup; }
    /// #     fn is_over(&self) -> bool { self.now >= self.end }
    /// # }
    /// # let store = TaskStore::new();
    /// # let begin: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    /// # let nightly = Schedule::daily(1, "02:00:00".parse().unwrap(), "UTC".parse()?)?;
    /// # let task = Task::builder("t-1", "Restart", TaskType::Reboot, nightly).build()?;
    /// # store.add(&ProjectId::new("p-1")?, task, begin)?;
    /// # let end = begin + TimeDelta::days(2);
    /// # let mut host = Simulated { passed: begin, now: begin, end, done: Vec::new() };
    /// # schedule(&store, &mut host)?;
    /// # assert_eq!(host.done, ["2026-12-01 02:00:00", "2026-12-02 02:00:00"]);
    /// # assert!(end - host.passed <= TimeDelta::seconds(30));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    ///
    /// A task that is added meanwhile may be due earlier:
    /// [`with_on_earlier_wakeup`](crate::store::TaskStoreBuilder::with_on_earlier_wakeup) tells of
    /// that.
    ///
    /// # Exactly once, and at least once
    ///
    /// While the store is watched, each execution is given exactly once, to one of the threads
    /// that take. A crash between taking and storing [`DueBatch::passed`] gives what was taken
    /// again, with an equal [key](DueExecution::key): that is at least once, and exactly once for
    /// a receiver that keeps the keys that it has seen since the stored `passed`. What fell into a
    /// pause that ended between the stored `passed` and the crash may also be given then, as a
    /// store does not know when a task was enabled.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`] before [`watch_due`](Self::watch_due).
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{Missed, ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let nightly = Schedule::daily(1, "02:00:00".parse().unwrap(), "UTC".parse()?)?;
    /// let task = Task::builder("t-1", "Restart", TaskType::Reboot, nightly).build()?;
    /// store.add(&ProjectId::new("p-1")?, task, at("2026-12-01T00:00:00Z"))?;
    /// store.watch_due(at("2026-12-01T00:00:00Z"));
    ///
    /// // Nobody took anything for three nights.
    /// let batch = store.take_due(at("2026-12-04T00:00:00Z"), 100, Missed::Latest)?;
    /// assert_eq!(batch.due.len(), 1);
    /// assert_eq!(batch.due[0].execution.to_string(), "2026-12-03 02:00:00");
    /// assert_eq!(batch.due[0].first_missed.unwrap().to_string(), "2026-12-01 02:00:00");
    /// assert_eq!(batch.passed, at("2026-12-04T00:00:00Z"));
    /// assert!(store.take_due(at("2026-12-04T00:00:00Z"), 100, Missed::Latest)?.due.is_empty());
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn take_due(
        &self,
        now: DateTime<Utc>,
        limit: usize,
        policy: impl Into<MissedPolicy>,
    ) -> Result<DueBatch, Error> {
        let call = call!("take_due");
        let batch = self.take(now, limit, Choice::Fixed(policy.into()))?;
        call.count(batch.due.len());
        Ok(batch)
    }

    /// As [`take_due`](Self::take_due), with a policy that `choose` gives for each task.
    ///
    /// It is called when a task is taken from, while no lock is held, and may use the store, but
    /// for another call of this kind within itself that never ends. The task is looked at again
    /// afterwards: where it changed meanwhile, `choose` is called again. After a panic in it, what
    /// was taken by this call is lost to the caller: watching again from the stored `passed`
    /// gives it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`] before [`watch_due`](Self::watch_due).
    pub fn take_due_by(
        &self,
        now: DateTime<Utc>,
        limit: usize,
        choose: impl Fn(&ProjectId, &Task) -> MissedPolicy,
    ) -> Result<DueBatch, Error> {
        let call = call!("take_due_by");
        let batch = self.take(now, limit, Choice::Asked(&choose))?;
        call.count(batch.due.len());
        Ok(batch)
    }

    fn take(
        &self,
        now: DateTime<Utc>,
        limit: usize,
        choice: Choice<'_>,
    ) -> Result<DueBatch, Error> {
        let mut turn = self.due.turn();
        let second = now.timestamp();
        self.due.ask("take_due", |agenda| {
            agenda.now_max = agenda.now_max.max(second);
        })?;
        let mut taking = Taking {
            now,
            limit,
            due: Vec::new(),
        };
        while taking.left() > 0
            && let Some((id, project, until)) = self.due.front(second)
        {
            let chosen = match choice {
                Choice::Fixed(_) => Vec::new(),
                Choice::Asked(choose) => {
                    drop(turn);
                    let tasks = project.first_due(until, taking.left());
                    let chosen = tasks.into_iter().map(|(task, mut chosen)| {
                        chosen.policy = choose(&id, &task);
                        chosen
                    });
                    let chosen = chosen.collect();
                    turn = self.due.turn();
                    chosen
                }
            };
            let writer = project.lock_writer();
            if writer.retired {
                // The agenda does not have it any more.
                continue;
            }
            match choice {
                Choice::Fixed(policy) => {
                    self.due
                        .take_step(&id, &project, &mut taking, until, |_| Some(policy));
                }
                Choice::Asked(_) => {
                    let mut chosen = chosen.into_iter();
                    self.due.take_step(&id, &project, &mut taking, until, |it| {
                        let chosen = chosen.next()?;
                        let is_same = (chosen.sequence, chosen.version) == it;
                        is_same.then_some(chosen.policy)
                    });
                }
            }
        }
        let (passed, earliest) = self
            .due
            .ask("take_due", |agenda| (agenda.passed(), agenda.earliest()))?;
        drop(turn);
        Ok(DueBatch {
            due: taking.due,
            has_more: earliest.is_some_and(|earliest| earliest <= second),
            passed: instant_of(passed),
        })
    }
}

impl Due {
    /// The project that is due first, where anything is up to `now`; and the second up to which,
    /// itself excluded, nothing of another project comes between.
    fn front(&self, now: i64) -> Option<(ProjectId, Arc<Project>, i64)> {
        let agenda = self.agenda();
        let mut projects = agenda.as_ref()?.projects.iter();
        let ((_, id), project) = projects.next().filter(|&(&(second, _), _)| second <= now)?;
        let until = projects.next().map_or(i64::MAX, |((second, other), _)| {
            // In the same second, projects come by their ids.
            second + i64::from(id < other)
        });
        let until = until.min(now.saturating_add(1));
        Some((id.clone(), Arc::clone(project), until))
    }

    /// Takes from some of the tasks that are due before a second, in their order, as long as
    /// `choose` gives a policy for sequence and version. The writer's lock is held.
    fn take_step(
        &self,
        id: &ProjectId,
        project: &Arc<Project>,
        taking: &mut Taking,
        until: i64,
        mut choose: impl FnMut((u64, Revision)) -> Option<MissedPolicy>,
    ) {
        let (nexts, copied) = {
            let index = project.read();
            let pending = index.due().into_iter().flat_map(DueQueue::iter);
            let mut pending = pending.take_while(|&(second, _)| second < until);
            let first = pending.by_ref().take(taking.left().min(STEP_ROWS));
            let slots: Vec<Slot> = first.map(|(_, slot)| slot).collect();
            // Others come before what is pending of these from here on.
            let mut end = pending.next();
            let mut tasks = Vec::with_capacity(slots.len());
            for (slot, row) in index.rows(&slots) {
                let it = DueTask {
                    slot,
                    task: row.task(),
                    next: row.next(),
                    policy: MissedPolicy::default(),
                };
                let Some(policy) = choose((row.sequence(), row.version())) else {
                    end = it.second().map(|second| (second, slot));
                    break;
                };
                tasks.push(DueTask { policy, ..it });
            }
            let end = end.unwrap_or((until, Slot::FIRST));
            let count = taking.take_from(id, &mut tasks, end);
            let nexts: Vec<_> = tasks
                .iter()
                .take(count)
                .map(|it| (it.slot, it.next))
                .collect();
            let slots = nexts.iter().map(|&(slot, _)| slot);
            let mut shared: Vec<Slot> = slots.filter(|&slot| index.is_shared(slot)).collect();
            shared.sort_unstable();
            (nexts, index.copied_chunks(shared))
        };
        project.let_readers_in();
        let mut index = project.write();
        index.replace_chunks(copied);
        index.take_first(&nexts);
        self.publish(id, project, &mut index);
    }
}

impl Taking {
    /// How many executions may still be taken.
    fn left(&self) -> usize {
        self.limit - self.due.len()
    }

    /// Takes from the first tasks of a project, in the order of what is pending, up to `end`, and
    /// returns how many were taken from.
    fn take_from(&mut self, id: &ProjectId, tasks: &mut [DueTask<'_>], end: (i64, Slot)) -> usize {
        // Most tasks are taken from once; those that are due again come between the others.
        let mut again: BinaryHeap<Reverse<(i64, Slot, usize)>> = BinaryHeap::new();
        let mut count = 0;
        while self.left() > 0 {
            let fresh = tasks.get(count);
            let fresh = fresh.and_then(|it| Some((it.second()?, it.slot, count)));
            let old = again.peek().map(|&Reverse(old)| old);
            let old = old.filter(|&(second, slot, _)| (second, slot) < end);
            let is_old = old.is_some_and(|old| fresh.is_none_or(|fresh| old < fresh));
            let Some((_, slot, place)) = (if is_old { old } else { fresh }) else {
                break;
            };
            if is_old {
                again.pop();
            } else {
                count += 1;
            }
            if let Some(it) = tasks.get_mut(place) {
                it.next = self.take_one(id, it);
                let second = it.second().filter(|&second| second <= self.now.timestamp());
                again.extend(second.map(|second| Reverse((second, slot, place))));
            }
        }
        count
    }

    /// Takes what is pending of a task, or leaves it out, and returns what comes next.
    fn take_one(&mut self, id: &ProjectId, it: &DueTask<'_>) -> CachedNext {
        let (Some(schedule), Some(moment)) = (it.task.schedule(), it.next.moment()) else {
            return CachedNext::NEVER;
        };
        let pending = Execution::new(moment.instant, moment.offset);
        let decision = it.policy.decide(schedule, pending, self.now);
        self.due
            .extend(decision.given.map(|execution| DueExecution {
                project: id.clone(),
                id: it.task.task_id(),
                execution,
                first_missed: Some(pending).filter(|it| *it != execution),
            }));
        decision.next
    }
}

impl DueTask<'_> {
    /// The second of what is pending.
    fn second(&self) -> Option<i64> {
        self.next.moment().map(|moment| moment.instant)
    }
}

impl Project {
    /// The tasks that are due first before a second, still without a policy.
    fn first_due(&self, until: i64, limit: usize) -> Vec<(Task, Chosen)> {
        let index = self.read();
        let due = index.due().into_iter().flat_map(DueQueue::iter);
        let due = due.take_while(|&(second, _)| second < until);
        let rows = due.filter_map(|(_, slot)| index.row(slot));
        let rows = rows.take(limit.min(STEP_ROWS));
        let tasks = rows.map(|row| {
            let chosen = Chosen {
                sequence: row.sequence(),
                version: row.version(),
                policy: MissedPolicy::default(),
            };
            (row.task().clone(), chosen)
        });
        tasks.collect()
    }
}
