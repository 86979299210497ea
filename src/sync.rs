//! Locks, atomics and threads: those of `std`, or of a scheduler that tries interleavings.
//!
//! All of the crate that threads share comes from here. Every build has `std`'s types, save the
//! package `tests/interleavings`: it compiles these sources with its own feature, against
//! `shuttle`, whose scheduler then decides at each lock and atomic which thread goes on.
//!
//! # Lock order
//!
//! A thread that holds a lock waits only for locks of a higher [`rank`]. So no two threads can
//! wait for each other, and none waits for a lock that it holds itself, as a second `read` of one
//! lock would behind a waiting writer. Debug builds check each lock that is taken, also by the
//! `try_` forms, which never wait; release builds keep no ranks.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
pub(crate) use std::sync::{Arc, LockResult, OnceLock, PoisonError, Weak};
use std::sync::{TryLockError, TryLockResult};

#[cfg(not(feature = "interleavings"))]
use std::{sync as locks, thread_local};

#[cfg(feature = "interleavings")]
use shuttle::{sync as locks, thread_local};

pub(crate) use locks::atomic::{AtomicU32, AtomicU64, Ordering};

#[cfg(not(feature = "interleavings"))]
pub(crate) use std::{hash::RandomState, thread::yield_now};

#[cfg(feature = "interleavings")]
pub(crate) use shuttle::thread::yield_now;

/// Hashes alike in every run, as a hash decides which lock a project lies behind.
#[cfg(feature = "interleavings")]
pub(crate) type RandomState = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// A size from which on something happens: small in the build that tries interleavings, so that a
/// few calls reach it.
pub(crate) const fn small_when_interleaved<T: Copy>(usual: T, small: T) -> T {
    if cfg!(feature = "interleavings") {
        small
    } else {
        usual
    }
}

/// Notes a step that may lie in the middle of another thread's call, where interleavings are
/// tried.
#[inline]
#[cfg_attr(
    not(feature = "interleavings"),
    expect(unused_variables, reason = "for tests")
)]
pub(crate) fn reached(step: &'static str) {
    #[cfg(feature = "interleavings")]
    REACHED.with(|reached| reached.borrow_mut().push(step));
}

#[cfg(feature = "interleavings")]
std::thread_local! {
    /// The steps that were reached in the run on this thread, all threads of the run together.
    pub static REACHED: std::cell::RefCell<Vec<&'static str>> = const {
        std::cell::RefCell::new(Vec::new())
    };
}

/// The ranks of all locks, lowest first.
pub(crate) mod rank {
    /// The turn of the thread that takes what is due.
    pub(crate) const TURN: u8 = 0;
    /// A project's writer.
    pub(crate) const WRITER: u8 = 1;
    /// A project's index.
    pub(crate) const INDEX: u8 = 2;
    /// The order in which cached searches are evicted.
    pub(crate) const LRU: u8 = 3;
    /// The cached searches of one project.
    pub(crate) const ENTRIES: u8 = 4;
    /// A part of the store's projects.
    pub(crate) const SHARD: u8 = 5;
    /// What is due first of each project: nothing is waited for behind it.
    pub(crate) const AGENDA: u8 = 6;
}

thread_local! {
    /// The ranks of the locks that this thread holds, a bit each.
    static HELD: Cell<u8> = const { Cell::new(0) };
}

/// Whether ranks are looked at: where debug assertions are, and in `tests/interleavings`, which is
/// built without those.
const RANKS_ARE_CHECKED: bool = cfg!(any(debug_assertions, feature = "interleavings"));

/// A lock of this rank, held by this thread.
#[derive(Debug)]
struct Held<const RANK: u8>;

impl<const RANK: u8> Held<RANK> {
    fn new() -> Self {
        if RANKS_ARE_CHECKED {
            HELD.with(|held| {
                let ranks = held.get();
                assert!(
                    ranks >> RANK == 0,
                    "a lock of rank {RANK} is taken while locks of ranks {ranks:#b} are held"
                );
                held.set(ranks | 1 << RANK);
            });
        }
        Self
    }
}

impl<const RANK: u8> Drop for Held<RANK> {
    fn drop(&mut self) {
        if RANKS_ARE_CHECKED {
            HELD.with(|held| held.set(held.get() & !(1 << RANK)));
        }
    }
}

