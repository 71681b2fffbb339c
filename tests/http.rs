//! The HTTP server as friendly and hostile clients meet it: paths, methods, compression and limits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "http/attacks.rs"]
mod attacks;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "support/engine_driver.rs"]
mod engine_driver;
#[path = "http/marked_changes.rs"]
mod marked_changes;
#[path = "support/measured.rs"]
mod measured;
#[path = "http/names.rs"]
mod names;
#[path = "http/security.rs"]
mod security;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Snapshot};
use cxpulse::http::{Access, DatedSnapshot, Lifecycle, Site, ValueSource, bind, serve};
use cxpulse::metrics::Exposition;
use cxpulse::metrics::telemetry::TelemetrySample;
use tokio::sync::oneshot;

/// A source whose readiness the test sets, and whose telemetry the test can hold back.
struct FakeSource {
    snapshot: Mutex<Arc<Snapshot>>,
    era: AtomicU64,
    ready: AtomicBool,
    healthy: AtomicBool,
    held: AtomicBool,
}

impl FakeSource {
    /// Publishes another snapshot of the same values, the only one that may be shown from now on.
    fn renew(&self) {
        let mut snapshot = self.snapshot.lock().unwrap();
        *snapshot = Arc::new(Snapshot::clone(&snapshot));
        self.era.fetch_add(1, Ordering::SeqCst);
    }

    fn wait_while_held(&self) {
        let gives_up_at = Instant::now() + Duration::from_secs(20);
        while self.held.load(Ordering::SeqCst) && Instant::now() < gives_up_at {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl ValueSource for FakeSource {
    fn snapshot(&self) -> DatedSnapshot {
        DatedSnapshot { snapshot: Arc::clone(&self.snapshot.lock().unwrap()), as_of: Instant::now() }
    }

    fn era(&self) -> u64 {
        self.era.load(Ordering::SeqCst)
    }

    fn render_telemetry(&self, out: &mut String) {
        self.wait_while_held();
        out.push_str("cx_made_up 17\n");
    }

    fn telemetry_samples(&self) -> Vec<TelemetrySample> {
        self.wait_while_held();
        Vec::new()
    }

    fn ready(&self) -> Result<(), String> {
        if self.ready.load(Ordering::SeqCst) { Ok(()) } else { Err("waiting for topic `tickets`".to_owned()) }
    }

    fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }
}

/// A server on a port of its own, until dropped.
struct Server {
    address: SocketAddr,
    source: Arc<FakeSource>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn start() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Configuration)) -> Self {
        Self::of(change, None)
    }

