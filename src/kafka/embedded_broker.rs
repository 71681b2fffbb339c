//! librdkafka's mock cluster as a broker inside this process, for the demo.
//!
//! The broker keeps about 5 MiB a partition, and silently drops the oldest records beyond that. The sender must make sure that its records fit.
//! Does not know the demo.

use std::sync::mpsc;
use std::thread::JoinHandle;

use rdkafka::mocking::MockCluster;

use super::failure::Failure;

/// A running broker; dropping it ends it.
#[derive(Debug)]
pub struct EmbeddedBroker {
    servers: String,
    /// The broker's thread ends when this sender is dropped.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker with these topics on a free port of this machine. It lives on a thread of its own, because the mock cluster must not move from
    /// one thread to another.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(topics: &[&str], partitions: i32) -> Result<Self, Failure> {
        let topics: Vec<String> = topics.iter().map(|&topic| topic.to_owned()).collect();
        let (stop, stopped) = mpsc::channel::<()>();
        let (started, servers) = mpsc::channel();
        let failed = |error: &dyn std::fmt::Display| Failure::Client(format!("the embedded broker did not start: {error}"));
        let serve = move || match open(&topics, partitions) {
            Ok(cluster) => {
                if started.send(Ok(cluster.bootstrap_servers())).is_ok() {
                    // Nothing is ever sent. The error means that the sender was dropped, which is the signal to end.
                    let _gone = stopped.recv();
                }
            }
            Err(error) => drop(started.send(Err(error.to_string()))),
        };
        let thread = std::thread::Builder::new().name("cxpulse-broker".to_owned()).spawn(serve).map_err(|error| failed(&error))?;
        let servers = servers.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        Ok(Self { servers, stop: Some(stop), thread: Some(thread) })
    }

    /// The address of the broker, as `host:port`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.servers
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported already; here it only means that the broker has ended.
            drop(thread.join());
        }
    }
}

fn open(
    topics: &[String],
    partitions: i32,
) -> rdkafka::error::KafkaResult<MockCluster<'static, rdkafka::producer::DefaultProducerContext>> {
    let cluster = MockCluster::new(1)?;
    for topic in topics {
        cluster.create_topic(topic, partitions, 1)?;
    }
    Ok(cluster)
}
