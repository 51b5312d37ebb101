#!/bin/sh
# SPDX-License-Identifier: ISC
# Many accounts: one connection, one answer each, nothing left in memory.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need pebble jq
start_acme
store many
"$ACME_PYTHON" "$T_ROOT/tests/lab/many_accounts.py" "$ACME_URL" \
    "$PEBBLE_CA" "$T/many/etc" 60
write_config many
acme_forget
run ferry_at many --json verify
rc_is "60 accounts" 0
json_is "are all valid" '[.accounts[] | select(.state == "valid")] | length' 60
is "each was asked for once" "$(acme_asked '"path": "/account"')" 60
is "by onlyReturnExisting" "$(acme_asked '"onlyReturnExisting": true')" 60
is "on one connection" "$(jq -r 'select(.method == "POST").port' \
    "$ACME_DIR/requests.log" | sort -u | wc -l)" 1
nonces=$(acme_asked '"HEAD"')
ok "few nonces had to be asked for ($nonces)" test "$nonces" -le 2
acme_forget
run ferry_at many --json verify
json_is "the second time all are valid too" \
    '[.accounts[] | select(.state == "valid")] | length' 60
is "asked by their URLs, which no limit counts" \
    "$(acme_asked '"path": "/acct/')" 60
is "and not by newAccount" "$(acme_asked '"path": "/account"')" 0
acme_ctl account id=7 status=deactivated >"$T/ignored"
sed -i 's,/acct/9",/acct/999",' "$T/many/etc/$PEBBLE_ACCOUNTS"/*/regr.json
run ferry_at many --json verify
rc_is "one deactivated and one with a wrong uri" 5
json_is "are told apart from the rest" \
    '[.accounts[].state] | group_by(.) | map("\(.[0]) \(length)") | join(", ")' \
    "deactivated 1, mismatch 1, valid 58"
for dir in "$T/many/etc/$PEBBLE_ACCOUNTS"/*; do :; done
run ferry_at many --json --account "${dir##*/}" verify
json_is "--account asks for one" '.accounts | length' 1

note "many requests in flight, with refused nonces, on pebble's HTTP/2"
PEBBLE_WFE_NONCEREJECT=10
start_pebble
store h2
"$ACME_PYTHON" "$T_ROOT/tests/lab/many_accounts.py" "$PEBBLE_DIR_URL" \
    "$PEBBLE_CA" "$T/h2/etc" 200
write_config h2
run ferry_at h2 --json verify
rc_is "200 accounts" 0
json_is "are all valid" '[.accounts[] | select(.state == "valid")] | length' \
    200
done_testing
