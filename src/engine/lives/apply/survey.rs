//! What an event of a survey changes: its own facts, its customer's answers, the pairs of the ticket or chat it is about.

use std::sync::Arc;

use smallvec::SmallVec;

use super::customer::{add_heir, change_answer};
use crate::engine::lives::contact::{ContactState, Known};
use crate::engine::lives::customer::Heir;
use crate::engine::lives::store::{AdmittedEvent, Lives};
use crate::engine::lives::survey::{Answers, Credit, GivenAnswer, Link, Sending, StandingAnswer, SurveyId, SurveyIdentity, SurveyState};
use crate::engine::terms::{EventOrder, Facts, Terms};
use crate::engine::windows::{Door, LoyaltyAnswer, Subject};
use crate::event::{Contact, Key, Scope, Survey, SurveyAction, SurveyMetric};
use crate::time::EventTime;

/// Some tickets and chats.
type Contacts = SmallVec<[Contact; 4]>;

/// Applies an event of a survey; returns whether it changed anything that is counted.
pub(super) fn apply(lives: &mut Lives, survey: &Survey, event: &AdmittedEvent, door: &mut Door<'_>) -> bool {
    let order = event.order;
    let link = Link {
        ticket: survey.ticket,
        chat: survey.chat,
        customer: event.customer,
        own: event.dimensions,
        ticket_named: order,
        chat_named: order,
    };
    for contact in link.contacts() {
        if !lives.contacts.contains_key(&contact) {
            // Its own events may never come.
            lives.ended.push(order.time + lives.terms.settings.ticket_retention, contact);
        }
        let terms = &lives.terms;
        lives.contacts.get_or_insert_with(contact, || ContactState::new(contact, terms)).note_survey(order);
    }
    let id = match survey.survey {
        Some(key) => SurveyId { metric: survey.metric, identity: SurveyIdentity::Named(key) },
        None => unnamed_survey(lives, survey.metric, &link, order, event.identity),
    };
    if let Some(customer) = event.customer {
        add_heir(lives, customer, order, Heir::Survey(id));
    }
    // The survey may be about contacts that only other events of it name. All of them wake here, so that nothing below reads their stored form.
    let linked: Contacts = lives.surveys.get(&id).map(|state| state.contacts().collect()).unwrap_or_default();
    for contact in linked {
        if let Some(state) = lives.contacts.get_mut(&contact) {
            state.note_survey(order);
        }
    }
    match survey.action {
        SurveyAction::Sent => send(lives, id, link, order, door),
        SurveyAction::Responded(answer) => {
            let given = GivenAnswer { order, link, answer, asked: None, is_named: survey.survey.is_some(), identity: event.identity };
            respond(lives, id, given, door)
        }
    }
}

/// Brings the surveys about a ticket or chat up to date with what they inherit from it, and with whether they count. The caller sees to the pairs.
pub(super) fn resolve_about(lives: &mut Lives, contact: Contact, door: &mut Door<'_>) {
    let unnamed: Vec<_> = lives.contacts.get(&contact).map(|state| state.surveys.unnamed().collect()).unwrap_or_default();
    let horizon = lives.horizon;
    for (given, known) in unnamed.into_iter().filter(|(given, _)| given.time >= horizon) {
        // A session that became known late may lie between a sending and the answer.
        if let Some((id, given)) = misplaced(lives, known, given) {
            change(lives, known, door, |state, _| {
                state.remove_answer(given.order);
            });
            let (link, order) = (given.link, given.order);
            change(lives, id, door, |state, _| state.add_answer(given));
            note_unnamed(lives, id, &link, order);
        }
    }
    let ids: Vec<SurveyId> = lives.contacts.get(&contact).map(|state| state.surveys.ids().collect()).unwrap_or_default();
    for id in ids {
        change(lives, id, door, |_, _| ());
    }
}

/// Brings a survey up to date with what it inherits from its customer, and the pair that its answer gives.
pub(super) fn resolve(lives: &mut Lives, id: SurveyId, door: &mut Door<'_>) {
    change_with_pairs(lives, id, &Link::default(), door, |_, _| ());
}

