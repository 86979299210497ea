//! The projects of a store, by their ids.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::memory::ARC_COUNTS;
use super::project::Project;
use crate::index::Origin;
use crate::sync::{Arc, RandomState, RwLock, rank, reached, small_when_interleaved};
use crate::task::ProjectId;

/// Parts of the projects, each behind a lock of its own: threads that work on different projects
/// seldom meet. Where interleavings are tried, they often do.
const SHARD_COUNT: usize = small_when_interleaved(64, 2);

/// All projects, and where the history of each that ended continues.
///
/// Nothing can panic while a shard's lock is held, save for an allocation that fails: a shard is
/// always whole.
#[derive(Debug)]
pub(super) struct Shards {
    shards: Box<[RwLock<Shard, { rank::SHARD }>]>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    projects: HashTable<(ProjectId, ProjectState)>,
    /// How many projects are live.
    live_count: usize,
}

/// What the store holds under a project's id.
#[derive(Debug)]
enum ProjectState {
    Live(Arc<Project>),
    Ended(Origin),
}

impl ProjectState {
    fn project(&self) -> Option<&Arc<Project>> {
        match self {
            Self::Live(project) => Some(project),
            Self::Ended(_) => None,
        }
    }
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            hasher: RandomState::default(),
        }
    }

    /// The project; or, where none is live, the origin of one that begins under the id.
    pub(super) fn look_up(&self, id: &ProjectId) -> Result<Arc<Project>, Origin> {
        let (hash, shard) = self.shard(id).ok_or_else(Origin::default)?;
        let shard = shard.read();
        match shard.projects.find(hash, |(other, _)| other == id) {
            Some((_, ProjectState::Live(project))) => Ok(Arc::clone(project)),
            Some((_, ProjectState::Ended(origin))) => Err(*origin),
            None => Err(Origin::default()),
        }
    }

    /// The project, which begins where none is live.
    pub(super) fn find_or_begin(
        &self,
        id: &ProjectId,
        begin: impl FnOnce(Origin) -> Project,
    ) -> Arc<Project> {
        if let Ok(project) = self.look_up(id) {
            return project;
        }
        let Some((hash, shard)) = self.shard(id) else {
            return Arc::new(begin(Origin::default()));
        };
        let mut shard = shard.write();
        let found = shard.projects.find(hash, |(other, _)| other == id);
        let origin = match found {
            Some((_, ProjectState::Live(project))) => {
                reached("a project was begun by another thread");
                return Arc::clone(project);
            }
            Some((_, ProjectState::Ended(origin))) => *origin,
            None => Origin::default(),
        };
        reached("a project begins");
        let project = Arc::new(begin(origin));
        self.put(
            &mut shard,
            hash,
            id,
            ProjectState::Live(Arc::clone(&project)),
        );
        project
    }

    /// Adds a project, unless one of its id is live: that one is returned.
    pub(super) fn insert(&self, id: &ProjectId, project: &Arc<Project>) -> Option<Arc<Project>> {
        let (hash, shard) = self.shard(id)?;
        let mut shard = shard.write();
        let found = shard.projects.find(hash, |(other, _)| other == id);
        if let Some((_, ProjectState::Live(live))) = found {
            return Some(Arc::clone(live));
        }
        self.put(
            &mut shard,
            hash,
            id,
            ProjectState::Live(Arc::clone(project)),
        );
        None
    }

    /// Takes a project out. The next one of its id begins from `origin`.
    pub(super) fn end(&self, id: &ProjectId, origin: Origin) {
        let Some((hash, shard)) = self.shard(id) else {
            return;
        };
        let mut shard = shard.write();
        if origin != Origin::default() {
            self.put(&mut shard, hash, id, ProjectState::Ended(origin));
        } else if let Ok(entry) = shard.projects.find_entry(hash, |(other, _)| other == id) {
            // It never had a task.
            entry.remove();
            shard.live_count -= 1;
        }
    }

    /// Sets the state of the project of an id.
    fn put(&self, shard: &mut Shard, hash: u64, id: &ProjectId, state: ProjectState) {
        let is_live = usize::from(state.project().is_some());
        let hash_of = |(id, _): &(ProjectId, ProjectState)| self.hash(id);
        let entry = shard
            .projects
            .entry(hash, |(other, _)| other == id, hash_of);
        let was_live = match entry {
            hashbrown::hash_table::Entry::Occupied(mut entry) => {
                let before = std::mem::replace(&mut entry.get_mut().1, state);
                usize::from(before.project().is_some())
            }
            hashbrown::hash_table::Entry::Vacant(entry) => {
                entry.insert((id.clone(), state));
                0
            }
        };
        shard.live_count = shard.live_count + is_live - was_live;
    }

    pub(super) fn project_count(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| shard.read().live_count as u64)
            .sum()
    }

    /// Bytes of heap memory, without the live projects and their ids.
    pub(super) fn heap_bytes(&self) -> usize {
        let shards = self.shards.iter().map(|shard| {
            let projects = &shard.read().projects;
            let ended = projects
                .iter()
                .filter(|(_, state)| state.project().is_none());
            let ids = ended.map(|(id, _)| ARC_COUNTS + id.as_str().len());
            projects.allocation_size() + ids.sum::<usize>()
        });
        shards.sum::<usize>() + size_of_val(&*self.shards)
    }

    /// All live projects, in no order.
    pub(super) fn projects(&self) -> Vec<(ProjectId, Arc<Project>)> {
        let mut projects = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            let states = shard.projects.iter();
            projects.extend(
                states.filter_map(|(id, state)| Some((id.clone(), Arc::clone(state.project()?)))),
            );
        }
        projects
    }

    fn hash(&self, project: &ProjectId) -> u64 {
        self.hasher.hash_one(project.as_str())
    }

    /// Where a project is, and its hash there. Tables look at the lowest and the highest bits.
    pub(super) fn shard(
        &self,
        project: &ProjectId,
    ) -> Option<(u64, &RwLock<Shard, { rank::SHARD }>)> {
        let hash = self.hash(project);
        let position = usize::try_from((hash >> 32) % SHARD_COUNT as u64).ok()?;
        Some((hash, self.shards.get(position)?))
    }
}
