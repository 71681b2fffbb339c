//! How long a killed member is missed: from the kill to values that are complete again.

use std::time::{Duration, Instant};

use super::twins::Twins;
use crate::support::broker::Broker;
use crate::support::measured::measured;
use crate::support::service::{PATIENCE, Service};

/// The session of a member that has no name of its own, by default.
const SESSION: Duration = Duration::from_secs(10);
/// How long after the end of the session the values must be complete.
const BEYOND_SESSION: Duration = Duration::from_secs(20);

#[test]
fn killed_member_is_complete_again_at_once_with_a_name_and_else_when_its_session_is_over() {
    let Some(broker) = Broker::shared() else { return };
    let mut twins = Twins::start(&broker, 4);
    for (kind, properties, limit) in [
        ("dynamic", "", SESSION + BEYOND_SESSION),
        // The last, because a member with a name keeps its place also when it ends.
        ("static", "\"group.instance.id\" = \"the-member\"", BEYOND_SESSION),
    ] {
        let configuration = twins.configuration(properties, true);
        let mut service = Service::start(&configuration);
        service.wait_until_ready();
        let (store, sent) = (twins.store.path(), twins.load.sent());
        service.wait_until("all kept checkpoints are new", PATIENCE, |_| super::checkpoint_files::oldest_records(store) >= sent);
        let killed = Instant::now();
        drop(service);
        let mut service = Service::start(&configuration);
        service.wait_until_ready();
        let took = killed.elapsed();
        twins.assert_same(&[&service], kind);
        assert!(took < limit, "a {kind} member took {took:?}");
        measured(&format!(
            "from kill -9 to complete gauges with a {kind} member: {:.2} s in a debug build, under load",
            took.as_secs_f64()
        ));
        assert!(service.terminate().0.success());
    }
}
