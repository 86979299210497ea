//! The projects of a store, by their ids.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::memory::ARC_COUNTS;
use super::project::Project;
use crate::index::Origin;
use crate::sync::{Arc, RandomState, RwLock, cramped, rank, reached};
use crate::task::ProjectId;

/// Parts of the projects, each behind a lock of its own: threads that work on different projects
/// seldom meet. Where interleavings are tried, they often do.
const SHARD_COUNT: usize = cramped(64, 2);

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
    projects: HashTable<(ProjectId, Place)>,
    /// How many projects are there.
    there: usize,
}

/// What the store holds under a project's id.
#[derive(Debug)]
enum Place {
    There(Arc<Project>),
    Ended(Origin),
}

impl Place {
    fn project(&self) -> Option<&Arc<Project>> {
        match self {
            Self::There(project) => Some(project),
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

    /// The project; or, where it is not there, the origin of one that begins under the id.
    pub(super) fn look_up(&self, id: &ProjectId) -> Result<Arc<Project>, Origin> {
        let (hash, shard) = self.shard(id).ok_or_else(Origin::default)?;
        let shard = shard.read();
        match shard.projects.find(hash, |(other, _)| other == id) {
            Some((_, Place::There(project))) => Ok(Arc::clone(project)),
            Some((_, Place::Ended(origin))) => Err(*origin),
            None => Err(Origin::default()),
        }
    }

    /// The project, which begins where it is not there.
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
            Some((_, Place::There(project))) => {
                reached("a project was begun by another thread");
                return Arc::clone(project);
            }
            Some((_, Place::Ended(origin))) => *origin,
            None => Origin::default(),
        };
        reached("a project begins");
        let project = Arc::new(begin(origin));
        self.put(&mut shard, hash, id, Place::There(Arc::clone(&project)));
        project
    }

    /// Adds a project, unless one of its id is there: that is given.
    pub(super) fn insert(&self, id: &ProjectId, project: &Arc<Project>) -> Option<Arc<Project>> {
        let (hash, shard) = self.shard(id)?;
        let mut shard = shard.write();
        let found = shard.projects.find(hash, |(other, _)| other == id);
        if let Some((_, Place::There(there))) = found {
            return Some(Arc::clone(there));
        }
        self.put(&mut shard, hash, id, Place::There(Arc::clone(project)));
        None
    }

    /// Takes a project out. The next one of its id begins from `origin`.
    pub(super) fn end(&self, id: &ProjectId, origin: Origin) {
        let Some((hash, shard)) = self.shard(id) else {
            return;
        };
        let mut shard = shard.write();
        if origin != Origin::default() {
            self.put(&mut shard, hash, id, Place::Ended(origin));
        } else if let Ok(entry) = shard.projects.find_entry(hash, |(other, _)| other == id) {
            // It never had a task.
            entry.remove();
            shard.there -= 1;
        }
    }

    /// Puts a place under an id, in place of the one there.
    fn put(&self, shard: &mut Shard, hash: u64, id: &ProjectId, place: Place) {
        let is_there = usize::from(place.project().is_some());
        let hash_of = |(id, _): &(ProjectId, Place)| self.hash(id);
        let entry = shard
            .projects
            .entry(hash, |(other, _)| other == id, hash_of);
        let was_there = match entry {
            hashbrown::hash_table::Entry::Occupied(mut entry) => {
                let before = std::mem::replace(&mut entry.get_mut().1, place);
                usize::from(before.project().is_some())
            }
            hashbrown::hash_table::Entry::Vacant(entry) => {
                entry.insert((id.clone(), place));
                0
            }
        };
        shard.there = shard.there + is_there - was_there;
    }

    pub(super) fn project_count(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| shard.read().there as u64)
            .sum()
    }

    /// Bytes of heap memory, without the projects that are there and their ids.
    pub(super) fn heap_bytes(&self) -> usize {
        let shards = self.shards.iter().map(|shard| {
            let projects = &shard.read().projects;
            let ended = projects
                .iter()
                .filter(|(_, place)| place.project().is_none());
            let ids = ended.map(|(id, _)| ARC_COUNTS + id.as_str().len());
            projects.allocation_size() + ids.sum::<usize>()
        });
        shards.sum::<usize>() + size_of_val(&*self.shards)
    }

    /// All projects that are there, in no order.
    pub(super) fn projects(&self) -> Vec<(ProjectId, Arc<Project>)> {
        let mut projects = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            let places = shard.projects.iter();
            projects.extend(
                places.filter_map(|(id, place)| Some((id.clone(), Arc::clone(place.project()?)))),
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
