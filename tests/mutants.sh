#!/usr/bin/env bash
# Mutation testing: makes small faults in the decoder, admission, the life cycles, checkpoints and limits, one at a time, and lists those that no test finds.
#
#   tests/mutants.sh [NUMBER [SEED]]
#
# NUMBER faults (300 without it) of those that cargo-mutants lists are drawn by SEED (1 without it). One build holds them all behind switches, and each runs
# the tests that reach it: 300 take an hour or two on two cores. A fault that cannot be switched has a build of its own, of some minutes.
# What no test found stands in target/mutants/missed.txt and target/mutants/mutants.out/missed.txt. Exits with 0 only if nothing stands there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

number=${1:-300}
seed=${2:-1}
version=27.1.0
files=(
    'src/event/**/*.rs' 'src/event/*.rs'
    'src/engine/lives/**/*.rs' 'src/engine/lives/*.rs'
    'src/checkpoint/*.rs'
    'src/engine/codec.rs' 'src/engine/memory_budget.rs' 'src/engine/stored_group.rs'
)
tests=(corpus decoded_events configuration targets retention journey checkpoint stored_state together simulation reference memory_budget limits)
folder=target/mutants

mkdir -p "$folder"
if [ "$(cargo mutants --version 2>/dev/null)" != "cargo-mutants $version" ]; then
    cargo install --locked --quiet cargo-mutants --version "$version"
fi
if ! [ -x "$folder/venv/bin/python" ]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install -q --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-rust==0.24.2
fi
selection=()
for file in "${files[@]}"; do selection+=(--file "$file"); done
targets=(--lib)
for test in "${tests[@]}"; do targets+=(--test "$test"); done
cargo mutants --list --json "${selection[@]}" >"$folder/list.json"

# Fewer random cases than in a whole run: a fault that only a rare case finds is a fault that a test should name.
export CXPULSE_CASES=64 CXPULSE_REFERENCE_CASES=32 CXPULSE_SIMULATION_SEEDS=4
export CARGO_PROFILE_DEV_DEBUG=0
"$folder/venv/bin/python" tests/mutants/run.py "$folder/list.json" "$number" "$seed" "$folder" "${targets[@]}"

rm -rf "$folder/mutants.out"
if [ -s "$folder/unswitched.txt" ]; then
    # The names stand in one expression, because that is how cargo-mutants takes a choice.
    names=$(sed 's/[][\.*^$(){}?+|/]/\\&/g' "$folder/unswitched.txt" | paste -sd'|')
    CARGO_INCREMENTAL=1 cargo mutants "${selection[@]}" --re "^($names)\$" --no-shuffle --timeout 600 -o "$folder" -- "${targets[@]}" || true
fi
! grep -q . "$folder/missed.txt" "$folder/mutants.out/missed.txt" 2>/dev/null
