//! Partitions: which part of the log a project belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};
use taskdex::ProjectId;

/// How many partitions there are. It is part of the data: another number is another hash.
pub(crate) const COUNT: u8 = 64;

/// One of the [`COUNT`] parts of the log, each with a history, an owner and a snapshot of its own.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct Partition(u8);

impl Partition {
    /// The partition of a number below [`COUNT`].
    pub(crate) fn new(number: impl TryInto<u8>) -> Option<Self> {
        let number = number.try_into().ok()?;
        (number < COUNT).then_some(Self(number))
    }

    /// The partition of a project, the same on every node and for ever.
    pub(crate) fn of(project: &ProjectId) -> Self {
        let [.., byte] = fixed_hash(project.as_str().as_bytes()).to_be_bytes();
        Self(byte % COUNT)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(Self)
    }

    pub(crate) fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// FNV-1a, whose upper half is mixed into the lower one.
pub(crate) fn fixed_hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data that was written by one version is found by the next.
    #[test]
    fn a_project_stays_in_its_partition() {
        let partition = |id: &str| Partition::of(&id.parse().unwrap()).number();
        assert_eq!(["default", "p-1", "p-2"].map(partition), [40, 12, 37]);
    }

    #[test]
    fn projects_spread_over_all_partitions() {
        let mut counts = [0_u32; COUNT as usize];
        for number in 0..64_000 {
            let project = format!("project-{number}").parse().unwrap();
            counts[usize::from(Partition::of(&project).number())] += 1;
        }
        assert!(
            counts.iter().all(|count| (800..1_200).contains(count)),
            "{counts:?}"
        );
    }
}
