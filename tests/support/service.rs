//! The real binary: `cxpulse run` as a process of its own, with its files, its port and its exit.
//!
//! Does not know Kafka or any metric.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::exposition::Exposition;
use super::ports::free_ports;

/// The longest time that any short operation on this machine may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The name of the configuration in the folder of the service.
const CONFIGURATION: &str = "cxpulse.toml";

/// A running service. It is killed at the end of the test that started it.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

/// The response of the service to a request for a path.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Service {
    /// Starts the service with a configuration that names no address. Does not wait for a response.
    pub(crate) fn start(configuration: &str) -> Self {
        Self::start_with(configuration, |_| {})
    }

    /// Starts the service in the same way, after `change` has added flags or variables to its command or has led its output elsewhere.
    pub(crate) fn start_with(configuration: &str, change: impl FnOnce(&mut Command)) -> Self {
        let [port] = free_ports();
        Self::launch(port, configuration, change)
    }

    /// Starts the service in the same way on this port, on which another one may have listened before.
    #[allow(dead_code, reason = "only some tests start one in the place of another")]
    pub(crate) fn start_on(port: u16, configuration: &str) -> Self {
        Self::launch(port, configuration, |_| {})
    }

    /// Exchanges the configuration in the file of the running service, which does not look at it by itself.
    pub(crate) fn configure(&self, configuration: &str) {
        write_configuration(self.folder.path(), configuration, self.address);
    }

    /// The port on which it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Requests a path. `None` if there is no response.
    pub(crate) fn ask(&self, path: &str) -> Option<Answer> {
        ask_port(self.address.port(), path)
    }

    /// The number of its process.
    #[allow(dead_code, reason = "only some tests look at the process")]
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends these bytes and returns all that the service answers until it closes the connection. `None` if there is no response.
    pub(crate) fn exchange(&self, request: &str) -> Option<String> {
        exchange(self.address, request)
    }

    /// The text of `/metrics`. The test fails if there is no response.
    pub(crate) fn scrape_text(&self) -> String {
        let answer = self.ask("/metrics").unwrap_or_else(|| panic!("the service does not answer; its log:\n{}", self.log()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// The samples of `/metrics`.
    pub(crate) fn scrape(&self) -> Exposition {
        Exposition::parse(&self.scrape_text())
    }

    /// The value of a count on `/metrics`, or 0 if it is absent or there is no response.
    pub(crate) fn scrape_count(&self, series: &str) -> u64 {
        self.ask("/metrics").map_or(0, |answer| Exposition::parse(&answer.body).count(series))
    }

    /// Whether `/-/ready` says that the service is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.ask("/-/ready").is_some_and(|answer| answer.status == 200)
    }

    /// Returns when a condition holds. The test fails if it does not hold in time or the service ends.
    pub(crate) fn wait_until(&mut self, what: &str, limit: Duration, mut holds: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            let exit = self.child.try_wait().expect("a child of this process");
            assert!(exit.is_none(), "the service ended ({exit:?}) before {what}; its log:\n{}", self.log());
            assert!(begun.elapsed() < limit, "{what}: not within {limit:?}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns when the service has its partitions and has caught up.
    pub(crate) fn wait_until_ready(&mut self) {
        self.wait_until("it is ready", PATIENCE, Self::is_ready);
    }

    /// Returns when a series has a value of at least `count`.
    pub(crate) fn wait_for_count(&mut self, series: &str, count: u64, limit: Duration) {
        self.wait_until(&format!("{series} reaches {count}"), limit, |service| service.scrape_count(series) >= count);
    }

    /// Sends SIGTERM, and returns the exit status and the time until the exit.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        self.signal("-TERM");
        let status = self.wait_for_exit();
        (status, begun.elapsed())
    }

    /// Sends SIGTERM, and waits for nothing.
    #[allow(dead_code, reason = "only some tests watch a service while it ends")]
    pub(crate) fn ask_to_end(&self) {
        self.signal("-TERM");
    }

    /// Stops the process where it is, until [`Self::resume`].
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets the process go on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Sends the process a signal, such as `-HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().expect("the command `kill`");
        assert!(sent.success(), "the service had ended before; its log:\n{}", self.log());
    }

    /// Waits until the service ends by itself, and returns its exit status.
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

    /// The output of the service so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_else(|why| why.to_string())
    }

    fn launch(port: u16, configuration: &str, change: impl FnOnce(&mut Command)) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = tempfile::Builder::new().prefix("cxpulse-service-").tempdir().expect("a temporary folder");
        write_configuration(folder.path(), configuration, address);
        let log = File::create(folder.path().join("service.log")).expect("the folder is writable");
        let mut command = cxpulse();
        command
            .arg("run")
            .arg("--config")
            .arg(folder.path().join(CONFIGURATION))
            // Checkpoints lie below the working directory.
            .current_dir(folder.path())
            .stdout(log.try_clone().expect("a second handle of an open file"))
            .stderr(log);
        change(&mut command);
        let child = command.spawn().expect("the binary was built");
        Self { child, address, folder }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("service.log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn write_configuration(folder: &Path, configuration: &str, address: SocketAddr) {
    let text = format!("{configuration}\n[web]\nlisten_addresses = [\"{address}\"]\n");
    std::fs::write(folder.join(CONFIGURATION), text).expect("the folder is writable");
}

/// Requests a path of the service on a local port. `None` if there is no response.
pub(crate) fn ask_port(port: u16, path: &str) -> Option<Answer> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let text = exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    assert!(!head.to_ascii_lowercase().contains("chunked"), "this reader knows no chunks");
    Some(Answer { status, body: body.to_owned() })
}

fn exchange(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// The binary, without the environment variables of the tests that would configure it.
pub(crate) fn cxpulse() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    command.env_clear().stdin(Stdio::null());
    command
}
