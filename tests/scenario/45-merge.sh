#!/bin/sh
# SPDX-License-Identifier: ISC
# What a pull does where both sides have something: the CA decides, lineages
# follow a replaced account, two pulls at once, a pull from certbot's hook.
. "${0%/*}/lib.sh"
need pebble certbot jq python3 openssl

start_pebble
cert_at surrogate app.example.com
A=$(account_id_at surrogate)
SRC=$T/surrogate/etc/$PEBBLE_ACCOUNTS
DST=$T/internal/etc/$PEBBLE_ACCOUNTS
URI=$(jq -r .uri "$SRC/$A/regr.json")
SURROGATE=file://$T/surrogate/etc
write_config internal

fresh() {
	rm -rf "$T/internal/etc" "$T/internal/state"
	mkdir -p "$DST"
	chmod 700 "$T/internal/etc/accounts"
}
fixture() {
	# fixture DIR NAME URI
	mkdir -p "$1"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$1"
	printf '{"body": {}, "uri": "%s"}' "$3" >"$1/regr.json"
}
# a lineage as certbot writes it, with that account
lineage() {
	cp -a "$T/surrogate/etc/renewal" "$T/surrogate/etc/live" \
	    "$T/surrogate/etc/archive" "$T/internal/etc/"
	sed -i "s/^account = .*/account = $1/;
	    s,$T/surrogate/,$T/internal/,g" \
	    "$T/internal/etc/renewal/app.example.com.conf"
}
account_of() {
	sed -n 's/^account = //p' "$T/internal/etc/renewal/app.example.com.conf"
}
EC=ecaa6def23d8ef66aeb915a269c96d2c

# ------------------------------------------------ same key, another uri
fresh
cp -a "$SRC/$A" "$DST/$A"
printf '{"body": {}, "uri": "%s"}' "${URI%/*}/ffff" >"$DST/$A/regr.json"
run ferry_at internal pull "$SURROGATE" --json
rc_is "same key, our uri is wrong" 0
json_is "updated" '.peers[0].updated[0].reason' \
    "account URL replaced by the one that the CA confirms"
is "the uri is right" "$(jq -r .uri "$DST/$A/regr.json")" "$URI"
ok "the wrong one is in the backups" grep -rq ffff "$T/internal/state/backups"
cp -a "$T/surrogate" "$T/wrong"
printf '{"body": {}, "uri": "%s"}' "${URI%/*}/ffff" \
    >"$T/wrong/etc/$PEBBLE_ACCOUNTS/$A/regr.json"
run ferry_at internal pull "file://$T/wrong/etc" --json
rc_is "same key, the peer's uri is wrong" 0
json_is "unchanged" '.peers[0].unchanged[0].reason' \
    "the CA confirms the destination's account URL"
is "ours is kept" "$(jq -r .uri "$DST/$A/regr.json")" "$URI"

# ------------------------------------------------ another key, the same uri
fresh
fixture "$DST/$EC" ec-p256 "$URI"
lineage "$EC"
run ferry_at internal pull "$SURROGATE" --json
rc_is "another key here, the CA confirms the peer's" 0
json_is "updated" '.peers[0].updated[0].id' "$A"
nok "the old one is gone" test -e "$DST/$EC"
is "the lineage follows" "$(account_of)" "$A"
run certbot_at internal show_account
rc_is "certbot takes it" 0
run ferry_at internal backups --json
rc_is "the old one is in the backups" 0
like "by its id" "$OUT" "$EC"
fresh
cp -a "$SRC/$A" "$DST/$A"
rm -rf "$T/wrong"
fixture "$T/wrong/etc/$PEBBLE_ACCOUNTS/$EC" ec-p256 "$URI"
chmod -R go-rwx "$T/wrong"
run ferry_at internal pull "file://$T/wrong/etc" --json
rc_is "another key at the peer, the CA confirms ours" 0
json_is "unchanged" '.peers[0].unchanged[0].reason' \
    "the CA confirms the destination's key, the source's is an older one"
ok "ours is kept" cmp "$SRC/$A/private_key.json" "$DST/$A/private_key.json"
nok "theirs did not come" test -e "$DST/$EC"

# ------------------------------------------------ a replaced account
fresh
fixture "$DST/$EC" ec-p256 "${URI%/*}/old"
lineage "$EC"
cat >>"$T/internal/config.yml" <<-E
	peers:
	  surrogate:
	    url: $SURROGATE
	certificates:
	  app.example.com:
	    domains: [app.example.com]
	    peer: [surrogate]
E
run ferry_at internal pull surrogate --json
rc_is "a replaced account" 0
json_is "the new one was added" '.peers[0].added[0].id' "$A"
is "the lineage follows" "$(account_of)" "$A"
ok "the old one, which certbot made, stays" test -d "$DST/$EC"
fresh
fixture "$DST/$EC" ec-p256 "${URI%/*}/old"
lineage "$EC"
printf '{"time": "2026-01-01T00:00:00Z", "client": "surrogate", "server": "%s", "id": "%s", "operation": "received", "result": "ok"}\n' \
    "$PEBBLE_DIR_URL" "$EC" >"$T/ledger"
