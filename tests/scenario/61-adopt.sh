#!/bin/sh
# SPDX-License-Identifier: ISC
# issue and lineages that somebody else made: of another account, of another
# server, with settings that must stay; several accounts; certbot's lock;
# certbot missing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl python3

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
ID=$(account_id_at surrogate)

attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
conf_value() {
	sed -n "s/^$2 = //p" "$T/$1/etc/renewal/${3:-$NAME}.conf"
}
serial() {
	openssl x509 -in "$T/$1/etc/live/${2:-$NAME}/cert.pem" -noout -serial
}

# before 1.10 certbot knew RSA alone and has no option for it
case $($CERTBOT --version 2>&1) in
*' 0.'* | *' '1.?.*) RSA= ;;
*) RSA=1 ;;
esac

# a host with an account and a lineage of its own, made by a webroot
mkdir -p "$T/www"
start_web "$T/www"
store internal
run certbot_at internal certonly -n --agree-tos -m i@example.com \
    --no-eff-email --webroot -w "$T/www" -d "$NAME" --rsa-key-size 3072 \
    ${RSA:+--key-type rsa} --deploy-hook "echo own >>$T/own"
rc_is "the host has a certificate of its own" 0
OWN=$(account_id_at internal)
isnt "of another account" "$OWN" "$ID"
write_config internal
TRIED=$(attempts)

run ferry_at internal issue -d "$NAME"
rc_is "with one account: the lineage is ours to renew" 0
out_like "and not due" 'nothing: not due before'

# the surrogate's account comes
cp -a "$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ID" "$T/internal/etc/$PEBBLE_ACCOUNTS/"
run ferry_at internal issue -q -d "$NAME"
rc_is "two accounts: the lineage says which" 0
run ferry_at internal issue -d b.example.com
rc_is "two accounts and no lineage" 4
err_like "the list" "$OWN"
err_like "the other one" "$ID"

BEFORE=$(digest_of "$T/internal/etc/renewal")
run ferry_at internal --account "$ID" issue -d "$NAME"
rc_is "another account than the lineage's" 4
err_is "says so" "acmeferry: '$NAME': this lineage uses the account $OWN, \
not $ID; pass --adopt to change the lineage"
is "and leaves it" "$(digest_of "$T/internal/etc/renewal")" "$BEFORE"
run ferry_at internal --account "$ID" issue -d "$NAME" --adopt --dry-run --json
rc_is "a dry run of --adopt" 0
json_is "would change" .changed true
is "leaves it too" "$(digest_of "$T/internal/etc/renewal")" "$BEFORE"

run ferry_at internal --account "$(echo "$ID" | cut -c1-6)" issue -d "$NAME" \
    --adopt --force --json
rc_is "--adopt" 0
json_is "renews" '.certificates[0].decision' renew
is "with the account" "$(conf_value internal account)" "$ID"
is "and its own settings" "$(conf_value internal authenticator) \
$(conf_value internal rsa_key_size)" "webroot 3072"
is "its own hook ran" "$(wc -l <"$T/own")" 2
is "no challenge was tried" "$(attempts)" "$TRIED"
run ferry_at internal backups --json
json_is "there is a backup" '.backups | length' 1
BACKUP=$(echo "$OUT" | jq -r '.backups[0].id')
run ferry_at internal issue -d "$NAME" --adopt --json
rc_is "a second time" 0
json_is "nothing to do" .changed false

# other names through certonly: hooks stay, the guard comes
run ferry_at internal issue --cert-name "$NAME" -d "$NAME,c.example.com"
rc_is "other names" 4
run certbot_at surrogate certonly -n --webroot -w "$T/www" -d c.example.com
rc_is "the surrogate proves the other name" 0
TRIED=$(attempts)
run ferry_at internal issue --cert-name "$NAME" -d "$NAME,c.example.com" --adopt
rc_is "other names adopted" 0
is "both are there" "$(openssl x509 -noout -ext subjectAltName \
    -in "$T/internal/etc/live/$NAME/cert.pem" | tail -1 | tr -d ' ')" \
    "DNS:$NAME,DNS:c.example.com"
is "its hook stayed" "$(conf_value internal renew_hook)" "echo own >>$T/own"
is "its key type stayed" "$(conf_value internal rsa_key_size)" 3072
is "with the guard" "$(conf_value internal http01_address)" acmeferry..invalid
is "no challenge was tried" "$(attempts)" "$TRIED"

