#!/bin/sh
# SPDX-License-Identifier: ISC
# The local half of the contract as an outsider tries it: what is selected,
# what is shown, what --json has on every exit, what a second run does. No CA.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq

FIXTURES=$T_ROOT/tests/fixtures/accounts
LE=acme-v02.api.letsencrypt.org/directory
V01=acme-v01.api.letsencrypt.org/directory
RSA=f1a42f8f4dd6a9117b665fd2d9952409
EC=ecaa6def23d8ef66aeb915a269c96d2c
PY2=9849eb76ecb0b49b781c6f719383ba0a

# put STORE FIXTURE SERVER-PATH NAME [HOST]: one account; its uri is on HOST
put() {
	p=$T/$1/etc/accounts/$3/$4
	(umask 077 && mkdir -p "$p")
	cp "$FIXTURES/$2/"*.json "$p"
	[ -z "${5:-}" ] || sed -i "s|acme-v02.api.letsencrypt.org|$5|" \
	    "$p/regr.json"
	chmod 400 "$p/private_key.json"
	chmod 644 "$p/meta.json" "$p/regr.json"
}

# ------------------------------------------------------------ several servers
store far
store near
put far rsa2048 a.example/dir "$RSA" a.example
put far ec-p256 b.example/dir "$EC" b.example
cat >"$T/near/config.yml" <<Y
peers:
  far:
    url: "file://$T/far/etc"
    servers: ["https://a.example/dir", "https://b.example/dir"]
Y
run ferry_at near pull far --json
rc_is "accounts of two servers come" 0
json_is "both" '.peers[0].added | length' 2
before=$(digest_of "$T/near")
run ferry_at near pull far --json
rc_is "again" 0
json_is "both are unchanged" '.peers[0].unchanged | length' 2
json_is "nothing changed" .changed false
is "nothing at all" "$(digest_of "$T/near")" "$before"

# ------------------------------------------------------------ links
# certbot 2.1's unregister reads a link's text, and against its own directory
store links
put links rsa-py2 "$V01" "$PY2"
put links rsa2048 "$LE" "$RSA"
ln -s "../../$V01/$PY2" "$T/links/etc/accounts/$LE/$PY2"
run ferry_at links check --json
rc_is "an account that is a relative link" 4
json_is "is found" '.findings[] | select(.code == "link-relative") | .path' \
    "$T/links/etc/accounts/$LE/$PY2"
json_is "and is the error" '.error.code + " " + .error.message' \
    "store $(printf '%s\n' "$OUT" | jq -r '.findings[] |
    select(.result == "store") | "\u0027" + .path + "\u0027: " + .message' |
    head -1)"
run "$ACMEFERRY" --config-dir "$T/links/../links/./etc//" \
    --state-dir "$T/links/state" check --fix
rc_is "and mended" 0
is "with the text that certbot would write, however the store is named" \
    "$(readlink "$T/links/etc/accounts/$LE/$PY2")" \
    "$T/links/etc/accounts/$V01/$PY2"
run ferry_at links list --json
json_is "nothing is lost" '.accounts | length' 3
run ferry_at links check
rc_is "and nothing found any more" 0

# ------------------------------------------------------------ times
store zone
put zone rsa-offset "$LE" "$(sed -n 's/^rsa-offset //p' "$FIXTURES/INDEX" |
    cut -d' ' -f1)"
run ferry_at zone list --json
json_is "every time is UTC" '.accounts[].created' 2020-06-13T07:46:45Z

# ------------------------------------------------------------ selection
store some
put some rsa2048 "$LE" "$RSA"
put some ec-p256 "$LE" "$EC"
put some regr-truncated other.example/d c46f82900b621c41f1eec4908886320f
run ferry_at some list --account f1a4 --json
rc_is "the first four digits are enough" 0
json_is "for one account" '.accounts[].id' "$RSA"
run ferry_at some list --account f1a
rc_is "three are not" 2
cp -R "$T/some/etc/accounts/$LE/$RSA" \
    "$T/some/etc/accounts/$LE/f1a4aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
run ferry_at some list --account f1a4 --json
rc_is "a prefix of two" 4
json_is "is said to be one" .error.message \
    "'--account': 'f1a4' begins 2 ids ($RSA, f1a4aaaaaaaaaaaaaaaaaaaaaaaaaaaa), want more digits"
json_is "and both are shown" '.accounts | length' 2
run ferry_at some check --account f1a4
rc_is "check says so too" 4
run ferry_at some check --account ffff --json
rc_is "no such account" 4
err_is "is no store without findings" \
    "acmeferry: '--account': the store has no account 'ffff'"
codes='[.findings[].code] | sort | join(" ")'
run ferry_at some check --json
json_is "check tells everything" "$codes" \
    'account-crash account-several account-twice key-ec'
run ferry_at some check --json --server https://other.example/d
rc_is "check of one server" 4
json_is "only that server's" "$codes" account-crash
run ferry_at some check --json --server https://nowhere.example/d
rc_is "check of a server that is not there" 0
run ferry_at some check --json --account "$EC"
json_is "check of one account" "$codes" 'account-several key-ec'
before=$(digest_of "$T/some/etc/accounts/other.example")
run ferry_at some check --fix --server "https://$LE"
rc_is "check --fix of one server" 0
is "leaves the other alone" \
    "$(digest_of "$T/some/etc/accounts/other.example")" "$before"
