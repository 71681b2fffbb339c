//! A disk that is full, and one that is read-only, in a mount of their own that only a child process sees.

use std::path::Path;
use std::process::Command;

use cxpulse::checkpoint::{CheckpointStore, FailureKind, Operation, StoreLocation, StoreOptions};

use super::sample::{header, key, noise};
use super::support::left_out::{leave_out, variable};

/// Names the mount in the child process.
const MOUNT: &str = "TESTS_CHECKPOINT_MOUNT";

/// Runs the test `name` again as a child process with a disk of 1 MiB. Which of its parts runs, the test decides by [`MOUNT`].
///
/// Without the right to mount, as in some containers, the test is left out.
fn run_with_a_small_disk(name: &str) {
    let mount = tempfile::tempdir().unwrap();
    let Some(unshare) = ["-m", "-rm"].into_iter().find(|flags| {
        let trial = Command::new("unshare").args([flags, "mount", "-t", "tmpfs", "none"]).arg(mount.path()).output();
        trial.is_ok_and(|output| output.status.success())
    }) else {
        return leave_out("this user may mount nothing, so no disk can be filled");
    };
    let script = "mount -t tmpfs -o size=1m none \"$1\" && exec \"$2\" --exact \"$3\" --nocapture";
    let mut child = Command::new("unshare");
    child.args([unshare, "sh", "-c", script, "sh"]).arg(mount.path()).arg(std::env::current_exe().unwrap()).arg(name);
    let output = child.env(MOUNT, mount.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

fn open(mount: &str) -> CheckpointStore {
    CheckpointStore::open(&StoreLocation::Folder(Path::new(mount).join("state")), StoreOptions::default()).unwrap()
}

fn found_body(store: &CheckpointStore) -> Option<Vec<u8>> {
    store.newest(&key(), |_| Ok(())).unwrap().checkpoint.map(|checkpoint| checkpoint.body)
}

#[test]
fn a_full_disk_refuses_the_new_one_keeps_the_old_one_and_recovers() {
    let Some(mount) = variable(MOUNT) else {
        return run_with_a_small_disk("disk::a_full_disk_refuses_the_new_one_keeps_the_old_one_and_recovers");
    };
    let store = open(&mount);
    store.put(&header(&key(), 100, 1), b"100").unwrap();
    let failure = store.put(&header(&key(), 200, 2), &noise(2 << 20)).expect_err("2 MiB on a disk of 1 MiB");
    assert_eq!((failure.operation, failure.kind), (Operation::Write, FailureKind::Full), "{failure}");
    assert!(failure.to_string().ends_with(": no space is left\nhint: make space there, or name another place with `checkpoint.url`"));
    assert_eq!(found_body(&store).as_deref(), Some(&b"100"[..]));
    store.put(&header(&key(), 300, 3), &noise(600 << 10)).expect("what was half written takes no space");
    assert_eq!(found_body(&store), Some(noise(600 << 10)));
}

#[test]
fn a_disk_that_becomes_read_only_says_so_and_recovers() {
    let Some(mount) = variable(MOUNT) else { return run_with_a_small_disk("disk::a_disk_that_becomes_read_only_says_so_and_recovers") };
    let store = open(&mount);
    store.put(&header(&key(), 100, 1), b"100").unwrap();
    let remount = |mode: &str| assert!(Command::new("mount").args(["-o", mode, &mount]).status().unwrap().success());
    remount("remount,ro");
    for failure in [store.put(&header(&key(), 200, 2), b"200").expect_err("read-only"), store.check_writable().expect_err("read-only")] {
        assert_eq!((failure.operation, failure.kind), (Operation::Write, FailureKind::Denied), "{failure}");
        assert_eq!(failure.reason, "it is read-only");
    }
    assert_eq!(found_body(&store).as_deref(), Some(&b"100"[..]));
    let location = StoreLocation::Folder(Path::new(&mount).join("other"));
    let at_start = CheckpointStore::open(&location, StoreOptions::default()).err().unwrap();
    assert_eq!((at_start.kind, at_start.exit_code()), (FailureKind::Denied, 1), "{at_start}");
    remount("remount,rw");
    store.put(&header(&key(), 200, 2), b"200").unwrap();
    assert_eq!(found_body(&store).as_deref(), Some(&b"200"[..]));
}
