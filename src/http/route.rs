//! Requests to answers.
//!
//! Does not know connections; see `connection` for those.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use super::body::Chunks;
use super::collection::Made;
use super::collector::Collector;
use super::history::History;
use super::{Site, negotiate, page};

/// Scrapes at once; further ones are told to come back.
const SCRAPES_MAX: usize = 4;
/// Pages at once, apart from scrapes, so that no number of open pages keeps Prometheus waiting.
const PAGES_MAX: usize = 4;
/// How long a scrape may wait for values where it does not say how long it can: half of what Prometheus gives one by default.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long Prometheus waits for the whole answer, in seconds.
const TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
/// Tells of which snapshot an answer is made: two answers of one number show the same values.
const SNAPSHOT: HeaderName = HeaderName::from_static("cxpulse-snapshot");
/// Prometheus 3 fails a scrape whose type is not exactly this.
const EXPOSITION_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// The paths of one site.
pub(super) struct Routes {
    site: Site,
    collector: Arc<Collector>,
    scrapes: Arc<Semaphore>,
    pages: Arc<Semaphore>,
    history: Arc<History>,
}

impl Routes {
    /// The paths of `site`.
    pub(super) fn new(site: Site) -> Self {
        let slots = |count| Arc::new(Semaphore::new(count));
        Self { site, collector: Arc::default(), scrapes: slots(SCRAPES_MAX), pages: slots(PAGES_MAX), history: Arc::default() }
    }

    /// Keeps what the page's lines are drawn from, for as long as the server runs.
    pub(super) async fn remember(&self) -> std::convert::Infallible {
        if !self.site.web.page {
            return std::future::pending().await;
        }
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            seconds.tick().await;
            let (history, site) = (Arc::clone(&self.history), self.site.clone());
            // A fresh snapshot may have to be waited for.
            let ticked = tokio::task::spawn_blocking(move || {
                let source = site.source.as_ref();
                // While the log is caught up with, values run through the past.
                history.tick(|| source.ready().is_ok().then(|| page::row(&site.exposition, &source.snapshot().snapshot)));
            });
            if let Err(error) = ticked.await {
                tracing::error!(%error, "a point of the page's lines is missing");
            }
        }
    }

    /// Makes the text of newer snapshots, for as long as the server runs.
    pub(super) async fn renew(&self) -> std::convert::Infallible {
        loop {
            self.collector.due(self.site.source.as_ref()).await;
            let (collector, site) = (Arc::clone(&self.collector), self.site.clone());
            let renewed = tokio::task::spawn_blocking(move || collector.renew(site.source.as_ref(), &site.exposition));
            if let Err(error) = renewed.await {
                tracing::error!(%error, "rendering failed");
                self.collector.give_up();
            }
        }
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
            Target::Exposition => self.exposition(accepted_gzip(request), patience(request)).await,
            Target::Healthy if self.site.source.healthy() => text(StatusCode::OK, "healthy\n"),
            Target::Healthy => text(StatusCode::SERVICE_UNAVAILABLE, "not healthy: the processing loop is stuck\n"),
            Target::Ready => match self.site.source.ready() {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
            },
            Target::Page => self.page(request.uri().query(), accepted_gzip(request)).await,
            Target::Plain => text(StatusCode::OK, page::plain(&self.site.web.telemetry_path)),
            Target::File(content_type, text) => respond(StatusCode::OK, content_type, text),
        }
    }

    fn find(&self, path: &str) -> Option<Target> {
        match path {
            "/-/healthy" => Some(Target::Healthy),
            "/-/ready" => Some(Target::Ready),
            _ if path == self.site.web.telemetry_path => Some(Target::Exposition),
            "/" if self.site.web.page => Some(Target::Page),
            "/" => Some(Target::Plain),
            _ if self.site.web.page => page::FILES.iter().find(|file| file.0 == path).map(|file| Target::File(file.1, file.2)),
            _ => None,
        }
    }

    async fn exposition(&self, gzip: bool, patience: Duration) -> Response<Chunks> {
        let collected = self
            .collect(&self.scrapes, move |collector, site| {
                let source = site.source.as_ref();
                let collection = collector.collect(source, gzip, patience)?;
                if gzip { collection.gzip(source).map(chunks).ok() } else { Some(chunks(collection.plain(source))) }
            })
            .await;
        let (number, body) = match collected {
            Ok(Some(body)) => body,
            Ok(None) => return text(StatusCode::SERVICE_UNAVAILABLE, "no values could be made in time\n"),
            Err(answer) => return answer,
        };
        negotiated(respond(StatusCode::OK, EXPOSITION_TYPE, body), number, gzip)
    }

    async fn page(&self, query: Option<&str>, gzip: bool) -> Response<Chunks> {
        let (query, history) = (query.map(str::to_owned), Arc::clone(&self.history));
        let rendered = self
            .collect(&self.pages, move |collector, site| {
                let (number, html) = rendered(collector, site, query.as_deref(), &history);
                if gzip { compressed(&html).map(|bytes| (number, bytes)) } else { Ok((number, Bytes::from(html))) }
            })
            .await;
        let (number, body) = match rendered {
            Ok(Ok((number, bytes))) => (number, Chunks::new([bytes])),
            Ok(Err(_)) => return failed(),
            Err(answer) => return answer,
        };
        let mut answer = negotiated(respond(StatusCode::OK, "text/html; charset=utf-8", body), number, gzip);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
        answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        // An open page asks every few seconds; kept connections would let many of them use up all that there are.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    }

    /// Runs `work` off the async threads, or says at once that too much is running. The slot goes with the work, which goes on when its
    /// client hangs up: a client that reconnects quickly cannot pile work up.
    async fn collect<T: Send + 'static>(
        &self,
        slots: &Arc<Semaphore>,
        work: impl FnOnce(&Collector, &Site) -> T + Send + 'static,
    ) -> Result<T, Response<Chunks>> {
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
            let mut busy = text(StatusCode::SERVICE_UNAVAILABLE, "too many at once\n");
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
    Plain,
    /// Its type and its text.
    File(&'static str, &'static str),
}

