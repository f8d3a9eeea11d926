#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: one of six nodes flips a byte in one chunk whenever it sends that on. Whoever receives it drops it and has it from elsewhere; all complete
# with the right bytes, the liar too, and the report names the liar and nobody else. First all are one group, then the liar also feeds a group below.
#
#       origin --+-- n1 .. n5 and the liar --+          origin --- n1, n2, the liar === n3, n4, n5
. "$(dirname "$0")/_lib.sh"
: "${FASTREPLICA_LIAR:?FASTREPLICA_LIAR must name the program with the planted bug FLIPS_BYTE}"

# start_liar: as a process of its own begins anew, it chooses a chunk anew.
start_liar() {
    honest=$FASTREPLICA
    FASTREPLICA=$FASTREPLICA_LIAR
    start_node liar
    FASTREPLICA=$honest
}

# named_alone: every fault of the report is about the liar, and there is one; its neighbours counted wrong chunks and it did not.
named_alone() {
    liar=$(address liar)
    check "(.faults | length) > 0 and all(.faults[]; startswith(\"$liar: chunk \") and contains(\"do not match the signed digest\"))"
    check "([.nodes[] | select(.chunks_bad > 0) | .name] | length > 0 and all(.[]; . != \"$liar\"))"
    said "^fault: $liar: chunk [0-9]+: "
}

make_keys
start_nodes 5
start_liar
make_random "$work/object" 20000000

step 'one group'
expect 0 push "$work/object" --name flat --to "$(list_of n1 n2 liar n3 n4 n5)" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" flat n1 n2 n3 n4 n5 liar
check '.outcome == "all" and all(.nodes[]; has_it)'
named_alone

step 'in the upper of two groups'
stop_node liar
start_liar
expect 0 push "$work/object" --name tree --to "$(list_of n1 n2 liar n3 n4 n5)" --keys "$keys" --report "$work/report.json" \
    --group-size 3 --shape chain
check ".groups == 2 and any(.nodes[]; .name == \"$(address liar)\" and .group == 0)"
assert_copies "$work/object" tree n1 n2 n3 n4 n5 liar
check '.outcome == "all" and all(.nodes[]; has_it)'
named_alone

step 'without the liar nobody is named'
expect 0 push "$work/object" --name honest --to "$(list_of n1 n2 n3 n4 n5)" --keys "$keys" --report "$work/report.json"
check '.outcome == "all" and (.faults | length) == 0 and all(.nodes[]; .chunks_bad == 0)'
for node in n1 n2 n3 n4 n5 liar; do
    stop_node "$node"
done
