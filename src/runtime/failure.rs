//! Why a service ends by itself, and with which exit code.

use std::time::Duration;

use crate::kafka;

/// How long a stop may take: leaving the group, and the questions to the cluster that are being asked.
pub(super) const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Why a service ended without being stopped, or did not stop as it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFailure {
    /// The cluster refuses this client, or its configuration is wrong.
    #[error(transparent)]
    Kafka(#[from] kafka::Failure),
    /// The operating system refuses something, such as a thread.
    #[error("{0}")]
    Environment(String),
    /// The polling thread did not end in time.
    #[error("the consumer did not stop within {} s", STOP_WITHIN.as_secs())]
    Deadline,
    /// The state that was kept does not fit the settings, and the log cannot replace it.
    #[error(
        "{0}\nhint: undo the change of these settings, or set `checkpoint.on_mismatch = \"rebuild\"` to count the rest of the log anew"
    )]
    StateUnusable(String),
    /// A mistake in cxpulse itself.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl ServiceFailure {
    /// The exit code: 1 environment, 3 deadline of a stop, 4 kept state that cannot be used, 70 internal error; for Kafka see [`kafka::Failure::exit_code`].
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Kafka(failure) => failure.exit_code(),
            Self::Environment(_) => 1,
            Self::Deadline => 3,
            Self::StateUnusable(_) => 4,
            Self::Internal(_) => 70,
        }
    }
}
