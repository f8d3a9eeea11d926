#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Do groups that feed groups get a file in the time of one group? Real processes, 24 recipients in 3 groups of 8 at 50 Mbit/s, 64 MiB.
#
#   bench/trees.sh [--quick] [CASE ...]     bare, chain, cubic, small-frames, tree, secondary, zones (default: all), each FR_BENCH_RUNS (3) times
#
#     bare        no push at all: TCP connections from each of the 24 to the seven of its group and to one of the next, with endless data. What they
#                 carry is what a middle group can have: as a share of the link, and F/C over it
#     chain       origin - group - group - group, 9000-byte frames; cubic: the same with that congestion control, which is most machines' own
#                 (set on the routes); small-frames: the machine's own, 1500-byte frames
#     tree        a group that feeds two
#     secondary   the same, one of the two with tier=secondary: it begins when the group above has the whole file
#     zones       three zones, a group each; between zones a link of 50 Mbit/s whose bytes are counted at the interface
set -u
here=$(cd "$(dirname "$0")" && pwd)
FASTREPLICA=${FASTREPLICA:-$here/../build/release/fastreplica}
. "$here/lab.sh"
lab_become_root "$@"

runs=${FR_BENCH_RUNS:-3}
mib=64 mbit=50
if [ "${1-}" = --quick ]; then
    runs=1 mib=16
    shift
fi
cases=${*:-bare chain cubic small-frames tree secondary zones}
. "$here/measure.sh"
bench_begin

# The most connections that any node has, as ss sees them, kept in $connections.
while_pushing() {
    local host count
    [ "$(awk -v a="$1" -v b="$bound" 'BEGIN { print (a > 0.3 * b && a < 0.8 * b) }')" = 1 ] || return 0
    [ -z "$looked" ] || return 0
    looked=1
    for ((host = 1; host < lab_hosts; host++)); do
        count=$(lab_exec $host ss -Htn state established | wc -l)
        [ "$count" -le "$connections" ] || connections=$count
    done
}

# What the report tells of groups: when each was done, whether it had chunks from above before the group above was done.
tell_groups() {
    jq -r '.nodes | group_by(.group)[] | "    group \(.[0].group): first relay \([.[].first_relay_seconds] | min), done \([.[].seconds] | min) to \([.[].seconds] | max) s, from above \([.[].bytes_from_upstream] | add / '$((mib * 1048576))' * 1000 | round / 1000) x the file"' "$work/report"
}

# measure LABEL OPTION...: pushes of that shape; prints the row, sets all.
measure() {
    local label=$1 i
    shift
    all=() connections=0
    for ((i = 0; i < runs; i++)); do
        looked=
        push_once 24 "$@" || return 1
        all+=("$seconds")
    done
    seconds=$(printf '%s\n' "${all[@]}" | median)
    row "$label" "$(calc "$seconds")" "$(calc "$seconds / $bound")" "$(calc "$sent_ratio")" "$cpu" "$peak"
    printf '    all runs, ratio to the bound of %s s:' "$bound"
    for i in "${all[@]}"; do printf ' %s' "$(calc "$i / $bound")"; done
    printf '; last/first %s; connections %s\n' "$(jq '[.nodes[].seconds] | (max / min * 1000 | round / 1000)' "$work/report")" "$connections"
    tell_groups
}

# bare MTU [CONGESTION]: one line.
bare() {
    local host other group
    lab_congestion=${2-}
    lab_up 24 $mbit "$1" || return 1
    rm -f "$work"/bare.*
    for ((host = 0; host < 24; host++)); do
        local others=()
        group=$((host / 8))
        for ((other = group * 8; other < group * 8 + 8; other++)); do
            [ $other = $host ] || others+=("$(lab_address $((other + 1)))")
        done
        others+=("$(lab_address $(((host + 8) % 24 + 1)))")
        lab_exec $((host + 1)) "$here/../build/release/bench/bare_flows" 12 9000 "${others[@]}" >"$work/bare.$host" &
    done
    wait
    awk -v rate=$((mbit * 125000)) -v label="bare TCP, MTU $1, ${2:-$(sysctl -n net.ipv4.tcp_congestion_control)}" \
        '{ sum += $1 / rate } END { if (NR != 24) exit 1; printf "%s: %.3f of the link rate as payload; F/C over it is %.3f\n", label, sum / NR, NR / sum }' \
        "$work"/bare.* || return 1
    lab_down
    lab_congestion=
}

