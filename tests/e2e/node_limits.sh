#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a node that was told how much to take says no to more, before a byte flows, with a sentence that the push's report shows; the
# others have the file, and when there is room again, the node takes it.
. "$(dirname "$0")/_lib.sh"

make_keys
make_random "$work/object" 4000000
start_node n1

# refused PATTERN: n2 would not take the push, n1 has it.
refused() {
    check '.nodes[0] | has_it'
    check '.nodes[1].verdict == "refused" and .nodes[1].bytes_have == 0'
    [ "$(report ".nodes[1].reason | test(\"$1\")")" = true ] || fail "another reason: $(report '.nodes[1].reason')"
}

step 'connections'
start_node n2 --max-connections 10
expect 3 push "$work/object" --name a --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json"
refused '18 connections may be needed, and 10 of 10 are left here .--max-connections'
stop_node n2

step 'memory'
start_node n2 --max-memory 20M
expect 3 push "$work/object" --name b --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json" --chunk-size 1M
refused 'MB of buffers may be needed, and 21.0 MB of 21.0 MB are left here .--max-memory'
expect 0 push "$work/object" --name b --to "$(list_of n1 n2)" --keys "$keys" --chunk-size 16K
assert_copies "$work/object" b n1 n2
stop_node n2

step 'transfers at once, and what one needs is given back'
start_node n2 --max-transfers 1 --max-connections 18
"$FASTREPLICA" push "$work/object" --name c --to "$(list_of n1 n2)" --keys "$keys" --rate-limit 1MB/s --quiet &
slow=$!
pids="$pids $slow"
is_receiving() { ! has_no_partial n2; }
wait_until 10 is_receiving || fail 'the slow push does not begin'
expect 3 push "$work/object" --name d --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json"
refused '1 transfers are under way here'
wait $slow || fail 'the slow push failed'
expect 0 push "$work/object" --name d --retry "$work/report.json" --keys "$keys"
assert_copies "$work/object" c n1 n2
assert_copies "$work/object" d n1 n2
