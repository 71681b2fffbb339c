//! librdkafka's properties: what this product sets and why, and how a rejected one is reported without its value. Which ones a user may set is
//! `config`'s to say.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;
use rdkafka::{ClientConfig, ClientContext};

use super::Failure;
use crate::config::{KafkaSettings, OWNED, REFUSED, Secret};

/// Why a property may not be set by the user: it is owned by the product, or refused at this value. `None` where it may.
///
/// The configuration reports the same with place and hint; this is for settings that did not come from there.
fn refusal_of(key: &str, value: &str) -> Option<String> {
    if let Some((_, reason)) = OWNED.iter().find(|(owned, _)| *owned == key) {
        return Some(format!("set by cxpulse itself: {reason}"));
    }
    let refusal = REFUSED.iter().find(|refusal| refusal.name == key && refusal.refuses(value))?;
    Some(format!("refused: {}", refusal.reason))
}

/// What every client of this product has in common: brokers, the user's properties, and what protects the process.
///
/// # Errors
/// A property that is owned or refused, or plaintext to another machine without leave.
pub(super) fn common(settings: &KafkaSettings) -> Result<ClientConfig, Failure> {
    check_plaintext(settings, settings.bootstrap_servers.split(',').map(str::trim))?;
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Info);
    let ours = [
        ("client.id", "cxpulse"),
        // A broker that comes back is found within seconds: the default lets a client wait 10 s between tries.
        ("reconnect.backoff.max.ms", "5000"),
        // New partitions are seen within a minute; the default is five.
        ("topic.metadata.refresh.interval.ms", "60000"),
        // Bounds one response, and with it what a hostile zstd batch may unpack to.
        ("receive.message.max.bytes", "16777216"),
        // Bounds one fetch over all partitions; must stay below the line above.
        ("fetch.max.bytes", "8388608"),
    ];
    for (key, value) in ours {
        config.set(key, value);
    }
    for (key, Secret(value)) in &settings.properties {
        if let Some(problem) = refusal_of(key, value) {
            return Err(Failure::Property { key: key.clone(), problem });
        }
        config.set(key, value);
    }
    config.set("bootstrap.servers", &settings.bootstrap_servers);
    // A mistyped topic must be missed, not made.
    config.set("allow.auto.create.topics", "false");
    // On by default: the broker could ask for data about this client.
    config.set("enable.metrics.push", "false");
    Ok(config)
}

/// The configuration of the group's consumer: what the user set, over our defaults, under what we own.
///
/// # Errors
/// A property that is owned or refused, or plaintext to another machine without leave.
pub fn group_consumer(settings: &KafkaSettings) -> Result<ClientConfig, Failure> {
    let mut config = common(settings)?;
    let defaults = [
        // The default of one second makes a fast consumer idle up to a second after each fill of its queue.
        ("fetch.queue.backoff.ms", "20"),
        // At the head of the log an event waits at most this long at the broker for company.
        ("fetch.wait.max.ms", "100"),
        ("fetch.min.bytes", "16384"),
        // A loop that does not poll for a minute is stuck, and another member may take over.
        ("max.poll.interval.ms", "60000"),
        // Statistics cost up to half of the throughput; progress is followed without them.
        ("statistics.interval.ms", "0"),
    ];
    for (key, value) in defaults {
        if config.get(key).is_none() {
            config.set(key, value);
        }
    }
    // A dynamic member that dies is replaced within ten seconds. A static one keeps librdkafka's 45 s, so that a restart moves nothing.
    if config.get("group.instance.id").is_none() && config.get("session.timeout.ms").is_none() {
        config.set("session.timeout.ms", "10000");
    }
    let owned = [
        ("group.id", settings.group_id.as_str()),
        // The truth about offsets is the state they belong to.
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        // Every partition is assigned with an explicit offset; this only decides what happens when that offset is gone by retention: going on at
        // the first one that is left loses least, and the gap shows as lag that vanished without records.
        ("auto.offset.reset", "earliest"),
        // Says that everything has been read even where the last offsets hold no record (transaction markers, compaction), which no comparison
        // of offsets can. Positions are never taken from these events.
        ("enable.partition.eof", "true"),
        // Keeps partition i of all topics together; cooperative-sticky does not promise it.
        ("partition.assignment.strategy", "range"),
        // Off by default: a flipped bit would otherwise become another number.
        ("check.crcs", "true"),
    ];
    for (key, value) in owned {
        config.set(key, value);
    }
    // Queues are split, so that this limit counts for each topic partition, not for the consumer.
    config.set("queued.max.messages.kbytes", settings.queue_kbytes_per_partition.to_string());
    Ok(config)
}

/// Makes a client, and reports a rejected property by its name alone: rdkafka's own message holds the value.
///
/// # Errors
/// [`Failure::Property`] or [`Failure::Client`].
pub(super) fn create<C, T>(config: &ClientConfig, context: C, properties: &BTreeMap<String, Secret>) -> Result<T, Failure>
where
    C: ClientContext,
    T: FromClientConfigAndContext<C>,
{
    config.create_with_context(context).map_err(|error| {
        if let KafkaError::ClientConfig(code, _, key, _) = error {
            let is_unknown = code == RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
            let problem = if is_unknown { "not a property of librdkafka" } else { "given a value that librdkafka does not take" };
            Failure::Property { key, problem: problem.to_owned() }
        } else if let KafkaError::ClientCreation(text) = error {
            Failure::Client(redacted(&text, properties))
        } else {
            Failure::Client(redacted(&error.to_string(), properties))
        }
    })
}

