//! Lowering: from a partial to the numbers that are shown.

use smallvec::SmallVec;

use crate::engine::EngineSettings;
use crate::engine::aggregate::{Answers, DurationClasses, Durations, Partial};
use crate::engine::fact::Measure;
use crate::time::{EventTime, Span};

/// What a cell shows over one window, or now; boxed where it is large, because most cells count and a snapshot has one for each cell and window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Count(i64),
    Answers(Box<Answers>),
    Durations(Box<DurationsReading>),
    Pairs { count: i64, rho: Option<f64> },
    Oldest(Option<EventTime>),
}

/// A distribution, lowered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DurationsReading {
    pub(crate) count: i64,
    pub(crate) sum_seconds: f64,
    /// In the order of the configured quantiles; empty when there is no sample.
    pub(crate) quantiles_seconds: SmallVec<[f64; 3]>,
    /// How many lie at or below each configured bound.
    pub(crate) at_most: SmallVec<[i64; 16]>,
    /// For times in a stage, whether or not it is among the configured quantiles.
    pub(crate) median_seconds: Option<f64>,
}

impl Reading {
    /// Lowers a partial.
    pub(crate) fn of(partial: &Partial, measure: Measure, settings: &EngineSettings, classes: &DurationClasses) -> Self {
        match partial {
            Partial::Count(n) => Self::Count(*n),
            Partial::Answers(answers) => Self::Answers(answers.clone()),
            Partial::Durations(durations) => {
                let mut reading = DurationsReading::of(durations, bounds_of(measure, settings), settings, classes);
                if measure == Measure::JourneyStageTime {
                    reading.median_seconds = durations.quantile_seconds(50, classes);
                }
                Self::Durations(Box::new(reading))
            }
            Partial::Pairs(pairs) => Self::Pairs { count: pairs.count(), rho: pairs.rho() },
            Partial::Since(set) => Self::Oldest(set.first_key_value().map(|(time, _)| *time)),
        }
    }
}

impl DurationsReading {
    /// Bounds and quantiles are configured in ascending order, so that one walk over the classes meets all of them.
    fn of(durations: &Durations, bounds: &[Span], settings: &EngineSettings, classes: &DurationClasses) -> Self {
        let mut reading = Self { count: durations.count, sum_seconds: durations.sum_ms as f64 / 1000.0, ..Self::default() };
        let mut bounds = bounds.iter().map(|bound| classes.of(bound.0)).peekable();
        let mut ranks = settings.quantiles_percent.iter().map(|percent| durations.rank(*percent)).peekable();
        let mut counted = 0;
        for (class, n) in durations.classes() {
            while bounds.next_if(|bound| *bound < class).is_some() {
                reading.at_most.push(counted);
            }
            counted += n;
            while ranks.next_if(|rank| *rank <= counted).is_some() {
                reading.quantiles_seconds.push(classes.middle_ms(class) / 1000.0);
            }
        }
        reading.at_most.extend(bounds.map(|_| counted));
        reading
    }
}

/// The exported bounds of a measure of durations.
#[expect(clippy::wildcard_enum_match_arm, reason = "response times are the rule and the others are listed")]
pub(crate) fn bounds_of(measure: Measure, settings: &EngineSettings) -> &[Span] {
    match measure {
        Measure::ChatWait | Measure::ChatDuration => &settings.duration_bounds.chat,
        Measure::Resolution
        | Measure::ResolutionBusiness
        | Measure::FirstResolution
        | Measure::RequesterWait
        | Measure::JourneyStageTime => &settings.duration_bounds.resolution,
        _ => &settings.duration_bounds.response,
    }
}
