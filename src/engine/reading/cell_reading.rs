//! Readings: the exported numbers of an accumulator, such as quantiles, buckets and rho.

use smallvec::SmallVec;

use crate::engine::terms::{DurationBins, EngineSettings, LOG_PARTS, Measure};
use crate::engine::windows::{Accumulator, Amounts, AnswerSums, Durations};
use crate::time::{EventTime, Span};

/// The reading of a cell over one window, or of a state now. Large kinds are boxed, because most cells are counts and a snapshot has a reading for
/// each cell and window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Count(i64),
    Answers(Box<AnswerSums>),
    Durations(Box<DurationsReading>),
    /// A correlation: the number of pairs, and Spearman's rho (-1 to 1) if it is defined.
    Pairs {
        count: i64,
        rho: Option<f64>,
    },
    /// The oldest start of a wait; `None` if nothing waits.
    Oldest(Option<EventTime>),
    /// What customers are worth together, with their number.
    Amounts(Box<Amounts>),
}

/// The reading of a distribution of durations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DurationsReading {
    pub(crate) count: i64,
    pub(crate) sum_seconds: f64,
    /// The sum of the natural logarithms of the durations in seconds, and that of their squares. Less than a second counts as one.
    pub(crate) logarithms: f64,
    pub(crate) squared_logarithms: f64,
    /// In the order of the configured quantiles; empty if there is no sample.
    pub(crate) quantiles_seconds: SmallVec<[f64; 3]>,
    /// The number of durations at or below each configured bound.
    pub(crate) at_most: SmallVec<[i64; 16]>,
    /// The median, which is set for times in a stage only, whether or not it is a configured quantile.
    pub(crate) median_seconds: Option<f64>,
}

impl Reading {
    /// The reading of an accumulator.
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
            Accumulator::Amounts(amounts) => Self::Amounts(amounts.clone()),
            Accumulator::Since(set) => Self::Oldest(set.first_key_value().map(|(time, _)| *time)),
        }
    }
}

impl DurationsReading {
    /// Reads all bounds, quantiles and logarithms in one pass over the bins. That requires both to be configured in ascending order.
    fn of(durations: &Durations, bounds: &[Span], settings: &EngineSettings, bins: &DurationBins) -> Self {
        let mut reading = Self { count: durations.count, sum_seconds: durations.sum_ms as f64 / 1000.0, ..Self::default() };
        let mut bounds = bounds.iter().map(|bound| bins.of(bound.0)).peekable();
        let mut ranks = settings.quantiles_percent.iter().map(|percent| durations.rank(*percent)).peekable();
        let (mut counted, mut logs, mut squares) = (0, 0_i64, 0_i64);
        for (bin, n) in durations.bins() {
            let log = bins.log(bin);
            logs += n * log;
            squares += n * log * log;
            while bounds.next_if(|bound| *bound < bin).is_some() {
                reading.at_most.push(counted);
            }
            counted += n;
            while ranks.next_if(|rank| *rank <= counted).is_some() {
                reading.quantiles_seconds.push(bins.middle_ms(bin) / 1000.0);
            }
        }
        reading.at_most.extend(bounds.map(|_| counted));
        reading.logarithms = logs as f64 / LOG_PARTS as f64;
        reading.squared_logarithms = squares as f64 / (LOG_PARTS * LOG_PARTS) as f64;
        reading
    }
}

/// The exported bounds of a measure of durations.
#[expect(clippy::wildcard_enum_match_arm, reason = "most durations are response times, and the others are listed")]
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
