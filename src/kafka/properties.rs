//! The librdkafka configuration of each client that this product makes, and the report of a rejected property without its value.
//!
//! Does not know which properties a user may set, nor which servers may be reached in clear: `config` decides both.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, DefaultConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;
use rdkafka::{ClientConfig, ClientContext};

use super::Failure;
use crate::config::{KafkaSettings, OWNED, OwnedValue, PropertyObjection, Secret, broker_list, first_exposed_server, objection};

/// The session's time-out of a static member: librdkafka's own.
const STATIC_SESSION_TIMEOUT: Duration = Duration::from_secs(45);

/// The configuration that every client of this product has in common: the brokers, the user's properties, and the limits that protect the
/// process.
///
/// # Errors
/// [`Failure::Property`] for a property that is owned or refused, [`Failure::Plaintext`] where plaintext to another machine is not allowed.
pub(super) fn common(settings: &KafkaSettings) -> Result<ClientConfig, Failure> {
    check_plaintext(settings, broker_list(&settings.bootstrap_servers))?;
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Info);
    let ours = [
        ("client.id", "cxpulse"),
        // A broker that comes back is found within seconds: the default lets a client wait 10 s between tries.
        ("reconnect.backoff.max.ms", "5000"),
        // New partitions are seen and joined within a minute; the default is five.
        ("topic.metadata.refresh.interval.ms", "30000"),
        // Bounds one response, and so the size to which a hostile zstd batch may unpack.
        ("receive.message.max.bytes", "16777216"),
        // Bounds one fetch over all partitions; must stay below the value above.
        ("fetch.max.bytes", "8388608"),
    ];
    for (key, value) in ours {
        config.set(key, value);
    }
    for (key, Secret(value)) in &settings.properties {
        // The configuration has reported the same with place and hint; this stops settings that did not come from there.
        if let Some(objection) = objection(key, value) {
            let problem = match objection {
                PropertyObjection::Owned(owned) => format!("set by cxpulse itself: {}", owned.reason),
                PropertyObjection::Refused(refused) => format!("refused: {}", refused.reason),
            };
            return Err(Failure::Property { key: key.clone(), problem });
        }
        config.set(key, value);
    }
    config.set("bootstrap.servers", &settings.bootstrap_servers);
    for owned in OWNED {
        if let OwnedValue::EveryClient(value) = owned.value {
            config.set(owned.name, value);
        }
    }
    Ok(config)
}

/// The configuration of the group's consumer. The user's properties replace the product's defaults, and the properties that the product
/// owns replace both.
///
/// # Errors
/// [`Failure::Property`] for a property that is owned or refused, [`Failure::Plaintext`] where plaintext to another machine is not allowed.
pub fn group_consumer(settings: &KafkaSettings) -> Result<ClientConfig, Failure> {
    let mut config = common(settings)?;
    let defaults = [
        // The default of one second makes a fast consumer idle up to a second after each fill of its queue.
        ("fetch.queue.backoff.ms", "20"),
        // At the end of the log the broker holds an event back at most this long to send it together with others.
        ("fetch.wait.max.ms", "100"),
        ("fetch.min.bytes", "16384"),
        // A loop that does not poll for a minute is stuck, and another member may take its partitions.
        ("max.poll.interval.ms", "60000"),
    ];
    set_where_absent(&mut config, &defaults);
    // A dynamic member that dies is replaced within ten seconds. A static member keeps librdkafka's 45 s, so that its restart moves no
    // partition.
    if config.get("group.instance.id").is_none() && config.get("session.timeout.ms").is_none() {
        config.set("session.timeout.ms", "10000");
    }
    for owned in OWNED {
        if let OwnedValue::GroupConsumer(value) = owned.value {
            config.set(owned.name, value);
        }
    }
    config.set("group.id", &settings.group_id);
    config.set("queued.max.messages.kbytes", settings.queue_kbytes_per_partition.to_string());
    Ok(config)
}

/// How long the group waits for a sign of life of a member before it gives the member's partitions to others: 10 s, 45 s for a static member, or as the
/// properties say.
#[must_use]
pub fn session_timeout(settings: &KafkaSettings) -> Duration {
    let config = group_consumer(settings).ok();
    let configured = config.as_ref().and_then(|config| config.get("session.timeout.ms")?.parse().ok());
    configured.map_or(STATIC_SESSION_TIMEOUT, Duration::from_millis)
}

