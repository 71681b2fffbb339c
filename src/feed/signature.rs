//! Proofs that a payload over HTTP comes from the vendor: signatures over the raw body as each vendor documents them, a bearer token, or a password.
//!
//! Every comparison takes the same time wherever the two differ. Does not know HTTP, and reads no clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::hexadecimal::hexadecimal;
use crate::time::{EventTime, Span};

/// How a vendor signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// `X-Zendesk-Webhook-Signature`: base64 of HMAC-SHA256 over timestamp and body.
    Zendesk,
    /// `X-Hub-Signature`: `sha1=` and the hexadecimal digits of HMAC-SHA1 over the body.
    Intercom,
    /// `X-Chatwoot-Signature`: `sha256=` and the hexadecimal digits of HMAC-SHA256 over timestamp, full stop and body.
    Chatwoot,
    /// `Typeform-Signature`: `sha256=` and base64 of HMAC-SHA256 over the body.
    Typeform,
    /// `X-Delighted-Webhook-Signature`: `sha256=` and the hexadecimal digits of HMAC-SHA256 over the body.
    Delighted,
}

/// What a sender must prove.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A signature with this secret.
    Signature(SignatureScheme, String),
    /// `Authorization: Bearer` with this token.
    Bearer(String),
    /// `Authorization: Basic` with this user and password, as `user:password`.
    Basic(String),
    /// Nothing; for addresses that only this machine reaches.
    Nothing,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Signature(..) => "Signature(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::Basic(_) => "Basic(..)",
            Self::Nothing => "Nothing",
        })
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The header with the proof is missing.
    Unsigned,
    /// The proof is not that of this body and secret.
    WrongSignature,
    /// The signature's timestamp is too far from now.
    OldTimestamp,
}

impl Refused {
    /// The name, as the label `reason` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::WrongSignature => "wrong_signature",
            Self::OldTimestamp => "old_timestamp",
        }
    }
}

/// A request as it was signed.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The headers by name, in small letters.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, as it came.
    pub body: &'a [u8],
}

impl SignedRequest<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| *value)
    }
}

impl Credential {
    /// Checks a request.
    ///
    /// # Errors
    /// Why the request is refused.
    pub fn check(&self, request: SignedRequest<'_>, now: EventTime, tolerance: Span) -> Result<(), Refused> {
        let authorization = |scheme: &str| {
            let header = request.header("authorization").ok_or(Refused::Unsigned)?;
            let (given, rest) = header.split_once(' ').ok_or(Refused::WrongSignature)?;
            if given.eq_ignore_ascii_case(scheme) { Ok(rest.trim().to_owned()) } else { Err(Refused::WrongSignature) }
        };
        match self {
            Self::Nothing => Ok(()),
            Self::Bearer(token) => equal(authorization("bearer")?.as_bytes(), token.as_bytes()),
            Self::Basic(pair) => {
                let given = STANDARD.decode(authorization("basic")?).map_err(|_| Refused::WrongSignature)?;
                equal(&given, pair.as_bytes())
            }
            Self::Signature(scheme, secret) => scheme.check(request, secret.as_bytes(), now, tolerance),
        }
    }
}

impl SignatureScheme {
    /// Every scheme, with the name that the configuration has for it.
    pub const ALL: [(&str, Self); 5] = [
        ("zendesk", Self::Zendesk),
        ("intercom", Self::Intercom),
        ("chatwoot", Self::Chatwoot),
        ("typeform", Self::Typeform),
        ("delighted", Self::Delighted),
    ];

    /// The header with the signature, in small letters.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Zendesk => "x-zendesk-webhook-signature",
            Self::Intercom => "x-hub-signature",
            Self::Chatwoot => "x-chatwoot-signature",
            Self::Typeform => "typeform-signature",
            Self::Delighted => "x-delighted-webhook-signature",
        }
    }

    /// The header with the timestamp that is signed too, in small letters.
    #[must_use]
    pub const fn timestamp_header(self) -> Option<&'static str> {
        match self {
            Self::Zendesk => Some("x-zendesk-webhook-signature-timestamp"),
            Self::Chatwoot => Some("x-chatwoot-timestamp"),
            Self::Intercom | Self::Typeform | Self::Delighted => None,
        }
    }

    /// The signature of a body, as the header has it. `timestamp` is the value of the header with the timestamp, or empty.
    #[must_use]
    pub fn sign(self, secret: &[u8], timestamp: &str, body: &[u8]) -> String {
        let hash = self.hash(secret, timestamp, body);
        match self {
            Self::Zendesk => STANDARD.encode(hash),
            Self::Intercom => format!("sha1={}", hexadecimal(&hash)),
            Self::Chatwoot | Self::Delighted => format!("sha256={}", hexadecimal(&hash)),
            Self::Typeform => format!("sha256={}", STANDARD.encode(hash)),
        }
    }

    fn check(self, request: SignedRequest<'_>, secret: &[u8], now: EventTime, tolerance: Span) -> Result<(), Refused> {
        let given = request.header(self.header()).ok_or(Refused::Unsigned)?;
        let timestamp = match self.timestamp_header() {
            Some(header) => request.header(header).ok_or(Refused::Unsigned)?,
            None => "",
        };
        equal(given.trim().as_bytes(), self.sign(secret, timestamp, request.body).as_bytes())?;
        // After the signature, so that only the vendor learns what this clock says.
        if self.timestamp_header().is_some() {
            let signed = instant(timestamp).ok_or(Refused::OldTimestamp)?;
            if (now - signed).0.abs() > tolerance.0 {
                return Err(Refused::OldTimestamp);
            }
        }
        Ok(())
    }

    fn hash(self, secret: &[u8], timestamp: &str, body: &[u8]) -> Vec<u8> {
        let parts: &[&[u8]] = match self {
            Self::Zendesk => &[timestamp.as_bytes(), body],
            Self::Chatwoot => &[timestamp.as_bytes(), b".", body],
            Self::Intercom | Self::Typeform | Self::Delighted => &[body],
        };
        if self == Self::Intercom { hmac::<Hmac<Sha1>>(secret, parts) } else { hmac::<Hmac<Sha256>>(secret, parts) }
    }
}

