//! An S3-compatible server: `moto`, with a bucket, and in front of it a door that can be closed. Does not know checkpoints.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::support::left_out::variable;
use super::support::ports::free_ports;
use super::support::tools::leave_out_without_tool;

/// A running server with the bucket `checkpoints`. It is killed at the end of the test that started it.
pub(crate) struct Moto {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Moto {
    /// Starts a server. `None`, with a printed message, if `moto` is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(tools) = variable("TESTS_DEPLOY_TOOLS") else {
            leave_out_without_tool("no S3-compatible server: TESTS_DEPLOY_TOOLS is not set, `tests/run.sh` does it");
            return None;
        };
        let [port] = free_ports();
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new(PathBuf::from(tools).join("bin/moto_server"));
        server.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Self { child, port, folder };
        let begun = Instant::now();
        while !moto.ask("PUT /checkpoints").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            assert!(begun.elapsed() < Duration::from_secs(60), "moto does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        std::fs::write(moto.credentials_file(), "[default]\naws_access_key_id = KEYCANARY\naws_secret_access_key = SECRETCANARY\n")
            .unwrap();
        Some(moto)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A file with credentials, which the server takes like any others.
    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.folder.path().join("credentials")
    }

    /// Stops the process without ending it, or lets it go on.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn ask(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        write!(stream, "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A door in front of a server. It opens late, and answers some requests itself.
pub(crate) struct Door {
    port: u16,
    turned_away: Arc<AtomicUsize>,
}

impl Door {
    /// A door that refuses connections for `closed`, then answers `faults` connections with `status`, and then passes everything on to `moto`.
    pub(crate) fn open_late(moto: &Moto, closed: Duration, faults: usize, status: &'static str) -> Self {
        let [port] = free_ports();
        let (server, turned_away) = (moto.port, Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&turned_away);
        std::thread::spawn(move || {
            std::thread::sleep(closed);
            let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if counter.load(Ordering::SeqCst) < faults {
                    counter.fetch_add(1, Ordering::SeqCst);
                    turn_away(stream, status);
                } else {
                    pass_on(stream, server);
                }
            }
        });
        Self { port, turned_away }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn turned_away(&self) -> usize {
        self.turned_away.load(Ordering::SeqCst)
    }
}

fn turn_away(mut stream: TcpStream, status: &str) {
    let mut request = [0; 64 * 1024];
    let read = stream.read(&mut request).unwrap_or_default();
    assert!(read > 0, "a request");
    drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
}

fn pass_on(client: TcpStream, port: u16) {
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        std::thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut to));
            drop(to.shutdown(std::net::Shutdown::Both));
        });
    }
}
