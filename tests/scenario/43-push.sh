#!/bin/sh
# SPDX-License-Identifier: ISC
# push over the protocol and into a directory, pull from a directory, and what
# the right to write allows.
. "${0%/*}/lib.sh"
need jq python3

SERVER=https://ca.example.com/directory
OTHER=https://other.example.com/dir
ACCOUNTS=etc/accounts/ca.example.com/directory

# put STORE FIXTURE URI [SERVERPATH]
put() {
	t_id=$(awk -v n="$2" '$1 == n { print $2 }' \
	    "$T_ROOT/tests/fixtures/accounts/INDEX")
	t_dir=$T/$1/etc/accounts/${4:-ca.example.com/directory}/$t_id
	mkdir -p "$t_dir"
	chmod -R go-rwx "$T/$1/etc/accounts"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$t_dir"
	printf '{"body": {}, "uri": "%s"}' "$3" >"$t_dir/regr.json"
	chmod 400 "$t_dir/private_key.json"
	ACCOUNT_ID=$t_id
}

# far STORE SERVE-FLAG...: how "here" reaches that store
far() {
	t_far=$1
	shift
	t_flags=
	for t_f in "$@"; do
		t_flags="$t_flags, \"$t_f\""
	done
	cat >"$T/here/config.yml" <<-E
		acme:
		  server: $SERVER
		peers:
		  far:
		    url: "exec:"
		    direction: push
		    command: [$ACMEFERRY, -c, $T/$t_far/config.yml, --config-dir,
		      $T/$t_far/etc, --state-dir, $T/$t_far/state, serve$t_flags]
	E
	chmod 600 "$T/here/config.yml"
}
for s in here there; do
	store $s
	printf 'acme:\n  server: %s\n' "$SERVER" >"$T/$s/config.yml"
	chmod 600 "$T/$s/config.yml"
done
put here rsa2048 https://ca.example.com/acct/1
RSA=$ACCOUNT_ID

# ------------------------------------------------------------ a first push
far there --allow write --client here.example.com
run ferry_at here push far --dry-run --json
rc_is "--dry-run" 0
json_is "--dry-run: would add" '.peers[0].added[0].id' "$RSA"
json_is "--dry-run: would change" .changed true
nok "--dry-run: adds nothing" test -e "$T/there/$ACCOUNTS"
nok "--dry-run: gives no key" grep -q '"gave"' "$T/here/state/ledger.jsonl"
run ferry_at here push far --json
rc_is "push" 0
json_is "it was added" '.peers[0].added[0].id' "$RSA"
json_is "this changed something" .changed true
for f in private_key.json meta.json regr.json; do
	ok "$f is the same there" cmp "$T/here/$ACCOUNTS/$RSA/$f" \
	    "$T/there/$ACCOUNTS/$RSA/$f"
done
is "mode of the key" "$(stat -c %a "$T/there/$ACCOUNTS/$RSA/private_key.json")" \
    400
is "mode of the directory" "$(stat -c %a "$T/there/$ACCOUNTS/$RSA")" 700
like "the ledger here: gave" "$(cat "$T/here/state/ledger.jsonl")" \
    "\"client\": \"far\".*\"id\": \"$RSA\", \"operation\": \"gave\""
like "the ledger there: received" "$(cat "$T/there/state/ledger.jsonl")" \
    "\"client\": \"here.example.com\".*\"$RSA\", \"operation\": \"received\""
run ferry_at here push far --json
rc_is "push again" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
json_is "nothing changed" .changed false
is "no key was given again" \
    "$(grep -c '"gave"' "$T/here/state/ledger.jsonl")" 1

# ------------------------------------------------------------ repair, conflict
: >"$T/there/$ACCOUNTS/$RSA/regr.json"
run ferry_at here push far --json
rc_is "a broken account there is repaired" 0
json_is "updated" '.peers[0].updated[0].id' "$RSA"
ok "it is whole again" cmp "$T/here/$ACCOUNTS/$RSA/regr.json" \
    "$T/there/$ACCOUNTS/$RSA/regr.json"
ok "the broken one is in the backups" test -d "$T/there/state/backups"
put there rsa2048 https://ca.example.com/acct/9
before=$(digest_of "$T/there/etc")
run ferry_at here push far
rc_is "another uri there: conflict, exit 4" 4
err_is "with both" "acmeferry: 'far': account $RSA: same key, but its account \
URL is https://ca.example.com/acct/9 at the destination and \
https://ca.example.com/acct/1 at the source, and the CA could not be asked (a push does not ask it; pull from \
there); --prefer decides"
is "it is kept" "$(digest_of "$T/there/etc")" "$before"
run ferry_at here push far --prefer destination
rc_is "--prefer destination" 0
is "it is kept too" "$(digest_of "$T/there/etc")" "$before"
run ferry_at here push far --prefer source
rc_is "--prefer source" 0
ok "it is replaced" cmp "$T/here/$ACCOUNTS/$RSA/regr.json" \
    "$T/there/$ACCOUNTS/$RSA/regr.json"

# ------------------------------------------------------------ the rights
put here ec-p256 https://other.example.com/acct/2 other.example.com/dir
EC=$ACCOUNT_ID
run ferry_at here push far --server "$OTHER"
rc_is "a server that is not theirs: exit 4" 4
err_like "it is refused before a key is given" \
    "account $EC: the far end takes no accounts of this server"
