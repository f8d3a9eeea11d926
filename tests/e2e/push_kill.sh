#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: halfway through a push to six nodes one is killed, in the next push one is stopped so that it keeps its connections and says nothing
# more, and then two at once. The others complete, the run ends in bounded time with exit code 3, and table and report name who failed and why.
. "$(dirname "$0")/_lib.sh"

make_keys
silence=$(patient 3)s
start_nodes 6 --silence-timeout "$silence"
size=60 # MB
make_random "$work/object" ${size}000000

# push_and_hurt NAME SIGNAL NODE...: pushes under this name and sends the signal to the nodes while they receive. $code and $work/report.json
# are left. Where a push is over too soon the object grows, and it begins again.
push_and_hurt() {
    name=$1
    signal=$2
    shift 2
    while :; do
        start_push "$work/object" --name "$name" --to "$nodes" --keys "$keys" --report "$work/report.json" --silence-timeout "$silence"
        wait_until 20 is_receiving "$1" || is_ended $pusher || fail "$1 does not begin to receive"
        sleep 0.2
        is_ended $pusher || break
        wait $pusher || fail "a push that nobody disturbed failed"
        size=$((size * 3))
        [ $size -lt 5000 ] || fail 'no push is slow enough to be disturbed'
        make_random "$work/object" ${size}000000
    done
    for victim; do
        kill "-$signal" "$(pid_of "$victim")"
    done
    wait_until 60 is_ended $pusher || fail 'the push does not end'
    code=0
    wait $pusher || code=$?
}

is_receiving() {
    ! has_no_partial "$1"
}

# lost NUMBER...: these nodes of the report, counted from 1, have not got it and it says why; all others have. A node that was hurt before it
# could say that it takes part is unreachable to the origin.
lost() {
    check "[.nodes | to_entries[] | select(.value | has_it | not) | .key + 1] == [$(echo "$@" | tr ' ' ',')]"
    check 'all(.nodes[] | select(has_it | not); (.verdict | test("failed|unreachable")) and .reason != "")'
}

nodes=$(list_of n1 n2 n3 n4 n5 n6)

step 'one is killed'
push_and_hurt killed KILL n2
[ "$code" -eq 3 ] || fail "exit code $code, not 3"
assert_copies "$work/object" killed n1 n3 n4 n5 n6
[ ! -e "$work/n2/store/killed" ] || fail 'the killed node has the file'
lost 2
check ".outcome == \"some\" and .seconds < $(patient 30)"
said "^$(address n2) +(failed|unreachable) .*[a-z]"
said 'to 5 of 6 nodes'

step 'it comes back, and has what is missing at the next push'
start_node n2 --silence-timeout "$silence"
nodes=$(list_of n1 n2 n3 n4 n5 n6)
has_no_partial n2 || fail 'what the killed node had begun is still there'
expect 0 push "$work/object" --name killed --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" killed n1 n2 n3 n4 n5 n6
check '.nodes[0].bytes_from_upstream == 0 and .nodes[0].bytes_from_peers == 0'

step 'one is stopped'
push_and_hurt stopped STOP n4
[ "$code" -eq 3 ] || fail "exit code $code, not 3"
assert_copies "$work/object" stopped n1 n2 n3 n5 n6
lost 4
check '(.nodes[3].reason | test("silen|nothing|no sign|time"))'
check ".seconds < $(patient 40)"
said "^$(address n4) +(failed|unreachable) .*[a-z]"

step 'it goes on, and is a node again'
kill -CONT "$(pid_of n4)"
wait_until 20 has_no_partial n4 || fail 'the node that was stopped keeps its unfinished object'
[ ! -e "$work/n4/store/stopped" ] || assert_copies "$work/object" stopped n4
expect 0 push "$work/object" --name stopped --to "$nodes" --keys "$keys"
assert_copies "$work/object" stopped n1 n2 n3 n4 n5 n6

step 'two are killed at once'
push_and_hurt two KILL n1 n6
[ "$code" -eq 3 ] || fail "exit code $code, not 3"
assert_copies "$work/object" two n2 n3 n4 n5
lost 1 6

step 'all are killed'
nodes=$(list_of n2 n3)
push_and_hurt all KILL n2 n3
[ "$code" -eq 4 ] || fail "exit code $code, not 4"
lost 1 2
check '.outcome == "none"'
