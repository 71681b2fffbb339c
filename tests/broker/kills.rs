//! A service that is killed at random moments under load shows in the end what one shows that nothing ever disturbed.

use std::time::{Duration, Instant};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::twins::Twins;
use crate::support::broker::Broker;
use crate::support::left_out::variable;
use crate::support::measured::measured;
use crate::support::service::{PATIENCE, Service};

const PARTITIONS: i32 = 4;
/// How many random kills there are, unless `TESTS_KILLS` gives another number.
const KILLS: usize = 30;
/// A static member comes back to its partitions at once.
const STATIC: &str = "\"group.instance.id\" = \"the-member\"";
const RESTORED: &str = "cx_checkpoint_restores_total{result=\"restored\"}";

#[test]
fn service_killed_at_random_moments_under_load_shows_what_an_undisturbed_one_shows() {
    let Some(broker) = Broker::shared() else { return };
    let kills = variable("TESTS_KILLS").map_or(KILLS, |text| text.parse().expect("TESTS_KILLS is a number"));
    let seed: u64 = variable("TESTS_SEED").map_or_else(rand::random, |text| text.parse().expect("TESTS_SEED is a number"));
    let (begun, mut chance) = (Instant::now(), ChaCha8Rng::seed_from_u64(seed));
    let mut twins = Twins::start(&broker, PARTITIONS);
    let configuration = twins.configuration(STATIC, true);
    first_checkpoints(&mut twins, &configuration);
    let mut restored_records = 0;
    for kill in 0..kills {
        restored_records = twins.cut_logs().max(restored_records);
        let mut service = Service::start(&configuration);
        // One in four is killed while it starts.
        if chance.random_ratio(1, 4) {
            std::thread::sleep(Duration::from_millis(chance.random_range(0..1_500)));
            continue;
        }
        service.wait_until_ready();
        let when = format!("after {kill} kills (TESTS_SEED={seed})");
        assert_eq!(service.scrape_count(RESTORED), PARTITIONS as u64, "{when}: {}", service.log());
        twins.assert_same(&[&service], &when);
        std::thread::sleep(Duration::from_millis(chance.random_range(0..2_500)));
    }
    twins.cut_logs();
    let mut service = Service::start(&configuration);
    service.wait_until_ready();
    twins.assert_same(&[&service], &format!("after {kills} kills (TESTS_SEED={seed})"));
    let (sent, seconds) = (twins.load.sent(), begun.elapsed().as_secs());
    measured(&format!(
        "{kills} random kills under load in {seconds} s: every value equal; at least {restored_records} of {sent} records only in checkpoints"
    ));
}

#[test]
fn service_without_its_checkpoints_differs_so_that_these_tests_can_fail() {
    let Some(broker) = Broker::shared() else { return };
    let mut twins = Twins::start(&broker, PARTITIONS);
    let (kept, without) = (twins.configuration(STATIC, true), twins.configuration(STATIC, false));
    first_checkpoints(&mut twins, &kept);
    twins.cut_logs();
    let mut service = Service::start(&without);
    service.wait_until_ready();
    assert!(twins.difference(&[&service], Duration::from_secs(2)).is_some(), "the log alone gives the values");
}

/// Returns, with the service killed, when it has shown the right values and the oldest kept checkpoints hold most of what was sent until then.
fn first_checkpoints(twins: &mut Twins, configuration: &str) {
    let mut service = Service::start(configuration);
    service.wait_until_ready();
    twins.assert_same(&[&service], "before the first kill");
    let store = twins.store.path();
    let sent = twins.load.sent();
    service.wait_until("all kept checkpoints are new", PATIENCE, |_| super::checkpoint_files::oldest_records(store) >= sent);
}

/// The service is killed at each named point around the way of a record, a checkpoint, an assignment and a stop.
#[cfg(feature = "kill-points")]
mod at_points {
    use std::os::unix::process::ExitStatusExt as _;

    use cxpulse::kill_point::KillPoint;

    use super::super::dead_letters::copies;
    use super::super::set_up::{Topics, now_ms};
    use super::*;
    use crate::support::topics::{Producer, create_topics};

    const SIGKILL: i32 = 9;
    /// The points that only refused records pass.
    const OF_COPIES: [KillPoint; 2] = [KillPoint::LetterSent, KillPoint::LetterConfirmed];
    /// How many records are refused.
    const REFUSED: u32 = 3_000;

