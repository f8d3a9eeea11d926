#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: a photo becomes descriptions; any one is a picture, each further one makes it better, all are the original.
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
data=$(cd "$(dirname "$0")/../data" && pwd)

# is_jpeg FILE: it begins and ends as one.
is_jpeg() {
    [ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' \n')" = ffd8 ] && [ "$(tail -c 2 "$1" | od -An -tx1 | tr -d ' \n')" = ffd9 ]
}

for name in photo grey progressive; do
    step "$name: any of four are a picture, all are the original"
    rm -rf "$work/d"
    expect 0 mdc encode -n 4 -r 200% -o "$work/d" "$data/$name.jpg"
    said 'profile photo'
    d=$work/d/$name.jpg
    before=0
    set --
    for i in 3 1 4; do
        set -- "$@" "$d.${i}of4.mdc"
        rm -f "$work/out.jpg"
        expect 3 mdc decode -o "$work/out.jpg" "$@"
        said "^$# of 4: a picture of about [0-9]"
        is_jpeg "$work/out.jpg" || fail "$# descriptions give no JPEG"
        now=$(stat -c %s "$work/out.jpg")
        [ "$now" -gt "$before" ] || { [ $name != photo ] && [ "$now" -eq "$before" ]; } || fail "description $# brings nothing"
        before=$now
    done
    rm "$work/out.jpg"
    expect 0 mdc decode -o "$work/out.jpg" "$d".*
    said 'byte for byte'
    cmp "$work/out.jpg" "$data/$name.jpg" || fail 'all of them are not the original'
    rm "$work/out.jpg"
    expect 0 mdc decode --preview -o "$work/out.jpg" "$d".*
    said 'every pixel'
    is_jpeg "$work/out.jpg" || fail 'the preview is no JPEG'
    expect 0 mdc inspect --json "$d.1of4.mdc" "$d.2of4.mdc"
    jq -e '.allows == "some" and .psnr_db > 20 and .exact' "$work/out" >/dev/null || fail 'inspect does not tell what two allow'
done

step 'one to spare'
rm -rf "$work/d" "$work/out.jpg"
expect 0 mdc encode -n 3 --parity 1 -r 150% -o "$work/d" "$data/photo.jpg"
expect 0 mdc decode -o "$work/out.jpg" "$work/d/photo.jpg.1of3.mdc" "$work/d/photo.jpg.3of3.mdc"
cmp "$work/out.jpg" "$data/photo.jpg" || fail 'two of three are not the original'

step 'a description that is cut off'
rm -f "$work/out.jpg"
bytes=$(stat -c %s "$work/d/photo.jpg.1of3.mdc")
for percent in 3 10 40 90; do
    head -c $((bytes * percent / 100)) "$work/d/photo.jpg.1of3.mdc" >"$work/cut"
    code=0
    "$FASTREPLICA" mdc decode -o "$work/out.jpg" "$work/cut" >"$work/out" 2>"$work/err" || code=$?
    [ $code -eq 3 ] || [ $code -eq 4 ] || fail "cut at $percent %: exit code $code"
    [ $code -eq 4 ] || is_jpeg "$work/out.jpg" || fail "cut at $percent %: no JPEG"
    rm -f "$work/out.jpg"
done

step 'what cannot be a photo is data, or refused where a photo was asked for'
rm -rf "$work/d"
head -c 3000 "$data/photo.jpg" >"$work/broken.jpg"
expect 0 mdc encode -n 4 -o "$work/d" "$work/broken.jpg"
said 'encoded as data'
expect 2 mdc encode -n 4 --profile photo -o "$work/e" "$work/broken.jpg"
cat "$data/photo.jpg" "$data/grey.jpg" >"$work/trailing.jpg"
rm -rf "$work/d" "$work/out.jpg"
expect 0 mdc encode -n 2 -o "$work/d" "$work/trailing.jpg"
expect 0 mdc decode -o "$work/out.jpg" "$work/d"/*
said 'byte for byte|every pixel'
expect 2 mdc encode -n 8 -r 1% -o "$work/e" "$data/photo.jpg"
said 'needs --redundancy [0-9]+% at least'
[ -z "$(ls -A "$work/e" 2>/dev/null)" ] || fail 'something was left'
