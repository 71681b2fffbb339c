//! Bare consumers in a process of their own, which take every record through one of three calls of librdkafka and discard it.
#![expect(unsafe_code, reason = "the batch call is not in the safe interface of the crate")]

use std::ffi::CString;
use std::process::Command;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cxpulse::config::Configuration;
use rdkafka::bindings as native;
use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::usage::{cpu_of, own_cpu};
use crate::workload::{PARTITIONS, TOPICS, Workload};

/// The first argument of the process that consumes.
pub(crate) const ARGUMENT: &str = "discard";

/// Records in one call.
const BATCH: usize = 256;

/// The call that takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// One at a time from the group's queue, partitions assigned by the group.
    Group,
    /// One at a time from one queue for all partitions.
    Poll,
    /// One at a time from the queue of each partition.
    Split,
    /// Many at a time from the queue of each partition.
    Batch,
}

impl Path {
    pub(crate) const ALL: [Self; 4] = [Self::Group, Self::Poll, Self::Split, Self::Batch];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Poll => "poll",
            Self::Split => "split",
            Self::Batch => "batch",
        }
    }
}

/// The cost of reading everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) broker_cpu: f64,
}

/// Reads the workload to its end in a new process.
pub(crate) fn run(workload: &Workload, path: Path, settings: &[&str]) -> Took {
    let (broker, begun) = (workload.broker_process(), Instant::now());
    let broker_before = cpu_of(broker);
    let mut command = Command::new(std::env::current_exe().expect("this program's own file"));
    command.args([ARGUMENT, path.name(), &workload.servers(), &workload.events.to_string()]).args(settings);
    let output = command.output().expect("this program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wall = begun.elapsed().as_secs_f64();
    let cpu = String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints its seconds of CPU time");
    Took { wall, cpu, broker_cpu: (cpu_of(broker) - broker_before).as_secs_f64() }
}

/// The process that consumes: the call, the servers, the number of records, and further properties. Prints its CPU time in seconds.
pub(crate) fn main(arguments: &[String]) {
    let [path, servers, events, settings @ ..] = arguments else { panic!("{arguments:?}") };
    let path = Path::ALL.into_iter().find(|known| known.name() == path).expect("a known path");
    let events: u64 = events.parse().expect("a number");
    let mut configuration = Configuration::default();
    configuration.kafka.bootstrap_servers.clone_from(servers);
    configuration.kafka.group_id = format!("discard-{}", std::process::id());
    let mut client = cxpulse::kafka::group_consumer(&configuration.kafka).expect("good settings");
    if matches!(path, Path::Group | Path::Poll) {
        // The limit applies to each queue. If all partitions share one, it gets the sum of their limits.
        let partitions = TOPICS.len() as u32 * PARTITIONS as u32;
        client.set("queued.max.messages.kbytes", (configuration.kafka.queue_kbytes_per_partition * partitions).to_string());
    }
    for setting in settings {
        let (key, value) = setting.split_once('=').expect("key=value");
        client.set(key, value);
    }
    let consumer: Arc<BaseConsumer<DefaultConsumerContext>> = Arc::new(client.create().expect("good settings"));
    let bytes = match path {
        Path::Group => {
            consumer.subscribe(&TOPICS).expect("topics");
            poll(&consumer, events)
        }
        Path::Poll => {
            assign(&consumer);
            poll(&consumer, events)
        }
        Path::Split => split(&consumer, events),
        Path::Batch => batch(&consumer, events),
    };
    assert!(bytes > 0, "payloads came");
    eprintln!("{} bytes an event", bytes / events);
    println!("{}", own_cpu().as_secs_f64());
    // An orderly exit would take time that has nothing to do with reading.
    std::process::exit(0);
}

fn partitions() -> impl Iterator<Item = (&'static str, i32)> {
    TOPICS.iter().flat_map(|topic| (0..PARTITIONS).map(move |partition| (*topic, partition)))
}

fn assign(consumer: &BaseConsumer) {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in partitions() {
        list.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&list).expect("topics");
}

fn poll(consumer: &BaseConsumer, events: u64) -> u64 {
    let (mut count, mut bytes) = (0, 0);
    while count < events {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            count += 1;
            bytes += message.payload().map_or(0, |payload| payload.len() as u64);
        }
    }
    bytes
}

fn split(consumer: &Arc<BaseConsumer>, events: u64) -> u64 {
    let queues: Vec<_> =
        partitions().map(|(topic, partition)| consumer.split_partition_queue(topic, partition).expect("a queue")).collect();
    assign(consumer);
    let (mut count, mut bytes) = (0, 0);
    while count < events {
        let before = count;
        drop(consumer.poll(Duration::ZERO));
        for queue in &queues {
            let mut left = BATCH;
            while left > 0
                && let Some(polled) = queue.poll(Duration::ZERO)
            {
                if let Ok(message) = polled {
                    count += 1;
                    bytes += message.payload().map_or(0, |payload| payload.len() as u64);
                }
                left -= 1;
            }
        }
        if count == before {
            drop(consumer.poll(Duration::from_millis(2)));
        }
    }
    bytes
}

fn batch(consumer: &Arc<BaseConsumer>, events: u64) -> u64 {
    let client = consumer.client().native_ptr();
    let queue = |(topic, partition)| {
        let topic = CString::new(topic).expect("no NUL");
        // SAFETY: the client is alive until the process ends, and the reference to the queue is never released.
        unsafe {
            let queue = native::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition);
            native::rd_kafka_queue_forward(queue, ptr::null_mut());
            queue
        }
    };
    let queues: Vec<_> = partitions().map(queue).collect();
    assign(consumer);
    let mut messages: [*mut native::rd_kafka_message_t; BATCH] = [ptr::null_mut(); BATCH];
    let (mut count, mut bytes) = (0, 0);
    while count < events {
        let before = count;
        drop(consumer.poll(Duration::ZERO));
        for queue in &queues {
            // SAFETY: the array has room for this many messages, and the queue is alive.
            let taken = unsafe { native::rd_kafka_consume_batch_queue(*queue, 0, messages.as_mut_ptr(), BATCH) };
            for message in messages.iter().take(usize::try_from(taken).unwrap_or(0)) {
                // SAFETY: this process owns the message. It is destroyed once and not used afterwards.
                unsafe {
                    if (**message).err == native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                        count += 1;
                        bytes += (**message).len as u64;
                    }
                    native::rd_kafka_message_destroy(*message);
                }
            }
        }
        if count == before {
            drop(consumer.poll(Duration::from_millis(2)));
        }
    }
    bytes
}
