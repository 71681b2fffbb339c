//! The customer journey: who is in which stage, how they move, who advances and who drops out, and how long they stay.

use super::{durations, proportion};
use crate::engine::EngineSettings;
use crate::engine::read::{Label, Measure};
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;

const DROPPED: &str = "out of the stage: without a touchpoint of any kind for its timeout, at one that was abandoned, or by cancelling; \
who returns has not dropped";

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = vec![
        Family::count(
            "cx_journey_customers",
            "Customers in the stage now, without those who have dropped out of it.",
            Measure::JourneyCustomers,
        )
        .of_now()
        .labelled(Labels::Stage),
        Family::count("cx_journey_transitions", "Moves of customers from one stage to another in the window.", Measure::JourneyTransitions)
            .labelled(Labels::Transition),
        Family::value(
            "cx_journey_transition_ratio",
            "Share of all moves out of the stage `from` in the window that led to the stage `to`.",
            &[Measure::JourneyTransitions],
            |r, v| {
                let all = moves_from(r, v.label.split().0);
                (all > 0).then(|| r.count_of(Measure::JourneyTransitions, v.label) as f64 / all as f64)
            },
        )
        .labelled(Labels::Transition),
        Family::count(
            "cx_journey_entered",
            "Times that a customer came into the stage in the window; coming in again counts again.",
            Measure::JourneyEntered,
        )
        .labelled(Labels::Stage),
    ];
    let stay = "time in the stage of those who moved on to another stage in the window";
    let stays = durations::of_measure("cx_journey_stage", Measure::JourneyStageTime, stay, settings);
    families.extend(stays.into_iter().map(|family| family.labelled(Labels::Stage)));
    families.extend(outcomes().into_iter().map(|family| family.labelled(Labels::ConfiguredStage)));
    families.into_iter().map(|family| family.over(Sets::Overall)).collect()
}

/// What needs the order of the stages, or their time-outs.
fn outcomes() -> Vec<Family> {
    let seen = [Measure::JourneyAdvanced, Measure::JourneyDropped];
    let count = |name: &str, help: &str, measure: Measure| {
        Family::value(name, help, &seen, move |r, v| Some(r.count_of(measure, v.label) as f64)).merged(Merge::Sum)
    };
    let advanced = "Customers who went from the stage to a later one in the window.";
    let dropped = format!("Customers who dropped {DROPPED}.");
    let mut families = vec![
        count("cx_journey_advanced", advanced, Measure::JourneyAdvanced),
        count("cx_journey_dropped", &dropped, Measure::JourneyDropped),
    ];
    let conversion = "Share of those who advanced or dropped out of the stage in the window that advanced.";
    families.extend(proportion("cx_journey_conversion_ratio", conversion, &seen, |r, v| Some((advanced_of(r, v), decided(r, v)))));
    let dropoff = "Share of those who advanced or dropped out of the stage in the window that dropped out.";
    families
        .extend(proportion("cx_journey_dropoff_ratio", dropoff, &seen, |r, v| Some((decided(r, v) - advanced_of(r, v), decided(r, v)))));
    families
}

fn advanced_of(reader: &Reader<'_>, variant: &Variant) -> i64 {
    reader.count_of(Measure::JourneyAdvanced, variant.label)
}

fn decided(reader: &Reader<'_>, variant: &Variant) -> i64 {
    advanced_of(reader, variant) + reader.count_of(Measure::JourneyDropped, variant.label)
}

fn moves_from(reader: &Reader<'_>, stage: u16) -> i64 {
    let labels: &[Label] = reader.snapshot.labels_of(Measure::JourneyTransitions);
    let out = labels.iter().filter(|label| label.split().0 == stage);
    out.map(|label| reader.count_of(Measure::JourneyTransitions, *label)).sum()
}
