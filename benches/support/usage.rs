//! What processes of this machine have used, from `/proc`. Linux only.

use std::fs;
use std::time::Duration;

/// `/proc` counts in hundredths of a second, whatever the kernel's own tick.
const TICKS_PER_SECOND: u64 = 100;

/// A process as `/proc/<id>/stat` tells it.
struct Stat {
    name: String,
    parent: u32,
    cpu: Duration,
}

/// User and system time of a process so far, all threads, also those that have ended; zero when it is gone.
pub(crate) fn cpu_of(process: u32) -> Duration {
    stat(process).map_or(Duration::ZERO, |stat| stat.cpu)
}

/// User and system time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    cpu_of(std::process::id())
}

/// The most memory that a process had resident so far, in MiB.
pub(crate) fn peak_mebibytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}

/// The first child of a process with this name; its id.
pub(crate) fn child_of(parent: u32, name: &str) -> Option<u32> {
    let entries = fs::read_dir("/proc").expect("Linux");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.into_iter().find(|id| stat(*id).is_some_and(|stat| stat.parent == parent && stat.name == name))
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in brackets and may hold any character.
    let (before, after) = text.rsplit_once(") ")?;
    let name = before.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Stat { name, parent: fields.get(1)?.parse().ok()?, cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND) })
}
