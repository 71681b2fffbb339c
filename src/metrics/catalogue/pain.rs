//! The pain index of each stage of the journey, its parts, and the counts that the parts are made from.
//!
//! The weight of an absent part is shared out among the others. Where too little of the weight is present, the index is absent.

use super::ces;
use super::journey::{CONFIGURED_STAGE, STAGE};
use crate::engine::read::{AnswerSums, Label, Measure};
use crate::engine::{EngineSettings, JourneySettings, PainWeights};
use crate::event::Scale;
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::thresholds::{INDEX_WEIGHT_RATIO_MIN, percent};

const PARTS: &str = "dropoff: share of customers who dropped out; csat: share of dissatisfied answers; effort: mean effort; repeat_contacts: share of \
repeats among the contacts; dwell: median time in the stage / (2 x target), at most 1";

/// A part of the index; the order is that of [`PainWeights::PARTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PainPart {
    Dropoff,
    Csat,
    Effort,
    RepeatContacts,
    Dwell,
}

/// `part`.
const PART: OwnLabels = OwnLabels::new(&["part"], |_| Variant::of_parts(PainWeights::PARTS));

/// `journey_stage` and `part`.
const STAGE_AND_PART: OwnLabels = OwnLabels::new(&["journey_stage", "part"], |snapshot| {
    let mut variants = Vec::new();
    for stage in &snapshot.stages {
        let of_part = |(part, name): (usize, &&str)| Variant { part, ..Variant::of_label(stage.label, &[&stage.text, name]) };
        variants.extend(PainWeights::PARTS.iter().enumerate().map(of_part));
    }
    variants
});

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = ingredients();
    families.extend(index(&settings.journey));
    families.extend(configured(&settings.journey));
    families.into_iter().map(|family| family.over(GroupingSets::Overall)).collect()
}

/// The parts and the index.
fn index(settings: &JourneySettings) -> [Family; 3] {
    let seen = [Measure::JourneyEntered];
    let part_help = format!("Part of the pain index of the stage, 0 (none) to 1 (worst). {PARTS}.");
    let index_help = format!(
        "Pain index of the stage, 0 (none) to 1 (worst): weighted mean of the parts that are present; absent below {} of the weight.",
        percent(INDEX_WEIGHT_RATIO_MIN),
    );
    let present_help = "Share of the weight of the pain index whose parts are present.";
    let (for_part, for_index, for_present) = (settings.clone(), settings.clone(), settings.clone());
    let part = move |reader: &Reader<'_>, variant: &Variant| PainPart::ALL[variant.part].read(reader, variant.label, &for_part);
    let index = move |reader: &Reader<'_>, variant: &Variant| {
        let (weight, sum) = weighed(reader, variant, &for_index);
        (weight >= INDEX_WEIGHT_RATIO_MIN * total(&for_index.pain_weights)).then(|| sum / weight)
    };
    let present =
        move |reader: &Reader<'_>, variant: &Variant| Some(weighed(reader, variant, &for_present).0 / total(&for_present.pain_weights));
    [
        Family::value("cx_journey_pain_part", &part_help, &seen, part).labelled(STAGE_AND_PART),
        Family::value("cx_journey_pain_index", &index_help, &seen, index).labelled(STAGE),
        Family::value("cx_journey_pain_weight_present_ratio", present_help, &seen, present).labelled(STAGE),
    ]
}

/// The configured targets and weights, exported so that the rules for Prometheus can compute the index again.
fn configured(settings: &JourneySettings) -> [Family; 2] {
    let target = "Configured target: half of the customers in the stage should move on within this time.";
    let weight = "Configured weight of a part of the pain index; only the ratio of the weights to one another matters.";
    let journey = settings.clone();
    let weights = settings.pain_weights.in_order();
    [
        Family::value("cx_journey_dwell_target_seconds", target, &[], move |reader, variant| {
            Some(journey.stages.get(place(reader, variant.label)?)?.dwell_target?.as_seconds())
        })
        .labelled(CONFIGURED_STAGE),
        Family::value("cx_journey_pain_weight", weight, &[Measure::JourneyEntered], move |_, variant| Some(weights[variant.part]))
            .labelled(PART),
    ]
    .map(|family| family.of_now().merged(Merge::Max))
}

