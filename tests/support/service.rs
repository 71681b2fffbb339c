//! The real binary, `cxpulse run` as a process of its own, seen from outside: its files, its port, its exit.
//!
//! Does not know Kafka or any metric.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::exposition::Exposition;
use super::ports::free_ports;

/// How long anything on this machine may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running service; killed with the test that started it.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

/// What a path of the service answers.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Service {
    /// Starts the service with a configuration that names no address; does not wait until it answers.
    pub(crate) fn start(configuration: &str) -> Self {
        let [port] = free_ports();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = tempfile::Builder::new().prefix("cxpulse-service-").tempdir().expect("a temporary folder");
        let file = folder.path().join("cxpulse.toml");
        std::fs::write(&file, format!("{configuration}\n[web]\nlisten_addresses = [\"{address}\"]\n")).expect("the folder is writable");
        let log = File::create(folder.path().join("service.log")).expect("the folder is writable");
        let child = cxpulse()
            .arg("run")
            .arg("--config")
            .arg(file)
            .stdout(log.try_clone().expect("a second handle of an open file"))
            .stderr(log)
            .spawn()
            .expect("the binary was built");
        Self { child, address, folder }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Asks a path; `None` while nothing answers.
    pub(crate) fn ask(&self, path: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        assert!(!head.to_ascii_lowercase().contains("chunked"), "this reader knows no chunks");
        Some(Answer { status, body: body.to_owned() })
    }

    /// The text of `/metrics`; fails the test when the service does not answer.
    pub(crate) fn scrape_text(&self) -> String {
        let answer = self.ask("/metrics").unwrap_or_else(|| panic!("the service does not answer; its log:\n{}", self.log()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// The samples of `/metrics`.
    pub(crate) fn scrape(&self) -> Exposition {
        Exposition::parse(&self.scrape_text())
    }

    /// The value of a count on `/metrics`; 0 while it is absent or nothing answers.
    pub(crate) fn scrape_count(&self, series: &str) -> u64 {
        self.ask("/metrics").map_or(0, |answer| Exposition::parse(&answer.body).count(series))
    }

    /// Whether `/-/ready` says yes.
    pub(crate) fn is_ready(&self) -> bool {
        self.ask("/-/ready").is_some_and(|answer| answer.status == 200)
    }

    /// Returns when a condition holds, and fails the test when it does not in time or the service ends.
    pub(crate) fn wait_until(&mut self, what: &str, limit: Duration, mut holds: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            let exit = self.child.try_wait().expect("a child of this process");
            assert!(exit.is_none(), "the service ended ({exit:?}) before {what}; its log:\n{}", self.log());
            assert!(begun.elapsed() < limit, "{what}: not within {limit:?}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns when the service is assigned and caught up.
    pub(crate) fn wait_until_ready(&mut self) {
        self.wait_until("it is ready", PATIENCE, Self::is_ready);
    }

    /// Returns when a series has a value of at least `count`.
    pub(crate) fn wait_for_count(&mut self, series: &str, count: u64, limit: Duration) {
        self.wait_until(&format!("{series} reaches {count}"), limit, |service| service.scrape_count(series) >= count);
    }

    /// Sends SIGTERM and returns how the service ended and how long that took.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("the command `kill`");
        assert!(sent.success(), "the service had ended before; its log:\n{}", self.log());
        let status = self.wait_for_exit();
        (status, begun.elapsed())
    }

    /// Returns how the service ended by itself.
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of this process") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the service does not end; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the service has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_else(|why| why.to_string())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("service.log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The binary, without what the environment of the tests would tell it.
pub(crate) fn cxpulse() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    command.env_clear().stdin(Stdio::null());
    command
}
