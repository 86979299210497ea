//! Whether what threads were told can be: every answer is that of one state in its time.
//!
//! Every change of a project has a revision, so the order of changes is known, and the reference
//! goes through them in that order. A call that changes nothing must have the answer of one of
//! the states that the project had between its beginning and its end.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use chrono::{DateTime, Utc};
use taskdex::query::Explanation;
use taskdex::testkit::{Op, Outcome, ReferenceSnapshot, ReferenceStore, Workload};
use taskdex::{
    ChangeSet, Edit, Expectation, ListQuery, Order, ProjectId, Revision, ScheduledType, Snapshot,
    TaskStore,
};

use super::history::History;
use super::threads::{Barrier, reached_count, scope, thread_local};

thread_local! {
    /// What the store told this thread of changes since its call began.
    static TOLD: RefCell<Vec<(ProjectId, u64)>> = const { RefCell::new(Vec::new()) };
}

/// One call, without what depends on the state that it meets.
#[derive(Debug, Clone)]
enum Asked {
    Op(Op),
    ApplyAt {
        project: ProjectId,
        revision: u64,
        edits: Vec<Edit>,
        now: DateTime<Utc>,
    },
    ChangesSince {
        project: ProjectId,
        since: u64,
    },
    ApplyChanges {
        project: ProjectId,
        changes: ChangeSet,
        now: DateTime<Utc>,
    },
    Restore {
        project: ProjectId,
        snapshot: ReferenceSnapshot,
        export: Vec<u8>,
    },
    Revision {
        project: ProjectId,
    },
}

impl Asked {
    fn project(&self) -> &ProjectId {
        match self {
            Self::Op(op) => op.project(),
            Self::ApplyAt { project, .. }
            | Self::ChangesSince { project, .. }
            | Self::ApplyChanges { project, .. }
            | Self::Restore { project, .. }
            | Self::Revision { project } => project,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Op(op) => op.name(),
            Self::ApplyAt { .. } => "apply_at",
            Self::ChangesSince { .. } => "changes_since",
            Self::ApplyChanges { .. } => "apply_changes",
            Self::Restore { .. } => "restore",
            Self::Revision { .. } => "revision",
        }
    }

    /// Whether a project may begin with the call.
    fn may_begin(&self) -> bool {
        let names = [
            "add",
            "add_all",
            "apply",
            "apply_at",
            "sync",
            "apply_changes",
            "restore",
        ];
        names.contains(&self.name())
    }

    fn apply(&self, store: &TaskStore) -> Outcome {
        match self {
            Self::Op(Op::Explain { project, query }) => match store.explain(project, query) {
                Explanation::Scan { tasks } => Outcome::Counted(tasks),
                Explanation::Lookup { length, .. } | Explanation::NameSearch { length, .. } => {
                    Outcome::Explained(length)
                }
                _ => Outcome::Explained(0),
            },
            Self::Op(op) => op.apply(store),
            Self::ApplyAt {
                project,
                revision,
                edits,
                now,
            } => store
                .apply_at(project, Revision::new(*revision), edits, *now)
                .into(),
            Self::ChangesSince { project, since } => {
                store.changes_since(project, Revision::new(*since)).into()
            }
            Self::ApplyChanges {
                project,
                changes,
                now,
            } => store.apply_changes(project, changes, *now).into(),
            Self::Restore {
                project, export, ..
            } => match store.restore(project, export.as_slice()) {
                Ok(revision) => revision.into(),
                Err(refused) => Outcome::Refused {
                    kind: refused.error().unwrap().kind(),
                    position: 0,
                },
            },
            Self::Revision { project } => store.revision(project).into(),
        }
    }

    fn apply_to_reference(&self, reference: &mut ReferenceStore) -> Outcome {
        match self {
            Self::Op(op) => op.apply_to_reference(reference),
            Self::ApplyAt {
                project,
                revision,
                edits,
                now,
            } => reference.apply_at(project, *revision, edits, *now).into(),
            Self::ChangesSince { project, since } => {
                reference.changes_since(project, *since).into()
            }
            Self::ApplyChanges {
                project, changes, ..
            } => reference.apply_changes(project, changes).into(),
            Self::Restore {
                project, snapshot, ..
            } => reference.restore(project, snapshot).into(),
            Self::Revision { project } => reference.revision(project).into(),
        }
    }
}

