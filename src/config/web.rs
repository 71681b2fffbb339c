//! `[web]`: the addresses and paths of the HTTP server.
//!
//! Opens no port.

use std::net::SocketAddr;
use std::path::Path;

use super::WebSettings;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{length_within, shown};

pub(super) fn web(mut section: Section<'_>, folder: &Path, group_size_min: u32) -> WebSettings {
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
    let hosts = hosts(&mut section);
    let page = section.or("page", true);
    let telemetry_path = section.checked("telemetry_path", "/metrics".to_owned(), |path: &String| telemetry_path(path));
    let config_file = Some(section.or("config_file", String::new())).filter(|path| !path.is_empty()).map(|path| folder.join(path));
    let enable_lifecycle = section.or("enable_lifecycle", false);
    section.finish();
    WebSettings { listen_addresses, hosts, telemetry_path, page, config_file, enable_lifecycle, group_size_min }
}

/// The names by which the service may be asked.
fn hosts(section: &mut Section<'_>) -> Vec<String> {
    let hosts = section.checked("hosts", Vec::new(), |list: &Vec<String>| length_within(list, 0, 64));
    let place = section.place_of("hosts");
    for (i, host) in hosts.iter().enumerate().filter(|(_, host)| !is_host(host)) {
        let what = format!("`{}` is no name of a machine; allowed are letters, digits and `.-_`, without a port", shown(host));
        let hint = "write such as `cxpulse.example.com`, `.example.com` for every name below it, or `*` for every name";
        section.report.add(&place.entry(i), complaint(ProblemKind::BadName, what, hint));
    }
    hosts
}

fn is_host(host: &str) -> bool {
    let name = host.strip_prefix('.').unwrap_or(host);
    let is_name = name.len() <= 253 && name.split('.').all(|part| !part.is_empty() && part.bytes().all(is_letter_of_host));
    host == "*" || is_name
}

const fn is_letter_of_host(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_')
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
