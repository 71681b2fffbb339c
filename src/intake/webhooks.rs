//! Takes payloads over HTTP: checks the sender, maps, and answers once the results are confirmed by the brokers or on the disk.
//!
//! Does not know HTTP beyond methods of answering, nor how a signature is made.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::mapping::{FeedMapper, MappedPayload};
use super::recent::RecentDeliveries;
use super::spool::Spool;
use crate::config::{ConfiguredFeed, FeedsConfiguration};
use crate::feed::{Credential, Payload, STACK_BYTES, SignedRequest, batch_of};
use crate::http::{WebhookAnswer, WebhookRequest, WebhookTaker};
use crate::kafka::{ConfirmedProducer, StageRecord};
use crate::metrics::feed_telemetry::{FeedTelemetry, PayloadOutcome};
use crate::runtime::wall_now;
use crate::time::Span;

/// So many payloads may wait to be mapped; further requests wait before they are read.
const WAITING_MAX: usize = 256;
/// The most payloads of one request.
const BATCH_MAX: usize = 1_000;
/// What a sender is told to wait when the spool is full, in seconds.
const RETRY_AFTER_SECONDS: u32 = 30;
/// How often the spool is looked at.
const SPOOL_EVERY: Duration = Duration::from_millis(250);

/// The intake of webhooks.
pub struct WebhookIntake {
    feeds: Vec<ConfiguredFeed>,
    names: Vec<String>,
    tolerance: Span,
    jobs: SyncSender<Job>,
    producer: ConfirmedProducer,
    spool: Arc<Mutex<Spool>>,
    recent: RecentDeliveries,
    telemetry: Arc<FeedTelemetry>,
}

struct Job {
    feed: usize,
    request: Arc<WebhookRequest>,
    body: Vec<u8>,
    answer: oneshot::Sender<MappedPayload>,
}

/// Whether the records of a payload are safe.
enum Kept {
    Yes,
    SpoolFull,
}

