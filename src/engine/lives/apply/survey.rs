//! Applies an event of a survey to its own facts, its customer's answers, and the pairs of the ticket or chat that it is about.

use smallvec::SmallVec;

use super::customer::{add_heir, change_answer};
use crate::engine::lives::contact::ContactState;
use crate::engine::lives::customer::Heir;
use crate::engine::lives::store::{AdmittedEvent, Lives};
use crate::engine::lives::survey::{Sending, StandingAnswer, SurveyId, SurveyIdentity, SurveyState};
use crate::engine::terms::{DimensionsId, EventOrder, Terms};
use crate::engine::windows::{Door, LoyaltyAnswer, Subject};
use crate::event::{Answer, Contact, Key, Scope, Survey, SurveyAction, SurveyMetric};

/// Applies an event of a survey.
pub(super) fn apply(lives: &mut Lives, survey: &Survey, event: &AdmittedEvent, door: &mut Door<'_>) {
    let identity = match (survey.survey, survey.about) {
        (Some(key), _) => SurveyIdentity::Named(key),
        (None, Some(contact)) => SurveyIdentity::About(contact),
        (None, None) => SurveyIdentity::Event(event.identity),
    };
    let id = SurveyId { metric: survey.metric, identity };
    if let Some(contact) = survey.about {
        if !lives.contacts.contains_key(&contact) {
            // The contact's own events may never come, so this timer lets it leave.
            lives.ended.push(event.order.time + lives.terms.settings.ticket_retention, contact);
        }
        let terms = &lives.terms;
        lives.contacts.get_or_insert_with(contact, || ContactState::new(contact, terms)).note_survey(event.order);
    }
    if let Some(customer) = event.customer {
        add_heir(lives, customer, event.order, Heir::Survey(id));
    }
    match survey.action {
        SurveyAction::Sent => send(lives, id, survey, event, door),
        SurveyAction::Responded(given) => answer(lives, id, survey, given, event, door),
    }
}

/// Updates the values that the surveys about a ticket or chat inherit from it, and whether those surveys count.
pub(super) fn resolve_about(lives: &mut Lives, contact: Contact, door: &mut Door<'_>) {
    let ids: Vec<SurveyId> = lives.contacts.get(&contact).map(|state| state.surveys.ids().collect()).unwrap_or_default();
    ids.into_iter().for_each(|id| change(lives, id, door, |_| ()));
}

/// Updates the values that a survey inherits from its customer, and the pair that its answer makes with its ticket or chat.
pub(super) fn resolve(lives: &mut Lives, id: SurveyId, door: &mut Door<'_>) {
    let about = lives.surveys.get(&id).and_then(|state| state.answer.as_ref()?.about);
    let before = about.map(|contact| lives.pairs_of(contact)).unwrap_or_default();
    change(lives, id, door, |_| ());
    let after = about.map(|contact| lives.pairs_of(contact)).unwrap_or_default();
    if let Some(contact) = about {
        door.post_difference(Subject::Contact(contact), before, after);
    }
}

/// Applies a sending; the latest sending of a survey counts.
fn send(lives: &mut Lives, id: SurveyId, survey: &Survey, event: &AdmittedEvent, door: &mut Door<'_>) {
    let sending = Sending {
        order: event.order,
        about: survey.about,
        own: event.dimensions,
        own_customer: event.customer,
        dimensions: event.dimensions,
        stands: true,
        is_resolved: false,
    };
    let was_about = abouts(lives, id);
    change(lives, id, door, |state| {
        if state.sent.as_ref().is_none_or(|known| known.order < sending.order) {
            state.sent = Some(sending);
        }
    });
    link(lives, id, &was_about);
}

/// Applies an answer; the latest answer of a survey replaces earlier ones.
fn answer(lives: &mut Lives, id: SurveyId, survey: &Survey, answer: Answer, event: &AdmittedEvent, door: &mut Door<'_>) {
    let was_about = abouts(lives, id);
    let known = lives.surveys.get(&id).and_then(|state| state.answer.as_deref());
    if known.is_some_and(|known| known.order > event.order) {
        return;
    }
    let replaced = known.and_then(|known| Some((known.about?, known.order)));
    let mut touched: Vec<Contact> = replaced.map(|(contact, _)| contact).into_iter().chain(survey.about).collect();
    touched.dedup();
    let before: Vec<_> = touched.iter().map(|contact| lives.pairs_of(*contact)).collect();
    let standing = StandingAnswer {
        order: event.order,
        metric: survey.metric,
        answer,
        about: survey.about,
        own: event.dimensions,
        own_customer: event.customer,
        dimensions: event.dimensions,
        customer: event.customer,
        stands: true,
        is_resolved: false,
    };
    let is_of_service = survey.metric != SurveyMetric::Nps || answer.scope == Scope::Service;
    change(lives, id, door, |state| state.answer = Some(Box::new(standing)));
    link(lives, id, &was_about);
    if let Some((state, order)) = replaced.and_then(|(contact, order)| Some((lives.contacts.get_mut(&contact)?, order))) {
        state.surveys.remove_answer(id.metric, order);
    }
    if let Some(state) = survey.about.filter(|_| is_of_service).and_then(|contact| lives.contacts.get_mut(&contact)) {
        state.surveys.add_answer(id, event.order);
    }
    for (contact, before) in touched.into_iter().zip(before) {
        let after = lives.pairs_of(contact);
        door.post_difference(Subject::Contact(contact), before, after);
    }
}