/// A call that was made.
#[derive(Debug)]
struct Call {
    thread: usize,
    asked: Asked,
    /// `None` where its caller panicked.
    outcome: Option<Outcome>,
    /// The revision of its change.
    told: Option<u64>,
    began: u64,
    ended: u64,
    /// The steps that were reached in its time.
    reached: std::ops::Range<usize>,
}

impl Call {
    fn gave(&self, outcome: &Outcome) -> bool {
        self.outcome.as_ref().is_none_or(|gave| gave == outcome)
    }
}

/// What callers panic with.
struct Bang;

fn bang() -> ! {
    resume_unwind(Box::new(Bang))
}

/// What `call` gives; `None` where its caller panicked on purpose.
fn unless_bang<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(given) => Some(given),
        Err(panic) if panic.is::<Bang>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// A reader that panics.
struct Panics;

impl Read for Panics {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        bang()
    }
}

/// What threads did, and what they were told.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    store: Arc<TaskStore>,
    /// The store as it was before the threads began.
    reference: &'a ReferenceStore,
    calls: Vec<Call>,
}

struct Thread<'a> {
    number: usize,
    store: &'a TaskStore,
    clock: &'a AtomicU64,
    panics: bool,
    calls: Vec<Call>,
    /// Snapshots with the position of their calls: what they show is looked at in the end.
    snapshots: Vec<(usize, Snapshot)>,
}

impl Thread<'_> {
    fn make(&mut self, asked: Asked) -> Option<Outcome> {
        self.make_by(asked, Asked::apply)
    }

    fn make_by(
        &mut self,
        asked: Asked,
        call: impl FnOnce(&Asked, &TaskStore) -> Outcome,
    ) -> Option<Outcome> {
        let reached = reached_count();
        TOLD.with(|told| told.borrow_mut().clear());
        let began = self.clock.fetch_add(1, Ordering::SeqCst);
        let outcome = unless_bang(|| call(&asked, self.store));
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let told = TOLD.with(|told| {
            let told = told.borrow();
            assert!(told.len() <= 1, "{asked:?} told of {told:?}");
            let first = told.first();
            first.map(|(project, revision)| {
                assert_eq!(project, asked.project());
                *revision
            })
        });
        self.calls.push(Call {
            thread: self.number,
            asked,
            outcome: outcome.clone(),
            told,
            began,
            ended,
            reached: reached..reached_count(),
        });
        outcome
    }

    fn snapshot(&mut self, project: &ProjectId) -> Option<Snapshot> {
        let asked = Asked::Op(Op::Snapshot {
            project: project.clone(),
        });
        let mut taken = None;
        self.make_by(asked, |_, store| {
            let result = store.snapshot(project);
            taken = result.as_ref().ok().cloned();
            result.map(|it| Snapshot::revision(&it)).into()
        });
        let snapshot = taken?;
        let position = self.calls.len() - 1;
        self.snapshots.push((position, snapshot.clone()));
        Some(snapshot)
    }

    /// Makes the call, or those that it is made of, with what this thread knows.
    fn run(&mut self, op: &Op) {
        let store = self.store;
        match op.clone() {
            Op::Snapshot { project } => {
                self.snapshot(&project);
            }
            Op::ApplySeen {
                project,
                edits,
                now,
            } => {
                let edits = edits.into_iter().map(|edit| {
                    let seen = store.get(&project, edit.id(), now);
                    let expected =
                        seen.map_or(Expectation::Absent, |it| Expectation::Version(it.version()));
                    edit.with_expectation(expected)
                });
                let edits = edits.collect();
                self.make(Asked::Op(Op::Apply {
                    project,
                    edits,
                    now,
                }));
            }
            Op::ApplyAt {
                project,
                ahead,
                edits,
                now,
            } => {
                let revision = store.revision(&project).get().saturating_add_signed(ahead);
                self.make(Asked::ApplyAt {
                    project,
                    revision,
                    edits,
                    now,
                });
            }
            Op::ChangesSince { project, ahead } => {
                let since = self.revision(&project).saturating_add_signed(ahead);
                self.make(Asked::ChangesSince { project, since });
            }
            Op::ApplyChanges {
                project,
                original,
                now,
            } => {
                let since = self.revision(&project);
                let asked = Asked::ChangesSince {
                    project: original,
                    since,
                };
                if let Some(Outcome::Changes(changes)) = self.make(asked) {
                    self.make(Asked::ApplyChanges {
                        project,
                        changes,
                        now,
                    });
                }
            }
            Op::Restore { project, original } => {
                if let Some(original) = self.snapshot(&original) {
                    let mut export = Vec::new();
                    original.write_export(&mut export).unwrap();
                    let Outcome::Snapshot(snapshot) = (&original).into() else {
                        unreachable!("a snapshot is one");
                    };
                    if self.panics {
                        let half = &export[..export.len() / 2];
                        let reader = BufReader::new(half.chain(Panics));
                        let refused = unless_bang(|| store.restore(&project, reader).is_err());
                        assert_ne!(refused, Some(false));
                    }
                    self.make(Asked::Restore {
                        project,
                        snapshot,
                        export,
                    });
                }
            }
            op => {
                self.make(Asked::Op(op));
            }
        }
    }

    fn revision(&mut self, project: &ProjectId) -> u64 {
        match self.make(Asked::Revision {
            project: project.clone(),
        }) {
            Some(Outcome::Changed(revision)) => revision,
            other => unreachable!("a revision is {other:?}"),
        }
    }

    fn finish(mut self) -> Vec<Call> {
        for (position, snapshot) in self.snapshots {
            self.calls[position].outcome = Some((&snapshot).into());
        }
        self.calls
    }
}

