#!/bin/sh
# SPDX-License-Identifier: ISC
# issuer: peer: an internal host with no account and no way to the CA gets its
# certificates from the surrogate, which never sees a key of theirs.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot nginx jq openssl python3

NAME=app.example.com
OTHER=other.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
PEBBLE_AUTHZREUSE=100
start_pebble
cert_at surrogate "$NAME" || exit 1
start_sshd
write_config surrogate "lock_timeout: 1s"
mkdir "$T/www"

# grant RIGHTS [FLAG...]: what the internal host's key may do there
grant() {
	t_allow=$1
	shift
	ssh_allow "restrict,command=\"$ACMEFERRY -c $T/surrogate/config.yml \
serve --allow $t_allow --client internal $*\""
}
# internal [LINE]: its configuration.  No ca_file, no account, and a proxy that
# is not there: whatever it asked of the CA would fail.
internal() {
	store internal
	cat >"$T/internal/config.yml" <<-E
		certbot:
		  config_dir: $T/internal/etc
		  work_dir: $T/internal/work
		  logs_dir: $T/internal/logs
		  program: $CERTBOT
		state_dir: $T/internal/state
		acme:
		  server: $PEBBLE_DIR_URL
		  proxy: http://127.0.0.1:1
		peers:
		  surrogate:
		    url: $SSHD_URL
		    identity_file: $SSHD_KEY
		    known_hosts_file: $SSHD_KNOWN_HOSTS
		certificates:
		  $NAME:
		    domains: [$NAME]
		    peer: [surrogate]
		    issuer: peer
		    deploy_hook: [$T/bin/deploy]
		  $OTHER:
		    domains: [$OTHER]
		    peer: [surrogate]
		    issuer: peer
	E
	chmod 600 "$T/internal/config.yml"
}
cat >"$T/bin/deploy" <<-E
	#!/bin/sh
	echo "\$RENEWED_DOMAINS" >>"$T/deployed"
E
chmod 755 "$T/bin/deploy"
live() {
	echo "$T/internal/etc/live/${1:-$NAME}"
}
serial() {
	openssl x509 -in "$(live "$@")/cert.pem" -noout -serial
}
same_key() {
	[ "$(openssl x509 -in "$(live)/cert.pem" -noout -pubkey)" = \
	    "$(openssl pkey -in "$(live)/privkey.pem" -pubout)" ]
}
orders() {
	grep -c '/order-plz' "$PEBBLE_LOG"
}

# ------------------------------------------------------------- a certificate
internal
grant issue --name "$NAME"
run ferry_at internal issue -d "$NAME" --dry-run
rc_is "a dry run asks nobody" 0
nok "and makes nothing" test -e "$(live)"
run ferry_at internal issue -d "$NAME" --json
rc_is "issue through the peer" 0
json_is "its row" '.certificates[0] | .name + " " + .decision + " " + .result' \
    "$NAME issue ok"
ok "the key belongs to the certificate" same_key
like "and is for the name" "$(openssl x509 -in "$(live)/cert.pem" -noout \
    -ext subjectAltName)" "DNS:$NAME"
nok "no account came" test -e "$T/internal/etc/accounts"
is "nothing of the key stays elsewhere" "$(ls "$T/internal/state/pending" \
    2>/dev/null)" ""
is "the deploy hook ran" "$(cat "$T/deployed")" "$NAME"
run certbot_raw internal certificates
out_like "certbot lists it" "Certificate Name: $NAME"
like "the surrogate's ledger has it" \
    "$(tail -1 "$T/surrogate/state/ledger.jsonl")" \
    '"client": "internal".*"operation": "issue", "result": "ok"'
run ferry_at internal check
rc_is "check finds no error in that store" 0
nok "the surrogate has no such key" grep -rqF \
    "$(sed -n 2p "$(live)/privkey.pem")" "$T/surrogate"

BEFORE=$(serial)
run ferry_at internal issue -d "$NAME"
rc_is "not due: nothing to do" 0
is "and nothing is done" "$(serial)" "$BEFORE"
run ferry_at internal issue -d "$NAME" --force
rc_is "with --force a new one" 0
isnt "another certificate" "$(serial)" "$BEFORE"
ok "with its own key" same_key

