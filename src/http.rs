//! Hop 7, the HTTP surface: `/metrics`, `/-/healthy`, `/-/ready` and the live page, for scrapers and people who may be hostile.
//!
//! Knows hyper and the text of a snapshot; does not know Kafka, the engine's workings or how a value came about. Everything a client can do
//! is bounded: connections, header size, time to send a request, time to take an answer, scrapes at once.

mod body;
mod collection;
mod collector;
mod connection;
mod history;
mod negotiate;
mod page;
mod route;
mod stall;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;

use crate::config::WebSettings;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

/// A snapshot as its source shows it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The values.
    pub snapshot: Arc<Snapshot>,
    /// The instant that they tell of; that of the question while nobody takes newer ones, since they are as new as can be.
    pub as_of: Instant,
}

/// Where the server reads what it serves; asked anew for every request, so every method must be quick and, but for the first, must not block.
pub trait Source: Send + Sync {
    /// A fresh snapshot; may wait for it a moment, and gives the newest where none comes. Asked on a thread that may be blocked.
    fn snapshot(&self) -> Shown;

    /// A number that goes up whenever what was shown before may not be shown any more: because partitions went, or because whoever hears of
    /// readiness must find the values that made it so. A snapshot that is taken after this was asked is at least of that era.
    fn era(&self) -> u64;

    /// Appends the process's own counters and gauges as exposition text.
    fn render_telemetry(&self, out: &mut String);

    /// Whether every value speaks for all assigned data.
    ///
    /// # Errors
    /// The reason why not yet, as a text for people.
    fn ready(&self) -> Result<(), String>;

    /// Whether the processing loop moves; never depends on Kafka.
    fn healthy(&self) -> bool;
}

/// What a server serves.
#[derive(Clone)]
pub struct Site {
    /// The values.
    pub source: Arc<dyn Source>,
    /// How they become text.
    pub exposition: Arc<Exposition>,
    /// Paths, and whether there is a page.
    pub web: WebSettings,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}` (web.listen_addresses)\nhint: {}", hint(.source))]
pub struct BindError {
    /// The address as configured.
    pub address: SocketAddr,
    /// Why the system refused it.
    pub source: std::io::Error,
}

/// Binds every address; port 0 takes a free port, which the listener then tells.
///
/// # Errors
/// The first address that the system refuses, such as a port in use.
pub async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        listeners.push(TcpListener::bind(address).await.map_err(|source| BindError { address, source })?);
    }
    Ok(listeners)
}

/// Serves until `shutdown` completes, then lets running answers end within a second.
pub async fn serve(listeners: Vec<TcpListener>, site: Site, shutdown: impl Future<Output = ()>) {
    let routes = Arc::new(route::Routes::new(site));
    tokio::select! {
        () = connection::serve(listeners, Arc::clone(&routes), shutdown) => {}
        never = routes.remember() => match never {},
        never = routes.renew() => match never {},
    }
}

fn hint(source: &std::io::Error) -> &'static str {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        "another process has this port; stop it, or give another address with --web.listen-address"
    } else if source.kind() == std::io::ErrorKind::AddrNotAvailable {
        "this machine has no such address; use 127.0.0.1, 0.0.0.0 or an address of its own"
    } else if source.kind() == std::io::ErrorKind::PermissionDenied {
        "ports below 1024 need a privilege; use a higher port such as 19270"
    } else {
        "give another address with --web.listen-address"
    }
}
