# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the stories share: a folder that goes away, nodes that are stopped by pid whatever happens, and checks that say what they missed.
# A story sources this first. It needs $FASTREPLICA, the program.
set -eu
: "${FASTREPLICA:?FASTREPLICA must name the program under test}"

work=$(mktemp -d "${TMPDIR:-/tmp}/fr-story-XXXXXX")
keys=$work/keys
pids=''   # processes of ours that may still run
mounts='' # file systems of ours that may still be mounted

# Every node and helper gets SIGKILL, which a stopped process takes too; each is waited for, so none is left when the story ends.
clean_up() {
    status=$?
    trap - EXIT
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        for log in "$work"/*/log "$work"/out "$work"/err; do
            [ -s "$log" ] || continue
            echo "--- ${log#"$work"/}" >&2
            tail -n 15 "$log" >&2
        done
    fi
    for pid in $pids; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    for mount in $mounts; do
        umount "$mount" || :
    done
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "SKIPPED: $*"
    exit 77
}

step() {
    echo "== $*"
}

# patient SECONDS: as many as a build like this one may take; instrumented ones are slower.
patient() {
    echo $(($1 * ${FR_TIME_FACTOR:-1}))
}

# wait_until SECONDS COMMAND...: asks ten times a second, patiently.
wait_until() {
    tries=$(($(patient "$1") * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# A child that ended stays as a zombie until it is waited for.
is_ended() {
    [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# start_node NAME [OPTION...]: its store, log and port lie in $work/NAME. The keys are $work/NAME/keys when that is there, else $keys.
start_node() {
    node=$1
    shift
    mkdir -p "$work/$node"
    rm -f "$work/$node/port"
    node_keys=$keys
    [ ! -d "$work/$node/keys" ] || node_keys=$work/$node/keys
    "$FASTREPLICA" node --store "$work/$node/store" --keys "$node_keys" --listen 127.0.0.1:0 --port-file "$work/$node/port" "$@" \
        2>>"$work/$node/log" &
    echo $! >"$work/$node/pid"
    pids="$pids $!"
    wait_until 10 test -s "$work/$node/port" || fail "node $node does not listen"
}

# start_nodes N [OPTION...]: n1 .. nN
start_nodes() {
    count=$1
    shift
    index=1
    while [ "$index" -le "$count" ]; do
        start_node "n$index" "$@"
        index=$((index + 1))
    done
}

pid_of() {
    cat "$work/$1/pid"
}

# stop_node NAME: as an operator does; it must end by itself and cleanly.
stop_node() {
    pid=$(pid_of "$1")
    kill -TERM "$pid"
    wait_until 10 is_ended "$pid" || fail "node $1 does not stop on SIGTERM"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "node $1 ended with $code after SIGTERM"
}

# kill_node NAME: SIGKILL, and its end as a supervisor waits for it. A zombie whose threads still go has the store's lock.
kill_node() {
    kill -KILL "$(pid_of "$1")"
    wait "$(pid_of "$1")" || :
}

address() {
    echo "127.0.0.1:$(cat "$work/$1/port")"
}

# list_of NAME...: their addresses, comma-separated.
list_of() {
    joined=''
    for name; do
        joined=$joined${joined:+,}$(address "$name")
    done
    echo "$joined"
}

# A port of loopback where nobody listens: a node had it a moment ago.
free_port() {
    start_node gone
    cat "$work/gone/port"
    stop_node gone >/dev/null
}

# expect CODE ARGUMENT...: the program ends with this code; what it wrote is in $work/out and $work/err.
expect() {
    expected=$1
    shift
    code=0
    "$FASTREPLICA" "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$expected" ] || fail "fastreplica $*: exit code $code, not $expected"
}

# said PATTERN: an extended regular expression in what the last `expect` wrote.
said() {
    grep -Eq -- "$1" "$work/out" "$work/err" || fail "nowhere in the output: $1"
}

# start_push ARGUMENT...: a push in the background, $pusher. What it writes is where that of `expect` is.
start_push() {
    "$FASTREPLICA" push "$@" >"$work/out" 2>"$work/err" &
    pusher=$!
    pids="$pids $pusher"
}

# end_push: the push that was begun as $pusher; $code is how it ended.
end_push() {
    wait_until 60 is_ended "$pusher" || fail 'the push does not end'
    code=0
    wait "$pusher" || code=$?
}

# each_has_one FOLDER NODE...: each node has a finished file in this folder of its store.
each_has_one() {
    folder=$1
    shift
    for node; do
        set -- "$work/$node/store/$folder"/*
        [ -e "$1" ] || return 1
    done
}

# kill_push_early FOLDER NODE...: the origin dies as soon as each node has one; by then it may be over.
kill_push_early() {
    tries=1000000 # it is a matter of milliseconds
    until each_has_one "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail 'no node gets any description'
    done
    kill -KILL "$pusher" 2>/dev/null || echo 'it was over already'
    wait "$pusher" || :
    sleep "$(patient 2)"
}

sha_of() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# assert_copies FILE NAME NODE...: each node has the file's very bytes under NAME.
assert_copies() {
    original=$(sha_of "$1")
    name=$2
    shift 2
    for node; do
        [ -f "$work/$node/store/$name" ] || fail "node $node has no $name"
        [ "$(sha_of "$work/$node/store/$name")" = "$original" ] || fail "node $node has another $name"
    done
}

has_no_partial() {
    [ -z "$(ls -A "$work/$1/store/.fastreplica/partial")" ]
}

# assert_nothing NAME NODE...: nothing under the final name, and what was begun is removed soon.
assert_nothing() {
    name=$1
    shift
    for node; do
        [ ! -e "$work/$node/store/$name" ] || fail "node $node has a $name"
        wait_until 20 has_no_partial "$node" || fail "node $node keeps an unfinished object"
    done
}

# report FILTER: what jq finds in $work/report.json; check FILTER: it must be true. `has_it` is asked of a node: on a machine that carries all nodes
# at once one of them may well be slow.
report() {
    jq -r "def has_it: .verdict == \"complete\" or .verdict == \"slow\"; $1" "$work/report.json"
}

check() {
    [ "$(report "$1")" = true ] || fail "not so in the report: $1
$(cat "$work/report.json")"
}

# make_random FILE BYTES
make_random() {
    head -c "$2" /dev/urandom >"$1"
}

# make_archive FILE BYTES: a real archive of files under /usr, of about that size.
make_archive() {
    find /usr/bin /usr/lib /usr/share -xdev -type f -readable -size +4k -printf '%s %p\n' 2>/dev/null | LC_ALL=C sort -k 2 |
        awk -v left="$2" '$1 + 1024 <= left { left -= $1 + 1024; sub(/^[0-9]* /, ""); print }' >"$work/files"
    tar --create --verbatim-files-from --absolute-names --file "$1" --files-from "$work/files"
    [ "$(stat -c %s "$1")" -gt $(($2 / 2)) ] || fail "there are not enough files under /usr for an archive of $2 bytes"
}

# make_keys: $keys
make_keys() {
    "$FASTREPLICA" keygen "$keys" >/dev/null
}
