//! What an event of a ticket or chat changes: its own facts, its pairs with answers, its customer's openings, its surveys.

use rustc_hash::FxHashMap;

use super::lives::Lives;
use super::retention::{is_ended, survey_retention};
use super::{Arrived, Group, WAITING_MAX, post, post_difference};
use crate::engine::Rules;
use crate::engine::contact::{Action, Change, ContactState, Entry, Opening, Seen, facts, idle_end_of, pair_facts};
use crate::engine::customer::Heir;
use crate::engine::fact::{Fact, Facts, difference};
use crate::engine::names::DimensionsId;
use crate::engine::order::EventOrder;
use crate::engine::standing::Subject;
use crate::engine::survey::{SurveyId, SurveyState, touchpoint};
use crate::engine::view::View;
use crate::event::{Contact, ContactAction, Key};
use crate::time::{EventTime, Span};

impl Group {
    pub(super) fn apply_contact(&mut self, contact: Contact, action: ContactAction, arrived: &Arrived, view: &mut View, rules: &Rules) {
        let action = Action::Event(action);
        let entry = Entry { order: arrived.order, dimensions: arrived.dimensions, customer: arrived.customer, action };
        if !self.take_into(contact, entry, view, rules) {
            self.topics[arrived.topic].ledger.orphaned += 1;
        }
    }

    /// Takes an event into the history of a ticket or chat; gives whether its opening is known.
    pub(super) fn take_into(&mut self, contact: Contact, entry: Entry, view: &mut View, rules: &Rules) -> bool {
        let begins = entry.order.time;
        let sets = self.sets_after(contact, entry.order);
        let changed = self.change_contact(contact, view, rules, |state, customers, view| {
            let mut setting = rules.setting(&mut view.names);
            state.insert(entry, &sets, &inherited_from(customers, rules), &mut setting)
        });
        if !changed.was_unsettled {
            self.unsettled.push(begins + self.lateness_max.min(WAITING_MAX), contact);
        }
        let Changed { opened, last, .. } = changed;
        if let Some((customer, order)) = opened.and_then(|opened| Some((opened.customer?, opened.order))) {
            self.add_heir(customer, order, Heir::Contact(contact), view, rules);
            // Who was erased since and came again is whom later events inherit from.
            for order in self.customers.lives_between(customer, order, last) {
                self.add_heir(customer, order, Heir::Contact(contact), view, rules);
            }
        }
        opened.is_some()
    }

    /// Replays a ticket or chat, because its customer's dimensions became known late.
    pub(super) fn replay_contact(&mut self, contact: Contact, view: &mut View, rules: &Rules) {
        self.change_contact(contact, view, rules, |state, customers, view| {
            let mut setting = rules.setting(&mut view.names);
            state.replay(&inherited_from(customers, rules), &mut setting)
        });
    }

    /// Folds what is settled, and comes back for the rest.
    pub(super) fn settle_contact(&mut self, contact: Contact, horizon: EventTime, view: &mut View, rules: &Rules) {
        let Some(state) = self.contacts.get_mut(&contact).filter(|s| s.is_unsettled()) else { return };
        let history_max = view.settings.limits.history_max;
        if let Some((start, end)) =
            state.waiting_tail(history_max).filter(|(start, end)| *end >= horizon && *start + WAITING_MAX >= horizon)
        {
            // More may come until then, and looking again in vain is what costs.
            let settles = end + Span(self.lateness_max.0 / 2);
            self.unsettled.push(settles.min(start + WAITING_MAX), contact);
            return;
        }
        let mut setting = rules.setting(&mut view.names);
        let early = state.fold(horizon, history_max, &inherited_from(&self.customers, rules), &mut setting);
        let longest = survey_retention(&view.settings);
        let dropped = state.shorten(horizon - longest, history_max);
        self.evictions.histories += (early + dropped) as u64;
        if let Some(next) = state.tail_start() {
            self.unsettled.push(next, contact);
        } else {
            let idle = idle_end_of(&state.summary, &view.settings).filter(|_| !is_ended(state, &view.settings, horizon));
            if idle.is_some() || is_ended(state, &view.settings, horizon) {
                let over = state.last_order().time + idle.unwrap_or_default();
                self.ended.push(over + view.settings.ticket_retention, contact);
            }
            self.contacts.put_to_sleep(&contact);
        }
    }

    /// The pairs that a ticket or chat gives with the answers about it.
    pub(super) fn pairs_of(&self, contact: Contact, view: &View) -> Facts {
        self.contacts.get(&contact).map(|state| pairs_of(contact, &state, &self.surveys, view)).unwrap_or_default()
    }

