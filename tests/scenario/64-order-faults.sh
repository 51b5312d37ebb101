#!/bin/sh
# SPDX-License-Identifier: ISC
# Every way in which a CA can fail an order of the built-in issuer, at each of
# its steps.  Whatever it is: the exit code and the message say it, the old
# certificate stays until a new one is complete, nothing is left that certbot
# would choke on, the next run goes on, and no certificate is paid for twice.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl
start_acme
register_at internal
NAME=app.example.com
OTHER=b.example.com
LIVE=$T/internal/etc/live/$NAME
write_config internal "certificates:
  $NAME:
    domains: [$NAME, $OTHER]
    issuer: builtin"

ctl() {
	acme_ctl "$@" >"$T/ignored"
}
prove() {
	ctl validate name=$NAME
	ctl validate name=$OTHER
}
# how many certificates the CA has given out
given() {
	acme_ctl certs | jq length
}
serial() {
	openssl x509 -in "$LIVE/cert.pem" -noout -serial 2>/dev/null
}
tree() {
	for d in live archive renewal; do
		[ ! -e "$T/internal/etc/$d" ] ||
		    digest_of "$T/internal/etc/$d"
	done
}
# whole: the lineage is complete, and certificate, key and chain fit
whole() {
	openssl x509 -in "$LIVE/cert.pem" -noout -pubkey >"$T/pub1" &&
	    openssl pkey -in "$LIVE/privkey.pem" -pubout >"$T/pub2" &&
	    cmp "$T/pub1" "$T/pub2" &&
	    cat "$LIVE/cert.pem" "$LIVE/chain.pem" |
	    cmp - "$LIVE/fullchain.pem" &&
	    openssl x509 -in "$LIVE/cert.pem" -noout -ext subjectAltName |
	    grep -q "DNS:$NAME, DNS:$OTHER" &&
	    openssl verify -no_check_time -CAfile "${1:-$PEBBLE_CA}" \
	    -untrusted "$LIVE/chain.pem" "$LIVE/cert.pem" &&
	    ! find "$T/internal" -name '.acmeferry*' | grep .
}
issue() {
	run ferry_at internal issue --force --max-wait "${WAIT:-5s}" \
	    -d $NAME --json
}
# fault RC ERE ENDPOINT=WHAT...: what it must say; the lineage as it was; and
# the next run, with a CA that is well, makes it good
fault() {
	rc=$1 ere=$2
	shift 2
	ctl act "$@"
	BEFORE=$(given)
	TREE=$(tree)
	issue
	rc_is "$*: exit $rc" "$rc"
	err_like "$*: says why" "$ere"
	is "$*: nothing on disk has changed" "$(tree)" "$TREE"
	for a in "$@"; do
		ctl act "${a%%=*}="
	done
	ctl finish
	[ -z "${AGAIN:-1}" ] || again "$*"
}
again() {
	OLD=$(serial)
	issue
	rc_is "$1: and then the next run issues" 0
	ok "$1: a whole lineage" whole
	isnt "$1: a new one" "$(serial)" "$OLD"
}
# the certificate that the CA has made is the one that was fetched
once() {
	is "$1: one certificate in all" $(($(given) - BEFORE)) 1
}

# ---------------------------------------------------- with no lineage there
prove
AGAIN=
for what in finalize=invalid-caa finalize=problem-badCSR cert=junk-der \
    cert=other-names cert=plain cert=half; do
	fault 7 . $what
done
nok "no lineage is begun" test -e "$LIVE" -o -e \
    "$T/internal/etc/renewal/$NAME.conf" -o -e "$T/internal/etc/archive/$NAME"
run certbot_raw internal certificates
out_like "certbot sees none" 'No certificates found'
AGAIN=1
again "the first"

# ---------------------------------------------------- at the order
fault 3 'the CA answers 429 rateLimited' order=retry-3600
json_is "retry_after" '.error.retry_after' 3600
fault 3 . order=status-500
fault 1 'the CA answers 200|want JSON|found text/html' order=html
fault 1 'Location' order=location-none
fault 1 'Location' order=location-https://evil.example.com/order/1
fault 1 "member 'finalize'" order=missing-finalize
fault 1 "member 'status'" order=text-status=odd
ctl set reject=$OTHER
fault 6 "refuses to issue" order=
json_is "by name" '.names[] | select(.result != "ok") | .name' "$OTHER"
ctl set reject=
ctl act order=1*retry-1
issue
rc_is "a short Retry-After is obeyed" 0

