#!/bin/sh
# SPDX-License-Identifier: ISC
# The built-in issuer against a real CA, and real certbot on what it leaves:
# lists, renews, revokes; a lineage that certbot began goes on; key types, key
# reuse, chains, names, hooks.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble certbot jq openssl

NAME=app.example.com
LIVE=$T/internal/etc/live
CONF=$T/internal/etc/renewal

# how often the CA was asked to validate
attempts() {
	grep -c 'Pulled a task' "$PEBBLE_LOG"
}
issued() {
	grep -c 'Issued certificate serial' "$PEBBLE_LOG"
}
serial() {
	openssl x509 -noout -serial -in "$LIVE/${1:-$NAME}/cert.pem" |
	    cut -d= -f2
}
conf_value() {
	sed -n "s/^$2 = //p" "$CONF/$1.conf"
}
pubkey() {
	openssl pkey -in "$LIVE/$1/privkey.pem" -pubout | sha256sum
}
# lineage_ok NAME N: everything as certbot wants it, and it is version N
lineage_ok() {
	a=$T/internal/etc/archive/$1
	for k in cert privkey chain fullchain; do
		[ "$(readlink "$LIVE/$1/$k.pem")" = \
		    "../../archive/$1/$k$2.pem" ] || return 1
	done
	[ "$(stat -c '%a' "$a/privkey$2.pem")" = 600 ] || return 2
	[ "$(stat -c '%a' "$a/cert$2.pem")" = 644 ] || return 3
	[ "$(openssl x509 -in "$a/cert$2.pem" -noout -pubkey)" = \
	    "$(openssl pkey -in "$a/privkey$2.pem" -pubout)" ] || return 4
	cat "$a/cert$2.pem" "$a/chain$2.pem" | cmp -s - "$a/fullchain$2.pem" ||
	    return 5
	! find "$T/internal" -name '.acmeferry*' | grep . || return 6
	[ ! -e "$T/internal/state/journal" ] || return 7
	[ ! -e "$T/internal/state/pending/$1" ] || return 8
	[ ! -e "$T/internal/state/deploy-pending/$1" ] || return 9
}

PEBBLE_ALTERNATE_ROOTS=2
export PEBBLE_ALTERNATE_ROOTS
PEBBLE_VA_ALWAYS_VALID=1
start_pebble
cert_at surrogate "$NAME" -d '*.example.com,b.example.com,xn--bcher-kva.example' \
    --preferred-challenges http 2>/dev/null || cert_at surrogate "$NAME" \
    -d b.example.com -d xn--bcher-kva.example || exit 1
ID=$(account_id_at surrogate)
store internal
mkdir -p "$T/internal/etc"
cp -a "$T/surrogate/etc/accounts" "$T/internal/etc/"
cat >"$T/bin/deploy" <<-E
	#!/bin/sh
	echo "config \$RENEWED_LINEAGE \$RENEWED_DOMAINS" >>'$T/deployed'
	exit \$(cat '$T/deploy-rc')
	E
chmod 755 "$T/bin/deploy"
echo 0 >"$T/deploy-rc"
configure() {
	write_config internal "certificates:
  $NAME:
    domains: [$NAME]
    issuer: builtin
    deploy_hook: [$T/bin/deploy]
$1"
}
configure ''

# ------------------------------------------------------------- a new one
TRIED=$(attempts)
run ferry_at internal issue -d "$NAME" --dry-run --json
rc_is "a dry run orders nothing" 6
nok "and leaves nothing" test -e "$T/internal/state/pending"
ISSUED=$(issued)
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
is "one certificate" "$(($(issued) - ISSUED))" 1
ok "a lineage as certbot has it" lineage_ok "$NAME" 1
is "its directories" "$(cd "$T/internal/etc" && stat -c '%a' live archive \
    renewal "live/$NAME" "archive/$NAME" | tr '\n' ' ')" "700 700 755 755 755 "