mkdir -p "$T/internal/state"
chmod 700 "$T/internal/state"
install -m 0600 "$T/ledger" "$T/internal/state/ledger.jsonl"
run ferry_at internal pull surrogate --dry-run --json
rc_is "--dry-run" 0
json_is "it would change" .changed true
is "nothing has" "$(account_of)" "$EC"
run ferry_at internal pull surrogate
rc_is "a replaced account that acmeferry brought" 0
out_like "the new CAA record is printed" "accounturi=$URI\$"
nok "the old one is in the backups" test -e "$DST/$EC"
is "the lineage follows" "$(account_of)" "$A"
run ferry_at internal check
rc_is "check finds no error" 0
run ferry_at internal pull surrogate --json
json_is "and again: unchanged" '.peers[0].unchanged[0].id' "$A"
json_is "nothing changed" .changed false

# ------------------------------------------------ wrong directory names
fresh
cp -a "$SRC/$A" "$DST/0123456789abcdef0123456789abcdef"
lineage 0123456789abcdef0123456789abcdef
run ferry_at internal pull surrogate --json
rc_is "a wrong directory name here" 0
ok "renamed to the id of its key" test -d "$DST/$A"
nok "not twice" test -e "$DST/0123456789abcdef0123456789abcdef"
is "the lineage follows" "$(account_of)" "$A"
fresh
cp -a "$T/surrogate" "$T/named"
mv "$T/named/etc/$PEBBLE_ACCOUNTS/$A" \
    "$T/named/etc/$PEBBLE_ACCOUNTS/0123456789abcdef0123456789abcdef"
run ferry_at internal pull "file://$T/named/etc" --json
rc_is "a wrong directory name there" 0
ok "installed under the right one" test -d "$DST/$A"

# ------------------------------------------------ register_to_eff
fresh
cp -a "$T/surrogate" "$T/eff"
python3 - "$T/eff/etc/$PEBBLE_ACCOUNTS/$A/meta.json" <<'E'
import json, sys
m = json.load(open(sys.argv[1]))
m["register_to_eff"] = "a@b"
json.dump(m, open(sys.argv[1], "w"))
E
run ferry_at internal pull "file://$T/eff/etc"
rc_is "an account with register_to_eff" 0
is "it is dropped" "$(jq -r .register_to_eff "$DST/$A/meta.json")" null
fresh
run ferry_at internal pull "file://$T/eff/etc" --verbatim
is "--verbatim keeps it" "$(jq -r .register_to_eff "$DST/$A/meta.json")" a@b

# ------------------------------------------------ two at once, and locks
fresh
for i in 1 2 3 4; do
	ferry_at internal pull surrogate >"$T/pull.$i" 2>&1 &
	eval "P$i=\$!"
done
rc=0
for p in "$P1" "$P2" "$P3" "$P4"; do
	wait "$p" || rc=$?
done
is "four pulls at once end well" "$rc" 0
is "in one account" "$(find "$DST" -mindepth 1 | sed 's,.*/,,' | sort |
    tr '\n' ' ')" "$A meta.json private_key.json regr.json "
ok "that is right" cmp "$SRC/$A/private_key.json" "$DST/$A/private_key.json"
run ferry_at internal check
rc_is "check finds no error" 0
is "no litter, no lock" "$(find "$T/internal" -name '.acmeferry*' -o \
    -name .certbot.lock)" ""

fresh
cat >"$T/lock.py" <<'E'
import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
open(sys.argv[2], "w")
time.sleep(60)
E
start locker python3 "$T/lock.py" "$T/internal/etc/.certbot.lock" "$T/locked"
wait_for 10 test -e "$T/locked"
sed -i '1i lock_timeout: 1s' "$T/internal/config.yml"
run ferry_at internal pull surrogate
rc_is "certbot's lock held: exit 3" 3
err_like "the holder is named" "\.certbot\.lock.*held by process $LAST_PID"
nok "nothing was written" test -e "$DST/$A"
stop "$LAST_PID"
run ferry_at internal pull surrogate
rc_is "and then it works" 0
sed -i 1d "$T/internal/config.yml"

# ------------------------------------------------ from inside a certbot hook
fresh
cert_at internal other.example.com --register-unsafely-without-email \
    --deploy-hook "$ACMEFERRY -c $T/internal/config.yml \
    --config-dir $T/internal/etc --state-dir $T/internal/state pull surrogate \
    >$T/hook.out 2>&1; echo \$? >$T/hook.rc"
is "a pull from certbot's hook" "$(cat "$T/hook.rc")" 0
ok "brings the account" test -d "$DST/$A"
run certbot_at internal certificates
rc_is "certbot goes on" 0

# ------------------------------------------------ without the CA
stop_pebble
fresh
cp -a "$SRC/$A" "$DST/$A"
printf '{"body": {}, "uri": "%s"}' "${URI%/*}/ffff" >"$DST/$A/regr.json"
before=$(digest_of "$T/internal/etc")
run ferry_at internal pull surrogate
rc_is "same key, another uri, no CA: exit 4" 4
is "kept" "$(digest_of "$T/internal/etc")" "$before"
fresh
fixture "$DST/$EC" ec-p256 "$URI"
before=$(digest_of "$T/internal/etc")
run ferry_at internal pull surrogate
rc_is "another key, the same uri, no CA: exit 3" 3
is "kept" "$(digest_of "$T/internal/etc")" "$before"
fresh
run ferry_at internal pull surrogate
rc_is "nothing here, no CA: the pull itself needs none" 0
done_testing
