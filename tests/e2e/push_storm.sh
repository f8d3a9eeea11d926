#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: one of four nodes is killed 20 times at random moments of pushes that follow one another, and each time started again by whoever
# supervises it. After every kill, whatever is there under a final name is whole and is something that was pushed under it; the others
# have all of it every time; in the end a push completes at every node.
#
# FR_STORM=100: so many kills. FR_SEED=7: the moments of that seed, which is printed first.
. "$(dirname "$0")/_lib.sh"

kills=${FR_STORM:-20}
seed=${FR_SEED:-$(od -An -N 2 -tu2 /dev/urandom | tr -d ' ')}
echo "seed $seed"

# supervise NODE ADDRESS [OPTION...]: starts it again whenever it ends, until it is told to stop itself by SIGTERM. The node's pid is in
# $work/NODE/pid.
supervise() {
    node=$1
    listen=$2
    shift 2
    trap 'kill -KILL "$!" 2>/dev/null; wait "$!"; exit 0' TERM
    while :; do
        rm -f "$work/$node/port"
        "$FASTREPLICA" node --store "$work/$node/store" --keys "$keys" --listen "$listen" --port-file "$work/$node/port" "$@" \
            2>>"$work/$node/log" &
        echo $! >"$work/$node/pid.new"
        mv "$work/$node/pid.new" "$work/$node/pid"
        code=0
        wait $! || code=$?
        echo "$code" >>"$work/$node/ends"
        sleep 0.05
    done
}
supervisor=''
leave() {
    status=$?
    if [ -n "$supervisor" ]; then
        kill -TERM "$supervisor" 2>/dev/null || :
        wait "$supervisor" || :
        supervisor=''
    fi
    set +e # clean_up looks at the exit code first
    (exit $status)
    clean_up
}
trap leave EXIT

# draw N: sets $drawn to 0 .. N - 1, in a sequence that the seed decides.
draw() {
    seed=$(((seed * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff))
    drawn=$(((seed >> 20) % $1))
}

# Whatever n2 has under a final name is something that was pushed under this name. $work/sums: "SHA-256 NAME" of every push, written before
# it began.
check_store() {
    for file in "$work"/n2/store/*; do
        [ -e "$file" ] || continue
        grep -qx "$(sha_of "$file") ${file##*/}" "$work/sums" || fail "n2 has a ${file##*/} that nobody pushed, $(stat -c %s "$file") bytes"
    done
}

make_keys
silence=$(patient 3)s
start_nodes 4 --silence-timeout "$silence"
nodes=$(list_of n1 n2 n3 n4)
listen=$(address n2)
stop_node n2
supervise n2 "$listen" --silence-timeout "$silence" &
supervisor=$!
wait_until 10 test -s "$work/n2/port" || fail 'the supervisor starts no node'

step "$kills kills"
killed=0 whole=0
while [ "$killed" -lt "$kills" ]; do
    killed=$((killed + 1))
    # New content each time, under one of three names, in chunks of one of three sizes; some 0.5 s long.
    name=f$((killed % 3))
    draw 14000000
    make_random "$work/object" $((drawn + 1))
    echo "$(sha_of "$work/object") $name" >>"$work/sums"
    draw 3
    start_push "$work/object" --name "$name" --to "$nodes" --keys "$keys" --report "$work/report.json" --rate-limit 30MB/s \
        --silence-timeout "$silence" --connect-timeout 2s --chunk-size $((16 << (drawn * 2)))K
    draw 700
    moment=$drawn
    sleep "$(printf '0.%03d' "$moment")"
    kill -KILL "$(pid_of n2)"
    check_store
    wait_until 60 is_ended $pusher || fail 'the push does not end'
    code=0
    wait $pusher || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || fail "exit code $code of push $killed, disturbed after $moment ms: $(cat "$work/err")"
    [ "$code" -ne 0 ] || whole=$((whole + 1))
    check 'all(.nodes | to_entries[] | select(.key != 1); .value | has_it)'
    assert_copies "$work/object" "$name" n1 n3 n4
    check_store
    [ "$code" -ne 0 ] || assert_copies "$work/object" "$name" n2
    wait_until 10 test -s "$work/n2/port" || fail 'n2 is not started again'
done
echo "$whole of $kills pushes served the node none the less, before it was killed or after it was back"

step 'a push that nobody disturbs'
make_random "$work/object" 9000000
expect 0 push "$work/object" --name last --to "$nodes" --keys "$keys"
assert_copies "$work/object" last n1 n2 n3 n4
[ "$(sort -u "$work/n2/ends")" = 137 ] || fail "n2 ended by itself: exit codes $(sort -u "$work/n2/ends" | tr '\n' ' ')"
[ "$(wc -l <"$work/n2/ends")" -eq "$kills" ] || fail 'n2 ended at other times than it was killed'
