//! Engine and reference side by side.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::AddAssign;
use std::sync::mpsc::{Receiver, channel};

use chrono::{DateTime, Utc};

use super::op::{Op, Outcome};
use super::reference::ReferenceStore;
use crate::error::ErrorKind;
use crate::index::SizeLimits;
use crate::query::{Explanation, LIMIT_MAX, ListQuery, NameStrategy, Order};
use crate::store::{InnerState, Snapshot, TaskStore, TaskStoreBuilder};
use crate::task::{ProjectId, ScheduledType};

/// Where the engine of [`Twins`] changes its forms.
///
/// The usual limits are far off for a history of a few hundred calls; in a small
/// engine, what happens to large projects happens to small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sizes {
    /// As in [`TaskStore::new`].
    #[default]
    Usual,
    /// A project has lists from 13 tasks on, and is soon numbered anew; two or three
    /// searches are cached.
    Early,
    /// The same, and a project is full with 70 tasks.
    Narrow,
}

impl Sizes {
    /// An empty engine that changes its forms at these sizes, still to be built, and an empty
    /// reference; both with a change log of so many entries.
    pub fn stores(self, change_log: usize) -> (TaskStoreBuilder, ReferenceStore) {
        /// Room for two or three short answers.
        const CACHE_BYTES_MAX: usize = 8_000;
        let builder = TaskStore::builder().with_change_log(change_log);
        let reference = ReferenceStore::new().with_change_log(change_log);
        match self {
            Self::Usual => (builder, reference),
            Self::Early => (
                builder.with_limits(&SizeLimits::EARLY, CACHE_BYTES_MAX),
                reference,
            ),
            Self::Narrow => (
                builder.with_limits(&SizeLimits::NARROW, CACHE_BYTES_MAX),
                reference.with_task_count_max(SizeLimits::NARROW.rows_max as usize),
            ),
        }
    }
}

/// A [`TaskStore`] and a [`ReferenceStore`] that get the same calls.
///
/// ```
/// use taskdex::testkit::{Bytes, Twins, Workload, generate};
///
/// let history = generate::history(&mut Bytes::new(b"any bytes are a history"));
/// let mut twins = Twins::of(history.sizes, history.change_log);
/// for op in &history.operations {
///     twins.apply(op)?;
/// }
/// twins.check(Workload::NOW)?;
/// # Ok::<(), taskdex::testkit::Difference>(())
/// ```
#[derive(Debug)]
pub struct Twins {
    store: TaskStore,
    reference: ReferenceStore,
    /// What the engine tells of changes.
    told: Receiver<(ProjectId, u64)>,
    /// Snapshots, and what they showed when they were taken.
    kept: VecDeque<(Snapshot, Outcome)>,
    /// The projects that ended at least once.
    ended: HashSet<ProjectId>,
    counts: Counts,
    states: BTreeMap<&'static str, u64>,
}

/// How often something ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// How often it was accepted.
    pub accepted: u64,
    /// How often it was refused.
    pub refused: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
    }
}

/// How often each thing ran, by name.
pub type Counts = BTreeMap<&'static str, Count>;

/// Where the engine and the reference differ first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  engine:    {engine}\n  reference: {reference}")]
#[non_exhaustive]
pub struct Difference {
    /// The call, or the property.
    pub what: String,
    /// What the engine gave.
    pub engine: String,
    /// What it should have been.
    pub reference: String,
}

impl Difference {
    pub(super) fn between(
        what: impl FnOnce() -> String,
        engine: &impl std::fmt::Debug,
        reference: &impl std::fmt::Debug,
    ) -> Self {
        Self {
            what: what(),
            engine: format!("{engine:?}"),
            reference: format!("{reference:?}"),
        }
    }
}

