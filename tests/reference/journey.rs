//! The customer journey: the stages of every customer in turn, who moved on, who dropped out, and who came back.

use std::collections::BTreeMap;

use super::identity::Life;
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;

/// Everything that happened on the journey, by its instant.
#[derive(Debug, Default)]
pub(crate) struct Journeys {
    entered: Vec<(i64, String)>,
    advanced: Vec<(i64, String)>,
    dropped: Vec<(i64, String)>,
    /// From one stage to another, and how long the customer was in the one, where it is known.
    moves: Vec<(i64, String, String, Option<i64>)>,
    /// The stage of every customer who is in one now.
    now_in: Vec<String>,
}

/// Something that touches a customer: a contact, an answer, or an event of their own.
enum Touch<'e> {
    Contact,
    Own(&'e super::reader::Happening),
}

impl Journeys {
    /// Follows every customer of whom `customers` events tell.
    pub(crate) fn of(past: &Past<'_>) -> Self {
        let mut touches: BTreeMap<&Life, Vec<(i64, Touch<'_>)>> = BTreeMap::new();
        for contact in past.own_contacts() {
            if let (Some(opened), Some(opener)) = (&contact.opened, &contact.opener) {
                touches.entry(opener).or_default().push((opened.at, Touch::Contact));
            }
        }
        for metric in ["csat", "nps", "ces"] {
            for answer in past.answers(metric) {
                if let Some(customer) = &answer.customer {
                    touches.entry(customer).or_default().push((answer.at, Touch::Contact));
                }
            }
        }
        let mut out = Self::default();
        for (life, places) in &past.world.customers {
            let mut touches = touches.remove(life).unwrap_or_default();
            touches.extend(places.iter().map(|&place| &past.world.events[place]).map(|event| (event.time, Touch::Own(event))));
            // Stable: what others did comes before what the customer did at the same instant.
            touches.sort_by_key(|(at, _)| *at);
            Walk { past, out: &mut out, stage: None, entered: None, stay: 0, last: (0, false), left: None, is_first: true }.follow(touches);
        }
        out
    }

    /// The customers in each stage now.
    pub(crate) fn state(&self, sheet: &mut Sheet<'_>) {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for stage in &self.now_in {
            *counts.entry(stage).or_default() += 1;
        }
        for (stage, n) in counts {
            sheet.put("cx_journey_customers", &[("journey_stage", stage)], Value::Count(n));
        }
    }

    /// What happened in the window.
    pub(crate) fn windowed(&self, past: &Past<'_>, sheet: &mut Sheet<'_>) {
        let overall = sheet.groups_of::<()>(&[], &[]).remove(0);
        let count = |sheet: &Sheet<'_>, of: &[(i64, String)], stage: &str| {
            of.iter().filter(|(at, s)| s == stage && sheet.holds(*at)).count() as i64
        };
        let mut seen: Vec<&str> = self.entered.iter().map(|(_, stage)| stage.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        for stage in seen {
            let n = count(sheet, &self.entered, stage);
            sheet.put("cx_journey_entered", &[("journey_stage", stage)], Value::Count(n));
        }
        for stage in &past.world.setup.journey.stages {
            let labels = [("journey_stage", stage.name.as_str())];
            let (advanced, dropped) = (count(sheet, &self.advanced, &stage.name), count(sheet, &self.dropped, &stage.name));
            sheet.put("cx_journey_advanced", &labels, Value::Count(advanced));
            sheet.put("cx_journey_dropped", &labels, Value::Count(dropped));
            sheet.proportion(&overall, "cx_journey_conversion_ratio", &labels, advanced, advanced + dropped);
            sheet.proportion(&overall, "cx_journey_dropoff_ratio", &labels, dropped, advanced + dropped);
        }
        let mut moves: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut stays: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for (at, from, to, stay) in &self.moves {
            let inside = i64::from(sheet.holds(*at));
            *moves.entry((from, to)).or_default() += inside;
            let sum = stays.entry(from).or_default();
            *sum = (sum.0 + inside * i64::from(stay.is_some()), sum.1 + inside * stay.unwrap_or(0));
        }
        for ((from, to), n) in &moves {
            let exits: i64 = moves.iter().filter(|((other, _), _)| other == from).map(|(_, n)| n).sum();
            let share = if exits > 0 { Value::Real(*n as f64 / exits as f64) } else { Value::Absent };
            sheet.put("cx_journey_transitions", &[("from", from), ("to", to)], Value::Count(*n));
            sheet.put("cx_journey_transition_ratio", &[("from", from), ("to", to)], share);
        }
        for (stage, (n, sum)) in stays {
            sheet.put("cx_journey_stage_seconds_count", &[("journey_stage", stage)], Value::Count(n));
            sheet.put("cx_journey_stage_seconds_sum", &[("journey_stage", stage)], Value::Millis(sum));
        }
    }
}

