//! `cxpulse dead-letters`: lists and sums up the copies of refused records, writes them into a file to be repaired, and sends repaired ones back.
//!
//! `list` and `summary` show reasons, members and places, and nothing of a record itself. Does not know how a record is repaired.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::failure::{Reported, Usage};
use super::options::ConfigurationArgs;
use super::printing::{note, print_line};
use crate::config::{self, Configuration};
use crate::event::{Decoded, Headers, Record, Refusal, decode};
use crate::kafka::{DeadLetter, letter_of_line, line_of_letter, read_dead_letters, send_back};
use crate::time::EventTime;

const EXAMPLES: &str = "\
Examples:
  cxpulse dead-letters summary --config cxpulse.toml
  cxpulse dead-letters list --config cxpulse.toml --reason bad_time
  Repair them and send them back:
    cxpulse dead-letters export --config cxpulse.toml --reason bad_time --out letters.jsonl
    jq -c '.value |= (fromjson | .time |= tonumber | tojson)' letters.jsonl > repaired.jsonl
    cxpulse dead-letters send --config cxpulse.toml repaired.jsonl

The topic is that of dead_letters.topic. A file that export writes holds the records themselves, with all that they say of customers: keep it like \
the topics. A record is sent to its own topic and partition with its key, headers and timestamp. It counts if it is not too late and its id was not \
counted before.

Exit codes:
  0 done
  1 the topic cannot be read or written, or with send: a record is still refused, and only the others were sent
  64 wrong command line
  78 the configuration cannot be used";

/// Lists, sums up, exports and sends back the copies of refused records.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// One line for each copy: topic, partition, offset, time, reason, member and size. A batch that could not be read has its first and last offset.
    List(ChoiceArgs),
    /// How many there are by topic, reason and member, with the first and the last time.
    Summary(ChoiceArgs),
    /// Write the records into a file, one JSON object a line.
    Export(ExportArgs),
    /// Send the records of such a file back, as far as they are no longer refused.
    Send(SendArgs),
}

#[derive(Clone, Debug, clap::Args)]
struct ChoiceArgs {
    /// Only records that were refused for this reason.
    #[arg(long)]
    reason: Option<String>,

    /// Only records of this topic.
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,

    /// The configuration file and overrides.
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

#[derive(Clone, Debug, clap::Args)]
struct ExportArgs {
    /// The file. It must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    choice: ChoiceArgs,
}

#[derive(Clone, Debug, clap::Args)]
struct SendArgs {
    /// The file with the repaired records.
    file: PathBuf,

    /// Only say what would be sent.
    #[arg(long)]
    dry_run: bool,

