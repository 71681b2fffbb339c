//! What an event of a survey changes: its own facts, its customer's answers, the pairs of the ticket or chat it is about.

use smallvec::SmallVec;

use super::contacts::inherited_from;
use super::retention::survey_retention;
use super::{Arrived, Group, post_difference};
use crate::engine::Rules;
use crate::engine::contact::ContactState;
use crate::engine::customer::Heir;
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::standing::{LoyaltyAnswer, Subject};
use crate::engine::survey::{Sending, StandingAnswer, SurveyId, SurveyIdentity, SurveyState};
use crate::engine::view::View;
use crate::event::{Answer, Contact, Key, Scope, Survey, SurveyAction, SurveyMetric};

impl Group {
    pub(super) fn apply_survey(&mut self, survey: &Survey, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let identity = match (survey.survey, survey.about) {
            (Some(key), _) => SurveyIdentity::Named(key),
            (None, Some(contact)) => SurveyIdentity::About(contact),
            (None, None) => SurveyIdentity::Event(arrived.identity),
        };
        let id = SurveyId { metric: survey.metric, identity };
        if let Some(contact) = survey.about {
            if !self.contacts.contains_key(&contact) {
                // Its own events may never come.
                self.ended.push(arrived.order.time + view.settings.ticket_retention, contact);
            }
            let state = self.contacts.get_or_insert_with(contact, || ContactState::new(contact, &rules.setting(&mut view.names)));
            state.note_survey(arrived.order);
        }
        if let Some(customer) = arrived.customer {
            self.add_heir(customer, arrived.order, Heir::Survey(id), view, rules);
        }
        match survey.action {
            SurveyAction::Sent => self.send(id, survey, arrived, view, rules),
            SurveyAction::Responded(answer) => self.answer(id, survey, answer, arrived, view, rules),
        }
    }

    /// Looks again at what the surveys of a ticket or chat inherit from it, and whether they stand.
    pub(super) fn resolve_surveys_of(&mut self, contact: Contact, view: &mut View, rules: &Rules) {
        let ids: Vec<SurveyId> = self.contacts.get(&contact).map(|state| state.surveys.ids().collect()).unwrap_or_default();
        ids.into_iter().for_each(|id| self.change_survey(id, view, rules, |_| ()));
    }

    /// Looks again at what a survey inherits from its customer, and at the pair that its answer gives.
    pub(super) fn resolve_survey(&mut self, id: SurveyId, view: &mut View, rules: &Rules) {
        let about = self.surveys.get(&id).and_then(|state| state.answer.as_ref()?.about);
        let before = about.map(|contact| self.pairs_of(contact, view)).unwrap_or_default();
        self.change_survey(id, view, rules, |_| ());
        let after = about.map(|contact| self.pairs_of(contact, view)).unwrap_or_default();
        if let Some(contact) = about {
            post_difference(Subject::Contact(contact), before, after, &mut self.panes);
        }
    }

    /// The latest sending counts.
    fn send(&mut self, id: SurveyId, survey: &Survey, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let sending = Sending {
            order: arrived.order,
            about: survey.about,
            own: arrived.dimensions,
            own_customer: arrived.customer,
            dimensions: arrived.dimensions,
            stands: true,
            is_resolved: false,
        };
        let was_about = self.abouts(id);
        self.change_survey(id, view, rules, |state| {
            if state.sent.as_ref().is_none_or(|known| known.order < sending.order) {
                state.sent = Some(sending);
            }
        });
        self.link(id, &was_about);
    }

    /// The latest answer replaces the earlier one.
    fn answer(&mut self, id: SurveyId, survey: &Survey, answer: Answer, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let was_about = self.abouts(id);
        let known = self.surveys.get(&id).and_then(|state| state.answer.as_deref());
        if known.is_some_and(|known| known.order > arrived.order) {
            return;
        }
        let replaced = known.and_then(|known| Some((known.about?, known.order)));
        let mut touched: Vec<Contact> = replaced.map(|(contact, _)| contact).into_iter().chain(survey.about).collect();
        touched.dedup();
        let before: Vec<_> = touched.iter().map(|contact| self.pairs_of(*contact, view)).collect();
        let standing = StandingAnswer {
            order: arrived.order,
            metric: survey.metric,
            answer,
            about: survey.about,
            own: arrived.dimensions,
            own_customer: arrived.customer,
            dimensions: arrived.dimensions,
            customer: arrived.customer,
            stands: true,
            is_resolved: false,
        };
        let is_of_service = survey.metric != SurveyMetric::Nps || answer.scope == Scope::Service;
        self.change_survey(id, view, rules, |state| state.answer = Some(Box::new(standing)));
        self.link(id, &was_about);
        if let Some((state, order)) = replaced.and_then(|(contact, order)| Some((self.contacts.get_mut(&contact)?, order))) {
            state.surveys.remove_answer(id.metric, order);
        }
        if let Some(state) = survey.about.filter(|_| is_of_service).and_then(|contact| self.contacts.get_mut(&contact)) {
            state.surveys.add_answer(id, arrived.order);
        }
        for (contact, before) in touched.into_iter().zip(before) {
            let after = self.pairs_of(contact, view);
            post_difference(Subject::Contact(contact), before, after, &mut self.panes);
        }
    }

