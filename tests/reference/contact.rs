//! What one ticket or one session of a chat comes to: its events one after another, and what is kept of each.

use super::identity::{CustomerId, Life};
use super::world::{Dims, Name, Own, Step, Timed, World};

/// What a ticket or chat contributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// Its opening: created or started, by an event that says so.
    pub(crate) opened: Option<Timed<()>>,
    /// The state after it, or after the first snapshot that tells of the creation.
    pub(crate) opened_state: Option<usize>,
    /// Where the opening stands among the openings of one instant: tickets before chats, then the log.
    pub(crate) order: (i64, bool, usize),
    /// Who opened it.
    pub(crate) opener: Option<Life>,
    /// When it was created, be it that only a snapshot tells of it.
    pub(crate) created: Option<i64>,
    /// Replies or solves may be missing, for it is known from a snapshot.
    pub(crate) has_gaps: bool,
    /// Spam or deleted now.
    pub(crate) withdrawn: bool,
    /// Spam now: the answers that name it leave too.
    pub(crate) spam: bool,
    /// Merged away now.
    pub(crate) merged: bool,
    /// Where the first-response clock started, hand-offs included.
    pub(crate) clock: Option<Clock>,
    /// The first public human reply, with the time since the clock started in ms.
    pub(crate) first_response: Option<Timed<i64>>,
    /// The state after that reply.
    pub(crate) first_response_state: Option<usize>,
    /// Answered by a human, with a sample or without.
    pub(crate) answered: bool,
    /// The state from which it counts as answered without a sample.
    pub(crate) answered_silently: Option<usize>,
    /// The first bot's or automated reply, with the time since the clock started, whatever hand-offs did to it.
    pub(crate) automated_response: Option<Timed<i64>>,
    /// Public human replies since the clock started.
    pub(crate) replies: usize,
    /// Every wait after the first response.
    pub(crate) waits: Vec<Wait>,
    /// Every solve that is a sample, with the time since the creation where that lies before it.
    pub(crate) solves: Vec<Timed<Option<i64>>>,
    /// Whether its first solve is known from a snapshot only, so that the first of the others is none.
    pub(crate) first_solve_is_told: bool,
    /// How long the customer waited until the latest solve.
    pub(crate) requester_wait: Option<Timed<i64>>,
    /// Every reopening that was counted, with the state after it.
    pub(crate) reopens: Vec<(usize, Timed<()>)>,
    /// The latest escalation.
    pub(crate) escalated: Option<Timed<()>>,
    /// The latest transfer.
    pub(crate) transferred: Option<Timed<()>>,
    /// The first hand-off.
    pub(crate) handoff: Option<Timed<()>>,
    /// Solved or closed now.
    pub(crate) solved: bool,
    /// A chat's acceptance, with its wait where the start is known.
    pub(crate) accepted: Option<Timed<Option<i64>>>,
    /// The state after it.
    pub(crate) accepted_state: Option<usize>,
    /// A chat's abandonment, with its wait where the start is known.
    pub(crate) abandoned: Option<Timed<Option<i64>>>,
    /// A chat's end, with the time since its acceptance where there is one.
    pub(crate) ended: Option<Timed<Option<i64>>>,
    /// Where a chat without an end was idle for too long.
    pub(crate) idle_ended: Option<Timed<()>>,
    /// A chat's session that ended before any public human reply.
    pub(crate) silent: bool,
    /// The first ticket that a chat's session names.
    pub(crate) named_ticket: Option<String>,
    /// When anybody wrote in a chat.
    pub(crate) messages: Vec<i64>,
    /// The own dimension values at each solve, or at a chat's end, and when it was.
    pub(crate) settled: Vec<(i64, Own)>,
    /// What it was after each event.
    pub(crate) states: Vec<State>,
}

/// A first-response clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// When it started.
    pub(crate) start: i64,
    /// The state after the event that started it.
    pub(crate) state: usize,
    /// From when on it is known: later than its start where a snapshot tells of it, which makes no sample for what lies before it.
    pub(crate) known_from: i64,
}

/// A wait for a later response.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    /// Since when.
    pub(crate) since: i64,
    /// The state after the event that tells of it.
    pub(crate) state: usize,
    /// From when on it is known.
    pub(crate) known_from: i64,
    /// The reply to it, with the length of the wait.
    pub(crate) reply: Option<Timed<i64>>,
    /// The state in which it ended, by a reply or without.
    pub(crate) end: Option<usize>,
}

