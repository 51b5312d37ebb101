#!/bin/sh
# SPDX-License-Identifier: ISC
# migrate: over ssh to a host that no CA can reach; again; by another peer;
# with a wrong store; in a dry run; cut off at each step.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot sshd ssh jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
ID=$(account_id_at surrogate)
start_sshd
ssh_allow_serve read

attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
conf_value() {
	sed -n "s/^$2 = //p" "$T/$1/etc/renewal/${3:-$NAME}.conf"
}
serial() {
	openssl x509 -in "$T/$1/etc/live/${2:-$NAME}/cert.pem" -noout -serial
}
# a configuration without peers: migrate writes them
plain_config() {
	t_port=$SSHD_PORT
	SSHD_PORT=
	write_config "$@"
	SSHD_PORT=$t_port
}
migrate_at() {
	t_m=$1
	shift
	ferry_at "$t_m" migrate "$SSHD_URL" --identity-file "$SSHD_KEY" \
	    --known-hosts-file "$SSHD_KNOWN_HOSTS" "$@"
}
TRIED=$(attempts)

# ------------------------------------------------------------- dry run
plain_config internal
run migrate_at internal -d "$NAME" --dry-run --json
rc_is "a dry run" 0
json_is "would change" .changed true
json_is "would add the account" '.peers[0].added[0].id' "$ID"
err_like "says each step" '^acmeferry: issue: would have the certificate issued'
nok "nothing is there" test -e "$T/internal/etc"
nok "nor configured" test -e "$T/internal/config.d"

# ------------------------------------------------------------- for real
run migrate_at internal -d "$NAME"
rc_is "migrate" 0
err_like "pull" "^acmeferry: pull: account $ID from '127.0.0.1' was added"
err_like "check" '^acmeferry: check: '
err_like "verify" '^acmeferry: verify: account https://.* is valid'
err_like "verify names" "^acmeferry: verify: '$NAME' is authorised"
err_like "issue" "^acmeferry: issue: '$NAME' was issued, valid until 20"
err_like "renewal" "^acmeferry: renewal: '$NAME' is now configured"
out_like "cron line" "test -x $T_PROGRAM && $T_PROGRAM .*renew -q"
is "no challenge was tried" "$(attempts)" "$TRIED"
is "the account" "$(conf_value internal account)" "$ID"
CERTYML=$T/internal/config.d/cert-$NAME.yml
PEERYML=$T/internal/config.d/peer-127.0.0.1.yml
is "files of config.d are private" "$(stat -c %a "$CERTYML" "$PEERYML" |
    tr '\n' ' ')" "600 600 "
like "the peer" "$(cat "$PEERYML")" "url: .*$SSHD_URL"
like "with its key" "$(cat "$PEERYML")" "identity_file: .*$SSHD_KEY"
like "the certificate" "$(cat "$CERTYML")" "peer: .*127.0.0.1"
run ferry_at internal config
rc_is "the configuration is right" 0

# ------------------------------------------------------------- again
OLD=$(serial internal)
run migrate_at internal -d "$NAME" --json
rc_is "again" 0
json_is "nothing changed" .changed false
err_like "pull: already" "pull: account $ID from '127.0.0.1' is already here"
err_like "issue: already" "issue: '$NAME' is already there, not due before"
err_like "renewal: already" "renewal: '$NAME' is already configured"
json_is "the account's state" '.accounts[0] | .id + " " + .state' "$ID valid"
json_is "unchanged" '.peers[0].unchanged[0].id' "$ID"
json_is "the certificate" '.certificates[0] | .name + " " + .decision' \
    "$NAME nothing"
is "the certificate is the same" "$(serial internal)" "$OLD"
run ferry_at internal migrate 127.0.0.1 -d "$NAME" --json
rc_is "by the peer's name" 0
# the printed line works as cron runs it
echo "$OUT" | jq -r .cron | sed 's/^[0-9]* \* \* \* \* \(root \)\{0,1\}//' \
    >"$T/cron.sh"
ok "the line is in JSON" grep -q "renew -q\$" "$T/cron.sh"
run env -i PATH=/usr/bin:/bin HOME="$HOME" sh "$T/cron.sh"
rc_is "cron's line runs" 0
silent "and is silent"
# ------------------------------------------------------------- not proven
run ferry_at internal migrate 127.0.0.1 -d b.example.com
rc_is "a name that the surrogate has not proven" 6
err_like "who must prove it" "no usable authorization for b.example.com \(.*; \
127.0.0.1 must prove it"
is "the CA is not asked" "$(attempts)" "$TRIED"
nok "nothing is configured" test -e "$T/internal/config.d/cert-b.example.com.yml"
run certbot_at surrogate certonly -n --standalone --http-01-port \
    "$PEBBLE_HTTP_PORT" -d b.example.com
