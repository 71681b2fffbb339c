//! What an event of a ticket or chat changes: its own facts, the ticket made from a chat, its pairs with answers, its customer's openings, its surveys.

use smallvec::SmallVec;

use super::Effect;
use super::customer::{add_heir, change_opening};
use super::survey;
use crate::engine::lives::contact::{
    Action, ContactChange, ContactState, HistoryEvent, Opening, Origin, Seen, Summary, facts, idle_end_of,
};
use crate::engine::lives::customer::Heir;
use crate::engine::lives::customers::Customers;
use crate::engine::lives::leaving::is_ended;
use crate::engine::lives::store::{AdmittedEvent, Lives, WAITING_MAX};
use crate::engine::lives::survey::touchpoint;
use crate::engine::terms::{DimensionsId, EventOrder, Fact, Facts, Terms, difference};
use crate::engine::windows::{Door, Subject};
use crate::event::{Contact, ContactAction, Key};
use crate::time::{EventTime, Span};

/// Applies an event of a ticket or chat. It is orphaned if the ticket or chat has no opening now, neither from a creation nor from a snapshot.
pub(super) fn apply(lives: &mut Lives, contact: Contact, action: ContactAction, event: &AdmittedEvent, door: &mut Door<'_>) -> Effect {
    let ticket = event.ticket.filter(|_| matches!(contact, Contact::Chat(_)));
    let action = Action::Event(action);
    let event = HistoryEvent { order: event.order, dimensions: event.dimensions, customer: event.customer, ticket, action };
    insert(lives, contact, event, door)
}

/// Puts an event into the history of a ticket or chat.
pub(super) fn insert(lives: &mut Lives, contact: Contact, event: HistoryEvent, door: &mut Door<'_>) -> Effect {
    let begins = event.order.time;
    let is_snapshot = matches!(event.action, Action::Event(ContactAction::Snapshot(_)));
    let feed = lives.terms.settings.feed_of(event.order);
    let sets = lives.ticket_sets.after(contact, event.order, &lives.terms.settings);
    let changed = change(lives, contact, event.ticket, door, |state, customers, terms| {
        let inherits = terms.rules.inherits_from_customer;
        state.insert(event, &sets, &customers.inherited(inherits), terms)
    });
    if !changed.was_unsettled {
        lives.unsettled.push(begins + lives.lateness_max.min(WAITING_MAX), contact);
    }
    // A later set may have come behind the event.
    let latest = if sets.is_empty() { begins } else { changed.last.time };
    lives.ticket_sets.note_event(contact, feed, latest, lives.terms.settings.limits.identities_max);
    // The next full set reaches most tickets just after their snapshots, and must not look at them.
    if is_snapshot && changed.is_open {
        lives.ticket_sets.note_open(contact, feed, changed.is_open, changed.named, true);
    }
    let Changed { opened, customer, last, has_effect, .. } = changed;
    if let Some((customer, order)) = customer.zip(opened.map(|opened| opened.order)) {
        add_heir(lives, customer, order, Heir::Contact(contact));
        // After an erasure later events inherit from the new customer of the same id.
        for order in lives.customers.lives_between(customer, order, last) {
            add_heir(lives, customer, order, Heir::Contact(contact));
        }
    }
    Effect { is_orphaned: opened.is_none(), has_effect }
}

/// Recomputes a ticket or chat, because its customer's dimensions became known late.
pub(super) fn replay(lives: &mut Lives, contact: Contact, door: &mut Door<'_>) {
    change(lives, contact, None, door, |state, customers, terms| {
        let inherits = terms.rules.inherits_from_customer;
        state.replay(&customers.inherited(inherits), terms)
    });
}

