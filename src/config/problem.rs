//! The problems of a configuration: the closed set of kinds, the message of one problem, and the report of all problems.
//!
//! Does not know the rules: the text of a message is written beside the rule that finds the problem.

use std::cell::RefCell;
use std::fmt;

use super::place::KeyPlace;

/// Declares the closed set, so that no kind is missing from [`ProblemKind::ALL`].
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

            /// The name of the kind, in small letters with hyphens, such as `unknown-key`.
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
    /// A required key is absent.
    MissingKey = "missing-key",
    /// A value of another type.
    WrongType = "wrong-type",
    /// A text that is not a length of time.
    BadDuration = "bad-duration",
    /// A number or length of time outside its bounds.
    OutOfRange = "out-of-range",
    /// A list with too few or too many entries.
    ListLength = "list-length",
    /// A word outside its closed set.
    UnknownChoice = "unknown-choice",
    /// A name or entry twice.
    Duplicate = "duplicate",
    /// Entries that must ascend and do not.
    NotAscending = "not-ascending",
    /// A name that a topic, group, window or property value cannot have.
    BadName = "bad-name",
    /// A label value that is empty, too long or not printable.
    BadLabelValue = "bad-label-value",
    /// A text that is not the address of a broker.
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
    /// A token without `OAUTHBEARER`, the other way round, or two sources of the token.
    TokenSource = "token-source",
    /// A file with a secret that cannot be read, is empty or too large.
    SecretFile = "secret-file",
    /// A text that names no store of checkpoints.
    BadStore = "bad-store",
    /// Plain HTTP to a store that is not on this machine.
    InsecureStore = "insecure-store",
    /// A dimension whose name cannot be the name of a label.
    BadLabelName = "bad-label-name",
    /// A dimension whose name has another meaning already.
    ReservedDimension = "reserved-dimension",
    /// A dimension that identifies persons.
    PersonalDimension = "personal-dimension",
    /// `channel` or `journey_stage` turned off or given to another owner.
    FixedDimension = "fixed-dimension",
    /// A grouping set that names an unknown dimension.
    UnknownDimension = "unknown-dimension",
    /// A grouping set of customers with a dimension of contacts.
    NotCustomerDimension = "not-customer-dimension",
    /// Two grouping sets whose families would have one name.
    GroupingSetClash = "grouping-set-clash",
    /// Weights of the health index that are all 0.
    NoHealthWeight = "no-health-weight",
    /// A trend that is not a pair of a window and a longer one.
    BadTrend = "bad-trend",
    /// Histogram buckets for an unknown grouping set.
    UnknownGroupingSet = "unknown-grouping-set",
    /// A window whose name is a length of time other than its own.
    WindowNameMisleading = "window-name-misleading",
    /// A hop that does not divide its range.
    HopNotDividing = "hop-not-dividing",
    /// A hop longer than half of its range.
    HopTooLong = "hop-too-long",
    /// A hop so short that its window has too many hops.
    HopTooShort = "hop-too-short",
    /// Hops with so small a common divisor that a window would be kept in too many slices.
    HopsUnrelated = "hops-unrelated",
    /// A window that is longer than the one before it by less than its own hop.
    WindowTooClose = "window-too-close",
    /// Retention of tickets or customers that is shorter than a window.
    RetentionTooShort = "retention-too-short",
    /// A survey scale that is not valid.
    BadScale = "bad-scale",
    /// A lowest satisfied score outside its scale.
    BadThreshold = "bad-threshold",
    /// A stage with a name that means "no stage" or "too many stages".
    ReservedStage = "reserved-stage",
    /// A stage that no event can name, because its value is renamed.
    StageRenamed = "stage-renamed",
    /// Weights that are all 0.
    NoWeight = "no-weight",
    /// A time zone that the IANA database does not have.
    UnknownZone = "unknown-zone",
    /// Opening hours that cannot be read.
    BadHours = "bad-hours",
    /// Opening hours of one day that overlap.
    HoursOverlap = "hours-overlap",
    /// A schedule without any opening hours.
    NeverOpen = "never-open",
    /// A holiday that is not a date, or an instant that is not one.
    BadDate = "bad-date",
    /// The settings of a feed to which no topic belongs.
    UnknownFeed = "unknown-feed",
    /// A rule that names an unknown schedule.
    UnknownSchedule = "unknown-schedule",
    /// A target in business hours although no contact has a schedule.
    ClockWithoutSchedule = "clock-without-schedule",
    /// `clock = "event"`, which is for reading every event, together with a start that leaves events out.
    StartContradictsClock = "start-contradicts-clock",
    /// A text that is not a listen address.
    BadAddress = "bad-address",
    /// A telemetry path that cannot be served.
    BadPath = "bad-path",
    /// A log filter that cannot be read.
    BadFilter = "bad-filter",
    /// An identity key that is not 32 hexadecimal digits.
    BadIdentityKey = "bad-identity-key",
    /// A flag whose key is not a dotted key.
    BadOverride = "bad-override",
    /// A `CXPULSE_` variable without a key. A warning, because Kubernetes makes such variables by itself.
    UnknownVariable = "unknown-variable",
    /// A file with a secret that every user of the machine can read. A warning.
    SecretFileOpen = "secret-file-open",
    /// A schedule that no rule names. A warning.
    ScheduleUnused = "schedule-unused",
    /// A rule after another rule that holds for every contact for which it would hold. A warning.
    RuleNeverReached = "rule-never-reached",
    /// A dimension whose name is often a label of the scrape target. A warning.
    TargetLabelClash = "target-label-clash",
    /// A marked change for values of a dimension that is in no grouping set, so that its effect cannot be told. A warning.
    ChangeNotCompared = "change-not-compared",
    /// Two topics of one kind in one feed. A warning, because two topics of one help desk are right so.
    FeedShared = "feed-shared",
}

impl ProblemKind {
    /// Whether the configuration can be used in spite of the problem.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::UnknownVariable
                | Self::SecretFileOpen
                | Self::ScheduleUnused
                | Self::RuleNeverReached
                | Self::TargetLabelClash
                | Self::ChangeNotCompared
                | Self::FeedShared
        )
    }
}

/// One problem with its place, its message and a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of the problem.
    pub kind: ProblemKind,
    /// The file, variable or flag, and the key.
    pub place: String,
    /// What is wrong and what is allowed. Never contains a secret.
    pub what: String,
    /// What the user can do; never empty.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.kind.is_warning() { "warning" } else { "error" };
        write!(f, "{severity}: {}: {}\nhint: {}", self.place, self.what, self.hint)
    }
}

/// A configuration that cannot be used, with all of its problems.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The errors, which must be corrected; never empty.
    pub problems: Vec<Problem>,
    /// The warnings, which may stay.
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

/// All problems found so far. Every reader of a section shares it, so a problem can be added through a shared reference.
#[derive(Default)]
pub(super) struct ProblemReport {
    problems: RefCell<Vec<Problem>>,
}

impl ProblemReport {
    pub(super) fn add(&self, place: &KeyPlace, complaint: Complaint) {
        let Complaint { kind, what, hint } = complaint;
        self.problems.borrow_mut().push(Problem { kind, place: place.to_string(), what, hint });
    }

    /// The number of problems so far.
    pub(super) fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// The errors and the warnings, each in the order in which they were found.
    pub(super) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        self.problems.into_inner().into_iter().partition(|p| !p.kind.is_warning())
    }
}
