//! Every way in, with exactly the documented rights.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::secured::{CANARY, READER, Secured, check, password, start};
use crate::set_up::{Topics, now_ms, send_keyed_tickets};
use crate::support::measured::measured;
use crate::support::service::PATIENCE;
use crate::support::topics::Producer;

/// An unsigned token of this user, with the canary in a claim, which lasts for so many seconds from now.
pub(super) fn token(user: &str, seconds: i64) -> String {
    let now = now_ms() / 1_000;
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = format!(r#"{{"sub":"{user}","iat":{},"exp":{},"jti":"{CANARY}"}}"#, now - 3_600, now + seconds);
    format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims))
}

/// The settings of `[kafka]` of a client with a token in this file.
pub(super) fn by_token(secured: &Secured, path: &std::path::Path) -> String {
    let properties = secured.sasl("OAUTHBEARER", "", "");
    let is_needed = |line: &&str| !line.contains("sasl.username") && !line.contains("sasl.password");
    format!("token_file = \"{}\"\n{}\n", path.display(), properties.lines().filter(is_needed).collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_documented_rights_are_enough_for_every_way_in() {
    let Some(secured) = Secured::shared() else { return };
    let topics = Topics::create(&secured.broker, 1);
    secured.grant_documented(&topics);
    send_keyed_tickets(&Producer::new(&secured.broker.servers()), &topics, 0..20);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let token = token(READER, 600);
    std::fs::write(file.path(), &token).expect("the file is writable");
    let key = std::fs::read_to_string(&secured.client.key).expect("the key was written");
    let key = key.lines().nth(1).expect("a line of the key");
    let ways = [
        ("SASL PLAIN", "sasl_tls", secured.sasl("PLAIN", READER, &password(READER))),
        ("SASL SCRAM-SHA-512", "sasl_tls", secured.sasl("SCRAM-SHA-512", READER, &password(READER))),
        ("SASL OAUTHBEARER", "sasl_tls", by_token(&secured, file.path())),
        ("a client certificate", "mutual", secured.mutual(&secured.client)),
    ];
    for (way, listener, properties) in ways {
        let configuration = topics.configuration(&secured.broker.servers_of(listener), "", &properties);
        let (code, text) = check(&configuration);
        assert_eq!(code, Some(0), "{way}: {text}");
        assert!(!text.contains("grant ") && !text.contains("cannot be read"), "{way}: {text}");
        let mut service = start(&configuration);
        service.wait_for_count("cx_tickets_created{window=\"24h\"}", 20, PATIENCE);
        service.wait_until_ready();
        let said = [service.scrape_text(), service.ask("/").map(|answer| answer.body).unwrap_or_default(), service.log(), text];
        assert!(service.terminate().0.success(), "{way}");
        for secret in [CANARY, key, &token[..40]] {
            assert!(said.iter().all(|text| !text.contains(secret)), "{way}: a secret is shown");
        }
        measured(&format!("with {way} and the documented rights the service counted everything"));
    }
}
