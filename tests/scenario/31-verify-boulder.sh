#!/bin/sh
# SPDX-License-Identifier: ISC
# verify under Boulder's rules, which pebble does not have: the cutoff, orders
# that are reused before authorizations are, profiles that do not share, limits.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq
start_acme
register_at surrogate
write_config surrogate
sed -i "s,^acme:,acme:\n  reuse_cutoff: boulder," "$T/surrogate/config.yml"
name=app.example.com

verify() {
	run ferry_at surrogate --json "$@" verify -d "$name"
}
status() {
	echo "$OUT" | jq -r '.names[0].status'
}
usable() {
	echo "$OUT" | jq -r '.names[0].usable_until | fromdateiso8601'
}

note "an open window"
now=$(date +%s)
acme_ctl validate name=$name >"$T/url"
verify
rc_is "a valid authorization is found by an order" 0
is "status" "$(status)" valid
left=$(($(usable) - now - 29 * 86400))
ok "usable until a day before it expires, while no lifetime of an order was \
seen" test "$left" -ge -120 -a "$left" -le 120
is "one order" "$(acme_asked '"/order"')" 1
verify
is "the next verify needs none" "$(acme_asked '"/order"')" 1

note "an order's lifetime: an eighth of 7 days is 21 hours"
name=other.example.com
verify
rc_is "nothing known of another name" 6
is "its order is pending" "$(status)" pending
name=app.example.com
verify
left=$(($(usable) - now - 30 * 86400 + 21 * 3600))
ok "now the cutoff is 21 h" test "$left" -ge -120 -a "$left" -le 120

note "the CA's clock decides"
acme_ctl clock seconds=$((29 * 86400 + 2 * 3600)) >"$T/ignored"
acme_forget
verify
rc_is "29 days and 2 h later" 0
acme_ctl clock seconds=$((29 * 86400 + 4 * 3600)) >"$T/ignored"
verify
rc_is "29 days and 4 h later it is too late" 6
is "though still valid" "$(status)" valid
like "says so" "$ERR" "valid until .*, but the CA counted it only until"
is "and nothing was ordered: that would hide what comes next" \
    "$(acme_asked '"/order"')" 0
acme_ctl clock seconds=$((31 * 86400)) >"$T/ignored"
acme_ctl validate name=$name >"$T/url"
verify
rc_is "when it is gone and the surrogate has a new one" 0
acme_ctl clock seconds=0 >"$T/ignored"

note "a pending order hides a valid authorization"
rm -rf "$T/surrogate/state"
name=hidden.example.com
verify
rc_is "pending at first" 6
acme_ctl validate name=$name >"$T/url"
acme_forget
verify
rc_is "the same order comes back, pending" 6
is "for nothing else is known" "$(status)" pending
# as if a peer had told it: the URL is put where ours are remembered
jq --arg u "$(cat "$T/url")" --arg n $name '.authorizations += [
    (.authorizations[] | select(.name == $n)) | .url = $u]' \
    "$T/surrogate/state/acme.json" >"$T/acme.json"
cat "$T/acme.json" >"$T/surrogate/state/acme.json"
acme_forget
verify
rc_is "once it is known" 0
is "our pending one was deactivated" \
    "$(acme_asked '"payload": \{"status": "deactivated"\}')" 1
is "one order showed it, one proved it to be reused, one came back ready" \
    "$(acme_asked '"/order"')" 3
verify
rc_is "and stays well" 0

name=patient.example.com
verify
verify
is "a pending order that comes back twice" "$(status)" pending
acme_forget
verify
is "is not ordered a third time: the answer is known" \
    "$(acme_asked '"/order"')" 0
is "for its authorization tells the same" "$(status)" pending

note "at most once a day"
name=twice.example.com
verify
acme_ctl validate name=$name >"$T/url"
jq --arg u "$(cat "$T/url")" --arg n $name --argjson now "$now" '
    .authorizations += [
	(.authorizations[] | select(.name == $n)) | .url = $u] |
    .marks += [{key: ("deactivated " + .authorizations[0].account + " " + $n),
	when: ($now - 3600)}]' "$T/surrogate/state/acme.json" >"$T/acme.json"
cat "$T/acme.json" >"$T/surrogate/state/acme.json"
acme_forget
verify
rc_is "a second time within a day" 6
is "nothing is deactivated" \
    "$(acme_asked '"payload": \{"status": "deactivated"\}')" 0
like "and says so" "$ERR" "hides a valid authorization"

