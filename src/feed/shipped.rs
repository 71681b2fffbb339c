//! The feeds that are part of the binary.
//!
//! Does not know how a feed is configured beyond its defaults.

use super::settings::RecordKey;
use super::signature::SignatureScheme;

/// A feed that is part of the binary.
#[derive(Clone, Copy, Debug)]
pub struct ShippedFeed {
    /// The name of its folder below `config/feeds`.
    pub name: &'static str,
    /// The program.
    pub program: &'static str,
    /// The page on how to connect.
    pub page: &'static str,
    /// What its records are keyed by, because that depends on what the vendor's payloads name.
    pub key: RecordKey,
    /// How the vendor signs webhooks, if it does.
    pub signature: Option<SignatureScheme>,
}

macro_rules! shipped_feeds {
    ($($name:literal $key:ident $signature:expr,)*) => {
        /// Every feed that is part of the binary, by name.
        pub const SHIPPED: &[ShippedFeed] = &[$(ShippedFeed {
            name: $name,
            program: include_str!(concat!("../../config/feeds/", $name, "/feed.jq")),
            page: include_str!(concat!("../../config/feeds/", $name, "/README.md")),
            key: RecordKey::$key,
            signature: $signature,
        },)*];
    };
}

shipped_feeds! {
    "asterisk" Contact None,
    "chatwoot" Contact None,
    "chatwoot-webhook" Contact Some(SignatureScheme::Chatwoot),
    "delighted" Customer Some(SignatureScheme::Delighted),
    "freescout" Contact None,
    "freshdesk" Contact None,
    "intercom" Contact Some(SignatureScheme::Intercom),
    "typeform" Contact Some(SignatureScheme::Typeform),
    "zammad" Contact None,
    "zendesk" Contact Some(SignatureScheme::Zendesk),
}

/// The shipped feed of that name.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static ShippedFeed> {
    SHIPPED.iter().find(|feed| feed.name == name)
}
