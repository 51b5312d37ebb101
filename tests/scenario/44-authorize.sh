#!/bin/sh
# SPDX-License-Identifier: ISC
# What authorize prints, tried as it stands: as root with
# PermitRootLogin forced-commands-only, and as a user with sudo.
. "${0%/*}/lib.sh"
need jq sudo useradd userdel
need_root

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
	E
	chmod 600 "$T/internal/config.yml"
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

# ------------------------------------------------------------ as root
config root
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from 127.0.0.0/8 --json
rc_is "authorize" 0
printf '%s\n' "$OUT" | jq -r .authorized_keys >"$T/keys/root"
json_is "the sshd setting" .sshd_config "PermitRootLogin forced-commands-only"
# shellcheck disable=SC2086
run ferry_at surrogate $ALLOW read --from 127.0.0.0/8
out_like "the same line in words" "^restrict,command=\"$ACMEFERRY .*serve \
--allow read --client internal.example.com\",from=\"127.0.0.0/8\" ssh-ed25519 "
run ferry_at internal pull www --json
rc_is "root: the key pulls" 0
json_is "root: the account came" '.peers[0].added[0].id' "$RSA"
like "root: the ledger names the host" \
    "$(cat "$T/surrogate/state/ledger.jsonl")" \
    '"client": "internal.example.com", "connection": "127.0.0.1 .*"gave"'
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
run su -s /bin/sh acmeferry -c "sudo -n $ACMEFERRY list"
isnt "sudo: nor run another command" "$RC" 0
run su -s /bin/sh acmeferry -c "sudo -n $ACMEFERRY --config-dir \
    $T/surrogate/etc serve --allow write"
isnt "sudo: nor with other flags" "$RC" 0
done_testing
