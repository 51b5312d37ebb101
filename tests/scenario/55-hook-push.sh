#!/bin/sh
# SPDX-License-Identifier: ISC
# The surrogate's certbot renews; its deploy hook learns the authorizations and
# pushes while certbot holds its lock; the internal host issues with what it was
# told.  A push that fails is made up for.  A pull brings the same hints.  A
# bundle is published the same way, and whoever reads it has them, too.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl
NAME=app.example.com
start_acme
acme_ctl set challenge=valid >/dev/null
free_port
WEB=$PORT

store surrogate
store internal
write_config internal "certificates:
  $NAME:
    domains: [$NAME]"
# the far end: the internal host lets the surrogate write; sometimes it is down
cat >"$T/bin/far" <<-EOF2
	#!/bin/sh
	[ ! -e "$T/down" ] || kill -9 \$\$
	exec "$ACMEFERRY" -c "$T/internal/config.yml" serve --allow "\$1" \\
	    --client surrogate.example.com
EOF2
chmod 755 "$T/bin/far"
store reader
for h in surrogate reader; do
	"$ACMEFERRY" -c "$T/absent.yml" --state-dir "$T/$h/state" identity \
	    >"$T/$h.pem" 2>"$T/$h.said"
done
mkdir "$T/stick"
write_config surrogate "peers:
  internal:
    url: 'exec:'
    direction: push
    command: [$T/bin/far, write]
  stick:
    url: file://$T/stick/www.cms
    direction: push
    recipients: [$T/reader.pem]"
HOOKS=$T/surrogate/etc/renewal-hooks/deploy
mkdir -p "$HOOKS"
# as it is installed, save for the program's place
sed "s,/usr/local/bin/acmeferry,'$ACMEFERRY' -c '$T/surrogate/config.yml'," \
    "$T_ROOT/contrib/certbot/renewal-hooks/deploy/acmeferry" \
    >"$HOOKS/acmeferry"
# and a look at the lock
printf '#!/bin/sh\npython3 "%s" >>"%s"\n' "$T/held" "$T/locks" >"$HOOKS/lock"
chmod 755 "$HOOKS/lock"
chmod 755 "$HOOKS/acmeferry"
cat >"$T/held" <<-EOF2
	import fcntl
	try:
	    fcntl.lockf(open("$T/surrogate/etc/.certbot.lock", "r+"),
	                fcntl.LOCK_EX | fcntl.LOCK_NB)
	    print("free")
	except OSError:
	    print("held")
EOF2
surrogate() {
	run certbot_at surrogate "$@" -n --http-01-port "$WEB"
}
# the authorizations remembered at a host: COUNT with a URL that was not asked
unasked() {
	jq '[.authorizations[] | select((.checked // 0) == 0)] | length' \
	    "$T/$1/state/acme.json"
}
owed() {
	jq '.peers[0].owed // 0' "$T/surrogate/state/sync.json"
}

# ------------------------------------------------------------- a first one
surrogate certonly --agree-tos -m a@example.com --no-eff-email --standalone \
    --http-01-address 127.0.0.1 -d $NAME
rc_is "the surrogate's certbot obtains one" 0
# before 3.2 certbot ran the hooks of that folder for renewals alone
surrogate renew --force-renewal --no-random-sleep-on-renew
rc_is "and renews it" 0
is "the hook ran, while certbot held its lock" "$(tail -1 "$T/locks")" held
unlike "certbot has nothing to complain of" "$OUT$ERR" "acmeferry: |Hook 'dep"
is "the account is here" "$(ls "$T/internal/etc/$PEBBLE_ACCOUNTS")" \
    "$(ls "$T/surrogate/etc/$PEBBLE_ACCOUNTS")"
is "the surrogate knows the authorization" "$(jq -r '.authorizations[] |
    .name + " " + .status' "$T/surrogate/state/acme.json")" "$NAME valid"
URL=$(jq -r '.authorizations[0].url' "$T/surrogate/state/acme.json")
is "so does the internal host" "$(jq -r '.authorizations[0].url' \
    "$T/internal/state/acme.json")" "$URL"
is "as hearsay" "$(unasked internal)" 1
is "nothing is owed" "$(owed)" 0
write_config reader "peers:
  www:
    url: file://$T/stick/www.cms
    senders: [$T/surrogate.pem]
certificates:
  $NAME:
    domains: [$NAME]
    peer: [www]"
# told STORE: the authorizations that it was told of
told() {
	jq -r '.authorizations[].url' "$T/$1/state/acme.json"
}
ok "it is published, too" test -s "$T/stick/www.cms"
run ferry_at reader sync -q
rc_is "and can be read" 0
is "its reader has the account" "$(ls "$T/reader/etc/$PEBBLE_ACCOUNTS")" \
    "$(ls "$T/surrogate/etc/$PEBBLE_ACCOUNTS")"
is "and the hint" "$(told reader)" "$URL"

