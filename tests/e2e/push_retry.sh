#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: one of four nodes is down while a file is pushed. It comes back, and `push --retry` of the report serves it alone, with what the
# node list said of it; then nobody is missing. What is no report is told from one.
. "$(dirname "$0")/_lib.sh"

make_keys
start_nodes 4
make_random "$work/object" 3000000
{
    echo "$(address n1) zone=here"
    echo "$(address n2) zone=here up=100M down=25MB/s"
    echo "$(address n3) zone=there tier=secondary"
    echo "$(address n4)"
} >"$work/nodes"
back=$(cat "$work/n2/port")

step 'one is down'
stop_node n2
expect 3 push "$work/object" --name there/it --to "$work/nodes" --keys "$keys" --report "$work/report.json" --connect-timeout 1s
assert_copies "$work/object" there/it n1 n3 n4
cp "$work/report.json" "$work/first.json"

step 'it is back, and asked alone'
start_node n2 --listen "127.0.0.1:$back"
expect 0 push "$work/object" --retry "$work/report.json" --keys "$keys" --report "$work/report.json"
assert_copies "$work/object" there/it n2 # its name is that of the report
check '[.nodes[].name] == ["'"$(address n2)"'"]'
check '.nodes[0] | .zone == "here" and .up_rate == 12500000 and .down_rate == 25000000 and .tier == "primary"'
said 'to 1 of 1 node'

step 'nobody is missing'
cp "$work/report.json" "$work/second.json"
expect 0 push "$work/object" --name there/it --retry "$work/report.json" --keys "$keys" --report "$work/report.json"
said 'every node of .*report.json has it: nothing to push'
cmp "$work/report.json" "$work/second.json" || fail 'a report was written of a push that was none'

step 'it is of a file, and a set is pushed'
mkdir "$work/set"
for description in 1 2; do
    cp "$work/object" "$work/set/it.${description}of2.bin"
done
expect 2 push --mdc "$work/set" --retry "$work/first.json" --keys "$keys"
said 'is the report of one file: push that file, without --mdc'

step 'a plan of it'
expect 0 push "$work/object" --retry "$work/first.json" --keys "$keys" --dry-run
said '1 node in 1 zone'

step 'what is no report'
expect 2 push "$work/object" --retry "$work/nowhere" --keys "$keys"
said 'cannot open the report .*nowhere: No such file'
expect 2 push "$work/object" --retry "$work/nodes" --keys "$keys"
said 'nodes is no report of a push: no JSON'
echo '{}' >"$work/empty.json"
expect 2 push "$work/object" --retry "$work/empty.json" --keys "$keys"
said 'empty.json is no report of a push'
expect 2 push "$work/object" --retry "$work/report.json" --to "$(address n1)" --keys "$keys"
said 'push: --to and --retry both say who receives'
