#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: objects of every awkward size around the size of a chunk, and groups from one recipient to 64, most of them with fewer chunks than
# recipients. Every copy is right, and an empty file is a file.
. "$(dirname "$0")/_lib.sh"

make_keys
chunk=16384

step 'sizes around a chunk, three recipients'
start_nodes 3
nodes=$(list_of n1 n2 n3)
for size in 0 1 $((chunk - 1)) $chunk $((chunk + 1)) $((2 * chunk)) $((3 * chunk)) $((3 * chunk + 1)) $((7 * chunk - 1)) $((48 * chunk)); do
    make_random "$work/f$size" "$size"
    expect 0 push "$work/f$size" --to "$nodes" --keys "$keys" --chunk-size $chunk --report "$work/report.json"
    assert_copies "$work/f$size" "f$size" n1 n2 n3
    check ".object.bytes == $size and .object.chunks == $(((size + chunk - 1) / chunk)) and .object.chunk_bytes == $chunk"
    check "all(.nodes[]; has_it and .bytes_have == $size)"
    check ".object.sha256 == \"$(sha_of "$work/f$size")\""
done

step 'chunks of every size'
make_random "$work/five" 5000000
for size in 16K 64K 256K 1M 4M; do
    expect 0 push "$work/five" --to "$nodes" --keys "$keys" --chunk-size $size --name "five-$size"
    assert_copies "$work/five" "five-$size" n1 n2 n3
done
stop_node n1
stop_node n2
stop_node n3

step 'from one recipient to 64'
make_random "$work/few" $((3 * chunk + 5))
for count in 1 2 3 5 16 64; do
    expect 0 local --nodes $count "$work/few" --chunk-size $chunk --report "$work/report.json" --dir "$work/local" --keep
    check ".nodes | length == $count and all(.[]; has_it)"
    check ".object.sha256 == \"$(sha_of "$work/few")\""
    sha=$(sha_of "$work/few")
    index=1
    while [ $index -le $count ]; do
        copy=$(printf '%s/local/node%02d/store/few' "$work" $index)
        [ "$(sha_of "$copy")" = "$sha" ] || fail "of $count nodes, number $index has another file"
        index=$((index + 1))
    done
    rm -r "$work/local"
done

step 'an empty file to 64'
: >"$work/empty"
expect 0 local --nodes 64 "$work/empty" --report "$work/report.json"
check '.object.chunks == 0 and .origin.bytes_sent == 0 and all(.nodes[]; has_it)'
said 'to 64 of 64 nodes'
