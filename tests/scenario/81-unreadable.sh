#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that may not be read is not an empty one; "nothing to ask" is not
# said where the choice was ambiguous.
. "${0%/*}/lib.sh"
need jq su
need_root
id nobody >/dev/null 2>&1 || skip_all "no user nobody"

SERVER=https://ca.example.com/directory
DIR=etc/accounts/ca.example.com/directory
store a
ID=f1a42f8f4dd6a9117b665fd2d9952409
mkdir -p "$T/a/$DIR/$ID"
cp "$T_ROOT/tests/fixtures/accounts/rsa2048"/*.json "$T/a/$DIR/$ID"
chmod -R go-rwx "$T/a/etc/accounts"
mkdir "$T/mine"
chown nobody "$T/mine"
chmod 755 "$T" "$T/a" "$T/a/etc"

# as_nobody ARG...
as_nobody() {
	su nobody -s /bin/sh -c "exec $ACMEFERRY -c /dev/null \
	    --state-dir $T/mine/state --server $SERVER $*"
}

WHY="'$T/a/etc/accounts/ca.example.com/directory': cannot be read by uid "
for c in list verify; do
	run as_nobody --config-dir "$T/a/etc" $c
	rc_is "$c: exit 8" 8
	err_like "$c: says so" "^acmeferry: $WHY"
	out_is "$c: prints nothing else" ""
done
run as_nobody --config-dir "$T/mine/etc" pull "file://$T/a/etc"
rc_is "pull from it: exit 8" 8
err_like "pull from it: says so" "'$T/a/etc/accounts': cannot be read by uid "

# a state directory of root's
mkdir -m 0755 "$T/state"
cp -a "$T/a/etc/accounts" "$T/mine/accounts"
mkdir "$T/mine/le"
mv "$T/mine/accounts" "$T/mine/le"
printf '{"body": {}, "uri": "https://ca.example.com/acct/1"}' \
    >"$T/mine/le/${DIR#etc/}/$ID/regr.json"
chown -R nobody "$T/mine"
printf 'peers:\n  far: {url: "file://%s", direction: push}\n' "$T/mine/far" \
    >"$T/mine/c.yml"
chown nobody "$T/mine/c.yml"
chmod 600 "$T/mine/c.yml"
for c in identity sync "push file://$T/mine/far" \
    "export $T/mine/a.pem --key pem"; do
	for mode in 0755 0700; do
		chmod $mode "$T/state"
		run as_nobody -c "$T/mine/c.yml" --config-dir "$T/mine/le" \
		    --state-dir "$T/state" "$c"
		rc_is "$c, a state directory of root's ($mode): exit 8" 8
		err_like "says whose leave is missing and what to do" \
		    "^acmeferry: '$T/(state|mine).*ermission denied.* uid .*\
run as "
	done
done
nok "no key came out" test -e "$T/mine/a.pem"

# nor may it be written, nor the configuration be read
chmod -R a+rX "$T/a"
for c in "check --fix" "forget $ID"; do
	# shellcheck disable=SC2086 # a command and its words
	run as_nobody --config-dir "$T/a/etc" $c
	rc_is "$c: exit 8 where it cannot be written" 8
	err_like "$c: says what to do" \
	    "^acmeferry: '$T/a/etc/\.certbot\.lock': cannot be created \(Permission denied\), .*run as its owner"
done
chmod -R go-rwx "$T/a/etc/accounts"
echo 'quiet_for: 24h' >"$T/a/config.yml"
chmod 600 "$T/a/config.yml"
run as_nobody -c "$T/a/config.yml" list --json
rc_is "a configuration that cannot be read: exit 8" 8
json_is "it is a matter of trust" .error.code trust

# two accounts: the choice is asked for, and that alone is said
store b
mkdir -p "$T/b/etc/accounts"
cp -a "$T/a/etc/accounts/ca.example.com" "$T/b/etc/accounts"
cp -a "$T/b/$DIR/$ID" \
    "$T/b/$DIR/00000000000000000000000000000000"
run ferry_at b --server "$SERVER" verify -d app.example.com
rc_is "ambiguous: exit 4" 4
err_unlike "ambiguous: nothing else is said" "nothing to ask"
done_testing
