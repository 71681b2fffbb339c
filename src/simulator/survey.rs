//! The surveys about a contact, and the answers.
//!
//! Effort rises with the number of contacts and exchanges. Does not know when a contact is solved: `ticket` and `chat` call it then.

use super::channel::Channel;
use super::contact::{ContactSlot, State};
use super::payload::{Id, PayloadValue};
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
    /// Draws which surveys follow a solved ticket or the end of a chat, and whether the customer leaves.
    pub(super) fn plan_surveys(&mut self, slot: ContactSlot, median_seconds: f64, sigma: f64) {
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

    pub(super) fn take_survey_step(&mut self, slot: ContactSlot, step: SurveyStep) {
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

    fn send_survey(&mut self, slot: ContactSlot, question: Question) {
        let survey = self.new_id('s');
        let contact = &self.contacts[slot];
        let customer = self.customer_value(contact.customer);
        let is_live = contact.channel.is_live();
        let members = [("survey_id", PayloadValue::Id(survey)), ("metric", PayloadValue::Word(question.name())), ("customer_id", customer)];
        self.emit_contact(slot, Kind::Surveys, "survey.sent", &members);
        let (share, median_seconds, sigma) = if is_live { (0.65, 50.0, 1.0) } else { (0.45, 900.0, 1.6) };
        if self.chance.happens(share) {
            let at = self.after(self.now, median_seconds, sigma);
            self.schedule(at, Step::Survey(slot, SurveyStep::Answer(question, Some(survey))));
        }
    }

    fn answer(&mut self, slot: ContactSlot, question: Question, survey: Option<Id>, shift: f64) {
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
        let bound = |value: Option<i64>| value.map_or(PayloadValue::Absent, PayloadValue::Number);
        let members = [
            ("survey_id", survey.map_or(PayloadValue::Absent, PayloadValue::Id)),
            ("metric", PayloadValue::Word(question.name())),
            ("score", PayloadValue::Number(score)),
            ("customer_id", customer),
            ("scale_min", bound(scale.map(|(min, _, _)| min))),
            ("scale_max", bound(scale.map(|(_, max, _)| max))),
            ("direction", scale.map_or(PayloadValue::Absent, |(_, _, direction)| PayloadValue::Word(direction))),
        ];
        self.emit_contact(slot, Kind::Surveys, "survey.responded", &members);
    }
}

/// The nearest whole score on the scale.
fn grade(felt: f64, min: i64, max: i64) -> i64 {
    (felt.round() as i64).clamp(min, max)
}
