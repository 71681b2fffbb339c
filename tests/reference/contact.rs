//! What one ticket or chat comes to: each definition of the metrics read off its whole history, one after another.

use cxpulse::event::Kind;

use super::reader::Happening;
use super::ticket;
use super::world::{Dims, Life, Name, Step, Timed, World};

/// What a ticket or chat contributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// Its opening: created or started.
    pub(crate) opened: Option<Timed<()>>,
    /// When it was opened, be it that only a snapshot tells of it, and the place of the event that does in the order of what happened.
    pub(crate) known: Option<Timed<usize>>,
    /// Who opened it.
    pub(crate) customer: Option<Life>,
    /// Spam, deleted or merged away now.
    pub(crate) withdrawn: bool,
    /// Spam now: its survey answers leave too.
    pub(crate) spam: bool,
    /// Where the first-response clock started.
    pub(crate) clock_start: Option<i64>,
    /// The step that starts it.
    pub(crate) clock: Option<usize>,
    /// The wait for the first human answer in ms, at the answer.
    pub(crate) first_response: Option<Timed<i64>>,
    /// Answered by a human, be it that only a snapshot tells of it or of the creation before it.
    pub(crate) answered: bool,
    /// The wait for the first bot's or automated answer.
    pub(crate) automated_response: Option<Timed<i64>>,
    /// Every later wait, at its answer.
    pub(crate) next_responses: Vec<Timed<i64>>,
    /// Since when a later customer message has been waiting.
    pub(crate) awaiting_since: Option<i64>,
    /// Public human replies since the clock started.
    pub(crate) replies: usize,
    /// Every solve that was one and not only told of by a snapshot, with the time since the creation where that lies before it.
    pub(crate) solves: Vec<Timed<Option<i64>>>,
    /// How long the customer waited until the latest solve.
    pub(crate) requester_wait: Option<Timed<i64>>,
    /// Every reopen.
    pub(crate) reopens: Vec<Timed<()>>,
    /// Ever reopened, be it that only snapshots tell of it.
    pub(crate) was_reopened: bool,
    /// Whether its first solve is known from a snapshot only, so that the first of the others is none.
    pub(crate) first_solve_is_told: bool,
    /// The latest escalation.
    pub(crate) escalated: Option<Timed<()>>,
    /// The latest transfer.
    pub(crate) transferred: Option<Timed<()>>,
    /// Neither solved nor closed now.
    pub(crate) unsolved: bool,
    /// What targets are judged by.
    pub(crate) running: Running,
    /// The status set last, `new` before any.
    pub(crate) status: String,
    /// A chat's first acceptance, with its wait where the start is known.
    pub(crate) accepted: Option<Timed<Option<i64>>>,
    /// A chat's first abandonment, with its wait where the start is known.
    pub(crate) abandoned: Option<Timed<Option<i64>>>,
    /// A chat's first end, with the time since its acceptance where there is one.
    pub(crate) ended: Option<Timed<Option<i64>>>,
    /// The dimensions now.
    pub(crate) dims_now: Dims,
}

/// When a contact was over, as targets see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    /// After each step of the contact: when it happened, whether the contact was over then, and for whom it counted.
    pub(crate) steps: Vec<(usize, Timed<bool>)>,
    /// The ends that snapshots tell of: the place of the event that tells of it, and when it was.
    pub(crate) told_ends: Vec<(usize, i64)>,
}

impl Story {
    /// Reads a contact's history.
    pub(crate) fn of(world: &World<'_>, name: &Name, steps: &[Step]) -> Self {
        let history = History { world, steps };
        let mut story = Self { dims_now: world.dims_now(steps), ..Self::default() };
        history.opening(&mut story);
        history.responses(&mut story);
        match name {
            Name::Ticket(_) => ticket::read(&history, &mut story),
            Name::Chat(_) => history.chat(&mut story),
        }
        story
    }

    /// The latest solve, which is the one that counts.
    pub(crate) fn solve(&self) -> Option<&Timed<Option<i64>>> {
        self.solves.last()
    }
}

/// The steps of one contact.
pub(crate) struct History<'w> {
    pub(crate) world: &'w World<'w>,
    pub(crate) steps: &'w [Step],
}

