#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: the same name is pushed again. The same content: every node is complete at once and receives nothing, also a node that was
# restarted in between. Other content: replaced in one step, and whoever reads meanwhile sees the old file or the new one, never a mixture.
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 3
nodes=$(list_of n1 n2 n3)
make_random "$work/object" 30000000
make_random "$work/other" 20000001

step 'twice the same'
expect 0 push "$work/object" --to "$nodes" --keys "$keys"
inode=$(stat -c %i "$work/n1/store/object")
expect 0 push "$work/object" --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" object n1 n2 n3
check '.origin.bytes_sent == 0'
check 'all(.nodes[]; has_it and .bytes_from_upstream == 0 and .bytes_from_peers == 0 and .bytes_relayed == 0)'
check "all(.nodes[]; .bytes_have == 30000000) and .object.sha256 == \"$(sha_of "$work/object")\""
[ "$(stat -c %i "$work/n1/store/object")" = "$inode" ] || fail 'the file was written again'

step 'after a restart of one'
stop_node n2
start_node n2
nodes=$(list_of n1 n2 n3)
expect 0 push "$work/object" --to "$nodes" --keys "$keys" --report "$work/report.json"
check '.origin.bytes_sent == 0 and all(.nodes[]; has_it)'

step 'one has it, two do not'
rm "$work/n1/store/object" "$work/n3/store/object"
expect 0 push "$work/object" --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" object n1 n2 n3
check 'all(.nodes[]; has_it)'
check '.nodes[1].bytes_from_upstream == 0 and .nodes[1].bytes_from_peers == 0'
check '.nodes[0].bytes_from_upstream + .nodes[0].bytes_from_peers == 30000000'

step 'a copy that was damaged by hand is noticed'
printf x | dd of="$work/n1/store/object" bs=1 seek=12345678 conv=notrunc status=none
expect 0 push "$work/object" --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" object n1 n2 n3

step 'other content replaces it in one step'
old=$(sha_of "$work/object")
new=$(sha_of "$work/other")
while [ ! -e "$work/stop" ]; do
    seen=$(sha_of "$work/n2/store/object")
    [ "$seen" = "$old" ] || [ "$seen" = "$new" ] || echo "$seen" >>"$work/mixtures"
    echo "$seen" >>"$work/seen"
done &
reader=$!
pids="$pids $reader"
expect 0 push "$work/other" --name object --to "$nodes" --keys "$keys" --report "$work/report.json"
touch "$work/stop"
wait "$reader"
assert_copies "$work/other" object n1 n2 n3
[ ! -e "$work/mixtures" ] || fail 'a reader saw neither the old file nor the new one'
grep -q "$old" "$work/seen" || fail 'the reader came too late to see anything'
check 'all(.nodes[]; has_it and .bytes_from_upstream + .bytes_from_peers == 20000001)'

step 'and back'
expect 0 push "$work/object" --to "$nodes" --keys "$keys"
assert_copies "$work/object" object n1 n2 n3
