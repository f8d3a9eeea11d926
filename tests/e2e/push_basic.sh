#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: eight nodes are started one by one. One push brings a real archive to all of them: same bytes everywhere, the origin sends the
# file about once, every node relays, and each begins to while its own share is still coming. Then they are asked how they are, and stop.
#
#       origin --+-- n1 .. n8 --+      each nK also sends its share to the seven others
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 8
nodes=$(list_of n1 n2 n3 n4 n5 n6 n7 n8)
make_archive "$work/usr.tar" 67108864

step 'one push to eight nodes'
expect 0 push "$work/usr.tar" --to "$nodes" --keys "$keys" --report "$work/report.json"
assert_copies "$work/usr.tar" usr.tar n1 n2 n3 n4 n5 n6 n7 n8
tar --list --file "$work/n5/store/usr.tar" >/dev/null || fail 'the copy is no archive'
said '^127\.0\.0\.1:[0-9]+ +(complete|slow)'
said 'to 8 of 8 nodes in '

step 'the report'
bytes=$(stat -c %s "$work/usr.tar")
check ".object.name == \"usr.tar\" and .object.bytes == $bytes"
check ".object.sha256 == \"$(sha_of "$work/usr.tar")\" and (.object.root | length) == 64"
check '.object.chunks == ((.object.bytes + .object.chunk_bytes - 1) / .object.chunk_bytes | floor)'
check '.outcome == "all" and .failure == null and .bound_seconds == null and (.faults | length) == 0'
check "[.nodes[].name] == (\"$nodes\" | split(\",\"))"
check 'all(.nodes[]; has_it and .seconds > 0) and all(.nodes[] | select(.verdict == "complete"); .reason == "")'
check "all(.nodes[]; .bytes_have == $bytes and .bytes_from_upstream + .bytes_from_peers == $bytes)"
check 'all(.nodes[]; .group == 0 and .chunks_bad == 0 and .chunks_owned > 0 and .bytes_relayed > 0)'
check ".origin.bytes_read == $bytes and .origin.bytes_sent >= $bytes and .origin.bytes_sent <= 1.03 * $bytes"
# Nine processes share one machine here, so the shares follow its scheduler: each node has one worth the name, and none has it all.
# How equal they are on links of equal rate is for the bench.
check "all(.nodes[]; .bytes_from_upstream > 0.25 * $bytes / 8 and .bytes_from_upstream < 2.5 * $bytes / 8)"
check '.origin.bytes_sent >= ([.nodes[].bytes_from_upstream] | add)'
check 'all(.nodes[]; .first_relay_seconds < 0.2 * .last_owned_seconds)'

step 'status'
expect 0 status --to "$nodes" --keys "$keys"
said '8 of 8 nodes are up'
expect 0 status --to "$nodes" --keys "$keys" --json
jq -e '.nodes | length == 8 and all(.[]; .up and .complete == 1 and .failed == 0 and .uptime_seconds > 0)' "$work/out" >/dev/null ||
    fail "status says something else: $(cat "$work/out")"

step 'a name with folders; the mode goes along'
head -c 300000 "$work/usr.tar" >"$work/small"
chmod 0750 "$work/small"
expect 0 push "$work/small" --to "$nodes" --keys "$keys" --name models/v2/weights.bin --quiet
[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail '--quiet says something though nothing failed'
assert_copies "$work/small" models/v2/weights.bin n1 n8
[ "$(stat -c %a "$work/n3/store/models/v2/weights.bin")" = 750 ] || fail 'the mode is not that of the file'

step 'they stop'
for node in n1 n2 n3 n4 n5 n6 n7 n8; do
    stop_node "$node"
done
expect 4 status --to "$nodes" --keys "$keys" --timeout 2s
said '0 of 8 nodes are up'
