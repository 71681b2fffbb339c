//! The live page in a real browser: the checks in `tests/page/` drive Chromium, on the demo and on a service with chosen events.
//!
//! Without Chromium, Node.js or the packages of `tests/page/package.json` each test says so and passes; `tests/run.sh` installs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

// The path is given because `cargo fmt` would look for the module below `page/`.
#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod ports;
    pub(crate) mod tools;
}

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cxpulse::time::{EventTime, Span};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use support::left_out::variable;
use support::ports::free_ports;
use support::tools::leave_out_without_tool;

const TOPICS: [&str; 4] = ["tickets", "chats", "surveys", "customers"];
/// How long anything may take. It is long, because other tests share the machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A shell script that ends its process when its standard input ends, so that the process never outlives the tests, however they end.
const KEEPER: &str = r#""$@" & child=$!; read -r _; kill -9 "$child"; wait "$child""#;

/// The tools that run the checks.
struct Tools {
    chromium: PathBuf,
    /// The folder with `package.json` and `node_modules`.
    modules: PathBuf,
}

impl Tools {
    /// The tools; `None` if one is missing, which the test then reports.
    fn find() -> Option<Self> {
        let modules = variable("TESTS_PAGE_MODULES").map_or_else(|| root().join("target/page-tests"), PathBuf::from);
        let chromium = PathBuf::from(variable("TESTS_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".to_owned()));
        let missing = if !chromium.is_file() {
            "no Chromium (Debian's `chromium`, or TESTS_CHROMIUM names one)"
        } else if Command::new("node").arg("--version").output().is_err() {
            "no Node.js"
        } else if !modules.join("node_modules/playwright-core").is_dir() {
            "the packages of tests/page/package.json are not there (`tests/run.sh` installs them, or TESTS_PAGE_MODULES names them)"
        } else {
            return Some(Self { chromium, modules });
        };
        leave_out_without_tool(missing);
        None
    }

