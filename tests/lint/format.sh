#!/bin/sh
# format.sh [--write]: is every C file as clang-format 14 would write it? With --write, make it so.
# Exit 77: there is no clang-format.
set -u
cd "$(dirname "$0")/../.." || exit 2
tool=$(command -v clang-format-14 || command -v clang-format) || {
    echo "skipped: clang-format is missing; apt-get install clang-format"
    exit 77
}
files=$(git ls-files '*.c' '*.h' 2>/dev/null || find src sim tests bench include examples -name '*.[ch]')
[ -n "$files" ] || {
    echo "format: no files"
    exit 1
}
[ "${1-}" = --write ] && how=-i || how='--dry-run -Werror'
# shellcheck disable=SC2086
for file in $files; do [ -f "$file" ] && echo "$file"; done | xargs -P 2 -n 40 "$tool" $how