ok "READMEs" test -s "$LIVE/README" -a -s "$LIVE/$NAME/README"
is "the account" "$(conf_value "$NAME" account)" "$ID"
is "the server" "$(conf_value "$NAME" server)" "$PEBBLE_DIR_URL"
is "the guard" "$(conf_value "$NAME" http01_address)" acmeferry..invalid
is "the authenticator" "$(conf_value "$NAME" authenticator)" standalone
is "certbot's timer leaves it alone" "$(conf_value "$NAME" autorenew)" False
like "the deploy hook" "$(conf_value "$NAME" renew_hook)" \
    "test ! -x .*acmeferry.* \|\| .* -c $T/internal/config.yml .*hook deploy"
is "it ran" "$(cat "$T/deployed")" "config $LIVE/$NAME $NAME"
like "the request had no common name" "$(openssl x509 -noout -ext \
    subjectAltName -in "$LIVE/$NAME/cert.pem" | tr -d ' \n')" "DNS:$NAME\$"

# ------------------------------------------------------------- certbot on it
run certbot_raw internal certificates
rc_is "certbot certificates" 0
out_like "lists it" "Certificate Name: $NAME"
out_like "with its names" "Domains: $NAME"
err_unlike "without a complaint" 'parse|invalid|broken'
OLD=$(serial)
run certbot_raw internal renew --cert-name "$NAME" --force-renewal \
    --no-random-sleep-on-renew
rc_is "certbot renew --cert-name" 0
isnt "another certificate" "$(serial)" "$OLD"
ok "its second" lineage_ok "$NAME" 2
is "with acmeferry's hook" "$(wc -l <"$T/deployed")" 2
OLD=$(serial)
run ferry_at internal issue --force -d "$NAME"
rc_is "acmeferry goes on after certbot" 0
ok "the third" lineage_ok "$NAME" 3
is "the settings stay" "$(conf_value "$NAME" http01_address) $(conf_value \
    "$NAME" autorenew)" "acmeferry..invalid False"
like "certbot's version stays in it" "$(conf_value "$NAME" version)" .
run ferry_at internal issue -q -d "$NAME"
rc_is "not due" 0
silent "and nothing to say for cron"
run ferry_at internal check
rc_is "check finds the store in order" 0
run certbot_at internal revoke -n --cert-name "$NAME"
rc_is "certbot revoke" 0
nok "and it is gone" test -e "$CONF/$NAME.conf" -o -e "$LIVE/$NAME"
ok "certbot's lock is free" test ! -e "$T/internal/etc/.certbot.lock"

# ------------------------------------------------------------- no certbot
sed -i "s|program: .*|program: no-such-certbot|; s|issuer: builtin|issuer: auto|" \
    "$T/internal/config.yml"
run ferry_at internal issue -d "$NAME"
rc_is "auto where certbot is not installed" 0
ok "is the built-in issuer" lineage_ok "$NAME" 1
sed -i "s|program: .*|program: /nowhere/certbot|" "$T/internal/config.yml"
run ferry_at internal issue --force -d "$NAME"
rc_is "a program that is named by its path is meant" 1
err_like "and missed" "'/nowhere/certbot'"
ok "the lineage stays" lineage_ok "$NAME" 1
sed -i "s|program: .*|program: no-such-certbot|" "$T/internal/config.yml"
rm -rf "$T/third"
write_config third
sed -i "s|program: .*|program: no-such-certbot|" "$T/third/config.yml"
run ferry_at third migrate "file://$T/surrogate/etc" -d "$NAME"
rc_is "migrate needs no certbot" 0
ok "and issues" test -s "$T/third/etc/live/$NAME/fullchain.pem"
run ferry_at third migrate "file://$T/surrogate/etc" -d "$NAME"
rc_is "and is repeated" 0

