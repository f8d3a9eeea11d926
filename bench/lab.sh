#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A lab of N + 1 hosts on one machine, each in a network namespace with an uplink and a downlink of its own rate. Sourced by others.
#
#     host 0 (the origin)     host 1              host N
#     eth0 10.77.0.1          eth0 10.77.0.2      eth0 10.77.0.(N+1)
#       |  tbf: its uplink      |                   |
#     p0 |  tbf: its downlink p1|                 pN|
#     ---+----------------------+-------------------+---  bridge br0 in a namespace of its own
#
# Needs root, or user namespaces (the script then starts itself again under `unshare`). tbf: a burst of 2 ms of the rate but at least
# 32 KiB, a queue of 50 ms but at least 256 KiB; one TCP flow then gets about 95 % of the rate as payload with 1500-byte frames, 99 % with
# 9000. Nothing outside the namespaces is touched.

lab_prefix=frlab$$
lab_hosts=0

# Restart under a user namespace when we are not root. Call it first, with the script's own arguments.
lab_become_root() {
    if [ "$(id -u)" = 0 ]; then
        if [ -n "${FR_LAB_USERNS-}" ]; then
            mount -t tmpfs tmpfs /run # `ip netns` keeps its files there
        fi
        return 0
    fi
    if ! unshare -Urnm true 2>/dev/null; then
        echo "skipped: needs root or user namespaces" >&2
        exit 77
    fi
    FR_LAB_USERNS=1 exec unshare -Urnm "$0" "$@"
}

lab_address() { echo "10.77.0.$(($1 + 1))"; }
lab_exec() { # HOST COMMAND ...
    local host=$1
    shift
    ip netns exec "$lab_prefix-$host" "$@"
}

# lab_rate HOST RATE: set both directions of a host, in Mbit/s; 0 is unshaped.
lab_rate() {
    local host=$1 mbit=$2 burst limit
    ip -n "$lab_prefix-$host" link set eth0 up
    tc -n "$lab_prefix-$host" qdisc del dev eth0 root 2>/dev/null || :
    tc -n "$lab_prefix-sw" qdisc del dev "p$host" root 2>/dev/null || :
    [ "$mbit" = 0 ] && return 0
    burst=$((mbit * 1000000 / 8 * 2 / 1000))
    limit=$((mbit * 1000000 / 8 * 50 / 1000))
    if [ $burst -lt 32768 ]; then burst=32768; fi
    if [ $limit -lt 262144 ]; then limit=262144; fi
    tc -n "$lab_prefix-$host" qdisc add dev eth0 root tbf rate "${mbit}mbit" burst $burst limit $limit &&
        tc -n "$lab_prefix-sw" qdisc add dev "p$host" root tbf rate "${mbit}mbit" burst $burst limit $limit
}

# lab_up RECIPIENTS MBIT MTU. $lab_congestion: the congestion control of all connections; the machine's own if empty.
lab_up() {
    local recipients=$1 mbit=$2 mtu=$3 host
    ip netns add "$lab_prefix-sw" || return 1
    ip -n "$lab_prefix-sw" link add br0 type bridge || return 1
    ip -n "$lab_prefix-sw" link set br0 mtu "$mtu" up
    lab_hosts=$((recipients + 1))
    for ((host = 0; host < lab_hosts; host++)); do
        ip netns add "$lab_prefix-$host" &&
            ip -n "$lab_prefix-$host" link add eth0 mtu "$mtu" type veth peer name "p$host" netns "$lab_prefix-sw" mtu "$mtu" &&
            ip -n "$lab_prefix-sw" link set "p$host" master br0 up &&
            ip -n "$lab_prefix-$host" addr add "$(lab_address $host)/24" dev eth0 &&
            ip -n "$lab_prefix-$host" link set lo up &&
            lab_rate $host "$mbit" || return 1
        [ -z "${lab_congestion-}" ] || ip -n "$lab_prefix-$host" route replace 10.77.0.0/24 dev eth0 congctl "$lab_congestion" || return 1
    done
}

lab_down() {
    local host
    for ((host = 0; host < lab_hosts; host++)); do
        ip netns del "$lab_prefix-$host" 2>/dev/null || :
    done
    ip netns del "$lab_prefix-sw" 2>/dev/null || :
    lab_hosts=0
}

# ---- processes ----

# CPU seconds (user and system) and peak memory in MiB of a running process.
proc_cpu() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); split($0, f, " "); printf "%.2f", (f[12] + f[13]) / hz }' "/proc/$1/stat" 2>/dev/null; }
proc_peak_mib() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status" 2>/dev/null; }

node_pids=()

# nodes_start DIR RECIPIENTS [OPTION...]: one node in each recipient's namespace, stores under DIR/HOST, keys in DIR/keys. Sets node_pids, writes DIR/nodes.
nodes_start() {
    local dir=$1 recipients=$2 host tries
    shift 2
    node_pids=()
    : >"$dir/nodes"
    for ((host = 1; host <= recipients; host++)); do
        rm -f "$dir/port.$host"
        ip netns exec "$lab_prefix-$host" "$FASTREPLICA" node --store "$dir/$host" --keys "$dir/keys" \
            --listen "$(lab_address $host):7420" --port-file "$dir/port.$host" "$@" 2>"$dir/node.$host.log" &
        node_pids+=($!)
        echo "$(lab_address $host):7420" >>"$dir/nodes"
    done
    for ((host = 1; host <= recipients; host++)); do
        tries=0
        until [ -s "$dir/port.$host" ]; do
            sleep 0.05
            tries=$((tries + 1))
            if [ $tries -gt 200 ]; then
                echo "node $host did not start:" >&2
                cat "$dir/node.$host.log" >&2
                return 1
            fi
        done
    done
}

nodes_cpu() {
    local pid sum=0
    for pid in "${node_pids[@]}"; do
        sum=$(awk -v a="$sum" -v b="$(proc_cpu "$pid")" 'BEGIN { print a + b }')
    done
    echo "$sum"
}
nodes_peak_mib() {
    local pid
    for pid in "${node_pids[@]}"; do
        proc_peak_mib "$pid"
        echo
    done | sort -n | tail -1
}
nodes_stop() {
    local pid
    for pid in "${node_pids[@]}"; do kill "$pid" 2>/dev/null || :; done
    for pid in "${node_pids[@]}"; do wait "$pid" 2>/dev/null || :; done
    node_pids=()
}
