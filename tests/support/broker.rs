//! A real Apache Kafka broker in a process of its own: one node with KRaft, on a port from the kernel, in a folder that is removed with it.
//!
//! Does not know cxpulse. Its jars come from `tests/run.sh` (`TESTS_KAFKA_LIBS`, default `target/kafka-libs`).

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::left_out::variable;
use super::ports::free_ports;
use super::tools::leave_out_without_tool;

/// A user whom the authenticated listener accepts.
pub(crate) const USER: &str = "reader";
/// The user's password.
pub(crate) const PASSWORD: &str = "right";

/// The longest time that the broker may take to start. It usually takes about two seconds.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Ends the broker when the shell's standard input ends, so that no broker survives the test process, however that ends.
const KEEPER: &str = r#""$@" & broker=$!; read -r _; kill "$broker"; wait "$broker""#;

const LOG_SETTINGS: &str = "rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss,SSS} %p %c: %m%n
";

/// A running broker.
#[derive(Debug)]
pub(crate) struct Broker {
    folder: TempDir,
    libs: PathBuf,
    java: String,
    plain_port: u16,
    sasl_port: u16,
    others: Vec<(&'static str, u16)>,
    keeper: Option<Child>,
}

/// An address of a broker beside those that every broker has.
#[allow(dead_code, reason = "only the tests of access add addresses")]
#[derive(Debug)]
pub(crate) struct Listener {
    /// The name, in small letters.
    pub(crate) name: &'static str,
    /// `SSL` or `SASL_SSL`.
    pub(crate) protocol: &'static str,
    /// Kafka's properties of this listener, one a line.
    pub(crate) properties: String,
}

impl Broker {
    /// The broker of this test binary, for one test at a time. `None`, with a printed message, without Java or the jars.
    pub(crate) fn shared() -> Option<MutexGuard<'static, Self>> {
        static SHARED: OnceLock<Result<Mutex<Broker>, String>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start().map(Mutex::new)) {
            Ok(broker) => Some(broker.lock().unwrap_or_else(PoisonError::into_inner)),
            Err(why) => {
                leave_out_without_tool(why);
                None
            }
        }
    }

    /// Formats a folder and starts a broker in it. The error names the missing tool.
    pub(crate) fn start() -> Result<Self, String> {
        Self::start_with(&[], "", &[])
    }

    /// Starts a broker that also listens at these addresses, with more properties, and with users of SCRAM-SHA-512, each as `[name=NAME,password=TEXT]`.
    pub(crate) fn start_with(listeners: &[Listener], more: &str, scram_users: &[String]) -> Result<Self, String> {
        let libs =
            variable("TESTS_KAFKA_LIBS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kafka-libs"), PathBuf::from);
        if !libs.is_dir() {
            return Err("no Kafka broker: its jars are not there (`tests/run.sh` brings them, or TESTS_KAFKA_LIBS names them)".to_owned());
        }
        let java = variable("TESTS_JAVA").unwrap_or_else(|| "java".to_owned());
        if Command::new(&java).arg("-version").output().is_err() {
            return Err(format!("no Kafka broker: `{java}` does not run (Java 17 or later is needed)"));
        }
        let folder = tempfile::Builder::new().prefix("cxpulse-broker-").tempdir().expect("a temporary folder");
        let [plain_port, sasl_port, controller_port, more_ports @ ..] = free_ports::<12>();
        std::fs::write(folder.path().join("log4j2.properties"), LOG_SETTINGS).expect("the folder is writable");
        let others: Vec<(&'static str, u16)> = listeners.iter().map(|listener| listener.name).zip(more_ports).collect();
        assert_eq!(others.len(), listeners.len(), "there are too few ports");
        let mut properties = properties(folder.path(), [plain_port, sasl_port, controller_port], &others);
        for Listener { name, protocol, properties: own } in listeners {
            let protocols = "listener.security.protocol.map=";
            properties = properties.replace(protocols, &format!("{protocols}{}:{protocol},", name.to_uppercase()));
            own.lines().for_each(|line| writeln!(properties, "listener.name.{name}.{line}").expect("a String takes all text"));
        }
        std::fs::write(folder.path().join("server.properties"), properties + more).expect("the folder is writable");
        let mut broker = Self { folder, libs, java, plain_port, sasl_port, others, keeper: None };
        broker.format(scram_users);
        broker.launch();
        Ok(broker)
    }

    /// The address for a client without a password.
    pub(crate) fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.plain_port)
    }

    /// The address for a client that connects as [`USER`] with SASL PLAIN and without encryption.
    pub(crate) fn authenticated_servers(&self) -> String {
        format!("127.0.0.1:{}", self.sasl_port)
    }

    /// The folder of its logs, with one folder for each partition. To be changed only while the broker is stopped.
    #[allow(dead_code, reason = "only some tests look into the logs")]
    pub(crate) fn log_folder(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The address of a listener that was added. Its host is `localhost`, for which certificates are made.
    #[allow(dead_code, reason = "only the tests of access add addresses")]
    pub(crate) fn servers_of(&self, name: &str) -> String {
        let (_, port) = self.others.iter().find(|(other, _)| *other == name).expect("a listener of this name");
        format!("localhost:{port}")
    }

    /// Ends the broker and returns when it has ended. Its log stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("the broker's keeper was started by this process");
        }
    }

    /// Kills the broker at once, as by a power cut of its machine, and returns when it has ended. Its log stays.
    #[allow(dead_code, reason = "only some tests kill it")]
    pub(crate) fn kill(&mut self) {
        let keeper = self.keeper.as_ref().expect("a running broker").id();
        let children = std::fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).expect("the keeper runs");
        let broker = children.split_whitespace().next().expect("the keeper has a child");
        assert!(Command::new("kill").args(["-KILL", broker]).status().expect("the command `kill`").success());
        self.stop();
    }

    /// Starts the broker, if it is not running, on the same port and log, and returns when it answers.
    pub(crate) fn launch(&mut self) {
        if self.keeper.is_some() {
            return;
        }
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the folder is writable");
        let broker = self.java_command(&["-Xmx512m", "-XX:TieredStopAtLevel=1"], "kafka.Kafka");
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(KEEPER).arg("keeper").arg(broker.get_program()).args(broker.get_args());
        keeper.arg(self.folder.path().join("server.properties"));
        keeper.stdin(Stdio::piped()).stdout(log.try_clone().expect("a second handle of an open file")).stderr(log);
        self.keeper = Some(keeper.spawn().expect("a shell"));
        self.wait_until_it_answers();
    }

    fn format(&self, scram_users: &[String]) {
        let users = scram_users.iter().flat_map(|user| ["--add-scram".to_owned(), format!("SCRAM-SHA-512={user}")]);
        let output = self
            .java_command(&["-Xmx256m"], "kafka.tools.StorageTool")
            .args(["format", "--standalone", "--cluster-id", "cxpulse-tests-cluster0", "--config"])
            .arg(self.folder.path().join("server.properties"))
            .args(users)
            .output()
            .expect("java was found");
        assert!(output.status.success(), "formatting the broker's folder: {}", String::from_utf8_lossy(&output.stdout));
    }

    fn java_command(&self, options: &[&str], class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command.args(options).arg("-cp").arg(self.libs.join("*"));
        let mut logging = std::ffi::OsString::from("-Dlog4j2.configurationFile=");
        logging.push(self.folder.path().join("log4j2.properties"));
        command.arg(logging).arg(class);
        command
    }

    fn wait_until_it_answers(&self) {
        use rdkafka::consumer::{BaseConsumer, Consumer};
        let client: BaseConsumer = super::topics::client(&self.servers()).create().expect("constant client settings");
        let begun = Instant::now();
        while client.fetch_metadata(None, Duration::from_millis(500)).map_or(true, |cluster| cluster.brokers().is_empty()) {
            assert!(begun.elapsed() < START_LIMIT, "the broker does not answer; its log:\n{}", self.log());
        }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("broker.log")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_else(|why| why.to_string())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

fn properties(folder: &Path, [plain_port, sasl_port, controller_port]: [u16; 3], others: &[(&str, u16)]) -> String {
    let others_at = |host: &str| others.iter().map(|(name, port)| format!(",{}://{host}:{port}", name.to_uppercase())).collect::<String>();
    let (bound, named) = (others_at("127.0.0.1"), others_at("localhost"));
    let mut text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listeners=PLAIN://127.0.0.1:{plain_port},SASL://127.0.0.1:{sasl_port},CONTROLLER://127.0.0.1:{controller_port}{bound}
advertised.listeners=PLAIN://127.0.0.1:{plain_port},SASL://127.0.0.1:{sasl_port}{named}
listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=PLAIN,OAUTHBEARER
listener.name.sasl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";
"
    );
    writeln!(text, "log.dirs={}", folder.join("log").display()).expect("a String takes all text");
    // Event times lie years back, so no record may expire by time. One node cannot keep three copies. Records larger than any that is counted must get in.
    text.push_str(
        "log.retention.ms=-1
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
auto.create.topics.enable=false
message.max.bytes=8388608
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
",
    );
    text
}