/// Folds the events that no late event can precede, or waits until all events can be folded at once.
pub(super) fn settle(lives: &mut Lives, contact: Contact) {
    let horizon = lives.horizon;
    let waits = is_origin_unsettled(lives, contact);
    let Some(state) = lives.contacts.awake(&contact).filter(|s| s.is_unsettled()) else { return };
    let history_max = lives.terms.settings.limits.history_max;
    let waiting = state.waiting_tail(history_max);
    if let Some((start, end)) = waiting.filter(|(start, end)| waits || (*end >= horizon && *start + WAITING_MAX >= horizon)) {
        // More may come until then, and looking again in vain is the cost to avoid.
        let settles = end + Span(lives.lateness_max.0 / 2);
        let again = if waits { settles.max(horizon + Span(lives.lateness_max.0.max(1) / 2)) } else { settles.min(start + WAITING_MAX) };
        lives.unsettled.push(again, contact);
        return;
    }
    fold(lives, contact, history_max, waits);
}

/// Folds all events, also those that a late event may still precede.
pub(super) fn fold_early(lives: &mut Lives, contact: Contact) {
    fold(lives, contact, 0, false);
}

/// Folds the events that no late event can precede, unless the history `waits`, and further ones if more than `unfolded_max` remain. If some are left,
/// sets a timer for them. Else sets the timer at which the ticket or chat may leave, if it has ended or will end by itself, and puts its state to sleep.
fn fold(lives: &mut Lives, contact: Contact, unfolded_max: usize, waits: bool) {
    let horizon = lives.horizon;
    let Some(state) = lives.contacts.get_mut(&contact).filter(|s| s.is_unsettled()) else { return };
    let (inherits, unfolded_before) = (lives.terms.rules.inherits_from_customer, state.unfolded_events());
    let early = state.fold(horizon, unfolded_max, waits, &lives.customers.inherited(inherits), &mut lives.terms);
    lives.unfolded_events -= unfolded_before - state.unfolded_events();
    let settings = &lives.terms.settings;
    let history_max = settings.limits.history_max;
    let dropped = state.shorten(horizon - settings.longest_range(), history_max);
    state.forget_sessions_before(horizon - settings.ticket_retention);
    state.surveys.fold_before(horizon);
    lives.evictions.histories += (early + dropped) as u64;
    if let Some(next) = state.tail_start() {
        lives.unsettled.push(next.max(horizon), contact);
    } else {
        let is_ended = is_ended(state, settings, horizon);
        let idle = idle_end_of(&state.summary, settings).filter(|_| !is_ended);
        if idle.is_some() || is_ended {
            let over = state.last_order().time + idle.unwrap_or_default();
            lives.ended.push(over + settings.ticket_retention, contact);
        }
        lives.contacts.put_to_sleep(&contact);
    }
}

/// Whether the chat that a ticket was made from may still change what the ticket must know of it.
fn is_origin_unsettled(lives: &Lives, ticket: Contact) -> bool {
    let origin = lives.contacts.awake(&ticket).and_then(|state| state.origin);
    origin.and_then(|(chat, ..)| lives.contacts.get(&chat)).is_some_and(|chat| {
        let is_idle = chat.summary.idle_end(&lives.terms.settings).is_some_and(|end| end < lives.horizon);
        chat.is_unsettled() || (chat.summary.over_at().is_none() && !is_idle)
    })
}

/// What came of a change.
struct Changed {
    was_unsettled: bool,
    opened: Option<Opening>,
    customer: Option<Key>,
    last: EventOrder,
    is_open: bool,
    /// When the last event named the ticket or chat.
    named: Option<EventTime>,
    has_effect: bool,
}

/// Tickets and chats that one change may concern.
type Involved = SmallVec<[Contact; 4]>;

