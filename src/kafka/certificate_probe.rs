//! Which certificate was not taken, and why: librdkafka says of a broker's only that it could not be verified, so the broker is asked for it once more.
//!
//! Sends nothing but a handshake. Does not know Kafka's protocol.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use openssl::ssl::{HandshakeError, SslConnector, SslMethod};
use openssl::x509::{X509, X509VerifyResult};

use super::client_errors::is_alert_about_certificate;
use crate::config::{KafkaSettings, Secret};

/// The words by which librdkafka's text of a certificate that it did not take is known.
const NOT_VERIFIED: &str = "certificate verify failed";
/// How long the broker may take for each step.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A refusal in librdkafka's words; where a certificate was not taken, it says whose, and the reason for a broker's, if it can be found out.
pub(super) fn explained(refusal: String, settings: &KafkaSettings) -> String {
    if is_alert_about_certificate(&refusal) {
        return format!("the broker does not take this client's certificate, or asks for one: {refusal}");
    }
    if !refusal.contains(NOT_VERIFIED) {
        return refusal;
    }
    let Some((host, port)) = address_in(&refusal) else { return refusal };
    match reason(host, port, settings) {
        Some(reason) => format!("the certificate of `{host}:{port}` is not taken: {reason}"),
        None => refusal,
    }
}

/// The broker that a text such as `ssl://kafka-1:9093/bootstrap: SSL handshake failed` names.
fn address_in(refusal: &str) -> Option<(&str, u16)> {
    let (_, rest) = refusal.split_once("://")?;
    let (host, port) = rest.split('/').next()?.rsplit_once(':')?;
    Some((host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?))
}

/// Why the certificate of a broker is not taken; `None` if it cannot be found out.
fn reason(host: &str, port: u16, settings: &KafkaSettings) -> Option<String> {
    let stream = (host, port).to_socket_addrs().ok()?.find_map(|address| TcpStream::connect_timeout(&address, ANSWER_WITHIN).ok())?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    stream.set_write_timeout(Some(ANSWER_WITHIN)).ok()?;
    // The connector trusts what the system trusts, as librdkafka does where no authority is configured.
    let mut connector = SslConnector::builder(SslMethod::tls_client()).ok()?;
    let property = |name: &str| settings.properties.get(name).map(|Secret(text)| text.as_str());
    if let Some(path) = property("ssl.ca.location") {
        connector.set_ca_file(path).ok()?;
    }
    if let Some(text) = property("ssl.ca.pem") {
        let authorities = X509::stack_from_pem(text.as_bytes()).ok()?;
        authorities.into_iter().try_for_each(|authority| connector.cert_store_mut().add_cert(authority)).ok()?;
    }
    match connector.build().connect(host, stream) {
        Err(HandshakeError::Failure(failed)) => said(failed.ssl().verify_result(), host),
        Ok(_) | Err(_) => None,
    }
}

fn said(result: X509VerifyResult, host: &str) -> Option<String> {
    if result == X509VerifyResult::OK {
        return None;
    }
    let text = result.error_string();
    Some(match text {
        "hostname mismatch" | "IP address mismatch" => format!("it is not for `{host}` ({text})"),
        "unable to get local issuer certificate" | "self-signed certificate" | "self-signed certificate in certificate chain" => {
            format!("it is signed by an authority that is not trusted here ({text}); `ssl.ca.location` names the authorities")
        }
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broker_is_read_from_the_text() {
        for (text, address) in [
            ("sasl_ssl://kafka-1:9093/bootstrap: SSL handshake failed", Some(("kafka-1", 9093))),
            ("ssl://[::1]:9093/1: SSL handshake failed", Some(("::1", 9093))),
            ("SSL handshake failed", None),
            ("ssl://kafka-1/1", None),
        ] {
            assert_eq!(address_in(text), address, "{text}");
        }
    }
}
