//! Moments at which a test has the process killed: at once, as by the kernel or a power cut, with nothing finished and nothing cleaned up.
//!
//! Without the feature `kill-points`, which no release has, to pass a point does nothing. Does not know what happens before and after a point.

/// A named moment on the way of records, copies of refused ones, checkpoints and assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillPoint {
    /// A record came from its queue and is not decoded yet.
    RecordArrived,
    /// The engine has handled a record, and nothing else knows of it.
    RecordApplied,
    /// A copy of a refused record was handed to the client that sends it.
    LetterSent,
    /// The brokers have confirmed a copy, and nothing else knows of it.
    LetterConfirmed,
    /// The progress of a turn is in the state.
    TurnTaken,
    /// A snapshot was published.
    SnapshotPublished,
    /// The state of a group was taken for a checkpoint.
    StateTaken,
    /// A checkpoint is about to be written.
    WriteBegun,
    /// Half of the file lies beside its place.
    StagedHalf,
    /// The whole file lies beside its place.
    StagedWhole,
    /// The file is in its place, and nothing else knows of it.
    Renamed,
    /// An old checkpoint was removed.
    Pruned,
    /// The process knows that the checkpoint is safe.
    Written,
    /// Groups are to be given back, and are still counted.
    RevokeBegun,
    /// The last checkpoints of groups that are given back are written, and the group does not know that they are free.
    RevokeWritten,
    /// A group is to be restored.
    AssignBegun,
    /// A checkpoint was read and is not in the engine yet.
    StateRead,
    /// The state of a group is in the engine.
    StateRestored,
    /// The client was told where to read.
    ReadingBegun,
    /// The workers have ended, and the member has not left the consumer group.
    StopBegun,
}

impl KillPoint {
    /// All points, in the order of a life.
    pub const ALL: [Self; 20] = [
        Self::AssignBegun,
        Self::StateRead,
        Self::StateRestored,
        Self::ReadingBegun,
        Self::RecordArrived,
        Self::RecordApplied,
        Self::LetterSent,
        Self::LetterConfirmed,
        Self::TurnTaken,
        Self::SnapshotPublished,
        Self::StateTaken,
        Self::WriteBegun,
        Self::StagedHalf,
        Self::StagedWhole,
        Self::Renamed,
        Self::Pruned,
        Self::Written,
        Self::StopBegun,
        Self::RevokeBegun,
        Self::RevokeWritten,
    ];

    /// Kills the process if this is the chosen point and it has been passed often enough.
    #[inline]
    pub(crate) fn pass(self) {
        self.pass_after(|| ());
    }

    /// The same for a caller that first leaves what the kill would leave.
    #[inline]
    pub(crate) fn pass_after(self, leave: impl FnOnce()) {
        #[cfg(feature = "kill-points")]
        if chosen::is_last(self) {
            leave();
            chosen::kill();
        }
        #[cfg(not(feature = "kill-points"))]
        drop(leave);
    }
}

/// The point that the environment names.
#[cfg(feature = "kill-points")]
mod chosen {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::KillPoint;

    /// The variable that names a point and says at which pass of it the process is killed, such as `Renamed:3`.
    const VARIABLE: &str = "KILL_POINT";

    struct Chosen {
        point: KillPoint,
        passes_left: AtomicU64,
    }

    static CHOSEN: LazyLock<Option<Chosen>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "a test kills a process that has the configuration of any other")]
        let text = std::env::var(VARIABLE).ok()?;
        let chosen = text.split_once(':').and_then(|(name, count)| {
            let point = KillPoint::ALL.into_iter().find(|point| format!("{point:?}") == name)?;
            Some(Chosen { point, passes_left: AtomicU64::new(count.parse().ok()?) })
        });
        assert!(chosen.is_some(), "`{text}` is no kill point with a count");
        chosen
    });

    pub(super) fn is_last(point: KillPoint) -> bool {
        CHOSEN.as_ref().is_some_and(|chosen| chosen.point == point && chosen.passes_left.fetch_sub(1, Ordering::Relaxed) == 1)
    }

    pub(super) fn kill() -> ! {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        unreachable!("the kernel does not kill this process: {killed:?}")
    }
}