/// The counts and sums that the parts are made from; they add up over replicas.
fn ingredients() -> Vec<Family> {
    let sum = |name: &str, help: &str, measure: Measure, read: fn(&Reader<'_>, Label) -> f64| {
        Family::value(name, help, &[measure], move |reader, variant| Some(read(reader, variant.label))).merged(Merge::Sum).labelled(STAGE)
    };
    vec![
        sum("cx_journey_csat_responses", "CSAT answers given in the stage.", Measure::StageCsat, |reader, stage| {
            csat(reader, stage).0 as f64
        }),
        sum("cx_journey_csat_satisfied_responses", "Satisfied CSAT answers given in the stage.", Measure::StageCsat, |reader, stage| {
            csat(reader, stage).1 as f64
        }),
        sum("cx_journey_ces_responses", "CES answers given in the stage.", Measure::StageCes, |reader, stage| ces(reader, stage).0 as f64),
        sum(
            "cx_journey_ces_effort_points",
            "Sum of the efforts (1..5) of the CES answers given in the stage.",
            Measure::StageCes,
            |reader, stage| {
                let (answers, efforts) = ces(reader, stage);
                answers as f64 + 4.0 * efforts
            },
        ),
        sum(
            "cx_journey_contacts",
            "Tickets and chats that known customers opened in the stage.",
            Measure::StageContacts,
            |reader, stage| reader.count_of(Measure::StageContacts, stage) as f64,
        ),
        sum(
            "cx_journey_repeat_contacts",
            "Of cx_journey_contacts, those soon after another contact of the same customer.",
            Measure::StageRepeatContacts,
            |reader, stage| reader.count_of(Measure::StageRepeatContacts, stage) as f64,
        ),
    ]
}

impl PainPart {
    const ALL: [Self; PainWeights::PARTS.len()] = [Self::Dropoff, Self::Csat, Self::Effort, Self::RepeatContacts, Self::Dwell];

    /// The part of a stage, 0 (none) to 1 (worst); `None` where the stage has nothing to make it from.
    fn read(self, reader: &Reader<'_>, stage: Label, journey: &JourneySettings) -> Option<f64> {
        let share = |part: f64, whole: i64| (whole > 0).then(|| part / whole as f64);
        match self {
            Self::Dropoff => {
                place(reader, stage)?;
                let dropped = reader.count_of(Measure::JourneyDropped, stage);
                share(dropped as f64, dropped + reader.count_of(Measure::JourneyAdvanced, stage))
            }
            Self::Csat => {
                let (answers, satisfied) = csat(reader, stage);
                share((answers - satisfied) as f64, answers)
            }
            Self::Effort => {
                let (answers, efforts) = ces(reader, stage);
                share(efforts, answers)
            }
            Self::RepeatContacts => {
                share(reader.count_of(Measure::StageRepeatContacts, stage) as f64, reader.count_of(Measure::StageContacts, stage))
            }
            Self::Dwell => {
                let target = journey.stages.get(place(reader, stage)?)?.dwell_target?;
                let median = reader.durations(Measure::JourneyStageTime, stage)?.median_seconds?;
                Some((median / (2.0 * target.as_seconds())).min(1.0))
            }
        }
    }
}

fn total(weights: &PainWeights) -> f64 {
    weights.in_order().iter().sum()
}

/// The weight of the parts that are present, and their sum, each times its weight.
fn weighed(reader: &Reader<'_>, variant: &Variant, journey: &JourneySettings) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for (part, weight) in PainPart::ALL.into_iter().zip(journey.pain_weights.in_order()) {
        if let Some(value) = part.read(reader, variant.label, journey).filter(|_| weight > 0.0) {
            sums = (sums.0 + weight, sums.1 + weight * value);
        }
    }
    sums
}

/// The place of the stage among the configured ones; `None` for a stage that is not configured.
fn place(reader: &Reader<'_>, stage: Label) -> Option<usize> {
    reader.snapshot.stages.iter().find(|s| s.label == stage)?.place
}

/// The number of CSAT answers, and of the satisfied ones among them.
fn csat(reader: &Reader<'_>, stage: Label) -> (i64, i64) {
    by_scale(reader, Measure::StageCsat, stage)
        .fold((0, 0), |(count, satisfied), (_, answers)| (count + answers.count, satisfied + answers.good))
}

/// The number of CES answers, and the sum of their efforts, each 0 to 1.
fn ces(reader: &Reader<'_>, stage: Label) -> (i64, f64) {
    let effort = |scale: Scale, answers: &AnswerSums| answers.points as f64 / ces::span(scale);
    by_scale(reader, Measure::StageCes, stage)
        .fold((0, 0.0), |(count, efforts), (scale, answers)| (count + answers.count, efforts + effort(scale, answers)))
}

fn by_scale<'a>(reader: &Reader<'a>, measure: Measure, stage: Label) -> impl Iterator<Item = (Scale, &'a AnswerSums)> {
    let (snapshot, reader) = (reader.snapshot, *reader);
    let labels = snapshot.labels_of(measure).iter().filter(move |label| u32::from(label.split().0) == stage.0);
    labels.filter_map(move |label| Some((snapshot.scales[usize::from(label.split().1)], reader.answers(measure, *label)?)))
}