TRIED=$(attempts)
run ferry_at internal migrate 127.0.0.1 -d b.example.com --json
rc_is "after the surrogate has" 0
is "no challenge was tried" "$(attempts)" "$TRIED"

# ------------------------------------------------------------- another peer
store other
cert_at other "$NAME"
OTHER=$(account_id_at other)
cat >"$T/bin/serve-other" <<-E
	#!/bin/sh
	exec "$ACMEFERRY" --config-dir "$T/other/etc" \\
	    --state-dir "$T/other/state" serve --allow read
E
chmod 755 "$T/bin/serve-other"
TRIED=$(attempts)
run ferry_at internal migrate exec: --command "$T/bin/serve-other" -d "$NAME" \
    --json
rc_is "naming another peer" 0
json_is "changes" .changed true
is "re-points the lineage" "$(conf_value internal account)" "$OTHER"
unlike "and its configuration" "$(cat "$CERTYML")" '127\.0\.0\.1'
run ferry_at internal issue --force -d "$NAME"
rc_is "it renews with that account" 0
is "still" "$(conf_value internal account)" "$OTHER"
is "no challenge was tried" "$(attempts)" "$TRIED"
run ferry_at internal migrate 127.0.0.1 -d "$NAME"
rc_is "and back" 0
is "to the first" "$(conf_value internal account)" "$ID"

# ------------------------------------------------------------- replaced
# the surrogate lost its store and registered anew
rm -rf "$T/surrogate/etc" "$T/surrogate/work"
cert_at surrogate "$NAME"
NEW=$(account_id_at surrogate)
isnt "the surrogate has a new account" "$NEW" "$ID"
TRIED=$(attempts)
run ferry_at internal migrate 127.0.0.1 -d "$NAME" --json
rc_is "its account was replaced" 0
is "the lineage follows" "$(conf_value internal account)" "$NEW"
ok "the old one stays while another lineage uses it" test -e \
    "$T/internal/etc/$PEBBLE_ACCOUNTS/$ID"
is "which it does" "$(conf_value internal account b.example.com)" "$ID"
run ferry_at internal issue --force -d "$NAME"
rc_is "and renews" 0
is "no challenge was tried" "$(attempts)" "$TRIED"
ID=$NEW

# ------------------------------------------------------------- errors
run ferry_at internal migrate 127.0.0.1
rc_is "no name" 2
run ferry_at internal migrate ssh://root:pw@127.0.0.1 -d "$NAME"
rc_is "a password in the URL" 2
err_unlike "which is not repeated" 'pw'
run ferry_at internal migrate nowhere -d "$NAME"
rc_is "no such peer" 2
run ferry_at internal migrate 127.0.0.1 -d "$NAME" --rehearse
rc_is "no staging directory is known" 2
run ferry_at internal migrate 127.0.0.1 -d "$NAME" --prefer both
rc_is "a bad value" 2

plain_config broken
run migrate_at broken -d "$NAME" --prefer source
rc_is "a second host" 0
chmod 644 "$T/broken/etc/$PEBBLE_ACCOUNTS/$ID/private_key.json"
sed -i 's/"uri": "[^"]*"/"uri": null/' \
    "$T/broken/etc/$PEBBLE_ACCOUNTS/$ID/regr.json"
run ferry_at broken migrate 127.0.0.1 -d "$NAME"
rc_is "an error of the store that concerns this account stops it" 4

# ------------------------------------------------------------- cut off
# a certbot that is killed leaves a folder in TMPDIR
TMPDIR=$T
export TMPDIR
plain_config cut "environment: [TMPDIR]"
for t_s in 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.8 1.0 1.2 1.5 1.8; do
	timeout -s KILL $t_s "$ACMEFERRY" \
	    -c "$T/cut/config.yml" migrate "$SSHD_URL" --identity-file \
	    "$SSHD_KEY" --known-hosts-file "$SSHD_KNOWN_HOSTS" -d "$NAME" \
	    >/dev/null 2>&1
done
ok "what they had started ends" wait_for 30 nobody_has "$T/cut/etc"
run migrate_at cut -d "$NAME" --json
rc_is "after a dozen kills it completes" 0
ok "the certificate is there" test -s "$T/cut/etc/live/$NAME/fullchain.pem"
run migrate_at cut -d "$NAME" --json
json_is "and then there is nothing to do" .changed false
is "no challenge was tried" "$(attempts)" "$TRIED"
run certbot_raw cut certificates
like "certbot reads the store" "$OUT" "Certificate Name: $NAME"
done_testing
