#!/bin/sh
# Installs what the tests need and is missing (Debian, Ubuntu), then runs every test and fuzzes for three minutes.
#
# The feature live is built and tried too: with libpcap, in a terminal (tmux), and in a lab of real programs in network
# namespaces. What needs a program that cannot be installed, namespaces that are not allowed, or the reference material
# (../shared, or OFFHOOK_SHARED) where it is absent, is reported as ignored.
set -eu
cd "$(dirname "$0")/.."

missing=""
for pair in cc:gcc tshark:tshark python3:python3 ip:iproute2 sysctl:procps lldpd:lldpd dnsmasq:dnsmasq-base \
    busybox:busybox udhcpc:udhcpc sipp:sip-tester atftp:atftp curl:curl ffmpeg:ffmpeg tcpdump:tcpdump tmux:tmux; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
# A header and a library, no program.
printf '#include <pcap.h>\n' | cc -E -x c - >/dev/null 2>&1 || missing="$missing libpcap-dev"
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1; then
    root=""
    [ "$(id -u)" = 0 ] || root="sudo"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >/dev/null ||
        echo "could not install:$missing" >&2
fi

features=""
if printf '#include <pcap.h>\n' | cc -E -x c - >/dev/null 2>&1; then
    features="--features live"
else
    echo "libpcap-dev is absent: live capture is not built, and its tests are not run" >&2
fi
# Three minutes of fuzzing, half of it for each target, where the tools are there; the summary of the tests comes last.
cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz --version 0.13.2 >/dev/null 2>&1 ||
    echo "could not install: cargo-fuzz" >&2
sh fuzz/run.sh 90
# shellcheck disable=SC2086
exec cargo test --quiet --no-fail-fast $features
