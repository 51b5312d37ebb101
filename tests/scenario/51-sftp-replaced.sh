#!/bin/sh
# SPDX-License-Identifier: ISC
# Both ends have something, and sftp is between: the same key with another
# account URL, another key with the same one, a replaced account; pulled, where
# the CA decides and lineages follow, and pushed.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=sftp.sh
. "${0%/*}/sftp.sh"
need pebble certbot

NAME=app.example.com
start_pebble
cert_at there $NAME
FIRST=$(account_id_at there)
THERE=$T/there/etc/$PEBBLE_ACCOUNTS
HERE=$T/here/etc/$PEBBLE_ACCOUNTS
URI=$(jq -r .uri "$THERE/$FIRST/regr.json")
start_sshd "Subsystem sftp internal-sftp"
ssh_allow
# config STORE [LINE...]: it has the other as the peer "far"
config() {
	t_of=$1
	shift
	case $t_of in
	here) t_far=there ;;
	there) t_far=here ;;
	esac
	peer "$(at "$SSHD_PORT" "$T/$t_far/etc")"
	sed -e "s,server: .*,server: $PEBBLE_DIR_URL," \
	    -e "s,^acme:,acme:\n  ca_file: $PEBBLE_CA," \
	    "$T/here/config.yml" >"$T/config.new"
	for t_line in "$@"; do
		printf '%s\n' "$t_line"
	done >>"$T/config.new"
	[ "$t_of" = here ] || rm "$T/here/config.yml"
	mv "$T/config.new" "$T/$t_of/config.yml"
	chmod 600 "$T/$t_of/config.yml"
}
CERTIFICATE="certificates:
  $NAME:
    domains: [$NAME]
    peer: [far]"
uri_in() {
	jq -r .uri "$1/regr.json"
}
set_uri() {
	printf '{"body": {}, "uri": "%s"}' "$2" >"$1/regr.json"
}
account_of() {
	sed -n 's/^account = //p' "$T/$1/etc/renewal/$NAME.conf"
}
cp -a "$T/there/etc" "$T/original"
# again: as at the beginning; nothing is here
again() {
	rm -rf "$T/there/etc" "$T/here/etc" "$T/here/state" "$T/there/state"
	cp -a "$T/original" "$T/there/etc"
}
# a copy of the far store here, with its paths
copied() {
	cp -a "$T/original" "$T/here/etc"
	sed -i "s,$T/there/,$T/here/,g" "$T/here/etc/renewal/$NAME.conf"
}

# ------------------------------------------------ same key, another uri
config here
again
copied
set_uri "$HERE/$FIRST" "${URI%/*}/ffff"
run ferry_at here pull far --json
rc_is "pull: same key, our uri is wrong" 0
json_is "updated" '.peers[0].updated[0].reason' \
    "account URL replaced by the one that the CA confirms"
is "the uri is right" "$(uri_in "$HERE/$FIRST")" "$URI"
ok "the wrong one is in the backups" grep -rq ffff "$T/here/state/backups"
set_uri "$THERE/$FIRST" "${URI%/*}/ffff"
TREE=$(digest_of "$T/there/etc")
run ferry_at here pull far --json
rc_is "pull: same key, the far uri is wrong" 0
json_is "unchanged" '.peers[0].unchanged[0].reason' \
    "the CA confirms the destination's account URL"
is "ours is kept" "$(uri_in "$HERE/$FIRST")" "$URI"
is "there nothing changes" "$(digest_of "$T/there/etc")" "$TREE"
# a push over sftp is decided here, and asks the CA
run ferry_at here push far --json --dry-run
rc_is "push --dry-run: same key, the far uri is wrong" 0
json_is "would update" '.peers[0].updated[0].id' "$FIRST"
run ferry_at here push far --json --prefer destination
rc_is "push --prefer destination" 0
is "there nothing changes" "$(digest_of "$T/there/etc")" "$TREE"
run ferry_at here push far --json
rc_is "push: same key, the far uri is wrong" 0
json_is "updated" '.peers[0].updated[0].reason' \
    "account URL replaced by the one that the CA confirms"
is "now it is right" "$(uri_in "$THERE/$FIRST")" "$URI"
ok "the other is in the backups here" grep -rq ffff \
    "$T/here/state/directories"
run certbot_at there show_account
rc_is "certbot there takes it" 0
set_uri "$HERE/$FIRST" "${URI%/*}/ffff"
TREE=$(digest_of "$T/there/etc")
run ferry_at here push far --json
rc_is "push: same key, our uri is wrong" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$FIRST"
is "there it is kept" "$(digest_of "$T/there/etc")" "$TREE"

