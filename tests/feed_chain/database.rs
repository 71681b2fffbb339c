//! A PostgreSQL server of its own with logical decoding, in a folder that is removed with it. Does not know any table.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::left_out::variable;
use crate::support::ports::free_ports;

/// A running server.
pub(crate) struct Database {
    name: String,
    folder: TempDir,
    programs: PathBuf,
    pub(crate) port: u16,
}

impl Database {
    /// Starts a server with one empty database. The error names what is missing.
    pub(crate) fn start(name: &str) -> Result<Self, String> {
        let programs = programs().ok_or("no PostgreSQL: `tests/run.sh` brings it, or TESTS_POSTGRES names the folder of its programs")?;
        let folder = tempfile::Builder::new().prefix("cxpulse-postgres-").tempdir().expect("a temporary folder");
        let [port] = free_ports();
        let database = Self { name: name.to_owned(), folder, programs, port };
        // The server refuses to run as root, and its user must own the folder.
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(database.folder.path()));
        }
        run(database
            .program("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(database.data()));
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c wal_level=logical -c fsync=off -c timezone=UTC -c unix_socket_directories='' -c max_connections=20"
        );
        run(database
            .program("pg_ctl")
            .args(["-w", "-s", "-o", &options, "-l"])
            .arg(database.folder.path().join("log"))
            .arg("-D")
            .arg(database.data())
            .arg("start"));
        database.query_in("postgres", &format!("CREATE DATABASE {name}"));
        Ok(database)
    }

    /// Runs statements in the database, and gives the output without decoration.
    pub(crate) fn query(&self, statements: &str) -> String {
        self.query_in(&self.name, statements)
    }

    fn query_in(&self, database: &str, statements: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        let url = format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = psql.spawn().expect("psql was found");
        std::io::Write::write_all(&mut child.stdin.take().expect("piped"), statements.as_bytes()).expect("psql reads");
        text_of(child.wait_with_output().expect("a child of this process"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        if !is_root() {
            return Command::new(self.programs.join(name));
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(self.programs.join(name)).current_dir(self.folder.path());
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Where it does not stop, the end of the test run ends it no worse.
        let _stopped = self.program("pg_ctl").args(["-w", "-s", "-m", "immediate", "-D"]).arg(self.data()).arg("stop").output();
    }
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")))
}

/// The folder of PostgreSQL's programs: `psql` and `pg_ctl` of one version.
fn programs() -> Option<PathBuf> {
    if let Some(folder) = variable("TESTS_POSTGRES") {
        return Some(folder.into());
    }
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin")).collect();
    versions.retain(|folder| folder.join("pg_ctl").exists() && folder.join("psql").exists());
    versions.sort();
    versions.pop()
}

fn run(command: &mut Command) {
    text_of(command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}")));
}

fn text_of(output: Output) -> String {
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
