//! What a changed configuration changes: what a running service can take, what another service in its place can take, and what needs a restart, each by
//! its keys.
//!
//! A running service takes what neither shapes a state nor was laid out at the start: the filter of the log, the limits of entries, the targets with the rules
//! of schedules, the weights of the values shown, and the marked changes. Changed dimensions, such as a renamed team, are taken by another
//! service in its place. Does not know how a part takes a new setting.

use std::fmt::Debug;

use crate::checkpoint::{StateSettings, StateVersions};
use crate::config::{Configuration, Loaded};
use crate::engine::{EngineSettings, STATE_LAYOUT_VERSION, STATE_MEANING_VERSION};

/// What differs between a configuration in force and a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangedSettings {
    /// The keys that a running service can take.
    pub(super) taken: Vec<String>,
    /// The keys that another service in the place of the running one can take.
    pub(super) succeeding: Vec<String>,
    /// The keys that need a restart.
    pub(super) waiting: Vec<String>,
    /// Whether a start with the new configuration counts the state anew.
    pub(super) counts_anew: bool,
}

/// A part of the configuration that a running service takes as a whole, or not at all.
struct Part {
    /// Its name where none of its keys differs: then a file that it names does.
    name: &'static str,
    is_changed: bool,
    taking: Taking,
    /// Whether a key belongs to it.
    owns: fn(&str) -> bool,
}

/// How a running service takes a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    /// As it is.
    AtOnce,
    /// By another service in its place, in the same process.
    BySuccession,
    /// Not at all: a restart is needed.
    ByRestart,
}

impl ChangedSettings {
    /// What differs.
    pub(super) fn between(before: &Loaded, after: &Loaded) -> Self {
        let (old, new) = (&before.configuration, &after.configuration);
        let written = before.written.differences(&after.written);
        let state: Vec<String> =
            state_settings(new).differences_from(&state_settings(old)).into_iter().map(|difference| difference.key).collect();
        let mut changed = Self { counts_anew: !state.is_empty(), ..Self::default() };
        for part in parts(old, new, &state).into_iter().filter(|part| part.is_changed) {
            let list = match part.taking {
                Taking::AtOnce => &mut changed.taken,
                Taking::BySuccession => &mut changed.succeeding,
                Taking::ByRestart => &mut changed.waiting,
            };
            let length = list.len();
            for key in written.iter().filter(|key| (part.owns)(key)) {
                if !list.contains(key) {
                    list.push(key.clone());
                }
            }
            let is_named = list.len() > length || written.iter().any(|key| (part.owns)(key));
            if !is_named {
                list.push(format!("{} (a file that it names)", part.name));
            }
        }
        [&mut changed.taken, &mut changed.succeeding, &mut changed.waiting].into_iter().for_each(|keys| keys.sort_unstable());
        // A part that is not known here must never be taken in silence.
        let is_known = !changed.waiting.is_empty() || state.iter().all(|key| key.starts_with("dimensions"));
        assert!(is_known, "what shapes a state needs a recount or a restart: {state:?}");
        changed
    }
}

/// The settings that decide whether a checkpoint is used at a start.
fn state_settings(configuration: &Configuration) -> StateSettings {
    let versions = StateVersions { layout: STATE_LAYOUT_VERSION, meaning: STATE_MEANING_VERSION };
    StateSettings::new(versions, &configuration.decode, &configuration.topics, &configuration.engine)
}

