#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: everything that can be wrong with one node, with all nodes, or with the file. Each time the right exit code, a sentence that says what
# it was, the others complete, and nothing under the final name where it went wrong.
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 3
make_random "$work/object" 8000000
down=127.0.0.1:$(free_port)

# verdict NODE VERDICT REASON: of the node with this address in the last report.
verdict() {
    found=$(report ".nodes[] | select(.name == \"$1\") | .verdict + \": \" + .reason")
    echo "$found" | grep -Eq "^$2: .*($3)" || fail "$1: '$found' is not '$2: ...$3'"
}

step 'one node is down from the start'
nodes=$(list_of n1 n2 n3)
expect 3 push "$work/object" --to "$nodes,$down" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" object n1 n2 n3
verdict "$down" unreachable 'refused'
said "^$down +unreachable"
said 'to 3 of 4 nodes'
check '.outcome == "some" and ([.nodes[] | select(has_it)] | length) == 3'
expect 3 status --to "$nodes,$down" --keys "$keys"
said "$down +down"
expect 3 push "$work/object" --to "$nodes,$down" --keys "$keys" --quiet
said "^fastreplica: $down: unreachable"
[ ! -s "$work/out" ] || fail '--quiet writes to standard output'

step 'all are down'
expect 4 push "$work/object" --to "$down,no-such-host.invalid" --keys "$keys" --report "$work/report.json"
verdict "$down" unreachable 'refused'
verdict no-such-host.invalid:7420 unreachable 'no-such-host.invalid'
check '.outcome == "none" and .origin.bytes_sent == 0'
expect 4 status --to "$down" --keys "$keys"

step 'a node that answers nothing'
start_node mute
kill -STOP "$(pid_of mute)"
expect 3 push "$work/object" --name mute --to "$(list_of n1 mute n2)" --keys "$keys" --connect-timeout "$(patient 2)s" --report "$work/report.json"
verdict "$(address mute)" 'unreachable|failed' '.'
check ".seconds < $(patient 10)"
kill -CONT "$(pid_of mute)"
assert_nothing mute mute

step 'a node with another secret, and one that trusts another origin'
mkdir -p "$work/stranger" "$work/unfaithful"
"$FASTREPLICA" keygen "$work/stranger/keys" >/dev/null
"$FASTREPLICA" keygen "$work/unfaithful/keys" >/dev/null
cp "$keys/cluster.secret" "$work/unfaithful/keys/"
start_node stranger
start_node unfaithful
expect 3 push "$work/object" --name strangers --to "$(list_of n1 n2 stranger unfaithful)" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" strangers n1 n2
verdict "$(address stranger)" 'refused|unreachable|failed' 'secret'
verdict "$(address unfaithful)" refused 'trust'
assert_nothing strangers stranger unfaithful
expect 4 status --to "$(address stranger)" --keys "$keys"
said 'secret'

step 'a node whose store is full'
mkdir -p "$work/full/store"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=4m tmpfs "$work/full/store" 2>/dev/null; then
    mounts="$mounts $work/full/store"
    start_node full
    expect 3 push "$work/object" --name large --to "$(list_of n1 full n2)" --keys "$keys" --report "$work/report.json"
    assert_copies "$work/object" large n1 n2
    verdict "$(address full)" 'refused|failed' 'space'
    assert_nothing large full
    # From a pipe nobody knows beforehand how much it will be: the store fills up on the way.
    code=0
    "$FASTREPLICA" push - --name piped --to "$(list_of n1 full n2)" --keys "$keys" --report "$work/report.json" \
        <"$work/object" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 3 ] || fail "a store that is full: exit code $code"
    cat "$work/object" | "$FASTREPLICA" push - --name streamed --to "$(list_of n1 full n2)" --keys "$keys" --report "$work/report.json" \
        >"$work/out" 2>"$work/err" && fail 'a store that fills up went unnoticed'
    assert_copies "$work/object" streamed n1 n2
    verdict "$(address full)" failed 'space'
    assert_nothing streamed full
    assert_nothing piped full
    make_random "$work/small" 100000
    expect 0 push "$work/small" --to "$(list_of n1 full)" --keys "$keys"
    assert_copies "$work/small" small full
    stop_node full
