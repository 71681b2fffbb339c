//! Decoding settings for tests and benches: the default dimensions, one topic of each kind under its default name.

use cxpulse::event::{DecodeSettings, DimensionOwner, DimensionSettings, IdentityKey, Kind, Scale, TopicSettings};

/// The default settings, with the team `9` renamed.
pub(crate) fn settings() -> DecodeSettings {
    let owned =
        |owner: DimensionOwner| move |name: &str| DimensionSettings { name: name.into(), owner, renames: [].into(), values_max: 200 };
    let mut dimensions: Vec<_> = ["channel"].into_iter().map(owned(DimensionOwner::Contact)).collect();
    dimensions.extend(["journey_stage"].map(owned(DimensionOwner::Customer)));
    dimensions.extend(["team", "priority", "brand"].map(owned(DimensionOwner::Contact)));
    dimensions.extend(["segment"].map(owned(DimensionOwner::Customer)));
    dimensions[2].renames.insert("9".into(), "Billing".into());
    DecodeSettings {
        identity_key: IdentityKey(*b"sixteen bytes it"),
        dimensions,
        ces_ease: None,
        csat_scale: Scale { min: 1_000_000, max: 5_000_000, ease: false },
        ces_scale: Scale { min: 1_000_000, max: 7_000_000, ease: false },
    }
}

/// The topic of a kind under its default name.
pub(crate) fn topic(kind: Kind) -> TopicSettings {
    TopicSettings::of(kind)
}
