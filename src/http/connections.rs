//! Connections: how they are accepted, what each may cost, and how they end.
//!
//! Does not know paths (see `routes`).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::routes::Routes;
use super::write_timeout::WriteTimeout;

/// The most connections at once, over all addresses. Further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to send its first byte.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request: the first one from its first byte on, a later one from the end of the response before it.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to receive a response.
const RESPONSE_WITHIN: Duration = Duration::from_secs(10);
/// The largest head of a request.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The most header lines of a request.
const HEADERS_MAX: usize = 64;
/// How long responses that are under way may take after the shutdown has begun.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);
/// The pause after a failed accept, so that the loop does not spin while no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections on every listener until `shutdown` completes, then lets the open ones end.
pub(super) async fn serve(listeners: Vec<TcpListener>, routes: Arc<Routes>, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut acceptors = JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Arc::clone(&routes), Arc::clone(&slots), stopped.clone()));
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
    if timeout(DRAIN_WITHIN, async { while connections.join_next().await.is_some() {} }).await.is_err() {
        tracing::debug!("connections cut at shutdown");
    }
}

/// Accepts connections until the server stops, and returns those that are still open.
async fn accept(listener: TcpListener, routes: Arc<Routes>, slots: Arc<Semaphore>, mut stopped: watch::Receiver<bool>) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let watching = stopped.clone();
    let mut stop = pin!(stop(&mut stopped));
    loop {
        // The slot comes first, so that a client beyond the limit stays in the system's queue and costs this process nothing.
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut stop => return connections,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (routes, watching) = (Arc::clone(&routes), watching.clone());
                connections.spawn(async move {
                    let _slot = slot;
                    serve_connection(stream, routes, watching).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn serve_connection(stream: TcpStream, routes: Arc<Routes>, mut stopped: watch::Receiver<bool>) {
    // hyper's time limit for a head runs from the first poll, so it would cut off a silent client too. The first byte has a limit of its own, so
    // that nothing is set up for a client that sends nothing.
    let first_byte = tokio::select! {
        first_byte = timeout(FIRST_BYTE_WITHIN, stream.readable()) => first_byte,
        () = stop(&mut stopped) => return,
    };
    if !matches!(first_byte, Ok(Ok(()))) {
        return;
    }
    let io = WriteTimeout::new(TokioIo::new(stream), RESPONSE_WITHIN);
    let service = service_fn(move |request| {
        let routes = Arc::clone(&routes);
        async move { Ok::<_, std::convert::Infallible>(routes.answer(&request).await) }
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
