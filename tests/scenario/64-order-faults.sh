#!/bin/sh
# SPDX-License-Identifier: ISC
# Every way in which a CA can fail an order of the built-in issuer, up to
# finalize.  Whatever it is: the exit code and the message say it, the old
# certificate stays until a new one is complete, nothing is left that certbot
# would choke on, the next run goes on, and no certificate is paid for twice.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
# shellcheck source=faults.sh
. "${0%/*}/faults.sh"

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
fault_is "retry_after" '.error.retry_after' 3600
fault 3 . order=status-500
fault 1 'the CA answers 200|want JSON|found text/html' order=html
fault 1 'Location' order=location-none
fault 1 'Location' order=location-https://evil.example.com/order/1
fault 1 "member 'finalize'" order=missing-finalize
fault 1 "member 'status'" order=text-status=odd
ctl set reject=$OTHER
AGAIN=
fault 6 "'$NAME': .*rejectedIdentifier: .*; '$OTHER': rejected" order=
AGAIN=1
fault_is "by name" '.names[] | select(.result != "ok") | .name' "$OTHER"
fault_is "in the CA's words" ".names[1].error.message" \
    "'$OTHER': the CA refuses this name (rejectedIdentifier: The ACME server refuses to issue a certificate for this domain name)"
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
fault_is "retry_after" '.error.retry_after' 3600
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
fault_is "retry_after" '.error.retry_after' 3600
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

faults_done