# ------------------------------------------------ another key, the same uri
again
EC=ecaa6def23d8ef66aeb915a269c96d2c
mkdir -p "$HERE/$EC"
chmod -R go-rwx "$T/here/etc/accounts"
cp "$T_ROOT/tests/fixtures/accounts/ec-p256"/*.json "$HERE/$EC"
set_uri "$HERE/$EC" "$URI"
TREE=$(digest_of "$T/there/etc")
run ferry_at here push far --json
rc_is "push: another key with the uri that is there" 0
json_is "the CA confirms that one: unchanged" '.peers[0].unchanged[0].id' "$EC"
is "the one there is kept" "$(digest_of "$T/there/etc")" "$TREE"
run ferry_at here pull far --json
rc_is "pull: the CA knows which key it is" 0
json_is "updated" '.peers[0].updated[0].id' "$FIRST"
nok "the old one is gone" test -e "$HERE/$EC"
ok "and in the backups" grep -rq "$EC" "$T/here/state/backups"

# ------------------------------------------------ a replaced account, pulled
again
config here "$CERTIFICATE"
run ferry_at here pull far --json
rc_is "the first account" 0
json_is "added" '.peers[0].added[0].id' "$FIRST"
mkdir -p "$T/here/etc/renewal"
for d in renewal live archive; do
	cp -a "$T/original/$d" "$T/here/etc/"
done
sed -i "s,$T/there/,$T/here/,g" "$T/here/etc/renewal/$NAME.conf"
is "a lineage here uses it" "$(account_of here)" "$FIRST"
rm -rf "$THERE"
cert_at there $NAME --force-renewal
SECOND=$(account_id_at there)
SECOND_URI=$(uri_in "$THERE/$SECOND")
isnt "the surrogate's account is replaced" "$SECOND" "$FIRST"
isnt "by one with another uri" "$SECOND_URI" "$URI"
cp -a "$T/here" "$T/kept"
run ferry_at here pull far --dry-run --json
rc_is "pull --dry-run" 0
json_is "would change" .changed true
is "changes nothing" "$(digest_of "$T/here/etc")" "$(digest_of "$T/kept/etc")"
TREE=$(digest_of "$T/there/etc")
run ferry_at here pull far
rc_is "pull" 0
out_like "the new CAA record is printed" "accounturi=$SECOND_URI\$"
is "the lineage follows" "$(account_of here)" "$SECOND"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same" cmp "$HERE/$SECOND/$f" "$THERE/$SECOND/$f"
done
nok "the old one, which acmeferry brought, is gone" test -e "$HERE/$FIRST"
ok "but not lost" grep -rq "$FIRST" "$T/here/state/backups"
is "there nothing changes" "$(digest_of "$T/there/etc")" "$TREE"
run certbot_raw here renew -n --force-renewal --no-random-sleep-on-renew \
    --http-01-port "$PEBBLE_HTTP_PORT"
rc_is "certbot here renews with it" 0
run ferry_at here pull far --json
json_is "once more: unchanged" '.peers[0].unchanged[0].id' "$SECOND"
json_is "nothing changed" .changed false

# ------------------------------------------------ a replaced account, pushed
# the surrogate is "there" now, and writes into "here" by sftp
rm -rf "$T/here"
cp -a "$T/kept" "$T/here"
rm "$T/here/config.yml"
config there
run ferry_at there push far --json
rc_is "push" 0
json_is "the new one is added" '.peers[0].added[0].id' "$SECOND"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same" cmp "$HERE/$SECOND/$f" "$THERE/$SECOND/$f"
done
ok "the old one stays, which a lineage there uses" test -d "$HERE/$FIRST"
is "that lineage is as it was" "$(account_of here)" "$FIRST"
run ferry_at there push far --json
json_is "once more: unchanged" '.peers[0].unchanged[0].id' "$SECOND"
config there "$CERTIFICATE"
sed -i "s/^account = .*/account = $FIRST/" \
    "$T/here/etc/renewal/$NAME.conf"
rm -rf "${HERE:?}/$SECOND"
run ferry_at there push far --json
rc_is "push, of a name that is configured" 0
json_is "the lineage there is to follow" '.peers[0].added[0].reason' \
    "is used by $NAME from now on"
is "and does" "$(account_of here)" "$SECOND"
ok "the old one stays: acmeferry did not bring it there" test -d "$HERE/$FIRST"
run certbot_raw here renew -n --force-renewal --no-random-sleep-on-renew \
    --http-01-port "$PEBBLE_HTTP_PORT"
rc_is "certbot there renews with it" 0
# the CA is away
run ferry_at there push far --json
rc_is "and then" 0
stop_pebble
set_uri "$HERE/$SECOND" "${URI%/*}/ffff"
TREE=$(digest_of "$T/here/etc")
run ferry_at there push far --json
rc_is "push: same key, another uri, no CA" 4
json_is "a conflict" '.peers[0].conflicts[0].id' "$SECOND"
is "kept" "$(digest_of "$T/here/etc")" "$TREE"
rm "$T/there/config.yml"
config here
run ferry_at here pull far --json
rc_is "pull: same key, another uri, no CA" 4
is "kept, too" "$(digest_of "$T/here/etc")" "$TREE"
is "nothing is left behind" "$(litter)" ''
done_testing
