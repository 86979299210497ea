use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};
use taskdex::Task;
use taskdex::testkit::Workload;
use tokio::runtime::{Builder, Runtime};
use tokio::task::unconstrained;
use tokio::time::{Instant, advance};
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

use super::{Entries, Queue};

/// The wheel of tokio-util, on a clock that is put forward by hand.
pub struct Delays {
    entries: Entries,
    /// Where each task is in the wheel.
    keys: Vec<Option<Key>>,
    queue: DelayQueue<u32>,
    runtime: Runtime,
    start: Instant,
    now: i64,
}

/// The wheel panics on what is more than 2.2 years away; that goes round once more.
const AWAY_MAX: i64 = 700 * 86_400;

impl Delays {
    /// Lets a task wait for what is pending of it.
    fn wait(&mut self, position: u32) {
        self.keys[position as usize] = self.entries.pending(position).map(|second| {
            let away = second.min(self.now + AWAY_MAX) - Workload::NOW.timestamp();
            let away = Duration::from_secs(away.cast_unsigned());
            self.queue.insert_at(position, self.start + away)
        });
    }
}

impl Queue for Delays {
    const NAME: &str = "DelayQueue";
    const IS_ORDERED: bool = false;
    type Tasks = Entries;

    fn tasks(_: &[Task], entries: &Entries) -> Entries {
        entries.clone()
    }

    fn begin(entries: Entries) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime of one thread");
        // The queue and its start must be on the runtime's clock, or a deadline is a millisecond off.
        let handle = runtime.handle().clone();
        let _entered = handle.enter();
        let start = Instant::now();
        let mut delays = Self {
            keys: vec![None; entries.len()],
            queue: DelayQueue::with_capacity(entries.len()),
            entries,
            runtime,
            start,
            now: Workload::NOW.timestamp(),
        };
        for position in 0..u32::try_from(delays.keys.len()).expect("fewer than 2^32 tasks") {
            delays.wait(position);
        }
        delays
    }

    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64)) {
        let ahead = Duration::from_secs((now.timestamp() - self.now).cast_unsigned());
        self.now = now.timestamp();
        let handle = self.runtime.handle().clone();
        let mut expired = Vec::new();
        self.runtime.block_on(async {
            advance(ahead).await;
            // Without this, the wheel is not asked on after 128 tasks.
            unconstrained(poll_fn(|context| {
                while let Poll::Ready(Some(it)) = self.queue.poll_expired(context) {
                    expired.push(it.into_inner());
                }
                Poll::Ready(())
            }))
            .await;
        });
        let _entered = handle.enter();
        for position in expired {
            if let Some(second) = self.entries.pending(position)
                && second <= self.now
            {
                each(self.entries.id(position), second);
                self.entries.put_back(position, now);
            }
            self.wait(position);
        }
    }

    fn add(&mut self, task: Task, now: DateTime<Utc>) {
        let handle = self.runtime.handle().clone();
        let _entered = handle.enter();
        let (position, _) = self.entries.add(&task, now);
        self.keys.push(None);
        self.wait(position);
    }

    fn disable(&mut self, id: &str, _: DateTime<Utc>) {
        let handle = self.runtime.handle().clone();
        let _entered = handle.enter();
        let (position, _) = self.entries.disable(id);
        let key = self.keys[position as usize].take();
        key.map(|key| self.queue.remove(&key));
    }
}

impl fmt::Debug for Delays {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Delays").finish_non_exhaustive()
    }
}
