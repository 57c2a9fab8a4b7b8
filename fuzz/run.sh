#!/bin/sh
# Builds the fuzz targets and runs each for a while: `fuzz/run.sh [SECONDS each]`, with the same seed every time, so
# that two runs of one tree try the same. Where cargo-fuzz or a compiler with
# unstable flags is absent it says so and ends well: the same bodies run as property tests (`tests/fuzz_bodies.rs`).
#
# A stable compiler takes the flags too when it is told to (RUSTC_BOOTSTRAP); no sanitizer is asked for, for `unsafe`
# is forbidden in this package and overflows are asserted.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-90}"

cargo fuzz --version >/dev/null 2>&1 || {
    echo "fuzz: cargo-fuzz is absent (cargo install cargo-fuzz); tests/fuzz_bodies.rs tries the same bodies" >&2
    exit 0
}
if ! RUSTC_BOOTSTRAP=1 cargo fuzz build -s none >fuzz/build.log 2>&1; then
    if grep -q "could not compile .offhook" fuzz/build.log; then
        tail -30 fuzz/build.log >&2
        exit 1
    fi
    echo "fuzz: this compiler builds no fuzz targets; tests/fuzz_bodies.rs tries the same bodies" >&2
    tail -3 fuzz/build.log >&2
    exit 0
fi
# Seeds: every sample of every protocol, every made-up story, what of the reference material is small.
cargo test --quiet --test fuzz_bodies -- --ignored write_seeds >/dev/null
for target in protocol pipeline; do
    echo "fuzz: $target, $seconds s"
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none "$target" -- \
        -seed=1 -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2500 -verbosity=0 -print_final_stats=1 2>fuzz/run.log || {
        tail -40 fuzz/run.log >&2
        echo "fuzz: $target found something: keep it in fuzz/finds/$target once it is mended" >&2
        exit 1
    }
    grep -a "number_of_executed_units" fuzz/run.log || true
done
