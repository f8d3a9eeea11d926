#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a set of eight descriptions is pushed as one object. Each node has another one from the origin, and the rest from its peers; each is there as
# soon as it is whole. What is here already is not sent again; a node that dies, an origin that dies, a deadline; what is no set.
#
#   origin --(1of8)--> n1 <---+
#          --(2of8)--> n2 <---+--> all to all
#          ...                |
#          --(8of8)--> n8 <---+
# shellcheck disable=SC2086  # lists of names are words
. "$(dirname "$0")/_lib.sh"

make_keys
nodes='n1 n2 n3 n4 n5 n6 n7 n8'

# make_set FOLDER BYTES: eight files of about so many bytes. What they hold does not matter to a push.
make_set() {
    mkdir -p "$1"
    for i in 1 2 3 4 5 6 7 8; do
        make_random "$1/film.mp4.${i}of8.mp4" $(($2 + i * 777))
    done
}

# whole_in NODE: how many descriptions are there under their final names.
whole_in() {
    find "$work/$1/store/set" -name 'film*' 2>/dev/null | wc -l
}

# assert_exact NODE...: what is there is right; and assert_all: it is all there.
assert_exact() {
    for node; do
        for file in "$work/$node/store/set"/*; do
            [ -e "$file" ] || continue
            cmp "$file" "$work/set/${file##*/}" || fail "node $node has a wrong ${file##*/}"
        done
    done
}

assert_all() {
    for node; do
        diff -r "$work/set" "$work/$node/store/set" || fail "node $node has another set"
    done
}

make_set "$work/set" 2000000
total=$(cat "$work/set"/* | wc -c)
start_nodes 8

step 'each has another one from the origin'
expect 0 push --mdc "$work/set/" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json" --rate-limit 8MB/s
assert_all $nodes
check ".object.name == \"set\" and .object.entries == 8 and .origin.bytes_sent <= 1.03 * $total"
check "all(.nodes[]; .entries_have == 8 and .first_relay_seconds < .last_owned_seconds)"
if [ "${FR_TIME_FACTOR:-1}" -eq 1 ]; then
    check "all(.nodes[]; .bytes_from_upstream >= 0.8 * $total / 8 and .bytes_from_upstream <= 1.2 * $total / 8)"
fi

step 'it is there already'
expect 0 push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json"
check '.origin.bytes_sent == 0 and all(.nodes[]; .bytes_from_upstream + .bytes_from_peers == 0 and .bytes_have > 0)'

step 'one is lost, another one changed by hand'
rm "$work/n1/store/set/film.mp4.3of8.mp4"
echo more >>"$work/n2/store/set/film.mp4.5of8.mp4"
expect 0 push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json"
assert_all $nodes
check ".nodes[0] | .bytes_from_upstream + .bytes_from_peers <= 1.1 * $total / 8"
check "all(.nodes[2:][]; .bytes_from_upstream + .bytes_from_peers == 0)"

step 'one owner dies at half time: the others end with all'
rm -rf "$work"/n*/store/set
start_push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json" --rate-limit 8MB/s \
    --connect-timeout 1s
sleep 1
kill_node n4
end_push
[ "$code" -eq 3 ] || fail "the push ended with $code"
assert_all n1 n2 n3 n5 n6 n7 n8
check '.nodes[3].verdict == "failed"'
start_node n4
assert_exact n4

step 'the origin dies when each node has one: what the group has, all get'
rm -rf "$work"/n*/store/set
rm "$work/set"/*
for i in 1 2 3 4 5 6 7 8; do # the last ones come later
    make_random "$work/set/film.mp4.${i}of8.mp4" $((2000000 + i * 777))
done
start_push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --rate-limit 8MB/s
kill_push_early set $nodes
assert_exact $nodes
for node in $nodes; do
    [ "$(whole_in "$node")" -gt 0 ] || fail "node $node has no description"
done
expect 0 push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json" --connect-timeout 20s
assert_all $nodes
check ".origin.bytes_sent <= 0.5 * $total"

step 'at the deadline a slow node has some: usable'
stop_node n2
rm -rf "$work"/n*/store/set
start_node n2 --rate-limit-down $((2000 / ${FR_TIME_FACTOR:-1}))KB/s
expect 3 push --mdc "$work/set" --to "$(list_of $nodes)" --keys "$keys" --report "$work/report.json" --deadline "$(patient 6)s"
assert_all n1 n3 n4 n5 n6 n7 n8
assert_exact n2
check '.nodes[1] | .verdict == "usable" and .entries_have >= 1 and .entries_have < 8'
check '.nodes[1].reason == "\(.nodes[1].entries_have) of 8, when the time was up"'
said 'usable'
expect 2 push "$work/set/film.mp4.1of8.mp4" --retry "$work/report.json" --keys "$keys"
said 'is the report of a set of descriptions: push their folder with --mdc'
expect 0 push --mdc "$work/set" --retry "$work/report.json" --keys "$keys" --report "$work/report.json"
assert_all n2

step 'what is no set'
expect 2 push --mdc "$work/nowhere" --to n --keys "$keys"
said 'cannot look into .*nowhere: No such file .*: --mdc takes the folder'
expect 2 push --mdc "$keys" --to n --keys "$keys"
said 'is no description'
mkdir "$work/none"
expect 2 push --mdc "$work/none" --to n --keys "$keys"
said 'there are no descriptions in this folder'
mv "$work/set/film.mp4.3of8.mp4" "$work/kept"
expect 2 push --mdc "$work/set" --to n --keys "$keys"
said 'description 3 of 8 is missing'
: >"$work/set/film.mp4.3of8.mp4"
expect 2 push --mdc "$work/set" --to n --keys "$keys"
said 'film.mp4.3of8.mp4 is empty'
cp "$work/kept" "$work/set/film.mp4.3of8.mp4"
cp "$work/kept" "$work/set/other.mp4.3of8.mp4"
expect 2 push --mdc "$work/set" --to n --keys "$keys"
said 'belong to different sets'
