#!/bin/sh
# SPDX-License-Identifier: ISC
# sftp:// on a certbot directory where nothing of ours is installed: against
# real sshd with internal-sftp, forced, chrooted, and a read-only sftp-server.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=sftp.sh
. "${0%/*}/sftp.sh"
need certbot pebble

start_sshd "Subsystem sftp internal-sftp"
ssh_allow
URL=$(at "$SSHD_PORT" "$T/there/etc")
# a server that tells what it was asked for
printf '#!/bin/sh\nexec %s -e -l VERBOSE 2>>%s\n' "$SFTP_SERVER" \
    "$T/asked" >"$T/bin/telling"
chmod 755 "$T/bin/telling"
sshd_as telling "Subsystem sftp $T/bin/telling"
TELLING=$(at "$PORT" "$T/there/etc")
connections() {
	grep -c 'Accepted publickey' "$T/sshd.telling.log"
}

# -------------------------------------------------------------- pull
account there rsa2048
RSA=$ACCOUNT_ID
account there ec-p256 other.example.com/dir
P256=$ACCOUNT_ID
peer "$TELLING"
run ferry_at here pull far --dry-run --json
rc_is "pull --dry-run" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
nok "adds nothing" test -e "$T/here/etc/accounts"
TREE=$(digest_of "$T/there/etc")
run ferry_at here pull far --json
rc_is "pull" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
json_is "another server's account: refused" '.peers[0].refused[0].id' "$P256"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same" cmp "$T/here/$ACCOUNTS/$RSA/$f" \
	    "$T/there/$ACCOUNTS/$RSA/$f"
done
is "its key has mode 400" \
    "$(stat -c %a "$T/here/$ACCOUNTS/$RSA/private_key.json")" 400
is "nothing changed there" "$(digest_of "$T/there/etc")" "$TREE"
like "its key was opened" "$(cat "$T/asked")" "open .*$RSA/private_key"
unlike "that of the other server's never" "$(cat "$T/asked")" \
    "open .*$P256/private_key"
unlike "nothing was opened to write" "$(cat "$T/asked")" WRITE
is "one connection for each of the two" "$(connections)" 2
peer "$URL"
like "the ledger" "$(cat "$T/here/state/ledger.jsonl")" \
    "\"client\": \"far\".*\"id\": \"$RSA\", \"operation\": \"received\""
run ferry_at here pull far --json
rc_is "once more" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
json_is "nothing changed" .changed false
run ferry_at here pull "$URL" --identity-file "$SSHD_KEY" \
    --known-hosts-file "$SSHD_KNOWN_HOSTS" -q
rc_is "a URL alone, with options" 0
silent "and with -q not a word"

# -------------------------------------------------------------- links
# as certbot has them since v02, and as people move things about
mkdir -p "$T/moved/host/dir"
rm -rf "$T/there/etc/accounts" "$T/here/etc"
account there rsa3072 acme-v01.api.letsencrypt.org/directory
V01=$ACCOUNT_ID
mkdir -p "$T/there/etc/accounts/acme-v02.api.letsencrypt.org"
ln -s "$T/there/etc/accounts/acme-v01.api.letsencrypt.org/directory" \
    "$T/there/etc/accounts/acme-v02.api.letsencrypt.org/directory"
printf '{"body": {}, "uri": "%s"}' \
    https://acme-v02.api.letsencrypt.org/acme/acct/1 >"$DIR/regr.json"
LE=https://acme-v02.api.letsencrypt.org/directory
run ferry_at here pull far --json --server $LE
rc_is "v02 is a link to v01" 0
json_is "its account" '.peers[0].added[0].server + .peers[0].added[0].id' \
    "$LE$V01"
account there rsa2048
mv "$DIR" "$T/moved/host/dir/$RSA"
rmdir "${DIR%/*}"
ln -s ../../../../moved/host/dir "${DIR%/*}"
ln -s nowhere "$T/there/etc/accounts/dangling"
ln -s . "$T/there/etc/accounts/round"
ln -s private_key.json "$T/moved/host/dir/$RSA/key"
mv "$T/moved/host/dir/$RSA/regr.json" "$T/moved/regr"
ln -s "$T/moved/regr" "$T/moved/host/dir/$RSA/regr.json"
run ferry_at here pull far --json
rc_is "folders and files that are links, dangling and round" 0
json_is "are followed" '.peers[0].added[0].id' "$RSA"
ok "what is here is no link" test -f "$T/here/$ACCOUNTS/$RSA/regr.json" -a \
    ! -L "$T/here/$ACCOUNTS/$RSA/regr.json"
echo '{"kty": "RSA"' >"$T/moved/host/dir/$RSA/private_key.json"
rm -rf "$T/here/etc/accounts"
run ferry_at here pull far --json
rc_is "a broken key there" 4
like "is refused with the reason, about the far path" "$OUT" \
    "'private_key.json'|private_key.json"
unlike "and no word of the copy" "$OUT$ERR" /dev/shm
rm -rf "$T/there/etc" "$T/here/etc"

