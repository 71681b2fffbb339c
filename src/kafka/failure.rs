//! Why the Kafka side ends the process, and with which exit code.

/// What ends a session for good. Everything else (brokers away, topics missing, leaders moving) is waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// librdkafka does not take a property. The value is not shown, since it may be secret.
    #[error("kafka.properties: `{key}` is {problem}\nhint: librdkafka's CONFIGURATION.md names the properties and their values")]
    Property {
        /// The property.
        key: String,
        /// What is wrong, without the value.
        problem: String,
    },
    /// The client cannot be made from these properties together.
    #[error("kafka: cannot make a client: {0}\nhint: correct `kafka.properties`")]
    Client(String),
    /// Plaintext to another machine.
    #[error(
        "kafka: `{server}` is not on this machine, and the connection would be in clear\nhint: set `kafka.properties.\"security.protocol\"` to \
         `ssl` or `sasl_ssl`, or `kafka.allow_insecure = true` in a network that you trust"
    )]
    Plaintext {
        /// `host:port`.
        server: String,
    },
    /// Topics with different numbers of partitions.
    #[error(
        "kafka: the topics differ in their number of partitions ({counts}), so that what belongs together does not lie in partitions of one \
         number\nhint: recreate the topics with one number of partitions, and produce their records again"
    )]
    UnequalPartitions {
        /// Each topic with its count.
        counts: String,
    },
    /// A partition goes on below what was read of it.
    #[error(
        "kafka: {topic}/{partition} goes on at offset {found} where {expected} was next: the topic was deleted and made again, or its log was cut off, \
         and what was counted of it is no longer there\nhint: start cxpulse again; it then counts what the logs hold now"
    )]
    WentBack {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// The offset of the record that came.
        found: i64,
        /// The least offset that could come.
        expected: i64,
    },
    /// The cluster refuses the credentials or the access.
    #[error(
        "kafka: the cluster refuses: {0}\nhint: check the credentials in `kafka.properties`, and the ACLs: READ on every topic and on the group"
    )]
    Refused(String),
    /// An error that librdkafka cannot recover from, such as another member with the same `group.instance.id`.
    #[error("kafka: the client cannot go on: {0}")]
    Fatal(String),
}

impl Failure {
    /// The exit code: 78 for the configuration, 5 for a client that is refused or fenced, 1 for a log that is another one than before.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Property { .. } | Self::Client(_) | Self::Plaintext { .. } | Self::UnequalPartitions { .. } => 78,
            Self::Refused(_) | Self::Fatal(_) => 5,
            Self::WentBack { .. } => 1,
        }
    }
}