# ------------------------------------------------------------- keys
for type in ecdsa-p256 ecdsa-p384 ecdsa-p521 rsa-2048 rsa-3072 rsa-4096; do
	rm -rf "$LIVE" "$CONF" "$T/internal/etc/archive"
	configure "    key_type: $type"
	run ferry_at internal issue -d "$NAME"
	rc_is "key_type $type" 0
	openssl x509 -noout -text -in "$LIVE/$NAME/cert.pem" >"$T/text"
	case $type in
	ecdsa-*) want="ecdsa secp${type#ecdsa-p}r1 " bits=${type#ecdsa-p} ;;
	*) want="rsa  ${type#rsa-}" bits=${type#rsa-} ;;
	esac
	like "$type: the certificate's key" "$(cat "$T/text")" \
	    "Public-Key: \($bits bit\)"
	is "$type: the conf" "$(conf_value "$NAME" key_type) $(conf_value \
	    "$NAME" elliptic_curve) $(conf_value "$NAME" rsa_key_size)" "$want"
	ok "$type: the lineage" lineage_ok "$NAME" 1
done
# RSA 4096 there, and nothing of it in the configuration
configure ''
run ferry_at internal issue --force -d "$NAME"
rc_is "a renewal without key_type" 0
like "keeps the lineage's" "$(openssl x509 -noout -text -in \
    "$LIVE/$NAME/cert.pem")" 'Public-Key: \(4096 bit\)'
configure '    key_type: ecdsa-p384'
run ferry_at internal issue --force -d "$NAME"
rc_is "one that is configured" 0
is "changes it" "$(conf_value "$NAME" key_type) $(conf_value "$NAME" \
    elliptic_curve)" "ecdsa secp384r1"
ok "in the third version" lineage_ok "$NAME" 3
OLD=$(pubkey "$NAME")
configure '    reuse_key: true'
run ferry_at internal issue --force -d "$NAME"
rc_is "reuse_key" 0
is "the same key" "$(pubkey "$NAME")" "$OLD"
is "and certbot will keep it too" "$(conf_value "$NAME" reuse_key)" True
configure ''
run ferry_at internal issue --force -d "$NAME"
is "the lineage says so, too" "$(pubkey "$NAME")" "$OLD"
run certbot_raw internal renew --cert-name "$NAME" --force-renewal \
    --no-random-sleep-on-renew
rc_is "certbot renews it" 0
is "with that key" "$(pubkey "$NAME")" "$OLD"
configure '    reuse_key: false'
run ferry_at internal issue --force -d "$NAME"
isnt "until the configuration says no" "$(pubkey "$NAME")" "$OLD"
is "in the lineage too" "$(conf_value "$NAME" reuse_key)" False
configure '    reuse_key: true
    key_type: ecdsa-p256'
run ferry_at internal issue --force -d "$NAME"
rc_is "another key_type and reuse_key" 0
err_like "says that a new key is made" 'its key is ecdsa-p384, so a new one'

# ------------------------------------------------------------- chains
roots() {
	for i in 0 1 2; do
		curl -sk "https://127.0.0.1:$PEBBLE_MGMT_PORT/roots/$i" |
		    openssl x509 -noout -subject -nameopt multiline |
		    sed -n 's/ *commonName *= //p'
	done
}
if command -v curl >/dev/null 2>&1; then
	n=0
	for root in $(roots | tr ' ' '_'); do
		root=$(echo "$root" | tr _ ' ')
		configure "    preferred_chain: $root"
		run ferry_at internal issue --force -d "$NAME"
		rc_is "preferred_chain $n" 0
		is "chain $n: its root" "$(tac "$LIVE/$NAME/chain.pem" | awk \
		    '{ print } /BEGIN/ { exit }' | tac | openssl x509 -noout \
		    -issuer -nameopt multiline |
		    sed -n 's/ *commonName *= //p')" "$root"
		n=$((n + 1))
	done
	is "there were several" "$n" 3
	is "certbot will prefer it too" "$(conf_value "$NAME" \
	    preferred_chain)" "$root"
else
	skip 8 "curl is not installed"
fi
configure '    preferred_chain: No Such Root'
run ferry_at internal issue --force -d "$NAME"
rc_is "a chain that the CA has not" 0
err_like "is said" "the CA has no chain from 'No Such Root'"

