//! SIGHUP: the signal that asks a running process to read its configuration again.
//!
//! Does not know what is read.

use std::sync::Arc;

use crate::http::Lifecycle;

/// The signals that ask for a reload.
pub(super) struct HangUps {
    #[cfg(unix)]
    signals: tokio::signal::unix::Signal,
}

impl HangUps {
    /// Catches SIGHUP from now on.
    ///
    /// # Errors
    /// When the system does not allow signals to be handled.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Reloads at each SIGHUP, for as long as the service runs.
    pub(super) async fn follow(mut self, lifecycle: Arc<dyn Lifecycle>) {
        while self.next().await {
            let lifecycle = Arc::clone(&lifecycle);
            // The reload logs what came of it.
            let reloaded = tokio::task::spawn_blocking(move || lifecycle.reload());
            if let Err(error) = reloaded.await {
                tracing::error!(%error, "the configuration could not be reloaded");
            }
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> bool {
        self.signals.recv().await.is_some()
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> bool {
        std::future::pending().await
    }
}
