#!/bin/sh
# layers.sh [ROOT]: every #include in ROOT/src obeys ROOT/tests/lint/layers.txt, and so does the list of rooms in
# ROOT/CMakeLists.txt. Having looked at nothing is a failure.
set -u
root=${1:-$(dirname "$0")/../..}
cd "$root" || exit 2
files=$(find src -name '*.[ch]' | LC_ALL=C sort)
[ -n "$files" ] || {
    echo "layers: no sources in $root/src"
    exit 1
}
[ -f CMakeLists.txt ] && rooms=CMakeLists.txt || rooms=
# shellcheck disable=SC2086
exec awk -f - tests/lint/layers.txt $rooms $files <<'AWK'
function bad(text) { print text; failures++ }
function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
BEGIN {
    split("stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h inttypes.h limits.h float.h stdnoreturn.h", list, " ")
    for (i in list) plain[list[i]] = 1
}
FILENAME ~ /layers\.txt$/ {
    if ($0 ~ /^#/ || NF == 0) next
    split($0, cell, "|")
    room = trim(cell[1]); kind[room] = trim(cell[2]); system_headers[room] = " " trim(cell[4]) " "
    if (kind[room] != "pure" && kind[room] != "acting") bad(FILENAME ":" FNR ": kind is pure or acting")
    uses[room] = " " trim(cell[3]) " "
    count = split(cell[3], list, " ")
    for (i = 1; i <= count; i++)
        if (list[i] == "*") uses[room] = " " above " "
        else if (!(list[i] in kind) || list[i] == room) bad(FILENAME ":" FNR ": " room " uses " list[i] ", which does not stand above it")
    above = above " " room
    next
}
FILENAME ~ /CMakeLists\.txt$/ {
    if ($0 !~ /^gw_folder\(/) next
    line = $0; sub(/^gw_folder\(/, "", line); sub(/\).*/, "", line)
    count = split(line, list, " "); room = list[1]; part = ""; is_pure = 0
    if (!(room in kind)) { bad(FILENAME ":" FNR ": room " room " is not in the layer table"); next }
    for (i = 2; i <= count; i++) {
        if (list[i] == "PURE") is_pure = 1
        else if (list[i] == "USES" || list[i] == "LIBS") part = list[i]
        else if (part == "USES" && index(uses[room], " " list[i] " ") == 0)
            bad(FILENAME ":" FNR ": " room " links " list[i] ", which the layer table does not allow")
    }
    if (is_pure != (kind[room] == "pure")) bad(FILENAME ":" FNR ": " room " is " kind[room] " in the layer table")
    next
}
/^[ \t]*#[ \t]*include/ {
    split(FILENAME, path, "/"); room = path[2]; looked++
    if (!(room in kind)) { if (!told[room]++) bad("src/" room ": not in the layer table"); next }
    what = $0; sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
    if (what ~ /^"/) {
        sub(/^"/, "", what); sub(/".*/, "", what)
        if (what !~ /\//) { bad(FILENAME ":" FNR ": write \"" room "/" what "\", with the folder"); next }
        target = what; sub(/\/.*/, "", target)
        if (target == "godwit") next
        if (target != room && index(uses[room], " " target " ") == 0)
            bad(FILENAME ":" FNR ": " room " includes \"" what "\": " target " does not stand above it")
        else if (target != room && what ~ /_int\.h$/)
            bad(FILENAME ":" FNR ": \"" what "\" is private to " target)
    } else {
        sub(/^</, "", what); sub(/>.*/, "", what)
        folder = what; sub(/\/.*/, "/*", folder)
        if (!(what in plain) && index(system_headers[room], " * ") == 0 &&
            index(system_headers[room], " " what " ") == 0 && index(system_headers[room], " " folder " ") == 0)
            bad(FILENAME ":" FNR ": room " room " may not include <" what ">")
    }
}
END {
    if (!looked) bad("layers: no #include was looked at")
    printf "%d includes looked at, %d violations\n", looked, failures
    exit failures > 0
}
AWK