    #[test]
    fn service_killed_at_every_named_point_shows_what_an_undisturbed_one_shows() {
        let Some(broker) = Broker::shared() else { return };
        let begun = Instant::now();
        let mut twins = Twins::start(&broker, PARTITIONS);
        let configuration = twins.configuration(STATIC, true);
        // What is left to write at the end is written, however little it is.
        let at_end = configuration.replace("interval = \"2s\"", "interval = \"2s\"\nrecords = 20");
        first_checkpoints(&mut twins, &configuration);
        for point in KillPoint::ALL.into_iter().filter(|point| !OF_COPIES.contains(point)) {
            twins.cut_logs();
            let is_of_end = matches!(point, KillPoint::StopBegun | KillPoint::RevokeBegun | KillPoint::RevokeWritten);
            let variable = format!("{point:?}:{}", passes(point));
            let mut service = Service::start_with(if is_of_end { &at_end } else { &configuration }, |command| {
                command.env("KILL_POINT", &variable);
            });
            if is_of_end {
                service.wait_until_ready();
                service.ask_to_end();
            }
            let status = service.wait_for_exit();
            assert_eq!(status.signal(), Some(SIGKILL), "{variable}: {status}: {}", service.log());
            drop(service);
            twins.cut_logs();
            let mut service = Service::start(&configuration);
            service.wait_until_ready();
            assert_eq!(service.scrape_count(RESTORED), PARTITIONS as u64, "{variable}: {}", service.log());
            twins.assert_same(&[&service], &format!("after a kill at {variable}"));
        }
        measured(&format!(
            "kills at {} points under load in {} s: every value equal",
            KillPoint::ALL.len() - OF_COPIES.len(),
            begun.elapsed().as_secs()
        ));
    }

    #[test]
    fn service_killed_around_the_copies_of_refused_records_copies_none_more_than_once_again() {
        let Some(broker) = Broker::shared() else { return };
        for point in OF_COPIES {
            let topics = Topics::create(&broker, 2);
            let letters = format!("letters-of-{}", topics.tickets);
            create_topics(&broker.servers(), &[&letters], 2);
            let producer = Producer::new(&broker.servers());
            for number in 0..REFUSED {
                producer.send_keyed(
                    &topics.tickets,
                    &number.to_string(),
                    now_ms(),
                    &format!(r#"{{"id":"{number}","type":"ticket.juggled"}}"#),
                );
            }
            producer.flush();
            let store = tempfile::TempDir::new().expect("a temporary folder");
            let checkpoint = format!("[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\nrecords = 500\n", store.path().display());
            let text = topics.configuration(&broker.servers(), "", &format!("[kafka.properties]\n{STATIC}\n"));
            let configuration = format!("{text}\n[dead_letters]\ntopic = \"{letters}\"\n{checkpoint}");
            let variable = format!("{point:?}:{}", passes(point));
            let mut service = Service::start_with(&configuration, |command| {
                command.env("KILL_POINT", &variable);
            });
            let status = service.wait_for_exit();
            assert_eq!(status.signal(), Some(SIGKILL), "{variable}: {status}: {}", service.log());
            drop(service);
            let mut service = Service::start(&configuration);
            service.wait_until("all are copied", PATIENCE, |_| copies(&broker, &letters).len() == REFUSED as usize);
            service.wait_until_ready();
            // What was on its way is confirmed before the service ends.
            assert!(service.terminate().0.success());
            let copies = copies(&broker, &letters);
            let again = copies.values().filter(|count| **count == 2).count();
            assert!(copies.values().all(|count| *count <= 2), "{variable}: a record has more than one more copy");
            measured(&format!("killed at {variable}: {again} of {REFUSED} refused records have one more copy, none has two"));
        }
    }

    /// At which pass of a point the process is killed: in the middle of what happens often, and at the second of the partition groups.
    const fn passes(point: KillPoint) -> u32 {
        match point {
            KillPoint::RecordArrived | KillPoint::RecordApplied => 150,
            KillPoint::LetterSent | KillPoint::LetterConfirmed => 1_500,
            KillPoint::TurnTaken => 500,
            KillPoint::SnapshotPublished | KillPoint::AssignBegun | KillPoint::StateRead | KillPoint::StateRestored => 2,
            KillPoint::StateTaken | KillPoint::WriteBegun | KillPoint::StagedHalf | KillPoint::StagedWhole | KillPoint::Renamed => 2,
            KillPoint::Written | KillPoint::Pruned => 2,
            KillPoint::ReadingBegun | KillPoint::StopBegun | KillPoint::RevokeBegun | KillPoint::RevokeWritten => 1,
        }
    }
}
