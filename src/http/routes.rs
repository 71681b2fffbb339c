//! From requests to responses: which path serves which resource, and how many scrapes and pages are made at once.
//!
//! Does not know connections (see `connections`), nor the contents of an exposition or of the page.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;
use tokio_rustls::rustls::ServerConfig;

use super::connections::{Answering, Client};
use super::host_check::{HostCheck, is_of_a_page};
use super::page::{self, SparklineHistory};
use super::rendered_scrape::NumberedChunks;
use super::response::{Chunks, accepts_gzip, compress, not_by_this_name, respond, respond_with_snapshot, text, too_many};
use super::scrape_cache::ScrapeCache;
use super::scrape_queue::{NoTurn, ScrapeQueue};
use super::{Site, ValueSource};

/// The most pages at once. They are counted apart from scrapes, so that no number of open pages keeps Prometheus waiting.
const PAGES_MAX: usize = 4;
/// How long a scrape may wait for values if it does not say how long it can wait: half of the time that Prometheus allows by default.
const PATIENCE: Duration = Duration::from_secs(5);
/// The header in which Prometheus says how many seconds it waits for the whole response.
const TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
/// Prometheus 3 fails a scrape whose content type is not exactly this.
const EXPOSITION_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// The paths of one site.
pub(super) struct Routes {
    site: Site,
    hosts: HostCheck,
    cache: Arc<ScrapeCache>,
    scrapes: Arc<ScrapeQueue>,
    pages: Arc<Semaphore>,
    history: Arc<SparklineHistory>,
    /// One reload at a time.
    reloads: Arc<Semaphore>,
}

/// What a path serves.
enum Resource {
    Reload,
    Exposition,
    Healthy,
    Ready,
    Page,
    /// The text that replaces the page where the page is turned off.
    PlainIndex,
    /// A file of the page: its content type and its text.
    PageFile(&'static str, &'static str),
}

impl Routes {
    /// The paths of `site`.
    pub(super) fn new(site: Site) -> Self {
        let hosts = HostCheck::new(&site.web.hosts);
        let (scrapes, pages) = (ScrapeQueue::new(), Arc::new(Semaphore::new(PAGES_MAX)));
        Self { site, hosts, cache: Arc::default(), scrapes, pages, history: Arc::default(), reloads: Arc::new(Semaphore::new(1)) }
    }

