//! Stage 7 of the way of an event, the HTTP server: `/metrics`, `/-/healthy`, `/-/ready` and the live page.
//!
//! Knows hyper and the text of a snapshot. Does not know Kafka, how the engine works, or how a value came about.
//!
//! Clients may be hostile, so everything that a client can use up is limited: connections, the size of a request's head, the time to send a
//! request, the time to take an answer, and the scrapes and pages that are made at once. Pages of other origins are kept from reading answers.

mod access;
mod basic_auth;
mod connections;
mod host_check;
mod own_client;
mod page;
mod places;
mod rendered_scrape;
mod response;
mod routes;
mod scrape_cache;
mod scrape_queue;
mod tls;
mod web_fault;
mod web_file;
mod webhooks;
mod write_timeout;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket};

pub use access::Access;
pub use own_client::own_client;
pub use web_fault::WebFileError;

use crate::config::WebSettings;
use crate::engine::Snapshot;
use crate::metrics::Exposition;
use crate::metrics::telemetry::TelemetrySample;

pub use self::webhooks::{WebhookAnswer, WebhookBody, WebhookRequest, WebhookSite, WebhookTaker, serve_webhooks};

/// How many clients may wait at an address until the server accepts them. The system's own limit holds too (`net.core.somaxconn`, 4096 by default).
/// A client beyond them gets no answer to its first packet. It sends that again after 1, 3 and 7 seconds, which is too late for a health check, so
/// there is room for many more clients than for connections.
const BACKLOG: u32 = 4096;

/// A snapshot, and how new it is.
#[derive(Clone, Debug)]
pub struct DatedSnapshot {
    /// The values.
    pub snapshot: Arc<Snapshot>,
    /// The instant of the values. While no newer snapshots are taken, the instant of the request, because no newer values exist then.
    pub as_of: Instant,
}

/// A refused record of a topic.
#[derive(Clone, Debug)]
pub struct TopicRefusal {
    /// The name of the topic.
    pub topic: String,
    /// The reason, as the label `reason` has it.
    pub reason: &'static str,
    /// The member at fault and what was expected of it.
    pub why: String,
}

/// Where the server reads the values that it serves. The server asks anew for every request, so every method must be quick, and
/// none but [`snapshot`](Self::snapshot) may block.
pub trait ValueSource: Send + Sync {
    /// A fresh snapshot. May wait a moment for it, and gives the newest one when no fresh one comes. The server calls this on a thread that may
    /// be blocked.
    fn snapshot(&self) -> DatedSnapshot;

    /// A number that goes up whenever earlier values must not be shown any more: when partitions were taken away, and when the service becomes
    /// ready, because a client that has heard of the readiness must find the values that caused it. A snapshot that is taken after this call is of
    /// this era or of a later one.
    fn era(&self) -> u64;

    /// Appends the process's own counters and gauges to `out`, as exposition text.
    fn render_telemetry(&self, out: &mut String);

    /// The process's own counters and gauges as values, for the page.
    fn telemetry_samples(&self) -> Vec<TelemetrySample>;

    /// The latest refused record of each reason that was explained, for the page. A source without records has none.
    fn latest_refusals(&self) -> Vec<TopicRefusal> {
        Vec::new()
    }

    /// Whether every value covers all data of the assigned partitions.
    ///
    /// # Errors
    /// The reason why a value does not, as a text for people.
    fn ready(&self) -> Result<(), String>;

    /// Whether the processing loops make progress. Never depends on Kafka.
    fn healthy(&self) -> bool;
}

/// What a server may be asked to do beside answering.
pub trait Lifecycle: Send + Sync {
    /// Reads the configuration again. May take a moment. The text says what has changed, and what needs a restart.
    ///
    /// # Errors
    /// Why nothing has changed, as a text for people.
    fn reload(&self) -> Result<String, String>;
}

/// Everything that a server serves.
#[derive(Clone)]
pub struct Site {
    /// Where the values come from.
    pub source: Arc<dyn ValueSource>,
    /// Turns values into text. Whoever replaces it begins a new era of the source after that.
    pub exposition: Arc<ArcSwap<Exposition>>,
    /// The paths, and whether there is a page.
    pub web: WebSettings,
    /// Who may ask, and by which connections.
    pub access: Arc<Access>,
    /// What `POST /-/reload` does; `None` where the path is not served.
    pub lifecycle: Option<Arc<dyn Lifecycle>>,
}

/// The server cannot listen on an address. The text ends with the advice to the user, so it names the cause too.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}` (web.listen_addresses): {cause}\nhint: {}", hint(.cause))]
pub struct BindError {
    /// The address as configured.
    pub address: SocketAddr,
    /// Why the system refused it.
    pub cause: std::io::Error,
}

/// Binds every address. Port 0 takes a free port; the listener's local address then names it.
///
/// # Errors
/// The first address that the system refuses, for example because another process uses the port.
pub async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        listeners.push(listen(address).map_err(|cause| BindError { address, cause })?);
    }
    Ok(listeners)
}

/// Serves until `shutdown` completes. Answers that are under way then have one second to end.
pub async fn serve(listeners: Vec<TcpListener>, site: Site, shutdown: impl Future<Output = ()>) {
    let access = Arc::clone(&site.access);
    let routes = Arc::new(routes::Routes::new(site));
    tokio::select! {
        never = access.follow() => match never {},
        () = connections::serve(listeners, Arc::clone(&routes), shutdown) => {}
        never = routes.remember_sparklines() => match never {},
        never = routes.renew_scrapes() => match never {},
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait until the system has forgotten the connections of the process before.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn hint(cause: &std::io::Error) -> &'static str {
    if cause.kind() == std::io::ErrorKind::AddrInUse {
        "another process has this port; stop it, or give another address with --web.listen-address"
    } else if cause.kind() == std::io::ErrorKind::AddrNotAvailable {
        "this machine has no such address; use 127.0.0.1, 0.0.0.0 or an address of its own"
    } else if cause.kind() == std::io::ErrorKind::PermissionDenied {
        "ports below 1024 need a privilege; use a higher port such as 19270"
    } else {
        "give another address with --web.listen-address"
    }
}
