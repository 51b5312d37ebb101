#!/bin/sh
# SPDX-License-Identifier: ISC
# While verify waits for the CA, no private member of a key is in its memory.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need_root
[ "${VALGRIND:-0}" = 0 ] || skip_all "valgrind keeps what was freed"
if nm "$ACMEFERRY" 2>/dev/null | grep -q __asan_init; then
	skip_all "ASan keeps what was freed"
fi
start_acme

scan() {
	"$ACME_PYTHON" "$T_ROOT/tests/lab/heapscan.py" "$1" "$2"
}
asked() {
	[ "$(acme_asked "$1")" -gt 0 ]
}

for kind in rsa ec; do
	store $kind
	"$ACME_PYTHON" "$T_ROOT/tests/lab/many_accounts.py" "$ACME_URL" \
	    "$PEBBLE_CA" "$T/$kind/etc" 1 $kind
	write_config $kind
	account_of $kind
	jwk=$ACCOUNT_DIR/private_key.json
	start control env "X=$(cat "$jwk")" sleep 30
	nok "$kind: a process that has the key is found out" scan \
	    "$LAST_PID" "$jwk"
	stop "$LAST_PID"
	for step in account order; do
		acme_ctl act account= order= $step=hang >"$T/ignored"
		rm -rf "$T/$kind/state"
		acme_forget
		start verify "$ACMEFERRY" -c "$T/$kind/config.yml" verify \
		    -d app.example.com
		ok "$kind: verify waits for $step" wait_for 20 asked \
		    "\"path\": \"/$step\""
		ok "$kind: and holds no private member" scan "$LAST_PID" \
		    "$jwk"
		stop "$LAST_PID"
	done
done
done_testing
