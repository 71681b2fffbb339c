//! The surveys about a contact, and the answers.
//!
//! Effort rises with the number of contacts and exchanges. Does not know when a contact is solved: `ticket` and `chat` call it then.

use super::channel::Channel;
use super::contact::{Asking, ContactSlot, State};
use super::payload::{Id, PayloadValue};
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::Span;

/// The share of contacts whose customer is asked at all: desks ask nobody twice in a few days.
const ASKED: f64 = 0.7;
/// The surveys about a contact, each with the share of the asked customers who get it.
const QUESTIONS: [(Question, f64); 3] = [(Question::Csat, 0.95), (Question::Ces, 0.6), (Question::Nps, 0.4)];
/// The share of chats with stars in the chat window, which belong to no survey.
const RATED_IN_WINDOW: f64 = 0.08;
/// The share of solved tickets whose closing mail is rated by a click on a smiley, which belongs to no survey.
const RATED_IN_MAIL: f64 = 0.03;
/// The share of survey answers that name only the survey: what the form's own link contains is all that the survey tool has.
const NAMES_SURVEY_ONLY: f64 = 0.3;
/// The share of answers that arrive twice: a second click on the button, or a second delivery with a new event id.
const SENT_TWICE: f64 = 0.02;
/// The share of answers that the customer changes afterwards.
const CHANGED: f64 = 0.03;
/// The share of callers who answer both questions of the telephone survey. Its score is their mean, so half of these are no whole number.
const BOTH_QUESTIONS: f64 = 0.2;

/// The metric that a survey about a contact asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Csat,
    Nps,
    Ces,
}

/// An answer to a survey, or without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    question: Question,
    survey: Option<Id>,
    /// Whether it names the contact and the customer, and not the survey alone.
    names_contact: bool,
}

