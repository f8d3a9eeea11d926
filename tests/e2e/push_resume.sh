#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: what was received once is not sent again. The origin is killed halfway and the push is run again; a node is killed halfway and started again
# while the push goes on; a file of which one part in a hundred changed; one that was longer before; what is kept goes when nobody wants it.
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 4 --silence-timeout 3s
nodes=$(list_of n1 n2 n3 n4)
size=40000000
make_random "$work/object" $size

# begin_push NAME OPTION...: at 8 MB/s, so that it takes about five seconds; goes on by itself as $pusher.
begin_push() {
    name=$1
    shift
    start_push "$work/object" --name "$name" --to "$nodes" --keys "$keys" --report "$work/report.json" --rate-limit 8MB/s "$@"
}

# has_bytes NODE BYTES: so much of an object that is being received is there. Holes and what is only reserved do not count.
has_bytes() {
    partial=$(find "$work/$1/store/.fastreplica/partial" -type f -name '*.*' | head -n 1)
    [ -n "$partial" ] && [ "$(tr -d '\000' <"$partial" | wc -c)" -ge "$2" ]
}
has_kept() {
    [ -n "$(ls -A "$work/$1/store/.fastreplica/kept")" ]
}
has_kept_nothing() {
    ! has_kept "$1"
}

step 'the origin is killed halfway, and the push is run again at once'
begin_push cut
wait_until 30 has_bytes n2 $((size / 2)) || fail 'n2 does not come to half of the file'
kill -KILL $pusher
end_push
expect 0 push "$work/object" --name cut --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" cut n1 n2 n3 n4
check ".origin.bytes_sent <= 0.55 * $size"
check "all(.nodes[]; .bytes_from_upstream + .bytes_from_peers <= 0.55 * $size)"
for node in n1 n2 n3 n4; do
    has_kept_nothing $node || fail "$node keeps what it has made final"
done

step 'a node is killed halfway and started again: it ends within the same push'
begin_push again
wait_until 30 has_bytes n3 $((size / 3)) || fail 'n3 does not come to a third of the file'
port=$(cat "$work/n3/port")
kill_node n3
"$FASTREPLICA" node --store "$work/n3/store" --keys "$keys" --listen "127.0.0.1:$port" --silence-timeout 3s 2>>"$work/n3/log" &
echo $! >"$work/n3/pid"
pids="$pids $!"
end_push
[ "$code" -eq 0 ] || fail "exit code $code, not 0"
assert_copies "$work/object" again n1 n2 n3 n4
check 'all(.nodes[]; has_it)'
check ".nodes[2].bytes_from_upstream + .nodes[2].bytes_from_peers <= 0.75 * $size"
grep -q 'event=complete .*bytes_kept=[1-9]' "$work/n3/log" || fail 'n3 does not say what it had kept'

step 'of a file that changed a little, little is sent'
dd if=/dev/urandom of="$work/object" bs=100000 count=4 seek=200 conv=notrunc status=none
expect 0 push "$work/object" --name again --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" again n1 n2 n3 n4
check ".origin.bytes_sent <= 0.03 * $size"
check 'all(.nodes[]; has_it)'

step 'of one that has grown, what is new'
head -c 2000000 /dev/urandom >>"$work/object"
expect 0 push "$work/object" --name again --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" again n1 n2 n3 n4
check ".origin.bytes_sent <= 0.10 * $size"

step 'one node has nothing: it gets all, and the others no byte'
rm "$work/n1/store/again"
expect 0 push "$work/object" --name again --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" again n1 n2 n3 n4
check 'all(.nodes[1:][]; .bytes_from_upstream + .bytes_from_peers == 0)'

step 'what is kept was changed by hand: that is noticed'
begin_push cut2
wait_until 30 has_bytes n2 $((size / 2)) || fail 'n2 does not come to half of the file'
kill -KILL $pusher
end_push
for node in n1 n2 n3 n4; do
    wait_until 60 has_kept $node || fail "$node keeps nothing"
done
assert_nothing cut2 n1 n2 n3 n4
printf x | dd of="$(find "$work/n2/store/.fastreplica/kept" -type f)" bs=1 seek=1234567 conv=notrunc status=none
expect 0 push "$work/object" --name cut2 --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" cut2 n1 n2 n3 n4

step 'who is told to keep nothing keeps nothing, and what was kept goes'
begin_push cut3
wait_until 30 has_bytes n4 $((size / 3)) || fail 'n4 does not come to a third of the file'
stop_node n4
has_kept n4 || fail 'n4 keeps nothing when it is stopped'
start_node n4 --keep-partial 0s
has_kept_nothing n4 || fail 'n4 keeps what it should not'
kill -KILL $pusher
end_push

step 'somebody else fills a store halfway; when there is room again, the same push brings the rest'
mkdir -p "$work/n5/store"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=60m tmpfs "$work/n5/store" 2>/dev/null; then
    mounts="$mounts $work/n5/store"
    start_node n5 --silence-timeout 3s
    nodes=$(list_of n1 n2 n5)
    begin_push filled
    wait_until 30 has_bytes n5 $((size / 3)) || fail 'n5 does not come to a third of the file'
    head -c 100000000 /dev/zero >"$work/n5/store/other" 2>/dev/null || :
    end_push
    [ "$code" -eq 3 ] || fail "exit code $code, not 3"
    assert_copies "$work/object" filled n1 n2
    check '.nodes[2].verdict == "failed" and (.nodes[2].reason | test("space"))'
    rm "$work/n5/store/other"
    expect 0 push "$work/object" --name filled --to "$nodes" --keys "$keys" --report "$work/report.json"
    assert_copies "$work/object" filled n1 n2 n5
    check ".nodes[2].bytes_from_upstream + .nodes[2].bytes_from_peers <= 0.75 * $size and .origin.bytes_sent <= 0.75 * $size"
    stop_node n5
else
    echo 'skipped: a store that fills up (it takes root, to mount a small tmpfs)'
fi

echo 'push_resume: all told'
