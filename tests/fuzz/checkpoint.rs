//! Files of checkpoints, and the states in them.

use std::collections::BTreeMap;

use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, Fingerprint, encode, read, read_header};
use cxpulse::config::Configuration;
use cxpulse::engine::PartitionGroup;
use cxpulse::time::EventTime;
use ring::digest::{SHA256, digest};

use super::script::{Tried, changed};
use super::support::corpus::cases;
use super::support::engine_driver::{EngineDriver, GROUP, engine_of};

const BODY_BYTES_MAX: u64 = 1 << 20;

/// The stored state of an engine that has read a part of the corpus.
fn state(count: usize) -> Vec<u8> {
    let mut driver = EngineDriver::at_end(Configuration::default(), EventTime(1_772_442_000_000));
    for case in cases().iter().take(count) {
        let topic = driver.configuration.topics.iter().position(|topic| topic.kind == case.kind).expect("a topic of every kind");
        for record in [&case.before, &case.record, &case.after] {
            driver.take(topic as u8, record.value.as_deref().unwrap_or_default());
        }
    }
    driver.engine.settle();
    driver.engine.store(GROUP).expect("the group is assigned").into_bytes(Vec::new())
}

fn file(body: &[u8]) -> Vec<u8> {
    let header = CheckpointHeader {
        key: CheckpointKey { group: "desk".into(), fingerprint: Fingerprint([0x5a; 32]), partition: 3 },
        next_offsets: BTreeMap::from([("chats".into(), 3), ("tickets".into(), 4)]),
        sequence: 1,
        created: EventTime(1_772_000_000_000),
        event_time_max: None,
        settings: BTreeMap::from([("state.layout".into(), "1".into())]),
    };
    encode(&header, body).expect("a small header")
}

/// A changed file whose checksums fit, so that only its content can be wrong.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let mut at = 12;
    while file.len() >= at + 16 + 44 {
        let length = u64::from_le_bytes(file[at + 4..at + 12].try_into().expect("eight bytes"));
        let Some(end) =
            usize::try_from(length).ok().and_then(|length| (at + 12).checked_add(length)).filter(|end| end + 4 + 44 <= file.len())
        else {
            break;
        };
        let sum = crc32fast::hash(&file[at..end]);
        file[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        at = end + 4;
    }
    if file.len() >= 40 {
        let end = file.len() - 40;
        let length = file.len() as u64;
        file[end..end + 8].copy_from_slice(&length.to_le_bytes());
        let sum = digest(&SHA256, &file[..end + 8]);
        file[end + 8..].copy_from_slice(sum.as_ref());
    }
    file
}

fn judge(bytes: &[u8]) {
    let whole = read(bytes, None, BODY_BYTES_MAX);
    let header = read_header(bytes);
    if let Ok(checkpoint) = whole {
        assert_eq!(header.as_ref(), Ok(&checkpoint.header), "the beginning says the same as the whole");
        assert!(checkpoint.body.len() as u64 <= BODY_BYTES_MAX);
        assert!(encode(&checkpoint.header, &checkpoint.body).is_ok());
    }
}

#[test]
fn checkpoint() {
    let seeds = [file(b"a small state, state, state"), file(&state(3)), file(&[])];
    let tried = Tried::by("checkpoint");
    bolero::check!(name = "checkpoint").for_each(|input: &[u8]| {
        tried.one_more();
        judge(input);
        let changed = changed(&seeds, input);
        judge(&changed);
        judge(&sealed(changed));
    });
}

/// States that end early or late, and bytes that are no state. A changed byte in the middle is for the checksums of the file to find: the values of lives are
/// believed, and read only when they are needed.
#[test]
fn stored_state() {
    let seeds = [state(3), state(40)];
    let configuration = Configuration::default();
    let tried = Tried::by("stored_state");
    bolero::check!(name = "stored_state").for_each(|input: &[u8]| {
        tried.one_more();
        let mut engine = engine_of(&configuration, [], None);
        let mut refuse = |bytes: &[u8]| assert!(engine.restore(PartitionGroup(0), bytes).is_err(), "what is no whole state is refused");
        refuse(input);
        let [first, second, third, ..] = input else { return };
        let seed = &seeds[usize::from(*first) % 2];
        refuse(&seed[..usize::from(u16::from_le_bytes([*second, *third])) % seed.len()]);
        refuse(&[seed, input].concat());
    });
}