# -------------------------------------------------------------- push
account here rsa2048
run ferry_at here push far --json --dry-run
rc_is "push --dry-run to where certbot has not been yet" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
nok "makes nothing" test -e "$T/there/etc"
mv "$T/there" "$T/away"
run ferry_at here push far --json --dry-run
mv "$T/away" "$T/there"
rc_is "where nothing is above it either: exit 1" 1
like "is told" "$(printf '%s\n' "$OUT" | jq -r .error.message)" \
    "/there/etc' cannot be entered \(.*No such file"
mkdir "$T/there/etc"
run ferry_at here push far --json --dry-run
rc_is "push --dry-run" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
json_is "which account that is" '.accounts[0] | .id + " " + .key' \
    "$RSA RSA 2048"
nok "makes nothing" test -e "$T/there/etc/accounts"
nok "and has nothing in the ledger" test -e "$T/here/state/ledger.jsonl.gave"
peer "$TELLING"
: >"$T/asked"
N=$(connections)
run ferry_at here push far --json
rc_is "push" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
is "push: one connection" "$(connections)" $((N + 1))
# of the key and the temporary folder that it is put into, in their order
is "its folder is closed, its mode set, then it is written, synced, renamed" \
    "$(awk '/^set "[^"]*\/\.acmeferry-sftp-[^"\/]*" mode 0700/ { print "closed" }
	/^open "[^"]*\/private_key\.json" flags .*WRITE.* mode 0400/ { print "0400" }
	/^fsync "[^"]*\/private_key\.json"/ { print "synced" }
	/^close "[^"]*\/private_key\.json" / { print "written" }
	/^posix-rename old "[^"]*\/\.acmeferry-sftp-/ { print "renamed" }' \
    "$T/asked" | tr '\n' ' ')" "closed 0400 synced written renamed "
peer "$URL"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same" cmp "$T/here/$ACCOUNTS/$RSA/$f" \
	    "$T/there/$ACCOUNTS/$RSA/$f"
done
is "modes" "$(cd "$T/there/$ACCOUNTS" && stat -c %a . "$RSA" "$RSA"/* |
    tr '\n' ' ')" "700 700 644 400 644 "
run ferry_at here push far --json
rc_is "once more" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
is "the key was given once" \
    "$(grep -c '"gave"' "$T/here/state/ledger.jsonl")" 1
# broken there: replaced as a whole, after a backup here
rm -f "$T/there/$ACCOUNTS/$RSA/private_key.json"
run ferry_at here push far --json
rc_is "half an account there" 0
json_is "is repaired" '.peers[0].updated[0].id' "$RSA"
ok "its key is there" cmp "$T/here/$ACCOUNTS/$RSA/private_key.json" \
    "$T/there/$ACCOUNTS/$RSA/private_key.json"
BACKUP=$(find "$T/here/state/directories" -name manifest.json)
like "the old one is in the backups here" "$(cat "$BACKUP")" \
    "\"path\": \"sftp://127.0.0.1$T/there/$ACCOUNTS/$RSA\""