/// The page of the newest snapshot, with its number.
fn rendered(collector: &Collector, site: &Site, query: Option<&str>, history: &History) -> (u64, String) {
    let newest = collector.newest(site.source.as_ref());
    let mut telemetry = String::new();
    site.source.render_telemetry(&mut telemetry);
    let view = page::View {
        exposition: &site.exposition,
        snapshot: &newest.snapshot,
        number: newest.number,
        window: page::window_of(query, &newest.snapshot),
        telemetry: page::Telemetry::read(&telemetry),
        ready: site.source.ready(),
        history,
        telemetry_path: &site.web.telemetry_path,
        group_size_min: site.web.group_size_min,
    };
    (newest.number, page::render(&view))
}

fn chunks<const N: usize>((number, chunks): Made<N>) -> (u64, Chunks) {
    (number, Chunks::new(chunks))
}

fn compressed(text: &str) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish().map(Bytes::from)
}

/// An answer that is made of a snapshot, compressed where that was accepted.
fn negotiated(mut answer: Response<Chunks>, number: u64, gzip: bool) -> Response<Chunks> {
    let headers = answer.headers_mut();
    headers.insert(SNAPSHOT, HeaderValue::from(number));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

fn accepted_gzip<B>(request: &Request<B>) -> bool {
    let offers = request.headers().get_all(header::ACCEPT_ENCODING);
    offers.iter().filter_map(|offer| offer.to_str().ok()).any(negotiate::accepts_gzip)
}

/// How long a scrape may wait for values: half of the time that the scraper has, so that the other half is left for sending them.
fn patience<B>(request: &Request<B>) -> Duration {
    let seconds = request.headers().get(TIMEOUT).and_then(|text| text.to_str().ok()?.parse::<f64>().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds / 2.0).ok()).map_or(PATIENCE, |patience| patience.min(PATIENCE))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_waits_for_half_of_the_time_that_its_scraper_has() {
        let patience = |timeout: &str| patience(&Request::builder().header(TIMEOUT, timeout).body(()).unwrap());
        assert_eq!(patience("1"), Duration::from_millis(500));
        assert_eq!(patience("0.25"), Duration::from_millis(125));
        for other in ["10", "3600", "-1", "NaN", "inf", "soon", ""] {
            assert_eq!(patience(other), PATIENCE, "{other}");
        }
    }
}
