#!/bin/sh
# SPDX-License-Identifier: ISC
# detach and forget: a migration undone, so that certbot alone goes on; an
# account moved to the backups; both put back by restore.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate "$NAME" || exit 1
certbot_at surrogate certonly -n --standalone --http-01-port \
    "$PEBBLE_HTTP_PORT" -d b.example.com >/dev/null 2>&1
ID=$(account_id_at surrogate)
write_config internal
INT=$T/internal
CONF=$INT/etc/renewal/$NAME.conf
CERTYML=$INT/config.d/cert-$NAME.yml
PEERYML=$INT/config.d/peer-127.0.0.1.yml

conf_value() {
	sed -n "s/^$2 = //p" "$T/$1/etc/renewal/${3:-$NAME}.conf"
}
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
cat >"$T/bin/serve" <<-X
	#!/bin/sh
	exec "$ACMEFERRY" --config-dir "$T/surrogate/etc" \\
	    --state-dir "$T/surrogate/state" serve --allow read
X
chmod 755 "$T/bin/serve"
migrate() {
	ferry_at internal migrate exec: --command "$T/bin/serve" "$@"
}
migrate -d "$NAME" >/dev/null 2>&1
migrate -d b.example.com >/dev/null 2>&1
PEERYML=$(echo "$INT"/config.d/peer-*.yml)
ok "two certificates are configured, and their peer" test -f "$CERTYML" -a \
    -f "$INT/config.d/cert-b.example.com.yml" -a -f "$PEERYML"
cp "$CONF" "$T/conf.before"
cp "$CERTYML" "$T/cert.before"
cp "$PEERYML" "$T/peer.before"
ALL=$(digest_of "$INT/etc")
YML=$(digest_of "$INT/config.d")
TRIED=$(attempts)

# ------------------------------------------------------------- detach
run ferry_at internal detach nowhere.example.com
rc_is "no such certificate" 4
err_like "says where names are" "'nowhere.example.com': neither a lineage .* \
nor a configured certificate"
run ferry_at internal detach ../x
rc_is "a path is no name" 2

run ferry_at internal detach "$NAME" --dry-run
rc_is "a dry run" 0
out_like "says what would go" "$CERTYML +removed"
out_like "and what the lineage loses" \
    "$CONF +certbot renews it, the deploy hook is gone"
is "and changes nothing" "$(digest_of "$INT/etc")$(digest_of \
    "$INT/config.d")" "$ALL$YML"
run ferry_at internal detach "$NAME" --dry-run --json
json_is "would change" .changed true
json_is "no backup" .backup null

run ferry_at internal detach "$NAME" --json
rc_is "detach" 0
json_is "changed" .changed true
json_is "each file" '.detach | map(.path + " " + .change + " " + .result) |
    join("\n")' "$CONF certbot renews it, the deploy hook is gone ok
$CERTYML removed ok"
json_is "what is left to do" '.todo | length' 1
BACKUP=$(echo "$OUT" | jq -r .backup)
nok "the certificate is not configured" test -e "$CERTYML"
ok "its peer is, another certificate uses it" test -e "$PEERYML"
is "certbot's timer takes it" "$(conf_value internal autorenew)" ""
is "no hook of acmeferry" "$(conf_value internal renew_hook)$(conf_value \
    internal deploy_hook)" ""
is "the guard stays" "$(conf_value internal http01_address)" acmeferry..invalid
is "the account too" "$(conf_value internal account)" "$ID"
is "nothing else changed in the conf" "$(diff "$T/conf.before" "$CONF" |
    grep '^[<>]' | sed 's/ =.*//' | sort)" "< autorenew
< renew_hook"
run certbot_raw internal certificates
out_like "certbot lists it" "Certificate Name: $NAME|/$NAME.conf"
run ferry_at internal config
rc_is "the configuration is right" 0
run ferry_at internal check
out_unlike "nothing for check to say" 'renewal-unattended.*app\.example'

