#!/bin/sh
# Installs what the tests need and is missing (Debian, Ubuntu), then runs every test and fuzzes for three minutes.
#
# tshark and python3 are wanted by the comparison with tshark alone: where they cannot be installed, or where the
# reference material (../shared, or OFFHOOK_SHARED) is absent, those tests are reported as ignored.
set -eu
cd "$(dirname "$0")/.."

missing=""
for pair in cc:gcc tshark:tshark python3:python3; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1; then
    root=""
    [ "$(id -u)" = 0 ] || root="sudo"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >/dev/null ||
        echo "could not install:$missing" >&2
fi

cargo test --quiet --no-fail-fast
# Three minutes of fuzzing, half of it for each target, where the tools are there.
exec sh fuzz/run.sh 90