/// The survey that an answer without `survey_id` answers: the one that was last sent about its ticket or chat, else the one answer about that.
fn unnamed_survey(lives: &mut Lives, metric: SurveyMetric, link: &Link, order: EventOrder, identity: Key) -> SurveyId {
    for contact in link.contacts() {
        let Some(state) = lives.contacts.get(&contact) else { continue };
        let session = state.session_at(order).began;
        let (surveys, names) = (&lives.surveys, &mut lives.terms.names);
        // A later sending still speaks of the session that the first one named.
        let mut is_about = |(sent, survey): &(EventOrder, SurveyId)| {
            let said = surveys.get(survey).and_then(|state| state.sendings_from(*sent, names).first().copied());
            said.is_some_and(|(_, link)| state.session_at(link.named(contact)).began == session)
        };
        if let Some((_, survey)) = state.surveys.sent_before(metric, order).find(&mut is_about) {
            return survey;
        }
    }
    let about = |contact: Contact| {
        let began = lives.contacts.get(&contact).map_or(EventOrder::MIN, |state| state.session_at(order).began);
        SurveyIdentity::About(contact, began)
    };
    SurveyId { metric, identity: link.about().map_or(SurveyIdentity::Event(identity), about) }
}

fn send(lives: &mut Lives, id: SurveyId, link: Link, order: EventOrder, door: &mut Door<'_>) -> bool {
    let has_effect = change_with_pairs(lives, id, &link, door, |state, _| state.add_sending(Sending { order, first: order, link }));
    let sendings = lives.surveys.get(&id).map(|state| state.sendings_from(order, &mut lives.terms.names)).unwrap_or_default();
    let mut moved = Vec::new();
    for (sent, link) in sendings {
        for contact in link.contacts() {
            if let Some(state) = lives.contacts.get_mut(&contact) {
                state.surveys.add_sending(id, sent);
                moved.extend(state.surveys.unnamed_after(id.metric, sent));
            }
        }
    }
    // An answer that came before its sending was taken for another survey.
    let moves = !moved.is_empty();
    for (given, known) in moved {
        move_answer(lives, known, given, door);
    }
    has_effect || moves
}

fn respond(lives: &mut Lives, id: SurveyId, given: GivenAnswer, door: &mut Door<'_>) -> bool {
    let (link, order, is_named) = (given.link, given.order, given.is_named);
    let has_effect = change_with_pairs(lives, id, &link, door, |state, _| state.add_answer(given));
    if !is_named {
        note_unnamed(lives, id, &link, order);
    }
    has_effect
}

fn note_unnamed(lives: &mut Lives, id: SurveyId, link: &Link, order: EventOrder) {
    for contact in link.contacts() {
        if let Some(state) = lives.contacts.get_mut(&contact) {
            state.surveys.set_unnamed(id, order);
        }
    }
}

/// Takes an answer that names no survey for another one than before, if a sending came between.
fn move_answer(lives: &mut Lives, known: SurveyId, order: EventOrder, door: &mut Door<'_>) {
    if let Some((id, given)) = misplaced(lives, known, order) {
        change_with_pairs(lives, known, &given.link, door, |state, _| {
            state.remove_answer(order);
        });
        respond(lives, id, given, door);
    }
}

/// An answer that names no survey, with the survey that it answers, if that is another one than the one that it was taken for.
fn misplaced(lives: &mut Lives, known: SurveyId, order: EventOrder) -> Option<(SurveyId, GivenAnswer)> {
    let given = lives.surveys.get(&known).and_then(|state| state.answers.as_ref()?.given.iter().find(|given| given.order == order));
    let given = given.filter(|given| !given.is_named).cloned()?;
    let id = unnamed_survey(lives, known.metric, &given.link, order, given.identity);
    (id != known).then_some((id, given))
}

/// Changes a survey, and posts the pairs of the tickets and chats that it names, or that `link` does; returns whether anything that is counted changed.
fn change_with_pairs(
    lives: &mut Lives,
    id: SurveyId,
    link: &Link,
    door: &mut Door<'_>,
    change_state: impl FnOnce(&mut SurveyState, &mut Terms),
) -> bool {
    let known = lives.surveys.get(&id).map(|state| state.contacts().collect::<Contacts>()).unwrap_or_default();
    let mut roots: Contacts = known.into_iter().chain(link.contacts()).map(|contact| lives.pair_root(contact)).collect();
    roots.sort_unstable();
    roots.dedup();
    let before: SmallVec<[Facts; 2]> = roots.iter().map(|root| lives.pairs_of(*root)).collect();
    let mut has_effect = change(lives, id, door, change_state);
    for (root, before) in roots.into_iter().zip(before) {
        let after = lives.pairs_of(root);
        has_effect |= door.post_difference(Subject::Contact(root), before, after);
    }
    has_effect
}

