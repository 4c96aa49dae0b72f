#!/bin/sh
# docs/cli.md is what the command tables say. GW_UPDATE=1 writes it anew.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
expect 0 man --markdown
if [ "${GW_UPDATE:-}" = 1 ]; then
    cp out "$SOURCE/docs/cli.md"
fi
cmp -s out "$SOURCE/docs/cli.md" || fail "docs/cli.md is not what the tables say; GW_UPDATE=1 rewrites it"
expect 0 man --to pages
[ -s pages/godwit.1 ] && [ -s pages/godwit-engine-check.1 ] || fail "man pages are missing"
if command -v man >/dev/null; then
    man --warnings -E UTF-8 -l -Tutf8 -Z pages/godwit-engine-check.1 >/dev/null 2>warnings || true
    [ ! -s warnings ] || { cat warnings; fail "the man page has warnings"; }
fi
done_testing
