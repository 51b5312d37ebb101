#!/bin/sh
# SPDX-License-Identifier: ISC
# Sealed bundles on an object store: nginx with WebDAV over TLS, every way to
# say who we are, and a proxy.
. "${0%/*}/lib.sh"
# shellcheck source=https.sh
. "${0%/*}/https.sh"
need jq python3
start_dav
for s in surrogate internal stranger; do
	host $s
done
put surrogate rsa2048 https://ca.example.com/acct/1
RSA=$ACCOUNT_ID
OBJECT=$DAV/root/open/www.cms

# ------------------------------------------------------------ there and back
peer surrogate "$DAV_URL/open/www.cms" push
peer internal "$DAV_URL/open/www.cms" pull
run ferry_at internal pull objects
rc_is "nothing is there yet: exit 1" 1
err_is "it says so, and what may be missing" "acmeferry: \
'$DAV_URL/open/www.cms': nothing is there; is that its place, and has its \
sender written it yet ('acmeferry push' or 'export' there)?"
run ferry_at surrogate push objects --dry-run --json
rc_is "push --dry-run" 0
json_is "would add" '.peers[0].added[0].id' "$RSA"
nok "and does not" test -e "$OBJECT"
dav_asked >"$T/ignored"
run ferry_at surrogate push objects --json
rc_is "the first push" 0
json_is "it was added" '.peers[0].added[0].id' "$RSA"
is "it looked, put, and read back" "$(dav_asked | cut -d' ' -f1-3)" \
    "GET /open/www.cms 404
PUT /open/www.cms 201
GET /open/www.cms 200"
nok "no key is there to read" grep -aq private_key "$OBJECT"
run ferry_at surrogate push objects --json
rc_is "push again" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
unlike "nothing was put" "$(dav_asked)" PUT
run ferry_at internal pull objects --json
rc_is "pull" 0
json_is "it was added" '.peers[0].added[0].id' "$RSA"
for f in private_key.json meta.json regr.json; do
	ok "$f is the same here" cmp "$T/surrogate/$ACCOUNTS/$RSA/$f" \
	    "$T/internal/$ACCOUNTS/$RSA/$f"
done
like "the ledger there: gave" "$(cat "$T/surrogate/state/ledger.jsonl")" \
    "\"client\": \"objects\".*\"id\": \"$RSA\", \"operation\": \"gave\""

# ------------------------------------------------------------ an unchanged poll
# an ETag of this minute is not kept: nginx makes it of size and second
run ferry_at internal pull objects --json
json_is "unchanged" .changed false
is "a young one is read again" "$(dav_asked | grep -c '^GET .* 200 ')" 2
touch -d '2 minutes ago' "$OBJECT"
run ferry_at internal pull objects
rc_is "an older one is read once more" 0
dav_asked >"$T/ignored"
run ferry_at internal pull objects --json
rc_is "and then" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
json_is "nothing changed" .changed false
is "no body moved" "$(dav_asked)" "GET /open/www.cms 304 0"
mv "$T/internal/etc" "$T/kept"
run ferry_at internal pull objects --json
rc_is "with another store here meanwhile" 0
json_is "what it lacks comes" '.peers[0].added[0].id' "$RSA"
ok "it is here" cmp "$T/surrogate/$ACCOUNTS/$RSA/regr.json" \
    "$T/internal/$ACCOUNTS/$RSA/regr.json"
rm -r "$T/kept"
ferry_at surrogate push objects >"$T/ignored" 2>&1
dav_asked >"$T/ignored"
run ferry_at surrogate push objects
rc_is "the sender's unchanged poll" 0
is "moves no body either" "$(dav_asked)" "GET /open/www.cms 304 0"

