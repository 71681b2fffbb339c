//! `cxpulse run`: the service. Binds its addresses first, then consumes and serves. Ends cleanly on the first SIGTERM or Ctrl-C, and at once on the second.
//!
//! Does not know how records are consumed or metrics are served.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use super::hang_ups::HangUps;
use super::log_queue;
use super::options::{ConfigurationArgs, ServiceArgs};
use super::reload::{Reloader, RunningParts, Successor};
use super::systemd;
use crate::config::Loaded;
use crate::http::{self, Access, Lifecycle, Site};
use crate::metrics::Exposition;
use crate::runtime::{CurrentView, MemoryBudget, Service, memory_limit};

/// The exit code after a second signal.
const EXIT_INTERRUPTED: i32 = 130;

/// The service: consume the configured topics and serve their metrics.
///
/// Waits for brokers that are away and topics that are missing; until then `/-/ready` answers 503. SIGTERM and Ctrl-C end the service within 8 s with
/// exit code 0.
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
    let loaded = args.configuration.load_with_keys(&args.service.overrides())?;
    log_budget(&MemoryBudget::of(&loaded.configuration));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let signal = first_signal()?;
        serve_until(loaded, args, signal).await
    })
}

/// Logs the memory that the state may take. It is not known yet how many partition groups this instance will hold, so the warning is about one.
fn log_budget(budget: &MemoryBudget) {
    tracing::info!(target: "cxpulse::memory", "memory budget: {}", budget.summary());
    if let Some(excess) = memory_limit().and_then(|limit| budget.excess(1, limit)) {
        tracing::warn!(target: "cxpulse::memory", "{excess}");
    }
}

/// Consumes and serves until `stop` completes or the service cannot go on. `args` gave the configuration, and are read again at a reload.
///
/// # Errors
/// A port in use, a web configuration that cannot be used, or why the service could not start or go on.
async fn serve_until(loaded: Loaded, args: &RunArgs, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let configuration = &loaded.configuration;
    // Before anything else, so that a SIGHUP never ends the process.
    let hang_ups = HangUps::listen()?;
    let access = Access::open(configuration.web.config_file.as_deref())?;
    let listeners = http::bind(&configuration.web.listen_addresses).await?;
    let addresses = listeners.iter().map(tokio::net::TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    let service = Service::start(configuration)?;
    let exposition = Arc::new(ArcSwap::from_pointee(Exposition::new(configuration)));
    let view = Arc::new(CurrentView::new(service.view()));
    let (successions, successors) = mpsc::channel(1);
    let running = RunningParts { view: Arc::clone(&view), successions, exposition: Arc::clone(&exposition), access: Arc::clone(&access) };
    let reloader = Reloader::new(args.configuration.clone(), args.service.overrides(), loaded.clone(), running);
    let lifecycle: Arc<dyn Lifecycle> = Arc::new(reloader);
    let following = tokio::spawn(hang_ups.follow(Arc::clone(&lifecycle)));
    let scheme = if access.is_encrypted() { "https" } else { "http" };
    let site = Site {
        source: Arc::<CurrentView>::clone(&view),
        exposition: Arc::clone(&exposition),
        web: configuration.web.clone(),
        access,
        lifecycle: configuration.web.enable_lifecycle.then_some(lifecycle),
    };
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listeners, site, async {
        // The sender is only ever dropped, which completes this too.
        drop(closed.await);
    }));
    for address in &addresses {
        tracing::info!("serving {scheme}://{address}{}", configuration.web.telemetry_path);
    }
    let telling = tokio::spawn(systemd::tell_when_started(service.view()));

    let ended = consume_until(service, Succession { successors, view, exposition }, stop).await;
    telling.abort();
    drop(close);
    server.await?;
    following.abort();
    ended?;
    tracing::info!("stopped");
    Ok(())
}

/// The services that take the place of the running one, and where they are shown.
struct Succession {
    successors: mpsc::Receiver<Successor>,
    view: Arc<CurrentView>,
    exposition: Arc<ArcSwap<Exposition>>,
}

/// Consumes until `stop` completes or the service cannot go on. Each successor takes the place of the service before it, which leaves the group first.
///
/// # Errors
/// Why a service could not start, go on or stop.
async fn consume_until(mut service: Service, mut succession: Succession, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut stop = pin!(stop);
    loop {
        let (ended, next) = tokio::select! {
            ended = service.ended() => (ended, None),
            () = &mut stop => (Ok(()), None),
            Some(next) = succession.successors.recv() => (Ok(()), Some(next)),
        };
        if next.is_none() {
            systemd::tell_of_stop();
        }
        // The server answers until the service has left the group: a client that asks meanwhile gets "not ready" and no refused connection.
        let stopped = tokio::task::spawn_blocking(|| service.stop()).await?;
        ended?;
        stopped?;
        let Some(Successor { configuration, turn }) = next else { return Ok(()) };
        tracing::info!("another service takes the place of the one that has stopped, for the changed configuration");
        service = Service::start(&configuration)?;
        succession.exposition.store(Arc::new(Exposition::new(&configuration)));
        succession.view.replace(service.view());
        drop(turn);
    }
}

/// Gives a future that completes at the first SIGTERM or Ctrl-C. A second one ends the process at once. Signals are caught from this call on.
///
/// # Errors
/// When the system does not allow signals to be handled.
pub fn first_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = EndSignals::listen()?;
    Ok(async move {
        signals.next().await;
        tracing::info!("stopping; a second signal ends at once");
        tokio::spawn(async move {
            signals.next().await;
            log_queue::flush();
            std::process::exit(EXIT_INTERRUPTED);
        });
    })
}

#[cfg(unix)]
struct EndSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
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
struct EndSignals;

#[cfg(not(unix))]
impl EndSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
