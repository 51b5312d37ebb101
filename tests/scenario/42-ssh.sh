#!/bin/sh
# SPDX-License-Identifier: ISC
# Real ssh and sshd: what goes wrong before the far end is reached, and what a
# forced command allows and does not.
. "${0%/*}/lib.sh"
need jq python3

start_sshd
store surrogate
SERVER=https://ca.example.com/directory
cp_account() {
	# cp_account STORE FIXTURE
	t_id=$(awk -v n="$2" '$1 == n { print $2 }' \
	    "$T_ROOT/tests/fixtures/accounts/INDEX")
	t_dir=$T/$1/etc/accounts/ca.example.com/directory/$t_id
	mkdir -p "$t_dir"
	chmod -R go-rwx "$T/$1/etc/accounts"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$t_dir"
	printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' "$2" \
	    >"$t_dir/regr.json"
	chmod 400 "$t_dir/private_key.json"
	ACCOUNT_ID=$t_id
}
cp_account surrogate rsa2048
RSA=$ACCOUNT_ID

# config URL [TEXT]: the internal host's, with that peer
config() {
	store internal
	cat >"$T/internal/config.yml" <<-E
		acme:
		  server: $SERVER
		peers:
		  www:
		    url: $1
		    identity_file: $SSHD_KEY
		    known_hosts_file: $SSHD_KNOWN_HOSTS
		    ssh_options: [GlobalKnownHostsFile=/dev/null]
		${2:-}
	E
	chmod 600 "$T/internal/config.yml"
}

fails() {
	# fails WHAT RC MESSAGE
	run ferry_at internal pull www
	rc_is "$1: exit $2" "$2"
	err_is "$1: message" "acmeferry: $3"
	nok "$1: nothing is written" test -e "$T/internal/etc/accounts"
}
PRINT=$(ssh-keygen -lf "$T/ssh/host.pub" | cut -d' ' -f2)
COMPARE="compare with 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' there"

# -------------------------------------------------- the way there
ssh_allow_serve read
config "$SSHD_URL"
cp "$SSHD_KNOWN_HOSTS" "$T/ssh/right"
: >"$SSHD_KNOWN_HOSTS"
fails "unknown host key" 8 "'127.0.0.1': host key is not in \
$SSHD_KNOWN_HOSTS (it offers ED25519 $PRINT); $COMPARE, then add it"
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" \
    "$(cut -d' ' -f1,2 "$SSHD_KEY.pub")" >"$SSHD_KNOWN_HOSTS"
fails "wrong host key" 8 "'127.0.0.1': host key differs from the one in \
$SSHD_KNOWN_HOSTS (it offers ED25519 $PRINT); $COMPARE, and only if they are \
equal replace the old one"
sed 's/^/@revoked /' "$T/ssh/right" >"$SSHD_KNOWN_HOSTS"
run ferry_at internal pull www
rc_is "revoked host key: exit 8" 8
err_like "revoked host key: message" \
    "^acmeferry: '127.0.0.1': host key is revoked in $SSHD_KNOWN_HOSTS"
cat >"$T/ssh/lax" <<E
Host *
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  NoHostAuthenticationForLocalhost yes
E
: >"$SSHD_KNOWN_HOSTS"
config "$SSHD_URL" "    ssh_config: $T/ssh/lax"
run ferry_at internal pull www
rc_is "no ssh_config switches the check off: exit 8" 8
cp "$T/ssh/right" "$SSHD_KNOWN_HOSTS"

config "$SSHD_URL"
: >"$SSHD_AUTHORIZED"
fails "a key that is not authorised" 8 "'127.0.0.1': ssh was not let in \
($(id -un)@127.0.0.1: Permission denied (publickey)); put what 'acmeferry \
authorize' prints there into its authorized_keys"
ssh_allow_serve read
free_port
config "ssh://127.0.0.1:$PORT"
fails "refused connection" 3 "'127.0.0.1': cannot be reached: connect to host \
127.0.0.1 port $PORT: Connection refused"
config "ssh://no-such-host.invalid"
run ferry_at internal pull www
rc_is "no such host: exit 3" 3
err_like "no such host: message" "^acmeferry: 'no-such-host.invalid': cannot be \
reached: Could not resolve hostname no-such-host.invalid: "
chmod 644 "$SSHD_KEY"
config "$SSHD_URL"
run ferry_at internal pull www
rc_is "an identity that others can read: exit 8" 8
err_like "it is named, with what to do" \
    "^acmeferry: '$SSHD_KEY': found mode 0644, want none of the group and"
