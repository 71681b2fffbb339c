//! The table of librdkafka's properties: which ones a user may set, which ones the product sets itself and to which value, and which ones
//! it refuses.
//!
//! Written for the bundled librdkafka 2.12.1; a test asks the library whether it knows each name. Does not know what a client is made for.

/// A property that the product sets itself.
#[derive(Clone, Copy, Debug)]
pub struct OwnedProperty {
    /// The property's name in librdkafka.
    pub name: &'static str,
    /// The value that the product gives it.
    pub value: OwnedValue,
    /// Why a user may not set it, or which key to use instead.
    pub reason: &'static str,
}

/// The value that the product gives a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedValue {
    /// This value in every client.
    EveryClient(&'static str),
    /// This value in the consumer of the group.
    GroupConsumer(&'static str),
    /// The value of a key of `[kafka]`.
    FromKey,
    /// librdkafka's own default.
    Default,
}

/// Every property that the product sets itself.
pub const OWNED: &[OwnedProperty] = {
    use OwnedValue::{Default, EveryClient, FromKey, GroupConsumer};
    const fn owned(name: &'static str, value: OwnedValue, reason: &'static str) -> OwnedProperty {
        OwnedProperty { name, value, reason }
    }
    const COMMITS: &str = "offsets are committed by the product, and only what was handled";
    const STATE: &str = "offsets are kept with the state that they belong to";
    const ASSIGNORS: &str = "the broker's own assignors do not keep partition number i of all topics together";
    &[
        owned("bootstrap.servers", FromKey, "set `kafka.bootstrap_servers` instead"),
        owned("metadata.broker.list", Default, "set `kafka.bootstrap_servers` instead"),
        owned("group.id", FromKey, "set `kafka.group_id` instead"),
        // The queues of partitions are split, so librdkafka applies this limit to each topic partition and not to the whole consumer.
        owned("queued.max.messages.kbytes", FromKey, "set `kafka.queue_kbytes_per_partition` instead"),
        // Every partition is assigned with an explicit offset. This value matters only when retention has deleted that offset: the client
        // then goes on at the first offset that is left, which loses least, and the gap shows as lag that vanished without records.
        owned(
            "auto.offset.reset",
            GroupConsumer("earliest"),
            "set `run.start` instead; an offset that the log no longer has is a counted loss and no silent jump",
        ),
        owned("enable.auto.commit", GroupConsumer("false"), COMMITS),
        owned("auto.commit.enable", Default, COMMITS),
        owned("auto.commit.interval.ms", Default, COMMITS),
        owned("enable.auto.offset.store", GroupConsumer("false"), STATE),
        owned("offset.store.method", Default, STATE),
        owned("offset.store.path", Default, STATE),
        owned("offset.store.sync.interval.ms", Default, STATE),
        // Reports the end also where the last offsets hold no record (transaction markers, compaction), which a comparison of offsets
        // cannot detect. Positions are never taken from these events.
        owned(
            "enable.partition.eof",
            GroupConsumer("true"),
            "the end of a partition tells when everything has been read, so it is always on",
        ),
        // The statistics tell the offset at which the client has seen the end of a partition. The event of the end does not.
        owned(
            "statistics.interval.ms",
            GroupConsumer("1000"),
            "the statistics tell when a partition has been read to its end, so they are always on",
        ),
        // Keeps partition i of all topics together, which cooperative-sticky does not promise.
        owned(
            "partition.assignment.strategy",
            GroupConsumer("range"),
            "partition number i of all topics must go to one instance, which `range` does",
        ),
        owned("group.protocol", Default, ASSIGNORS),
        owned("group.remote.assignor", Default, ASSIGNORS),
        owned("group.protocol.type", Default, "it is always `consumer`"),
        // Off by default in librdkafka.
        owned("check.crcs", GroupConsumer("true"), "always on: a flipped bit would otherwise become another number"),
        owned("allow.auto.create.topics", EveryClient("false"), "always off: a misspelt topic must be missing and not made"),
        // On by default in librdkafka.
        owned("enable.metrics.push", EveryClient("false"), "always off: it sends data about this client to the brokers"),
        owned("consume.callback.max.messages", Default, "records are polled, so there is no such callback"),
        owned("log.queue", Default, "the client's log lines become the product's"),
        owned("transactional.id", Default, "the product takes no part in transactions"),
    ]
};

/// Properties of which no value is allowed, and properties of which only some values are allowed.
pub const REFUSED: &[RefusedProperty] = &[
    RefusedProperty::any("plugin.library.paths", "it loads foreign code into the process"),
    RefusedProperty::any("ssl.engine.location", "it loads foreign code into the process"),
    RefusedProperty::any("ssl.engine.id", "it loads foreign code into the process"),
    RefusedProperty::any("sasl.kerberos.kinit.cmd", "it runs a shell command, and Kerberos is not built in"),
    RefusedProperty::except("enable.ssl.certificate.verification", &["true", "t", "1"], "without it anyone can pose as the broker"),
    RefusedProperty::except(
        "ssl.endpoint.identification.algorithm",
        &["https"],
        "without it anyone with some valid certificate can pose as the broker",
    ),
    RefusedProperty::except("enable.sasl.oauthbearer.unsecure.jwt", &["false", "f", "0"], "unsigned tokens prove nothing"),
    RefusedProperty::except(
        "sasl.oauthbearer.method",
        &["default"],
        "OIDC is not built in; `kafka.token_file` takes the token from a file that a sidecar writes, `kafka.token_command` from a command",
    ),
    RefusedProperty::except("debug", DEBUG_CONTEXTS, "`security` and `all` write secrets to the log"),
    RefusedProperty::any("builtin.features", "it can only be read"),
    RefusedProperty::any("interceptors", "it is code and not text"),
    RefusedProperty::any("opaque", "it is code and not text"),
    RefusedProperty::any("default_topic_conf", "it is code and not text"),
    RefusedProperty::any("enabled_events", "it is code and not text"),
    RefusedProperty::any("ssl_engine_callback_data", "it is code and not text"),
    RefusedProperty::any("msg_order_cmp", "it is code and not text"),
    RefusedProperty::any("ssl_key", "it is code and not text; use `ssl.key.pem` or `ssl.key.location`"),
    RefusedProperty::any("ssl_certificate", "it is code and not text; use `ssl.certificate.pem` or `ssl.certificate.location`"),
    RefusedProperty::any("ssl_ca", "it is code and not text; use `ssl.ca.pem` or `ssl.ca.location`"),
];

/// The contexts that `debug` may name: all but `security` and `all`.
const DEBUG_CONTEXTS: &[&str] = &[
    "generic",
    "broker",
    "topic",
    "metadata",
    "feature",
    "queue",
    "msg",
    "protocol",
    "cgrp",
    "fetch",
    "interceptor",
    "plugin",
    "consumer",
    "admin",
    "eos",
    "mock",
    "assignor",
    "conf",
    "telemetry",
];

/// A property that the product refuses.
#[derive(Clone, Copy, Debug)]
pub struct RefusedProperty {
    /// The property's name in librdkafka.
    pub name: &'static str,
    /// The values that are allowed, in lower case; a user may write them in any case. Every entry of a list must be one of them. Empty
    /// where no value is allowed.
    pub allowed: &'static [&'static str],
    /// Why the other values are refused.
    pub reason: &'static str,
}

