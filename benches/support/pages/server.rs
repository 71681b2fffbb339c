//! A real Prometheus over blocks that promtool makes of OpenMetrics text, and its range queries.
//!
//! Does not know any metric.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// Blocks of half a year: promtool reads the whole text once for each block.
const BLOCK: &str = "4374h";
/// How far the heap of the Go tools may grow before it is collected, in per cent. Collections would take a good part of the time.
const GOGC: (&str, &str) = ("GOGC", "400");
/// The largest number of points of one series that is asked for at once; Prometheus gives at most 11,000.
const POINTS_MAX: i64 = 2_016;

/// A series of a range query.
#[derive(Deserialize)]
pub(crate) struct Series {
    pub(crate) metric: BTreeMap<String, String>,
    /// Instants in seconds with the values as text.
    pub(crate) values: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// A running server; it is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

/// Adds the samples of a text to the blocks of a folder.
pub(crate) fn add_blocks(text: &Path, blocks: &Path) {
    let mut command = Command::new("promtool");
    command.args(["tsdb", "create-blocks-from", "--max-block-duration", BLOCK, "openmetrics"]).arg(text).arg(blocks).arg("--quiet");
    let output = command.env(GOGC.0, GOGC.1).output().expect("promtool is installed");
    assert!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
}

impl Server {
    /// Starts a server over the blocks of a folder.
    pub(crate) fn over(blocks: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let config = blocks.join("bench.yml");
        std::fs::write(&config, "global: {scrape_interval: 5m}\n").expect("the folder is writable");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", blocks.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--storage.tsdb.retention.time=100y", "--query.timeout=1h", "--log.level=error"])
            .env(GOGC.0, GOGC.1)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed");
        let server = Self { child, port };
        let begun = Instant::now();
        while server.request("GET /-/ready HTTP/1.0\r\n\r\n").is_none_or(|(head, _)| !head.contains(" 200 ")) {
            assert!(begun.elapsed() < Duration::from_secs(120), "Prometheus does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Evaluates an expression at every step of a period, both in seconds, in pieces. Each piece has the series that it has.
    pub(crate) fn query_range(&self, expression: &str, from: i64, to: i64, step: i64, mut take: impl FnMut(Series)) {
        let mut begin = from;
        while begin <= to {
            let end = to.min(begin + (POINTS_MAX - 1) * step);
            let body = format!("query={}&start={begin}&end={end}&step={step}", encoded(expression));
            let head = "POST /api/v1/query_range HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n";
            let (_, text) = self.request(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).expect("Prometheus answers");
            let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text:.300}"));
            let data = answer.data.unwrap_or_else(|| panic!("{}: {expression}", answer.error.unwrap_or_default()));
            data.result.into_iter().for_each(&mut take);
            begin = end + step;
        }
    }

    fn request(&self, request: &str) -> Option<(String, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut text = String::new();
        BufReader::new(stream).read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some((head.to_owned(), body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02X}").expect("a String takes all that is written to it");
        out
    })
}
