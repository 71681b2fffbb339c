//! `[kafka]`: brokers, group and librdkafka properties, each checked before a client is made.
//!
//! Opens no connection. The table of properties is in `kafka_properties.rs`, the rule on plaintext in `kafka_security.rs`.

use std::collections::BTreeMap;
use std::path::Path;

use super::KafkaSettings;
use super::kafka_properties::{PropertyObjection, REFUSED, RefusedProperty, SETTABLE, objection};
use super::kafka_security::{PROTOCOLS, SECURITY_PROTOCOL, broker_list, check_servers, first_exposed_server, protocol_of};
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::secret::{Secret, read_secret};
use super::section::Section;
use super::spelling_hints::nearest;
use super::value::{chosen, number_within, shown};

pub(super) fn resolve(mut section: Section<'_>, folder: &Path) -> KafkaSettings {
    let settings = KafkaSettings {
        bootstrap_servers: section.checked("bootstrap_servers", "localhost:9092".into(), |s: &String| check_servers(s)),
        group_id: section.checked("group_id", "cxpulse".into(), |s: &String| group_id(s)),
        queue_kbytes_per_partition: u32::try_from(section.checked("queue_kbytes_per_partition", 2_048, number_within(64, 2_097_151)))
            .unwrap_or(2_048),
        allow_insecure: section.or("allow_insecure", false),
        properties: properties(section.section("properties"), folder),
    };
    security(&settings, &section.place_of("bootstrap_servers"), &section);
    section.finish();
    settings
}

fn group_id(id: &str) -> Result<(), Complaint> {
    if (1..=255).contains(&id.len()) && !id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Ok(());
    }
    let what = format!("`{}` cannot be a group; allowed are 1 to 255 bytes without white space", shown(id));
    Err(complaint(ProblemKind::BadName, what, "name the group for instance `cxpulse`"))
}

fn properties(mut section: Section<'_>, folder: &Path) -> BTreeMap<String, Secret> {
    let report = section.report;
    let mut properties = BTreeMap::new();
    for (name, place, node) in section.take_entries() {
        let Some(value) = read_secret(node, &place, folder, report) else { continue };
        match property(&name, &value) {
            Ok(()) => {
                properties.insert(name, value);
            }
            Err(complaint) => report.add(&place, complaint),
        }
    }
    section.finish();
    properties
}

/// Checks one property. A message shows the value of a refused property and of the protocol, and of no other.
fn property(name: &str, value: &Secret) -> Result<(), Complaint> {
    match objection(name, &value.0) {
        Some(PropertyObjection::Owned(owned)) => {
            return Err(complaint(ProblemKind::PropertyOwned, "cxpulse sets this property itself", owned.reason));
        }
        Some(PropertyObjection::Refused(refused)) => return Err(refusal(&refused, &value.0)),
        None => {}
    }
    if REFUSED.iter().any(|refused| refused.name == name) {
        return Ok(());
    }
    if !SETTABLE.contains(&name) {
        let hint = nearest(name, SETTABLE).map_or_else(
            || "the names are those of librdkafka's CONFIGURATION.md; Java's, such as `sasl.jaas.config`, are not known".into(),
            |k| format!("did you mean `{k}`?"),
        );
        return Err(complaint(ProblemKind::PropertyUnknown, "librdkafka has no such property", hint));
    }
    if name == SECURITY_PROTOCOL {
        return chosen(&value.0.to_ascii_lowercase(), &PROTOCOLS).map(drop);
    }
    if value.0.contains('\0') {
        return Err(complaint(ProblemKind::BadName, "the value holds a NUL character", "remove it"));
    }
    Ok(())
}

fn refusal(refused: &RefusedProperty, value: &str) -> Complaint {
    let value_is_refused = || format!("`{}` is refused: {}", shown(value), refused.reason);
    let (what, hint) = match refused.allowed {
        [] => (format!("refused: {}", refused.reason), "remove it".into()),
        [allowed, ..] if refused.name != "debug" => (value_is_refused(), format!("remove it, or use `{allowed}`")),
        allowed => (value_is_refused(), format!("name some of {}", allowed.join(", "))),
    };
    complaint(ProblemKind::PropertyRefused, what, hint)
}

/// Checks the rules that hold between keys: no plaintext to another machine unless it is allowed, and no SASL without a mechanism.
fn security(settings: &KafkaSettings, servers: &KeyPlace, section: &Section<'_>) {
    let protocol = protocol_of(settings);
    if let Some(server) = first_exposed_server(settings, broker_list(&settings.bootstrap_servers)) {
        let what = format!("`{}` is not on this machine, and `{protocol}` sends everything in clear", shown(server));
        let hint = "set `kafka.properties.\"security.protocol\"` to `ssl` or `sasl_ssl`, or `kafka.allow_insecure = true` in a network that you trust";
        section.report.add(servers, complaint(ProblemKind::InsecureBrokers, what, hint));
    }
    let has_mechanism = ["sasl.mechanism", "sasl.mechanisms"].iter().any(|m| settings.properties.contains_key(*m));
    if protocol.starts_with("sasl") && !has_mechanism {
        let place = KeyPlace::new(&section.place().origin, "kafka.properties");
        let what = format!("`{protocol}` needs `sasl.mechanism`; built in are `PLAIN`, `SCRAM-SHA-256` and `SCRAM-SHA-512`");
        section.report.add(
            &place,
            complaint(ProblemKind::SaslMechanismMissing, what, "add `\"sasl.mechanism\" = \"SCRAM-SHA-512\"`, or what your cluster uses"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_that_librdkafka_reads_passes_a_refusal() {
        let refused = |name: &str, value: &str| property(name, &Secret(value.into())).is_err();
        for value in ["none", "NONE", " none", "0", "", "https,none"] {
            assert!(refused("ssl.endpoint.identification.algorithm", value), "{value}");
        }
        for value in ["security", "all", "ALL", "+security", " security", "broker,security", "0xffff", "generic, all", ""] {
            assert!(refused("debug", value), "{value}");
        }
        for value in ["false", "F", "0", "no", ""] {
            assert!(refused("enable.ssl.certificate.verification", value), "{value}");
        }
        assert!(!refused("debug", "broker, cgrp"));
        assert!(!refused("enable.ssl.certificate.verification", "TRUE"));
        assert!(!refused("ssl.endpoint.identification.algorithm", "https"));
        assert!(!refused("enable.sasl.oauthbearer.unsecure.jwt", "false"));
    }
}
