//! What snapshots hold of a project, and how writers leave it to them.

use super::{CopiedChunks, Index, SharedRows, Slot};

impl Index {
    /// All tasks, as they are at this revision. O(n / 512).
    pub(crate) fn share(&self) -> SharedRows {
        self.rows.share(self.visible)
    }

    /// Whether a snapshot holds the chunk of this row.
    pub(crate) fn is_shared(&self, slot: Slot) -> bool {
        self.rows.is_shared(slot)
    }

    /// Copies the chunks of these rows that snapshots hold. The rows ascend.
    pub(crate) fn copied_chunks(&self, slots: impl IntoIterator<Item = Slot>) -> CopiedChunks {
        self.rows.copied(slots)
    }

    /// Puts copied chunks in place, so that writing to them copies nothing while readers wait.
    pub(crate) fn replace_chunks(&mut self, copied: CopiedChunks) {
        self.rows.replace_chunks(copied);
    }
}
