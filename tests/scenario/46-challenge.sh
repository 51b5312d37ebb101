#!/bin/sh
# SPDX-License-Identifier: ISC
# HTTP-01 responses over ssh, exec: and into a directory: put, served by nginx,
# removed, whoever ends first and how; and what is refused.
. "${0%/*}/lib.sh"
need jq curl nginx python3
RESPOND=${LAB:-$T_ROOT/build/lab}/respond
[ -x "$RESPOND" ] || skip_all "$RESPOND is not built"

SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory
RSA=f1a42f8f4dd6a9117b665fd2d9952409
WWW=$T/www
WELL=$WWW/.well-known/acme-challenge
TOKEN=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA
TOKEN2=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
TOKEN3=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

# account NAME ID URI: a fixture into the surrogate's store
account() {
	mkdir -p "$T/surrogate/$ACCOUNTS/$2"
	cp "$T_ROOT/tests/fixtures/accounts/$1"/*.json \
	    "$T/surrogate/$ACCOUNTS/$2"
	printf '{"body": {}, "uri": "%s"}' "$3" \
	    >"$T/surrogate/$ACCOUNTS/$2/regr.json"
	chmod -R go-rwx "$T/surrogate/etc/accounts"
}
# thumbprint NAME: RFC 7638, of a fixture
thumbprint() {
	python3 - "$T_ROOT/tests/fixtures/accounts/$1/private_key.json" <<-E
		import base64, hashlib, json, sys
		k = json.load(open(sys.argv[1]))
		names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
		text = json.dumps({n: k[n] for n in names[k["kty"]]},
		                  separators=(",", ":"), sort_keys=True)
		print(base64.urlsafe_b64encode(
		    hashlib.sha256(text.encode()).digest()).decode().rstrip("="))
	E
}
store surrogate
account rsa2048 $RSA https://ca.example.com/acct/1
THUMB=$(thumbprint rsa2048)
OTHER=$(thumbprint rsa3072)
mkdir -p "$WWW" "$T/internal" "$T/fifo"
free_port
PEBBLE_HTTP_PORT=$PORT
start_web "$WWW"
start_sshd

# peer URL [LINE...]: the configuration of the internal host
peer() {
	t_url=$1
	shift
	{
		printf 'peers:\n  www:\n    url: "%s"\n    challenge: true\n' \
		    "$t_url"
		for t_line in "$@"; do
			printf '    %s\n' "$t_line"
		done
	} >"$T/internal/config.yml"
	chmod 600 "$T/internal/config.yml"
}
over_ssh() {
	peer "$SSHD_URL" "identity_file: $SSHD_KEY" \
	    "known_hosts_file: $SSHD_KNOWN_HOSTS"
}
allow() {
	ssh_allow_serve "$1" --webroot "$WWW" --client internal "${2:-}"
}

# begin N: a client whose orders are written to descriptor N
begin() {
	rm -f "$T/fifo/$1" "$T/client$1.log"
	mkfifo "$T/fifo/$1"
	"$RESPOND" "$T/internal/config.yml" www <"$T/fifo/$1" \
	    >"$T/client$1.log" 2>&1 &
	LAST_PID=$!
	T_PIDS="$T_PIDS $LAST_PID"
	case $1 in
	3) exec 3>"$T/fifo/3" ;;
	4) exec 4>"$T/fifo/4" ;;
	esac
	eval "CLIENT$1=$LAST_PID SAID$1=0"
}
more_said() {
	[ "$(wc -l <"$T/client$1.log")" -gt "$2" ]
}
# order N WORD...: what the client says to it, in SAID
order() {
	t_n=$1
	t_said=0
	shift
	eval "t_said=\$SAID$t_n"
	case $t_n in
	3) echo "$@" >&3 ;;
	4) echo "$@" >&4 ;;
	esac
	wait_for 30 more_said "$t_n" "$t_said"
	SAID=$(tail -n +$((t_said + 1)) "$T/client$t_n.log")
	eval "SAID$t_n=$((t_said + 1))"
}
close_fd() {
	case $1 in
	3) exec 3>&- ;;
	4) exec 4>&- ;;
	esac
}
gone() {
	! kill -0 "$1" 2>/dev/null
}
# finish N: its input ends, and it
finish() {
	close_fd "$1"
	t_pid=
	eval "t_pid=\$CLIENT$1"
	wait "$t_pid"
}
# served TOKEN: what the web server answers
served() {
	curl -s --max-time 5 -w ' %{http_code}' \
	    "http://127.0.0.1:$PEBBLE_HTTP_PORT/.well-known/acme-challenge/$1" |
	    tail -n 1
}
not_served() {
	case $(served "$1") in
	*' 404') return 0 ;;
	esac
	return 1
}
empty() {
	[ -z "$(ls -A "$WELL")" ]
}

# ------------------------------------------------------------ over ssh
over_ssh
allow read,challenge
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
is "put" "$SAID" ok
is "it is served" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
is "its mode" "$(stat -c %a "$WELL/$TOKEN")" 644
is "and its directory's" "$(stat -c %a "$WELL")" 755
order 3 put $TOKEN "$TOKEN.$THUMB"
is "the same once more" "$SAID" ok
order 3 put $TOKEN2 "$TOKEN2.$THUMB"
is "another, in the same session" "$(served $TOKEN2)" "$TOKEN2.$THUMB 200"
order 3 remove $TOKEN
is "removed" "$SAID" ok
ok "it is no longer served" not_served $TOKEN
is "the other one is" "$(served $TOKEN2)" "$TOKEN2.$THUMB 200"
order 3 remove $TOKEN3
is "one that never was: fine" "$SAID" ok
finish 3
ok "what was left goes with the session" empty
LEDGER=$(cat "$T/surrogate/state/ledger.jsonl")
like "the ledger has each" "$LEDGER" "\"client\": \"internal\", \"connection\": \
\"127.0.0.1 .*\"id\": \"$RSA\", \"operation\": \"put\", \"result\": \"ok\""
like "and the session" "$LEDGER" '"operation": "challenge", "result": "ok"'

# ------------------------------------------------------------ refused
begin 3
order 3 put $TOKEN "$TOKEN.$OTHER"
is "another account's: refused" "$SAID" "trust: '127.0.0.1': the far end says: \
'$TOKEN': is not for an account that this key may answer for"
order 3 put ../../../../index.html "../../../../index.html.$THUMB"
like "a path for a token: refused" "$SAID" "^error: .*want a token of 22 to 128"
order 3 put $TOKEN "<script>"
like "something else than a response: refused" "$SAID" "^error: .*TOKEN.THUMBPRINT"
mkdir -p "$WELL"
echo mine >"$WELL/$TOKEN"
order 3 put $TOKEN "$TOKEN.$THUMB"
like "a file that is there: refused" "$SAID" "^store: .*is there already, with \
another content"
order 3 put $TOKEN2 "$TOKEN2.$THUMB"
is "and the session goes on" "$SAID" ok
finish 3
is "the file that was there stays" "$(ls -A "$WELL") $(cat "$WELL/$TOKEN")" \
    "$TOKEN mine"
rm "$WELL/$TOKEN"
printf '%s' "$TOKEN.$THUMB" >"$WELL/$TOKEN"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
is "the very response that is there: taken" "$SAID" ok
order 3 remove $TOKEN
finish 3
is "and left to whom it belongs" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
rm "$WELL/$TOKEN"

# the grant by account and by name
account rsa3072 01234567890123456789012345678901 https://ca.example.com/acct/2
allow challenge "--account https://ca.example.com/acct/2"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "--account: the other one is refused" "$SAID" "^trust: .*may answer for"
order 3 put $TOKEN "$TOKEN.$OTHER"
is "this one is taken" "$SAID" ok
finish 3
allow challenge "--name app.example.com"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "--name without such a certificate: none" "$SAID" "^trust: "
finish 3
allow challenge "--server https://other.example.com/directory"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "--server: none of another's" "$SAID" "^trust: "
finish 3
ssh_allow_serve read
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
is "the right to read only: exit 8" "$SAID" "trust: '127.0.0.1': the far end \
says: the right 'challenge' was not granted to this key; 'acmeferry \
authorize' there prints how to"
order 3 put $TOKEN "$TOKEN.$THUMB"
like "and the same for all that follow" "$SAID" "^trust: .*not granted"
finish 3
allow challenge
run ferry_at internal pull www
rc_is "the right to challenge is none to read" 8
ssh_allow ""
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "no forced command, thus no web root: exit 8" "$SAID" "^trust: \
'127.0.0.1': takes no challenge responses: .*--webroot DIR here"
finish 3
ok "nothing is left of all that" empty

# the command line of serve
run ferry_at surrogate serve --allow challenge
rc_is "serve without a web root: exit 2" 2
run ferry_at surrogate serve --allow read --webroot "$WWW"
rc_is "a web root without the right: exit 2" 2

# ------------------------------------------------------------ the web root
rm -rf "$WWW/.well-known"
mkdir "$T/elsewhere"
ln -s "$T/elsewhere" "$WWW/.well-known"
allow read,challenge
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "a link on the way: refused" "$SAID" "^trust: .*is a symbolic link"
finish 3
is "nothing was followed" "$(ls -A "$T/elsewhere")" ""
rm "$WWW/.well-known"
chmod o+w "$WWW"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "a web root that all may write: refused" "$SAID" "^trust: .*'chmod o-w \
$WWW' sets it"
finish 3
chmod o-w "$WWW"
ssh_allow_serve read,challenge --webroot "$T/none"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
like "a web root that is not there" "$SAID" "^error: .*no such directory"
finish 3
run ferry_at internal pull www --server $SERVER --account $RSA
rc_is "keeps nobody from reading" 0

# ------------------------------------------------------------ who dies first
allow challenge
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
is "put again" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
kill -9 "$CLIENT3"
ok "the client is killed: the response goes" wait_for 20 not_served $TOKEN
close_fd 3
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
kill "$CLIENT3"
ok "the client is ended: the response goes" wait_for 20 not_served $TOKEN
close_fd 3

# two at once, with a response of their own and a common one
begin 3
begin 4
order 3 put $TOKEN "$TOKEN.$THUMB"
order 4 put $TOKEN "$TOKEN.$THUMB"
is "two sessions, one response" "$SAID" ok
order 4 put $TOKEN2 "$TOKEN2.$THUMB"
finish 4
is "the second one ends: it stays" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
ok "its own is gone" not_served $TOKEN2
finish 3
ok "the first one ends: it goes" not_served $TOKEN

# serve itself, whose number is known
cat >"$T/bin/serve" <<-E
	#!/bin/sh
	echo \$\$ >"$T/serve.pid"
	exec "$T/bin/acmeferry" serve --allow challenge --webroot "$WWW"
E
chmod 755 "$T/bin/serve"
for sig in TERM HUP INT; do
	peer exec: "command: [$T/bin/serve]"
	begin 3
	order 3 put $TOKEN "$TOKEN.$THUMB"
	is "exec: put" "$SAID" ok
	kill -$sig "$(cat "$T/serve.pid")"
	ok "SIG$sig to serve: the response goes" wait_for 20 not_served $TOKEN
	order 3 put $TOKEN2 "$TOKEN2.$THUMB"
	like "SIG$sig: the client hears that the link is broken" "$SAID" \
	    "^retry: 'www': link broken"
	finish 3
done
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
kill -9 "$(cat "$T/serve.pid")"
order 3 remove $TOKEN
like "SIGKILL: the client hears it" "$SAID" "^retry: 'www': link broken"
is "and the response stays" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
finish 3
begin 3
order 3 put $TOKEN2 "$TOKEN2.$THUMB"
is "for a while, since it may be another's" "$(served $TOKEN)" \
    "$TOKEN.$THUMB 200"
finish 3
touch -d '3 hours ago' "$WELL/$TOKEN"
begin 3
order 3 put $TOKEN2 "$TOKEN2.$THUMB"
ok "the next session after that removes it" not_served $TOKEN
finish 3
ok "and its own" empty

# ------------------------------------------------------------ a directory
peer "file://$T/surrogate/etc" "webroot: $WWW"
begin 3
order 3 put $TOKEN "$TOKEN.$THUMB"
is "a directory: put" "$SAID" ok
is "it is served" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
order 3 put $TOKEN2 "$TOKEN2.$THUMB"
order 3 remove $TOKEN2
ok "removed" not_served $TOKEN2
kill "$CLIENT3"
ok "the client is ended: the response goes" wait_for 20 not_served $TOKEN
close_fd 3
peer "file://$T/surrogate/etc"
run ferry_at internal pull www --server $SERVER
rc_is "a directory with challenge and without a web root: exit 2" 2
err_like "it says so" "webroot: is missing"

# ------------------------------------------------------------ far ends that lie
for fault in old other-token no-answer refused-ok; do
	peer exec: "command: [python3, $T_ROOT/tests/lab/peer.py, $fault]"
	begin 3
	order 3 put $TOKEN "$TOKEN.$THUMB"
	case $fault in
	old)
		want="error: 'www': the acmeferry there does not know how to \
put challenge responses; update it" ;;
	other-token)
		want="error: 'www': found an answer about the token 'x', want \
one about '$TOKEN'" ;;
	no-answer)
		want="retry: 'www': link broken before the end of the answer; \
nothing was changed here" ;;
	refused-ok)
		want="error: 'www': found the result 'refused' with code 'ok' \
for a response, want one that this acmeferry" ;;
	esac
	like "$fault" "$SAID" "^$want"
	finish 3
done
done_testing
