//! What can be wrong with a configuration: the closed set of kinds, and the message of one problem.
//!
//! Does not know where problems are found; the text that says what is wrong stands beside the rule that finds it.

use std::cell::RefCell;
use std::fmt;

use super::layers::Place;

/// Declares the closed set, so that no kind can be missing from [`ProblemKind::ALL`].
macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// The kind of a problem; `tests/configuration` holds a file named after each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $kind,)+
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// What is wrong in a few words with hyphens, such as `unknown-key`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

problem_kinds! {
    /// The file cannot be read, or is not UTF-8.
    UnreadableFile = "unreadable-file",
    /// The file, or a value from the environment or a flag, is not TOML.
    Syntax = "syntax",
    /// A key that the product does not have.
    UnknownKey = "unknown-key",
    /// A key without which its section has no meaning.
    MissingKey = "missing-key",
    /// A value of another type.
    WrongType = "wrong-type",
    /// A text that is no length of time.
    BadDuration = "bad-duration",
    /// A number or length of time outside its bounds.
    OutOfRange = "out-of-range",
    /// A list with too few or too many entries.
    ListLength = "list-length",
    /// A word outside its closed set.
    UnknownChoice = "unknown-choice",
    /// A name or entry twice.
    Duplicate = "duplicate",
    /// Entries that must grow and do not.
    NotAscending = "not-ascending",
    /// A name that cannot be one: of a topic, a group, a window.
    BadName = "bad-name",
    /// A label value that is empty, too long or not printable.
    BadLabelValue = "bad-label-value",
    /// A broker address that is none.
    BadServer = "bad-server",
    /// Plaintext to a broker that is not on this machine.
    InsecureBrokers = "insecure-brokers",
    /// A librdkafka property that the product sets itself.
    PropertyOwned = "property-owned",
    /// A librdkafka property, or a value of it, that the product refuses.
    PropertyRefused = "property-refused",
    /// A property that librdkafka does not have.
    PropertyUnknown = "property-unknown",
    /// SASL without a mechanism.
    SaslMechanismMissing = "sasl-mechanism-missing",
    /// A file with a secret that cannot be read, is empty or too large.
    SecretFile = "secret-file",
    /// A dimension whose name is no label name.
    BadLabelName = "bad-label-name",
    /// A dimension whose name means something else already.
    ReservedDimension = "reserved-dimension",
    /// A dimension that tells persons apart.
    PersonalDimension = "personal-dimension",
    /// `channel` or `journey_stage` turned off or given to another owner.
    FixedDimension = "fixed-dimension",
    /// A grouping set that names a dimension which is not there.
    UnknownDimension = "unknown-dimension",
    /// A grouping set of customers with a dimension of contacts.
    NotCustomerDimension = "not-customer-dimension",
    /// Two grouping sets whose families would have one name.
    GroupingSetClash = "grouping-set-clash",
    /// Weights of the health index that are all 0.
    NoHealthWeight = "no-health-weight",
    /// A trend that is no pair of a window and a longer one.
    BadTrend = "bad-trend",
    /// Histogram buckets for a grouping set that is not there.
    UnknownGroupingSet = "unknown-grouping-set",
    /// A window's name is the length of another window.
    WindowNameMisleading = "window-name-misleading",
    /// A hop that does not divide its range.
    HopNotDividing = "hop-not-dividing",
    /// A hop longer than half of its range.
    HopTooLong = "hop-too-long",
    /// A hop so short that its window has too many.
    HopTooShort = "hop-too-short",
    /// Hops that share so short a length that a window would be kept in too many slices.
    HopsUnrelated = "hops-unrelated",
    /// A window that is longer than the one before it by less than its own hop.
    WindowTooClose = "window-too-close",
    /// Tickets or customers that are forgotten before a window has left them behind.
    RetentionTooShort = "retention-too-short",
    /// A survey scale that is none.
    BadScale = "bad-scale",
    /// A lowest satisfied score outside its scale.
    BadThreshold = "bad-threshold",
    /// A stage named like what stands for no stage.
    ReservedStage = "reserved-stage",
    /// A stage that no event can name, because its value is renamed.
    StageRenamed = "stage-renamed",
    /// Weights that are all 0.
    NoWeight = "no-weight",
    /// A time zone that the IANA database does not have.
    UnknownZone = "unknown-zone",
    /// Opening hours that are none.
    BadHours = "bad-hours",
    /// Opening hours of one day that overlap.
    HoursOverlap = "hours-overlap",
    /// A schedule without any opening hours.
    NeverOpen = "never-open",
    /// A holiday that is no date.
    BadDate = "bad-date",
    /// A rule that names a schedule which is not there.
    UnknownSchedule = "unknown-schedule",
    /// A target in business hours where nobody has a schedule.
    ClockWithoutSchedule = "clock-without-schedule",
    /// Settings that contradict each other: the windows follow the events, but the start leaves events out.
    StartContradictsClock = "start-contradicts-clock",
    /// A listen address that is none.
    BadAddress = "bad-address",
    /// A telemetry path that cannot be served.
    BadPath = "bad-path",
    /// A log filter that cannot be read.
    BadFilter = "bad-filter",
    /// An identity key that is not 32 hexadecimal digits.
    BadIdentityKey = "bad-identity-key",
    /// A flag whose key is no dotted key.
    BadOverride = "bad-override",
    /// A `CXPULSE_` variable that sets nothing: a warning, because Kubernetes makes such variables by itself.
    UnknownVariable = "unknown-variable",
    /// A file with a secret that everyone on the machine can read: a warning.
    SecretFileOpen = "secret-file-open",
    /// A schedule that no rule names: a warning.
    ScheduleUnused = "schedule-unused",
    /// A rule behind one that holds for all that it asks for: a warning.
    RuleNeverReached = "rule-never-reached",
    /// A dimension that often clashes with a target label: a warning.
    TargetLabelClash = "target-label-clash",
}

impl ProblemKind {
    /// Whether the configuration can be used nevertheless.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::UnknownVariable | Self::SecretFileOpen | Self::ScheduleUnused | Self::RuleNeverReached | Self::TargetLabelClash
        )
    }
}

/// One problem: where, what, what is allowed, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub kind: ProblemKind,
    /// The file (or variable, or flag) and the key.
    pub place: String,
    /// What is wrong and what is allowed; secrets never stand in it.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.kind.is_warning() { "warning" } else { "error" };
        write!(f, "{severity}: {}: {}\nhint: {}", self.place, self.what, self.hint)
    }
}

/// A configuration that cannot be used, with every problem of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// What has to be put right; never empty.
    pub problems: Vec<Problem>,
    /// What may stay.
    pub warnings: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().chain(&self.warnings).enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

/// A complaint about a value, before its place is known.
pub(super) struct Complaint {
    pub(super) kind: ProblemKind,
    pub(super) what: String,
    pub(super) hint: String,
}

/// Makes a complaint.
pub(super) fn complaint(kind: ProblemKind, what: impl Into<String>, hint: impl Into<String>) -> Complaint {
    Complaint { kind, what: what.into(), hint: hint.into() }
}

/// All problems found so far. Shared by every reader of a section, so adding needs no exclusive access.
#[derive(Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    pub(super) fn add(&self, place: &Place, complaint: Complaint) {
        let Complaint { kind, what, hint } = complaint;
        self.problems.borrow_mut().push(Problem { kind, place: place.to_string(), what, hint });
    }

    /// How many so far.
    pub(super) fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Errors and warnings, apart, each in the order in which they were found.
    pub(super) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        self.problems.into_inner().into_iter().partition(|p| !p.kind.is_warning())
    }
}