/// One customer on their way.
struct Walk<'w, 'a> {
    past: &'w Past<'a>,
    out: &'w mut Journeys,
    stage: Option<String>,
    /// When they came into it, if that is known.
    entered: Option<i64>,
    /// How many stages they have been in.
    stay: usize,
    /// The latest touchpoint of any kind, and whether it was given up.
    last: (i64, bool),
    /// Cancelled, and not back since: when they dropped out, of which stage, in which stay.
    left: Option<(i64, Option<String>, usize)>,
    is_first: bool,
}

impl Walk<'_, '_> {
    fn follow(mut self, touches: Vec<(i64, Touch<'_>)>) {
        for (at, touch) in touches {
            match touch {
                Touch::Contact => self.last = (at, false),
                Touch::Own(event) => self.take(at, event),
            }
        }
        self.end();
    }

    fn take(&mut self, at: i64, event: &super::reader::Happening) {
        let what = event.what.as_str();
        if let Some(stage) = event.text("journey_stage").filter(|stage| self.stage.as_deref() != Some(*stage)) {
            self.enter(at, stage, self.is_first && what == "customer.active");
            self.last = (at, false);
        }
        self.is_first = false;
        match what {
            "customer.touchpoint" => self.last = (at, event.text("outcome") == Some("abandoned")),
            // Who had dropped out before they cancelled dropped then.
            "customer.cancelled" if self.left.is_none() => {
                let out_since = self.dropped_at().filter(|dropped| *dropped <= at);
                self.left = Some((out_since.unwrap_or(at), self.stage.clone(), self.stay));
            }
            "customer.cancelled" => {}
            _ => {
                self.last = (at, false);
                if let Some((_, Some(from), stay)) = self.left.take()
                    && stay != self.stay
                    && self.is_later(&from)
                {
                    self.out.advanced.push((at, from));
                }
            }
        }
    }

    fn enter(&mut self, at: i64, stage: &str, is_loaded: bool) {
        let before = self.stage.replace(stage.to_owned());
        let (since, stay) = (self.entered.take(), self.stay);
        self.entered = (!is_loaded).then_some(at);
        self.stay += 1;
        if !is_loaded {
            self.out.entered.push((at, stage.to_owned()));
        }
        let Some(from) = before else { return };
        let has_left = self.left.as_ref().is_some_and(|(_, _, left_in)| *left_in == stay);
        if self.is_later(&from) && !has_left {
            self.out.advanced.push((at, from.clone()));
        }
        self.out.moves.push((at, from, stage.to_owned(), since.map(|since| at - since)));
    }

    /// Whether the stage is a later one of those configured.
    fn is_later(&self, than: &str) -> bool {
        let place = |name: &str| self.past.world.setup.journey.stages.iter().position(|stage| stage.name == name);
        place(than).zip(self.stage.as_deref().and_then(place)).is_some_and(|(from, to)| from < to)
    }

    /// When the customer dropped out of the stage, or will if nothing touches them any more; who cancelled in it has left it.
    fn dropped_at(&self) -> Option<i64> {
        let stages = &self.past.world.setup.journey.stages;
        let stage = stages.iter().find(|stage| Some(&stage.name) == self.stage.as_ref())?;
        let has_left = self.left.as_ref().is_some_and(|(_, _, left_in)| *left_in == self.stay);
        (!has_left).then_some(if self.last.1 { self.last.0 } else { self.last.0 + stage.idle_timeout.0 })
    }

    fn end(self) {
        let dropped = self.dropped_at().filter(|at| *at <= self.past.now);
        let stages = &self.past.world.setup.journey.stages;
        let has_left = self.left.as_ref().is_some_and(|(_, _, left_in)| *left_in == self.stay);
        if let Some((at, Some(stage), _)) = self.left.filter(|(_, stage, _)| stages.iter().any(|s| Some(&s.name) == stage.as_ref())) {
            self.out.dropped.push((at, stage));
        }
        let Some(stage) = self.stage else { return };
        match dropped {
            Some(at) => self.out.dropped.push((at, stage)),
            None if !has_left => self.out.now_in.push(stage),
            None => {}
        }
    }
}
