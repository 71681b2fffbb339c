//! `cxpulse checkpoint`: what lies in a store of checkpoints, what one says of itself, and whether each can be used.
//!
//! Shows offsets, times, sizes and settings, and nothing from a state: no id of a ticket or a customer. Changes nothing in the store.

use std::collections::BTreeMap;

use super::failure::{Reported, Usage};
use super::options::ConfigurationArgs;
use super::printing::print_line;
use crate::checkpoint::{CheckpointHeader, CheckpointStore, Listed, StoreLocation};
use crate::config;
use crate::time::EventTime;

const EXAMPLES: &str = "\
Examples:
  cxpulse checkpoint list /var/lib/cxpulse
  cxpulse checkpoint show --config cxpulse.toml
  cxpulse checkpoint verify s3://my-bucket/cxpulse --set checkpoint.endpoint=https://minio.example:9000

Without a URL the store is that of the configuration. A bucket's address, region and credentials come from [checkpoint] of the configuration, or from \
the usual AWS_ variables.

Exit codes:
  0 done; with verify: every checkpoint can be used
  1 the store cannot be asked
  4 with verify: a checkpoint cannot be used
  64 wrong command line
  78 the configuration cannot be used";

/// Says what lies in a store of checkpoints, without any id: list, show or verify.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckpointArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// One line for each checkpoint: consumer group, settings, partition, offsets, number, size and time.
    List(StoreArgs),
    /// What the newest checkpoint of each partition says of itself: offsets by topic, times and settings.
    Show(StoreArgs),
    /// Read every checkpoint whole, and compare all checksums.
    Verify(StoreArgs),
}

#[derive(Clone, Debug, clap::Args)]
struct StoreArgs {
    /// A folder, or s3://bucket/prefix. Without it: checkpoint.url of the configuration.
    url: Option<String>,

    /// Only the checkpoints of this partition.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,

    /// The configuration file and overrides.
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// Runs the command; the answer goes to stdout.
///
/// # Errors
/// A wrong command line or configuration, a store that cannot be asked, or with `verify` a checkpoint that cannot be used.
pub fn run(args: &CheckpointArgs) -> anyhow::Result<()> {
    match &args.action {
        Action::List(args) => list(&open(args)?, args),
        Action::Show(args) => show(&open(args)?, args),
        Action::Verify(args) => verify(&open(args)?, args),
    }
}

fn open(args: &StoreArgs) -> anyhow::Result<CheckpointStore> {
    let StoreArgs { url, partition: _, configuration } = args;
    let loaded = config::load(configuration.config.as_deref(), config::environment(), &configuration.overrides(&[]))?;
    let settings = loaded.configuration.checkpoint;
    let location = match url {
        Some(url) => StoreLocation::parse(url).map_err(|problem| Usage(format!("the URL names no store: {problem}")))?,
        None => settings.url.ok_or_else(|| Usage("checkpoints are turned off; name a store".to_owned()))?,
    };
    Ok(CheckpointStore::open_existing(&location, settings.store)?)
}

/// The checkpoints that the command is about.
fn chosen(store: &CheckpointStore, args: &StoreArgs) -> anyhow::Result<Vec<Listed>> {
    let mut listed = store.list()?;
    listed.retain(|listed| args.partition.is_none_or(|partition| partition == listed.partition()));
    if listed.is_empty() {
        print_line(format_args!("no checkpoint lies in {}", store.place()))?;
    }
    Ok(listed)
}

fn list(store: &CheckpointStore, args: &StoreArgs) -> anyhow::Result<()> {
    let all = chosen(store, args)?;
    if !all.is_empty() {
        print_line(format_args!(
            "{:<24} {:<9} {:>9} {:>15} {:>7} {:>10}  STORED",
            "GROUP", "SETTINGS", "PARTITION", "RECORDS", "NUMBER", "SIZE"
        ))?;
    }
    for listed in all {
        let name = listed.name();
        print_line(format_args!(
            "{:<24} {:<9} {:>9} {:>15} {:>7} {:>10}  {}",
            listed.group_folder(),
            listed.fingerprint().short(),
            listed.partition(),
            name.offset_sum,
            name.sequence,
            size(listed.bytes),
            EventTime(listed.stored_at_seconds.saturating_mul(1_000)),
        ))?;
    }
    Ok(())
}

fn show(store: &CheckpointStore, args: &StoreArgs) -> anyhow::Result<()> {
    // The list is in the order of groups, settings, partitions and age, so the last one of each is the newest.
    let newest: BTreeMap<_, Listed> = chosen(store, args)?
        .into_iter()
        .map(|listed| ((listed.group_folder().to_owned(), listed.fingerprint(), listed.partition()), listed))
        .collect();
    for listed in newest.into_values() {
        print_line(listed.path())?;
        match store.header(&listed)? {
            Ok(header) => print_header(&header, &listed)?,
            Err(refusal) => print_line(format_args!("  cannot be used: {refusal}"))?,
        }
    }
    Ok(())
}

fn print_header(header: &CheckpointHeader, listed: &Listed) -> anyhow::Result<()> {
    let CheckpointHeader { key, next_offsets, sequence, created, event_time_max, settings } = header;
    print_line(format_args!("  group               {}", key.group.escape_debug()))?;
    print_line(format_args!("  partition           {}", key.partition))?;
    print_line(format_args!("  number              {sequence}"))?;
    print_line(format_args!("  taken               {created}"))?;
    let latest = event_time_max.map_or_else(|| "none".to_owned(), |time| time.to_string());
    print_line(format_args!("  latest event        {latest}"))?;
    print_line(format_args!("  size                {}", size(listed.bytes)))?;
    print_line(format_args!("  settings            {}", key.fingerprint))?;
    for (topic, offset) in next_offsets {
        print_line(format_args!("  next offset         {topic} {offset}"))?;
    }
    for (setting, value) in settings {
        print_line(format_args!("  setting             {setting} = {value}"))?;
    }
    Ok(())
}

fn verify(store: &CheckpointStore, args: &StoreArgs) -> anyhow::Result<()> {
    let (mut usable, mut refused) = (0_usize, 0_usize);
    for listed in chosen(store, args)? {
        match store.verify(&listed)? {
            Ok(_) => {
                usable += 1;
                print_line(format_args!("fine: {}", listed.path()))?;
            }
            Err(refusal) => {
                refused += 1;
                print_line(format_args!("error: {}: {refusal}", listed.path()))?;
            }
        }
    }
    print_line(format_args!("{usable} can be used, {refused} cannot"))?;
    if refused == 0 { Ok(()) } else { Err(Reported::STATE.into()) }
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}
