//! Histories against an engine of somebody else's.

use super::generate::History;
use super::op::{Op, Outcome};
use super::reference::ReferenceStore;
use super::twins::Difference;
use crate::store::TaskStore;

/// What histories can drive: a store, or what a server has built around one.
///
/// ```
/// use std::collections::HashMap;
/// use taskdex::testkit::{Engine, Op, Outcome, SplitMix64, generate};
/// use taskdex::{ProjectId, TaskStore};
///
/// /// A server that counts the tasks of each project by itself, and offers four calls.
/// #[derive(Default)]
/// struct Server {
///     store: TaskStore,
///     counts: HashMap<ProjectId, u64>,
/// }
///
/// impl Engine for Server {
///     fn call(&mut self, op: &Op) -> Option<Outcome> {
///         if let Op::TaskCount { project } = op {
///             return Some(Outcome::Counted(self.counts.get(project).copied().unwrap_or(0)));
///         }
///         if !["add", "remove", "list"].contains(&op.name()) {
///             return None;
///         }
///         let outcome = op.apply(&self.store);
///         let count = self.counts.entry(op.project().clone()).or_default();
///         match (op.name(), &outcome) {
///             ("add", Outcome::Changed(_)) => *count += 1,
///             ("remove", Outcome::Replaced { .. }) => *count -= 1,
///             _ => {}
///         }
///         Some(outcome)
///     }
/// }
///
/// for seed in 0..20 {
///     let history = generate::history(&mut SplitMix64::new(seed));
///     history.compare(&mut Server::default())?;
/// }
/// # Ok::<(), taskdex::testkit::Difference>(())
/// ```
pub trait Engine {
    /// Makes a call, and gives what it gave.
    ///
    /// `None` where the engine does not offer the call: then it has changed nothing, and the
    /// reference does not make the call either.
    fn call(&mut self, op: &Op) -> Option<Outcome>;
}

impl Engine for TaskStore {
    fn call(&mut self, op: &Op) -> Option<Outcome> {
        Some(op.apply(self))
    }
}

impl Engine for ReferenceStore {
    fn call(&mut self, op: &Op) -> Option<Outcome> {
        Some(op.apply_to_reference(self))
    }
}

impl History {
    /// Makes the calls on an empty engine and on an empty reference, compares what they give, and
    /// gives how many calls the engine offers.
    ///
    /// The engine needs a change log of [`change_log`](Self::change_log) entries where it offers
    /// [`changes_since`](TaskStore::changes_since). Its [`sizes`](Self::sizes) do not matter: the
    /// reference is never full.
    ///
    /// O(n²) for n calls, as the reference is what it is.
    ///
    /// # Errors
    ///
    /// The first call whose outcomes differ.
    pub fn compare(&self, engine: &mut impl Engine) -> Result<usize, Difference> {
        let mut reference = ReferenceStore::new().with_change_log(self.change_log);
        let mut count = 0;
        for op in &self.operations {
            let Some(given) = engine.call(op) else {
                continue;
            };
            count += 1;
            let expected = op.apply_to_reference(&mut reference);
            if given != expected {
                let what = || format!("{op:?}");
                return Err(Difference::between(what, &given, &expected));
            }
        }
        Ok(count)
    }
}
