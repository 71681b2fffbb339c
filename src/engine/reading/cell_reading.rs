//! Readings: from an accumulator to the numbers that are shown, such as quantiles, buckets and rho.

use smallvec::SmallVec;

use crate::engine::terms::{DurationBins, EngineSettings, Measure};
use crate::engine::windows::{Accumulator, AnswerSums, Durations};
use crate::time::{EventTime, Span};

/// What a cell shows over one window, or now; boxed where it is large, because most cells count and a snapshot has one for each cell and window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Count(i64),
    Answers(Box<AnswerSums>),
    Durations(Box<DurationsReading>),
    Pairs { count: i64, rho: Option<f64> },
    Oldest(Option<EventTime>),
}

/// The numbers of a distribution.
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
    /// Reads an accumulator.
    pub(crate) fn of(accumulator: &Accumulator, measure: Measure, settings: &EngineSettings, bins: &DurationBins) -> Self {
        match accumulator {
            Accumulator::Count(n) => Self::Count(*n),
            Accumulator::Answers(answers) => Self::Answers(answers.clone()),
            Accumulator::Durations(durations) => {
                let mut reading = DurationsReading::of(durations, bounds_of(measure, settings), settings, bins);
                if measure == Measure::JourneyStageTime {
                    reading.median_seconds = durations.quantile_seconds(50, bins);
                }
                Self::Durations(Box::new(reading))
            }
            Accumulator::Pairs(pairs) => Self::Pairs { count: pairs.count(), rho: pairs.rho() },
            Accumulator::Since(set) => Self::Oldest(set.first_key_value().map(|(time, _)| *time)),
        }
    }
}

impl DurationsReading {
    /// Bounds and quantiles are configured in ascending order, so that one walk over the bins meets all of them.
    fn of(durations: &Durations, bounds: &[Span], settings: &EngineSettings, bins: &DurationBins) -> Self {
        let mut reading = Self { count: durations.count, sum_seconds: durations.sum_ms as f64 / 1000.0, ..Self::default() };
        let mut bounds = bounds.iter().map(|bound| bins.of(bound.0)).peekable();
        let mut ranks = settings.quantiles_percent.iter().map(|percent| durations.rank(*percent)).peekable();
        let mut counted = 0;
        for (bin, n) in durations.bins() {
            while bounds.next_if(|bound| *bound < bin).is_some() {
                reading.at_most.push(counted);
            }
            counted += n;
            while ranks.next_if(|rank| *rank <= counted).is_some() {
                reading.quantiles_seconds.push(bins.middle_ms(bin) / 1000.0);
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
