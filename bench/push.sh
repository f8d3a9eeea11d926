#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How fast does one group get a file, against the least possible time, and at what cost?
#
#   bench/push.sh [--quick] [CASE ...]     shaped, slow, small-frames, unshaped (default: all), each FR_BENCH_RUNS (3) times;
#                                          --quick: once, smaller files
#
# Each row: what, seconds, ratio to the bound F/C (shaped) or to the peer, bytes that left the origin / file, CPU seconds per GiB delivered, peak
# memory of the largest process. The peer is what people do without such a tool: nginx at the origin and curl at every recipient, in the same
# namespaces at the same rates, in the same sitting.
set -u
here=$(cd "$(dirname "$0")" && pwd)
FASTREPLICA=${FASTREPLICA:-$here/../build/release/fastreplica}
. "$here/lab.sh"
lab_become_root "$@"

runs=${FR_BENCH_RUNS:-3}
shaped_mib=128
unshaped_mib=1024
if [ "${1-}" = --quick ]; then
    runs=1 shaped_mib=32 unshaped_mib=256
    shift
fi
cases=${*:-shaped slow small-frames unshaped}
for tool in "$FASTREPLICA" jq tc ip; do
    command -v "$tool" >/dev/null || { echo "bench: needs $tool (scripts/setup --bench installs the tools, make builds the program)" >&2; exit 1; }
done

