//! Tokens for SASL OAUTHBEARER: from a file that a sidecar keeps fresh, or from a command.
//!
//! A token never gets into a message, nor does anything that the command prints. Does not know the client that needs the token; each client asks anew
//! before its token expires. The only user of the wall clock in `kafka`, because a token expires by it.

#![allow(unsafe_code, reason = "rdkafka has no call that gives a token to an administrative client")]

use std::error::Error;
use std::ffi::{CString, c_char};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::ptr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rdkafka::bindings::rd_kafka_oauthbearer_set_token;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::types::RDKafkaRespErr;
use serde::Deserialize;

use crate::config::{TokenSettings, TokenSource};

/// A longer text is no token.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;
/// A token is asked for again after this time at the latest, so that a new file is soon noticed. A token without a time of expiry is taken to last so long.
const LASTS_AT_MOST: Duration = Duration::from_secs(300);
/// The name of a token's owner where the token says none. Brokers take the name from the token.
const OWNER: &str = "cxpulse";
/// How often it is looked whether the command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The claims of a token that this product reads; it verifies none.
#[derive(Default, Deserialize)]
struct Claims {
    exp: Option<f64>,
    sub: Option<String>,
}

/// A fresh token.
///
/// # Errors
/// Where there is no token, or one that has expired; the text names the file or the command and holds no secret.
pub(super) fn fresh(settings: Option<&TokenSettings>) -> Result<OAuthToken, Box<dyn Error>> {
    let Some(settings) = settings else {
        return Err("OAUTHBEARER needs a token: set kafka.token_file or kafka.token_command".into());
    };
    let (text, place) = match &settings.source {
        TokenSource::File(path) => {
            let place = format!("kafka.token_file: `{}`", path.display());
            let file = std::fs::File::open(path).map_err(|error| format!("{place} cannot be read: {}", error.kind()))?;
            (read(file).map_err(|why| format!("{place} cannot be read: {why}"))?, place)
        }
        TokenSource::Command(words) => {
            let place = format!("kafka.token_command: `{}`", words.first().map_or("", String::as_str));
            (run(words, settings.command_within).map_err(|why| format!("{place} {why}"))?, place)
        }
    };
    let token = text.trim();
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if !is_token {
        return Err(format!("{place} gives no token; wanted is the token alone, on one line").into());
    }
    #[expect(clippy::disallowed_methods, reason = "a token expires by the wall clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let claims = claims(token);
    let expires = claims.exp.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if let Some(past) = expires.and_then(|expires| now.checked_sub(expires)) {
        return Err(format!("{place} gives a token that expired {} s ago", past.as_secs()).into());
    }
    let until = expires.map_or(now + LASTS_AT_MOST, |expires| expires.min(now + LASTS_AT_MOST));
    Ok(OAuthToken {
        token: token.to_owned(),
        principal_name: claims.sub.filter(|sub| !sub.is_empty() && !sub.contains('\0')).unwrap_or_else(|| OWNER.to_owned()),
        lifetime_ms: i64::try_from(until.as_millis())?,
    })
}

/// Gives a client a fresh token at once. An administrative client needs this, because it has nothing that would ask for one.
///
/// # Errors
/// As [`fresh`], and where librdkafka does not take the token.
pub(super) fn give<C: ClientContext>(client: &Client<C>, settings: &TokenSettings) -> Result<(), Box<dyn Error>> {
    let OAuthToken { token, principal_name, lifetime_ms } = fresh(Some(settings))?;
    let (token, principal) = (CString::new(token)?, CString::new(principal_name)?);
    let mut why: [c_char; 256] = [0; 256];
    // SAFETY: the handle lives as long as `client`, librdkafka copies the two texts, there are no extensions, and `why` is as long as is said.
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            token.as_ptr(),
            lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            why.as_mut_ptr(),
            why.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err("the client does not take the token".into()) }
}

/// The claims of a JSON web token; none of a token of another kind.
fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).map(|payload| payload.trim_end_matches('='));
    let decoded = payload.and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok());
    decoded.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

