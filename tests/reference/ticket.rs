//! What only tickets do: they are solved and opened again, withdrawn and merged, and snapshots tell of them.

use super::contact::{Story, Telling};
use super::reader::Happening;
use super::world::{Name, Step, Timed, World};

/// Reads a ticket; every matter but the first began with a late reopening. `answered_by_chat` says of a creation whether the ticket made then is the
/// record of a chat that answered it.
pub(crate) fn read(world: &World<'_>, name: &Name, steps: &[Step], answered_by_chat: &dyn Fn(i64) -> bool) -> Vec<Story> {
    let mut ticket = Ticket {
        telling: Telling::new(world, name),
        done: Vec::new(),
        answered_by_chat,
        has_no_author: false,
        named: None,
        solved_at: i64::MAX,
        changes: Vec::new(),
    };
    let mut sets = world.sets.iter().map(|place| &world.events[*place]).filter(|set| set.feed == name.feed).peekable();
    for step in steps {
        while let Some(set) = sets.next_if(|set| set.time < step.at) {
            ticket.set_is_complete(set);
        }
        ticket.step(step);
    }
    sets.for_each(|set| ticket.set_is_complete(set));
    ticket.telling.story.requester_wait = ticket.requester_wait();
    ticket.done.push(ticket.telling.story);
    ticket.done
}

/// Whether an event moves a contact from one team to another.
pub(crate) fn is_transfer(event: &Happening, team_before: Option<&str>) -> bool {
    let known = |team: Option<&str>| team.is_some_and(|team| team != "unknown");
    let team = event.text("team");
    let moves = known(team) && known(team_before) && team != team_before;
    match event.text("reason") {
        Some("transfer") => true,
        Some("auto") => false,
        _ => moves,
    }
}

/// A ticket while it is being told.
struct Ticket<'w, 'a> {
    telling: Telling<'w, 'a>,
    /// The matters before this one.
    done: Vec<Story>,
    answered_by_chat: &'w dyn Fn(i64) -> bool,
    /// Whoever writes the first public message will have created it.
    has_no_author: bool,
    /// When an event last named it.
    named: Option<i64>,
    /// When it was last solved.
    solved_at: i64,
    /// Every change of the status since it was created.
    changes: Vec<(i64, String)>,
}

impl Ticket<'_, '_> {
    fn step(&mut self, step: &Step) {
        let event = &self.telling.world.events[step.place];
        self.named = Some(event.time);
        let what = event.what.as_str();
        match what {
            "ticket.created" if self.telling.story.created.is_none() => self.create(step, event.text("created_by").unwrap_or("customer")),
            "ticket.message" => {
                self.find_author(event);
                let over = self.telling.story.solved;
                self.telling.hear(step, over);
            }
            "ticket.merged" => {
                self.telling.story.merged = true;
                self.telling.forget();
            }
            "ticket.unmerged" => self.telling.story.merged = false,
            "ticket.handoff" => self.telling.hand_over(step),
            "ticket.snapshot" => self.be_told(step, event),
            "ticket.status_changed" => self.change(step, event.text("status").expect("checked by the reader")),
            _ => {}
        }
        if what == "ticket.escalated" || (what == "ticket.assigned" && event.text("reason") == Some("escalation")) {
            self.telling.story.escalated = Some(self.telling.at(step, ()));
        }
        if what == "ticket.assigned" && is_transfer(event, step.team_before.as_deref()) {
            self.telling.story.transferred = Some(self.telling.at(step, ()));
        }
        self.telling.keep_state(step.at, &step.own, step.customer.as_ref());
    }

    fn create(&mut self, step: &Step, by: &str) {
        self.telling.open(step);
        // A later matter was made from no chat.
        if self.done.is_empty() {
            self.know_chat(step.at);
        }
        if by == "customer" && !self.telling.story.answered {
            self.telling.start_clock(step.at, step.at);
        }
        self.has_no_author = by == "first_author";
    }

    /// The record of a chat that answered counts as answered from its creation on.
    fn know_chat(&mut self, created: i64) {
        if (self.answered_by_chat)(created) {
            self.telling.answer_silently();
        }
    }

    /// Whoever writes the first public message created the ticket, where its creation says so.
    fn find_author(&mut self, event: &Happening) {
        if !self.has_no_author || !event.flag("public", true) || event.flag("automated", false) {
            return;
        }
        self.has_no_author = false;
        if event.text("author") == Some("customer") && !self.telling.story.answered {
            self.telling.start_clock_at_creation();
        }
    }

    fn change(&mut self, step: &Step, status: &str) {
        if self.telling.story.withdrawn && is_end(status) {
            return;
        }
        self.set_status(step.at, status);
        let story = &mut self.telling.story;
        (story.withdrawn, story.spam) = (is_withdrawal(status), status == "spam");
        if story.withdrawn {
            self.telling.forget();
        } else if is_end(status) {
            self.solve(step);
        } else if story.solved {
            self.open_again(step);
        }
    }

    fn set_status(&mut self, at: i64, status: &str) {
        self.telling.status = status.to_owned();
        self.changes.push((at, status.to_owned()));
    }

    fn solve(&mut self, step: &Step) {
        if !self.telling.story.solved {
            let since = self.telling.story.created.map(|created| step.at - created);
            let solve = self.telling.at(step, since);
            self.telling.story.solves.push(solve);
            self.telling.story.settled.push((step.at, step.own.clone()));
            self.solved_at = step.at;
        }
        self.telling.settle();
    }

