//! The server of webhooks: TLS and passwords by the web configuration file, and the names by which it may be asked. Needs no broker.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::process::{Stage, response};

const FEEDS: &str = "[[feeds]]\nname = \"freshdesk\"\npath = \"/freshdesk\"\ntoken = \"token\"\n[[feeds]]\nname = \"open\"\nprogram = \"asterisk\"\npath = \"/open\"\n";

/// A stage whose broker is a port on which nobody listens.
fn stage(web: &str) -> Stage {
    let [port] = crate::support::ports::free_ports();
    Stage::with_web(&format!("127.0.0.1:{port}"), "web", FEEDS, web)
}

fn status_of(stage: &Stage, head: &str) -> Option<u16> {
    response(stage.send_part(&format!("{head}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"))).map(|answer| answer.0)
}

#[test]
fn names_that_others_can_own_and_pages_are_refused_where_nothing_proves_the_sender() {
    let mut stage = stage("hosts = [\"feeds.example.com\"]\n");
    stage.start();
    stage.wait_until_ready();
    let get = |host: &str| status_of(&stage, &format!("GET /metrics HTTP/1.1\r\nHost: {host}"));
    assert_eq!((get("localhost"), get("feeds.example.com"), get("evil.example")), (Some(200), Some(200), Some(421)));
    let open = |lines: &str| status_of(&stage, &format!("POST /open HTTP/1.1\r\n{lines}"));
    assert_eq!(open("Host: localhost"), Some(200));
    assert_eq!(open("Host: evil.example"), Some(421));
    assert_eq!(open("Host: localhost\r\nOrigin: http://evil.example"), Some(403));
    // A vendor calls the service by whatever name its user gave, and proves itself.
    let proven =
        |token: &str| status_of(&stage, &format!("POST /freshdesk HTTP/1.1\r\nHost: any.example\r\nAuthorization: Bearer {token}"));
    assert_eq!((proven("token"), proven("other")), (Some(200), Some(401)));
}

#[test]
fn webhooks_and_metrics_come_over_tls_and_metrics_by_password() {
    let mut stage = stage("config_file = \"web.yml\"\n");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name").self_signed(&key).expect("a certificate");
    // The hash of `pass`, with the least rounds.
    let users = "basic_auth_users: { user: \"$2b$04$abcdefghijklmnopqrstuufznL8bkzdtHwLhca4To/v9Lo9bA7fR6\" }\n";
    stage.write("web.yml", &format!("tls_server_config: {{ cert_file: server.pem, key_file: server.key }}\n{users}"));
    stage.write("server.pem", &certificate.pem());
    stage.write("server.key", &key.serialize_pem());
    stage.start();
    stage.wait_until("it listens", Duration::from_secs(20), |stage| stage.log().contains("listening on https://"));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.pem().as_bytes()).expect("a certificate")).expect("a root");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = Arc::new(builder.expect("the versions of ring").with_root_certificates(roots).with_no_client_auth());
    let status = |head: &str| {
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::clone(&config), name).expect("a client");
        let mut stream = StreamOwned::new(connection, stage.send_part(""));
        stream
            .write_all(format!("{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes())
            .expect("a handshake");
        let mut bytes = Vec::new();
        // The end of a connection may come without the closing message of TLS.
        let _end = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).split(' ').nth(1).and_then(|status| status.parse::<u16>().ok())
    };
    assert_eq!(status("GET /metrics HTTP/1.1"), Some(401));
    assert_eq!(status("GET /metrics HTTP/1.1\r\nAuthorization: Basic dXNlcjpub3RpdA=="), Some(401));
    assert_eq!(status("GET /metrics HTTP/1.1\r\nAuthorization: Basic dXNlcjpwYXNz"), Some(200));
    assert_eq!(status("POST /freshdesk HTTP/1.1\r\nAuthorization: Bearer token"), Some(200));
    assert_eq!(status("POST /freshdesk HTTP/1.1\r\nAuthorization: Bearer other"), Some(401));
    let plain = stage.send_part("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(response(plain), None, "nothing is answered in clear");
}

#[test]
fn settings_that_the_stage_does_not_have_are_refused() {
    for key in ["page = false", "enable_lifecycle = true"] {
        let mut stage = stage(&format!("{key}\n"));
        stage.start();
        assert_eq!(stage.exit_code(), Some(78), "{key}: {}", stage.log());
        assert!(stage.log().contains("hint: remove it"), "{}", stage.log());
    }
}