note "profiles do not share"
acme_ctl set profiles=classic,short >"$T/ignored"
name=profile.example.com
acme_ctl validate name=$name profile=short >"$T/url"
verify
rc_is "an authorization of another profile does not count" 6
sed -i 's,^acme:,acme:\n  profile: short,' "$T/surrogate/config.yml"
verify
rc_is "with that profile it does" 0
sed -i 's,profile: short,profile: shrot,' "$T/surrogate/config.yml"
verify
rc_is "a profile that the CA does not have" 2
err_like "lists those it has" "profile 'shrot': '$ACME_URL' has none of that \
name, only: classic, short"
sed -i '/profile: shrot/d' "$T/surrogate/config.yml"

note "a CA that never reuses"
acme_ctl set order_reuse=0 authz_reuse=0 >"$T/ignored"
name=never.example.com
verify
acme_ctl validate name=$name >"$T/url"
jq --arg u "$(cat "$T/url")" --arg n $name '.authorizations += [
    (.authorizations[] | select(.name == $n)) | .url = $u]' \
    "$T/surrogate/state/acme.json" >"$T/acme.json"
cat "$T/acme.json" >"$T/surrogate/state/acme.json"
acme_forget
verify
rc_is "is recognised" 6
like "and said so" "$ERR" "does not reuse authorizations"
is "without deactivating anything" \
    "$(acme_asked '"payload": \{"status": "deactivated"\}')" 0
acme_ctl set order_reuse=1 authz_reuse=1 >"$T/ignored"

note "refusals by name"
acme_ctl set reject=bad.example.com >"$T/ignored"
run ferry_at surrogate --json verify -d good.example.com,bad.example.com
rc_is "one refused name" 6
json_is "is blamed" '.names[] | select(.name == "bad.example.com") |
    .error.message' "'bad.example.com': the CA refuses this name \
(rejectedIdentifier: The ACME server refuses to issue a certificate for this \
domain name)"
acme_ctl set failures=0 >"$T/ignored"
run ferry_at surrogate --json --max-wait 5s verify -d limit.example.com
rc_is "a rate limit" 3
json_is "with the CA's Retry-After" .error.retry_after 720
acme_ctl set failures=5 >"$T/ignored"

note "configured certificates are asked in their set"
cat >>"$T/surrogate/config.yml" <<E1
certificates:
  pair.example.com:
    domains: [pair.example.com, www.pair.example.com]
E1
acme_ctl validate name=pair.example.com >"$T/url"
acme_ctl validate name=www.pair.example.com >"$T/url"
acme_forget
run ferry_at surrogate --json verify -d www.pair.example.com
rc_is "one of its names" 0
json_is "stands for both" '[.names[].name] | join(" ")' \
    "pair.example.com www.pair.example.com"
is "in one order" "$(acme_asked '"/order"')" 1
run ferry_at surrogate --json verify
json_is "without -d they are all asked" '.names | length' 2
run ferry_at surrogate --json verify -d pair.example.com -d lone.example.com
json_is "a name that is not configured has an order of its own" \
    '[.names[] | "\(.name) \(.status)"] | join(", ")' \
    "pair.example.com valid, www.pair.example.com valid, \
lone.example.com pending"
run ferry_at surrogate --json verify -d '*.example.net'
rc_is "a wildcard is a name of its own" 6
json_is "name" '.names[0].name' '*.example.net'

note "which account"
cp -a "$T/surrogate/etc" "$T/one"
ok "a second account" env REQUESTS_CA_BUNDLE="$PEBBLE_CA" "$CERTBOT" register \
    --config-dir "$T/two" --work-dir "$T/work" --logs-dir "$T/logs" -n \
    --agree-tos -m two@example.com --no-eff-email --server "$ACME_URL"
cp -a "$T/two/$PEBBLE_ACCOUNTS"/* "$T/surrogate/etc/$PEBBLE_ACCOUNTS/"
run ferry_at surrogate --json verify -d lone.example.com
rc_is "of two accounts none is guessed" 4
like "both are listed" "$ERR" "several accounts: [0-9a-f]{32}, [0-9a-f]{32}; \
choose one with --account"
json_is "the name says so too" '.names[0].result' store
first=$(jq -r .uri "$T/one/$PEBBLE_ACCOUNTS"/*/regr.json)
run ferry_at surrogate --json --account "$first" verify -d lone.example.com
rc_is "--account takes a URL" 6
json_is "and asks that one" '.accounts[0].uri' "$first"
run ferry_at surrogate --json verify
rc_is "without -d" 4
json_is "the accounts are asked all the same" \
    '[.accounts[].state] | join(" ")' "valid valid"
done_testing
