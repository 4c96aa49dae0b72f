#!/bin/sh
# purity.sh BUILD [TABLE]: what the pure rooms' libraries in folder BUILD need from outside, and what they remember.
# Allowed are gw_*, memory and string functions, compiler helpers, sanitizers, and what the layer table names.
# Writable data must be named there too, as .bss:FILE.c or .data:FILE.c. Having looked at nothing is a failure.
set -u
build=$1
table=${2:-$(dirname "$0")/layers.txt}
looked=0
failed=0
plain='gw_[a-z0-9_]*|mem(chr|cmp|cpy|mem|move|rchr|set)|str(len|nlen|cmp|ncmp|chr|rchr)'
helper='__(u?(div|mod|divmod)ti[34]|muloti4|(mem|str)[a-z]*_chk|stack_chk_fail|stack_chk_guard)|_GLOBAL_OFFSET_TABLE_'
watch='__(asan|ubsan|tsan|msan|sanitizer|sancov|gcov|start___sancov|stop___sancov)_[A-Za-z0-9_]*'
for room in $(awk -F'|' '!/^#/ && $2 ~ /pure/ {print $1}' "$table"); do
    library=$build/libgw_$room.a
    [ -f "$library" ] || continue # a room without sources yet
    extra=$(awk -F'|' -v room="$room" '!/^#/ { name = $1; gsub(/ /, "", name); if (name == room) print $5 }' "$table")
    symbols=$(nm -u "$library" | awk 'NF == 2 && ($1 == "U" || $1 == "w" || $1 == "v") {print $2}' | sort -u)
    [ -n "$symbols" ] && looked=$((looked + 1))
    for symbol in $symbols; do
        echo "$symbol" | grep -qxE "$plain|$helper|$watch" && continue
        case " $extra " in *" $symbol "*) continue ;; esac
        echo "room $room is pure but needs $symbol: $(nm -A -u "$library" | awk -v s="$symbol" '$NF == s {print $1}' | head -n 1)"
        failed=1
    done
    for data in $(size -A "$library" | awk '/:$/ {object = $1; sub(/\.o$/, "", object)}
            $1 ~ /^\.(data|bss|tbss|tdata)$/ && $2 > 0 {print $1 ":" object}'); do
        case " $extra " in *" $data "*) continue ;; esac
        echo "room $room is pure but keeps writable data: $data"
        failed=1
    done
done
echo "$looked pure rooms looked at"
[ $looked -gt 0 ] || echo "purity: no library of a pure room in $build"
[ $looked -gt 0 ] && [ $failed = 0 ]