impl RefusedProperty {
    const fn any(name: &'static str, reason: &'static str) -> Self {
        Self { name, allowed: &[], reason }
    }

    const fn except(name: &'static str, allowed: &'static [&'static str], reason: &'static str) -> Self {
        Self { name, allowed, reason }
    }

    /// Whether a value of this property is refused. Compares with the allowed values, because librdkafka reads many spellings of one value.
    #[must_use]
    pub fn refuses(&self, value: &str) -> bool {
        !value.split(',').all(|v| self.allowed.contains(&v.trim().to_ascii_lowercase().as_str()))
    }
}

/// librdkafka's callbacks, which are set in code.
const CALLBACK: RefusedProperty = RefusedProperty::any("*_cb", "it is code and not text");

/// Why a user may not set a property to a value.
#[derive(Clone, Copy, Debug)]
pub enum PropertyObjection {
    /// The product sets it itself.
    Owned(OwnedProperty),
    /// The product refuses it, or this value of it.
    Refused(RefusedProperty),
}

/// The objection to a property and its value; `None` where both are allowed or librdkafka does not know the name.
#[must_use]
pub fn objection(name: &str, value: &str) -> Option<PropertyObjection> {
    if let Some(owned) = OWNED.iter().find(|owned| owned.name == name) {
        return Some(PropertyObjection::Owned(*owned));
    }
    if name.ends_with("_cb") {
        return Some(PropertyObjection::Refused(CALLBACK));
    }
    let refused = REFUSED.iter().find(|refused| refused.name == name && refused.refuses(value))?;
    Some(PropertyObjection::Refused(*refused))
}

/// Every other property of librdkafka except its callbacks, whose names end in `_cb`: a user may set it.
pub const SETTABLE: &[&str] = &[
    "acks",
    "api.version.fallback.ms",
    "api.version.request",
    "api.version.request.timeout.ms",
    "batch.num.messages",
    "batch.size",
    "broker.address.family",
    "broker.address.ttl",
    "broker.version.fallback",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "coordinator.query.interval.ms",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.random.seed",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.instance.id",
    "heartbeat.interval.ms",
    "https.ca.location",
    "https.ca.pem",
    "internal.termination.signal",
    "isolation.level",
    "linger.ms",
    "log.connection.close",
    "log.thread.name",
    "log_level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "message.copy.max.bytes",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "partitioner",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queued.min.messages",
    "queuing.strategy",
    "receive.message.max.bytes",
    "reconnect.backoff.jitter.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.metadata.authentication.type",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.blocking.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.certificate.stores",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.providers",
    "ssl.sigalgs.list",
    "sticky.partitioning.linger.ms",
    "topic.blacklist",
    "topic.metadata.propagation.max.ms",
    "topic.metadata.refresh.fast.cnt",
    "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.interval.ms",
    "topic.metadata.refresh.sparse",
    "transaction.timeout.ms",
];
