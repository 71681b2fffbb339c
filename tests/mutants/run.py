"""Mutation testing with one build: writes the drawn faults of cargo-mutants into a copy of the tree, each behind a switch, builds the tests once,
and runs for each fault the tests that reach it. Called by `tests/mutants.sh`, which says what is drawn and where.

    run.py LIST NUMBER SEED FOLDER TARGET...

LIST is what `cargo mutants --list --json` printed, of which NUMBER faults are drawn by SEED. FOLDER takes the copy and its build, the targets go to `cargo test`. Prints each
fault with its outcome and writes `missed.txt` and `unswitched.txt` into the folder: the latter has the faults that need a build of their own.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from switches import faults_of, numbers_around, numbers_in_function, write_switches

ROOT = Path(__file__).resolve().parent.parent.parent
# How much longer than without a fault the tests may take before it counts as found.
SLOWER, GRACE_SECONDS = 5, 60


def main() -> int:
    listed, folder, targets = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[4]).resolve(), sys.argv[5:]
    number, seed = int(sys.argv[2]), int(sys.argv[3])
    tree = folder / "tree"
    faults = faults_of(random.Random(seed).sample(listed, min(number, len(listed))), ROOT)
    print(f"{len(faults)} of {len(listed)} faults, drawn by the seed {seed}", flush=True)
    by_number = {fault.number: fault for fault in faults}
    unswitched = set()
    while True:
        copy_tree(tree)
        wrong = write_switches(faults, tree, unswitched) | faults_that_do_not_compile(faults, tree, folder)
        if wrong <= unswitched:
            break
        unswitched |= wrong
    switched = [fault for fault in faults if fault.number not in unswitched]
    programs = built(tree, folder, targets)
    print(f"{len(faults)} faults: {len(switched)} behind switches, {len(unswitched)} that do not compile or that need a build of their own", flush=True)
    reached_by = {}
    usual_seconds = {}
    for program in programs:
        seconds, reached = without_fault(program, tree, folder)
        usual_seconds[program] = seconds
        for number in reached:
            reached_by.setdefault(number, []).append(program)
        print(f"{program.name}: {seconds:.0f} s, reaches {len(reached)} faults", flush=True)

    def outcome(fault) -> str:
        for program in sorted(reached_by.get(fault.number, []), key=usual_seconds.get):
            found = finds(program, fault.number, tree, usual_seconds[program])
            if found:
                return f"found by {program.name.rsplit('-', 1)[0]}{found}"
        return "MISSED" if fault.number in reached_by else "MISSED: no test reaches it"

    missed = []
    with ThreadPoolExecutor(max_workers=int(os.environ.get("CXPULSE_MUTANT_JOBS", os.cpu_count() or 1))) as pool:
        for fault, told in zip(switched, pool.map(outcome, switched)):
            print(f"{fault.number}: {fault.name}: {told}", flush=True)
            if told.startswith("MISSED"):
                missed.append(f"{fault.name}: {told}")
    (folder / "missed.txt").write_text("".join(f"{line}\n" for line in missed))
    (folder / "unswitched.txt").write_text("".join(f"{by_number[number].name}\n" for number in sorted(unswitched)))
    found = len(switched) - len(missed)
    print(f"{found} of {len(switched)} faults found ({100 * found / max(len(switched), 1):.1f} %)")
    return 0


def copy_tree(tree: Path) -> None:
    """Makes the copy what the repository has, and leaves what has not changed, so that a build goes on from the last one."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, tree / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            if not copy.is_symlink():
                copy.symlink_to(os.readlink(source))
        elif not copy.exists() or source.read_bytes() != copy.read_bytes():
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)


def cargo(arguments: list, tree: Path, folder: Path, targets: list) -> list:
    """What cargo says about a build of the tests, message by message."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(folder / "build"), "RUSTFLAGS": "--cap-lints=warn"}
    command = ["cargo", *arguments, "--message-format=json", *targets]
    process = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    messages = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
    if process.returncode != 0 and not any(errors(message) for message in messages):
        sys.exit(process.stderr)
    return messages


def errors(message: dict) -> list:
    of = message.get("message") if message.get("reason") == "compiler-message" else None
    return [span for span in of["spans"] if span["is_primary"]] if of and of["level"] == "error" else []


def faults_that_do_not_compile(faults: list, tree: Path, folder: Path) -> set:
    genre_of = {fault.number: fault.genre for fault in faults}
    wrong, unknown = set(), []
    for message in cargo(["check", "--profile", "test"], tree, folder, ["--lib"]):
        for span in errors(message):
            text, place = (tree / span["file_name"]).read_bytes(), span["byte_start"]
            # An error outside of all switches is about another value of the function, or about a match that lacks an arm.
            genre = "MatchArm" if (message["message"]["code"] or {}).get("code") == "E0004" else "FnValue"
            numbers = numbers_around(text, place) or [n for n in numbers_in_function(text, place) if genre_of.get(n) == genre]
            wrong.update(numbers)
            if not numbers:
                unknown.append(message["message"]["rendered"])
    if unknown and not wrong:
        sys.exit("\n".join(unknown))
    return wrong


def built(tree: Path, folder: Path, targets: list) -> list:
    messages = cargo(["test", "--no-run"], tree, folder, targets)
    for message in messages:
        if errors(message):
            sys.exit(message["message"]["rendered"])
    return [Path(message["executable"]) for message in messages if message.get("executable") and message["profile"]["test"]]


def without_fault(program: Path, tree: Path, folder: Path) -> tuple:
    """How long the tests take, and which faults they reach."""
    note = folder / "reached.txt"
    note.unlink(missing_ok=True)
    begun = time.monotonic()
    environment = os.environ | {"CXPULSE_MUTANTS_REACHED": str(note)}
    process = subprocess.run([program], cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"{program.name} fails without a fault:\n{process.stdout[-4000:]}{process.stderr[-2000:]}")
    reached = {int(line) for line in note.read_text().split()} if note.exists() else set()
    return time.monotonic() - begun, reached


def finds(program: Path, number: int, tree: Path, usual_seconds: float) -> str:
    """How the tests find a fault: empty if they do not."""
    environment = os.environ | {"CXPULSE_MUTANT": str(number), "RUST_BACKTRACE": "0"}
    process = subprocess.Popen([program], cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return ": a failure" if process.wait(SLOWER * usual_seconds + GRACE_SECONDS) != 0 else ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return ": it does not end"


if __name__ == "__main__":
    sys.exit(main())
