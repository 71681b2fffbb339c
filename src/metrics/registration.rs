//! How the families of a process come into a registry of the `prometheus` crate. Does not know any family.

use prometheus::Registry;
use prometheus::core::Collector;

/// Registers a family. An invalid or repeated name is a mistake in its file, which the first test run shows.
#[allow(clippy::expect_used, reason = "the names are constants of this crate")]
pub(super) fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let family = made.expect("the family's name and labels are valid");
    registry.register(Box::new(family.clone())).expect("the family's name is used once");
    family
}

/// Registers the families about this process: its memory, its open files and its CPU time.
#[cfg(target_os = "linux")]
pub(super) fn register_process(registry: &Registry) {
    let collector = prometheus::process_collector::ProcessCollector::for_self();
    // Its names are not ours, so this cannot collide; a system without `/proc` just has no such metrics.
    drop(registry.register(Box::new(collector)));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn register_process(_registry: &Registry) {}
