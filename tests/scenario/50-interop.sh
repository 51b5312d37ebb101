#!/bin/sh
# SPDX-License-Identifier: ISC
# Certbot and acmeferry on the same stores: what certbot wrote, we read; what
# we wrote, every command of certbot's works on. CERTBOT may be any version
# (make test-certbots); what it is too old for is left out.
. "${0%/*}/lib.sh"
need pebble openssl jq "$CERTBOT"

version=$("$CERTBOT" --version 2>&1 | sed -n 's/^certbot \([0-9.]*\).*/\1/p')
note "certbot $version"
# at_least MAJOR.MINOR
at_least() {
	printf '%s\n%s\n' "$1" "$version" | sort -V -C
}

start_pebble
cert_at surrogate app.example.com
ID=$(account_id_at surrogate)
ACC=$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ID
URI=$(jq -r .uri "$ACC/regr.json")
write_config surrogate
write_config internal

# ------------------------------------------- what certbot wrote, we read
run ferry_at surrogate list --json
rc_is "list reads certbot's store" 0
json_is "one account" '.accounts | length' 1
json_is "its id is certbot's" '.accounts[0].id' "$ID"
json_is "its uri is certbot's" '.accounts[0].uri' "$URI"
json_is "certbot could load it" '.accounts[0].state' ok
json_is "its key is RSA" '.accounts[0].key' "RSA 2048"
is "the id is the MD5 of the public key's PEM" "$ID" "$(python3 - "$ACC" <<'E' |
import base64, json, sys
def number(s):
    raw = base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
    return int.from_bytes(raw, "big")
jwk = json.load(open(sys.argv[1] + "/private_key.json"))
names = (("n", "n"), ("e", "e"), ("d", "d"), ("p", "p"), ("q", "q"),
         ("e1", "dp"), ("e2", "dq"), ("coeff", "qi"))
print("asn1=SEQUENCE:k\n[k]\nversion=INTEGER:0")
for name, member in names:
    print(f"{name}=INTEGER:{number(jwk[member])}")
E
    openssl asn1parse -genconf /dev/stdin -noout -out "$T/key.der" &&
    openssl pkey -inform DER -in "$T/key.der" -pubout |
    md5sum | cut -d' ' -f1)"
run ferry_at surrogate check --json
rc_is "check finds nothing wrong with it" 0
json_is "no error" '[.findings[] | select(.severity == "error")] | length' 0
run ferry_at surrogate verify --json --no-order
rc_is "verify: the CA knows the account" 0
json_is "it is valid" '.accounts[0].state' valid

# ------------------------------------------- what we write, certbot reads
before=$(digest_of "$T/surrogate/etc")
run ferry_at internal pull "file://$T/surrogate/etc" --json
rc_is "pull into a store that does not exist" 0
json_is "one account came" '.peers[0].added | length' 1
is "the source is untouched" "$(digest_of "$T/surrogate/etc")" "$before"
NEW=$T/internal/etc/$PEBBLE_ACCOUNTS/$ID
for f in private_key.json regr.json meta.json; do
	ok "$f came verbatim" cmp "$ACC/$f" "$NEW/$f"
done
is "the modes are certbot's" \
    "$(stat -c %a "$NEW" "$NEW/private_key.json" "$NEW/regr.json" \
    "$NEW/meta.json" | tr '\n' ' ')" "700 400 644 644 "

run certbot_at internal certificates
rc_is "certbot starts on the new store" 0
if at_least 1.23; then
	run certbot_at internal show_account
	rc_is "show_account works" 0
	out_like "and shows our account" "$URI"
fi
guard='--standalone --http-01-address acmeferry..invalid'
# shellcheck disable=SC2086 # two options
run certbot_at internal certonly -n --account "$ID" \
    --cert-name app.example.com -d app.example.com $guard
rc_is "certonly issues with no challenge" 0
ok "the certificate is there" test -s \
    "$T/internal/etc/live/app.example.com/cert.pem"
run certbot_raw internal renew -n --cert-name app.example.com --force-renewal \
    --no-random-sleep-on-renew
