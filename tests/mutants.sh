#!/usr/bin/env bash
# Mutation testing: makes small faults in the decoder, admission, the life cycles, checkpoints and limits, one at a time, and lists those that no test finds.
#
#   tests/mutants.sh [NUMBER [SEED]]
#
# NUMBER faults (300 without it) are drawn by SEED (1 without it). Each takes a build and the tests below, about two minutes on two cores. The result is in
# mutants.out: `missed.txt` lists the faults that were not found. Exits with 0 only if none was missed.
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
tests=(corpus targets retention journey checkpoint stored_state together simulation reference limits)

if [ "$(cargo mutants --version 2>/dev/null)" != "cargo-mutants $version" ]; then
    cargo install --locked --quiet cargo-mutants --version "$version"
fi
chosen=$(mktemp)
trap 'rm -f "$chosen"' EXIT
selection=()
for file in "${files[@]}"; do selection+=(--file "$file"); done
cargo mutants --list "${selection[@]}" |
    awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' | sort -n | cut -f2- | head -n "$number" >"$chosen"
echo "$(wc -l <"$chosen") faults, drawn by seed $seed"
# The names stand in one expression, because that is how cargo-mutants takes a choice.
names=$(sed 's/[][\.*^$(){}?+|/]/\\&/g' "$chosen" | paste -sd'|')

# Fewer random cases than in a whole run: a fault that only a rare case finds is a fault that a test should name.
export CXPULSE_CASES=64 CXPULSE_REFERENCE_CASES=32 CXPULSE_SIMULATION_SEEDS=4
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1
targets=(--lib)
for test in "${tests[@]}"; do targets+=(--test "$test"); done
cargo mutants "${selection[@]}" --re "^($names)\$" --no-shuffle --timeout 600 -- "${targets[@]}"
