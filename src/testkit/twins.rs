//! Engine and reference side by side.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::op::{Op, Outcome};
use super::reference::ReferenceStore;
use crate::query::{LIMIT_MAX, ListQuery, Order};
use crate::store::TaskStore;
use crate::task::{ProjectId, ScheduledType};

/// A [`TaskStore`] and a [`ReferenceStore`] that get the same calls.
///
/// ```
/// use taskdex::testkit::{Bytes, Twins, Workload, generate};
///
/// let mut twins = Twins::new();
/// for op in generate::history(&mut Bytes::new(b"any bytes are a history")) {
///     twins.apply(&op)?;
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
    counts: Counts,
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

    /// Makes one call on both, and gives what both gave.
    ///
    /// # Errors
    ///
    /// The outcomes differ; or the project's revision did not grow with a
    /// change, or did without one.
    pub fn apply(&mut self, op: &Op) -> Result<Outcome, Difference> {
        let project = op.project();
        let before = self.store.revision(project).get();
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
        self.check_revision(op, &engine, before)?;
        let count = self.counts.entry(op.name()).or_default();
        match engine {
            Outcome::Refused { .. } => count.refused += 1,
            _ => count.accepted += 1,
        }
        Ok(engine)
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
                    let op = Op::List {
                        project: project.clone(),
                        query: query.scheduled_type(scheduled_type).order(order),
                        now,
                    };
                    match self.apply(&op)? {
                        Outcome::Page { tasks, .. } if !tasks.is_empty() => {
                            offset += tasks.len() as u64;
                        }
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
