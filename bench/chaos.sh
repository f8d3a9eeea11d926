#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Does anything wrong ever come of pushes to 24 nodes while all sorts of things go wrong, and does everything come right when they are over?
#
#   bench/chaos.sh [--seconds N] [--seed N] [--mbit N]      120 s, any seed, 100 Mbit/s a host (0: unshaped)
#
# For so long, files of all sizes are pushed one after another, sometimes two at once, under 40 names that are used again, while every few
# seconds something happens to a host (faults.sh). Each node runs under a supervisor. A push may end with exit code 0 or 3. Then the faults
# heal, pushes that ended with 3 are run again for the nodes that lack the file (push --retry, at most three times), and it is looked if
#   - every node has the last content of every name, by SHA-256, and had nothing else meanwhile than what was pushed under it;
#   - every node answers and is busy with nothing; none ended but by SIGKILL; each ends by itself on SIGTERM; no process is left.
# The seed decides what happens to whom, and what is pushed; not to the millisecond when. Ends with "chaos: passed" and 0, or with what
# failed and 1. FR_CHAOS_KEEP=DIR: everything of a run that failed is copied there.
set -u
here=$(cd "$(dirname "$0")" && pwd)
FASTREPLICA=${FASTREPLICA:-$here/../build/release/fastreplica}
. "$here/lab.sh"
lab_become_root "$@"

seconds=120 seed=$((RANDOM * 32768 + RANDOM)) mbit=100
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2 ;;
    --seed) seed=$2 ;;
    --mbit) mbit=$2 ;;
    *)
        echo "chaos: no option '$1'" >&2
        exit 2
        ;;
    esac
    shift 2
done
for tool in "$FASTREPLICA" jq tc ip nft; do
    command -v "$tool" >/dev/null || {
        echo "chaos: needs $tool (scripts/setup --bench installs the tools, make builds the program)" >&2
        exit 1
    }
done
recipients=24 names=40 small_stores=4 small_mib=320
retries_max=3 push_patience=120 silence=4s

work=$(mktemp -d /dev/shm/fr-chaos.XXXXXX) || exit 1
supervisors=() helpers=()
began=$(date +%s%N)
chaos_second() { awk -v ns="$(($(date +%s%N) - began))" 'BEGIN { printf "%.1f", ns / 1e9 }'; }
cleanup() {
    local pid host
    : >"$work/stopping"
    for pid in "${helpers[@]}" "${supervisors[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${helpers[@]}" "${supervisors[@]}"; do wait "$pid" 2>/dev/null; done
    for ((host = 1; host <= recipients; host++)); do
        mountpoint -q "$work/$host" && umount "$work/$host"
    done
    lab_down
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
. "$here/faults.sh"

say() { printf '%7s s  %s\n' "$(chaos_second)" "$*"; }
wrong() { echo "$*" >>"$work/wrong"; }

# ---- looking ----

# check_store HOST: every file that came under a final name since it was last looked holds something that was pushed under this name.
check_store() {
    local host=$1 file sum
    : >"$work/$host.looking"
    while IFS= read -r file; do
        sum=$(sha256sum <"$file" 2>/dev/null) || continue # replaced, or gone
        grep -qx "${sum%% *}" "$work/sums/${file##*/}" ||
            wrong "host $host has a ${file##*/} that nobody pushed, of $(stat -c %s "$file") bytes"
    done < <(find "$work/$host" -maxdepth 1 -type f ! -name '.*' -cnewer "$work/$host.looked" 2>/dev/null)
    mv "$work/$host.looking" "$work/$host.looked"
}

# ---- pushing ----

tell_option() { # OPTION VALUE ...: the last of them; of a retry not which file
    case $1 in
    --retry) echo 'its missing nodes' ;;
    *) echo "${*: -2}" ;;
    esac
}

# push_run NUMBER NAME OPTION...: one push with its time, its exit code and its report. It must end with 0 or 3.
push_run() {
    local number=$1 name=$2 code=0 at ended
    shift 2
    at=$(date +%s%N)
    timeout -k 5 $push_patience ip netns exec "$lab_prefix-0" "$FASTREPLICA" push "$work/source/$name" --keys "$work/keys" \
        --report "$work/reports/$name" --silence-timeout $silence --connect-timeout 2s --quiet "$@" 2>"$work/push.$number.err" || code=$?
    ended=$(awk -v ns="$(($(date +%s%N) - at))" 'BEGIN { printf "%.1f", ns / 1e9 }')
    echo "$code $ended" >>"$work/pushes"
    say "push $number: $name, $(stat -c %s "$work/source/$name") bytes, $(tell_option "$@"): exit $code after $ended s, $(jq -r \
        '"\([.nodes[] | select(.verdict == "complete" or .verdict == "slow")] | length) of \(.nodes | length) nodes"' "$work/reports/$name")"
    case $number:$code in # of one node that is asked again and fails, the code is 4
    *:0 | *:3 | retry-*:4) return ;;
    esac
    wrong "push $number of $name ended with $code: $(tail -n 3 "$work/push.$number.err")"
}

# make_source NAME: new content, from 16 KiB to 16 MiB, small ones as often as large ones.
make_source() {
    local bytes=$((16384 << (RANDOM % 10)))
    bytes=$((bytes + RANDOM * 32768 % bytes - RANDOM % 2))
    head -c $bytes /dev/urandom >"$work/source/$1"
    sha256sum <"$work/source/$1" | awk '{ print $1 }' >>"$work/sums/$1"
}

