//! The product's decoder against the second reader, on every record of the published data sets.

use cxpulse::event::{Decoded, Record, decode};

use super::against_data::{arrivals, folder};
use super::outcome::Arrival;
use super::product::configuration;
use super::reader;
use super::setup::setup;

#[test]
fn decoder_and_second_reader_agree_on_every_record() {
    let configuration = configuration(&setup());
    for set in ["torture", "support_day", "italian_helpdesk", "subscriptions_maven"] {
        let Some(folder) = folder(set) else { return };
        for Arrival { topic, line, .. } in arrivals(&folder, false) {
            let record = Record { payload: Some(&line), ..Record::default() };
            let topic = &configuration.topics[topic];
            let decoded = match decode(record, topic, &configuration.decode) {
                Decoded::Event(event) => Ok(event.time.0),
                Decoded::Invalid(reason) => Err(reason.name()),
                Decoded::Ignored => Err("ignored"),
            };
            let read = reader::read(&line, &topic.name, topic.kind).map(|event| event.time);
            assert_eq!(decoded, read, "{set} {}: {}", topic.name, String::from_utf8_lossy(&line));
        }
    }
}
