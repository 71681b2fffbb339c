//! A real Prometheus that scrapes once a second or as often as a test says, and its HTTP interface. Does not know any metric.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::ports::free_ports;
use super::tools::leave_out_without_tool;

/// A sample of an instant vector: its labels, with the name as `__name__`, and its value.
pub(crate) type Sample = (BTreeMap<String, String>, f64);

/// A running server. It is killed at the end of the test that started it.
pub(crate) struct Prometheus {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Prometheus {
    /// Starts a server that scrapes these local ports as the job `cxpulse` and evaluates these rule files, both once a second. `None`, with a printed
    /// message, if Prometheus is not installed.
    pub(crate) fn start(scraped: &[u16], rule_files: &[String]) -> Option<Self> {
        Self::start_jobs(&[("cxpulse", scraped)], rule_files, 1)
    }

    /// The same with several jobs, each with its local ports, and both at this interval.
    pub(crate) fn start_jobs(jobs: &[(&str, &[u16])], rule_files: &[String], interval_seconds: u32) -> Option<Self> {
        let [port] = free_ports();
        let folder = tempfile::Builder::new().prefix("cxpulse-prometheus-").tempdir().expect("a temporary folder");
        let every = format!("{interval_seconds}s");
        let mut text =
            format!("global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: {every}}}\nrule_files:\n");
        for (at, rules) in rule_files.iter().enumerate() {
            std::fs::write(folder.path().join(format!("rules-{at}.yml")), rules).expect("the folder is writable");
            writeln!(text, "  - rules-{at}.yml").expect("a String takes all that is written to it");
        }
        text.push_str("scrape_configs:\n");
        for (job, scraped) in jobs {
            let targets: Vec<String> = scraped.iter().map(|port| format!("'127.0.0.1:{port}'")).collect();
            write!(text, "  - job_name: {job}\n    static_configs: [{{targets: [{}]}}]\n", targets.join(", "))
                .expect("a String takes all that is written to it");
        }
        std::fs::write(folder.path().join("prometheus.yml"), text).expect("the folder is writable");
        let log = std::fs::File::create(folder.path().join("prometheus.log")).expect("the folder is writable");
        let started = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", &format!("--web.listen-address=127.0.0.1:{port}")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let Ok(child) = started else {
            leave_out_without_tool("`prometheus` is not installed");
            return None;
        };
        let prometheus = Self { child, port, folder };
        let begun = Instant::now();
        while prometheus.get("/-/ready").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "Prometheus does not start: {}", prometheus.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(prometheus)
    }

    /// The current value of an expression.
    pub(crate) fn query(&self, expression: &str) -> Vec<Sample> {
        let answer = self.json(&format!("/api/v1/query?query={}", encoded(expression)));
        let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{expression}: {answer}"));
        result.iter().map(sample).collect()
    }

    /// The values of an expression at each second of the last ones, by their labels and second.
    #[allow(dead_code, reason = "only some tests look back")]
    pub(crate) fn look_back(
        &self,
        expression: &str,
        seconds: u64,
        now_seconds: u64,
    ) -> Vec<(BTreeMap<String, String>, BTreeMap<u64, f64>)> {
        let start = now_seconds - seconds;
        let answer = self.json(&format!("/api/v1/query_range?query={}&start={start}&end={now_seconds}&step=1", encoded(expression)));
        let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{expression}: {answer}"));
        let point = |point: &Value| {
            let value = point[1].as_str().and_then(|text| text.parse().ok()).expect("a value as text");
            (point[0].as_f64().expect("an instant") as u64, value)
        };
        let points = |of: &Value| of["values"].as_array().expect("a list of points").iter().map(point).collect();
        result.iter().map(|of| (labels(&of["metric"]), points(of))).collect()
    }

    /// The labels of every alert that is firing, with its annotation `evidence`, which is empty where it has none.
    pub(crate) fn firing(&self) -> Vec<(BTreeMap<String, String>, String)> {
        let answer = self.json("/api/v1/alerts");
        let alerts = answer["data"]["alerts"].as_array().expect("a list of alerts");
        let evidence = |alert: &Value| alert["annotations"]["evidence"].as_str().unwrap_or_default().to_owned();
        alerts.iter().filter(|alert| alert["state"] == "firing").map(|alert| (labels(&alert["labels"]), evidence(alert))).collect()
    }

    /// The rules whose last evaluation failed, each with the error.
    pub(crate) fn faulty_rules(&self) -> Vec<String> {
        let answer = self.json("/api/v1/rules");
        let groups = answer["data"]["groups"].as_array().expect("a list of groups");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("a list of rules"));
        rules.filter(|rule| rule["health"] == "err").map(|rule| format!("{}: {}", rule["name"], rule["lastError"])).collect()
    }

    fn json(&self, path: &str) -> Value {
        let body = self.get(path).unwrap_or_else(|| panic!("Prometheus does not answer {path}: {}", self.log()));
        serde_json::from_str(&body).unwrap_or_else(|why| panic!("{path}: {why}: {body}"))
    }

    /// The body of a response, unless its status says that the server is not ready. The request is HTTP/1.0, so that the body has no chunks.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        (!head.contains(" 503 ")).then(|| body.to_owned())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("prometheus.log")).unwrap_or_else(|why| why.to_string())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn sample(sample: &Value) -> Sample {
    let value = sample["value"][1].as_str().and_then(|text| text.parse().ok()).expect("a value as text");
    (labels(&sample["metric"]), value)
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().expect("labels").iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().expect("a label's value is text").to_owned())).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02X}").expect("a String takes all that is written to it");
        out
    })
}
