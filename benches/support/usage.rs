//! CPU time and memory of processes of this machine, from `/proc`. Linux only.

use std::fs;
use std::time::Duration;

/// `/proc` counts in hundredths of a second, independently of the kernel's own tick.
const TICKS_PER_SECOND: u64 = 100;

/// The fields of `/proc/<id>/stat` of a process.
struct Stat {
    name: String,
    parent: u32,
    cpu: Duration,
}

/// User and system time of all threads of a process so far, including ended threads. Zero if the process is gone.
pub(crate) fn cpu_of(process: u32) -> Duration {
    stat(process).map_or(Duration::ZERO, |stat| stat.cpu)
}

/// User and system time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    cpu_of(std::process::id())
}

/// The CPU time of each living thread of a process so far, with the beginning of its name.
pub(crate) fn cpu_by_thread(process: u32) -> Vec<(String, Duration)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let thread = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?.trim().to_owned();
        let statistics = fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some((name, Duration::from_nanos(statistics.split(' ').next()?.parse().ok()?)))
    };
    tasks.filter_map(thread).collect()
}

/// The largest resident memory of a process so far, in MiB.
pub(crate) fn peak_mebibytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}

/// The CPU time of all processes of this machine so far, over all cores.
pub(crate) fn machine_cpu() -> Duration {
    let text = fs::read_to_string("/proc/stat").expect("Linux");
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // The fields are user, nice, system, idle, waiting for a disk, and four more busy kinds. The time of guests is part of user time already.
    let busy: u64 = ticks.iter().take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4)).map(|(_, n)| n).sum();
    Duration::from_millis(busy * 1000 / TICKS_PER_SECOND)
}

/// The first child of a process with this name; its id.
pub(crate) fn child_of(parent: u32, name: &str) -> Option<u32> {
    let entries = fs::read_dir("/proc").expect("Linux");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.into_iter().find(|id| stat(*id).is_some_and(|stat| stat.parent == parent && stat.name == name))
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name is in brackets and may hold any character.
    let (before, after) = text.rsplit_once(") ")?;
    let name = before.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Stat { name, parent: fields.get(1)?.parse().ok()?, cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND) })
}
