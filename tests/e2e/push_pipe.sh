#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: what is pushed is not a file yet. An archive is made and pushed in one go, through standard input and through a FIFO; a slow writer, a
# writer that writes nothing, a regular file on standard input. The origin keeps no copy of its own.
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 3
nodes=$(list_of n1 n2 n3)
mkdir "$work/tmp" "$work/here"
export TMPDIR="$work/tmp"
make_archive "$work/usr.tar" 40000000
bytes=$(stat -c %s "$work/usr.tar")
cd "$work/here"

step 'an archive through standard input'
expect_piped() {
    code=0
    "$FASTREPLICA" push "$@" --to "$nodes" --keys "$keys" --report "$work/report.json" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 0 ] || fail "push $*: exit code $code"
}
# What is pushed is made while it is pushed; tar makes the same archive of the same files again.
tar --create --verbatim-files-from --absolute-names --files-from "$work/files" | expect_piped - --name x.tar
assert_copies "$work/usr.tar" x.tar n1 n2 n3
check ".object.bytes == $bytes and .object.name == \"x.tar\" and .object.sha256 == \"$(sha_of "$work/usr.tar")\""
check ".origin.bytes_read == $bytes and .origin.bytes_sent <= 1.03 * $bytes"
check 'all(.nodes[]; has_it and .chunks_owned > 0)'
[ "$(stat -c %a "$work/n1/store/x.tar")" = 644 ] || fail 'what came from a pipe has another mode than 0644'

step 'through a FIFO'
mkfifo "$work/fifo"
cat "$work/usr.tar" >"$work/fifo" &
pids="$pids $!"
expect 0 push "$work/fifo" --to "$nodes" --keys "$keys" --chunk-size 64K
assert_copies "$work/usr.tar" fifo n1 n2 n3

step 'the origin keeps no copy'
left=$(find "$work/tmp" "$work/here" -mindepth 1)
[ -z "$left" ] || fail "the origin left something: $left"

step 'a slow writer'
{
    echo one
    sleep 2
    head -c 100000 "$work/usr.tar"
    sleep 1
    echo end
} >"$work/parts" &
slow=$!
pids="$pids $slow"
{
    echo one
    sleep 2
    head -c 100000 "$work/usr.tar"
    sleep 1
    echo end
} | expect_piped - --name slow --chunk-size 16K
wait "$slow"
assert_copies "$work/parts" slow n1 n2 n3

step 'a writer that writes nothing'
: | expect_piped - --name nothing
: >"$work/nothing"
assert_copies "$work/nothing" nothing n1 n2 n3
check '.object.bytes == 0 and .object.chunks == 0 and .object.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'

step 'a regular file on standard input'
expect_piped - --name file <"$work/usr.tar"
assert_copies "$work/usr.tar" file n1 n2 n3

step 'standard input to nodes of this machine alone'
code=0
"$FASTREPLICA" local - --name x --nodes 2 <"$work/parts" >"$work/out" 2>"$work/err" || code=$?
[ "$code" -eq 0 ] || fail "local -: exit code $code"
said 'to 2 of 2 nodes'
