//! The broker of these tests: addresses with TLS, client certificates, SASL and bad certificates, and an authoriser that allows nothing by itself.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::certificates::{Authority, Identity};
use crate::set_up::Topics;
use crate::support::acls::{Right, grant};
use crate::support::broker::{Broker, Listener};
use crate::support::service::{Service, cxpulse};
use crate::support::tools::leave_out_without_tool;

/// A user with exactly the documented rights. The subject of a client's certificate has the rights too.
pub(super) const READER: &str = "reader";
/// Part of every password, key and token. It appears nowhere.
pub(super) const CANARY: &str = "canary7e3";
/// The number of rights that the page of the deployment documents, and so of users who lack one.
pub(super) const RIGHTS: usize = 9;
/// A client that is refused says so within this time.
pub(super) const REFUSED_WITHIN: Duration = Duration::from_secs(30);

/// The broker and what clients of it need.
pub(super) struct Secured {
    pub(super) broker: Broker,
    pub(super) authority: Authority,
    /// An authority that the broker does not know, and which did not sign the broker's certificates.
    pub(super) stranger: Authority,
    pub(super) client: Identity,
    pub(super) expired_client: Identity,
    _folder: TempDir,
}

impl Secured {
    /// The broker of this test binary, for one test at a time. `None`, with a printed message, without Java or the jars.
    pub(super) fn shared() -> Option<MutexGuard<'static, Self>> {
        static SHARED: OnceLock<Result<Mutex<Secured>, String>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start().map(Mutex::new)) {
            Ok(secured) => Some(secured.lock().unwrap_or_else(PoisonError::into_inner)),
            Err(why) => {
                leave_out_without_tool(why);
                None
            }
        }
    }

    fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("cxpulse-certificates-").tempdir().expect("a temporary folder");
        let authority = Authority::new(folder.path(), "authority");
        let stranger = Authority::new(folder.path(), "stranger");
        let good = authority.identity("broker", "localhost", false);
        let with_certificate = |identity: &Identity, more: &str| {
            let trusted = authority.certificate();
            format!(
                "ssl.keystore.type=PEM\nssl.keystore.location={}\nssl.truststore.type=PEM\nssl.truststore.location={}\n{more}",
                identity.both.display(),
                trusted.display()
            )
        };
        let sasl = |identity: &Identity| {
            let plain = "org.apache.kafka.common.security.plain.PlainLoginModule required";
            let users = users().map(|user| format!(" user_{user}=\"{}\"", password(&user))).collect::<String>();
            let mechanisms = format!(
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
plain.sasl.jaas.config={plain}{users};
scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
            );
            with_certificate(identity, &mechanisms)
        };
        let listener = |name, protocol, properties| Listener { name, protocol, properties };
        let listeners = [
            listener("mutual", "SSL", with_certificate(&good, "ssl.client.auth=required")),
            listener("sasl_tls", "SASL_SSL", sasl(&good)),
            listener("expired", "SASL_SSL", sasl(&authority.identity("expired", "localhost", true))),
            listener("elsewhere", "SASL_SSL", sasl(&authority.identity("elsewhere", "kafka.example.com", false))),
        ];
        let authorizer = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
