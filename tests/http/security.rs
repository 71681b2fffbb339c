//! TLS, client certificates, passwords and headers by the web configuration file, and their rotation without a restart.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cxpulse::http::{Access, Lifecycle};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Answer, Server};

/// An authority that signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes a certificate for `localhost` and its key, as `name.pem` and `name.key`.
    fn write(&self, folder: &Path, name: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A folder with a web configuration of this text.
fn web_file(text: &str) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn start(path: &Path) -> Server {
    Server::with(|configuration| configuration.web.config_file = Some(path.to_owned()))
}

/// The answer to a request over TLS, and the certificate that the server showed.
fn get(server: &Server, authority: &Authority, client: Option<(&Path, &str)>) -> std::io::Result<(Answer, CertificateDer<'static>)> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some((folder, name)) => {
            let certificate = CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap();
            let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, server.connect());
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && !bytes.is_empty() => {}
        Err(error) => return Err(error),
    }
    let shown = stream.conn.peer_certificates().unwrap()[0].clone().into_owned();
    Ok((Answer::of(&bytes), shown))
}

#[test]
fn a_certificate_encrypts_and_its_successor_is_shown_without_a_restart() {
    let (folder, path) = web_file("tls_server_config: { cert_file: server.pem, key_file: server.key }\n");
    let authority = Authority::new();
    authority.write(folder.path(), "server");
    let server = start(&path);
    let (answer, first) = get(&server, &authority, None).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("cx_made_up 17\n"));
    assert!(get(&server, &Authority::new(), None).is_err(), "the client trusts another authority");
    let mut plain = server.connect();
    plain.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    drop(plain.read_to_end(&mut bytes));
    assert!(!bytes.starts_with(b"HTTP/"), "nothing is answered in clear");

    std::fs::write(folder.path().join("server.pem"), "rubbish").unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(get(&server, &authority, None).unwrap().1, first, "a bad file leaves the one before in force");
    authority.write(folder.path(), "server");
    let begun = Instant::now();
    while get(&server, &authority, None).unwrap().1 == first {
        assert!(begun.elapsed() < Duration::from_secs(10), "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn clients_without_a_certificate_of_the_authority_are_refused() {
    let (folder, path) = web_file(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  \
         client_ca_file: clients.pem\n",
    );
    let (authority, other) = (Authority::new(), Authority::new());
    authority.write(folder.path(), "server");
    authority.write(folder.path(), "client");
    other.write(folder.path(), "stranger");
    std::fs::write(folder.path().join("clients.pem"), authority.pem()).unwrap();
    let server = start(&path);
    assert_eq!(get(&server, &authority, Some((folder.path(), "client"))).unwrap().0.status, 200);
    assert!(get(&server, &authority, None).is_err());
    assert!(get(&server, &authority, Some((folder.path(), "stranger"))).is_err());
}

fn ask(server: &Server, path: &str, credentials: Option<&str>) -> Answer {
    let authorization = credentials.map_or_else(String::new, |text| format!("Authorization: Basic {text}\r\n"));
    server.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Connection: close\r\n\r\n"))
}

#[test]
fn a_password_is_asked_for_everywhere_but_on_excluded_paths() {
    // The cost is small, so that a debug build compares it quickly.
    let hash = bcrypt::hash("open sesame", 5).unwrap();
    let (_folder, path) = web_file(&format!("basic_auth_users:\n  ali: {hash}\nauth_excluded_paths: [/-/healthy]\n"));
    let server = start(&path);
    let refused = ask(&server, "/metrics", None);
    assert_eq!((refused.status, refused.header("www-authenticate").is_some()), (401, true));
    assert!(!refused.text().contains("cx_"));
    // ali:open sesame, ali:open, bob:open sesame
    let statuses =
        ["YWxpOm9wZW4gc2VzYW1l", "YWxpOm9wZW4=", "Ym9iOm9wZW4gc2VzYW1l", "rubbish"].map(|text| ask(&server, "/metrics", Some(text)).status);
    assert_eq!(statuses, [200, 401, 401, 401]);
    assert_eq!([ask(&server, "/nowhere", None).status, ask(&server, "/", None).status, ask(&server, "/-/ready", None).status], [401; 3]);
    assert_eq!(ask(&server, "/-/healthy", None).status, 200);
    let begun = Instant::now();
    (0..50).for_each(|_| assert_eq!(ask(&server, "/-/ready", Some("YWxpOm9wZW4gc2VzYW1l")).status, 200));
    assert!(begun.elapsed() < Duration::from_secs(5), "a right password is compared once");
}

#[test]
fn headers_can_be_added_and_replaced() {
    let (_folder, path) =
        web_file("http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n    X-Frame-Options: SAMEORIGIN\n");
    let answer = start(&path).get("/metrics");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=60"));
    assert_eq!(answer.head.to_ascii_lowercase().matches("x-frame-options").count(), 1);
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
}

#[test]
fn a_web_configuration_that_cannot_be_used_is_named_without_its_secrets() {
    let cases = [
        ("basic_auth_users: { ali: canary7 }", "`ali`"),
        ("basic_auth_users: [canary7", "in YAML"),
        ("basic_auth_user: { ali: canary7 }", "basic_auth_users"),
        ("tls_server_config: { cert_file: canary7.pem }", "cannot be read"),
        ("tls_server_config: { cert_file: web.yml, key_file: web.yml }", "no certificate"),
        ("http_server_config: { headers: { X-Canary: canary7 } }", "X-Frame-Options"),
    ];
    for (text, wanted) in cases {
        let (folder, path) = web_file(text);
        let Err(error) = Access::open(Some(&path)) else { panic!("{text} was taken") };
        let message = error.to_string().replace(folder.path().to_str().unwrap(), "");
        assert!(message.contains(wanted) && message.contains("hint: "), "{text}: {message}");
        assert!(!message.replace("/canary7.pem", "").contains("canary7"), "{message}");
    }
}

struct Reloads(AtomicUsize);

impl Lifecycle for Reloads {
    fn reload(&self) -> Result<String, String> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Ok("reloaded".to_owned()),
            _ => Err("bad file".to_owned()),
        }
    }
}

#[test]
fn a_reload_is_asked_for_by_post_and_not_by_pages() {
    let post = |more: &str| format!("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(Server::start().exchange(&post("")).status, 404, "off by default");
    let reloads = Arc::new(Reloads(AtomicUsize::new(0)));
    let server = Server::of(|_| {}, Some(Arc::clone(&reloads) as Arc<dyn Lifecycle>));
    assert_eq!((server.get("/-/reload").status, server.get("/-/reload").header("allow")), (405, Some("POST")));
    for page in ["Origin: http://localhost\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(server.exchange(&post(page)).status, 403, "{page}");
    }
    assert_eq!(reloads.0.load(Ordering::SeqCst), 0);
    let answers = [server.exchange(&post("")), server.exchange(&post(""))];
    assert_eq!(answers.each_ref().map(|answer| (answer.status, answer.text().trim())), [(200, "reloaded"), (500, "bad file")]);
}