/// The parts of two configurations; `state` has the keys of the state's settings that differ. The `Debug` text of a configuration shows no secret, so secrets
/// are compared apart.
fn parts(a: &Configuration, b: &Configuration, state: &[String]) -> Vec<Part> {
    let of_state = |start: &str| state.iter().any(|key| key.starts_with(start));
    let cells = |of: &Configuration| (of.engine.limits.cells_max, of.engine.limits.cells_per_family_max);
    let waits = |name, is_changed, owns| Part { name, is_changed, taking: Taking::ByRestart, owns };
    let succeeds = |name, is_changed, owns| Part { name, is_changed, taking: Taking::BySuccession, owns };
    let takes = |name, is_changed, owns| Part { name, is_changed, taking: Taking::AtOnce, owns };
    let mut decode = b.decode.clone();
    decode.dimensions.clone_from(&a.decode.dimensions);
    vec![
        waits("[kafka]", differ(&a.kafka, &b.kafka) || a.kafka.properties != b.kafka.properties, |key| key.starts_with("kafka")),
        waits("[[topics]]", differ(&a.topics, &b.topics), |key| key.starts_with("topics")),
        waits("[privacy]", a.decode.identity_key != b.decode.identity_key, |key| key.starts_with("privacy")),
        succeeds("[dimensions]", differ(&a.decode.dimensions, &b.decode.dimensions), |key| key.starts_with("dimensions")),
        waits("[surveys]", differ(&a.decode, &decode) || a.engine.csat_satisfied_from != b.engine.csat_satisfied_from, |key| {
            key.starts_with("surveys.")
        }),
        waits("[histograms]", differ(&a.engine.duration_bounds, &b.engine.duration_bounds), sets_a_bound),
        waits("[schedules]", of_state("schedules."), |key| key.starts_with("schedules.")),
        waits("[targets]", of_state("targets."), |key| key == "targets.due_within"),
        waits("[limits]", cells(a) != cells(b), |key| key.starts_with("limits.cells")),
        waits("the settings of windows and values", layout_of(&a.engine) != layout_of(&b.engine), is_of_layout),
        waits("[run]", differ(&a.run, &b.run), |key| key.starts_with("run.")),
        waits("[checkpoint]", differ(&a.checkpoint, &b.checkpoint), |key| key.starts_with("checkpoint.")),
        waits("[dead_letters]", differ(&a.dead_letters, &b.dead_letters), |key| key.starts_with("dead_letters.")),
        waits("[web]", differ(&a.web, &b.web), |key| key.starts_with("web.") || key == "privacy.min_group_size"),
        waits("[log]", a.log.json != b.log.json, |key| key == "log.json"),
        waits("[histograms]", differ(&a.export, &b.export), |key| key.starts_with("histograms.")),
        takes("[log]", a.log.filter != b.log.filter, |key| key == "log.filter"),
        takes("[limits]", differ(&a.engine.limits, &b.engine.limits), |key| key.starts_with("limits.")),
        takes("[targets]", differ(&a.engine.targets, &b.engine.targets), |key| key.starts_with("targets.") || key.starts_with("schedule")),
        takes("[health]", a.engine.health_weights != b.engine.health_weights, |key| key.starts_with("health.")),
        takes("[[changes]]", a.changes != b.changes, |key| key.starts_with("changes")),
        takes("[journey]", differ(&a.engine.journey, &b.engine.journey), |key| key.starts_with("journey.")),
    ]
}

/// Whether a key may set a bound of a histogram: the time of a target is one, so that the histogram shows the share that met the target.
fn sets_a_bound(key: &str) -> bool {
    let of_target =
        |target: &str| key.strip_prefix("targets.").and_then(|key| key.strip_prefix(target)).is_some_and(|rest| rest.starts_with('.'));
    let is_time = key.ends_with(".within") || key.ends_with(".overrides");
    let targets = ["first_response", "next_response", "resolution", "chat_wait"];
    key.starts_with("histograms.") || is_time && targets.into_iter().any(of_target)
}

/// Whether a key belongs to the settings of the engine that have no section of their own above.
fn is_of_layout(key: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "kafka",
        "topics",
        "privacy",
        "targets",
        "schedules",
        "schedule_rules",
        "limits",
        "run",
        "checkpoint",
        "dead_letters",
        "web",
        "log",
        "health",
        "changes",
    ];
    let section = key.split('.').next().unwrap_or_default();
    !OTHERS.contains(&section) && !key.starts_with("journey.pain_weights")
}

/// The settings of the engine after which windows, panes and lives are laid out, as text. Leaves out those that are compared by themselves, and those
/// that only the values shown depend on.
fn layout_of(settings: &EngineSettings) -> String {
    let mut settings = settings.clone();
    (settings.targets, settings.limits, settings.health_weights) = Default::default();
    settings.journey.pain_weights = Default::default();
    settings.journey.stages.iter_mut().for_each(|stage| stage.dwell_target = None);
    settings.topics.clear();
    settings.changes.clear();
    settings.dimensions.clear();
    settings.csat_satisfied_from.clear();
    let bounds = &mut settings.duration_bounds;
    [&mut bounds.response, &mut bounds.resolution, &mut bounds.chat].into_iter().for_each(Vec::clear);
    format!("{settings:?}")
}

/// Whether two settings differ by their text, which shows no secret.
pub(super) fn differ<T: Debug>(a: &T, b: &T) -> bool {
    format!("{a:?}") != format!("{b:?}")
}
