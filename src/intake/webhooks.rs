//! Takes payloads over HTTP: checks the sender, maps, and answers once the results are confirmed by the brokers or on the disk.
//!
//! Does not know HTTP beyond methods of answering, nor how a signature is made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::mapping::{FeedMapper, MappedPayload};
use super::recent::RecentDeliveries;
use super::spool::Spool;
use crate::config::{ConfiguredFeed, FeedsConfiguration};
use crate::feed::{Credential, Payload, STACK_BYTES, SignedRequest, batch_of};
use crate::http::{WebhookAnswer, WebhookBody, WebhookRequest, WebhookTaker};
use crate::kafka::{ConfirmedProducer, StageRecord, StageStatus};
use crate::metrics::feed_telemetry::{FeedTelemetry, PayloadOutcome};
use crate::runtime::wall_now;
use crate::time::Span;

/// So many requests may wait to be mapped; further requests wait before they are read.
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
    jobs: mpsc::Sender<Job>,
    mapping: JoinHandle<()>,
    producer: ConfirmedProducer,
    spool: Arc<Mutex<Spool>>,
    /// Whether nothing waits in the spool, as of the last work with it.
    spool_is_empty: Arc<AtomicBool>,
    recent: RecentDeliveries,
    telemetry: Arc<FeedTelemetry>,
    /// The side of the topics, where a feed has any.
    topics: Option<Arc<StageStatus>>,
}

/// The payloads of one request.
struct Job {
    feed: usize,
    request: WebhookRequest,
    payloads: Vec<WebhookBody>,
    answer: oneshot::Sender<Vec<MappedPayload>>,
}

/// Whether the records of a payload are safe.
enum Kept {
    Yes,
    SpoolFull,
}

/// The status and the text of the answer about one payload.
type PayloadAnswer = (u16, String);

impl WebhookIntake {
    /// An intake for all feeds with a path. `topics` is the status of the side of the topics, where a feed has any.
    ///
    /// # Errors
    /// When the system starts no thread.
    pub fn new(
        configuration: &FeedsConfiguration,
        mapper: Arc<FeedMapper>,
        producer: ConfirmedProducer,
        spool: Spool,
        telemetry: Arc<FeedTelemetry>,
        topics: Option<Arc<StageStatus>>,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("feeds".to_owned()).stack_size(STACK_BYTES);
        Ok(Self {
            names: configuration.feeds.iter().map(|feed| feed.settings.name.clone()).collect(),
            feeds: configuration.feeds.clone(),
            tolerance: configuration.signature_tolerance,
            jobs,
            mapping: thread.spawn(move || map_all(&mapper, waiting))?,
            producer,
            spool_is_empty: Arc::new(AtomicBool::new(spool.is_empty())),
            spool: Arc::new(Mutex::new(spool)),
            recent: RecentDeliveries::default(),
            telemetry,
            topics,
        })
    }

    /// Whether payloads can still be mapped. The thread that maps ends early only by a panic.
    #[must_use]
    pub fn can_map(&self) -> bool {
        !self.mapping.is_finished()
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
        if self.spool_is_empty.load(Ordering::Acquire) && self.producer.send_all(&records).await.is_ok() {
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
        let (spool, telemetry, is_empty) = (Arc::clone(&self.spool), Arc::clone(&self.telemetry), Arc::clone(&self.spool_is_empty));
        let done = tokio::task::spawn_blocking(move || {
            let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut spool);
            let (bytes, payloads) = spool.size();
            telemetry.set_spool(bytes, payloads);
            is_empty.store(spool.is_empty(), Ordering::Release);
            done
        });
        done.await.map_err(std::io::Error::other)?
    }

    /// Maps the payloads of a request on the thread of the feeds.
    async fn map(&self, feed: usize, request: WebhookRequest, payloads: Vec<WebhookBody>) -> Option<Vec<MappedPayload>> {
        let (answer, mapped) = oneshot::channel();
        self.jobs.send(Job { feed, request, payloads, answer }).await.ok()?;
        mapped.await.ok()
    }