    /// The tickets and chats that a survey is about.
    pub(super) fn abouts(&self, id: SurveyId) -> SmallVec<[Contact; 2]> {
        self.surveys.get(&id).map(|state| state.abouts().collect()).unwrap_or_default()
    }

    /// Tells the tickets and chats that a survey is about it, and those that it no longer is.
    fn link(&mut self, id: SurveyId, was_about: &[Contact]) {
        let is_about = self.abouts(id);
        for contact in was_about.iter().filter(|contact| !is_about.contains(contact)) {
            if let Some(state) = self.contacts.get_mut(contact) {
                state.surveys.remove(id);
            }
        }
        for contact in is_about {
            if let Some(state) = self.contacts.get_mut(&contact) {
                state.surveys.add(id);
            }
        }
    }

    /// Changes a survey, resolves what it inherits, and posts whatever follows.
    fn change_survey(&mut self, id: SurveyId, view: &mut View, rules: &Rules, change: impl FnOnce(&mut SurveyState)) {
        // Its place in the map stays, and what is in it is put back below.
        let mut state = self.surveys.get_mut(&id).map(|state| std::mem::take(&mut **state)).unwrap_or_default();
        let (before, old) = (state.facts(id.metric, view), of_customer(&state));
        change(&mut state);
        self.resolve(&mut state, view, rules);
        let (after, new) = (state.facts(id.metric, view), of_customer(&state));
        // What is about a known ticket or chat stays as long as that does, and is scheduled when it leaves.
        if !state.is_scheduled && !state.abouts().any(|contact| self.contacts.contains_key(&contact)) {
            state.is_scheduled = true;
            self.old_surveys.push(state.last_time() + survey_retention(&view.settings), id);
        }
        match self.surveys.get_mut(&id) {
            Some(place) => **place = state,
            None => drop(self.surveys.insert(id, Box::new(state))),
        }
        self.panes.note_loyalty(id, || new.as_ref().and_then(|(customer, answer)| loyalty(*customer, answer, view)));
        post_difference(Subject::of_survey(id), before, after, &mut self.panes);
        if old != new {
            if let Some((customer, answer)) = old {
                self.change_answer(customer, answer, false, view, rules);
            }
            if let Some((customer, answer)) = new {
                self.change_answer(customer, answer, true, view, rules);
            }
        }
    }

    fn resolve(&self, state: &mut SurveyState, view: &mut View, rules: &Rules) {
        if let Some(sent) = &mut state.sent {
            let inherited = self.inherited(sent.about, sent.own, sent.own_customer, sent.order, view, rules);
            sent.stands = inherited.stands;
            if !(sent.is_resolved && inherited.is_settled) {
                (sent.dimensions, sent.is_resolved) = (inherited.dimensions, true);
            }
        }
        if let Some(answer) = &mut state.answer {
            let inherited = self.inherited(answer.about, answer.own, answer.own_customer, answer.order, view, rules);
            answer.stands = inherited.stands;
            if !(answer.is_resolved && inherited.is_settled) {
                (answer.dimensions, answer.customer, answer.is_resolved) = (inherited.dimensions, inherited.customer, true);
            }
        }
    }

    /// What an event of a survey has by itself, else from its ticket or chat, else from its customer.
    fn inherited(
        &self,
        about: Option<Contact>,
        own: DimensionsId,
        own_customer: Option<Key>,
        order: EventOrder,
        view: &mut View,
        rules: &Rules,
    ) -> Inherited {
        let contact = about.and_then(|contact| self.contacts.get(&contact));
        let known = contact.as_ref().map(|state| state.known_before(order, &mut rules.setting(&mut view.names))).unwrap_or_default();
        let customer = own_customer.or(known.customer);
        let of_customer = inherited_from(&self.customers, rules)(customer, order);
        let below = view.names.overlay(of_customer, known.dimensions);
        let dimensions = view.names.overlay(below, own);
        let stands = !contact.is_some_and(|state| state.summary.is_spam);
        Inherited { dimensions, customer, stands, is_settled: known.is_settled }
    }
}

struct Inherited {
    dimensions: DimensionsId,
    customer: Option<Key>,
    stands: bool,
    is_settled: bool,
}

/// The answer as its customer knows it, where it stands and has one.
fn of_customer(state: &SurveyState) -> Option<(Key, StandingAnswer)> {
    let answer = state.answer.as_deref().filter(|a| a.stands)?;
    Some((answer.customer?, answer.clone()))
}

/// The answer as one about the relationship, where it is one.
fn loyalty(customer: Key, answer: &StandingAnswer, view: &View) -> Option<LoyaltyAnswer> {
    let vote = answer.is_experience().then(|| answer.vote(view))?;
    Some(LoyaltyAnswer { customer, time: answer.order.time, is_promoter: vote.good, is_detractor: vote.bad })
}
