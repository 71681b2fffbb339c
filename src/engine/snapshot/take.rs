//! Taking a snapshot of the merged view: the value of a window is the sum of the rings up to it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{GroupKey, Reading, Snapshot, Stage, TopicSnapshot, TrendMedians, WindowState};
use crate::engine::aggregate::{Durations, Partial};
use crate::engine::cells::{Cell, CellId, Refusal};
use crate::engine::fact::{Label, Measure};
use crate::engine::group::{Evictions, Group, TopicState};
use crate::engine::ledger::Ledger;
use crate::engine::names::KeyId;
use crate::engine::view::View;
use crate::engine::{CHANNEL, JOURNEY_STAGE, Rules};
use crate::time::{EventTime, Span};

/// What a snapshot says of the partition groups, apart from the values.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupsState {
    windows: Vec<WindowState>,
    topics: Vec<TopicSnapshot>,
    entries: Vec<(&'static str, usize)>,
    evictions: Vec<(&'static str, u64)>,
    overflows: Vec<(String, u64)>,
    customers_since: Option<EventTime>,
    is_backlog_complete: Option<bool>,
}

impl GroupsState {
    /// The state of groups that belong to one or several engines, all standing at one instant.
    pub(crate) fn of(views: &[&View], groups: &[&Group]) -> Self {
        let Some(view) = views.first() else { return Self::default() };
        Self {
            windows: windows(view, groups),
            topics: topics(view, groups),
            entries: entries(groups),
            evictions: evictions(views, groups),
            overflows: overflows(views),
            customers_since: groups.iter().filter_map(|g| g.customers_since).min(),
            is_backlog_complete: (!groups.is_empty()).then(|| groups.iter().all(|g| g.is_history_complete)),
        }
    }
}

/// The snapshot of a view and the state of the groups behind it.
pub(crate) fn take(view: &View, rules: &Rules, state: GroupsState) -> Snapshot {
    let mut labels: FxHashMap<Measure, Vec<Label>> = FxHashMap::default();
    let mut readings: FxHashMap<Cell, Vec<Reading>> = FxHashMap::default();
    for (id, cell) in view.cells.all() {
        let read = readings_of(view, &cell, id);
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
        now: view.now,
        windows: state.windows,
        topics: state.topics,
        entries: state.entries,
        evictions: state.evictions,
        overflows: state.overflows,
        customers_since: state.customers_since,
        is_backlog_complete: state.is_backlog_complete,
        cells: (readings.len(), view.settings.limits.cells_max),
        touchpoints: texts(view, labels.get(&Measure::Touchpoints), CHANNEL),
        stages: stages(view, rules, &labels),
        transitions: texts(view, labels.get(&Measure::JourneyTransitions), JOURNEY_STAGE),
        keys: keys(view, &readings),
        trends: view.settings.trends.clone(),
        medians: trend_medians(view),
        scales: view.scales.all().to_vec(),
        readings,
        labels,
    }
}

/// One reading a window, or one in all; none when the cell never held anything.
fn readings_of(view: &View, cell: &Cell, id: CellId) -> Vec<Reading> {
    let lower = |partial: &Partial| Reading::of(partial, cell.measure, &view.settings, &view.classes);
    if cell.measure.is_state() {
        return view.state(id).map(lower).into_iter().collect();
    }
    let rings = view.geometry.len();
    let Some(mut sum) = (0..rings).find_map(|ring| view.total(ring, id)).map(Partial::zero) else { return Vec::new() };
    let add = |ring| {
        if let Some(total) = view.total(ring, id).filter(|total| !total.is_zero()) {
            sum.combine(total, 1);
        }
        lower(&sum)
    };
    (0..rings).map(add).collect()
}

/// The medians that the trends of durations compare: a median cannot be subtracted, so the rings between are added up.
fn trend_medians(view: &View) -> Vec<TrendMedians> {
    let mut medians = Vec::new();
    for measure in [Measure::FirstResponse, Measure::Resolution] {
        let Some(cell) = view.cells.find(Cell { measure, label: Label::default(), key: KeyId::default() }) else { continue };
        let median = |rings: std::ops::RangeInclusive<usize>| {
            let mut sum = Durations::default();
            for total in rings.filter_map(|ring| view.total(ring, cell)) {
                if let Partial::Durations(durations) = total {
                    sum.combine(durations, 1);
                }
            }
            sum.quantile_seconds(50, &view.classes)
        };
        for trend in &view.settings.trends {
            if let Some(seconds) = median(0..=trend.short).zip(median(trend.short + 1..=trend.baseline)) {
                medians.push(TrendMedians { measure, trend: *trend, seconds });
            }
        }
    }
    medians
}

fn keys(view: &View, readings: &FxHashMap<Cell, Vec<Reading>>) -> Vec<GroupKey> {
    let mut ids: FxHashSet<KeyId> = readings.keys().map(|cell| cell.key).collect();
    ids.insert(KeyId::default());
    let key = |id| match view.names.key_texts(id) {
        Some((set, texts)) => GroupKey { id, set: Some(set), texts: texts.into_iter().map(str::to_owned).collect() },
        None => GroupKey { id, set: None, texts: Vec::new() },
    };
    let mut keys: Vec<GroupKey> = ids.into_iter().map(key).collect();
    keys.sort_by(|a, b| (a.set, &a.texts).cmp(&(b.set, &b.texts)));
    keys
}

/// The texts of labels of a stage and a second value.
fn texts(view: &View, labels: Option<&Vec<Label>>, second_dimension: u8) -> Vec<(Label, String, String)> {
    let texts = |label: &Label| {
        let (stage, second) = label.split();
        (*label, view.names.text(JOURNEY_STAGE, stage).to_owned(), view.names.text(second_dimension, second).to_owned())
    };
    labels.into_iter().flatten().map(texts).collect()
}

fn stages(view: &View, rules: &Rules, labels: &FxHashMap<Measure, Vec<Label>>) -> Vec<Stage> {
    const BY_STAGE: [Measure; 3] = [Measure::JourneyCustomers, Measure::JourneyEntered, Measure::StageContacts];
    const BY_STAGE_AND_SCALE: [Measure; 2] = [Measure::StageCsat, Measure::StageCes];
    let stage = |value: u16, place| Stage { label: Label(u32::from(value)), text: view.names.text(JOURNEY_STAGE, value).to_owned(), place };
    let mut stages: Vec<Stage> = rules.stages.iter().zip(0..).map(|((value, _), place)| stage(*value, Some(place))).collect();
    let alone = BY_STAGE.iter().filter_map(|m| labels.get(m)).flatten().map(|l| l.0 as u16);
    let with_scale = BY_STAGE_AND_SCALE.iter().filter_map(|m| labels.get(m)).flatten().map(|l| l.split().0);
    let mut seen: Vec<Stage> = alone.chain(with_scale).filter(|v| rules.stage(*v).is_none()).map(|v| stage(v, None)).collect();
    seen.sort_by(|a, b| a.text.cmp(&b.text));
    seen.dedup();
    stages.extend(seen);
    stages
}

fn windows(view: &View, groups: &[&Group]) -> Vec<WindowState> {
    let topics = || groups.iter().flat_map(|g| &g.topics);
    let feed_start = topics().filter_map(|t| t.first_record).min();
    let seen_through = topics().map(|t| t.progress.map_or(EventTime::MIN, |p| p.seen_through)).min();
    let state = |(settings, start): (&crate::engine::WindowSettings, &EventTime)| WindowState {
        settings: settings.clone(),
        start: *start,
        coverage: seen_through.map(|seen| covered(*start, view.now, feed_start, seen)),
        complete_at: feed_start.map(|first| first + settings.range),
    };
    view.settings.windows.iter().zip(view.starts()).map(state).collect()
}

/// The share of `start..now` that lies after the feed's first record and has been seen.
fn covered(start: EventTime, now: EventTime, feed_start: Option<EventTime>, seen_through: EventTime) -> f64 {
    let from = feed_start.unwrap_or(now).max(start);
    let (seen, whole) = (seen_through.min(now) - from, now - start);
    if whole <= Span(0) { 0.0 } else { (seen.0 as f64 / whole.0 as f64).clamp(0.0, 1.0) }
}

fn topics(view: &View, groups: &[&Group]) -> Vec<TopicSnapshot> {
    let snapshot = |(at, topic): (usize, &crate::engine::EngineTopic)| {
        let states: Vec<&TopicState> = groups.iter().map(|g| &g.topics[at]).collect();
        let mut ledger = Ledger::default();
        states.iter().for_each(|s| ledger.add(&s.ledger));
        let lagging = states.iter().filter(|s| !s.progress.is_some_and(|p| p.at_end));
        let watermark = lagging.filter_map(|s| s.gate.watermark()).min();
        TopicSnapshot {
            name: topic.name.clone(),
            ledger,
            watermark: watermark.or_else(|| states.iter().filter_map(|s| s.gate.watermark()).max()),
            dedup_horizon: states.iter().map(|s| s.gate.dedup_horizon()).min().unwrap_or(topic.allowed_lateness),
        }
    };
    view.settings.topics.iter().enumerate().map(snapshot).collect()
}

fn entries(groups: &[&Group]) -> Vec<(&'static str, usize)> {
    let mut sums: Vec<(&'static str, usize)> = Vec::new();
    for (store, n) in groups.iter().flat_map(|group| group.sizes()) {
        match sums.iter_mut().find(|(s, _)| *s == store) {
            Some(sum) => sum.1 += n,
            None => sums.push((store, n)),
        }
    }
    sums
}

fn evictions(views: &[&View], groups: &[&Group]) -> Vec<(&'static str, u64)> {
    let identities = groups.iter().flat_map(|g| &g.topics).map(|t| t.gate.evictions()).sum();
    let refused = |refusal| views.iter().map(|view| view.cells.refused_facts(refusal)).sum();
    let sum = |of: fn(&Evictions) -> u64| groups.iter().map(|g| of(&g.evictions)).sum();
    vec![
        ("contacts", sum(|e| e.contacts)),
        ("surveys", sum(|e| e.surveys)),
        ("customers", sum(|e| e.customers)),
        ("held", sum(|e| e.held)),
        ("histories", sum(|e| e.histories)),
        ("identities", identities),
        ("cells", refused(Refusal::Total)),
        ("family_cells", refused(Refusal::Family)),
    ]
}

/// How many events named a value beyond the limit, by dimension.
fn overflows(views: &[&View]) -> Vec<(String, u64)> {
    let mut sums: Vec<(String, u64)> = Vec::new();
    for view in views {
        for (at, (name, n)) in view.names.overflows().enumerate() {
            match sums.get_mut(at) {
                Some(sum) => sum.1 += n,
                None => sums.push((name.to_owned(), n)),
            }
        }
    }
    sums
}