ok "with its files" test -f "${BACKUP%/*}/1-$RSA/regr.json"
run ferry_at here --state-dir "${BACKUP%/backups/*}" restore \
    "$(basename "${BACKUP%/*}")"
rc_is "which no restore puts into the store here" 4
err_like "but says where it is" "was on another host; put it back"
# the same key with another account URL is no matter of copying
printf '{"body": {}, "uri": "https://ca.example.com/acct/9"}' \
    >"$T/there/$ACCOUNTS/$RSA/regr.json"
run ferry_at here push far --json
rc_is "another account URL there, and no CA to ask" 4
json_is "is a conflict" '.peers[0].conflicts[0].id' "$RSA"
like "and kept" "$(cat "$T/there/$ACCOUNTS/$RSA/regr.json")" acct/9
run ferry_at here push far --json --prefer source
rc_is "--prefer source" 0
like "replaces it" "$(cat "$T/there/$ACCOUNTS/$RSA/regr.json")" acct/rsa2048
# under a wrong name, which a lineage uses
BAD=00000000000000000000000000000000
mv "$T/there/$ACCOUNTS/$RSA" "$T/there/$ACCOUNTS/$BAD"
mkdir "$T/there/etc/renewal"
printf 'version = 2.1.0\ncert = /x/live/a/cert.pem\n[renewalparams]\n%s\n%s\n' \
    "account = $BAD" "server = $SERVER" >"$T/there/etc/renewal/a.conf"
chmod 640 "$T/there/etc/renewal/a.conf"
run ferry_at here push far --json
rc_is "a directory that is not its id" 0
is "is under its id now" "$(ls "$T/there/$ACCOUNTS")" "$RSA"
like "the lineage follows" "$(cat "$T/there/etc/renewal/a.conf")" \
    "^account = $RSA"
like "nothing else in it changed" "$(cat "$T/there/etc/renewal/a.conf")" \
    "^cert = /x/live/a/cert.pem"
is "nor its mode" "$(stat -c %a "$T/there/etc/renewal/a.conf")" 640
is "nothing is left behind" "$(litter)" ""

# -------------------------------------------------------------- certbot's lock
account here ec-p256
touch "$T/there/etc/.certbot.lock"
TREE=$(digest_of "$T/there/etc")
run ferry_at here push far --all
rc_is "certbot's lock file is there" 3
err_like "says so, and what if nobody runs" \
    "etc/\.certbot\.lock' is there: certbot is at work; if no certbot runs"
is "nothing changed" "$(digest_of "$T/there/etc")" "$TREE"
run ferry_at here pull far --all
rc_is "reading takes no lock" 0
sed -i 's/lock_timeout.*/lock_timeout: 30s/' "$T/here/config.yml"
(sleep 1.5 && rm "$T/there/etc/.certbot.lock") &
run ferry_at here push far --all --json
rc_is "it goes while we wait" 0
json_is "and the push is made" '.peers[0].added[0].id' "$P256"

# -------------------------------------------------------------- kinds of sshd
each() {
	# each WHAT URL: pull and push
	peer "$2"
	rm -rf "$T/here/etc/accounts" "$T/there/$ACCOUNTS/$P256"
	account here ec-p256
	run ferry_at here pull far --all --json
	rc_is "$1: pull" 0
	json_is "$1: added" '.peers[0].added[0].id' "$RSA"
	run ferry_at here push far --all --json
	rc_is "$1: push" 0
	json_is "$1: added there" '.peers[0].added[0].id' "$P256"
	ok "$1: it is there" cmp "$T/here/$ACCOUNTS/$P256/private_key.json" \
	    "$T/there/$ACCOUNTS/$P256/private_key.json"
}
sshd_as forced "Subsystem sftp /bin/false" "ForceCommand internal-sftp"
each "ForceCommand internal-sftp" "$(at "$PORT" "$T/there/etc")"
ssh_allow "restrict,command=\"$SFTP_SERVER\""
sshd_as program "Subsystem sftp $SFTP_SERVER"
each "sftp-server" "$(at "$PORT" "$T/there/etc")"
ssh_allow "restrict,command=\"$SFTP_SERVER -R\""
rm -rf "$T/there/$ACCOUNTS/$P256"
TREE=$(digest_of "$T/there/etc")
run ferry_at here pull far --all
rc_is "sftp-server -R: pull" 0
run ferry_at here push far --all
rc_is "sftp-server -R: push is refused" 8
err_like "says what it may be" "cannot be changed \(.*Permission denied\); this \
login must own the directory, and its sftp server must not be a read-only one"
is "nothing changed" "$(digest_of "$T/there/etc")" "$TREE"
ssh_allow
JAIL=$(mktemp -d /run/acmeferry-jail.XXXXXX 2>/dev/null)
if [ "$(id -u)" -eq 0 ] && [ -n "$JAIL" ]; then
	trap 'umount "$JAIL/etc" 2>/dev/null; rm -rf "$JAIL"; t_end' EXIT
	chmod 755 "$JAIL"
	mv "$T/there/etc" "$JAIL/etc"
	ln -s "$JAIL/etc" "$T/there/etc"
	sshd_as jail "Subsystem sftp internal-sftp" "ChrootDirectory $JAIL" \
	    "ForceCommand internal-sftp"
	each "chrooted" "$(at "$PORT" /etc)"
	peer "$(at "$PORT" "$JAIL/etc")"
	run ferry_at here pull far --all
	rc_is "chrooted: a path from outside" 1
	err_like "says that it begins there" "in a chroot its path begins there"
	sshd_as top "Subsystem sftp internal-sftp" "ChrootDirectory $JAIL/etc"
	each "chrooted into it" "$(at "$PORT" /)"
	rm "$T/there/etc"
	mv "$JAIL/etc" "$T/there/etc"
else
	skip 12 "a chroot needs root"
fi

# -------------------------------------------------------------- certbot
start_pebble
register_at old
peer "$(at "$SSHD_PORT" "$T/old/etc")"
sed -i "s,server: .*,server: $PEBBLE_DIR_URL\n  ca_file: $PEBBLE_CA," \
    "$T/here/config.yml"
rm -rf "$T/here/etc"
run ferry_at here pull far
rc_is "certbot's own account is pulled" 0
run certbot_at here show_account
rc_is "certbot here can use it" 0
out_like "it is the one" "Account URL: https"
store new
mkdir "$T/new/etc"
run ferry_at here push "$(at "$SSHD_PORT" "$T/new/etc")" --identity-file \
    "$SSHD_KEY" --known-hosts-file "$SSHD_KNOWN_HOSTS"
rc_is "and pushed" 0
run certbot_at new show_account
rc_is "certbot there can use it" 0
is "check finds that store in order" "$("$ACMEFERRY" --config-dir \
    "$T/new/etc" --state-dir "$T/new/state" check --strict)" "$T/new/etc: nothing found"
done_testing
