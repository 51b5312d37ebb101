#!/bin/sh
# SPDX-License-Identifier: ISC
# sftp:// when things go wrong: host keys, logins, servers that are none, full
# disks.  Links that break: 57-links-ssh.sh.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=sftp.sh
. "${0%/*}/sftp.sh"

start_sshd "Subsystem sftp internal-sftp"
ssh_allow
URL=$(at "$SSHD_PORT" "$T/there/etc")
account there rsa2048
RSA=$ACCOUNT_ID
peer "$URL"

# fails WHAT RC ERE: a pull that leaves nothing here
fails() {
	run ferry_at here pull far
	rc_is "$1: exit $2" "$2"
	err_like "$1: says what" "^acmeferry: $3"
	nok "$1: nothing is written" test -e "$T/here/etc/accounts"
}
# neither: as fails, and a push fails like that too
neither() {
	fails "$@"
	account here ec-p256
	t_tree=$(digest_of "$T/there/etc")
	run ferry_at here push far
	rc_is "$1: push: exit $2" "$2"
	err_like "$1: push: says what" "^acmeferry: $3"
	is "$1: push: nothing changed" "$(digest_of "$T/there/etc")" "$t_tree"
	rm -rf "$T/here/etc"
}

# -------------------------------------------------------------- the way there
cp "$SSHD_KNOWN_HOSTS" "$T/ssh/right"
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" \
    "$(cut -d' ' -f1,2 "$SSHD_KEY.pub")" >"$SSHD_KNOWN_HOSTS"
