#!/bin/sh
# headers.sh [ROOT] [CC]: every header of src/ and include/ compiles alone. Having looked at nothing is a failure.
set -u
root=${1:-$(dirname "$0")/../..}
cc=${2:-cc}
cd "$root" || exit 2
# A template is included several times with other macros, so it is no header: vm_loop_int.h is the machine's loop,
# once metered and once not.
headers=$(find src include -name '*.h' ! -path src/lang/vm_loop_int.h 2>/dev/null | LC_ALL=C sort)
[ -n "$headers" ] || {
    echo "headers: none found in $root"
    exit 1
}
echo "$headers" | wc -l | sed 's/$/ headers looked at/'
# Each is included twice: it must also have a guard.
echo "$headers" | xargs -P 2 -I '{}' sh -c '
    header=${1#src/} header=${header#include/}
    printf "#include \"%s\"\n#include \"%s\"\n" "$header" "$header" |
        "$2" -std=c17 -D_GNU_SOURCE -DGW_VERSION=\"0\" -Wall -Wextra -Wno-unused-function -Werror -Isrc -Iinclude -fsyntax-only -x c - ||
        { echo "$1 does not compile alone"; exit 1; }' sh '{}' "$cc"
