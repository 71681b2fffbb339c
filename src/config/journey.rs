//! `[journey]`: when a contact repeats another, the stages of the customer journey, and the weights of the pain index.
//!
//! Does not know how customers move between stages, nor how the index is computed.

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::spelling_hints::listed;
use super::value::{label_value, length_within};
use crate::engine::{JourneySettings, PainWeights, StageSettings};
use crate::event::{DimensionSettings, composed};
use crate::time::Span;

const STAGES_MAX: usize = 32;
const WEIGHT_MAX: f64 = 1_000.0;
/// The dimension values that mean "no stage" and "a stage beyond the limit".
const RESERVED: [&str; 2] = ["unknown", "other"];

/// Reads `[journey]`: the time within which a contact repeats another, and the stages and weights. `stage_dimension` is `journey_stage`,
/// whose renames decide which stages events can name.
pub(super) fn resolve(mut section: Section<'_>, stage_dimension: Option<&DimensionSettings>) -> (Span, JourneySettings) {
    let repeat_contact_within = section.checked("repeat_contact_within", Span::days(7), within(Span::minutes(1), Span::days(400)));
    let stages = stages(&mut section, stage_dimension);
    let pain_weights = pain_weights(section.section("pain_weights"));
    section.finish();
    (repeat_contact_within, JourneySettings { stages, pain_weights })
}

fn stages(section: &mut Section<'_>, stage_dimension: Option<&DimensionSettings>) -> Vec<StageSettings> {
    let mut stages: Vec<StageSettings> = Vec::new();
    let entries = section.tables("stages", "name").unwrap_or_default();
    let values_max = stage_dimension.map_or(STAGES_MAX, |d| d.values_max.min(STAGES_MAX));
    if let Err(complaint) = length_within(&entries, 0, values_max) {
        section.complain("stages", complaint);
    }
    for mut entry in entries {
        let name: Option<String> = entry.required("name", "name the stage as events do: `name = \"trial\"`");
        let idle_timeout: Option<Span> =
            entry.required("idle_timeout", "say after how long without a touchpoint a customer has dropped out: `idle_timeout = \"30d\"`");
        let dwell_target: Option<Span> = entry.value("dwell_target");
        for (key, span) in [("idle_timeout", idle_timeout), ("dwell_target", dwell_target)] {
            if let Some(Err(complaint)) = span.map(|span| within(Span::minutes(1), Span::days(3_650))(&span)) {
                entry.complain(key, complaint);
            }
        }
        let name = name.map(|name| composed(&name).into_owned());
        if let Some(name) = &name {
            if let Err(complaint) = can_be_seen(name, stage_dimension) {
                entry.complain("name", complaint);
            } else if stages.iter().any(|s| s.name == *name) {
                let what = format!("the stage `{name}` stands here twice");
                entry
                    .complain("name", complaint(ProblemKind::Duplicate, what, "remove one of the two: a stage has one place in the order"));
            }
        }
        entry.finish();
        if let (Some(name), Some(idle_timeout)) = (name, idle_timeout) {
            stages.push(StageSettings { name, idle_timeout, dwell_target });
        }
    }
    stages
}

/// Checks that events can name a stage. Any other stage would be empty for ever.
fn can_be_seen(name: &str, stage_dimension: Option<&DimensionSettings>) -> Result<(), Complaint> {
    label_value(name)?;
    if RESERVED.contains(&name) {
        let what = format!("`{name}` cannot be a stage; {} mean that the stage is not known, or one too many", listed(&RESERVED));
        return Err(complaint(
            ProblemKind::ReservedStage,
            what,
            "give the stage another name, and rename its value in `dimensions.journey_stage.renames`",
        ));
    }
    match stage_dimension.and_then(|d| d.renames.get(name)) {
        Some(renamed) if renamed != name => {
            let what = format!("`{name}` is renamed to `{renamed}`, so no event has this stage");
            Err(complaint(ProblemKind::StageRenamed, what, format!("name the stage `{renamed}`, or remove the rename")))
        }
        _ => Ok(()),
    }
}

fn pain_weights(mut section: Section<'_>) -> PainWeights {
    let default = PainWeights::default();
    let mut weight = |key: &'static str, default: f64| section.checked(key, default, weight_within);
    let weights = PainWeights {
        dropoff: weight("dropoff", default.dropoff),
        csat: weight("csat", default.csat),
        effort: weight("effort", default.effort),
        repeat_contacts: weight("repeat_contacts", default.repeat_contacts),
        dwell: weight("dwell", default.dwell),
    };
    if weights.in_order().iter().all(|w| *w <= 0.0) {
        let what = "every weight is 0, so there is no pain index";
        section.report.add(section.place(), complaint(ProblemKind::NoWeight, what, "give a weight above 0 to one part at least"));
    }
    section.finish();
    weights
}

fn weight_within(weight: &f64) -> Result<(), Complaint> {
    if (0.0..=WEIGHT_MAX).contains(weight) {
        return Ok(());
    }
    let what = format!("`{weight}` is outside 0 to {WEIGHT_MAX}");
    Err(complaint(ProblemKind::OutOfRange, what, "use a number from 0, which leaves the part out, to 1000; only their relation matters"))
}
