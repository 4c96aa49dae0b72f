#!/bin/sh
# tidy.sh BUILD [--all | --clean | --base REV | FILE...]: clang-tidy over the files of BUILD/compile_commands.json.
# --clean: the rooms that are clean and have to stay so; move a room there as soon as it is.
# Otherwise only files that changed since REV (default: origin/main, or the last 20 commits).
# Exit 77: there is no clang-tidy.
set -u
clean='base|codec|record|os|kv|net|log|journal|store'
build=$(cd "$1" && pwd) || exit 2
shift
cd "$(dirname "$0")/../.." || exit 2
tool=$(command -v clang-tidy-14 || command -v clang-tidy) || {
    echo "skipped: clang-tidy is missing; apt-get install clang-tidy"
    exit 77
}
known=$(sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$build/compile_commands.json" | sed "s,^$PWD/,," | grep -v '^/' | sort -u)
case ${1-} in
--all) files=$known ;;
--clean) files=$(printf '%s\n' "$known" | grep -E "^src/($clean)/") ;;
--base | '')
    base=${2:-$(git rev-parse -q --verify origin/main || git rev-parse -q --verify HEAD~20)} || exit 2
    changed=$(git diff --name-only "$base" -- '*.c'; git ls-files --others --exclude-standard -- '*.c')
    files=$(printf '%s\n' "$known" | grep -Fx "$changed") ;;
*) files=$* ;;
esac
[ -n "$files" ] || {
    echo "no file to look at"
    case ${1-} in --all | --clean) exit 1 ;; *) exit 0 ;; esac
}
echo "$files" | wc -w | sed 's/$/ files looked at/'
# A gcc build names warnings clang does not know. One file per process.
printf '%s\n' $files | xargs -P 2 -I '{}' "$tool" --quiet -p "$build" \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument '{}' 2>/dev/null
