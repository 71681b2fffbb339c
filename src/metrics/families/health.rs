//! One number for the whole: parts held against their targets, weighted. It says where to look, not what is wrong.

use std::sync::Arc;

use super::targets::{Metric, Targets, Time};
use crate::engine::EngineSettings;
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::thresholds::{INDEX_WEIGHT_RATIO_MIN, percent};
use crate::time::Span;

/// Shorter windows have too few decided cases to be called healthy or not.
const RANGE_MIN: Span = Span::hours(24);

/// The parts by the value of the label `part`, in the order of the configured weights, and what each is made of.
const PARTS: [(&str, &[Metric]); 4] = [
    ("speed", &[Metric::Attainment(Time::FirstResponse), Metric::Attainment(Time::ChatWait)]),
    ("quality", &[Metric::Attainment(Time::Resolution), Metric::Ces]),
    ("perception", &[Metric::Csat, Metric::NpsService, Metric::NpsExperience]),
    ("outcome", &[Metric::Churn]),
];

/// The variants of the label `part`.
pub(in crate::metrics) fn variants() -> Vec<Variant> {
    let variant = |(part, (name, _)): (usize, &(&'static str, &[Metric]))| Variant {
        part,
        texts: vec![("part", (*name).to_owned())],
        ..Variant::default()
    };
    PARTS.iter().enumerate().map(variant).collect()
}

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let health = Arc::new(Health { targets: Targets::new(settings), weights: settings.health_weights });
    let (of_index, of_part, of_present, of_weight) = (Arc::clone(&health), Arc::clone(&health), Arc::clone(&health), health);
    let index = format!(
        "Weighted mean, 0..100, of cx_health_part; absent parts share their weight out, and below {} of the weight present it is absent. Windows of 24h and longer.",
        percent(INDEX_WEIGHT_RATIO_MIN),
    );
    let part = "How far a part is up to its targets, 0..1: speed (first response and chat wait attainment), quality (resolution attainment, effort), perception (CSAT, \
                NPS of both scopes), outcome (churn).";
    vec![
        Family::value("cx_health_index", &index, &[], move |r, _| of_index.index(r)),
        Family::value("cx_health_part", part, &[], move |r, v| of_part.part(v.part, r)).labelled(Labels::HealthPart),
        Family::value("cx_health_weight_present_ratio", "Share of the configured weights whose part is present.", &[], move |r, _| {
            of_present.present(r)
        }),
        Family::value("cx_health_weight", "Configured weight of a part of cx_health_index.", &[], move |_, v| {
            Some(of_weight.weights[v.part])
        })
        .labelled(Labels::HealthPart)
        .over(Sets::Overall)
        .merged(Merge::Max)
        .of_now(),
    ]
}

struct Health {
    targets: Targets,
    weights: [f64; 4],
}

impl Health {
    /// The mean of what a part is made of, each against its target.
    fn part(&self, part: usize, reader: &Reader<'_>) -> Option<f64> {
        if reader.window().settings.range < RANGE_MIN {
            return None;
        }
        let up_to: Vec<f64> = PARTS[part].1.iter().filter_map(|metric| self.up_to_target(*metric, reader)).collect();
        (!up_to.is_empty()).then(|| up_to.iter().sum::<f64>() / up_to.len() as f64)
    }

    fn index(&self, reader: &Reader<'_>) -> Option<f64> {
        let present = self.present(reader).filter(|present| *present >= INDEX_WEIGHT_RATIO_MIN)?;
        let total: f64 = self.weights.iter().sum();
        let sum: f64 = (0..PARTS.len()).filter_map(|part| Some(self.weights[part] * self.part(part, reader)?)).sum();
        Some(100.0 * sum / (present * total))
    }

    fn present(&self, reader: &Reader<'_>) -> Option<f64> {
        let total: f64 = self.weights.iter().sum();
        let present: f64 = (0..PARTS.len()).filter(|part| self.part(*part, reader).is_some()).map(|part| self.weights[part]).sum();
        (present > 0.0).then_some(present / total)
    }

    /// `min(1, value / target)`, at least 0, inverted where lower is better.
    fn up_to_target(&self, metric: Metric, reader: &Reader<'_>) -> Option<f64> {
        let (target, value) = (self.targets.of(metric, reader)?, metric.value(reader)?);
        let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 1.0 };
        Some(match metric {
            Metric::Ces | Metric::Churn => share(target, value),
            // A target that is not above 0 has no share; then both are counted from the lowest score.
            Metric::NpsService | Metric::NpsExperience if target <= 0.0 => share(value + 100.0, target + 100.0),
            Metric::NpsService | Metric::NpsExperience | Metric::Csat | Metric::Seconds(_) | Metric::Attainment(_) => share(value, target),
        })
    }
}
