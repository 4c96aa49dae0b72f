#!/bin/sh
# The main job in the small, with two seeds; and its judge sees what it is there for.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
for seed in 3 4; do
    expect 0 demo --rows 200 --seconds 2 --seed $seed --json --quiet --dir "$WORK/demo$seed"
    json '.balances and .lost == 0 and .doubled == 0 and .paid > 0 and .halts_found == 1 and .flipped'
    json '(.entities | length) == 2 and ([.entities[] | .hash_source == .hash_target] | all)'
    json '.calls == .acknowledged and .sum_before == .sum_after'
    [ ! -e "$WORK/demo$seed" ] || fail "the folder was left behind"
done
expect 2 demo --rows 0
mkdir there
expect 8 demo --dir there
done_testing