/// The configuration of each producer of a stage; the user's properties replace the defaults.
///
/// # Errors
/// [`Failure::Property`] for a property that is owned or refused, [`Failure::Plaintext`] where plaintext to another machine is not allowed.
pub(super) fn stage_producer(settings: &KafkaSettings) -> Result<ClientConfig, Failure> {
    let mut config = common(settings)?;
    // Only consumers have this property.
    config.remove("allow.auto.create.topics");
    set_where_absent(&mut config, &[("partitioner", "murmur2_random"), ("compression.type", "zstd"), ("linger.ms", "5")]);
    config.set("enable.idempotence", "true");
    Ok(config)
}

/// Sets the properties that have no value yet.
pub(super) fn set_where_absent(config: &mut ClientConfig, defaults: &[(&str, &str)]) {
    for (key, value) in defaults {
        if config.get(key).is_none() {
            config.set(*key, *value);
        }
    }
}

/// Asks librdkafka whether it takes the configuration of the group's consumer, with every file that the properties name. Opens no connection.
///
/// # Errors
/// Those with which the service would end at its start.
pub fn check_client(settings: &KafkaSettings) -> Result<(), Failure> {
    let mut config = group_consumer(settings)?;
    // Without servers the client has nothing to connect to.
    config.remove("bootstrap.servers");
    let client: BaseConsumer = create(&config, DefaultConsumerContext, &settings.properties)?;
    drop(client);
    Ok(())
}

/// Makes a client. Reports a rejected property by its name alone, because rdkafka's own message holds the value.
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

/// Properties whose values are words of librdkafka's and no secrets.
const WORDS: [&str; 3] = ["security.protocol", "sasl.mechanism", "sasl.mechanisms"];

/// A text of librdkafka in which every configured value of four bytes or more is replaced by `***`, except for its own [`WORDS`].
pub(super) fn redacted(text: &str, properties: &BTreeMap<String, Secret>) -> String {
    let mut text = text.to_owned();
    let secrets = properties.iter().filter(|(name, _)| !WORDS.contains(&name.as_str())).map(|(_, secret)| secret);
    for Secret(value) in secrets.filter(|secret| secret.0.len() >= 4) {
        if text.contains(value.as_str()) {
            text = text.replace(value.as_str(), "***");
        }
    }
    text
}

/// Refuses plaintext to servers on other machines, by the rule of [`first_exposed_server`].
///
/// # Errors
/// [`Failure::Plaintext`] naming the first such server.
pub(super) fn check_plaintext<'a>(settings: &KafkaSettings, servers: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    match first_exposed_server(settings, servers) {
        Some(server) => Err(Failure::Plaintext { server: server.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Undecodable;

    fn settings(servers: &str, properties: &[(&str, &str)]) -> KafkaSettings {
        KafkaSettings {
            bootstrap_servers: servers.to_owned(),
            group_id: "g".to_owned(),
            properties: properties.iter().map(|(k, v)| ((*k).to_owned(), Secret((*v).to_owned()))).collect(),
            queue_kbytes_per_partition: 1024,
            undecodable: Undecodable::Skip,
            allow_insecure: false,
            token: None,
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
    fn the_producers_of_a_stage_take_the_users_values_and_neither_repeat_nor_reorder() {
        let config = stage_producer(&settings("localhost:1", &[("linger.ms", "50")])).unwrap();
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("partitioner"), Some("murmur2_random"));
        assert_eq!(config.get("enable.idempotence"), Some("true"));
        assert_eq!(config.get("allow.auto.create.topics"), None);
    }

    #[test]
    fn every_owned_property_has_the_value_of_the_table() {
        let config = group_consumer(&settings("localhost:1", &[])).unwrap();
        for owned in OWNED {
            match owned.value {
                OwnedValue::EveryClient(value) | OwnedValue::GroupConsumer(value) => assert_eq!(config.get(owned.name), Some(value)),
                OwnedValue::FromKey => assert!(config.get(owned.name).is_some(), "{}", owned.name),
                OwnedValue::Default => assert_eq!(config.get(owned.name), None, "{}", owned.name),
            }
        }
    }

    #[test]
    fn a_rejected_property_is_named_without_its_value() {
        let settings = settings("localhost:1", &[("sasl.mechanism", "SCRAM-SHA-512"), ("ssl.key.pem", "hunter2hunter2")]);
        let config = group_consumer(&settings).unwrap();
        let made: Result<BaseConsumer, _> =
            create(config.clone().set("fetch.wait.max.ms", "hunter2"), DefaultConsumerContext, &settings.properties);
        let Err(failure) = made else { panic!("taken") };
        assert!(failure.to_string().contains("fetch.wait.max.ms"), "{failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        assert_eq!(redacted("key hunter2hunter2 is bad", &settings.properties), "key *** is bad");
    }
}
