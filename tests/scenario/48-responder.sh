#!/bin/sh
# SPDX-License-Identifier: ISC
# responder: what it prints makes nginx, Apache, Caddy and HAProxy prove names
# with no state and no delivery, each tried with the server itself; and the
# records that it prints for DNS.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot jq openssl nginx apache2 caddy haproxy

start_dns
PEBBLE_VA_ALWAYS_VALID=0
PEBBLE_AUTHZREUSE=0
start_pebble
register_at internal || exit 1
ID=$ACCOUNT_ID
write_config internal
TOKEN=0123456789abcdefghijABCDEFGHIJ_-0123456789x
FOLDER=/.well-known/acme-challenge

# fetch PATH: status, content type, location and body of what is served
fetch() {
	python3 - "$PEBBLE_HTTP_PORT" "$1" <<-'P'
		import http.client, sys
		c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]),
		                               timeout=20)
		c.request("GET", sys.argv[2], headers={"Host": "any.example.com"})
		r = c.getresponse()
		print(r.status, r.getheader("Content-Type"),
		      r.getheader("Location"), r.read().decode())
	P
}

# ------------------------------------------------------------- the servers
conf_nginx() {
	cat <<-X
		daemon off;
		master_process off;
		pid $T/nginx/pid;
		error_log stderr;
		events { }
		http {
		  access_log off;
		  client_body_temp_path $T/nginx/body;
		  proxy_temp_path $T/nginx/proxy;
		  fastcgi_temp_path $T/nginx/fastcgi;
		  uwsgi_temp_path $T/nginx/uwsgi;
		  scgi_temp_path $T/nginx/scgi;
		  server {
		    listen 127.0.0.1:$PEBBLE_HTTP_PORT;
		    include $T/nginx/acmeferry;
		    location / { return 301 https://\$host\$request_uri; }
		  }
		}
	X
}
test_nginx() { nginx -e stderr -t -c "$T/nginx/conf"; }
run_nginx() { exec nginx -e stderr -c "$T/nginx/conf"; }

conf_apache() {
	for mod in mpm_event authz_core alias rewrite headers; do
		echo "LoadModule ${mod}_module" \
		    "/usr/lib/apache2/modules/mod_$mod.so"
	done
	cat <<-X
		ServerRoot $T/apache
		PidFile $T/apache/pid
		ErrorLog $T/apache/error
		DefaultRuntimeDir $T/apache
		ServerName localhost
		Listen 127.0.0.1:$PEBBLE_HTTP_PORT
		<VirtualHost 127.0.0.1:$PEBBLE_HTTP_PORT>
		  DocumentRoot $T/apache
		  RedirectMatch permanent "^/(?!\\.well-known/acme-challenge/)(.*)" https://other/\$1
		  Include $T/apache/acmeferry
		</VirtualHost>
	X
}
test_apache() { apache2 -t -f "$T/apache/conf"; }
run_apache() { exec apache2 -X -f "$T/apache/conf"; }

conf_caddy() {
	cat <<-X
		{
		  admin off
		  auto_https off
		  storage file_system $T/caddy
		}
		http://:$PEBBLE_HTTP_PORT {
		  bind 127.0.0.1
		  import $T/caddy/acmeferry
		  handle {
		    redir https://{host}{uri} permanent
		  }
		}
	X
}
test_caddy() {
	caddy validate --adapter caddyfile --config "$T/caddy/conf"
}
run_caddy() {
	exec caddy run --adapter caddyfile --config "$T/caddy/conf"
}

# it has nothing to include a file with: the lines stand in the frontend
conf_haproxy() {
	cat <<-X
		global
		  maxconn 20
		defaults
		  mode http
		  timeout connect 9s
		  timeout client 9s
		  timeout server 9s
		frontend http
		  bind 127.0.0.1:$PEBBLE_HTTP_PORT
	X
	cat "$T/haproxy/acmeferry"
	echo '  http-request redirect scheme https code 301'
}
test_haproxy() { haproxy -c -f "$T/haproxy/conf"; }
run_haproxy() { exec haproxy -db -f "$T/haproxy/conf"; }