impl<'a> Run<'a> {
    /// Makes the calls of a history, those of its threads at once.
    pub(crate) fn new(history: &'a History) -> Self {
        let (builder, _) = history.sizes.stores(history.change_log);
        let listening: Arc<OnceLock<Weak<TaskStore>>> = Arc::default();
        let listener = Arc::clone(&listening);
        let panics = history.panics;
        let builder = builder.with_on_change(move |project, revision| {
            TOLD.with(|told| told.borrow_mut().push((project.clone(), revision.get())));
            // It holds no lock.
            let store = listener.get().and_then(Weak::upgrade).unwrap();
            let _ = store.task_count(project);
            if panics && revision.get().is_multiple_of(3) {
                bang();
            }
        });
        let store = Arc::new(builder.build());
        listening.set(Arc::downgrade(&store)).unwrap();

        for op in &history.before {
            unless_bang(|| op.apply(&store));
        }
        let first = history.before.first().map(Op::project);
        let held = first.filter(|_| history.holds_snapshot);
        let held = held.and_then(|project| store.snapshot(project).ok());
        let held_outcome = held.as_ref().map(Outcome::from);

        let clock = AtomicU64::new(0);
        let start = Barrier::new(history.threads.len());
        let thread = |number| Thread {
            number,
            store: &store,
            clock: &clock,
            panics: history.panics,
            calls: Vec::new(),
            snapshots: Vec::new(),
        };
        let calls = scope(|scope| {
            let threads: Vec<_> = (history.threads.iter().enumerate())
                .map(|(number, ops)| {
                    let (mut thread, start) = (thread(number), &start);
                    scope.spawn(move || {
                        start.wait();
                        for op in ops {
                            thread.run(op);
                        }
                        thread.finish()
                    })
                })
                .collect();
            let calls = threads.into_iter().flat_map(|it| it.join().unwrap());
            calls.collect()
        });
        assert_eq!(held.as_ref().map(Outcome::from), held_outcome);
        Self {
            store,
            reference: &history.reference,
            calls,
        }
    }