# ------------------------------------------------------------- names
configure "  many:
    domains: [$NAME, b.example.com, bücher.example]
    issuer: builtin"
run ferry_at internal issue -d b.example.com
rc_is "several names" 0
is "all in it, IDN as A-labels" "$(openssl x509 -noout -ext subjectAltName -in \
    "$LIVE/many/cert.pem" | tail -1 | tr -d ' ' | tr , '\n' | sort |
    tr '\n' ' ')" \
    "DNS:$NAME DNS:b.example.com DNS:xn--bcher-kva.example "
run certbot_raw internal certificates
out_like "certbot lists them" 'Certificate Name: many'

# ------------------------------------------------------------- hooks
HOOKS=$T/internal/etc/renewal-hooks/deploy
mkdir -p "$HOOKS"
for h in 20-second 10-first 'b c' backup~; do
	# shellcheck disable=SC2016 # the hook expands them
	printf '#!/bin/sh\necho "%s $RENEWED_LINEAGE $RENEWED_DOMAINS" >>%s\n' \
	    "$h" "$T/hooks" >"$HOOKS/$h"
	chmod 755 "$HOOKS/$h"
done
printf 'echo "no-shebang" >>%s\nexit 3\n' "$T/hooks" >"$HOOKS/15-bare"
chmod 755 "$HOOKS/15-bare"
echo 'touch nothing' >"$HOOKS/30-not-executable"
mkdir "$HOOKS/40-folder"
configure ''
run ferry_at internal issue --force -d "$NAME"
rc_is "a hook of the folder that fails undoes nothing" 0
err_like "and is reported as certbot does" \
    "Hook 'deploy-hook' .*15-bare.* reported error code 3"
is "executables in order of their bytes" "$(cut -d' ' -f1 "$T/hooks" |
    tr '\n' ' ')" "10-first no-shebang 20-second b "
is "with certbot's variables" "$(head -1 "$T/hooks")" \
    "10-first $LIVE/$NAME $NAME"
rm -rf "$HOOKS"
sed -i "s|^renew_hook = .*|renew_hook = echo \$RENEWED_DOMAINS >>$T/own|" \
    "$CONF/$NAME.conf"
run ferry_at internal issue --force -d "$NAME"
is "the lineage's own hook runs" "$(cat "$T/own")" "$NAME"
like "and stays" "$(conf_value "$NAME" renew_hook)" '>>'
echo 7 >"$T/deploy-rc"
run ferry_at internal issue --force -d "$NAME" --json
rc_is "a deploy_hook that fails is exit 1" 1
json_is "and is pending" '.certificates[0].deploy_pending' true
echo 0 >"$T/deploy-rc"
rm "$T/own"
run ferry_at internal issue -q -d "$NAME"
rc_is "the next run tries it again" 0
nok "and no other hook" test -e "$T/own"

# ------------------------------------------------------------- certbot's own
rm -rf "$LIVE" "$CONF" "$T/internal/etc/archive"
certbot_at internal certonly -n --standalone --http-01-port \
    "$PEBBLE_HTTP_PORT" --http-01-address 127.0.0.1 -d "$NAME" \
    --key-type rsa --rsa-key-size 2048 >"$T/certonly.log" 2>&1
echo '# a line of mine' >>"$CONF/$NAME.conf"
sed -i 's/^# renew_before_expiry.*/renew_before_expiry = 20 days/' \
    "$CONF/$NAME.conf"
cp "$CONF/$NAME.conf" "$T/conf"
chmod 640 "$T/internal/etc/archive/$NAME/privkey1.pem"
if [ "$(id -u)" -eq 0 ]; then
	chgrp 65534 "$T/internal/etc/archive/$NAME/privkey1.pem"
	WANT='640 65534'
else
	WANT="640 $(id -g)"
fi
echo combined >"$LIVE/$NAME/haproxy.pem"
ln -s haproxy.pem "$LIVE/$NAME/alias.pem"
INODE=$(stat -c %i "$LIVE/$NAME/haproxy.pem")
run ferry_at internal issue --force -d "$NAME"
rc_is "a lineage that certbot began goes on" 0
is "in its second version" "$(readlink "$LIVE/$NAME/cert.pem")" \
    "../../archive/$NAME/cert2.pem"
