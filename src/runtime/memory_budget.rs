//! The memory that the state may take at the configured limits, and the memory that this process may have.
//!
//! Does not know the size of an entry: the engine's settings do.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::config::Configuration;
use crate::engine::{BudgetPart, CHECKPOINT_PERCENT, Limits};

/// The bytes that a partition's queue may hold beyond its limit: one response (`fetch.message.max.bytes`).
const RESPONSE_BYTES: u64 = 1 << 20;
/// The text on a budget that does not fit names this many of its largest parts.
const NAMED_PARTS: usize = 3;
/// The folder of the control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// The memory that the state may take at the configured limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBudget {
    /// The parts of one partition group.
    per_group: Vec<BudgetPart>,
    /// The part that is taken once, however many partition groups there are.
    once: BudgetPart,
    /// One checkpoint while it is written; `None` where there are none.
    checkpoint: Option<BudgetPart>,
    /// The number of workers: at a hand-over each may write one checkpoint.
    workers: usize,
}

/// A number of bytes, written as people read it: `1.5 GiB`.
#[derive(Clone, Copy, Debug)]
struct Bytes(u64);

impl MemoryBudget {
    /// The budget of a configuration.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        let queue = u64::from(configuration.kafka.queue_kbytes_per_partition) * 1_024 + RESPONSE_BYTES;
        let queues = BudgetPart {
            name: "fetched records",
            limit: "kafka.queue_kbytes_per_partition",
            bytes: queue.saturating_mul(configuration.topics.len() as u64),
        };
        let mut per_group = configuration.engine.budget_of_a_group().to_vec();
        let checkpoint = configuration.checkpoint.url.is_some().then(|| checkpoint_of(&per_group));
        per_group.push(queues);
        let workers = configuration.run.workers;
        Self { per_group, once: configuration.engine.budget_of_label_sets(workers), checkpoint, workers }
    }

    /// The budget of a configuration with other limits of entries.
    pub(super) fn with_limits(configuration: &Configuration, limits: Limits) -> Self {
        let mut configuration = configuration.clone();
        configuration.engine.limits = limits;
        Self::of(&configuration)
    }

    /// The sum in bytes for this many partition groups.
    #[must_use]
    pub fn bytes(&self, groups: usize) -> u64 {
        sum_of(&self.parts(groups))
    }

    /// The parts and their sum, in one line for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let parts: Vec<String> = self.per_group.iter().map(|part| format!("{} {}", part.name, Bytes(part.bytes))).collect();
        let once: Vec<String> = self.shared_parts(1).map(|part| format!("{} for {}", Bytes(part.bytes), part.name)).collect();
        format!("{} a partition group at the limits ({}), and {}", Bytes(sum_of(&self.per_group)), parts.join(", "), once.join(" and "))
    }

    /// Why this many partition groups do not fit into `limit` bytes, and which configured limits to lower; `None` where they fit.
    #[must_use]
    pub fn excess(&self, groups: usize, limit: u64) -> Option<String> {
        let sum = self.bytes(groups);
        if sum <= limit {
            return None;
        }
        let mut parts = self.parts(groups);
        parts.sort_unstable_by_key(|part| std::cmp::Reverse(part.bytes));
        let mut largest: Vec<&str> = parts.into_iter().map(|part| part.limit).collect();
        let mut seen = Vec::new();
        largest.retain(|limit| {
            !seen.contains(limit) && {
                seen.push(*limit);
                true
            }
        });
        largest.truncate(NAMED_PARTS);
        let (groups, sum, limit) =
            (if groups == 1 { "one partition group".to_owned() } else { format!("{groups} partition groups") }, Bytes(sum), Bytes(limit));
        Some(format!("at the configured limits {groups} may take {sum}, and this process may have {limit}: lower {}", largest.join(", ")))
    }

    /// All parts for this many partition groups.
    fn parts(&self, groups: usize) -> Vec<BudgetPart> {
        self.per_group.iter().map(|part| part.times(groups)).chain(self.shared_parts(groups)).collect()
    }

    /// The parts that do not grow with every group.
    fn shared_parts(&self, groups: usize) -> impl Iterator<Item = BudgetPart> {
        [self.once].into_iter().chain(self.checkpoint.map(|part| part.times(groups.min(self.workers))))
    }
}

