//! Waits for the first response by the ages to which they come: what shows slow work before the late responses come.

use crate::engine::EngineSettings;
use crate::engine::read::{Label, Measure};
use crate::metrics::family::{Family, OwnLabels, Variant};

/// `age`: every configured age.
const AGE: OwnLabels = OwnLabels::new(&["age"], |snapshot| {
    let ages = (0..).zip(&snapshot.wait_ages);
    ages.map(|(number, age)| Variant::of_label(Label(number), &[age])).collect()
});

pub(super) fn families(settings: &EngineSettings) -> Vec<Family> {
    let came = "Tickets that came to this age of their wait for the first response in the window, of those that still waited at the age before; all \
                tickets come to the first age. It counts from the next whole minute on. A solve without a response ends the wait too.";
    let unanswered = "Of cx_first_response_waits, the tickets that still waited at this age.";
    let is_shown = !settings.wait_ages.is_empty();
    [
        Family::count("cx_first_response_waits", came, Measure::FirstResponseWaits),
        Family::count("cx_first_response_waits_unanswered", unanswered, Measure::FirstResponseWaitsUnanswered),
    ]
    .map(|family| family.labelled(AGE).only_if(is_shown))
    .into()
}