/// The tickets and chats that a survey is about.
fn abouts(lives: &Lives, id: SurveyId) -> SmallVec<[Contact; 2]> {
    lives.surveys.get(&id).map(|state| state.abouts().collect()).unwrap_or_default()
}

/// Links a survey with the tickets and chats that it is about, and removes the links to those that it is no longer about.
fn link(lives: &mut Lives, id: SurveyId, was_about: &[Contact]) {
    let is_about = abouts(lives, id);
    for contact in was_about.iter().filter(|contact| !is_about.contains(contact)) {
        if let Some(state) = lives.contacts.get_mut(contact) {
            state.surveys.remove(id);
        }
    }
    for contact in is_about {
        if let Some(state) = lives.contacts.get_mut(&contact) {
            state.surveys.add(id);
        }
    }
}

/// Changes a survey, resolves the values that it inherits, and posts all facts that follow from the change.
fn change(lives: &mut Lives, id: SurveyId, door: &mut Door<'_>, change: impl FnOnce(&mut SurveyState)) {
    // The map entry stays while the state is taken out, and receives the state again below.
    let mut state = lives.surveys.get_mut(&id).map(|state| std::mem::take(&mut **state)).unwrap_or_default();
    let (before, old) = (state.facts(id.metric, &mut lives.terms), answer_of_customer(&state));
    change(&mut state);
    resolve_inherited(lives, &mut state);
    let terms = &mut lives.terms;
    let (after, new) = (state.facts(id.metric, terms), answer_of_customer(&state));
    // A survey about a known ticket or chat stays as long as that contact, and gets its timer when the contact leaves.
    if !state.is_scheduled && !state.abouts().any(|contact| lives.contacts.contains_key(&contact)) {
        state.is_scheduled = true;
        lives.old_surveys.push(state.last_time() + terms.settings.longest_range(), id);
    }
    match lives.surveys.get_mut(&id) {
        Some(place) => **place = state,
        None => drop(lives.surveys.insert(id, Box::new(state))),
    }
    if id.metric == SurveyMetric::Nps {
        door.note_loyalty(subject_of(id), || new.as_ref().and_then(|(customer, answer)| loyalty(*customer, answer, terms)));
    }
    door.post_difference(subject_of(id), before, after);
    if old != new {
        if let Some((customer, answer)) = old {
            change_answer(lives, customer, answer, false, door);
        }
        if let Some((customer, answer)) = new {
            change_answer(lives, customer, answer, true, door);
        }
    }
}

fn resolve_inherited(lives: &mut Lives, state: &mut SurveyState) {
    if let Some(sent) = &mut state.sent {
        let inherited = Inherited::of(lives, sent.about, sent.own, sent.own_customer, sent.order);
        sent.stands = inherited.stands;
        if !(sent.is_resolved && inherited.is_settled) {
            (sent.dimensions, sent.is_resolved) = (inherited.dimensions, true);
        }
    }
    if let Some(answer) = &mut state.answer {
        let inherited = Inherited::of(lives, answer.about, answer.own, answer.own_customer, answer.order);
        answer.stands = inherited.stands;
        if !(answer.is_resolved && inherited.is_settled) {
            (answer.dimensions, answer.customer, answer.is_resolved) = (inherited.dimensions, inherited.customer, true);
        }
    }
}

/// The values of a survey event: its own, else its ticket's or chat's, else its customer's.
struct Inherited {
    dimensions: DimensionsId,
    customer: Option<Key>,
    /// Whether the sending or answer counts: not if its ticket is spam.
    stands: bool,
    /// Whether the ticket's or chat's history has settled past the event, so that values found earlier still hold.
    is_settled: bool,
}

impl Inherited {
    fn of(lives: &mut Lives, about: Option<Contact>, own: DimensionsId, own_customer: Option<Key>, order: EventOrder) -> Self {
        let terms = &mut lives.terms;
        let contact = about.and_then(|contact| lives.contacts.get(&contact));
        let known = contact.as_ref().map(|state| state.known_before(order, terms)).unwrap_or_default();
        let customer = own_customer.or(known.customer);
        let of_customer = lives.customers.inherited(terms.rules.inherits_from_customer)(customer, order);
        let below = terms.names.overlay(of_customer, known.dimensions);
        let dimensions = terms.names.overlay(below, own);
        let stands = !contact.is_some_and(|state| state.summary.is_spam);
        Self { dimensions, customer, stands, is_settled: known.is_settled }
    }
}

/// The subject of a survey's facts.
fn subject_of(id: SurveyId) -> Subject {
    match id.identity {
        SurveyIdentity::Named(key) => Subject::Survey(key),
        SurveyIdentity::About(contact) => Subject::Contact(contact),
        SurveyIdentity::Event(key) => Subject::Event(key),
    }
}

/// The answer together with its customer, if it counts and has a customer.
fn answer_of_customer(state: &SurveyState) -> Option<(Key, StandingAnswer)> {
    let answer = state.answer.as_deref().filter(|a| a.stands)?;
    Some((answer.customer?, answer.clone()))
}

/// The answer as a relationship NPS answer, if it is one.
fn loyalty(customer: Key, answer: &StandingAnswer, terms: &Terms) -> Option<LoyaltyAnswer> {
    let vote = answer.is_experience().then(|| answer.vote(terms))?;
    Some(LoyaltyAnswer { customer, time: answer.order.time, is_promoter: vote.good, is_detractor: vote.bad })
}
