//! `cxpulse run`: the service. Binds first, consumes, serves, and ends cleanly on the first SIGTERM or Ctrl-C, at once on the second.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::options::{ConfigurationArgs, ServiceArgs};
use crate::config::Configuration;
use crate::http::{self, Site};
use crate::metrics::Exposition;
use crate::runtime::{MemoryBudget, Service, memory_limit};

/// The exit code of a second signal.
const EXIT_INTERRUPTED: i32 = 130;

/// The service: consume the configured topics and serve their metrics.
///
/// Brokers that are away and topics that are missing are waited for, with `/-/ready` 503. SIGTERM and Ctrl-C end it within 8 s with exit code 0.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
    #[command(flatten)]
    service: ServiceArgs,
}

/// Runs the service until a signal.
///
/// # Errors
/// A bad configuration, a port in use, a cluster that refuses this client.
pub fn run(args: &RunArgs) -> anyhow::Result<()> {
    let configuration = args.configuration.load(&args.service.overrides())?;
    say_budget(&MemoryBudget::of(&configuration));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let signal = first_signal()?;
        serve_until(&configuration, signal, |_| {}).await
    })
}

/// Says what the state may take. How many partition groups this instance will hold is not known yet; if one is too much, all are.
fn say_budget(budget: &MemoryBudget) {
    tracing::info!(target: "cxpulse::memory", "memory budget: {}", budget.summary());
    if let Some(excess) = memory_limit().and_then(|limit| budget.excess(1, limit)) {
        tracing::warn!(target: "cxpulse::memory", "{excess}");
    }
}

/// Consumes and serves until `stop` completes or the service cannot go on. `started` is told the bound addresses.
///
/// # Errors
/// A port in use, or why the service could not start or go on.
pub async fn serve_until(
    configuration: &Configuration,
    stop: impl Future<Output = ()>,
    started: impl FnOnce(&[std::net::SocketAddr]),
) -> anyhow::Result<()> {
    let listeners = http::bind(&configuration.web.listen_addresses).await?;
    let addresses = listeners.iter().map(tokio::net::TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    let mut service = Service::start(configuration)?;
    let site = Site { source: service.view(), exposition: Arc::new(Exposition::new(configuration)), web: configuration.web.clone() };
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listeners, site, async {
        // Dropping the sender closes just as well.
        drop(closed.await);
    }));
    for address in &addresses {
        tracing::info!("serving http://{address}{}", configuration.web.telemetry_path);
    }
    started(&addresses);

    let ended = tokio::select! {
        ended = service.ended() => ended,
        () = pin!(stop) => Ok(()),
    };
    // The server answers until the group is left: whoever asks meanwhile sees "not ready", not a refused connection.
    let stopped = tokio::task::spawn_blocking(|| service.stop()).await?;
    drop(close);
    server.await?;
    ended?;
    stopped?;
    tracing::info!("stopped");
    Ok(())
}

/// Completes at the first SIGTERM or Ctrl-C; a second one ends the process at once. Listening begins with this call.
///
/// # Errors
/// When the system does not let signals be handled.
pub fn first_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::listen()?;
    Ok(async move {
        signals.next().await;
        tracing::info!("stopping; a second signal ends at once");
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(EXIT_INTERRUPTED);
        });
    })
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