/// Changes a survey, resolves what it inherits, and posts everything that follows but the pairs; returns whether anything that is counted changed.
fn change(lives: &mut Lives, id: SurveyId, door: &mut Door<'_>, change: impl FnOnce(&mut SurveyState, &mut Terms)) -> bool {
    // Its place in the map stays, and the state is put back below.
    let mut state = lives.surveys.get_mut(&id).map(|state| std::mem::take(Arc::make_mut(state))).unwrap_or_default();
    let (before, old) = (state.facts(id.metric, &mut lives.terms), state.standing().cloned());
    let was_linked: Contacts = state.contacts().collect();
    change(&mut state, &mut lives.terms);
    state.fold_before(lives.horizon, &mut lives.terms.names);
    resolve_state(lives, id.metric, &mut state);
    let terms = &mut lives.terms;
    let (after, new) = (state.facts(id.metric, terms), state.standing().cloned());
    relink(lives, id, &was_linked, &state, old.as_ref(), new.as_ref());
    // A survey about a known ticket or chat stays as long as that does, and gets its timer when the contact leaves.
    if !state.is_scheduled && !state.contacts().any(|contact| lives.contacts.contains_key(&contact)) {
        state.is_scheduled = true;
        lives.old_surveys.push(state.last_time() + lives.terms.settings.longest_range(), id);
    }
    if new.is_some() && !state.sendings.is_empty() {
        lives.ever_seen.matched[id.metric as usize] = true;
    }
    match lives.surveys.get_mut(&id) {
        Some(place) => *Arc::make_mut(place) = state,
        None => drop(lives.surveys.insert(id, Arc::new(state))),
    }
    let is_new = old != new;
    let (old, new) = (old.and_then(of_customer), new.and_then(of_customer));
    if id.metric == SurveyMetric::Nps {
        let terms = &lives.terms;
        door.note_loyalty(subject_of(id), || new.as_ref().and_then(|(customer, answer)| loyalty(*customer, answer, terms)));
    }
    let has_effect = door.post_difference(subject_of(id), before, after) || is_new;
    if old != new {
        if let Some((customer, answer)) = old {
            change_answer(lives, customer, answer, false, door);
        }
        if let Some((customer, answer)) = new {
            change_answer(lives, customer, answer, true, door);
        }
    }
    has_effect
}

/// Brings the lists of the tickets and chats that a survey names, or no longer names, up to date.
fn relink(
    lives: &mut Lives,
    id: SurveyId,
    was_linked: &[Contact],
    state: &SurveyState,
    old: Option<&StandingAnswer>,
    new: Option<&StandingAnswer>,
) {
    let is_linked: Contacts = state.contacts().collect();
    for contact in was_linked.iter().filter(|contact| !is_linked.contains(contact)) {
        if let Some(contact) = lives.contacts.get_mut(contact) {
            contact.surveys.remove(id);
        }
    }
    for contact in is_linked.iter().filter(|contact| !was_linked.contains(contact)) {
        if let Some(contact) = lives.contacts.get_mut(contact) {
            contact.surveys.add(id);
        }
    }
    let place = |answer: Option<&StandingAnswer>| answer.and_then(|answer| Some((answer.about()?, answer.order)));
    let (old, new) = (place(old), place(new));
    if old != new {
        if let Some((contact, order)) = old.and_then(|(about, order)| Some((lives.contacts.get_mut(&about)?, order))) {
            contact.surveys.remove_answer(id.metric, order);
        }
        if let Some((contact, order)) = new.and_then(|(about, order)| Some((lives.contacts.get_mut(&about)?, order))) {
            contact.surveys.add_answer(id, order);
        }
    }
}

