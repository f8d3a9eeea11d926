#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a film goes to four edges as four descriptions. Each edge shows it while it arrives; when the origin dies, what each edge has plays,
# as `mdc inspect` says; in the end all have the original.
#
#   clip.mp4 --encode--> set --push --mdc--> n1 .. n4 --decode (--follow)--> what viewers see
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
clip=$(cd "$(dirname "$0")/../data" && pwd)/clip.mp4

make_keys
expect 0 mdc encode -n 4 -r 100% -o "$work/film" "$clip"
start_nodes 4

step 'an edge shows it while it arrives'
"$FASTREPLICA" mdc decode --follow "$work/n3/store/film" -o "$work/shown" >"$work/said" 2>"$work/err" &
follower=$!
pids="$pids $follower"
expect 0 push --mdc "$work/film" --to "$(list_of n1 n2 n3 n4)" --keys "$keys" --report "$work/report.json" --rate-limit 100KB/s
wait_until 20 is_ended $follower || fail 'it does not end when all are there'
wait $follower || fail "the follower ended with $?"
cmp "$work/shown" "$clip" || fail 'it is not the original in the end'
check 'all(.nodes[]; .entries_have == 4)'

step 'the origin dies: what an edge has plays'
rm -rf "$work"/n*/store/film
start_push --mdc "$work/film" --to "$(list_of n1 n2 n3 n4)" --keys "$keys" --rate-limit 100KB/s
kill_push_early film n1 n2 n3 n4
for node in n1 n2 n3 n4; do
    "$FASTREPLICA" mdc inspect --json "$work/$node/store/film"/* >"$work/seen.json" || [ $? -eq 3 ] || fail "inspect ended with $?"
    allows=$(jq -r .allows "$work/seen.json")
    code=0
    "$FASTREPLICA" mdc decode -o "$work/$node.mp4" "$work/$node/store/film"/* >"$work/out" 2>"$work/err" || code=$?
    case $allows-$code in
    all-0) cmp "$work/$node.mp4" "$clip" || fail "node $node has all, and no original" ;;
    some-3) [ -s "$work/$node.mp4" ] || fail "node $node has nothing to show" ;;
    *) fail "node $node: decode ended with $code where inspect says $allows" ;;
    esac
done

step 'pushed again, all have all'
expect 0 push --mdc "$work/film" --to "$(list_of n1 n2 n3 n4)" --keys "$keys" --connect-timeout 20s
for node in n1 n2 n3 n4; do
    diff -r "$work/film" "$work/$node/store/film" || fail "node $node has another set"
done
