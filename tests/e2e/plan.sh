#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: somebody wants to know beforehand how a file will reach a fleet, first a small one in three zones, then a large one in twenty, and types some
# things wrong. No node runs.
#
#       origin --- ams (18 nodes) --- rtm (14) --- ber (8)                  each arrow between zones: one edge
. "$(dirname "$0")/_lib.sh"
cd "$work"

# wrong PATTERN ARGUMENT...: exit code 2, one line that says what is wrong, nothing on standard output.
wrong() {
    pattern=$1
    shift
    expect 2 plan "$@"
    [ ! -s out ] || fail "plan $*: standard output is not empty"
    [ "$(wc -l <err)" -eq 1 ] || fail "plan $*: not one line: $(cat err)"
    said "$pattern"
}

# holds FILTER: what jq says of the plan in $work/out is true.
holds() {
    [ "$(jq "$1" out)" = true ] || fail "not so in the plan: $1"
}

unset LC_ALL LC_CTYPE LANG

step 'forty nodes in three zones'
for zone in ams:18:1G rtm:14:1G ber:8:500M; do
    echo "$zone" | awk -F: '{ for (i = 1; i <= $2; i++) printf "%s%02d.example.net zone=%s up=%s down=1G\n", $1, i, $1, $3 }'
done >forty
expect 0 plan --to forty --size 4G --up 1G
[ ! -s err ] || fail "plan writes to standard error: $(cat err)"
cat out
said '^40 nodes in 3 zones, 4\.3 GB in chunks of 1024 KiB$'
said '^3 groups of 8 to 18, a chain of 3 levels: its hops add 0\.[0-9]% to the time of one copy; at most 19 connections a node$'
said '^predicted 60\.3 s, 1\.6[0-9] x the least possible 37\.1 s$'
said '^    0     18  ams   origin  at once '
said '^v group 0, ams: 18 nodes, done at '
expect 0 plan --to forty --size 4G
said '^no prediction: it needs --up'
LC_ALL=C.UTF-8 "$FASTREPLICA" plan --to forty --size 4G >out
said '^↓ group 0, ams'

step 'as JSON, and for Graphviz'
expect 0 plan --to forty --size 4G --up 1G --json
if command -v python3 >/dev/null; then
    python3 -m json.tool out >/dev/null || fail 'this is no JSON'
fi
if command -v jq >/dev/null; then
    holds '.nodes == 40 and .shape == "chain" and .levels == 3 and .root_groups == 1 and .connections_max == 19'
    holds '[.groups[].members[]] | length == 40 and (unique | length == 40)'
    holds '[.groups[].upstream] == [null, 0, 1]'
    holds '.predicted_seconds >= .bound_seconds'
    holds 'all(.groups[]; .edge == "primary" and (.zone | IN("ams", "rtm", "ber")))'
else
    echo 'skipped: what is in the JSON (no jq)'
fi
expect 0 plan --to forty --size 4G --dot
said '^digraph plan \{'
said '^    g0 -> g1 \[label="primary"\];'

step 'as told'
expect 0 plan --to forty --size 4G --group-size 4 --shape tree --fanout 3
said 'a tree of [0-9]+ levels, up to [34] groups below one, as told'
expect 0 plan --to 'n[1-24]' --size 1M --group-size 4 --shape chain
said '^6 groups of 4, a chain of 6 levels, as told'
expect 0 plan --to n1 --size 0
said '^1 group of 1; at most 1 connection a node'
expect 0 plan --to 'n[1-320]' --size 10G --up 10G
said '4 groups at the origin'

step 'ten thousand nodes in twenty zones, 25 Mbit/s to 10 Gbit/s, some secondary'
awk 'BEGIN {
    split("25M 100M 1G 10G", rate, " ")
    for (i = 0; i < 10000; i++)
        printf "n%d.example.net zone=z%02d up=%s down=%s%s\n", i, i % 20, rate[i * 7 % 4 + 1], rate[i * 7 % 4 + 1], i % 20 == 19 ? " tier=secondary" : ""
}' >many
for format in '' --json --dot; do
    began=$(date +%s%N)
    # shellcheck disable=SC2086  # no format is no argument
    expect 0 plan --to many --size 1G --up 1G $format
    took=$((($(date +%s%N) - began) / 1000000))
    echo "plan $format: $took ms"
    [ "$took" -le $(($(patient 2) * 1000)) ] || fail "10,000 nodes took $took ms"
    [ -n "$format" ] || [ "$(wc -l <out)" -le 42 ] || fail 'the plan is too long to be read'
done
expect 0 plan --to many --size 1G --up 1G --json
if command -v jq >/dev/null; then
    holds '[.groups[].members[]] | length == 10000 and (unique | length == 10000)'
    holds '. as $plan | [.groups[] | select(.upstream == null or $plan.groups[.upstream].zone != .zone).zone] | length == 20 and (unique | length == 20)'
    holds '[.groups[] | select(.edge == "secondary")] | length > 0 and all(.zone == "z19")'
    holds '.predicted_seconds >= .bound_seconds and .connections_max <= 66'
fi

step 'names that stand for many'
expect 0 plan --to dns:localhost:7420 --size 1M --json
said '127\.0\.0\.1:7420|\[::1\]:7420'
printf 'a\ndns:nowhere.invalid zone=x\n' >unknown
wrong "unknown:2: 'dns:nowhere.invalid:7420': cannot look up the name" --to unknown --size 1M

step 'typed wrong'
wrong 'plan: --to NODES is missing' --size 1M
wrong 'plan: --size SIZE is missing' --to a
wrong "plan: --size 'huge' is not a size" --to a --size huge
wrong "plan: --group-size '65' is not a number from 1 to 64" --to a --size 1M --group-size 65
wrong "plan: --group-size '0' is not a number from 1 to 64" --to a --size 1M --group-size 0
wrong "plan: --fanout '9' is not a number from 1 to 8" --to a --size 1M --fanout 9
wrong "plan: --shape 'star' is not auto, chain or tree" --to a --size 1M --shape star
wrong 'plan: a chain has a fanout of 1, not 2' --to a --size 1M --shape chain --fanout 2
wrong 'plan: a tree has a fanout of 2 or more' --to a --size 1M --shape tree --fanout 1
wrong 'plan: a chunk of 1000 bytes; it must be a power of two' --to a --size 1M --chunk-size 1000
wrong 'plan: the object has more than 1048576 chunks' --to a --size 100G --chunk-size 16K
wrong "plan: --up 'fast' is not a rate" --to a --size 1M --up fast
wrong "plan: --delay '0' is not a time above 0" --to a --size 1M --delay 0
wrong 'plan: --json and --dot cannot both be printed' --to a --size 1M --json --dot
wrong 'a:7420 was named before, by item 1' --to a,a --size 1M
wrong "plan: 'FILE' is one argument too many" --to a --size 1M FILE
