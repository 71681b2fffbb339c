//! Each documented right that is missing is named, by the service and by the check.

use super::secured::{Secured, check, password, refused, start, without};
use crate::set_up::{Topics, send_keyed_tickets};
use crate::support::acls::Right;
use crate::support::service::PATIENCE;
use crate::support::topics::Producer;

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
