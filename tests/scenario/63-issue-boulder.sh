#!/bin/sh
# SPDX-License-Identifier: ISC
# issue with a CA that has Boulder's rules: renewal when it is due, and each way
# in which the CA can refuse while certbot is at work; its reason is told, not
# certbot's.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl
start_acme
register_at internal
write_config internal "certificates:
  $T_LOCALHOST.example.com:
    domains: [a.example.com, b.example.com]"
NAME=app.example.com

challenges() {
	acme_asked '"/(chall|challenge)[/"]'
}
serial() {
	openssl x509 -in "$T/internal/etc/live/$NAME/cert.pem" -noout -serial
}

# the surrogate renews: Boulder gives it the order that is pending already
free_port
WEB=$PORT
prove() {
	mkdir -p "$T/surrogate/etc"
	cp -a "$T/internal/etc/accounts" "$T/surrogate/etc/"
	certbot_at surrogate certonly -n --standalone --http-01-port "$WEB" \
	    --force-renewal --cert-name s -d "$1" >"$T/prove.log" 2>&1 ||
	    t_show prove "$(cat "$T/prove.log")"
}
acme_ctl set challenge=valid >/dev/null

note "due: issued 70 days ago"
acme_ctl clock seconds=$((-70 * 86400)) >/dev/null
acme_ctl validate name=$NAME >/dev/null
run ferry_at internal issue -d $NAME --json
rc_is "a certificate of 70 days ago" 0
OLD=$(serial)
acme_ctl clock seconds=0 >/dev/null
run ferry_at internal issue -q -d $NAME
rc_is "is due, but its authorization has gone" 6
err_like "says until when it lives" 'the certificate here lives until 20'
is "it stays" "$(serial)" "$OLD"
prove $NAME
TRIED=$(challenges)
# cron does not order again so soon, a person does
run ferry_at internal issue -d $NAME --json
rc_is "when the surrogate has proven it" 0
json_is "it is renewed" '.certificates[0].decision' renew
like "because it was due" "$(echo "$OUT" | jq -r '.certificates[0].reason')" \
    '^due since 20'
isnt "by another" "$(serial)" "$OLD"
run ferry_at internal issue -q -d $NAME
rc_is "and then it is not due" 0
silent "and silent"

note "one name of a configured certificate stands for all of them"
acme_ctl validate name=a.example.com >/dev/null
run ferry_at internal issue -d a.example.com --json
rc_is "half of it" 6
json_is "both are asked" '[.names[].name] | sort | join(" ")' \
    "a.example.com b.example.com"
json_is "for the configured name" '.certificates[0].name' \
    "$T_LOCALHOST.example.com"
err_like "names the other" 'authorization for b\.example\.com'
err_unlike "and not the first" 'authorization for a\.example\.com'
prove a.example.com,b.example.com
TRIED=$(challenges)
run ferry_at internal issue -d b.example.com
rc_is "all of it" 0

note "the CA refuses while certbot is at work"
refused() {
	# refused WHAT RC ERE
	acme_ctl act finalize="$1" >/dev/null
	run ferry_at internal issue --force -d $NAME --json
	rc_is "$1: exit $2" "$2"
	err_like "$1: the reason" "$3"
	acme_ctl act finalize= >/dev/null
	acme_ctl validate name=$NAME >/dev/null
}
OLD=$(serial)
refused problem-caa 7 'the CA says caa'
refused problem-rateLimited 3 'the CA says rateLimited'
refused retry-3600 3 'the CA says rateLimited'
json_is "retry_after" '.error.retry_after' 3600
refused problem-badCSR 7 'the CA says badCSR'
refused problem-serverInternal 3 'the CA says serverInternal'
refused html 7 .
refused close 3 .
is "the certificate is the same in all of it" "$(serial)" "$OLD"
run ferry_at internal issue --force -d $NAME
rc_is "and renews when the CA is well again" 0

is "no challenge was tried here in all of this" "$(challenges)" "$TRIED"
done_testing
