//! Requests to answers.
//!
//! Does not know connections; see `connection` for those.

use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;

use super::body::Chunks;
use super::collection::Collector;
use super::{Site, negotiate, page};

/// Scrapes and pages at once; further ones are told to come back.
const SCRAPES_MAX: usize = 4;
/// Prometheus 3 fails a scrape whose type is not exactly this.
const EXPOSITION_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// The paths of one site.
pub(super) struct Routes {
    site: Site,
    collector: Arc<Collector>,
    scrapes: Arc<Semaphore>,
}

impl Routes {
    /// The paths of `site`.
    pub(super) fn new(site: Site) -> Self {
        Self { site, collector: Arc::default(), scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)) }
    }

    /// Answers one request; hyper leaves the body out for HEAD.
    pub(super) async fn answer<B>(&self, request: &Request<B>) -> Response<Chunks> {
        let path = request.uri().path();
        let Some(page) = self.find(path) else {
            return text(StatusCode::NOT_FOUND, "not found\n");
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match page {
            Target::Exposition => self.exposition(accepted_gzip(request)).await,
            Target::Healthy if self.site.source.healthy() => text(StatusCode::OK, "healthy\n"),
            Target::Healthy => text(StatusCode::SERVICE_UNAVAILABLE, "not healthy: the processing loop is stuck\n"),
            Target::Ready => match self.site.source.ready() {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
            },
            Target::Page => self.page().await,
            Target::Style => respond(StatusCode::OK, "text/css; charset=utf-8", page::STYLE),
        }
    }

    fn find(&self, path: &str) -> Option<Target> {
        match path {
            "/-/healthy" => Some(Target::Healthy),
            "/-/ready" => Some(Target::Ready),
            _ if path == self.site.web.telemetry_path => Some(Target::Exposition),
            "/" if self.site.web.page => Some(Target::Page),
            page::STYLE_PATH if self.site.web.page => Some(Target::Style),
            _ => None,
        }
    }

    async fn exposition(&self, gzip: bool) -> Response<Chunks> {
        let collected = self
            .collect(move |collector, site| {
                let (source, exposition) = (site.source.as_ref(), site.exposition.as_ref());
                if gzip {
                    collector.gzip(source, exposition).map(Chunks::new)
                } else {
                    Ok(Chunks::new(collector.plain(source, exposition)))
                }
            })
            .await;
        let body = match collected {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return failed(),
            Err(answer) => return answer,
        };
        let mut answer = respond(StatusCode::OK, EXPOSITION_TYPE, body);
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if gzip {
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        answer
    }

    async fn page(&self) -> Response<Chunks> {
        let rendered = self
            .collect(|collector, site| {
                let text = collector.text(site.source.as_ref(), &site.exposition);
                page::render(&String::from_utf8_lossy(&text), &site.source.ready(), &site.web.telemetry_path)
            })
            .await;
        match rendered {
            Ok(html) => {
                let mut answer = respond(StatusCode::OK, "text/html; charset=utf-8", html);
                answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
                answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                answer
            }
            Err(answer) => answer,
        }
    }

    /// Runs `work` off the async threads, or says at once that too much is running. The slot goes with the work, which goes on when its
    /// client hangs up: a client that reconnects quickly cannot pile work up.
    async fn collect<T: Send + 'static>(&self, work: impl FnOnce(&Collector, &Site) -> T + Send + 'static) -> Result<T, Response<Chunks>> {
        let Ok(slot) = Arc::clone(&self.scrapes).try_acquire_owned() else {
            let mut busy = text(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at once\n");
            busy.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return Err(busy);
        };
        let (collector, site) = (Arc::clone(&self.collector), self.site.clone());
        let worked = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work(&collector, &site)
        });
        worked.await.map_err(|error| {
            tracing::error!(%error, "rendering failed");
            failed()
        })
    }
}

/// What a path stands for.
enum Target {
    Exposition,
    Healthy,
    Ready,
    Page,
    Style,
}

fn accepted_gzip<B>(request: &Request<B>) -> bool {
    let offers = request.headers().get_all(header::ACCEPT_ENCODING);
    offers.iter().filter_map(|offer| offer.to_str().ok()).any(negotiate::accepts_gzip)
}

fn failed() -> Response<Chunks> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "rendering failed; the log says more\n")
}

fn text(status: StatusCode, body: impl Into<Chunks>) -> Response<Chunks> {
    respond(status, TEXT_TYPE, body)
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Chunks>) -> Response<Chunks> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
