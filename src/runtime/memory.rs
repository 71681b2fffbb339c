//! How much memory the state may take, beside how much this process may have: said at the start and when the assignment changes.
//!
//! Does not know what an entry takes: the engine's settings say that.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::config::Configuration;
use crate::engine::BudgetPart;

/// What a partition's queue may hold beyond its limit: one response (`fetch.message.max.bytes`).
const RESPONSE_BYTES: u64 = 1 << 20;
/// What is said of a budget that does not fit names so many of its largest parts.
const NAMED: usize = 3;
/// Where control groups lie.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// The memory that the state may take at the configured limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBudget {
    of_a_group: Vec<BudgetPart>,
    beside: BudgetPart,
}

/// Bytes as people read them.
#[derive(Clone, Copy, Debug)]
struct Bytes(u64);

impl MemoryBudget {
    /// That of a configuration.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        let queue = u64::from(configuration.kafka.queue_kbytes_per_partition) * 1_024 + RESPONSE_BYTES;
        let queues = BudgetPart {
            name: "fetched records",
            limit: "kafka.queue_kbytes_per_partition",
            bytes: queue.saturating_mul(configuration.topics.len() as u64),
        };
        let mut of_a_group = configuration.engine.budget_of_a_group().to_vec();
        of_a_group.push(queues);
        Self { of_a_group, beside: configuration.engine.budget_of_label_sets(configuration.run.workers) }
    }

    /// The sum for so many partition groups.
    #[must_use]
    pub fn bytes(&self, groups: usize) -> u64 {
        let of_a_group = self.of_a_group.iter().fold(0, |sum: u64, part| sum.saturating_add(part.bytes));
        of_a_group.saturating_mul(groups as u64).saturating_add(self.beside.bytes)
    }

    /// Its parts in a line, and what they come to.
    #[must_use]
    pub fn told(&self) -> String {
        let parts: Vec<String> = self.of_a_group.iter().map(|part| format!("{} {}", part.name, Bytes(part.bytes))).collect();
        let group = Bytes(self.bytes(1).saturating_sub(self.beside.bytes));
        format!("{group} a partition group at the limits ({}) and {} for {}", parts.join(", "), Bytes(self.beside.bytes), self.beside.name)
    }

    /// Why it does not fit, and which limits to lower; `None` where it fits.
    #[must_use]
    pub fn excess(&self, groups: usize, limit: u64) -> Option<String> {
        let sum = self.bytes(groups);
        if sum <= limit {
            return None;
        }
        let mut parts: Vec<(u64, &str)> =
            self.of_a_group.iter().map(|part| (part.bytes.saturating_mul(groups as u64), part.limit)).collect();
        parts.push((self.beside.bytes, self.beside.limit));
        parts.sort_unstable_by_key(|part| std::cmp::Reverse(part.0));
        let mut largest: Vec<&str> = parts.into_iter().map(|part| part.1).collect();
        let mut seen = Vec::new();
        largest.retain(|limit| {
            !seen.contains(limit) && {
                seen.push(*limit);
                true
            }
        });
        largest.truncate(NAMED);
        let (groups, sum, limit) =
            (if groups == 1 { "one partition group".to_owned() } else { format!("{groups} partition groups") }, Bytes(sum), Bytes(limit));
        Some(format!("at the configured limits {groups} may take {sum}, and this process may have {limit}: lower {}", largest.join(", ")))
    }
}

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let (unit, shift) = UNITS.into_iter().find(|(_, shift)| self.0 >> shift > 0).unwrap_or(("KiB", 10));
        write!(f, "{:.1} {unit}", self.0 as f64 / (1_u64 << shift) as f64)
    }
}

/// The memory that this process may have: the smallest limit of its control groups, or what the machine has. `None` where nobody says.
#[must_use]
pub fn memory_limit() -> Option<u64> {
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let groups = read("/proc/self/cgroup".into()).unwrap_or_default();
    let limits = limit_files(&groups).into_iter().filter_map(|path| limit_of_group(&read(path)?));
    limits.chain(read("/proc/meminfo".into()).as_deref().and_then(memory_of_machine)).min()
}

/// The files that may limit a process of these control groups (`/proc/self/cgroup`): of its group and those around it, of both versions. Inside a
/// container the path may be that outside, so the root is asked in any case.
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, name) = match controllers {
            "" => (PathBuf::from(CONTROL_GROUPS), "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                (Path::new(CONTROL_GROUPS).join("memory"), "memory.limit_in_bytes")
            }
            _ => continue,
        };
        files.extend(Path::new(path).ancestors().map(|path| root.join(path.strip_prefix("/").unwrap_or(path)).join(name)));
    }
    files
}

/// `memory.max` says `max`, and the older `memory.limit_in_bytes` a number beyond every machine, where there is no limit.
fn limit_of_group(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn memory_of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_both_versions_of_control_groups_are_found() {
        let files = |groups| limit_files(groups).into_iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(
            files("0::/system.slice/cxpulse.service\n"),
            [
                "/sys/fs/cgroup/system.slice/cxpulse.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(files("5:cpu,cpuacct:/a\n9:memory:/\n"), ["/sys/fs/cgroup/memory/memory.limit_in_bytes"]);
        assert_eq!((limit_of_group("max\n"), limit_of_group("4294967296\n")), (None, Some(4_294_967_296)));
        assert_eq!(memory_of_machine("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16_777_216));
        assert_eq!((memory_of_machine(""), limit_files("")), (None, Vec::new()));
    }

    #[test]
    fn the_budget_grows_with_groups_and_names_the_limits_to_lower() {
        let budget = MemoryBudget::of(&Configuration::default());
        let (one, two) = (budget.bytes(1), budget.bytes(2));
        assert_eq!(budget.bytes(3) - two, two - one);
        assert_eq!(budget.excess(2, two), None);
        let excess = budget.excess(2, two - 1).unwrap();
        assert!(
            excess.contains("2 partition groups")
                && excess.ends_with("lower limits.identities_max, limits.contacts_max, limits.surveys_max"),
            "{excess}"
        );
        let mut smaller = Configuration::default();
        smaller.engine.limits.identities_max /= 2;
        smaller.kafka.queue_kbytes_per_partition /= 2;
        assert!(MemoryBudget::of(&smaller).bytes(1) < one - 3_000_000_000);
        assert_eq!([Bytes(1_536), Bytes(3 << 20), Bytes(5 << 29)].map(|bytes| bytes.to_string()), ["1.5 KiB", "3.0 MiB", "2.5 GiB"]);
    }
}
