#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a video becomes descriptions. Each one plays, each further one brings more groups of pictures in full quality, all are the
# original.
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
clip=$(cd "$(dirname "$0")/../data" && pwd)/clip.mp4

# frames FILE: how many pictures can be decoded, and nothing but that if there was no error; empty where ffprobe is not installed.
frames() {
    command -v ffprobe >/dev/null || return 0
    ffprobe -v error -select_streams v -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$1" 2>&1
}
# descriptions DIGIT...: their paths
some() {
    for i; do echo "$work/d/clip.mp4.${i}of4.mp4"; done
}
wanted=$(frames "$clip")
[ -n "$wanted" ] || echo 'skipped: counting pictures (ffprobe is not installed)'

step 'encode'
expect 0 mdc encode -n 4 -r 100% -o "$work/d" "$clip"
said 'profile video'
sum=$(cat "$work/d"/* | wc -c)
[ "$sum" -le $(($(stat -c %s "$clip") * 203 / 100)) ] || fail "$sum bytes are more than was allowed"

step 'every subset plays, and all are the original'
for subset in 1 2 3 4 '1 2' '1 3' '1 4' '2 3' '2 4' '3 4' '1 2 3' '1 2 4' '1 3 4' '2 3 4'; do
    rm -f "$work/o.mp4"
    # shellcheck disable=SC2046,SC2086  # words on purpose
    expect 3 mdc decode -o "$work/o.mp4" $(some $subset)
    # shellcheck disable=SC2086
    said "^$(echo $subset | wc -w) of 4: [0-9]+ % of GOPs full quality$"
    [ "$(frames "$work/o.mp4")" = "$wanted" ] || fail "$subset: $(frames "$work/o.mp4") pictures, not $wanted"
done
rm "$work/o.mp4"
# shellcheck disable=SC2046
expect 0 mdc decode -o "$work/o.mp4" $(some 4 2 1 3)
said 'byte for byte'
cmp "$work/o.mp4" "$clip" || fail 'all of them are not the original'
rm "$work/o.mp4"
expect 0 mdc decode --preview -o "$work/o.mp4" "$work/d"/*
said 'full quality'
[ "$(frames "$work/o.mp4")" = "$wanted" ] || fail 'the preview has other pictures'

step 'each further description brings something'
before=-1
for subset in 2 '2 3' '2 3 1' '2 3 1 4'; do
    # shellcheck disable=SC2046,SC2086
    expect 0 mdc inspect --json $(some $subset)
    now=$(jq '[.gops[] | select(.full_in != [])] | length' "$work/out")
    [ "$now" -gt "$before" ] || fail "$subset brings nothing"
    before=$now
done
jq -e '.allows == "all" and .whole_count == 4' "$work/out" >/dev/null || fail 'inspect does not see that all are there'

step 'a single description as it is'
for i in 1 2 3 4; do
    [ "$(frames "$(some $i)")" = "$wanted" ] || fail "description $i does not play by itself"
done

step 'cut off anywhere'
bytes=$(stat -c %s "$(some 1)")
for percent in 0 1 5 20 30 50 70 90 99; do
    rm -f "$work/o.mp4"
    head -c $((bytes * percent / 100)) "$(some 1)" >"$work/cut.mp4"
    code=0
    "$FASTREPLICA" mdc decode -o "$work/o.mp4" "$work/cut.mp4" >"$work/out" 2>"$work/err" || code=$?
    [ $code -eq 3 ] || [ $code -eq 4 ] || fail "cut at $percent %: exit code $code"
    [ $percent -lt 20 ] || [ $code -eq 3 ] || fail "cut at $percent %: nothing is left"
    if [ $code -eq 3 ] && [ -n "$wanted" ]; then
        case $(frames "$work/o.mp4") in *[!0-9]*) fail "cut at $percent %: it does not decode" ;; esac
    fi
done

step 'damage: the group is taken from elsewhere'
cp "$(some 1)" "$work/sound.mp4"
for percent in 2 30 60 95; do
    cp "$work/sound.mp4" "$(some 1)"
    printf 'XXXXXXXX' | dd of="$(some 1)" bs=1 seek=$((bytes * percent / 100)) conv=notrunc 2>/dev/null
    rm -f "$work/o.mp4"
    code=0
    "$FASTREPLICA" mdc decode -o "$work/o.mp4" "$work/d"/* >"$work/out" 2>"$work/err" || code=$?
    case $code in 0 | 3) ;; *) fail "damaged at $percent %: exit code $code" ;; esac
    [ "$(frames "$work/o.mp4")" = "$wanted" ] || fail "damaged at $percent %: pictures are missing"
    expect 0 mdc inspect "$work/d"/*
    [ $percent -eq 2 ] || said '1  damaged'
done

step 'refusals and fallbacks'
expect 2 mdc encode -n 8 -r 3% -o "$work/e" "$clip"
said 'need --redundancy [0-9]+% at least'
expect 2 mdc encode -n 4 -r 100% --parity 1 -o "$work/e" "$clip"
said 'what is to spare [0-9]+ %'
[ -z "$(ls -A "$work/e" 2>/dev/null)" ] || fail 'something was left'
head -c 20000 "$clip" >"$work/broken.mp4"
expect 0 mdc encode -n 4 -o "$work/e" "$work/broken.mp4"
said 'encoded as data'
expect 2 mdc encode -n 4 --profile video -o "$work/f" "$work/broken.mp4"
