//! Engine and reference side by side.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::AddAssign;

use chrono::{DateTime, Utc};

use super::op::{Op, Outcome};
use super::reference::ReferenceStore;
use crate::error::ErrorKind;
use crate::index::Limits;
use crate::query::{Explanation, LIMIT_MAX, ListQuery, NameStrategy, Order};
use crate::store::{InnerState, TaskStore};
use crate::task::{ProjectId, ScheduledType};

/// Where the engine of [`Twins`] changes its forms.
///
/// The usual limits are far off for a history of a few hundred calls; in a cramped
/// engine, what happens to large projects happens to small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sizes {
    /// As in [`TaskStore::new`].
    #[default]
    Usual,
    /// A project has lists from 13 tasks on, and is soon numbered anew; two or three
    /// searches are remembered.
    Early,
    /// The same, and a project is full with 70 tasks.
    Narrow,
}

/// A [`TaskStore`] and a [`ReferenceStore`] that get the same calls.
///
/// ```
/// use taskdex::testkit::{Bytes, Twins, Workload, generate};
///
/// let history = generate::history(&mut Bytes::new(b"any bytes are a history"));
/// let mut twins = Twins::of(history.sizes);
/// for op in &history.operations {
///     twins.apply(op)?;
/// }
/// twins.check(Workload::NOW)?;
/// # Ok::<(), taskdex::testkit::Difference>(())
/// ```
#[derive(Debug, Default)]
pub struct Twins {
    store: TaskStore,
    reference: ReferenceStore,
    /// The engine's revision for each change of the reference.
    revisions: HashMap<u64, u64>,
    /// The last revision that was seen of each project, alive or not.
    latest: HashMap<ProjectId, u64>,
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
    /// Two empty stores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Two empty stores, of which the engine changes its forms at these sizes.
    #[must_use]
    pub fn of(sizes: Sizes) -> Self {
        /// Room for two or three short answers.
        const REMEMBERED_BYTES_MAX: usize = 8_000;
        let (limits, reference) = match sizes {
            Sizes::Usual => return Self::new(),
            Sizes::Early => (&Limits::EARLY, ReferenceStore::new()),
            Sizes::Narrow => {
                let count_max = Limits::NARROW.rows_max as usize;
                let reference = ReferenceStore::with_task_count_max(count_max);
                (&Limits::NARROW, reference)
            }
        };
        Self {
            store: TaskStore::cramped(limits, REMEMBERED_BYTES_MAX),
            reference,
            ..Self::default()
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
        "answer remembered",
        "answer evicted",
        "names by grams",
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
    /// The outcomes differ; or the project's revision did not grow with a
    /// change, or did without one.
    pub fn apply(&mut self, op: &Op) -> Result<Outcome, Difference> {
        let project = op.project();
        let before = self.store.revision(project).get();
        let state = self.store.inner_state(project);
        let engine = op.apply(&self.store);
        let reference = op.apply_to_reference(&mut self.reference);
        if let (Outcome::Changed(revision), Outcome::Changed(change)) = (&engine, &reference) {
            self.revisions.insert(*change, *revision);
        }
        let expected = reference.renumbered(|change| {
            // A change that the engine never made has no revision there.
            self.revisions.get(&change).copied().unwrap_or(u64::MAX)
        });
        if engine != expected {
            return Err(Difference::between(
                || format!("{op:?}"),
                &engine,
                &expected,
            ));
        }
        self.note_states(op, &engine, state);
        self.check_revision(op, &engine, before)?;
        let count = self.counts.entry(op.name()).or_default();
        match engine {
            Outcome::Refused { .. } => count.refused += 1,
            _ => count.accepted += 1,
        }
        Ok(engine)
    }

    fn note_states(&mut self, op: &Op, outcome: &Outcome, before: InnerState) {
        let after = self.store.inner_state(op.project());
        let is_same = before.exists && after.exists;
        let is_large = before.has_lists && after.has_lists;
        let (refused, position) = match outcome {
            Outcome::Refused { kind, position } => (Some(*kind), *position),
            _ => (None, 0),
        };
        let is_discarded = matches!(op, Op::AddAll { .. }) && position > 0;
        let strategy = match op {
            Op::Explain { project, query } => match self.store.explain(project, query) {
                Explanation::NameSearch { strategy, .. } => Some(strategy),
                _ => None,
            },
            _ => None,
        };
        let has_ended = before.exists && !after.exists;
        let has_begun_again = !before.exists && after.exists && self.ended.contains(op.project());
        if has_ended {
            self.ended.insert(op.project().clone());
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
            strategy == Some(NameStrategy::Remembered),
            before.evicted != after.evicted,
            matches!(strategy, Some(NameStrategy::Grams { .. })),
            strategy == Some(NameStrategy::EachName),
        ];
        for (&state, is_reached) in Self::STATES.iter().zip(are_reached) {
            if is_reached {
                *self.states.entry(state).or_default() += 1;
            }
        }
    }

    fn check_revision(
        &mut self,
        op: &Op,
        outcome: &Outcome,
        before: u64,
    ) -> Result<(), Difference> {
        let project = op.project();
        let after = self.store.revision(project).get();
        let latest = self.latest.get(project).copied().unwrap_or_default();
        let holds = match outcome {
            Outcome::Changed(revision) => {
                *revision > latest && before < *revision && after >= *revision
            }
            Outcome::Removed(count) if *count > 0 => after > before && after > latest,
            _ => after == before,
        };
        self.latest.insert(project.clone(), latest.max(after));
        if holds {
            return Ok(());
        }
        Err(Difference::between(
            || format!("the project's revision around {op:?}"),
            &format!("{before} before, {after} after, {outcome:?}"),
            &format!("greater than {latest} after a change, else unchanged"),
        ))
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
        for project in projects {
            self.check_project(&project, now)?;
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
            for order in [Order::OldestFirst, Order::NewestFirst] {
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
        Ok(())
    }
}

fn list(project: &ProjectId, query: ListQuery, now: DateTime<Utc>) -> Op {
    Op::List {
        project: project.clone(),
        query,
        now,
    }
}
