//! The families of the catalogue, section by section of the definitions.

use std::collections::BTreeMap;

use cxpulse::time::Span;

use super::contact::Story;
use super::identity::Life;
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;
use super::world::{Dims, Name, Timed};
use super::{answers, customer, targets};

/// What is true now and has no window.
pub(crate) fn state(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let open: Vec<&Story> = past.tickets.iter().filter(|t| is_open(t)).collect();
    let now = |value: i64, dims: &Dims| Timed { at: 0, value, dims: dims.clone() };
    let backlog: Vec<_> = open.iter().map(|t| now(0, &t.dims_now(&past.world))).collect();
    sheet.count("cx_backlog_tickets", &backlog);
    for status in ["new", "open", "pending", "on_hold"] {
        let n = open.iter().filter(|t| t.status() == status).count();
        sheet.put("cx_backlog_tickets_by_status", &[("status", status)], Value::Count(n as i64));
    }
    let team = past.world.dimension("team");
    let teamless: Vec<_> = backlog.iter().filter(|sample| sample.dims[team] == "unknown").cloned().collect();
    sheet.count("cx_backlog_without_team_tickets", &teamless);
    let unanswered = |t: &Story| t.clock.filter(|_| !t.answered).map(|clock| clock.start);
    let awaiting = |t: &Story| t.awaiting_since();
    type Since<'s> = &'s dyn Fn(&Story) -> Option<i64>;
    let waits: [(&str, Since<'_>); 2] = [("unanswered", &unanswered), ("awaiting_reply", &awaiting)];
    for (name, since) in waits {
        let waiting: Vec<_> = open.iter().filter_map(|t| since(t).map(|at| now(at, &t.dims_now(&past.world)))).collect();
        sheet.count(&format!("cx_backlog_{name}_tickets"), &waiting);
        for group in sheet.groups(&waiting) {
            let oldest = group.inside.iter().map(|s| s.value).min();
            let family = format!("cx_backlog_oldest_{name}_timestamp_seconds");
            sheet.put_in(&group, &family, "", &[], oldest.map_or(Value::Absent, Value::Millis));
        }
    }
    targets::state(past, sheet);
    let running = past.chats.iter().filter(|c| c.opened.is_some() && !c.over());
    let (active, waiting): (Vec<&Story>, Vec<&Story>) = running.partition(|c| c.accepted.is_some());
    for (name, chats) in [("cx_chats_waiting", waiting), ("cx_chats_active", active)] {
        sheet.count(name, &chats.iter().map(|c| now(0, &c.dims_now(&past.world))).collect::<Vec<_>>());
    }
    let customers: Vec<_> = past.customers.all.values().filter(|c| c.is_active()).map(|c| now(0, &c.dims)).collect();
    for group in sheet.groups_of(&past.world.setup.customer_grouping_sets, &customers) {
        // Without any customer the feed may not exist, and then the base is unknown.
        let is_known = !past.customers.all.is_empty();
        let n = group.inside.len() as i64;
        sheet.put_in(&group, "cx_customers_active", "", &[], if is_known { Value::Count(n) } else { Value::Absent });
    }
    customer::value_now(past, sheet);
}

/// Whether a ticket that is not withdrawn is in the backlog.
pub(crate) fn is_open(ticket: &Story) -> bool {
    ticket.created.is_some() && !ticket.solved
}

/// What is counted in a window.
pub(crate) fn windowed(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    tickets(past, sheet);
    responses(past, sheet);
    waits(past, sheet);
    chats(past, sheet);
    contacts(past, sheet);
    touchpoints(past, sheet);
    handoffs(past, sheet);
    answers::windowed(past, sheet);
    churn(past, sheet);
    customer::churn_by_experience(past, sheet);
    customer::value_in_window(past, sheet);
    targets::windowed(past, sheet);
}

pub(crate) fn timed<V, W>(from: &Timed<V>, value: W) -> Timed<W> {
    Timed { at: from.at, value, dims: from.dims.clone() }
}

/// Those with a value; a creation that a snapshot tells of may lie after the end, and what is below zero is no length of time.
fn known(samples: impl Iterator<Item = Timed<Option<i64>>>) -> Vec<Timed<i64>> {
    samples.filter_map(|s| s.value.filter(|ms| *ms >= 0).map(|value| timed(&s, value))).collect()
}

fn collect<V: Clone>(stories: &[Story], pick: impl Fn(&Story) -> Option<&Timed<V>>) -> Vec<Timed<V>> {
    stories.iter().filter_map(pick).cloned().collect()
}

fn tickets(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let tickets = &past.tickets;
    let resolution_bounds = &past.world.setup.duration_bounds.resolution;
    sheet.count("cx_tickets_created", &collect(tickets, |t| t.opened.as_ref()));
    sheet.count("cx_tickets_first_responded", &collect(tickets, |t| t.first_response.as_ref()));
    sheet.count("cx_tickets_resolved", &collect(tickets, Story::solve));
    let reopens = tickets.iter().flat_map(|t| t.reopens.iter().map(|(_, reopen)| reopen.clone()));
    sheet.count("cx_tickets_reopened", &reopens.collect::<Vec<_>>());
    sheet.count("cx_tickets_escalated", &collect(tickets, |t| t.escalated.as_ref()));
    sheet.count("cx_tickets_transferred", &collect(tickets, |t| t.transferred.as_ref()));
    sheet.durations("cx_resolution", resolution_bounds, &known(collect(tickets, Story::solve).into_iter()));
    let first = collect(tickets, |t| t.solves.first().filter(|_| !t.first_solve_is_told));
    sheet.durations("cx_first_resolution", resolution_bounds, &known(first.into_iter()));
    sheet.durations("cx_requester_wait", resolution_bounds, &collect(tickets, |t| t.requester_wait.as_ref()));

    // Of a ticket known from snapshots alone it must be known that nobody answered it.
    let unanswered = |t: &Story| !t.answered && t.created.is_some() && (t.opened.is_some() || t.clock.is_some());
    let automated = |t: &Story| unanswered(t) && t.automated_response.is_some();
    sheet.count("cx_tickets_solved_without_response", &collect(tickets, |t| t.solve().filter(|_| unanswered(t))));
    sheet.count("cx_tickets_solved_by_automation", &collect(tickets, |t| t.solve().filter(|_| automated(t))));

    let cohort = |ever: &dyn Fn(&Story) -> bool| -> Vec<Timed<bool>> {
        tickets.iter().filter_map(|t| t.solve().map(|solve| timed(solve, ever(t)))).collect()
    };
    sheet.ratio("cx_reopen_ratio", Some("cx_tickets_resolved_reopened"), &[], &cohort(&|t| !t.reopens.is_empty()));
    let ever = |what: fn(&Story) -> bool| past.all_tickets.values().any(what);
    let escalated = cohort(&|t| t.escalated.is_some());
    sheet.ratio_once(ever(|t| t.escalated.is_some()), "cx_escalation_ratio", "cx_tickets_resolved_escalated", &[], &escalated);
    let transferred = cohort(&|t| t.transferred.is_some());
    sheet.ratio_once(ever(|t| t.transferred.is_some()), "cx_transfer_ratio", "cx_tickets_resolved_transferred", &[], &transferred);
    let one_touch = cohort(&|t| t.replies == 1 && t.reopens.is_empty() && !t.has_gaps);
    sheet.ratio("cx_first_contact_resolution_ratio", Some("cx_first_contact_resolved"), &[], &one_touch);
}

fn responses(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let bounds = &past.world.setup.duration_bounds.response;
    let first: Vec<_> = past.contacts().filter_map(|c| c.first_response.clone()).collect();
    let automated: Vec<_> = past.contacts().filter_map(|c| c.automated_response.clone()).collect();
    let next: Vec<_> = past.contacts().flat_map(|c| c.waits.iter().filter_map(|wait| wait.reply.clone())).collect();
    sheet.durations("cx_first_response", bounds, &first);
    sheet.durations("cx_automated_first_response", bounds, &automated);
    sheet.durations("cx_next_response", bounds, &next);
}

/// The waits of tickets for their first response, at each age to which they came.
fn waits(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    // A wait comes to an age at the first whole minute from then on.
    let minute = |at: i64| (at + 59_999).div_euclid(60_000) * 60_000;
    let mut before = None;
    for (age, Span(ms)) in &past.world.setup.wait_ages {
        let goes_on = |until: Option<i64>, at: i64| until.is_none_or(|took| took > at);
        let came: Vec<Timed<bool>> = past
            .tickets
            .iter()
            .filter_map(|ticket| wait(past, ticket))
            .filter(|(since, took, _)| minute(since + ms) <= past.now && before.is_none_or(|before| goes_on(*took, before)))
            .map(|(since, took, dims)| Timed { at: minute(since + ms), value: goes_on(took, *ms), dims })
            .collect();
        for group in sheet.groups(&came) {
            let unanswered = group.inside.iter().filter(|wait| wait.value).count() as i64;
            let mut put = |name: &str, count: i64| sheet.put_in(&group, name, "", &[("age", age)], Value::Count(count));
            put("cx_first_response_waits", group.inside.len() as i64);
            put("cx_first_response_waits_unanswered", unanswered);
        }
        before = Some(*ms);
    }
}

/// When a ticket's wait for its first response began, how long it took until a response or a solve ended it, and whom it counts for.
fn wait(past: &Past<'_>, ticket: &Story) -> Option<(i64, Option<i64>, Dims)> {
    if let Some(response) = &ticket.first_response {
        return Some((response.at - response.value, Some(response.value), response.dims.clone()));
    }
    let since = ticket.clock.filter(|_| !ticket.answered)?.start;
    if is_open(ticket) {
        return Some((since, None, ticket.dims_now(&past.world)));
    }
    let solve = ticket.solve().filter(|solve| ticket.solved && solve.at >= since)?;
    Some((since, Some(solve.at - since), solve.dims.clone()))
}

fn chats(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let chats = &past.chats;
    let (accepted, abandoned) = (collect(chats, |c| c.accepted.as_ref()), collect(chats, |c| c.abandoned.as_ref()));
    let ended = collect(chats, |c| c.ended.as_ref());
    sheet.count("cx_chats_started", &collect(chats, |c| c.opened.as_ref()));
    sheet.count("cx_chats_accepted", &accepted);
    sheet.count("cx_chats_abandoned", &abandoned);
    sheet.count("cx_chats_ended", &ended);
    sheet.count("cx_chats_idle_ended", &collect(chats, |c| c.idle_ended.as_ref()));
    sheet.count("cx_chats_transferred", &collect(chats, |c| c.transferred.as_ref()));
    let short = past.world.setup.chat_abandon_min.0;
    let left = abandoned.iter().filter(|s| s.value.is_none_or(|wait| wait >= short)).map(|s| timed(s, true));
    let outcomes: Vec<_> = left.chain(accepted.iter().map(|s| timed(s, false))).collect();
    sheet.ratio("cx_chat_abandonment_ratio", Some("cx_chats_abandoned_counted"), &[], &outcomes);
    let bounds = &past.world.setup.duration_bounds.chat;
    sheet.durations("cx_chat_wait", bounds, &known(accepted.into_iter()));
    sheet.durations("cx_chat_duration", bounds, &known(ended.into_iter()));
}

fn contacts(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let Span(within) = past.world.setup.repeat_contact_within;
    let channel = past.world.dimension("channel");
    let mut by_customer: BTreeMap<&Life, Vec<&Story>> = BTreeMap::new();
    for contact in past.own_contacts().filter(|contact| contact.opened.is_some()) {
        if let Some(customer) = &contact.opener {
            by_customer.entry(customer).or_default().push(contact);
        }
    }
    let (mut all, mut repeats) = (Vec::new(), Vec::new());
    for mut contacts in by_customer.into_values() {
        contacts.sort_by_key(|contact| contact.order);
        let mut before: Option<&Timed<()>> = None;
        for this in contacts.into_iter().filter_map(|contact| contact.opened.as_ref()) {
            let repeated = before.filter(|before| this.at - before.at <= within);
            all.push(timed(this, repeated.is_some()));
            repeats.extend(repeated.map(|before| timed(this, this.dims[channel] != before.dims[channel])));
            before = Some(this);
        }
    }
    sheet.count("cx_contacts", &all);
    sheet.ratio("cx_repeat_contact_ratio", Some("cx_repeat_contacts"), &[], &all);
    let overall = sheet.groups_of(&[], &repeats).remove(0);
    let switches = overall.inside.iter().filter(|s| s.value).count() as i64;
    sheet.put("cx_channel_switches", &[], Value::Count(switches));
    sheet.proportion(&overall, "cx_channel_switch_ratio", &[], switches, overall.inside.len() as i64);
}

/// Contacts by their first hand-off; of a chat and its record one counts.
fn handoffs(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let mut first: BTreeMap<&Name, &Timed<()>> = BTreeMap::new();
    // Of two at one instant the chat's.
    for (name, story) in past.all_chats.iter().chain(&past.all_tickets).filter(|(_, story)| !story.gone()) {
        let Some(handoff) = &story.handoff else { continue };
        let known = first.entry(past.records.contact(name)).or_insert(handoff);
        if handoff.at < known.at {
            *known = handoff;
        }
    }
    sheet.count("cx_handoffs", &first.into_values().cloned().collect::<Vec<_>>());
}

fn touchpoints(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let world = &past.world;
    let (channel, stage) = (world.dimension("channel"), world.dimension("journey_stage"));
    let place = |dims: &Dims| (dims[stage].clone(), dims[channel].clone());
    let mut found: Vec<(i64, (String, String))> = Vec::new();
    found.extend(past.own_contacts().filter_map(|c| c.opened.as_ref()).map(|opened| (opened.at, place(&opened.dims))));
    for metric in ["csat", "nps", "ces"] {
        found.extend(past.answers(metric).iter().map(|a| (a.at, place(&a.dims))));
    }
    for event in world.events.iter().filter(|e| e.what == "customer.touchpoint") {
        let stage = event.text("journey_stage").expect("checked by the reader").to_owned();
        found.push((event.time, (stage, event.text("channel").unwrap_or("unknown").to_owned())));
    }
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (at, place) in found {
        *counts.entry(place).or_default() += i64::from(sheet.holds(at));
    }
    for ((stage, channel), n) in counts {
        sheet.put("cx_journey_touchpoints", &[("journey_stage", &stage), ("channel", &channel)], Value::Count(n));
    }
}

fn churn(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let start = sheet.start();
    let is_known = past.customers.base_is_known(start);
    let all: Vec<_> = past.customers.all.values().map(|c| Timed { at: start, value: c, dims: c.dims.clone() }).collect();
    for group in sheet.groups_of(&past.world.setup.customer_grouping_sets, &all) {
        let at_start: Vec<_> = group.inside.iter().map(|c| c.value).filter(|c| c.was_active(start)).collect();
        let (base, churned) = (at_start.len() as i64, at_start.iter().filter(|c| !c.is_active()).count() as i64);
        let new = group.inside.iter().filter(|c| c.value.subscribed_first().is_some_and(|at| sheet.holds(at))).count() as i64;
        for (name, n) in [("active_at_start", base), ("churned", churned), ("retained", base - churned), ("new", new)] {
            let value = if is_known { Value::Count(n) } else { Value::Any };
            sheet.put_in(&group, &format!("cx_customers_{name}"), "", &[], value);
        }
        let base = if is_known { base } else { 0 };
        sheet.proportion(&group, "cx_churn_ratio", &[], churned, base);
        sheet.proportion(&group, "cx_retention_ratio", &[], base - churned, base);
    }
}
