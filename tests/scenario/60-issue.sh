#!/bin/sh
# SPDX-License-Identifier: ISC
# issue: a certificate through certbot with an account that another host
# proved; what happens to lineages that are there; and that the CA is never
# asked to validate anything.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
ID=$(account_id_at surrogate)

# the account as a pull would bring it
give() {
	mkdir -p "$T/$1/etc"
	cp -a "$T/surrogate/etc/accounts" "$T/$1/etc/"
}
# how often the CA was told to validate
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
conf_value() {
	sed -n "s/^$2 = //p" "$T/$1/etc/renewal/${3:-$NAME}.conf"
}
serial() {
	openssl x509 -in "$T/$1/etc/live/${2:-$NAME}/cert.pem" -noout -serial
}
TRIED=$(attempts)
is "the surrogate proved the name once" "$TRIED" 1

# ------------------------------------------------------------- a new lineage
give internal
write_config internal "certificates:
  $NAME:
    domains: [$NAME]
    deploy_hook: [$T/bin/deploy]"
cat >"$T/bin/deploy" <<-E
	#!/bin/sh
	echo "\$RENEWED_LINEAGE \$RENEWED_DOMAINS" >>"$T/deployed"
	exit \$(cat "$T/deploy-rc")
E
chmod 755 "$T/bin/deploy"
echo 0 >"$T/deploy-rc"

run ferry_at internal issue -d "$NAME" --dry-run
rc_is "a dry run cannot know without an order" 6
nok "a dry run makes no lineage" test -e "$T/internal/etc/renewal"
nok "and no state" test -e "$T/internal/state/issue.lock"

run ferry_at internal issue -d "$NAME" --json
rc_is "issue in an open window" 0
json_is "status" .status ok
json_is "changed" .changed true
json_is "the certificate" '.certificates[0] | .name + " " + .decision +
    " " + .result + " " + (.domains | join(","))' "$NAME issue ok $NAME"
json_is "dates" '.certificates[0] | (.not_before < .not_after) and
    (.next < .not_after) and (.deploy_pending | not)' true
json_is "the name" '.names[0] | .name + " " + .status' "$NAME valid"
is "no challenge was tried" "$(attempts)" "$TRIED"
is "the lineage's account" "$(conf_value internal account)" "$ID"
is "the guard" "$(conf_value internal http01_address)" acmeferry..invalid
is "certbot's timer leaves it alone" "$(conf_value internal autorenew)" False
like "the deploy hook" "$(conf_value internal renew_hook)" \
    "test ! -x .*acmeferry.* \|\| .* -c $T/internal/config.yml .*hook deploy"
is "the deploy hook ran with certbot's variables" "$(cat "$T/deployed")" \
    "$T/internal/etc/live/$NAME $NAME"
ok "the key is the certificate's" sh -c "
	a=\$(openssl x509 -in '$T/internal/etc/live/$NAME/cert.pem' \
	    -noout -pubkey)
	b=\$(openssl pkey -in '$T/internal/etc/live/$NAME/privkey.pem' -pubout)
	[ \"\$a\" = \"\$b\" ]"
# before 1.10 certbot knew RSA alone
case $($CERTBOT --version 2>&1) in
*' 0.'* | *' '1.?.*) KEY=rsaEncryption ;;
*) KEY=prime256v1 ;;
esac
like "the key's type" "$(openssl x509 -noout -text \
    -in "$T/internal/etc/live/$NAME/cert.pem")" "$KEY"

# ------------------------------------------------------------- not due
OLD=$(serial internal)
run ferry_at internal issue -q -d "$NAME"
rc_is "not due" 0
silent "and nothing to say for cron"
run ferry_at internal issue -d "$NAME" --json
json_is "nothing" '.certificates[0].decision' nothing
json_is "unchanged" .changed false
like "with the reason" "$(echo "$OUT" | jq -r '.certificates[0].reason')" \
    '^not due before 20'
is "the certificate is the same" "$(serial internal)" "$OLD"

# ------------------------------------------------------------- renewal
sed -i 's/^\[renewalparams\]/&\nreuse_key = True/' \
    "$T/internal/etc/renewal/$NAME.conf"
