//! How the service runs and what it keeps: `[run]`, `[web]`, `[log]`, `[retention]`, `[limits]`, `[privacy]`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::secret::read_secret;
use super::section::Section;
use super::value::{chosen, length_within, number_within, shown};
use super::windows::RANGE_MAX;
use super::{Clock, LogSettings, RunSettings, Start, WebSettings};
use crate::engine::{Limits, WindowSettings};
use crate::event::IdentityKey;
use crate::time::Span;

/// Not secret: it only makes ids differ from those of other programs. Who wants hashes that nobody can recompute sets an own key.
const DEFAULT_IDENTITY_KEY: [u8; 16] = *b"cxpulse-identity";

/// More would share few partitions among many.
const WORKERS_MAX: i64 = 64;

pub(super) fn run(mut section: Section<'_>) -> RunSettings {
    let start = choice(&mut section, "start", [("beginning", Start::Beginning), ("time", Start::Time)]);
    let clock = choice(&mut section, "clock", [("wall", Clock::Wall), ("event", Clock::Event)]);
    let workers = usize::try_from(section.checked("workers", 0, number_within(0, WORKERS_MAX))).unwrap_or_default();
    let interval = section.checked("snapshot_interval", Span(250), within(Span(10), Span::minutes(1)));
    if clock == Clock::Event && start == Start::Time {
        let what = "`time` leaves events out, but `clock = \"event\"` is for reading everything from the first offset";
        section
            .complain("start", complaint(ProblemKind::StartContradictsClock, what, "use `start = \"beginning\"`, or `clock = \"wall\"`"));
    }
    section.finish();
    let workers = if workers == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { workers };
    RunSettings { start, clock, workers, snapshot_interval: Duration::from_millis(interval.0.unsigned_abs()) }
}

/// The word of a key out of a closed set whose first is the default.
fn choice<T: Copy, const N: usize>(section: &mut Section<'_>, key: &'static str, choices: [(&'static str, T); N]) -> T {
    let Some(word) = section.value::<String>(key) else { return choices[0].1 };
    chosen(&word, &choices).unwrap_or_else(|complaint| {
        section.complain(key, complaint);
        choices[0].1
    })
}

pub(super) fn web(mut section: Section<'_>, group_size_min: u32) -> WebSettings {
    let default = SocketAddr::from(([127, 0, 0, 1], 19_270));
    let texts = section.checked("listen_addresses", vec![default.to_string()], |list: &Vec<String>| length_within(list, 1, 16));
    let place = section.place_of("listen_addresses");
    let mut listen_addresses: Vec<SocketAddr> = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(address) if listen_addresses.contains(&address) => {
                let what = format!("`{address}` stands here twice");
                section.report.add(&place.entry(i), complaint(ProblemKind::Duplicate, what, "remove one of the two"));
            }
            Ok(address) => listen_addresses.push(address),
            Err(_) => {
                let what = format!("`{}` is no address; allowed is an IP address and a port", shown(text));
                let hint = "write such as `127.0.0.1:19270`, `[::1]:19270`, or `0.0.0.0:19270` for every interface";
                section.report.add(&place.entry(i), complaint(ProblemKind::BadAddress, what, hint));
            }
        }
    }
    let page = section.or("page", true);
    let telemetry_path = section.checked("telemetry_path", "/metrics".to_owned(), |path: &String| telemetry_path(path));
    section.finish();
    WebSettings { listen_addresses, telemetry_path, page, group_size_min }
}

fn telemetry_path(path: &str) -> Result<(), Complaint> {
    let letters = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._~-".contains(&b));
    if path.starts_with('/') && path.len() > 1 && path.len() <= 200 && letters && !path.starts_with("/-/") {
        return Ok(());
    }
    let what = format!(
        "`{}` cannot be served; allowed are letters, digits and `/._~-` behind a `/`, but not `/` itself nor what begins with `/-/`",
        shown(path)
    );
    Err(complaint(ProblemKind::BadPath, what, "use `/metrics`"))
}

