//! The configuration of a running service is read again on SIGHUP and on `POST /-/reload`; a bad one keeps the one before.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

struct Service {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Service {
    /// Starts the service with this configuration and no broker.
    fn start(text: &str, flags: &[&str]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cxpulse.toml"), text).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_cxpulse"))
            .env_clear()
            .args(["run", "--bootstrap-servers", "127.0.0.1:1", "--web.listen-address", &address.to_string()])
            .arg("--config")
            .arg(folder.path().join("cxpulse.toml"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Self { child, address, folder };
        service.until("it answers", |service| service.ask("GET", "/-/healthy").is_some());
        service
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.folder.path().join("cxpulse.toml"), text).unwrap();
    }

    fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join("log");
        std::fs::read_to_string(path).unwrap()
    }

    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert_eq!(self.child.try_wait().unwrap(), None, "the service ended before: {what}\n{}", self.log());
            assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn reload_was_successful(&self) -> bool {
        self.ask("GET", "/metrics").unwrap().contains("\ncx_config_last_reload_successful 1\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

#[test]
fn sighup_reloads_and_a_bad_file_keeps_the_one_before() {
    let mut service = Service::start("[log]\nfilter = \"info\"\n", &[]);
    let request_in_log = |service: &Service| {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.write_all(b"rubbish\r\n\r\n").unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
        service.log().contains("connection ended early")
    };
    assert!(!request_in_log(&service), "that is a line at the level debug");
    service.configure("[log]\nfilter = \"info,cxpulse::http=debug\"\n[limits]\ncontacts_max = 1000\n[[windows]]\nname = \"1h\"\nrange = \"1h\"\nhop = \"1m\"\n[trend]\npairs = []\n");
    service.signal("-HUP");
    service.until("the new filter holds", request_in_log);
    assert!(service.log().contains("changed log.filter, limits"), "{}", service.log());
    assert!(service.log().contains("a restart is needed for what changed in [[windows]]"), "{}", service.log());
    assert!(service.reload_was_successful());

    service.configure("[log]\nfilter = 5\nfilters = \"canary7\"\n");
    service.signal("-HUP");
    service.until("the reload is refused", |service| !service.reload_was_successful());
    assert!(service.log().contains("log.filter") && service.log().contains("stays in force"), "{}", service.log());
    assert!(!service.log().contains("canary7"));
    assert_eq!(service.ask("POST", "/-/reload").unwrap().split(' ').nth(1), Some("404"), "off by default");
}

#[test]
fn a_reload_over_http_answers_what_came_of_it() {
    let service = Service::start("[limits]\ncontacts_max = 2000\n", &["--web.enable-lifecycle"]);
    let unchanged = service.ask("POST", "/-/reload").unwrap();
    assert!(unchanged.starts_with("HTTP/1.1 200") && unchanged.ends_with("\r\n\r\nreloaded\n"), "{unchanged}");
    service.configure("[limits]\ncontacts_max = 1000\ncells_max = 1000\ncells_per_family_max = 1000\n[kafka.properties]\n\"sasl.password\" = \"canary7\"\n");
    let changed = service.ask("POST", "/-/reload").unwrap();
    assert!(changed.contains("changed limits; a restart is needed for what changed in [kafka], [limits] of label sets"), "{changed}");
    service.configure("limits = 7\n");
    let refused = service.ask("POST", "/-/reload").unwrap();
    assert!(refused.starts_with("HTTP/1.1 500") && refused.contains("limits"), "{refused}");
    assert!(!service.reload_was_successful() && !service.log().contains("canary7"));
}