impl History<'_> {
    pub(crate) fn event(&self, i: usize) -> &Happening {
        &self.world.events[self.steps[i].place]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &Happening)> {
        (0..self.steps.len()).map(|i| (i, self.event(i)))
    }

    pub(crate) fn at<V>(&self, i: usize, value: V) -> Timed<V> {
        Timed { at: self.event(i).time, value, dims: self.world.dims(&self.steps[i]) }
    }

    fn first(&self, what: &str) -> Option<usize> {
        self.all().find(|(_, e)| e.what == what).map(|(i, _)| i)
    }

    pub(crate) fn last(&self, test: impl Fn(&Happening) -> bool) -> Option<usize> {
        self.all().filter(|(_, e)| test(e)).last().map(|(i, _)| i)
    }

    pub(crate) fn opened(&self) -> Option<usize> {
        self.all().find(|(_, e)| e.what == "ticket.created" || e.what == "chat.started").map(|(i, _)| i)
    }

    /// Where a snapshot first told of the ticket, if nothing else does.
    pub(crate) fn told(&self) -> Option<usize> {
        self.first("ticket.snapshot").filter(|_| self.opened().is_none())
    }

    fn opening(&self, story: &mut Story) {
        let Some(i) = self.opened().or_else(|| self.told()) else { return };
        let place = self.steps[i].place;
        story.opened = self.opened().map(|i| self.at(i, ()));
        story.known = Some(self.at(i, place));
        if let (Some(known), Some(created)) = (&mut story.known, self.event(i).instant("created_time")) {
            known.at = created;
        }
        let last = self.steps.last().expect("a contact has an event");
        story.customer = last.customer.as_ref().map(|id| self.world.life(id, place));
    }

    /// Where the first-response clock starts: at the opening by a customer, else at the customer's first message after it; at the snapshot that tells
    /// of the creation where nothing else does.
    fn clock(&self) -> Option<usize> {
        let Some(opened) = self.opened() else { return self.told() };
        if self.event(opened).text("created_by").unwrap_or("customer") == "customer" {
            return Some(opened);
        }
        self.all().find(|(i, e)| *i > opened && is_question(e)).map(|(i, _)| i)
    }

    fn is_accepted_call(&self, i: usize) -> bool {
        let channel = &self.world.dims(&self.steps[i])[self.world.dimension("channel")];
        self.first("chat.accepted") == Some(i) && self.world.settings.call_channels.contains(channel)
    }

    fn responses(&self, story: &mut Story) {
        let Some(clock) = self.clock() else { return };
        let told = self.event(clock).instant("created_time");
        let start = told.unwrap_or_else(|| self.event(clock).time);
        (story.clock, story.clock_start) = (Some(clock), Some(start));
        let after = || self.all().filter(|(i, _)| *i > clock);
        story.replies = after().filter(|(_, e)| is_human_reply(e)).count();
        let automated = after().find(|(_, e)| is_automated_reply(e));
        story.automated_response = automated.map(|(i, e)| self.at(i, e.time - start));
        // A reply that came before anything told of the creation is an answer, but no sample.
        let orphans = self.all().filter(|(i, e)| told.is_some() && *i < clock && is_human_reply(e) && e.time >= start).count();
        story.answered = orphans > 0;
        story.replies += orphans;
        for (i, e) in self.all().filter(|(i, _)| *i >= clock) {
            if e.what == "ticket.snapshot" {
                Self::be_told(e, story);
            } else if i == clock {
            } else if !story.answered && (is_human_reply(e) || self.is_accepted_call(i)) {
                story.first_response = Some(self.at(i, e.time - start));
                story.answered = true;
            } else if is_question(e) && story.answered && story.awaiting_since.is_none() {
                story.awaiting_since = Some(e.time);
            } else if is_human_reply(e)
                && let Some(asked) = story.awaiting_since.take()
            {
                story.next_responses.push(self.at(i, e.time - asked));
            }
        }
    }

    /// What a snapshot says of replies, where the history lacks them.
    fn be_told(snapshot: &Happening, story: &mut Story) {
        if !story.answered && snapshot.instant("first_response_time").is_some() {
            story.answered = true;
            story.replies += 1;
        }
        let told = snapshot.instant("awaiting_reply_since").filter(|_| story.answered);
        story.awaiting_since = told.map(|since| story.awaiting_since.unwrap_or(since));
    }

    fn chat(&self, story: &mut Story) {
        let opened = self.opened();
        let since = |from: Option<usize>, i: usize| from.map(|from| self.event(i).time - self.event(from).time);
        let accepted = self.first("chat.accepted");
        // An end that is said to lie before its start gives no duration, but as an abandonment it is shorter than any.
        let duration = |from: Option<usize>, i: usize| since(from, i).filter(|ms| *ms >= 0);
        story.accepted = accepted.map(|i| self.at(i, duration(opened, i)));
        story.abandoned = self.first("chat.abandoned").map(|i| self.at(i, since(opened, i)));
        story.ended = self.first("chat.ended").map(|i| self.at(i, duration(accepted, i)));
        story.transferred = self.last(|e| e.what == "chat.transferred").map(|i| self.at(i, ()));
        let is_over = |i: usize| self.all().any(|(n, e)| n <= i && matches!(e.what.as_str(), "chat.ended" | "chat.abandoned"));
        story.running.steps = (0..self.steps.len()).map(|i| (self.steps[i].place, self.at(i, is_over(i)))).collect();
    }
}

fn is_message(e: &Happening) -> bool {
    matches!(e.what.as_str(), "ticket.message" | "chat.message")
}

/// A customer's message that waits for an answer: an out-of-office reply does not.
fn is_question(e: &Happening) -> bool {
    is_message(e) && e.text("author") == Some("customer") && !e.flag("automated", false)
}

fn is_human_reply(e: &Happening) -> bool {
    is_message(e) && e.text("author") == Some("agent") && e.flag("public", true) && !e.flag("automated", false)
}

/// A public message of a bot, or one that a rule sent in an agent's or the help desk's name.
fn is_automated_reply(e: &Happening) -> bool {
    let by_rule = e.flag("automated", false) && matches!(e.text("author"), Some("agent" | "system"));
    debug_assert!(matches!(e.kind, Kind::Tickets | Kind::Chats));
    is_message(e) && e.flag("public", true) && (e.text("author") == Some("bot") || by_rule)
}
