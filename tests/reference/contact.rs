//! What one ticket or chat comes to: each definition of the metrics read off its whole history, one after another.

use cxpulse::event::Kind;

use super::reader::Happening;
use super::world::{Dims, Name, Step, Timed, World};

/// What a ticket or chat contributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    /// Its opening: created or started.
    pub(crate) opened: Option<Timed<()>>,
    /// The place of its opening in the order of what happened.
    pub(crate) place: usize,
    /// Who opened it.
    pub(crate) customer: Option<String>,
    /// Spam, deleted or merged away now.
    pub(crate) withdrawn: bool,
    /// Spam now: its survey answers leave too.
    pub(crate) spam: bool,
    /// Where the first-response clock started.
    pub(crate) clock_start: Option<i64>,
    /// The wait for the first human answer in ms, at the answer.
    pub(crate) first_response: Option<Timed<i64>>,
    /// The wait for the first bot's or automated answer.
    pub(crate) automated_response: Option<Timed<i64>>,
    /// Every later wait, at its answer.
    pub(crate) next_responses: Vec<Timed<i64>>,
    /// Since when a later customer message has been waiting.
    pub(crate) awaiting_since: Option<i64>,
    /// Public human replies since the clock started.
    pub(crate) replies: usize,
    /// Every solve that was one, with the time since the creation where that lies before it.
    pub(crate) solves: Vec<Timed<Option<i64>>>,
    /// How long the customer waited until the latest solve.
    pub(crate) requester_wait: Option<Timed<i64>>,
    /// Every reopen.
    pub(crate) reopens: Vec<Timed<()>>,
    /// The latest escalation.
    pub(crate) escalated: Option<Timed<()>>,
    /// The latest transfer.
    pub(crate) transferred: Option<Timed<()>>,
    /// Neither solved nor closed now.
    pub(crate) unsolved: bool,
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

impl Story {
    /// Reads a contact's history.
    pub(crate) fn of(world: &World<'_>, name: &Name, steps: &[Step]) -> Self {
        let history = History { world, steps };
        let mut story = Self { dims_now: world.dims_now(steps), ..Self::default() };
        history.opening(&mut story);
        history.responses(&mut story);
        match name {
            Name::Ticket(_) => history.ticket(&mut story),
            Name::Chat(_) => history.chat(&mut story),
        }
        story
    }

    /// The latest solve, which is the one that counts.
    pub(crate) fn solve(&self) -> Option<&Timed<Option<i64>>> {
        self.solves.last()
    }
}

struct History<'w> {
    world: &'w World<'w>,
    steps: &'w [Step],
}

impl History<'_> {
    fn event(&self, i: usize) -> &Happening {
        &self.world.events[self.steps[i].place]
    }

    fn all(&self) -> impl Iterator<Item = (usize, &Happening)> {
        (0..self.steps.len()).map(|i| (i, self.event(i)))
    }

    fn at<V>(&self, i: usize, value: V) -> Timed<V> {
        Timed { at: self.event(i).time, value, dims: self.world.dims(&self.steps[i]) }
    }

    fn first(&self, what: &str) -> Option<usize> {
        self.all().find(|(_, e)| e.what == what).map(|(i, _)| i)
    }

    fn last(&self, test: impl Fn(&Happening) -> bool) -> Option<usize> {
        self.all().filter(|(_, e)| test(e)).last().map(|(i, _)| i)
    }

    fn opened(&self) -> Option<usize> {
        self.all().find(|(_, e)| e.what == "ticket.created" || e.what == "chat.started").map(|(i, _)| i)
    }

    fn opening(&self, story: &mut Story) {
        if let Some(i) = self.opened() {
            story.opened = Some(self.at(i, ()));
            story.place = self.steps[i].place;
            story.customer = self.steps[i].customer.clone();
        }
    }

    /// Where the first-response clock starts: at the opening by a customer, else at the customer's first message after it.
    fn clock(&self) -> Option<usize> {
        let opened = self.opened()?;
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
        let start = self.event(clock).time;
        story.clock_start = Some(start);
        let after = || self.all().filter(|(i, _)| *i > clock);
        story.replies = after().filter(|(_, e)| is_human_reply(e)).count();
        let automated = after().find(|(_, e)| is_automated_reply(e));
        story.automated_response = automated.map(|(i, e)| self.at(i, e.time - start));
        let first = after().find(|(i, e)| is_human_reply(e) || self.is_accepted_call(*i));
        let Some((first, reply)) = first else { return };
        story.first_response = Some(self.at(first, reply.time - start));
        for (i, e) in self.all().filter(|(i, _)| *i > first) {
            if is_question(e) && story.awaiting_since.is_none() {
                story.awaiting_since = Some(e.time);
            } else if is_human_reply(e)
                && let Some(asked) = story.awaiting_since.take()
            {
                story.next_responses.push(self.at(i, e.time - asked));
            }
        }
    }

    fn ticket(&self, story: &mut Story) {
        let is_assigned = |e: &Happening, reason| e.what == "ticket.assigned" && e.text("reason") == Some(reason);
        let escalated = self.last(|e| e.what == "ticket.escalated" || is_assigned(e, "escalation"));
        story.escalated = escalated.map(|i| self.at(i, ()));
        story.transferred = self.last(|e| is_assigned(e, "transfer")).map(|i| self.at(i, ()));
        let opened = self.opened();
        let mut solved = false;
        let mut latest_solve = None;
        story.status = "new".to_owned();
        for (i, e) in self.all() {
            if e.what == "ticket.merged" {
                (story.withdrawn, story.spam) = (true, false);
            }
            if e.what != "ticket.status_changed" {
                continue;
            }
            let status = e.text("status").expect("checked by the reader");
            status.clone_into(&mut story.status);
            (story.withdrawn, story.spam) = (matches!(status, "spam" | "deleted"), status == "spam");
            match status {
                "solved" | "closed" if !solved => {
                    let created = opened.filter(|&o| o < i).map(|o| self.event(o).time);
                    story.solves.push(self.at(i, created.map(|created| e.time - created)));
                    latest_solve = Some(i);
                    solved = true;
                }
                "new" | "open" | "pending" | "on_hold" if solved => {
                    story.reopens.push(self.at(i, ()));
                    solved = false;
                }
                _ => {}
            }
        }
        story.unsolved = !solved;
        if let (Some(solve), Some(opened)) = (latest_solve, opened)
            && opened < solve
        {
            story.requester_wait = Some(self.at(solve, self.waited(opened, solve)));
        }
    }

    /// The time from `opened` to `solve` in which the ticket's status was `new`, `open` or `on_hold`.
    fn waited(&self, opened: usize, solve: usize) -> i64 {
        let mut status = "new";
        let mut waited = 0;
        for i in 0..solve {
            let e = self.event(i);
            if e.what == "ticket.status_changed" {
                status = e.text("status").expect("checked by the reader");
            }
            if i >= opened && matches!(status, "new" | "open" | "on_hold") {
                waited += self.event(i + 1).time - e.time;
            }
        }
        waited
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
