//! Memory in many pieces, given back where no reader waits.

use std::hint::black_box;

/// Drops what so many tasks or rows took, and has the allocator sort it.
///
/// glibc sorts the pieces that it got back only when it is asked for memory, up to 10,000 at a
/// time. That would fall to the next changes, which hold readers up meanwhile: the first twenty
/// additions after a sync of a million tasks for 1.3 to 7 ms each, five of them.
pub(super) fn give_back<T>(memory: T, tasks: usize) {
    /// More than what small pieces are kept aside for, less than what would go to the system.
    const ASKED_FOR: usize = 1 << 15;
    /// There is at most about a piece for each task, and so few are sorted in no time.
    const TASKS_SORTED_AT_ONCE: usize = 1_000;
    drop(memory);
    for _ in 0..tasks / TASKS_SORTED_AT_ONCE {
        drop(black_box(Vec::<u8>::with_capacity(ASKED_FOR)));
    }
}