/// A text of librdkafka without any configured value in it.
pub(super) fn redacted(text: &str, properties: &BTreeMap<String, Secret>) -> String {
    let mut text = text.to_owned();
    for Secret(value) in properties.values().filter(|secret| secret.0.len() >= 4) {
        if text.contains(value.as_str()) {
            text = text.replace(value.as_str(), "***");
        }
    }
    text
}

/// Refuses plaintext to a server that is not this machine, unless the configuration allows it.
///
/// # Errors
/// [`Failure::Plaintext`] naming the first such server.
pub(super) fn check_plaintext<'a>(settings: &KafkaSettings, servers: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    let protocol = settings.properties.get("security.protocol").map_or("plaintext", |secret| secret.0.as_str());
    if settings.allow_insecure || protocol.to_ascii_lowercase().ends_with("ssl") {
        return Ok(());
    }
    for server in servers.into_iter().filter(|server| !server.is_empty()) {
        if !is_loopback(server) {
            return Err(Failure::Plaintext { server: server.to_owned() });
        }
    }
    Ok(())
}

/// Whether `[protocol://]host[:port]` is this machine by its very spelling; names are not resolved, since an answer could change.
fn is_loopback(server: &str) -> bool {
    let server = server.rsplit_once("//").map_or(server, |(_, rest)| rest);
    let host = match server.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None if server.matches(':').count() > 1 => server,
        None => server.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(servers: &str, properties: &[(&str, &str)]) -> KafkaSettings {
        KafkaSettings {
            bootstrap_servers: servers.to_owned(),
            group_id: "g".to_owned(),
            properties: properties.iter().map(|(k, v)| ((*k).to_owned(), Secret((*v).to_owned()))).collect(),
            queue_kbytes_per_partition: 1024,
            allow_insecure: false,
        }
    }

    #[test]
    fn plaintext_is_for_this_machine_only() {
        for near in ["localhost:9092", "127.0.0.1:9092", "127.0.0.1:1,[::1]:2", "PLAINTEXT://localhost:9092", "::1"] {
            assert!(common(&settings(near, &[])).is_ok(), "{near}");
        }
        for far in ["kafka:9092", "10.0.0.1:9092", "localhost:1,kafka:9092", "localhost.example.com:1", "[2001:db8::1]:9092"] {
            assert!(matches!(common(&settings(far, &[])), Err(Failure::Plaintext { .. })), "{far}");
            assert!(matches!(common(&settings(far, &[("security.protocol", "SASL_PLAINTEXT")])), Err(Failure::Plaintext { .. })), "{far}");
            assert!(common(&settings(far, &[("security.protocol", "SASL_SSL")])).is_ok(), "{far}");
            assert!(common(&KafkaSettings { allow_insecure: true, ..settings(far, &[]) }).is_ok(), "{far}");
        }
    }

    #[test]
    fn owned_and_refused_properties_stop_the_start_without_showing_their_value() {
        for (key, value) in [("enable.auto.commit", "true"), ("plugin.library.paths", "s3cret"), ("debug", "broker, security")] {
            let Err(failure) = common(&settings("localhost:1", &[(key, value)])) else { panic!("{key} was taken") };
            assert_eq!(failure.exit_code(), 78);
            assert!(failure.to_string().contains(key));
            assert!(key == "debug" || !failure.to_string().contains(value), "{failure}");
        }
        assert!(common(&settings("localhost:1", &[("debug", "broker")])).is_ok());
        assert!(common(&settings("localhost:1", &[("enable.ssl.certificate.verification", "true")])).is_ok());
    }

    #[test]
    fn the_users_properties_win_over_defaults_and_lose_to_what_is_owned() {
        let config = group_consumer(&settings("localhost:1", &[("fetch.min.bytes", "1"), ("group.instance.id", "a")])).unwrap();
        assert_eq!(config.get("fetch.min.bytes"), Some("1"));
        assert_eq!(config.get("session.timeout.ms"), None, "a static member keeps the long session");
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
        assert_eq!(config.get("queued.max.messages.kbytes"), Some("1024"));
    }

    #[test]
    fn a_rejected_property_is_named_without_its_value() {
        let settings = settings("localhost:1", &[("sasl.mechanism", "SCRAM-SHA-512"), ("ssl.key.pem", "hunter2hunter2")]);
        let config = group_consumer(&settings).unwrap();
        let made: Result<rdkafka::consumer::BaseConsumer, _> =
            create(config.clone().set("fetch.wait.max.ms", "hunter2"), rdkafka::consumer::DefaultConsumerContext, &settings.properties);
        let Err(failure) = made else { panic!("taken") };
        assert!(failure.to_string().contains("fetch.wait.max.ms"), "{failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        assert_eq!(redacted("key hunter2hunter2 is bad", &settings.properties), "key *** is bad");
    }
}