fn hmac<H: Mac + KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <H as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Whether two values are equal, in a time that does not depend on where they differ.
fn equal(given: &[u8], wanted: &[u8]) -> Result<(), Refused> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"comparison").expect("HMAC takes a key of any length");
    mac.update(given);
    mac.verify_slice(&hmac::<Hmac<Sha256>>(b"comparison", &[wanted])).map_err(|_| Refused::WrongSignature)
}

/// A timestamp in seconds since 1970 or in RFC 3339.
fn instant(text: &str) -> Option<EventTime> {
    match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000).map(EventTime),
        Err(_) => text.parse::<jiff::Timestamp>().ok().map(|at| EventTime(at.as_millisecond())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EventTime = EventTime(1_767_225_600_000);

    fn check(scheme: SignatureScheme, headers: &[(&str, &str)], body: &[u8], tolerance: Span) -> Result<(), Refused> {
        Credential::Signature(scheme, "s3cret".to_owned()).check(SignedRequest { headers, body }, NOW, tolerance)
    }

    #[test]
    fn each_scheme_takes_its_own_signature_and_no_other() {
        for (name, scheme) in SignatureScheme::ALL {
            let timestamp = if scheme == SignatureScheme::Zendesk { "2026-01-01T00:00:00Z" } else { "1767225600" };
            let signature = scheme.sign(b"s3cret", timestamp, b"{}");
            let headers = [(scheme.header(), signature.as_str()), (scheme.timestamp_header().unwrap_or("x"), timestamp)];
            assert_eq!(check(scheme, &headers, b"{}", Span::hours(24)), Ok(()), "{name}");
            assert_eq!(check(scheme, &headers, b"{ }", Span::hours(24)), Err(Refused::WrongSignature), "{name}");
            assert_eq!(check(scheme, &[], b"{}", Span::hours(24)), Err(Refused::Unsigned), "{name}");
            let other = scheme.sign(b"other", timestamp, b"{}");
            let headers = [(scheme.header(), other.as_str()), headers[1]];
            assert_eq!(check(scheme, &headers, b"{}", Span::hours(24)), Err(Refused::WrongSignature), "{name}");
        }
    }

    #[test]
    fn an_old_timestamp_is_refused_beyond_the_tolerance() {
        for (scheme, timestamp) in [(SignatureScheme::Zendesk, "2025-12-30T23:59:59Z"), (SignatureScheme::Chatwoot, "1767139199")] {
            let signature = scheme.sign(b"s3cret", timestamp, b"{}");
            let headers = [(scheme.header(), signature.as_str()), (scheme.timestamp_header().unwrap(), timestamp)];
            assert_eq!(check(scheme, &headers, b"{}", Span::hours(24)), Err(Refused::OldTimestamp));
            assert_eq!(check(scheme, &headers, b"{}", Span::days(3)), Ok(()));
        }
    }

    #[test]
    fn signatures_are_those_that_the_vendors_publish() {
        // The key and the text of RFC 4231, test case 2, for SHA-256 and of RFC 2202 for SHA-1.
        let body = b"what do ya want for nothing?";
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(SignatureScheme::Delighted.sign(b"Jefe", "", body), format!("sha256={sha256}"));
        assert_eq!(SignatureScheme::Intercom.sign(b"Jefe", "", body), "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let with_full_stop = SignatureScheme::Delighted.sign(b"Jefe", "", b"what do ya want for nothing?.");
        assert_eq!(SignatureScheme::Chatwoot.sign(b"Jefe", "what do ya want for nothing?", b""), with_full_stop);
        assert_eq!(SignatureScheme::Typeform.sign(b"Jefe", "", body), "sha256=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
        assert_eq!(
            SignatureScheme::Zendesk.sign(b"Jefe", "what do ya ", b"want for nothing?"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }

    #[test]
    fn tokens_and_passwords_are_compared_as_a_whole() {
        let bearer = Credential::Bearer("token".to_owned());
        let basic = Credential::Basic("user:password".to_owned());
        let check = |credential: &Credential, value: &str| {
            credential.check(SignedRequest { headers: &[("authorization", value)], body: b"" }, NOW, Span::hours(1))
        };
        assert_eq!(check(&bearer, "Bearer token"), Ok(()));
        assert_eq!(check(&bearer, "Bearer toke"), Err(Refused::WrongSignature));
        assert_eq!(check(&bearer, "Basic token"), Err(Refused::WrongSignature));
        assert_eq!(check(&basic, "Basic dXNlcjpwYXNzd29yZA=="), Ok(()));
        assert_eq!(check(&basic, "Basic dXNlcjpwYXNzd29yZB=="), Err(Refused::WrongSignature));
        assert!(!format!("{bearer:?} {basic:?}").contains("token"));
    }
}
