#!/bin/sh
# run_guide.sh FOLDER-OF-GODWIT GUIDE.md [EXPECTED...]: does what a reader of the guide would do, in an empty folder.
# A fence ```sh is run, all of them in one shell that stops at the first failure; a fence with a language and a file name,
# such as ```gw move.gw, is saved under that name. Each EXPECTED text has to appear in what is printed.
set -u
tools=$(cd "$1" && pwd) || exit 2
guide=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
shift 2
[ -x "$tools/godwit" ] || {
    echo "no godwit in $tools"
    exit 1
}
command -v sqlite3 >/dev/null || {
    echo "skipped: sqlite3 is missing; apt-get install sqlite3"
    exit 77
}
folder=$(mktemp -d) || exit 2
cd "$folder" || exit 2
PATH=$tools:$PATH
export PATH
ln -s "$examples" examples # guides speak of the clone's programs
awk '
    /^```/ && !inside { inside = 1; split($0, word, " "); target = word[2]; if (word[1] == "```sh") target = "guide.sh"; next }
    /^```/ { inside = 0; next }
    inside && target != "" { print > target }' "$guide"
[ -s guide.sh ] || {
    echo "no commands in $guide"
    exit 1
}
{
    # Whatever happens, what the guide started is stopped, by its process id.
    echo 'set -eu; trap '\''[ -z "${engine-}" ] || kill -9 "$engine" 2>/dev/null || true'\'' EXIT'
    cat guide.sh
} >all.sh
timeout 120 sh -x all.sh >said.txt 2>&1 </dev/null
status=$?
for text; do
    grep -qF -- "$text" said.txt || {
        echo "not printed: $text"
        status=1
    }
done
[ $status = 0 ] || {
    cat said.txt
    [ ! -f run.log ] || { echo "run.log:" && cat run.log; }
}
cd / && rm -rf "$folder"
exit $status