    /// Records the points of the page's sparklines, for as long as the server runs.
    pub(super) async fn remember_sparklines(&self) -> std::convert::Infallible {
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
                // During catch-up the values are those of the past, so they make no point.
                history.tick(|| source.ready().is_ok().then(|| page::sparkline_row(&site.exposition.load(), &source.snapshot().snapshot)));
            });
            if let Err(error) = ticked.await {
                tracing::error!(%error, "a point of the page's lines is missing");
            }
        }
    }

    /// Renders the scrapes of newer snapshots when they are due, for as long as the server runs.
    pub(super) async fn renew_scrapes(&self) -> std::convert::Infallible {
        loop {
            self.cache.renewal_due(self.site.source.as_ref()).await;
            let (cache, site) = (Arc::clone(&self.cache), self.site.clone());
            let renewed = tokio::task::spawn_blocking(move || cache.renew(site.source.as_ref(), &site.exposition));
            if let Err(error) = renewed.await {
                tracing::error!(%error, "rendering failed");
                self.cache.give_up();
            }
        }
    }

    async fn answer_admitted<B>(&self, request: &Request<B>, client: Client) -> Response<Chunks> {
        if !self.hosts.admits(request, client.by_loopback) {
            return not_by_this_name();
        }
        let path = request.uri().path();
        let Some(resource) = self.find(path) else {
            return text(StatusCode::NOT_FOUND, "not found\n");
        };
        if matches!(resource, Resource::Reload) {
            return if *request.method() == Method::POST { self.reload(request).await } else { only("POST") };
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return only("GET, HEAD");
        }
        match resource {
            Resource::Reload => only("POST"),
            Resource::Exposition => self.exposition(accepts_gzip(request), patience(request), client.address).await,
            Resource::Healthy if self.site.source.healthy() => text(StatusCode::OK, "healthy\n"),
            Resource::Healthy => text(StatusCode::SERVICE_UNAVAILABLE, "not healthy: the processing loop is stuck\n"),
            Resource::Ready => match self.site.source.ready() {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
            },
            Resource::Page => self.page(request.uri().query(), accepts_gzip(request)).await,
            Resource::PlainIndex => text(StatusCode::OK, page::plain_index(&self.site.web.telemetry_path)),
            Resource::PageFile(content_type, text) => respond(StatusCode::OK, content_type, text),
        }
    }

    fn find(&self, path: &str) -> Option<Resource> {
        match path {
            "/-/healthy" => Some(Resource::Healthy),
            "/-/ready" => Some(Resource::Ready),
            "/-/reload" if self.site.lifecycle.is_some() => Some(Resource::Reload),
            _ if path == self.site.web.telemetry_path => Some(Resource::Exposition),
            "/" if self.site.web.page => Some(Resource::Page),
            "/" => Some(Resource::PlainIndex),
            _ if self.site.web.page => page::FILES.iter().find(|file| file.0 == path).map(|file| Resource::PageFile(file.1, file.2)),
            _ => None,
        }
    }

    async fn reload<B>(&self, request: &Request<B>) -> Response<Chunks> {
        // No page has to reload this service.
        if is_of_a_page(request) {
            return text(StatusCode::FORBIDDEN, "not for pages\n");
        }
        let Ok(slot) = Arc::clone(&self.reloads).try_acquire_owned() else { return too_many() };
        let reloaded = self.run(slot, |_, site| site.lifecycle.as_ref().map(|lifecycle| lifecycle.reload())).await;
        match reloaded {
            Ok(Some(Ok(answer))) => text(StatusCode::OK, format!("{answer}\n")),
            Ok(Some(Err(why))) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")),
            Ok(None) => text(StatusCode::NOT_FOUND, "not found\n"),
            Err(failed) => failed,
        }
    }

    async fn exposition(&self, is_gzip: bool, patience: Duration, from: IpAddr) -> Response<Chunks> {
        let asked_at = Instant::now();
        let turn = match self.scrapes.turn(from, patience).await {
            Ok(turn) => turn,
            Err(NoTurn::TooMany) => return too_many(),
            Err(NoTurn::TooLate) => return no_values_in_time(),
        };
        let patience = patience.saturating_sub(asked_at.elapsed());
        let scraped = self
            .run(turn, move |cache, site| {
                let source = site.source.as_ref();
                let scrape = cache.scrape(source, is_gzip, patience)?;
                if is_gzip { scrape.gzip(source).map(body).ok() } else { Some(body(scrape.plain(source))) }
            })
            .await;
        match scraped {
            Ok(Some((number, body))) => respond_with_snapshot(EXPOSITION_TYPE, number, body, is_gzip),
            Ok(None) => no_values_in_time(),
            Err(failed) => failed,
        }
    }

    async fn page(&self, query: Option<&str>, is_gzip: bool) -> Response<Chunks> {
        let (query, history) = (query.map(str::to_owned), Arc::clone(&self.history));
        let Ok(slot) = Arc::clone(&self.pages).try_acquire_owned() else { return too_many() };
        let rendered = self
            .run(slot, move |cache, site| {
                let (number, html) = render_page(cache, site, query.as_deref(), &history);
                if is_gzip { compress(&html).map(|bytes| (number, bytes)) } else { Ok((number, Bytes::from(html))) }
            })
            .await;
        let (number, body) = match rendered {
            Ok(Ok((number, bytes))) => (number, Chunks::new([bytes])),
            Ok(Err(_)) => return rendering_failed(),
            Err(refused) => return refused,
        };
        let mut response = respond_with_snapshot(PAGE_TYPE, number, body, is_gzip);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
        // An open page asks every few seconds. If its connection were kept, many open pages would use up all connections.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// Runs `work` off the async threads. The work keeps its `slot` even when its client hangs up, so a client that reconnects quickly cannot pile
    /// up work.
    async fn run<T: Send + 'static>(
        &self,
        slot: impl Send + 'static,
        work: impl FnOnce(&ScrapeCache, &Site) -> T + Send + 'static,
    ) -> Result<T, Response<Chunks>> {
        let (cache, site) = (Arc::clone(&self.cache), self.site.clone());
        let worked = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work(&cache, &site)
        });
        worked.await.map_err(|error| {
            tracing::error!(%error, "rendering failed");
            rendering_failed()
        })
    }
}

impl Answering for Routes {
    const DRAIN_WITHIN: Duration = Duration::from_secs(1);

    fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.site.access.newest().tls.clone()
    }

    async fn answer(&self, request: Request<Incoming>, client: Client) -> Response<Chunks> {
        let access = self.site.access.newest();
        let response = match access.admit(&request).await {
            Ok(()) => self.answer_admitted(&request, client).await,
            Err(refused) => refused,
        };
        access.with_headers(response)
    }
}

/// The page of the newest snapshot, with the snapshot's number.
fn render_page(cache: &ScrapeCache, site: &Site, query: Option<&str>, history: &SparklineHistory) -> (u64, String) {
    let source: &dyn ValueSource = site.source.as_ref();
    let newest = cache.newest(source);
    let context = page::PageContext {
        exposition: &site.exposition.load(),
        snapshot: &newest.snapshot,
        number: newest.number,
        window: page::window_of(query, &newest.snapshot),
        telemetry: source.telemetry_samples(),
        refusals: source.latest_refusals(),
        ready: source.ready(),
        history,
        telemetry_path: &site.web.telemetry_path,
        group_size_min: site.web.group_size_min,
    };
    (newest.number, page::render(&context))
}

fn body<const N: usize>((number, chunks): NumberedChunks<N>) -> (u64, Chunks) {
    (number, Chunks::new(chunks))
}

/// How long a scrape may wait for values: half of the time that the scraper has, so that the other half is left to send them.
fn patience<B>(request: &Request<B>) -> Duration {
    let seconds = request.headers().get(TIMEOUT).and_then(|text| text.to_str().ok()?.parse::<f64>().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds / 2.0).ok()).map_or(PATIENCE, |patience| patience.min(PATIENCE))
}

fn only(methods: &'static str) -> Response<Chunks> {
    let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {} is answered\n", methods.replace(", ", " or ")));
    refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    refused
}

fn no_values_in_time() -> Response<Chunks> {
    text(StatusCode::SERVICE_UNAVAILABLE, "no values could be made in time\n")
}

fn rendering_failed() -> Response<Chunks> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "rendering failed; the log says more\n")
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
