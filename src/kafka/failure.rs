//! Why the Kafka side ends the process: the text, the hint and the exit code.

use std::fmt::{self, Display};

/// A failure that ends a session for good. Everything else (brokers away, topics missing, leaders moving) is waited for.
///
/// Its text is [`Self::what`], followed by [`Self::hint`] on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// librdkafka does not take a property. The value is not shown, since it may be secret.
    Property {
        /// The name of the property.
        key: String,
        /// The mistake, without the value.
        problem: String,
    },
    /// No client can be made from these properties together.
    Client(String),
    /// A plaintext connection to another machine.
    Plaintext {
        /// The address of that machine, as `host:port`.
        server: String,
    },
    /// Topics with different numbers of partitions.
    UnequalPartitions {
        /// Each topic with its count.
        counts: String,
    },
    /// The cluster refuses the credentials or the access.
    Refused(String),
    /// An error from which librdkafka cannot recover, such as another member with the same `group.instance.id`.
    Fatal(String),
}

impl Failure {
    /// The exit code: 78 for the configuration, 5 for a client that is refused or fenced.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Property { .. } | Self::Client(_) | Self::Plaintext { .. } | Self::UnequalPartitions { .. } => 78,
            Self::Refused(_) | Self::Fatal(_) => 5,
        }
    }

    /// The text without the hint.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Property { key, problem } => format!("kafka.properties: `{key}` is {problem}"),
            Self::Client(why) => format!("kafka: cannot make a client: {why}"),
            Self::Plaintext { server } => format!("kafka: `{server}` is not on this machine, and the connection would be in clear"),
            Self::UnequalPartitions { counts } => format!(
                "kafka: the topics differ in their number of partitions ({counts}), so that what belongs together does not lie in partitions of \
                 one number"
            ),
            Self::Refused(why) => format!("kafka: the cluster refuses: {why}"),
            Self::Fatal(why) => format!("kafka: the client cannot go on: {why}"),
        }
    }

    /// The advice to an operator; `None` where there is none beyond the text.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Property { .. } => Some("librdkafka's CONFIGURATION.md names the properties and their values"),
            Self::Client(_) => Some("correct `kafka.properties`"),
            Self::Plaintext { .. } => Some(
                "set `kafka.properties.\"security.protocol\"` to `ssl` or `sasl_ssl`, or `kafka.allow_insecure = true` in a network that you trust",
            ),
            Self::UnequalPartitions { .. } => Some("recreate the topics with one number of partitions, and produce their records again"),
            Self::Refused(why) if why.contains("certificate") => Some(
                "the broker's certificate must name its host and be signed by an authority in `ssl.ca.location`; the broker must trust the one in \
                 `ssl.certificate.location`, if it asks for one",
            ),
            Self::Refused(_) => Some("check the credentials in `kafka.properties`, and the ACLs: READ on every topic and on the group"),
            Self::Fatal(_) => None,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        self.hint().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Failure {}
