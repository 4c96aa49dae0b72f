#!/bin/sh
# Runs godwit-sim ($1) on the seeds kept in tests/sim/seeds.txt ($2) and says how many there were: none is a failure.
count=0
while read -r what seed _; do
    case $what in '' | '#'*) continue ;; esac
    "$1" "$what" --seeds "$seed" || exit 1
    count=$((count + 1))
done <"$2"
echo "$count kept seeds hold"
[ "$count" -gt 0 ]