";
        let scram = [format!("[name={READER},password={}]", password(READER))];
        let broker = Broker::start_with(&listeners, authorizer, &scram)?;
        let client = authority.identity("cxpulse-client", "client", false);
        let expired_client = authority.identity("expired-client", "client", true);
        Ok(Self { broker, authority, stranger, client, expired_client, _folder: folder })
    }

    /// Grants the documented rights: all of them to the reader and to the client's certificate, and to each other user all but the one of its number.
    pub(super) fn grant_documented(&self, topics: &Topics) -> Vec<Right> {
        let documented = documented_rights(topics);
        assert_eq!(documented.len(), RIGHTS, "the page documents {documented:?}");
        let mut granted = Vec::new();
        for (number, right) in documented.iter().enumerate() {
            let holders = users().filter(|user| *user != without(number)).chain(["CN=cxpulse-client".to_owned()]);
            granted.extend(holders.map(|user| (format!("User:{user}"), right.clone())));
        }
        grant(&self.broker.servers(), &granted);
        documented
    }

    /// The properties of a client of SASL_SSL.
    pub(super) fn sasl(&self, mechanism: &str, user: &str, password: &str) -> String {
        format!(
            "[kafka.properties]\n\"security.protocol\" = \"sasl_ssl\"\n\"sasl.mechanism\" = \"{mechanism}\"\n\"sasl.username\" = \"{user}\"\n\
             \"sasl.password\" = \"{password}\"\n\"ssl.ca.location\" = \"{}\"\n",
            self.authority.certificate().display()
        )
    }

    /// The properties of a client with a certificate.
    pub(super) fn mutual(&self, identity: &Identity) -> String {
        format!(
            "[kafka.properties]\n\"security.protocol\" = \"ssl\"\n\"ssl.ca.location\" = \"{}\"\n\"ssl.certificate.location\" = \"{}\"\n\
             \"ssl.key.location\" = \"{}\"\n",
            self.authority.certificate().display(),
            identity.certificate.display(),
            identity.key.display()
        )
    }
}

/// The user who lacks the right of this number.
pub(super) fn without(number: usize) -> String {
    format!("without-{number}")
}

pub(super) fn password(user: &str) -> String {
    format!("{CANARY}-{user}")
}

fn users() -> impl Iterator<Item = String> {
    std::iter::once(READER.to_owned()).chain((0..RIGHTS).map(without))
}

/// The rights that `deploy/kafka/acls.sh` grants for these topics.
fn documented_rights(topics: &Topics) -> Vec<Right> {
    let names = [&topics.tickets, &topics.chats, &topics.surveys, &topics.customers].map(String::as_str).join(" ");
    let printed = Command::new("sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/acls.sh"))
        .args(["localhost:9093", "admin.properties"])
        .env("CXPULSE_TOPICS", names)
        .env("CXPULSE_GROUP", format!("group-of-{}", topics.tickets))
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    let after = |words: &[&str], flag: &str| words.iter().position(|word| *word == flag).map(|at| words[at + 1].to_owned());
    text.lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let resource = if words.contains(&"--topic") { "topic" } else { "group" };
            Right {
                operation: after(&words, "--operation").expect("an operation"),
                resource: resource.to_owned(),
                name: after(&words, &format!("--{resource}")).expect("a name"),
            }
        })
        .collect()
}

/// Starts the service with the most detailed log.
pub(super) fn start(configuration: &str) -> Service {
    Service::start_with(configuration, |command| {
        command.args(["--log.level", "trace", "--set", "kafka.properties.debug=generic,broker,metadata,protocol,cgrp,consumer,conf"]);
    })
}

/// The service ends with exit code 5 in time; gives its log, in which no secret is found.
pub(super) fn refused(configuration: &str) -> String {
    let begun = Instant::now();
    let mut service = start(configuration);
    let status = service.wait_for_exit();
    let log = service.log();
    let said = errors_of(&log);
    assert_eq!(status.code(), Some(5), "{said}\n{log}");
    assert!(begun.elapsed() < REFUSED_WITHIN, "it took {:?}: {said}", begun.elapsed());
    assert!(!log.contains(CANARY), "a secret is in the log");
    said
}

/// The lines of a log that an operator sees by default.
fn errors_of(log: &str) -> String {
    log.lines().filter(|line| !line.contains("TRACE") && !line.contains("DEBUG")).collect::<Vec<_>>().join("\n")
}

/// `cxpulse check --connect`: its exit code, and what it prints, in which no secret is found.
pub(super) fn check(configuration: &str) -> (Option<i32>, String) {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), configuration).expect("the file is writable");
    let Output { status, stdout, stderr } =
        cxpulse().args(["check", "--connect", "--config"]).arg(file.path()).output().expect("the binary was built");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(!text.contains(CANARY), "a secret is printed");
    (status.code(), text)
}
