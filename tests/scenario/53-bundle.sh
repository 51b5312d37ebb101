#!/bin/sh
# SPDX-License-Identifier: ISC
# Sealed bundles: the key pair, export and import, push and pull of a .cms
# file, what openssl cms and jq make of one by the commands of BUNDLE.md, and
# each reason to refuse one.
. "${0%/*}/lib.sh"
# shellcheck source=bundle.sh
. "${0%/*}/bundle.sh"
need jq openssl

# host NAME: a store with a configuration and a key pair, $T/NAME.pem
host() {
	store "$1"
	printf 'acme:\n  server: %s\n' "$SERVER" >"$T/$1/config.yml"
	chmod 600 "$T/$1/config.yml"
	ferry_at "$1" identity >"$T/$1.pem" 2>"$T/$1.said"
}

# block N: the Nth shell block of BUNDLE.md
block() {
	awk -v want="$1" '/^```sh$/ { n++; on = n == want; next }
	    /^```$/ { on = 0 } on' "$T_ROOT/src/man/BUNDLE.md"
}

# ------------------------------------------------------------ the key pair
store www
printf 'acme:\n  server: %s\n' "$SERVER" >"$T/www/config.yml"
chmod 600 "$T/www/config.yml"
run ferry_at www identity --dry-run
rc_is "identity --dry-run" 0
err_is "it says what it would do" "acmeferry: would make \
$T/www/state/identity.key and its certificate"
nok "and does not" test -e "$T/www/state/identity.key"
run ferry_at www identity
rc_is "identity" 0
cp "$T/out" "$T/www.pem"
err_is "it says what it made" "acmeferry: made $T/www/state/identity.key and \
its certificate"
out_like "the fingerprint is openssl's" "^# .* SHA256 \
$(openssl x509 -in "$T/www.pem" -noout -fingerprint -sha256 | sed 's/.*=//')\$"
is "mode of the key" "$(stat -c %a "$T/www/state/identity.key")" 600
ok "the certificate is signed by its own key" openssl verify \
    -CAfile "$T/www.pem" "$T/www.pem"
before=$(digest_of "$T/www/state")
run ferry_at www identity --json
rc_is "identity again" 0
json_is "nothing changed" .changed false
json_is "the same certificate" '.certificate | rtrimstr("\n")' \
    "$(sed -n '/BEGIN/,/END/p' "$T/www.pem")"
is "not a bit of it" "$(digest_of "$T/www/state")" "$before"
chmod 640 "$T/www/state/identity.key"
run ferry_at www identity
rc_is "a key that others can read: exit 8" 8
err_like "with the mode" "identity.key': .*0640"
chmod 600 "$T/www/state/identity.key"
mv "$T/www/state/identity.key" "$T/real.key"
ln -s "$T/real.key" "$T/www/state/identity.key"
run ferry_at www identity
rc_is "a link instead of the key: exit 8" 8
err_is "it says so" "acmeferry: '$T/www/state/identity.key': found a symbolic \
link, want a regular file"
rm "$T/www/state/identity.key"
run ferry_at www identity
rc_is "a certificate without its key: exit 4" 4
err_like "it says what to do" "put it back from a backup"
ln "$T/real.key" "$T/www/state/identity.key"
run ferry_at www identity
rc_is "a key with two names: exit 8" 8
rm "$T/real.key"
run ferry_at www identity
rc_is "in order again" 0

# ------------------------------------------------------------ export, import
host in
host other
put www rsa2048 https://ca.example.com/acct/1
RSA=$ACCOUNT_ID
run ferry_at www export "$T/a.cms"
rc_is "export for nobody: exit 2" 2
err_like "it says who is missing" "'$T/a.cms': want --recipient: the certificate of"
run ferry_at www export "$T/a.cms" --recipient "$T/www/config.yml"
rc_is "a recipient's file that holds no certificate: exit 2" 2
err_is "it says so" "acmeferry: '$T/www/config.yml': found no certificate, \
want certificates in PEM form, as 'acmeferry identity' prints one"
mv "$T/www/state" "$T/kept"
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem"
rc_is "export with no key pair: exit 2" 2
err_like "it says how to get one" "has no key pair for bundles yet; \
'acmeferry identity' makes it"
mv "$T/kept" "$T/www/state"
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem" --dry-run --json
rc_is "export --dry-run" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
nok "and does not" test -e "$T/a.cms"
nok "remembers nothing" test -e "$T/www/state/bundles"
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem" --json
rc_is "export" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
json_is "changed" .changed true
is "the file is ours alone" "$(stat -c %a "$T/a.cms")" 600
ok "there is no key in it" sh -c "! grep -aq '\"qi\"' '$T/a.cms'"
like "the ledger here: gave" "$(cat "$T/www/state/ledger.jsonl")" \
    "\"id\": \"$RSA\", \"operation\": \"gave\""
cp "$T/a.cms" "$T/first.cms"
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem" --json
rc_is "export again" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
json_is "nothing changed" .changed false
ok "the very same file" cmp "$T/a.cms" "$T/first.cms"
run ferry_at in import "$T/a.cms"
rc_is "import from nobody: exit 2" 2
err_like "it says who is missing" "'$T/a.cms': want --sender: the certificate of"
run ferry_at in import "$T/a.cms" --sender "$T/www.pem" --dry-run --json
rc_is "import --dry-run" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
nok "and does not" test -e "$T/in/$ACCOUNTS"
nok "remembers nothing" test -e "$T/in/state/bundles"
run ferry_at in import "$T/a.cms" --sender "$T/www.pem" --json
rc_is "import" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same there" cmp "$T/www/$ACCOUNTS/$RSA/$f" \
	    "$T/in/$ACCOUNTS/$RSA/$f"
done
like "the ledger there: received" "$(cat "$T/in/state/ledger.jsonl")" \
    "\"id\": \"$RSA\", \"operation\": \"received\""
run ferry_at in import "$T/a.cms" --sender "$T/www.pem" --json
rc_is "import again" 0
json_is "nothing changed" .changed false
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem" \
    --recipient "$T/other.pem" --json
rc_is "for one more" 0
json_is "updated" '.peers[0].updated[0].reason' \
    "it has other recipients now"
run ferry_at other import "$T/a.cms" --sender "$T/www.pem" --json
rc_is "which can open it too" 0
json_is "added" '.peers[0].added[0].id' "$RSA"

# through a pipe
rm -rf "$T/in/etc/accounts"
run sh -c "\"\$1\" -c \"\$2/config.yml\" --config-dir \"\$2/etc\" \
    --state-dir \"\$2/state\" export - --recipient \"\$3\"" sh \
    "$ACMEFERRY" "$T/www" "$T/in.pem"
rc_is "export to standard output" 0
cp "$T/out" "$T/pipe.cms"
err_like "what it did is on standard error" "added $SERVER $RSA"
T_CMD="import -"
"$ACMEFERRY" -c "$T/in/config.yml" --config-dir "$T/in/etc" --state-dir \
    "$T/in/state" import - --sender "$T/www.pem" --json <"$T/pipe.cms" \
    >"$T/out" 2>"$T/err"
RC=$?
OUT=$(cat "$T/out")
rc_is "import from standard input" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
run ferry_at www export - --recipient "$T/in.pem" --json
rc_is "a bundle and JSON on one standard output: exit 2" 2

# ------------------------------------------------------------ by hand
mkdir "$T/hand"
block 1 >"$T/open"
block 2 >>"$T/open"
block 3 >"$T/make"
like "BUNDLE.md opens one" "$(cat "$T/open")" "openssl cms -decrypt"
like "and makes one" "$(cat "$T/make")" "openssl cms -sign"
run sh -ec "cd '$T/hand'; BUNDLE='$T/a.cms' SENDER='$T/www.pem' \
    CERT='$T/in/state/identity.pem' KEY='$T/in/state/identity.key'; \
    $(cat "$T/open")"
rc_is "openssl cms and jq open it" 0
out_is "what is in it" "$SERVER $RSA"
for f in private_key.json meta.json regr.json; do
	ok "$f to the last byte" cmp "$T/hand/$f" "$T/www/$ACCOUNTS/$RSA/$f"
done
is "sender" "$(jq -r .sender "$T/hand/bundle.json")" "$(openssl x509 -in \
    "$T/www.pem" -outform DER | sha256sum | cut -d' ' -f1)"
is "channel" "$(jq -r .channel "$T/hand/bundle.json")" a.cms
is "90 days" "$(jq '(.expires | fromdate) - (.created | fromdate)' \
    "$T/hand/bundle.json")" 7776000

# by_hand WHO JQ-PROGRAM: changes the JSON, seals it by hand as WHO, for "in"
by_hand() {
	jq -c "$2" "$T/hand/bundle.json" >"$T/hand/changed.json"
	sh -ec "cd '$T/hand'; mkdir -p make; cd make; \
	    cp ../changed.json bundle.json; BUNDLE='$T/hand.cms' \
	    RECIPIENT='$T/in.pem' CERT='$T/$1/state/identity.pem' \
	    KEY='$T/$1/state/identity.key'; $(cat "$T/make")" \
	    >"$T/hand/said" 2>&1 || cat "$T/hand/said"
}
by_hand www '.sequence += 1'
run ferry_at in import "$T/hand.cms" --sender "$T/www.pem" --json
rc_is "what openssl cms seals is opened" 0
json_is "and is the same" '.peers[0].unchanged[0].id' "$RSA"

# ------------------------------------------------------------ refusals
before=$(digest_of "$T/in/etc")
seen=$(digest_of "$T/in/state/bundles")
# refused NAME RC ERE [FILE]
refused() {
	run ferry_at in import "${4:-$T/hand.cms}" --sender "$T/www.pem"
	rc_is "$1: exit $2" "$2"
	err_like "$1: it says so" "$3"
}
refused "put back" 8 "is older than one that came from the same sender \
before; .*--accept-rollback" "$T/first.cms"
by_hand www '.sequence += 1 | .created = "2026-01-01T00:00:00Z"'
refused "its number again, other bytes" 8 "has the number of one that came"
by_hand www '.sequence += 5 | .expires = "2020-01-01T00:00:00Z"'
refused "past its end" 8 "is too old, it was to be used until \
2020-01-01T00:00:00Z"
by_hand other '.sequence += 5'
refused "a stranger's" 8 "is signed in the name of '.*', with a certificate \
that is none of its senders'"
run ferry_at in import "$T/hand.cms" --sender "$T/other.pem"
rc_is "another's text as his own: exit 8" 8
err_like "it says so" "signed it, and it says to be another's; a bundle \
counts only from the one who made it: have him push it"
openssl cms -sign -in "$T/hand/sealed.der" -binary -nodetach -nocerts \
    -nosmimecap -md sha256 -signer "$T/other/state/identity.pem" -inkey \
    "$T/other/state/identity.key" -outform DER -out "$T/hand.cms"
run ferry_at in import "$T/hand.cms" --sender "$T/other.pem"
rc_is "another's ciphertext, signed anew: exit 8" 8
err_like "it says so" "signed it, and it says to be another's; a bundle \
counts only from the one who made it: have him push it"
run ferry_at www export "$T/elsewhere.cms" --recipient "$T/other.pem"
refused "sealed for somebody else" 8 "is sealed for 1 other, not for this \
host" "$T/elsewhere.cms"
by_hand www '.sequence += 5 | .version = 2'
refused "another version" 1 "is of version 2, this acmeferry knows 1"
by_hand www 'del(.sequence)'
refused "a member is missing" 1 "member 'sequence': found none"
head -c 500 "$T/first.cms" >"$T/cut.cms"
ANEW="; copy it again, or have its sender push it anew"
refused "cut short" 1 "is no bundle that acmeferry sealed, or is cut short or \
was changed$ANEW" "$T/cut.cms"
: >"$T/empty.cms"
refused "empty" 1 "is empty, want a bundle that acmeferry sealed$ANEW" \
    "$T/empty.cms"
head -c 104857600 /dev/zero >"$T/long.cms"
refused "100 MiB" 1 "found 104857600 bytes, want at most 33554432; is it the \
right one" "$T/long.cms"
T_CMD="import - of 100 MiB"
ferry_at in import - --sender "$T/www.pem" <"$T/long.cms" >"$T/out" 2>"$T/err"
is "100 MiB through a pipe: exit 1" $? 1
like "it says so" "$(cat "$T/err")" "'standard input': has more than 32 MiB, \
no bundle is that long; is it the right one"
mkfifo "$T/fifo.cms"
refused "a pipe of that name, to which nobody writes" 1 "fifo.cms'.*; is it the \
right one" "$T/fifo.cms"
refused "a directory" 1 "want a .*file; is it the right one" "$T/hand"
rm "$T/long.cms"
refused "not there" 1 "nothing is there" "$T/absent.cms"
openssl cms -sign -in "$T/hand/sealed.der" -binary -nodetach -nosmimecap \
    -md sha256 -signer "$T/www/state/identity.pem" -inkey \
    "$T/www/state/identity.key" -outform DER -out "$T/hand.cms"
refused "with a certificate in it" 1 "is no bundle that acmeferry sealed"
is "the store is as it was" "$(digest_of "$T/in/etc")" "$before"
is "and what was remembered" "$(digest_of "$T/in/state/bundles")" "$seen"
run ferry_at in import "$T/first.cms" --sender "$T/www.pem" --accept-rollback
rc_is "--accept-rollback" 0

# ------------------------------------------------------------ push and pull
stick=$T/stick/accounts.cms
mkdir "$T/stick"
cat >>"$T/www/config.yml" <<-E
	peers:
	  stick:
	    url: file://$stick
	    direction: push
	    recipients: [$T/in.pem, $T/other.pem]
	  wrong:
	    url: file://$T/a.cms
	    direction: push
E
run ferry_at www config
rc_is "a bundle without recipients: exit 2" 2
err_like "with its line" "line 8, column 3: peers.wrong.recipients: is \
missing"
sed -i '/wrong/,$d' "$T/www/config.yml"
cp "$T/www/config.yml" "$T/www/config.one"
cat >>"$T/www/config.yml" <<-E
	  second:
	    url: file://$T/second/accounts.cms
	    direction: push
	    recipients: [$T/in.pem]
E
run ferry_at www config
rc_is "two places to push one name to: exit 2" 2
err_like "with the line" "line 9, column 10: peers.second.url: ends in \
'accounts.cms', as that of 'stick' does, want a name of its own"
sed -i 's/push/pull/; s/recipients/senders/' "$T/www/config.yml"
run ferry_at www config
rc_is "to pull it from is nothing wrong" 0
mv "$T/www/config.one" "$T/www/config.yml"
cat >>"$T/in/config.yml" <<-E
	peers:
	  stick:
	    url: file://$stick
	    challenge: true
	    senders: [$T/www.pem]
E
run ferry_at in config
rc_is "challenge: true: exit 2" 2
err_like "it says so" "peers.stick.challenge: is not for a sealed bundle"
sed -i '/challenge/d' "$T/in/config.yml"
rm -rf "$T/in/etc/accounts"
run ferry_at www push stick --json
rc_is "push" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
run ferry_at www push stick --json
rc_is "push again" 0
json_is "nothing changed" .changed false
is "the ledger has it once for this place" \
    "$(grep -c '"client": "stick"' "$T/www/state/ledger.jsonl")" 1
run ferry_at in pull stick --json
rc_is "pull" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
run ferry_at in pull stick --json
json_is "pull again: nothing changed" .changed false
run ferry_at in import "$stick" --json
rc_is "import knows the senders of the peers" 0
put www ec-p256 https://ca.example.com/acct/2
EC=$ACCOUNT_ID
run ferry_at www push stick
rc_is "one more account: which one, exit 4" 4
run ferry_at www push stick --all --json
rc_is "all of them" 0
json_is "added" '.peers[0].added[0].id' "$EC"
json_is "the other is in it too" '.peers[0].updated[0].id' "$RSA"
is "whose key left before: once in the ledger" \
    "$(grep '"client": "stick"' "$T/www/state/ledger.jsonl" |
    grep -c "$RSA")" 1
run ferry_at in pull stick --account "$EC" --json
rc_is "pull of one of them" 0
json_is "added" '.peers[0].added[0].id' "$EC"

# the name counts, for pull
mv "$stick" "$T/stick/renamed.cms"
run ferry_at in pull "file://$T/stick/renamed.cms" --senders "$T/www.pem"
rc_is "under another name: exit 8" 8
err_is "it says so" "acmeferry: '$T/stick/renamed.cms': was made to lie under \
the name 'accounts.cms'; give it that name again, or take it with 'acmeferry \
import'"
mv "$T/stick/renamed.cms" "$stick"

# one sender for each place
before=$(sha256sum <"$stick")
put other rsa2048 https://ca.example.com/acct/1
run ferry_at other push "$stick" --recipients "$T/in.pem"
rc_is "another sender's place: exit 4" 4
err_like "it says so" "another sender's bundle is there, signed in the name \
of '.*'; each sender needs a place of its own"
is "it is left alone" "$(sha256sum <"$stick")" "$before"
echo precious >"$T/stick/notes.cms"
run ferry_at other push "$T/stick/notes.cms" --recipients "$T/in.pem"
rc_is "something else is there: exit 4" 4
err_like "it says so" "it is not replaced: move it away first"
is "it is left alone" "$(cat "$T/stick/notes.cms")" precious

# a sender that was set back
cp -a "$T/www/state" "$T/image"
printf '{"body": {"x": 1}, "uri": "https://ca.example.com/acct/2"}' \
    >"$T/www/$ACCOUNTS/$EC/regr.json"
run ferry_at www push stick --all
rc_is "what is told has changed" 0
run ferry_at in pull stick --all
rc_is "and is read" 0
rm -rf "$T/www/state"
cp -a "$T/image" "$T/www/state"
run ferry_at www push stick --all
rc_is "from an old disk image: exit 4" 4
err_like "it says what to do" "that this host does not remember: it was \
restored from an older state, .*push with --accept-rollback"
run ferry_at www push stick --all --accept-rollback
rc_is "--accept-rollback" 0
run ferry_at in pull stick --all
rc_is "its number is higher all the same" 0

# a damaged memory is not taken for none
find "$T/in/state/bundles" -name 'seen-*' -exec sh -c 'echo "{" >"$1"' sh {} \;
run ferry_at in pull stick --all
rc_is "a damaged memory: exit 4" 4
err_like "it says what to do" "move it away: what comes next is then taken \
for the first"

# ------------------------------------------------------------ a full disk
rm -rf "$T/in/state/bundles"
if [ "$(id -u)" -eq 0 ] && mkdir "$T/small" && mount -t tmpfs -o size=4k none \
    "$T/small" 2>/dev/null; then
	echo full >"$T/small/other"
	run ferry_at www push "$T/small/a.cms" --all --recipients "$T/in.pem"
	rc_is "no room: exit 1" 1
	err_like "it says so" "No space left on device"
	is "nothing is there, not even half" "$(ls -A "$T/small")" other
	umount "$T/small"
else
	skip 3 "cannot mount a small file system"
fi
done_testing