/// Looks up for whom the latest sending and the answer count.
fn resolve_state(lives: &mut Lives, metric: SurveyMetric, state: &mut SurveyState) {
    if let Some((order, link)) = state.latest_sending(&mut lives.terms.names) {
        let credit = credit(lives, &link, None, order);
        let kept = state.sent.is_resolved && credit.is_resolved;
        state.sent = if kept { Credit { stands: credit.stands, ..state.sent } } else { Credit { is_resolved: true, ..credit } };
    } else {
        state.sent = Credit::default();
    }
    let Some(given) = state.latest_answer().cloned() else {
        state.answers = None;
        return;
    };
    let sent = state.sent_before(given.order, &mut lives.terms.names);
    let (link, asked) = match sent {
        Some((sent, first)) => (given.link.after(&sent, &mut lives.terms.names), first),
        None => (given.link, given.asked.unwrap_or(given.order)),
    };
    let credit = credit(lives, &link, Some(asked), given.order);
    let by_default = if link.about().is_some() { Scope::Service } else { Scope::Experience };
    let answers: &mut Answers = state.answers.get_or_insert_default();
    let known = answers.standing.take().filter(|known| credit.is_resolved && known.order == given.order && known.link == link);
    let (dimensions, customer, opened) = match known {
        Some(known) => (known.dimensions, known.customer, known.opened),
        None => (credit.dimensions, credit.customer, opening_before(lives, &link, given.order)),
    };
    answers.standing = Some(StandingAnswer {
        order: given.order,
        metric,
        answer: given.answer,
        scope: given.answer.scope.unwrap_or(by_default),
        link,
        dimensions,
        customer,
        stands: credit.stands,
        opened,
    });
}

/// When the ticket or chat of a link was opened, where an event before an answer told it.
fn opening_before(lives: &mut Lives, link: &Link, answer: EventOrder) -> Option<EventTime> {
    let contact = lives.contacts.get(&link.about()?)?;
    let opened = contact.session_at(link.about_named()).opened?;
    (!opened.is_silent && opened.order < answer).then_some(opened.time)
}

/// For whom an event of a survey counts, dimension by dimension: for its own values, else those of its contact, else those of its customer. An answer
/// takes those that the contact had at its latest solve or end before the survey was first sent (`asked`), else those at the answer.
fn credit(lives: &mut Lives, link: &Link, asked: Option<EventOrder>, order: EventOrder) -> Credit {
    let terms = &mut lives.terms;
    let contact = link.about().and_then(|contact| lives.contacts.get(&contact));
    let known: Known =
        contact.as_ref().map(|state| state.known_at(link.about_named(), asked.unwrap_or(order), order, terms)).unwrap_or_default();
    let customer = link.customer.or(known.customer);
    let of_customer = lives.customers.inherited(terms.rules.inherits_from_customer)(customer, order);
    let mut dimensions = terms.names.overlay(of_customer, known.dimensions);
    if let Some(settled) = known.settled.filter(|_| asked.is_some()) {
        let settled = terms.names.without_unknown(settled);
        dimensions = terms.names.overlay(dimensions, settled);
    }
    dimensions = terms.names.overlay(dimensions, link.own);
    Credit { dimensions, customer, stands: !known.is_spam, is_resolved: known.is_settled }
}

/// The subject of a survey's facts.
fn subject_of(id: SurveyId) -> Subject {
    match id.identity {
        SurveyIdentity::Named(key) => Subject::Survey(key),
        SurveyIdentity::About(contact, _) => Subject::Contact(contact),
        SurveyIdentity::Event(key) => Subject::Event(key),
    }
}

/// The answer as its customer knows it, where it counts and has one. Only the survey needs the opening.
fn of_customer(answer: StandingAnswer) -> Option<(Key, StandingAnswer)> {
    Some((answer.customer.filter(|_| answer.stands)?, StandingAnswer { opened: None, ..answer }))
}

/// The answer as one about the relationship, where it is one.
fn loyalty(customer: Key, answer: &StandingAnswer, terms: &Terms) -> Option<LoyaltyAnswer> {
    let vote = answer.is_experience().then(|| answer.vote(terms))?;
    Some(LoyaltyAnswer { customer, time: answer.order.time, is_promoter: vote.good, is_detractor: vote.bad })
}
