//! The binary as a shell sees it: its help, its exit codes, and the contents of its streams.

#[path = "command_line/checkpoints.rs"]
mod checkpoints;

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

/// The binary without any `CXPULSE_` variable of the tests' environment.
fn cxpulse(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CXPULSE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    cxpulse(arguments).output().expect("the binary was built")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal ended it")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

/// A file with this content; the folder keeps it alive.
fn file(content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    std::fs::write(&path, content).expect("the folder is writable");
    (folder, path.to_str().expect("text").to_owned())
}

const COMMANDS: [&str; 6] = ["run", "demo", "replay", "generate", "check", "checkpoint"];

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let output = run(&["--help"]);
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    for wanted in COMMANDS.iter().chain(&["Exit codes", "78 wrong configuration", "Examples"]) {
        assert!(stdout(&output).contains(wanted), "{wanted} is missing in\n{}", stdout(&output));
    }
}

#[test]
fn every_command_says_in_its_help_what_it_is_for_and_gives_examples() {
    let mut purposes = std::collections::BTreeSet::new();
    for command in COMMANDS {
        let output = run(&[command, "--help"]);
        assert_eq!(code(&output), 0, "{command}");
        assert!(stdout(&output).contains(&format!("cxpulse {command}")), "{command}:\n{}", stdout(&output));
        purposes.insert(stdout(&output).lines().next().unwrap_or_default().to_owned());
    }
    assert_eq!(purposes.len(), COMMANDS.len(), "each command has a purpose of its own: {purposes:?}");
    assert!(!purposes.contains(""));
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = run(&["--version"]);
    assert_eq!((code(&output), stdout(&output)), (0, concat!("cxpulse ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn the_verbose_version_names_the_c_libraries() {
    for arguments in [["--version", "--verbose"], ["--verbose", "-V"]] {
        let output = run(&arguments);
        let lines: Vec<&str> = stdout(&output).lines().collect();
        assert_eq!((code(&output), lines.len(), lines[0]), (0, 4, concat!("cxpulse ", env!("CARGO_PKG_VERSION"))));
        assert!(lines[2].starts_with("librdkafka 2.") && lines[3].starts_with("openssl 3."), "{lines:?}");
    }
}

#[test]
fn a_wrong_command_line_is_64() {
    let wrong: [&[&str]; 12] = [
        &[],
        &["fly"],
        &["run", "--no-such-flag"],
        &["run", "--set", "no-value"],
        &["run", "--web.page", "perhaps"],
        &["replay"],
        &["replay", "--input", "tickets"],
        &["replay", "--input", "tickets=-", "--at", "yesterday"],
        &["replay", "--input", "tickets=-", "--from", "0"],
        &["replay", "--input", "tickets=-", "--from", "2", "--to", "1", "--every", "1h"],
        &["replay", "--input", "emails=-"],
        &["replay", "--input", "tickets=-", "--input", "chats=-"],
    ];
    for arguments in wrong {
        let output = run(arguments);
        assert_eq!((code(&output), stdout(&output)), (64, ""), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty(), "{arguments:?} says why");
    }
}

#[test]
fn a_wrong_configuration_is_78_for_every_command_that_reads_one() {
    let (_folder, path) = file("[kafka]\ngroup = \"cx\"\n[web]\nlisten_addresses = [\"nowhere\"]\n");
    for arguments in [&["run"][..], &["check"], &["replay", "--input", "tickets=-"], &["generate"]] {
        let output = cxpulse(arguments).args(["--config", &path]).output().expect("the binary was built");
        assert_eq!(code(&output), 78, "{arguments:?}: {}", stderr(&output));
        let told = format!("{}{}", stdout(&output), stderr(&output));
        for wanted in ["kafka.group", "group_id", "web.listen_addresses", "`nowhere`", "hint: "] {
            assert!(told.contains(wanted), "{arguments:?}: `{wanted}` is missing in\n{told}");
        }
    }
    assert_eq!(code(&run(&["run", "--config", "/no/such/file.toml"])), 78);
    assert_eq!(code(&run(&["run", "--web.listen-address", "nowhere"])), 78);
    assert_eq!(code(&run(&["run", "--log.level", "cxpulse=loud"])), 78);
    assert_eq!(code(&cxpulse(&["run"]).env("CXPULSE_RUN__CLOCK", "sun").output().expect("the binary was built")), 78);
}

#[test]
fn a_port_in_use_is_1_and_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("a bound listener").to_string();
    let output = run(&["run", "--bootstrap-servers", "127.0.0.1:1", "--web.listen-address", &address, "--set", "checkpoint.url=off"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("cannot listen on `{address}`")), "{}", stderr(&output));
    assert!(stderr(&output).contains("--web.listen-address"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_not_there_is_1_and_named() {
    let output = run(&["replay", "--input", "tickets=/no/such/file"]);
    assert_eq!((code(&output), stdout(&output)), (1, ""));
    assert!(stderr(&output).contains("`/no/such/file`"), "{}", stderr(&output));
}

#[test]
fn check_prints_a_default_configuration_that_it_finds_nothing_wrong_with() {
    let printed = run(&["check", "--print-default"]);
    assert_eq!(code(&printed), 0);
    let (_folder, path) = file(stdout(&printed));
    let checked = run(&["check", "--config", &path]);
    assert_eq!(code(&checked), 0, "{}", stdout(&checked));
    assert!(stdout(&checked).contains("no errors"), "{}", stdout(&checked));
}

#[test]
fn check_asks_the_cluster_only_when_told_to() {
    let away = ["check", "--bootstrap-servers", "127.0.0.1:1"];
    assert_eq!(code(&run(&away)), 0);
    let asked = cxpulse(&away).arg("--connect").output().expect("the binary was built");
    assert_eq!(code(&asked), 1, "{}", stdout(&asked));
    assert!(stdout(&asked).contains("127.0.0.1:1"), "{}", stdout(&asked));
}

#[test]
fn replay_reads_standard_input_and_keeps_the_streams_apart() {
    let record = br#"{"id":"1","type":"ticket.created","time":1777885200000,"ticket_id":"A"}"#;
    let mut child = cxpulse(&["replay", "--input", "tickets=-", "--set", "topics=[{name=\"tickets\",kind=\"tickets\"}]"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    child.stdin.take().expect("a pipe").write_all(record).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("cx_tickets_created{window=\"5m\"} 1\n"));
    assert!(stdout(&output).lines().all(|line| line.starts_with("# ") || line.starts_with("cx_")), "stdout is the exposition alone");
    assert!(stderr(&output).contains("metrics as of 2026-05-04T09:00:00.000Z"), "{}", stderr(&output));
}

/// The writing end of a pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("the system has pipes");
    drop(reader);
    writer.into()
}

#[test]
fn every_command_ends_quietly_where_nobody_reads_its_output() {
    let (folder, path) = file("{\"id\":\"1\",\"type\":\"ticket.created\",\"time\":1777885200000,\"ticket_id\":\"A\"}\n");
    let (_wrong_folder, wrong) = file("[kafka]\ngroup = \"cx\"\n");
    let (input, out) = (format!("tickets={path}"), folder.path().join("boards").to_string_lossy().into_owned());
    let replay = ["replay", "--input", &input];
    let with = |more: &[&'static str]| [&replay[..], more].concat();
    let commands: [Vec<&str>; 18] = [
        vec!["--help"],
        vec!["--version"],
        vec!["replay", "--help"],
        vec!["metrics"],
        vec!["rules", "recording"],
        vec!["rules", "alerts"],
        vec!["dashboards", "--out", &out],
        vec!["check"],
        vec!["check", "--print-default"],
        vec!["check", "--config", &wrong],
        vec!["check", "--connect", "--bootstrap-servers", "127.0.0.1:1"],
        with(&[]),
        with(&["--from", "2026-05-04T09:00:00Z", "--to", "2026-05-04T10:00:00Z", "--every", "30m"]),
        with(&["--report", "day"]),
        with(&["--facts", "/dev/stdout"]),
        vec!["replay", "--input", "tickets=/no/such/file"],
        vec!["dead-letters", "--help"],
        vec!["demo", "--for", "2s", "--port", "0"],
    ];
    for arguments in &commands {
        let output = cxpulse(arguments).stdout(closed_pipe()).output().expect("the binary was built");
        let messages = stderr(&output);
        let is_quiet = !["panicked", "roken pipe", "os error 32"].iter().any(|text| messages.contains(text));
        assert!(is_quiet, "{arguments:?}: {messages}");
        let allowed: &[i32] = if arguments.contains(&"tickets=/no/such/file") { &[1] } else { &[0] };
        assert!(allowed.contains(&code(&output)), "{arguments:?} ends with {}: {messages}", code(&output));

        let status = cxpulse(arguments).stdout(closed_pipe()).stderr(closed_pipe()).status().expect("the binary was built");
        assert_eq!(status.code(), output.status.code(), "{arguments:?}, where its messages have no reader either");
    }
}

#[test]
fn an_address_of_ipv6_is_taken_as_a_flag_as_a_variable_and_beside_others() {
    let listens = |command: &mut Command| {
        let output = command.output().expect("the binary was built");
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        stdout(&output).lines().find_map(|line| line.trim().strip_prefix("metrics")).expect("a summary").trim().to_owned()
    };
    assert_eq!(listens(&mut cxpulse(&["check", "--web.listen-address=[::1]:19270"])), "http://[::1]:19270/metrics");
    let two = ["check", "--web.listen-address", "[::1]:1", "--web.listen-address", "127.0.0.1:2"];
    assert_eq!(listens(&mut cxpulse(&two)), "http://[::1]:1/metrics, http://127.0.0.1:2/metrics");
    for text in ["[::1]:19270", "[\"[::1]:19270\"]"] {
        let by_variable = listens(cxpulse(&["check"]).env("CXPULSE_WEB__LISTEN_ADDRESSES", text));
        assert_eq!(by_variable, "http://[::1]:19270/metrics", "{text}");
    }
    let by_variable = listens(cxpulse(&["check"]).env("CXPULSE_WEB__LISTEN_ADDRESSES", "[::1]:1,[::1]:2"));
    assert_eq!(by_variable, "http://[::1]:1/metrics, http://[::1]:2/metrics");
}

#[test]
fn check_refuses_what_run_would_refuse() {
    let cases = [
        ("kafka.properties.fetch.min.bytes=0", "fetch.min.bytes"),
        ("kafka.properties.session.timeout.ms=soon", "session.timeout.ms"),
        ("kafka.properties.ssl.ca.location=/nowhere/ca.pem", "ssl.ca.location"),
    ];
    for (setting, named) in cases {
        let arguments = ["--bootstrap-servers", "127.0.0.1:1", "--set", "kafka.properties.security.protocol=ssl", "--set", setting];
        let (check, run) = (run(&[&["check"], &arguments[..]].concat()), run(&[&["run"], &arguments[..]].concat()));
        assert_eq!(code(&check), 78, "{setting}: {}", stdout(&check));
        assert!(code(&run) != 0 && stderr(&run).contains(named), "{setting}: {}", stderr(&run));
        assert!(stdout(&check).contains(named) && stdout(&check).contains("1 error"), "{setting}: {}", stdout(&check));
    }
}

#[test]
fn oidc_is_refused_with_the_way_that_works() {
    let output = run(&["check", "--set", "kafka.properties.sasl.oauthbearer.method=oidc"]);
    assert_eq!(code(&output), 78);
    assert!(stdout(&output).contains("kafka.token_command") && stdout(&output).contains("kafka.token_file"), "{}", stdout(&output));
}
