#!/bin/sh
# SPDX-License-Identifier: ISC
# verify as a gate in front of certbot: the line of the README, as cron runs
# it, with each state of the account and the window.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
mkdir -p "$T/internal/etc"
cp -a "$T/surrogate/etc/accounts" "$T/internal/etc/"
write_config internal
ferry_at internal issue -d "$NAME" >/dev/null 2>&1
CONF=$T/internal/etc/renewal/$NAME.conf
# a lineage of certbot's own, which would ask the CA; always due
sed -i -e 's/^# renew_before_expiry.*/renew_before_expiry = 9999 days/' \
    -e "s/^http01_address.*/http01_port = $PEBBLE_HTTP_PORT/" \
    -e '/^autorenew/d' -e '/^renew_hook/d' "$CONF"

# the two programs, each with this store
mkdir "$T/gate"
cat >"$T/gate/acmeferry" <<-X
	#!/bin/sh
	exec "$ACMEFERRY" -c "$T/internal/config.yml" "\$@"
X
cat >"$T/gate/certbot" <<-X
	#!/bin/sh
	echo "\$*" >>"$T/certbot-ran"
	REQUESTS_CA_BUNDLE=$PEBBLE_CA exec "$(command -v "$CERTBOT")" \\
	    --config-dir "$T/internal/etc" --work-dir "$T/internal/work" \\
	    --logs-dir "$T/internal/logs" -n --no-random-sleep-on-renew "\$@"
X
chmod 755 "$T/gate"/*
cat >"$T/cron" <<X
acmeferry verify -d $NAME >/dev/null && certbot renew --cert-name $NAME
X
ok "the line is README's" grep -qF "$(cat "$T/cron")" "$T_ROOT/README.md"
ok "and acmeferry(1)'s" sh -c "sed 's/\\\\\\\\&//g' \
    '$T_ROOT/src/man/acmeferry.1' | grep -qF 'acmeferry verify -d $NAME'"
gate() {
	rm -f "$T/certbot-ran"
	run env PATH="$T/gate:$PATH" sh "$T/cron"
}
shut() {
	rc_is "$1: the gate is shut" "$2"
	nok "$1: certbot does not run" test -e "$T/certbot-ran"
	isnt "$1: and why is said" "$ERR" ""
	is "$1: the CA is not asked to validate" "$(attempts)" "$TRIED"
}
serial() {
	openssl x509 -in "$T/internal/etc/live/$NAME/cert.pem" -noout -serial
}
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
TRIED=$(attempts)

OLD=$(serial)
gate
rc_is "an open window" 0
is "certbot runs" "$(cat "$T/certbot-ran")" "renew --cert-name $NAME"
isnt "and renews" "$(serial)" "$OLD"
is "with no challenge" "$(attempts)" "$TRIED"

# ------------------------------------------------------------- shut
cp "$T/internal/config.yml" "$T/config.good"
sed -i 's/^acme:/acmee:/' "$T/internal/config.yml"
gate
shut "2 usage" 2
cp "$T/config.good" "$T/internal/config.yml"

chmod 666 "$T/internal/config.yml"
gate
shut "8 trust" 8
chmod 600 "$T/internal/config.yml"

mv "$CONF" "$T/conf.good"
certbot_at other register -n --agree-tos -m x@example.com --no-eff-email \
    >/dev/null 2>&1
cp -a "$T/other/etc/$PEBBLE_ACCOUNTS"/* "$T/internal/etc/$PEBBLE_ACCOUNTS/"
gate
shut "4 store, several accounts" 4
mv "$T/conf.good" "$CONF"

# the lineage's account is the other one, which has proven nothing
sed -i.good "s/^account = .*/account = $(account_id_at other)/" "$CONF"
gate
shut "6 unauthorized" 6
mv "$CONF.good" "$CONF"
rm -rf "$T/internal/etc/$PEBBLE_ACCOUNTS/$(account_id_at other)"

stop_pebble
gate
rc_is "3 retry: the gate is shut" 3
nok "3 retry: certbot does not run" test -e "$T/certbot-ran"
# for cron -q is too quiet: it hides a failure that may pass, as exit 0
run ferry_at internal verify -q -d "$NAME"
rc_is "which -q would open" 0
ok "as README warns" grep -q 'Leave out .-q. here' "$T_ROOT/README.md"

# the CA has forgotten everybody
start_pebble
TRIED=$(attempts)
gate
shut "5 account" 5
done_testing
