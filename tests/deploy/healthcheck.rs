//! `cxpulse healthcheck`, as a container engine runs it: its exit code, and its word.

use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use super::files::cxpulse;

fn ask(address: &str, further: &[&str]) -> Output {
    cxpulse(&[&["healthcheck", "--web.listen-address", address], further].concat()).output().expect("the binary was built")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_service_without_its_broker_is_healthy_and_not_ready() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    // As an image runs it: on every interface.
    let address = format!("0.0.0.0:{port}");
    let run = [
        "run",
        "--bootstrap-servers",
        "127.0.0.1:1",
        "--web.listen-address",
        &address,
        "--log.level",
        "off",
        "--set",
        "checkpoint.url=off",
    ];
    let mut service = cxpulse(&run).spawn().expect("the binary was built");
    let begun = Instant::now();
    let healthy = loop {
        let output = ask(&address, &[]);
        if output.status.success() || begun.elapsed() > Duration::from_secs(30) {
            break output;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let ready = ask(&address, &["--ready"]);
    service.kill().and_then(|()| service.wait()).expect("a child of this process");
    assert_eq!(told(&healthy), (Some(0), "healthy".into(), String::new()));
    let (code, said, error) = told(&ready);
    assert!(code == Some(1) && said.starts_with("not ready: ") && error.is_empty(), "{code:?} {said} {error}");
}

#[test]
fn nobody_there_is_not_healthy_and_says_what_was_asked() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let (code, _, error) = told(&ask(&format!("127.0.0.1:{port}"), &[]));
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("http://127.0.0.1:{port}/-/healthy does not answer")) && error.contains("hint: "), "{error}");
}

#[test]
fn a_service_that_hangs_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let begun = Instant::now();
    let (code, ..) = told(&ask(&silent.local_addr().expect("a bound listener").to_string(), &["--timeout", "200ms"]));
    assert_eq!(code, Some(1));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn mistakes_of_whoever_asks_have_the_codes_of_every_command() {
    assert_eq!(told(&ask("nowhere", &[])).0, Some(78));
    assert_eq!(told(&ask("127.0.0.1:1", &["--timeout", "soon"])).0, Some(64));
}
