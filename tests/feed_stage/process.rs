//! `cxpulse feed` as a process of its own. Does not know what it maps.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::exposition::Exposition;
use crate::support::ports::free_ports;
use crate::support::service::{PATIENCE, cxpulse};

/// The stage with its folder, which outlives the process.
pub(crate) struct Stage {
    folder: TempDir,
    address: SocketAddr,
    child: Option<Child>,
}

impl Stage {
    /// Writes a configuration; starts nothing yet. `feeds` is the text after `[kafka]` and `[web]`.
    pub(crate) fn new(servers: &str, group: &str, feeds: &str) -> Self {
        Self::with_web(servers, group, feeds, "")
    }

    /// As [`new`](Self::new), with further lines of `[web]`.
    pub(crate) fn with_web(servers: &str, group: &str, feeds: &str, web: &str) -> Self {
        let [port] = free_ports();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = tempfile::Builder::new().prefix("cxpulse-feed-").tempdir().expect("a temporary folder");
        let text = format!(
            "{feeds}\n[kafka]\nbootstrap_servers = \"{servers}\"\ngroup_id = \"{group}\"\n[web]\nlisten_addresses = [\"{address}\"]\n{web}"
        );
        std::fs::write(folder.path().join("feeds.toml"), text).expect("the folder is writable");
        Self { folder, address, child: None }
    }

    /// Starts the process.
    pub(crate) fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the folder is writable");
        let child = cxpulse()
            .args(["feed", "--config"])
            .arg(self.folder.path().join("feeds.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of an open file"))
            .stderr(log)
            .spawn()
            .expect("the binary was built");
        self.child = Some(child);
    }

    /// Writes a file into the folder of the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder is writable");
    }

    /// The exit code of a process that ends by itself.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.take().expect("it was started").wait().expect("a child of this process").code()
    }

    /// Kills the process at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child of this process");
            child.wait().expect("a child of this process");
        }
    }

    /// Sends a request, and gives the status and the body; `None` without a response.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n", self.address, body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes()).ok()?;
        // A server that refuses early does not read all of a body.
        let _sent = stream.write_all(body);
        response(stream)
    }

    /// Opens a connection and sends a text, for requests that do not go on.
    pub(crate) fn send_part(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the stage listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        stream.write_all(text.as_bytes()).expect("the stage reads");
        stream
    }

    /// The samples of `/metrics`, if there is a response.
    pub(crate) fn scrape(&self) -> Option<Exposition> {
        let (status, body) = self.send("GET", "/metrics", &[], b"")?;
        (status == 200).then(|| Exposition::parse(&body))
    }

    /// Returns when a condition holds.
    pub(crate) fn wait_until(&mut self, what: &str, limit: Duration, mut holds: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            let exit = self.child.as_mut().and_then(|child| child.try_wait().expect("a child of this process"));
            assert!(exit.is_none(), "the stage ended ({exit:?}) before {what}; its log:\n{}", self.log());
            assert!(begun.elapsed() < limit, "{what}: not within {limit:?}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns when `/-/ready` says so.
    pub(crate) fn wait_until_ready(&mut self) {
        self.wait_until("it is ready", PATIENCE, |stage| stage.send("GET", "/-/ready", &[], b"").is_some_and(|(status, _)| status == 200));
    }

    /// The output so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_else(|why| why.to_string())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("stage.log")
    }
}

/// The status and body of a response.
pub(crate) fn response(mut stream: TcpStream) -> Option<(u16, String)> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if text.is_empty() {
        read.ok()?;
        return None;
    }
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill();
    }
}
