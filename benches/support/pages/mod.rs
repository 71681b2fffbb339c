//! The bench of the alerts: a made organisation, its incidents, the shipped rules over a real Prometheus, and the judgement of what fired.

pub(crate) mod bound;
pub(crate) mod comparators;
pub(crate) mod episodes;
pub(crate) mod evaluation;
pub(crate) mod incidents;
pub(crate) mod judgement;
pub(crate) mod organisation;
pub(crate) mod reads;
pub(crate) mod server;
pub(crate) mod shipped;
