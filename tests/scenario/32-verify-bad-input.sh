#!/bin/sh
# SPDX-License-Identifier: ISC
# Everything that a CA can do wrong, each with its exit code and its words.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq
start_acme
register_at surrogate
write_config surrogate
account_of surrogate
id=${ACCOUNT_DIR##*/}
base=${ACME_URL%/dir}
key=$(cat "$ACCOUNT_DIR/private_key.json")
before=$(digest_of "$T/surrogate/etc")
rm -rf "$T/surrogate/logs"

# bad NAME RC MESSAGE ARG...: verify, remembering nothing, fails so
bad() {
	b_name=$1 b_rc=$2 b_text=$3
	shift 3
	fresh
	run ferry_at surrogate "$@"
	if [ "$RC" = "$b_rc" ]; then
		err_is "$b_name" "acmeferry: $b_text"
	else
		rc_is "$b_name" "$b_rc"
	fi
}
# doing ENDPOINT=WHAT: that alone
doing() {
	acme_ctl act dir= nonce= account= acct= order= authz= "$@" \
	    >"$T/ignored"
}
fresh() {
	rm -rf "$T/surrogate/state"
}

note "the directory"
doing dir=html
bad "HTML" 1 "'$ACME_URL': found text/html; charset=utf-8, want JSON; is this \
an ACME directory?" verify
doing dir=garbage
bad "garbage" 1 "'$ACME_URL': JSON is wrong at byte 11, want a JSON value" verify
doing dir=empty
bad "nothing" 1 "'$ACME_URL': the answer is empty; is this an ACME \
directory?" verify
doing dir=array
bad "an array" 1 "'$ACME_URL': found an array, want an object" verify
doing dir=missing-newOrder
bad "a member is missing" 1 "'$ACME_URL': member 'newOrder': found none, want \
a string" verify
doing dir=number-newNonce
bad "a member is mistyped" 1 "'$ACME_URL': member 'newNonce': found a number, \
want a string" verify
doing dir=truncate
run ferry_at surrogate verify
rc_is "a body cut off" 3
err_like "says so" "'$ACME_URL': the answer was cut off: "
doing dir=close
run ferry_at surrogate verify
rc_is "no answer at all" 3
err_like "says so" "'$ACME_URL': the answer was cut off: "
doing dir=redirect
bad "a redirect" 1 "'$ACME_URL': redirects to '/dir', which is not followed; \
put the CA's final directory URL into acme.server" verify
doing dir=huge-body
bad "a huge body" 1 "'$ACME_URL': its answer is longer than 1048576 bytes; \
is the URL right?" verify
doing dir=huge-headers
bad "huge headers" 1 "'$ACME_URL': headers are longer than 65536 bytes" verify
doing dir=status-404
bad "404" 1 "'$ACME_URL': the CA answers 404" verify
doing dir=status-502
bad "502" 3 "'$ACME_URL': the CA answers 502" verify
doing dir=status-403
bad "403" 8 "'$ACME_URL': the CA answers 403" verify
doing dir=retry-3600
bad "429 with Retry-After: 3600" 3 "'$ACME_URL': the CA answers 429 \
rateLimited: too many requests" verify
doing dir=retry-3600
run ferry_at surrogate --json verify
json_is "tells the seconds" .error.retry_after 3600
json_is "the account is unreachable" '.accounts[0].state' unreachable
json_is "with the same reason" '.accounts[0].result' retry
doing dir=2*unavailable-1
run ferry_at surrogate --max-wait 5s verify
rc_is "503 with Retry-After: 1 is obeyed" 0
err_like "and said" "the CA answers 503; asking again in 1s"

note "newAccount"
acme_forget
doing account=badnonce
bad "badNonce for ever" 1 "'$base/account': the CA refused 6 nonces in a row, \
each its newest (badNonce)" verify
is "was tried six times" "$(acme_asked '"/account"')" 6
doing account=5*badnonce
fresh
run ferry_at surrogate verify
rc_is "badNonce five times is fine" 0
doing nonce=nonce-none
bad "no nonce" 1 "'$base/nonce': found no Replay-Nonce, want one" verify
doing nonce=2*unavailable-1
acme_forget
fresh
run ferry_at surrogate --max-wait 5s verify
rc_is "503 for a nonce is obeyed too" 0
is "and no nonce asked for meanwhile" "$(acme_asked '"HEAD"')" 3
doing account=location-none
bad "no Location" 1 "'$ACME_URL': found none as the account's URL (Location), \
want one on its own host" verify
doing account=location-https://evil.example.com/acct/1
bad "a uri on another host" 1 "'$ACME_URL': found \
'https://evil.example.com/acct/1' as the account's URL (Location), want one on \
its own host" verify
doing account=missing-status
bad "an account without status" 1 "'$base/account': member 'status': found \
none, want a string" verify
doing account=control
fresh
run ferry_at surrogate verify
rc_is "64 KiB of control characters" 1
err_like "come out harmless" \
    "'$base/account': the CA answers 400 malformed: \?\[2J\?\?\?\[2J"
ok "and short" test "$(wc -c <"$T/err")" -lt 2048
nok "no control character is left" grep -q "$(printf '[\033\007]')" "$T/err"
doing account=problem-unauthorized
bad "a refusal that says nothing" 8 "'$base/account': the CA answers 403 \
unauthorized: so it was ordered" verify
doing account=problem-accountDoesNotExist
bad "an account that it does not know" 5 "'$ACCOUNT_DIR': the CA at \
'$ACME_URL' knows no account for this key, want '$base/acct/1'; is that the \
server it was registered with?" verify
doing dir=
for state in deactivated revoked; do
	acme_ctl account status=$state >"$T/ignored"
	bad "$state" 5 "'$ACCOUNT_DIR': the CA says that account \
'$base/acct/1' is $state, want valid; that is for ever: register a new one \
where it came from, then copy that" verify
done
acme_ctl account status=valid >"$T/ignored"

note "orders and authorizations"
doing order=html
bad "an order in HTML" 1 "'$base/order': found text/html; charset=utf-8, want \
JSON; is this an ACME directory?" verify -d a.example.com
doing order=missing-authorizations
run ferry_at surrogate verify -d a.example.com
rc_is "an order without authorizations" 1
err_like "names the member" \
    "'$base/order/[0-9]+': member 'authorizations': found none, want an array"
doing order=number-identifiers
run ferry_at surrogate verify -d a.example.com
err_like "a mistyped member is named" \
    "'$base/order/[0-9]+': member 'identifiers': found a number, want an array"
doing order=location-https://evil.example.com/order/1
bad "an order elsewhere" 1 "'$base/order': found an order without body or URL \
(Location), want both" verify -d a.example.com
doing authz=missing-challenges
run ferry_at surrogate verify -d a.example.com
rc_is "an authorization without challenges" 1
err_like "names the member" \
    "'$base/authz/[0-9]+': member 'challenges': found none, want an array"
doing order=retry-3600
run ferry_at surrogate --json --max-wait 10s verify -d a.example.com
rc_is "a rate limit for orders" 3
json_is "leaves the account valid" '.accounts[0].state' valid
json_is "and the name unknown" '.names[0].status' unknown
doing dir=

note "the store's side"
cp "$ACCOUNT_DIR/regr.json" "$T/regr.json"
chmod u+w "$ACCOUNT_DIR/regr.json"
printf '{"body": {}, "uri": "https://evil.example.com/acct/1"}' \
    >"$ACCOUNT_DIR/regr.json"
bad "a uri on another host in the store" 5 "'$ACCOUNT_DIR': found uri \
'https://evil.example.com/acct/1', but the CA's URL for this key is \
'$base/acct/1'; 'acmeferry verify --fix' repairs it" verify
cat "$T/regr.json" >"$ACCOUNT_DIR/regr.json"
cp -a "$T/surrogate" "$T/other"
rm -rf "$T/other/etc" "$T/other/config.yml"
ok "a second account" register_at other
printf '%s' "$(cat "$T/other/etc/$PEBBLE_ACCOUNTS/"*/regr.json)" \
    >"$ACCOUNT_DIR/regr.json"
run ferry_at surrogate verify
rc_is "our key with another account's uri" 5
err_is "is a mismatch" "acmeferry: '$ACCOUNT_DIR': found uri '$base/acct/2', \
but the CA's URL for this key is '$base/acct/1'; 'acmeferry verify --fix' \
repairs it"
cat "$T/regr.json" >"$ACCOUNT_DIR/regr.json"
chmod u+w "$ACCOUNT_DIR/private_key.json"
printf '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMl'\
'rwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}' \
    >"$ACCOUNT_DIR/private_key.json"
run ferry_at surrogate --json verify
rc_is "an Ed25519 key" 4
json_is "is a broken account" '.accounts[0].state' broken
printf '%s' "$key" >"$ACCOUNT_DIR/private_key.json"
chmod 400 "$ACCOUNT_DIR/private_key.json"

note "no way to the CA"
free_port
cp -a "$T/surrogate/etc/accounts/${ACME_URL#https://}" "$T/account"
mkdir -p "$T/surrogate/etc/accounts/127.0.0.1:$PORT" \
    "$T/surrogate/etc/accounts/ca.invalid"
cp -a "$T/account" "$T/surrogate/etc/accounts/127.0.0.1:$PORT/dir"
cp -a "$T/account" "$T/surrogate/etc/accounts/ca.invalid/dir"
bad "refused" 3 "'https://127.0.0.1:$PORT/dir': no connection: Connection \
refused" --server "https://127.0.0.1:$PORT/dir" verify
bad "no such host" 3 "'https://ca.invalid/dir': no such host" \
    --server https://ca.invalid/dir verify
rm -rf "$T/surrogate/etc/accounts/127.0.0.1:$PORT" \
    "$T/surrogate/etc/accounts/ca.invalid"
sed -i "s,ca_file: .*,ca_file: \"\"," "$T/surrogate/config.yml"
bad "no such CA" 8 "'$ACME_URL': its TLS certificate is of an issuer that is \
not trusted; if that is your CA, put its root certificate into acme.ca_file" \
    verify
sed -i "s,ca_file: .*,ca_file: $T/absent.pem," "$T/surrogate/config.yml"
run ferry_at surrogate verify
rc_is "a ca_file that is not there" 2
echo hello >"$T/hello.pem"
sed -i "s,ca_file: .*,ca_file: $T/hello.pem," "$T/surrogate/config.yml"
run ferry_at surrogate verify
rc_is "a ca_file that holds none" 2
err_like "says so" "'$T/hello.pem': .*found no certificate, want PEM"
sed -i "s,ca_file: .*,ca_file: $ACME_DIR/ca.pem," "$T/surrogate/config.yml"
is "and the store is as it was" "$(digest_of "$T/surrogate/etc")" "$before"

for kind in expired self-signed; do
	start_acme --$kind
	store tls
	cp -a "$T/surrogate/etc/." "$T/tls/etc" 2>/dev/null ||
	    { mkdir -p "$T/tls/etc" && cp -a "$T/surrogate/etc/." "$T/tls/etc"; }
	mkdir -p "$T/tls/etc/accounts/${ACME_URL%/dir}"
	mkdir -p "$T/tls/etc/$PEBBLE_ACCOUNTS"
	cp -a "$T/account/." "$T/tls/etc/$PEBBLE_ACCOUNTS/"
	write_config tls
	run ferry_at tls verify
	rc_is "an $kind certificate of the CA" 8
	case $kind in
	expired) text="has expired; the CA must renew it (or is this host's \
clock wrong?)" ;;
	*) text="is self-signed and not trusted; if that is your CA, put its \
root certificate into acme.ca_file" ;;
	esac
	err_is "says so" "acmeferry: '$ACME_URL': its TLS certificate $text"
done
unlike "no private member was printed anywhere" \
    "$(cat "$T"/err "$T"/out "$ACME_DIR/requests.log" 2>/dev/null)" \
    "$(echo "$key" | jq -r .d)"
is "the account's id" "$id" "${ACCOUNT_DIR##*/}"
done_testing