# ---------------------------------------------------- at finalize
BEFORE=$(given)
ctl set processing=2
again "processing without Retry-After"
once "processing without Retry-After"
ctl set processing=2 retry_after=1
again "processing with Retry-After"
ctl set processing=-1 retry_after=
fault 3 'still processing after 5s' finalize=
once "resumed"
ctl set processing=-1 retry_after=3600
fault 3 'still processing' finalize=
json_is "the next run issues what was ordered" \
    '.certificates[0].result' ok
once "resumed"
ctl set processing=0 retry_after=
BEFORE=$(given)
ctl act finalize=1*late-2
again "an answer that comes late"
once "an answer that comes late"
BEFORE=$(given)
ctl act finalize=1*late-35
WAIT=2m again "an answer that comes too late"
once "an answer that comes too late"
fault 3 'the CA calls the order invalid: serverInternal' \
    finalize=invalid-serverInternal
fault 7 'the CA calls the order invalid: badCSR' finalize=invalid-badCSR
fault 7 'the CA calls the order invalid: caa' finalize=dies-caa
fault 6 'the CA calls the order invalid: unauthorized' \
    finalize=invalid-unauthorized
fault 7 "403 caa: .*'$OTHER': caa: CAA record" finalize=caa
fault 7 'badCSR' finalize=problem-badCSR
fault 3 'orderNotReady' finalize=problem-orderNotReady
fault 3 'rateLimited' finalize=retry-3600
json_is "and says it was well at last" .status ok
fault 3 'rateLimited' finalize=unavailable-3600
fault 3 . finalize=close
fault 3 . finalize=truncate
fault 3 . finalize=status-500
fault 1 'want JSON' finalize=html
fault 1 . finalize=garbage
fault 1 . finalize=array
ctl act finalize=2*retry-1
issue
rc_is "429 in mid-order, for a second or two" 0
BEFORE=$(given)
ctl act finalize=1*taken
again "another host that has the same order"
err_like "is said" 'another host'
is "each has its own" $(($(given) - BEFORE)) 2

# ---------------------------------------------------- the certificate
BEFORE=$(given)
ctl act cert=1*gone
again "a certificate that is not there at once"
once "a certificate that is not there at once"
fault 7 '404' cert=gone
once "it is fetched by the next run"
fault 3 . cert=close
once "and after a connection that is cut"
fault 3 'rateLimited' cert=retry-3600
once "and after a limit"
fault 7 'text/plain' cert=plain
once "and after another media type"
for what in words key-inside junk-der half; do
	fault 7 . cert=$what
	once "and after $what"
done
for what in other-names fewer-names expired wrong-issuer backwards; do
	fault 7 . cert=$what
done
fault 3 'another host' cert=foreign
fault 3 'another host' cert=other-key

# ---------------------------------------------------- cut at each request
for how in before after; do
	n=1
	while :; do
		BEFORE=$(given)
		OLD=$(serial)
		ctl cut request=$n how=$how
		issue
		if [ "$(acme_ctl cut)" -gt 0 ]; then
			break
		fi
		if [ "$RC" -ne 0 ]; then
			rc_is "request $n cut $how it: exit 3" 3
			is "request $n cut $how it: the old one" \
			    "$(serial)" "$OLD"
			ok "request $n cut $how it: is whole" whole
			again "request $n cut $how it"
		else
			isnt "request $n cut $how it: made good" \
			    "$(serial)" "$OLD"
			ok "request $n cut $how it: whole" whole
		fi
		once "request $n cut $how it"
		n=$((n + 1))
	done
	ctl cut request=0
	ok "an order has some requests" test $n -gt 4
done

# ---------------------------------------------------- clocks, limits, chains
for days in 2 -2; do
	ctl clock seconds=$((days * 86400))
	prove
	again "the CA's clock and ours differ by $days days"
done
ctl clock seconds=0
prove
ctl set authz_lifetime=4 cutoff=0 order_reuse=0
stale() {
	# both names, now; then until they have gone
	prove
	issue
	rc_is "authorizations that live for seconds" 0
	ok "are enough" whole
	sleep 5
}
ctl clock seconds=$((40 * 86400))
stale
TREE=$(tree)
issue
rc_is "and then they are gone" 6
is "nothing on disk has changed" "$(tree)" "$TREE"
ctl clock seconds=0
ctl set authz_lifetime=2592000 cutoff=-1 order_reuse=1
prove

write_config internal "certificates:
  $NAME:
    domains: [$NAME, $OTHER]
    issuer: builtin
    preferred_chain: other test CA"
issue
rc_is "the other chain" 0
ok "ends at the other root" whole "$ACME_DIR/other.pem"

run certbot_raw internal certificates
rc_is "certbot certificates" 0
out_like "lists it" "Certificate Name: $NAME"
run ferry_at internal check
rc_is "check finds the store in order" 0
nok "nothing is left under way" test -e "$T/internal/state/pending/$NAME"
done_testing
