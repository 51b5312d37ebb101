#!/bin/sh
# SPDX-License-Identifier: ISC
# "--allow read,write --name N": the names limit what is read; what is written
# carries the digest of what it replaces, whatever its name.
. "${0%/*}/lib.sh"
need jq

SERVER=https://ca.example.com/directory
ID=f1a42f8f4dd6a9117b665fd2d9952409
for s in here there; do
	store $s
	D=$T/$s/etc/accounts/ca.example.com/directory/$ID
	mkdir -p "$D"
	chmod -R go-rwx "$T/$s/etc/accounts"
	cp "$T_ROOT/tests/fixtures/accounts/rsa2048"/*.json "$D"
	printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' $s \
	    >"$D/regr.json"
	cat >"$T/$s/config.yml" <<-E
		acme:
		  server: $SERVER
		peers:
		  far:
		    url: "exec:"
		    command: [$ACMEFERRY, -c, $T/there/config.yml, --config-dir,
		      $T/there/etc, --state-dir, $T/there/state, serve, --allow,
		      "read,write", --name, app.example.com]
	E
	chmod 600 "$T/$s/config.yml"
done
REGR=$T/there/etc/accounts/ca.example.com/directory/$ID/regr.json

run ferry_at here pull far
rc_is "nothing may be read: exit 4" 4
run ferry_at here push far --dry-run --json
rc_is "a dry run sees the conflict: exit 4" 4
json_is "and tells it" '.peers[0].conflicts[0].id' "$ID"
run ferry_at here push far --json
rc_is "so does the push" 4
nok "for which no key was given" grep -q '"gave"' "$T/here/state/ledger.jsonl"
run ferry_at here push far --prefer source --json
rc_is "--prefer source replaces it" 0
json_is "is told" '.peers[0].updated[0].id' "$ID"
like "is done" "$(cat "$REGR")" 'acct/here"'
ok "what was there is in the backups" \
    grep -rq 'acct/there"' "$T/there/state/backups"
run ferry_at here push far --json
json_is "again: unchanged" '.peers[0].unchanged[0].id' "$ID"
is "and no key went for nothing" \
    "$(grep -c '"gave"' "$T/here/state/ledger.jsonl")" 1
done_testing
