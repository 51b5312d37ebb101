#!/bin/sh
# SPDX-License-Identifier: ISC
# make demo: a migration before your eyes. Everything runs on this machine, in
# a folder of its own, on free ports; nothing of the machine's is touched, and
# nothing is left behind.
. "${0%/*}/../scenario/lib.sh"
T_ENDED=1
NAME=app.example.com
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	B=$(printf '\033[1m') N=$(printf '\033[0m')
else
	B='' N=''
fi

step() {
	printf '\n%s%s%s\n' "$B" "$*" "$N"
}

# long paths of this laboratory, as a person would know them; and what certbot
# says to everyone, every time
tidy() {
	sed -e "s,$ACMEFERRY,acmeferry,g" -e "s,$T/,/demo/,g" |
	    sed -e '/^Saving debug log/d' -e '/^Requesting a cert/d' \
	    -e '/^If you like Certbot/,$d' -e '/^- - - -/d' -e '/^NEXT STEPS/,$d' \
	    -e '/^These files will be updated/d' -e '/^$/d' -e 's/^/    /'
}

# show CMD...: the command as a person would type it, and what it prints
show() {
	printf '  $ %s\n' "$SHOWN"
	rc=0
	"$@" >"$T/shown" 2>&1 || rc=$?
	tidy <"$T/shown"
	if [ $rc -ne 0 ]; then
		printf '\nThat ended with %d; the demo stops here.\n' $rc
		exit $rc
	fi
}

# what the CA has tried to validate so far
attempts() {
	grep -c 'Attempting to validate w/ HTTP' "$PEBBLE_LOG"
}

lead_to() {
	python3 - "$DNS_ADMIN" "$1" <<-'E'
		import json, sys, urllib.request
		urllib.request.urlopen(sys.argv[1] + "/set-default-ipv4",
		    json.dumps({"ip": sys.argv[2]}).encode()).read()
	E
}

step "1. A CA, a web server and sshd start"
PEBBLE_VA_ALWAYS_VALID=0
start_dns
start_pebble
mkdir -p "$T/surrogate/www"
start web python3 -m http.server -b 127.0.0.1 -d "$T/surrogate/www" \
    "$PEBBLE_HTTP_PORT"
WEB_PID=$LAST_PID
wait_for 10 port_open "$PEBBLE_HTTP_PORT" || exit 1
start_sshd "PermitRootLogin forced-commands-only"
SSHD_KEYFILE=$SSHD_KEY.pub
cat <<-E
	    pebble     $PEBBLE_DIR_URL, a test CA that validates HTTP-01
	    web server port $PEBBLE_HTTP_PORT, the surrogate's
	    sshd       port $SSHD_PORT, the surrogate's
	    /demo      is $T
E

step "2. The surrogate: certbot proves $NAME with HTTP-01, as it does today"
store surrogate
SHOWN="certbot certonly --webroot -w /demo/surrogate/www -d $NAME"
show certbot_at surrogate certonly -n --agree-tos -m admin@example.com \
    --no-eff-email --webroot -w "$T/surrogate/www" -d $NAME
write_config surrogate
SHOWN="acmeferry list"
show ferry_at surrogate list
before=$(attempts)
echo "    (the CA fetched $before response(s) from the web server)"

step "3. The surrogate grants the internal host exactly this account"
ferry_at surrogate authorize internal.example.com --key "$SSHD_KEYFILE" \
    --allow read --name $NAME >"$T/recipe" 2>&1 || {
	cat "$T/recipe"
	exit 1
}
SHOWN="acmeferry authorize internal.example.com --key id.pub --allow read --name $NAME"
show cat "$T/recipe"
sed -n '/ ssh-ed25519 /s/^ *//p' "$T/recipe" | head -1 >"$SSHD_AUTHORIZED"

step "4. The internal host: no challenge can be answered there"
lead_to 192.0.2.1
stop "$WEB_PID"
write_config internal
sed -i '/^peers:/,$d' "$T/internal/config.yml"
echo "    $NAME now leads to 192.0.2.1, where nobody answers the CA."
SHOWN="acmeferry list"
show ferry_at internal list

step "5. One command"
SHOWN="acmeferry migrate $SSHD_URL -d $NAME"
show ferry_at internal migrate "$SSHD_URL" -d $NAME \
    --identity-file "$SSHD_KEY" --known-hosts-file "$SSHD_KNOWN_HOSTS"

step "6. What the internal host has now"
SHOWN="certbot certificates"
show certbot_raw internal certificates
SHOWN="openssl x509 -noout -issuer -startdate -enddate -ext subjectAltName"
show openssl x509 -in "$T/internal/etc/live/$NAME/cert.pem" -noout -issuer \
    -startdate -enddate -ext subjectAltName
SHOWN="acmeferry verify -d $NAME"
show ferry_at internal verify -d $NAME
SHOWN="acmeferry check"
show ferry_at internal check
after=$(attempts)
if [ "$after" -ne "$before" ]; then
	echo "The CA validated something in step 5; it should not have." >&2
	exit 1
fi
echo "    (the CA fetched nothing more: still $after response(s))"

step "7. From cron, from now on; not due is fine"
SHOWN="acmeferry renew -q; echo \$?"
show sh -c '"$@"; echo $?' sh "$ACMEFERRY" -c "$T/internal/config.yml" renew -q

printf '\n%sDone.%s The certificate was issued with no challenge; its key never left\n' \
    "$B" "$N"
echo "the internal host. Everything of this demo is removed now."