    /// How often each call was made.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.calls.iter().map(|call| call.asked.name())
    }

    #[allow(dead_code, reason = "threads of the system tell no steps")]
    /// The positions of the steps that were reached in the middle of calls of two threads.
    pub(crate) fn met(&self) -> BTreeSet<usize> {
        let mut met = BTreeSet::new();
        for call in &self.calls {
            for other in self.calls.iter().filter(|it| it.thread < call.thread) {
                let start = call.reached.start.max(other.reached.start);
                met.extend(start..call.reached.end.min(other.reached.end));
            }
        }
        met
    }

    /// Checks every answer, and the store in the end.
    pub(crate) fn check(&self) -> Result<(), String> {
        let projects: BTreeSet<_> = self.calls.iter().map(|it| it.asked.project()).collect();
        let mut timelines = Vec::new();
        for project in projects {
            let timeline = Timeline::new(self, project)?;
            timeline.check_answers(self)?;
            timeline.check_end(self)?;
            timelines.push(timeline);
        }
        self.check_projects(&timelines)?;
        self.store.validate()
    }

    /// Projects that were there all the time of a call are named, and none that never was.
    fn check_projects(&self, timelines: &[Timeline<'_>]) -> Result<(), String> {
        for call in &self.calls {
            let Some(Outcome::Projects(count, named)) = &call.outcome else {
                continue;
            };
            let mut certain = Vec::new();
            let mut possible: Vec<ProjectId> = self.reference.projects();
            let is_changed = |project: &ProjectId| timelines.iter().any(|it| it.project == project);
            possible.retain(|project| !is_changed(project));
            certain.extend(possible.iter().cloned());
            for timeline in timelines {
                let states = &timeline.states[timeline.window(call)];
                let mut there = states.iter().map(|it| it.task_count(timeline.project) > 0);
                if there.clone().all(|is_there| is_there) {
                    certain.push(timeline.project.clone());
                }
                // One whose first task is refused may be seen.
                let is_begun = self.calls.iter().any(|it| {
                    it.asked.project() == timeline.project
                        && it.asked.may_begin()
                        && it.began < call.ended
                        && it.ended > call.began
                });
                if is_begun || there.any(|is_there| is_there) {
                    possible.push(timeline.project.clone());
                }
            }
            let is_right = certain.iter().all(|it| named.contains(it))
                && named.iter().all(|it| possible.contains(it))
                && (certain.len() as u64..=possible.len() as u64).contains(count)
                && named.is_sorted();
            if !is_right {
                let what = format!("{count} {named:?}, of {certain:?} to {possible:?}");
                return Err(self.told("projects that were not there", call, &what));
            }
        }
        Ok(())
    }

    /// A fault, with all calls of the run.
    fn told(&self, fault: &str, call: &Call, expected: &str) -> String {
        let mut text = format!("{fault}\n  call: {call:?}\n  expected: {expected}\n  of:\n");
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_by_key(|it| it.began);
        for it in calls {
            let _ = writeln!(
                text,
                "  thread {}, {} to {}: {} of {}, told of {:?}",
                it.thread,
                it.began,
                it.ended,
                it.asked.name(),
                it.asked.project(),
                it.told,
            );
        }
        text
    }
}

/// The states of a project, by the revisions of its changes.
struct Timeline<'a> {
    project: &'a ProjectId,
    /// In the order of their revisions.
    changes: Vec<&'a Call>,
    /// Before the first change, and after each.
    states: Vec<ReferenceStore>,
}

impl<'a> Timeline<'a> {
    fn new(run: &'a Run<'_>, project: &'a ProjectId) -> Result<Self, String> {
        let calls = run.calls.iter();
        let mut left: Vec<_> = calls
            .filter(|it| it.told.is_some() && it.asked.project() == project)
            .collect();
        left.sort_by_key(|it| it.told);
        let mut timeline = Self {
            project,
            changes: Vec::new(),
            states: vec![run.reference.clone()],
        };
        if timeline.go_through(&left) {
            return Ok(timeline);
        }
        let next = left[0];
        let mut state = run.reference.clone();
        let first = next.asked.apply_to_reference(&mut state);
        let expected = format!("changes that follow each other; of the first, {first:?}");
        Err(run.told("changes that cannot be", next, &expected))
    }