# two bundles of one size in one second have one ETag at nginx
same_size() {
	t_n=2
	while [ $t_n -lt 60 ]; do
		printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' \
		    $((t_n % 8 + 2)) \
		    >"$T/surrogate/$ACCOUNTS/$RSA/regr.json"
		ferry_at surrogate push objects >"$T/ignored" 2>&1 || return 1
		[ "$(stat -c %s "$OBJECT")" -ne "$SIZE" ] || return 0
		t_n=$((t_n + 1))
	done
	return 1
}
ferry_at surrogate push objects >"$T/ignored" 2>&1
touch "$OBJECT"
run ferry_at internal pull objects
rc_is "a reader saw one bundle" 0
cp -p "$OBJECT" "$T/first.cms"
SIZE=$(stat -c %s "$OBJECT")
ok "another one of the same size" same_size
touch -r "$T/first.cms" "$OBJECT"
nok "is another one" cmp "$OBJECT" "$T/first.cms"
run ferry_at internal pull objects --prefer source --json
rc_is "and of the same second" 0
json_is "is not missed" '.peers[0].updated[0].id' "$RSA"
ok "it is the new one" cmp "$T/surrogate/$ACCOUNTS/$RSA/regr.json" \
    "$T/internal/$ACCOUNTS/$RSA/regr.json"

# ------------------------------------------------------------ a week later
set -- "$T"/surrogate/state/bundles/sent-*.json
jq -c '.created -= 8 * 86400' "$1" >"$T/sent" && cat "$T/sent" >"$1"
cp "$OBJECT" "$T/old.cms"
run ferry_at surrogate push objects --json
rc_is "a push a week later" 0
json_is "says why" '.peers[0].updated[0].reason' \
    "it is sealed anew before it grows old"
nok "it is another one" cmp "$OBJECT" "$T/old.cms"

# ------------------------------------------------------------ one sender each
put stranger ec-p256 https://ca.example.com/acct/9
peer stranger "$DAV_URL/open/www.cms" push
before=$(digest_of "$DAV/root")
run ferry_at stranger push objects
rc_is "another sender: exit 4" 4
err_like "it says so" "another sender's bundle is there"
is "it is kept" "$(digest_of "$DAV/root")" "$before"
peer surrogate "$DAV_URL/no/such/folder.cms" push
run ferry_at surrogate push objects
rc_is "a folder that is not there: nginx says 500, so exit 3" 3
err_like "it says what may be" "too where the folder does not exist"
peer surrogate "$DAV_URL/read-only/www.cms" push
run ferry_at surrogate push objects
rc_is "where nothing may be written: exit 1" 1
err_like "it says so" "405: it takes no PUT"

# ------------------------------------------------------------ who we are
# everywhere the same: a push and a pull with it, and exit 8 without
round() {
	t_what=$1 t_url=$2
	shift 2
	peer surrogate "$t_url" push "$@"
	peer internal "$t_url" pull "$@"
	run ferry_at surrogate push objects
	rc_is "$t_what: push" 0
	run ferry_at internal -vv pull objects
	rc_is "$t_what: pull" 0
	err_unlike "$t_what: -vv shows no secret" \
	    "secret|token\.OF|dXNlcjpzZWNyZXQ|PRIVATE"
}
refused() {
	t_what=$1 t_url=$2 t_ere=$3
	shift 3
	peer internal "$t_url" pull "$@"
	run ferry_at internal pull objects
	rc_is "$t_what: exit 8" 8
	err_like "$t_what: it says what to do" "$t_ere"
}
printf 'machine 127.0.0.1 login user password secret\n' >"$T/netrc"
printf 'machine 127.0.0.1 login user password wrong\n' >"$T/netrc.wrong"
printf 'token.OF_TEST\n' >"$T/token"
printf 'token.OF_OTHERS\n' >"$T/token.wrong"
chmod 600 "$T/netrc" "$T/netrc.wrong" "$T/token" "$T/token.wrong"
round "Basic" "$DAV_URL/basic/basic.cms" "netrc_file: $T/netrc"
refused "a wrong password" "$DAV_URL/basic/basic.cms" \
    "\(401\); look at the login and the password" \
    "netrc_file: $T/netrc.wrong"