run ferry_at internal detach "$NAME"
rc_is "again" 0
out_like "is nothing" "^nothing to do: nothing of acmeferry is left in '$NAME'"
out_like "but what is left to do is said" \
    "such as: $CERTBOT certonly --force-renewal --server=$PEBBLE_DIR_URL \
--account=$ID --cert-name=$NAME --domain=$NAME --webroot -w DIRECTORY"
run ferry_at internal detach "$NAME" --json
json_is "unchanged" .changed false

# what certbot does with it
run certbot_raw internal renew -n --force-renewal --cert-name "$NAME" \
    --no-random-sleep-on-renew
rc_is "certbot renews while the window is open" 0
is "with no challenge" "$(attempts)" "$TRIED"
start_web "$T/webroot"
mkdir -p "$T/webroot"
stop_pebble
PEBBLE_AUTHZREUSE=0
start_pebble
rm -rf "$INT/etc/accounts"
register_at internal
sed -i "s/^account = .*/account = $ACCOUNT_ID/" "$CONF"
run certbot_raw internal renew -n --force-renewal --cert-name "$NAME" \
    --no-random-sleep-on-renew
rc_is "where it is shut, certbot fails" 1
is "before it asks the CA" "$(attempts)" 0
# the printed command, with what it wants filled in
ferry_at internal detach "$NAME" | sed -n 's/.*such as: //p' |
    sed "s,DIRECTORY,$T/webroot -n," >"$T/command"
# shellcheck disable=SC2046 # its words
run certbot_raw internal $(sed 's/^[^ ]* //' "$T/command")
rc_is "the printed command" 0
is "proves it itself" "$(attempts)" 1
run ferry_at internal detach "$NAME"
rc_is "then" 0
out_is "nothing is left at all" \
    "nothing to do: nothing of acmeferry is left in '$NAME'"

# ------------------------------------------------------------- put back
cp "$T/conf.before" "$CONF"
ferry_at internal detach "$NAME" >/dev/null
run ferry_at internal restore "$BACKUP"
rc_is "restore" 0
ok "the conf is as it was" cmp "$T/conf.before" "$CONF"
ok "and the configuration" cmp "$T/cert.before" "$CERTYML"
is "for nobody else to read" "$(stat -c %a "$CERTYML")" 600

# the last certificate of a peer
ferry_at internal detach b.example.com >/dev/null
run ferry_at internal detach "$NAME" --json
rc_is "the last one" 0
json_is "takes the peer along" '.detach | map(.path) | join("\n")' "$CONF
$CERTYML
$PEERYML"
BACKUP=$(echo "$OUT" | jq -r .backup)
is "nothing is configured" "$(ls "$INT/config.d")" ""
run ferry_at internal config
rc_is "and that is right" 0
run ferry_at internal restore "$BACKUP"
rc_is "restore of all" 0
ok "the peer is there" cmp "$T/peer.before" "$PEERYML"
is "modes are what they were" "$(stat -c %a "$CERTYML" "$PEERYML" "$CONF" |
    tr '\n' ' ')" "600 600 644 "
run ferry_at internal config
rc_is "the configuration is right again" 0

# what others wrote stays theirs
printf 'acme:\n  profile: x\n' >>"$CERTYML"
run ferry_at internal detach "$NAME"
rc_is "a file with more in it" 0
out_like "is left to its owner" "'$CERTYML': the certificate is configured \
there, in a file that is not acmeferry's alone; take its entry out"
ok "and stays" test -e "$CERTYML"
rm "$CERTYML"
cat >>"$INT/config.yml" <<-X
	certificates:
	  $NAME:
	    domains: [$NAME]
X
run ferry_at internal detach "$NAME"
out_like "so is config.yml" "'$INT/config.yml': the certificate is configured"
sed -i '/^certificates:/,$d' "$INT/config.yml"

