#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: twelve nodes in a chain of three groups, each feeding the next while it receives. Then the last group is fed over secondary links;
# a node of the middle group is killed halfway; and in the end all of the middle group are, and the first feeds the last.
#
#       origin --- four nodes === four more === the last four           who is in which group the plan tells
. "$(dirname "$0")/_lib.sh"

make_keys
silence=$(patient 3)s
start_nodes 12 --silence-timeout "$silence"
size=60 # MB
make_random "$work/object" ${size}000000
all='n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12'

# members_of GROUP: the nodes that the plan puts there.
members_of() {
    jq -r ".groups[$1].members[]" "$work/plan.json" >"$work/members"
    for node in $all; do
        ! grep -qxF "$(address "$node")" "$work/members" || echo "$node"
    done
}

# plan_push [ATTRIBUTE]: the node list $work/list, where the attribute is said of the last four; $first, $middle, $last are the groups.
plan_push() {
    for node in $all; do
        case $node in
        n9 | n1?) echo "$(address "$node") $*" ;;
        *) address "$node" ;;
        esac
    done >"$work/list"
    expect 0 plan --to "$work/list" --size 60M --group-size 4 --shape chain --json
    cp "$work/out" "$work/plan.json"
    first=$(members_of 0)
    middle=$(members_of 1)
    last=$(members_of 2)
}

# begin_push NAME: in the background; $pusher is its process.
begin_push() {
    start_push "$work/object" --name "$1" --to "$work/list" --keys "$keys" --group-size 4 --shape chain \
        --silence-timeout "$silence" --report "$work/report.json"
}

# Does the node have half of what is being pushed under this name?
has_half() {
    "$FASTREPLICA" status --to "$(address "$1")" --keys "$keys" --json 2>/dev/null | jq -e --arg name "$2" \
        'any(.nodes[].transfers[]; .name == $name and .state == "receiving" and .bytes_have * 2 >= .object_bytes)' >/dev/null
}

# push_and_kill NAME NODE...: each is killed when the first of them has half. Where a push is over too soon the object grows, and it begins
# again.
push_and_kill() {
    name=$1
    shift
    while :; do
        begin_push "$name"
        while ! has_half "$1" "$name" && ! is_ended $pusher; do
            sleep 0.05
        done
        is_ended $pusher || break
        wait $pusher || fail "a push that nobody disturbed failed"
        size=$((size * 3))
        [ $size -lt 2000 ] || fail 'no push is slow enough to be disturbed'
        make_random "$work/object" ${size}000000
        name=$name-
    done
    for victim; do
        kill -KILL "$(pid_of "$victim")"
    done
    end_push
}

# These nodes have none of it and it says why, all others have.
lost() {
    check "[.nodes[] | select(has_it | not) | .name] | sort == ($(for node; do address "$node"; done | jq -R . | jq -s -c .) | sort)"
    check 'all(.nodes[] | select(has_it | not); (.verdict | test("failed|unreachable")) and .reason != "")'
    for node; do
        said "^$(address "$node") +(failed|unreachable) .*[a-z]"
    done
}

groups_are_as_planned() {
    check '[.nodes[].group] | sort == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]'
    for node in $middle; do
        check ".nodes[] | select(.name == \"$(address "$node")\") | .group == 1"
    done
}

step 'a chain of three groups'
plan_push
begin_push plain
end_push
[ "$code" -eq 0 ] || fail "exit code $code, not 0"
# shellcheck disable=SC2086  # a list of names
assert_copies "$work/object" plain $all
groups_are_as_planned
check 'all(.nodes[]; has_it)'
check 'all(.nodes[] | select(.group > 0); .bytes_from_upstream > 0 and .bytes_from_peers > 0)'
check '.object.bytes as $bytes | all(.nodes[]; .bytes_from_upstream + .bytes_from_peers == $bytes)'
check '.origin.bytes_sent < 1.5 * .object.bytes' # it fed the first group, and nobody else

step 'each group fed the next while it received'
check '[.nodes[] | select(.group == 1).first_relay_seconds] as $began | all($began[]; . != null) and
    ($began | min) < ([.nodes[] | select(.group == 0).seconds] | min)'
check '[.nodes[] | select(.group == 2).first_relay_seconds | values | .] as $began |
    ($began | length) > 0 and ($began | min) < ([.nodes[] | select(.group == 0).seconds] | min)'
check '.seconds as $whole | all(.nodes[]; .last_owned_seconds <= $whole and .first_relay_seconds <= $whole)'

step 'a secondary group waits'
plan_push tier=secondary
begin_push later
end_push
[ "$code" -eq 0 ] || fail "exit code $code, not 0"
# shellcheck disable=SC2086
assert_copies "$work/object" later $all
[ "$(echo "$last" | tr '\n' ' ')" = 'n9 n10 n11 n12 ' ] || fail 'the secondary nodes are not a group of their own'
groups_are_as_planned
check '([.nodes[] | select(.group == 1).seconds] | min) as $complete |
    all(.nodes[] | select(.group == 2); .first_relay_seconds > $complete and .seconds > $complete and .bytes_from_upstream > 0)'
check '([.nodes[] | select(.group == 1).first_relay_seconds] | min) < ([.nodes[] | select(.group == 0).seconds] | min)'

step 'one of the middle group is killed halfway'
plan_push
victim=$(echo "$middle" | sed -n 2p)
push_and_kill one "$victim"
[ "$code" -eq 3 ] || fail "exit code $code, not 3"
# shellcheck disable=SC2046
assert_copies "$work/object" "$name" $(echo "$all" | tr ' ' '\n' | grep -vx "$victim")
groups_are_as_planned
lost "$victim"
check ".seconds < $(patient 40)"
said 'to 11 of 12 nodes'

step 'all of the middle group are killed halfway: the first feeds the last'
start_node "$victim" --silence-timeout "$silence"
plan_push
# shellcheck disable=SC2086
push_and_kill middle $middle
[ "$code" -eq 3 ] || fail "exit code $code, not 3"
# shellcheck disable=SC2086
assert_copies "$work/object" "$name" $first $last
groups_are_as_planned
# shellcheck disable=SC2086
lost $middle
check ".seconds < $(patient 60)"
check 'all(.nodes[] | select(.group == 2); .bytes_from_upstream > 0)'
said 'to 8 of 12 nodes'
