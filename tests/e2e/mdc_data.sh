#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a file of no special kind becomes descriptions; enough of them, and only enough, restore it; damage is noticed and made good from
# others.
#
#       file --encode--> d1 d2 d3 d4 --(some lost, some damaged)--> decode --> file
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'

make_random "$work/object" 1500001
d=$work/d/object

step 'any three of four restore it'
expect 0 mdc encode -n 4 -o "$work/d" "$work/object"
said 'any 3 of 4 restore'
[ "$(find "$work/d" -type f | wc -l)" -eq 4 ] || fail 'there are not four files'
for some in '1 2 3' '1 2 4' '1 3 4' '4 3 2' '1 2 3 4'; do
    set --
    for i in $some; do set -- "$@" "$d.${i}of4.mdc"; done
    expect 0 mdc decode -o "$work/again" "$@"
    said 'byte for byte'
    cmp "$work/again" "$work/object" || fail "descriptions $some restore something else"
    rm "$work/again"
done

step 'two are too few: no file, exit code 4'
expect 4 mdc decode -o "$work/again" "$d.1of4.mdc" "$d.4of4.mdc"
said '3 are needed'
[ ! -e "$work/again" ] || fail 'there is a file'

step 'damage counts as loss, block by block'
# damage FILE OFFSET
damage() {
    printf 'XXXX' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
damage "$d.1of4.mdc" 1000
damage "$d.2of4.mdc" 200000
damage "$d.3of4.mdc" 400000
expect 0 mdc inspect --json "$d".*
jq -e '.whole_count == 1 and .allows == "nothing" and (.descriptions | length) == 4' "$work/out" >/dev/null ||
    fail 'inspect does not see the damage'
expect 0 mdc decode -o "$work/again" "$d".*
cmp "$work/again" "$work/object" || fail 'it is not restored from what is sound'
rm "$work/again"
expect 4 mdc decode -o "$work/again" "$d.1of4.mdc" "$d.2of4.mdc" "$d.4of4.mdc"
said 'damaged'
expect 0 mdc inspect "$d.1of4.mdc" "$d.4of4.mdc"
said '1  damaged'
said '2  missing'
said '4  whole'

step 'headers that are damaged, files that are none, files that are empty'
damage "$d.4of4.mdc" 30
echo 'no description' >"$work/other"
: >"$work/empty"
expect 4 mdc decode -o "$work/again" "$d.4of4.mdc" "$work/other" "$work/empty" "$work/nowhere"
said 'header is damaged; it is left out'
said 'other: it is not a description'
said 'empty: it is empty'
said 'nowhere'

step 'two files for one place, files of two sets'
rm -r "$work/d"
expect 0 mdc encode -n 2 --parity 1 -o "$work/d" "$work/object"
cp "$d.1of2.mdc" "$work/copy"
damage "$d.1of2.mdc" 5000
expect 0 mdc decode -o "$work/again" "$d.1of2.mdc" "$work/copy"
said 'both description 1 of 2'
cmp "$work/again" "$work/object" || fail 'the sound copy was not used'
rm "$work/again"
make_random "$work/second" 1000
expect 0 mdc encode -n 2 -o "$work/e" "$work/second"
expect 2 mdc decode -o "$work/again" "$d.2of2.mdc" "$work/e/second.1of2.mdc"
said 'not of the same set'

step 'nothing is overwritten, and nothing is left behind'
expect 2 mdc encode -n 2 -o "$work/e" "$work/second"
said 'exists already'
echo mine >"$work/mine"
expect 2 mdc decode -o "$work/mine" "$work/e"/*
said 'exists already'
[ "$(cat "$work/mine")" = mine ] || fail 'the file is another'
[ "$(find "$work" -name '.*' -type f | wc -l)" -eq 0 ] || fail 'temporary files are left'

step 'sizes from nothing to a little more than a stripe'
for bytes in 0 1 2 3 65536 196607 196608 196609; do
    rm -rf "$work/s" "$work/small" "$work/again"
    make_random "$work/small" $bytes
    expect 0 mdc encode -n 4 -o "$work/s" "$work/small"
    expect 0 mdc decode -o "$work/again" "$work/s"/*[234]of4.mdc
    cmp "$work/again" "$work/small" || fail "$bytes bytes are not restored"
done

step 'many descriptions'
rm -rf "$work/s" "$work/again"
expect 0 mdc encode -n 32 --parity 16 -o "$work/s" "$work/object"
rm "$work/s"/*.[1-9]of32.mdc "$work/s"/*.1[0-6]of32.mdc
expect 0 mdc decode -o "$work/again" "$work/s"/*
cmp "$work/again" "$work/object" || fail 'the last 16 of 32 do not restore it'

step 'what cannot be is refused with a reason'
expect 2 mdc encode -n 4 -r 10% -o "$work/x" "$work/object"
said '33.4% is the least'
expect 2 mdc encode -n 4 -r 10% --parity 2 -o "$work/x" "$work/object"
said 'cost 100.0 %'
expect 2 mdc encode -n 1 -o "$work/x" "$work/object"
expect 2 mdc encode -n 33 -o "$work/x" "$work/object"
expect 2 mdc encode -n 4 --parity 4 -o "$work/x" "$work/object"
expect 2 mdc encode -n 4 -r lots -o "$work/x" "$work/object"
expect 2 mdc encode -n 4 --profile song -o "$work/x" "$work/object"
expect 2 mdc encode -n 4 -o "$work/x" "$work/nowhere"
expect 2 mdc encode -n 4 -o "$work/x" "$work"
said 'is a folder: name what is in it'
expect 2 mdc deocde
said "did you mean 'decode'"
[ ! -e "$work/x" ] || fail 'a folder was made for nothing'

step 'the manual knows the same options'
manual=$(dirname "$0")/../../dist/man/fastreplica-mdc.1
for command in encode decode inspect; do
    "$FASTREPLICA" mdc $command --help | sed -n 's/^  [ -].[ ,] --\([a-z-]*\).*/\1/p' | grep -vx help | LC_ALL=C sort >"$work/listed"
    awk -v section=".Ss fastreplica mdc $command" '/^\.S[sh] / { is_here = $0 == section } is_here && /^\.It .*Fl -/' "$manual" |
        sed 's/.*Fl -\([a-z-]*\).*/\1/' | LC_ALL=C sort >"$work/written"
    diff "$work/listed" "$work/written" || fail "--help of $command (<) and its manual (>) differ"
done

step 'a full disk leaves nothing'
mkdir "$work/full"
if mount -t tmpfs -o size=1m none "$work/full" 2>/dev/null; then
    mounts=$work/full
    expect 1 mdc encode -n 4 -o "$work/full/d" "$work/object"
    said 'No space left'
    [ "$(find "$work/full" -type f | wc -l)" -eq 0 ] || fail 'something is left'
else
    echo 'skipped: a full disk (mounting is not allowed here)'
fi

step 'killed in the middle it leaves nothing that could be taken for a description'
head -c 200000000 /dev/zero >"$work/large"
"$FASTREPLICA" mdc encode -q -n 8 -o "$work/killed" "$work/large" &
encoder=$!
pids="$pids $encoder"
wait_until 10 test -d "$work/killed" || fail 'it does not begin'
kill -KILL $encoder
wait $encoder || :
# Where the file system knows files without a name not even a hidden one stays; nowhere does a file appear that is not whole.
[ -z "$(ls "$work/killed")" ] || [ "$(find "$work/killed" -name '*of8.mdc' | wc -l)" -eq 8 ] || fail 'something is left'
