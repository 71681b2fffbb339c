//! One record to one event or one reason.
use super::{DecodeSettings, Decoded, Record, TopicSettings};
/// Decodes one record.
#[must_use]
pub fn decode<'a>(_record: Record<'a>, _topic: &TopicSettings, _settings: &DecodeSettings) -> Decoded<'a> {
    Decoded::Ignored
}
