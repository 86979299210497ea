//! The closed sets of the documented API: what a task does, when, and how it ended.

use crate::spelled::{joined, vocabulary};

vocabulary! {
    /// What a task does to its desktops (`task_type`).
    ///
    /// ```
    /// use taskdex::TaskType;
    ///
    /// assert_eq!("CREATE_SNAPSHOT".parse(), Ok(TaskType::CreateSnapshot));
    /// assert_eq!(TaskType::CreateSnapshot.as_str(), "CREATE_SNAPSHOT");
    /// assert!("create_snapshot".parse::<TaskType>().is_err());
    /// ```
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    TaskType, "task_type" {
        /// Starts a desktop.
        Start = "START",
        /// Stops a desktop.
        Stop = "STOP",
        /// Restarts a desktop.
        Reboot = "REBOOT",
        /// Hibernates a desktop.
        Hibernate = "HIBERNATE",
        /// Recomposes the system disk.
        Rebuild = "REBUILD",
        /// Executes a script.
        ExecuteScript = "EXECUTE_SCRIPT",
        /// Creates a snapshot.
        CreateSnapshot = "CREATE_SNAPSHOT",
    }
}

impl TaskType {
    /// Whether a life cycle event may trigger a task of this type.
    ///
    /// The documented API triggers neither `START` nor `REBUILD`.
    ///
    /// ```
    /// use taskdex::TaskType;
    ///
    /// assert!(TaskType::Reboot.is_triggerable());
    /// assert!(!TaskType::Rebuild.is_triggerable());
    /// ```
    #[must_use]
    pub const fn is_triggerable(self) -> bool {
        !matches!(self, Self::Start | Self::Rebuild)
    }
}

vocabulary! {
    /// When a task runs (`scheduled_type`).
    ///
    /// A task of `LIFE_CYCLE` is *triggered*, every other task is *timed*.
    ///
    /// ```
    /// use taskdex::ScheduledType;
    ///
    /// assert_eq!("WEEK".parse(), Ok(ScheduledType::Week));
    /// assert!(ScheduledType::Week.is_timed());
    /// assert!(!ScheduledType::LifeCycle.is_timed());
    /// ```
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    ScheduledType, "scheduled_type" {
        /// Once, at a specified time.
        FixedTime = "FIXED_TIME",
        /// Every few days.
        Day = "DAY",
        /// On days of the week.
        Week = "WEEK",
        /// On dates of months.
        Month = "MONTH",
        /// When something happens to a desktop.
        LifeCycle = "LIFE_CYCLE",
    }
}

impl ScheduledType {
    /// Every spelling but that of `LIFE_CYCLE`, in words.
    pub(crate) const TIMED_ACCEPTED: &'static str = joined!(ScheduledType::TIMED_SPELLINGS);

    #[expect(clippy::indexing_slicing, reason = "a wrong index does not compile")]
    const TIMED_SPELLINGS: [&'static str; Self::COUNT - 1] = {
        let mut spellings = [""; Self::COUNT - 1];
        let mut position = 0;
        while position < spellings.len() {
            spellings[position] = Self::VALUES[position].as_str();
            position += 1;
        }
        spellings
    };

    /// Whether tasks of this type run by the clock, and not by an event.
    #[must_use]
    pub const fn is_timed(self) -> bool {
        !matches!(self, Self::LifeCycle)
    }
}

vocabulary! {
    /// The event that a triggered task waits for (`life_cycle_type`).
    ///
    /// ```
    /// use taskdex::LifeCycleType;
    ///
    /// let event: LifeCycleType = "POST_DESKTOP_DISCONNECTED".parse()?;
    /// assert_eq!(event, LifeCycleType::PostDesktopDisconnected);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    LifeCycleType, "life_cycle_type" {
        /// A desktop was created.
        PostCreateDesktopSuccess = "POST_CREATE_DESKTOP_SUCCESS",
        /// A desktop was rebuilt.
        PostRebuildDesktopSuccess = "POST_REBUILD_DESKTOP_SUCCESS",
        /// The assignment that triggers a rebuild was executed.
        PostReattachDesktopSuccess = "POST_REATTACH_DESKTOP_SUCCESS",
        /// A desktop was disconnected.
        PostDesktopDisconnected = "POST_DESKTOP_DISCONNECTED",
    }
}

vocabulary! {
    /// How a task's latest execution ended (`last_status`).
    ///
    /// A task that was never executed has none.
    ///
    /// ```
    /// use taskdex::LastStatus;
    ///
    /// assert_eq!(LastStatus::ALL.len(), 3);
    /// assert_eq!("SKIP".parse(), Ok(LastStatus::Skip));
    /// ```
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    LastStatus, "last_status" {
        /// It succeeded.
        Success = "SUCCESS",
        /// It was skipped.
        Skip = "SKIP",
        /// It failed.
        Fail = "FAIL",
    }
}
