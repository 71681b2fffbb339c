//! The view of the service that runs now: a reload that counts the state anew puts another service in the place of the one before.
//!
//! Does not know why a service is replaced, nor how one starts or stops.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::service_view::ServiceView;
use crate::http::{DatedSnapshot, TopicRefusal, ValueSource};
use crate::metrics::telemetry::TelemetrySample;

/// What readers see of one service after the other.
pub struct CurrentView(ArcSwap<ServiceView>);

impl CurrentView {
    /// The view of the first service.
    #[must_use]
    pub fn new(view: Arc<ServiceView>) -> Self {
        Self(ArcSwap::new(view))
    }

    /// The view of the service that runs now.
    #[must_use]
    pub fn current(&self) -> Arc<ServiceView> {
        self.0.load_full()
    }

    /// Puts the view of another service in the place of the one before. No reader is given a text of before any more.
    pub fn replace(&self, view: Arc<ServiceView>) {
        view.begin_after(&self.current());
        self.0.store(view);
    }
}

impl ValueSource for CurrentView {
    fn snapshot(&self) -> DatedSnapshot {
        ValueSource::snapshot(self.current().as_ref())
    }

    fn era(&self) -> u64 {
        self.current().era()
    }

    fn render_telemetry(&self, out: &mut String) {
        self.current().render_telemetry(out);
    }

    fn telemetry_samples(&self) -> Vec<TelemetrySample> {
        self.current().telemetry_samples()
    }

    fn latest_refusals(&self) -> Vec<TopicRefusal> {
        self.current().latest_refusals()
    }

    fn ready(&self) -> Result<(), String> {
        self.current().ready()
    }

    fn healthy(&self) -> bool {
        self.current().healthy()
    }
}