chmod 600 "$SSHD_KEY"
config "ssh://root:hunter2@127.0.0.1"
run ferry_at internal pull www
rc_is "a password in the URL: exit 2" 2
err_unlike "and is not printed" hunter2
config "ssh://-oProxyCommand=id"
run ferry_at internal pull www
rc_is "a host that looks like an option: exit 2" 2
config "ssh://127.0.0.1:$SSHD_PORT/etc/letsencrypt"
run ferry_at internal pull www
rc_is "a path in the URL: exit 2" 2

# -------------------------------------------------- the far end
config "$SSHD_URL"
ssh_allow 'restrict,command="acmeferry-is-not-here serve"'
run ferry_at internal pull www
rc_is "no acmeferry there: exit 1" 1
err_like "it says so" "^acmeferry: '127.0.0.1': acmeferry is not installed \
there \(exit status 127: .*not found\); install it, or name its path in the \
forced command\$"
ssh_allow 'restrict,command="echo hello"'
run ferry_at internal pull www
rc_is "something else answers: exit 1" 1
ssh_allow "restrict,command=\"$T/bin/acmeferry serve\""
run ferry_at internal pull www
rc_is "serve without --allow: exit 1 here" 1
err_like "with its own words" "exit status 2 .*--allow"
run "$T/bin/acmeferry" serve
rc_is "and exit 2 there" 2
run "$T/bin/acmeferry" serve --allow challenge
rc_is "a right that is not built: exit 2" 2
ssh_allow_serve write
fails "reading with the right to write" 8 "'127.0.0.1': the far end says: the \
right 'read' was not granted to this key; 'acmeferry authorize' there prints \
how to"
ssh_allow_serve read
run ferry_at surrogate push www
rc_is "no peer of that name: exit 2" 2
run ferry_at internal push "$SSHD_URL" --identity-file "$SSHD_KEY" \
    --known-hosts-file "$SSHD_KNOWN_HOSTS" --server "$SERVER"
rc_is "nothing to push: exit 4" 4
like "no key was given until now" \
    "$(grep -c '"gave"' "$T/surrogate/state/ledger.jsonl")" '^0$'

# -------------------------------------------------- grants
cp_account surrogate ec-p256
EC=$ACCOUNT_ID
ssh_allow_serve read "--account $EC"
run ferry_at internal pull www --json
rc_is "--account: the only one that is seen" 0
json_is "--account: it came" '.peers[0].added[0].id' "$EC"
run ferry_at internal pull www --account "$RSA"
rc_is "--account: the other cannot be had" 4
ssh_allow_serve read "--server https://other.example.com/directory"
run ferry_at internal pull www
rc_is "--server: others are not seen" 4
ssh_allow_serve read "--name app.example.com"
run ferry_at internal pull www
rc_is "--name without such a certificate: nothing is seen" 4
ssh_allow_serve read "--client internal.example.com"
run ferry_at internal pull www --account "$RSA"
rc_is "the other account" 0
like "the ledger there names the client" \
    "$(tail -2 "$T/surrogate/state/ledger.jsonl")" \
    '"client": "internal.example.com", "connection": "127.0.0.1 .*"gave"'
run ferry_at surrogate holders
out_like "holders shows it" "internal.example.com"
run ferry_at internal holders
out_like "holders here shows where it is from" "www"

# -------------------------------------------------- quiet and offline
config "ssh://127.0.0.1:$PORT"
run ferry_at internal pull www -q
rc_is "-q: a refused connection is quiet" 0
silent "at first"
config "$SSHD_URL"
run ferry_at internal pull www --account "$RSA" -q
rc_is "-q: nothing to do" 0
silent "nothing is said"

# -------------------------------------------------- what ssh gets
mkdir -p "$T/bin"
cat >"$T/bin/ssh" <<-E
	#!/bin/sh
	printf '%s\n' "\$@" >"$T/argv"
	env >"$T/env"
	exec /usr/bin/ssh "\$@"
E
chmod 755 "$T/bin/ssh"
LD_PRELOAD='' SECRET_TOKEN=x PATH=$T/bin:$PATH run ferry_at internal pull www \
    --account "$RSA"
rc_is "with an ssh from PATH" 0
ARGV=$(cat "$T/argv")
like "our options come before the peer's" "$(printf '%s' "$ARGV" |
    tr '\n' ' ')" '^-T .*StrictHostKeyChecking=yes .*GlobalKnownHostsFile'
like "-- stands before the host" "$(printf '%s' "$ARGV" | tr '\n' ' ')" \
    ' -- 127.0.0.1 acmeferry serve --allow read$'
unlike "the environment is chosen" "$(cat "$T/env")" \
    '^(LD_|SECRET_TOKEN)'
done_testing