/// What a contact was after one of its events.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Since when.
    pub(crate) at: i64,
    /// The instant whose customer it counts for: that of its last event.
    pub(crate) heard_at: i64,
    /// The status set last, `new` before any.
    pub(crate) status: String,
    /// Solved or closed; of a chat, ended or abandoned.
    pub(crate) solved: bool,
    /// Spam, deleted or merged away.
    pub(crate) gone: bool,
    /// Its own dimension values.
    pub(crate) own: Own,
    /// Its customer.
    pub(crate) customer: Option<CustomerId>,
}

impl Story {
    /// The latest solve, which is the one that counts.
    pub(crate) fn solve(&self) -> Option<&Timed<Option<i64>>> {
        self.solves.last()
    }

    /// Spam, deleted or merged away now.
    pub(crate) fn gone(&self) -> bool {
        self.withdrawn || self.merged
    }

    /// Since when a customer waits for a later response.
    pub(crate) fn awaiting_since(&self) -> Option<i64> {
        self.waits.last().filter(|wait| wait.end.is_none()).map(|wait| wait.since)
    }

    /// A chat's session has come to its end.
    pub(crate) fn over(&self) -> bool {
        self.ended.is_some() || self.abandoned.is_some() || self.idle_ended.is_some()
    }

    /// When a chat's session came to its end.
    pub(crate) fn over_at(&self) -> Option<i64> {
        let ended = self.ended.as_ref().or(self.abandoned.as_ref()).map(|s| s.at);
        ended.or_else(|| self.idle_ended.as_ref().map(|s| s.at))
    }

    /// The dimensions now: those at its last event, for nothing but its own events changes a contact.
    pub(crate) fn dims_now(&self, world: &World<'_>) -> Dims {
        let last = self.states.last().expect("a contact has an event");
        world.dims(&last.own, last.customer.as_ref(), last.at)
    }

    /// The status now.
    pub(crate) fn status(&self) -> &str {
        self.states.last().map_or("new", |state| &state.status)
    }

    /// The own dimension values at an instant.
    pub(crate) fn own_at(&self, at: i64) -> Option<&Own> {
        self.states.iter().rfind(|state| state.at <= at).map(|state| &state.own)
    }

    /// The customer at an instant.
    pub(crate) fn customer_at(&self, at: i64) -> Option<&CustomerId> {
        self.states.iter().rfind(|state| state.at <= at).and_then(|state| state.customer.as_ref())
    }
}

/// A story while it is being told.
pub(crate) struct Telling<'w, 'a> {
    pub(crate) world: &'w World<'a>,
    pub(crate) name: &'w Name,
    pub(crate) story: Story,
    /// The status set last.
    pub(crate) status: String,
    /// A hand-off moved the clock, and no later one may.
    handed: bool,
    /// A hand-off ever moved it.
    pub(crate) by_handoff: bool,
    /// When the clock started, whatever hand-offs did to it.
    pub(crate) plain_start: Option<i64>,
    /// The latest public human reply.
    pub(crate) replied: Option<i64>,
    /// The customer wrote since the solve, and nobody answered.
    pub(crate) wrote: bool,
}

impl<'w, 'a> Telling<'w, 'a> {
    /// Before any event.
    pub(crate) fn new(world: &'w World<'a>, name: &'w Name) -> Self {
        let story = Story::default();
        let status = "new".to_owned();
        Self { world, name, story, status, handed: false, by_handoff: false, plain_start: None, replied: None, wrote: false }
    }

    /// The index of the state that the current event will have made.
    pub(crate) fn state(&self) -> usize {
        self.story.states.len()
    }

    /// A sample of this step.
    pub(crate) fn at<V>(&self, step: &Step, value: V) -> Timed<V> {
        Timed { at: step.at, value, dims: self.world.dims(&step.own, step.customer.as_ref(), step.at) }
    }

    /// Keeps what the contact is after this step.
    pub(crate) fn keep_state(&mut self, at: i64, own: &Own, customer: Option<&CustomerId>) {
        self.story.states.push(State {
            at,
            heard_at: at,
            status: self.status.clone(),
            solved: self.story.solved || self.story.over(),
            gone: self.story.gone(),
            own: own.clone(),
            customer: customer.cloned(),
        });
    }

    /// Created or started, by an event that says so.
    pub(crate) fn open(&mut self, step: &Step) {
        self.story.created = Some(step.at);
        self.story.opened = Some(self.at(step, ()));
        self.story.opened_state = Some(self.state());
        self.story.order = (step.at, self.name.is_chat, step.place);
        self.story.opener = step.customer.as_ref().map(|id| self.world.life(id, step.at));
    }

