# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# For scenarios with sealed bundles; included behind lib.sh.
#
#	put STORE FIXTURE URI	an account of SERVER there; sets ACCOUNT_ID

SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory

put() {
	ACCOUNT_ID=$(awk -v n="$2" '$1 == n { print $2 }' \
	    "$T_ROOT/tests/fixtures/accounts/INDEX")
	t_dir=$T/$1/$ACCOUNTS/$ACCOUNT_ID
	mkdir -p "$t_dir"
	chmod -R go-rwx "$T/$1/etc/accounts"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$t_dir"
	printf '{"body": {}, "uri": "%s"}' "$3" >"$t_dir/regr.json"
	chmod 400 "$t_dir/private_key.json"
}