fn read(source: impl Read) -> Result<String, String> {
    let mut text = String::new();
    let length = source.take(TOKEN_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| error.kind().to_string())?;
    if length as u64 > TOKEN_BYTES_MAX { Err("it is longer than 64 KiB".to_owned()) } else { Ok(text) }
}

/// What the command prints on stdout, if it ends in time and with success. Otherwise it is killed.
fn run(words: &[String], within: Duration) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("is empty")?;
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = command.map_err(|error| format!("cannot be started: {}", error.kind()))?;
    let stdout = child.stdout.take().ok_or("has no stdout")?;
    let reader = std::thread::Builder::new().name("cxpulse-token".to_owned()).spawn(move || read(stdout));
    let ended = wait(&mut child, within);
    if ended.is_err() {
        // It may have ended by itself meanwhile.
        drop((child.kill(), child.wait()));
        return ended.map(|()| String::new());
    }
    let reader = reader.map_err(|error| format!("cannot be read: {}", error.kind()))?;
    // A process that the command has left behind may hold its stdout open.
    let deadline = Instant::now() + within;
    while !reader.is_finished() {
        if Instant::now() >= deadline {
            return Err("does not end its output".to_owned());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    reader.join().map_err(|_| "cannot be read".to_owned())?.map_err(|why| format!("cannot be read: {why}"))
}

fn wait(child: &mut Child, within: Duration) -> Result<(), String> {
    let deadline = Instant::now() + within;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("fails with {status}")),
            Ok(None) if Instant::now() >= deadline => return Err(format!("did not end within {} s", within.as_secs())),
            Ok(None) => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(format!("cannot be waited for: {}", error.kind())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str) -> TokenSettings {
        let source = TokenSource::Command(["sh", "-c", script].map(str::to_owned).to_vec());
        TokenSettings { source, command_within: Duration::from_secs(1) }
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    fn refusal(settings: &TokenSettings) -> String {
        fresh(Some(settings)).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_again_and_an_expired_token_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let settings = TokenSettings { source: TokenSource::File(path.clone()), command_within: Duration::from_secs(1) };
        assert!(refusal(&settings).contains("cannot be read"));
        std::fs::write(&path, "canary7\n").unwrap();
        let opaque = fresh(Some(&settings)).unwrap();
        assert_eq!((opaque.token.as_str(), opaque.principal_name.as_str()), ("canary7", OWNER));
        std::fs::write(&path, jwt(r#"{"sub":"ali","exp":99999999999}"#)).unwrap();
        let token = fresh(Some(&settings)).unwrap();
        assert_eq!(token.principal_name, "ali");
        assert!(token.lifetime_ms - opaque.lifetime_ms < 60_000, "it is asked for again within minutes");
        std::fs::write(&path, jwt(r#"{"sub":"canary7","exp":1000}"#)).unwrap();
        assert!(refusal(&settings).contains("expired") && !refusal(&settings).contains("canary7"), "{}", refusal(&settings));
        std::fs::write(&path, "two words").unwrap();
        assert!(refusal(&settings).contains("no token") && !refusal(&settings).contains("words"));
    }

    #[test]
    fn a_command_has_a_time_limit_and_its_output_is_in_no_message() {
        assert_eq!(fresh(Some(&command("echo canary7"))).unwrap().token, "canary7");
        let begun = Instant::now();
        let slow = refusal(&command("echo canary7; exec sleep 30"));
        assert!(begun.elapsed() < Duration::from_secs(5) && slow.contains("within 1 s"), "{slow}");
        let cases = [("echo canary7; exit 3", "fails with"), ("yes canary7 | head -c 65600", "longer"), ("true", "no token")];
        for (script, wanted) in cases {
            let why = refusal(&command(script));
            assert!(why.contains(wanted) && !why.contains("canary7"), "{why}");
        }
        assert!(fresh(None).is_err());
    }
}