try() {
	mkdir "$T/$1"
	run ferry_at internal responder "$1"
	rc_is "responder $1" 0
	printf '%s\n' "$OUT" >"$T/$1/acmeferry"
	"conf_$1" >"$T/$1/conf"
	ok "$1 takes it" "test_$1"
	start "$1" "run_$1"
	t_must "$1" "$T/$1.log" port_open "$PEBBLE_HTTP_PORT"
	is "$1 answers any token" "$(fetch "$FOLDER/$TOKEN")" \
	    "200 text/plain None $TOKEN.$THUMB"
	is "$1: a query makes no difference" "$(fetch "$FOLDER/$TOKEN?a=b")" \
	    "200 text/plain None $TOKEN.$THUMB"
	for t_bad in "$FOLDER/short" "$FOLDER/$TOKEN/" "$FOLDER/$TOKEN/x" \
	    "$FOLDER/%3Cb%3E$TOKEN" "$FOLDER/<b>$TOKEN" "/x$FOLDER/$TOKEN" \
	    "$FOLDER/$TOKEN$TOKEN$TOKEN" "$FOLDER/"; do
		unlike "$1 does not answer $t_bad" "$(fetch "$t_bad")" \
		    "$THUMB|^200"
	done
	like "$1 redirects the rest" "$(fetch /index.html)" \
	    '^301 .* https://.*/index.html'
	# certbot has an account that nobody proved, and does nothing itself
	run certbot_at internal certonly -n --manual --manual-auth-hook \
	    /bin/true --preferred-challenges http -d "$1.example.com" \
	    -d "www.$1.example.com" --account "$ID"
	rc_is "certbot has names proven by $1 alone" 0
	ok "and got them" sh -c "openssl x509 -noout -ext subjectAltName \
	    -in '$T/internal/etc/live/$1.example.com/cert.pem' |
	    grep -q 'www.$1.example.com'"
	stop "$LAST_PID"
	wait_for 20 sh -c "! grep -qi ':$(printf %04X "$PEBBLE_HTTP_PORT") \
[0-9A-F:]* 0A' /proc/net/tcp"
}

run ferry_at internal responder nginx --json
rc_is "responder with JSON" 0
json_is "one account" '.responder | map(.kind + " " + .server + " " +
    .account + " " + .result) | join("\n")' "nginx $PEBBLE_DIR_URL $ID ok"
THUMB=$(jq -r '.responder[0].thumbprint' "$T/out")
like "its thumbprint" "$THUMB" '^[-_A-Za-z0-9]{43}$'
json_is "and the configuration" \
    '.responder[0].configuration | contains("1.'"$THUMB"'")' true
# the thumbprint by RFC 7638, from certbot's file, by another program
is "which is the key's" "$THUMB" "$(python3 - \
    "$T/internal/etc/$PEBBLE_ACCOUNTS/$ID/private_key.json" <<'P'
import base64, hashlib, json, sys
k = json.load(open(sys.argv[1]))
t = json.dumps({n: k[n] for n in ("e", "kty", "n")}, sort_keys=True,
               separators=(",", ":"))
print(base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest())
      .decode().rstrip("="))
P
)"
run certbot_at internal certonly -n --manual --manual-auth-hook /bin/true \
    --preferred-challenges http -d first.example.com
rc_is "with no server, certbot gets nothing" 1

try nginx
try apache
try caddy
try haproxy
run ferry_at internal responder nginx
out_like "the names that are known are told" \
    '^# Names:.* nginx.example.com www.nginx.example.com'

# ------------------------------------------------------------- DNS
URL=$(jq -r .uri "$T/internal/etc/$PEBBLE_ACCOUNTS/$ID/regr.json")
run ferry_at internal responder dns
rc_is "what a CA is called in CAA is not guessed" 2
err_like "says where it stands" 'caaIdentities.*--caa'
run ferry_at internal responder dns --caa 'x";'
rc_is "nor is anything else taken" 2
run ferry_at internal responder dns --caa pebble.example.com
rc_is "dns" 0
W='pebble.example.com; accounturi='$URL
out_like "CAA for each name" "^www.caddy.example.com. IN CAA 0 issue \"$W\"\$"
out_like "dns-persist-01 too" \
    "^_validation-persist.haproxy.example.com. IN TXT \"$W\"\$"
