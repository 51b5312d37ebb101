#!/bin/sh
# SPDX-License-Identifier: ISC
# Nothing is authorised: the names are proven through the surrogate, over real
# ssh, answered by real nginx there, and certbot finishes on the internal store.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot sshd ssh nginx jq openssl

NAME=app.example.com
WWW=$T/www
RESPONSES=$WWW/.well-known/acme-challenge
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
mkdir -p "$WWW"
start_web "$WWW"
NGINX_PID=$LAST_PID
register_at surrogate
start_sshd
ssh_allow_serve read,challenge --webroot "$WWW"

# how often the CA was told to validate
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
left_behind() {
	find "$RESPONSES" -type f 2>/dev/null | wc -l
}
serial() {
	openssl x509 -in "$T/$1/etc/live/${2:-$NAME}/cert.pem" -noout -serial
}
# a configuration without peers: migrate writes them
plain_config() {
	t_port=$SSHD_PORT
	SSHD_PORT=
	write_config "$@"
	SSHD_PORT=$t_port
}
migrate_at() {
	t_m=$1
	shift
	ferry_at "$t_m" migrate "$SSHD_URL" --identity-file "$SSHD_KEY" \
	    --known-hosts-file "$SSHD_KNOWN_HOSTS" "$@"
}

# ------------------------------------------------------------- migrate
plain_config internal
run migrate_at internal -d "$NAME"
rc_is "without --challenge nothing can prove the name" 6
is "the CA was told nothing" "$(attempts)" 0
run migrate_at internal -d "$NAME" --challenge --challenge-check \
    "127.0.0.1:$PEBBLE_HTTP_PORT" --dry-run
rc_is "a dry run" 0
err_like "says what it would prove" \
    "^acmeferry: prove: would prove '$NAME' through 127\.0\.0\.1"
is "and tells the CA nothing" "$(attempts)" 0
run migrate_at internal -d "$NAME" --challenge --challenge-check \
    "127.0.0.1:$PEBBLE_HTTP_PORT" --json
rc_is "with it" 0
err_like "it is a step of its own" "^acmeferry: prove: '$NAME' was proven"
json_is "the name is valid" '.names[] | .name + " " + .status + " " + .result' \
    "$NAME valid ok"
json_is "issued" '.certificates[0].result' ok
is "the CA looked once" "$(attempts)" 1
is "no response is left" "$(left_behind)" 0
like "nginx gave it to us before it gave it to the CA" \
    "$(tail -1 "$T/web/access.log")" "pebble|Go-http|LetsEncrypt"
like "the peer is configured with it" \
    "$(cat "$T/internal/config.d/peer-127.0.0.1.yml")" 'challenge: true'

# ------------------------------------------------------------- from cron
# certbot's dry run deactivates what is valid; that shuts the window
run certbot_at surrogate certonly --dry-run -n -d "$NAME" --standalone \
    --http-01-address acmeferry..invalid
SERIAL=$(serial internal)
TRIED=$(attempts)
run ferry_at internal issue -q --force -d "$NAME"
rc_is "a shut window, as cron runs it" 0
silent "it is proven without a word"
isnt "there is a new certificate" "$(serial internal)" "$SERIAL"
is "the CA looked once more" "$(attempts)" $((TRIED + 1))
is "no response is left" "$(left_behind)" 0
run ferry_at internal issue --force -d "$NAME" -v
rc_is "an open window" 0
is "needs no proof" "$(attempts)" $((TRIED + 1))
err_unlike "nor is one begun" "prove:"

# ------------------------------------------------------------- several names
TRIED=$(attempts)
run ferry_at internal migrate 127.0.0.1 -d a.example.com,b.example.com \
    -d "$NAME" --json
rc_is "three names, of which one is proven" 0
is "the CA looked for the two others" "$(attempts)" $((TRIED + 2))
json_is "all are valid" '[.names[].status] | unique | join(" ")' valid
is "no response is left" "$(left_behind)" 0
ok "certbot has issued for all" openssl x509 -noout -checkhost b.example.com \
    -in "$T/internal/etc/live/a.example.com/cert.pem"
run certbot_raw internal certificates
like "and knows it" "$OUT" "Certificate Name: a\.example\.com"

# ------------------------------------------------------------- a directory
plain_config mounted
TRIED=$(attempts)
run ferry_at mounted migrate "file://$T/surrogate/etc" -d c.example.com \
    --challenge --webroot "$WWW" --challenge-check "127.0.0.1:$PEBBLE_HTTP_PORT"
rc_is "a mounted store and web root" 0
is "the CA looked" "$(attempts)" $((TRIED + 1))
is "no response is left" "$(left_behind)" 0

# ------------------------------------------------------------- without certbot
plain_config alone
sed -i 's/^  program: .*/  program: no-certbot-here/' "$T/alone/config.yml"
TRIED=$(attempts)
run migrate_at alone -d f.example.com,g.example.com --challenge \
    --challenge-check "127.0.0.1:$PEBBLE_HTTP_PORT" --json
rc_is "the built-in issuer finishes what was proven" 0
is "the CA looked at both" "$(attempts)" $((TRIED + 2))
is "no response is left" "$(left_behind)" 0
ok "there is the certificate" openssl x509 -noout -checkhost g.example.com \
    -in "$T/alone/etc/live/f.example.com/cert.pem"
SERIAL=$(serial alone f.example.com)
run certbot_at surrogate certonly --dry-run -n -d f.example.com \
    -d g.example.com --standalone --http-01-address acmeferry..invalid
run ferry_at alone issue -q --force -d f.example.com
rc_is "again from cron, in a shut window" 0
silent "without a word"
isnt "with another certificate" "$(serial alone f.example.com)" "$SERIAL"

# ------------------------------------------------------------- no delivery
# the web server answers by itself, for any token of this account
stop "$NGINX_PID"
thumbprint=$(jq -j 'if .kty == "RSA" then {e, kty, n} else {crv, kty, x, y}
    end | tojson' "$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ACCOUNT_ID/private_key.json" |
    openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =)
awk -v thumbprint="$thumbprint" '$1 == "root" {
	print "location ~ \"^/.well-known/acme-challenge/([-_a-zA-Z0-9]+)$\" {"
	print "default_type text/plain; return 200 \"$1." thumbprint "\"; }"
	next
} { print }' "$T/web/nginx.conf" >"$T/web/stateless.conf"
start nginx nginx -e stderr -c "$T/web/stateless.conf"
wait_for 20 port_open "$PEBBLE_HTTP_PORT"
ssh_allow_serve read
plain_config stateless
TRIED=$(attempts)
run migrate_at stateless -d d.example.com,e.example.com --challenge-check \
    "127.0.0.1:$PEBBLE_HTTP_PORT"
rc_is "a web server that answers for this account needs no right" 0
is "the CA looked" "$(attempts)" $((TRIED + 2))
run certbot_at surrogate certonly --dry-run -n -d d.example.com \
    -d e.example.com --standalone --http-01-address acmeferry..invalid
run ferry_at stateless issue -q --force -d d.example.com,e.example.com
rc_is "nor does cron, when the window is shut" 0
is "the CA looked" "$(attempts)" $((TRIED + 4))
# valid, but as if past its use: cron orders only since it can be proven
sed -i 's/^acme:/&\n  reuse_cutoff: 2h/' "$T/stateless/config.yml"
run ferry_at stateless issue -q --force -d d.example.com,e.example.com
rc_is "nor when it is taken for shut" 0
done_testing