    /// The configuration file and overrides.
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// Runs the command; the answer goes to stdout.
///
/// # Errors
/// A wrong command line or configuration, a topic that cannot be read or written, a file that cannot be used, or with `send` a record that is still
/// refused.
pub fn run(args: &DeadLettersArgs) -> anyhow::Result<()> {
    match &args.action {
        Action::List(choice) => list(choice),
        Action::Summary(choice) => summary(choice),
        Action::Export(args) => export(args),
        Action::Send(args) => send(args),
    }
}

fn load(args: &ConfigurationArgs) -> anyhow::Result<Configuration> {
    Ok(config::load(args.config.as_deref(), config::environment(), &args.overrides(&[]))?.configuration)
}

/// Calls `each` with every chosen copy, and gives their number.
fn read(choice: &ChoiceArgs, mut each: impl FnMut(DeadLetter)) -> anyhow::Result<u64> {
    let configuration = load(&choice.configuration)?;
    let settings = configuration.dead_letters.ok_or_else(|| Usage("dead_letters.topic names no topic".to_owned()))?;
    let mut count = 0;
    read_dead_letters(&configuration.kafka, &settings.topic, |letter| {
        let is_chosen = choice.reason.as_ref().is_none_or(|reason| *reason == letter.reason)
            && choice.topic.as_ref().is_none_or(|topic| *topic == letter.place.topic);
        if is_chosen {
            count += 1;
            each(letter);
        }
    })??;
    Ok(count)
}

fn list(choice: &ChoiceArgs) -> anyhow::Result<()> {
    let mut printed = print_line(format_args!(
        "{:<24} {:>9} {:>12} {:<24} {:<18} {:<16} {:>9}",
        "TOPIC", "PARTITION", "OFFSET", "TIME", "REASON", "MEMBER", "BYTES"
    ));
    read(choice, |letter| {
        if printed.is_ok() {
            let DeadLetter { place, reason, member, value, .. } = &letter;
            printed = print_line(format_args!(
                "{:<24} {:>9} {:>12} {:<24} {:<18} {:<16} {:>9}",
                place.topic,
                place.partition,
                letter.end_offset.map_or_else(|| place.offset.to_string(), |end| format!("{}-{}", place.offset, end - 1)),
                time_of(place.time_ms),
                reason,
                or_dash(member),
                value.as_ref().map_or(0, Vec::len),
            ));
        }
    })?;
    Ok(printed?)
}

/// How many copies there are of one kind, and the first and the last time.
#[derive(Default)]
struct Kind {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
}

fn summary(choice: &ChoiceArgs) -> anyhow::Result<()> {
    let mut kinds: BTreeMap<(String, String, String), Kind> = BTreeMap::new();
    let count = read(choice, |letter| {
        let DeadLetter { place, reason, member, .. } = letter;
        let kind = kinds.entry((place.topic, reason, member)).or_default();
        kind.count += 1;
        kind.first = kind.first.into_iter().chain(place.time_ms).min();
        kind.last = kind.last.max(place.time_ms);
    })?;
    print_line(format_args!("{:<24} {:<18} {:<16} {:>9}  {:<24} {:<24}", "TOPIC", "REASON", "MEMBER", "RECORDS", "FIRST", "LAST"))?;
    for ((topic, reason, member), Kind { count, first, last }) in kinds {
        let (first, last) = (time_of(first), time_of(last));
        print_line(format_args!("{topic:<24} {reason:<18} {:<16} {count:>9}  {first:<24} {last:<24}", or_dash(&member)))?;
    }
    print_line(format_args!("{count} records"))?;
    Ok(())
}

fn export(args: &ExportArgs) -> anyhow::Result<()> {
    let file = std::fs::File::create_new(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let mut out = BufWriter::new(file);
    let mut written: anyhow::Result<()> = Ok(());
    let mut notices = 0;
    let count = read(&args.choice, |letter| {
        // Nothing is left of the records of a batch that could not be read.
        if letter.end_offset.is_some() {
            notices += 1;
        } else if written.is_ok() {
            written = write_line(&mut out, &letter);
        }
    })?;
    written.and_then(|()| Ok(out.flush()?)).with_context(|| format!("{} cannot be written", args.out.display()))?;
    print_line(format_args!("{} records in {}", count - notices, args.out.display()))?;
    if notices > 0 {
        note(format_args!("{notices} notices of batches that could not be read are left out: there is nothing to repair"));
    }
    Ok(())
}

fn write_line(out: &mut impl Write, letter: &DeadLetter) -> anyhow::Result<()> {
    Ok(writeln!(out, "{}", line_of_letter(letter))?)
}

fn send(args: &SendArgs) -> anyhow::Result<()> {
    let configuration = load(&args.configuration)?;
    let (letters, refused) = repaired(&configuration, &args.file)?;
    if !args.dry_run && !letters.is_empty() {
        send_back(&configuration.kafka, letters.iter())??;
    }
    let verb = if args.dry_run { "would be sent" } else { "sent" };
    print_line(format_args!("{} {verb}, {refused} still refused", letters.len()))?;
    if refused == 0 { Ok(()) } else { Err(Reported::FAILURE.into()) }
}

/// The records of a file that are not refused any more, and the number of the others, which are named.
fn repaired(configuration: &Configuration, file: &Path) -> anyhow::Result<(Vec<DeadLetter>, u64)> {
    let reader = BufReader::new(std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?);
    let (mut letters, mut refused) = (Vec::new(), 0);
    for (number, line) in reader.lines().enumerate() {
        let line = line.with_context(|| format!("{} cannot be read", file.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let at = format!("{}:{}", file.display(), number + 1);
        let letter = letter_of_line(&line).map_err(|why| anyhow::anyhow!("{at} is no line of `dead-letters export`: {why}"))?;
        match objection(configuration, &letter) {
            None => letters.push(letter),
            Some(why) => {
                refused += 1;
                note(format_args!("{at}: still refused: {why}"));
            }
        }
    }
    Ok((letters, refused))
}

/// Why a record would be refused again; `None` where it would not. Says nothing of the record's values.
fn objection(configuration: &Configuration, letter: &DeadLetter) -> Option<String> {
    let Some(topic) = configuration.topics.iter().find(|topic| topic.name == letter.place.topic) else {
        return Some("its topic is not an input topic of this configuration".to_owned());
    };
    let attribute = |name: &str| letter.headers.iter().rev().find(|(key, _)| key == name).and_then(|(_, value)| value.as_deref());
    let (id, kind) = (attribute("ce_id"), attribute("ce_type"));
    let headers =
        (id.is_some() || kind.is_some()).then(|| Headers { id, kind, time: attribute("ce_time"), source: attribute("ce_source") });
    let record = Record {
        payload: letter.value.as_deref(),
        headers,
        timestamp: letter.place.time_ms.map(EventTime),
        partition: letter.place.partition,
        offset: letter.place.offset,
    };
    let Decoded::Invalid(reason) = decode(record, topic, &configuration.decode) else { return None };
    let cut = if letter.is_cut { ", and its value was cut" } else { "" };
    Some(format!("{} ({}{cut})", reason.name(), or_dash(Refusal::of(reason, record, topic, &configuration.decode).member)))
}

fn time_of(time_ms: Option<i64>) -> String {
    time_ms.map_or_else(|| "-".to_owned(), |ms| EventTime(ms).to_string())
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reason;
    use crate::kafka::RecordOrigin;

    fn letter(value: &[u8]) -> DeadLetter {
        DeadLetter {
            reason: Reason::BadTime.name().to_owned(),
            member: "time".to_owned(),
            place: RecordOrigin { topic: "tickets".to_owned(), partition: 3, offset: 70, time_ms: Some(5) },
            key: Some(vec![0xff, 0]),
            value: Some(value.to_vec()),
            headers: vec![("ce_id".to_owned(), Some(b"1".to_vec())), ("none".to_owned(), None), ("raw".to_owned(), Some(vec![0xfe]))],
            is_cut: false,
            end_offset: None,
        }
    }

    #[test]
    fn what_would_be_refused_again_is_not_sent() {
        let configuration = Configuration::default();
        let mut flat = DeadLetter { headers: Vec::new(), ..letter(br#"{"id":"x","type":"ticket.created","time":"noon","ticket_id":"T"}"#) };
        assert_eq!(objection(&configuration, &flat).as_deref(), Some("bad_time (time)"));
        flat.value = Some(br#"{"id":"x","type":"ticket.created","time":1772442000000,"ticket_id":"T"}"#.to_vec());
        assert_eq!(objection(&configuration, &flat), None);
        flat.place.topic = "elsewhere".to_owned();
        assert!(objection(&configuration, &flat).is_some());
    }
}
