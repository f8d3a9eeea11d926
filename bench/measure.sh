# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # what is set here is used by those who source this, and the other way round
# One push over the lab, measured and checked. Sourced after lab.sh; needs $work with keys in it.

row() { printf '%-44s %9s %8s %10s %9s %9s\n' "$@"; }
make_file() { head -c "$(($1 * 1024 * 1024))" /dev/urandom >"$work/file"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
calc() { awk "BEGIN { printf \"%.3f\", $1 }"; }

# push_once RECIPIENTS [OPTION...]: to the nodes in $work/nodes; sets seconds, sent_ratio, cpu, peak; the report stays in $work/report. While it runs,
# `while_pushing SECONDS_SO_FAR` is called about twenty times a second, if there is such a function. FR_NODES: another node list.
# may_fail, if set: some nodes may end without the file.
push_once() {
    local recipients=$1 pid status host sum want began
    shift
    rm -rf "$work"/[0-9]*
    nodes_start "$work" "$recipients" || return 1
    ip netns exec "$lab_prefix-0" "$FASTREPLICA" push "$work/file" --to "${FR_NODES:-$work/nodes}" --keys "$work/keys" --report "$work/report" --quiet "$@" &
    pid=$!
    began=$(date +%s.%N)
    push_cpu=0 push_peak=0
    while kill -0 $pid 2>/dev/null; do
        push_cpu=$(proc_cpu $pid || echo $push_cpu) push_peak=$(proc_peak_mib $pid || echo $push_peak)
        last_cpu=${push_cpu:-${last_cpu-0}} last_peak=${push_peak:-${last_peak-0}}
        if declare -F while_pushing >/dev/null; then while_pushing "$(calc "$(date +%s.%N) - $began")"; fi
        sleep 0.05
    done
    wait $pid
    status=$?
    [ $status = 0 ] || { [ $status = 3 ] && [ -n "${may_fail-}" ]; } || { echo "push failed with $status" >&2; jq . "$work/report" >&2; return 1; }
    want=$(jq -r .object.sha256 "$work/report")
    for ((host = 1; host <= recipients; host++)); do
        [ "$(jq -r ".nodes[$host - 1].verdict" "$work/report")" = complete ] || [ -z "${may_fail-}" ] || continue # measured for the others
        sum=$(sha256sum <"$work/$host/file" | cut -d' ' -f1)
        [ "$sum" = "$want" ] || { echo "host $host has another file" >&2; return 1; }
    done
    seconds=$(jq .seconds "$work/report")
    sent_ratio=$(jq '.origin.bytes_sent / .object.bytes' "$work/report")
    cpu=$(awk -v a="$(nodes_cpu)" -v b="$last_cpu" -v n="$recipients" -v s="$(stat -c %s "$work/file")" 'BEGIN { printf "%.2f", (a + b) / (n * s / 1073741824) }')
    peak=$(printf '%s\n%s\n' "$(nodes_peak_mib)" "$last_peak" | sort -n | tail -1)
    nodes_stop
}

# bench_begin TOOL...: are these there? Then $work with keys and a file of $mib MiB, removed in the end with all that runs, and $bound, F/C at $mbit.
bench_begin() {
    local tool
    for tool in "$FASTREPLICA" jq tc ip "$@"; do
        command -v "$tool" >/dev/null || { echo "bench: needs $tool (scripts/setup --bench installs the tools, make builds the program)" >&2; exit 1; }
    done
    work=$(mktemp -d /dev/shm/fr-bench.XXXXXX) || exit 1
    trap 'nodes_stop; lab_down; rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    "$FASTREPLICA" keygen "$work/keys" >/dev/null || exit 1
    make_file "$mib"
    bound=$(calc "$mib * 1048576 * 8 / ($mbit * 1000000)")
}
