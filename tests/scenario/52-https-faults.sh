#!/bin/sh
# SPDX-License-Identifier: ISC
# An object store that does everything wrong: nothing is ever written by half,
# the exit code is the table's, and the message says what to do.
. "${0%/*}/lib.sh"
# shellcheck source=https.sh
. "${0%/*}/https.sh"
need jq python3 openssl
start_objects
for s in surrogate internal; do
	host $s
done
put surrogate rsa2048 https://ca.example.com/acct/1
RSA=$ACCOUNT_ID
URL=$OBJECTS_URL/www.cms
OBJECT=$OBJECTS/object
peer surrogate "$URL" push "deadline: 2s"
peer internal "$URL" pull "deadline: 2s"

uri() {
	printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' "$1" \
	    >"$T/surrogate/$ACCOUNTS/$RSA/regr.json"
}
# what a fault must not change; only what is not known to be there is kept
here() {
	digest_of "$T/internal/etc"
	ls "$T/internal/state" "$T/surrogate/state"
	[ ! -e "$OBJECT" ] || sha256sum "$OBJECT"
	find "$T/internal" "$T/surrogate" -name '.acmeferry-*'
}
# bad WHAT RC ERE DIRECTION LINE...: a pull or push that fails
bad() {
	t_what=$1 t_code=$2 t_ere=$3 t_way=$4
	shift 4
	objects_do "$@"
	t_before=$(here)
	if [ "$t_way" = pull ]; then
		run ferry_at internal --json pull objects
	else
		run ferry_at surrogate --json push objects
	fi
	objects_do
	rc_is "$t_what: exit $t_code" "$t_code"
	like "$t_what: the message" \
	    "$(printf '%s\n' "$OUT" | jq -r .error.message)" "$t_ere" || t_last
	[ -n "${CHANGES:-}" ] ||
	    is "$t_what: nothing is changed" "$(here)" "$t_before"
}

# ------------------------------------------------------------ to read
ok "there is a bundle" ferry_at surrogate push objects
ok "and it can be read" ferry_at internal pull objects
# what was read is remembered, and so no body is asked for: forget that
forget() {
	rm -rf "$T/internal/state/bundles"
}
while read -r status rc ere; do
	bad "GET: $status" "$rc" "$ere" pull "status GET $status"
done <<'E'
401 8 it wants to know who we are: set token_file, netrc_file
403 8 is not for us to read \(403\)
404 1 nothing is there
410 1 nothing is there
409 4 conflict \(409\)
412 4 another sender writes there
429 3 too many requests \(429\); try again later
500 3 cannot serve us now \(500\); try again later
502 3 cannot serve us now \(502\); try again later
503 3 cannot serve us now \(503\); try again later
400 1 400: is no answer that an object store gives
206 1 206: is no answer
204 1 204: is no answer
E
bad "Retry-After" 3 "503" pull "status GET 503 Retry-After: 77"
json_is "is told" .error.retry_after 77
bad "a redirect" 1 "redirects \(302\) to 'https://127.0.0.1:1/x', which is not \
followed" pull "status GET 302 Location: https://127.0.0.1:1/x"
forget
CHANGES=1 bad "a 304 that nobody asked for" 1 "304: is no answer" pull \
    "status GET 304"
bad "a page of HTML" 1 "answers with an HTML page" pull "type text/html"
cp "$OBJECT" "$T/good.cms"
SIZE=$(stat -c %s "$OBJECT")
for tenth in 0 1 2 3 4 5 6 7 8 9; do
	bad "the link is cut at $tenth/10 of the bundle" 3 "was cut off" pull \
	    "cut GET $((SIZE * tenth / 10))"
done
bad "it accepts and says nothing" 3 "deadline passed" pull "stall GET"
bad "100 MiB" 1 "longer than 34603008 bytes; is the URL right" pull "long"
: >"$OBJECT"
bad "an empty object" 1 "is empty, want a bundle that acmeferry sealed; copy it \
again, or have its sender push it anew" pull
printf '<html>login</html>' >"$OBJECT"
bad "another thing" 1 "is no bundle that acmeferry sealed.*; copy it again" pull
cp "$T/good.cms" "$OBJECT"
bad "an expired certificate" 8 "certificate has expired" pull \
    "certificate expired"
bad "another host's certificate" 8 "certificate is refused.*(name|127.0.0.1)" \
    pull "certificate wrong-name"