    /// Puts changes in order. They are so by their revisions, unless the project was restored,
    /// which may lead back: so each is tried that can be next.
    fn go_through(&mut self, left: &[&'a Call]) -> bool {
        let ended_first = left.iter().map(|it| it.ended).min();
        for (position, &call) in left.iter().enumerate() {
            // None that is left ended before this one began.
            let is_next = ended_first.is_some_and(|ended| call.began < ended);
            let mut state = self.states[self.changes.len()].clone();
            if is_next
                && call.gave(&call.asked.apply_to_reference(&mut state))
                && Some(state.revision(self.project)) == call.told
            {
                self.changes.push(call);
                self.states.push(state);
                let mut left = left.to_vec();
                left.remove(position);
                if self.go_through(&left) {
                    return true;
                }
                self.changes.pop();
                self.states.pop();
            }
        }
        left.is_empty()
    }

    /// The states that the project may have been in during a call.
    fn window(&self, call: &Call) -> std::ops::RangeInclusive<usize> {
        let done = self.changes.iter().rposition(|it| it.ended < call.began);
        let begun = self.changes.iter().position(|it| it.began > call.ended);
        let first = done.map_or(0, |position| position + 1);
        first..=begun.unwrap_or(self.changes.len())
    }

    /// Each call without a change has the answer of a state, and time goes one way.
    fn check_answers(&self, run: &Run<'_>) -> Result<(), String> {
        let is_answer = |call: &&Call| {
            call.told.is_none()
                && call.asked.project() == self.project
                && !matches!(call.outcome, Some(Outcome::Projects(..)))
        };
        let mut answers: Vec<&Call> = run.calls.iter().filter(is_answer).collect();
        answers.sort_by_key(|it| it.ended);
        // When each answer ended, and the earliest state that it can have been of.
        let mut seen: Vec<(u64, usize)> = Vec::new();
        for call in answers {
            let (first, last) = self.window(call).into_inner();
            let earlier = seen.iter().filter(|(ended, _)| *ended < call.began);
            let first = earlier.map(|&(_, state)| state).fold(first, usize::max);
            let state = (first..=last).find(|&state| self.explains(state, call));
            let Some(state) = state else {
                let mut reference = self.states[first.min(last)].clone();
                let expected = call.asked.apply_to_reference(&mut reference);
                let expected = format!("of states {first} to {last}, the first: {expected:?}");
                return Err(run.told("an answer of no state", call, &expected));
            };
            seen.push((call.ended, state));
        }
        Ok(())
    }

    fn explains(&self, state: usize, call: &Call) -> bool {
        let state = &self.states[state];
        if let (Asked::Op(Op::Explain { .. }), Some(Outcome::Counted(count))) =
            (&call.asked, &call.outcome)
        {
            // A scan, which looks at every task.
            return state.task_count(self.project) == *count;
        }
        let mut after = state.clone();
        call.gave(&call.asked.apply_to_reference(&mut after))
            && after.revision(self.project) == state.revision(self.project)
    }

    /// The store shows what the reference does after all changes.
    fn check_end(&self, run: &Run<'_>) -> Result<(), String> {
        let mut reference = self.states[self.changes.len()].clone();
        let project = self.project;
        // What a listing kept of next executions shows at its instant, until it is asked at
        // another one: so the latest comes first.
        let mut calls: Vec<_> = run.calls.iter().collect();
        calls.sort_by_key(|it| Reverse(it.ended));
        let instants = calls.into_iter().filter_map(|it| match &it.asked {
            Asked::Op(Op::List { now, .. } | Op::ListJson { now, .. }) => Some(*now),
            _ => None,
        });
        let mut asked = vec![
            Asked::Op(Op::Snapshot {
                project: project.clone(),
            }),
            Asked::Revision {
                project: project.clone(),
            },
            Asked::ChangesSince {
                project: project.clone(),
                since: run.reference.revision(project),
            },
        ];
        let all = ListQuery::new(0, 50).unwrap();
        let triggered = all.clone().with_scheduled_type(ScheduledType::LifeCycle);
        let newest_first = all.clone().with_order(Order::NewestFirst);
        let lists = instants.map(|now| (all.clone(), now));
        let others = [all.clone(), triggered, newest_first].map(|query| (query, Workload::NOW));
        asked.extend(lists.chain(others).map(|(query, now)| {
            let project = project.clone();
            Asked::Op(Op::List {
                project,
                query,
                now,
            })
        }));
        for asked in asked {
            let (outcome, expected) = (
                asked.apply(&run.store),
                asked.apply_to_reference(&mut reference),
            );
            if outcome != expected {
                return Err(format!(
                    "in the end, {asked:?}:\n  {outcome:?}\n  expected {expected:?}"
                ));
            }
        }
        Ok(())
    }
}
