//! Taking a snapshot of the windows. The value of a window is the sum of the rings up to it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::cell_reading::Reading;
use super::change_days::change_days;
use super::snapshot::{ChangeMark, GroupKey, JourneyStage, Snapshot, TopicSnapshot, TrendMedians, WindowState};
use crate::engine::coverage::{CoveredTime, SeenLog};
use crate::engine::lives::{EverSeen, Evictions, Ledger, Standing};
use crate::engine::partition::{GroupState, TopicState};
use crate::engine::terms::{
    CHANNEL, DurationBins, EngineDimension, EngineTopic, JOURNEY_STAGE, Label, MARKED_CHANGES_MAX, Measure, ValueNumber, WindowSettings,
};
use crate::engine::windows::{Accumulator, Cell, CellId, Course, Durations, KeyId, Refusal, Windows};
use crate::time::EventTime;

/// The part of a snapshot that describes the partition groups, apart from their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupsReport {
    windows: Vec<WindowState>,
    covered: Option<CoveredTime>,
    topics: Vec<TopicSnapshot>,
    entries: Vec<(&'static str, usize)>,
    evictions: Vec<(&'static str, u64)>,
    overflows: Vec<(String, u64)>,
    customers_since: Option<EventTime>,
    is_backlog_complete: Option<bool>,
    ever_seen: EverSeen,
    changes: Vec<ChangeMark>,
}

impl GroupsReport {
    /// The report on the assigned groups of one or several engines, which must be at the same instant. Parked groups contribute only to the
    /// overflows.
    pub(crate) fn of(engines: &[&Windows], groups: &[&GroupState], parked: &[&GroupState]) -> Self {
        let Some(windows) = engines.first() else { return Self::default() };
        let covered = CoveredTime::of(groups.iter().flat_map(|group| seen_logs(windows, group)), windows.now);
        Self {
            windows: window_states(windows, groups, covered.as_ref()),
            covered,
            topics: topics(windows, groups),
            entries: entries(groups),
            evictions: evictions(engines, groups),
            overflows: overflows(windows, groups.iter().chain(parked)),
            customers_since: groups.iter().filter_map(|g| g.lives.customers_since).min(),
            ever_seen: ever_seen(groups),
            changes: changes(windows, groups),
            is_backlog_complete: (!groups.is_empty()).then(|| groups.iter().all(|g| g.is_history_complete)),
        }
    }
}

/// The snapshot of an engine's windows, with the report on the groups behind them.
pub(crate) fn take(windows: &Windows, bins: &DurationBins, state: GroupsReport) -> Snapshot {
    let mut labels: FxHashMap<Measure, Vec<Label>> = FxHashMap::default();
    let mut readings: FxHashMap<Cell, Vec<Reading>> = FxHashMap::default();
    for (id, cell) in windows.cells.all() {
        let read = readings_of(windows, bins, &cell, id);
        if read.is_empty() {
            continue;
        }
        readings.insert(cell, read);
        if cell.key == KeyId::default() {
            labels.entry(cell.measure).or_default().push(cell.label);
        }
    }
    labels.values_mut().for_each(|labels| labels.sort_unstable());
    Snapshot {
        now: windows.now,
        windows: state.windows,
        topics: state.topics,
        entries: state.entries,
        evictions: state.evictions,
        overflows: state.overflows,
        customers_since: state.customers_since,
        is_backlog_complete: state.is_backlog_complete,
        ever_seen: state.ever_seen,
        changes: state.changes,
        is_withheld: false,
        cells: (readings.len(), windows.settings.limits.cells_max),
        touchpoints: texts(windows, labels.get(&Measure::Touchpoints), CHANNEL),
        stages: stages(windows, &labels),
        transitions: texts(windows, labels.get(&Measure::JourneyTransitions), JOURNEY_STAGE),
        keys: keys(windows, &readings),
        trends: windows.settings.trends.clone(),
        timed_targets: windows.settings.targets.times().collect(),
        due_within: windows.settings.targets.due_within.iter().map(|(within, _)| within.clone()).collect(),
        wait_ages: windows.settings.wait_ages.iter().map(|(age, _)| age.clone()).collect(),
        currency: windows.settings.currency.clone(),
        medians: trend_medians(windows, bins),
        compared_changes: change_days(windows.changes(), state.covered.as_ref(), windows.now),
        courses: windows.courses().iter().map(|course| course_of(course, windows, bins)).collect(),
        scales: windows.scales.all().to_vec(),
        readings,
        labels,
    }
}

/// One reading for each window, or a single one for a state; none if the cell has no total, because it never held a value or has expired.
fn readings_of(windows: &Windows, bins: &DurationBins, cell: &Cell, id: CellId) -> Vec<Reading> {
    let read = |accumulator: &Accumulator| Reading::of(accumulator, cell.measure, &windows.settings, bins);
    if cell.measure.is_state() {
        return windows.state(id).map(read).into_iter().collect();
    }
    let rings = windows.geometry.len();
    let Some(mut sum) = (0..rings).find_map(|ring| windows.total(ring, id)).map(Accumulator::zero) else { return Vec::new() };
    let add = |ring| {
        if let Some(total) = windows.total(ring, id).filter(|total| !total.is_zero()) {
            sum.merge(total, 1);
        }
        read(&sum)
    };
    (0..rings).map(add).collect()
}

/// The slices of a window as the windows of a snapshot of their own, so that a slice is read as a window is.
fn course_of(course: &Course, windows: &Windows, bins: &DurationBins) -> Snapshot {
    let slices = course.first..=windows.now.slice(course.step);
    let state = |slice: i64| WindowState {
        settings: WindowSettings { name: course.step.to_string(), range: course.step, hop: course.step },
        start: EventTime(slice * course.step.0),
        coverage: None,
        complete_at: None,
    };
    let mut labels: FxHashMap<Measure, Vec<Label>> = FxHashMap::default();
    let mut readings: FxHashMap<Cell, Vec<Reading>> = FxHashMap::default();
    for (measure, label) in course.keys() {
        let Some(zero) = slices.clone().find_map(|slice| course.sum(slice, (measure, label))).map(Accumulator::zero) else { continue };
        let read = |slice| Reading::of(course.sum(slice, (measure, label)).unwrap_or(&zero), measure, &windows.settings, bins);
        readings.insert(Cell { measure, label, key: KeyId::default() }, slices.clone().map(read).collect());
        labels.entry(measure).or_default().push(label);
    }
    Snapshot {
        now: windows.now,
        windows: slices.map(state).collect(),
        scales: windows.scales.all().to_vec(),
        keys: vec![GroupKey { id: KeyId::default(), set: None, texts: Vec::new() }],
        readings,
        labels,
        ..Snapshot::default()
    }
}

/// The medians that the trends of durations compare. Medians cannot be subtracted, so the baseline's is computed from the rings beyond the short
/// window.
fn trend_medians(windows: &Windows, bins: &DurationBins) -> Vec<TrendMedians> {
    let mut medians = Vec::new();
    for measure in [Measure::FirstResponse, Measure::Resolution] {
        let Some(cell) = windows.cells.find(Cell { measure, label: Label::default(), key: KeyId::default() }) else { continue };
        let median = |rings: std::ops::RangeInclusive<usize>| {
            let mut sum = Durations::default();
            for total in rings.filter_map(|ring| windows.total(ring, cell)) {
                if let Accumulator::Durations(durations) = total {
                    sum.merge(durations, 1);
                }
            }
            sum.quantile_seconds(50, bins)
        };
        for trend in &windows.settings.trends {
            if let Some(seconds) = median(0..=trend.short).zip(median(trend.short + 1..=trend.baseline)) {
                medians.push(TrendMedians { measure, trend: *trend, seconds });
            }
        }
    }
    medians
}

/// The group keys of all cells that are read, and the overall key.
fn keys(windows: &Windows, readings: &FxHashMap<Cell, Vec<Reading>>) -> Vec<GroupKey> {
    let mut ids: FxHashSet<KeyId> = readings.keys().map(|cell| cell.key).collect();
    ids.insert(KeyId::default());
    let key = |id| match windows.keys.key_texts(id) {
        Some((set, texts)) => GroupKey { id, set: Some(set), texts: texts.into_iter().map(str::to_owned).collect() },
        None => GroupKey { id, set: None, texts: Vec::new() },
    };
    let mut keys: Vec<GroupKey> = ids.into_iter().map(key).collect();
    keys.sort_by(|a, b| (a.set, &a.texts).cmp(&(b.set, &b.texts)));
    keys
}

/// The texts of labels that consist of a stage and a second value.
fn texts(windows: &Windows, labels: Option<&Vec<Label>>, second_dimension: u8) -> Vec<(Label, String, String)> {
    let texts = |label: &Label| {
        let (stage, second) = label.split();
        (
            *label,
            windows.keys.text(JOURNEY_STAGE, ValueNumber(stage)).to_owned(),
            windows.keys.text(second_dimension, ValueNumber(second)).to_owned(),
        )
    };
    labels.into_iter().flatten().map(texts).collect()
}

/// The configured stages in their order, followed by the other stages that labels name, by text.
fn stages(windows: &Windows, labels: &FxHashMap<Measure, Vec<Label>>) -> Vec<JourneyStage> {
    const BY_STAGE: [Measure; 3] = [Measure::JourneyCustomers, Measure::JourneyEntered, Measure::StageContacts];
    const BY_STAGE_AND_SCALE: [Measure; 2] = [Measure::StageCsat, Measure::StageCes];
    let stage = |value: u16, place| JourneyStage {
        label: Label(u32::from(value)),
        text: windows.keys.text(JOURNEY_STAGE, ValueNumber(value)).to_owned(),
        place,
    };
    let mut stages: Vec<JourneyStage> = windows.stages.iter().zip(0..).map(|(value, place)| stage(value.0, Some(place))).collect();
    let alone = BY_STAGE.iter().filter_map(|m| labels.get(m)).flatten().map(|l| l.0 as u16);
    let with_scale = BY_STAGE_AND_SCALE.iter().filter_map(|m| labels.get(m)).flatten().map(|l| l.split().0);
    let mut seen: Vec<JourneyStage> =
        alone.chain(with_scale).filter(|v| !windows.stages.contains(&ValueNumber(*v))).map(|v| stage(v, None)).collect();
    seen.sort_by(|a, b| a.text.cmp(&b.text));
    seen.dedup();
    stages.extend(seen);
    stages
}

/// The windows with their coverage over all topics of the groups.
fn window_states(windows: &Windows, groups: &[&GroupState], covered: Option<&CoveredTime>) -> Vec<WindowState> {
    let is_known = groups.iter().flat_map(|group| &group.topics).any(|topic| topic.coverage.first_record().is_some());
    let state = |(settings, start): (&WindowSettings, &EventTime)| WindowState {
        settings: settings.clone(),
        start: *start,
        coverage: covered.map(|covered| covered.share(*start, windows.now)),
        complete_at: covered.filter(|_| is_known).and_then(|covered| covered.complete_at(settings.range)),
    };
    windows.settings.windows.iter().zip(windows.starts()).map(state).collect()
}

/// The logs of a group. A topic that has no partition of this number holds nothing back, so it is left out once the group's other topics are read.
fn seen_logs<'a>(windows: &'a Windows, group: &'a GroupState) -> impl Iterator<Item = SeenLog<'a>> + Clone {
    let is_read = group.topics.iter().any(|topic| topic.progress.is_some());
    let log = move |(topic, state): (&EngineTopic, &'a TopicState)| SeenLog {
        coverage: &state.coverage,
        feed_began: topic.feed_began,
        seen_through: state.progress.map_or(EventTime::MIN, |progress| progress.seen_through),
    };
    let states = windows.settings.topics.iter().zip(&group.topics);
    states.filter(move |(_, state)| state.progress.is_some() || !is_read).map(log)
}

fn topics(windows: &Windows, groups: &[&GroupState]) -> Vec<TopicSnapshot> {
    let snapshot = |(at, topic): (usize, &EngineTopic)| {
        let states: Vec<&TopicState> = groups.iter().map(|g| &g.topics[at]).collect();
        let mut ledger = Ledger::default();
        states.iter().for_each(|s| ledger.add(&s.ledger));
        let lagging = states.iter().filter(|s| !s.progress.is_some_and(|p| p.at_end));
        let watermark = lagging.filter_map(|s| s.admission.watermark()).min();
        TopicSnapshot {
            name: topic.name.clone(),
            ledger,
            watermark: watermark.or_else(|| states.iter().filter_map(|s| s.admission.watermark()).max()),
            dedup_horizon: states.iter().map(|s| s.admission.dedup_horizon()).min().unwrap_or(topic.allowed_lateness),
        }
    };
    windows.settings.topics.iter().enumerate().map(snapshot).collect()
}

fn entries(groups: &[&GroupState]) -> Vec<(&'static str, usize)> {
    let mut sums: Vec<(&'static str, usize)> = Vec::new();
    for (store, n) in groups.iter().flat_map(|group| group.sizes()) {
        match sums.iter_mut().find(|(s, _)| *s == store) {
            Some(sum) => sum.1 += n,
            None => sums.push((store, n)),
        }
    }
    sums
}

fn evictions(engines: &[&Windows], groups: &[&GroupState]) -> Vec<(&'static str, u64)> {
    let identities = groups.iter().flat_map(|g| &g.topics).map(|t| t.admission.evictions()).sum();
    let refused = |refusal| engines.iter().map(|windows| windows.cells.refused_facts(refusal)).sum();
    let sum = |of: fn(&Evictions) -> u64| groups.iter().map(|g| of(&g.lives.evictions)).sum();
    vec![
        ("contacts", sum(|e| e.contacts)),
        ("surveys", sum(|e| e.surveys)),
        ("customers", sum(|e| e.customers)),
        ("held", sum(|e| e.held)),
        ("histories", sum(|e| e.histories)),
        ("identities", identities),
        ("changes", groups.iter().map(|g| g.lives.changes.evictions()).sum()),
        ("cells", refused(Refusal::Total)),
        ("family_cells", refused(Refusal::Family)),
        ("day_sums", groups.iter().map(|g| g.panes.days().evicted()).sum()),
    ]
}

fn ever_seen(groups: &[&GroupState]) -> EverSeen {
    let mut seen = EverSeen::default();
    groups.iter().for_each(|group| seen.add(group.lives.ever_seen));
    seen
}

/// What events have marked as changed, by name and group, as of now. Where partition groups differ, the later event holds.
fn changes(windows: &Windows, groups: &[&GroupState]) -> Vec<ChangeMark> {
    type Named<'a> = (&'a str, Vec<(&'a str, &'a str)>);
    let mut latest: BTreeMap<Named<'_>, Standing> = BTreeMap::new();
    for group in groups {
        let names = &group.lives.terms.names;
        for (name, dimensions, standing) in group.lives.changes.as_of(windows.now) {
            let shown = |(at, value)| {
                let dimension: &EngineDimension = &windows.settings.dimensions[usize::from(at)];
                (dimension.name.as_str(), windows.keys.text(at, names.number(at, value)))
            };
            let mut values: Vec<(&str, &str)> = names.set_values(dimensions).map(shown).collect();
            values.sort_unstable();
            let held = latest.entry((name, values)).or_insert(standing);
            *held = (*held).max(standing);
        }
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut changes: Vec<ChangeMark> = latest
        .into_iter()
        .filter(|(_, standing)| !standing.withdrawn)
        .map(|((name, group), standing)| ChangeMark {
            name: name.to_owned(),
            at: standing.time,
            group: group.into_iter().map(owned).collect(),
        })
        .collect();
    // Stable: at one instant they stay in the order of their names, and what is too much is what a partition group would let go.
    changes.sort_by_key(|change| Reverse(change.at));
    changes.truncate(MARKED_CHANGES_MAX);
    changes
}

/// For each dimension, the number of times that events named a value that counts as `other`.
fn overflows<'a>(windows: &Windows, groups: impl Iterator<Item = &'a &'a GroupState>) -> Vec<(String, u64)> {
    let mut sums: Vec<(String, u64)> = windows.settings.dimensions.iter().map(|d| (d.name.clone(), 0)).collect();
    for group in groups {
        sums.iter_mut().zip(group.lives.terms.names.overflows()).for_each(|((_, sum), n)| *sum += n);
    }
    sums
}
