#!/bin/sh
# SPDX-License-Identifier: ISC
# What goes wrong when a name is proven through the surrogate: the CA is told
# only where the response is served, and no response is ever left behind.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot sshd ssh nginx jq openssl

NAME=app.example.com
WWW=$T/www
RESPONSES=$WWW/.well-known/acme-challenge
start_acme
mkdir -p "$RESPONSES" "$T/elsewhere"
free_port
PEBBLE_HTTP_PORT=$PORT
start_web "$WWW"
NGINX_PID=$LAST_PID
free_port
OTHER_PORT=$PORT
acme_ctl set http_port="$PEBBLE_HTTP_PORT" >/dev/null
register_at surrogate
start_sshd
ssh_allow_serve read,challenge --webroot "$WWW"

# how often the CA was told to look
told() {
	acme_asked '"path": "/chall/'
}
left_behind() {
	find "$RESPONSES" -type f | wc -l
}
# web DIRECTIVES [DIRECTIVES]: what nginx does from now on, as the surrogate and
# as another one
web() {
	stop "$NGINX_PID"
	awk -v t="$T/web" -v port="$OTHER_PORT" '$1 == "root" {
		print "include " t "/here; } server { listen 127.0.0.1:" port ";"
		print "include " t "/other;"
		next
	} { print }' "$T/web/nginx.conf" >"$T/web/two.conf"
	printf '%s\n' "$1" >"$T/web/here"
	printf '%s\n' "${2:-root $T/www2;}" >"$T/web/other"
	start nginx nginx -e stderr -c "$T/web/two.conf"
	NGINX_PID=$LAST_PID
	wait_for 20 port_open "$PEBBLE_HTTP_PORT"
}
peer() {
	cat <<-E
		  $1:
		    url: $2
		    identity_file: $SSHD_KEY
		    known_hosts_file: $SSHD_KNOWN_HOSTS
		    challenge: true
		    challenge_check: $3
	E
}
# config CHECK [PEER...]: the internal host's, and further peers
config() {
	t_check=$1
	shift
	SSHD_PORT='' write_config internal "peers:
$(peer surrogate "$SSHD_URL" "$t_check")
$(printf '%s\n' "$@")
certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate${PEERS:-}]
  wild.example.com:
    domains: ['*.example.com', wild.example.com]
    peer: [surrogate]"
}
HERE=127.0.0.1:$PEBBLE_HTTP_PORT
config "$HERE"
mkdir -p "$T/internal/etc"
cp -a "$T/surrogate/etc/accounts" "$T/internal/etc/"
issue() {
	run ferry_at internal issue --json "$@"
}
untold() {
	is "$1: the CA was told nothing" "$(told)" "$TOLD"
	is "$1: nothing is left behind" "$(left_behind)" 0
	nok "$1: there is no certificate" test -e "$T/internal/etc/live"
}
TOLD=0

# ------------------------------------------------------------- not served
web "root $T/elsewhere;"
issue -d "$NAME"
rc_is "another web root than the one that is served" 6
err_like "says so" "the web server at $HERE answers 404 where the response"
untold "404"
web "return 200 hello;"
issue -d "$NAME"
rc_is "a server that answers with anything" 6
err_like "says so" "answers with something else: 'hello'"
untold "a wrong body"
web "root $WWW;"

config 127.0.0.1:1
stop "$SSHD_PID"
issue -d "$NAME"
rc_is "the surrogate is down: later, perhaps" 3
untold "down"
config "$HERE"
issue -d "$NAME"
rc_is "its web server alone is up" 3
untold "its web server alone"
start sshd "$(command -v sshd)" -D -e -f "$T/ssh/sshd_config"
SSHD_PID=$LAST_PID
wait_for 20 port_open "$SSHD_PORT"

ssh_allow_serve read
issue -d "$NAME"
rc_is "the right was not granted" 8
untold "no right"
ssh_allow_serve read,challenge --webroot "$WWW"

