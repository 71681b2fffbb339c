//! The health index: one number for the whole organisation, the weighted mean of parts that are compared with their targets. It says where
//! to look, and not what is wrong.

use std::sync::Arc;

use super::targets::{TargetMetric, Targets};
use crate::engine::{EngineSettings, TimedTarget};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::thresholds::{INDEX_WEIGHT_RATIO_MIN, percent};
use crate::time::Span;

/// The shortest window that has an index. Shorter windows have too few decided cases to be called healthy or not.
const RANGE_MIN: Span = Span::hours(24);

/// The values of the label `part`, in the order of the configured weights, each with the metrics that the part is the mean of.
const PARTS: [(&str, &[TargetMetric]); 4] = [
    ("speed", &[TargetMetric::Attainment(TimedTarget::FirstResponse), TargetMetric::Attainment(TimedTarget::ChatWait)]),
    ("quality", &[TargetMetric::Attainment(TimedTarget::Resolution), TargetMetric::Ces]),
    ("perception", &[TargetMetric::Csat, TargetMetric::NpsService, TargetMetric::NpsExperience]),
    ("outcome", &[TargetMetric::Churn]),
];

/// `part`.
const PART: OwnLabels = OwnLabels::new(&["part"], |_| Variant::of_parts(PARTS.map(|(name, _)| name)));

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let health = Arc::new(Health { targets: Targets::new(settings), weights: settings.health_weights });
    let (for_index, for_part, for_present) = (Arc::clone(&health), Arc::clone(&health), Arc::clone(&health));
    let index = format!(
        "Weighted mean of cx_health_part, 0..100, in windows of 24h and longer. The weight of absent parts is shared out among the others; absent \
         below {} of the weight.",
        percent(INDEX_WEIGHT_RATIO_MIN),
    );
    let part = "How far the values of a part reach their targets, 0..1: speed (first response and chat wait attainment), quality (resolution \
                attainment, effort), perception (CSAT, NPS of both scopes: each point below the target costs 0.01), outcome (churn; in a group of \
                contacts only where its dimensions group customers too).";
    let present = "Share of the configured weights whose parts are present.";
    let weight = "Configured weight of a part of cx_health_index.";
    vec![
        Family::value("cx_health_index", &index, &[], move |reader, _| for_index.index(reader)),
        Family::value("cx_health_part", part, &[], move |reader, variant| for_part.part(variant.part, reader)).labelled(PART),
        Family::value("cx_health_weight_present_ratio", present, &[], move |reader, _| for_present.present(reader)),
        Family::value("cx_health_weight", weight, &[], move |_, variant| Some(health.weights[variant.part]))
            .labelled(PART)
            .over(GroupingSets::Overall)
            .merged(Merge::Max)
            .of_now(),
    ]
}

/// The parts of the index, each with the values of the label `metric` of the metrics that it is the mean of.
pub(crate) fn health_parts() -> [(&'static str, Vec<&'static str>); PARTS.len()] {
    PARTS.map(|(part, metrics)| (part, metrics.iter().map(|metric| metric.name()).collect()))
}

struct Health {
    targets: Targets,
    weights: [f64; 4],
}

impl Health {
    /// The mean of the metrics of a part, each as its share of its target, 0 to 1; `None` where none of them has both a value and a target.
    fn part(&self, part: usize, reader: &Reader<'_>) -> Option<f64> {
        if reader.window().settings.range < RANGE_MIN {
            return None;
        }
        let shares: Vec<f64> = PARTS[part].1.iter().filter_map(|metric| self.target_share(*metric, reader)).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }

    /// The weighted mean of the present parts, 0 to 100; `None` where too little of the weight is present.
    fn index(&self, reader: &Reader<'_>) -> Option<f64> {
        let present = self.present(reader).filter(|present| *present >= INDEX_WEIGHT_RATIO_MIN)?;
        let total: f64 = self.weights.iter().sum();
        let sum: f64 = (0..PARTS.len()).filter_map(|part| Some(self.weights[part] * self.part(part, reader)?)).sum();
        Some(100.0 * sum / (present * total))
    }

    /// The share of the weights whose parts are present, above 0 and at most 1; `None` where no part is.
    fn present(&self, reader: &Reader<'_>) -> Option<f64> {
        let total: f64 = self.weights.iter().sum();
        let present: f64 = (0..PARTS.len()).filter(|part| self.part(*part, reader).is_some()).map(|part| self.weights[part]).sum();
        (present > 0.0).then_some(present / total)
    }

    /// `min(1, value / target)`, at least 0, and the inverse where lower is better. Of a net promoter score each point below the target costs a
    /// hundredth, because a target of 0 or below has no share.
    fn target_share(&self, metric: TargetMetric, reader: &Reader<'_>) -> Option<f64> {
        let reader = &if metric == TargetMetric::Churn { self.targets.customers_of(reader)? } else { *reader };
        let (target, value) = (self.targets.of(metric, reader)?, metric.value(reader)?);
        let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 1.0 };
        Some(match metric {
            TargetMetric::Ces | TargetMetric::Churn => share(target, value),
            TargetMetric::NpsService | TargetMetric::NpsExperience => (1.0 - (target - value) / 100.0).clamp(0.0, 1.0),
            TargetMetric::Csat | TargetMetric::Seconds(_) | TargetMetric::Attainment(_) => share(value, target),
        })
    }
}
