//! Why a checkpoint is not used.
//!
//! Does not know which checkpoint is looked at next.

use std::fmt::{self, Display};

use super::key::Fingerprint;

/// Why a checkpoint is not used. Each is a fact about the file, so the same file is refused again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The file has no bytes.
    Empty,
    /// Every byte is zero, as after a power cut on some file systems.
    Zeros,
    /// The file does not begin as a checkpoint does.
    NotACheckpoint,
    /// A later program wrote it.
    NewerLayout {
        /// The layout version of the file.
        found: u32,
        /// The newest layout version that this program reads.
        known: u32,
    },
    /// The file ends too early, or goes on behind its end.
    Truncated,
    /// Its bytes are not those that were written.
    Damaged {
        /// The section with the wrong checksum; `None` where only the checksum of the whole file is wrong.
        section: Option<&'static str>,
    },
    /// The checksums are right, but the content cannot be: another program wrote it, or there is a mistake in this one.
    Malformed(&'static str),
    /// It holds a section that this program does not know.
    UnknownSection([u8; 4]),
    /// It is larger than the allowed memory.
    TooLarge {
        /// The bytes that it needs.
        bytes: u64,
        /// The bytes that are allowed.
        allowed: u64,
    },
    /// It belongs to another consumer group.
    OtherGroup {
        /// That group.
        found: String,
    },
    /// It belongs to another partition.
    OtherPartition {
        /// The number of that partition.
        found: i32,
    },
    /// It was counted with other settings, or by a version that counts differently.
    OtherFingerprint {
        /// The fingerprint of those settings.
        found: Fingerprint,
    },
    /// It lies under the name of another checkpoint of its partition group, so its place in their order is wrong.
    OtherName,
    /// It cannot be read from the store, although the store answers.
    Unreadable(String),
    /// The caller does not accept it, such as for offsets that the log does not have.
    NotAccepted(String),
}

impl Refusal {
    /// Every name that [`Self::name`] gives.
    pub const NAMES: [&'static str; 8] =
        ["truncated", "not_a_checkpoint", "newer", "damaged", "too_large", "foreign", "unreadable", "not_accepted"];

    /// A short name, for the label `reason` of a counter.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Empty | Self::Zeros | Self::Truncated => "truncated",
            Self::NotACheckpoint => "not_a_checkpoint",
            Self::NewerLayout { .. } => "newer",
            Self::Damaged { .. } | Self::Malformed(_) | Self::UnknownSection(_) => "damaged",
            Self::TooLarge { .. } => "too_large",
            Self::OtherGroup { .. } | Self::OtherPartition { .. } | Self::OtherFingerprint { .. } | Self::OtherName => "foreign",
            Self::Unreadable(_) => "unreadable",
            Self::NotAccepted(_) => "not_accepted",
        }
    }

    /// Whether the file can be of no use to any program: its bytes are not a whole checkpoint.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Empty | Self::Zeros | Self::NotACheckpoint | Self::Truncated | Self::Damaged { .. } | Self::Malformed(_) => true,
            Self::NewerLayout { .. }
            | Self::UnknownSection(_)
            | Self::TooLarge { .. }
            | Self::OtherGroup { .. }
            | Self::OtherPartition { .. }
            | Self::OtherFingerprint { .. }
            | Self::OtherName
            | Self::Unreadable(_)
            | Self::NotAccepted(_) => false,
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Zeros => f.write_str("it consists of zeros only"),
            Self::NotACheckpoint => f.write_str("it is no checkpoint"),
            Self::NewerLayout { found, known } => {
                write!(f, "a later version wrote it (layout {found}; this version reads layouts up to {known})")
            }
            Self::Truncated => f.write_str("it is not as long as it was written"),
            Self::Damaged { section: Some(section) } => {
                write!(f, "its bytes were changed: the checksum of the section `{section}` is wrong")
            }
            Self::Damaged { section: None } => f.write_str("its bytes were changed: the checksum of the file is wrong"),
            Self::Malformed(problem) => write!(f, "it contradicts itself: {problem}"),
            Self::UnknownSection(tag) => write!(f, "it holds the section `{}`, which this version does not know", tag.escape_ascii()),
            Self::TooLarge { bytes, allowed } => write!(f, "it needs {bytes} bytes of memory, and {allowed} are allowed"),
            Self::OtherGroup { found } => write!(f, "it belongs to the consumer group `{}`", found.escape_debug()),
            Self::OtherPartition { found } => write!(f, "it belongs to partition {found}"),
            Self::OtherFingerprint { found } => write!(f, "it was counted with other settings (fingerprint {})", found.short()),
            Self::OtherName => f.write_str("it lies under the name of another checkpoint"),
            Self::Unreadable(reason) => write!(f, "it cannot be read: {reason}"),
            Self::NotAccepted(reason) => f.write_str(reason),
        }
    }
}
