#!/bin/sh
# SPDX-License-Identifier: ISC
# The built-in issuer and a CA that breaks off: each request and each answer of
# an issuance is lost once, and acmeferry is killed while the CA is at work.
# The next run goes on, and one certificate was issued, not two.  What a CA can
# give that is no certificate of ours is refused, and the old one stays.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl python3

NAME=app.example.com
start_acme
acme_ctl set exact_set=0 orders=0 >/dev/null
register_at internal || exit 1
write_config internal "certificates:
  $NAME:
    domains: [$NAME, b.example.com]
    issuer: builtin"
acme_ctl validate name=$NAME >/dev/null
acme_ctl validate name=b.example.com >/dev/null
LIVE=$T/internal/etc/live/$NAME
PENDING=$T/internal/state/pending/$NAME

issued() {
	acme_ctl certs | jq length
}
serial() {
	openssl x509 -noout -serial -in "$LIVE/cert.pem" 2>/dev/null
}
# whole: the four links lead to one version, whose parts belong together
whole() {
	v=$(readlink "$LIVE/cert.pem" | sed 's/.*cert\([0-9]*\)\.pem/\1/')
	for k in privkey chain fullchain; do
		[ "$(readlink "$LIVE/$k.pem")" = \
		    "../../archive/$NAME/$k$v.pem" ] || return 1
	done
	[ "$(openssl x509 -in "$LIVE/cert.pem" -noout -pubkey)" = \
	    "$(openssl pkey -in "$LIVE/privkey.pem" -pubout)" ]
}
# finished WHAT BEFORE [N]: N (1) certificates since, ours is the last of them
finished() {
	is "$1: certificates" "$(($(issued) - $2))" "${3:-1}"
	ok "$1: the lineage is whole" whole
	nok "$1: nothing is left pending" test -e "$PENDING"
}
issue() {
	run ferry_at internal issue --max-wait "${WAIT:-10s}" -d "$NAME" "$@"
}

# ------------------------------------------------------------- lost
issue
rc_is "the first" 0
finished "the first" 0
acme_forget
issue --force
REQUESTS=$(grep -c . "$ACME_DIR/requests.log")
ok "some requests" test "$REQUESTS" -ge 7
# from the order on nothing may be lost; before that nothing is at stake
for how in before after; do
	req=1
	while [ "$req" -le "$REQUESTS" ]; do
		was=$(issued)
		old=$(serial)
		acme_ctl cut request=$req how=$how >/dev/null
		issue --force
		first=$RC
		acme_ctl cut >/dev/null
		tries=0
		while [ "$RC" -ne 0 ] && [ $tries -lt 3 ]; do
			# still the old one, and nothing but a retry
			[ "$RC" -eq 3 ] || note "exit $RC: $ERR"
			ok "$how $req: the old one stays" test \
			    "$(serial)" = "$old"
			issue
			tries=$((tries + 1))
		done
		# where nothing was begun, the certificate is not due
		[ "$(serial)" != "$old" ] || issue --force
		rc_is "request $req lost $how (exit $first): done" 0
		finished "request $req lost $how" "$was"
		req=$((req + 1))
	done
done

# ------------------------------------------------------------- killed
for seconds in 0 1; do
	was=$(issued)
	acme_ctl set processing=2 retry_after=1 >/dev/null
	acme_forget
	ferry_at internal issue --force -d "$NAME" >"$T/killed" 2>&1 &
	pid=$!
	wait_for 20 test -e "$PENDING/order.json"
	wait_for 20 grep -q finalize "$ACME_DIR/requests.log"
	sleep $seconds
	pkill -9 -P $pid 2>/dev/null
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	ok "killed after ${seconds}s: key and order are kept" test -s \
	    "$PENDING/privkey.pem" -a -s "$PENDING/order.json"
	is "with their modes" "$(stat -c '%a' "$PENDING" \
	    "$PENDING/privkey.pem" "$PENDING/order.json" | tr '\n' ' ')" \
	    "700 600 600 "
	run ferry_at internal issue --json -d "$NAME"
	rc_is "the next run goes on, though it is not due" 0
	json_is "and says so" '.certificates[0].reason' \
	    'an interrupted issuance goes on'
	finished "killed after ${seconds}s" "$was"