/// Changes a ticket or chat and posts all facts that follow from the change, also those of the ticket made from a chat and of their pairs.
fn change(
    lives: &mut Lives,
    contact: Contact,
    named: Option<Key>,
    door: &mut Door<'_>,
    change: impl FnOnce(&mut ContactState, &Customers, &mut Terms) -> ContactChange,
) -> Changed {
    // A state that sleeps would be read from its stored form at each question below.
    let is_alone = lives.contacts.get_mut(&contact).is_none_or(|state| is_alone(state));
    if named.is_none() && is_alone {
        return change_alone(lives, contact, door, change);
    }
    let involved = involved_in(lives, contact, named);
    let before: SmallVec<[Facts; 2]> = involved.iter().map(|involved| lives.pairs_of(*involved)).collect();
    let changed = change_alone(lives, contact, door, change);
    note_named_tickets(lives, contact);
    for ticket in involved.iter().copied().filter(|involved| matches!(involved, Contact::Ticket(_))) {
        find_origin(lives, ticket, door);
    }
    for (involved, before) in involved.into_iter().zip(before) {
        let after = lives.pairs_of(involved);
        if !(before.is_empty() && after.is_empty()) {
            door.post_difference(Subject::Contact(involved), before, after);
        }
    }
    changed
}

/// Whether no survey, and no other ticket or chat, depends on a ticket or chat. So it is with most.
fn is_alone(state: &ContactState) -> bool {
    let names_ticket = || state.unsettled_sessions().any(|session| session.named_ticket.is_some());
    state.surveys.is_empty() && state.named_by.is_empty() && state.origin.is_none() && !names_ticket()
}

/// The ticket or chat itself, the tickets that a chat names (with `named`, by an event still to come), and the chats that name a ticket.
fn involved_in(lives: &Lives, contact: Contact, named: Option<Key>) -> Involved {
    let mut involved = Involved::from_iter([contact]);
    involved.extend(named.map(Contact::Ticket));
    if let Some(state) = lives.contacts.get(&contact) {
        involved.extend(state.named_by.iter().copied());
        involved.extend(state.unsettled_sessions().filter_map(|session| session.named_ticket).map(Contact::Ticket));
    }
    // Another chat that names the same ticket may have been the one that it was made from.
    let tickets: Involved = involved.iter().copied().filter(|involved| matches!(involved, Contact::Ticket(_))).collect();
    for ticket in tickets {
        involved.extend(lives.contacts.get(&ticket).iter().flat_map(|state| state.named_by.iter().copied()));
    }
    involved.sort_unstable();
    involved.dedup();
    involved
}

/// Notes with the tickets that a chat names first that it does.
fn note_named_tickets(lives: &mut Lives, chat: Contact) {
    let Some(state) = lives.contacts.awake(&chat).filter(|state| state.summary.is_chat) else { return };
    let named: SmallVec<[Key; 2]> = state.unsettled_sessions().filter_map(|session| session.named_ticket).collect();
    for ticket in named.into_iter().map(Contact::Ticket) {
        if !lives.contacts.contains_key(&ticket) {
            // Its own events may never come.
            let last = lives.contacts.get(&chat).map_or(EventOrder::MIN, |state| state.last_order());
            lives.ended.push(last.time + lives.terms.settings.ticket_retention, ticket);
        }
        let terms = &lives.terms;
        let state = lives.contacts.get_or_insert_with(ticket, || ContactState::new(ticket, terms));
        if !state.named_by.contains(&chat) {
            state.named_by.push(chat);
        }
    }
}

/// Finds the session of a chat that a ticket was made from, and recomputes the ticket where that changes it. Of several sessions the latest to start.
fn find_origin(lives: &mut Lives, ticket: Contact, door: &mut Door<'_>) {
    let Contact::Ticket(key) = ticket else { return };
    let Some(state) = lives.contacts.get(&ticket).filter(|state| !state.named_by.is_empty()) else { return };
    let created = state.sessions().next().and_then(|matter| matter.opened).map(|opened| opened.time);
    let mut found: Option<(EventOrder, (Contact, EventOrder, Origin))> = None;
    for chat in created.iter().flat_map(|_| &state.named_by) {
        let Some(chat_state) = lives.contacts.get(chat) else { continue };
        for session in chat_state.sessions().filter(|session| session.named_ticket == Some(key)) {
            let is_origin = created.is_some_and(|created| session.is_origin_of(created, &lives.terms.settings));
            let Some(opened) = session.opened.filter(|_| is_origin) else { continue };
            if found.is_none_or(|(latest, _)| latest < opened.order) {
                found = Some((opened.order, (*chat, session.began, session.as_origin())));
            }
        }
    }
    let origin = found.map(|(_, origin)| origin);
    if origin == state.origin {
        return;
    }
    change_alone(lives, ticket, door, |state, customers, terms| {
        state.origin = origin;
        let inherits = terms.rules.inherits_from_customer;
        state.replay(&customers.inherited(inherits), terms)
    });
}

