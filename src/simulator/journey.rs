//! The customer journey: new customers, touchpoints, the relationship survey, customers who leave and customers who come back.
//!
//! Does not know tickets or chats, but only the mood that they leave a customer in.

use super::customers::{CustomerIndex, Relationship, SEGMENTS, STAGES};
use super::payload::{Id, PayloadValue};
use super::{Organisation, Step, Volume};
use crate::event::Kind;
use crate::time::Span;

const TRIAL: u8 = 1;
const ONBOARDING: u8 = 2;
const USE: u8 = 3;
const RENEWAL: u8 = 4;

/// A step of a customer.
#[derive(Clone, Copy, Debug)]
pub(super) enum CustomerStep {
    /// The customer was active before the first event.
    WasActive,
    /// The customer has a touchpoint in this stage, and may go on to the next one.
    Touch(u8),
    /// A person becomes a customer, or comes back.
    Subscribe,
    /// The customer leaves.
    Cancel,
    /// The desk merges a second record of the customer into the first.
    MergeRecords,
    /// The customer's data must be erased.
    Erase,
    /// The relationship survey is sent to the customer.
    AskNps,
    /// The customer answers the relationship survey.
    AnswerNps(Id),
}

impl Organisation {
    /// Draws the events of one minute that no contact causes, in proportion to the organisation's size.
    pub(super) fn draw_customers(&mut self) {
        const MINUTE: Span = Span::minutes(1);
        let per_minute = match self.arrivals.volume() {
            Volume::ContactsPerHour(contacts) => contacts / 60.0 * self.calendar.demand(self.now),
            Volume::EventsPerSecond(events) => events * 60.0 / super::Profile::EVENTS_PER_CONTACT,
        };
        let wave = if self.calendar.is_survey_wave(self.now) { 0.9 } else { 0.04 };
        for _ in 0..self.count_of(per_minute * wave) {
            if let Some(customer) = self.customers.pick_any(&mut self.chance) {
                self.schedule_within(MINUTE, Step::Customer(customer, CustomerStep::AskNps));
            }
        }
        for _ in 0..self.count_of(per_minute * 0.35) {
            if let Some(customer) = self.customers.pick_any(&mut self.chance) {
                let stage = self.customers[customer].stage;
                self.schedule_within(MINUTE, Step::Customer(customer, CustomerStep::Touch(stage)));
            }
        }
        for _ in 0..self.count_of(per_minute * 0.02) {
            let newcomer = self.customers.add(0, Relationship::Prospect, &mut self.chance);
            self.schedule_within(MINUTE, Step::Customer(newcomer, CustomerStep::Touch(0)));
        }
        for _ in 0..self.count_of(per_minute * 0.003) {
            if let Some(customer) = self.customers.pick_any(&mut self.chance) {
                self.plan_leaving(customer);
            }
        }
        self.schedule(self.now + MINUTE, Step::DrawCustomers);
    }

    /// Schedules that a customer leaves, most often within hours.
    pub(super) fn plan_leaving(&mut self, customer: CustomerIndex) {
        let at = self.after(self.now, 3_600.0, 1.5);
        self.schedule(at, Step::Customer(customer, CustomerStep::Cancel));
    }

    pub(super) fn take_customer_step(&mut self, customer: CustomerIndex, step: CustomerStep) {
        match step {
            CustomerStep::WasActive => self.emit_dimensions(customer, "customer.active"),
            CustomerStep::Touch(stage) => self.touch(customer, stage),
            CustomerStep::Subscribe => {
                let person = &mut self.customers[customer];
                person.relationship = Relationship::Active;
                person.stage = ONBOARDING;
                person.mood = person.mood.max(3.7);
                self.emit_dimensions(customer, "customer.subscribed");
            }
            CustomerStep::Cancel => self.cancel(customer),
            CustomerStep::MergeRecords => self.merge_records(customer),
            CustomerStep::Erase => self.emit_customer(customer, "customer.erased", &[]),
            CustomerStep::AskNps => self.send_nps(customer),
            CustomerStep::AnswerNps(survey) => self.answer_nps(customer, survey),
        }
    }

    fn cancel(&mut self, customer: CustomerIndex) {
        if self.customers[customer].relationship != Relationship::Active {
            return;
        }
        self.customers[customer].relationship = Relationship::Gone;
        let reason = if self.customers[customer].mood < 3.4 { "service" } else { ["price", "moved", "unused"][self.chance.below(3)] };
        self.emit_customer(customer, "customer.cancelled", &[("reason", PayloadValue::Word(reason))]);
        match self.chance.weighted(&[0.15, 0.12, 0.73]) {
            0 => {
                let at = self.after(self.now, 86_400.0, 1.0);
                self.schedule(at, Step::Customer(customer, CustomerStep::Subscribe));
            }
            1 => {
                let at = self.after(self.now, 2.0 * 86_400.0, 1.0);
                self.schedule(at, Step::Customer(customer, CustomerStep::Erase));
            }
            _ => {}
        }
    }

