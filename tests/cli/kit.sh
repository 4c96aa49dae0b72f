# What the stories share. Sourced with: kit.sh, after G (the binary) and SOURCE are set.
# Each story works in a folder of its own, removed at the end; engines it starts are stopped by their process id.
set -u
for tool in jq sqlite3; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool (apt-get install $tool)"; exit 77; }
done
WORK=$(mktemp -d "${TMPDIR:-/tmp}/godwit-cli-XXXXXX")
ENGINE=
FAILED=0
finish()
{
    [ -z "$ENGINE" ] || { kill -TERM "$ENGINE" 2>/dev/null; wait "$ENGINE" 2>/dev/null; }
    rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$WORK" || exit 1
unset GODWIT_STATE GODWIT_SERVER GODWIT_CONFIG GODWIT_TOKEN XDG_CONFIG_HOME NO_COLOR
HOME=$WORK export HOME

fail()
{
    FAILED=$((FAILED + 1))
    echo "not ok: $*"
    sed 's/^/  out| /' out 2>/dev/null
    sed 's/^/  err| /' err 2>/dev/null
    [ $FAILED -lt 8 ] || { echo "given up after 8"; exit 1; }
}

# expect CODE WORD...: runs godwit, keeps stdout in out and stderr in err, compares the exit code.
expect()
{
    wanted=$1
    shift
    "$G" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "godwit $*: exit $got, expected $wanted"
}
has_out() { grep -qF -- "$1" out || fail "stdout lacks: $1"; }
has_err() { grep -qF -- "$1" err || fail "stderr lacks: $1"; }
empty_err() { [ ! -s err ] || fail "stderr is not empty"; }

# json FILTER: stdout is one JSON object of format godwit/1, and FILTER is true for it.
json()
{
    jq -e '.format == "godwit/1"' out >/dev/null 2>&1 || fail "not one object of format godwit/1"
    [ $# -eq 0 ] || jq -e "$1" out >/dev/null 2>&1 || fail "not true: $1"
}

# wait_until SECONDS COMMAND...: looks again each 50 ms until the command succeeds.
wait_until()
{
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

# engine WORD...: starts `godwit engine run WORD...` and waits until it says where it listens.
engine()
{
    : >engine.out
    "$G" engine run "$@" --http none --json >engine.out 2>engine.err </dev/null &
    ENGINE=$!
    wait_until 30 test -s engine.out
    grep -q '"listening"' engine.out || { fail "the engine did not start"; cat engine.out engine.err; exit 1; }
}

# shop: the three databases of examples/shop.gw with a few rows, and the variables that name them.
shop()
{
    sqlite3 legacy.db >/dev/null <<'SQL'
PRAGMA journal_mode=WAL;
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, family TEXT NOT NULL, mail TEXT NOT NULL, nick TEXT,
  group_id INTEGER, old_ref INTEGER NOT NULL, rate NUMERIC NOT NULL, paid INTEGER NOT NULL);
CREATE TABLE accounts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, cents INTEGER NOT NULL, is_frozen INTEGER NOT NULL);
INSERT INTO users VALUES (1,'Ada','Lovelace','a@x','',3,9007199254740993,1.10,0),(2,'Zoë','O''Neill 🦉','z@x',NULL,NULL,2,0,0);
INSERT INTO accounts VALUES (1,1,10000,0),(2,2,5000,0),(3,2,7,1);
SQL
    sqlite3 people.db "CREATE TABLE members (member_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, email TEXT NOT NULL,
      nickname TEXT, team INTEGER, reference TEXT NOT NULL, discount TEXT NOT NULL, payments INTEGER NOT NULL);"
    sqlite3 money.db "CREATE TABLE accounts (account_no INTEGER PRIMARY KEY, holder INTEGER NOT NULL, balance TEXT NOT NULL,
      locked INTEGER NOT NULL); CREATE TABLE transfers (id BLOB NOT NULL PRIMARY KEY, src INTEGER NOT NULL,
      dst INTEGER NOT NULL, amt TEXT NOT NULL, at INTEGER NOT NULL);"
    SHOP_LEGACY=$WORK/legacy.db SHOP_PEOPLE=$WORK/people.db SHOP_MONEY=$WORK/money.db
    export SHOP_LEGACY SHOP_PEOPLE SHOP_MONEY
    cp "$SOURCE/examples/shop.gw" .
}

done_testing()
{
    [ $FAILED -eq 0 ] && echo ok || { echo "$FAILED failed"; exit 1; }
}
