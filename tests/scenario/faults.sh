# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# A store with the built-in issuer and a CA that can fail in every way; included
# behind acme.sh by the scenarios about faults.
#
#	ctl WORD [K=V...]	acme_ctl without its answer
#	prove			both names are authorised
#	given			how many certificates the CA has made
#	whole [ROOT]		the lineage is complete, and all of it fits
#	issue			run issue --force --json; WAIT: its --max-wait
#	fault RC ERE ENDPOINT=WHAT...	an issue that fails: exit code, message,
#				the lineage as it was; then, unless AGAIN is
#				empty, a CA that is well again makes it good
#	fault_is NAME JQ WANT	of the JSON of the last fault
#	again WHAT		an issue that succeeds
#	once WHAT		since BEFORE (set by fault): one certificate
#	faults_done		what certbot and check make of what is left

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
	FAULT=$OUT
	for a in "$@"; do
		ctl act "${a%%=*}="
	done
	ctl finish
	[ -z "${AGAIN-1}" ] || again "$*"
}
# fault_is NAME JQ-EXPRESSION WANT: of the JSON of the last fault
fault_is() {
	is "$1" "$(printf '%s\n' "$FAULT" | jq -r "$2")" "$3"
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
faults_done() {
	run certbot_raw internal certificates
	rc_is "certbot certificates" 0
	out_like "lists it" "Certificate Name: $NAME"
	out_unlike "and finds nothing wrong" 'INVALID|invalid'
	run ferry_at internal check
	rc_is "check finds the store in order" 0
	nok "nothing is left under way" \
	    test -e "$T/internal/state/pending/$NAME"
	done_testing
}
