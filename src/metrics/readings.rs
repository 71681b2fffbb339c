//! The readings: where the definition of a number leaves room, the choice that was made, as a part of the reference page.
//!
//! Only what a user of the numbers can notice. What concerns producers of events is in `EVENTS.md`. Does not know any family or value.

/// The part of the reference page, in Markdown.
pub(super) const READINGS: &str = "\
## Readings

Where a definition leaves room, these are the choices that were made. *Values* are the values of the dimensions, such as the team.

### Tickets

* The time to an automated first response runs from the creation by a customer, or from the customer's first message. A hand-off does not
  restart it, because a bot is there before the hand-off. A ticket made from a chat has none of its own.
* In a ticket made from an answered chat, a public human reply counts as a reply all the same: with exactly one, the ticket can be resolved at
  first contact. A customer's message in it waits for a next response.
* The status that a snapshot says becomes the status of the ticket also where nothing is opened or ended by it, as from `open` to `pending`.
  From then on it counts in `cx_backlog_tickets_by_status`, in the requester's wait and in the pauses of targets.
* Of a ticket that is known from snapshots alone, the time before the first snapshot counts as spent in the status of that snapshot: if a target
  pauses in `pending` and the ticket is first seen as `pending`, nothing of the target is used up yet.
* `tickets.new_matter_after` is measured from the instant at which the ticket last became solved, whether an event or a snapshot said so.
  A reopening exactly so long after it is still a reopening. Only a change of the status begins a new ticket, never a snapshot, and only where
  the customer has written since the solve and nobody has replied.
* Such a new ticket begins at the reopening and counts as created by the customer then. It keeps the values and the customer, because the help
  desk does not say them again, and nothing else: no reply, no hand-off and no escalation. The reopening is not counted as one.

### Chats

* A chat that `chats.idle_end` ends, ends at its last event plus that time, with the values that it had at that event. No later event takes the
  end back; a start begins a new chat. At exactly that time a start begins a new chat, and any other event still belongs to the running one.
* An end by idle time is an end for the ticket that is made from the chat, too: the ticket must be created within an hour of it.

### Targets

* A ticket or chat has one verdict for each target, and for `next_response` one for each wait. Target and business hours are chosen by the values
  at the event that starts the clock; where a hand-off restarts it, by those at the hand-off.
* What happens at the deadline itself is in time: a reply or a solve then meets the target. A matter that ends then without a reply is
  undecided.
* For `first_response`, `next_response` and `chat_wait` the first of these decides for good: the reply or acceptance, the end of the matter, the
  deadline. With a target of 1 h, a ticket that is created at 9:00, solved at 9:10 without a reply, reopened at 9:20 and answered at 9:30 is
  undecided since 9:10, although its 30 minutes are in `cx_first_response_seconds`.
* A hand-off after a solve without a reply starts the clock, and the target with it, anew. A clock that starts while the ticket is solved or
  withdrawn is undecided at once.
* A resolution is undecided only as `withdrawn`, for a ticket that is withdrawn at its deadline; the instant is that of the withdrawal. A solve
  during the withdrawal changes nothing. A ticket that was solved first and withdrawn then had met its target, and the verdict leaves with it.
  A ticket that is brought back before the deadline is decided as if nothing had happened.
* A met resolution counts at the solve, with the values there. Where only a snapshot knows of the solve, that is the time of the snapshot.
* A ticket that is withdrawn takes its met and missed verdicts out of every window. Its undecided ones stay.
* `cx_resolution_within_target_reopened` counts at the solve that met the target, in its window and with its values.
* A miss counts for the values at the deadline. A customer's values include what the customer did up to the deadline and at it.
* Where only a snapshot knows that a ticket was answered, its first-response target has no verdict from the snapshot on, and is not counted as
  undecided. A deadline before the snapshot stays missed.
* Where only a snapshot knows since when a customer waits, or when a ticket was created, a deadline before the snapshot has no verdict. The ticket
  counts as past its target while it waits. A ticket that its first snapshot calls solved or closed has no verdict of the resolution.
