//! Where the journey hurts: the pain index of a stage, its parts, and what they are made of.
//!
//! A part that a stage lacks shares its weight out among the others; where too little of the weight is there, so is no index.

use crate::engine::read::{Answers, Label, Measure};
use crate::engine::{EngineSettings, JourneySettings, PainWeights};
use crate::event::Scale;
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::thresholds::{INDEX_WEIGHT_RATIO_MIN, percent};

const PARTS: &str = "dropoff: share who dropped out; csat: share of dissatisfied answers; effort: mean effort; repeat_contacts: share of repeats \
among the contacts; dwell: median time in the stage / (2 x target), at most 1";

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = ingredients();
    let seen = [Measure::JourneyEntered];
    let help = format!("Part of the pain index of the stage, 0 (none) to 1 (worst). {PARTS}.");
    let journey = settings.journey.clone();
    families.push(
        Family::value("cx_journey_pain_part", &help, &seen, move |r, v| part(r, v.label, v.part, &journey)).labelled(Labels::StagePart),
    );
    let index = format!(
        "Pain index of the stage, 0 (none) to 1 (worst): weighted mean of the parts that are there; absent below {} of the weight.",
        percent(INDEX_WEIGHT_RATIO_MIN),
    );
    let journey = settings.journey.clone();
    families.push(
        Family::value("cx_journey_pain_index", &index, &seen, move |r, v| {
            let (weight, sum) = weighed(r, v, &journey);
            (weight >= INDEX_WEIGHT_RATIO_MIN * total(&journey.pain_weights)).then(|| sum / weight)
        })
        .labelled(Labels::Stage),
    );
    let journey = settings.journey.clone();
    families.push(
        Family::value(
            "cx_journey_pain_weight_present_ratio",
            "Share of the weight of the pain index whose parts are there.",
            &seen,
            move |r, v| Some(weighed(r, v, &journey).0 / total(&journey.pain_weights)),
        )
        .labelled(Labels::Stage),
    );
    let journey = settings.journey.clone();
    families.push(
        Family::value(
            "cx_journey_dwell_target_seconds",
            "Configured time that half of those in the stage should need at most until they move on.",
            &[],
            move |r, v| Some(journey.stages.get(place(r, v.label)?)?.dwell_target?.as_seconds()),
        )
        .of_now()
        .merged(Merge::Max)
        .labelled(Labels::ConfiguredStage),
    );
    let weights = settings.journey.pain_weights.in_order();
    families.push(
        Family::value(
            "cx_journey_pain_weight",
            "Configured weight of a part of the pain index; only their relation matters.",
            &seen,
            move |_, v| Some(weights[v.part]),
        )
        .of_now()
        .merged(Merge::Max)
        .labelled(Labels::PainPart),
    );
    families.into_iter().map(|family| family.over(Sets::Overall)).collect()
}

/// The additive parts.
fn ingredients() -> Vec<Family> {
    let count = |name: &str, help: &str, measure: Measure, read: fn(&Reader<'_>, Label) -> f64| {
        Family::value(name, help, &[measure], move |r, v: &Variant| Some(read(r, v.label))).merged(Merge::Sum).labelled(Labels::Stage)
    };
    vec![
        count("cx_journey_csat_responses", "CSAT answers given in the stage.", Measure::StageCsat, |r, stage| csat(r, stage).0 as f64),
        count("cx_journey_csat_satisfied_responses", "Satisfied CSAT answers given in the stage.", Measure::StageCsat, |r, stage| {
            csat(r, stage).1 as f64
        }),
        count("cx_journey_ces_responses", "CES answers given in the stage.", Measure::StageCes, |r, stage| ces(r, stage).0 as f64),
        count(
            "cx_journey_ces_effort_points",
            "Sum of the efforts (1..5) of the CES answers given in the stage.",
            Measure::StageCes,
            |r, stage| {
                let (answers, efforts) = ces(r, stage);
                answers as f64 + 4.0 * efforts
            },
        ),
        count("cx_journey_contacts", "Tickets and chats that known customers opened in the stage.", Measure::StageContacts, |r, stage| {
            r.count_of(Measure::StageContacts, stage) as f64
        }),
        count(
            "cx_journey_repeat_contacts",
            "Of cx_journey_contacts: those soon after another contact of the same customer.",
            Measure::StageRepeatContacts,
            |r, stage| r.count_of(Measure::StageRepeatContacts, stage) as f64,
        ),
    ]
}

fn total(weights: &PainWeights) -> f64 {
    weights.in_order().iter().sum()
}

/// The weight of the parts that are there, and the sum of them by their weights.
fn weighed(reader: &Reader<'_>, variant: &Variant, journey: &JourneySettings) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for (at, weight) in journey.pain_weights.in_order().into_iter().enumerate() {
        if let Some(part) = part(reader, variant.label, at, journey).filter(|_| weight > 0.0) {
            sums = (sums.0 + weight, sums.1 + weight * part);
        }
    }
    sums
}

/// A part in the order of [`PainWeights::PARTS`].
fn part(reader: &Reader<'_>, stage: Label, at: usize, journey: &JourneySettings) -> Option<f64> {
    let share = |part: f64, whole: i64| (whole > 0).then(|| part / whole as f64);
    match at {
        0 => {
            place(reader, stage)?;
            let dropped = reader.count_of(Measure::JourneyDropped, stage);
            share(dropped as f64, dropped + reader.count_of(Measure::JourneyAdvanced, stage))
        }
        1 => {
            let (answers, satisfied) = csat(reader, stage);
            share((answers - satisfied) as f64, answers)
        }
        2 => {
            let (answers, efforts) = ces(reader, stage);
            share(efforts, answers)
        }
        3 => share(reader.count_of(Measure::StageRepeatContacts, stage) as f64, reader.count_of(Measure::StageContacts, stage)),
        _ => {
            let target = journey.stages.get(place(reader, stage)?)?.dwell_target?;
            let median = reader.durations(Measure::JourneyStageTime, stage)?.median_seconds?;
            Some((median / (2.0 * target.as_seconds())).min(1.0))
        }
    }
}

fn place(reader: &Reader<'_>, stage: Label) -> Option<usize> {
    reader.snapshot.stages.iter().find(|s| s.label == stage)?.place
}

/// CSAT answers and satisfied ones.
fn csat(reader: &Reader<'_>, stage: Label) -> (i64, i64) {
    by_scale(reader, Measure::StageCsat, stage).fold((0, 0), |(count, good), (_, a)| (count + a.count, good + a.good))
}

/// CES answers and the sum of their efforts from 0 to 1.
fn ces(reader: &Reader<'_>, stage: Label) -> (i64, f64) {
    let effort = |scale: Scale, a: &Answers| a.points as f64 / (scale.max - scale.min) as f64;
    by_scale(reader, Measure::StageCes, stage).fold((0, 0.0), |(count, efforts), (scale, a)| (count + a.count, efforts + effort(scale, a)))
}

fn by_scale<'a>(reader: &Reader<'a>, measure: Measure, stage: Label) -> impl Iterator<Item = (Scale, &'a Answers)> {
    let (snapshot, reader) = (reader.snapshot, *reader);
    let labels = snapshot.labels_of(measure).iter().filter(move |label| u32::from(label.split().0) == stage.0);
    labels.filter_map(move |label| Some((snapshot.scales[usize::from(label.split().1)], reader.answers(measure, *label)?)))
}
