//! The ids of a record in clear, for whoever must lay a number beside the source it came from.
//!
//! Decoding keeps none of them. Does not know what the ids are of.

use super::decode::name_seed;
use super::member::Member;
use super::scan::Document;
use super::wire::{Attribute, Wire};
use super::{DecodeSettings, Record, text};

/// Tells `each` the ids of ticket, chat, survey and customer that a record without headers names, and gives that of the event itself. Nothing of
/// what is no record that can be decoded.
pub fn ids_in_clear(record: Record<'_>, settings: &DecodeSettings, mut each: impl FnMut(&str)) -> Option<String> {
    let text = text::of_payload(record.payload?).ok()?;
    let mut document = Document::new(text);
    document.scan(&settings.dimensions, name_seed(settings)).ok()?;
    let wire = Wire::of(&document, None).ok()?;
    for member in [Member::TicketId, Member::ChatId, Member::SurveyId, Member::CustomerId] {
        if let Some(id) = wire.payload.get(member) {
            id.with_id(&mut each).ok()?;
        }
    }
    wire.envelope(Attribute::Id)?.with_id(str::to_owned).ok()
}