    /// Starts a check of `tests/page/checks.mjs`. Its standard output can be read while it runs.
    fn start(&self, check: &str, url: &str, arguments: &[&str]) -> Child {
        Command::new("node")
            .arg(root().join("tests/page/check.mjs"))
            .args([check, url])
            .args(arguments)
            .env("TESTS_PAGE_MODULES", &self.modules)
            .env("TESTS_CHROMIUM", &self.chromium)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs a check to its end.
    fn check(&self, check: &str, url: &str, arguments: &[&str]) {
        finish(self.start(check, url, arguments), check);
    }
}

fn finish(mut check: Child, name: &str) {
    let mut why = String::new();
    check.stderr.take().unwrap().read_to_string(&mut why).unwrap();
    assert!(check.wait().unwrap().success(), "{name}: {why}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A demo with its whole history, its address and when it was started. It ends with the standard input of its shell. Demos load one after the other, because
/// the incident of one must not be over before two are loaded.
fn start_demo(options: &[&str]) -> (Child, String, EventTime) {
    static LOADING: Mutex<()> = Mutex::new(());
    let _loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    let started = cxpulse::runtime::wall_now();
    let mut shell = Command::new("sh")
        .args(["-c", KEEPER, "sh", env!("CARGO_BIN_EXE_cxpulse"), "demo", "--port", "0"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find_map(|line| Some(format!("http://{}", line.split_once("http://")?.1.trim_end_matches('/')))).unwrap();
    lines.find(|line| line.contains("history loaded")).expect("the history is loaded");
    // The first snapshot with values follows the readiness within a moment, and would move everything on the page.
    let (port, loaded_at) = (url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port"), Instant::now());
    while get(port, "/metrics").is_none_or(|metrics| !metrics.contains("\ncx_tickets_created{window=\"5m\"} ")) {
        assert!(loaded_at.elapsed() < PATIENCE, "no value is shown");
        std::thread::sleep(Duration::from_millis(100));
    }
    // The demo would stop at a full pipe, so its output is read to the end.
    std::thread::spawn(move || lines.for_each(drop));
    (shell, url, started)
}

/// The address of a demo that all tests share.
fn demo() -> &'static str {
    static DEMO: OnceLock<(Child, String, EventTime)> = OnceLock::new();
    &DEMO.get_or_init(|| start_demo(&[])).1
}

/// Runs a check on the demo if the tools are there.
fn check_demo(check: &str) {
    if let Some(tools) = Tools::find() {
        tools.check(check, demo(), &[]);
    }
}

/// A service on the mock broker. It keeps its address when it is started again.
struct Service {
    servers: String,
    port: u16,
    child: Option<Child>,
}

impl Service {
    fn new(cluster: &MockCluster<'static, DefaultProducerContext>) -> Self {
        let [port] = free_ports();
        let mut service = Self { servers: cluster.bootstrap_servers(), port, child: None };
        service.start();
        service
    }

    fn start(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_cxpulse"))
            .env_clear()
            .args(["run", "--bootstrap-servers", &self.servers, "--web.listen-address", &format!("127.0.0.1:{}", self.port)])
            .args(["--log.level", "error", "--set", "checkpoint.url=off"])
            .stdin(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        let begun = Instant::now();
        while !get(self.port, "/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            assert!(begun.elapsed() < PATIENCE, "it does not become ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The service may have ended by itself, so both results are ignored.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    TOPICS.iter().for_each(|topic| cluster.create_topic(topic, 1, 1).unwrap());
    cluster
}

/// Sends `count` tickets of a team from the last minutes, each with a reply and a satisfied answer.
fn send_team(cluster: &MockCluster<'static, DefaultProducerContext>, team: &str, count: i64) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let begun = cxpulse::runtime::wall_now().0 - 600_000;
    let team = serde_json::Value::from(team);
    for i in 0..count {
        let (key, ticket) = (format!("C{team}{i}"), serde_json::Value::from(format!("T{team}{i}")));
        let events = [
            ("tickets", 0, format!(r#""id":"a{i}","type":"ticket.created","ticket_id":{ticket},"channel":"email","team":{team}"#)),
            ("tickets", 60_000, format!(r#""id":"b{i}","type":"ticket.message","ticket_id":{ticket},"author":"agent","team":{team}"#)),
            (
                "surveys",
                90_000,
                format!(r#""id":"c{i}","type":"survey.responded","metric":"csat","score":5,"ticket_id":{ticket},"team":{team}"#),
            ),
        ];
        for (topic, after, members) in events {
            let at = begun + i * 1_000 + after;
            let source = serde_json::Value::from(format!("feed {team}"));
            let survey = if topic == "surveys" { format!(r#","survey_id":{ticket}"#) } else { String::new() };
            let customer = serde_json::Value::from(key.as_str());
            let payload = format!("{{{members}{survey},\"customer_id\":{customer},\"source\":{source},\"time\":{at}}}");
            let record = BaseRecord::to(topic).key(&key).payload(&payload).timestamp(at);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
    }
    producer.flush(PATIENCE).unwrap();
}

#[test]
fn values_equal_those_of_the_metrics_at_the_same_snapshot() {
    check_demo("values_equal_those_of_the_metrics_at_the_same_snapshot");
}

#[test]
fn windows_are_switched_by_mouse_and_by_keyboard_and_stand_in_the_address() {
    check_demo("windows_are_switched_by_mouse_and_by_keyboard_and_stand_in_the_address");
}

#[test]
fn nothing_is_complained_of_and_nothing_leaves_the_origin() {
    check_demo("nothing_is_complained_of_and_nothing_leaves_the_origin");
}

#[test]
fn axe_finds_nothing_serious_and_no_size_scrolls_sideways() {
    check_demo("axe_finds_nothing_serious_and_no_size_scrolls_sideways");
}

#[test]
fn it_updates_by_itself_keeps_focus_and_place_and_rests_while_hidden() {
    check_demo("it_updates_by_itself_keeps_focus_and_place_and_rests_while_hidden");
}

#[test]
fn lines_show_the_course_of_the_window_with_its_target() {
    check_demo("lines_show_the_course_of_the_window_with_its_target");
}

#[test]
fn parts_of_what_moved_add_up_to_the_change() {
    check_demo("parts_of_what_moved_add_up_to_the_change");
}

#[test]
fn it_works_without_script() {
    check_demo("it_works_without_script");
}

#[test]
fn screenshots_are_written() {
    let Some(tools) = Tools::find() else { return };
    let folder = root().join("target/page-screenshots");
    tools.check("screenshots", demo(), &[folder.to_str().unwrap()]);
    for name in ["desktop-light", "desktop-dark", "phone-light", "phone-dark"] {
        let size = std::fs::metadata(folder.join(format!("{name}.png"))).unwrap().len();
        assert!(size > 50_000, "{name}: {size} bytes");
    }
}

#[test]
fn an_incident_is_read_at_the_top_with_its_team_since_when_and_what_has_changed() {
    let Some(tools) = Tools::find() else { return };
    // It goes on for six minutes after the start, so that it is at its height when the history is loaded.
    let (mut shell, url, started) = start_demo(&["--incident-since", "8m"]);
    let since = started - Span::minutes(8);
    let picture = root().join("target/page-screenshots/incident.png");
    std::fs::create_dir_all(picture.parent().unwrap()).unwrap();
    let name = "an_incident_is_read_at_the_top_with_its_team_since_when_and_what_has_changed";
    tools.check(name, &url, &["billing", &since.0.to_string(), picture.to_str().unwrap()]);
    drop(shell.stdin.take());
    shell.wait().unwrap();
    assert!(std::fs::metadata(picture).unwrap().len() > 30_000);
}

#[test]
fn names_from_events_are_text_and_small_groups_are_too_few() {
    let Some(tools) = Tools::find() else { return };
    let cluster = cluster();
    send_team(&cluster, "<img src=x onerror=alert(1)>", 6);
    send_team(&cluster, "small", 2);
    let service = Service::new(&cluster);
    tools.check("names_from_events_are_text_and_small_groups_are_too_few", &service.url(), &[]);
}

#[test]
fn it_says_when_contact_is_lost_since_when_and_when_it_is_back() {
    let Some(tools) = Tools::find() else { return };
    let cluster = cluster();
    let mut service = Service::new(&cluster);
    let name = "it_says_when_contact_is_lost_since_when_and_when_it_is_back";
    let mut check = tools.start(name, &service.url(), &[]);
    for line in BufReader::new(check.stdout.take().unwrap()).lines().map(Result::unwrap) {
        match line.as_str() {
            "stop" => service.stop(),
            "start" => service.start(),
            line => panic!("unexpected: {line}"),
        }
    }
    finish(check, name);
}

#[test]
fn turned_off_it_is_a_plain_text_of_version_and_links() {
    let arguments = ["demo", "--port", "0", "--web.page=off", "--for", "20s"];
    let mut demo = Command::new(env!("CARGO_BIN_EXE_cxpulse")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.find_map(|line| line.trim_end_matches('/').rsplit_once("127.0.0.1:")?.1.parse().ok()).unwrap();
    let answer = get(port, "/");
    let script = get(port, "/-/page.js");
    demo.kill().unwrap();
    demo.wait().unwrap();
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-type: text/plain"), "{answer}");
    assert!(answer.contains(concat!("cxpulse ", env!("CARGO_PKG_VERSION"))) && answer.contains("\n/metrics "), "{answer}");
    assert!(script.unwrap().starts_with("HTTP/1.1 404"));
}