* A ticket made from a chat has a resolution target of its own. Of an unanswered chat it has a first-response target too, but a deadline
  before the end of the chat has no verdict and is not counted as undecided, because the chat's own clock was running then.
* A target with pauses falls due when its time is used up in the other statuses. If that is exactly when a pause begins, it is due then. A target
  that was missed before a pause stays past due during it. Chats have no status, so their clocks never pause.
* `cx_backlog_due_tickets` holds the deadlines after now, up to and with now plus `within`; `cx_backlog_past_target_tickets` those up to and with
  now. A clock that is undecided is in neither. `cx_backlog_unanswered_past_target_tickets` is the latter for `first_response`.
* CSAT within and beyond the first-response target goes by the verdict of the contact: met or missed. Answers about contacts without a verdict are
  in neither. Of a chat with a ticket made from it, that is the verdict of the chat; of an unanswered chat, that of the ticket.

### Customers and their journey

* A chat of which nothing but an answer is known has the channel `chat`, as one that names no channel.
* Customers who merge are one from the beginning, with everything before the merge. The merge is nothing that the customer did: it keeps nobody
  from dropping out of a stage. Merging them again, in either direction, changes nothing.
* An erasure forgets the whole person: each id that was merged into it stands for somebody new afterwards, on its own. An erasure that arrives after
  a later merge was counted does not part the two again.
* An answer at the instant of a cancellation counts as given before it, in the churn by experience.
* `cx_customers_active` is absent until any customer is known.
* A customer is worth what the latest of the customer's events said that named a `value`, and so from the beginning of every window. What an event
  after a cancellation says counts when the customer comes back; until then the customer counts as lost with what was known at the cancellation.
* In the value at risk the latest answer of a metric counts, which is in the window or not: so a good answer takes the customer out of every
  window, and a bad answer that leaves the window takes the customer out of that one. An answer has the values of the customer of now.
* The families of values are absent until an event names the first value. From then on customers of whom none is known count as 0.
* A customer drops out of a stage at the latest touch plus the timeout of the stage. Touches are contacts, answers, touchpoints, subscriptions, and
  an event that moves the customer to another stage. If the latest touch is an abandoned touchpoint, the drop is at that touchpoint.
* Who cancels drops out of the stage that they are in after that event: at the cancellation, or before it if they had dropped by then. Later
  touches do not take that back, and later cancellations change nothing. `customer.subscribed` or `customer.active` takes it back.
* An example with the stages onboarding and use: subscribed in onboarding on day 0, cancelled on day 1, touched in use on day 2. That is one drop
  from onboarding and no advance; the move is in `cx_journey_transitions` on day 2. Subscribed again on day 3: no drop, and one advance on day 3.

### Marked changes

* An answer belongs to the day on which the ticket or chat that it is about was opened, where an event before the answer told that; answers about others
  are in no effect. A first response belongs to the day on which its clock started, and a resolution to the creation. Days are those of UTC, and the
  day of the change belongs to neither side.
* A contact is in the marked group by the values that its answer or duration is credited to, as in the families by team: who moves from one team to
  another is in the group of the team that answered.
* A week after the change counts from a day after its end. Answers to its contacts that come later still change the effect, in both groups alike; of
  resolutions the long ones come last, so look again after some weeks.
* All contacts that the change was not for are the others, also those of which a value is unknown. A change that reached them too, such as by
  moving work to them, is in neither difference.
* The days of a process that began to read late, or lost records, are left out or make the effect absent, as far as coverage knows of it: losses that the longest
  window has left behind are no longer known.

### Events without effect

* `cx_events_without_effect_total` counts, beside the events that its definition names: a further message of a customer who waits already, an
  assignment that names no new team, and a snapshot that only confirms what is known. So it is never 0: compare it with its usual rate. A nightly set
  of snapshots that confirms everything is a good sign.
";
