#!/bin/sh
# banned.sh [ROOT]: calls that are not made, clocks outside os, `//` comments, notes without an issue, rooms without a
# README, and words that belong to a machine and not into the repository. Having looked at nothing is a failure.
set -u
root=${1:-$(dirname "$0")/../..}
cd "$root" || exit 2
failed=0
if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ "$(git rev-parse --show-toplevel)" = "$PWD" ]; then
    list() { git ls-files -- "$@" | while read -r f; do [ -f "$f" ] && echo "$f"; done; }
else
    list() { find . -type f | sed 's/^\.\///' | grep -E "$(echo "$@" | sed 's/\./[.]/g; s/\*/.*/g; s/ /|/g')"; }
fi
sources=$(list '*.c' '*.h' | grep -v '^build/')
[ -n "$sources" ] || {
    echo "banned: no sources in $root"
    exit 1
}
# shellcheck disable=SC2086
awk -f - $sources <<'AWK' || failed=1
function bad(text) { print FILENAME ":" FNR ": " text; failures++ }
FNR == 1 { inside = 0; files++ }
{
    # The line without comments and without what stands in quotes.
    rest = $0; code = ""
    while (rest != "") {
        if (inside) {
            at = index(rest, "*/")
            note = at ? substr(rest, 1, at - 1) : rest
            if (note ~ /(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/ && note !~ /TODO\(#[0-9]+\)/) bad("a note names its issue: TODO(#12)")
            if (!at) break
            rest = substr(rest, at + 2); inside = 0; code = code " "
            continue
        }
        if (!match(rest, /"([^"\\]|\\.)*"|'([^'\\]|\\.)+'|\/\*|\/\//)) { code = code rest; break }
        found = substr(rest, RSTART, RLENGTH)
        code = code substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        if (found == "//") { bad("`//` comment"); break }
        if (found == "/*") inside = 1
        else code = code "\"\""
    }
    if (match(code, /(^|[^A-Za-z0-9_.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|alloca|rand|srand|tmpnam|mktemp)[ \t]*\(/))
        bad("banned call " substr(code, RSTART, RLENGTH) "…)")
    # A test may nap between two polls of a condition, with a bound; it says so on the line.
    if (FILENAME !~ /^(src|sim)\/os\// && !(FILENAME ~ /^tests\// && $0 ~ /usleep\(.*polls? of a condition/) &&
        match(code, /(^|[^A-Za-z0-9_.>*])(clock_gettime|gettimeofday|time|clock|nanosleep|clock_nanosleep|usleep|sleep|timespec_get)[ \t]*\(/) &&
        code !~ /^static / && code !~ /^#[ \t]*define/)
        bad("clocks are read in os only: " substr(code, RSTART, RLENGTH) "…)")
    if (FILENAME ~ /^src\// && FILENAME !~ /^src\/os\// &&
        match(code, /(^|[^A-Za-z0-9_.>])(malloc|calloc|realloc|strdup|free)[ \t]*\(/))
        bad("memory comes from arenas or os/heap.h: " substr(code, RSTART, RLENGTH) "…)")
}
END { printf "%d files looked at\n", files; exit failures > 0 }
AWK
for room in src/*/; do
    [ -n "$(find "$room" -name '*.c' | head -n 1)" ] || continue
    [ -s "${room}README.md" ] || {
        echo "$room: a room has a README.md (purpose, the one data structure, what it must never do, reading order)"
        failed=1
    }
done
# Written so that this file does not contain them.
words='/wor[k]/(main|shared|team)|/far[m]/|bash_job[s]|registry[.]npm[j]s|npm[j]s[.]org|pyp[i][.]org|crate[s][.]io|proxy[.]golan[g][.]org'
found=$(list '*' | tr '\n' '\0' | xargs -0 grep -nIE "$words" 2>/dev/null)
[ -z "$found" ] || {
    echo "$found" | cut -c1-160
    echo "banned: the lines above name a machine's folder or a package registry"
    failed=1
}
exit $failed
