#!/bin/sh
# Commands that need no engine: usage, help, settings, programs, plans, the doctor.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
shop

# --- usage: what was misspelt, and what was meant
expect 2
has_out "Usage: godwit COMMAND"
expect 0 --help
expect 2 engien
has_err "error[GW7201]"
has_err 'did you mean `engine`?'
expect 2 engine statu
has_err 'did you mean `status`?'
expect 2 engine check shop.gw --jsn
has_err 'did you mean `--json`?'
expect 2 engine
has_err "needs a verb"
expect 2 engine check
has_err "needs FILE"
expect 2 engine check a.gw b.gw
has_err "does not take"
expect 2 demo --rows many
has_err "error[GW7204]"
expect 2 engine statu --json
json '.error.code == "GW7201" and .error.exit == 2 and (.error.hint | contains("status"))'
expect 2 version --quiet=yes
expect 2 version --state

# --- help: examples first, at each level, for every command
for path in "" engine "engine check" "engine resolve" demo config "config show" doctor completion; do
    # shellcheck disable=SC2086
    expect 0 $path --help
    [ "$(head -n 1 out)" = "Examples:" ] || fail "help of '$path' does not begin with examples"
    empty_err
done
expect 0 engine check -h
has_out "--explain FN"
expect 0 completion bash
bash -n out 2>err || fail "bash does not read its completion"
expect 0 completion zsh
has_out "#compdef godwit"
expect 2 completion fish

# --- version, codes
expect 0 version
has_out "godwit "
expect 0 version --features
has_out "store sqlite     yes"
expect 0 version --json
json '.features["store sqlite"]'
expect 0 explain GW1101
has_out "GW1101:"
expect 0 explain gw1101 --json
json '.code == "GW1101" and (.page | length > 40)'
expect 0 explain
has_out "GW7208"
expect 0 explain --json
json '(.codes | length) > 50'
expect 2 explain GW1
has_err "error[GW7206]"

# --- settings: flag, environment, --config, ./godwit.jsonc, XDG, default
expect 0 config show --json
json '.settings[] | select(.name == "state") | .value == ".godwit" and .origin == "default"'
mkdir -p xdg/godwit
echo '{"state": "from-xdg", "engine": {"readers": 3}}' >xdg/godwit/godwit.jsonc
XDG_CONFIG_HOME=$WORK/xdg export XDG_CONFIG_HOME
expect 0 config show --origin
has_out "xdg/godwit/godwit.jsonc"
printf '// people write comments\n{"state": "from-here",}\n' >godwit.jsonc
expect 0 config show --json
json '[.settings[] | select(.name == "state") | .value] == ["from-here"]'
json '[.settings[] | select(.name == "engine.readers") | .value] == ["3"]'
echo '{"state": "from-config"}' >other.jsonc
expect 0 config show --json --config other.jsonc
json '[.settings[] | select(.name == "state") | .value] == ["from-config"]'
GODWIT_STATE=from-env "$G" config show --json --config other.jsonc >out 2>err
json '[.settings[] | select(.name == "state") | .value, .origin] == ["from-env", "GODWIT_STATE"]'
GODWIT_STATE=from-env "$G" config show --json --state from-flag >out 2>err
json '[.settings[] | select(.name == "state") | .value, .origin] == ["from-flag", "--state"]'
echo '{"stat": "x"}' >bad.jsonc
expect 3 config show --config bad.jsonc
has_err "error[GW7111]"
has_err "--> bad.jsonc:1:2"
expect 1 config show --config absent.jsonc
expect 3 config show --color sometimes
GODWIT_ENGINE_READERS=many "$G" config show >out 2>err && fail "a word was taken for a number"
rm -f godwit.jsonc
unset XDG_CONFIG_HOME

# --- colours: never off a terminal, unless asked for
expect 2 engine statu
grep -q "$(printf '\033')" err && fail "colour without a terminal"
expect 2 engine statu --color=always

# --- check
expect 0 engine check shop.gw
has_out "pay"
empty_err
expect 0 engine check shop.gw --json
json '.ok and (.functions[] | select(.name == "pay") | .units > 100 and .keys_written == 4)'
expect 0 engine check shop.gw --explain pay
has_out "path of cost"
expect 2 engine check shop.gw --explain pya
has_err 'did you mean `pay`?'
sed 's/a\.bal < amt/a.ball < amt/' shop.gw >broken.gw
expect 3 engine check broken.gw
has_err "error[GW10"
has_err "--> broken.gw:"
has_err "^^^"
has_err 'did you mean `bal`?'
expect 3 engine check broken.gw --json
json '.ok == false and (.diags | length) == 1 and (.diags[0].line > 1)'
expect 1 engine check absent.gw
has_err "absent.gw"

# --- fmt
expect 0 engine fmt --check shop.gw
sed 's/^  /        /' shop.gw >ugly.gw
expect 1 engine fmt --check ugly.gw
has_out "ugly.gw"
expect 0 engine fmt -w ugly.gw
cmp -s ugly.gw shop.gw || fail "fmt did not give the canonical layout"
expect 1 engine fmt absent.gw
printf 'program x version\n' >broken2.gw
expect 3 engine fmt broken2.gw

# --- plan is pure, prepare does it once
before=$(sqlite3 legacy.db .schema | cksum)
expect 0 engine plan shop.gw
has_out 'ALTER TABLE "users" ADD COLUMN _gw_ver BIGINT'
[ "$before" = "$(sqlite3 legacy.db .schema | cksum)" ] || fail "plan changed a store"
expect 0 engine plan shop.gw --json
json '.ok and (.prepared | not) and ([.stores[].ddl[]] | length) == 8'
sqlite3 people.db 'ALTER TABLE members RENAME COLUMN full_name TO fullname'
expect 3 engine plan shop.gw
has_out "GW1302"
has_err "error[GW1300]"
expect 3 engine prepare shop.gw
sqlite3 people.db 'ALTER TABLE members RENAME COLUMN fullname TO full_name'
expect 0 engine prepare shop.gw
has_out "8 statements run"
expect 0 engine prepare shop.gw --json
json '.prepared and ([.stores[].ddl[]] | length) == 0'
(unset SHOP_MONEY; "$G" engine plan shop.gw >out 2>err; [ $? -eq 3 ]) || fail "an unset variable must be named"
has_out "SHOP_MONEY"
sed 's/: sqlite "env:SHOP_MONEY"/: postgres "env:SHOP_MONEY"/' shop.gw >pg.gw
if ! "$G" version --json | jq -e '.features["store postgres"]' >/dev/null; then
    expect 3 engine plan pg.gw
    has_out "GW7210"
fi

# --- no engine; the doctor
expect 7 engine status
has_err "error[GW7208]"
expect 7 engine call pay src=1 --json
json '.error.code == "GW7208" and .error.exit == 7'
expect 0 doctor --state "$WORK/new"
has_out "state folder"
expect 0 doctor --json
json '.ok and (.checks | length) > 6'
done_testing