rc_is "renew works" 0
is "the certificate is the second one" \
    "$(basename "$(readlink "$T/internal/etc/live/app.example.com/cert.pem")")" \
    cert2.pem
like "the lineage names the account" \
    "$(cat "$T/internal/etc/renewal/app.example.com.conf")" "^account = $ID"
run certbot_at internal register -n --agree-tos -m x@example.com --no-eff-email
rc_is "register refuses a second account" 1
like "and says why" "$OUT$ERR" "existing account"
run certbot_at internal update_account -n -m new@example.com --no-eff-email
rc_is "update_account works" 0
run ferry_at internal pull "file://$T/surrogate/etc" --json
rc_is "another pull" 0
json_is "finds the account unchanged" '.peers[0].unchanged | length' 1
json_is "and changes nothing" .changed false
run ferry_at internal list --json
json_is "list shows one account" '.accounts | length' 1
run ferry_at internal check --json
rc_is "check finds nothing wrong after all this" 0

# ------------------------------------------- the lock, both ways
# certbot holds it while its hook waits
run certbot_raw internal --version
(
	certbot_raw internal renew -n --cert-name app.example.com \
	    --force-renewal --no-random-sleep-on-renew \
	    --pre-hook "touch $T/held; while [ -e $T/held ]; do sleep 0.1; done"
) >"$T/holder.log" 2>&1 &
HOLDER=$!
T_PIDS="$HOLDER $T_PIDS"
ok "certbot holds its lock" wait_for 20 test -e "$T/held"
# something to write: the internal store loses the account's regr.json
cp "$NEW/regr.json" "$T/regr.json"
rm -f "$NEW/regr.json"
write_config internal 'lock_timeout: 1s'
run ferry_at internal pull "file://$T/surrogate/etc"
rc_is "pull gives up after lock_timeout" 3
err_like "and says who holds the lock" "certbot"
nok "nothing was written" test -e "$NEW/regr.json"
write_config internal 'lock_timeout: 30s'
ferry_at internal pull "file://$T/surrogate/etc" >"$T/waiter.log" 2>&1 &
WAITER=$!
T_PIDS="$WAITER $T_PIDS"
sleep 0.5
ok "a longer one waits" kill -0 $WAITER
rm -f "$T/held"
RC=0
wait $WAITER || RC=$?
rc_is "and succeeds when certbot has ended" 0
ok "the file is back" cmp "$T/regr.json" "$NEW/regr.json"
wait $HOLDER

# we hold it: stopped in the middle of the write
if command -v strace >/dev/null 2>&1; then
	rm -f "$NEW/regr.json"
	# a leak checker cannot work under strace
	ASAN_OPTIONS=detect_leaks=0 \
	    strace -qq -e trace=fsync -e inject=fsync:delay_enter=4000000:when=1 \
	    -o "$T/trace" "$ACMEFERRY" -c "$T/internal/config.yml" \
	    pull "file://$T/surrogate/etc" >"$T/slow.log" 2>&1 &
	SLOW=$!
	T_PIDS="$SLOW $T_PIDS"
	ok "we hold the lock" wait_for 20 test -e \
	    "$T/internal/etc/.certbot.lock"
	run certbot_at internal certificates
	rc_is "certbot does not run meanwhile" 1
	like "it says so" "$OUT$ERR" \
	    "Another instance of Certbot is already running."
	RC=0
	wait $SLOW || RC=$?
	rc_is "we end well" 0
	run certbot_at internal certificates
	rc_is "certbot runs again afterwards" 0
else
	skip 5 "strace is not installed"
fi

# ------------------------------------------- the end of an account
run certbot_at internal unregister -n
rc_is "unregister works on what we wrote" 0
nok "the account's folder is gone" test -e "$NEW"
run ferry_at internal list --json
rc_is "list of a store that certbot emptied" 0
json_is "shows none" '.accounts | length' 0
run ferry_at surrogate verify --json --no-order
rc_is "verify: the CA no longer accepts the account" 5
json_is "it is deactivated" '.accounts[0].state' deactivated
done_testing