out_like "which may not be live" '^; may not be live at the CA'
run ferry_at internal responder dns --caa pebble.example.com \
    -d '*.example.com' -d example.com,'*.b.example.com' -d bücher.example
is "wildcards and others" "$(echo "$OUT" | grep -v '^;')" \
    "example.com. IN CAA 0 issuewild \"$W\"
example.com. IN CAA 0 issue \"$W\"
b.example.com. IN CAA 0 issuewild \"$W\"
xn--bcher-kva.example. IN CAA 0 issue \"$W\"
_validation-persist.example.com. IN TXT \"$W; policy=wildcard\"
_validation-persist.b.example.com. IN TXT \"$W; policy=wildcard\"
_validation-persist.xn--bcher-kva.example. IN TXT \"$W\""
is "each line that is no comment is a record" "$(echo "$OUT" |
    grep -vcE '^(;.*|[a-z0-9._-]+\. IN (CAA 0 issue(wild)?|TXT) "[^"\\]+")$')" 0
run ferry_at internal responder nginx --caa pebble.example.com
rc_is "--caa is for dns" 2
run ferry_at internal responder lighttpd
rc_is "no such server" 2
err_like "says which there are" 'nginx, apache, caddy, haproxy or dns'

# known CAs; the account's URL as it is today; what cannot be a record
store le
LE=$T/le/etc/accounts/acme-v02.api.letsencrypt.org/directory
(umask 077 && mkdir -p "$LE")
cp -a "$T/internal/etc/$PEBBLE_ACCOUNTS/$ID" "$LE/"
regr() {
	printf '{"body": {}, "uri": "%s"}' "$1" >"$LE/$ID/regr.json"
}
regr https://acme-v01.api.letsencrypt.org/acme/reg/12
run ferry_at le responder dns -d app.example.com
rc_is "Let's Encrypt is known" 0
out_like "with today's account URL" "\"letsencrypt.org; \
accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/12\"\$"
regr 'https://acme-v02.api.letsencrypt.org/acct/1;x'
run ferry_at le responder dns -d app.example.com
rc_is "a URL that would end the value" 4
run ferry_at le responder dns
rc_is "no name is known" 2
err_like "says how to give them" 'its names are not known; give them with -d'

# several accounts
certbot_at internal register -n --agree-tos -m x@example.com --no-eff-email \
    >/dev/null 2>&1
rm -rf "$T/two"
cp -a "$T/internal" "$T/two"
sed -i "s,$T/internal,$T/two,g" "$T/two/config.yml" "$T/two/etc/renewal"/*
mv "$T/two/etc/$PEBBLE_ACCOUNTS/$ID" "$T/two/$ID"
certbot_at two register -n --agree-tos -m y@example.com --no-eff-email \
    >/dev/null 2>&1
OTHER=$(ls "$T/two/etc/$PEBBLE_ACCOUNTS")
mv "$T/two/$ID" "$T/two/etc/$PEBBLE_ACCOUNTS/"
run ferry_at two responder nginx
rc_is "one of several has to be chosen" 4
err_like "from the list" "several accounts: .*$ID \(used by apache.example.com,\
.*; choose one with --account"
run ferry_at two responder nginx --account "$OTHER"
rc_is "by --account" 0
out_unlike "another thumbprint" "$THUMB"
run ferry_at two responder nginx -d caddy.example.com
rc_is "or by a name" 0
out_like "that the account serves" "$THUMB"
run ferry_at two responder dns --caa pebble.example.com
rc_is "records of all that have names" 0
out_like "are printed" "accounturi=$URL\""
rm "$T/two/etc/$PEBBLE_ACCOUNTS/$OTHER/private_key.json"
run ferry_at two responder nginx --account "$OTHER"
rc_is "an account with no key" 4
run ferry_at two responder nginx --server https://none.example/dir
rc_is "a server with no account" 5
done_testing