neither "changed host key" 8 "'127\.0\.0\.1': host key differs from the one in \
$SSHD_KNOWN_HOSTS \(it offers ED25519 SHA256:.*; compare with 'ssh-keygen"
sed 's/^/@revoked /' "$T/ssh/right" >"$SSHD_KNOWN_HOSTS"
neither "revoked host key" 8 "'127\.0\.0\.1': host key is revoked in "
: >"$SSHD_KNOWN_HOSTS"
neither "unknown host key" 8 "'127\.0\.0\.1': host key is not in \
$SSHD_KNOWN_HOSTS \(it offers ED25519 SHA256:"
cp "$T/ssh/right" "$SSHD_KNOWN_HOSTS"
: >"$SSHD_AUTHORIZED"
neither "a key that is not let in" 8 "'127\.0\.0\.1': ssh was not let in \
\(.*Permission denied \(publickey\)\); put the public key of identity_file into"
ssh_allow
chmod 644 "$SSHD_KEY"
fails "an identity that others can read" 8 "'$SSHD_KEY': found mode 0644"
chmod 600 "$SSHD_KEY"
free_port
peer "$(at "$PORT" "$T/there/etc")"
fails "nobody listens" 3 "'127\.0\.0\.1': cannot be reached: .*refused"
peer "sftp://no-such-host.invalid/etc/letsencrypt"
fails "no such host" 3 "'no-such-host\.invalid': cannot be reached: .*resolve"
for kind in "none::has no sftp subsystem for this login" \
    "text:Subsystem sftp /bin/echo hello:answers sftp with text"; do
	t_conf=${kind#*:}
	sshd_as "${kind%%:*}" "${t_conf%:*}"
	peer "$(at "$PORT" "$T/there/etc")"
	fails "sshd with ${kind%%:*}" 1 "'127\.0\.0\.1': .*${kind##*:}"
done
peer "$(at "$SSHD_PORT" "$T/none/etc")"
fails "no such directory" 1 "'127\.0\.0\.1': '$T/none/etc' cannot be entered \
\(.*No such file"
store odd
mkdir -p "$T/odd/etc/accounts/ca.example.com"
peer "$(at "$SSHD_PORT" "$T/odd/etc")"
fails "no account there" 4 "'far': has no account for $SERVER"

# -------------------------------------------------------------- a hostile server
cat >"$T/bin/hostile" <<-E
	#!/bin/sh
	rm -rf "$T/odd/etc"
	mkdir -p "$T/odd/$ACCOUNTS/$RSA"
	head -c 3000000 /dev/zero >"$T/odd/$ACCOUNTS/$RSA/meta.json"
	exec $SFTP_SERVER
E
chmod 755 "$T/bin/hostile"
sshd_as hostile "Subsystem sftp $T/bin/hostile"
peer "$(at "$PORT" "$T/odd/etc")"
fails "a file without end" 4 "'127\.0\.0\.1': sends a file of more than 1048576"
rm -rf "$T/odd/etc"
mkdir -p "$T/odd/$ACCOUNTS"
account odd rsa2048
mv "$T/odd/$ACCOUNTS/$RSA/regr.json" "$T/odd/$ACCOUNTS/$RSA/a
# sftp> # 0 1"
ln -s /etc/passwd "$T/odd/$ACCOUNTS/$RSA/regr.json"
ln -s /dev "$T/odd/etc/accounts/dev"
ln -s /etc "$T/odd/$ACCOUNTS/00000000000000000000000000000000"
peer "$(at "$SSHD_PORT" "$T/odd/etc")"
run ferry_at here pull far --all
rc_is "links to elsewhere there" 4
nok "bring nothing here" test -e "$T/here/etc/accounts"
unlike "and no name of ours" "$OUT$ERR" "/dev/shm|root:"

# -------------------------------------------------------------- other things
rm -rf "$T/here/etc"
peer "$URL"
run ferry_at here pull far
rc_is "a pull" 0
account here ec-p256
P256=$ACCOUNT_ID
rm -rf "$T/there/$ACCOUNTS/$P256"
mkdir "$T/there/etc/accounts/.acmeferry-sftp-00000000-00000000-0"
touch "$T/there/etc/accounts/.acmeferry-sftp-00000000-00000000-0/regr.json"
touch "$T/there/etc/accounts/.acmeferry-sftp-00000000-ffffffff-0"
run ferry_at here push far --all
rc_is "old litter of another host" 0
is "goes, new one stays" "$(cd "$T/there/etc/accounts" && echo .acme*)" \
    .acmeferry-sftp-00000000-ffffffff-0
rm "$T/there/etc/accounts/.acmeferry-sftp-00000000-ffffffff-0"
if [ "$(id -u)" -eq 0 ]; then
	rm -rf "$T/there/$ACCOUNTS/$P256"
	chown -R 1234 "$T/there/etc"
	TREE=$(digest_of "$T/there/etc")
	run ferry_at here push far --all
	rc_is "root in somebody else's store" 8
	err_like "says whose login it takes" "belongs to 1234, and this login \
makes files of (root|0), which its certbot could not use; log in as 1234"
	is "and leaves nothing" "$(digest_of "$T/there/etc")" "$TREE"
	chown -R 0 "$T/there/etc"
	mkdir "$T/small"
	if mount -t tmpfs -o size=64k,nr_inodes=64 small "$T/small" 2>/dev/null
	then
		trap 'umount -l "$T/small"; t_end' EXIT
		cp -a "$T/there/etc" "$T/small/etc"
		head -c 100000 /dev/zero >"$T/small/fill" 2>/dev/null
		TREE=$(digest_of "$T/small/etc")
		peer "$(at "$SSHD_PORT" "$T/small/etc")"
		run ferry_at here push far --all
		rc_is "a full disk there: exit 1" 1
		err_like "says so" "the disk there is full"
		is "nothing half-written is left" "$(digest_of "$T/small/etc")" \
		    "$TREE"
		rm "$T/small/fill"
		run ferry_at here push far --all
		rc_is "with room it is done" 0
		cp -a "$T/here/etc" "$T/small/here"
		rm -rf "$T/small/here/accounts"
		head -c 100000 /dev/zero >"$T/small/fill" 2>/dev/null
		run "$ACMEFERRY" -c "$T/here/config.yml" --config-dir \
		    "$T/small/here" --state-dir "$T/here/state" pull far --all
		rc_is "a full disk here: exit 1" 1
		err_like "says so" "No space left"
		is "nothing half-written" \
		    "$(find "$T/small/here" -type f)" ""
	else
		skip 7 "no tmpfs can be mounted here"
	fi
else
	skip 10 "needs root"
fi
done_testing
