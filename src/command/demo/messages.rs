//! The messages of the demo on stdout: the addresses to open, and the events of the simulation.
//!
//! Does not know how the parts work; checks their state a few times a second.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::parts::{DemoParts, DemoSums, HISTORY, INCIDENT_TEAM};
use crate::command::printing::print_line;

/// How often the state of the parts is checked.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The messages of one demo, and which of them have been printed.
pub(super) struct DemoMessages {
    begun: Instant,
    is_history_loaded: bool,
    is_incident_on: bool,
}

impl DemoMessages {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), is_history_loaded: false, is_incident_on: false }
    }

    /// Prints the addresses of the page and the metrics.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(super) fn print_addresses(&self, (addresses, telemetry_path): (&[SocketAddr], &str)) -> io::Result<()> {
        for address in addresses {
            print_line(format_args!("open   http://{address}/"))?;
            print_line(format_args!("       http://{address}{telemetry_path}   for Prometheus"))?;
        }
        self.print(&format!("a made support organisation plays {HISTORY} of history; it is a busy Tuesday morning there"))
    }

    /// Prints messages until a part of the demo ends.
    ///
    /// # Errors
    /// Why the service ended, or that stdout cannot be written.
    pub(super) async fn follow(&mut self, parts: &mut DemoParts) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                ended = parts.service_ended() => return Ok(ended?),
                () = tokio::time::sleep(CHECK_EVERY) => self.check(parts)?,
            }
            if parts.has_sender_ended() {
                // The sender's error is returned when the parts are stopped.
                return Ok(());
            }
        }
    }

    /// Prints the last line: the numbers of events sent, read and counted.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(super) fn print_sums(&self, sums: &DemoSums) -> io::Result<()> {
        let DemoSums { sent, consumed, applied } = sums;
        let lost = if consumed < sent { ", the rest is still in the broker" } else { "" };
        self.print(&format!("ended: {sent} events sent, {consumed} read, {applied} counted{lost}"))
    }

    fn check(&mut self, parts: &DemoParts) -> io::Result<()> {
        if let (false, Some(history)) = (self.is_history_loaded, parts.history_sent()) {
            let sums = parts.sums();
            if parts.is_ready() && sums.consumed >= history {
                self.is_history_loaded = true;
                let seconds = self.begun.elapsed().as_secs_f64();
                self.print(&format!(
                    "history loaded: {history} events in {seconds:.1} s, {} counted; from here on it is live",
                    sums.applied
                ))?;
            }
        }
        let is_incident_on = parts.is_incident_on();
        if is_incident_on != self.is_incident_on {
            self.is_incident_on = is_incident_on;
            if is_incident_on {
                self.print(&format!(
                    "incident: something breaks at {INCIDENT_TEAM}; its contacts pile up, its customers wait, and satisfaction will follow"
                ))?;
            } else {
                self.print("incident over: the queue is worked off; the next one comes in about half an hour")?;
            }
        }
        Ok(())
    }

    fn print(&self, message: &str) -> io::Result<()> {
        print_line(format_args!("{:>5.1} s  {message}", self.begun.elapsed().as_secs_f64()))
    }
}
