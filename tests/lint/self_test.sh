#!/bin/sh
# Each script goes red on a planted violation, stays green on the same tree without it, and refuses to judge nothing.
set -u
lint=$(cd "$(dirname "$0")" && pwd)
cc=${1:-cc}
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
failed=0

fresh()
{
    rm -rf "$tree"
    mkdir -p "$tree/src/low" "$tree/src/high" "$tree/tests/lint" "$tree/build"
    cat >"$tree/tests/lint/layers.txt" <<'TABLE'
low  | pure   |     | string.h | strtod
high | acting | low | unistd.h |
TABLE
    printf 'gw_folder(low PURE)\ngw_folder(high USES low)\n' >"$tree/CMakeLists.txt"
    printf '/* strcpy( and // in a comment, TODO(#7) */\n#ifndef LOW_H\n#define LOW_H\nint gw_low(int a);\n#endif\n' >"$tree/src/low/low.h"
    printf '#include "low/low.h"\nconst char *const gw_s = "// rand( \\" time(";\nint gw_low(int a)\n{\n    return a;\n}\n' >"$tree/src/low/low.c"
    printf '#include <unistd.h>\n#include "low/low.h"\nint gw_high(void)\n{\n    return gw_low(1);\n}\n' >"$tree/src/high/high.c"
    echo low >"$tree/src/low/README.md"
    echo high >"$tree/src/high/README.md"
}

# expect green|red WORDS SCRIPT ARGUMENTS...: the verdict, and the words the person reads
expect()
{
    want=$1 words=$2
    shift 2
    if said=$("$@" 2>&1); then got=green; else got=red; fi
    if [ "$got" != "$want" ] || ! printf '%s' "$said" | grep -qF -- "$words"; then
        printf 'expected %s with "%s", got %s from %s:\n%s\n' "$want" "$words" "$got" "$*" "$said"
        failed=1
    fi
}

layers="$lint/layers.sh $tree"
fresh && expect green "3 includes" $layers
fresh && echo '#include "high/high.h"' >>"$tree/src/low/low.c" && expect red "high does not stand above it" $layers
fresh && echo '#include "low/low_int.h"' >>"$tree/src/high/high.c" && expect red "private to low" $layers
fresh && echo '#include "low.h"' >>"$tree/src/low/low.c" && expect red "with the folder" $layers
fresh && echo '#include <unistd.h>' >>"$tree/src/low/low.c" && expect red "may not include <unistd.h>" $layers
fresh && mkdir "$tree/src/new" && echo '#include "low/low.h"' >"$tree/src/new/new.c" && expect red "not in the layer table" $layers
fresh && echo 'gw_folder(low PURE USES high)' >>"$tree/CMakeLists.txt" && expect red "low links high" $layers
fresh && echo 'gw_folder(low)' >>"$tree/CMakeLists.txt" && expect red "low is pure" $layers
fresh && echo 'mid | acting | high up | |' >>"$tree/tests/lint/layers.txt" && expect red "mid uses up" $layers
fresh && rm "$tree"/src/*/*.[ch] && expect red "no sources" $layers
fresh && echo 'int x;' >"$tree/src/low/low.c" && cp "$tree/src/low/low.c" "$tree/src/high/high.c" &&
    expect red "no #include was looked at" $layers

library()
{
    printf '%s\n' "$1" >"$tree/low.c"
    rm -f "$tree/build/libgw_low.a"
    (cd "$tree" && "$cc" -O1 -w -c low.c -o low.c.o && ar rc build/libgw_low.a low.c.o)
}
purity="$lint/purity.sh $tree/build $tree/tests/lint/layers.txt"
fresh && expect red "no library" $purity
fresh && library 'double strtod(); int gw_x(); unsigned long strlen(); double f(char *s) { return strtod(s, 0) + gw_x() + strlen(s); }' &&
    expect green "1 pure rooms" $purity
fresh && library 'int getpid(); int gw_x() { return getpid(); }' && expect red "needs getpid" $purity
fresh && library 'int gw_y(); static int n; int gw_x() { return n += gw_y(); }' && expect red "writable data: .bss:low.c" $purity

banned="$lint/banned.sh $tree"
plant() { printf '%s\n' "$1" >>"$tree/src/high/high.c"; }
fresh && expect green "3 files" $banned
fresh && plant 'int f(void) { return rand(); }' && expect red "banned call" $banned
fresh && plant 'void f(char *a) { strcpy(a, "x"); }' && expect red "banned call" $banned
fresh && plant 'long f(void) { return time(0); }' && expect red "clocks are read in os only" $banned
fresh && plant 'void *f(void) { return malloc(1); }' && expect red "arenas" $banned
fresh && plant 'int x; // why' && expect red "comment" $banned
fresh && plant '/* TODO: later */' && expect red "names its issue" $banned
fresh && rm "$tree/src/high/README.md" && expect red "a room has a README" $banned
fresh && printf 'see /%s/main\n' work >"$tree/notes.md" && expect red "name a machine's folder" $banned
fresh && rm "$tree"/src/*/*.[ch] && expect red "no sources" $banned

headers="$lint/headers.sh $tree $cc"
fresh && expect green "1 headers" $headers
fresh && echo 'struct gw_x { uint32_t a; };' >"$tree/src/low/bare.h" && expect red "bare.h does not compile alone" $headers
fresh && echo 'struct gw_x { int a; };' >"$tree/src/low/twice.h" && expect red "twice.h does not compile alone" $headers
fresh && rm "$tree"/src/*/*.h && expect red "none found" $headers

lengths="$lint/lengths.sh $tree"
fresh && expect green "2 functions" $lengths
fresh && { echo 'int gw_long(void)'; echo '{'; yes '    ;' | head -n 80; echo '}'; } >>"$tree/src/low/low.c" && expect green "82 lines" $lengths
fresh && rm "$tree"/src/*/*.[ch] && expect red "no sources" $lengths

[ $failed = 0 ] && echo "every script saw what was planted"
exit $failed
