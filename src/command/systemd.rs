//! What systemd is told of the service: that it has started, once it has its first partitions, and that it stops.
//!
//! Does nothing where systemd has not asked for it (`Type=notify`). Does not know when partitions are assigned.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::runtime::ServiceView;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Tells systemd that the service has started when the group has first assigned it partitions, or has told it that there are none for it.
///
/// Not when it has caught up: that may take long, and other units need not wait for it.
pub(super) async fn tell_when_started(view: Arc<ServiceView>) {
    while !view.telemetry().was_assigned() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tell(&[NotifyState::Ready, NotifyState::Status("reads its partitions; /-/ready says when it has caught up")]);
}

/// Tells systemd that the service stops.
pub(super) fn tell_of_stop() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}