refused "nothing" "$DAV_URL/basic/basic.cms" \
    "set token_file, netrc_file, client_cert or sigv4"
chmod 640 "$T/netrc"
refused "a netrc that others can read" "$DAV_URL/basic/basic.cms" \
    "netrc_file: '$T/netrc': .*0640" "netrc_file: $T/netrc"
chmod 600 "$T/netrc"
round "a bearer's token" "$DAV_URL/bearer/bearer.cms" "token_file: $T/token"
refused "a wrong token" "$DAV_URL/bearer/bearer.cms" \
    "\(401\); look at the token in token_file" \
    "token_file: $T/token.wrong"

# client NAME CA: a client's certificate
client() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$T/$1.key" -out "$T/$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -CA "$2.pem" -CAkey "$2.key" \
	    -CAcreateserial -days 2 -out "$T/$1.crt" 2>/dev/null
	cat "$T/$1.crt" "$T/$1.key" >"$T/$1.both"
	chmod 600 "$T/$1.key" "$T/$1.both"
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$T/otherca.key" -out "$T/otherca.pem" -days 2 \
    -subj '/CN=other CA' 2>/dev/null
client known "$T/pebble/ca"
client unknown "$T/otherca"
round "a client certificate" "$MTLS_URL/mtls/mtls.cms" \
    "client_cert: $T/known.crt" "client_key: $T/known.key"
round "certificate and key in one file" "$MTLS_URL/mtls/mtls.cms" \
    "client_cert: $T/known.both"
refused "no client certificate" "$MTLS_URL/mtls/mtls.cms" \
    "wants a client certificate \(400\); set client_cert and client_key"
refused "one of another CA" "$MTLS_URL/mtls/mtls.cms" \
    "does not take our client certificate" "client_cert: $T/unknown.both"
peer internal "$MTLS_URL/mtls/mtls.cms" pull "client_cert: $T/known.crt" \
    "client_key: $T/unknown.key"
run ferry_at internal pull objects
rc_is "a key that does not fit: exit 2" 2
err_like "it says so" "do client_cert and client_key belong together"

# ------------------------------------------------------------ a proxy
mkdir "$T/proxy"
start proxy /usr/bin/python3 "$T_ROOT/tests/lab/connect_proxy.py" "$T/proxy"
t_must "the proxy" "$T/proxy.log" test -s "$T/proxy/port"
proxy=http://127.0.0.1:$(cat "$T/proxy/port")
url=https://objects.example.com:$DAV_PORT/bearer/bearer.cms
peer internal "$url" pull "token_file: $T/token"
run ferry_at internal pull objects
rc_is "a name that only the proxy knows: exit 3" 3
sed -i "s,^acme:,acme:\n  proxy: $proxy," "$T/internal/config.yml"
run ferry_at internal pull objects
rc_is "through acme.proxy" 0
is "by CONNECT" "$(cat "$T/proxy/connects.log")" \
    "CONNECT objects.example.com:$DAV_PORT"
peer internal "$url" pull "token_file: $T/token"
run env https_proxy="$proxy" "$ACMEFERRY" -c "$T/internal/config.yml" \
    --config-dir "$T/internal/etc" --state-dir "$T/internal/state" pull \
    objects
rc_is "https_proxy counts too" 0

# ------------------------------------------------------------ a URL alone
cp "$T/internal/config.base" "$T/internal/config.yml"
run ferry_at internal pull "$DAV_URL/basic/basic.cms" --netrc-file "$T/netrc" \
    --senders "$T/surrogate.pem"
rc_is "a URL with its settings as options" 0
run ferry_at internal pull "https://user:secret@127.0.0.1/x.cms"
rc_is "a password in it: exit 2" 2
err_unlike "it is not shown" user:secret
peer internal "$DAV_URL/open/www.cms" pull "challenge: true"
run ferry_at internal pull objects
rc_is "challenge: true: exit 2" 2
done_testing
