//! The server of webhooks: reads a request within limits, lets it be taken, and answers. Beside that the metrics and the probes of the stage.
//!
//! Does not know what a payload means, or when it is safe: that is the [`WebhookTaker`]'s.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::rustls::ServerConfig;

use super::access::Access;
use super::connections::{self, Answering, Client};
use super::host_check::{HostCheck, is_of_a_page};
use super::response::{Chunks, not_by_this_name, text};

/// How long a client may take to send a body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The body of a request. Parts of it are made without a copy.
pub type WebhookBody = Bytes;

/// A request to a path of a feed.
#[derive(Clone, Debug)]
pub struct WebhookRequest {
    /// The path.
    pub path: String,
    /// The headers by name, in small letters. Values that are not texts are left out.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: WebhookBody,
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

    /// Whether a sender to this path must prove who it is.
    fn needs_proof(&self, path: &str) -> bool;

    /// Counts a request that is refused before it is taken.
    fn count_refused(&self, path: &str, reason: &'static str);

    /// Takes a request. The answer says whether it is safe.
    fn take(&self, request: WebhookRequest) -> impl Future<Output = WebhookAnswer> + Send;

    /// Whether the stage is ready.
    ///
    /// # Errors
    /// Why it is not, as a text for people.
    fn ready(&self) -> Result<(), String>;

    /// The exposition text.
    fn metrics(&self) -> String;
}

/// What the server needs beside the taker.
pub struct WebhookSite<T> {
    /// Takes the requests.
    pub taker: Arc<T>,
    /// Who may ask for the pages, and by which connections webhooks and questions come.
    pub access: Arc<Access>,
    /// The names by which the stage may be asked, beside its addresses.
    pub hosts: Vec<String>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// The largest body in bytes.
    pub body_bytes_max: usize,
}

/// The paths of a stage.
struct WebhookRoutes<T> {
    site: WebhookSite<T>,
    hosts: HostCheck,
}

/// Serves until `shutdown` completes. Requests that are under way then have five seconds to end.
pub async fn serve_webhooks<T: WebhookTaker>(listeners: Vec<TcpListener>, site: WebhookSite<T>, shutdown: impl Future<Output = ()>) {
    let access = Arc::clone(&site.access);
    let hosts = HostCheck::new(&site.hosts);
    tokio::select! {
        never = access.follow() => match never {},
        () = connections::serve(listeners, Arc::new(WebhookRoutes { site, hosts }), shutdown) => {}
    }
}

impl<T: WebhookTaker> Answering for WebhookRoutes<T> {
    const DRAIN_WITHIN: Duration = Duration::from_secs(5);

    fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.site.access.newest().tls.clone()
    }

    async fn answer(&self, request: Request<Incoming>, client: Client) -> Response<Chunks> {
        let access = self.site.access.newest();
        let is_page = matches!(*request.method(), Method::GET | Method::HEAD);
        let path = request.uri().path().to_owned();
        // Who proves to be the vendor needs no password, and may call the service by any name: no page can make that proof.
        let is_proven = !is_page && self.site.taker.needs_proof(&path);
        let admitted = if is_page { access.admit(&request).await } else { Ok(()) };
        let response = match admitted {
            Err(refused) => refused,
            Ok(()) if !is_proven && !self.hosts.admits(&request, client.by_loopback) => not_by_this_name(),
            Ok(()) if is_page => page(&self.site, &path),
            Ok(()) if !self.site.taker.has_path(&path) => text(StatusCode::NOT_FOUND, "no feed has this path\n"),
            Ok(()) if *request.method() != Method::POST => text(StatusCode::METHOD_NOT_ALLOWED, "a webhook is sent with POST\n"),
            Ok(()) if !is_proven && is_of_a_page(&request) => text(StatusCode::FORBIDDEN, "not for pages\n"),
            Ok(()) => take(&self.site, path, request).await,
        };
        access.with_headers(response)
    }
}

/// Takes a webhook within the limits of its body.
async fn take<T: WebhookTaker>(site: &WebhookSite<T>, path: String, request: Request<Incoming>) -> Response<Chunks> {
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
        "/-/ready" => match site.taker.ready() {
            Ok(()) => text(StatusCode::OK, "ready\n"),
            Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        _ if site.taker.has_path(path) => text(StatusCode::METHOD_NOT_ALLOWED, "a webhook is sent with POST\n"),
        _ => text(StatusCode::NOT_FOUND, "not here: /metrics, /-/ready, /-/healthy and the paths of the feeds\n"),
    }
}
