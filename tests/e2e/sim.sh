#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: somebody rehearses a push: to equal nodes, in a chain and in a tree, then to a list of his own with one poor uplink and two zones; and types some
# things wrong. No node runs.
. "$(dirname "$0")/_lib.sh"
cd "$work"

# wrong PATTERN ARGUMENT...: exit code 2, one line that says what is wrong, nothing on standard output.
wrong() {
    pattern=$1
    shift
    expect 2 sim "$@"
    [ ! -s out ] || fail "sim $*: standard output is not empty"
    [ "$(wc -l <err)" -eq 1 ] || fail "sim $*: not one line: $(cat err)"
    said "$pattern"
}

# holds FILTER: what jq says of the figures in $work/out is true.
holds() {
    if command -v jq >/dev/null; then
        [ "$(jq "$1" out)" = true ] || fail "not so: $1: $(cat out)"
    else
        echo 'skipped: what is in the JSON (no jq)'
    fi
}

step 'equal nodes in a chain'
expect 0 sim --nodes 24 --group-size 8 --shape chain --rate 50M --delay 0.1ms --size 16M
[ ! -s err ] || fail "sim writes to standard error: $(cat err)"
said '^24 nodes, 16\.8 MB in chunks of '
said '^3 groups of 8, a chain of 3 levels'
said '^  last node complete '
said '^  from the origin +16\.8 MB +1\.000 x the object$'
said '^  connections of a node +9$'
said '^24 of 24 nodes complete'

step 'the same world twice, and as JSON'
expect 0 sim --nodes 24 --group-size 8 --shape chain --rate 50M --delay 0.1ms --size 16M --json
lasting() { sed 's/"wall_seconds": [0-9.]*//; s/"memory_kib_per_node": [0-9]*//' out; }
lasting >first
expect 0 sim --nodes 24 --group-size 8 --shape chain --rate 50M --delay 0.1ms --size 16M --json
lasting | diff first - || fail 'the same seed, another run'
if command -v python3 >/dev/null; then
    python3 -m json.tool out >/dev/null || fail 'this is no JSON'
fi
holds '.nodes == 24 and .groups == 3 and .complete == 24 and .bytes_from_origin == .bytes and .connections_max == 9'
holds '.bytes_between_groups == 2 * .bytes and .seconds >= .bound_seconds and .p50_seconds <= .seconds'

step 'a tree whose leaf groups relieve the inner ones'
expect 0 sim --nodes 56 --group-size 8 --shape tree --fanout 2 --rate 100M --delay 0.1ms --size 32M --warm --json
holds '.groups == 7 and .levels == 3 and .complete == 56 and .connections_max <= 2 * 8 + 2'
holds '.seconds / .predicted_seconds < 1.1'

step 'a list of nodes: two zones, one poor uplink'
for i in 1 2 3 4; do
    echo "ams$i zone=ams up=50M down=1G"
    echo "ber$i zone=ber up=$([ $i = 3 ] && echo 5M || echo 50M) down=1G"
done >nodes
expect 0 sim --to nodes --up 50M --size 8M --json
holds '.nodes == 8 and .complete == 8 and .bytes_between_zones == .bytes'

step 'wrong usage'
wrong 'sim: either --nodes or --to is needed, and not both'
wrong 'sim: either --nodes or --to is needed, and not both' --nodes 3 --to nodes
wrong "sim: --nodes '0' is not a number from 1 to" --nodes 0
wrong "sim: --rate 'fast' is not a rate" --nodes 3 --rate fast
wrong "sim: --shape 'star' is not" --nodes 3 --shape star
echo 'ams9 up=fast' >>nodes
wrong "nodes:9: .*fast" --to nodes
