#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: pushes at a rate that was told: of the origin, of what nodes receive, and of what they send. The rate is kept, within bounds that a
# busy machine does not break, and the copies are right.
. "$(dirname "$0")/_lib.sh"

make_keys
size=30000000
make_random "$work/object" $size

# at_rate LEAST MOST: the push of the report moved the object at so many MB/s. An instrumented build, or a busy machine, may be slower.
at_rate() {
    [ "${FR_TIME_FACTOR:-1}" -eq 1 ] || set -- 0 "$2"
    check "(.object.bytes / .seconds / 1e6) as \$rate | \$rate >= $1 and \$rate <= $2"
}

step 'the origin sends 20 MB/s'
start_nodes 4
expect 0 push "$work/object" --to "$(list_of n1 n2 n3 n4)" --keys "$keys" --report "$work/report.json" --rate-limit 20MB/s
assert_copies "$work/object" object n1 n2 n3 n4
check ".origin.bytes_sent <= 1.05 * $size"
at_rate 16 22

step 'two pushes have a rate each'
expect 0 push "$work/object" --name first --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json" --rate-limit 240M &
first=$!
pids="$pids $first"
"$FASTREPLICA" push "$work/object" --name second --to "$(list_of n3 n4)" --keys "$keys" --report "$work/second.json" --rate-limit 80M -q
wait $first || fail 'the first of two pushes failed'
at_rate 24 33
cp "$work/second.json" "$work/report.json"
at_rate 8 11

step 'a node receives 10 MB/s'
stop_node n1
start_node n1 --rate-limit-down 10MB/s
expect 0 push "$work/object" --name down --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" down n1 n2
check ".nodes[0].seconds >= $size / 11e6"

step 'nodes send 5 MB/s'
stop_node n1
stop_node n2
stop_node n3
start_nodes 3 --rate-limit-up 5MB/s
expect 0 push "$work/object" --name up --to "$(list_of n1 n2 n3)" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" up n1 n2 n3
check '.seconds as $s | all(.nodes[]; .bytes_relayed / $s <= 5.5e6)'

step 'what is no rate'
expect 2 push "$work/object" --to n1 --keys "$keys" --rate-limit fast
said "push: --rate-limit 'fast' is not a rate"
expect 2 node --store "$work/s" --keys "$keys" --rate-limit-up 0
said "node: --rate-limit-up '0' is not a rate"
