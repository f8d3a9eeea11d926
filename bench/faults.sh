#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # work, mbit and lab_hosts are set by those who source this
# What can go wrong in a lab of supervised nodes: one fault at a time on a host, made, left for a while, and healed. Sourced after lab.sh.
#
#   kill    SIGKILL; the supervisor starts it again         cut    two hosts drop what the other sends, a few seconds long
#   stop    SIGSTOP, a few seconds, SIGCONT                 slow   a host's links at 1 % of their rate, a few seconds long
#   fill    its store, a small tmpfs, has no room left, a few seconds long
#
# $work/HOST.busy is there while a host has a fault. $work/faults gets a line for each: KIND HOST.

fault_kinds=(kill kill stop cut slow fill)

# supervise HOST COMMAND...: runs it in the host's namespace again and again, until SIGTERM. Its pid is in $work/HOST.pid, its exit codes
# are in $work/HOST.ends.
supervise() {
    local host=$1 code
    shift
    trap 'kill -KILL "$!" 2>/dev/null; wait "$!"; exit 0' TERM
    while [ ! -e "$work/stopping" ]; do
        ip netns exec "$lab_prefix-$host" "$@" 2>>"$work/$host.log" &
        echo $! >"$work/$host.pid.new"
        mv "$work/$host.pid.new" "$work/$host.pid"
        code=0
        wait $! || code=$?
        echo $code >>"$work/$host.ends"
        [ -e "$work/stopping" ] || sleep 0.1
    done
} 2>/dev/null # bash tells of every process that was killed

# signal_node HOST SIGNAL
signal_node() { kill "-$2" "$(cat "$work/$1.pid")" 2>/dev/null || :; }

sever() { # HOST HOST
    lab_exec "$1" nft -f - <<RULES
add table inet chaos
add chain inet chaos in { type filter hook input priority 0; }
add chain inet chaos out { type filter hook output priority 0; }
add rule inet chaos in ip saddr $(lab_address "$2") drop
add rule inet chaos out ip daddr $(lab_address "$2") drop
RULES
}
join() { lab_exec "$1" nft delete table inet chaos; } # HOST

fill() { fallocate -l "$(($(df --output=avail -B1 "$work/$1" | tail -1) - 16384))" "$work/$1/.fastreplica/filler" 2>/dev/null || :; }
empty() { rm -f "$work/$1/.fastreplica/filler"; }

# run_fault KIND HOST OTHER SECONDS: from its beginning to its end.
run_fault() {
    local kind=$1 host=$2 other=$3 seconds=$4
    echo "$kind $host" >>"$work/faults"
    case $kind in
    kill) say "  kill host $host" ;;
    cut) say "  cut host $host from host $other, $seconds s" ;;
    *) say "  $kind host $host, $seconds s" ;;
    esac
    case $kind in
    kill) signal_node "$host" KILL ;;
    stop) signal_node "$host" STOP && sleep "$seconds" && signal_node "$host" CONT ;;
    cut) sever "$host" "$other" && sleep "$seconds" && join "$host" ;;
    slow) lab_rate "$host" 1 && sleep "$seconds" && lab_rate "$host" "$mbit" ;;
    fill) fill "$host" && sleep "$seconds" && empty "$host" ;;
    esac || echo "$kind $host: the fault cannot be made or healed" >>"$work/wrong"
    check_store "$host"
    rm -f "$work/$host.busy"
}

# faults_run SEED: until $work/healing is there; then waits for the faults under way.
faults_run() {
    RANDOM=$1
    local kind host other pids=()
    while [ ! -e "$work/healing" ]; do
        kind=${fault_kinds[RANDOM % ${#fault_kinds[@]}]}
        host=$((RANDOM % (lab_hosts - 1) + 1))
        [ "$kind" != fill ] || host=$((lab_hosts - 1 - host % small_stores))
        other=$((host % (lab_hosts - 1) + 1))
        if [ ! -e "$work/$host.busy" ]; then
            : >"$work/$host.busy"
            run_fault "$kind" "$host" "$other" $((RANDOM % 5 + 1)) &
            pids+=($!)
        fi
        sleep "$((RANDOM % 3 + 1)).$((RANDOM % 10))"
    done
    for host in "${pids[@]}"; do wait "$host"; done
}
