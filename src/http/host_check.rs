//! Which names of the service a request may use in its `Host` header.
//!
//! A page of another origin can let its own name point to an address of this service (DNS rebinding); the browser then takes the service for a part
//! of that origin, and the page can read the answers. Such a request carries the page's name. An address cannot be pointed elsewhere, so addresses
//! are always admitted. Does not know paths.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::header::{self, HeaderName};
use hyper::http::uri::Authority;
use hyper::{Request, Version};

/// The header in which a browser says from which site a request comes.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names by which a service may be asked.
pub(super) struct HostCheck {
    /// As configured in `web.hosts`, in small letters.
    named: Vec<String>,
}

impl HostCheck {
    /// Admits these names, beside those that are always admitted.
    pub(super) fn new(named: &[String]) -> Self {
        Self { named: named.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Whether a request may be answered that came in by the loopback interface, or from another machine.
    pub(super) fn admits<B>(&self, request: &Request<B>, by_loopback: bool) -> bool {
        let mut is_named = false;
        let in_headers = request.headers().get_all(header::HOST).iter().all(|host| {
            is_named = true;
            host.to_str().is_ok_and(|host| self.admits_host(host, by_loopback))
        });
        let in_uri = request.uri().authority().map(Authority::as_str);
        // HTTP/1.0 knows no `Host`, and no browser speaks it.
        in_headers && in_uri.is_none_or(|host| self.admits_host(host, by_loopback)) && (is_named || request.version() < Version::HTTP_11)
    }

    fn admits_host(&self, host: &str, by_loopback: bool) -> bool {
        let Some(name) = without_port(host) else { return false };
        if let Some(address) = name.strip_prefix('[') {
            return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        }
        if name.parse::<Ipv4Addr>().is_ok() {
            return true;
        }
        if !name.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.')) {
            return false;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        // No owner of a domain can own a name of one part. On this machine's own interface a name of the local network is none of ours either.
        let is_local = name == "localhost" || name.ends_with(".localhost") || !by_loopback && !name.is_empty() && !name.contains('.');
        is_local
            || self.named.iter().any(|named| named == "*" || *named == name || named.starts_with('.') && name.ends_with(named.as_str()))
    }
}

/// Whether a browser sends a request for a page: it names the origin of the page, or from which site the request comes.
pub(super) fn is_of_a_page<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(header::ORIGIN) || request.headers().contains_key(FETCH_SITE)
}

/// Whether a connection to this local address came by the loopback interface.
pub(super) fn is_loopback(local: IpAddr) -> bool {
    local.to_canonical().is_loopback()
}

/// The host without its port; `None` if the port is no number.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rfind([':', ']']) {
        Some(at) if host.as_bytes()[at] == b':' => (&host[..at], &host[at + 1..]),
        _ => (host, ""),
    };
    port.bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_others_can_own_are_refused_unless_they_are_configured() {
        let check = HostCheck::new(&["Metrics.example.com".to_owned(), ".internal".to_owned()]);
        let cases = [
            ("127.0.0.1:19270", true, true),
            ("[::1]:19270", true, true),
            ("[::1]", true, true),
            ("10.1.2.3", true, true),
            ("localhost:19270", true, true),
            ("LOCALHOST.", true, true),
            ("metrics.example.com:80", true, true),
            ("a.internal", true, true),
            ("internal", false, true),
            ("evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("xinternal.example", false, false),
            ("cxpulse:19270", false, true),
            ("[::1].evil.example", false, false),
            ("::1", false, false),
            ("a@127.0.0.1", false, false),
            ("127.0.0.1:19270x", false, false),
            ("", false, false),
        ];
        for (host, by_loopback, from_elsewhere) in cases {
            assert_eq!(check.admits_host(host, true), by_loopback, "{host} by loopback");
            assert_eq!(check.admits_host(host, false), from_elsewhere, "{host} from elsewhere");
        }
        assert!(HostCheck::new(&["*".to_owned()]).admits_host("evil.example", true));
    }

    #[test]
    fn every_place_of_a_name_is_checked() {
        let check = HostCheck::new(&[]);
        let request = |version, uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            request.body(()).unwrap()
        };
        assert!(check.admits(&request(Version::HTTP_11, "/", &["localhost"]), true));
        assert!(!check.admits(&request(Version::HTTP_11, "/", &["localhost", "evil.example"]), true));
        assert!(!check.admits(&request(Version::HTTP_11, "http://evil.example/", &["localhost"]), true));
        assert!(!check.admits(&request(Version::HTTP_11, "/", &[]), true));
        assert!(check.admits(&request(Version::HTTP_10, "/", &[]), true));
    }
}
