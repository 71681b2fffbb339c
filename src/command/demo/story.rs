//! What the demo tells on stdout: what to open, and what is going on, in plain lines.
//!
//! Does not know how the parts work; looks at them a few times a second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::parts::{HISTORY, Parts, Sums};

/// How often the parts are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What has been told.
pub(super) struct Story {
    begun: Instant,
    is_loaded: bool,
    has_incident: bool,
}

impl Story {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), is_loaded: false, has_incident: false }
    }

    /// What to open.
    pub(super) fn open(&self, (addresses, telemetry_path): (&[SocketAddr], &str)) {
        for address in addresses {
            println!("open   http://{address}/");
            println!("       http://{address}{telemetry_path}   for Prometheus");
        }
        self.say(&format!("a made support organisation plays {HISTORY} of history; it is a busy Tuesday morning there"));
    }

    /// Tells until something cannot go on.
    ///
    /// # Errors
    /// Why it cannot.
    pub(super) async fn tell(&mut self, parts: &mut Parts) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                ended = parts.service_ended() => return Ok(ended?),
                () = tokio::time::sleep(LOOK_EVERY) => self.look(parts),
            }
            if parts.has_feeder_ended() {
                // Its error comes out when the parts are stopped.
                return Ok(());
            }
        }
    }

    /// The last line.
    pub(super) fn close(&self, sums: &Sums) {
        let Sums { sent, consumed, applied } = sums;
        let lost = if consumed < sent { ", the rest is still in the broker" } else { "" };
        self.say(&format!("ended: {sent} events sent, {consumed} read, {applied} counted{lost}"));
    }

    fn look(&mut self, parts: &Parts) {
        if let (false, Some(history)) = (self.is_loaded, parts.history_sent()) {
            let sums = parts.sums();
            if parts.is_ready() && sums.consumed >= history {
                self.is_loaded = true;
                let seconds = self.begun.elapsed().as_secs_f64();
                self.say(&format!("history loaded: {history} events in {seconds:.1} s, {} counted; from here on it is live", sums.applied));
            }
        }
        let has_incident = parts.has_incident();
        if has_incident != self.has_incident {
            self.has_incident = has_incident;
            self.say(if has_incident {
                "incident: something breaks; contacts pile up, response times rise, and satisfaction will follow"
            } else {
                "incident over: the queue is worked off; the next one comes in about half an hour"
            });
        }
    }

    fn say(&self, what: &str) {
        println!("{:>5.1} s  {what}", self.begun.elapsed().as_secs_f64());
    }
}
