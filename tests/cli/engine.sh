#!/bin/sh
# A running engine and every command that asks it: happy path, main refusals, exit codes, JSON.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
shop
expect 0 engine prepare shop.gw

# --- a program that does not fit is refused before anything is journaled
sed 's/  home money.transfers/  home money.transferz/' shop.gw >misfit.gw
expect 3 engine run misfit.gw --http none
sed 's/a\.bal < amt/a.ball < amt/' shop.gw >broken.gw
expect 3 engine run broken.gw --http none

engine shop.gw
jq -e '.format == "godwit/1" and (.wire | length) == 1' engine.out >/dev/null || fail "engine.out"
expect 8 engine run shop.gw --http none
has_err "process $ENGINE"

# --- calls and views
expect 0 engine call pay src=1 dst=2 amt=5.00
has_out "ok "
expect 1 engine call pay src=3 dst=2 amt=1.00
has_out "fail FROZEN"
expect 0 engine call pay '[1,2,"0.50"]' --json
json '.ok | type == "string"'
expect 0 engine call pay '{"src":2,"dst":1,"amt":"0.25"}'
expect 1 engine call pya src=1 dst=2 amt=1
has_err "error[GW2202]"
expect 3 engine call pay src=1 dst=2
has_err "amt"
expect 2 engine call pay src
has_err "name=value"
expect 3 engine call pay '{"src":1,'
has_err "error[GW7101]"
expect 0 engine view balance id=1
has_out "94.75"
expect 0 engine view balance id=1 --json
json '.value == "94.75"'
expect 1 engine view balance id=99
has_err "NOT_FOUND"
expect 0 engine view balance id=1 --stale-ok
expect 0 engine warm Account 1 2 3
has_out "resident"
expect 0 engine warm pay src=1 dst=2 amt=1.00 --json
json '.failed == 0'

# --- looking
expect 0 engine status
has_out "shop v1"
has_out "money.transfers"
expect 0 engine status --json
json '.program == "shop" and (.homes | length) == 5'
expect 0 engine explain Account 1
has_out "Account[1]"
has_out "bal 100.00 -> 95.00"
expect 0 engine explain Account 1 --json
json '.explain.versions | length > 1'
expect 1 engine explain Acount 1
expect 0 engine explain 4
expect 0 engine journal show 1
has_out "CLAIM"
expect 0 engine journal show 1 --json
json '.batch.index == 1'

# --- daemons and phases
expect 0 engine daemon
expect 0 engine daemon start move_users
expect 0 engine daemon wait move_users
has_out "done"
expect 0 engine daemon --json
json '.daemons[0].daemon == "move_users"'
expect 1 engine daemon start nope
expect 2 engine daemon begin move_users
expect 2 engine daemon start
expect 0 engine phase
has_out "User      verified"
expect 8 engine phase Account flip
expect 2 engine phase User
sqlite3 -cmd '.timeout 10000' legacy.db 'INSERT INTO accounts (id, user_id, cents, is_frozen) VALUES (4, 1, 100, 0)'
expect 0 engine audit Account
unknown() { "$G" engine status --json | jq -e '[.homes[] | select(.home == "legacy.accounts") | .unknown] == [1]'; }
wait_until 10 unknown || fail "the row that nobody has read yet was not counted"
expect 4 engine phase Account verified
has_out "unknown"
expect 4 engine phase Account verified --json
json '.missing | length > 0'
expect 0 engine audit
wait_until 10 "$G" engine phase User flip --reason story || fail "User did not flip"
expect 0 engine phase --json
json '.phases[] | select(.entity == "User") | .phase == "flip"'

# --- operating
expect 0 engine audit Account
expect 0 engine retry money
expect 0 engine park money --reason story
expect 0 engine status --json
json '.stores[] | select(.store == "money") | .parked'
expect 0 engine unpark money
expect 1 engine park monny
expect 0 engine checkpoint

# --- somebody else writes a row: found, shown field by field, left alone, resolved
expect 0 engine halt
has_out "no halt is open"
settled() { "$G" engine status --json | jq -e '[.stores[].dirty] | add == 0'; }
wait_until 20 settled || fail "the stores do not settle"
sqlite3 -cmd '.timeout 10000' money.db "UPDATE accounts SET balance = '9.99' WHERE account_no = 2"
expect 0 engine audit
halted() { "$G" engine status --json | jq -e .halted; }
wait_until 20 halted || fail "the foreign change was not found"
expect 6 engine halt
has_out "Account[2]"
has_out "<-- differs"
expect 6 engine halt --json
json '.halts | length == 1'
n=$(jq -r '.halts[0].n' out)
expect 6 engine halt show "$n"
expect 6 engine call pay src=1 dst=2 amt=1.00
has_err "error[GW2601]"
[ "$(sqlite3 money.db 'SELECT balance FROM accounts WHERE account_no = 2')" = 9.99 ] || fail "the foreign row was overwritten"
expect 2 engine resolve "$n" Account 2
has_err "--reason"
expect 1 engine resolve "$n" Account 77 --take expected --reason x
expect 0 engine resolve "$n" Account 2 --take expected --reason story --resume
has_out "resolved"
expect 0 engine call pay src=1 dst=2 amt=1.00
restored() { [ "$(sqlite3 money.db 'SELECT balance FROM accounts WHERE account_no = 2')" = 56.25 ]; }
wait_until 20 restored || fail "the resolution did not reach the store: $(sqlite3 money.db 'SELECT balance FROM accounts WHERE account_no = 2')"

# --- taking what was found, and an image of one's own
sqlite3 -cmd '.timeout 10000' money.db "UPDATE accounts SET balance = '60.00' WHERE account_no = 2"
expect 0 engine audit
wait_until 20 halted || fail "the second change was not found"
expect 6 engine halt --json
n=$(jq -r '.halts[0].n' out)
echo '{"id": 2, "owner": 2, "bal": "61.00", "frozen": false}' >image.json
expect 1 engine resolve "$n" Account 2 --take absent.json --reason x
expect 0 engine resolve "$n" Account 2 --take image.json --reason "counted by hand" --resume
taken() { [ "$(sqlite3 money.db 'SELECT balance FROM accounts WHERE account_no = 2')" = 61.00 ]; }
wait_until 20 taken || fail "the image did not reach the store"

# --- stopping by hand
expect 0 engine halt now --reason story
expect 6 engine call pay src=1 dst=2 amt=1.00
expect 6 engine halt
has_out "halted by hand"
expect 0 engine halt resume
expect 0 engine halt
expect 0 engine call pay src=1 dst=2 amt=1.00

# --- a clean stop says how to go on; the next start finds everything
kill -INT "$ENGINE"
wait "$ENGINE"
[ $? -eq 130 ] || fail "Ctrl-C must end with 130"
ENGINE=
grep -q "go on with: godwit engine run" engine.err || fail "no way to go on was shown"
expect 0 engine journal verify
has_out "clean"
engine
expect 0 engine view balance id=2
has_out "62.00"
done_testing
