#!/bin/sh
# run.sh REPLAY_MAKE GODWIT_REPLAY: the live sum, a replay on lmdb, one on memory, and those of another build must be equal.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
live=$("$1" "$folder")
echo "live            $live"
for tool in "$2" ${GW_REPLAY_OTHER:-}; do
    for kv in lmdb memory; do
        got=$("$tool" "$folder/state" $kv)
        echo "replay $kv   $got   $tool"
        [ "$got" = "$live" ] || { echo "the sums differ"; exit 1; }
    done
done
