#!/bin/sh
# SPDX-License-Identifier: ISC
# HTTP-01 responses by sftp into a web root: put, served by nginx, removed, what
# is refused; and a certificate that pebble gives for them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=sftp.sh
. "${0%/*}/sftp.sh"
need curl nginx pebble pebble-challtestsrv certbot openssl
RESPOND=${LAB:-$T_ROOT/build/lab}/respond
[ -x "$RESPOND" ] || skip_all "$RESPOND is not built"

WWW=$T/www
WELL=$WWW/.well-known/acme-challenge
TOKEN=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA
TOKEN2=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
THUMB=9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI
mkdir -p "$WWW" "$T/there/etc"
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
start_web "$WWW"
start_sshd "Subsystem sftp internal-sftp"
ssh_allow
URL=$(at "$SSHD_PORT" "$T/there/etc")
responding() {
	peer "$URL" "challenge: true" "webroot: ${1:-$WWW}"
}

begin() {
	rm -f "$T/fifo" "$T/client.log"
	mkfifo "$T/fifo"
	"$RESPOND" "$T/here/config.yml" far <"$T/fifo" >"$T/client.log" 2>&1 &
	CLIENT=$!
	T_PIDS="$T_PIDS $CLIENT"
	exec 3>"$T/fifo"
	SAID_LINES=0
}
more_said() {
	[ "$(wc -l <"$T/client.log")" -gt "$SAID_LINES" ]
}
order() {
	echo "$@" >&3
	wait_for 30 more_said
	SAID=$(tail -n +$((SAID_LINES + 1)) "$T/client.log")
	SAID_LINES=$((SAID_LINES + 1))
}
finish() {
	exec 3>&-
	wait "$CLIENT"
}
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

# -------------------------------------------------------------- put and removed
responding
begin
order put $TOKEN "$TOKEN.$THUMB"
is "put" "$SAID" ok
is "it is served" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
is "modes" "$(stat -c %a "$WELL/$TOKEN" "$WELL" "$WWW/.well-known" |
    tr '\n' ' ')" "644 755 755 "
order put $TOKEN "$TOKEN.$THUMB"
is "the same once more" "$SAID" ok
order put $TOKEN2 "$TOKEN2.$THUMB"
is "another in the same session" "$(served $TOKEN2)" "$TOKEN2.$THUMB 200"
order remove $TOKEN
is "removed" "$SAID" ok
ok "it is no longer served" not_served $TOKEN
order remove $TOKEN
is "once more: fine" "$SAID" ok
order put $TOKEN "$TOKEN.$THUMB"
finish
ok "what was left goes with the session" empty
is "one connection" "$(grep -c 'Accepted publickey' "$SSHD_LOG")" 1

# -------------------------------------------------------------- refused
begin
order put ../../../../index.html "../../../../index.html.$THUMB"
like "a path for a token" "$SAID" "^usage: .*want a token of 22 to 128"
order put $TOKEN "<script>"
like "something else than a response" "$SAID" "^usage: .*TOKEN.THUMBPRINT"
echo mine >"$WELL/$TOKEN"
order put $TOKEN "$TOKEN.$THUMB"
like "a file that is there" "$SAID" "^store: .*is there already, with another"
order put $TOKEN2 "$TOKEN2.$THUMB"
is "and the session goes on" "$SAID" ok
finish
is "the file that was there stays" "$(ls -A "$WELL") $(cat "$WELL/$TOKEN")" \
    "$TOKEN mine"
printf '%s' "$TOKEN.$THUMB" >"$WELL/$TOKEN"
begin
order put $TOKEN "$TOKEN.$THUMB"
is "the very response that is there: taken" "$SAID" ok
finish
is "and left to whom it belongs" "$(served $TOKEN)" "$TOKEN.$THUMB 200"
touch -d '3 hours ago' "$WELL/$TOKEN"
echo theirs >"$WELL/aaaaaaaaaaaaaaaaaaaaaaaaaaa"
touch -d '3 hours ago' "$WELL/aaaaaaaaaaaaaaaaaaaaaaaaaaa"
begin
order put $TOKEN2 "$TOKEN2.$THUMB"
ok "what a killed session left goes when it is old" not_served $TOKEN
finish
is "and nothing else" "$(ls -A "$WELL")" aaaaaaaaaaaaaaaaaaaaaaaaaaa
rm "$WELL/aaaaaaaaaaaaaaaaaaaaaaaaaaa"

# -------------------------------------------------------------- the web root
one() {
	# one WHAT ERE: a put that is refused so
	begin
	order put $TOKEN "$TOKEN.$THUMB"
	like "$1" "$SAID" "$2"
	finish
}
rm -rf "$WWW/.well-known"
mkdir "$T/elsewhere"
ln -s "$T/elsewhere" "$WWW/.well-known"
one "a link on the way" "^trust: .*is a symbolic link or no directory"
is "nothing was followed" "$(ls -A "$T/elsewhere")" ""
rm "$WWW/.well-known"
ln -s "$WWW" "$T/link"
responding "$T/link"
one "a web root that is a link" "^trust: .*leads over a symbolic link to '$WWW'"
responding "$T/none"
one "no such web root" "^usage: .*'$T/none' cannot be entered"
responding
chmod o+w "$WWW"
one "a web root that all may write" "^trust: .*want it writable by its owner"
chmod o-w "$WWW"
ssh_allow "restrict,command=\"$SFTP_SERVER -R\""
one "a read-only server" "^trust: .*cannot be changed \(.*Permission denied\)"
ssh_allow
begin
order put $TOKEN "$TOKEN.$THUMB"
is "put once more" "$SAID" ok
SFTP=$(tr -d ' ' <"/proc/$CLIENT/task/$CLIENT/children")
kill "$SFTP"
order put $TOKEN2 "$TOKEN2.$THUMB"
like "a link that breaks: exit 3" "$SAID" "^retry: '127\.0\.0\.1': link broken"
finish
rm -rf "$WWW/.well-known"
run ferry_at here config
rc_is "the configuration as it is" 0
peer "$URL" "challenge: true"
run ferry_at here config
rc_is "challenge without webroot: exit 2" 2

# -------------------------------------------------------------- a certificate
NAME=app.example.com
register_at there
write_config internal
run ferry_at internal migrate "$URL" -d $NAME --challenge --webroot "$WWW" \
    --challenge-check "127.0.0.1:$PEBBLE_HTTP_PORT" --identity-file \
    "$SSHD_KEY" --known-hosts-file "$SSHD_KNOWN_HOSTS"
rc_is "migrate sftp://..." 0
err_like "proves the name" "^acmeferry: prove: '$NAME' was proven"
ok "certbot has issued" openssl x509 -noout -checkhost $NAME \
    -in "$T/internal/etc/live/$NAME/cert.pem"
ok "no response is left" empty
like "and the peer is configured" \
    "$(cat "$T/internal/config.d/peer-127.0.0.1.yml")" "url: .*sftp://"
run certbot_at there certonly --dry-run -n -d $NAME --standalone \
    --http-01-address acmeferry..invalid
run ferry_at internal issue -q --force -d $NAME
rc_is "a shut window, as cron runs it" 0
silent "without a word"
done_testing
