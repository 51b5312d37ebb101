#!/bin/sh
# SPDX-License-Identifier: ISC
# The laboratory itself: each service starts, answers and takes part in a
# whole issuance, so that a failure elsewhere is not the laboratory's.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot sshd ssh nginx jq openssl

run sh -c 'echo one; echo two >&2; exit 3'
rc_is "run keeps the exit code" 3
out_is "run keeps stdout" one
err_like "run keeps stderr" '^two$'

start_dns
free_port
PEBBLE_HTTP_PORT=$PORT
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
mkdir -p "$T/www"
start_web "$T/www"
store surrogate
run certbot_at surrogate certonly -n --agree-tos -m a@example.com \
    --no-eff-email --webroot -w "$T/www" -d app.example.com
rc_is "certbot obtains a certificate by real HTTP-01" 0
like "the CA fetched the response" "$(cat "$T/web/access.log")" \
    'GET /.well-known/acme-challenge/.* 200 '
ok "the lineage is there" test -f \
    "$T/surrogate/etc/live/app.example.com/fullchain.pem"

start_sshd
run ssh -F "$SSH_CONFIG" -p "$SSHD_PORT" 127.0.0.1 true
rc_is "a stranger cannot log in" 255
ssh_allow 'restrict,command="echo forced"'
run ssh -F "$SSH_CONFIG" -p "$SSHD_PORT" 127.0.0.1 true
rc_is "the key logs in" 0
out_is "the forced command holds" forced

write_config internal
like "the configuration names the peer" "$(cat "$T/internal/config.yml")" \
    "url: ssh://.*@127.0.0.1:$SSHD_PORT"
done_testing
