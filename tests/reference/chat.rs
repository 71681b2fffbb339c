//! What only chats do: they are accepted, transferred, and come to an end.

use super::contact::{Story, Telling};
use super::order::is_human_reply;
use super::ticket::is_transfer;
use super::world::{Name, Step, Timed, World};

/// Reads one session.
pub(crate) fn read(world: &World<'_>, name: &Name, steps: &[Step]) -> Story {
    let mut telling = Telling::new(world, name);
    for step in steps {
        telling.end_idle(step.at);
        telling.chat(step);
        telling.keep_state(step.at, &step.own, step.customer.as_ref());
    }
    telling.end_idle(world.now.saturating_add(1));
    telling.story
}

impl Telling<'_, '_> {
    /// Ends a chat that has been idle for too long.
    fn end_idle(&mut self, now: i64) {
        let Some(idle) = self.world.setup.chat_idle_end else { return };
        let Some(last) = self.story.states.last().cloned() else { return };
        let end = last.at + idle.0;
        if self.story.opened.is_some() && !self.story.over() && end < now {
            // Nothing but its own events changes a contact.
            let dims = self.world.dims(&last.own, last.customer.as_ref(), last.at);
            self.story.idle_ended = Some(Timed { at: end, value: (), dims });
            self.forget();
            self.keep_state(end, &last.own, last.customer.as_ref());
            self.story.states.last_mut().expect("it was kept").heard_at = last.at;
        }
    }

    fn chat(&mut self, step: &Step) {
        let event = &self.world.events[step.place];
        if self.story.named_ticket.is_none() {
            self.story.named_ticket = event.text("ticket_id").map(str::to_owned);
        }
        match event.what.as_str() {
            "chat.started" if self.story.created.is_none() => {
                self.open(step);
                self.start_clock(step.at, step.at);
            }
            "chat.message" => {
                self.story.messages.push(step.at);
                if is_human_reply(event) && self.story.created.is_some() {
                    self.accept(step);
                }
                let over = self.story.over();
                self.hear(step, over);
            }
            "chat.handoff" => self.hand_over(step),
            "chat.accepted" => self.join(step),
            "chat.transferred" if is_transfer(event, step.team_before.as_deref()) => self.story.transferred = Some(self.at(step, ())),
            "chat.ended" | "chat.abandoned" if !self.story.over() => self.end(step, event.what == "chat.ended"),
            _ => {}
        }
    }

    /// Somebody is there; whether that is new.
    fn accept(&mut self, step: &Step) -> bool {
        let is_new = self.story.accepted.is_none() && !self.story.over();
        if is_new {
            let wait = self.story.created.and(self.story.clock).map(|clock| step.at - clock.start);
            self.story.accepted = Some(self.at(step, wait));
            self.story.accepted_state = Some(self.state());
        }
        is_new
    }

    /// An acceptance; of a call it is also the first response.
    fn join(&mut self, step: &Step) {
        let channel = step.own[self.world.dimension("channel")].as_ref();
        let is_call = channel.is_some_and(|channel| self.world.setup.call_channels.contains(channel));
        if self.accept(step) && is_call && self.story.clock.is_some() && !self.story.answered {
            self.respond(step);
        }
    }

    /// The session ends. `chat.abandoned` after an acceptance is an end like any other.
    fn end(&mut self, step: &Step, is_ended: bool) {
        self.story.silent = !self.story.answered;
        self.story.settled.push((step.at, step.own.clone()));
        if is_ended || self.story.accepted.is_some() {
            let duration = self.story.accepted.as_ref().map(|accepted| step.at - accepted.at);
            self.story.ended = Some(self.at(step, duration));
        } else {
            let wait = self.story.created.and(self.story.clock).map(|clock| step.at - clock.start);
            self.story.abandoned = Some(self.at(step, wait));
        }
        self.forget();
    }
}
