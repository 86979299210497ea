//! The log: an ordered, durable history of each partition, kept by something that is made for it.
//!
//! Five calls; beside them two for snapshots, and one that stands for whatever carries executions
//! out, which the same database does here. What a call that failed has done is in its type:
//! [`Refused`] has done nothing, and [`Unknown`] may have happened, or happen still.

#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod postgres;

use std::sync::Arc;

use taskdex::DueExecution;

use crate::entry::Group;
use crate::partition::Partition;

/// Who writes: the log lets one node at a time own a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Owner {
    /// Of one run of a node. A node that starts again is another owner.
    pub(crate) id: String,
    /// Where clients reach it.
    pub(crate) address: String,
}

/// What the log says of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Head {
    pub(crate) partition: Partition,
    /// Of the last entry; 0 before the first.
    pub(crate) position: u64,
    /// Grows with each change of the owner. Whoever appends under an older one is refused.
    pub(crate) epoch: u64,
    pub(crate) owner: Owner,
    /// Whether the owner's lease is over, by the clock of the log.
    pub(crate) is_free: bool,
    /// The position of the newest snapshot; 0: there is none.
    pub(crate) snapshot: u64,
    pub(crate) snapshot_bytes: u64,
    /// How much was appended since the newest snapshot.
    pub(crate) log_bytes: u64,
}

/// A group to append behind `group.first - 1`, under an epoch.
#[derive(Debug, Clone)]
pub(crate) struct Append {
    pub(crate) partition: Partition,
    pub(crate) epoch: u64,
    pub(crate) group: Arc<Group>,
}

/// A call that was refused, and did nothing. It says what the log has instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log is at position {position} of epoch {epoch}")]
pub(crate) struct Refused {
    pub(crate) position: u64,
    pub(crate) epoch: u64,
}

/// A call of which nobody knows whether it happened: time ran out, or the connection broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown: {0}")]
pub(crate) struct Unknown(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Unknown(#[from] Unknown),
}

pub(crate) trait Log: Sync {
    /// Appends a group where the log is at the position before it, and under the epoch.
    ///
    /// All or nothing. `Ok`: it is durable, and every later call sees it.
    fn append(&self, append: &Append) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// Reads what follows the given positions: of each partition some groups, in their order.
    fn read(
        &self,
        after: &[(Partition, u64)],
    ) -> impl Future<Output = Result<Vec<(Partition, Group)>, Unknown>> + Send;

    /// What the log says of every partition, at one moment.
    fn heads(&self) -> impl Future<Output = Result<Vec<Head>, Unknown>> + Send;

    /// Takes free partitions that are still at the given epochs, under the next one, and renews
    /// the leases of those that `owner` has. [`heads`](Self::heads) tell which it got.
    fn claim(
        &self,
        owner: &Owner,
        partitions: &[(Partition, u64)],
    ) -> impl Future<Output = Result<(), Unknown>> + Send;

    /// Drops all snapshots of a partition but two, and the log up to the older of these.
    fn trim(&self, partition: Partition) -> impl Future<Output = Result<(), Unknown>> + Send;

    /// Keeps the state of a partition at a position as text, from which nodes begin.
    fn save(
        &self,
        partition: Partition,
        position: u64,
        text: Vec<u8>,
    ) -> impl Future<Output = Result<(), Unknown>> + Send;

    /// The text of the newest snapshot, if there is one.
    fn newest(
        &self,
        partition: Partition,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Unknown>> + Send;

    /// Hands executions on, durably: each key at least once, however often it comes.
    fn hand_on(&self, due: &[DueExecution]) -> impl Future<Output = Result<(), Unknown>> + Send;
}