# tiered FROM TO: a node list in which these hosts have tier=secondary.
tiered() {
    awk -v from="$1" -v to="$2" '{ print $0 (NR >= from && NR <= to ? " tier=secondary" : "") }' "$work/nodes" >"$work/tiered"
}

# Zone z has hosts 8z+1 .. 8z+8 on a bridge of its own; the origin is in zone 0. Each zone's bridge hangs on a backbone by a link that is shaped
# both ways.
lab_split_zones() {
    local zone host
    ip -n "$lab_prefix-sw" link set br0 up
    for zone in 0 1 2; do
        ip -n "$lab_prefix-sw" link add "zone$zone" type bridge && ip -n "$lab_prefix-sw" link set "zone$zone" mtu 9000 up &&
            ip -n "$lab_prefix-sw" link add "in$zone" mtu 9000 type veth peer name "out$zone" mtu 9000 &&
            ip -n "$lab_prefix-sw" link set "in$zone" master "zone$zone" up && ip -n "$lab_prefix-sw" link set "out$zone" master br0 up || return 1
        tc -n "$lab_prefix-sw" qdisc add dev "in$zone" root tbf rate ${mbit}mbit burst 32768 limit 312500 &&
            tc -n "$lab_prefix-sw" qdisc add dev "out$zone" root tbf rate ${mbit}mbit burst 32768 limit 312500 || return 1
    done
    for ((host = 0; host < lab_hosts; host++)); do
        zone=$((host == 0 ? 0 : (host - 1) / 8))
        ip -n "$lab_prefix-sw" link set "p$host" nomaster && ip -n "$lab_prefix-sw" link set "p$host" master "zone$zone" || return 1
    done
}
entered() { ip -n "$lab_prefix-sw" -s -j link show "in$1" | jq '.[0].stats64.rx.bytes'; } # bytes that came into zone $1
zones() {
    local zone before=() after
    lab_up 24 $mbit 9000 && lab_split_zones || return 1
    awk '{ print "10.77.0." NR + 1 ":7420 zone=z" int((NR - 1) / 8) }' <(seq 24) >"$work/zoned"
    for zone in 0 1 2; do before[zone]=$(entered $zone); done
    runs=1 FR_NODES=$work/zoned measure "3 zones of 8, ${mbit} Mbit/s between them" --group-size 8 || return 1
    for zone in 0 1 2; do
        after=$(entered $zone)
        printf '    into zone %s: %s x the file\n' $zone "$(calc "($after - ${before[zone]}) / ($mib * 1048576)")"
    done
    lab_down
}

row "what" "seconds" "/ bound" "sent/file" "CPU s/GiB" "peak MiB"
for case in $cases; do
    case $case in
    bare) bare 9000 && bare 9000 cubic && bare 1500 && bare 1500 cubic || exit 1 ;;
    chain) lab_up 24 $mbit 9000 && measure "24 in a chain of 3 groups, $mbit Mbit/s, MTU 9000" --group-size 8 --shape chain || exit 1 ;;
    cubic)
        lab_congestion=cubic
        lab_up 24 $mbit 9000 && measure "the same, cubic" --group-size 8 --shape chain || exit 1
        lab_congestion=
        ;;
    small-frames) lab_up 24 $mbit 1500 && measure "24 in a chain of 3 groups, $mbit Mbit/s, MTU 1500" --group-size 8 --shape chain || exit 1 ;;
    tree) lab_up 24 $mbit 9000 && measure "24 as one group that feeds two, MTU 9000" --group-size 8 --shape tree --fanout 2 || exit 1 ;;
    secondary)
        lab_up 24 $mbit 9000 && nodes_start "$work" 24 && nodes_stop || exit 1
        tiered 17 24
        FR_NODES=$work/tiered measure "the same, 8 of them secondary" --group-size 8 --shape tree --fanout 2 || exit 1
        printf '    primary ones done after %s s\n' "$(jq '[.nodes[:16][].seconds] | max' "$work/report")"
        FR_NODES=$work/primary
        head -16 "$work/nodes" >"$work/primary"
        lab_down
        lab_up 16 $mbit 9000 || exit 1
        push_once 16 --group-size 8 --shape chain || exit 1
        printf '    without the secondary ones %s s\n' "$seconds"
        unset FR_NODES
        ;;
    zones) zones || exit 1 ;;
    *)
        echo "bench: no case '$case'" >&2
        exit 2
        ;;
    esac
    lab_down
done
echo "bench: done"
