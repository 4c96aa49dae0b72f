#!/bin/sh
# lengths.sh [ROOT]: names files and functions that may be hard to read. A hint: it fails only when it saw nothing.
set -u
root=${1:-$(dirname "$0")/../..}
cd "$root" || exit 2
sources=$(find src sim -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
[ -n "$sources" ] || {
    echo "lengths: no sources in $root"
    exit 1
}
# shellcheck disable=SC2086
exec awk -v lines_max=70 -v file_max=600 '
    FNR == 1 { if (last > file_max) printf "%s: %d lines\n", name, last; head = ""; files++ }
    { name = FILENAME; last = FNR }
    /^[A-Za-z_].*\(/ && !/;$/ { head = $0; start = FNR }
    /^}/ {
        if (head != "") { functions++; if (FNR - start > lines_max) printf "%s:%d: %d lines: %s\n", FILENAME, start, FNR - start, head }
        head = ""
    }
    END {
        if (last > file_max) printf "%s: %d lines\n", name, last
        printf "%d functions in %d files looked at\n", functions, files
        exit functions == 0
    }' $sources
