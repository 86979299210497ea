//! Memory in use.

use super::TaskStore;
use super::project::Project;
use crate::query::MemoryUse;
use crate::task::ProjectId;
use crate::trace::call;

/// The two counts before what an `Arc` points to.
pub(super) const ARC_COUNTS: usize = 2 * size_of::<usize>();

impl TaskStore {
    /// Heap memory that the store takes, by what it is for: that of all projects, and what they
    /// share.
    ///
    /// O(parts of all projects), as [`project_memory`](Self::project_memory) for each in turn. What
    /// changes meanwhile may be counted as it was or as it is.
    #[must_use]
    pub fn memory(&self) -> MemoryUse {
        let _call = call!("memory");
        let mut memory = MemoryUse::default();
        for (id, project) in self.shards.projects() {
            memory += project.memory(&id);
        }
        memory.projects += self.shards.heap_bytes() as u64;
        memory.cache += self.search_cache.heap_bytes() as u64;
        memory.due += self.due.heap_bytes() as u64;
        memory
    }

    /// Heap memory that a project takes, by what it is for; nothing for one without tasks.
    ///
    /// O(parts): a part is a chunk of 512 tasks, a hash table of some 300 ids, a block of 65,536
    /// rows in one of the lists, a posting list of the name index or a block of it. The project's
    /// readers go on meanwhile, and its writers wait.
    #[must_use]
    pub fn project_memory(&self, project: &ProjectId) -> MemoryUse {
        let _call = call!("project_memory", project);
        self.find(project)
            .map_or_else(MemoryUse::default, |found| found.memory(project))
    }
}

impl Project {
    fn memory(&self, id: &ProjectId) -> MemoryUse {
        let index = self.read();
        if index.len() == 0 {
            // It ends, or begins.
            return MemoryUse::default();
        }
        let mut memory = index.memory();
        memory.cache = self.name_cache().heap_bytes() as u64;
        let own = ARC_COUNTS + size_of::<Self>() + ARC_COUNTS + id.as_str().len();
        memory.projects = own as u64;
        memory
    }
}
