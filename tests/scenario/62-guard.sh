#!/bin/sh
# SPDX-License-Identifier: ISC
# The guard: with no valid authorization, issue and certbot's own renew stop
# before the CA is asked to validate anything. Also where any address can be
# bound (net.ipv4.ip_nonlocal_bind=1), where a resolver answers every name of
# its search domain, and where both hold. Runs in a network namespace of its own.
if [ -z "${GUARD_INSIDE:-}" ]; then
	GUARD_INSIDE=1
	export GUARD_INSIDE
	if unshare -n -m true 2>/dev/null; then
		exec unshare -n -m --propagation private sh "$0"
	fi
	if unshare -r -n -m true 2>/dev/null; then
		exec unshare -r -n -m --propagation private sh "$0"
	fi
	GUARD_INSIDE=no
fi
. "${0%/*}/lib.sh"
[ "$GUARD_INSIDE" = 1 ] || skip_all "no namespaces here (needs unshare)"
need pebble pebble-challtestsrv "$CERTBOT" dnsmasq ip jq
ip link set lo up || skip_all "no loopback in the new namespace"
# with loopback addresses alone, glibc may not look names up at all
ip address add 192.168.77.1/32 dev lo

PEBBLE_VA_ALWAYS_VALID=0
start_dns
start_pebble
cert_at surrogate app.example.com
ID=$(account_id_at surrogate)
write_config internal
run ferry_at internal pull "file://$T/surrogate/etc"
rc_is "the account travels" 0

attempts() {
	grep -cE 'Attempting to validate|POST /chalZ' "$PEBBLE_LOG"
}
isnt "the CA's log shows the surrogate's attempt" "$(attempts)" 0

guard='--standalone --http-01-address acmeferry..invalid'
NOW=$(attempts)
untouched() {
	is "$1: the CA was asked nothing" "$(attempts)" "$NOW"
}

run ferry_at internal issue -d app.example.com --json
rc_is "an open window issues" 0
untouched "open window"
LIVE=$T/internal/etc/live/app.example.com/cert.pem
ok "the certificate is there" test -s "$LIVE"
like "its lineage carries the guard" \
    "$(cat "$T/internal/etc/renewal/app.example.com.conf")" \
    '^http01_address = acmeferry\.\.invalid$'
cp "$LIVE" "$T/cert.pem"

# certbot's dry run deactivates what is valid; that shuts the window
# shellcheck disable=SC2086 # two options
run certbot_at surrogate certonly --dry-run -n -d app.example.com $guard
untouched "shutting the window"

shut() {
	# not a listener: something that would answer if the guard failed
	run ferry_at internal issue --force -d app.example.com --json
	rc_is "$1: issue ends with unauthorized" 6
	untouched "$1: issue"
	run certbot_raw internal renew -n --cert-name app.example.com \
	    --force-renewal --no-random-sleep-on-renew
	rc_is "$1: certbot renew fails" 1
	untouched "$1: certbot renew"
	# shellcheck disable=SC2086
	run certbot_at internal certonly -n --account "$ID" $guard \
	    --cert-name other -d other.example.com
	rc_is "$1: certonly for another name fails" 1
	untouched "$1: certonly"
	ok "$1: the certificate is as it was" cmp "$LIVE" "$T/cert.pem"
}

# weaker ADDRESS WHY: this guard would not do, and the test would see it
weaker() {
	run certbot_at internal certonly -n --account "$ID" --standalone \
	    --http-01-address "$1" --cert-name other -d other.example.com
	isnt "$2: a guard of $1 lets the CA be asked" "$(attempts)" "$NOW"
	NOW=$(attempts)
}

shut "as it is"

if echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_nonlocal_bind; then
	ok "any address can be bound" python3 -c \
	    'import socket; socket.socket().bind(("192.0.2.1", 0))'
	shut "nonlocal bind"
	weaker 192.0.2.1 "nonlocal bind"
else
	skip 9 "net.ipv4.ip_nonlocal_bind cannot be set here"
fi

# everything resolves, to this host
cat >"$T/resolv.conf" <<-E
	nameserver 127.0.0.1
	search wild.example.com
E
start dnsmasq dnsmasq -k -p 53 --listen-address=127.0.0.1 --bind-interfaces \
    --no-resolv --no-hosts --conf-file=/dev/null --pid-file="$T/dnsmasq.pid" \
    --user=root --address=/#/127.0.0.1
wait_for 10 port_open 53
if mount --bind "$T/resolv.conf" /etc/resolv.conf 2>/dev/null; then
	is "every name resolves" "$(python3 -c 'import socket
print(socket.gethostbyname("acmeferry.invalid"))' 2>&1)" 127.0.0.1
	shut "wildcard search domain and nonlocal bind"
	echo 0 2>/dev/null >/proc/sys/net/ipv4/ip_nonlocal_bind
	shut "wildcard search domain"
	weaker acmeferry.invalid "wildcard search domain"
	umount /etc/resolv.conf
else
	skip 16 "/etc/resolv.conf cannot be bound here"
fi
done_testing