/// Changes a ticket or chat and posts its own facts, and those of its customer and its surveys.
fn change_alone(
    lives: &mut Lives,
    contact: Contact,
    door: &mut Door<'_>,
    change: impl FnOnce(&mut ContactState, &Customers, &mut Terms) -> ContactChange,
) -> Changed {
    let terms = &mut lives.terms;
    let state = lives.contacts.get_or_insert_with(contact, || ContactState::new(contact, terms));
    let (was_unsettled, unfolded_before) = (state.is_unsettled(), state.unfolded_events());
    let has_surveys = !state.surveys.is_empty();
    let was_spam = state.summary.is_spam;
    let seen = Seen::of(&state.summary, terms);
    let opening = standing_opening(&state.summary);
    let ContactChange { was, is_last, has_effect } = change(state, &lives.customers, terms);
    lives.unfolded_events += state.unfolded_events() - unfolded_before;
    let (mut gone, mut come) = (Facts::new(), Facts::new());
    let (mut closed, mut opened) = (SessionOpenings::new(), SessionOpenings::new());
    match was {
        None => {
            seen.exchange(&state.summary, terms, &mut gone, &mut come);
            (closed, opened) = (opening.into_iter().collect(), standing_opening(&state.summary).into_iter().collect());
        }
        Some(was) => {
            was.iter().for_each(|summary| gone.extend(facts(summary, terms)));
            state.unsettled_sessions().for_each(|summary| come.extend(facts(summary, terms)));
            difference(&mut gone, &mut come);
            closed.extend(was.iter().filter_map(standing_opening));
            opened.extend(state.unsettled_sessions().filter_map(standing_opening));
        }
    }
    let known = closed.clone();
    closed.retain(|opening| !opened.contains(opening));
    opened.retain(|opening| !known.contains(opening));
    gone.extend(closed.iter().filter_map(|opening| anonymous_touchpoint(*opening, terms)));
    come.extend(opened.iter().filter_map(|opening| anonymous_touchpoint(*opening, terms)));
    let (customer, last) = (state.summary.customer(), state.last_order());
    let (is_spam, is_open, named) = (state.summary.is_spam, state.summary.is_open(), state.summary.named);
    let changed = Changed { was_unsettled, opened: state.summary.opened, customer, last, is_open, named, has_effect };
    lives.ever_seen.note(&state.summary);
    door.post(Subject::Contact(contact), &gone, &come);

    lives.ticket_sets.note_open(contact, lives.terms.settings.feed_of(last), is_open, named, false);
    for (openings, stands) in [(closed, false), (opened, true)] {
        for (opening, customer) in openings.into_iter().filter_map(|opening| Some((opening, opening.customer?))) {
            change_opening(lives, customer, contact, opening, stands, door);
        }
    }
    if has_surveys && (!is_last || was_spam != is_spam) {
        survey::resolve_about(lives, contact, door);
    }
    changed
}

/// Some openings of one ticket or chat: one of each session.
type SessionOpenings = SmallVec<[Opening; 2]>;

/// The touchpoint of an opening that has no customer.
fn anonymous_touchpoint(opening: Opening, terms: &Terms) -> Option<Fact> {
    opening.customer.is_none().then(|| touchpoint(opening.order, opening.dimensions, DimensionsId::default(), terms))
}

/// The opening of a ticket or chat that is not withdrawn. A ticket made from a chat is no contact of its own, nor is one that only snapshots know.
fn standing_opening(summary: &Summary) -> Option<Opening> {
    summary.opened.filter(|opened| !opened.is_silent && !summary.is_gone() && summary.origin.is_none())
}
