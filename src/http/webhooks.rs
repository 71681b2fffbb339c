//! The server of webhooks: reads a request within limits, lets it be taken, and answers. Beside that the metrics and the probes of the stage.
//!
//! Does not know what a payload means, or when it is safe: that is the [`WebhookTaker`]'s.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::places::{Place, Places};
use super::response::{Answered, Chunks, text};
use super::write_timeout::WriteTimeout;

/// How long a client may take to send the head of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to send a body.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to receive a response.
const RESPONSE_WITHIN: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const IDLE_WITHIN: Duration = Duration::from_secs(60);
const HEADER_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// How long requests that are under way may take after the shutdown has begun.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A request to a path of a feed.
#[derive(Clone, Debug)]
pub struct WebhookRequest {
    /// The path.
    pub path: String,
    /// The headers by name, in small letters. Values that are not texts are left out.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Bytes,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct WebhookAnswer {
    /// The HTTP status code.
    pub status: u16,
    /// The body.
    pub body: String,
    /// What the sender is told to wait.
    pub retry_after_seconds: Option<u32>,
}

impl WebhookAnswer {
    /// An answer.
    #[must_use]
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), retry_after_seconds: None }
    }
}

/// Takes webhooks.
pub trait WebhookTaker: Send + Sync + 'static {
    /// Whether a feed has this path.
    fn has_path(&self, path: &str) -> bool;

    /// Counts a request that is refused before it is taken.
    fn count_refused(&self, path: &str, reason: &'static str);

    /// Takes a request. The answer says whether it is safe.
    fn take(&self, request: WebhookRequest) -> impl Future<Output = WebhookAnswer> + Send;

    /// The exposition text.
    fn metrics(&self) -> String;
}

/// What the server needs beside the taker.
pub struct WebhookSite<T> {
    /// Takes the requests.
    pub taker: Arc<T>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// The largest body in bytes.
    pub body_bytes_max: usize,
    /// Why the stage is not ready, if it is not.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// Serves until `shutdown` completes. Requests that are under way then have five seconds to end.
pub async fn serve_webhooks<T: WebhookTaker>(listeners: Vec<TcpListener>, site: WebhookSite<T>, shutdown: impl Future<Output = ()>) {
    let site = Arc::new(site);
    let (stop, stopped) = watch::channel(false);
    let places = Places::new();
    let mut acceptors = JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Arc::clone(&site), Arc::clone(&places), stopped.clone()));
    }
    shutdown.await;
    stop.send_replace(true);
    let drained = timeout(DRAIN_WITHIN, async { while acceptors.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::debug!("connections cut at shutdown");
    }
}

/// Accepts connections until the server stops, then waits for those that are open.
async fn accept<T: WebhookTaker>(
    listener: TcpListener,
    site: Arc<WebhookSite<T>>,
    places: Arc<Places>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let watching = stopped.clone();
    let mut stop = pin!(async { drop(stopped.wait_for(|stopped| *stopped).await) });
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let place = places.take().await;
                let (site, watching) = (Arc::clone(&site), watching.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = serve_connection(stream, &place, site, watching) => {}
                        () = place.dismissed() => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn serve_connection<T: WebhookTaker>(
    stream: TcpStream,
    place: &Place,
    site: Arc<WebhookSite<T>>,
    mut stopped: watch::Receiver<bool>,
) {
    if !matches!(timeout(IDLE_WITHIN, stream.readable()).await, Ok(Ok(()))) {
        return;
    }
    let seat = place.seat();
    let io = WriteTimeout::new(TokioIo::new(stream), RESPONSE_WITHIN, Arc::clone(&seat));
    let service = service_fn(move |request| {
        let (site, seat) = (Arc::clone(&site), Arc::clone(&seat));
        seat.answering();
        async move { Ok::<_, Infallible>(answer(&site, request).await.map(|body| Answered::new(body, seat))) }
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
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn answer<T: WebhookTaker>(site: &WebhookSite<T>, request: Request<Incoming>) -> Response<Chunks> {
    let path = request.uri().path().to_owned();
    if *request.method() == Method::GET || *request.method() == Method::HEAD {
        return page(site, &path);
    }
    if !site.taker.has_path(&path) {
        return text(StatusCode::NOT_FOUND, "no feed has this path\n");
    }
    if *request.method() != Method::POST {
        return text(StatusCode::METHOD_NOT_ALLOWED, "a webhook is sent with POST\n");
    }
    let (head, body) = request.into_parts();
    let refused = |status: StatusCode, reason: &'static str, what: String| {
        site.taker.count_refused(&path, reason);
        let mut response = text(status, what);
        // What is left of the body is not read, so the connection cannot be used again.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    };
    let too_large = || refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("more than {} bytes\n", site.body_bytes_max));
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > site.body_bytes_max as u64) {
        return too_large();
    }
    let body = match timeout(BODY_WITHIN, Limited::new(body, site.body_bytes_max).collect()).await {
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "slow_body", "the body came too slowly\n".to_owned()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(),
        Ok(Err(_)) => return refused(StatusCode::BAD_REQUEST, "broken_body", "the body is not complete\n".to_owned()),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let headers = head.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect();
    let taken = site.taker.take(WebhookRequest { path, headers, body }).await;
    let mut response = text(StatusCode::from_u16(taken.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), taken.body);
    if let Some(seconds) = taken.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The metrics and the probes.
fn page<T: WebhookTaker>(site: &WebhookSite<T>, path: &str) -> Response<Chunks> {
    match path {
        _ if path == site.telemetry_path => {
            let mut response = text(StatusCode::OK, site.taker.metrics());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
            response
        }
        "/-/healthy" => text(StatusCode::OK, "healthy\n"),
        "/-/ready" => match (site.ready)() {
            Ok(()) => text(StatusCode::OK, "ready\n"),
            Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        _ if site.taker.has_path(path) => text(StatusCode::METHOD_NOT_ALLOWED, "a webhook is sent with POST\n"),
        _ => text(StatusCode::NOT_FOUND, "not here: /metrics, /-/ready, /-/healthy and the paths of the feeds\n"),
    }
}
