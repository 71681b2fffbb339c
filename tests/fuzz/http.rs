//! The HTTP server on a port: any bytes get an answer in HTTP or none, and the next client is served.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Snapshot};
use cxpulse::http::{Access, DatedSnapshot, Site, ValueSource, bind, serve};
use cxpulse::metrics::Exposition;
use cxpulse::metrics::telemetry::TelemetrySample;

use super::script::{Tried, changed};

struct EmptySource(Arc<Snapshot>);

impl ValueSource for EmptySource {
    fn snapshot(&self) -> DatedSnapshot {
        DatedSnapshot { snapshot: Arc::clone(&self.0), as_of: Instant::now() }
    }

    fn era(&self) -> u64 {
        0
    }

    fn render_telemetry(&self, _: &mut String) {}

    fn telemetry_samples(&self) -> Vec<TelemetrySample> {
        Vec::new()
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn healthy(&self) -> bool {
        true
    }
}

/// Starts a server that ends with the process.
fn server() -> SocketAddr {
    let configuration = Configuration::default();
    let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot());
    let site = Site {
        source: Arc::new(EmptySource(snapshot)),
        exposition: Arc::new(arc_swap::ArcSwap::from_pointee(Exposition::new(&configuration))),
        access: Access::open(None).expect("no file"),
        lifecycle: None,
        web: configuration.web,
    };
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime").block_on(async {
            let listeners = bind(&["127.0.0.1:0".parse().expect("an address")]).await.expect("a free port");
            tell.send(listeners[0].local_addr().expect("an address")).expect("the test waits");
            serve(listeners, site, std::future::pending()).await;
        });
    });
    told.recv().expect("the server starts")
}

/// Sends bytes, ends sending where nothing more is to come, and returns all that comes back.
fn exchange(address: SocketAddr, bytes: &[u8], ends: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit above zero");
    // The server may close the connection while this still sends.
    let _closed = stream.write_all(bytes).and_then(|()| if ends { stream.shutdown(Shutdown::Write) } else { Ok(()) });
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            panic!("no end of the answer")
        }
        _ => answer,
    }
}

fn judge(address: SocketAddr, bytes: &[u8]) {
    let answer = exchange(address, bytes, true);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{}", String::from_utf8_lossy(&answer));
    assert!(!answer.starts_with(b"HTTP/1.1 500") && !answer.starts_with(b"HTTP/1.0 500"), "nothing fails");
}

#[test]
fn http() {
    let address = server();
    let seeds: Vec<Vec<u8>> = [
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
        "GET /?window=5m HTTP/1.1\r\nHost: 127.0.0.1:19270\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
        "HEAD /-/ready HTTP/1.0\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 2\r\n\r\n{}",
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "GET /-/page.css HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YTpi\r\nRange: bytes=0-1\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    let tried = Tried::by("http");
    bolero::check!(name = "http").for_each(|input: &[u8]| {
        tried.one_more();
        judge(address, input);
        judge(address, &changed(&seeds, input));
        let healthy = exchange(address, b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", false);
        assert!(healthy.starts_with(b"HTTP/1.1 200"), "the next client is served");
    });
}