done
acme_ctl set processing=0 retry_after=0 >/dev/null

# ------------------------------------------------------------- slow, dead
old=$(serial)
acme_ctl set processing=-1 >/dev/null
WAIT=1s issue --force
rc_is "an order that stays in processing" 3
ok "is kept" test -e "$PENDING/order.json"
WAIT=1s issue
rc_is "and asked for again, not ordered anew" 3
is "while the old one stays" "$(serial)" "$old"
acme_ctl set processing=0 >/dev/null
rm -rf "$PENDING"
was=$(issued)
acme_ctl act cert=1*gone >/dev/null
issue --force
rc_is "a certificate that is not there at first" 0
finished "404 once" "$was"

old=$(serial)
acme_ctl act finalize=1*caa >/dev/null
issue --force
rc_is "CAA at finalize" 7
nok "ends the order" test -e "$PENDING"
is "and the old one stays" "$(serial)" "$old"
acme_ctl act finalize=1*problem-badCSR >/dev/null
issue --force
rc_is "badCSR" 7
nok "ends it too" test -e "$PENDING"
acme_ctl act finalize=1*retry-3600 >/dev/null
WAIT=1s issue --force
rc_is "a rate limit in mid-order" 3
was=$(issued)
issue
rc_is "the same order is finalised later" 0
finished "429" "$was"

# ------------------------------------------------------------- not ours
for what in foreign other-key other-names fewer-names expired plain words \
    key-inside junk-der wrong-issuer leaf-alone half; do
	old=$(serial)
	rm -rf "$PENDING"
	case $what in
	# the key tells that it is another's, so it is ordered again
	foreign | other-key) acme_ctl act "cert=9*$what" >/dev/null ;;
	*) acme_ctl act "cert=1*$what" >/dev/null ;;
	esac
	issue --force
	isnt "$what: is no success" "$RC" 0
	is "$what: the old one stays" "$(serial)" "$old"
	ok "$what: and is whole" whole
	acme_ctl act cert= >/dev/null
	was=$(issued)
	issue
	case $what in
	foreign | other-key) ;;
	*)
		rc_is "$what: the next run fetches it" 0
		is "$what: the first certificate, no second" \
		    "$(issued)" "$was"
		isnt "$what: it is another now" "$(serial)" "$old"
		;;
	esac
done
rm -rf "$PENDING"

# ------------------------------------------------------------- shared order
was=$(issued)
acme_ctl act finalize=1*retry-3600 >/dev/null
WAIT=1s issue --force
rc_is "not finalised for now" 3
acme_ctl take >/dev/null
issue
rc_is "another host was faster with this order" 0
err_like "it is said" 'another host .* finished this order'
finished "shared order" "$was" 2

# ------------------------------------------------------------- given up
acme_ctl set processing=-1 >/dev/null
WAIT=1s issue --force
ok "under way" test -e "$PENDING/order.json"
acme_ctl set processing=0 >/dev/null
sed -i 's,"order": "\([^"]*\)","order": "\10",' "$PENDING/order.json"
issue --force
rc_is "an order that the CA has forgotten" 0
err_like "is said" 'the CA has given up the order'
nok "and dropped" test -e "$PENDING"

# ------------------------------------------------------------- replaces
acme_ctl set ari=1 >/dev/null
acme_forget
issue --force
rc_is "with renewal information" 0
acme_ctl orders >"$T/orders"
like "the order says what it replaces" "$(cat "$T/orders")" '"replaces"'
acme_ctl act order=1*problem-alreadyReplaced >/dev/null
issue --force
rc_is "replaced already: ordered without" 0
done_testing
