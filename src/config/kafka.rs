//! Section `[kafka]`: brokers, group, properties, and the refusals that keep the connection safe.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::KafkaSettings;
use super::layers::Place;
use super::nearest::nearest;
use super::problem::{Complaint, ProblemKind, complaint};
use super::properties::{OWNED, REFUSED, SETTABLE};
use super::secret::{Secret, read_secret};
use super::section::Section;
use super::value::{chosen, number_within, shown};

const PROTOCOLS: [(&str, bool); 4] = [("plaintext", false), ("sasl_plaintext", false), ("ssl", true), ("sasl_ssl", true)];

pub(super) fn resolve(mut section: Section<'_>, folder: &Path) -> KafkaSettings {
    let settings = KafkaSettings {
        bootstrap_servers: section.checked("bootstrap_servers", "localhost:9092".into(), |s: &String| servers(s)),
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

fn servers(list: &str) -> Result<(), Complaint> {
    for server in list.split(',').map(str::trim) {
        let (host, port) = host_and_port(server);
        let host_is_good = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@\"".contains(c));
        let port_is_good = port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p > 0) && !p.starts_with('+'));
        if !host_is_good || !port_is_good {
            let what = format!("`{}` is not a broker; allowed is `host:port`, several with commas between", shown(server));
            let hint = if server.contains("://") {
                "leave the protocol out; it is `kafka.properties.\"security.protocol\"`"
            } else {
                "write for instance `kafka-1:9092,kafka-2:9092`"
            };
            return Err(complaint(ProblemKind::BadServer, what, hint));
        }
    }
    Ok(())
}

/// The host without the brackets of an IPv6 address, and the port where there is one.
fn host_and_port(server: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|s| s.split_once(']')) {
        return (host, rest.strip_prefix(':').or(if rest.is_empty() { None } else { Some("") }));
    }
    server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)))
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

/// Checks one property; the value of none but the refused and the protocol stands in a message.
fn property(name: &str, value: &Secret) -> Result<(), Complaint> {
    if let Some((_, reason)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return Err(complaint(ProblemKind::PropertyOwned, "cxpulse sets this property itself", *reason));
    }
    if let Some(refusal) = REFUSED.iter().find(|r| r.name == name) {
        if !refusal.refuses(&value.0) {
            return Ok(());
        }
        let (what, hint) = match refusal.allowed {
            [] => (format!("refused: {}", refusal.reason), "remove it".into()),
            [allowed, ..] if name != "debug" => {
                (format!("`{}` is refused: {}", shown(&value.0), refusal.reason), format!("remove it, or use `{allowed}`"))
            }
            allowed => (format!("`{}` is refused: {}", shown(&value.0), refusal.reason), format!("name some of {}", allowed.join(", "))),
        };
        return Err(complaint(ProblemKind::PropertyRefused, what, hint));
    }
    if name.ends_with("_cb") {
        return Err(complaint(ProblemKind::PropertyRefused, "refused: it is code and not text", "remove it"));
    }
    if !SETTABLE.contains(&name) {
        let hint = nearest(name, SETTABLE).map_or_else(
            || "the names are those of librdkafka's CONFIGURATION.md; Java's, such as `sasl.jaas.config`, are not known".into(),
            |k| format!("did you mean `{k}`?"),
        );
        return Err(complaint(ProblemKind::PropertyUnknown, "librdkafka has no such property", hint));
    }
    if name == "security.protocol" {
        return chosen(&value.0.to_ascii_lowercase(), &PROTOCOLS).map(drop);
    }
    if value.0.contains('\0') {
        return Err(complaint(ProblemKind::BadName, "the value holds a NUL character", "remove it"));
    }
    Ok(())
}

/// What holds between keys: no plaintext over a network unless allowed, no SASL without a mechanism.
fn security(settings: &KafkaSettings, servers: &Place, section: &Section<'_>) {
    let protocol = settings.properties.get("security.protocol").map_or_else(|| "plaintext".to_owned(), |p| p.0.to_ascii_lowercase());
    let encrypted = PROTOCOLS.iter().any(|(name, encrypted)| *name == protocol && *encrypted);
    let distant = settings.bootstrap_servers.split(',').map(str::trim).find(|s| !is_on_this_machine(host_and_port(s).0));
    if let Some(server) = distant
        && !encrypted
        && !settings.allow_insecure
    {
        let what = format!("`{}` is not on this machine, and `{protocol}` sends everything in clear", shown(server));
        let hint = "set `kafka.properties.\"security.protocol\"` to `ssl` or `sasl_ssl`, or `kafka.allow_insecure = true` in a network that you trust";
        section.report.add(servers, complaint(ProblemKind::InsecureBrokers, what, hint));
    }
    let has_mechanism = ["sasl.mechanism", "sasl.mechanisms"].iter().any(|m| settings.properties.contains_key(*m));
    if protocol.starts_with("sasl") && !has_mechanism {
        let place = Place::new(&section.place().origin, "kafka.properties");
        let what = format!("`{protocol}` needs `sasl.mechanism`; built in are `PLAIN`, `SCRAM-SHA-256` and `SCRAM-SHA-512`");
        section.report.add(
            &place,
            complaint(ProblemKind::SaslMechanismMissing, what, "add `\"sasl.mechanism\" = \"SCRAM-SHA-512\"`, or what your cluster uses"),
        );
    }
}

fn is_on_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_hosts_with_ports() {
        for good in ["localhost", "kafka:9092", "a:1,b:2", "[::1]:9092", "10.0.0.1:65535", "a:1, b:2"] {
            assert!(servers(good).is_ok(), "{good}");
        }
        for bad in ["", "a:1,", ":9092", "a:0", "a:65536", "a:b", "ssl://a:9092", "a b:1", "[::1]9092", "[::1"] {
            assert!(servers(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_recognised_by_name_and_address() {
        for (host, here) in [
            ("localhost", true),
            ("LOCALHOST", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("kafka", false),
            ("10.0.0.1", false),
            ("localhost.example", false),
        ] {
            assert_eq!(is_on_this_machine(host), here, "{host}");
        }
    }

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