/// A step of a survey about a contact.
#[derive(Clone, Copy, Debug)]
pub(super) enum SurveyStep {
    /// The survey is sent.
    Send(Question),
    /// The customer answers.
    Answer(Answer),
    /// The customer answers the same survey again, with another score.
    AnswerAgain(Answer),
    /// The same answer arrives again. Its score is in tenths.
    Repeat(Answer, i64),
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
        let asking = self.contacts[slot].asking;
        if asking == Asking::ByTheOther {
            return;
        }
        let felt = self.satisfaction(slot);
        self.settle_mood(slot, felt);
        self.contacts[slot].asking = Asking::Done;
        if asking == Asking::Done || !self.chance.happens(ASKED) {
            return;
        }
        for (question, share) in QUESTIONS {
            if self.chance.happens(share) {
                let at = self.after(self.now, median_seconds, sigma);
                self.schedule(at, Step::Survey(slot, SurveyStep::Send(question)));
            }
        }
        let (is_chat, is_ticket) = (self.contacts[slot].channel == Channel::Chat, self.contacts[slot].is_ticket);
        let outside = Answer { question: Question::Csat, survey: None, names_contact: true };
        if is_ticket && self.chance.happens(RATED_IN_MAIL) {
            let at = self.after(self.now, 1_800.0, 1.0);
            self.schedule(at, Step::Survey(slot, SurveyStep::Answer(outside)));
        } else if is_chat && !is_ticket && self.chance.happens(RATED_IN_WINDOW) {
            self.schedule(self.now + Span::seconds(4), Step::Survey(slot, SurveyStep::Answer(outside)));
        }
    }

    pub(super) fn take_survey_step(&mut self, slot: ContactSlot, step: SurveyStep) {
        if self.contacts[slot].state == State::Withdrawn {
            return;
        }
        match step {
            SurveyStep::Send(question) => self.send_survey(slot, question),
            SurveyStep::Answer(answer) => {
                let score = self.answer(slot, answer, 0.0);
                if answer.survey.is_some() && self.chance.happens(CHANGED) {
                    let at = self.after(self.now, 240.0, 1.0);
                    self.schedule(at, Step::Survey(slot, SurveyStep::AnswerAgain(answer)));
                } else if self.chance.happens(SENT_TWICE) {
                    let at = self.after(self.now, 6.0, 1.0);
                    self.schedule(at, Step::Survey(slot, SurveyStep::Repeat(answer, score)));
                }
            }
            SurveyStep::AnswerAgain(answer) => {
                self.answer(slot, answer, -0.4);
            }
            SurveyStep::Repeat(answer, score) => self.emit_answer(slot, answer, score),
        }
    }

    fn send_survey(&mut self, slot: ContactSlot, question: Question) {
        let survey = self.new_id('s');
        let contact = &self.contacts[slot];
        // The survey tool writes an empty text where it does not know the customer.
        let customer = contact.customer_id.map_or(PayloadValue::Word(""), PayloadValue::Id);
        let is_live = contact.channel.is_live();
        let members = [("survey_id", PayloadValue::Id(survey)), ("metric", PayloadValue::Word(question.name())), ("customer_id", customer)];
        self.emit_contact(slot, Kind::Surveys, "survey.sent", &members);
        let (share, median_seconds, sigma) = if is_live { (0.65, 50.0, 1.0) } else { (0.45, 900.0, 1.6) };
        if self.chance.happens(share) {
            let at = self.after(self.now, median_seconds, sigma);
            let names_contact = !self.chance.happens(NAMES_SURVEY_ONLY);
            let answer = Answer { question, survey: Some(survey), names_contact };
            self.schedule(at, Step::Survey(slot, SurveyStep::Answer(answer)));
        }
    }

    /// The customer answers. Returns the score in tenths. `shift` is added to the satisfaction.
    fn answer(&mut self, slot: ContactSlot, answer: Answer, shift: f64) -> i64 {
        let contact = &self.contacts[slot];
        let is_call = contact.channel == Channel::Phone;
        let felt = self.satisfaction(slot) + shift;
        let recent = contact.customer.map_or(1, |customer| self.customers[customer].recent_contacts);
        let trouble =
            f64::from(recent.clamp(1, 8) - 1) * 0.35 + f64::from(contact.rounds_done.min(6)) * 0.15 + f64::from(contact.transfers);
        let noise = self.chance.normal();
        let score = match answer.question {
            Question::Csat if is_call && self.chance.happens(BOTH_QUESTIONS) => {
                let other = self.chance.normal();
                (grade(felt + 0.85 * noise, 1, 5) + grade(felt + 0.85 * other, 1, 5)) * 5
            }
            Question::Csat => grade(felt + 0.85 * noise, 1, 5) * 10,
            Question::Nps => grade(2.2 * felt - 0.7 + 1.7 * noise, 0, 10) * 10,
            Question::Ces if is_call => grade(1.3 + 0.5 * (trouble + (4.2 - felt)) + 0.8 * noise, 1, 5) * 10,
            Question::Ces => grade(6.3 - 0.8 * (trouble + (4.2 - felt)) + noise, 1, 7) * 10,
        };
        self.emit_answer(slot, answer, score);
        score
    }

    fn emit_answer(&mut self, slot: ContactSlot, answer: Answer, tenths: i64) {
        let Answer { question, survey, names_contact } = answer;
        let contact = &self.contacts[slot];
        // The survey about a call asks for the effort on a scale of five. A written one asks for the ease on the usual scale of seven.
        let scale = match question {
            Question::Ces if contact.channel == Channel::Phone => Some((1, 5, "effort")),
            Question::Ces => Some((1, 7, "ease")),
            Question::Csat | Question::Nps => None,
        };
        let bound = |value: Option<i64>| value.map_or(PayloadValue::Absent, PayloadValue::Number);
        let members = [
            ("survey_id", survey.map_or(PayloadValue::Absent, PayloadValue::Id)),
            ("metric", PayloadValue::Word(question.name())),
            ("score", PayloadValue::Tenths(tenths)),
            ("customer_id", if names_contact { self.customer_value(slot) } else { PayloadValue::Absent }),
            ("scale_min", bound(scale.map(|(min, _, _)| min))),
            ("scale_max", bound(scale.map(|(_, max, _)| max))),
            ("direction", scale.map_or(PayloadValue::Absent, |(_, _, direction)| PayloadValue::Word(direction))),
        ];
        if names_contact {
            self.emit_contact(slot, Kind::Surveys, "survey.responded", &members);
        } else {
            let key = contact.key;
            self.emit(Kind::Surveys, "survey.responded", key, &members);
        }
    }
}

/// The nearest whole score on the scale.
fn grade(felt: f64, min: i64, max: i64) -> i64 {
    (felt.round() as i64).clamp(min, max)
}