# ------------------------------------------------------------- warned of
cp -a "$T/internal" "$T/fresh"
# another name on a host as it was, with this check
again() {
	rm -rf "$T/internal"
	cp -a "$T/fresh" "$T/internal"
	NAME=$1
	config "${2:-$HERE}"
}
proven() {
	rc_is "$1" 0
	is "$1: the CA was told once" "$(told)" $((TOLD + 1))
	is "$1: nothing is left behind" "$(left_behind)" 0
	TOLD=$(told)
}
config 127.0.0.1:1
issue -d "$NAME"
proven "a web server that is not reached from here"
err_like "is warned of" "the web server at 127\.0\.0\.1:1 gives no answer: .*\
; going on"

web "root $WWW;
location /.well-known { return 302 http://\$host:$PEBBLE_HTTP_PORT/moved\$uri; }
location /moved/ { alias $WWW/; }"
again two.example.com
acme_ctl set http_port= challenge=valid >/dev/null
issue -d "$NAME"
proven "a redirect"
err_like "is warned of" "redirects to 'http://two\.example\.com:.*; the CA \
will follow"
acme_ctl set http_port="$PEBBLE_HTTP_PORT" >/dev/null
web "root $WWW;"

again three.example.com off
issue -d "$NAME"
proven "with challenge_check: off"
unlike "nginx was only asked by the CA" "$(cat "$T/web/access.log")" \
    '"GET [^"]*" 200 .*acmeferry.*three'

# ------------------------------------------------------------- in vain
again twice.example.com
web "root $T/elsewhere;"
issue -d "$NAME"
rc_is "a pending order stays" 6
token=$(acme_ctl authzs | jq -r '[.[] | select(.status == "pending")] |
    last | .challenges[0].token')
web "root $WWW;"
echo "$token.something-else" >"$RESPONSES/$token"
issue -d "$NAME"
rc_is "something else is there under this name" 4
is "the CA was told nothing" "$(told)" "$TOLD"
ok "it stays" grep -q something-else "$RESPONSES/$token"
web "return 404;"
issue -d "$NAME"
rc_is "also where it is not served" 4
is "the CA was told nothing" "$(told)" "$TOLD"
web "root $WWW;"
thumbprint=$(acme_ctl thumbprint)
echo "$token.$thumbprint" >"$RESPONSES/$token"
issue -d "$NAME"
rc_is "the very response is there already" 0
is "the CA was told" "$(told)" $((TOLD + 1))
ok "it is not ours, and stays" grep -q "$thumbprint" "$RESPONSES/$token"
rm -f "$RESPONSES/$token"
TOLD=$(told)

again four.example.com
acme_ctl set http_port= challenge=invalid >/dev/null
for t_i in 1 2; do
	issue -d "$NAME"
	rc_is "the CA finds it invalid ($t_i)" 6
	err_like "and says why ($t_i)" "Invalid response from http://$NAME"
done
is "it was told twice" "$(told)" $((TOLD + 2))
is "nothing is left behind" "$(left_behind)" 0
issue -d "$NAME"
rc_is "a third time within the hour has to wait" 3
ok "until that is over" test "$(echo "$OUT" | jq .error.retry_after)" -gt 3000
is "it was told no more" "$(told)" $((TOLD + 2))
TOLD=$(told)
acme_ctl set http_port="$PEBBLE_HTTP_PORT" >/dev/null

issue -d wild.example.com,'*.example.com'
rc_is "a wildcard name" 6
err_like "says what can prove it" "HTTP-01 cannot prove a wildcard name; .*DNS-01"
is "the CA was told nothing" "$(told)" "$TOLD"

# ------------------------------------------------------------- several peers
mkdir -p "$T/www2"
cat >"$T/bin/serve-other" <<-X
	#!/bin/sh
	[ ! -e "$T/other-down" ] || exit 255
	exec "$ACMEFERRY" --config-dir "$T/surrogate/etc" --state-dir \\
	    "$T/surrogate/state" serve --allow read,challenge --webroot "$T/www2"
X
chmod 755 "$T/bin/serve-other"
OTHER="  other:
    url: 'exec:'
    command: [$T/bin/serve-other]
    challenge: true
    challenge_check: 127.0.0.1:$OTHER_PORT"
web "root $WWW;"
PEERS=', other'
again six.example.com
config "$HERE" "$OTHER"
issue -d "$NAME"
proven "two web servers that answer"
like "each was looked at" "$(grep -c "acmeferry" "$T/web/access.log")" '^[0-9]+$'
is "nothing is left behind at the other either" \
    "$(find "$T/www2" -type f | wc -l)" 0
again seven.example.com
config "$HERE" "$OTHER"
web "root $WWW;" "root $T/elsewhere;"
issue -d "$NAME"
rc_is "one of two that does not answer with it" 6
is "the CA was told nothing" "$(told)" "$TOLD"
is "nothing is left behind" "$(left_behind)" 0
sed -i "s/command: .*serve-other.*/command: [$(printf '%s' "$T" |
    sed 's,/,\\/,g')\/bin\/nowhere]/" "$T/internal/config.yml"
