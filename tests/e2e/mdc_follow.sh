#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: an edge shows what has arrived so far. Descriptions come into a folder one by one; the file made of them appears with the first,
# gets better with each, and is the original with the last.
#
#       d1 .. d4 --arrive--> store/set --decode --follow--> out
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
data=$(cd "$(dirname "$0")/../data" && pwd)
set_dir=$work/store/set

# arrive NAME: as in a node's store: whole, under its name at once.
arrive() {
    cp "$work/d/$1" "$set_dir/.$1.part"
    mv "$set_dir/.$1.part" "$set_dir/$1"
}
has_said() {
    grep -q "^$1 of 4" "$work/said"
}

for name in photo.jpg clip.mp4; do
    step "$name arrives"
    rm -rf "$work/d" "$set_dir" "$work/shown"
    expect 0 mdc encode -n 4 -r 100% -o "$work/d" "$data/$name"
    : >"$work/said"
    "$FASTREPLICA" mdc decode --follow "$set_dir" -o "$work/shown" >"$work/said" 2>"$work/err" &
    follower=$!
    pids="$pids $follower"
    sleep 1
    mkdir -p "$set_dir"
    echo 'no description' >"$set_dir/notes"
    number=0
    for description in "$work/d"/*2of4* "$work/d"/*4of4* "$work/d"/*1of4*; do
        arrive "$(basename "$description")"
        number=$((number + 1))
        wait_until 10 has_said $number || fail "nothing is said of description $number: $(cat "$work/said")"
        [ -s "$work/shown" ] || fail "with $number descriptions nothing is shown"
        ! cmp -s "$work/shown" "$data/$name" || fail 'it is the original too early'
    done
    arrive "$(basename "$work/d"/*3of4*)"
    wait_until 20 is_ended $follower || fail 'it does not end when all are there'
    code=0
    wait $follower || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code"
    cmp "$work/shown" "$data/$name" || fail 'it is not the original in the end'
    [ -z "$(find "$work" -maxdepth 1 -name '.shown*')" ] || fail 'temporary files are left'
done

step 'it ends with the time, or when it is told to'
rm "$set_dir"/*1of4* "$set_dir"/*3of4* "$work/shown"
expect 3 mdc decode --follow "$set_dir" --for 1s -o "$work/shown"
said '^2 of 4'
rm "$work/shown"
expect 4 mdc decode --follow "$work/nowhere" --for 500ms -o "$work/shown"
: >"$work/said" # what another one said there would count
"$FASTREPLICA" mdc decode --follow "$set_dir" -o "$work/shown" >"$work/said" 2>"$work/err" &
follower=$!
pids="$pids $follower"
wait_until 10 has_said 2 || fail 'nothing is shown'
kill -TERM $follower
wait_until 10 is_ended $follower || fail 'it does not end on SIGTERM'
code=0
wait $follower || code=$?
[ "$code" -eq 3 ] || fail "exit code $code after SIGTERM"

step 'what is there already is not replaced'
expect 2 mdc decode --follow "$set_dir" --for 1s -o "$work/shown"
said 'exists already'
expect 2 mdc decode --follow "$set_dir" -o "$work/x" "$work/shown"
expect 2 mdc decode --for 1s -o "$work/x" "$work/shown"
expect 2 mdc decode -o "$work/x"
said 'DESC is missing'