pub(super) fn log(mut section: Section<'_>) -> LogSettings {
    let filter = section.checked("filter", "info".to_owned(), |filter: &String| match EnvFilter::builder().parse(filter) {
        Ok(_) if !filter.trim().is_empty() => Ok(()),
        _ => {
            let what = format!("`{}` is no filter; allowed are levels (`error`, `warn`, `info`, `debug`, `trace`, `off`) and `module=level`, with commas between", shown(filter));
            Err(complaint(ProblemKind::BadFilter, what, "write such as `info` or `info,cxpulse::kafka=debug`"))
        }
    });
    let json = section.or("json", false);
    section.finish();
    LogSettings { filter, json }
}

/// How long ended tickets and chats, and cancelled customers, stay known.
pub(super) fn retention(mut section: Section<'_>, windows: &[WindowSettings]) -> (Span, Span) {
    let tickets = section.checked("tickets", Span::days(365), within(Span::hours(1), Span::days(3_650)));
    let customers = section.checked("customers", Span::days(400), within(Span::hours(1), Span::days(3_650)));
    for (key, kept) in [("tickets", tickets), ("customers", customers)] {
        if let Some(window) = windows.iter().find(|window| window.range > kept && window.range <= RANGE_MAX) {
            let what =
                format!("`{kept}` is shorter than the window `{}`: what is forgotten earlier would count there once more", window.name);
            section
                .complain(key, complaint(ProblemKind::RetentionTooShort, what, format!("keep them for at least `{}`", longest(windows))));
        }
    }
    section.finish();
    (tickets, customers)
}

fn longest(windows: &[WindowSettings]) -> Span {
    windows.iter().map(|window| window.range).max().unwrap_or_default()
}

pub(super) fn limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let mut limit = |key, default: usize, max| {
        let n = section.checked(key, i64::try_from(default).unwrap_or(i64::MAX), number_within(16, max));
        usize::try_from(n).unwrap_or(default)
    };
    let limits = Limits {
        contacts_max: limit("contacts_max", default.contacts_max, 1_000_000_000),
        customers_max: limit("customers_max", default.customers_max, 1_000_000_000),
        surveys_max: limit("surveys_max", default.surveys_max, 1_000_000_000),
        identities_max: limit("identities_max", default.identities_max, 1_000_000_000),
        held_max: limit("held_max", default.held_max, 1_000_000_000),
        history_max: limit("history_max", default.history_max, 65_536),
        cells_max: limit("cells_max", default.cells_max, 10_000_000),
        cells_per_family_max: limit("cells_per_family_max", default.cells_per_family_max, 10_000_000),
    };
    section.finish();
    limits
}

/// What `[privacy]` says: the key that ids are hashed with, and the size of the smallest group that is shown to people.
pub(super) fn privacy(mut section: Section<'_>, folder: &Path) -> (IdentityKey, u32) {
    let group_size_min = section.checked("min_group_size", 5, number_within(1, 1_000));
    let key = section.node("identity_key").and_then(|node| {
        let place = section.place_of("identity_key");
        let secret = read_secret(node, &place, folder, section.report)?;
        let key = of_hex(&secret.0);
        if key.is_none() {
            let what = "not a key; allowed are 32 hexadecimal digits, or `{ file = \"path\" }` of a file with them";
            section.report.add(&place, complaint(ProblemKind::BadIdentityKey, what, "make one with `openssl rand -hex 16`"));
        }
        key
    });
    section.finish();
    (IdentityKey(key.unwrap_or(DEFAULT_IDENTITY_KEY)), u32::try_from(group_size_min).unwrap_or(u32::MAX))
}

fn of_hex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_key_is_its_digits_in_order() {
        assert_eq!(of_hex("00112233445566778899aabbccddeeff").map(|k| (k[0], k[1], k[15])), Some((0x00, 0x11, 0xff)));
        assert_eq!((of_hex("6378707..."), of_hex("+0112233445566778899aabbccddeeff")), (None, None));
        let spelled: String = DEFAULT_IDENTITY_KEY.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(of_hex(&spelled), Some(DEFAULT_IDENTITY_KEY));
    }
}
