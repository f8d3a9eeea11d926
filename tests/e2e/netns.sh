#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Story: five hosts with links of 50 Mbit/s, each in a network namespace (bench/lab.sh draws them). A push over them; then one host vanishes in the
# middle without a word, no reset, no FIN; then two hosts cannot reach each other, though everybody else reaches both.
. "$(dirname "$0")/../../bench/lab.sh"
lab_become_root "$@"
for tool in ip tc; do
    command -v $tool >/dev/null || { echo "SKIPPED: no $tool"; exit 77; }
done
ip netns add "$lab_prefix-try" 2>/dev/null || { echo 'SKIPPED: no network namespaces here'; exit 77; }
ip netns del "$lab_prefix-try"
. "$(dirname "$0")/_lib.sh"
leave() {
    nodes_stop
    lab_down
    clean_up
}
trap leave EXIT

make_keys
lab_up 4 50 1500 || skip 'this kernel has no veth, bridge or tbf'
make_random "$work/object" 24000000 # at least 3.9 s
silence=$(patient 3)s

# push_begin NAME: in the background, from host 0. push_end CODE: waits for it.
push_begin() {
    lab_exec 0 "$FASTREPLICA" push "$work/object" --name "$1" --to "$work/nodes" --keys "$keys" --report "$work/report.json" \
        --silence-timeout "$silence" >"$work/out" 2>"$work/err" &
    pusher=$!
    pids="$pids $pusher"
}
push_end() {
    wait_until 90 is_ended $pusher || fail 'the push does not end'
    code=0
    wait $pusher || code=$?
    [ "$code" -eq "$1" ] || fail "exit code $code, not $1: $(cat "$work/err")"
}
copies() { # NAME HOST...
    local name=$1 host
    shift
    for host; do
        cmp -s "$work/object" "$work/$host/$name" || fail "host $host has another $name, or none"
    done
}
begin_nodes() {
    nodes_stop
    rm -rf "$work"/[1-4]
    nodes_start "$work" 4 --silence-timeout "$silence" || fail 'the nodes do not start'
}
is_halfway() { # HOST: some of the object is in its partial file already
    [ -n "$(find "$work/$1/.fastreplica/partial" -type f -size +0 2>/dev/null)" ]
}

step 'a push over shaped links'
begin_nodes
push_begin whole
push_end 0
copies whole 1 2 3 4
check '.origin.bytes_sent <= 1.03 * .object.bytes'

step 'one host vanishes without a word'
begin_nodes
push_begin vanished
wait_until 20 is_halfway 2 || fail 'host 2 does not begin'
sleep 1.5
ip -n "$lab_prefix-sw" link set p2 down
push_end 3
copies vanished 1 3 4
[ ! -e "$work/2/vanished" ] || fail 'the host that vanished has the file'
check '[.nodes[] | .verdict] == ["complete", "failed", "complete", "complete"]'
check '.nodes[1].reason != ""'
ip -n "$lab_prefix-sw" link set p2 up

step 'two hosts cannot reach each other'
begin_nodes
ip -n "$lab_prefix-3" route add blackhole "$(lab_address 4)/32"
ip -n "$lab_prefix-4" route add blackhole "$(lab_address 3)/32"
push_begin apart
push_end 0
copies apart 1 2 3 4
ip -n "$lab_prefix-3" route del blackhole "$(lab_address 4)/32"
ip -n "$lab_prefix-4" route del blackhole "$(lab_address 3)/32"

step 'a link between two hosts falls silent in the middle'
begin_nodes
push_begin cut
wait_until 20 is_halfway 3 || fail 'host 3 does not begin'
sleep 1
ip -n "$lab_prefix-3" route add blackhole "$(lab_address 4)/32"
ip -n "$lab_prefix-4" route add blackhole "$(lab_address 3)/32"
push_end 0
copies cut 1 2 3 4
