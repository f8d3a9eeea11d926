#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a video with descriptions to spare; any n - p of n are the original, fewer play all the same, and damage counts as loss.
#
#       clip --encode --parity 2--> d1 .. d5 --(two lost, or damaged)--> decode --> clip
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
data=$(cd "$(dirname "$0")/../data" && pwd)
clip=$data/clip.mp4

# some DIGIT...: their paths.
some() {
    for i; do echo "$work/d/clip.mp4.${i}of5.mp4"; done
}
# restores DIGIT...: these are the original.
restores() {
    rm -f "$work/out.mp4"
    # shellcheck disable=SC2046  # words on purpose
    expect 0 mdc decode -o "$work/out.mp4" $(some "$@")
    said 'byte for byte'
    cmp "$work/out.mp4" "$clip" || fail "$* restore something else"
}
# plays CODE DIGIT...: these are something to look at.
plays() {
    rm -f "$work/out.mp4"
    code=$1
    shift
    # shellcheck disable=SC2046
    expect "$code" mdc decode -o "$work/out.mp4" $(some "$@")
    [ -s "$work/out.mp4" ] || fail "$*: nothing was written"
}

step 'any three of five are the original'
expect 0 mdc encode -n 5 --parity 2 -r 280% -o "$work/d" "$clip"
said 'any 3 of 5 restore the file'
sum=$(cat "$work/d"/* | wc -c)
[ "$sum" -le $(($(stat -c %s "$clip") * 383 / 100)) ] || fail "$sum bytes are more than was allowed"
for three in '1 2 3' '1 2 4' '1 2 5' '1 3 4' '1 3 5' '1 4 5' '2 3 4' '2 3 5' '2 4 5' '3 4 5'; do
    # shellcheck disable=SC2086
    restores $three
done
restores 1 2 3 4 5
restores 5 3 2 1
[ -z "$(find "$work" -maxdepth 1 -name '.*' -type f)" ] || fail 'temporary files are left'

step 'two play'
plays 3 2 5
said '^2 of 5: [0-9]+ % of GOPs full quality$'
plays 3 4

step 'inspect knows'
# shellcheck disable=SC2046
expect 0 mdc inspect --json $(some 1 4 5)
jq -e '.needed == 3 and .allows == "all" and .whole_count == 3' "$work/out" >/dev/null || fail 'it does not see that three suffice'
# shellcheck disable=SC2046
expect 0 mdc inspect $(some 1 4)
said 'any 3  of 5  the original, byte for byte'
said 'about [0-9.]+ dB'

step 'a preview has full quality, too'
rm -f "$work/out.mp4"
# shellcheck disable=SC2046
expect 0 mdc decode --preview -o "$work/out.mp4" $(some 1 2 5)
said 'the whole video in full quality'

step 'damage counts as loss, wherever it is'
bytes=$(stat -c %s "$(some 1)")
cp "$(some 1)" "$work/sound1"
cp "$(some 2)" "$work/sound2"
for percent in 5 20 40 60 80 97; do
    cp "$work/sound1" "$(some 1)"
    printf 'XXXXXXXX' | dd of="$(some 1)" bs=1 seek=$((bytes * percent / 100)) conv=notrunc 2>/dev/null
    restores 1 2 3 4 5
    restores 1 3 4 5
    rm -f "$work/out.mp4"
    code=0
    # shellcheck disable=SC2046
    "$FASTREPLICA" mdc decode -o "$work/out.mp4" $(some 1 3 4) >"$work/out" 2>"$work/err" || code=$?
    case $code in
    0) cmp "$work/out.mp4" "$clip" || fail "damaged at $percent %: something else" ;;
    3) [ -s "$work/out.mp4" ] || fail "damaged at $percent %: nothing was written" ;;
    *) fail "damaged at $percent %: exit code $code" ;;
    esac
    # shellcheck disable=SC2046
    expect 0 mdc inspect $(some 1 3 4)
    said '1  damaged'
done
for percent in 10 50 90; do
    head -c $((bytes * percent / 100)) "$work/sound1" >"$(some 1)"
    restores 1 2 4 5
    # shellcheck disable=SC2046
    expect 0 mdc inspect $(some 1)
    said '1  cut off|1  damaged'
done
: >"$(some 1)"
printf 'XXXXXXXX' | dd of="$(some 2)" bs=1 seek=$((bytes / 3)) conv=notrunc 2>/dev/null
restores 1 2 3 4 5
plays 3 2 3 4

step 'a film that is encoded again has them, too'
expect 0 mdc encode -n 3 --parity 1 -o "$work/a" "$data/old.avi" -r 250%
said 'any 2 of 3 restore the film'
expect 0 mdc decode -o "$work/first" "$work/a"/*[12]of3*
expect 0 mdc decode -o "$work/second" "$work/a"/*[23]of3*
cmp "$work/first" "$work/second" || fail 'two of three are not the same film'

step 'what is shown while descriptions arrive is whole before the last one comes'
expect 0 mdc encode -n 4 --parity 1 -r 240% -o "$work/f" "$clip"
rm "$work/f"/*3of4*
expect 0 mdc decode --follow "$work/f" --for 20s -o "$work/shown"
cmp "$work/shown" "$clip" || fail 'it is not the original'