printf '#!/bin/sh\nexec sleep 30\n' >"$T/bin/nowhere"
chmod 755 "$T/bin/nowhere"
sed -i 's/^    challenge_check: 127.0.0.1:'"$OTHER_PORT"'/&\n    deadline: 1s/' \
    "$T/internal/config.yml"
issue -d "$NAME"
rc_is "one cannot be delivered to, and its web server is up" 3
is "the CA was told nothing" "$(told)" "$TOLD"
sed -i "s/127.0.0.1:$OTHER_PORT/127.0.0.1:1/" "$T/internal/config.yml"
issue -d "$NAME"
proven "one is down altogether: the other answers"
err_like "which is warned of" "'other'"
PEERS=

# ------------------------------------------------------------- pinned
# our order is pending, and the surrogate proves the name in another set
pinned() {
	again "$1"
	web "root $T/elsewhere;"
	issue -d "$NAME"
	rc_is "$1: an order that stays pending" 6
	acme_ctl validate name="$NAME" >"$T/url"
	jq --arg u "$(cat "$T/url")" --arg n "$NAME" '.authorizations += [
	    (.authorizations[] | select(.name == $n)) | .url = $u]' \
	    "$T/internal/state/acme.json" >"$T/acme.json"
	cat "$T/acme.json" >"$T/internal/state/acme.json"
	web "root $WWW;"
	DEACTIVATED=$(acme_asked '"status": "deactivated"')
}
pinned pinned.example.com
issue -d "$NAME"
proven "the pending order, though a valid authorization is known"
is "nothing was deactivated" "$(acme_asked '"status": "deactivated"')" \
    "$DEACTIVATED"
pinned hidden.example.com
ssh_allow_serve read
issue -d "$NAME"
rc_is "where it cannot be proven it is cleared away" 0
err_like "the reason is said" 'grants no right.*challenge|not granted'
is "the CA was told nothing" "$(told)" "$TOLD"
is "it is deactivated" "$(acme_asked '"status": "deactivated"')" \
    $((DEACTIVATED + 1))
ssh_allow_serve read,challenge --webroot "$WWW"

# ------------------------------------------------------------- killed
again five.example.com
acme_ctl set http_port= challenge=wait >/dev/null
waits() {
	[ "$(left_behind)" -eq 1 ] && [ "$(told)" -gt "$TOLD" ]
}
gone() {
	[ "$(left_behind)" -eq 0 ]
}
for t_signal in KILL TERM; do
	start "killed-$t_signal" "$ACMEFERRY" -c "$T/internal/config.yml" \
	    issue -d "$NAME"
	ok "it waits for the CA ($t_signal)" wait_for 20 waits
	kill "-$t_signal" "$LAST_PID"
	wait "$LAST_PID" 2>/dev/null
	ok "the far end removes what a killed client has put ($t_signal)" \
	    wait_for 20 gone
	TOLD=$(told)
done
acme_ctl set http_port="$PEBBLE_HTTP_PORT" >/dev/null
done_testing