is "its key keeps group and mode, as certbot does" "$(stat -c '%a %g' \
    "$T/internal/etc/archive/$NAME/privkey2.pem")" "$WANT"
is "every line of its conf stays" "$(cat "$CONF/$NAME.conf")" "$(cat "$T/conf")"
like "its kind of key" "$(openssl x509 -noout -text -in \
    "$LIVE/$NAME/cert.pem")" 'Public-Key: \(2048 bit\)'
is "what else is in live/ stays" "$(stat -c %i "$LIVE/$NAME/haproxy.pem" \
    ) $(readlink "$LIVE/$NAME/alias.pem")" "$INODE haproxy.pem"
# certbot was killed while it changed links
for k in cert privkey chain fullchain; do
	ln -s "../../archive/$NAME/${k}1.pem" "$LIVE/$NAME/previous_$k.pem"
done
run ferry_at internal issue --force -d "$NAME"
rc_is "links of a certbot that was killed" 0
run certbot_raw internal certificates
is "do not undo the new one" "$(readlink "$LIVE/$NAME/cert.pem")" \
    "../../archive/$NAME/cert3.pem"
run certbot_raw internal renew --cert-name "$NAME" --force-renewal \
    --no-random-sleep-on-renew
rc_is "and certbot renews it" 0
# absolute links work for certbot and stay absolute
for k in cert privkey chain fullchain; do
	ln -sfn "$T/internal/etc/archive/$NAME/${k}4.pem" "$LIVE/$NAME/$k.pem"
done
run ferry_at internal issue --force -d "$NAME"
rc_is "absolute links" 0
is "stay so" "$(readlink "$LIVE/$NAME/chain.pem")" \
    "$T/internal/etc/archive/$NAME/chain5.pem"
# something in it that cannot be linked twice: one link after the other
mkdir "$LIVE/$NAME/folder"
run ferry_at internal issue --force -d "$NAME"
rc_is "a directory in live/NAME" 0
is "the links change all the same" "$(readlink "$LIVE/$NAME/privkey.pem")" \
    "$T/internal/etc/archive/$NAME/privkey6.pem"

# ------------------------------------------------------------- odd links
ISSUED=$(issued)
odd() {
	run ferry_at internal issue --force -d "$NAME"
	rc_is "$1" 4
	err_like "$1: says which" "$2"
	is "$1: costs no certificate" "$(issued)" "$ISSUED"
}
keep=$(readlink "$LIVE/$NAME/chain.pem")
cp --remove-destination "$keep" "$LIVE/$NAME/chain.pem"
odd "a file instead of a link" "'$LIVE/$NAME/chain.pem': is no link"
ln -sfn "../../archive/$NAME/chain6.pem" "$LIVE/$NAME/chain.pem"
odd "one relative link among absolute ones" "written in another way"
cp "$keep" "$T/internal/etc/chain6.pem"
ln -sfn ../../chain6.pem "$LIVE/$NAME/chain.pem"
odd "a link out of the archive" "(leads out of|written in another way)"
ln -sfn "$keep" "$LIVE/$NAME/chain.pem"
mv "$CONF/$NAME.conf" "$T/conf"
odd "live/ and archive/ without a conf" \
    "'$T/internal/etc/archive/$NAME': is there, but no renewal/$NAME.conf"
mv "$T/conf" "$CONF/$NAME.conf"

# ------------------------------------------------------------- not authorised
stop_pebble
start_pebble
rm -rf "$T/internal/etc/accounts"
register_at internal
OLD=$(serial)
run ferry_at internal issue --force --adopt --account "$ACCOUNT_ID" -d "$NAME"
rc_is "a shut window" 6
is "nothing is issued" "$(issued)" 0
is "the CA is not asked to validate" "$(attempts)" 0
is "the old one stays" "$(serial)" "$OLD"
done_testing
