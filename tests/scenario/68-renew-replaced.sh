#!/bin/sh
# SPDX-License-Identifier: ISC
# The surrogate has another account than the one that was migrated: renew brings
# it and issues with it, with no further migrate.
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

rm -rf "$T/surrogate/etc/accounts"
register_at surrogate
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
done_testing
