#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Writes docs/model.md on standard output: the core in virtual worlds, beside formulas and bounds. No network, no clock of this machine.
#
#   bench/model.sh [--quick] >docs/model.md      --quick leaves out what takes minutes
#
# The expected figures are chunk-by-chunk simulations of the independent model that the design rests on (docs/plan.md has its closed forms).
set -u
here=$(cd "$(dirname "$0")" && pwd)
FASTREPLICA=${FASTREPLICA:-$here/../build/release/fastreplica}
is_quick=
[ "${1-}" = --quick ] && is_quick=1
for tool in "$FASTREPLICA" jq awk; do
    command -v "$tool" >/dev/null || { echo "model: needs $tool" >&2; exit 1; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

calc() { awk "BEGIN { printf \"%.$1f\", $2 }"; }

# sim OPTION...: runs one world, its figures in $work/out.
sim() {
    "$FASTREPLICA" sim "$@" --json >"$work/out" || { cat "$work/out" >&2; echo "model: sim $*" >&2; exit 1; }
}
field() { jq -r "$1" "$work/out"; }

# against LABEL EXPECTED OPTION...: a row with time over F/C at 100 Mbit/s.
against() {
    local label=$1 expected=$2 ratio
    shift 2
    sim --rate 100M --chunk-size 64K --warm "$@"
    ratio=$(calc 4 "$(field .seconds) / ($(field .bytes) / 12500000)")
    printf '| %s | %s | %s | %+.1f %% | %s |\n' "$label" "$ratio" "$expected" "$(calc 3 "100 * ($ratio / $expected - 1)")" "$(field .connections_max)"
}

# scaled LABEL OPTION...: a row of time over the bound.
scaled() {
    local label=$1
    shift
    sim "$@"
    printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$label" "$(field .nodes)" "$(field '.bytes / .chunk_bytes | ceil')" "$(calc 3 "$(field .seconds)")" \
        "$(calc 3 "$(field '.seconds / .bound_seconds')")" "$(calc 3 "$(field '.seconds / .predicted_seconds')")" "$(field .connections_max)" \
        "$(field .memory_kib_per_node)"
}

# unequal LABEL < list of uplinks, in units of 100 Mbit/s: a row beside rigid equal subfiles, which take F / (least uplink) x (n - 1) / n.
unequal() {
    local label=$1 count least
    awk '{ printf "n%03d up=%.0fK down=10G\n", NR, $1 * 100000 }' >"$work/nodes"
    count=$(wc -l <"$work/nodes")
    least=$(sed 's/.*up=\([0-9]*\)K.*/\1/' "$work/nodes" | sort -n | head -1)
    sim --to "$work/nodes" --up 100M --size 128M --chunk-size 128K --group-size 64 --delay 0.01ms --warm
    printf '| %s | %s | %s | %s |\n' "$label" "$count" "$(calc 3 "$(field '.seconds / .bound_seconds')")" \
        "$(calc 2 "($count - 1) / $count * $(field .bytes) * 8 / ($least * 1000) / $(field .bound_seconds)")"
}

cat <<'END'
# Against the model

The core of the node, the same object code, in virtual worlds: `fastreplica sim`. Made by `bench/model.sh`; the figures are of virtual clocks, so they
are the same on any machine. F is the object's size, C the rate of every link, b the chunk, M = F/b, tau = b/C, d the delay one way, k the members of a
group, m the groups that it feeds. Times count from the first chunk, with all links open (`--warm`), unless a row says otherwise.

## Chains and trees

| what | T/(F/C) here | model | off by | most links of a node |
|---|---|---|---|---|
END
against 'chain, k=8, 16 groups, d=0, M=1024' 1.044 --nodes 128 --group-size 8 --shape chain --size 64M --delay 0.001ms
against 'chain, k=8, 16 groups, d=5 tau, M=1024' 1.133 --nodes 128 --group-size 8 --shape chain --size 64M --delay 26.2144ms
against 'chain, k=16, 4 groups, d=0, M=1024' 1.030 --nodes 64 --group-size 16 --shape chain --size 64M --delay 0.001ms
against 'chain, k=16, 4 groups, d=5 tau, M=1024' 1.054 --nodes 64 --group-size 16 --shape chain --size 64M --delay 26.2144ms
against 'chain, k=32, 16 groups, d=0, M=1024' 1.106 --nodes 512 --group-size 32 --shape chain --size 64M --delay 0.001ms
against 'chain, k=32, 16 groups, d=5 tau, M=1024' 1.189 --nodes 512 --group-size 32 --shape chain --size 64M --delay 26.2144ms
against 'tree with adoption, m=2, k=16, 40 groups, d=5 tau, M=1024' 1.074 --nodes 640 --group-size 16 --shape tree --fanout 2 --size 64M --delay 26.2144ms
against 'tree with adoption, m=3, k=16, 40 groups, d=5 tau, M=1024' 1.061 --nodes 640 --group-size 16 --shape tree --fanout 3 --size 64M --delay 26.2144ms
cat <<'END'

Without adoption the tree with m=2 takes 1.14 ([decision 0010](decisions/0010-adoption.md)).

## Many nodes

All links 1 Gbit/s, d = 0.1 ms, trees with m=2 and adoption. The bound is the larger of Kumar and Ross's and the postal model's. With few chunks the fill of
the tree, about (1 + 0.8 sqrt k) tau a level and k tau in the last group, is a large part of the whole: the prediction has it, the bound has not.

| what | nodes | M | seconds | over bound | over prediction | most links of a node | KiB a node, simulator and all |
|---|---|---|---|---|---|---|---|
END
many=(--shape tree --fanout 2 --rate 1G --delay 0.1ms)
scaled 'k=8' "${many[@]}" --nodes 1000 --group-size 8 --size 512M --chunk-size 512K --warm
scaled 'k=8, links not open yet' "${many[@]}" --nodes 1000 --group-size 8 --size 512M --chunk-size 512K
if [ -z "$is_quick" ]; then
    scaled 'k=8' "${many[@]}" --nodes 10000 --group-size 8 --size 512M --chunk-size 512K --warm
    scaled 'k=8' "${many[@]}" --nodes 100000 --group-size 8 --size 64M --chunk-size 1M --warm
fi
cat <<'END'

## Unequal uplinks

One group, the origin at 100 Mbit/s, 128 MiB in 1024 chunks. Beside it what rigid equal subfiles would take by formula: the poorest uplink has to
send its n-th part n - 1 times.

| uplinks, in 100 Mbit/s | nodes | over Kumar and Ross | rigid subfiles |
|---|---|---|---|
END
awk 'BEGIN { for (i = 1; i <= 16; i++) print i == 7 ? 0.1 : 1 }' | unequal 'one at 0.1, the others 1'
awk 'BEGIN { for (i = 1; i <= 16; i++) print i % 2 ? 0.5 : 1.5 }' | unequal 'half 0.5, half 1.5'
awk 'BEGIN { srand(1); for (i = 1; i <= 16; i++) print exp(0.5 * sqrt(-2 * log(1 - rand())) * cos(6.2831853 * rand())) }' | unequal 'lognormal, sigma 0.5'
if [ -z "$is_quick" ]; then
    cat <<'END'

## A yardstick

A large peer-to-peer registry published 3 GB to 2,600 hosts at 300 MB/s each: half in 10 s, 99 of 100 in 18 s, 999 of 1000 in 22 s, or 1.0, 1.8 and 2.2 of
F/C. Here, as planned by default, d = 0.1 ms, links not open yet:

| | half | 99 of 100 | 999 of 1000 | last |
|---|---|---|---|---|
END
    sim --nodes 2600 --rate 300MB/s --delay 0.1ms --size 3000000000
    printf '| seconds | %s | %s | %s | %s |\n' "$(field .p50_seconds)" "$(field .p99_seconds)" "$(field .p999_seconds)" "$(field .seconds)"
    printf '| of F/C | %s | %s | %s | %s |\n' "$(calc 3 "$(field .p50_seconds) / 10")" "$(calc 3 "$(field .p99_seconds) / 10")" \
        "$(calc 3 "$(field .p999_seconds) / 10")" "$(calc 3 "$(field .seconds) / 10")"
fi
