//! Clients that hold connections or turns: a scraper and a health check are answered in time beside them.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::measured::measured;
use super::{Answer, Server, bind};

/// Many clients on a runtime of their own, until dropped.
struct Attack(Option<tokio::runtime::Runtime>);

impl Attack {
    fn by<F: Future<Output = ()> + Send + 'static>(clients: usize, client: impl Fn() -> F) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        for _ in 0..clients {
            runtime.spawn(client());
        }
        Self(Some(runtime))
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

/// Sends the head of a request a byte a second, and begins anew when it is cut off.
async fn drip(address: SocketAddr) {
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        for byte in b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            let closed = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut [0; 512])).await;
            if matches!(closed, Ok(Ok(0) | Err(_))) {
                break;
            }
        }
    }
}

/// Asks once, then keeps the connection; begins anew when it is closed.
async fn idle(address: SocketAddr) {
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        if stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await.is_ok() {
            while stream.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {}
        }
    }
}

/// Asks for what is large, again and again, and reads nothing of it.
async fn leave_unread(address: SocketAddr) {
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        for _ in 0..100 {
            let written = tokio::time::timeout(Duration::from_secs(1), stream.write_all(request)).await;
            if !matches!(written, Ok(Ok(()))) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// The time that nearly all of these requests took at most, one new connection for each.
fn slowest_of(server: &Server, path: &str, count: usize, pause: Duration) -> Duration {
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            std::thread::sleep(pause);
            let begun = Instant::now();
            assert_eq!(server.get(path).status, 200, "{path}");
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[(count * 99).div_ceil(100) - 1]
}

#[test]
fn slow_and_idle_clients_do_not_lock_out_the_scraper_and_the_probe() {
    let server = Server::start();
    let address = server.address;
    let _slow = Attack::by(200, move || drip(address));
    let _idle = Attack::by(200, move || idle(address));
    std::thread::sleep(Duration::from_secs(1));
    std::thread::scope(|scope| {
        let scrapes = scope.spawn(|| slowest_of(&server, "/metrics", 100, Duration::from_millis(60)));
        let probes = scope.spawn(|| slowest_of(&server, "/-/healthy", 100, Duration::from_millis(60)));
        let (scrapes, probes) = (scrapes.join().unwrap(), probes.join().unwrap());
        measured(&format!("beside 200 slow and 200 idle clients 99 % of scrapes took {scrapes:?} at most, of probes {probes:?}"));
        assert!(scrapes < Duration::from_millis(250), "{scrapes:?}");
        assert!(probes < Duration::from_millis(50), "{probes:?}");
    });
}

/// A client that finds no room waits for a second or more, however fast the server is.
#[test]
fn many_clients_that_come_at_once_have_room_until_they_are_accepted() {
    let limit: usize = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listeners = runtime.block_on(bind(&["127.0.0.1:0".parse().unwrap()])).unwrap();
    let address = listeners[0].local_addr().unwrap();
    let clients: Vec<_> = (0..limit.min(600))
        .map(|number| {
            let connected = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(10));
            connected.unwrap_or_else(|error| panic!("client {number} found no room: {error}"))
        })
        .collect();
    assert!(clients.len() >= 128, "the system's limit is {limit}");
}

#[test]
fn more_clients_than_places_do_not_lock_out_the_scraper_either() {
    let server = Server::start();
    let address = server.address;
    let _idle = Attack::by(700, move || idle(address));
    let _unread = Attack::by(20, move || leave_unread(address));
    std::thread::sleep(Duration::from_secs(2));
    let slowest = (0..10).map(|_| slowest_of(&server, "/-/healthy", 1, Duration::from_millis(100))).max().unwrap();
    measured(&format!("beside 750 clients that keep their connections the slowest of 10 probes took {slowest:?}"));
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[test]
fn eight_scrapers_at_once_are_all_served() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(server.get("/metrics").status, 200);
                }
            });
        }
    });
}

#[test]
fn scrapes_beyond_those_that_may_wait_are_told_to_come_back() {
    let server = Server::start();
    server.source.held.store(true, Ordering::SeqCst);
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut held: Vec<_> = (0..16).map(|_| server.connect()).collect();
    for stream in &mut held {
        std::io::Write::write_all(stream, request).unwrap();
    }
    // The scheduler decides which of them are held, but one beyond them is refused at once.
    let refused = loop {
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        std::io::Write::write_all(&mut stream, request).unwrap();
        let mut first = [0; 12];
        match std::io::Read::read_exact(&mut stream, &mut first) {
            Ok(()) => break first,
            Err(_) => held.push(stream),
        }
    };
    assert_eq!(&refused, b"HTTP/1.1 503");
    assert_eq!(server.get("/-/healthy").status, 200, "health is answered meanwhile");
    server.source.held.store(false, Ordering::SeqCst);
    let answered: Vec<u16> = held.into_iter().map(|stream| Answer::read(stream).status).collect();
    assert_eq!(answered.iter().filter(|status| **status == 200).count(), 16, "{answered:?}");
}
