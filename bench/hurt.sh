#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What does a node that is hurt halfway cost the others? 8 recipients at 100 Mbit/s with 9000-byte frames, 128 MiB.
#
#   bench/hurt.sh [--quick] [CASE ...]      none, kill, restart, stop, cut (default: all), each FR_BENCH_RUNS (1) times
#
#     none        nobody is hurt
#     kill        one is killed at half time
#     restart     one is killed at half time, and its process started again a second later: it must complete in the same push
#     stop        one is stopped (SIGSTOP) for 10 seconds: it must complete
#     cut         between two of them every packet is dropped (nft, no reset), from a quarter of a file of three times the size on, so that the push outlasts
#                 the silence time: both must complete, and a log must name the link
set -u
here=$(cd "$(dirname "$0")" && pwd)
FASTREPLICA=${FASTREPLICA:-$here/../build/release/fastreplica}
. "$here/lab.sh"
lab_become_root "$@"

runs=${FR_BENCH_RUNS:-1}
mib=128 mbit=100 victim=5 other=6
if [ "${1-}" = --quick ]; then
    mib=32
    shift
fi
cases=${*:-none kill restart stop cut}
. "$here/measure.sh"
bench_begin nft

start_again() {
    ip netns exec "$lab_prefix-$victim" "$FASTREPLICA" node --store "$work/$victim" --keys "$work/keys" \
        --listen "$(lab_address $victim):7420" 2>>"$work/node.$victim.log" &
    node_pids[victim - 1]=$!
}

hurt() {
    case $case in
    kill | restart) kill -KILL "${node_pids[victim - 1]}" ;;
    stop) kill -STOP "${node_pids[victim - 1]}" ;;
    cut)
        lab_exec $victim nft -f - <<END
table inet cut {
    chain out {
        type filter hook output priority 0
        ip daddr $(lab_address $other) drop
    }
    chain in {
        type filter hook input priority 0
        ip saddr $(lab_address $other) drop
    }
}
END
        ;;
    esac
}
heal() {
    case $case in
    restart) start_again ;;
    stop) kill -CONT "${node_pids[victim - 1]}" ;;
    esac
}
while_pushing() {
    local heal_after=1
    [ "$case" = stop ] && heal_after=10
    if [ -z "$hurt_at" ] && [ "$(awk -v a="$1" -v b="$bound" -v p="$hurt_part" 'BEGIN { print (a > b / p) }')" = 1 ]; then
        hurt_at=$1
        hurt
    elif [ -n "$hurt_at" ] && [ -z "$healed_at" ] && [ "$(awk -v a="$1" -v b="$hurt_at" -v c=$heal_after 'BEGIN { print (a > b + c) }')" = 1 ]; then
        healed_at=$1
        heal
    fi
}

# Of those who were not hurt the last; and how it ended for the one who was.
tell() {
    local others
    others=$(jq "[.nodes | to_entries[] | select(.key != $victim - 1) | .value.seconds] | max" "$work/report")
    [ "$case" = none ] && usual=$(calc "$others / $bound")
    row "$case" "$others" "$(calc "$others / $bound")" "$([ -z "$usual" ] || calc "$others / $bound / $usual")" "$(jq -r .outcome "$work/report")" "$(jq -r '.seconds' "$work/report")"
    jq -r "[.nodes | to_entries[] | select(.key != $victim - 1) | .value.verdict] | group_by(.) | map(\"\(length) \(.[0])\") | \"    the others: \" + join(\", \")" "$work/report"
    jq -r ".nodes[$victim - 1] | \"    node $victim: \(.verdict) after \(.seconds) s, \((.bytes_from_upstream + .bytes_from_peers) / 1048576 | round) MiB received\(if .reason != \"\" then \": \" + .reason else \"\" end)\"" "$work/report"
    if [ "$case" = cut ]; then
        grep -h "event=link-down.*peer=$(lab_address $other):\|event=link-down.*peer=$(lab_address $victim):" "$work/node.$victim.log" "$work/node.$other.log" | head -2 | sed 's/^/    /'
        jq -r "\"    node $other: \(.nodes[$other - 1].verdict) after \(.nodes[$other - 1].seconds) s\"" "$work/report"
    fi
}

# shellcheck disable=SC2034  # measure.sh reads it
may_fail=1
usual='' file_mib=$mib
# take_file MIB: the file to push has this size from now on.
take_file() {
    [ "$file_mib" != "$1" ] || return 0
    file_mib=$1
    make_file "$1"
    bound=$(calc "$1 * 1048576 * 8 / ($mbit * 1000000)")
}
row "hurt at half time" "others s" "/ bound" "/ none" "outcome" "push s"
for case in $cases; do
    case $case in none | kill | restart | stop | cut) ;; *)
        echo "bench: no case '$case'" >&2
        exit 2
        ;;
    esac
    for ((run = 0; run < runs; run++)); do
        lab_up 8 $mbit 9000 || exit 1
        hurt_at='' healed_at='' hurt_part=2
        if [ "$case" = cut ]; then
            hurt_part=4
            take_file $((3 * mib))
        else
            take_file "$mib"
        fi
        push_once 8 || exit 1
        tell
        lab_down
    done
done
echo "bench: done"
