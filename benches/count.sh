#!/bin/sh
# Counts the instructions that judging a small corpus takes (callgrind): the figure that does not shake on a busy
# machine. Compares with the last committed ones, benches/instructions.tsv, and tells when one grew by more than 5 %.
# It never fails for that: `benches/count.sh --update` writes the new figures, to be committed with their reason.
set -eu
cd "$(dirname "$0")/.."
shared="${OFFHOOK_SHARED:-../shared}"
known=benches/instructions.tsv

command -v valgrind >/dev/null 2>&1 || { echo "count: valgrind is absent" >&2; exit 0; }
[ -f "$shared/tools/corpus.py" ] || { echo "count: no tools/corpus.py in $shared, no corpus" >&2; exit 0; }
cargo build --quiet --release

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for mix in sig rtp; do
    python3 "$shared/tools/corpus.py" "$work/$mix.pcap" --mix "$mix" --size 10M >/dev/null 2>&1
    valgrind --tool=callgrind --callgrind-out-file="$work/out" "${CARGO_TARGET_DIR:-target}/release/offhook" \
        check --threads 1 --format json "$work/$mix.pcap" >/dev/null 2>"$work/log" || true
    count="$(sed -n 's/.*Collected : //p' "$work/log")"
    [ -n "$count" ] || { echo "count: callgrind counted nothing" >&2; exit 0; }
    printf '%s\t%s\n' "$mix" "$count" >>"$work/new"
done

if [ "${1:-}" = --update ]; then
    { printf 'mix\tinstructions\n'; cat "$work/new"; } >"$known"
fi
while read -r mix count; do
    before="$(awk -v mix="$mix" '$1 == mix { print $2 }' "$known" 2>/dev/null || true)"
    awk -v mix="$mix" -v now="$count" -v before="${before:-0}" 'BEGIN {
        grew = (before > 0) ? 100 * (now / before - 1) : 0
        printf "count: %s %.1f million instructions, %+.1f %% since the last committed figure%s\n",
            mix, now / 1e6, grew, (grew > 5 ? " - more than 5 %: see why" : "")
    }'
done <"$work/new"
