#!/bin/sh
# SPDX-License-Identifier: ISC
# What is asked for and is not there, or is not what it should be: trust
# anchors, certbot's variables, backups, a ledger.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq

store here
ID=f1a42f8f4dd6a9117b665fd2d9952409
ACCOUNTS=$T/here/etc/accounts/localhost:1/dir
mkdir -p "$ACCOUNTS" "$T/here/etc/live/app"
cp -r "$T_ROOT/tests/fixtures/accounts/rsa2048" "$ACCOUNTS/$ID"
printf '{"body": {}, "uri": "https://localhost:1/acct/1"}' \
    >"$ACCOUNTS/$ID/regr.json"
chmod -R go-rwx "$T/here/etc/accounts"
chmod 400 "$ACCOUNTS/$ID/private_key.json"
cat >"$T/here/config.yml" <<-E
	acme: {server: "https://localhost:1/dir", ca_file: "$T/ca.pem"}
	E

# ------------------------------------------------------------- trust anchors
anchors() {
	run ferry_at here verify --json
	rc_is "$1" 2
	err_is "$1: what" "acmeferry: $2"
	json_is "$1: no account was judged" '.accounts[0].state' unreachable
}
anchors "no ca_file" "'$T/ca.pem': acme.ca_file: no such file"
echo garbage >"$T/ca.pem"
anchors "a ca_file without a certificate" \
    "'$T/ca.pem': acme.ca_file: found no certificate, want PEM"
head -c 2000000 /dev/zero >"$T/ca.pem"
anchors "a ca_file without an end" \
    "acme.ca_file: '$T/ca.pem': found 2000000 bytes, want at most 1048576"
rm "$T/ca.pem"
mkdir "$T/ca.pem"
anchors "a ca_file that is a directory" \
    "acme.ca_file: '$T/ca.pem': found a directory, want a regular file"

# ------------------------------------------------------------- hook deploy
run ferry_at here hook deploy
rc_is "not from certbot" 2
err_is "and says so" "acmeferry: 'RENEWED_LINEAGE': is not set; certbot sets it when it runs 'acmeferry hook deploy' as its deploy hook"
RENEWED_LINEAGE=/else/live/app
RENEWED_DOMAINS=app.example.com
export RENEWED_LINEAGE RENEWED_DOMAINS
run ferry_at here -v hook deploy
rc_is "a lineage of another store is none of ours" 0
err_is "and says so with -v" "acmeferry: '/else/live/app': is no lineage below '$T/here/etc/live', nothing to do"
RENEWED_LINEAGE=$T/here/etc/live/app
run ferry_at here hook deploy --dry-run
rc_is "a dry run" 0
out_is "says what it would do" \
    "'app': would run its deploy hook, if it is configured"
run ferry_at here -q hook deploy
rc_is "a certificate that is not configured" 0
silent "runs nothing"
unset RENEWED_LINEAGE RENEWED_DOMAINS

# ------------------------------------------------------------- backups
run ferry_at here backups
rc_is "no backups yet" 0
out_is "where they would be" "no backups in $T/here/state/backups"
run ferry_at here backups --json
json_is "in JSON" .status ok
for id in 20200101T000000Z-1 ../../etc /etc ''; do
	run ferry_at here restore "$id"
	isnt "restore of '$id'" "$RC" 0
done
run ferry_at here restore ../../etc
err_is "no path is an id" \
    "acmeferry: '../../etc': no such backup; 'acmeferry backups' lists them"

# ------------------------------------------------------------- holders
run ferry_at here holders
rc_is "no ledger yet" 0
out_is "where it would be" "no account key has come or gone here, says $T/here/state/ledger.jsonl"
write_config there "peers:
  here:
    url: file://$T/here/etc
    servers: ['https://localhost:1/dir']"
run ferry_at there pull here
rc_is "a copy" 0
run ferry_at there holders
rc_is "is in the ledger" 0
out_like "with its id" "$ID"
run ferry_at there holders --json
json_is "in JSON" .status ok
json_is "it says which" '.holders[].id' "$ID"
done_testing
