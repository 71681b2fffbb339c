//! SASL OAUTHBEARER: the token comes from a file that is read again, or from a command. The broker takes unsigned tokens, and checks their times.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::set_up::{Topics, now_ms, ticket_created};
use crate::support::broker::{Broker, USER};
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::Producer;

/// A token of this user that was issued an hour ago and lasts for so many seconds from now.
fn token(seconds: i64) -> String {
    let now = now_ms() / 1_000;
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = format!(r#"{{"sub":"{USER}","iat":{},"exp":{}}}"#, now - 3_600, now + seconds);
    format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims))
}

fn by(source: &str) -> String {
    format!("{source}\n[kafka.properties]\n\"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n")
}

#[test]
fn a_token_from_a_file_or_a_command_lets_the_service_in_and_is_asked_for_again() {
    let Some(broker) = Broker::shared() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("token");
    let write = |text: &str| std::fs::write(&path, text).expect("the folder is writable");
    let sources = [format!("token_file = \"{}\"", path.display()), format!("token_command = [\"cat\", \"{}\"]", path.display())];
    for source in sources {
        let key = source.split(' ').next().unwrap_or_default();
        let topics = Topics::create(&broker, 1);
        let producer = Producer::new(&broker.servers());
        producer.send_to(&topics.tickets, 0, now_ms(), Some(ticket_created("one", now_ms(), "a").as_bytes()));
        producer.flush();
        let configuration = topics.configuration(&broker.authenticated_servers(), "", &by(&source));

        write(&token(-60));
        let mut refused = Service::start(&configuration);
        assert_eq!(refused.wait_for_exit().code(), Some(5), "{}", refused.log());
        assert!(refused.log().contains("expired") && refused.log().contains(key), "{}", refused.log());
        assert!(!refused.log().contains(&token(-60)[..40]), "no part of a token is logged");

        // librdkafka asks for the next token when four fifths of the time have passed.
        write(&token(10));
        let mut service = Service::start(&configuration);
        service.wait_for_count("cx_tickets_created{window=\"24h\"}", 1, PATIENCE);
        write("two words");
        service.wait_until("the token is asked for again", PATIENCE, |service| service.log().contains("gives no token"));
        assert!(!service.log().contains("two words"));
    }
}
