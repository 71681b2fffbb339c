//! What the newest records of all topics have in common that bends numbers although each of them is valid: contacts without a creation, a customer in
//! several partitions, two desks with the same ids, and the like.
//!
//! Judges only what it has seen often enough. Does not know how records are read, or how findings are printed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::config::Configuration;
use crate::engine::Outcome;
use crate::event::{
    Author, Body, Contact, ContactAction, Decoded, Event, Key, Kind, Message, Record, Status, Survey, SurveyAction, SurveyMetric,
    agent_in_clear, source_in_clear,
};
use crate::kafka::{Finding, FindingSeverity};
use crate::time::{EventTime, Span};

/// So many contacts, answers or messages are enough for a judgement.
const ENOUGH: usize = 50;
/// An agent who answers within this time again and again is no person.
const PERSON_SECONDS_MIN: Span = Span::seconds(2);
/// Answers of one author are judged over so long.
const DAY_AND_NIGHT: Span = Span::hours(24);
/// A person who answers alone sleeps for longer than this.
const SLEEP_MIN: Span = Span::hours(4);
/// Event times that are ahead of the records' own timestamps by more than this show a wrong clock.
const SKEW_MIN: Span = Span::seconds(2);

/// What was seen of all topics.
#[derive(Default)]
pub(super) struct Habits {
    contacts: HashMap<Contact, SeenContact>,
    /// The partitions of each customer.
    customers: HashMap<Key, BTreeSet<i32>>,
    sent_surveys: BTreeSet<Key>,
    answered_surveys: BTreeSet<Key>,
    /// By metric: the answers on the configured scale, and the highest of them in millionths of its range.
    scores: BTreeMap<SurveyMetric, (usize, i64)>,
    /// The spellings of each team, by the form in which they are equal.
    teams: BTreeMap<String, BTreeSet<String>>,
    /// The answers of each agent who is named, and when agents answered.
    answers_by: BTreeMap<String, usize>,
    answer_times: Vec<EventTime>,
    agent_messages: usize,
    quick_agent_messages: usize,
    topics: BTreeMap<usize, SeenTopic>,
}

#[derive(Default)]
struct SeenContact {
    is_created: bool,
    is_ended: bool,
    /// The sources of its creations.
    creators: BTreeSet<String>,
    /// When the customer wrote last.
    asked: Option<EventTime>,
}

#[derive(Default)]
struct SeenTopic {
    future: usize,
    records: usize,
    /// How far each event is ahead of its record's timestamp.
    ahead: Vec<Span>,
    first: Option<EventTime>,
    last: Option<EventTime>,
}

impl Habits {
    /// Takes a record with what became of it.
    pub(super) fn take(
        &mut self,
        topic: usize,
        record: Record<'_>,
        decoded: &Decoded<'_>,
        outcome: Outcome,
        configuration: &Configuration,
    ) {
        let Some(settings) = configuration.topics.get(topic) else { return };
        let seen = self.topics.entry(topic).or_default();
        seen.records += 1;
        seen.future += usize::from(outcome == Outcome::Future);
        let Decoded::Event(event) = decoded else { return };
        if let Some(timestamp) = record.timestamp {
            seen.ahead.push(event.time - timestamp);
        }
        seen.first = Some(seen.first.map_or(event.time, |first| first.min(event.time)));
        seen.last = Some(seen.last.map_or(event.time, |last| last.max(event.time)));
        if let Some(customer) = event.customer {
            self.customers.entry(customer).or_default().insert(record.partition);
        }
        self.take_teams(event, configuration);
        match &event.body {
            Body::Contact(contact, action) => {
                if let ContactAction::Message(Message { author: Author::Agent, public: true, automated: false }) = action {
                    *self.answers_by.entry(agent_in_clear(record, &configuration.decode).unwrap_or_default()).or_insert(0) += 1;
                    self.answer_times.push(event.time);
                }
                let source = || source_in_clear(record, &configuration.decode).unwrap_or_else(|| settings.name.clone());
                self.take_contact(*contact, action, event.time, source);
            }
            Body::Survey(survey) => self.take_survey(survey, configuration),
            Body::SnapshotCompleted(_) | Body::Customer(_) | Body::Change(_) => {}
        }
    }

