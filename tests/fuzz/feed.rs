//! What comes to the feed stage: payloads of webhooks and topics, for shipped programs, and proofs of their origin.

use std::time::{Duration, Instant};

use cxpulse::feed::{
    Credential, Example, Feed, FeedSettings, Payload, SHIPPED, STACK_BYTES, SignatureScheme, SignedRequest, batch_of,
    without_registry_framing,
};
use cxpulse::time::{EventTime, Span};
use serde_json::Value;

use super::script::{Tried, changed};
use super::support::decode_settings::settings as decode_settings;

/// The longest time that a payload may take, with the time of a step on a busy machine.
const MAPPED_WITHIN: Duration = Duration::from_secs(5);

fn feeds() -> Vec<Feed> {
    let feed = |shipped: &cxpulse::feed::ShippedFeed| {
        let settings = FeedSettings::new(shipped.name, shipped.program, shipped.name, shipped.key);
        let mut decode = decode_settings();
        decode.ces_ease = Some(true);
        Feed::new(settings, decode).unwrap_or_else(|error| panic!("{error}"))
    };
    SHIPPED.iter().map(feed).collect()
}

/// The payloads of all shipped examples.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for shipped in SHIPPED {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(shipped.name).join("examples");
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("the file is text");
            Example::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let example: Value = serde_json::from_str(&text).expect("JSON");
            seeds.push(example["payload"].to_string().into_bytes());
        }
    }
    seeds
}

fn judge(bytes: &[u8], feeds: &[Feed], which: usize) {
    let value = without_registry_framing(bytes);
    let payloads = batch_of(value).ok().flatten().unwrap_or_else(|| vec![value]);
    let feed = &feeds[which % feeds.len()];
    for payload in payloads.iter().take(4) {
        let begun = Instant::now();
        let payload = Payload { value: Some(payload), headers: &[("x-request-id", "r1")], topic: "raw", ..Payload::default() };
        let mapped = feed.map(&payload, &|| begun.elapsed() > Duration::from_millis(100));
        assert!(begun.elapsed() < MAPPED_WITHIN, "it took {:?}", begun.elapsed());
        assert!(mapped.rejection.is_none() || mapped.events.is_empty(), "a rejected payload has no events");
        for event in &mapped.events {
            assert!(serde_json::from_slice::<Value>(&event.json).is_ok_and(|event| event.is_object()));
        }
    }
}

#[test]
fn feed() {
    let fuzz = || {
        let (feeds, seeds) = (feeds(), seeds());
        let tried = Tried::by("feed");
        bolero::check!(name = "feed").for_each(|input: &[u8]| {
            tried.one_more();
            let which = input.first().map_or(0, |first| usize::from(*first));
            judge(input, &feeds, which);
            judge(&changed(&seeds, input), &feeds, which);
        });
    };
    // Programs need their stack.
    let thread = std::thread::Builder::new().name("feed".to_owned()).stack_size(STACK_BYTES).spawn(fuzz).expect("a thread");
    assert!(thread.join().is_ok(), "an input failed: the message is above");
}

#[test]
fn signature() {
    let schemes = [
        ("x-zendesk-webhook-signature", SignatureScheme::Zendesk),
        ("x-hub-signature", SignatureScheme::Intercom),
        ("x-chatwoot-signature", SignatureScheme::Chatwoot),
        ("typeform-signature", SignatureScheme::Typeform),
        ("x-delighted-webhook-signature", SignatureScheme::Delighted),
    ];
    let now = EventTime(1_772_442_000_000);
    let tried = Tried::by("signature");
    bolero::check!(name = "signature").for_each(|input: &[u8]| {
        tried.one_more();
        let text = String::from_utf8_lossy(input);
        for (header, scheme) in schemes {
            let headers = [(header, text.as_ref()), ("x-chatwoot-timestamp", text.as_ref()), ("authorization", text.as_ref())];
            let request = SignedRequest { headers: &headers, body: input };
            for credential in
                [Credential::Signature(scheme, "secret".to_owned()), Credential::Bearer("b".repeat(40)), Credential::Basic("a:b".repeat(9))]
            {
                assert!(credential.check(request, now, Span::hours(1)).is_err(), "nobody guesses a proof");
            }
        }
    });
}