/// A checkpoint while it is written, of a group with these parts. What takes most of the group takes most of it.
fn checkpoint_of(group: &[BudgetPart]) -> BudgetPart {
    let limit = group.iter().max_by_key(|part| part.bytes).map_or("", |part| part.limit);
    let bytes = sum_of(group).saturating_mul(CHECKPOINT_PERCENT) / 100;
    BudgetPart { name: "a checkpoint while it is written", limit, bytes }
}

fn sum_of(parts: &[BudgetPart]) -> u64 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
}

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let (unit, shift) = UNITS.into_iter().find(|(_, shift)| self.0 >> shift > 0).unwrap_or(("KiB", 10));
        write!(f, "{:.1} {unit}", self.0 as f64 / (1_u64 << shift) as f64)
    }
}

/// The memory in bytes that this process may have: the smallest limit of its control groups, or the memory of the machine. `None` where neither is
/// known.
#[must_use]
pub fn memory_limit() -> Option<u64> {
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let groups = read("/proc/self/cgroup".into()).unwrap_or_default();
    let limits = limit_files(&groups).into_iter().filter_map(|path| limit_of_group(&read(path)?));
    limits.chain(read("/proc/meminfo".into()).as_deref().and_then(memory_of_machine)).min()
}

/// The files that may limit a process with these control groups (the text of `/proc/self/cgroup`): the files of its own group and of the groups
/// around it, for both versions of control groups. Inside a container the path may be the path outside of it, so the root is always among them.
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

/// The limit in bytes. Where there is none, `memory.max` holds `max`, and the older `memory.limit_in_bytes` holds a number beyond every machine.
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
    use crate::checkpoint::StoreLocation;

    fn without_checkpoints() -> Configuration {
        let mut configuration = Configuration::default();
        configuration.checkpoint.url = None;
        configuration
    }

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
        let budget = MemoryBudget::of(&without_checkpoints());
        let (one, two) = (budget.bytes(1), budget.bytes(2));
        assert_eq!(budget.bytes(3) - two, two - one);
        assert_eq!(budget.excess(2, two), None);
        let excess = budget.excess(2, two - 1).unwrap();
        assert!(
            excess.contains("2 partition groups")
                && excess.ends_with("lower limits.identities_max, limits.surveys_max, limits.contacts_max"),
            "{excess}"
        );
        let mut smaller = without_checkpoints();
        smaller.engine.limits.identities_max /= 2;
        smaller.kafka.queue_kbytes_per_partition /= 2;
        assert!(MemoryBudget::of(&smaller).bytes(1) < one - 3_000_000_000);
    }

    #[test]
    fn each_worker_may_write_one_checkpoint() {
        let mut configuration = without_checkpoints();
        configuration.run.workers = 2;
        let without = MemoryBudget::of(&configuration);
        configuration.checkpoint.url = Some(StoreLocation::Folder("state".into()));
        let with = MemoryBudget::of(&configuration);
        let one = sum_of(&configuration.engine.budget_of_a_group()) * CHECKPOINT_PERCENT / 100;
        assert_eq!([0, 1, 2, 3].map(|groups| with.bytes(groups) - without.bytes(groups)), [0, one, 2 * one, 2 * one]);
        assert!(with.summary().ends_with(" for a checkpoint while it is written"), "{}", with.summary());
        assert_eq!(with.excess(3, with.bytes(3)), None);
        assert!(with.excess(3, with.bytes(3) - 1).is_some());
    }

    #[test]
    fn bytes_are_written_as_people_read_them() {
        assert_eq!([Bytes(1_536), Bytes(3 << 20), Bytes(5 << 29)].map(|bytes| bytes.to_string()), ["1.5 KiB", "3.0 MiB", "2.5 GiB"]);
    }
}