# ------------------------------------------------------------- it is used
acme_forget
run ferry_at internal renew --json
rc_is "the internal host issues with it" 0
json_is "indeed" '.certificates[0] | .name + " " + .result' "$NAME ok"
ok "the certificate is there" test -s \
    "$T/internal/etc/live/$NAME/fullchain.pem"
is "no challenge was tried" "$(acme_asked '"/(chall|challenge)[/"]')" 0
ok "the CA was asked for that very one" test "$(acme_asked \
    "${URL#"https://$T_LOCALHOST:$ACME_PORT"}")" -gt 0
is "and it is no hearsay any more" "$(unasked internal)" 0

# ------------------------------------------------------------- certbot renews
# half a lifetime later, with the old authorizations gone
acme_ctl clock seconds=$((60 * 86400)) >/dev/null
RAN=$(wc -l <"$T/locks")
surrogate renew --force-renewal --no-random-sleep-on-renew
rc_is "the surrogate renews" 0
is "the hook ran once more" "$(wc -l <"$T/locks")" $((RAN + 1))
NEW=$(jq -r '.authorizations | max_by(.expires) | .url' \
    "$T/surrogate/state/acme.json")
isnt "by another authorization" "$NEW" "$URL"
is "which the internal host was told at once" "$(jq -r --arg u "$NEW" \
    '[.authorizations[] | select(.url == $u)] | length' \
    "$T/internal/state/acme.json")" 1
run ferry_at reader renew -q
rc_is "whoever reads the bundle issues with it" 0
ok "indeed" test -s "$T/reader/etc/live/$NAME/fullchain.pem"
like "it was told of it" "$(told reader)" "$NEW"

# ------------------------------------------------------------- a pull, too
store puller
write_config puller "peers:
  surrogate:
    url: 'exec:'
    command: [$ACMEFERRY, -c, $T/surrogate/config.yml, serve, --allow, read]
certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate]"
run ferry_at puller sync --dry-run
nok "a dry run remembers nothing" test -e "$T/puller/state/acme.json"
run ferry_at puller sync -q
rc_is "a sync that pulls" 0
is "brings the same" "$(jq -r '.authorizations[0].url' \
    "$T/puller/state/acme.json")" "$NEW"
cp "$T/puller/state/acme.json" "$T/before"
run ferry_at puller sync -q
ok "twice is once" cmp "$T/before" "$T/puller/state/acme.json"
write_config puller "peers:
  surrogate:
    url: 'exec:'
    command: [$ACMEFERRY, -c, $T/surrogate/config.yml, serve, --allow, read]"
rm "$T/puller/state/acme.json"
run ferry_at puller sync -q
nok "a host that has no use for the name keeps nothing" test -e \
    "$T/puller/state/acme.json"

# ------------------------------------------------------------- a failed push
: >"$T/down"
surrogate renew --force-renewal --no-random-sleep-on-renew
rc_is "a push that fails costs certbot nothing" 0
unlike "nor is it news yet" "$OUT$ERR" "acmeferry: |Hook 'dep"
ok "it is owed" test "$(owed)" -gt 0
run ferry_at surrogate renew -q
rc_is "the next renew tries again" 0
silent "quietly"
is "in vain" "$(jq '.peers[0].failures' "$T/surrogate/state/sync.json")" 2
run ferry_at surrogate renew --json
rc_is "and says so where it may" 3
json_is "of the peer" '.peers[0] | .peer + " " + .result' "internal retry"
rm "$T/down"
rm "$T/internal/state/acme.json"
run ferry_at surrogate renew --json
rc_is "renew makes up for it" 0
json_is "there" '.peers[0] | .peer + " " + .result' "internal ok"
is "then nothing is owed" "$(owed)" 0
ok "the news is there" test -s "$T/internal/state/acme.json"
run ferry_at surrogate renew --json
json_is "and renew leaves the peer alone" '.peers | length' 0
: >"$T/down"
surrogate renew --force-renewal --no-random-sleep-on-renew
ok "owed again" test "$(owed)" -gt 0
rm "$T/down"
run ferry_at surrogate sync -q
rc_is "sync makes up for it as well" 0
is "nothing is owed" "$(owed)" 0

# ------------------------------------------------------------- no hook of ours
OLD=$(jq -c . "$T/internal/state/acme.json")
acme_forget
RENEWED_LINEAGE=$T/internal/etc/live/$NAME RENEWED_DOMAINS=$NAME \
    run ferry_at internal hook deploy
rc_is "a lineage that acmeferry made" 0
is "is asked nothing about" "$(acme_asked .)" 0
is "and nothing is learned" "$(jq -c . "$T/internal/state/acme.json")" "$OLD"
RENEWED_LINEAGE=$T/surrogate/etc/live/$NAME RENEWED_DOMAINS=$NAME \
    run ferry_at surrogate hook deploy --dry-run
rc_is "a dry run" 0
out_is "says to whom it would push" "'$NAME': would run its deploy hook, if it \
is configured
'internal': would be pushed to
'stick': would be pushed to"
is "and asks nobody" "$(acme_asked .)" 0
run ferry_at surrogate hook deploy
rc_is "without certbot it says what it is for" 2
done_testing
