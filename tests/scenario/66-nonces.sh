#!/bin/sh
# SPDX-License-Identifier: ISC
# A CA that takes every second nonce for used up: the built-in issuer, the proof
# through the surrogate and issuer: peer get through all the same.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv python3 nginx jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
PEBBLE_AUTHZREUSE=0
PEBBLE_WFE_NONCEREJECT=50
start_pebble
mkdir -p "$T/www"
start_web "$T/www"
store surrogate
# certbot gives up after three in a row; this one does not
registered() {
	python3 "$T_ROOT/tests/lab/many_accounts.py" "$PEBBLE_DIR_URL" \
	    "$PEBBLE_CA" "$T/surrogate/etc" 1 >"$T/registered" 2>&1
}
ok "an account" wait_for 30 registered

issued() {
	grep -c 'Issued certificate serial' "$PEBBLE_LOG"
}
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
serial() {
	openssl x509 -in "$T/$1/etc/live/$NAME/cert.pem" -noout -serial
}
config() {
	write_config "$1" "peers:
  surrogate:
    $2
certificates:
  $NAME:
    domains: [$NAME, b.example.com, c.example.com]
    peer: [surrogate]
    issuer: $3"
}
# again WHO: three certificates.  Six nonces refused in a row are an error, once
# in 64 requests; the next run goes on, and no certificate is lost by that.
again() {
	n=0 got=0 refused=0 odd='' serial='' before=$(issued)
	while [ "$got" -lt 3 ] && [ "$n" -lt 30 ]; do
		n=$((n + 1))
		run ferry_at "$1" issue -d "$NAME" --force -vv
		refused=$((refused + $(printf '%s\n' "$ERR" | grep -c ': 400, ')))
		case $RC,$ERR in
		0,*)
			got=$((got + 1))
			[ "$(serial "$1")" != "$serial" ] || odd="$odd same"
			serial=$(serial "$1")
			;;
		*'nonces in a row'*) ;;
		*) odd="$odd $RC $ERR" ;;
		esac
	done
	is "$1: three certificates" "$got" 3
	is "$1: as many were issued" $(($(issued) - before)) 3
	is "$1: nothing else went wrong" "$odd" ""
	is "$1: no response is left" "$(find "$T/www" -type f)" ""
}

TRIED=$(attempts)
config internal "url: file://$T/surrogate/etc
    challenge: true
    webroot: $T/www
    challenge_check: 127.0.0.1:$PEBBLE_HTTP_PORT" builtin
run ferry_at internal pull surrogate
rc_is "pull" 0
again internal
ok "the CA refused nonces meanwhile" [ "$refused" -gt 0 ]
isnt "each name was proven" "$(attempts)" "$TRIED"
run ferry_at internal verify --no-order
isnt "the CA takes the account" "$RC" 5

write_config surrogate
config other "url: 'exec:'
    command: [$ACMEFERRY, -c, $T/surrogate/config.yml, serve, --allow, issue,
      --name, $NAME, --name, b.example.com, --name, c.example.com, --webroot,
      $T/www]" peer
again other
done_testing
