//! Each documented right that is missing is named, by the service and by the check.

use super::secured::{READER, Secured, check, password, refused, start, without};
use crate::set_up::{Topics, send_keyed_tickets};
use crate::support::acls::{Right, grant};
use crate::support::service::PATIENCE;
use crate::support::topics::{Producer, create_topics};

#[test]
fn each_right_that_is_missing_is_named() {
    let Some(secured) = Secured::shared() else { return };
    let topics = Topics::create(&secured.broker, 1);
    let documented = secured.grant_documented(&topics);
    send_keyed_tickets(&Producer::new(&secured.broker.servers()), &topics, 0..20);
    // Most of the time is spent waiting, so all users come at once.
    let (secured, topics) = (&*secured, &topics);
    std::thread::scope(|scope| {
        let users: Vec<_> =
            documented.iter().enumerate().map(|(number, right)| scope.spawn(move || lack(secured, topics, number, right))).collect();
        assert!(users.into_iter().all(|user| user.join().is_ok()), "a right is not named: the message is above");
    });
}

/// The user of this number lacks this right. The check names it, and so does the service, which runs only where the right is one of the check alone.
fn lack(secured: &Secured, topics: &Topics, number: usize, right: &Right) {
    let user = without(number);
    let properties = secured.sasl("PLAIN", &user, &password(&user));
    let configuration = topics.configuration(&secured.broker.servers_of("sasl_tls"), "", &properties);
    let (code, text) = check(&configuration);
    let named_as = |severity: &str| text.lines().any(|line| line.starts_with(severity) && line.contains(&right.name));
    if right.operation == "DescribeConfigs" {
        assert_eq!(code, Some(0), "{right:?}: {text}");
        assert!(named_as("warning:") && text.contains("DESCRIBE_CONFIGS"), "{right:?}: {text}");
        let mut service = start(&configuration);
        service.wait_for_count("cx_tickets_created{window=\"24h\"}", 20, PATIENCE);
        return;
    }
    assert_eq!(code, Some(1), "{right:?}: {text}");
    assert!(named_as("error:"), "{right:?}: {text}");
    let said = refused(&configuration);
    assert!(said.lines().any(|line| line.contains(&right.name) && line.contains(&right.resource)), "{right:?}: {said}");
}

#[test]
fn the_missing_right_to_write_dead_letters_is_named_before_a_record_is_refused() {
    let Some(secured) = Secured::shared() else { return };
    let topics = Topics::create(&secured.broker, 1);
    secured.grant_documented(&topics);
    let letters = format!("letters-of-{}", topics.tickets);
    create_topics(&secured.broker.servers(), &[&letters], 1);
    let properties = secured.sasl("PLAIN", READER, &password(READER));
    let servers = secured.broker.servers_of("sasl_tls");
    let configuration = format!("{}\n[dead_letters]\ntopic = \"{letters}\"\n", topics.configuration(&servers, "", &properties));
    let may = |operation: &str| {
        let right = Right { operation: operation.to_owned(), resource: "topic".to_owned(), name: letters.clone() };
        grant(&secured.broker.servers(), &[(format!("User:{READER}"), right)]);
    };
    // Who may not even know of the topic, and who may know of it and not write.
    for _ in ["nothing", "Describe"] {
        let (code, text) = check(&configuration);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains(&format!("error: {letters}: writing dead letters there is not allowed")) && text.contains("grant WRITE"),
            "{text}"
        );
        may("Describe");
    }
    may("Write");
    let (code, text) = check(&configuration);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("fine: {letters}: 1 partitions, and dead letters may be written there")), "{text}");
}