# a lineage of certbot's own, adopted: nothing of it was set
cp "$T/conf.before" "$CONF"
sed -i -e '/^http01_address/d' -e '/^renew_hook/d' "$CONF"
cp "$CONF" "$T/conf.own"
run ferry_at internal detach "$NAME"
rc_is "a lineage that acmeferry did not make" 0
ok "keeps what its owner set" cmp "$T/conf.own" "$CONF"
# one proven by acmeferry's hooks
sed -i -e 's/^authenticator = .*/authenticator = manual/' "$CONF"
cat >>"$CONF" <<-X
	manual_auth_hook = $ACMEFERRY hook auth
	manual_cleanup_hook = $ACMEFERRY hook cleanup
X
run ferry_at internal detach "$NAME"
rc_is "one with acmeferry's hooks" 0
is "loses them" "$(grep -c 'hook\|autorenew' "$CONF")" 0
run certbot_raw internal renew -n --force-renewal --cert-name "$NAME" \
    --no-random-sleep-on-renew
rc_is "then certbot fails" 1
is "and asks the CA nothing" "$(attempts)" 1
printf '\0' >>"$CONF"
run ferry_at internal detach "$NAME"
rc_is "a conf that holds NUL but nothing of ours" 0
cp "$T/conf.before" "$CONF"

# ------------------------------------------------------------- forget
store forget
FORGET=$T/forget
write_config forget
mkdir -p "$FORGET/etc"
cp -a "$T/surrogate/etc/accounts" "$FORGET/etc/"
ferry_at internal list >/dev/null
run ferry_at surrogate forget "$ID"
rc_is "an account that lineages use" 4
err_like "names them" "'$ID': is used by $NAME, b.example.com; give these \
another account"
ok "and stays" test -d "$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ID"
P=$(printf %.6s "$ID")
run ferry_at forget forget "$P" --dry-run --json
rc_is "a dry run" 0
json_is "would change" .changed true
json_is "says which" '.accounts[0].id' "$ID"
ok "and does nothing" test -d "$FORGET/etc/$PEBBLE_ACCOUNTS/$ID"
run ferry_at forget forget "$ID" --account "$ID"
rc_is "--account beside it" 2
run ferry_at forget forget abc
rc_is "too few digits" 2
run ferry_at forget forget ffff0000
rc_is "none such" 5
err_like "says so" "'ffff0000': no account in the store matches"

ALL=$(digest_of "$FORGET/etc/accounts")
run ferry_at forget forget "$P" --json
rc_is "forget by the beginning of its id" 0
json_is "changed" .changed true
json_is "the account" '.accounts[0] | .id + " " + .result' "$ID ok"
BACKUP=$(echo "$OUT" | jq -r .backup)
nok "it is gone" test -e "$FORGET/etc/$PEBBLE_ACCOUNTS"
ok "into the backups" test -f \
    "$FORGET/state/backups/$BACKUP/1-$ID/private_key.json"
run ferry_at forget list
out_like "list has none" '^no accounts'
run ferry_at forget backups
out_like "backups says why" "$BACKUP .*account forgotten .*$ID"
like "the ledger has it" "$(cat "$FORGET/state/ledger.jsonl")" \
    "\"id\": \"$ID\", \"operation\": \"forgot\", \"result\": \"ok\""
run ferry_at forget holders
out_unlike "which is no holder" local
run ferry_at surrogate verify
rc_is "the CA was not told" 0
run ferry_at forget forget "$ID"
rc_is "again" 0
out_like "is nothing" "^nothing to do: account $ID is in the backups already; \
put it back with 'acmeferry restore $BACKUP'"
run ferry_at forget restore "$BACKUP"
rc_is "restore" 0
is "every byte and mode is back" "$(digest_of "$FORGET/etc/accounts")" "$ALL"

# configured certificates count as users, and one account of several stays
cat >>"$FORGET/config.yml" <<-X
	certificates:
	  c.example.com:
	    domains: [c.example.com]
	    account: '$P'
X
run ferry_at forget forget "$ID"
rc_is "one that the configuration names" 4
err_like "says by what" "'$ID': is used by c.example.com; give it"
sed -i '/^certificates:/,$d' "$FORGET/config.yml"
certbot_at forget register -n --agree-tos -m x@example.com --no-eff-email \
    >/dev/null 2>&1
