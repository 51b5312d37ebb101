#!/bin/sh
# SPDX-License-Identifier: ISC
# pull over real ssh from a surrogate that certbot runs, and the grant by name.
. "${0%/*}/lib.sh"
need pebble certbot sshd jq

start_pebble
cert_at surrogate app.example.com
A=$(account_id_at surrogate)
SRC=$T/surrogate/etc/$PEBBLE_ACCOUNTS
DST=$T/internal/etc/$PEBBLE_ACCOUNTS
start_sshd
ssh_allow_serve read --client internal.example.com
write_config internal

before=$(digest_of "$T/surrogate/etc")
run ferry_at internal pull surrogate --dry-run --json
rc_is "--dry-run" 0
json_is "--dry-run: would add" '.peers[0].added[0].id' "$A"
json_is "--dry-run: would change" .changed true
nok "--dry-run: does not" test -e "$T/internal/etc"
run ferry_at internal pull surrogate --json
rc_is "pull" 0
json_is "added" '.peers[0].added[0].id' "$A"
json_is "the account is told" '.accounts[0] | .id + " " + .state + " " +
    .origin' "$A ok surrogate"
json_is "something changed" .changed true
for f in private_key.json meta.json regr.json; do
	ok "$f is the same" cmp "$SRC/$A/$f" "$DST/$A/$f"
done
is "modes are certbot's" "$(stat -c %a "$DST/$A" "$DST/$A"/*.json |
    tr '\n' ' ')" "700 644 400 644 "
is "the surrogate's store is untouched" "$(digest_of "$T/surrogate/etc")" \
    "$before"
run certbot_at internal show_account
rc_is "certbot shows it" 0
run ferry_at internal pull surrogate
rc_is "again" 0
out_is "unchanged" "surrogate: 0 added, 0 updated, 1 unchanged"
is "no key was given for it (the dry run, which checks them, and the pull)" \
    "$(grep -c '"gave"' "$T/surrogate/state/ledger.jsonl")" 2
is "each request is in the ledger" \
    "$(grep -c '"operation": "read"' "$T/surrogate/state/ledger.jsonl")" 3
nok "no temporary file is left" sh -c \
    "find '$T/internal' '$T/surrogate' -name '.acmeferry*' | grep -q ."

# ------------------------------------------ several accounts, names choose
mv "$SRC/$A" "$T/first"
certbot_at surrogate register -n --agree-tos -m b@example.com --no-eff-email \
    >"$T/register.log" 2>&1
B=$(account_id_at surrogate)
certbot_at surrogate certonly -n --standalone --http-01-port \
    "$PEBBLE_HTTP_PORT" --http-01-address 127.0.0.1 -d mail.example.com \
    --account "$B" >"$T/certonly.log" 2>&1
mv "$T/first" "$SRC/$A"
rm -rf "$T/internal/etc"
run ferry_at internal pull surrogate
rc_is "two accounts and no name: exit 4" 4
err_like "each is told with its certificates" "2 accounts.*$A .* used by \
app.example.com.*|2 accounts.*$B .* used by mail.example.com.*"
nok "nothing came" test -e "$DST"
run ferry_at internal pull surrogate --account "$(printf %.6s "$B")"
rc_is "--account with a prefix" 0
ok "the right one came" test -d "$DST/$B" -a ! -e "$DST/$A"
rm -rf "$T/internal/etc"
run ferry_at internal pull surrogate --all
rc_is "--all" 0
ok "both came" test -d "$DST/$A" -a -d "$DST/$B"
out_like "two accounts for one server are warned of" "needs --account"
rm -rf "$T/internal/etc"
cat >>"$T/internal/config.yml" <<-E
	certificates:
	  mail.example.com:
	    domains: [mail.example.com]
	    peer: [surrogate]
E
run ferry_at internal pull surrogate
rc_is "a configured certificate chooses" 0
ok "the account that its name uses there" test -d "$DST/$B" -a ! -e "$DST/$A"

# ------------------------------------------ the grant by name
ssh_allow_serve read --name app.example.com
rm -rf "$T/internal/etc"
run ferry_at internal pull surrogate --json
rc_is "--name: the only one that is seen" 0
json_is "--name: the account of that name" '.peers[0].added[0].id' "$A"
run ferry_at internal pull surrogate --account "$B"
rc_is "--name: the other cannot be had" 4
sed -i "s/^account = .*/account = $B/" \
    "$T/surrogate/etc/renewal/app.example.com.conf"
rm -rf "$T/internal/etc"
run ferry_at internal pull surrogate --json
json_is "--name: follows the lineage to another account" \
    '.peers[0].added[0].id' "$B"
done_testing
