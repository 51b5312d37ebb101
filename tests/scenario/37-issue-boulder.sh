#!/bin/sh
# SPDX-License-Identifier: ISC
# Issuance under Boulder's rules: certbot gets the very order that we looked
# at, and a pending order that would stop it is cleared away first.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq
start_acme
register_at internal
write_config internal

name=app.example.com
run ferry_at internal --json issue -d $name
rc_is "nothing is authorised" 6
json_is "said of the name" '.names[0].status' pending
is "certbot was not started: one order, ours" "$(acme_asked '"/order"')" 1
unlike "no challenge was answered" "$(cat "$ACME_DIR/requests.log")" /chall/

note "the surrogate proves it in another set: our pending order hides it"
acme_ctl validate name=$name >"$T/url"
run ferry_at internal --json issue -d $name
rc_is "which nobody told us" 6
jq --arg u "$(cat "$T/url")" --arg n $name '.authorizations += [
    (.authorizations[] | select(.name == $n)) | .url = $u]' \
    "$T/internal/state/acme.json" >"$T/acme.json"
cat "$T/acme.json" >"$T/internal/state/acme.json"
acme_forget
run ferry_at internal --json issue -d $name
rc_is "told, we clear it away and issue" 0
is "one deactivation" "$(acme_asked '"status": "deactivated"')" 1
unlike "no challenge" "$(cat "$ACME_DIR/requests.log")" /chall/
is "one certificate" "$(acme_asked '"path": "/finalize')" 1
is "every order but the hidden one was the same" "$(acme_ctl orders |
    jq -r 'map(.status) | join(" ")')" "invalid valid"
ok "it is there" openssl x509 -noout -checkhost $name \
    -in "$T/internal/etc/live/$name/cert.pem"
run ferry_at internal issue -d $name
rc_is "not due" 0
is "and no second one" "$(acme_asked '"path": "/finalize')" 1

note "an authorization in its last day: certbot would fail, so it is not run"
acme_ctl validate name=late.example.com expires=$((20 * 3600)) >"$T/url"
run ferry_at internal --json issue -d late.example.com
rc_is "is not enough" 6
is "no certificate" "$(acme_asked '"path": "/finalize')" 1

note "a set of two names of which one is proven"
acme_ctl validate name=one.example.com >"$T/url"
run ferry_at internal --json issue -d one.example.com,two.example.com
rc_is "is not enough" 6
like "the other is named" "$ERR" "authorization for two.example.com"
acme_ctl validate name=three.example.com >"$T/url"
run ferry_at internal --json issue -d one.example.com,three.example.com
rc_is "two proven ones are" 0

note "a peer tells of a newer proof, but not of its URL"
name=told.example.com
run ferry_at internal issue -d $name
rc_is "our order stays pending" 6
store surrogate
mkdir -p "$T/surrogate/etc"
free_port
PEBBLE_HTTP_PORT=$PORT	# nobody asks there
cp -a "$T/internal/etc/accounts" "$T/surrogate/etc/"
acme_ctl validate name=$name >"$T/url"
acme_ctl validate name=www.$name >"$T/url"
cert_at surrogate $name -d www.$name
acme_forget
run ferry_at internal --json migrate "file://$T/surrogate/etc" -d $name
rc_is "what it hides is uncovered" 0
is "by one deactivation" "$(acme_asked '"status": "deactivated"')" 1
unlike "and no challenge" "$(cat "$ACME_DIR/requests.log")" /chall/
name=vain.example.com
run ferry_at internal issue -d $name
rc_is "another pending order" 6
acme_ctl validate name=$name expires=$((20 * 3600)) >"$T/url"
acme_ctl validate name=www.$name expires=$((30 * 3600)) >"$T/url"
acme_ctl set cutoff=0 >"$T/ignored"
cert_at surrogate $name -d www.$name
acme_ctl set cutoff=-1 >"$T/ignored"
acme_forget
run ferry_at internal migrate "file://$T/surrogate/etc" -d $name
rc_is "where the peer's proof does not count it is cleared away in vain" 6
is "once" "$(acme_asked '"status": "deactivated"')" 1
run ferry_at internal migrate "file://$T/surrogate/etc" -d $name
rc_is "and not again" 6
is "for that proof" "$(acme_asked '"status": "deactivated"')" 1
done_testing
