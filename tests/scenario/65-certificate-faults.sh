#!/bin/sh
# SPDX-License-Identifier: ISC
# What a CA can send instead of the certificate that was ordered, connections cut
# at each request of an issuance, clocks, limits, renewal information: the exit
# code and the message say it, the old certificate stays until a new one is
# complete, the next run goes on, and no certificate is paid for twice.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
# shellcheck source=faults.sh
. "${0%/*}/faults.sh"

prove
again "the first"

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
# it takes no nonce at all: that says nothing about the order
AGAIN='' fault 3 . cert=close
ctl act order=badnonce
issue
rc_is "no nonce is good enough: exit 1" 1
err_like "says so" 'nonces in a row'
ctl act order=
again "and then one is"
once "no certificate was lost by it"
for what in words key-inside junk-der half; do
	fault 7 . cert=$what
	once "and after $what"
done
for what in other-names fewer-names expired wrong-issuer; do
	fault 7 . cert=$what
done
for what in foreign other-key backwards; do
	fault 7 'sent a certificate for another key' cert=$what
	is "$what: it costs one certificate, not more" \
	    $(($(given) - BEFORE)) 2
done

# ---------------------------------------------------- cut at each request
for how in before after; do
	n=1
	while [ $n -lt 100 ]; do
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
	ok "an order has some requests, and an end" test $n -gt 4 -a $n -lt 100
done

# ---------------------------------------------------- clocks, limits, chains
for days in 2 -2; do
	ctl clock seconds=$((days * 86400))
	prove
	again "the CA's clock and ours differ by $days days"
done
# when those of before have gone
LATER=$((40 * 86400))
ctl clock seconds=$LATER
ctl set authz_lifetime=60 cutoff=0 order_reuse=0
prove
again "authorizations that live for a minute"
ctl clock seconds=$((LATER + 61))
TREE=$(tree)
issue
rc_is "and then they are gone" 6
is "nothing on disk has changed" "$(tree)" "$TREE"
ctl clock seconds=0
ctl set authz_lifetime=2592000 cutoff=-1
prove

# five a week for one set of names, but for what renewalInfo asked for
ctl set ari=1 ari_start=-3600 ari_end=3600 exact_set=5
again "a CA with renewalInfo"
like "is told what is replaced" "$(acme_asked '"replaces": "[^"]*"')" '[1-9]'
is "and keeps it in mind" "$(acme_ctl certs | jq -c '[.[-2,-1].replaced]')" \
    '[true,false]'
for n in 2 3 4 5 6; do
	issue
	rc_is "certificate $n of a set of names" 0
done
ctl set ari_start=3600 ari_end=7200
AGAIN=
fault 3 'too many certificates \(5\) already issued' ari=
AGAIN=1
like "retry_after" "$(printf '%s\n' "$FAULT" | jq .error.retry_after)" \
    '^[1-9][0-9]+$'
ctl forget
ctl replaced
acme_forget
again "a certificate that was replaced already"
is "is ordered once more, without it" "$(acme_asked '"path": "/order",')" 2
ctl set ari=0 exact_set=0

write_config internal "certificates:
  $NAME:
    domains: [$NAME, $OTHER]
    issuer: builtin
    preferred_chain: other test CA"
issue
rc_is "the other chain" 0
ok "ends at the other root" whole "$ACME_DIR/other.pem"

faults_done
