//! The satisfaction of customers with a contact, the surveys about it, and the answers.
//!
//! Satisfaction falls with the first response time relative to the wait that customers expect on the channel. Effort rises with the number of
//! contacts and exchanges. Does not know when a contact is solved: `ticket` and `chat` call it then.

use super::channel::Channel;
use super::contact::{Slot, State};
use super::payload::{Id, MemberValue};
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::Span;

/// The metric that a survey about a contact asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Csat,
    Nps,
    Ces,
}

/// A step of a survey about a contact.
#[derive(Clone, Copy, Debug)]
pub(super) enum SurveyStep {
    /// The survey is sent.
    Send(Question),
    /// The customer answers. `None` is an answer in the chat window, without a survey.
    Answer(Question, Option<Id>),
    /// The customer answers the same survey again, with another score.
    AnswerAgain(Question, Id),
}

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Ces => "ces",
        }
    }
}

impl Organisation {
    /// The expected satisfaction with a contact, on the scale from 1 to 5.
    pub(super) fn satisfaction(&self, slot: Slot) -> f64 {
        let contact = &self.contacts[slot];
        let expected = contact.channel.expected_wait_seconds();
        let waited = contact.first_response_seconds.unwrap_or(expected);
        let slowness = (waited / expected).ln().clamp(-1.5, 3.5);
        let trouble = if contact.in_incident { 0.6 } else { 0.0 };
        4.15 - trouble - 0.5 * slowness - 0.3 * f64::from(contact.transfers) - 0.5 * f64::from(contact.reopens)
    }

    /// Lowers the mood of a customer who gave up, as a long wait does. No survey follows.
    pub(super) fn note_abandoned(&mut self, slot: Slot) {
        self.settle_mood(slot, 2.2);
    }

    /// Draws which surveys follow a solved ticket or the end of a chat, and whether the customer leaves.
    pub(super) fn plan_surveys(&mut self, slot: Slot, median_seconds: f64, sigma: f64) {
        let felt = self.satisfaction(slot);
        self.settle_mood(slot, felt);
        if self.contacts[slot].reopens > 0 || self.chance.happens(0.3) {
            return;
        }
        for (question, share) in [(Question::Csat, 0.95), (Question::Ces, 0.6), (Question::Nps, 0.4)] {
            if self.chance.happens(share) {
                let at = self.after(self.now, median_seconds, sigma);
                self.schedule(at, Step::Survey(slot, SurveyStep::Send(question)));
            }
        }
        if self.contacts[slot].channel == Channel::Chat && self.chance.happens(0.08) {
            self.schedule(self.now + Span::seconds(4), Step::Survey(slot, SurveyStep::Answer(Question::Csat, None)));
        }
    }

    pub(super) fn take_survey_step(&mut self, slot: Slot, step: SurveyStep) {
        if self.contacts[slot].state == State::Withdrawn {
            return;
        }
        match step {
            SurveyStep::Send(question) => self.send_survey(slot, question),
            SurveyStep::Answer(question, survey) => {
                self.answer(slot, question, survey, 0.0);
                if let (Some(survey), true) = (survey, self.chance.happens(0.03)) {
                    let at = self.after(self.now, 240.0, 1.0);
                    self.schedule(at, Step::Survey(slot, SurveyStep::AnswerAgain(question, survey)));
                }
            }
            SurveyStep::AnswerAgain(question, survey) => self.answer(slot, question, Some(survey), -0.4),
        }
    }

    fn send_survey(&mut self, slot: Slot, question: Question) {
        let survey = self.new_id('s');
        let contact = &self.contacts[slot];
        let customer = self.customer_value(contact.customer);
        let is_live = contact.channel.is_live();
        let members = [("survey_id", MemberValue::Id(survey)), ("metric", MemberValue::Word(question.name())), ("customer_id", customer)];
        self.emit_contact(slot, Kind::Surveys, "survey.sent", &members);
        let (share, median_seconds, sigma) = if is_live { (0.65, 50.0, 1.0) } else { (0.45, 900.0, 1.6) };
        if self.chance.happens(share) {
            let at = self.after(self.now, median_seconds, sigma);
            self.schedule(at, Step::Survey(slot, SurveyStep::Answer(question, Some(survey))));
        }
    }

    fn answer(&mut self, slot: Slot, question: Question, survey: Option<Id>, shift: f64) {
        let contact = &self.contacts[slot];
        let is_call = contact.channel == Channel::Phone;
        let customer = self.customer_value(contact.customer);
        let felt = self.satisfaction(slot) + shift;
        let recent = contact.customer.map_or(1, |customer| self.customers[customer].recent_contacts);
        let trouble =
            f64::from(recent.clamp(1, 8) - 1) * 0.35 + f64::from(contact.rounds_done.min(6)) * 0.15 + f64::from(contact.transfers);
        let noise = self.chance.normal();
        let (score, scale) = match question {
            Question::Csat => (grade(felt + 0.85 * noise, 1, 5), None),
            Question::Nps => (grade(2.2 * felt - 0.7 + 1.7 * noise, 0, 10), None),
            // The survey about a call asks for the effort on a scale of five. A written one asks for the ease on the usual scale of seven.
            Question::Ces if is_call => (grade(1.3 + 0.5 * (trouble + (4.2 - felt)) + 0.8 * noise, 1, 5), Some((1, 5, "effort"))),
            Question::Ces => (grade(6.3 - 0.8 * (trouble + (4.2 - felt)) + noise, 1, 7), Some((1, 7, "ease"))),
        };
        let bound = |value: Option<i64>| value.map_or(MemberValue::Absent, MemberValue::Number);
        let members = [
            ("survey_id", survey.map_or(MemberValue::Absent, MemberValue::Id)),
            ("metric", MemberValue::Word(question.name())),
            ("score", MemberValue::Number(score)),
            ("customer_id", customer),
            ("scale_min", bound(scale.map(|(min, _, _)| min))),
            ("scale_max", bound(scale.map(|(_, max, _)| max))),
            ("direction", scale.map_or(MemberValue::Absent, |(_, _, direction)| MemberValue::Word(direction))),
        ];
        self.emit_contact(slot, Kind::Surveys, "survey.responded", &members);
    }

    /// Moves the customer's mood towards the satisfaction with a contact, and draws from the mood whether the customer leaves.
    fn settle_mood(&mut self, slot: Slot, felt: f64) {
        let Some(customer) = self.contacts[slot].customer else { return };
        let person = &mut self.customers[customer];
        person.mood = (f64::from(person.mood) * 0.8 + felt * 0.2).clamp(1.0, 5.0) as f32;
        let leaves = 0.003 * (1.6 * (4.0 - f64::from(person.mood))).exp();
        if self.chance.happens(leaves.min(0.2)) {
            self.plan_leaving(customer);
        }
    }
}

/// The nearest whole score on the scale.
fn grade(felt: f64, min: i64, max: i64) -> i64 {
    (felt.round() as i64).clamp(min, max)
}