    /// Starts the first-response clock, which is known from an instant on.
    pub(crate) fn start_clock(&mut self, start: i64, known_from: i64) {
        self.story.clock = Some(Clock { start, state: self.state(), known_from });
        self.plain_start = Some(start);
    }

    /// The customer turns out to have created the ticket: the clock has run since then, unless another runs by now.
    pub(crate) fn start_clock_at_creation(&mut self) {
        let (Some(start), Some(state)) = (self.story.created, self.story.opened_state) else { return };
        self.plain_start = Some(start);
        if self.story.clock.is_none() {
            self.story.clock = Some(Clock { start, state, known_from: start });
        }
    }

    /// A customer waits from now on, if not longer already.
    fn await_reply(&mut self, at: i64) {
        if self.story.answered {
            if self.story.awaiting_since().is_none() {
                self.begin_wait(at, at);
            }
        } else if self.story.opened.is_some() {
            if self.story.clock.is_none() {
                self.start_clock(at, at);
            }
            // The clock of automated replies runs from a customer's first message also where a hand-off started the other.
            self.plain_start.get_or_insert(at);
        }
    }

    /// A wait for a later response begins, which is known from an instant on.
    pub(crate) fn begin_wait(&mut self, since: i64, known_from: i64) {
        let state = self.state();
        self.story.waits.push(Wait { since, state, known_from, reply: None, end: None });
    }

    /// The matter ends: nobody waits for a later response.
    pub(crate) fn forget(&mut self) {
        let state = self.state();
        if let Some(wait) = self.story.waits.last_mut() {
            wait.end.get_or_insert(state);
        }
        self.wrote = false;
    }

    /// Solved or closed: nobody waits, and a hand-off after a solve without any reply may start the clock anew.
    pub(crate) fn settle(&mut self) {
        self.handed = self.handed && (self.story.solved || self.story.answered);
        self.story.solved = true;
        self.forget();
    }

    /// No longer solved: a wait begins if the customer wrote since.
    pub(crate) fn reopen(&mut self, at: i64) {
        if self.wrote {
            self.await_reply(at);
        }
        (self.story.solved, self.wrote) = (false, false);
    }

    /// A bot hands over to people: their clocks start now, unless somebody was there already or it did so before.
    pub(crate) fn hand_over(&mut self, step: &Step) {
        if self.story.handoff.is_none() {
            self.story.handoff = Some(self.at(step, ()));
        }
        let story = &self.story;
        let is_unknown = story.created.is_none() || (story.opened.is_none() && story.clock.is_none());
        let comes_first = !story.answered && story.accepted.is_none() && !self.handed;
        if !is_unknown && comes_first && !self.world.setup.first_response_from_creation {
            self.story.clock = Some(Clock { start: step.at, state: self.state(), known_from: step.at });
            (self.handed, self.by_handoff) = (true, true);
        }
    }

    /// Somebody wrote; `over`: on a matter that has ended.
    pub(crate) fn hear(&mut self, step: &Step, over: bool) {
        let event = &self.world.events[step.place];
        if super::order::is_question(event) {
            if over {
                self.wrote = true;
            } else {
                self.await_reply(step.at);
            }
        }
        if super::order::is_automated_reply(event)
            && let (Some(start), None) = (self.plain_start, &self.story.automated_response)
        {
            self.story.automated_response = Some(self.at(step, step.at - start));
        }
        if super::order::is_human_reply(event) {
            self.reply(step);
        }
    }

    fn reply(&mut self, step: &Step) {
        (self.replied, self.wrote) = (Some(step.at), false);
        if self.story.clock.is_some() || self.story.answered {
            self.story.replies += 1;
        }
        let state = self.state();
        if let Some(since) = self.story.awaiting_since() {
            let reply = self.at(step, step.at - since);
            let wait = self.story.waits.last_mut().expect("it waits");
            (wait.reply, wait.end) = (Some(reply), Some(state));
        } else if !self.story.answered {
            self.respond(step);
        }
    }

    /// The first response of a person: a sample where the clock runs, an answer without one where it is not known whether there was one before.
    pub(crate) fn respond(&mut self, step: &Step) {
        if let Some(clock) = self.story.clock {
            self.story.first_response = Some(self.at(step, step.at - clock.start));
            self.story.first_response_state = Some(self.state());
            self.story.answered = true;
        } else if self.story.created.is_some() && self.story.opened.is_none() {
            self.answer_silently();
        }
    }

    /// From now on it counts as answered.
    pub(crate) fn answer_silently(&mut self) {
        self.story.answered = true;
        self.story.answered_silently = Some(self.state());
    }
}