    fn take_teams(&mut self, event: &Event<'_>, configuration: &Configuration) {
        for (dimension, value) in &event.dimensions {
            let is_team = configuration.decode.dimensions.get(usize::from(*dimension)).is_some_and(|dimension| dimension.name == "team");
            if is_team && !value.is_empty() {
                let plain = value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
                self.teams.entry(plain).or_default().insert(value.to_string());
            }
        }
    }

    fn take_contact(&mut self, contact: Contact, action: &ContactAction, time: EventTime, source: impl FnOnce() -> String) {
        let seen = self.contacts.entry(contact).or_default();
        match action {
            ContactAction::Opened(_) => {
                seen.is_created = true;
                seen.asked = Some(time);
                seen.creators.insert(source());
            }
            ContactAction::Snapshot(snapshot) => {
                seen.is_created = true;
                seen.is_ended |= matches!(snapshot.status, Status::Solved | Status::Closed | Status::Spam | Status::Deleted);
            }
            ContactAction::Status(status) => {
                seen.is_ended |= matches!(status, Status::Solved | Status::Closed | Status::Spam | Status::Deleted);
            }
            ContactAction::Ended | ContactAction::Abandoned | ContactAction::Merged => seen.is_ended = true,
            ContactAction::Message(Message { author: Author::Customer, .. }) => seen.asked = Some(time),
            ContactAction::Message(Message { author: Author::Agent, public: true, automated: false }) => {
                if let Some(asked) = seen.asked.take() {
                    self.agent_messages += 1;
                    self.quick_agent_messages += usize::from(time >= asked && time - asked <= PERSON_SECONDS_MIN);
                }
            }
            ContactAction::Message(_)
            | ContactAction::Assigned(_)
            | ContactAction::Escalated
            | ContactAction::Handoff
            | ContactAction::Unmerged
            | ContactAction::Accepted => {}
        }
    }

    fn take_survey(&mut self, survey: &Survey, configuration: &Configuration) {
        match survey.action {
            SurveyAction::Sent => self.sent_surveys.extend(survey.survey),
            SurveyAction::Responded(answer) => {
                self.answered_surveys.extend(survey.survey);
                let is_default = survey.metric == SurveyMetric::Nps || answer.scale == configuration.decode.csat_scale;
                if is_default && survey.metric != SurveyMetric::Ces {
                    let height = (answer.score - answer.scale.min).saturating_mul(1_000_000) / (answer.scale.max - answer.scale.min).max(1);
                    let (count, highest) = self.scores.entry(survey.metric).or_insert((0, 0));
                    *count += 1;
                    *highest = (*highest).max(height);
                }
            }
        }
    }

