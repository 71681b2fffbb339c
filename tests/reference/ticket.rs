//! How a ticket ended, began again and was told of: its statuses by events, by snapshots, and by full sets that do not name it, one after another.

use super::contact::{History, Story};
use super::reader::Happening;
use super::world::Timed;

/// Reads what only tickets have.
pub(crate) fn read(history: &History<'_>, story: &mut Story) {
    let is_assigned = |e: &Happening, reason| e.what == "ticket.assigned" && e.text("reason") == Some(reason);
    let escalated = history.last(|e| e.what == "ticket.escalated" || is_assigned(e, "escalation"));
    story.escalated = escalated.map(|i| history.at(i, ()));
    story.transferred = history.last(|e| is_assigned(e, "transfer")).map(|i| history.at(i, ()));
    let mut course = Course { history, story, by_event: false, solved: false, named: None, changes: Vec::new(), latest_solve: None };
    let mut sets = history.world.sets.iter().copied().peekable();
    for (i, step) in history.steps.iter().enumerate() {
        while let Some(set) = sets.next_if(|set| *set < step.place) {
            course.set_is_complete(set, i);
        }
        course.step(i);
    }
    sets.for_each(|set| course.set_is_complete(set, history.steps.len()));
    course.end();
}

/// What the ticket has come to.
struct Course<'h, 'w> {
    history: &'h History<'w>,
    story: &'h mut Story,
    /// An event said how it stands, and no snapshot has changed that since.
    by_event: bool,
    solved: bool,
    /// When an event last named it.
    named: Option<i64>,
    /// Every change of the status: place, time, status.
    changes: Vec<(usize, i64, String)>,
    /// The step of the latest solve that is not only told of.
    latest_solve: Option<usize>,
}

impl Course<'_, '_> {
    fn step(&mut self, i: usize) {
        let (history, e) = (self.history, self.history.event(i));
        let place = history.steps[i].place;
        self.named = Some(e.time);
        match e.what.as_str() {
            "ticket.merged" => (self.story.withdrawn, self.story.spam, self.by_event) = (true, false, true),
            "ticket.status_changed" => self.change(i),
            "ticket.snapshot" => self.be_told(place, e),
            _ => {}
        }
        self.story.running.steps.push((place, history.at(i, self.solved)));
    }

    fn change(&mut self, i: usize) {
        let e = self.history.event(i);
        let status = e.text("status").expect("checked by the reader");
        self.changes.push((self.history.steps[i].place, e.time, status.to_owned()));
        (self.story.withdrawn, self.story.spam, self.by_event) = (is_withdrawal(status), status == "spam", true);
        if is_end(status) && !self.solved {
            let solve = self.history.at(i, self.since_creation(i));
            self.story.solves.push(solve);
            self.latest_solve = Some(i);
            self.solved = true;
        } else if !is_end(status) && !is_withdrawal(status) && self.solved {
            self.story.reopens.push(self.history.at(i, ()));
            (self.story.was_reopened, self.solved) = (true, false);
        }
    }

    /// Known history wins: a snapshot may end what it shows as open. What is known from snapshots alone is as the latest says.
    fn be_told(&mut self, place: usize, e: &Happening) {
        let status = e.text("status").expect("checked by the reader");
        let ends = (is_end(status) && !self.solved) || (is_withdrawal(status) && !self.story.withdrawn);
        if self.by_event && !ends {
            return;
        }
        if is_withdrawal(status) || !self.by_event {
            (self.story.withdrawn, self.story.spam) = (is_withdrawal(status), status == "spam");
        }
        self.changes.push((place, e.time, status.to_owned()));
        if is_end(status) {
            self.end_silently(place, e.instant("solved_time").unwrap_or(e.time));
        } else if self.solved && !is_withdrawal(status) {
            (self.story.was_reopened, self.solved) = (true, false);
        }
        self.by_event = false;
    }

    /// A full set has come before step `next`: an open ticket that it did not name is no longer open.
    fn set_is_complete(&mut self, place: usize, next: usize) {
        let set = &self.history.world.events[place];
        let started = set.instant("started_time").expect("checked by the reader");
        let is_opened = |e: &Happening| e.what == "ticket.created" || e.what == "ticket.snapshot";
        let is_open = self.history.all().any(|(i, e)| i < next && is_opened(e)) && !self.solved && !self.story.withdrawn;
        if is_open && self.named.is_none_or(|named| named < started) {
            self.changes.push((place, set.time, "solved".to_owned()));
            self.end_silently(place, set.time);
            self.by_event = false;
        }
    }

    fn end_silently(&mut self, place: usize, at: i64) {
        if !self.solved {
            self.story.first_solve_is_told |= self.story.solves.is_empty();
            self.story.running.told_ends.push((place, at));
            self.solved = true;
        }
    }

    /// The time from the creation to a step: none where the creation is not known before it.
    fn since_creation(&self, i: usize) -> Option<i64> {
        let known = self.history.opened().or_else(|| self.history.told()).filter(|&o| o < i)?;
        let created = self.history.event(known);
        Some(self.history.event(i).time - created.instant("created_time").unwrap_or(created.time))
    }

    fn end(self) {
        let Self { history, story, solved, changes, latest_solve, .. } = self;
        story.unsolved = !solved;
        story.status = changes.last().map_or_else(|| "new".to_owned(), |(.., status)| status.clone());
        if let (Some(solve), Some(opened)) = (latest_solve, history.opened())
            && opened < solve
        {
            let (from, to) =
                ((history.steps[opened].place, history.event(opened).time), (history.steps[solve].place, history.event(solve).time));
            let waited = waited(&changes, from, to);
            story.requester_wait = Some(Timed { value: waited, ..history.at(solve, 0) });
        }
    }
}

/// The time from one place to another in which the status was `new`, `open` or `on_hold`.
fn waited(changes: &[(usize, i64, String)], from: (usize, i64), to: (usize, i64)) -> i64 {
    let before = changes.iter().rfind(|(place, ..)| *place < from.0);
    let mut since = (from.1, before.map_or("new", |(.., status)| status.as_str()));
    let mut waited = 0;
    let within = changes.iter().filter(|(place, ..)| (from.0..=to.0).contains(place));
    for (_, at, status) in within {
        if matches!(since.1, "new" | "open" | "on_hold") {
            waited += at - since.0;
        }
        since = (*at, status);
    }
    waited
}

fn is_end(status: &str) -> bool {
    matches!(status, "solved" | "closed")
}

fn is_withdrawal(status: &str) -> bool {
    matches!(status, "spam" | "deleted")
}