else
    echo 'skipped: a full store (it takes root, to mount a small tmpfs)'
fi

step 'a name that is a folder at one node'
mkdir -p "$work/n2/store/taken"
expect 3 push "$work/object" --name taken --to "$(list_of n1 n2 n3)" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" taken n1 n3
verdict "$(address n2)" refused 'folder|directory'

step 'a port in use, a store in use, a store that cannot be'
expect 1 node --store "$work/elsewhere" --keys "$keys" --listen "$(address n1)"
said 'another process uses this address'
expect 1 node --store "$work/n1/store" --keys "$keys" --listen 127.0.0.1:0
said 'another process serves it'
expect 2 node --store "$work/object" --keys "$keys" --listen 127.0.0.1:0
said "$work/object"
expect 1 node --store "$work/no/such/store" --keys "$keys" --listen 127.0.0.1:0
said 'No such file'
expect 1 node --store "$work/elsewhere" --keys "$keys" --listen no-such-host.invalid:0
said 'no-such-host.invalid'
expect 1 node --store "$work/elsewhere" --keys "$keys" --listen 127.0.0.1:0 --port-file "$work/no/such/file"
said 'port file'

# push_and_meddle COMMAND...: pushes a large file as `changing` to n1 and n2, and runs the command on it while both nodes hold still halfway.
# The file grows until the push is slow enough to be caught. Leaves the exit code in $code.
push_and_meddle() {
    size=100
    while :; do
        make_random "$work/changing" ${size}000000
        start_push "$work/changing" --to "$(list_of n1 n2)" --keys "$keys" --report "$work/report.json"
        while has_no_partial n1 && ! is_ended $pusher; do :; done
        kill -STOP "$(pid_of n1)" "$(pid_of n2)"
        if ! is_ended $pusher; then
            break
        fi
        kill -CONT "$(pid_of n1)" "$(pid_of n2)"
        wait $pusher || :
        rm -f "$work/n1/store/changing" "$work/n2/store/changing"
        size=$((size * 3))
        [ $size -lt 3000 ] || fail 'no push is slow enough to be disturbed'
    done
    "$@"
    kill -CONT "$(pid_of n1)" "$(pid_of n2)"
    wait_until 30 is_ended $pusher || fail 'the push does not end'
    code=0
    wait $pusher || code=$?
}

step 'the file shrinks while it is pushed'
push_and_meddle truncate -s 20000000 "$work/changing"
[ "$code" -eq 1 ] || fail "a file that shrinks: exit code $code"
said 'changing.*(shr|changed|shorter|smaller)'
check '.outcome == "failed" and .failure != null and all(.nodes[]; .verdict == "failed")'
assert_nothing changing n1 n2

step 'the file is rewritten while it is pushed'
rewrite() {
    printf meddled | dd of="$work/changing" bs=1 conv=notrunc status=none
}
push_and_meddle rewrite
[ "$code" -eq 1 ] || fail "a file that is rewritten: exit code $code"
said 'changing was written to while it was pushed'
check '.outcome == "failed"'
assert_nothing changing n1 n2

step 'the push is stopped, and the nodes are as before'
stop_pusher() {
    kill -INT $pusher
}
push_and_meddle stop_pusher
[ "$code" -eq 1 ] || fail "a push that was stopped: exit code $code"
check '.outcome == "failed" and (.failure | test("stopped|cancel|request"))'
said '^NODE +VERDICT'
assert_nothing changing n1 n2

step 'a deadline ends a push whose source says nothing more'
mkfifo "$work/fifo"
sleep 60 >"$work/fifo" &
pids="$pids $!"
expect 4 push "$work/fifo" --to "$(list_of n1 n2)" --keys "$keys" --deadline "$(patient 2)s" --report "$work/report.json"
said 'deadline|time'
check ".seconds > 1 and .seconds < $(patient 8)"
check 'all(.nodes[]; .verdict == "failed")'
assert_nothing fifo n1 n2

step 'after all that the nodes are well'
expect 0 push "$work/object" --name last --to "$(list_of n1 n2 n3)" --keys "$keys"
assert_copies "$work/object" last n1 n2 n3
stop_node n1
stop_node n2
stop_node n3
