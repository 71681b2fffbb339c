//! Kafka Connect in its standalone form with one connector, as a process that ends with the test. Does not know what it copies.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::support::left_out::variable;
use crate::support::ports::free_ports;

/// Ends the worker when the shell's standard input ends, so that none survives the test process.
const KEEPER: &str = r#""$@" & worker=$!; read -r _; kill "$worker"; wait "$worker""#;

/// A worker with its folder, where its offsets outlive it.
pub(crate) struct Connect {
    folder: TempDir,
    libs: PathBuf,
    keeper: Option<Child>,
}

impl Connect {
    /// Writes the files of a worker; starts nothing yet. The error names what is missing.
    pub(crate) fn new(servers: &str, connector: &Map<String, Value>) -> Result<Self, String> {
        let libs =
            variable("TESTS_CONNECT_LIBS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/connect-libs"), PathBuf::from);
        if !libs.is_dir() {
            return Err(
                "no Kafka Connect: its jars are not there (`tests/run.sh` brings them, or TESTS_CONNECT_LIBS names them)".to_owned()
            );
        }
        let folder = tempfile::Builder::new().prefix("cxpulse-connect-").tempdir().expect("a temporary folder");
        let [port] = free_ports();
        let worker = format!(
            "bootstrap.servers={servers}\nkey.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter=org.apache.kafka.connect.json.JsonConverter\n\
             key.converter.schemas.enable=false\nvalue.converter.schemas.enable=false\noffset.storage.file.filename={}\noffset.flush.interval.ms=500\n\
             plugin.discovery=only_scan\nlisteners=http://127.0.0.1:{port}\n",
            folder.path().join("offsets").display()
        );
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let connector: String = connector.iter().map(|(key, value)| format!("{key}={}\n", text(value))).collect();
        let logging = "rootLogger.level=warn\nrootLogger.appenderRef.out.ref=out\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n\
                       appender.out.layout.pattern=%d{HH:mm:ss,SSS} %p %c: %m%n\n";
        for (name, text) in [("worker.properties", worker.as_str()), ("connector.properties", &connector), ("log4j2.properties", logging)] {
            std::fs::write(folder.path().join(name), text).expect("the folder is writable");
        }
        Ok(Self { folder, libs, keeper: None })
    }

    /// Starts the worker.
    pub(crate) fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the folder is writable");
        let java = variable("TESTS_JAVA").unwrap_or_else(|| "java".to_owned());
        let mut logging = std::ffi::OsString::from("-Dlog4j2.configurationFile=");
        logging.push(self.folder.path().join("log4j2.properties"));
        let mut keeper = Command::new("sh");
        keeper
            .arg("-c")
            .arg(KEEPER)
            .arg("keeper")
            .arg(java)
            .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(self.libs.join("*"))
            .arg(logging);
        keeper.arg("org.apache.kafka.connect.cli.ConnectStandalone");
        keeper.arg(self.folder.path().join("worker.properties")).arg(self.folder.path().join("connector.properties"));
        keeper.stdin(Stdio::piped()).stdout(log.try_clone().expect("a second handle of an open file")).stderr(log);
        self.keeper = Some(keeper.spawn().expect("a shell"));
    }

    /// Ends the worker, and returns when it has ended.
    pub(crate) fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("the keeper was started by this process");
        }
    }

    /// The output so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_else(|why| why.to_string())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("connect.log")
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        self.stop();
    }
}