    fn open_again(&mut self, step: &Step) {
        let after = self.telling.world.setup.new_matter_after;
        let is_late = after.is_some_and(|after| self.solved_at.saturating_add(after.0) < step.at);
        if is_late && self.telling.wrote && !self.telling.story.merged {
            self.begin_anew(step);
            return;
        }
        let reopened = self.telling.at(step, ());
        self.telling.story.reopens.push((self.telling.state(), reopened));
        self.telling.reopen(step.at);
    }

    /// The customer came back so late that it is a new ticket, created by the customer at the reopening.
    fn begin_anew(&mut self, step: &Step) {
        self.telling.story.requester_wait = self.requester_wait();
        let status = self.telling.status.clone();
        let anew = Telling::new(self.telling.world, self.telling.name);
        let before = std::mem::replace(&mut self.telling, anew);
        self.done.push(before.story);
        self.changes = vec![(step.at, status.clone())];
        self.telling.status = status;
        self.create(step, "customer");
    }

    /// What the help desk knows at the time of a snapshot: it fills what the history lacks, and its status holds from now on.
    fn be_told(&mut self, step: &Step, e: &Happening) {
        if self.telling.story.created.is_none() {
            let created = e.instant("created_time").expect("checked by the reader");
            self.telling.story.created = Some(created);
            self.telling.story.opened_state = Some(self.telling.state());
            self.telling.story.has_gaps = true;
            self.know_chat(created);
        }
        let says_answered = e.instant("first_response_time").is_some() || e.said("answered") == Some(true);
        if says_answered && !self.telling.story.answered {
            self.telling.answer_silently();
            self.telling.story.has_gaps = true;
        }
        let reopened = self.be_told_status(step, e.text("status").expect("checked by the reader"));
        if e.instant("solved_time").is_some() {
            self.telling.story.first_solve_is_told |= self.telling.story.solves.is_empty();
        }
        self.be_told_wait(step, e, reopened);
    }

    /// Whether the status opened a solved ticket again.
    fn be_told_status(&mut self, step: &Step, status: &str) -> bool {
        let story = &mut self.telling.story;
        if is_withdrawal(status) {
            let was_withdrawn = story.withdrawn;
            (story.withdrawn, story.spam) = (true, status == "spam");
            self.set_status(step.at, status);
            if !was_withdrawn {
                self.telling.forget();
            }
            return false;
        }
        if story.withdrawn && is_end(status) {
            return false;
        }
        (story.withdrawn, story.spam) = (false, false);
        let was_solved = story.solved;
        self.set_status(step.at, status);
        if is_end(status) && !was_solved {
            self.end_silently(step.at);
        } else if was_solved && !is_end(status) {
            self.telling.reopen(step.at);
            return true;
        }
        false
    }

    /// Since when the customer waits, where the history does not know it better.
    fn be_told_wait(&mut self, step: &Step, e: &Happening, reopened: bool) {
        let since = e.instant("awaiting_reply_since");
        let story = &self.telling.story;
        let is_open = !story.solved && !story.withdrawn;
        if let Some(since) = since.filter(|since| is_open && self.telling.replied.is_none_or(|replied| *since > replied)) {
            if story.answered && (reopened || story.awaiting_since().is_none()) {
                if story.awaiting_since().is_some() {
                    self.telling.story.waits.pop();
                }
                self.telling.begin_wait(since, step.at);
            } else if !story.answered && story.clock.is_none() {
                self.telling.start_clock(since, step.at);
            }
        }
        let story = &self.telling.story;
        let says_never = e.said("answered") == Some(false) && story.opened.is_none() && self.telling.replied.is_none();
        if says_never && story.clock.is_none() && !story.answered {
            let created = story.created.expect("a snapshot says when");
            self.telling.start_clock(since.unwrap_or(created), step.at);
        }
    }

    /// A full set has come: an open ticket of its feed that it did not name is no longer open.
    fn set_is_complete(&mut self, set: &Happening) {
        let started = set.instant("started_time").expect("checked by the reader");
        let story = &self.telling.story;
        let is_open = story.created.is_some() && !story.solved && !story.gone();
        if is_open && self.named.is_none_or(|named| named < started) {
            self.set_status(set.time, "solved");
            self.end_silently(set.time);
            let last = self.telling.story.states.last().expect("it was named").clone();
            self.telling.keep_state(set.time, &last.own, last.customer.as_ref());
        }
    }

    /// Ended, but by nothing that was seen.
    fn end_silently(&mut self, at: i64) {
        self.telling.story.first_solve_is_told |= self.telling.story.solves.is_empty();
        self.solved_at = at;
        self.telling.settle();
    }

    /// The time from the creation to the latest solve in which the status was `new`, `open` or `on_hold`.
    fn requester_wait(&self) -> Option<Timed<i64>> {
        let (solve, opened) = (self.telling.story.solve()?, self.telling.story.opened.as_ref()?);
        solve.value.filter(|since| *since >= 0)?;
        let first = (i64::MIN, "new");
        let changes: Vec<(i64, &str)> =
            std::iter::once(first).chain(self.changes.iter().map(|(at, status)| (*at, status.as_str()))).collect();
        let mut waited = 0;
        for (i, (from, status)) in changes.iter().enumerate() {
            let until = changes.get(i + 1).map_or(i64::MAX, |(at, _)| *at).min(solve.at);
            if matches!(*status, "new" | "open" | "on_hold") {
                waited += (until - opened.at.max(*from)).max(0);
            }
        }
        Some(Timed { at: solve.at, value: waited, dims: solve.dims.clone() })
    }
}

fn is_end(status: &str) -> bool {
    matches!(status, "solved" | "closed")
}

fn is_withdrawal(status: &str) -> bool {
    matches!(status, "spam" | "deleted")
}