mkdir -p "$FORGET/etc/accounts/other.example/dir"
cp -a "$FORGET/etc/$PEBBLE_ACCOUNTS/$ID" "$FORGET/etc/accounts/other.example/dir/"
run ferry_at forget forget "$ID"
rc_is "two servers have it" 4
err_like "says which" "names several accounts: $ID of .*, $ID of .*--server"
run ferry_at forget --server "$PEBBLE_DIR_URL" forget "$ID"
rc_is "with --server" 0
ok "only that one went" test -d "$FORGET/etc/accounts/other.example/dir/$ID"
ferry_at forget forget "$ID" >/dev/null 2>&1

# v01 and v02, as certbot links them
V1=acme-v01.api.letsencrypt.org/directory
V2=acme-v02.api.letsencrypt.org/directory
linked() {
	rm -rf "${FORGET:?}/etc" "${FORGET:?}/state"
	(umask 077 && mkdir -p "$FORGET/etc/accounts/$V1" "$FORGET/etc/accounts/${V2%/*}")
	cp -a "$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ID" \
	    "$FORGET/etc/accounts/$V1/"
}
linked
ln -s "$FORGET/etc/accounts/$V1" "$FORGET/etc/accounts/$V2"
ALL=$(digest_of "$FORGET/etc/accounts")
run ferry_at forget forget "$ID" --json
rc_is "one that is reached by two servers" 0
is "both names are gone" "$(find "$FORGET/etc/accounts" -mindepth 2)" ""
run ferry_at forget restore "$(echo "$OUT" | jq -r .backup)"
rc_is "restore" 0
is "folder and link are back" "$(digest_of "$FORGET/etc/accounts")" "$ALL"
linked
mkdir -m 700 "$FORGET/etc/accounts/$V2"
cp -a "$INT/etc/$PEBBLE_ACCOUNTS/$ACCOUNT_ID" "$FORGET/etc/accounts/$V2/"
ln -s "$FORGET/etc/accounts/$V1/$ID" "$FORGET/etc/accounts/$V2/$ID"
ALL=$(digest_of "$FORGET/etc/accounts")
run ferry_at forget forget "$ID" --server "https://$V2" --json
rc_is "one that a link of its own leads to" 0
is "the link is gone, the other stays" "$(ls "$FORGET/etc/accounts/$V2")" \
    "$ACCOUNT_ID"
nok "the account too" test -e "$FORGET/etc/accounts/$V1"
run ferry_at forget restore --force "$(echo "$OUT" | jq -r .backup)"
rc_is "restore" 0
is "all is back" "$(digest_of "$FORGET/etc/accounts")" "$ALL"

# a lineage of v01's URL uses it through the link
mkdir -p "$FORGET/etc/renewal"
cat >"$FORGET/etc/renewal/old.conf" <<-X
	cert = /x/cert.pem
	privkey = /x/privkey.pem
	chain = /x/chain.pem
	fullchain = /x/fullchain.pem
	[renewalparams]
	account = $ID
	server = https://$V1
X
run ferry_at forget forget "$ID"
rc_is "a lineage reaches it by its old URL" 4
err_like "names it" 'is used by old; give it'
rm "$FORGET/etc/renewal/old.conf"
mkdir "$FORGET/etc/renewal/x.conf"
run ferry_at forget forget "$ID"
rc_is "a conf that cannot be read" 4
rmdir "$FORGET/etc/renewal/x.conf"

# a pull would bring it again
store again
write_config again "peers:
  surrogate:
    url: 'exec:'
    command: [$T/bin/serve]"
ferry_at again pull surrogate >/dev/null 2>&1
run ferry_at again forget "$ID"
rc_is "one that a peer gave" 0
out_like "says that it may come again" \
    "^it came from 'surrogate', and a pull from there may bring it again"
done_testing
