//! Whether the tasks are all there.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// What is known of the loading of tasks.
#[derive(Debug, Clone)]
pub struct Loading(watch::Receiver<Progress>);

/// How far the loading of tasks has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The records that were read so far.
    pub records: u64,
    /// Whether all of them are in the store.
    pub is_done: bool,
}

impl Loading {
    /// A loading that has just begun, and the sender that tells of its progress.
    #[must_use]
    pub fn begin() -> (watch::Sender<Progress>, Self) {
        let (sender, receiver) = watch::channel(Progress::default());
        (sender, Self(receiver))
    }

    /// All tasks are there.
    #[must_use]
    pub fn done() -> Self {
        let progress = Progress {
            is_done: true,
            ..Progress::default()
        };
        Self(watch::channel(progress).1)
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.0.borrow()
    }

    /// Waits for the end of loading, and tells whether it came in time.
    pub(crate) async fn is_done_within(&self, longest: Duration) -> bool {
        let mut progress = self.0.clone();
        let done = timeout(longest, progress.wait_for(|it| it.is_done)).await;
        matches!(done, Ok(Ok(_)))
    }
}
