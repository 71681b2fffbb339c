//! The addresses of brokers, and the one rule that keeps records and passwords from another machine in clear.
//!
//! Resolves no name: the answer of a name server could change after the check.

use std::net::IpAddr;

use super::KafkaSettings;
use super::problem::{Complaint, ProblemKind, complaint};
use super::value::shown;

/// The property that chooses one of the [`PROTOCOLS`].
pub(super) const SECURITY_PROTOCOL: &str = "security.protocol";

/// librdkafka's protocols, and whether each one encrypts.
pub(super) const PROTOCOLS: [(&str, bool); 4] = [("plaintext", false), ("sasl_plaintext", false), ("ssl", true), ("sasl_ssl", true)];

/// The first server on another machine to which the settings would send records and passwords in clear, as it is written; `None` where
/// there is no such server, or where `allow_insecure` permits it.
///
/// The only implementation of this rule. The configuration asks it of the bootstrap servers, and `kafka` asks it again of the brokers that
/// the cluster names. In doubt a server is on another machine.
#[must_use]
pub fn first_exposed_server<'s>(settings: &KafkaSettings, servers: impl IntoIterator<Item = &'s str>) -> Option<&'s str> {
    let protocol = protocol_of(settings);
    let is_encrypted = PROTOCOLS.iter().any(|(name, is_encrypted)| *name == protocol && *is_encrypted);
    if is_encrypted || settings.allow_insecure {
        return None;
    }
    servers.into_iter().find(|server| !is_on_this_machine(server))
}

/// The servers of a list with commas between.
pub fn broker_list(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// The configured protocol in lower case; librdkafka's default where none is configured.
pub(super) fn protocol_of(settings: &KafkaSettings) -> String {
    settings.properties.get(SECURITY_PROTOCOL).map_or_else(|| "plaintext".to_owned(), |protocol| protocol.0.to_ascii_lowercase())
}

/// Checks that every entry of a list is `host` or `host:port`.
pub(super) fn check_servers(list: &str) -> Result<(), Complaint> {
    for server in broker_list(list) {
        let (host, port) = host_and_port(server);
        let host_is_good = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@\"".contains(c));
        let port_is_good = port.is_none_or(is_port);
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

/// Splits `host:port`: the host without the brackets of an IPv6 address, and the port where there is one.
fn host_and_port(server: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|s| s.split_once(']')) {
        return (host, rest.strip_prefix(':').or(if rest.is_empty() { None } else { Some("") }));
    }
    server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether `[protocol://]host[:port]` is this machine by its spelling.
fn is_on_this_machine(server: &str) -> bool {
    let address = match server.split_once("://") {
        Some((protocol, address)) if PROTOCOLS.iter().any(|(name, _)| protocol.eq_ignore_ascii_case(name)) => address,
        _ => server,
    };
    let host = match host_and_port(address) {
        (host, port) if port.is_none_or(is_port) => host,
        // An IPv6 address without brackets and port, or a spelling that is no address of this machine.
        _ => address,
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_hosts_with_ports() {
        for good in ["localhost", "kafka:9092", "a:1,b:2", "[::1]:9092", "10.0.0.1:65535", "a:1, b:2"] {
            assert!(check_servers(good).is_ok(), "{good}");
        }
        for bad in ["", "a:1,", ":9092", "a:0", "a:65536", "a:b", "ssl://a:9092", "a b:1", "[::1]9092", "[::1"] {
            assert!(check_servers(bad).is_err(), "{bad}");
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
    fn an_address_that_two_parsers_could_read_apart_is_on_another_machine() {
        for spelling in [
            "",
            ":9092",
            "localhost:",
            "localhost:a",
            "localhost:9092:9092",
            "localhost:9092/x",
            "localhost/x",
            "localhost.",
            "user@localhost:9092",
            "kafka://localhost:9092",
            "kafka.example.com//localhost:9092",
            "kafka.example.com://localhost:9092",
            "plaintext://kafka.example.com://localhost:9092",
            "plaintext://kafka.example.com//localhost",
            "[::1",
            "[::1]kafka.example.com:9092",
            "[::1]:x",
            "::1:9092",
            "127.1",
            "::ffff:10.0.0.1",
            "localhost kafka:9092",
        ] {
            assert!(!is_on_this_machine(spelling), "{spelling}");
        }
    }
}
