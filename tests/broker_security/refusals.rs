//! Certificates, passwords and tokens that are not right: the service ends within seconds, and it and the check say why.

use super::identities::{by_token, token};
use super::secured::{CANARY, READER, Secured, check, password, refused};
use crate::set_up::Topics;

/// A client that is refused: the address to which it goes, its properties, and the words that tell why.
type Refused<'a> = (&'a str, String, &'a [&'a str]);

/// With each of these settings the service ends and the check fails, and both say the words. Most of the time is spent waiting, so all come at once.
fn are_refused(secured: &Secured, clients: &[Refused<'_>]) {
    let said = |(listener, properties, words): &Refused<'_>| {
        let configuration = Topics::named().configuration(&secured.broker.servers_of(listener), "", properties);
        let (code, checked) = check(&configuration);
        assert_eq!(code, Some(1), "{checked}");
        for said in [refused(&configuration), checked] {
            assert!(words.iter().all(|word| said.contains(word)), "wanted {words:?}:\n{said}");
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = clients.iter().map(|client| scope.spawn(move || said(client))).collect();
        assert!(clients.into_iter().all(|client| client.join().is_ok()), "a client is not refused as it should be: the message is above");
    });
}

#[test]
fn certificate_of_a_broker_that_is_not_right_is_refused() {
    let Some(secured) = Secured::shared() else { return };
    let right = secured.sasl("PLAIN", READER, &password(READER));
    let [own, strange] = [&secured.authority, &secured.stranger].map(|authority| authority.certificate().display().to_string());
    are_refused(
        &secured,
        &[
            ("expired", right.clone(), &["certificate has expired"]),
            ("elsewhere", right.clone(), &["certificate", "is not for `localhost`"]),
            ("sasl_tls", right.replace(&own, &strange), &["certificate", "not trusted here", "ssl.ca.location"]),
        ],
    );
}

#[test]
fn certificate_of_a_client_that_is_not_right_is_refused() {
    let Some(secured) = Secured::shared() else { return };
    let words = &["the broker does not take this client's certificate, or asks for one"][..];
    let mutual = secured.mutual(&secured.client);
    let without = mutual.lines().filter(|line| !line.contains("ssl.certificate") && !line.contains("ssl.key")).collect::<Vec<_>>();
    let unknown = secured.stranger.identity("unknown-client", "client", false);
    are_refused(
        &secured,
        &[
            ("mutual", secured.mutual(&secured.expired_client), words),
            ("mutual", secured.mutual(&unknown), words),
            ("mutual", without.join("\n"), words),
        ],
    );
}

#[test]
fn wrong_password_or_mechanism_is_refused() {
    let Some(secured) = Secured::shared() else { return };
    let wrong = format!("{CANARY}-wrong");
    let words = &["uthentication failed"][..];
    are_refused(
        &secured,
        &[
            ("sasl_tls", secured.sasl("PLAIN", READER, &wrong), words),
            ("sasl_tls", secured.sasl("PLAIN", "nobody", &wrong), words),
            ("sasl_tls", secured.sasl("SCRAM-SHA-512", READER, &wrong), words),
            ("sasl_tls", secured.sasl("SCRAM-SHA-512", "nobody", &wrong), words),
            ("sasl_tls", secured.sasl("SCRAM-SHA-256", READER, &password(READER)), &["SCRAM-SHA-256", "PLAIN,SCRAM-SHA-512,OAUTHBEARER"]),
        ],
    );
}

#[test]
fn token_that_has_expired_is_refused() {
    let Some(secured) = Secured::shared() else { return };
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), token(READER, -60)).expect("the file is writable");
    are_refused(&secured, &[("sasl_tls", by_token(&secured, file.path()), &["expired", "kafka.token_file"])]);
}
