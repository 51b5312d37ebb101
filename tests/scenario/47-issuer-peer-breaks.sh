#!/bin/sh
# SPDX-License-Identifier: ISC
# issuer: peer, where something breaks in the middle: the surrogate or the
# client is killed, the link is cut, the CA is slow or lies. The certificate
# that is there stays until the new one is complete, and none is issued twice.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl

NAME=app.example.com
start_acme
register_at surrogate
write_config surrogate "lock_timeout: 20s"
acme_ctl validate name=$NAME >/dev/null
cat >"$T/bin/serve" <<-E
	#!/bin/sh
	echo \$\$ >"$T/serve.pid"
	exec "$ACMEFERRY" -c "$T/surrogate/config.yml" serve --allow issue \\
	    --name $NAME --client internal
E
chmod 755 "$T/bin/serve"
store internal
cat >"$T/internal/config.yml" <<-E
	certbot:
	  config_dir: $T/internal/etc
	  work_dir: $T/internal/work
	  logs_dir: $T/internal/logs
	  program: $CERTBOT
	state_dir: $T/internal/state
	acme:
	  server: $PEBBLE_DIR_URL
	  proxy: http://127.0.0.1:1
	peers:
	  surrogate:
	    url: "exec:"
	    command: [$T/bin/serve]
	    deadline: 60s
	certificates:
	  $NAME:
	    domains: [$NAME]
	    peer: [surrogate]
	    issuer: peer
E
chmod 600 "$T/internal/config.yml"
LIVE=$T/internal/etc/live/$NAME
serial() {
	openssl x509 -in "$LIVE/cert.pem" -noout -serial
}
issued() {
	acme_ctl certs | jq length
}
asked() {
	[ "$(acme_asked "$1")" -gt 0 ]
}
whole() {
	[ "$(openssl x509 -in "$LIVE/cert.pem" -noout -pubkey)" = \
	    "$(openssl pkey -in "$LIVE/privkey.pem" -pubout)" ] &&
	    [ ! -e "$T/internal/state/pending/$NAME" ]
}
issue() {
	run ferry_at internal issue -d $NAME --force
}
# in the background, until the CA has the request
issue_until_finalized() {
	acme_forget
	start client "$ACMEFERRY" -c "$T/internal/config.yml" issue -d $NAME \
	    --force
	CLIENT=$LAST_PID
	ok "$1: the CA was asked to issue" wait_for 30 asked '/finalize/'
}

issue
rc_is "a certificate" 0
is "one" "$(issued)" 1

# ------------------------------------------------------------- killed
for who in surrogate client; do
	BEFORE=$(serial)
	N=$(issued)
	acme_ctl set processing=3 >/dev/null
	issue_until_finalized "$who"
	case $who in
	surrogate)
		kill -9 "$(cat "$T/serve.pid")"
		wait "$CLIENT"
		is "$who: the client hears of it" "$?" 3
		;;
	client)
		kill -9 "$CLIENT"
		wait "$CLIENT" 2>/dev/null
		;;
	esac
	is "$who: the certificate stays" "$(serial)" "$BEFORE"
	ok "$who: its key is kept" test -e \
	    "$T/internal/state/pending/$NAME/order.json"
	acme_forget
	run ferry_at internal issue -d $NAME
	rc_is "$who: the next run goes on, though not due" 0
	isnt "$who: and has the new one" "$(serial)" "$BEFORE"
	ok "$who: whole" whole
	is "$who: no second one was issued" "$(issued)" $((N + 1))
	is "$who: nor ordered" "$(acme_asked '/new-?order')" 0
done
acme_ctl set processing=0 >/dev/null

# ------------------------------------------------------------- the CA
for act in cert:foreign cert:other-names cert:half finalize:invalid-badCSR \
    finalize:caa order:status-500; do
	BEFORE=$(serial)
	acme_ctl act "${act%%:*}=9*${act#*:}" >/dev/null
	issue
	isnt "$act: it fails" "$RC" 0
	is "$act: the certificate stays" "$(serial)" "$BEFORE"
	acme_ctl act "${act%%:*}=" >/dev/null
	acme_ctl validate name=$NAME >/dev/null
	issue
	rc_is "$act: and then it works" 0
	isnt "$act: with a new one" "$(serial)" "$BEFORE"
	ok "$act: whole" whole
done
done_testing
