//! What a run is asked for.

use crate::measure::Effort;
use crate::report::Group;

/// How much is measured, and how memory is counted.
#[derive(Debug, Clone)]
pub struct Run {
    /// How long.
    pub effort: Effort,
    /// Which groups.
    pub groups: Vec<Group>,
    /// How many bytes Rust's allocator has given out.
    pub heap: fn() -> usize,
}

impl Run {
    /// Whether a group is asked for.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        self.groups.contains(&group)
    }
}
