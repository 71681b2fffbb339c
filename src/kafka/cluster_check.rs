//! The questions of `check --connect` to a cluster: whether the topics exist, have equal partition counts and keep their records long enough.
//!
//! Does not know how findings are printed, and changes nothing in the cluster.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::cluster::{Cluster, LookupError, TopicPresence};
use super::failure::Failure;
use super::finding::{Finding, FindingSeverity};
use super::properties;
use super::question_context::QuestionContext;
use super::token;
use crate::config::{Configuration, KafkaSettings};
use crate::time::Span;

/// How long the cluster may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Asks the cluster about the configured topics. A question that gets no answer is a finding too.
pub async fn inspect(configuration: &Configuration) -> Vec<Finding> {
    let names: Vec<String> = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
    let place = configuration.kafka.bootstrap_servers.clone();
    let no_answer = |what: String| vec![Finding::new(FindingSeverity::Error, &place, what, "")];
    let settings = configuration.kafka.clone();
    // The client's own calls block.
    let asked = tokio::task::spawn_blocking(move || Cluster::new(&settings, names).map(|cluster| ask_for_topics(&cluster))).await;
    let states = match asked {
        Ok(Ok(Ok(Ok(states)))) => states,
        Ok(Err(failure) | Ok(Ok(Err(failure)))) => return vec![Finding::failure(&place, &failure)],
        Ok(Ok(Err(error))) => return no_answer(error.to_string()),
        Err(_) => return no_answer("asking the cluster failed".to_owned()),
    };
    let mut findings = Vec::new();
    let mut counts = Vec::new();
    for topic in &configuration.topics {
        match states.get(&topic.name) {
            Some(TopicPresence::Partitions(count)) => {
                counts.push((topic.name.as_str(), *count));
                findings.push(Finding::new(FindingSeverity::Fine, &topic.name, format!("{count} partitions"), ""));
            }
            Some(TopicPresence::Refused) => findings.push(Finding::new(
                FindingSeverity::Error,
                &topic.name,
                "reading it is not allowed".to_owned(),
                "grant READ and DESCRIBE on the topic",
            )),
            Some(TopicPresence::Missing) | None => findings.push(Finding::new(
                FindingSeverity::Error,
                &topic.name,
                "it does not exist; `cxpulse run` would wait for it".to_owned(),
                "create it with as many partitions as the other topics, or correct its name",
            )),
        }
    }
    if counts.iter().any(|(_, count)| *count != counts[0].1) {
        let counts = counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ");
        let failure = Failure::UnequalPartitions { counts };
        findings.push(Finding::failure("topics", &failure));
    }
    let present: Vec<&str> = counts.iter().map(|(name, _)| *name).collect();
    if let Some(name) = present.first() {
        findings.extend(refusal_of_group(configuration, name).await);
    }
    findings.extend(settings_of_topics(configuration, &present).await);
    findings
}

/// Asks for an offset of the group, for which the group must be known, as it must be for its members.
async fn refusal_of_group(configuration: &Configuration, topic: &str) -> Option<Finding> {
    let (settings, topic) = (configuration.kafka.clone(), topic.to_owned());
    let asked = tokio::task::spawn_blocking(move || ask_for_group(&settings, &topic)).await;
    match asked {
        Ok(Ok(Some(RDKafkaErrorCode::GroupAuthorizationFailed))) => Some(Finding::new(
            FindingSeverity::Error,
            &configuration.kafka.group_id,
            "being a member of this group is not allowed".to_owned(),
            "grant READ on the group, or name another one as `kafka.group_id`",
        )),
        // Whatever else is wrong shows where the topics are asked about.
        _ => None,
    }
}

/// Why the group gives no offset of the topic; `None` where it does, or where nothing is heard.
fn ask_for_group(settings: &KafkaSettings, topic: &str) -> Result<Option<RDKafkaErrorCode>, Failure> {
    let config = properties::group_consumer(settings)?;
    let consumer: BaseConsumer<QuestionContext> = properties::create(&config, QuestionContext::new(settings), &settings.properties)?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline {
        // The client asks for its token here, and says here why its group is not known.
        let said = match consumer.poll(Duration::from_millis(50)) {
            Some(Err(error)) => error.rdkafka_error_code(),
            _ => None,
        };
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, 0);
        let answered = consumer.committed_offsets(list, Duration::from_millis(500));
        let code = match &answered {
            Ok(offsets) => offsets.elements().first().and_then(|element| element.error().err()?.rdkafka_error_code()),
            Err(error) => error.rdkafka_error_code(),
        };
        let refused = [said, code].into_iter().flatten().find(|code| *code == RDKafkaErrorCode::GroupAuthorizationFailed);
        if answered.is_ok() || refused.is_some() {
            return Ok(refused);
        }
    }
    Ok(None)
}

