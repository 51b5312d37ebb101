#!/bin/sh
# SPDX-License-Identifier: ISC
# verify against pebble: what it asks, what it says, what it repairs.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble certbot jq
PEBBLE_WFE_NONCEREJECT=20
start_pebble
# certbot gives up at the second refused nonce
wait_for 60 register_at surrogate
write_config surrogate
account=$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ACCOUNT_ID
uri=$(jq -r .uri "$account/regr.json")

run ferry_at surrogate -v verify
rc_is "a valid account" 0
out_like "is said to be valid, with its URL" "valid .*$ACCOUNT_ID .*$uri"
unlike "no order was sent" "$(cat "$PEBBLE_LOG")" 'POST /order-plz'

run ferry_at surrogate --json verify
json_is "its state in JSON" '.accounts[0].state' valid
json_is "status" .status ok
json_is "nothing changed" .changed false
json_is "no error" .error null
json_is "the members of an account" '.accounts[0] | keys_unsorted | join(" ")' \
    "server id uri key created host state problem origin result error"
json_is "names are there though empty" '.names | length' 0

run ferry_at surrogate --json verify --no-order -d app.example.com
rc_is "with --no-order an unknown name is exit 6" 6
json_is "status unknown" '.names[0].status' unknown
json_is "result" '.names[0].result' unauthorized
unlike "and no order was sent" "$(cat "$PEBBLE_LOG")" 'POST /order-plz'
run ferry_at surrogate --dry-run verify -d app.example.com
rc_is "a dry run is exit 6 too" 6
unlike "and sends no order either" "$(cat "$PEBBLE_LOG")" 'POST /order-plz'
nok "and remembers nothing of it" grep -q app.example.com \
    "$T/surrogate/state/acme.json"

run ferry_at surrogate --json verify -d app.example.com
rc_is "a name without authorization" 6
json_is "is pending" '.names[0].status' pending
json_is "lists what could prove it" \
    '.names[0].challenges - ["dns-account-01"] | sort | join(" ")' \
    "dns-01 http-01 tls-alpn-01"
like "after an order" "$(cat "$PEBBLE_LOG")" 'POST /order-plz'
unlike "and never a challenge" "$(cat "$PEBBLE_LOG")" 'POST /chalZ'

PEBBLE_WFE_NONCEREJECT=0
stop_pebble
start_pebble
run ferry_at surrogate --json verify
rc_is "an account that the CA does not know" 5
json_is "is unknown" '.accounts[0].state' unknown
json_is "and the command's error says so" .error.code account
like "with what to do" "$ERR" "knows no account for this key"

rm -rf "$T/surrogate/etc" "$T/surrogate/state"
cert_at surrogate app.example.com
account=$(echo "$T/surrogate/etc/$PEBBLE_ACCOUNTS"/*)
uri=$(jq -r .uri "$account/regr.json")
run ferry_at surrogate --json verify -d app.example.com
rc_is "a name that certbot just proved" 0
json_is "is valid" '.names[0].status' valid
json_is "by" '.names[0].challenges | join(" ")' http-01
like "usable until" "$(echo "$OUT" | jq -r '.names[0].usable_until')" \
    '^20[0-9]+-[0-9]+-[0-9]+T[0-9:]+Z$'
orders=$(grep -c 'POST /order-plz' "$PEBBLE_LOG")
run ferry_at surrogate verify -d app.example.com
rc_is "asked again" 0
is "by the remembered URL, without an order" \
    "$(grep -c 'POST /order-plz' "$PEBBLE_LOG")" "$orders"
run ferry_at surrogate verify --lineages
rc_is "--lineages asks the names of the lineages" 0
out_like "by name" '^app.example.com: valid, usable until 20'
lines=$(wc -l <"$PEBBLE_LOG")
run ferry_at surrogate verify -d app.example.com --max-age 10m
rc_is "--max-age takes the remembered answer" 0
is "and asks nobody" "$(wc -l <"$PEBBLE_LOG")" "$lines"

sed -i 's,my-account/,my-account/0,' "$account/regr.json"
run ferry_at surrogate verify
rc_is "a wrong uri" 5
out_like "is a mismatch" 'mismatch'
err_is "says what it found and wants" "acmeferry: '$account': found uri '$(
    jq -r .uri "$account/regr.json")', but the CA's URL for this key is '$uri'; \
'acmeferry verify --fix' repairs it"
before=$(cat "$account/regr.json")
run ferry_at surrogate --json verify --fix --dry-run
json_is "a dry run would change it" .changed true
is "and leaves it" "$(cat "$account/regr.json")" "$before"
run ferry_at surrogate --json verify --fix -d app.example.com
rc_is "--fix" 0
json_is "changed" .changed true
json_is "valid" '.accounts[0].state' valid
is "regr.json has the right uri" "$(jq -r .uri "$account/regr.json")" "$uri"
json_is "and the name was asked with it" '.names[0].status' valid
run ferry_at surrogate backups
out_like "the old one is in the backups" 'uri|regr|verify|repair'
run certbot_at surrogate show_account -n
rc_is "certbot works with it" 0

run ferry_at surrogate --account ffff verify
rc_is "no account matches --account" 5
cp -a "$account" "${account%????}ffff"
prefix=$(basename "$account" | cut -c1-4)
run ferry_at surrogate --account "$prefix" verify
rc_is "a prefix of two is ambiguous" 4
rm -r "${account%????}ffff"
: >"$account/regr.json"
run ferry_at surrogate --json --account "$prefix" verify --fix
rc_is "--fix makes an empty regr.json whole" 0
json_is "and no problem is left" '.accounts[0].problem' null
run ferry_at surrogate verify --max-age 10
rc_is "a duration without unit" 2

cp -a "$T/surrogate/etc" "$T/copy"
certbot_at surrogate unregister -n >/dev/null 2>&1
rm -rf "$T/surrogate/etc"
mv "$T/copy" "$T/surrogate/etc"
run ferry_at surrogate --json verify -d app.example.com
rc_is "a deactivated account" 5
json_is "is deactivated" '.accounts[0].state' deactivated
json_is "its names were not asked for" '.names[0].status' unknown
json_is "and say why" '.names[0].result' account

rm -rf "$T/surrogate/etc"
run ferry_at surrogate verify
rc_is "no account at all" 0
run ferry_at surrogate verify -d app.example.com
rc_is "but a name needs one" 5
done_testing
