#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: the origin is killed when its last chunk has left it. One node had been stopped (SIGSTOP) halfway and lacks much; when it goes on nobody is there but
# the others, and from them it gets the rest: in one group, and in the last of groups that feed one another.
. "$(dirname "$0")/_lib.sh"

make_keys
make_random "$work/object" 24000000
start_nodes 6
others='n1 n2 n3 n4 n5'

has_object() {
    [ -f "$work/$1/store/$2" ]
}
is_receiving() {
    ! has_no_partial "$1"
}

# orphan NAME OPTION...
orphan() {
    name=$1
    shift
    # shellcheck disable=SC2086  # words
    start_push "$work/object" --name "$name" --to "$(list_of $others n6)" --keys "$keys" --rate-limit 16MB/s "$@"
    wait_until 20 is_receiving n6 || fail 'n6 does not begin'
    sleep 0.5
    kill -STOP "$(pid_of n6)"
    for node in $others; do # so the last chunk has left the origin
        wait_until 20 has_object "$node" "$name" || fail "node $node does not complete"
    done
    ! is_ended $pusher || fail 'the push is over though n6 is stopped'
    kill -KILL $pusher
    wait $pusher || :
    ! has_object n6 "$name" || fail 'n6 had it all before it was stopped'
    kill -CONT "$(pid_of n6)"
    wait_until 20 has_object n6 "$name" || fail 'n6 does not complete without the origin'
    # shellcheck disable=SC2086  # words
    assert_copies "$work/object" "$name" $others n6
}

step 'one group'
orphan one

step 'the last of three groups, one behind the other'
orphan three --group-size 2 --shape chain