bad "a certificate of nobody" 8 "self-signed|not trusted" pull \
    "certificate self-signed"
bad "a server that wants to know us by TLS" 8 "client certificate" pull \
    "certificate wants-client"
run ferry_at internal --json pull objects
rc_is "a store that is well again" 0
json_is "has what we have" '.peers[0].unchanged[0].id' "$RSA"

# ------------------------------------------------------------ to write
uri 2
while read -r status rc ere; do
	CHANGES=1 bad "PUT: $status" "$rc" "$ere" push "status PUT $status"
	ok "PUT: $status: the object is the old one" cmp "$OBJECT" "$T/good.cms"
done <<'E'
401 8 is not to be written by us \(401\)
403 8 is not to be written by us \(403\)
404 1 nothing can be put there; is the bucket or the folder there
405 1 it takes no PUT
409 4 another sender writes there, or its folder does not exist
412 4 was changed meanwhile \(412\): another sender writes there
413 1 the bundle is too long for it
429 3 too many requests \(429\); try again later
500 3 cannot serve us now \(500\); try again later
503 3 cannot serve us now \(503\); try again later
507 3 cannot serve us now \(507\); try again later
E
CHANGES=1 bad "PUT: Retry-After" 3 "429" push "status PUT 429 Retry-After: 77"
json_is "PUT: is told" .error.retry_after 77
bad "PUT: an expired certificate" 8 "certificate has expired" push \
    "certificate expired"
bad "PUT: another host's certificate" 8 \
    "certificate is refused.*(name|127.0.0.1)" push "certificate wrong-name"
CHANGES=1 bad "PUT: a redirect" 1 "redirects \(307\)" push \
    "status PUT 307 Location: $URL"
for tenth in 0 1 2 3 4 5 6 7 8 9; do
	CHANGES=1 bad "the link is cut at $tenth/10 of what is sent" 3 \
	    "cut off|no TLS" push "cut PUT $((SIZE * tenth / 10))"
	ok "cut at $tenth/10: the object is the old one" cmp "$OBJECT" \
	    "$T/good.cms"
done
CHANGES=1 bad "it takes all and says nothing" 3 "deadline passed" push \
    "stall PUT"
CHANGES=1 bad "somebody else's behind ours" 4 \
    "not what was written; does another sender write there" push "replace"
cp "$T/good.cms" "$OBJECT"
CHANGES=1 bad "half of it is kept" 4 "not what was written" push \
    "truncate 100"
cp "$T/good.cms" "$OBJECT"
CHANGES=1 bad "the answer to a PUT is lost" 3 "cut off" push "answer-lost"
nok "then it is there" cmp "$OBJECT" "$T/good.cms"
asked >"$T/ignored"
run ferry_at surrogate --json push objects
rc_is "the next push is good" 0
like "it says what it replaces" "$(asked)" \
    "^PUT /www.cms 201 0 If-Match=\"[0-9a-f]{16}\"\$"
run ferry_at internal --json pull objects --prefer source
rc_is "and can be read" 0
ok "all of it" cmp "$T/surrogate/$ACCOUNTS/$RSA/regr.json" \
    "$T/internal/$ACCOUNTS/$RSA/regr.json"
rm "$OBJECT"
uri 3
objects_do "status PUT 501"
asked >"$T/ignored"
run ferry_at surrogate push objects
rc_is "a store that takes no PUT at all: exit 3" 3
is "one that knows no conditions is asked once more without" \
    "$(asked | grep PUT | cut -d' ' -f1,3,5)" "PUT 501 If-None-Match=*
PUT 501 -"

# ------------------------------------------------------------ others meanwhile
peer surrogate "$URL" push "deadline: 25s"
objects_do "stall PUT"
asked >"$T/ignored"
start stalled "$T_PROGRAM" -c "$T/surrogate/config.yml" --config-dir \
    "$T/surrogate/etc" --state-dir "$T/surrogate/state" push objects
ok "a push to a store that stalls" wait_for 20 grep stall \
    "$OBJECTS/requests.log"
run ferry_at surrogate -v push "file://$T/stick.cms" --recipients \
    "$T/internal.pem"
rc_is "keeps no push to another place" 0
err_unlike "which does not wait for it" "is held by"
stop "$LAST_PID"
objects_do
done_testing
