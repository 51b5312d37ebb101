#!/bin/sh
# SPDX-License-Identifier: ISC
# The surrogate has another account than the one that was migrated: renew brings
# it and issues with it, with no further migrate; also where there was no
# certificate yet, and where other accounts are here.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
cat >"$T/bin/serve" <<-X
	#!/bin/sh
	exec "$ACMEFERRY" --config-dir "$T/surrogate/etc" \\
	    --state-dir "$T/surrogate/state" serve --allow read
X
chmod 755 "$T/bin/serve"
write_config internal
CONF=$T/internal/etc/renewal/$NAME.conf
run ferry_at internal migrate exec: --command "$T/bin/serve" -d "$NAME"
rc_is "migrate" 0
OLD=$(account_id_at surrogate)
ok "the certificate has that account" grep -qx "account = $OLD" "$CONF"
SERIAL=$(openssl x509 -in "$T/internal/etc/live/$NAME/cert.pem" -noout -serial)

# configured, not issued yet
waiting() {
	write_config "$1" "peers:
  surrogate:
    url: 'exec:'
    command: [$T/bin/serve]"
	mkdir -p "$T/$1/config.d"
	printf 'certificates:\n  %s:\n    domains: [%s]\n    peer: [surrogate]\n' \
	    "$NAME" "$NAME" >"$T/$1/config.d/cert.yml"
	chmod 600 "$T/$1/config.d/cert.yml"
}

accounts_at() {
	account_id_at "$1" | tr '\n' ' '
}

for s in fresh own; do
	waiting $s
done
run ferry_at fresh sync
rc_is "sync of a host without a certificate" 0
is "it has that account" "$(account_id_at fresh)" "$OLD"

rm -rf "$T/surrogate/etc/accounts"
register_at surrogate
NEW=$ACCOUNT_ID
sed -i "s/^account = .*/account = $ACCOUNT_ID/" \
    "$T/surrogate/etc/renewal/$NAME.conf"
run certbot_at surrogate renew -n --force-renewal --cert-name "$NAME" \
    --no-random-sleep-on-renew
rc_is "the surrogate renews with another one" 0

run ferry_at internal renew "$NAME" --now
rc_is "renew" 0
err_like "says which it is, for the CAA record" \
    "'$NAME' now uses account $ACCOUNT_ID; a CAA record with accounturi must"
ok "the certificate has it" grep -qx "account = $ACCOUNT_ID" "$CONF"
is "the old one is not in the store" "$(account_id_at internal)" "$ACCOUNT_ID"
run ferry_at internal backups
out_like "but in the backups" "$OLD"
isnt "there is a new certificate" "$(openssl x509 -in \
    "$T/internal/etc/live/$NAME/cert.pem" -noout -serial)" "$SERIAL"
# ------------------------------------------------------- no certificate yet
run ferry_at fresh sync --dry-run
rc_is "a dry run" 0
is "leaves all as it is" "$(account_id_at fresh)" "$OLD"
run ferry_at fresh renew
rc_is "where there is no certificate yet, renew" 0
is "the old account is not in the store" "$(account_id_at fresh)" "$NEW"
run ferry_at fresh backups
out_like "but in the backups" "$OLD"
ok "there is the certificate, with the new one" grep -qx "account = $NEW" \
    "$T/fresh/etc/renewal/$NAME.conf"

# ------------------------------------------------------- an account of its own
register_at own
OWN=$ACCOUNT_ID
run ferry_at own sync
rc_is "a host with an account of its own" 0
like "has both" "$(accounts_at own)" "$NEW"
run ferry_at own verify -d "$NAME" --json
rc_is "verify asks with the one that the certificate's peer gave" 0
run ferry_at own issue -d "$NAME"
rc_is "so does issue" 0
ok "and the certificate has it" grep -qx "account = $NEW" \
    "$T/own/etc/renewal/$NAME.conf"
like "its own stays" "$(accounts_at own)" "$OWN"

# ------------------------------------------------------- two of one peer
register_at second
SECOND=$ACCOUNT_ID
cp -a "$T/second/etc/$PEBBLE_ACCOUNTS/$SECOND" \
    "$T/surrogate/etc/$PEBBLE_ACCOUNTS/"
cert_at surrogate b.example.com --account "$SECOND" || exit 1
for s in both some; do
	waiting $s
	printf '  %s:\n    domains: [%s]\n    peer: [surrogate]\n' b.example.com \
	    b.example.com >>"$T/$s/config.d/cert.yml"
	run ferry_at $s sync
	rc_is "two accounts of one peer" 0
	like "are here" "$(accounts_at $s)" "$SECOND"
done
run ferry_at some issue -d "$NAME"
rc_is "which one, the store cannot tell" 4
err_like "says what would" "several accounts: .*$SECOND.*; choose one with \
--account, or set 'account' of certificate '$NAME' in $T/some/config.d/cert.yml"
sed -i "s/^  $NAME:/&\n    account: $NEW/" "$T/some/config.d/cert.yml"
run ferry_at some issue -d "$NAME"
rc_is "so it is" 0
ok "the certificate has it" grep -qx "account = $NEW" \
    "$T/some/etc/renewal/$NAME.conf"
run ferry_at both renew
rc_is "renew, which asks the peer, knows" 0
ok "whose is this" grep -qx "account = $NEW" "$T/both/etc/renewal/$NAME.conf"
ok "and this" grep -qx "account = $SECOND" \
    "$T/both/etc/renewal/b.example.com.conf"
done_testing
