//! What calls do where nobody traces them: nothing.

use crate::query::Explanation;

/// Begins a call; see `enabled.rs`.
macro_rules! call {
    ($name:literal $(, $project:expr)?) => {
        $crate::trace::Call::begin()
    };
}
pub(crate) use call;

/// A call that nobody traces.
pub(crate) struct Call;

#[expect(clippy::unused_self, reason = "as a call that is traced")]
impl Call {
    #[inline]
    pub(crate) fn begin() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn given(&self, _count: usize) {}

    #[inline]
    pub(crate) fn count(&self, _count: usize) {}

    #[inline]
    pub(crate) fn found(&self, _total: u64, _plan: Explanation) {}
}
