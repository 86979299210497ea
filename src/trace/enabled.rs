//! What calls do where `tracing` is there.

use tracing::field::display;
use tracing::span::EnteredSpan;

use crate::query::Explanation;

/// Begins a call, by its name and where it has one its project: its span lasts until the [`Call`]
/// is dropped. Any call may fill the other fields.
macro_rules! call {
    ($name:literal) => {
        $crate::trace::call!(@ $name, ::tracing::field::Empty)
    };
    ($name:literal, $project:expr) => {
        $crate::trace::call!(@ $name, ::tracing::field::display($project))
    };
    (@ $name:literal, $project:expr) => {
        $crate::trace::Call::begin(::tracing::debug_span!(
            target: "taskdex",
            $name,
            project = $project,
            plan = ::tracing::field::Empty,
            given = ::tracing::field::Empty,
            count = ::tracing::field::Empty,
            total = ::tracing::field::Empty,
        ))
    };
}
pub(crate) use call;

/// A public call while it runs.
pub(crate) struct Call(EnteredSpan);

impl Call {
    pub(crate) fn begin(span: tracing::Span) -> Self {
        Self(span.entered())
    }

    /// How many tasks or edits the caller gave.
    pub(crate) fn given(&self, count: usize) {
        self.0.record("given", count);
    }

    /// How many the caller gets.
    pub(crate) fn count(&self, count: usize) {
        self.0.record("count", count);
    }

    /// How many match, and how they were found.
    pub(crate) fn found(&self, total: u64, plan: Explanation) {
        self.0.record("total", total);
        self.0.record("plan", display(plan));
    }
}