    /// Changes a ticket or chat and posts whatever follows.
    fn change_contact(
        &mut self,
        contact: Contact,
        view: &mut View,
        rules: &Rules,
        change: impl FnOnce(&mut ContactState, &Lives, &mut View) -> Change,
    ) -> Changed {
        let state = self.contacts.get_or_insert_with(contact, || ContactState::new(contact, &rules.setting(&mut view.names)));
        let was_unsettled = state.is_unsettled();
        let has_surveys = !state.surveys.is_empty();
        let pairs = if has_surveys { pairs_of(contact, state, &self.surveys, view) } else { Facts::new() };
        let (opening, was_spam) = (standing_opening(state), state.summary.is_spam);
        let seen = Seen::of(&state.summary, &view.settings);
        let Change { was, is_last } = change(state, &self.customers, view);
        let (mut gone, mut come) = (Facts::new(), Facts::new());
        match was {
            None => seen.exchange(&state.summary, &view.classes, &view.settings, &mut gone, &mut come),
            Some(was) => {
                gone = facts(&was, &view.classes, &view.settings);
                come = facts(&state.summary, &view.classes, &view.settings);
                difference(&mut gone, &mut come);
            }
        }
        let new_opening = standing_opening(state);
        if opening != new_opening {
            gone.extend(opening.and_then(|opening| anonymous_touchpoint(opening, view)));
            come.extend(new_opening.and_then(|opening| anonymous_touchpoint(opening, view)));
        }
        let changed = Changed { was_unsettled, opened: state.summary.opened, last: state.last_order() };
        let (is_spam, is_open) = (state.summary.is_spam, state.summary.is_open());
        post(Subject::Contact(contact), &gone, &come, &mut self.panes);

        if let (Some(open), Contact::Ticket(_)) = (&mut self.open_tickets, contact) {
            if is_open {
                open.insert(contact)
            } else {
                open.remove(&contact)
            };
        }
        if opening != new_opening {
            self.move_opening(contact, opening, new_opening, view, rules);
        }
        if has_surveys {
            if !is_last || was_spam != is_spam {
                self.resolve_surveys_of(contact, view, rules);
            }
            let pairs_now = self.pairs_of(contact, view);
            post_difference(Subject::Contact(contact), pairs, pairs_now, &mut self.panes);
        }
        changed
    }

    /// Tells the customers that a ticket or chat was opened, was withdrawn, or is another's.
    fn move_opening(&mut self, contact: Contact, old: Option<Opening>, new: Option<Opening>, view: &mut View, rules: &Rules) {
        if let Some((opening, customer)) = old.and_then(|o| Some((o, o.customer?))) {
            self.change_opening(customer, contact, opening, false, view, rules);
        }
        if let Some((opening, customer)) = new.and_then(|o| Some((o, o.customer?))) {
            self.change_opening(customer, contact, opening, true, view, rules);
        }
    }
}

/// What came of a change.
struct Changed {
    was_unsettled: bool,
    opened: Option<Opening>,
    last: EventOrder,
}

fn pairs_of(contact: Contact, state: &ContactState, surveys: &FxHashMap<SurveyId, Box<SurveyState>>, view: &View) -> Facts {
    if state.surveys.is_empty() {
        return Facts::new();
    }
    let answers = state.surveys.latest_answers().filter_map(|id| surveys.get(&id)?.answer.as_deref());
    pair_facts(&state.summary, answers.filter(|a| a.stands && a.about == Some(contact)), view)
}

/// The touchpoint of an opening that has no customer.
fn anonymous_touchpoint(opening: Opening, view: &View) -> Option<Fact> {
    let is_anonymous = opening.customer.is_none() && !opening.is_silent;
    is_anonymous.then(|| touchpoint(opening.order, opening.dimensions, DimensionsId::default(), view))
}

fn standing_opening(state: &ContactState) -> Option<Opening> {
    state.summary.opened.filter(|_| !state.summary.is_gone)
}

/// The dimensions that a contact inherits from its customer at an instant, where any grouping set asks for them.
pub(super) fn inherited_from(customers: &Lives, rules: &Rules) -> impl Fn(Option<Key>, EventOrder) -> DimensionsId {
    move |customer, order| match customer.filter(|_| rules.inherits_from_customer).and_then(|c| customers.at(c, order)) {
        Some(state) => state.dimensions_before(order),
        None => DimensionsId::default(),
    }
}