    /// Takes the payloads of a request: they are safe together or not at all.
    async fn take_payloads(&self, feed: usize, request: WebhookRequest, payloads: Vec<WebhookBody>) -> Vec<PayloadAnswer> {
        let unavailable = (503, r#"{"status":"unavailable"}"#.to_owned());
        let count = payloads.len();
        let Some(mut mapped) = self.map(feed, request, payloads).await else { return vec![unavailable; count] };
        let records = mapped.iter_mut().flat_map(|payload| std::mem::take(&mut payload.records)).collect();
        let refused = match self.keep(records).await {
            Ok(Kept::Yes) => {
                mapped.iter().for_each(|payload| payload.counted.count(&self.names, &self.telemetry));
                return mapped.iter().map(answer_about).collect();
            }
            Ok(Kept::SpoolFull) => "spool_full",
            Err(error) => {
                tracing::error!(%error, "the spool cannot be written");
                "spool_failed"
            }
        };
        self.telemetry.count_refused(&self.names[feed], refused);
        vec![unavailable; count]
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
        let body = request.body.clone();
        let answer = match batch_of(&body) {
            Err(_) | Ok(None) => {
                let answers = self.take_payloads(feed, request, vec![body]).await;
                answers.into_iter().next().map_or_else(|| WebhookAnswer::new(503, ""), |(status, text)| WebhookAnswer::new(status, text))
            }
            Ok(Some(payloads)) if payloads.len() > BATCH_MAX => {
                self.telemetry.count_refused(&self.names[feed], "batch_too_large");
                WebhookAnswer::new(413, format!("{} payloads, {BATCH_MAX} at most\n", payloads.len()))
            }
            Ok(Some(payloads)) => {
                let payloads = payloads.into_iter().map(|payload| body.slice_ref(payload)).collect();
                batch_answer(&self.take_payloads(feed, request, payloads).await)
            }
        };
        if answer.status < 300
            && let Some(delivery) = delivery
        {
            self.recent.note(delivery);
        }
        if answer.status == 503 { WebhookAnswer { retry_after_seconds: Some(RETRY_AFTER_SECONDS), ..answer } } else { answer }
    }

    fn needs_proof(&self, path: &str) -> bool {
        let feed = self.feeds.iter().find(|feed| feed.path.as_deref() == Some(path));
        feed.is_some_and(|feed| feed.credential != Credential::Nothing)
    }

    /// Ready when the side of the topics is in its group. Webhooks can always be taken: the spool takes what no broker does.
    fn ready(&self) -> Result<(), String> {
        let is_ready = self.topics.as_ref().is_none_or(|topics| topics.is_ready.load(Ordering::Relaxed));
        if is_ready { Ok(()) } else { Err("the raw topics are not read yet: no transactional id, or no group".to_owned()) }
    }

    fn metrics(&self) -> String {
        self.telemetry.set_ready("topics", self.ready().is_ok());
        self.telemetry.set_ready("webhooks", self.can_map());
        self.telemetry.text()
    }
}

/// The answer about a payload that is safe.
fn answer_about(mapped: &MappedPayload) -> PayloadAnswer {
    match &mapped.rejection {
        None => (200, format!(r#"{{"status":"accepted","events":{}}}"#, mapped.events)),
        Some(rejection) => (202, format!(r#"{{"status":"rejected","reason":"{}"}}"#, rejection.reason.name())),
    }
}

/// The answer about a batch, with one entry for each payload and the worst status.
fn batch_answer(answers: &[PayloadAnswer]) -> WebhookAnswer {
    let worst = answers.iter().map(|(status, _)| *status).max().unwrap_or(200);
    let texts: Vec<&str> = answers.iter().map(|(_, text)| text.as_str()).collect();
    WebhookAnswer::new(worst, format!("[{}]", texts.join(",")))
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
fn map_all(mapper: &FeedMapper, mut waiting: mpsc::Receiver<Job>) {
    while let Some(Job { feed, request, payloads, answer }) = waiting.blocking_recv() {
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let map = |body: &WebhookBody| {
            let payload = Payload { value: Some(body), headers: &headers, key: None, topic: &request.path, timestamp: Some(wall_now()) };
            mapper.map(feed, &payload, &request.path)
        };
        // A sender that went away gets no answer, and sends again.
        drop(answer.send(payloads.iter().map(map).collect()));
    }
}