run ferry_at internal issue --force -d "$NAME"
rc_is "forced" 0
isnt "another certificate" "$(serial internal)" "$OLD"
is "the settings are the lineage's" "$(conf_value internal reuse_key)" True
is "no challenge was tried" "$(attempts)" "$TRIED"
is "the deploy hook ran again" "$(wc -l <"$T/deployed")" 2
run certbot_raw internal certificates
# old ones cannot check a signature with today's libraries
out_like "certbot lists it" "Certificate Name: $NAME|/$NAME.conf"

# ------------------------------------------------------------- deploy fails
echo 5 >"$T/deploy-rc"
run ferry_at internal issue --force -d "$NAME" --json
rc_is "a deploy hook that fails is exit 1" 1
json_is "and is pending" '.certificates[0].deploy_pending' true
run ferry_at internal issue -q -d "$NAME"
rc_is "the next run tries it again" 1
err_like "and says what it said" 'ended with status 5'
echo 0 >"$T/deploy-rc"
run ferry_at internal issue -q -d "$NAME"
rc_is "until it succeeds" 0
run ferry_at internal issue --json -d "$NAME"
json_is "then nothing is pending" '.certificates[0].deploy_pending' false

run env RENEWED_LINEAGE="$T/internal/etc/live/other" RENEWED_DOMAINS=x \
    "$ACMEFERRY" -c "$T/internal/config.yml" hook deploy
rc_is "hook deploy for a lineage that is not configured" 0
silent "does nothing"
run ferry_at internal hook deploy
rc_is "hook deploy without certbot" 2
err_like "says so" "'RENEWED_LINEAGE': is not set"
run ferry_at internal hook auth
rc_is "no such hook" 2

# ------------------------------------------------------------- other names
run ferry_at internal issue --cert-name "$NAME" -d "$NAME" -d b.example.com
rc_is "other names for a lineage" 4
err_like "says which" "'$NAME': this lineage is for $NAME; pass these names"
run ferry_at internal issue --adopt --cert-name "$NAME" -d "$NAME" \
    -d b.example.com
rc_is "adopted, but the new name is not proven" 6
err_like "names the one" "no usable authorization for b.example.com \(pending"
is "the CA is not asked" "$(attempts)" "$TRIED"
is "the lineage is as it was" "$(openssl x509 -noout -ext subjectAltName \
    -in "$T/internal/etc/live/$NAME/cert.pem" | tail -1 | tr -d ' ')" \
    "DNS:$NAME"

# ------------------------------------------------------------- shut window
run ferry_at internal issue -d c.example.com
rc_is "a name that nobody proved" 6
err_like "who must prove it" "'c.example.com': the account has no usable \
authorization for c.example.com \(pending\); the host that answers \
challenges for this account must prove it"
err_like "and that there is none yet" 'there is no certificate here yet$'
is "the CA is not asked to validate" "$(attempts)" "$TRIED"
nok "certbot was not run" test -e "$T/internal/etc/renewal/c.example.com.conf"

# ------------------------------------------------------------- whose store
if [ "$(id -u)" -eq 0 ]; then
	OLD=$(serial internal)
	chown 65534 "$T/internal/etc"
	run ferry_at internal issue --force -d "$NAME"
	rc_is "root in a store of somebody else" 8
	err_like "says as whom" 'run as UID 65534|run as .*65534'
	is "certbot was not run" "$(serial internal)" "$OLD"
	chown 0 "$T/internal/etc"
else
	skip 3 "needs root"
fi

# the guard itself: certbot's own renew in a shut window
stop_pebble
sed -i "s/^autorenew = .*/autorenew = True/" \
    "$T/internal/etc/renewal/$NAME.conf"
start_pebble
rm -rf "$T/internal/etc/accounts"
register_at internal
sed -i "s/^account = .*/account = $ACCOUNT_ID/" \
    "$T/internal/etc/renewal/$NAME.conf"
run certbot_raw internal renew -n --force-renewal --no-random-sleep-on-renew
rc_is "certbot's own renew fails" 1
err_like "at the guard" 'Problem binding to port|label empty'
is "before the CA is asked" "$(attempts)" 0
done_testing
