//! Frees memory of many allocations while readers go on.

use std::hint::black_box;

/// Drops the memory of so many tasks or rows, and has the allocator merge freed pieces.
///
/// glibc merges freed pieces only when it is asked for memory, up to 10,000 at a time. That would
/// fall to later changes, which hold readers up meanwhile: after a sync of a million tasks, to
/// five of the first twenty additions, for 1.3 to 7 ms each. Other allocators lose microseconds.
pub(super) fn deallocate<T>(memory: T, tasks: usize) {
    /// More bytes than glibc keeps small pieces aside for, fewer than it maps from the system.
    const ALLOCATION: usize = 1 << 15;
    /// There is at most about a piece for each task, and so few are merged in microseconds.
    const TASKS_AT_ONCE: usize = 1_000;
    drop(memory);
    for _ in 0..tasks / TASKS_AT_ONCE {
        drop(black_box(Vec::<u8>::with_capacity(ALLOCATION)));
    }
}