work=$(mktemp -d /dev/shm/fr-bench.XXXXXX) || exit 1
nginx_pid=
cleanup() {
    nodes_stop
    [ -n "$nginx_pid" ] && kill "$nginx_pid" 2>/dev/null
    lab_down
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
"$FASTREPLICA" keygen "$work/keys" >/dev/null || exit 1

. "$here/measure.sh"

# unicast_once RECIPIENTS: nginx and curl; sets seconds and cpu.
unicast_once() {
    local recipients=$1 host pids=() pid began ended
    mkdir -p "$work/nginx"
    cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log;
events { worker_connections 256; }
http { access_log off; sendfile on; client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
  uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx; server { listen 8080; root $work; } }
CONF
    chmod 755 "$work"
    ip netns exec "$lab_prefix-0" nginx -c "$work/nginx.conf" -p "$work/nginx" &
    nginx_pid=$!
    until lab_exec 0 curl -s -o /dev/null http://127.0.0.1:8080/nodes; do sleep 0.05; done
    began=$(date +%s.%N)
    for ((host = 1; host <= recipients; host++)); do
        mkdir -p "$work/$host"
        (TIMEFORMAT='%U %S'; { time ip netns exec "$lab_prefix-$host" curl -s -o "$work/$host/copy" "http://$(lab_address 0):8080/file"; } 2>"$work/curl.$host") &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    ended=$(date +%s.%N)
    for ((host = 1; host <= recipients; host++)); do
        cmp -s "$work/file" "$work/$host/copy" || { echo "curl $host has another file" >&2; return 1; }
        rm "$work/$host/copy"
    done
    seconds=$(calc "$ended - $began")
    cpu=$(awk -v w="$(for p in $(pgrep -P $nginx_pid); do proc_cpu "$p"; echo; done | awk '{ s += $1 } END { print s }')" -v n="$recipients" \
        -v s="$(stat -c %s "$work/file")" '{ c += $1 + $2 } END { printf "%.2f", (c + w) / (n * s / 1073741824) }' "$work"/curl.[0-9]*)
    kill "$nginx_pid"
    wait "$nginx_pid" 2>/dev/null
    nginx_pid=
}

# shaped LABEL RECIPIENTS MBIT MTU
shaped() {
    local label=$1 recipients=$2 mbit=$3 mtu=$4 bound i all=() sent cpus=() peaks=()
    lab_up "$recipients" "$mbit" "$mtu" || return 1
    bound=$(calc "$shaped_mib * 1048576 * 8 / ($mbit * 1000000)")
    for ((i = 0; i < runs; i++)); do
        push_once "$recipients" || return 1
        all+=("$seconds") sent=$sent_ratio cpus+=("$cpu") peaks+=("$peak")
    done
    seconds=$(printf '%s\n' "${all[@]}" | median)
    row "$label" "$(calc "$seconds")" "$(calc "$seconds / $bound")" "$(calc "$sent")" "$(printf '%s\n' "${cpus[@]}" | median)" "$(printf '%s\n' "${peaks[@]}" | median)"
    printf '    all runs, ratio to the bound of %s s:' "$bound"
    for i in "${all[@]}"; do printf ' %s' "$(calc "$i / $bound")"; done
    echo
    baseline=$seconds
    lab_down
}

# One recipient of RECIPIENTS has a tenth of the rate: when are the others done, against `baseline`?
one_slow() {
    local recipients=$1 mbit=$2 mtu=$3 others i all=()
    lab_up "$recipients" "$mbit" "$mtu" || return 1
    lab_rate "$recipients" $((mbit / 10))
    for ((i = 0; i < runs; i++)); do
        push_once "$recipients" || return 1
        others=$(jq '[.nodes[:-1][].seconds] | max' "$work/report")
        all+=("$others")
    done
    others=$(printf '%s\n' "${all[@]}" | median)
    row "one of $recipients at $((mbit / 10)) Mbit/s: the others" "$(calc "$others")" "-" "$(calc "$sent_ratio")" "$cpu" "$peak"
    printf '    ratio to the run without a slow one:'
    for i in "${all[@]}"; do printf ' %s' "$(calc "$i / $baseline")"; done
    printf '; the slow one needed %s s\n' "$(jq '.nodes[-1].seconds' "$work/report")"
    lab_down
}

unshaped() {
    local recipients=$1 i all=() cpus=() peaks=() push_seconds
    make_file "$unshaped_mib"
    cat "$work/file" >/dev/null
    lab_up "$recipients" 0 65535 || lab_up "$recipients" 0 9000 || return 1
    for ((i = 0; i < runs; i++)); do
        push_once "$recipients" || return 1
        all+=("$seconds") cpus+=("$cpu") peaks+=("$peak")
    done
    push_seconds=$(printf '%s\n' "${all[@]}" | median)
    row "unshaped, $recipients recipients, $unshaped_mib MiB" "$(calc "$push_seconds")" "-" "$(calc "$sent_ratio")" "$(printf '%s\n' "${cpus[@]}" | median)" \
        "$(printf '%s\n' "${peaks[@]}" | median)"
    unicast_once "$recipients" || return 1
    row "  nginx + curl, no TLS, no SHA-256" "$seconds" "-" "-" "$cpu" "-"
    lab_down
}

# Memory that the machine never touched costs a page fault in the host below it, too: touch it before anything is measured.
warm() {
    head -c "$(($1 * 1024 * 1024))" /dev/zero >"$work/warm"
    rm "$work/warm"
}

unicast_row() {
    lab_up 8 100 9000 && unicast_once 8 || return 1
    row "  nginx + curl, multiple unicast" "$seconds" "$(calc "$seconds / ($shaped_mib * 1048576 * 8 / 1e8)")" "8.000" "$cpu" "-"
    lab_down
}

row "what" "seconds" "/ bound" "sent/file" "CPU s/GiB" "peak MiB"
baseline=
for case in $cases; do
    case $case in
    shaped)
        make_file "$shaped_mib"
        shaped "8 at 100 Mbit/s, $shaped_mib MiB, MTU 9000" 8 100 9000 && unicast_row || exit 1
        ;;
    slow)
        make_file "$shaped_mib"
        [ -n "$baseline" ] || shaped "8 at 100 Mbit/s, $shaped_mib MiB, MTU 9000" 8 100 9000 || exit 1
        one_slow 8 100 9000 || exit 1
        ;;
    small-frames)
        make_file "$shaped_mib"
        shaped "8 at 100 Mbit/s, $shaped_mib MiB, MTU 1500" 8 100 1500 || exit 1
        ;;
    unshaped)
        warm $((unshaped_mib * 6))
        unshaped 4 || exit 1
        ;;
    *)
        echo "bench: no case '$case'" >&2
        exit 2
        ;;
    esac
done
echo "bench: done"