is "indeed" "$(grep -c "$EC" "$T/here/state/ledger.jsonl")" 0
far there --allow write --server "$OTHER"
run ferry_at here push far --server "$OTHER"
rc_is "with --server there" 0
ok "it is there" test -d "$T/there/etc/accounts/other.example.com/dir/$EC"
far there --allow write --account "$EC"
put here ec-p384 https://ca.example.com/acct/3
EC384=$ACCOUNT_ID
run ferry_at here push far --account "$EC384"
rc_is "another account than --account there: exit 4" 4
err_like "it says so" "is not the account that may be written here"
nok "it did not come" test -e "$T/there/$ACCOUNTS/$EC384"
far there --allow read
run ferry_at here push far --account "$RSA"
rc_is "writing with the right to read: exit 8" 8
err_is "it says so" "acmeferry: 'far': the far end says: the right 'write' was \
not granted to this key; 'acmeferry authorize' there prints how to"

# what a right to write gives back, byte by byte
python3 - "$SERVER" >"$T/ask" <<'E'
import json, struct, sys
b = json.dumps({"op": "write", "servers": [sys.argv[1]]}).encode()
e = json.dumps({"end": 0}).encode()
sys.stdout.buffer.write(b"acmeferry 1\n" + struct.pack(">I", len(b)) + b +
                        struct.pack(">I", len(e)) + e)
E
"$ACMEFERRY" -c "$T/there/config.yml" --config-dir "$T/there/etc" \
    --state-dir "$T/there/state" serve --allow write <"$T/ask" >"$T/told"
like "the listing has the account" "$(tr -d '\0' <"$T/told")" "$RSA"
unlike "and no file of it" "$(tr -d '\0' <"$T/told")" 'private_key|"files"|"qi"'
before=$(digest_of "$T/there/etc")
python3 - "$SERVER" "$T/here/$ACCOUNTS/$RSA" "$RSA" >"$T/ask" <<'E'
import json, struct, sys
server, path, ident = sys.argv[1:]
def frame(o):
    b = json.dumps(o).encode()
    return struct.pack(">I", len(b)) + b
files = {f: open(path + "/" + f).read() for f in
         ("private_key.json", "meta.json", "regr.json")}
files["regr.json"] = json.dumps({"body": {}, "uri":
                                 "https://ca.example.com/acct/7"})
sys.stdout.buffer.write(b"acmeferry 1\n" + frame(
    {"op": "write", "servers": [server], "prefer": "source"}) + frame(
    {"account": {"server": server, "id": ident, "replaces": "0" * 64},
     "files": files}) + frame({"end": 1}))
E
"$ACMEFERRY" -c "$T/there/config.yml" --config-dir "$T/there/etc" \
    --state-dir "$T/there/state" serve --allow write <"$T/ask" >"$T/told"
like "a sender that did not see what it replaces is refused" \
    "$(tr -d '\0' <"$T/told")" 'what is there is not what the sender saw'
is "it is kept" "$(digest_of "$T/there/etc")" "$before"

# ------------------------------------------------------------ stores
far new --allow write
store new
printf 'acme:\n  server: %s\n' "$SERVER" >"$T/new/config.yml"
chmod 600 "$T/new/config.yml"
run ferry_at here push far --all
rc_is "into a store that does not exist" 0
ok "both are there" test -d "$T/new/$ACCOUNTS/$RSA" -a \
    -d "$T/new/$ACCOUNTS/$EC384"
is "its mode is certbot's" "$(stat -c %a "$T/new/etc")" 755

# ------------------------------------------------------------ directories
run ferry_at here push "file://$T/mounted" --account "$RSA" --json
rc_is "push into a directory that does not exist" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
ok "it is there" cmp "$T/here/$ACCOUNTS/$RSA/private_key.json" \
    "$T/mounted/accounts/ca.example.com/directory/$RSA/private_key.json"
nok "nothing of ours lies in it" sh -c \
    "find '$T/mounted' -name '*ledger*' -o -name '*backup*' | grep -q ."
run ferry_at here push "file://$T/mounted" --account "$RSA" --json
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
json_is "nothing changed" .changed false
run ferry_at here push "file://$T/mounted" --account "$EC384" --dry-run --json
json_is "--dry-run would add" '.peers[0].added[0].id' "$EC384"
nok "and does not" test -e \
    "$T/mounted/accounts/ca.example.com/directory/$EC384"
store third
printf 'acme:\n  server: %s\n' "$SERVER" >"$T/third/config.yml"
chmod 600 "$T/third/config.yml"
before=$(digest_of "$T/mounted")
run ferry_at third pull "file://$T/mounted" --json
rc_is "pull from a directory" 0
json_is "added" '.peers[0].added[0].id' "$RSA"
is "the directory is untouched" "$(digest_of "$T/mounted")" "$before"
run ferry_at third pull "file://$T/absent"
rc_is "from a directory that does not exist: exit 1" 1
err_like "it is named" "'$T/absent'"
run ferry_at third pull "file://$T/third/etc"
rc_is "from itself: exit 2" 2
if [ "$(id -u)" -eq 0 ]; then
	cp -a "$T/third/etc" "$T/foreign"
	chown -R 12345:12345 "$T/foreign"
	before=$(digest_of "$T/foreign")
	run ferry_at here push "file://$T/foreign" --account "$EC384"
	rc_is "root in somebody else's store: exit 8" 8
	err_like "it says what to do" "12345"
	is "it is untouched" "$(digest_of "$T/foreign")" "$before"
else
	skip 3 "needs root"
fi
done_testing
