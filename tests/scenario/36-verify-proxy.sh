#!/bin/sh
# SPDX-License-Identifier: ISC
# A proxy, and what is done for Let's Encrypt alone: newAccount at most five
# times a second, and its cutoff without being told.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need jq
start_acme --host test.letsencrypt.org
# it is known by that name, which only the proxy can resolve
ACME_URL=https://test.letsencrypt.org:$ACME_PORT/dir
PEBBLE_DIR_URL=$ACME_URL
mkdir "$T/proxy"
start proxy "$ACME_PYTHON" "$T_ROOT/tests/lab/connect_proxy.py" "$T/proxy"
t_must "the proxy" "$T/proxy.log" test -s "$T/proxy/port"
proxy=http://127.0.0.1:$(cat "$T/proxy/port")
store le
"$ACME_PYTHON" "$T_ROOT/tests/lab/many_accounts.py" "$ACME_URL" "$PEBBLE_CA" \
    "$T/le/etc" 11
write_config le
run ferry_at le verify
rc_is "without the proxy the name is not known" 3
err_is "says so" "acmeferry: '$ACME_URL': no such host"
sed -i "s,^acme:,acme:\n  proxy: $proxy," "$T/le/config.yml"
acme_forget
run ferry_at le --json verify
rc_is "through acme.proxy" 0
json_is "all are valid" '[.accounts[] | select(.state == "valid")] | length' 11
is "one connection, by CONNECT" "$(cat "$T/proxy/connects.log")" \
    "CONNECT test.letsencrypt.org:$ACME_PORT"
# as they arrive: one that was held up on its way is nearer to the next
# shellcheck disable=SC2016 # jq's own variables
ok "newAccount was never sent more than five times a second" jq -se '
    [.[] | select(.path == "/account").time] | sort | . as $t |
    length == 11 and
    $t[-1] - $t[0] >= 1.9 and
    all(range(0; length - 5); $t[. + 5] - $t[.] >= 0.8)' \
    "$ACME_DIR/requests.log"
run ferry_at le --json verify
json_is "accounts once seen valid are all valid" \
    '[.accounts[] | select(.state == "valid")] | length' 11
is "and not asked by newAccount, which is paced" \
    "$(acme_asked '"path": "/account"')" 11
sed -i '/^  proxy:/d' "$T/le/config.yml"
run env https_proxy="$proxy" "$ACMEFERRY" -c "$T/le/config.yml" verify
rc_is "https_proxy counts too" 0
sed -i "s,^acme:,acme:\n  proxy: http://proxy.invalid:1," "$T/le/config.yml"
run ferry_at le verify
rc_is "a proxy that is not there" 3
err_like "says so" "no such proxy host; see acme.proxy and https_proxy"

sed -i "s,^  proxy: .*,  proxy: $proxy," "$T/le/config.yml"
for dir in "$T/le/etc/accounts/test.letsencrypt.org:$ACME_PORT/dir"/*; do :; done
id=${dir##*/}
n=$(jq -r '.uri | split("/")[-1]' "$dir/regr.json")
acme_ctl validate name=app.example.com account="$n" >"$T/ignored"
run ferry_at le --json --account "$id" verify -d app.example.com
rc_is "a name" 0
json_is "is usable a day less than it is valid" '.names[0] |
    (.expires | fromdateiso8601) - (.usable_until | fromdateiso8601)' 86400
done_testing
