//! Connections: how they are accepted, what each may cost, and how they end.
//!
//! Does not know what is served (see [`Answering`]), nor which connection ends when places run out (see `places`).

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::host_check::is_loopback;
use super::places::{Place, Places};
use super::response::{Answered, Chunks};
use super::write_timeout::WriteTimeout;

/// How long a client may take to send its first byte.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to agree on encryption.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request: the first one from its first byte on, a later one from the end of the response before it.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to receive a response.
const RESPONSE_WITHIN: Duration = Duration::from_secs(10);
/// The largest head of a request.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The most header lines of a request.
const HEADERS_MAX: usize = 64;
/// The pause after a failed accept, so that the loop does not spin while no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// How often failed accepts are logged at most.
const ACCEPT_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Client {
    /// The address of the client, or of the proxy before it.
    pub(super) address: IpAddr,
    /// Whether the request came in by the loopback interface.
    pub(super) by_loopback: bool,
}

/// What is served on connections.
pub(super) trait Answering: Send + Sync + 'static {
    /// How long responses that are under way may take after the shutdown has begun.
    const DRAIN_WITHIN: Duration;

    /// The TLS of connections that come now; `None` where they are not encrypted.
    fn tls(&self) -> Option<Arc<ServerConfig>>;

    /// Answers one request. For HEAD, hyper leaves the body out.
    fn answer(&self, request: Request<Incoming>, client: Client) -> impl Future<Output = Response<Chunks>> + Send;
}

/// Accepts connections on every listener until `shutdown` completes, then lets the open ones end.
pub(super) async fn serve<A: Answering>(listeners: Vec<TcpListener>, site: Arc<A>, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let places = Places::new();
    let mut acceptors = JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Arc::clone(&site), Arc::clone(&places), stopped.clone()));
    }
    shutdown.await;
    stop.send_replace(true);
    // Acceptors end at once and drop their listeners, so the ports are free while the last responses go out.
    let mut connections = JoinSet::new();
    while let Some(ended) = acceptors.join_next().await {
        if let Ok(mut left) = ended {
            connections.spawn(async move { while left.join_next().await.is_some() {} });
        }
    }
    if timeout(A::DRAIN_WITHIN, async { while connections.join_next().await.is_some() {} }).await.is_err() {
        tracing::debug!("connections cut at shutdown");
    }
}

/// Accepts connections until the server stops, and returns those that are still open.
async fn accept<A: Answering>(listener: TcpListener, site: Arc<A>, places: Arc<Places>, mut stopped: watch::Receiver<bool>) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let watching = stopped.clone();
    let mut stop = pin!(stop(&mut stopped));
    let mut failure_logged: Option<Instant> = None;
    loop {
        let next = async {
            let (stream, _) = listener.accept().await?;
            Ok::<_, std::io::Error>((stream, places.take().await))
        };
        let accepted = tokio::select! {
            () = &mut stop => return connections,
            accepted = next => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, place)) => {
                connections.spawn(serve_connection(stream, place, Arc::clone(&site), watching.clone()));
            }
            Err(error) => {
                if failure_logged.is_none_or(|at| at.elapsed() >= ACCEPT_LOGGED_EVERY) {
                    tracing::warn!(%error, "cannot accept a connection");
                    failure_logged = Some(Instant::now());
                }
                // Most often no file descriptor is left.
                places.free_one();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn serve_connection<A: Answering>(stream: TcpStream, place: Place, site: Arc<A>, stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = serve_requests(stream, &place, site, stopped) => {}
        () = place.dismissed() => tracing::debug!("a connection that waited was closed for another client"),
    }
}

async fn serve_requests<A: Answering>(stream: TcpStream, place: &Place, site: Arc<A>, mut stopped: watch::Receiver<bool>) {
    let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let client = Client { address: peer.ip().to_canonical(), by_loopback: is_loopback(local.ip()) };
    // hyper's time limit for a head runs from the first poll, so it would cut off a silent client too. The first byte has a limit of its own, so
    // that nothing is set up for a client that sends nothing.
    let first_byte = tokio::select! {
        first_byte = timeout(FIRST_BYTE_WITHIN, stream.readable()) => first_byte,
        () = stop(&mut stopped) => return,
    };
    if !matches!(first_byte, Ok(Ok(()))) {
        return;
    }
    let Some(tls) = site.tls() else { return serve_http(TokioIo::new(stream), client, place, site, stopped).await };
    match timeout(HANDSHAKE_WITHIN, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => serve_http(TokioIo::new(stream), client, place, site, stopped).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on encryption"),
        Err(_) => tracing::debug!("a client took too long to agree on encryption"),
    }
}

async fn serve_http<I: Read + Write + Unpin, A: Answering>(
    io: I,
    client: Client,
    place: &Place,
    site: Arc<A>,
    mut stopped: watch::Receiver<bool>,
) {
    let seat = place.seat();
    let io = WriteTimeout::new(io, RESPONSE_WITHIN, Arc::clone(&seat));
    let service = service_fn(move |request| {
        let (site, seat) = (Arc::clone(&site), Arc::clone(&seat));
        seat.answering();
        async move { Ok::<_, Infallible>(site.answer(request, client).await.map(|body| Answered::new(body, seat))) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Completes when the server stops, or when its owner is gone.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}
