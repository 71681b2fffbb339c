//! librdkafka's mock cluster as a broker inside this process, for the demo.
//!
//! It keeps about 5 MiB a partition and drops the oldest beyond that without a word: whoever sends must see that it fits. Does not know what
//! it is used for.

use std::sync::mpsc;
use std::thread::JoinHandle;

use rdkafka::mocking::MockCluster;

use super::Failure;

/// A running broker; dropping it ends it.
#[derive(Debug)]
pub struct EmbeddedBroker {
    servers: String,
    /// The thread ends when this is dropped.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker on a free port of this machine, with these topics. It lives on a thread of its own, because the cluster must not be sent
    /// from one to another.
    ///
    /// # Errors
    /// When the system gives no port or thread.
    pub fn start(topics: &[&str], partitions: i32) -> Result<Self, Failure> {
        let topics: Vec<String> = topics.iter().map(|&topic| topic.to_owned()).collect();
        let (stop, stopped) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let failed = |error: &dyn std::fmt::Display| Failure::Client(format!("the embedded broker did not start: {error}"));
        let serve = move || match open(&topics, partitions) {
            Ok(cluster) => {
                if tell.send(Ok(cluster.bootstrap_servers())).is_ok() {
                    // Nothing is ever sent: the error says that the other end is gone, which is what is waited for.
                    let _gone = stopped.recv();
                }
            }
            Err(error) => drop(tell.send(Err(error.to_string()))),
        };
        let thread = std::thread::Builder::new().name("cxpulse-broker".to_owned()).spawn(serve).map_err(|error| failed(&error))?;
        let servers = told.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        Ok(Self { servers, stop: Some(stop), thread: Some(thread) })
    }

    /// Its `host:port`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.servers
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported; here it only means that the broker is gone.
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
