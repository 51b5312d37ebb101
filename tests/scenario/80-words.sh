#!/bin/sh
# SPDX-License-Identifier: ISC
# What is printed for a person to go on with: authorize's next command, who
# uses an account, and one message where a peer cannot be reached.
. "${0%/*}/lib.sh"
need ssh-keygen

SERVER=https://ca.example.com/directory
DIR=etc/accounts/ca.example.com/directory
ID=f1a42f8f4dd6a9117b665fd2d9952409
store a
mkdir -p "$T/a/$DIR/$ID" "$T/a/etc/renewal"
chmod -R go-rwx "$T/a/etc/accounts"
cp "$T_ROOT/tests/fixtures/accounts/rsa2048"/*.json "$T/a/$DIR/$ID"
printf '{"body": {}, "uri": "https://ca.example.com/acct/1"}' \
    >"$T/a/$DIR/$ID/regr.json"
ssh-keygen -q -t ed25519 -N '' -C root@internal -f "$T/key"

ALLOW="authorize internal --key $T/key.pub --allow"
# next RIGHTS [OPTION...]: the last line of the recipe
next() {
	# shellcheck disable=SC2086
	ferry_at a $ALLOW "$@" | tail -1
}
is "read: pull is next" "$(next read)" \
    "# On internal: acmeferry pull ssh://root@THIS-HOST"
is "read with names: migrate is next" \
    "$(next read,write --name app.example.com,'*.example.com')" \
    "# On internal: acmeferry migrate ssh://root@THIS-HOST \
-d app.example.com -d '*.example.com'"
is "write: push is next, to the server that was named" \
    "$(next write --as sudo --server "$SERVER")" \
    "# On internal: acmeferry push ssh://acmeferry@THIS-HOST --server $SERVER"
# shellcheck disable=SC2086
run ferry_at a $ALLOW read --as sudo
out_like "a user whom sshd lets in without PAM too" \
    "^useradd .* --password '\*' acmeferry$"

run ferry_at a list
rc_is "list" 0
out_unlike "nobody uses it" "used by"
for n in app www; do
	cat >"$T/a/etc/renewal/$n.example.com.conf" <<-E
		version = 2.1.0
		cert = $T/a/etc/live/$n/cert.pem
		[renewalparams]
		account = $ID
		server = $SERVER
	E
done
run ferry_at a list
rc_is "list with lineages" 0
out_like "who uses it" "^ *used by: app.example.com, www.example.com$"

run ferry_at a pull ssh://127.0.0.1:1
rc_is "nobody answers there" 3
out_is "no result is printed" ""
err_like "the reason is" "^acmeferry: '127.0.0.1': cannot be reached: "
done_testing
