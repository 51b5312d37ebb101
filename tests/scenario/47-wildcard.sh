#!/bin/sh
# SPDX-License-Identifier: ISC
# Wildcard names: verify says what can prove them and what cannot; issue and
# migrate use a valid authorization of theirs as any other.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl

WILD='*.example.com'
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
register_at surrogate || exit 1
# the surrogate's DNS authenticator
cat >"$T/bin/dns-hook" <<-X
	#!/bin/sh
	exec python3 -c 'import json, os, sys, urllib.request as u
	u.urlopen(u.Request(sys.argv[1] + "/set-txt", json.dumps({
	    "host": "_acme-challenge." + os.environ["CERTBOT_DOMAIN"] + ".",
	    "value": os.environ["CERTBOT_VALIDATION"]}).encode()))' $DNS_ADMIN
X
sed -i 's/^	//' "$T/bin/dns-hook"
chmod 755 "$T/bin/dns-hook"
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
san() {
	openssl x509 -noout -ext subjectAltName -in \
	    "$T/$1/etc/live/${2:-example.com}/cert.pem" | tail -1 | tr -d ' '
}
mkdir -p "$T/internal/etc"
cp -a "$T/surrogate/etc/accounts" "$T/internal/etc/"
write_config internal

# ------------------------------------------------------------- not proven
run ferry_at internal verify -d "$WILD" --json
rc_is "a wildcard that nobody proved" 6
json_is "is asked as such" '.names[0] | .name + " " + .status' "$WILD pending"
json_is "the CA offers DNS alone" '.names[0].challenges |
    map(select(startswith("dns"))) | length > 0' true
json_is "and no HTTP-01" '.names[0].challenges | index("http-01")' null
err_like "HTTP-01 will not do" "'\\*.example.com': found a pending \
authorization, want a valid one; HTTP-01 cannot prove a wildcard"
err_like "what will" "renew it where a DNS authenticator of certbot proves \
it with this account"
run ferry_at internal verify --no-order -d "$WILD" -d example.com
rc_is "unknown ones" 6
run ferry_at internal issue -d "$WILD"
rc_is "issue" 6
err_like "says so, too" "no usable authorization for \\*.example.com \
\\(pending\\); .*HTTP-01 cannot prove a wildcard"
is "the CA is not asked to validate" "$(attempts)" 0

# ------------------------------------------------------------- proven
certbot_at surrogate certonly -n --manual --manual-auth-hook \
    "$T/bin/dns-hook" --preferred-challenges dns -d "$WILD" -d example.com \
    >"$T/certonly.log" 2>&1 || t_show certonly "$(cat "$T/certonly.log")"
TRIED=$(attempts)
is "the surrogate proved both names by DNS" "$TRIED" 2
run ferry_at internal verify -d "$WILD,example.com" --json
rc_is "verify" 0
json_is "both are valid" '.names | map(.name + " " + .status) | sort |
    join(", ")' "$WILD valid, example.com valid"
run ferry_at internal issue -d "$WILD" --json
rc_is "issue with the authorization" 0
json_is "the lineage's name is certbot's" '.certificates[0].name' example.com
is "the certificate is for the wildcard" "$(san internal)" "DNS:$WILD"
run ferry_at internal issue -q -d "$WILD"
rc_is "again" 0
silent "nothing to do"
run ferry_at internal issue --force -d "$WILD"
rc_is "renewed" 0
run ferry_at internal verify --lineages
rc_is "verify --lineages" 0
out_like "knows the name" '^\*\.example\.com: valid'

# ------------------------------------------------------------- migrate
cat >"$T/bin/serve" <<-X
	#!/bin/sh
	exec "$ACMEFERRY" --config-dir "$T/surrogate/etc" \\
	    --state-dir "$T/surrogate/state" serve --allow read --name '$WILD'
X
chmod 755 "$T/bin/serve"
write_config other
run ferry_at other migrate exec: --command "$T/bin/serve" -d "$WILD" \
    -d example.com --json
rc_is "migrate" 0
json_is "a certificate for both" '.certificates[0] | .name + " " +
    (.domains | sort | join(","))' "example.com $WILD,example.com"
like "is for both" "$(san other)" "DNS:\\*.example.com"
ok "configured under the lineage's name" test -f \
    "$T/other/config.d/cert-example.com.yml"
run ferry_at other config
rc_is "the configuration is right" 0
run ferry_at other verify
rc_is "and verified as a set" 0
run ferry_at other detach example.com
rc_is "detach" 0
out_like "knows that a DNS plugin has to prove it" \
    "'--domain=\\*.example.com' .*--dns-PLUGIN\$"
# a lineage that is called as the name is
run ferry_at other issue -d "$WILD" --cert-name "$WILD"
rc_is "a lineage called *.example.com" 0
is "is one to certbot" "$(san other "$WILD")" "DNS:$WILD"
run ferry_at other migrate exec: --command "$T/bin/serve" -d "$WILD" \
    --cert-name "$WILD" --json
rc_is "migrate to it" 0
json_is "by that name" '.certificates[0].name' "$WILD"
YML=$T/other/config.d/cert-_wildcard.example.com.yml
ok "its file has no asterisk in its name" test -f "$YML"
run ferry_at other config --effective
rc_is "and is read" 0
out_like "with that name" "^  ['\"]\\*.example.com['\"]:"
run ferry_at other migrate exec: --command "$T/bin/serve" -d "$WILD" \
    --cert-name "$WILD" --json
json_is "again is nothing" .changed false
run ferry_at other detach "$WILD"
rc_is "detach by that name" 0
nok "takes the file along" test -e "$YML"
is "no challenge was tried here" "$(attempts)" "$TRIED"
done_testing