    /// What bends numbers, the worst first.
    pub(super) fn findings(&self, configuration: &Configuration) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut add = |place: &str, what: String, hint: &str| {
            found.push(Finding { severity: FindingSeverity::Warning, place: place.to_owned(), what, hint: hint.to_owned() });
        };
        let tickets: Vec<&SeenContact> = self.of_kind(|contact| matches!(contact, Contact::Ticket(_)));
        let chats: Vec<&SeenContact> = self.of_kind(|contact| matches!(contact, Contact::Chat(_)));
        for (kind, contacts, creation, end) in
            [(Kind::Tickets, &tickets, "ticket.created", "solved or closed"), (Kind::Chats, &chats, "chat.started", "ended")]
        {
            if contacts.len() >= ENOUGH && contacts.iter().all(|contact| !contact.is_created) {
                let what = format!("none of {} has a creation, so none of them is counted as created, answered or open", contacts.len());
                add(kind.name(), what, &format!("send `{creation}` for each, or a `ticket.snapshot` of what is open"));
            } else if contacts.iter().filter(|contact| contact.is_created).count() >= ENOUGH
                && contacts.iter().all(|contact| !contact.is_ended)
            {
                let what = format!("none of {} is {end}, so the backlog only grows and there is no resolution time", contacts.len());
                add(kind.name(), what, "map the status with which the help desk ends a case");
            }
        }
        let shared = self.contacts.values().filter(|contact| contact.creators.len() > 1).count();
        if shared > 0 {
            let what = format!("{shared} tickets or chats were created by two sources under one id, so two desks are counted as one");
            add("topics", what, "give each desk a feed of its own: `[[topics]] feed = \"second\"`");
        }
        let split = self.customers.values().filter(|partitions| partitions.len() > 1).count();
        if split > 0 {
            let what = format!("{split} customers have events in several partitions, so what belongs together is counted apart");
            add("topics", what, "key all topics by the customer, with one number of partitions and one partitioner, or use one partition");
        }
        if self.agent_messages >= ENOUGH && self.quick_agent_messages * 2 > self.agent_messages {
            let what = format!(
                "{} of {} answers of agents come within 2 s of the customer, so a bot is counted as a person and first response is too good",
                self.quick_agent_messages, self.agent_messages
            );
            add("tickets", what, "send `author = \"bot\"`, or `automated = true`");
        }
        if let (1, Some((agent, count))) = (self.answers_by.len(), self.answers_by.iter().next())
            && !agent.is_empty()
            && *count >= ENOUGH
            && self.never_rests()
        {
            let what = format!("one author gave all {count} answers of agents, at all hours, so a bot is counted as a person");
            add("tickets", what, "send `author = \"bot\"`, or the `agent_id` of who answered");
        }
        self.survey_findings(&mut add);
        for (spellings, names) in self.teams.values().filter(|spellings| spellings.len() > 1).map(|spellings| (spellings.len(), spellings))
        {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            add(
                "team",
                format!("{spellings} teams differ only by case or spaces: {}", names.join(", ")),
                "rename them: `[dimensions.team] rename`",
            );
        }
        self.time_findings(configuration, &mut add);
        found
    }

    /// Whether answers come through a day and a night without a pause in which a person could sleep.
    fn never_rests(&self) -> bool {
        let mut times = self.answer_times.clone();
        times.sort_unstable();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return false };
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        *last - *first >= DAY_AND_NIGHT && longest.is_some_and(|pause| pause < SLEEP_MIN)
    }

    fn survey_findings(&self, add: &mut impl FnMut(&str, String, &str)) {
        let is_matched = self.answered_surveys.iter().any(|survey| self.sent_surveys.contains(survey));
        if self.answered_surveys.len() >= ENOUGH && self.sent_surveys.len() >= ENOUGH && !is_matched {
            let what = format!(
                "none of {} answers has the `survey_id` of a `survey.sent`, so the response ratio is 0",
                self.answered_surveys.len()
            );
            add("surveys", what, "send the same `survey_id` with both");
        }
        for (metric, (count, highest)) in &self.scores {
            if *count >= ENOUGH && *highest <= 500_000 {
                let metric = if *metric == SurveyMetric::Nps { "nps" } else { "csat" };
                let what = format!("none of {count} answers is above the middle of the scale, so the scale is probably another one");
                add(&format!("surveys: {metric}"), what, "send `scale_min` and `scale_max`, or configure the scale");
            }
        }
    }

    fn time_findings(&self, configuration: &Configuration, add: &mut impl FnMut(&str, String, &str)) {
        for (topic, seen) in &self.topics {
            let Some(settings) = configuration.topics.get(*topic) else { continue };
            if seen.future > 0 {
                let what = format!("{} of the newest {} records are of the future, by their own timestamps", seen.future, seen.records);
                add(&settings.name, what, "correct the clock or the time zone of the producer");
                continue;
            }
            let mut ahead = seen.ahead.clone();
            ahead.sort_unstable();
            if let Some(median) = ahead.get(ahead.len() / 2).filter(|median| ahead.len() >= ENOUGH && **median > SKEW_MIN) {
                let what = format!("events are {median} ahead of their records' timestamps, so a clock is wrong");
                add(&settings.name, what, "compare the clocks of the producer and of the broker");
            }
        }
    }

    /// How many events come in a second, over all topics, and what that needs.
    pub(super) fn rate(&self) -> Option<Finding> {
        let per_second: f64 = self
            .topics
            .values()
            .filter_map(|seen| {
                let seconds = (seen.last? - seen.first?).as_seconds();
                (seconds > 0.0).then(|| seen.records as f64 / seconds)
            })
            .sum();
        let what =
            format!("{per_second:.2} events per second in this sample: one replica and one partition of each topic suffice for thousands");
        (per_second > 0.0).then(|| Finding { severity: FindingSeverity::Fine, place: "topics".to_owned(), what, hint: String::new() })
    }

    fn of_kind(&self, is_of_kind: impl Fn(&Contact) -> bool) -> Vec<&SeenContact> {
        self.contacts.iter().filter(|(contact, _)| is_of_kind(contact)).map(|(_, seen)| seen).collect()
    }
}