run ferry_at some check --json
json_is "and mends its own" "$codes" 'account-crash account-several key-ec'

# ------------------------------------------------------------ unreadable
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
	skip 6 "needs root and setpriv"
else
	chmod 711 "$T"
	store shut
	put shut rsa2048 "$LE" "$RSA"
	put shut ec-p256 other.example/d "$EC"
	chown -R 65534:65534 "$T/shut"
	chown 0 "$T/shut/etc/accounts/$LE"
	cp "$ACMEFERRY" "$T/bin/acmeferry"
	nobody() {
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		    "$T/bin/acmeferry" --config-dir "$T/shut/etc" \
		    --state-dir "$T/shut/state" "$@"
	}
	run nobody list --json
	rc_is "a folder that cannot be read is no empty one" 8
	err_is "and told" "acmeferry: '$T/shut/etc/accounts/$LE': cannot be read by uid 65534; run as its owner"
	json_is "the others are shown" '.accounts[].id' "$EC"
	chown 0 "$T/shut/etc/accounts"
	run nobody list
	rc_is "accounts/ itself" 8
	run nobody list --server "https://$LE"
	rc_is "one server" 8
	run nobody check
	rc_is "check finds it" 4
fi

# ------------------------------------------------------------ what remains
store left
put left rsa2048 "$LE" "$RSA"
chmod 644 "$T/left/etc/accounts/$LE/$RSA/private_key.json"
mkdir "$T/left/etc/renewal"
cat >"$T/left/etc/renewal/a.conf" <<C
cert = $T/left/etc/live/a/cert.pem
privkey = $T/left/etc/live/a/privkey.pem
chain = $T/left/etc/live/a/chain.pem
fullchain = $T/left/etc/live/a/fullchain.pem
[renewalparams]
account = $RSA
server = https://$LE
C
run ferry_at left check --json
json_is "each missing file is a finding" \
    '[.findings[] | select(.code == "lineage-files")] | length' 4
was=$(echo "$OUT" | jq -c '[.findings[].message]')
run ferry_at left check --fix --json
json_is "after --fix each is told once more" '[.findings[].message] | tojson' \
    "$was"
json_is "and what was fixed is" '.findings[] | select(.fixed) | .code' key-mode

# ------------------------------------------------------------ --from
# sshd lets nobody in where it cannot make sense of from=
echo "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICbeUBBHVz2pITtg5FoaViQbnpYPqbsdI82fGpEGHRuu x" \
    >"$T/key.pub"
from() {
	run ferry_at b authorize inner --key "$T/key.pub" --allow read \
	    --from "$1"
}
for f in 10.0.0.0/8 2001:db8::/32 192.0.2.7 192.0.2.7/32 0.0.0.0/0 \
    'host?.example' '!10.1.0.0/16'; do
	from "$f"
	rc_is "--from $f" 0
done
for f in 1.2.3.4/99 10.0.0.5/8 2001:db8::1/32 10.0.0.0/ /8 example/8 ::/129; do
	from "$f"
	rc_is "--from $f is refused" 2
done

# ------------------------------------------------------------ backups
store b
put b regr-truncated "$LE" c46f82900b621c41f1eec4908886320f
put b key-empty other.example/d 00112233445566778899aabbccddeeff
run ferry_at b check --fix
run ferry_at b backups --json
json_is "two backups" '.backups | length' 2
json_is "newest first" \
    '[.backups[].id] == ([.backups[].id] | sort | reverse)' true

# ------------------------------------------------------------ JSON
# a program that reads .accounts[] need not ask first whether it is there
members() {
	case $1 in
	list) echo accounts ;;
	check) echo findings ;;
	verify) echo accounts names ;;
	pull | push) echo accounts peers ;;
	issue) echo names certificates ;;
	migrate) echo accounts peers names certificates ;;
	backups | holders) echo "$1" ;;
	esac
}
echo 'nonsense: 1' >"$T/bad.yml"
for c in list check verify pull push issue migrate backups holders; do
	words=
	case $c in
	pull | push | migrate) words=ssh://h ;;
	esac
	for m in $(members $c); do
		run "$ACMEFERRY" "$c" --json --nonsense
		json_is "$c has $m after a wrong option" ".$m" '[]'
		# shellcheck disable=SC2086 # none or one
		run "$ACMEFERRY" -c "$T/bad.yml" --json "$c" $words -d x.example
		json_is "$c has $m after a wrong option" ".$m" '[]'
		# shellcheck disable=SC2086 # none or one
		run "$ACMEFERRY" -c "$T/bad.yml" --json "$c" $words
		json_is "$c has $m with a wrong configuration" ".$m" '[]'
	done
done

run "$ACMEFERRY" serve --json --allow read
rc_is "serve has a protocol there, and says so" 2
json_is "in JSON, since that was asked for" .error.code usage

done_testing
