#!/bin/sh
# A journal on disk: verified whole, a changed byte found and located, nothing ever changed by looking.
G=$1 SOURCE=$2
. "$SOURCE/tests/cli/kit.sh"
shop
expect 0 engine prepare shop.gw
engine shop.gw --daemons move_users
expect 0 engine daemon wait move_users
i=0
while [ $i -lt 20 ]; do
    expect 0 engine call pay src=1 dst=2 amt=0.01
    i=$((i + 1))
done
kill -KILL "$ENGINE"
wait "$ENGINE" 2>/dev/null
ENGINE=
expect 0 engine journal verify
has_out "clean"
expect 0 engine journal verify --json
json '.finding == "clean" and .records > 20'
segment=$(ls .godwit/journal/*.gwj | head -n 1)
cp "$segment" whole
printf 'X' | dd of="$segment" bs=1 seek=8300 conv=notrunc 2>/dev/null
sum=$(cksum <"$segment")
expect 1 engine journal verify
has_err "error[GW2701]"
has_err ".gwj"
expect 1 engine journal verify --json
json '.finding == "damaged" and .bad_from > 4095'
expect 1 engine journal repair --plan
has_out "a repair would keep everything before index"
expect 2 engine journal repair
[ "$sum" = "$(cksum <"$segment")" ] || fail "looking changed the journal"
cp whole "$segment"
expect 0 engine journal verify
expect 2 engine journal cut
expect 1 engine journal verify --state nowhere
done_testing