type States = Result<Result<std::collections::BTreeMap<String, TopicPresence>, Failure>, LookupError>;

/// The first question has to wait for the connection too, so it is asked a few times.
fn ask_for_topics(cluster: &Cluster) -> States {
    let mut states = cluster.topics();
    for _ in 0..4 {
        if states.is_ok() {
            break;
        }
        states = cluster.topics();
    }
    states
}

/// Compares the topics' own settings with the windows.
async fn settings_of_topics(configuration: &Configuration, topics: &[&str]) -> Vec<Finding> {
    if topics.is_empty() {
        return Vec::new();
    }
    let unread = |place: &str, why: &str| {
        let hint = "grant DESCRIBE_CONFIGS on the topic to have its retention and timestamps checked";
        Finding::new(FindingSeverity::Warning, place, format!("its settings cannot be read{why}"), hint)
    };
    let unasked = |why: String| topics.iter().map(|topic| unread(topic, &format!(": {why}"))).collect();
    let admin: AdminClient<QuestionContext> = match properties::common(&configuration.kafka)
        .and_then(|config| properties::create(&config, QuestionContext::new(&configuration.kafka), &configuration.kafka.properties))
    {
        Ok(admin) => admin,
        Err(failure) => return unasked(failure.what()),
    };
    if let Some(token) = &configuration.kafka.token
        && let Err(why) = token::give(admin.inner(), token)
    {
        return unasked(why.to_string());
    }
    let resources: Vec<ResourceSpecifier<'_>> = topics.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
    match admin.describe_configs(&resources, &options).await {
        Ok(described) => {
            // The client leaves out why a topic was not described, and gives no settings of it.
            let read: Vec<ConfigResource> = described.into_iter().flatten().filter(|resource| !resource.entries.is_empty()).collect();
            let is_read = |topic: &&&str| read.iter().any(|resource| is_of(resource, topic));
            let mut findings: Vec<Finding> = topics.iter().filter(|topic| !is_read(topic)).map(|topic| unread(topic, "")).collect();
            findings.extend(read.iter().flat_map(|resource| findings_of(configuration, resource)));
            findings
        }
        Err(error) => unasked(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown).to_string()),
    }
}

fn is_of(resource: &ConfigResource, name: &str) -> bool {
    matches!(&resource.specifier, OwnedResourceSpecifier::Topic(topic) if topic == name)
}

fn findings_of(configuration: &Configuration, resource: &ConfigResource) -> Vec<Finding> {
    let OwnedResourceSpecifier::Topic(topic) = &resource.specifier else { return Vec::new() };
    let value = |name: &str| resource.get(name).and_then(|entry| entry.value.as_deref()).unwrap_or_default();
    let mut findings = Vec::new();
    let mut warn = |what: String, hint: &str| findings.push(Finding::new(FindingSeverity::Warning, topic, what, hint));

    if value("message.timestamp.type") == "CreateTime" {
        warn(
            "its producers stamp its records (message.timestamp.type=CreateTime): one with a wrong clock can make the others' events late"
                .to_owned(),
            "set message.timestamp.type=LogAppendTime if the producers' clocks cannot be trusted",
        );
    }
    let policy = value("cleanup.policy");
    if policy.contains("compact") {
        warn(
            format!("cleanup.policy={policy} removes all but the newest record of a key, and with them events"),
            "set cleanup.policy=delete",
        );
    }
    let needed = configuration.engine.windows.iter().map(|window| window.range).max().unwrap_or_default().0
        + configuration.topics.iter().find(|other| other.name == *topic).map_or(Span(0), |topic| topic.allowed_lateness).0;
    if let Ok(kept) = value("retention.ms").parse::<i64>()
        && kept >= 0
        && kept < needed
        && policy != "compact"
    {
        warn(
            format!("it keeps records for {} (retention.ms), but the longest window and the lateness need {}", Span(kept), Span(needed)),
            "raise retention.ms, or a start after a loss of state finds its windows incomplete",
        );
    }
    if value("retention.bytes").parse::<i64>().is_ok_and(|bytes| bytes >= 0) {
        warn(
            "it has a limit in bytes (retention.bytes), which may remove records that the windows still need".to_owned(),
            "set retention.bytes=-1 and bound the topic by time",
        );
    }
    findings
}
