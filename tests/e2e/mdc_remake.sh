#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: videos whose packets cannot be copied are encoded again first; all descriptions are then that film, and say so.
#
#       old.avi --encoded again--> film --> d1 .. d4 --> film
. "$(dirname "$0")/_lib.sh"
[ -x "$(dirname "$FASTREPLICA")/fastreplica-mdc" ] || skip 'this build has no fastreplica-mdc'
data=$(cd "$(dirname "$0")/../data" && pwd)

# encode_again FILE [OPTION...]: $d is what its descriptions are called.
encode_again() {
    rm -rf "$work/d" "$work/out.mp4" "$work/one.mp4"
    source=$1
    shift
    expect 0 mdc encode -n 4 -r 150% "$@" -o "$work/d" "$source"
    said 'profile video'
    said 'encoded again'
    d=$(basename "$source")
    d=$work/d/${d%.*}.mp4
}

# decode_all: of all four comes a whole film, of one something to look at.
decode_all() {
    expect 0 mdc decode -o "$work/out.mp4" "$d".*
    said "not the source's bytes"
    expect 3 mdc decode -o "$work/one.mp4" "$d.3of4.mp4"
    expect 0 mdc inspect --json "$d".*
    jq -e '.exact == false and .allows == "all" and .whole_count == 4' "$work/out" >/dev/null || fail 'inspect tells something else'
    [ "$(sha_of "$work/out.mp4")" = "$(jq -r .source.sha256 "$work/out")" ] || fail 'the film is not what the set says'
}

step 'an old AVI'
encode_again "$data/old.avi"
said 'not H.264'
decode_all
expect 0 mdc inspect "$d".*
said '^remade  old.mp4'
said "encoded again, not the source's bytes"
jq . "$work/out" >/dev/null 2>&1 && fail 'this was to be for people'
[ -z "$(find "$work/d" -name '.*' -type f)" ] || fail 'temporary files are left'

step 'copy does not do that, and encode does it also to what could be copied'
expect 2 mdc encode -n 4 --hq copy -o "$work/e" "$data/old.avi"
said 'cannot be copied: the video is not H.264'
[ ! -e "$work/e" ] || fail 'a folder was made for nothing'
encode_again "$data/clip.mp4" --hq encode
decode_all
! cmp -s "$work/out.mp4" "$data/clip.mp4" || fail 'it was copied'
expect 0 mdc encode -n 4 -r 100% --hq copy -o "$work/c" "$data/clip.mp4"

step 'what is no video, or says something else than its profile'
for file in photo.jpg grey.jpg; do
    for how in copy encode; do
        expect 2 mdc encode -n 4 --hq $how -o "$work/e" "$data/$file"
    done
done
make_random "$work/noise" 100000
expect 2 mdc encode -n 4 --hq encode -o "$work/e" "$work/noise"
said 'no video'
expect 0 mdc encode -n 4 -o "$work/n" "$work/noise"
said 'profile data'
expect 2 mdc encode -n 4 --hq encode --profile data -o "$work/e" "$data/clip.mp4"
said 'is for videos'
expect 2 mdc encode -n 4 --hq best -o "$work/e" "$data/clip.mp4"
[ -z "$(ls -A "$work/e" 2>/dev/null)" ] || fail 'something was left'

step 'a list that names other files opens none of them'
printf '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://%s/old.avi\n#EXT-X-ENDLIST\n' "$data" >"$work/list.m3u8"
printf "ffconcat version 1.0\nfile '%s/old.avi'\n" "$data" >"$work/list.ffconcat"
for list in m3u8 ffconcat; do
    expect 2 mdc encode -n 4 --hq encode -o "$work/e" "$work/list.$list"
done

command -v ffmpeg >/dev/null || { echo 'skipped: other kinds of film (ffmpeg is not installed)'; exit 0; }

# make NAME OPTION...: the clip as another kind of film; false where this ffmpeg cannot make it.
make() {
    name=$1
    shift
    ffmpeg -v quiet -y -i "$data/clip.mp4" "$@" "$work/$name" </dev/null || { echo "skipped: $name (this ffmpeg does not make it)"; return 1; }
}
# shape FILE: its pictures, and which side is up.
shape() {
    ffprobe -v error -select_streams v:0 -count_packets -show_entries stream=nb_read_packets,width,height:stream_side_data=rotation \
        -of default=nw=1 "$1" | LC_ALL=C sort -u
}
# remakes NAME: all of its pictures come out again, and none of it is broken.
remakes() {
    encode_again "$work/$1"
    decode_all
    [ "$(shape "$work/out.mp4")" = "$(shape "$work/$1")" ] || fail "$1: $(shape "$work/out.mp4"), not $(shape "$work/$1")"
    for film in out one; do
        [ -z "$(ffmpeg -v error -i "$work/$film.mp4" -fps_mode passthrough -f null - 2>&1)" ] || fail "$1: $film.mp4 does not decode"
    done
}

step 'films of other kinds'
x264='-c:v libx264 -preset ultrafast'
# shellcheck disable=SC2086  # options are words
{
    ! make open.mkv $x264 -x264-params open-gop=1:keyint=24:bframes=2 -c:a copy || remakes open.mkv
    ! make comb.mp4 $x264 -flags +ildct -x264-params tff=1 -c:a copy || remakes comb.mp4
    ! make deep.mp4 $x264 -pix_fmt yuv420p10le -c:a copy || remakes deep.mp4
    ! make full.mp4 $x264 -pix_fmt yuv444p -an || remakes full.mp4
    ! make stream.ts $x264 -c:a mp2 || remakes stream.ts
    ! make disc.mpg -r 25 -c:v mpeg2video -c:a mp2 || remakes disc.mpg
    ! make web.webm -c:v libvpx -deadline realtime -c:a libvorbis || remakes web.webm
    ! make turned.mp4 -c:v mpeg4 -c:a ac3 -metadata:s:v rotate=90 || remakes turned.mp4
    ! make motion.avi -c:v mjpeg -an || remakes motion.avi
    ! make plain.h264 $x264 -bf 0 -an || remakes plain.h264
}

step 'what is damaged stays what it is, unless it is asked for'
make mkv.mkv -c:v mpeg4 -c:a mp2 || exit 0
head -c $(($(stat -c %s "$work/mkv.mkv") / 2)) "$work/mkv.mkv" >"$work/half.mkv"
expect 0 mdc encode -n 4 -o "$work/h" "$work/half.mkv"
said 'damaged.* encoded as data'
encode_again "$work/half.mkv" --hq encode
said 'damaged'
decode_all
