//! The work that the benches against a broker share: generated events in three topics with six partitions each.

use std::process::Command;

use crate::support::broker::Broker;
use crate::support::service::cxpulse;
use crate::usage::child_of;

/// The topics. The topic of customers is left out, because few organisations have one.
pub(crate) const TOPICS: [&str; 3] = ["tickets", "chats", "surveys"];
/// Partitions of each topic.
pub(crate) const PARTITIONS: i32 = 6;

/// A broker with events.
pub(crate) struct Workload {
    broker: Broker,
    /// The number of events.
    pub(crate) events: u64,
}

impl Workload {
    /// Starts a broker and fills it. Ends the process with a message if that is impossible.
    pub(crate) fn prepare(events: u64) -> Self {
        let broker = Broker::start().unwrap_or_else(|why| {
            eprintln!("{why}");
            std::process::exit(1)
        });
        let workload = Self { broker, events };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("cxpulse.toml");
        std::fs::write(&file, workload.configuration("generate", "")).expect("the folder is writable");
        let mut generate: Command = cxpulse();
        generate.arg("generate").arg("--config").arg(&file);
        generate.args(["--create-topics", &PARTITIONS.to_string(), "--history", "30d", "--events", &events.to_string()]);
        let output = generate.output().expect("the binary was built");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        eprintln!("{}", said.lines().last().unwrap_or_default());
        workload
    }

    /// The addresses for a client.
    pub(crate) fn servers(&self) -> String {
        self.broker.servers()
    }

    /// The process id of the broker.
    pub(crate) fn broker_process(&self) -> u32 {
        let keeper = child_of(std::process::id(), "sh").expect("the broker's keeper");
        child_of(keeper, "java").expect("the broker")
    }

    /// A configuration with the default settings, these topics and a group; `run` is the section of that name.
    pub(crate) fn configuration(&self, group: &str, run: &str) -> String {
        let topics: String = TOPICS.iter().map(|name| format!("[[topics]]\nname = \"{name}\"\nkind = \"{name}\"\n")).collect();
        format!("[kafka]\nbootstrap_servers = \"{}\"\ngroup_id = \"{group}\"\n[run]\n{run}\n{topics}", self.servers())
    }
}

/// A number from the environment, or the default.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var_os(name)
        .and_then(|text| text.into_string().ok())
        .map_or(default, |text| text.parse().unwrap_or_else(|why| panic!("{name}={text}: {why}")))
}

/// The median of an odd number of figures.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