push_for() { # SECONDS
    local number=0 count pids
    local shapes=("--group-size 24" "--group-size 8" "--group-size 6" "--group-size 4" "--chunk-size 16K" "--shape chain")
    local until=$((SECONDS + $1)) pid name
    while [ $SECONDS -lt $until ]; do
        count=$((RANDOM % 4 ? 1 : 2)) pids=()
        while [ $count -gt 0 ]; do
            number=$((number + 1)) count=$((count - 1))
            name=f$((number % names))
            make_source $name
            # shellcheck disable=SC2086  # an option and its value
            push_run $number $name --to "$work/nodes" ${shapes[RANDOM % ${#shapes[@]}]} &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done
    done
}

is_idle() {
    lab_exec 0 "$FASTREPLICA" status --to "$work/nodes" --keys "$work/keys" --json >"$work/status" 2>/dev/null &&
        [ "$(jq '[.. | objects | select(.state? == "receiving")] | length' "$work/status")" = 0 ]
}

await_idle() {
    local tries
    for ((tries = 0; tries < 60; tries++)); do
        ! is_idle || return 0
        sleep 0.5
    done
    wrong "after 30 s not every node answers and is idle: $(jq -c . "$work/status" | head -c 2000)"
}

# Those who lack the file, and nobody else, up to three times. A node that was killed and taken in again by its peers, while the origin had
# given it up already, is busy with that push until it finds out that nothing more comes; another one of the same name is refused as long.
retry_all() {
    local report name try
    for report in "$work"/reports/f*; do
        name=${report##*/}
        for ((try = 1; try <= retries_max; try++)); do
            [ "$(jq -r .outcome "$report")" != all ] || break
            await_idle
            push_run "retry-$try" "$name" --retry "$report"
        done
        [ "$(jq -r .outcome "$report")" = all ] || wrong "$name: still missing somewhere after $retries_max retries: $(jq -c \
            '[.nodes[] | select(.verdict != "complete" and .verdict != "slow") | {name, verdict, reason}]' "$report")"
    done
}

# ---- the end ----

# Every host has the last content of every name. The source has the SHA-256 that was written down; to compare the bytes with it is quicker.
verify_all() {
    local host file
    for file in "$work"/source/f*; do
        sha256sum <"$file" | grep -q "^$(tail -n 1 "$work/sums/${file##*/}") " || wrong "the source of ${file##*/} has changed"
        for ((host = 1; host <= recipients; host++)); do
            cmp -s "$file" "$work/$host/${file##*/}" && continue
            check_store $host
            wrong "host $host has another ${file##*/} than was pushed last, or none"
        done
    done
}

stop_nodes() {
    local host pid tries
    : >"$work/stopping"
    for ((host = 1; host <= recipients; host++)); do signal_node $host TERM; done
    for ((tries = 0; tries < 100; tries++)); do
        [ "$(for ((host = 1; host <= recipients; host++)); do ip netns pids "$lab_prefix-$host"; done | wc -l)" = 0 ] && break
        sleep 0.1
    done
    for ((host = 0; host <= recipients; host++)); do
        pid=$(ip netns pids "$lab_prefix-$host" | tr '\n' ' ')
        [ -z "$pid" ] || wrong "host $host: processes are left: $pid"
    done
    for ((host = 1; host <= recipients; host++)); do
        [ "$(tail -n 1 "$work/$host.ends")" = 0 ] || wrong "host $host: the node ended with $(tail -n 1 "$work/$host.ends") on SIGTERM"
        ! head -n -1 "$work/$host.ends" | grep -qvx 137 || wrong "host $host: the node died: $(tail -n 3 "$work/$host.log")"
    done
}

tell() {
    printf '\n%-10s %s\n' fault times
    awk '{ n[$1]++ } END { for (k in n) printf "%-10s %d\n", k, n[k] }' "$work/faults" | sort
    printf '\n%-10s %7s %10s %10s\n' 'exit code' pushes 'median s' 'longest s'
    sort -k 1,1n -k 2,2n "$work/pushes" | awk '{ t[$1, ++n[$1]] = $2 } END { for (c in n) printf "%-10s %7d %10.1f %10.1f\n", c, n[c],
        t[c, int((n[c] + 1) / 2)], t[c, n[c]] }' | sort -n
    echo
}

echo "chaos: seed $seed, $seconds s, $recipients nodes, $mbit Mbit/s a host"
RANDOM=$seed
"$FASTREPLICA" keygen "$work/keys" >/dev/null && lab_up $recipients "$mbit" 1500 || exit 1
mkdir "$work/source" "$work/sums" "$work/reports"
touch "$work/faults" "$work/pushes" "$work/wrong"
for ((host = 1; host <= recipients; host++)); do
    mkdir "$work/$host"
    touch -d @0 "$work/$host.looked"
    [ $host -le $((recipients - small_stores)) ] || mount -t tmpfs -o size=${small_mib}m tmpfs "$work/$host" || exit 1
    supervise $host "$FASTREPLICA" node --store "$work/$host" --keys "$work/keys" --listen "$(lab_address $host):7420" \
        --silence-timeout $silence --log-level warning &
    supervisors+=($!)
    echo "$(lab_address $host):7420" >>"$work/nodes"
done
await_idle
faults_run $((seed + 1)) &
helpers=($!)
push_for "$seconds"
: >"$work/healing"
wait "${helpers[0]}"
helpers=()
say "faults are healed"
retry_all
await_idle
say "every push is at its end"
verify_all
say "every copy was read"
stop_nodes
say "every node is stopped"
tell
if [ -s "$work/wrong" ]; then
    cat "$work/wrong"
    [ -z "${FR_CHAOS_KEEP-}" ] || cp -r "$work" "$FR_CHAOS_KEEP"
    echo "chaos: failed with seed $seed"
    exit 1
fi
echo "chaos: passed"
