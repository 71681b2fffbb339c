//! `[kafka]`: brokers, group and librdkafka properties, each checked before a client is made.
//!
//! Opens no connection. The table of properties is in `kafka_properties.rs`, the rule on plaintext in `kafka_security.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::duration::within;
use super::kafka_properties::{PropertyObjection, REFUSED, RefusedProperty, SETTABLE, objection};
use super::kafka_security::{PROTOCOLS, SECURITY_PROTOCOL, broker_list, check_servers, first_exposed_server, protocol_of};
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::secret::{Secret, read_secret};
use super::section::Section;
use super::spelling_hints::nearest;
use super::value::{chosen, length_within, number_within, shown};
use super::{KafkaSettings, TokenSettings, TokenSource, Undecodable};
use crate::time::Span;

pub(super) fn resolve(mut section: Section<'_>, folder: &Path) -> KafkaSettings {
    let settings = KafkaSettings {
        bootstrap_servers: section.checked("bootstrap_servers", "localhost:9092".into(), |s: &String| check_servers(s)),
        group_id: section.checked("group_id", "cxpulse".into(), |s: &String| group_id(s)),
        queue_kbytes_per_partition: u32::try_from(section.checked("queue_kbytes_per_partition", 2_048, number_within(64, 2_097_151)))
            .unwrap_or(2_048),
        undecodable: section.choice("undecodable", [("skip", Undecodable::Skip), ("pause", Undecodable::Pause)]),
        allow_insecure: section.or("allow_insecure", false),
        token: token(&mut section, folder),
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

/// Where tokens come from: a file or a command, not both.
fn token(section: &mut Section<'_>, folder: &Path) -> Option<TokenSettings> {
    let file = Some(section.or("token_file", String::new())).filter(|file| !file.is_empty());
    let command = section.checked("token_command", Vec::new(), |words: &Vec<String>| length_within(words, 0, 64));
    let within = section.checked("token_command_within", Span::seconds(5), within(Span::seconds(1), Span::seconds(20)));
    if file.is_some() && !command.is_empty() {
        let what = "`token_file` and `token_command` both give the token";
        section.complain("token_command", complaint(ProblemKind::TokenSource, what, "remove one of the two"));
    }
    let source = match file {
        Some(file) => TokenSource::File(folder.join(file)),
        None if command.is_empty() => return None,
        None => TokenSource::Command(command),
    };
    Some(TokenSettings { source, command_within: Duration::from_millis(within.0.unsigned_abs()) })
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
    let mechanism = ["sasl.mechanism", "sasl.mechanisms"].iter().find_map(|name| settings.properties.get(*name));
    let has_mechanism = mechanism.is_some();
    let needs_token = mechanism.is_some_and(|mechanism| mechanism.0.eq_ignore_ascii_case("OAUTHBEARER"));
    if needs_token != settings.token.is_some() {
        let (what, hint) = if needs_token {
            (
                "`OAUTHBEARER` needs a token",
                "set `kafka.token_file` to the file that a sidecar writes, or `kafka.token_command` to a command that prints it",
            )
        } else {
            ("a token is for `OAUTHBEARER` only", "set `\"sasl.mechanism\" = \"OAUTHBEARER\"`, or remove the source of the token")
        };
        let place = KeyPlace::new(&section.place().origin, if needs_token { "kafka.properties" } else { "kafka" });
        section.report.add(&place, complaint(ProblemKind::TokenSource, what, hint));
    }
    if protocol.starts_with("sasl") && !has_mechanism {
        let place = KeyPlace::new(&section.place().origin, "kafka.properties");
        let what = format!("`{protocol}` needs `sasl.mechanism`; built in are `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` and `OAUTHBEARER`");
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