# the backups bring it back, step by step
run ferry_at internal backups --json
json_is "a backup of each" '[.backups[].id] | length' 2
NEWER=$(echo "$OUT" | jq -r --arg b "$BACKUP" \
    '.backups[].id | select(. != $b)')
run ferry_at internal restore "$NEWER"
rc_is "restore what had one name" 0
is "it is the certificate for one" "$(openssl x509 -noout -ext \
    subjectAltName -in "$T/internal/etc/live/$NAME/cert.pem" | tail -1 |
    tr -d ' ')" "DNS:$NAME"
is "with its authenticator" "$(conf_value internal authenticator)" webroot
run ferry_at internal restore "$BACKUP"
rc_is "restore what had another account" 0
is "the lineage's account is the old one" "$(conf_value internal account)" "$OWN"
run certbot_raw internal certificates
# old ones cannot check a signature with today's libraries
out_like "certbot reads it" "Certificate Name: $NAME|/$NAME.conf"

# another server's lineage
sed -i 's,^server = .*,server = https://ca.example/dir,' \
    "$T/internal/etc/renewal/$NAME.conf"
run ferry_at internal --account "$ID" issue -d "$NAME"
rc_is "a lineage of another server" 4
err_like "says which" "is of the server https://ca.example/dir, not $PEBBLE_DIR_URL"
sed -i "s,^server = .*,server = $PEBBLE_DIR_URL," \
    "$T/internal/etc/renewal/$NAME.conf"
sed -i "s/^account = .*/account = $ID/" "$T/internal/etc/renewal/$NAME.conf"

# ------------------------------------------------------------- cli.ini
mkdir -p "$HOME/.config/letsencrypt"
echo "account = $OWN" >"$HOME/.config/letsencrypt/cli.ini"
OLD=$(serial internal)
run ferry_at internal issue --force -d "$NAME"
rc_is "cli.ini with another account" 4
err_like "says where" "cli.ini': 'account = $OWN' there goes before"
is "nothing was issued" "$(serial internal)" "$OLD"
rm "$HOME/.config/letsencrypt/cli.ini"

# ------------------------------------------------------------- certbot's lock
cat >"$T/hold.py" <<'E'
import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[1] + ".held", "w")
time.sleep(float(sys.argv[2]))
E
hold() {
	rm -f "$T/internal/etc/.certbot.lock.held"
	start hold python3 "$T/hold.py" "$T/internal/etc/.certbot.lock" "$1"
	wait_for 10 test -e "$T/internal/etc/.certbot.lock.held"
}
sed -i '/^state_dir/a lock_timeout: 1s' "$T/internal/config.yml"
hold 60
run ferry_at internal issue --force -d "$NAME" --json
rc_is "certbot's lock is held" 3
json_is "retry" '.error.code' retry
err_like "names the holder" "held by process $LAST_PID"
stop "$LAST_PID"
sed -i 's/^lock_timeout.*/lock_timeout: 30s/' "$T/internal/config.yml"
OLD=$(serial internal)
hold 3
run ferry_at internal issue --force -d "$NAME"
rc_is "waits for it" 0
isnt "and then issues" "$(serial internal)" "$OLD"

# ------------------------------------------------------------- two at once
cat >"$T/two.sh" <<E
"\$ACMEFERRY" -c "$T/internal/config.yml" issue --force -d $NAME >"$T/1" 2>&1 &
"\$ACMEFERRY" -c "$T/internal/config.yml" issue --force -d $NAME >"$T/2" 2>&1
a=\$?
wait \$!
exit \$((a + \$?))
E
run sh "$T/two.sh"
rc_is "two at once both end well" 0

# ------------------------------------------------------------- no certbot
sed -i 's,^  program: .*,  program: /nowhere/certbot,' "$T/internal/config.yml"
run ferry_at internal issue --force -d "$NAME"
rc_is "no certbot" 1
err_like "says so" "'/nowhere/certbot': no such program"
run ferry_at internal issue -q -d "$NAME"
rc_is "not needed where nothing is due" 0
printf '#!/bin/sh\necho certbot 4.0.0\n' >"$T/bin/certbot"
chmod 755 "$T/bin/certbot"
sed -i "s,^  program: .*,  program: $T/bin/certbot,; s,^acme:,acme:\n  profile: x," \
    "$T/internal/config.yml"
run ferry_at internal issue --force -d "$NAME"
rc_is "a certbot that lies about success" 7
err_like "says so" 'certbot reported success, but there is no new certificate'
done_testing