# ------------------------------------------------------------- refused
run ferry_at internal issue -d "$OTHER"
rc_is "a name outside the grant: exit 8" 8
err_like "it says so" "'$OTHER': may not be issued for this key"
nok "nothing was written" test -e "$(live $OTHER)"
grant read
run ferry_at internal issue -d "$NAME" --force
rc_is "no right to issue: exit 8" 8
err_like "it says so" "right 'issue' was not granted"
ssh_allow ""
run ferry_at internal issue -d "$NAME" --force
rc_is "no forced command: exit 8" 8
run ferry_at surrogate serve --allow issue
rc_is "serve --allow issue without --name: exit 2" 2
grant issue --name "$NAME"
BEFORE=$(serial)

# request CSR-FILE NAME...: what the far end answers to a client of our own
request() {
	python3 - "$SSH_CONFIG" "$SSHD_PORT" "$PEBBLE_DIR_URL" "$@" <<-'E'
		import base64, json, struct, subprocess, sys
		config, port, server, csr, *names = sys.argv[1:]
		b64 = base64.urlsafe_b64encode(open(csr, "rb").read()).decode()
		def frame(o):
		    data = json.dumps(o).encode()
		    return struct.pack(">I", len(data)) + data
		ask = b"acmeferry 1\n" + frame({"op": "issue"}) + frame({
		    "request": {"id": "x" * 43, "csr": b64.rstrip("="),
		                "names": names, "server": server}})
		r = subprocess.run(["ssh", "-F", config, "-p", port, "127.0.0.1",
		                    "x"], input=ask, capture_output=True)
		print(r.stdout[len("acmeferry 1\n") + 4:].decode())
	E
}
csr() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout /dev/null -subj / -addext "subjectAltName=$1" \
	    -outform DER -out "$T/csr.der" 2>/dev/null
}
csr "DNS:$NAME,DNS:$OTHER"
run request "$T/csr.der" "$NAME"
out_like "a request with other names than told: refused" \
    '"error": *{"code": *"trust".*other names than were told'
run request "$T/csr.der" "$NAME" "$OTHER"
out_like "with one that is not granted: refused" "\"trust\".*'$OTHER': may not"
csr "IP:10.0.0.1"
run request "$T/csr.der" "$NAME"
out_like "with an address: refused" '"error".*no domain name'
echo junk >"$T/csr.der"
run request "$T/csr.der" "$NAME"
out_like "no request at all: refused" '"error".*certificate request'
csr "DNS:$NAME"
printf x >>"$T/csr.der"
run request "$T/csr.der" "$NAME"
out_like "with a byte behind it: refused" '"error".*certificate request'

# ------------------------------------------------------------- one at a time
cat >"$T/hold.py" <<-E
	import fcntl, sys, time
	f = open("$T/surrogate/state/issue.lock", "w")
	fcntl.lockf(f, fcntl.LOCK_EX)
	open("$T/held", "w")
	sys.stdin.read()
E
mkfifo "$T/hold"
start hold sh -c "python3 $T/hold.py <$T/hold"
exec 5>"$T/hold"
wait_for 20 test -e "$T/held"
run ferry_at internal issue -d "$NAME" --force
rc_is "another request is under way: exit 3" 3
err_like "it says so" "the far end says: .*issue.lock"
is "the certificate stays" "$(serial)" "$BEFORE"
exec 5>&-
wait_for 20 sh -c "! kill -0 $LAST_PID 2>/dev/null"
rm -f "$T/surrogate/state/issue.lock"
run ferry_at internal issue -d "$NAME"
rc_is "then it goes on, though not due" 0
isnt "and has another certificate" "$(serial)" "$BEFORE"

# ------------------------------------------------------------- proving it
stop_pebble
PEBBLE_AUTHZREUSE=0
start_pebble
rm -rf "$T/surrogate/etc/accounts"
cert_at surrogate "$NAME" --force-renewal || exit 1
start_web "$T/www"
write_config surrogate
grant issue --name "$NAME" --name "$OTHER"
BEFORE=$(serial)
run ferry_at internal issue -d "$NAME" --force
rc_is "nothing authorised, no web root there: exit 6" 6
is "the certificate stays" "$(serial)" "$BEFORE"
grant issue --name "$NAME" --name "$OTHER" --webroot "$T/www"
run ferry_at internal issue -d "$NAME" --force
rc_is "proven by the surrogate through its own web root" 0
isnt "a new certificate" "$(serial)" "$BEFORE"
is "no response is left" \
    "$(ls -A "$T/www/.well-known/acme-challenge" 2>/dev/null)" ""