    fn touch(&mut self, customer: CustomerIndex, stage: u8) {
        if self.customers[customer].relationship == Relationship::Gone {
            return;
        }
        let outcome = self.chance.weighted(&[0.82, 0.12, 0.06]);
        let channel = ["web", "app", "email", "store"][self.chance.weighted(&[0.5, 0.3, 0.15, 0.05])];
        let members = [
            ("journey_stage", PayloadValue::Word(STAGES[usize::from(stage)])),
            ("channel", PayloadValue::Word(channel)),
            ("outcome", PayloadValue::Word(["completed", "abandoned", "failed"][outcome])),
            ("value", self.renewed_revenue(customer, stage == RENEWAL && outcome == 0)),
        ];
        self.customers[customer].stage = stage;
        self.emit_customer(customer, "customer.touchpoint", &members);
        if outcome != 0 {
            return;
        }
        let (share, median_seconds, next) = match stage {
            0 => (0.75, 7_200.0, CustomerStep::Touch(TRIAL)),
            TRIAL => (0.7, 90_000.0, CustomerStep::Subscribe),
            ONBOARDING => (0.5, 40_000.0, CustomerStep::Touch(USE)),
            USE => (0.04, 80_000.0, CustomerStep::Touch(RENEWAL)),
            _ => (0.5, 80_000.0, CustomerStep::Touch(USE)),
        };
        if self.chance.happens(share) {
            let at = self.after(self.now, median_seconds, 0.9);
            self.schedule(at, Step::Customer(customer, next));
        }
    }

    fn send_nps(&mut self, customer: CustomerIndex) {
        let survey = self.new_id('s');
        let person = self.customers[customer].id;
        let members =
            [("survey_id", PayloadValue::Id(survey)), ("metric", PayloadValue::Word("nps")), ("customer_id", PayloadValue::Id(person))];
        self.emit(Kind::Surveys, "survey.sent", person, &members);
        if self.chance.happens(0.35) {
            let at = self.after(self.now, 1_200.0, 1.5);
            self.schedule(at, Step::Customer(customer, CustomerStep::AnswerNps(survey)));
        }
    }

    fn answer_nps(&mut self, customer: CustomerIndex, survey: Id) {
        let person = &self.customers[customer];
        let felt = 2.1 * f64::from(person.mood) + 0.1;
        let (id, segment) = (person.id, usize::from(person.segment));
        let score = (felt + 1.5 * self.chance.normal()).round().clamp(0.0, 10.0) as i64;
        let members = [
            ("survey_id", PayloadValue::Id(survey)),
            ("metric", PayloadValue::Word("nps")),
            ("score", PayloadValue::Number(score)),
            ("customer_id", PayloadValue::Id(id)),
            ("scope", PayloadValue::Word("experience")),
            ("segment", PayloadValue::Word(SEGMENTS[segment].0)),
        ];
        self.emit(Kind::Surveys, "survey.responded", id, &members);
    }

    fn emit_dimensions(&mut self, customer: CustomerIndex, name: &'static str) {
        let person = &self.customers[customer];
        let members = [
            ("segment", PayloadValue::Word(SEGMENTS[usize::from(person.segment)].0)),
            ("journey_stage", PayloadValue::Word(STAGES[usize::from(person.stage)])),
            ("value", PayloadValue::Tenths(person.revenue_tenths)),
        ];
        self.emit_customer(customer, name, &members);
    }

    /// The revenue of a customer who renews, and then pays a twentieth more.
    fn renewed_revenue(&mut self, customer: CustomerIndex, renews: bool) -> PayloadValue<'static> {
        if !renews {
            return PayloadValue::Absent;
        }
        let person = &mut self.customers[customer];
        person.revenue_tenths += person.revenue_tenths / 20;
        PayloadValue::Tenths(person.revenue_tenths)
    }

    pub(super) fn emit_customer(&mut self, customer: CustomerIndex, name: &'static str, members: &[(&str, PayloadValue<'_>)]) {
        let id = self.customers[customer].id;
        let mut all: smallvec::SmallVec<[(&str, PayloadValue<'_>); 5]> = smallvec::smallvec![("customer_id", PayloadValue::Id(id))];
        all.extend_from_slice(members);
        self.emit(Kind::Customers, name, id, &all);
    }

    /// Draws a Poisson-distributed number with this mean.
    fn count_of(&mut self, mean: f64) -> u64 {
        let mut count = 0;
        let mut left = mean - self.chance.exponential(1.0);
        while left > 0.0 {
            count += 1;
            left -= self.chance.exponential(1.0);
        }
        count
    }

    fn schedule_within(&mut self, span: Span, step: Step) {
        let at = self.now + Span(self.chance.between(0.0, span.0 as f64) as i64);
        self.schedule(at, step);
    }
}