impl WebhookIntake {
    /// An intake for all feeds with a path. `mapper` makes the compiled feeds, on the thread that maps.
    #[must_use]
    pub fn new(
        configuration: &FeedsConfiguration,
        mapper: impl FnOnce() -> Option<FeedMapper> + Send + 'static,
        producer: ConfirmedProducer,
        spool: Spool,
        telemetry: Arc<FeedTelemetry>,
    ) -> Self {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let started = std::thread::Builder::new().name("feeds".to_owned()).stack_size(STACK_BYTES).spawn(move || {
            if let Some(mapper) = mapper() {
                map_all(&mapper, &waiting);
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "the thread that maps cannot be started");
        }
        Self {
            names: configuration.feeds.iter().map(|feed| feed.settings.name.clone()).collect(),
            feeds: configuration.feeds.clone(),
            tolerance: configuration.signature_tolerance,
            jobs,
            producer,
            spool: Arc::new(Mutex::new(spool)),
            recent: RecentDeliveries::default(),
            telemetry,
        }
    }

    /// Sends what is in the spool, oldest first, whenever brokers answer. Never completes.
    pub async fn send_spooled(&self) -> std::convert::Infallible {
        loop {
            let oldest = self.with_spool(|spool| spool.oldest().map(Option::unwrap_or_default)).await;
            match oldest {
                Ok(records) if !records.is_empty() => match self.producer.send_all(&records).await {
                    Ok(()) => {
                        if let Err(error) = self.with_spool(Spool::sent).await {
                            tracing::error!(%error, "a sent file of the spool cannot be removed");
                        }
                        continue;
                    }
                    Err(why) => tracing::debug!(%why, "the spool waits"),
                },
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the spool cannot be read"),
            }
            tokio::time::sleep(SPOOL_EVERY).await;
        }
    }

    /// Keeps the records of a payload: confirmed by the brokers, or on the disk. What is on the disk is sent first, so while anything waits there,
    /// everything goes there.
    async fn keep(&self, records: Vec<StageRecord>) -> std::io::Result<Kept> {
        if records.is_empty() {
            return Ok(Kept::Yes);
        }
        let is_clear = self.spool.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if is_clear && self.producer.send_all(&records).await.is_ok() {
            return Ok(Kept::Yes);
        }
        let is_kept = self.with_spool(move |spool| spool.append(&records)).await?;
        Ok(if is_kept { Kept::Yes } else { Kept::SpoolFull })
    }

    /// Works with the spool on a thread that may wait for the disk.
    async fn with_spool<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spool) -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let (spool, telemetry) = (Arc::clone(&self.spool), Arc::clone(&self.telemetry));
        let done = tokio::task::spawn_blocking(move || {
            let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut spool);
            let (bytes, payloads) = spool.size();
            telemetry.set_spool(bytes, payloads);
            done
        });
        done.await.map_err(std::io::Error::other)?
    }

    /// Maps one payload on the thread of the feeds.
    async fn map(&self, feed: usize, request: Arc<WebhookRequest>, body: Vec<u8>) -> Option<MappedPayload> {
        let (answer, mapped) = oneshot::channel();
        let (jobs, job) = (self.jobs.clone(), Job { feed, request, body, answer });
        tokio::task::spawn_blocking(move || jobs.send(job).is_ok()).await.ok()?;
        mapped.await.ok()
    }

    /// Takes one payload of a request: its status and what became of it.
    async fn take_payload(&self, feed: usize, request: &Arc<WebhookRequest>, body: Vec<u8>) -> (u16, String) {
        let Some(mapped) = self.map(feed, Arc::clone(request), body).await else {
            return (503, r#"{"status":"unavailable"}"#.to_owned());
        };
        match self.keep(mapped.records).await {
            Ok(Kept::Yes) => {
                mapped.counted.count(&self.names, &self.telemetry);
                match mapped.rejection {
                    None => (200, format!(r#"{{"status":"accepted","events":{}}}"#, mapped.events)),
                    Some(rejection) => (202, format!(r#"{{"status":"rejected","reason":"{}"}}"#, rejection.reason.name())),
                }
            }
            Ok(Kept::SpoolFull) => {
                self.telemetry.count_refused(&self.names[feed], "spool_full");
                (503, r#"{"status":"unavailable"}"#.to_owned())
            }
            Err(error) => {
                tracing::error!(%error, "the spool cannot be written");
                self.telemetry.count_refused(&self.names[feed], "spool_failed");
                (503, r#"{"status":"unavailable"}"#.to_owned())
            }
        }
    }
}

impl WebhookTaker for WebhookIntake {
    fn has_path(&self, path: &str) -> bool {
        self.feeds.iter().any(|feed| feed.path.as_deref() == Some(path))
    }

    fn count_refused(&self, path: &str, reason: &'static str) {
        let feed = self.feeds.iter().position(|feed| feed.path.as_deref() == Some(path));
        self.telemetry.count_refused(feed.map_or("", |feed| &self.names[feed]), reason);
    }

    async fn take(&self, request: WebhookRequest) -> WebhookAnswer {
        let Some(feed) = self.feeds.iter().position(|feed| feed.path.as_deref() == Some(request.path.as_str())) else {
            return WebhookAnswer::new(404, "no feed has this path\n");
        };
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let signed = SignedRequest { headers: &headers, body: &request.body };
        if let Err(refused) = self.feeds[feed].credential.check(signed, wall_now(), self.tolerance) {
            self.telemetry.count_refused(&self.names[feed], refused.name());
            return WebhookAnswer::new(401, format!("{}\n", refused.name()));
        }
        let delivery = delivery_of(&self.feeds[feed].credential, &request);
        if delivery.is_some_and(|delivery| self.recent.has(&delivery)) {
            self.telemetry.count_payloads(&self.names[feed], PayloadOutcome::Duplicate, 1);
            return WebhookAnswer::new(200, r#"{"status":"duplicate"}"#);
        }
        let answer = match batch_of(&request.body) {
            Err(_) | Ok(None) => {
                let body = request.body.to_vec();
                let (status, text) = self.take_payload(feed, &Arc::new(request), body).await;
                WebhookAnswer::new(status, text)
            }
            Ok(Some(payloads)) if payloads.len() > BATCH_MAX => {
                self.telemetry.count_refused(&self.names[feed], "batch_too_large");
                WebhookAnswer::new(413, format!("{} payloads, {BATCH_MAX} at most\n", payloads.len()))
            }
            Ok(Some(payloads)) => self.take_batch(feed, request, payloads).await,
        };
        if answer.status < 300
            && let Some(delivery) = delivery
        {
            self.recent.note(delivery);
        }
        if answer.status == 503 { WebhookAnswer { retry_after_seconds: Some(RETRY_AFTER_SECONDS), ..answer } } else { answer }
    }

    fn metrics(&self) -> String {
        self.telemetry.text()
    }
}

impl WebhookIntake {
    /// Answers the payloads of a batch one by one. The answer as a whole is 503 where one payload is not safe, so that the sender tries again; the ids
    /// of events make the others harmless.
    async fn take_batch(&self, feed: usize, request: WebhookRequest, payloads: Vec<Vec<u8>>) -> WebhookAnswer {
        let request = Arc::new(request);
        let mut answers = Vec::with_capacity(payloads.len());
        let mut worst = 200;
        for payload in payloads {
            let (status, text) = self.take_payload(feed, &request, payload).await;
            worst = worst.max(status);
            answers.push(text);
        }
        WebhookAnswer::new(worst, format!("[{}]", answers.join(",")))
    }
}

/// What makes two webhooks one: the body and the signed timestamp, where the sender proves that it is the vendor. Without a signature two equal bodies
/// may be two events.
fn delivery_of(credential: &Credential, request: &WebhookRequest) -> Option<[u8; 16]> {
    let Credential::Signature(scheme, _) = credential else { return None };
    let mut hash = Sha256::new();
    hash.update(request.path.as_bytes());
    hash.update([0]);
    for (name, value) in &request.headers {
        if scheme.timestamp_header() == Some(name.as_str()) {
            hash.update(value.as_bytes());
        }
    }
    hash.update([0]);
    hash.update(&request.body);
    let hash = hash.finalize();
    hash.get(..16)?.try_into().ok()
}

/// Maps what comes until nobody sends any more.
fn map_all(mapper: &FeedMapper, waiting: &Receiver<Job>) {
    while let Ok(Job { feed, request, body, answer }) = waiting.recv() {
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let payload = Payload { value: Some(&body), headers: &headers, key: None, topic: &request.path, timestamp: Some(wall_now()) };
        let mapped = mapper.map(feed, &payload, &request.path);
        // A sender that went away gets no answer, and sends again.
        drop(answer.send(mapped));
    }
}