run ferry_at internal issue -d "$OTHER"
rc_is "a name that certbot never proved there" 0
like "its certificate" "$(openssl x509 -in "$(live $OTHER)/cert.pem" -noout \
    -ext subjectAltName)" "DNS:$OTHER"

# ------------------------------------------------------------- no web root
# the web server there answers by itself
run ferry_at surrogate responder nginx
printf '%s\n' "$OUT" >"$T/web/acmeferry"
awk -v include="include $T/web/acmeferry;" '$1 == "root" { print include }
	{ print }' "$T/web/nginx.conf" >"$T/web/stateless.conf"
stop "$LAST_PID"
start nginx nginx -e stderr -c "$T/web/stateless.conf"
wait_for 20 port_open "$PEBBLE_HTTP_PORT"
grant issue --name "$NAME" --name "$OTHER"
BEFORE=$(serial "$OTHER")
run ferry_at internal issue -d "$OTHER" --force
rc_is "it is not where the far end looks: exit 6" 6
is "the certificate stays" "$(serial "$OTHER")" "$BEFORE"
grant issue --name "$NAME" --name "$OTHER" \
    --challenge-check "127.0.0.1:$PEBBLE_HTTP_PORT"
run ferry_at internal issue -d "$OTHER" --force
rc_is "proven by a web server that answers with no state" 0
isnt "a new certificate" "$(serial "$OTHER")" "$BEFORE"
is "nothing was delivered" \
    "$(ls -A "$T/www/.well-known/acme-challenge" 2>/dev/null)" ""
run ferry_at surrogate serve --allow read --challenge-check 127.0.0.1:80
rc_is "--challenge-check without the right 'issue': exit 2" 2
run ferry_at surrogate serve --allow issue --name "$NAME" \
    --challenge-check /nowhere
rc_is "nor anything but HOST:PORT: exit 2" 2
grant issue --name "$NAME" --name "$OTHER" --webroot "$T/www" \
    --challenge-check "127.0.0.1:$PEBBLE_HTTP_PORT"

# ------------------------------------------------------------- from cron
run ferry_at internal renew
rc_is "renew: nothing is due" 0
BEFORE=$(serial)
run ferry_at internal renew "$NAME" --now
rc_is "renew --now" 0
isnt "a new certificate" "$(serial)" "$BEFORE"
grant read
BEFORE=$(serial)
run ferry_at internal renew "$NAME" --now
rc_is "renew, and the peer may not: exit 8" 8
is "the certificate stays" "$(serial)" "$BEFORE"
run ferry_at internal verify
rc_is "verify: there is nothing to ask about" 0
run ferry_at internal migrate surrogate -d "$NAME"
rc_is "migrate says that nothing is to be migrated: exit 2" 2

# ------------------------------------------------------------- from now on here
# the same host gets an account and a way to the CA, and issues by itself
sed -i "s/issuer: peer/issuer: builtin/; s,^  proxy: .*,  ca_file: $PEBBLE_CA," \
    "$T/internal/config.yml"
sed -i "/known_hosts_file/a\\    challenge_check: 127.0.0.1:$PEBBLE_HTTP_PORT" \
    "$T/internal/config.yml"
run ferry_at internal pull surrogate
rc_is "the account comes" 0
BEFORE=$(serial)
run ferry_at internal renew "$NAME" --now
rc_is "renew with the built-in issuer" 0
out_unlike "nothing is told as a reason that was none" 'tried: issue: .*/'
isnt "a new certificate" "$(serial)" "$BEFORE"
like "the lineage has the account now" \
    "$(cat "$T/internal/etc/renewal/$NAME.conf")" \
    "^account = $(account_id_at surrogate)\$"
run ferry_at internal backups
out_like "the conf as it was is in the backups" 'lineage adopted'
# one that is not ours is left alone without a word of its owner
sed -i '/^account = /d; s/^http01_address.*/http01_address = 127.0.0.1/' \
    "$T/internal/etc/renewal/$NAME.conf"
run ferry_at internal issue -d "$NAME" --force
rc_is "a lineage with no account that is not ours" 4
err_like "says what to do" "this lineage names no account; pass --adopt"
run ferry_at internal issue -d "$NAME" --force --adopt
rc_is "with --adopt" 0
done_testing