impl Twins {
    /// Two empty stores, without a change log.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Sizes::Usual, 0)
    }

    /// Two empty stores with a change log of so many entries, of which the engine changes its
    /// forms at these sizes.
    #[must_use]
    pub fn of(sizes: Sizes, change_log: usize) -> Self {
        let (builder, reference) = sizes.stores(change_log);
        let (sender, told) = channel();
        let builder = builder.with_on_change(move |project, revision| {
            // After the end of the twins, the receiver is gone.
            let _ = sender.send((project.clone(), revision.get()));
        });
        Self {
            store: builder.build(),
            reference,
            told,
            kept: VecDeque::new(),
            ended: HashSet::new(),
            counts: Counts::new(),
            states: BTreeMap::new(),
        }
    }

    /// The engine.
    #[must_use]
    pub fn store(&self) -> &TaskStore {
        &self.store
    }

    /// The reference.
    #[must_use]
    pub fn reference(&self) -> &ReferenceStore {
        &self.reference
    }

    /// How often each operation ran, by name.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The names of the rare states that are counted.
    pub const STATES: &'static [&'static str] = &[
        "lists built",
        "lists dropped",
        "renumbered",
        "batch discarded",
        "discarded in steps",
        "project full",
        "project ended",
        "project began again",
        "built beside",
        "changed beside a snapshot",
        "log overrun",
        "feed refused",
        "copy fell behind",
        "answer cached",
        "answer evicted",
        "names by trigrams",
        "names one by one",
    ];

    /// How often each rare state was reached, by name; without those that never were.
    #[must_use]
    pub fn states(&self) -> &BTreeMap<&'static str, u64> {
        &self.states
    }

    /// Makes one call on both, and gives what both gave.
    ///
    /// # Errors
    ///
    /// The outcomes differ, or the revisions of the project; the engine tells of a change that
    /// was none, or not of one that was.
    pub fn apply(&mut self, op: &Op) -> Result<Outcome, Difference> {
        let project = op.project();
        let revision = self.reference.revision(project);
        let state = self.store.inner_state(project);
        let engine = op.apply(&self.store);
        let reference = op.apply_to_reference(&mut self.reference);
        if engine != reference {
            let what = || format!("{op:?}");
            return Err(Difference::between(what, &engine, &reference));
        }
        self.check_revision(op, &engine, revision)?;
        if matches!(op, Op::Snapshot { .. }) {
            self.keep_snapshot(project)?;
        }
        self.note_states(op, &engine, state, revision);
        let count = self.counts.entry(op.name()).or_default();
        match engine {
            Outcome::Refused { .. } => count.refused += 1,
            _ => count.accepted += 1,
        }
        Ok(engine)
    }

    /// Compares the project's revision, and what was told of it.
    fn check_revision(
        &mut self,
        op: &Op,
        outcome: &Outcome,
        before: u64,
    ) -> Result<(), Difference> {
        let project = op.project();
        let expected = self.reference.revision(project);
        let shown = self.store.revision(project).get();
        if shown != expected {
            let what = || format!("the project's revision after {op:?}");
            return Err(Difference::between(what, &shown, &expected));
        }
        let told: Vec<_> = self.told.try_iter().collect();
        // A project that is restored may have ended at that very revision.
        let is_restored = matches!((op, outcome), (Op::Restore { .. }, Outcome::Changed(_)));
        let is_changed = expected != before || is_restored;
        let change = is_changed.then(|| (project.clone(), expected));
        let expected: Vec<_> = change.into_iter().collect();
        if told != expected {
            let what = || format!("what is told of {op:?}");
            return Err(Difference::between(what, &told, &expected));
        }
        Ok(())
    }

    /// Keeps a snapshot, to be looked at again after later changes. A few are kept.
    fn keep_snapshot(&mut self, project: &ProjectId) -> Result<(), Difference> {
        const KEPT_MAX: usize = 3;
        if let Ok(snapshot) = self.store.snapshot(project) {
            let shown = Outcome::from(&snapshot);
            self.kept.push_back((snapshot, shown));
        }
        while self.kept.len() > KEPT_MAX {
            self.check_oldest_snapshot()?;
        }
        Ok(())
    }

    fn check_oldest_snapshot(&mut self) -> Result<(), Difference> {
        let Some((snapshot, before)) = self.kept.pop_front() else {
            return Ok(());
        };
        let after = Outcome::from(&snapshot);
        if after == before {
            return Ok(());
        }
        let what = || "a snapshot after later changes".to_owned();
        Err(Difference::between(what, &after, &before))
    }

    fn note_states(&mut self, op: &Op, outcome: &Outcome, before: InnerState, revision: u64) {
        let project = op.project();
        let after = self.store.inner_state(project);
        let is_same = before.exists && after.exists;
        let is_large = before.has_lists && after.has_lists;
        let (refused, position) = match outcome {
            Outcome::Refused { kind, position } => (Some(*kind), *position),
            _ => (None, 0),
        };
        let is_discarded = matches!(op, Op::AddAll { .. }) && position > 0;
        let is_changed = self.reference.revision(project) != revision;
        let is_shared = |(snapshot, _): &(Snapshot, _)| {
            snapshot.project() == project && snapshot.revision().get() == revision
        };
        let is_refused = refused == Some(ErrorKind::RevisionOutOfReach);
        let is_built_beside = match outcome {
            Outcome::Synced(synced) => {
                synced.changed.len() + synced.removed.len() > before.in_place_max
            }
            _ => false,
        };
        let strategy = match op {
            Op::Explain { project, query } => match self.store.explain(project, query) {
                Explanation::NameSearch { strategy, .. } => Some(strategy),
                _ => None,
            },
            _ => None,
        };
        let has_ended = before.exists && !after.exists;
        let has_begun_again = !before.exists && after.exists && self.ended.contains(project);
        if has_ended {
            self.ended.insert(project.clone());
        }
        let are_reached: [bool; Self::STATES.len()] = [
            !before.has_lists && after.has_lists,
            is_same && before.has_lists && !after.has_lists,
            is_large && before.epoch != after.epoch,
            is_discarded,
            // More than the engine stages and discards at once.
            is_discarded && position > 64,
            refused == Some(ErrorKind::ProjectFull),
            has_ended,
            has_begun_again,
            is_built_beside && is_same,
            is_changed && self.kept.iter().any(is_shared),
            is_changed && self.reference.has_overrun_log(project),
            is_refused && matches!(op, Op::ChangesSince { .. }),
            is_refused && matches!(op, Op::ApplyChanges { .. }),
            strategy == Some(NameStrategy::Cached),
            before.evicted != after.evicted,
            matches!(strategy, Some(NameStrategy::Trigrams { .. })),
            strategy == Some(NameStrategy::EachName),
        ];
        for (state, is_reached) in Self::STATES.iter().copied().zip(are_reached) {
            if is_reached {
                *self.states.entry(state).or_default() += 1;
            }
        }
    }

    /// Compares all that both stores show: projects, counts, and every task in its place.
    ///
    /// O(n²) for n tasks of a project, as the reference is what it is.
    ///
    /// # Errors
    ///
    /// The first thing that differs.
    pub fn check(&mut self, now: DateTime<Utc>) -> Result<(), Difference> {
        let projects = self.reference.projects();
        let shown = self.store.projects();
        if shown != projects || self.store.project_count() != projects.len() as u64 {
            return Err(Difference::between(
                || "projects".to_owned(),
                &(self.store.project_count(), shown),
                &projects,
            ));
        }
        let mut counted = (projects.len() as u64, 0, 0);
        for project in &projects {
            counted.1 += self.reference.task_count(project);
            counted.2 = self.reference.revision(project).max(counted.2);
        }
        let told = self.store.statistics();
        let told = (told.projects, told.tasks, told.revision_max.get());
        if told != counted {
            let what = || "statistics".to_owned();
            return Err(Difference::between(what, &told, &counted));
        }
        for project in projects {
            self.check_project(&project, now)?;
        }
        while !self.kept.is_empty() {
            self.check_oldest_snapshot()?;
        }
        if let Err(fault) = self.store.validate() {
            let what = || "the engine's own invariants".to_owned();
            return Err(Difference::between(what, &fault, &"none"));
        }
        Ok(())
    }

    fn check_project(&mut self, project: &ProjectId, now: DateTime<Utc>) -> Result<(), Difference> {
        let counted = self.store.task_count(project);
        let expected = self.reference.task_count(project);
        if counted != expected {
            let what = || format!("task_count of {project}");
            return Err(Difference::between(what, &counted, &expected));
        }
        for scheduled_type in [None, Some(ScheduledType::LifeCycle)] {
            for &order in Order::ALL {
                let mut offset = 0;
                while let Ok(query) = ListQuery::new(offset, LIMIT_MAX) {
                    let query = query.with_scheduled_type(scheduled_type).with_order(order);
                    match self.apply(&list(project, query, now))? {
                        Outcome::Page { tasks, .. } if !tasks.is_empty() => {
                            offset += tasks.len() as u64;
                        }
                        _ => break,
                    }
                }
                if order == Order::NextExecution {
                    continue;
                }
                // The same by cursors, which are those of the reference.
                let mut cursor = None;
                while let Ok(query) = ListQuery::new(0, LIMIT_MAX) {
                    let query = query.with_scheduled_type(scheduled_type).with_order(order);
                    let query = query.with_cursor(cursor);
                    match self.apply(&list(project, query, now))? {
                        Outcome::Page {
                            next_cursor: Some(text),
                            ..
                        } => cursor = text.parse().ok(),
                        _ => break,
                    }
                }
            }
        }
        for id in self.reference.ids(project) {
            let project = project.clone();
            self.apply(&Op::Get { project, id, now })?;
        }
        let project = project.clone();
        self.apply(&Op::Snapshot {
            project: project.clone(),
        })?;
        self.check_feed(&project)
    }

    /// Compares the change feed around its borders.
    fn check_feed(&mut self, project: &ProjectId) -> Result<(), Difference> {
        let present = self.reference.revision(project);
        let oldest = self.reference.oldest_since(project);
        let borders = [0, oldest, oldest.midpoint(present), present];
        for since in borders
            .into_iter()
            .flat_map(|it| [it.saturating_sub(1), it, it + 1])
        {
            let project = project.clone();
            let ahead = since.wrapping_sub(present).cast_signed();
            self.apply(&Op::ChangesSince { project, ahead })?;
        }
        Ok(())
    }
}

impl Default for Twins {
    fn default() -> Self {
        Self::new()
    }
}

fn list(project: &ProjectId, query: ListQuery, now: DateTime<Utc>) -> Op {
    Op::List {
        project: project.clone(),
        query,
        now,
    }
}
