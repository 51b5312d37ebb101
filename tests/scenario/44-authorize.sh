#!/bin/sh
# SPDX-License-Identifier: ISC
# What authorize prints, tried as it stands: as root with
# PermitRootLogin forced-commands-only, and as a user with sudo.
. "${0%/*}/lib.sh"
need jq python3 sudo useradd userdel
need_root
RESPOND=${LAB:-$T_ROOT/build/lab}/respond
[ -x "$RESPOND" ] || skip_all "$RESPOND is not built"

SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory
RSA=f1a42f8f4dd6a9117b665fd2d9952409
store surrogate
mkdir -p "$T/surrogate/$ACCOUNTS/$RSA" "$T/keys"
chmod -R go-rwx "$T/surrogate/etc/accounts"
cp "$T_ROOT/tests/fixtures/accounts/rsa2048"/*.json \
    "$T/surrogate/$ACCOUNTS/$RSA"
printf '{"body": {}, "uri": "https://ca.example.com/acct/1"}' \
    >"$T/surrogate/$ACCOUNTS/$RSA/regr.json"

# UsePAM as distributions have it: without, a user with no password is locked
start_sshd "PermitRootLogin forced-commands-only" "UsePAM yes" \
    "AuthorizedKeysFile $T/keys/%u"
ssh-keygen -q -t ed25519 -N '' -C admin@internal -f "$T/ssh/other"

# config USER
config() {
	store internal
	cat >"$T/internal/config.yml" <<-E
		acme:
		  server: $SERVER
		peers:
		  www:
		    url: ssh://$1@127.0.0.1:$SSHD_PORT
		    identity_file: $SSHD_KEY
		    known_hosts_file: $SSHD_KNOWN_HOSTS
		    challenge: true
	E
	chmod 600 "$T/internal/config.yml"
}
WWW="$T/my www"
TOKEN=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA
FILE=$WWW/.well-known/acme-challenge/$TOKEN
# of the fixture's key
RESPONSE=$TOKEN.$(python3 - "$T_ROOT/tests/fixtures/accounts/rsa2048" <<-E
	import base64, hashlib, json, sys
	k = json.load(open(sys.argv[1] + "/private_key.json"))
	text = json.dumps({n: k[n] for n in ("e", "kty", "n")},
	                  separators=(",", ":"))
	print(base64.urlsafe_b64encode(
	    hashlib.sha256(text.encode()).digest()).decode().rstrip("="))
E
)
# responds NAME: a response comes into the web root, and goes with the session
responds() {
	{
		echo "put $TOKEN $RESPONSE"
		wait_for 30 test -e "$FILE"
		stat -c '%U %a' "$FILE" >"$T/seen" 2>&1
		# a last command is exec'ed: its own output would close the pipe
		:
	} | "$RESPOND" "$T/internal/config.yml" www >"$T/said" 2>&1
	is "$1: put" "$(cat "$T/said")" ok
	is "$1: it was there" "$(cat "$T/seen")" "root 644"
	nok "$1: and is gone" test -e "$FILE"
}
ALLOW="authorize internal.example.com --key $SSHD_KEY.pub --allow"

# ------------------------------------------------------------ what it refuses
run ferry_at surrogate authorize internal.example.com --allow read
rc_is "no key: exit 2" 2
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW sudo
rc_is "no such right: exit 2" 2
run ferry_at surrogate authorize internal.example.com --key "$SSHD_KEY" \
    --allow read
rc_is "a private key: exit 2" 2
err_is "it says so" "acmeferry: '$SSHD_KEY': is a private key, want the public \
one ($SSHD_KEY.pub)"
run ferry_at surrogate authorize 'a"b' --key "$SSHD_KEY.pub" --allow read
rc_is "a host that could leave the quotes: exit 2" 2
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from '10.0.0.0/8" x'
rc_is "an address that could: exit 2" 2
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW write --name app.example.com
rc_is "--name with the right to write only: exit 2" 2

# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW challenge
rc_is "the right to challenge without a web root: exit 2" 2
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --webroot "$T"
rc_is "a web root without that right: exit 2" 2
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW challenge --webroot "$WWW"
rc_is "a web root that is not there: exit 2" 2
mkdir -m 0757 "$WWW"
chmod 0757 "$WWW"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW challenge --webroot "$WWW"
rc_is "a web root that all may write: exit 8" 8
chmod 0755 "$WWW"

# ------------------------------------------------------------ as root
config root
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from 127.0.0.0/8 --json
rc_is "authorize" 0
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/root"
json_is "the sshd setting" .sshd_config "PermitRootLogin forced-commands-only"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from 127.0.0.0/8
out_like "the same line in words" "^restrict,command=\"$T_PROGRAM .*serve \
--allow read --client internal.example.com\",from=\"127.0.0.0/8\" ssh-ed25519 "
run ferry_at internal pull www --json
rc_is "root: the key pulls" 0
json_is "root: the account came" '.peers[0].added[0].id' "$RSA"
like "root: the ledger names the host" \
    "$(cat "$T/surrogate/state/ledger.jsonl")" \
    '"client": "internal.example.com", "connection": "127.0.0.1 .*"gave"'
run ferry_at internal push www
rc_is "root: and cannot write" 8
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read,challenge --name app.example.com \
    --webroot "$WWW"
rc_is "authorize --allow read,challenge" 0
out_like "it says what the web server must do" \
    "^location .*/.well-known/acme-challenge/ { root \"$WWW\"; }"
out_like "and what to type there" "--challenge$"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read,challenge --webroot "$WWW" --json
json_is "the web root" .webroot "$WWW"
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/root"
responds root
run ferry_at internal pull www --dry-run
rc_is "root: the same key pulls" 0
run ferry_at internal push www
rc_is "root: and cannot write" 8
run ssh -F "$SSH_CONFIG" -p "$SSHD_PORT" root@127.0.0.1 id
err_unlike "root: nor run anything else" "uid=0"
out_unlike "root: indeed" "uid=0"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from 10.0.0.0/8 --json
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/root"
run ferry_at internal pull www
rc_is "root: from another address it is not let in" 8
printf '%s\n' "$SSHD_PUB" >"$T/keys/root"
run ferry_at internal pull www
isnt "root: without a forced command sshd refuses" "$RC" 0

# ------------------------------------------------------------ through sudo
if id acmeferry >/dev/null 2>&1 || [ -e /etc/sudoers.d/acmeferry ]; then
	skip 9 "there is a user acmeferry already"
	done_testing
	exit 0
fi
undo() {
	userdel -r acmeferry >/dev/null 2>&1
	rm -f /etc/sudoers.d/acmeferry
}
trap 'undo; t_end' EXIT
config acmeferry
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --as sudo --json
rc_is "authorize --as sudo" 0
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/acmeferry"
printf '%s\n' "$OUT" | jq -r .sudoers >"$T/sudoers"
ok "the sudoers lines are what visudo takes" visudo -cf "$T/sudoers"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --as sudo
out_like "the user is made as it says" "^useradd "
eval "$(printf '%s\n' "$OUT" | grep '^useradd')"
install -m 0440 "$T/sudoers" /etc/sudoers.d/acmeferry
rm -rf "$T/internal/etc"
run ferry_at internal pull www --json
rc_is "sudo: the key pulls" 0
json_is "sudo: the account came" '.peers[0].added[0].id' "$RSA"
like "sudo: the ledger knows from where" \
    "$(tail -1 "$T/surrogate/state/ledger.jsonl")" '"connection": "127.0.0.1'
run ferry_at internal push www
rc_is "sudo: and cannot write" 8
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read,challenge --webroot "$WWW" --as sudo --json
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/acmeferry"
printf '%s\n' "$OUT" | jq -r .sudoers >"$T/sudoers"
ok "with a blank in it visudo takes the lines too" visudo -cf "$T/sudoers"
install -m 0440 "$T/sudoers" /etc/sudoers.d/acmeferry
responds sudo
run su -s /bin/sh acmeferry -c "sudo -n $ACMEFERRY list"
isnt "sudo: nor run another command" "$RC" 0
run su -s /bin/sh acmeferry -c "sudo -n $ACMEFERRY --config-dir \
    $T/surrogate/etc serve --allow write"
isnt "sudo: nor with other flags" "$RC" 0
done_testing