/// A lock that is held, and its rank.
#[derive(Debug)]
pub(crate) struct Guard<G, const RANK: u8> {
    guard: G,
    #[expect(dead_code, reason = "dropped with the guard")]
    held: Held<RANK>,
}

impl<G: Deref, const RANK: u8> Deref for Guard<G, RANK> {
    type Target = G::Target;

    #[inline]
    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut, const RANK: u8> DerefMut for Guard<G, RANK> {
    #[inline]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

pub(crate) type MutexGuard<'a, T, const RANK: u8> = Guard<locks::MutexGuard<'a, T>, RANK>;
pub(crate) type ReadGuard<'a, T, const RANK: u8> = Guard<locks::RwLockReadGuard<'a, T>, RANK>;
pub(crate) type WriteGuard<'a, T, const RANK: u8> = Guard<locks::RwLockWriteGuard<'a, T>, RANK>;

/// A mutex of a rank.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T, const RANK: u8>(locks::Mutex<T>);

impl<T, const RANK: u8> Mutex<T, RANK> {
    #[inline]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T, RANK>> {
        let held = Held::new();
        match self.0.lock() {
            Ok(guard) => Ok(Guard { guard, held }),
            Err(poisoned) => {
                let guard = poisoned.into_inner();
                Err(PoisonError::new(Guard { guard, held }))
            }
        }
    }

    pub(crate) fn clear_poison(&self) {
        self.0.clear_poison();
    }
}

/// A lock for many readers or one writer, of a rank.
///
/// It passes over poison: a writer leaves what it guards whole, also in a panic.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T, const RANK: u8>(locks::RwLock<T>);

impl<T, const RANK: u8> RwLock<T, RANK> {
    pub(crate) fn new(value: T) -> Self {
        Self(locks::RwLock::new(value))
    }

    #[inline]
    pub(crate) fn read(&self) -> ReadGuard<'_, T, RANK> {
        let held = Held::new();
        let guard = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Guard { guard, held }
    }

    #[inline]
    pub(crate) fn write(&self) -> WriteGuard<'_, T, RANK> {
        let held = Held::new();
        let guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Guard { guard, held }
    }

    /// As [`read`](Self::read), unless that would mean to wait.
    #[inline]
    pub(crate) fn try_read(&self) -> Option<ReadGuard<'_, T, RANK>> {
        let held = Held::new();
        let guard = unless_blocked(self.0.try_read())?;
        Some(Guard { guard, held })
    }

    /// As [`write`](Self::write), unless that would mean to wait.
    pub(crate) fn try_write(&self) -> Option<WriteGuard<'_, T, RANK>> {
        let held = Held::new();
        let guard = unless_blocked(self.0.try_write())?;
        Some(Guard { guard, held })
    }
}

fn unless_blocked<G>(tried: TryLockResult<G>) -> Option<G> {
    match tried {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn is_refused<T>(lock: impl FnOnce() -> T) -> bool {
        catch_unwind(AssertUnwindSafe(|| drop(lock()))).is_err()
    }

    #[test]
    fn locks_are_taken_in_the_order_of_their_ranks() {
        let low: RwLock<(), 1> = RwLock::default();
        let high: Mutex<(), 2> = Mutex::default();
        drop((low.read(), high.lock()));
        let held = high.lock();
        assert!(is_refused(|| low.read()));
        assert!(is_refused(|| low.try_write()));
        drop(held);
        drop(low.write());
    }

    #[test]
    fn no_thread_takes_a_lock_that_it_holds() {
        let lock: RwLock<(), 1> = RwLock::default();
        let held = lock.read();
        assert!(is_refused(|| lock.read()));
        assert!(is_refused(|| lock.try_read()));
        // What is refused leaves no rank behind, and another thread has its own.
        std::thread::scope(|scope| scope.spawn(|| drop(lock.read())).join()).unwrap();
        drop(held);
        drop(lock.read());
    }

    #[test]
    fn a_lock_that_was_not_free_is_not_held() {
        let lock: RwLock<(), 1> = RwLock::default();
        std::thread::scope(|scope| {
            let held = lock.write();
            let other = scope.spawn(|| {
                assert!(lock.try_read().is_none());
                assert!(lock.try_write().is_none());
                let lower: RwLock<(), 0> = RwLock::default();
                drop(lower.write());
            });
            other.join().unwrap();
            drop(held);
        });
    }
}
