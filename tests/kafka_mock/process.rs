//! The binary as a process of its own: how `cxpulse run` ends.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::set_up::{Broker, until};

/// `cxpulse run` for these brokers and this address, without the environment of the tests.
fn run(servers: &str, address: &str) -> Child {
    command(servers, address).spawn().unwrap()
}

fn command(servers: &str, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    command
        .env_clear()
        .args(["run", "--bootstrap-servers", servers, "--web.listen-address", address, "--set", "checkpoint.url=off"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn ask(address: &str, path: &str) -> Option<String> {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

fn output(mut child: Child, what: &str) -> Output {
    until(what, || child.try_wait().unwrap().is_some());
    child.wait_with_output().unwrap()
}

/// An address whose port was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn sigterm_ends_a_consuming_service_with_exit_code_0_within_eight_seconds() {
    let broker = Broker::start();
    broker.send_tickets(0..10);
    let address = free_address();
    let child = run(&broker.cluster.bootstrap_servers(), &address);
    until("ready", || ask(&address, "/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    let metrics = ask(&address, "/metrics").unwrap();
    assert!(metrics.contains("cx_events_total{outcome=\"applied\",topic=\"tickets\"} 10"), "{metrics}");
    let sent_at = Instant::now();
    signal(&child, "-TERM");
    let output = output(child, "the end");
    assert!(sent_at.elapsed() < Duration::from_secs(8), "ending took {:?}", sent_at.elapsed());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_second_signal_ends_at_once_with_exit_code_130() {
    let (servers, address) = (free_address(), free_address());
    let child = run(&servers, &address);
    until("the service waits", || ask(&address, "/-/ready").is_some_and(|answer| answer.contains(&servers)));
    // Both signals are pending when the process continues, so it cannot end between them.
    for name in ["-STOP", "-TERM", "-INT", "-CONT"] {
        signal(&child, name);
    }
    let output = output(child, "the end");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{log}");
    assert!(log.contains("a second signal ends at once"), "{log}");
}

#[test]
fn a_broker_that_is_away_is_named_once_and_ctrl_c_ends_the_waiting() {
    let (servers, address) = (free_address(), free_address());
    let child = run(&servers, &address);
    until("the service waits", || ask(&address, "/-/ready").is_some_and(|answer| answer.contains(&servers)));
    assert!(ask(&address, "/-/ready").unwrap().starts_with("HTTP/1.1 503"));
    assert!(ask(&address, "/-/healthy").unwrap().starts_with("HTTP/1.1 200"));
    // Long enough for several more attempts to connect.
    std::thread::sleep(Duration::from_secs(4));
    signal(&child, "-INT");
    let output = output(child, "the end");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains(&servers)).count(), 1, "one message names it:\n{log}");
}

#[test]
fn a_port_in_use_is_named_with_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = output(run("127.0.0.1:1", &address), "the end");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains(&address) && message.contains("--web.listen-address"), "{message}");
}

#[test]
fn plaintext_to_another_machine_is_refused_with_exit_code_78() {
    let output = output(run("kafka.example:9092", "127.0.0.1:0"), "the end");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{message}");
    assert!(message.contains("kafka.example:9092") && message.contains("allow_insecure"), "{message}");
}

#[test]
fn systemd_is_told_of_the_first_assignment_and_of_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = || {
        let mut buffer = [0; 1_024];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let broker = Broker::start();
    let servers = broker.cluster.bootstrap_servers();
    let child = command(&servers, &free_address()).env("NOTIFY_SOCKET", &path).spawn().unwrap();
    let started = told();
    assert!(started.starts_with("READY=1\nSTATUS=reads its partitions"), "{started}");
    signal(&child, "-TERM");
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(output(child, "the end").status.code(), Some(0));
}