    fn of(change: impl FnOnce(&mut Configuration), lifecycle: Option<Arc<dyn Lifecycle>>) -> Self {
        let mut configuration = Configuration::default();
        change(&mut configuration);
        let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot()).into();
        let source = Arc::new(FakeSource { snapshot, era: 0.into(), ready: true.into(), healthy: true.into(), held: false.into() });
        let site = Site {
            source: Arc::clone(&source) as Arc<dyn ValueSource>,
            exposition: Arc::new(arc_swap::ArcSwap::from_pointee(Exposition::new(&configuration))),
            access: Access::open(configuration.web.config_file.as_deref()).unwrap(),
            lifecycle,
            web: configuration.web,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
                let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
                tell.send(listeners[0].local_addr().unwrap()).unwrap();
                serve(listeners, site, async { drop(stopped.await) }).await;
            });
        });
        Self { address: told.recv().unwrap(), source, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends the bytes of a request unchanged and reads to the end of the connection.
    fn exchange(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        Answer::read(stream)
    }

    fn get(&self, path: &str) -> Answer {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.source.held.store(false, Ordering::SeqCst);
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok(), "the server panicked");
        }
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that refuses a request may close the connection while the client still sends. The response that it sent before counts.
        drop(stream.read_to_end(&mut bytes));
        Self::of(&bytes)
    }

    fn of(bytes: &[u8]) -> Self {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            panic!("no answer: {:?}", String::from_utf8_lossy(bytes));
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[test]
fn a_scrape_has_exactly_the_type_that_prometheus_wants() {
    let answer = Server::start().get("/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.text().ends_with("cx_made_up 17\n"));
}

#[test]
fn a_scrape_is_compressed_where_the_scraper_accepts_it() {
    let server = Server::start();
    let plain = server.get("/metrics");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let packed = server.exchange(request);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[test]
fn every_answer_forbids_sniffing_and_storing() {
    let server = Server::start();
    for path in ["/metrics", "/", "/-/page.css", "/-/page.js", "/-/page.svg", "/-/healthy", "/-/ready", "/nowhere"] {
        let answer = server.get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn head_answers_as_get_without_the_body() {
    let server = Server::start();
    for path in ["/metrics", "/-/healthy", "/"] {
        let (get, head) =
            (server.get(path), server.exchange(&format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
}

#[test]
fn other_methods_are_refused_and_the_allowed_ones_named() {
    let server = Server::start();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let answer = server.exchange(&format!("{method} /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
}

#[test]
fn unknown_paths_are_not_found() {
    let server = Server::start();
    for path in ["/metricsx", "/metrics/", "/../etc/passwd", "/%2e%2e/etc/passwd", "/-/quit", "//"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(server.get("/metrics?collect=all").status, 200, "a query changes nothing");
}

#[test]
fn the_telemetry_path_can_be_moved_and_the_page_turned_off() {
    let server = Server::with(|configuration| {
        configuration.web.telemetry_path = "/cx".to_owned();
        configuration.web.page = false;
    });
    let status = |path| server.get(path).status;
    assert_eq!([status("/cx"), status("/metrics"), status("/-/page.css"), status("/-/page.js")], [200, 404, 404, 404]);
    let plain = server.get("/");
    assert_eq!((plain.status, plain.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text = plain.text();
    assert!(text.starts_with(concat!("cxpulse ", env!("CARGO_PKG_VERSION"), "\n")) && text.contains("\n/cx "), "{text}");
}

#[test]
fn readiness_tells_its_reason_and_health_does_not_depend_on_it() {
    let server = Server::start();
    assert_eq!((server.get("/-/ready").status, server.get("/-/healthy").status), (200, 200));
    server.source.ready.store(false, Ordering::SeqCst);
    let waiting = server.get("/-/ready");
    assert_eq!((waiting.status, waiting.text()), (503, "not ready: waiting for topic `tickets`\n"));
    assert_eq!(server.get("/-/healthy").status, 200);
    server.source.healthy.store(false, Ordering::SeqCst);
    assert_eq!(server.get("/-/healthy").status, 503);
}

#[test]
fn the_page_loads_nothing_but_its_own_files() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let kept = server.exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(kept.header("connection"), Some("close"), "open pages hold no connection");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*') && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "{}", page.text());
    let types = [("css", "text/css; charset=utf-8"), ("js", "text/javascript; charset=utf-8"), ("svg", "image/svg+xml")];
    for (ending, content_type) in types {
        let path = format!("/-/page.{ending}");
        assert!(page.text().contains(&path), "{path}");
        assert_eq!(server.get(&path).header("content-type"), Some(content_type));
    }
}

#[test]
fn answers_of_one_snapshot_have_its_number_and_others_another() {
    let server = Server::start();
    let number = |path: &str| server.get(path).header("cxpulse-snapshot").map(|number| number.parse::<u64>().unwrap());
    let first = number("/metrics");
    assert!(first.is_some());
    assert_eq!([number("/"), number("/?window=5m"), number("/metrics")], [first; 3]);
    server.source.renew();
    let second = number("/");
    assert!(second > first, "{second:?} after {first:?}");
    assert_eq!((number("/metrics"), number("/-/ready")), (second, None));
}

#[test]
fn the_page_is_compressed_where_the_browser_accepts_it() {
    let server = Server::start();
    let packed = server.exchange("GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked.ends_with(b"</html>\n") && unpacked.len() > 2 * packed.body.len());
}

#[test]
fn open_pages_never_take_the_place_of_a_scrape() {
    let server = Server::start();
    server.source.held.store(true, Ordering::SeqCst);
    let mut pages: Vec<_> = (0..8).map(|_| server.connect()).collect();
    let mut refused = 0;
    for stream in &mut pages {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut first = [0; 12];
        refused += usize::from(stream.read_exact(&mut first).is_ok() && &first == b"HTTP/1.1 503");
    }
    assert_eq!(refused, 4, "pages beyond the fourth are refused");
    let mut scrape = server.connect();
    scrape.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    scrape.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(scrape.read(&mut [0; 1]).is_err(), "the scrape is worked on and not refused");
    server.source.held.store(false, Ordering::SeqCst);
    scrape.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(Answer::read(scrape).status, 200);
}

#[test]
fn a_head_beyond_its_bounds_is_refused() {
    let server = Server::start();
    let long = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(17 * 1024));
    assert_eq!(server.exchange(&long).status, 431);
    let many = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: 1\r\n".repeat(65));
    assert_eq!(server.exchange(&many).status, 431);
    assert_eq!(server.exchange("rubbish\r\n\r\n").status, 400);
    assert_eq!(server.get("/metrics").status, 200);
}

#[test]
fn slow_clients_are_cut_off_and_others_served_meanwhile() {
    let server = Server::start();
    let begun = Instant::now();
    let silent = server.connect();
    let mut slow = server.connect();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
    let mut idle = server.connect();
    idle.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(server.get("/metrics").status, 200);
    for (mut stream, what) in [(silent, "silent"), (slow, "slow"), (idle, "idle after an answer")] {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
        let waited = begun.elapsed();
        assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(12), "{what}: closed after {waited:?}");
    }
}

#[test]
fn the_server_stops_though_clients_stay_connected() {
    let server = Server::start();
    let _silent = server.connect();
    let mut kept = server.connect();
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    kept.read_exact(&mut [0; 12]).unwrap();
    let (begun, address) = (Instant::now(), server.address);
    drop(server);
    assert!(begun.elapsed() < Duration::from_secs(3), "stopping took {:?}", begun.elapsed());
    assert!(TcpStream::connect(address).is_err(), "the port is free");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
    let address = listeners[0].local_addr().unwrap();
    let message = bind(&[address]).await.unwrap_err().to_string();
    assert!(message.contains(&address.to_string()) && message.contains("--web.listen-address"), "{message}");
}
