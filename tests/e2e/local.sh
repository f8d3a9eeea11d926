#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: the first look, `fastreplica local`. It cleans up after itself, also when it is stopped in the middle or killed; with --keep the
# copies stay. Progress is lines where there is no terminal, and is drawn in place where there is one.
. "$(dirname "$0")/_lib.sh"

mkdir "$work/tmp"
export TMPDIR="$work/tmp"
make_random "$work/object" 20000000

# Nodes of ours that run: their command line names $work.
count_nodes() {
    pgrep -c -f "^fastreplica node .*$work/" || :
}

assert_clean() {
    [ "$(count_nodes)" -eq 0 ] || fail "$1: nodes are still running"
    [ -z "$(find "$work/tmp" -mindepth 1 -print -quit)" ] || fail "$1: something is left in TMPDIR"
}

step 'eight nodes, one push, one table'
expect 0 local --nodes 8 "$work/object" --report "$work/report.json"
check '(.nodes | length) == 8 and .outcome == "all"'
said 'to 8 of 8 nodes'
[ "$(grep -c '^127\.0\.0\.1:' "$work/out")" -eq 8 ] || fail 'the table has not eight rows'
! grep -q "$(printf '\033')" "$work/out" "$work/err" || fail 'there are terminal sequences in what is no terminal'
assert_clean 'after a good run'

step 'JSON, and nothing else, on standard output'
expect 0 local --nodes 2 "$work/object" --json
jq -e '.outcome == "all"' "$work/out" >/dev/null || fail 'standard output is not the report'

step 'kept copies'
expect 0 local --nodes 3 "$work/object" --name kept.bin --keep --dir "$work/kept" --quiet
for node in 1 2 3; do
    [ "$(sha_of "$work/kept/node0$node/store/kept.bin")" = "$(sha_of "$work/object")" ] || fail "node $node has another file"
done
[ "$(count_nodes)" -eq 0 ] || fail 'nodes are still running'
expect 2 local --nodes 3 "$work/object" --dir "$work/kept"
said 'not an empty folder'
rm -r "$work/kept"

step 'a wrong name is told, and nothing is left'
expect 2 local --nodes 2 "$work/object" --name ../x
said 'name'
assert_clean 'after a wrong name'

nodes_listen() {
    [ -n "$(find "$work/tmp" -path '*/node03/port')" ]
}

step 'stopped in the middle'
mkfifo "$work/fifo"
sleep 60 >"$work/fifo" &
pids="$pids $!"
for signal in INT TERM; do
    "$FASTREPLICA" local --nodes 3 "$work/fifo" --report "$work/report.json" >"$work/out" 2>"$work/err" &
    runner=$!
    pids="$pids $runner"
    wait_until 10 nodes_listen || fail 'the nodes do not start'
    sleep 0.5
    kill -s $signal $runner
    wait_until 15 is_ended $runner || fail "local does not end on SIG$signal"
    code=0
    wait $runner || code=$?
    [ "$code" -eq 1 ] || fail "stopped by SIG$signal: exit code $code"
    said '^NODE +VERDICT'
    check '.outcome == "failed"'
    assert_clean "after SIG$signal"
done

step 'killed in the middle: the nodes die with it'
"$FASTREPLICA" local --nodes 3 "$work/fifo" >"$work/out" 2>"$work/err" &
runner=$!
pids="$pids $runner"
wait_until 10 nodes_listen || fail 'the nodes do not start'
kill -KILL $runner
wait $runner || :
no_nodes() {
    [ "$(count_nodes)" -eq 0 ]
}
wait_until 5 no_nodes || fail 'the nodes live on'

step 'progress without a terminal'
{
    head -c 1000000 "$work/object"
    sleep 7
    head -c 1000000 "$work/object"
} | "$FASTREPLICA" local - --name slow --nodes 2 >"$work/out" 2>"$work/err" || fail 'local failed'
lines=$(grep -c '^fastreplica: slow  .* so far' "$work/err")
[ "$lines" -ge 1 ] && [ "$lines" -le "$(patient 3)" ] || fail "$lines lines of progress in seven seconds"

step 'progress on a terminal'
if command -v script >/dev/null; then
    export TERM=xterm
    make_random "$work/large" 100000000
    # script stops itself when it sees the trick by which the leak checker of an instrumented build halts a process at its end; so none here.
    # on_terminal ROWS ARGUMENT...: runs local on a terminal of that many rows; what that got to see is in $work/typescript.
    on_terminal() {
        rows=$1
        shift
        timeout "$(patient 60)" env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" script --quiet --return \
            --command "stty rows $rows columns 100; '$FASTREPLICA' local $*" "$work/typescript" >/dev/null </dev/null ||
            fail "local failed on a terminal of $rows rows"
    }
    on_terminal 24 --nodes 4 "'$work/large'"
    grep -aq 'large  *[0-9]*% of 100 MB' "$work/typescript" || fail 'no line for the whole'
    grep -aq '127\.0\.0\.1:[0-9]*  \[[#.]*\]  *[0-9]*%' "$work/typescript" || fail 'no bar for a node'
    grep -aq "$(printf '\033\\[5A')" "$work/typescript" || fail 'it is not drawn in place'
    grep -aq 'to 4 of 4 nodes' "$work/typescript" || fail 'no table in the end'
    # Fewer rows than nodes: one line for all.
    on_terminal 5 --nodes 6 "'$work/large'"
    ! grep -aq '\[#*\.*\]  *[0-9]*%' "$work/typescript" || fail 'bars where there is no room for them'
    grep -aq "$(printf '\033\\[1A')" "$work/typescript" || fail 'the line is not drawn in place'
else
    echo 'skipped: a terminal (script is not installed)'
fi
